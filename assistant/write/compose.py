"""Answers with a language model: it writes, and what it wrote is verified before it is shown.

The quotes are shown first. A sentence that is confirmed is shown, one that is not gives way to the
units that it cites, and where any fell the quotes stay behind what is left: the answer never says
less than they do. If anything goes wrong, the quotes stay and the answer says why: no error of the
model is raised.
"""

import logging
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

from assistant.answer.compose import NOT_SAID
from assistant.cite import (
    NO_SOURCE,
    NOT_STORED,
    Checked,
    DraftStatement,
    Shape,
    Verified,
    is_stored,
    number_citations,
    place_of,
    tell_unsure,
)
from assistant.errors import ModelTooSlow, ModelUnavailable
from assistant.models.export import open_entailment
from assistant.settings import Settings
from assistant.text.terms import guess_language, say_in
from assistant.values import (
    ECHOES,
    WRITTEN,
    Answer,
    Dropped,
    Role,
    Sentence,
    Stage,
    Turn,
    Usage,
    Verdict,
)
from assistant.write.llm.client import open_model
from assistant.write.llm.values import Finished, Model
from assistant.write.prompt import (
    Material,
    Note,
    Prompt,
    ask_for_notes,
    ask_of_notes,
    ask_to_rewrite,
    ask_to_write,
    is_foreign,
    units_of,
)
from assistant.write.quoted import (
    QuotedAnswer,
    by_likelihood,
    names_over,
    read_notes,
    rest_on_units,
    stand_under,
    tell_unread,
    titles,
)
from assistant.write.reply import MAX_REPLY_CHARS, Arriving, generate, read_rewritten
from assistant.write.verify import (
    MIN_ENTAILMENT,
    Claim,
    LocalVerifier,
    ModelVerifier,
    NoVerifier,
    Support,
    Verifier,
    verify,
)

THESE_ARE_QUOTES = "These are exact quotes."
NOTHING_FITS = "No passage fits into the language model's prompt; these are exact quotes."
NOTHING_SAID = "The language model found no answer in what was read; these are exact quotes."
NOTHING_LEFT = "Nothing that the language model wrote was confirmed; these are exact quotes."
NOT_ANSWERED = "The language model read {} passages and found no answer in them."
PARTLY = "The documents answer only a part of the question."
CUT = "The language model's reply was cut off at its bound of {:,} tokens (llm.max_reply_tokens)."
BESIDE = "what it cites does not answer the question"
MAX_CALLS = 12
"""Of a model for one answer about documents that do not fit into a prompt (`llm.max_calls`)."""
MAX_STANDING_IN = 3
"""Units that are quoted in place of one sentence."""

logger = logging.getLogger(__name__)


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
    """What the calls of models that have ended have cost for one answer; `writing` wrote it.

    After one that was too slow, no other is made for this answer.
    """

    calls: list[Finished] = field(default_factory=list)
    too_slow: ModelTooSlow | None = None
    writing: Finished | None = None

    def total(self, model: str) -> Usage | None:
        """Return the sum of all calls; None if there was none."""
        if not self.calls:
            return None
        return Usage(
            model=model,
            n_calls=len(self.calls),
            prompt_tokens=sum(call.prompt_tokens for call in self.calls),
            completion_tokens=sum(call.completion_tokens for call in self.calls),
            first_token_s=(self.writing or self.calls[-1]).first_token_s,
            total_s=sum(call.total_s for call in self.calls),
            is_estimated=any(call.is_estimated for call in self.calls),
        )


