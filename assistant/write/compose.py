"""Rewords an extracted answer with a language model; each sentence is checked before it is shown.

The quotes are shown first, and checked statements replace them one by one. If anything goes wrong,
the quotes stay and the answer says why: no error of the model is raised.
"""

import logging
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from assistant.cite import (
    Checked,
    DraftStatement,
    Read,
    Verified,
    number_citations,
    place_of,
    tell_unsure,
)
from assistant.errors import ModelTooSlow, ModelUnavailable
from assistant.evidence.scorer import Judgement
from assistant.values import (
    WRITTEN,
    Answer,
    Citation,
    Consulted,
    Dropped,
    Passage,
    Stage,
    Turn,
    Usage,
)
from assistant.write.check.verify import Criteria, check
from assistant.write.llm.values import Finished, Model
from assistant.write.prompt import Prompt, ask_to_rewrite, ask_to_write
from assistant.write.reply import MAX_REWRITTEN_CHARS, generate, read_rewritten

THESE_ARE_QUOTES = "These are exact quotes."
NOTHING_FITS = "No passage fits into the language model's prompt; these are exact quotes."
NOTHING_SAID = "The language model found no answer in what was read; these are exact quotes."
NOTHING_LEFT = "Nothing that the language model wrote stood its check; these are exact quotes."
MAX_TITLE_CHARS = 120
MAX_HISTORY_TOKENS = 600
"""Upper bound of a prompt for rewriting: about five turns, read in about ten seconds on a CPU."""

logger = logging.getLogger(__name__)
Support = Callable[[str, Sequence[str]], float]


@dataclass(frozen=True)
class QuotedAnswer:
    """The extracted answer to a question, with what a language model needs to reword it.

    Attributes:
        verified: the statements of `answer`, before they were numbered.
        consult: returns the passages of which none of some citations quotes anything.
        max_drop: how far below the best sentence's log-odds a sentence still counts as an answer.
        read: returns a document as it was read, even if the index has changed since.
    """

    answer: Answer
    verified: tuple[Verified, ...]
    judgement: Judgement
    consult: Callable[[Sequence[Citation]], tuple[Consulted, ...]]
    max_drop: float
    read: Read


