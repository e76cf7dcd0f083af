"""Answers with a language model: it writes, and what it wrote is verified before it is shown.

The quotes are shown first. A sentence that is confirmed is shown, one that is not gives way to the
units that it cites, and where any fell the quotes stay behind what is left: the answer never says
less than they do. If anything goes wrong, the quotes stay and the answer says why: no error of the
model is raised.
"""

import logging
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from assistant.cite import (
    NO_SOURCE,
    NOT_STORED,
    PLAIN,
    Checked,
    DraftStatement,
    Read,
    Verified,
    is_stored,
    list_consulted,
    number_citations,
    place_of,
    tell_unsure,
)
from assistant.errors import ModelTooSlow, ModelUnavailable
from assistant.evidence.scorer import Judgement
from assistant.settings import Settings
from assistant.text.cues import leans_back
from assistant.values import (
    WRITTEN,
    Answer,
    Dropped,
    Passage,
    RankedPassage,
    Sentence,
    Stage,
    Turn,
    Usage,
    Verdict,
)
from assistant.write.llm.values import Finished, Model
from assistant.write.prompt import Prompt, ask_to_rewrite, ask_to_write
from assistant.write.reply import MAX_REWRITTEN_CHARS, generate, read_rewritten
from assistant.write.verify import Claim, LocalVerifier, Support, Verifier, verify

