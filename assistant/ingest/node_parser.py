"""llama-index documents in; their passages as nodes with exact spans and lasting ids out.

For pipelines built on llama-index; the assistant itself calls `split` directly. Unlike the
library's own splitters this one never searches a text for its parts, so that a repeated
passage keeps its own place. Spans count in the document's text as it is given.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from llama_index.core import schema
from llama_index.core.node_parser import NodeParser
from llama_index.core.schema import BaseNode, MetadataMode, NodeRelationship, TextNode
from pydantic import Field

from assistant.ingest.formats.text import find_blocks
from assistant.ingest.sentences import split_sentences
from assistant.ingest.split import content_id, split
from assistant.values import Document, DocumentId, Passage

_MEDIA_TYPE = "text/plain"


class PassageParser(NodeParser):
    """Splits documents into passages of whole sentences that fit the embedder."""

    count_tokens: Callable[[Sequence[str]], list[int]] = Field(exclude=True)
    max_tokens: int = Field(gt=0)

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which llama-index serialises this parser."""
        return "PassageParser"

    def _parse_nodes(
        self,
        nodes: Sequence[BaseNode],
        show_progress: bool = False,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> list[BaseNode]:
        parsed: list[BaseNode] = []
        for node in nodes:
            text = node.get_content(metadata_mode=MetadataMode.NONE)
            parsed += (
                _make_node(passage, node)
                for passage in split(
                    Document(DocumentId(node.node_id), node.hash, "", _MEDIA_TYPE, text),
                    split_sentences(text, find_blocks(text)),
                    content_id=content_id(_MEDIA_TYPE, text.encode("utf-8", "surrogatepass")),
                    count_tokens=self.count_tokens,
                    max_tokens=self.max_tokens,
                )
            )
        return parsed

    def _postprocess_parsed_nodes(
        self,
        nodes: list[BaseNode],
        parent_doc_map: dict[str, schema.Document],
    ) -> list[BaseNode]:
        """Add the parents' metadata and the links between neighbours; the spans are set."""
        for node in nodes:
            parent = parent_doc_map.get(node.ref_doc_id or "")
            if self.include_metadata and parent is not None:
                node.metadata = {**parent.metadata, **node.metadata}
        if self.include_prev_next_rel:
            for before, after in pairwise(nodes):
                if before.ref_doc_id == after.ref_doc_id:
                    before.relationships[NodeRelationship.NEXT] = after.as_related_node_info()
                    after.relationships[NodeRelationship.PREVIOUS] = before.as_related_node_info()
        return nodes


def _make_node(passage: Passage, source: BaseNode) -> TextNode:
    return TextNode(
        id_=passage.passage_id,
        text=passage.text,
        start_char_idx=passage.start,
        end_char_idx=passage.end,
        relationships={NodeRelationship.SOURCE: source.as_related_node_info()},
    )
