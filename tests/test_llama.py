"""The assistant inside llama-index: the same passages and answers, with their exact spans."""

import asyncio
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import Document, MetadataMode, NodeWithScore, QueryBundle, TextNode
from llama_index.core.storage.docstore import SimpleDocumentStore

from assistant.llama import read_citation, write_citation
from assistant.pipeline import Assistant
from assistant.values import Citation, DocumentId, PageKind

QUESTION = "Where does the Danube rise?"
FOLLOW_UP = "And how long is it?"


def text_of(found: NodeWithScore) -> TextNode:
    assert isinstance(found.node, TextNode)
    return found.node


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_parser_gives_nodes_with_exact_spans_ids_metadata_and_neighbours(
    assistant: Assistant,
) -> None:
    text = "The same words. " * 500
    document = Document(text=text, metadata={"source": "a.txt"})
    parser = assistant.as_node_parser()
    nodes = parser.get_nodes_from_documents([document])
    again = parser.get_nodes_from_documents([document])
    assert [node.node_id for node in nodes] == [node.node_id for node in again]
    assert len({node.node_id for node in nodes}) == len(nodes) > 5
    position = 0
    for node in nodes:
        assert isinstance(node, TextNode)
        assert node.start_char_idx is not None
        assert node.start_char_idx >= position
        assert text[node.start_char_idx : node.end_char_idx] == node.text
        assert node.metadata == {"source": "a.txt"}
        assert node.ref_doc_id == document.doc_id
        position = node.end_char_idx or 0
    assert nodes[0].next_node is not None
    assert nodes[0].next_node.node_id == nodes[1].node_id


def test_the_retriever_returns_what_search_returns(assistant: Assistant) -> None:
    found = assistant.as_retriever(k=3).retrieve(QUESTION)
    ranking = assistant.search(QUESTION, k=3)
    assert [node.node_id for node in found] == [one.passage.passage_id for one in ranking]
    assert [node.score for node in found] == [one.score for one in ranking]


def test_nodes_know_the_span_they_come_from(assistant: Assistant) -> None:
    for found in assistant.as_retriever().retrieve(QUESTION):
        text = assistant.document(found.metadata["document_id"]).text
        node = text_of(found)
        assert text[node.start_char_idx : node.end_char_idx] == node.text


def test_the_query_engine_answers_as_ask_does(assistant: Assistant) -> None:
    response = assistant.as_query_engine().query(QUESTION)
    answer = assistant.ask(QUESTION)
    assert str(response) == answer.text
    assert [node.text for node in response.source_nodes] == [c.quote for c in answer.citations]
    assert response.metadata is not None
    assert response.metadata["answer"]["citations"] == answer.to_dict()["citations"]


def test_the_chat_engine_answers_within_its_conversation(assistant: Assistant) -> None:
    engine = assistant.as_chat_engine()
    first = engine.chat(QUESTION)
    said = [("user", QUESTION), ("assistant", assistant.ask(QUESTION).statements[0].text)]
    second = engine.chat(FOLLOW_UP)
    asked = assistant.ask(FOLLOW_UP, [(who, text) for who, text in said])  # type: ignore[misc]
    assert second.response == asked.text
    assert [text_of(node).text for node in second.source_nodes] == [
        one.quote for one in asked.citations
    ]
    assert [(one.role, one.content) for one in engine.chat_history] == [
        (MessageRole.USER, QUESTION),
        (MessageRole.ASSISTANT, first.response),
        (MessageRole.USER, FOLLOW_UP),
        (MessageRole.ASSISTANT, second.response),
    ]
    engine.reset()
    assert engine.chat_history == []


def test_a_history_that_is_given_takes_the_place_of_the_engines_own(assistant: Assistant) -> None:
    engine = assistant.as_chat_engine()
    engine.chat(QUESTION)
    other = [
        ChatMessage(content="Be brief.", role=MessageRole.SYSTEM),
        ChatMessage(content="Hello", role=MessageRole.USER),
    ]
    engine.chat(FOLLOW_UP, other)
    assert engine.chat_history[:2] == other
    assert len(engine.chat_history) == 4


def test_the_pieces_of_a_stream_add_up_to_the_answer(assistant: Assistant) -> None:
    engine, expected = assistant.as_chat_engine(), assistant.ask(QUESTION).text
    streamed = engine.stream_chat(QUESTION)
    assert "".join(streamed.response_gen) == expected == streamed.response

    async def collect() -> str:
        response = await engine.astream_chat(QUESTION, [])
        return "".join([piece async for piece in response.async_response_gen()])

    assert asyncio.run(collect()) == expected


def test_asynchronous_calls_give_the_same(assistant: Assistant) -> None:
    expected = assistant.ask(QUESTION).text
    assert str(asyncio.run(assistant.as_query_engine().aquery(QUESTION))) == expected
    assert str(asyncio.run(assistant.as_chat_engine().achat(QUESTION))) == expected
    assert len(asyncio.run(assistant.as_retriever(k=2).aretrieve(QUESTION))) == 2


def nodes_of(*texts: str) -> list[NodeWithScore]:
    return [NodeWithScore(node=TextNode(text=text, id_=str(n))) for n, text in enumerate(texts)]


