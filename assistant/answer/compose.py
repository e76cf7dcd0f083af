"""Chooses the few sentences that answer together, and quotes them word for word.

Takes the judgement of everything that was read and returns a `Draft` that points at sentences by
number; `assistant.cite` makes quotes of it. When the probability that the documents answer lies
below the calibrated bar, the draft has no statements and says why.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from assistant.answer.compute import Declined, Worked, leave_out, work_out
from assistant.answer.editions import find_beside, prefer_edition
from assistant.answer.excerpt import (
    MAX_TOGETHER,
    Excerpts,
    complete,
    list_within,
    sentence_of,
    shape_of,
)
from assistant.answer.rows import emphasise, find_answering_cells
from assistant.cite import (
    Draft,
    DraftResult,
    DraftStatement,
    Place,
    Read,
    Shape,
    place_of,
)
from assistant.evidence.calibration import Calibration
from assistant.evidence.scorer import Judgement, probability
from assistant.ingest.formats.table import JOINT
from assistant.retrieve.named import Named
from assistant.retrieve.query import QuestionPart
from assistant.retrieve.retriever import Retrieval, unite
from assistant.settings import Settings
from assistant.text.cues import (
    denies,
    find_answering,
    find_unmet,
    find_untold,
    is_injection,
    leans_back,
)
from assistant.text.exact import read_asked_part
from assistant.text.forms import read_field
from assistant.text.numbers import NUMERAL, list_runs
from assistant.text.terms import DEFAULT, query_terms, say_in, terms
from assistant.values import ECHOES, Document, Role, Sentence

NAME = "extract"
NOTHING_RETRIEVED = "Nothing was found in the documents that resembles the question."
NOT_SAID = "Nothing was found in the documents that answers this."
NOT_TOLD = "What was found does not tell the {}."
NOT_SAID_OF = {
    "time": "What was found does not say when.",
    "number": "What was found gives no number.",
    "share": "What was found gives no number.",
}
UNFOUND = (NOTHING_RETRIEVED, NOT_SAID)

TOPIC_DOUBT = 0.5
"""Log-odds taken from the answer to a question that was asked with the topic of a conversation: its
words stand in the passages whatever is asked."""

OLDER = "An older edition says otherwise: {}."
DIFFERING = "Several documents tell of this, and not all the same; each is named."

_PLURALS = {"appendix": "appendices"}
SAME = 0.8
"""Share of terms from which two sentences say the same."""


def compose(
    judgement: Judgement,
    retrieval: Retrieval,
    calibration: Calibration,
    settings: Settings,
    read: Callable[[str], Document],
) -> tuple[Draft, tuple[Sentence, ...]]:
    """Return the draft, and the sentences that its statements point at by number."""
    judgement, older = prefer_edition(retrieval, judgement, read)
    confidence = probability(judgement, calibration)
    if not judgement.sentences:
        return Draft((), confidence, NOTHING_RETRIEVED), ()
    if retrieval.named and (retrieval.named.spans or settings.max_over_refusal):
        return _compose_named(retrieval, judgement.sentences, read)
    if retrieval.absent and settings.max_over_refusal:
        return Draft(
            (), 0.0, _say_absent(retrieval.absent, retrieval.terms.language)
        ), judgement.sentences
    missing = ""
    if settings.max_over_refusal:
        judgement, missing = leave_out(retrieval.query, judgement, read)
        confidence = probability(judgement, calibration)
    if worked := work_out(retrieval.query, judgement, read):
        if isinstance(worked, Declined):
            return Draft((), confidence, worked.reason), judgement.sentences
        return _compose_worked(retrieval, worked, confidence, judgement.sentences, older)
    bar = calibration.bar(settings.max_over_refusal)
    is_likely = confidence >= bar or judgement.evidence.is_named
    if not judgement.sentences or not is_likely:
        return Draft((), confidence, missing or NOT_SAID), judgement.sentences
    whole, differs = _excerpts(judgement, retrieval, settings, read)
    told = [(_told(*one), one[0].passage.language) for one in whole.shown]
    unmet, reason = _find_lack(retrieval.query, told)
    if reason and settings.max_over_refusal:
        telling = _only_telling(unmet, judgement, retrieval)
        if not telling.sentences:
            said = say_in(retrieval.terms.language, reason).format(unmet)
            return Draft((), confidence, said), judgement.sentences
        whole, differs = _excerpts(telling, retrieval, settings, read)
    last = max(one.number for one in judgement.sentences)
    added = {
        place_of(s): replace(s, number=last + number)
        for number, (s, _) in enumerate(whole.shown, start=1)
        if not s.number
    }
    shown = [(added.get(place_of(s), s), shape) for s, shape in whole.shown]
    evidence = judgement.evidence
    words = None if evidence.reading is None else evidence.words
    quoted = [_quote(retrieval.query, s, shape, words) for s, shape in shown]
    statements = emphasise(retrieval.query, quoted)
    notes = _notes([s for s, _ in shown], older, retrieval.terms.language, differs=differs)
    draft = Draft(statements, confidence, n_more=whole.n_more, missing=notes, tells_apart=differs)
    return draft, (*judgement.sentences, *added.values())


def _notes(
    shown: Sequence[Sentence],
    older: Mapping[Place, tuple[str, ...]],
    language: str,
    *,
    differs: bool,
) -> tuple[str, ...]:
    """Return what is said of documents that say different things, or said so before."""
    notes = [say_in(language, DIFFERING)] if differs else []
    names = dict.fromkeys(name for one in shown for name in older.get(place_of(one), ()))
    return (*notes, *_name_older(names, language))


def _name_older(names: Collection[str], language: str) -> tuple[str, ...]:
    if not names:
        return ()
    return (say_in(language, OLDER).replace("{}", ", ".join(sorted(names))),)


def _excerpts(
    judgement: Judgement, retrieval: Retrieval, settings: Settings, read: Read
) -> tuple[Excerpts, bool]:
    """Return what is quoted, and whether it has documents that may say different things."""
    chosen = sorted(select(judgement, settings), key=lambda i: -judgement.scores[i])
    beside = find_beside(retrieval.query, judgement, chosen, _say_the_same)
    picked = [judgement.sentences[i] for i in (*chosen, *beside)]
    part = read_asked_part(retrieval.query)
    whole = complete(picked, retrieval.term_weights, read, retrieval.terms.stems, part=part)
    return whole, bool(beside)


def _find_lack(question: str, told: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Return what of something is asked and no text tells, and how that is said; "" if one may.

    told: texts, each with the code of its language. Of what is asked by when or how many there is
    no word.
    """
    if unmet := find_unmet(question, [text for text, _ in told]):
        return unmet, NOT_TOLD
    return "", NOT_SAID_OF.get(find_untold(question, told), "")