class Writer:
    """Writes answers with one language model. Safe to share between threads."""

    def __init__(self, model: Model, verifier: Verifier, max_calls: int = MAX_CALLS) -> None:
        self.model = model
        self.verifier = verifier
        self.max_calls = max_calls

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
            with closing(
                self.model.stream(ask_to_rewrite(question, history, self.model))
            ) as pieces:
                for piece in pieces:
                    if isinstance(piece, Finished):
                        costs.calls.append(piece)
                    elif piece:
                        reply += piece
                        if len(reply) > MAX_REPLY_CHARS:
                            return None  # too long for a question, whatever was thought
                    else:
                        yield stage
        except ModelUnavailable as error:
            logger.warning("a follow-up was not rewritten: %s", error)
            costs.too_slow = error if isinstance(error, ModelTooSlow) else None
            return None
        return read_rewritten(reply, question, history if self.model.is_small else None)

    def asks(self, quoted: QuotedAnswer) -> bool:
        """Whether the model is asked: a small one only where something was found to quote.

        Documents as a whole are read by no small one: it would take minutes.
        """
        quotes = quoted.answer
        if quoted.judgement is None:
            return bool(quoted.whole) and not self.model.is_small
        is_found = bool(quotes.consulted or quotes.citations)
        return is_found and not quotes.computed and not (quotes.abstained and self.model.is_small)

    def write(self, quoted: QuotedAnswer, costs: Costs) -> Generator[Stage | Answer]:
        """Yield what is being done and, at the end, the whole answer."""
        started = time.perf_counter()
        found = quoted.answer
        notice = _explain(costs.too_slow, found) if costs.too_slow else None
        if not notice:
            try:
                found = yield from self._answer(quoted, costs)
            except ModelUnavailable as error:
                notice = _explain(error, found)
        yield replace(
            found,
            notice=found.notice or notice,
            usage=costs.total(self.model.name),
            timings={**quoted.answer.timings, "write": time.perf_counter() - started},
        )

    def show(self, quoted: QuotedAnswer) -> Prompt | None:
        """Return what the model is shown at once; None where that does not fit."""
        return ask_to_write(self._gather(quoted), self.model)

    def _gather(self, quoted: QuotedAnswer) -> Material:
        judged = by_likelihood(quoted.judgement) if quoted.judgement else []
        known = {group[0].passage.passage_id for group in judged}
        wide = [units_of(one) for one in quoted.wide if one.passage_id not in known]
        title = titles(quoted.read) if self.model.is_small else names_over(quoted.read)
        return Material(
            quoted.answer.question,
            quoted.answer.query,
            [*judged, *filter(None, wide)],
            title,
            [units for one in quoted.whole if (units := units_of(one))],
            quoted.history,
            date.today(),
        )

    def _answer(self, quoted: QuotedAnswer, costs: Costs) -> Generator[Stage, None, Answer]:
        """Return what becomes of the quotes when the model has answered and was verified."""
        if not (shown := self.show(quoted)):
            if quoted.n_whole:
                return (yield from self._answer_from_parts(quoted, costs))
            return replace(quoted.answer, notice=NOTHING_FITS)
        drafts, reply = yield from self._draft(shown, costs)
        found = yield from self._conclude(drafts, reply, shown, quoted, costs)
        return tell_unread(found, shown.sentences, quoted, self.max_calls)

    def _answer_from_parts(
        self, quoted: QuotedAnswer, costs: Costs
    ) -> Generator[Stage, None, Answer]:
        """Return the answer from what the model noted of each part of the documents.

        What it writes at last rests on the units of the notes that it cites.
        """
        material = self._gather(quoted)
        parts = ask_for_notes(material, self.model, self.max_calls - 1)
        if not parts:
            return replace(quoted.answer, notice=NOTHING_FITS)
        noted = list[list[Note]]()
        for n, part in enumerate(parts, start=1):
            said = f"Reading part {n} of {len(parts)} with {self.model.name}"
            drafts, _ = yield from self._draft(part, costs, Stage("reading", said))
            noted.append(list(read_notes(drafts, part)))
        request, notes = ask_of_notes(noted, material, self.model)
        if not notes:
            found = replace(quoted.answer, notice=NOTHING_SAID)
        else:
            units = {place_of(one): one for note in notes for one in note.sentences}
            numbers = {place: n for n, place in enumerate(units, start=1)}
            numbered = (replace(one, number=numbers[place]) for place, one in units.items())
            shown = Prompt(request, tuple(numbered))
            drafts, reply = yield from self._draft(shown, costs)
            drafts = tuple(rest_on_units(one, notes, numbers) for one in drafts)
            found = yield from self._conclude(drafts, reply, shown, quoted, costs)
        read = [one for part in parts for one in part.sentences]
        return tell_unread(found, read, quoted, self.max_calls)

    def _conclude(
        self,
        drafts: Sequence[DraftStatement],
        reply: Arriving,
        shown: Prompt,
        quoted: QuotedAnswer,
        costs: Costs,
    ) -> Generator[Stage, None, Answer]:
        """Return the answer that is made of what the model wrote and of the quotes."""
        is_whole = quoted.judgement is None
        if reply.answered == "no":
            if is_whole:
                return replace(quoted.answer, notice=NOTHING_SAID)
            return _refuse(quoted, shown)
        own, dropped = yield from self._verify(drafts, shown, quoted, costs)
        is_written = any(not one.stands_in for one in own)
        notice = None
        if costs.writing and costs.writing.is_cut:
            notice = CUT.format(shown.request.max_tokens)
        elif not is_written:
            notice = NOTHING_LEFT if dropped else NOTHING_SAID
        if (quoted.answer.abstained or is_whole) and not is_written:
            return replace(quoted.answer, dropped=tuple(dropped), notice=notice)
        rest = quoted.verified if dropped else ()
        answer = quoted.answer
        if own:
            answer = _with_statements(quoted, [*_once([*own, *rest])], is_written=is_written)
        if reply.answered == "part" and is_written:
            language = guess_language(answer.question)
            answer = replace(answer, missing=(*answer.missing, say_in(language, PARTLY)))
        return replace(answer, dropped=tuple(dropped), notice=notice)

    def _draft(
        self, shown: Prompt, costs: Costs, stage: Stage | None = None
    ) -> Generator[Stage, None, tuple[tuple[DraftStatement, ...], Arriving]]:
        """Return what the model writes, what it says twice once, and its whole reply."""
        drafts: dict[str, DraftStatement] = {}
        stage = stage or Stage("writing", f"Writing with {self.model.name}")
        yield stage
        writing = generate(self.model, shown.request)
        with closing(writing):
            while True:
                try:
                    piece = next(writing)
                except StopIteration as end:
                    return tuple(drafts.values()), end.value
                if isinstance(piece, Finished):
                    costs.calls.append(piece)
                    costs.writing = piece
                    continue
                if isinstance(piece, DraftStatement):
                    drafts.setdefault(piece.text.casefold(), piece)
                so_far = f": {len(drafts)} so far" if drafts else ""
                yield replace(stage, detail=f"{stage.detail}{so_far}")

    def _verify(
        self, drafts: Sequence[DraftStatement], shown: Prompt, quoted: QuotedAnswer, costs: Costs
    ) -> Generator[Stage, None, tuple[list[Verified], list[Dropped]]]:
        """Return what is shown of the drafts, units in place of some, and what is not."""
        found = [self._find_cited(draft, shown, quoted) for draft in drafts]
        claims = [self._claim(*one, shown, quoted) for one in found if isinstance(one, tuple)]
        stage = Stage("checking", "Checking every sentence against what it cites")
        checking = verify(claims, self.verifier)
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
                by = "" if claim.is_quote else self.verifier.by
                verdict = Verdict.CONFIRMED if by else Verdict.NOT_CONFIRMED
                verdict = Verdict.QUOTED if claim.is_quote else verdict
                verified.append(Verified(draft.text, cited, verdict, by, shape=draft.shape))
            else:
                dropped.append(Dropped(draft.text, claim.quotes, Verdict.NOT_CONFIRMED, why))
                if not self.model.is_small and draft.shape.role is not Role.LEAD_IN:
                    verified += _stand_in(cited, draft.shape)
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
        if self.model.is_small:  # a weak model's choice of units is no evidence
            cited = tuple(filter(quoted.answers, cited))
        cited = _without_foreign(cited, f"{quoted.answer.question}\n{quoted.answer.query}")
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
        title = names_over(quoted.read)
        asked = quoted.answer.question if self.verifier.is_strong else ""
        return Claim(
            draft.text,
            tuple(sentence.text for sentence in cited),
            stand_under(cited, title),
            "\n".join((*(one.text for one in shown.sentences), asked)),
        )


