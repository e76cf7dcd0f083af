"""The assistant as llama-index pieces: a retriever and a query engine.

In: functions of an open assistant. Out: a `BaseRetriever` and a `BaseQueryEngine`, so that
chains built with llama-index can use the whole of it. Imported only when asked for: importing
llama-index takes longer than answering a question from a cold start.

llama-index documents in; their passages as nodes with exact spans and lasting ids out.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from llama_index.core import schema
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.node_parser import NodeParser
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import (
    BaseNode,
    MetadataMode,
    NodeRelationship,
    NodeWithScore,
    QueryBundle,
    TextNode,
)
from pydantic import Field

from assistant.ingest.formats.text import find_blocks
from assistant.ingest.split import content_id, split
from assistant.text.sentences import split_sentences
from assistant.values import Answer, Citation, Document, DocumentId, Passage, RankedPassage

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


Search = Callable[[str, int], Sequence[RankedPassage]]


class PassageRetriever(BaseRetriever):
    """Returns passages as text nodes that know their document and span; score is the fused one."""

    def __init__(self, search: Search, k: int) -> None:
        self._search = search
        self._k = k
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._search(query_bundle.query_str, self._k)
        return [NodeWithScore(node=_passage_node(one), score=one.score) for one in found]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


class CitedQueryEngine(BaseQueryEngine):
    """Answers with `Answer.text`; source nodes are the citations, in order of number.

    The whole answer, as `Answer.to_dict()` gives it, is in the response's metadata.
    """

    def __init__(self, ask: Callable[[str], Answer]) -> None:
        self._ask = ask
        super().__init__(callback_manager=CallbackManager())

    def _query(self, query_bundle: QueryBundle) -> Response:
        answer = self._ask(query_bundle.query_str)
        return Response(
            response=answer.text,
            source_nodes=[NodeWithScore(node=_citation_node(one)) for one in answer.citations],
            metadata={"answer": answer.to_dict()},
        )

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return await asyncio.to_thread(self._query, query_bundle)

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}


def _passage_node(found: RankedPassage) -> TextNode:
    passage = found.passage
    return TextNode(
        id_=passage.passage_id,
        text=passage.text,
        start_char_idx=passage.start,
        end_char_idx=passage.end,
        metadata={"document_id": passage.document_id, "heading": passage.heading},
    )


def _citation_node(citation: Citation) -> TextNode:
    return TextNode(
        id_=f"{citation.document_id}:{citation.start}-{citation.end}",
        text=citation.quote,
        start_char_idx=citation.start,
        end_char_idx=citation.end,
        metadata={key: value for key, value in asdict(citation).items() if key != "quote"},
    )
