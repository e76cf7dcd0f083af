"""The assistant as parts of llama-index: node parser, retriever, reranker, query and chat engine.

Each is made from functions of an open assistant. This module is imported only when one of them is
asked for: importing llama-index takes longer than answering a question from a cold start.
"""

import asyncio
import math
import re
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence
from dataclasses import asdict, fields, replace
from itertools import pairwise
from typing import Any

from llama_index.core import schema
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole
from llama_index.core.base.response.schema import Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.chat_engine.types import (
    AgentChatResponse,
    BaseChatEngine,
    StreamingAgentChatResponse,
)
from llama_index.core.node_parser import NodeParser
from llama_index.core.postprocessor.types import BaseNodePostprocessor
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
from pydantic import Field, TypeAdapter, ValidationError

from assistant.ingest.formats.parsed import as_units
from assistant.ingest.formats.text import find_blocks
from assistant.ingest.split import content_id, split
from assistant.ingest.structure import arrange, list_sentences
from assistant.values import (
    Answer,
    Citation,
    Document,
    DocumentId,
    Passage,
    PassageId,
    RankedPassage,
    Turn,
)

Rate = Callable[[str, Sequence[Passage]], Sequence[float]]
"""Returns how well each passage answers a query, in order; more is better."""
Search = Callable[[str, int], Sequence[RankedPassage]]
"""Returns the k best passages for a query, best first."""

_MEDIA_TYPE = "text/plain"
_CITATION: TypeAdapter[Citation] = TypeAdapter(Citation)
_CITED = tuple(field.name for field in fields(Citation))
_MARKS = re.compile(r" ?\[\d+\]")


class PassageParser(NodeParser):
    """Cuts documents into passages of whole sentences that fit the embedding model."""

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
        return [
            _node(
                passage.passage_id,
                passage,
                passage.text,
                relationships={NodeRelationship.SOURCE: node.as_related_node_info()},
            )
            for node in nodes
            for passage in self.cut(node)
        ]

    def cut(self, node: BaseNode) -> tuple[Passage, ...]:
        """Return the passages of a node's text, in order; of the node's id and the text's."""
        text = node.get_content(metadata_mode=MetadataMode.NONE)
        units = arrange(text, as_units(find_blocks(text)))
        return split(
            Document(DocumentId(node.node_id), node.hash, "", _MEDIA_TYPE, text, units=units),
            list_sentences(text, units),
            content_id=content_id(_MEDIA_TYPE, text.encode("utf-8", "surrogatepass")),
            count_tokens=self.count_tokens,
            max_tokens=self.max_tokens,
        )

    def _postprocess_parsed_nodes(
        self, nodes: list[BaseNode], parent_doc_map: dict[str, schema.Document]
    ) -> list[BaseNode]:
        """Add the parents' metadata and the links between neighbours; the spans are set already."""
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


class PassageRetriever(BaseRetriever):
    """Returns passages as text nodes with document and span; their score is the fused one."""

    def __init__(self, search: Search, k: int) -> None:
        self._search = search
        self._k = k
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = self._search(query_bundle.query_str, self._k)
        return [NodeWithScore(node=_passage_node(one), score=one.score) for one in found]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


