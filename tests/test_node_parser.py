"""The llama-index parser: the same passages as nodes, with exact spans and lasting ids."""

from collections.abc import Sequence

import pytest


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_nodes_carry_exact_spans_ids_metadata_and_neighbours() -> None:
    from llama_index.core.schema import Document, TextNode

    from assistant.llama import PassageParser

    def count(texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    text = "The same words. " * 50
    parser = PassageParser(count_tokens=count, max_tokens=20)
    document = Document(text=text, metadata={"source": "a.txt"})
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