THESE_ARE_QUOTES = "These are exact quotes."
NOTHING_FITS = "No passage fits into the language model's prompt; these are exact quotes."
NOTHING_SAID = "The language model found no answer in what was read; these are exact quotes."
NOTHING_LEFT = "Nothing that the language model wrote was confirmed; these are exact quotes."
BESIDE = "what it cites does not answer the question"
MAX_TITLE_CHARS = 120
MAX_STANDING_IN = 3
"""Units that are quoted in place of one sentence."""
MAX_HISTORY_TOKENS = 600
"""Upper bound of a prompt for rewriting: about five turns, read in about ten seconds on a CPU."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class QuotedAnswer:
    """The extracted answer to a question, with what a language model needs to reword it.

    Attributes:
        verified: the statements of `answer`, before they were numbered.
        max_drop: how far below the best sentence's log-odds a sentence still counts as an answer.
        read: returns a document as it was read, even if the index has changed since.
    """

    answer: Answer
    verified: tuple[Verified, ...]
    judgement: Judgement
    ranking: tuple[RankedPassage, ...]
    max_drop: float
    read: Read

    def answers(self, sentence: Sentence) -> bool:
        """Whether a sentence is likely enough to answer to have been quoted."""
        scores = self.judgement.scores
        judged = map(place_of, self.judgement.sentences)
        found = [
            score for at, score in zip(judged, scores, strict=True) if at == place_of(sentence)
        ]
        return bool(found) and found[0] >= max(scores) - self.max_drop


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

    def __init__(self, model: Model, reply_tokens: int, verifier: Verifier) -> None:
        self.model = model
        self._reply_tokens = reply_tokens
        self._verifier = verifier

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
        """Yield what is being done and, at the end, the whole answer."""
        started = time.perf_counter()
        shown = None if costs.too_slow else self._show(quoted)
        own: list[Verified] = []
        dropped: list[Dropped] = []
        notice = None if shown else _explain(costs.too_slow) if costs.too_slow else NOTHING_FITS
        if shown:
            try:
                drafts = yield from self._draft(shown, costs)
                own, dropped = yield from self._verify(drafts, shown, quoted, costs)
            except ModelUnavailable as error:
                notice = _explain(error)
        is_written = any(not one.stands_in for one in own)
        if not (notice or is_written):
            notice = NOTHING_LEFT if dropped else NOTHING_SAID
        rest = quoted.verified if dropped else ()
        yield replace(
            _with_statements(quoted, [*_once([*own, *rest])], is_written=is_written)
            if own
            else quoted.answer,
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
        self, shown: Prompt, costs: Costs
    ) -> Generator[Stage, None, tuple[DraftStatement, ...]]:
        """Return what the model writes, what it says twice once."""
        stage = Stage("writing", f"Writing with {self.model.name}")
        drafts: dict[str, DraftStatement] = {}
        yield stage
        with closing(generate(self.model, shown)) as pieces:
            for piece in pieces:
                if isinstance(piece, Finished):
                    costs.calls.append(piece)
                elif isinstance(piece, DraftStatement):
                    drafts.setdefault(piece.text.casefold(), piece)
                else:
                    yield stage
        return tuple(drafts.values())

    def _verify(
        self, drafts: Sequence[DraftStatement], shown: Prompt, quoted: QuotedAnswer, costs: Costs
    ) -> Generator[Stage, None, tuple[list[Verified], list[Dropped]]]:
        """Return what is shown of the drafts, units in place of some, and what is not."""
        found = [self._find_cited(draft, shown, quoted) for draft in drafts]
        claims = [self._claim(*one, shown, quoted) for one in found if isinstance(one, tuple)]
        stage = Stage("checking", "Checking every sentence against what it cites")
        checking = verify(claims, self._verifier)
        while True:
            try:
                cost = next(checking)
            except StopIteration as end:
                whys = dict(zip((claim.text for claim in claims), end.value, strict=True))
                break
            if cost:
                costs.calls.append(cost)
            yield stage
        verified = list[Verified]()
        dropped = list[Dropped]()
        for one in found:
            if isinstance(one, Dropped):
                dropped.append(one)
                continue
            draft, cited = one
            claim = Claim(draft.text, tuple(sentence.text for sentence in cited))
            why = whys[draft.text]
            if why is None:
                by = "" if claim.is_quote else self._verifier.by
                verdict = Verdict.CONFIRMED if by else Verdict.NOT_CONFIRMED
                verdict = Verdict.QUOTED if claim.is_quote else verdict
                verified.append(Verified(draft.text, cited, verdict, by, shape=draft.shape))
            else:
                dropped.append(Dropped(draft.text, claim.quotes, Verdict.NOT_CONFIRMED, why))
                verified += _stand_in(cited) if self._verifier.is_strong else ()
        return verified, dropped

    def _find_cited(
        self, draft: DraftStatement, shown: Prompt, quoted: QuotedAnswer
    ) -> tuple[DraftStatement, tuple[Sentence, ...]] | Dropped:
        """Return a draft with the units that it cites, of those that there are."""
        known = {sentence.number: sentence for sentence in shown.sentences}
        cited = tuple(known[number] for number in draft.sentences if number in known)
        texts = tuple(sentence.text for sentence in cited)
        if not cited:
            return Dropped(draft.text, texts, Verdict.UNKNOWN_SOURCE, NO_SOURCE)
        if not all(is_stored(sentence, quoted.read) for sentence in cited):
            return Dropped(draft.text, texts, Verdict.QUOTE_NOT_FOUND, NOT_STORED)
        if not self._verifier.is_strong:  # a weak model's choice of units is no evidence
            cited = tuple(filter(quoted.answers, cited))
        return (
            (draft, cited) if cited else Dropped(draft.text, texts, Verdict.NOT_CONFIRMED, BESIDE)
        )

    def _claim(
        self,
        draft: DraftStatement,
        cited: Sequence[Sentence],
        shown: Prompt,
        quoted: QuotedAnswer,
    ) -> Claim:
        title = _titles(quoted.read)
        asked = quoted.answer.question if self._verifier.is_strong else ""
        return Claim(
            draft.text,
            tuple(sentence.text for sentence in cited),
            _stand_under(cited, title),
            "\n".join((*(one.text for one in shown.sentences), asked)),
        )


def _stand_in(cited: Sequence[Sentence]) -> Iterator[Verified]:
    """Yield the units that a sentence cites, in its place."""
    for sentence in cited[:MAX_STANDING_IN]:
        yield Verified(sentence.text, (sentence,), stands_in=True, shape=PLAIN)


def _once(verified: Sequence[Verified]) -> Iterator[Verified]:
    """Yield what is not a quote of what was shown before it."""
    shown: set[tuple[str, int, int]] = set()
    for one in verified:
        places = set(map(place_of, one.sentences))
        if one.verdict is Verdict.QUOTED and places <= shown:
            continue
        shown |= places
        yield one


def _stand_under(cited: Sequence[Sentence], title: Callable[[Passage], str]) -> str:
    """Return what units stand under: titles, headings, column names, and the one before them."""
    told: dict[str, None] = {}
    for sentence in cited:
        passage = sentence.passage
        told |= dict.fromkeys((passage.document_id, title(passage), *passage.under))
        before = [span for span in passage.sentences if span[1] <= sentence.start]
        if before and leans_back(sentence.text):
            start, end = (at - passage.start for at in before[-1])
            told[passage.text[start:end]] = None
    return " · ".join(filter(None, told))


def open_writer(settings: Settings, model: Model | None, support: Support) -> Writer | None:
    """Return who writes with a model, and verifies as the settings say; None without a model."""
    if model is None:
        return None
    return Writer(model, settings.llm.max_reply_tokens, LocalVerifier(support))


def _explain(error: ModelUnavailable) -> str:
    """Return a notice that says why the answer consists of quotes."""
    message = str(error)
    stop = "" if message.endswith((".", "?", "!")) else "."
    return f"{message[:1].upper()}{message[1:]}{stop} {THESE_ARE_QUOTES}"


def _with_statements(
    quoted: QuotedAnswer, verified: Sequence[Verified], *, is_written: bool
) -> Answer:
    statements, citations, _ = number_citations(Checked(tuple(verified), ()), quoted.read)
    return replace(
        quoted.answer,
        statements=statements,
        citations=citations,
        consulted=list_consulted(quoted.ranking, citations, quoted.read),
        answerer=WRITTEN if is_written else quoted.answer.answerer,
        n_more=0,
        missing=tell_unsure(quoted.answer.missing, citations),
    )


def _titles(read: Read) -> Callable[[Passage], str]:
    """Return a function that gives a passage's title and heading on one line."""

    def title(passage: Passage) -> str:
        names = (read(passage.document_id).title, passage.heading or "")
        return " · ".join(dict.fromkeys(name for name in names if name))[:MAX_TITLE_CHARS]

    return title