class PassageReranker(BaseNodePostprocessor):
    """Puts the nodes of any retriever in order of how well their best sentence answers.

    The score of a node is then the log-odds of that sentence; long nodes are read in parts. Nodes
    without a sentence come last.
    """

    parser: PassageParser = Field(exclude=True)
    rate: Rate = Field(exclude=True)
    top_n: int = Field(gt=0)

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which llama-index serialises this postprocessor."""
        return "PassageReranker"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        if query_bundle is None:
            raise ValueError("a reranker needs the query: pass query_bundle or query_str")
        cut = [self.parser.cut(one.node) for one in nodes]
        # By number: nodes of the same text have passages of the same ids.
        passages = [
            replace(passage, passage_id=PassageId(f"{n}/{passage.passage_id}"))
            for n, own in enumerate(cut)
            for passage in own
        ]
        scores = iter(self.rate(query_bundle.query_str, passages) if passages else ())
        best = [max((next(scores) for _ in own), default=-math.inf) for own in cut]
        order = sorted(range(len(nodes)), key=lambda n: -best[n])
        return [NodeWithScore(node=nodes[n].node, score=best[n]) for n in order[: self.top_n]]

    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._postprocess_nodes, nodes, query_bundle)


class CitedQueryEngine(BaseQueryEngine):
    """Answers with `Answer.text`; the source nodes are the citations, in order of number.

    The response's metadata has the whole answer as `Answer.to_dict()`.
    """

    def __init__(self, ask: Callable[[str], Answer]) -> None:
        self._ask = ask
        super().__init__(callback_manager=CallbackManager())

    def _query(self, query_bundle: QueryBundle) -> Response:
        answer = self._ask(query_bundle.query_str)
        return Response(
            response=answer.text,
            source_nodes=_source_nodes(answer),
            metadata={"answer": answer.to_dict()},
        )

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return await asyncio.to_thread(self._query, query_bundle)

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}


class CitedChatEngine(BaseChatEngine):
    """Answers within a conversation, whose messages it keeps; see `CitedQueryEngine`.

    A stream yields whole verified statements and no single words, which would be unverified.
    """

    def __init__(self, ask: Callable[[str, Sequence[Turn]], Answer]) -> None:
        self._ask = ask
        self._messages: list[ChatMessage] = []

    @property
    def chat_history(self) -> list[ChatMessage]:
        """The messages so far, oldest first."""
        return list(self._messages)

    def reset(self) -> None:
        """Forget the messages so far."""
        self._messages = []

    def chat(
        self, message: str, chat_history: list[ChatMessage] | None = None
    ) -> AgentChatResponse:
        """Answer a message; a `chat_history` replaces the messages so far."""
        answer = self._answer(message, chat_history)
        return AgentChatResponse(
            response=answer.text,
            source_nodes=_source_nodes(answer),
            metadata={"answer": answer.to_dict()},
        )

    def stream_chat(
        self, message: str, chat_history: list[ChatMessage] | None = None
    ) -> StreamingAgentChatResponse:
        """Answer a message statement by statement; see `chat`."""
        answer = self._answer(message, chat_history)
        return StreamingAgentChatResponse(
            chat_stream=_deltas(answer),
            source_nodes=_source_nodes(answer),
            is_writing_to_memory=False,
        )

    async def achat(
        self, message: str, chat_history: list[ChatMessage] | None = None
    ) -> AgentChatResponse:
        """Answer a message without blocking the event loop; see `chat`."""
        return await asyncio.to_thread(self.chat, message, chat_history)

    async def astream_chat(
        self, message: str, chat_history: list[ChatMessage] | None = None
    ) -> StreamingAgentChatResponse:
        """Answer a message statement by statement without blocking the event loop; see `chat`."""
        answer = await asyncio.to_thread(self._answer, message, chat_history)
        return StreamingAgentChatResponse(
            achat_stream=_adeltas(answer),
            source_nodes=_source_nodes(answer),
            is_writing_to_memory=False,
        )

    def _answer(self, message: str, chat_history: list[ChatMessage] | None) -> Answer:
        before = self._messages if chat_history is None else chat_history
        answer = self._ask(message, [turn for one in before for turn in _turns(one)])
        self._messages = [
            *before,
            ChatMessage(content=message, role=MessageRole.USER),
            ChatMessage(content=answer.text, role=MessageRole.ASSISTANT),
        ]
        return answer


def _turns(said: ChatMessage) -> Iterator[Turn]:
    """Yield a message as a turn without citation marks; nothing for a system or tool message."""
    if said.role == MessageRole.USER:
        yield "user", said.content or ""
    elif said.role == MessageRole.ASSISTANT:
        yield "assistant", _MARKS.sub("", said.content or "")


def _deltas(answer: Answer) -> Generator[ChatResponse]:
    """Yield the answer's text in pieces, each ending after a citation."""
    so_far = ""
    for piece in re.split(r"(?<=\])(?= )", answer.text):
        so_far += piece
        message = ChatMessage(content=so_far, role=MessageRole.ASSISTANT)
        yield ChatResponse(message=message, delta=piece)


async def _adeltas(answer: Answer) -> AsyncGenerator[ChatResponse]:
    for response in _deltas(answer):
        yield response


def _source_nodes(answer: Answer) -> list[NodeWithScore]:
    return [NodeWithScore(node=write_citation(one)) for one in answer.citations]


def _passage_node(found: RankedPassage) -> TextNode:
    passage = found.passage
    metadata = {"document_id": passage.document_id, "heading": passage.heading}
    return _node(passage.passage_id, passage, passage.text, metadata=metadata)


def write_citation(citation: Citation) -> TextNode:
    """Return a citation as a node: its quote is the text, all else the metadata, as JSON has it.

    A prompt and an embedding get of it the title, the heading and the page.
    """
    metadata = {key: value for key, value in asdict(citation).items() if key != "quote"}
    metadata |= {"copies": list(citation.copies), "unsure": list(citation.unsure)}
    hidden = [key for key in metadata if key not in ("title", "heading", "page")]
    name = f"{citation.document_id}:{citation.start}-{citation.end}"
    return _node(
        name,
        citation,
        citation.quote,
        metadata=metadata | {"page_kind": str(citation.page_kind)},
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=hidden,
    )


def read_citation(node: BaseNode) -> Citation:
    """Return the citation that was written to a node, also when that went through JSON.

    That it still stands in the document is not tried: see `Assistant.changed` and `document`.

    Raises:
        ValueError: the node has no citation, or its place and its text do not fit.
    """
    given = {**node.metadata, "quote": node.get_content(metadata_mode=MetadataMode.NONE)}
    try:
        citation = _CITATION.validate_python({key: given.get(key) for key in _CITED})
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        raise ValueError(
            f"node {node.node_id!r} has no citation: {where}: {fault['msg']}"
        ) from None
    n = len(citation.quote)
    if citation.start < 0 or citation.end != citation.start + n:
        place = f"its text has {n} characters, its place {citation.start}-{citation.end}"
        raise ValueError(f"node {node.node_id!r} has no citation: {place}")
    return citation


def _node(name: str, place: Passage | Citation, text: str, **more: Any) -> TextNode:
    return TextNode(id_=name, text=text, start_char_idx=place.start, end_char_idx=place.end, **more)