class Stopwatch:
    """Measures the stages of an answer: `seconds` has the time of each one that has ended."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._started = time.perf_counter()

    def __call__(self, name: str) -> None:
        """End a stage; the next one begins."""
        now = time.perf_counter()
        self.seconds[name], self._started = now - self._started, now


@dataclass
class Costs:
    """What the calls of the model that have ended have cost for one answer.

    After one that was too slow, no other is made for this answer.
    """

    calls: list[Finished] = field(default_factory=list)
    too_slow: ModelTooSlow | None = None

    def total(self, model: str) -> Usage | None:
        """Return the sum of all calls; None if there was none."""
        if not self.calls:
            return None
        return Usage(
            model=model,
            n_calls=len(self.calls),
            prompt_tokens=sum(call.prompt_tokens for call in self.calls),
            completion_tokens=sum(call.completion_tokens for call in self.calls),
            first_token_s=self.calls[-1].first_token_s,
            total_s=sum(call.total_s for call in self.calls),
            is_estimated=any(call.is_estimated for call in self.calls),
        )


class Writer:
    """Writes answers with one language model. Safe to share between threads."""

    def __init__(self, model: Model, reply_tokens: int, support: Support) -> None:
        self.model = model
        self._reply_tokens = reply_tokens
        self._support = support

    def rewrite(
        self, question: str, history: Sequence[Turn], costs: Costs
    ) -> Generator[Stage, None, str | None]:
        """Return a follow-up as a self-contained question; None if the model made none.

        It is asked only of questions that lean on what was said before.
        """
        stage = Stage("rewriting", "Reading the question in its conversation")
        yield stage
        reply = ""
        try:
            room = min(self.model.prompt_tokens, MAX_HISTORY_TOKENS)
            request = ask_to_rewrite(question, history, self.model.count, room)
            with closing(self.model.stream(request)) as pieces:
                for piece in pieces:
                    if isinstance(piece, Finished):
                        costs.calls.append(piece)
                    elif piece:
                        reply += piece
                        if len(reply) > MAX_REWRITTEN_CHARS:
                            return None  # too long for a question
                    else:
                        yield stage
        except ModelUnavailable as error:
            logger.warning("a follow-up was not rewritten: %s", error)
            costs.too_slow = error if isinstance(error, ModelTooSlow) else None
            return None
        return read_rewritten(reply, question, history)

    def write(self, quoted: QuotedAnswer, costs: Costs) -> Generator[Stage | Answer]:
        """Yield the answer as it grows; the last one is whole."""
        started = time.perf_counter()
        shown = None if costs.too_slow else self._show(quoted)
        written: list[Verified] = []
        dropped: list[Dropped] = []
        notice = None if shown else _explain(costs.too_slow) if costs.too_slow else NOTHING_FITS
        stage = Stage("writing", f"Writing with {self.model.name}")
        if shown:
            yield stage
            try:
                for found in self._draft(shown, quoted, costs):
                    if isinstance(found, Verified):
                        written.append(found)
                        yield _merge(quoted, written)
                    elif isinstance(found, Dropped):
                        dropped.append(found)
                    else:
                        yield stage
            except ModelUnavailable as error:
                written, notice = [], _explain(error)
        if not (written or notice):
            notice = NOTHING_LEFT if dropped else NOTHING_SAID
        yield replace(
            _with_statements(quoted, written) if written else quoted.answer,
            dropped=tuple(dropped),
            notice=notice,
            usage=costs.total(self.model.name),
            timings={**quoted.answer.timings, "write": time.perf_counter() - started},
        )

    def _show(self, quoted: QuotedAnswer) -> Prompt | None:
        return ask_to_write(
            quoted.answer.query,
            quoted.judgement,
            self.model.count,
            prompt_tokens=self.model.prompt_tokens,
            reply_tokens=self._reply_tokens,
            title=_titles(quoted.read),
        )

    def _draft(
        self, shown: Prompt, quoted: QuotedAnswer, costs: Costs
    ) -> Generator[Verified | Dropped | None]:
        """Yield each statement with the result of its check; None while nothing comes."""
        judgement = quoted.judgement
        scores = dict(zip(map(place_of, judgement.sentences), judgement.scores, strict=True))
        floor = max(scores.values()) - quoted.max_drop
        criteria = Criteria(
            support=self._support,
            answers=lambda sentence: scores[place_of(sentence)] >= floor,
            title=_titles(quoted.read),
        )
        said: set[str] = set()
        with closing(generate(self.model, shown)) as pieces:
            for piece in pieces:
                if isinstance(piece, Finished):
                    costs.calls.append(piece)
                elif not isinstance(piece, DraftStatement):
                    yield None
                elif piece.text.casefold() not in said:
                    said.add(piece.text.casefold())
                    yield check(piece, shown.sentences, quoted.read, criteria)


def _explain(error: ModelUnavailable) -> str:
    """Return a notice that says why the answer consists of quotes."""
    message = str(error)
    stop = "" if message.endswith((".", "?", "!")) else "."
    return f"{message[:1].upper()}{message[1:]}{stop} {THESE_ARE_QUOTES}"


def _merge(quoted: QuotedAnswer, written: Sequence[Verified]) -> Answer:
    """Return the answer so far: the written statements, then the quotes not yet replaced."""
    return _with_statements(quoted, (*written, *quoted.verified[len(written) :]))


def _with_statements(quoted: QuotedAnswer, verified: Sequence[Verified]) -> Answer:
    statements, citations, _ = number_citations(Checked(tuple(verified), ()), quoted.read)
    return replace(
        quoted.answer,
        statements=statements,
        citations=citations,
        consulted=quoted.consult(citations),
        answerer=WRITTEN,
        n_more=0,
        missing=tell_unsure(quoted.answer.missing, citations),
    )


def _titles(read: Read) -> Callable[[Passage], str]:
    """Return a function that gives a passage's title and heading on one line."""

    def title(passage: Passage) -> str:
        names = (read(passage.document_id).title, passage.heading or "")
        return " · ".join(dict.fromkeys(name for name in names if name))[:MAX_TITLE_CHARS]

    return title
