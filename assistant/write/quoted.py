"""The quotes that answer a question, with all that a language model is given beside them."""

import logging
import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache

from assistant.answer.propose import Proposal
from assistant.answer.suggest import SourceText
from assistant.answer.whole import Overview
from assistant.cite import DraftStatement, Place, Read, Verified, edition_of, place_of
from assistant.errors import ModelUnavailable
from assistant.evidence.scorer import Judgement
from assistant.retrieve.retriever import Retriever
from assistant.store.snapshot import Snapshot
from assistant.text.cues import is_injection, leans_back
from assistant.values import WRITTEN, Answer, Citation, Consulted, Passage, Sentence, Turn
from assistant.write.llm.values import Model, Request
from assistant.write.prompt import ASK, MAX_NOTES, Note, Prompt, neutralize
from assistant.write.reply import MAX_REPLY_CHARS
from assistant.write.verify import Claim, find_fault

logger = logging.getLogger(__name__)

READ_PARTLY = (
    "The language model read {:,} of the {:,} passages that were asked about: llm.max_calls, {}, "
    "bounds its calls. Ask about fewer documents, or raise it."
)
WAIT_S = 2.0
"""How long a page waits for a model's questions; those made by rules are offered until then."""
MAX_QUESTIONS = 60
MAX_LINE_CHARS = 300
_QUESTION = re.compile(r"(?:[-*•]|\d{1,2}[.)])?\s*([^\[\]]{5,200}[?？؟])\s*\[(\d{1,4})\]\.?")
MAX_TITLE_CHARS = 120
MAX_OVER_CHARS = 300
"""Of what stands above a passage in a prompt of the short form, and of the long one."""
N_WIDE = 60
"""Passages that are found for a model with room: at 200 tokens each they fill 12,000."""
MAX_WHOLE = 400
"""Passages of chosen documents that are looked at: more do not fit."""
MAX_OVERVIEW = 4_000
"""Passages that are looked at for an answer about whole documents: about 70 prompts."""


@dataclass(frozen=True)
class QuotedAnswer:
    """The extracted answer to a question, with what a language model needs to reword it.

    Attributes:
        verified: the statements of `answer`, before they were numbered.
        consult: returns the passages of which none of some citations quotes anything.
        history: the conversation before.
        wide, whole: further passages, and all of the documents that were chosen.
        n_whole: of an answer about whole documents, how many passages these have; otherwise 0.
        max_drop: how far below the best sentence's log-odds a sentence still counts as an answer.
        read: returns a document as it was read, even if the index has changed since.
    """

    answer: Answer
    verified: tuple[Verified, ...]
    judgement: Judgement | None
    consult: Callable[[Sequence[Citation]], tuple[Consulted, ...]]
    max_drop: float
    read: Read
    history: Sequence[Turn] = ()
    wide: tuple[Passage, ...] = ()
    whole: tuple[Passage, ...] = ()
    n_whole: int = 0

    def answers(self, sentence: Sentence) -> bool:
        """Whether a sentence is likely enough to answer to have been quoted."""
        if self.judgement is None:
            return False
        scores = self.judgement.scores
        judged = map(place_of, self.judgement.sentences)
        found = [
            score for at, score in zip(judged, scores, strict=True) if at == place_of(sentence)
        ]
        return bool(found) and max(found) >= max(scores) - self.max_drop


def quote_whole(
    told: Overview,
    snapshot: Snapshot,
    history: Sequence[Turn],
    timings: dict[str, float],
    *,
    is_read: bool,
) -> QuotedAnswer:
    """Return an answer about whole documents with these, if they are to be read by a model."""
    rows = snapshot.rows_of(told.documents) if told.documents and is_read else ()
    passages = snapshot.passages(rows[:MAX_OVERVIEW], told.documents)
    whole = tuple(passages[row] for row in sorted(passages))
    read = cache(snapshot.document)
    for document_id in told.documents if is_read else ():
        read(document_id)
    return QuotedAnswer(
        replace(told.answer, timings=timings),
        told.verified,
        None,
        lambda _: (),
        0.0,
        read,
        history,
        whole=whole,
        n_whole=len(rows),
    )


def list_further(
    snapshot: Snapshot,
    retriever: Retriever,
    queries: Sequence[str],
    documents: Collection[str],
    read: Read,
) -> tuple[tuple[Passage, ...], tuple[Passage, ...]]:
    """Return further passages for a model with room, and all of the documents that were chosen.

    Their documents are read while the snapshot is open; none without a query.
    """
    if not queries:
        return (), ()
    found: dict[str, Passage] = {}
    for query in queries:
        ranking = retriever.retrieve(snapshot, query, N_WIDE, documents=documents).ranking
        found |= {one.passage.passage_id: one.passage for one in ranking}
    rows = snapshot.rows_of(documents) if documents else ()
    whole = snapshot.passages(rows, documents) if len(rows) <= MAX_WHOLE else {}
    for passage in (*found.values(), *whole.values()):
        read(passage.document_id)
    return tuple(found.values()), tuple(whole[row] for row in sorted(whole))


