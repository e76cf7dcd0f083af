"""The assistant inside LangChain and Haystack: the same passages and answers, with their spans."""

import asyncio
import os
from dataclasses import asdict

import pytest

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"  # read when it is imported

from haystack import Pipeline
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda
from surface_fakes import FakeAssistant

from assistant.errors import CorpusError, QuestionError
from assistant.haystack import HaystackAnswerer, HaystackRetriever
from assistant.langchain import LangchainRetriever
from assistant.pipeline import Assistant

QUESTION = "Where does the Danube rise?"


def test_langchains_retriever_returns_what_search_returns(assistant: Assistant) -> None:
    retriever = LangchainRetriever(assistant=assistant, k=3)
    ranking = assistant.search(QUESTION, 3)
    for found in (retriever.invoke(QUESTION), asyncio.run(retriever.ainvoke(QUESTION))):
        assert [one.id for one in found] == [one.passage.passage_id for one in ranking]
        assert [one.metadata["score"] for one in found] == [one.score for one in ranking]
        for one in found:
            text = assistant.document(one.metadata["document_id"]).text
            assert text[one.metadata["start"] : one.metadata["end"]] == one.page_content


def test_langchains_retriever_is_a_link_of_a_chain(assistant: Assistant) -> None:
    only = LangchainRetriever(assistant=assistant, k=2, documents=("space/moons.md",))

    def name(found: list[Document]) -> set[str]:
        return {one.metadata["document_id"] for one in found}

    assert (only | RunnableLambda(name)).invoke(QUESTION) == {"space/moons.md"}


def test_haystacks_components_find_and_answer_in_a_pipeline(assistant: Assistant) -> None:
    pipeline = Pipeline()
    pipeline.add_component("retriever", HaystackRetriever(assistant, top_k=2))
    pipeline.add_component("answerer", HaystackAnswerer(assistant))
    asked = {"retriever": {"query": QUESTION}, "answerer": {"query": QUESTION}}
    said = pipeline.run(asked)
    found = said["retriever"]["documents"]
    ranking = assistant.search(QUESTION, 2)
    assert [one.id for one in found] == [one.passage.passage_id for one in ranking]
    (given,) = said["answerer"]["answers"]
    answer = assistant.ask(QUESTION)
    assert given.data == answer.text
    assert list(given.meta["citations"]) == [asdict(one) for one in answer.citations]
    for quote in given.documents:
        text = assistant.document(quote.meta["document_id"]).text
        assert text[quote.meta["start"] : quote.meta["end"]] == quote.content


def test_an_abstention_has_no_quotes_and_says_that_it_is_one() -> None:
    (given,) = HaystackAnswerer(FakeAssistant()).run("What is the weather?")["answers"]
    assert given.documents == []
    assert given.meta["abstained"] is True


def test_what_cannot_be_asked_is_refused_as_everywhere(assistant: Assistant) -> None:
    with pytest.raises(QuestionError):
        HaystackAnswerer(assistant).run(" ")
    with pytest.raises(CorpusError):
        HaystackRetriever(assistant).run(QUESTION, document_ids=["none.txt"])
    with pytest.raises(CorpusError):
        LangchainRetriever(assistant=assistant, documents=("none.txt",)).invoke(QUESTION)
