"""The assistant inside llama-index: the same passages and answers, with their exact spans."""

import asyncio

from assistant.pipeline import Assistant

QUESTION = "Where does the Danube rise?"


def test_the_retriever_returns_what_search_returns(assistant: Assistant) -> None:
    found = assistant.as_retriever(k=3).retrieve(QUESTION)
    ranking = assistant.search(QUESTION, k=3)
    assert [node.node_id for node in found] == [one.passage.passage_id for one in ranking]
    assert [node.score for node in found] == [one.score for one in ranking]


def test_nodes_know_the_span_they_come_from(assistant: Assistant) -> None:
    for node in assistant.as_retriever().retrieve(QUESTION):
        text = assistant.document(node.metadata["document_id"]).text
        assert text[node.node.start_char_idx : node.node.end_char_idx] == node.text  # type: ignore[attr-defined]


def test_the_query_engine_answers_as_ask_does(assistant: Assistant) -> None:
    response = assistant.as_query_engine().query(QUESTION)
    answer = assistant.ask(QUESTION)
    assert str(response) == answer.text
    assert [node.text for node in response.source_nodes] == [c.quote for c in answer.citations]
    assert response.metadata is not None
    assert response.metadata["answer"]["citations"] == answer.to_dict()["citations"]


def test_asynchronous_calls_give_the_same(assistant: Assistant) -> None:
    engine = assistant.as_query_engine()
    response = asyncio.run(engine.aquery(QUESTION))
    assert str(response) == assistant.ask(QUESTION).text
    nodes = asyncio.run(assistant.as_retriever(k=2).aretrieve(QUESTION))
    assert len(nodes) == 2