def _told(sentence: Sentence, shape: Shape | None = None) -> str:
    """Return a sentence with what it stands under; of a row, the columns that it has cells of."""
    cells = shape.cells if shape else ()
    names = (cell.name for cell in cells if cell.name and cell.text)
    over = (one for one in sentence.passage.under if JOINT not in one)
    return "\n".join((*over, sentence.passage.document_id, *names, sentence.text))


def _only_telling(unmet: str, judgement: Judgement, retrieval: Retrieval) -> Judgement:
    """Return the judgement of sentences that tell what is asked of something, and its name.

    A line of a form ("Telephone: ...") is of what other lines of its passage name.
    """
    asked = set(query_terms(retrieval.query)) - set(terms(unmet))

    def tells(one: Sentence) -> bool:
        is_line = one.role is not Role.ROW and read_field(one.text) is not None
        around = f"{_told(one)}\n{one.passage.text if is_line else ''}"
        is_named = one.role not in ECHOES and asked <= set(terms(around))
        _, lack = _find_lack(retrieval.query, [(one.text, one.passage.language)])
        return is_named and not lack

    kept = [n for n, one in enumerate(judgement.sentences) if tells(one)]
    sentences = tuple(judgement.sentences[n] for n in kept)
    return replace(judgement, sentences=sentences, scores=judgement.scores[kept])