SOUP = "Soup is made of water and leeks. It is served warm."
RISES = "Many rivers are long. The Danube rises in the Black Forest."


def test_the_reranker_puts_first_what_answers_best(assistant: Assistant) -> None:
    reranker = assistant.as_reranker(top_n=2)
    found = reranker.postprocess_nodes(nodes_of(SOUP, RISES, "Trains run."), query_str=QUESTION)
    assert found[0].node.node_id == "1"
    assert len(found) == 2
    scores = [one.score or 0.0 for one in found]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("before", ["", "The weather was fine that day. " * 400])
def test_a_long_node_is_read_in_parts(assistant: Assistant, before: str) -> None:
    reranker = assistant.as_reranker()
    found = reranker.postprocess_nodes(nodes_of(SOUP, before + RISES), query_str=QUESTION)
    assert [one.node.node_id for one in found] == ["1", "0"]


def test_reranked_nodes_are_the_nodes_that_were_given(assistant: Assistant) -> None:
    given = nodes_of(SOUP, RISES, RISES, "", "\n")
    given[0].node.metadata["source"] = "a book"
    found = assistant.as_reranker(top_n=9).postprocess_nodes(given, query_str=QUESTION)
    assert sorted(one.node.node_id for one in found) == ["0", "1", "2", "3", "4"]
    assert {id(one.node) for one in found} == {id(one.node) for one in given}
    assert [one.node.node_id for one in found][:2] == ["1", "2"]
    assert {one.node.node_id for one in found[-2:]} == {"3", "4"}
    assert [one.score for one in given] == [None] * 5


def test_the_reranker_stands_behind_any_retriever(assistant: Assistant) -> None:
    class Others(BaseRetriever):
        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            return nodes_of(SOUP, RISES)

    engine = RetrieverQueryEngine.from_args(
        Others(),
        llm=MockLLM(),
        node_postprocessors=[assistant.as_reranker(top_n=1)],
    )
    (source,) = engine.query(QUESTION).source_nodes
    assert text_of(source).text == RISES
    (same,) = asyncio.run(engine.aquery(QUESTION)).source_nodes
    assert same.score == source.score


def test_a_reranker_needs_a_query(assistant: Assistant) -> None:
    with pytest.raises(ValueError, match="needs the query"):
        assistant.as_reranker().postprocess_nodes(nodes_of(RISES))
    assert assistant.as_reranker().postprocess_nodes([], query_str=QUESTION) == []


names = st.text(min_size=1, max_size=20)
citations = st.builds(
    Citation,
    number=st.integers(1, 99),
    document_id=names.map(DocumentId),
    sha256=names,
    title=names,
    start=st.just(0),
    end=st.just(0),
    quote=st.text(max_size=60),
    page=st.none() | st.integers(1, 999),
    heading=st.none() | names,
    page_kind=st.sampled_from(PageKind),
    copies=st.lists(names.map(DocumentId), max_size=2).map(tuple),
    unsure=st.lists(names, max_size=2).map(tuple),
).flatmap(
    lambda one: st.integers(0, 9_999).map(
        lambda at: replace(one, start=at, end=at + len(one.quote))
    )
)


@given(citation=citations)
def test_a_citation_comes_back_from_a_node_and_from_json(citation: Citation) -> None:
    node = write_citation(citation)
    assert read_citation(node) == citation
    assert read_citation(TextNode.from_json(node.to_json())) == citation
    assert read_citation(TextNode.from_dict(json.loads(json.dumps(node.to_dict())))) == citation


def test_the_sources_of_an_answer_are_its_citations_after_any_store(assistant: Assistant) -> None:
    response = assistant.as_query_engine().query(QUESTION)
    kept = SimpleDocumentStore()
    kept.add_documents([one.node for one in response.source_nodes])
    again = SimpleDocumentStore.from_dict(json.loads(json.dumps(kept.to_dict())))
    names = [one.node.node_id for one in response.source_nodes]
    found = [read_citation(node) for node in again.get_nodes(names)]
    assert tuple(found) == assistant.ask(QUESTION).citations


def test_a_prompt_gets_of_a_citation_what_people_read(assistant: Assistant) -> None:
    (citation, *_) = assistant.ask(QUESTION).citations
    shown = write_citation(citation).get_content(metadata_mode=MetadataMode.LLM)
    assert citation.quote in shown
    assert citation.title in shown
    assert citation.sha256 not in shown


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"start": 1}, "its place 1-"),
        ({"start": "x"}, "start"),
        ({"number": None}, "number"),
        ({"page_kind": "planet"}, "page_kind"),
        ({"end": -1}, "its place"),
    ],
)
def test_a_node_without_a_whole_citation_is_refused(
    assistant: Assistant, change: dict[str, object], why: str
) -> None:
    (citation, *_) = assistant.ask(QUESTION).citations
    node = write_citation(citation)
    node.metadata |= change
    with pytest.raises(ValueError, match=why):
        read_citation(node)
    with pytest.raises(ValueError, match="has no citation"):
        read_citation(TextNode(text="Any text."))