class QuestionWriter:
    """Has a model write questions to try, once for each version of the index, in a thread.

    A small model writes none. Safe to share between threads.
    """

    def __init__(self, model: Model | None) -> None:
        self._model = None if model is None or model.is_small else model
        self._written: dict[int, tuple[Proposal, ...] | None] = {}
        self._lock = threading.Lock()
        self._is_closed = False

    def write(
        self, version: int, sources: Sequence[SourceText], n: int
    ) -> tuple[Proposal, ...] | None:
        """Return questions of the sources, not asked yet; None while they are being written.

        Who waits does so for at most `WAIT_S`; a model that fails has written none.
        """
        if self._model is None:
            return ()
        with self._lock:
            if version not in self._written:
                self._written = {version: None}
                work = threading.Thread(target=self._ask, args=(version, sources, n), daemon=True)
                work.start()
                work.join(WAIT_S)
            return self._written.get(version)

    def close(self) -> None:
        """Let the model write no more."""
        self._is_closed = True

    def _ask(self, version: int, sources: Sequence[SourceText], n: int) -> None:
        assert self._model is not None
        units = _fit_units(sources, self._model)
        lines = "\n".join(f"[{n}] {neutralize(unit)}" for n, unit in enumerate(units, start=1))
        request = Request(ASK.format(2 * n), lines, self._model.reply_tokens)
        reply = ""
        try:
            with closing(self._model.stream(request)) as pieces:
                for piece in pieces:
                    reply += piece if isinstance(piece, str) else ""
                    if self._is_closed or len(reply) > MAX_REPLY_CHARS:
                        break
        except ModelUnavailable as error:
            logger.warning("no questions were written: %s", error)
        self._written[version] = tuple(read_questions(reply, units))


def _fit_units(sources: Sequence[SourceText], model: Model) -> list[str]:
    """Return the sentences of as many sources as there is room for, each under what it is about."""
    room = model.prompt_tokens - model.count(ASK)
    units: list[str] = []
    for source in sources:
        own = [one for one in source.sentences if not is_injection(one)]
        room -= model.count("\n".join(f"[100] {one}" for one in own))
        if room < 0:
            break
        units += own
    return units


def read_questions(reply: str, units: Sequence[str]) -> Iterator[Proposal]:
    r"""Yield the questions of a reply that name a unit, as what that answers.

    >>> [one.question for one in read_questions("1. Who is it? [1]\nWhy? [7]\nNo. [1]", ["Ann."])]
    ['Who is it?']
    """
    for line in reply.rpartition("</think>")[2].splitlines()[:MAX_QUESTIONS]:
        match = _QUESTION.fullmatch(line[:MAX_LINE_CHARS].strip())
        if match and 0 < int(match[2]) <= len(units) and not is_injection(match[1]):
            yield Proposal(neutralize(match[1]), units[int(match[2]) - 1], WRITTEN)


def read_notes(drafts: Sequence[DraftStatement], part: Prompt) -> Iterator[Note]:
    """Yield what was noted of a part, with its units; not what fails at sight or cites none."""
    known = {one.number: one for one in part.sentences}
    for draft in drafts[:MAX_NOTES]:
        cited = tuple(known[n] for n in draft.sentences if n in known)
        if cited and not find_fault(Claim(draft.text, tuple(one.text for one in cited))):
            yield Note(draft.text, cited)


def rest_on_units(
    draft: DraftStatement, notes: Sequence[Note], numbers: Mapping[Place, int]
) -> DraftStatement:
    """Return a draft that cites, instead of notes, the units that these rest on."""
    cited = [notes[n - 1] for n in draft.sentences if 0 < n <= len(notes)]
    places = dict.fromkeys(place_of(one) for note in cited for one in note.sentences)
    return replace(draft, sentences=tuple(numbers[place] for place in places))


def tell_unread(
    answer: Answer, read: Sequence[Sentence], quoted: QuotedAnswer, max_calls: int
) -> Answer:
    """Say how much was read of what was asked about, where that is not all."""
    n_read = len({one.passage.passage_id for one in read})
    if not quoted.n_whole or n_read >= quoted.n_whole:
        return answer
    told = READ_PARTLY.format(n_read, quoted.n_whole, max_calls)
    return replace(answer, notice=" ".join(filter(None, (answer.notice, told))))


def by_likelihood(judgement: Judgement) -> list[tuple[Sentence, ...]]:
    """Return the sentences by passage, the passage with the likeliest sentence first.

    Of a question of several parts, for which a passage may be found for each, every one once.
    """
    groups: dict[str, list[int]] = {}
    for place, sentence in enumerate(judgement.sentences):
        groups.setdefault(sentence.passage.passage_id, []).append(place)
    best = sorted(groups.values(), key=lambda places: -max(judgement.scores[p] for p in places))
    found = ([judgement.sentences[place] for place in places] for places in best)
    return [tuple({place_of(one): one for one in group}.values()) for group in found]


def stand_under(cited: Sequence[Sentence], title: Callable[[Passage], str]) -> str:
    """Return what units stand under: names, headings, columns, and the sentence they lean on."""
    told: dict[str, None] = {}
    for sentence in cited:
        passage = sentence.passage
        told[title(passage)] = None
        before = [span for span in passage.sentences if span[1] <= sentence.start]
        if before and leans_back(sentence.text):
            start, end = (at - passage.start for at in before[-1])
            told[passage.text[start:end]] = None
    return " · ".join(filter(None, told))


def titles(read: Read) -> Callable[[Passage], str]:
    """Return a function that gives a passage's title and heading on one line."""

    def title(passage: Passage) -> str:
        names = (read(passage.document_id).title, passage.heading or "")
        return " · ".join(dict.fromkeys(name for name in names if name))[:MAX_TITLE_CHARS]

    return title


def names_over(read: Read) -> Callable[[Passage], str]:
    """Return a function that gives a passage's file, title, edition and headings on one line."""

    @cache
    def over(passage: Passage) -> str:
        document = read(passage.document_id)
        edition = str(edition_of(document, passage.under))
        names = (passage.document_id, document.title, edition, *passage.under)
        return " · ".join(dict.fromkeys(name for name in names if name))[:MAX_OVER_CHARS]

    return over