def _without_foreign(cited: Sequence[Sentence], asked: str) -> tuple[Sentence, ...]:
    """Return units without foreign tasks and questions, but one whose answer is cited, too."""
    places = {place_of(one)[:2] for one in cited}

    def has_answer(one: Sentence) -> bool:
        after = next((start for start, _ in one.passage.sentences if start >= one.end), -1)
        return (one.passage.document_id, after) in places

    return tuple(one for one in cited if has_answer(one) or not is_foreign(one, asked))


def _stand_in(cited: Sequence[Sentence], shape: Shape) -> Iterator[Verified]:
    """Yield the units that a sentence cites, in its place; a heading says nothing alone."""
    for sentence in [one for one in cited if one.role not in ECHOES][:MAX_STANDING_IN]:
        yield Verified(sentence.text, (sentence,), stands_in=True, shape=shape._replace(cells=()))


def _once(verified: Sequence[Verified]) -> Iterator[Verified]:
    """Yield what is not a quote of what was shown before it."""
    shown: set[tuple[str, int, int]] = set()
    for one in verified:
        places = set(map(place_of, one.sentences))
        if one.verdict is Verdict.QUOTED and places <= shown:
            continue
        if one.shape.role is not Role.LEAD_IN:  # which says nothing of what it leads into
            shown |= places
        yield one


