"""llama-index's CitationQueryEngine with the same model over the same passages, and its citations.

In: watched questions. Out: what the engine states, with what its marks stand for. The engine is as
it comes: its own prompt, chunk size and client; only the HTTP exchange is kept on disk.
"""

import hashlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from llama_index.core.base.response.schema import Response
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.llms.openai_like import OpenAILike

from assistant.cite import locate
from assistant.values import DocumentId, Passage, Span
from assistant.write.prompt import Prompt
from evals.generated.figures import judge, percentiles, share
from evals.generated.markers import split_marked
from evals.generated.readings import Readings
from evals.generated.recorded import Kept
from evals.generated.stated import ENGINE, Source, Stated, holds, state
from evals.generated.written import Asked, row, said

TIMEOUT_S = 1800.0
REPLY_TOKENS = 300
CONTEXT_TOKENS = 4096


class Exchanges(httpx.BaseTransport):
    """HTTP whose good replies are kept on disk by the request's body.

    `last` is what the last request got: the parsed body, and the seconds it took at first.
    """

    def __init__(self, path: Path) -> None:
        self._kept = Kept(path)
        self._network = httpx.HTTPTransport()
        self.last: list[dict[str, Any]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See httpx."""
        key = hashlib.sha256(request.url.path.encode() + request.read()).hexdigest()
        kept = self._kept.find(key)
        if kept is None:
            started = time.monotonic()
            response = self._network.handle_request(request)
            body = response.read()
            if response.status_code != 200:
                return httpx.Response(response.status_code, content=body)
            seconds = time.monotonic() - started
            kept = self._kept.add(key, {"body": json.loads(body), "seconds": seconds})
        self.last.append(kept)
        return httpx.Response(200, json=kept["body"])


@dataclass(frozen=True, slots=True)
class Engine:
    """What the engine made of a question.

    `refusals` are sentences that say that the sources say nothing; they are no statements.
    """

    asked: Asked
    reply: str
    stated: tuple[Stated, ...]
    refusals: tuple[str, ...]
    exchanges: tuple[dict[str, Any], ...]


class _Given(BaseRetriever):
    """Finds what it was given."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        super().__init__()

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:  # noqa: ARG002
        return [
            NodeWithScore(node=TextNode(id_=one.passage_id, text=one.text), score=1.0)
            for one in self._passages
        ]


def ask_engine(name: str, asked: Sequence[Asked], url: str, model: str, path: Path) -> list[Engine]:
    """Ask the engine every question for which our model was shown passages."""
    exchanges = Exchanges(path)
    with httpx.Client(transport=exchanges, timeout=TIMEOUT_S) as client:
        llm = OpenAILike(
            model=model,
            api_base=url,
            api_key="none",
            is_chat_model=True,
            context_window=CONTEXT_TOKENS,
            temperature=0.0,
            max_tokens=REPLY_TOKENS,
            timeout=TIMEOUT_S,
            max_retries=0,
            http_client=client,
        )
        found = []
        kept = [(one, one.watch.shown) for one in asked if one.watch.shown]
        for number, (one, shown) in enumerate(kept, start=1):
            exchanges.last = []
            response = _query(llm, one, shown)
            found.append(_read(one, response, list_passages(shown), tuple(exchanges.last)))
            told = f"baseline {name} {number}/{len(kept)}"
            print(told, file=sys.stderr, flush=True)
    return found


def list_passages(shown: Prompt) -> tuple[Passage, ...]:
    """Return the passages of a prompt, in its order."""
    return tuple({one.passage.passage_id: one.passage for one in shown.sentences}.values())


def report(found: Sequence[Engine], readings: Readings) -> dict[str, Any]:
    """Return the engine's figures, and of the same questions whether ours are right."""
    stated = [one for each in found for one in each.stated]
    answerable = [one for one in found if one.asked.question.answers]
    usage = [[one["body"].get("usage") or {} for one in each.exchanges] for each in found]

    def tokens(kind: str) -> list[float]:
        return [sum(float(one.get(kind) or 0) for one in each) for each in usage]

    return {
        "asked": len(found),
        "replies that state nothing": sum(not one.stated for one in found),
        "sentences that refuse (not counted below)": sum(len(one.refusals) for one in found),
        "statements": judge(stated, readings),
        "holds an accepted string": {
            "the engine's answer": share(
                [holds(one.reply, one.asked.question.answers)] for one in answerable
            ),
            "ours, of the same questions": share(
                [holds(said(one.asked.watch.answer), one.asked.question.answers)]
                for one in answerable
            ),
        },
        "cost": {
            "prompt tokens": percentiles(tokens("prompt_tokens")),
            "completion tokens": percentiles(tokens("completion_tokens")),
            "seconds to the whole": percentiles(
                [sum(one["seconds"] for one in each.exchanges) for each in found]
            ),
        },
    }


def rows(found: Sequence[Engine], readings: Readings) -> list[dict[str, Any]]:
    """Return every question with what the engine said, as plain data."""
    return [
        {
            "query_id": one.asked.question.query_id,
            "question": one.asked.question.text,
            "reply": one.reply,
            "refusals": one.refusals,
            "stated": [row(stated, readings) for stated in one.stated],
        }
        for one in found
    ]


def _query(llm: OpenAILike, asked: Asked, shown: Prompt) -> Response:
    engine = CitationQueryEngine(retriever=_Given(list_passages(shown)), llm=llm)
    response = engine.query(asked.watch.answer.query)
    assert isinstance(response, Response)
    return response


def _read(
    asked: Asked,
    response: Response,
    passages: Sequence[Passage],
    exchanges: tuple[dict[str, Any], ...],
) -> Engine:
    sources = [_source(one.node.get_content(), passages) for one in response.source_nodes]
    reply = response.response or ""
    stated, refusals = [], []
    for one in split_marked(reply):
        if one.is_refusal:
            refusals.append(one.text)
            continue
        known = [n for n in one.numbers if 1 <= n <= len(sources)]
        stated.append(
            state(
                (asked.question, asked.gold),
                ENGINE,
                one.text,
                [sources[n - 1] for n in known],
                n_invalid=len(one.numbers) - len(known),
            )
        )
    return Engine(asked, reply, tuple(stated), tuple(refusals), exchanges)


def _source(numbered: str, passages: Sequence[Passage]) -> Source:
    """Return a source node as the place that it was cut from."""
    text = numbered.partition("\n")[2].strip()
    for one in passages:
        if place := locate(text, one.text):
            start, end = one.start + place[0], one.start + place[1]
            return Source(Span(one.document_id, start, end), "", text)
    return Source(Span(DocumentId("?"), 0, 1), "", text)
