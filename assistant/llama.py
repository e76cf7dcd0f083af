"""The assistant as llama-index pieces: a retriever and a query engine.

In: functions of an open assistant. Out: a `BaseRetriever` and a `BaseQueryEngine`, so that
chains built with llama-index can use the whole of it. Imported only when asked for: importing
llama-index takes longer than answering a question from a cold start.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.prompts.mixin import PromptMixinType
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from assistant.values import Answer, Citation, RankedPassage

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