def open_writer(settings: Settings, model: Model | None, support: Support) -> Writer | None:
    """Return who writes with a model, and who verifies as the settings say; None without a model.

    Raises:
        ModelError: the cross-encoder that is to verify cannot be used.
    """
    if model is None:
        return None
    given = settings.verifier
    is_local = bool(model.is_small or given.cross_encoder)
    by = given.by or ("server" if given.base_url else "local" if is_local else "model")
    write = partial(Writer, model, max_calls=settings.llm.max_calls)
    if by == "off":
        return write(NoVerifier())
    if by == "local" and given.cross_encoder:
        return write(LocalVerifier(open_entailment(given.cross_encoder), MIN_ENTAILMENT))
    if by == "local":
        return write(LocalVerifier(support))
    if by == "model":
        return write(ModelVerifier(model))
    own: dict[str, Any] = {"base_url": given.base_url, "model": given.model}
    own |= {"api_key": given.api_key, "path": None, "short_form": False}
    own |= {"context_tokens": None, "max_prompt_tokens": None}
    other = open_model(settings.llm.model_copy(update=own))
    assert other is not None
    return write(ModelVerifier(other))


def write_on(
    writer: Writer | None, quoted: QuotedAnswer, costs: Costs
) -> Generator[Stage | Answer]:
    """Yield the quotes and, where a model is asked, what it makes of them.

    What the reader of quotes refuses is no answer before the model has read it, too.
    """
    is_asked = writer is not None and writer.asks(quoted)
    if not (is_asked and quoted.answer.abstained):
        yield quoted.answer
    if writer and is_asked:
        yield from writer.write(quoted, costs)


def _refuse(quoted: QuotedAnswer, shown: Prompt) -> Answer:
    """Return the abstention of a model that found no answer; the passages stay as the nearest."""
    answer = quoted.answer
    n_read = len({one.passage.passage_id for one in shown.sentences})
    said = say_in(guess_language(answer.question), NOT_SAID)
    return replace(
        answer,
        statements=(),
        citations=(),
        kind="abstention",
        reason=answer.reason or said,
        consulted=quoted.consult(()),
        notice=NOT_ANSWERED.format(n_read),
        n_more=0,
        missing=(),
    )


def _explain(error: ModelUnavailable, quotes: Answer) -> str:
    """Return a notice that says why the answer is what it is without the model."""
    message = str(error)
    stop = "" if message.endswith((".", "?", "!")) else "."
    said = f"{message[:1].upper()}{message[1:]}{stop}"
    return said if quotes.abstained else f"{said} {THESE_ARE_QUOTES}"


def _with_statements(
    quoted: QuotedAnswer, verified: Sequence[Verified], *, is_written: bool
) -> Answer:
    statements, citations, _ = number_citations(Checked(tuple(verified), ()), quoted.read)
    return replace(
        quoted.answer,
        statements=statements,
        citations=citations,
        consulted=quoted.consult(citations),
        answerer=WRITTEN if is_written else quoted.answer.answerer,
        kind="answer",
        reason=None,
        n_more=0,
        missing=tell_unsure(quoted.answer.missing, citations),
        listing=None,
    )
