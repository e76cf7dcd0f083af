"""The assistant inside llama-index: the same passages and answers, with their exact spans."""

import asyncio

import pytest
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.schema import Document, NodeWithScore, TextNode

from assistant.pipeline import Assistant

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