def _quote(
    question: str,
    sentence: Sentence,
    shape: Shape,
    words: Mapping[int, tuple[int, int]] | None = None,
) -> DraftStatement:
    """Return a sentence as a statement; rows and code as they stand, all else on one line.

    `words` is where a reader is sure to find the answer, by the number of the sentence; without a
    reader rules look for it.
    """
    is_exact = shape.role in (Role.ROW, Role.CODE)
    text = sentence.text if is_exact else " ".join(sentence.text.split())
    answering: tuple[tuple[int, int], ...] = ()
    if shape.role is Role.ROW:
        answering = find_answering_cells(question, shape.cells)
    elif shape.role in (Role.PARAGRAPH, Role.ITEM):
        if words is None:
            answering = find_answering(question, text)
        elif span := words.get(sentence.number):
            answering = _on_one_line(sentence.text, span)
    return DraftStatement(text, (sentence.number,), shape._replace(answering=answering))


def _on_one_line(text: str, span: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    """Return where a span of a text is once the text is on one line; nothing if that is all of it.

    >>> _on_one_line("It opened  in   1834.", (11, 20))
    ((10, 17),)
    """
    before, own = text[: span[0]], text[span[0] : span[1]].split()
    start = len(" ".join(f"{before}|".split())) - 1
    end = start + len(" ".join(own))
    is_all = end - start >= len(" ".join(text.split())) - 1
    return () if is_all or not own else ((start, end),)


def doubt(judgement: Judgement) -> Judgement:
    """Return the judgement of a question that the topic of a conversation was put to."""
    log_odds = None if judgement.log_odds is None else judgement.log_odds - TOPIC_DOUBT
    evidence = replace(judgement.evidence, is_named=False)
    return replace(judgement, log_odds=log_odds, evidence=evidence)


def compose_parts(
    parts: Sequence[QuestionPart],
    judged: Sequence[tuple[Retrieval, Judgement]],
    calibration: Calibration,
    settings: Settings,
    read: Callable[[str], Document],
) -> tuple[Draft, tuple[Sentence, ...]]:
    """Return the draft of questions that were asked in one: each is answered, or named as missing.

    The sentences are numbered anew, part after part.
    """
    if len(judged) == 1:
        return compose(judged[0][1], judged[0][0], calibration, settings, read)
    statements: dict[tuple[Place, ...], DraftStatement] = {}
    sentences: list[Sentence] = []
    drafts, computed, missing = [], [], []
    notes: list[str] = []
    for part, (retrieval, judgement) in zip(parts, judged, strict=True):
        told = _only_about(part, judgement, settings) if part.about else judgement
        draft, own = compose(told, retrieval, calibration, settings, read)
        drafts.append(draft)
        first = len(sentences)
        sentences += (replace(one, number=first + n) for n, one in enumerate(own, start=1))
        number_of = {one.number: first + n for n, one in enumerate(own, start=1)}
        place_of_number = {one.number: place_of(one) for one in own}
        for one in draft.statements:
            key = tuple(place_of_number[number] for number in one.sentences)
            moved = tuple(number_of[number] for number in one.sentences)
            statements.setdefault(key, replace(one, sentences=moved))
        for result in draft.computed:
            moved = tuple(number_of[number] for number in result.sentences)
            computed.append(replace(result, sentences=moved))
        if draft.statements:
            notes += draft.missing
        else:
            missing.append(_say_missing(part, draft.reason))
    whole = Draft(
        tuple(statements.values()),
        min(draft.confidence for draft in drafts),
        None if statements else " ".join(missing),
        sum(draft.n_more for draft in drafts),
        tuple(computed),
        (*missing, *dict.fromkeys(notes)) if statements else (),
        tells_apart=any(draft.tells_apart for draft in drafts),
    )
    return whole, tuple(sentences)


def _say_missing(part: QuestionPart, reason: str | None) -> str:
    """Say which part of a question is not answered, and why if more is known."""
    if part.about:
        return f"Nothing was found about {part.text}."
    if reason in (None, *UNFOUND):
        return f"Nothing was found that answers “{part.text}”."
    return f"“{part.text}”: {reason}"


def _only_about(part: QuestionPart, judgement: Judgement, settings: Settings) -> Judgement:
    """Return the judgement of the sentences that name one thing, or go on from one that does.

    They are surely about it, whatever the likeness of a bare name to them.
    """
    sentences = judgement.sentences
    named = [
        part.about
        <= {
            term
            for text in (
                *one.passage.under,
                re.sub(r"[_/.-]", " ", one.passage.document_id),
                one.text,
            )
            for term in terms(text)
        }
        for one in sentences
    ]
    order = sorted(
        (i for i, is_it in enumerate(named) if is_it), key=lambda i: -judgement.scores[i]
    )
    best = order[: settings.max_statements - 1]
    if not best:
        return replace(judgement, sentences=(), scores=judgement.scores[:0])
    behind = (i + 1 for i in best if i + 1 < len(sentences) and not named[i + 1])
    best += [i for i in behind if _antecedent(sentences, i) is not None][:1]
    best.sort()
    evidence = replace(judgement.evidence, is_named=True)
    scores = judgement.scores[best]
    if part.query == part.text:  # nothing else is asked: all tell of it
        scores = np.full(len(best), scores.max())
    kept = tuple(sentences[i] for i in best)
    return replace(judgement, sentences=kept, scores=scores, evidence=evidence)


def _compose_worked(
    retrieval: Retrieval,
    worked: Sequence[Worked],
    confidence: float,
    sentences: Sequence[Sentence],
    older: Mapping[Place, tuple[str, ...]],
) -> tuple[Draft, tuple[Sentence, ...]]:
    """Return a draft of what was worked out, the rows that it rests on, and the sentences."""
    question, language = retrieval.query, retrieval.terms.language
    others = {name for one in worked for name in one.older}
    number_of = {place_of(sentence): sentence.number for sentence in sentences}
    found = list(sentences)
    last = max((one.number for one in sentences), default=0) - len(found)

    def number(document: Document, unit: int) -> int:
        sentence = sentence_of(document, unit)
        place = place_of(sentence)
        if place not in number_of:
            number_of[place] = last + len(found) + 1
            found.append(replace(sentence, number=number_of[place]))
        return number_of[place]

    statements: dict[int, DraftStatement] = {}
    results = []
    for one in worked:
        document = one.document
        for unit in one.shown:
            n = number(document, unit)
            row = replace(sentence_of(document, unit), number=n)
            others.update(older.get(place_of(row), ()))
            statements.setdefault(n, _quote(question, row, shape_of(document, unit)))
        rows = tuple(number(document, unit) for unit in one.used)
        if one.text:
            results.append(DraftResult(one.text, one.operation, rows))
    draft = Draft(
        tuple(statements.values()),
        confidence,
        missing=_name_older(others, language),
        computed=tuple(results),
    )
    return draft, tuple(found)


def _compose_named(
    retrieval: Retrieval, sentences: Sequence[Sentence], read: Read
) -> tuple[Draft, tuple[Sentence, ...]]:
    """Return a draft of the places that are asked for by name, whole; or of what is not there."""
    named, language = retrieval.named, retrieval.terms.language
    assert named is not None
    if not named.spans:
        return Draft((), 0.0, _say_missing_place(named, language)), tuple(sentences)
    whole = [found for span in named.spans for found in list_within(span, read)]
    shown, last = whole[:MAX_TOGETHER], max((one.number for one in sentences), default=0)
    known = {place_of(one): one.number for one in sentences}
    told = [
        replace(one, number=known.get(place_of(one), last + n))
        for n, (one, _) in enumerate(shown, start=1)
    ]
    statements = tuple(
        _quote(retrieval.query, one, shape) for one, (_, shape) in zip(told, shown, strict=True)
    )
    added = tuple(one for one in told if one.number > last)
    counts = {
        "It goes on: {} more sentences are not shown here.": len(whole) - len(shown),
        "{} more places are called so: name the document as well.": named.n_more,
    }
    more = (say_in(language, said).replace("{}", str(n)) for said, n in counts.items() if n)
    return Draft(statements, 1.0, missing=tuple(more)), (*sentences, *added)


def _say_missing_place(named: Named, language: str) -> str:
    """Say which place no document has, and which there are."""
    said = f"“{named.missing}”"
    if language == DEFAULT:
        said = named.missing[0].lower() + named.missing[1:]
        if said[0].isalpha() and not said.split()[0].endswith("s"):
            said = f"{'an' if said[0] in 'aeio' else 'a'} {said}"
    reason = say_in(language, "No document has {}.").replace("{}", said)
    if named.title:
        reason = say_in(language, "“{0}” has no {1}.")
        reason = reason.replace("{1}", named.missing).replace("{0}", named.title)
    if not named.known:
        return reason
    what = f"{_PLURALS.get(named.kind, f'{named.kind}s')} " if language == DEFAULT else ""
    there = say_in(language, "There are {}.").replace("{}", what + list_runs(named.known))
    return f"{reason} {there}"


def _say_absent(absent: Sequence[str], language: str) -> str:
    """Say what was asked for and is in no document."""
    joint = f" {say_in(language, 'and')} "
    named = joint.join(filter(None, (", ".join(absent[:-1]), absent[-1])))
    return say_in(language, "No document mentions {}.").replace("{}", named)


def select(judgement: Judgement, settings: Settings) -> list[int]:
    """Return the positions of the sentences to quote, in reading order.

    The best one; then, by score, those whose log-odds lie at most `max_drop` under its, or twice
    that where they lean on one that is taken, unless they repeat one or tell what to answer. A
    sentence that leans on the one before it brings that along while there is room.
    """
    sentences, scores = judgement.sentences, judgement.scores
    order = sorted(range(len(sentences)), key=lambda i: (-scores[i], i))
    floor = scores[order[0]] - settings.max_drop
    chosen: list[int] = []
    for i in order:
        if len(chosen) == settings.max_statements or scores[i] < floor - settings.max_drop:
            break
        if scores[i] < floor and _antecedent(sentences, i) not in chosen:
            continue
        if i in chosen or any(_say_the_same(sentences[i], sentences[j]) for j in chosen):
            continue
        if chosen and is_injection(sentences[i].text):  # a best one was asked about
            continue
        chosen.append(i)
        before = _antecedent(sentences, i)
        if before is not None and before not in chosen and len(chosen) < settings.max_statements:
            chosen.append(before)
    return sorted(chosen)


def _antecedent(sentences: Sequence[Sentence], i: int) -> int | None:
    """Return the position of the sentence that the i-th one leans on, if it does."""
    if i == 0 or sentences[i - 1].passage is not sentences[i].passage:
        return None
    return i - 1 if leans_back(sentences[i].text) else None


def _say_the_same(one: Sentence, other: Sentence) -> bool:
    """Whether one repeats the other: another number or a denial is another statement."""
    if denies(one.text) != denies(other.text) or _numbers(one) != _numbers(other):
        return False
    a, b = set(terms(one.text)), set(terms(other.text))
    return bool(a | b) and len(a & b) / len(a | b) >= SAME


def _numbers(sentence: Sentence) -> set[str]:
    return set(NUMERAL.findall(sentence.text))


def join(judged: Sequence[tuple[Retrieval, Judgement]]) -> tuple[Retrieval, Judgement]:
    """Return what was retrieved and judged for all questions that were asked in one."""
    retrieval, judgement = judged[0]
    if len(judged) == 1:
        return judged[0]
    for other, _ in judged[1:]:
        retrieval = unite(retrieval, other)
    query = " ".join(one.query for one, _ in judged)
    sentences = [sentence for _, one in judged for sentence in one.sentences]
    numbered = tuple(replace(one, number=n) for n, one in enumerate(sentences, start=1))
    scores = np.concatenate([one.scores for _, one in judged])
    return replace(retrieval, query=query), replace(judgement, sentences=numbered, scores=scores)
