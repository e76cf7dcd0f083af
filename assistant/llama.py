"""The assistant as parts of llama-index: node parser, retriever, query engine and chat engine.

Each is made from functions of an open assistant. This module is imported only when one of them is
asked for: importing llama-index takes longer than answering a question from a cold start.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence
from dataclasses import asdict
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

from assistant.ingest.formats.parsed import as_units
from assistant.ingest.formats.text import find_blocks
from assistant.ingest.split import content_id, split
from assistant.ingest.structure import arrange, list_sentences
from assistant.values import Answer, Citation, Document, DocumentId, Passage, RankedPassage, Turn

Search = Callable[[str, int], Sequence[RankedPassage]]
"""Returns the k best passages for a query, best first."""

_MEDIA_TYPE = "text/plain"
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
        parsed: list[BaseNode] = []
        for node in nodes:
            text = node.get_content(metadata_mode=MetadataMode.NONE)
            units = arrange(text, as_units(find_blocks(text)))
            parsed += (
                _node(
                    passage.passage_id,
                    passage,
                    passage.text,
                    relationships={NodeRelationship.SOURCE: node.as_related_node_info()},
                )
                for passage in split(
                    Document(
                        DocumentId(node.node_id), node.hash, "", _MEDIA_TYPE, text, units=units
                    ),
                    list_sentences(text, units),
                    content_id=content_id(_MEDIA_TYPE, text.encode("utf-8", "surrogatepass")),
                    count_tokens=self.count_tokens,
                    max_tokens=self.max_tokens,
                )
            )
        return parsed

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
    return [NodeWithScore(node=_citation_node(one)) for one in answer.citations]


def _passage_node(found: RankedPassage) -> TextNode:
    passage = found.passage
    metadata = {"document_id": passage.document_id, "heading": passage.heading}
    return _node(passage.passage_id, passage, passage.text, metadata=metadata)


def _citation_node(citation: Citation) -> TextNode:
    metadata = {key: value for key, value in asdict(citation).items() if key != "quote"}
    name = f"{citation.document_id}:{citation.start}-{citation.end}"
    return _node(name, citation, citation.quote, metadata=metadata)


def _node(name: str, place: Passage | Citation, text: str, **more: Any) -> TextNode:
    return TextNode(id_=name, text=text, start_char_idx=place.start, end_char_idx=place.end, **more)
