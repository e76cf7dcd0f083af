"""Chooses the few sentences that answer together, and quotes them word for word.

Takes the judgement of everything that was read and returns a `Draft` that points at sentences by
number; `assistant.cite` makes quotes of it. When the probability that the documents answer lies
below the calibrated bar, the draft has no statements and says why.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from assistant.answer.compute import Declined, Worked, work_out
from assistant.answer.excerpt import complete, sentence_of, shape_of
from assistant.answer.table import without_unit
from assistant.cite import (
    Draft,
    DraftResult,
    DraftStatement,
    Place,
    Read,
    Shape,
    are_alike,
    edition_of,
    place_of,
)
from assistant.evidence.calibration import Calibration
from assistant.evidence.scorer import Judgement, probability
from assistant.retrieve.named import is_asked, name_terms
from assistant.retrieve.query import QuestionPart
from assistant.retrieve.retriever import Retrieval
from assistant.settings import Settings
from assistant.text.cues import (
    MAX_TOLD_CHARS,
    asks_current,
    denies,
    find_answering,
    is_injection,
    leans_back,
)
from assistant.text.exact import find_exact, find_versions
from assistant.text.numbers import NUMERAL, YEAR
from assistant.text.terms import query_terms, say_in, terms
from assistant.values import Cell, Document, Role, Sentence

NAME = "extract"
NOTHING_RETRIEVED = "Nothing was found in the documents that resembles the question."
NOT_SAID = "Nothing was found in the documents that answers this."
UNFOUND = (NOTHING_RETRIEVED, NOT_SAID)

TOPIC_DOUBT = 0.5
"""Log-odds taken from the answer to a question that was asked with the topic of a conversation: its
words stand in the passages whatever is asked."""

DIFFERING = "Several documents tell of this, and not all the same; each is named."
DIFFERING_DROP = 3.0
"""Log-odds below the best sentence down to which another document may say something else. With it
.43 of RAMDocs' questions (n=238) have every right value and no wrong one unmarked, without .22."""
MAX_SOURCES = 8
_PLAIN = (Role.PARAGRAPH, Role.ITEM)

MAX_ANSWERING = 2
"""Cells of a row that are emphasised: where more may answer, none is."""
_ASKED_COLUMN = re.compile(
    r"\b(?:which|what|whose|welche\w?|quel(?:le)?s?|qué|cuál(?:es)?|qual[ei]?|quais|welke?)\s+(\w+)",
    re.IGNORECASE,
)

MOST = 0.6
"""Share of a question's words, by weight, from which a sentence of its edition answers."""
_YEAR_OF_NAME = re.compile(rf"(?<!\d){YEAR}(?!\d)")
_OF_EDITIONS = frozenset(terms("version edition revision year"))

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
    judgement = _prefer_edition(retrieval, judgement, read)
    confidence = probability(judgement, calibration)
    if not judgement.sentences:
        return Draft((), confidence, NOTHING_RETRIEVED), ()
    if retrieval.absent and settings.max_over_refusal:
        return Draft(
            (), 0.0, _say_absent(retrieval.absent, retrieval.terms.language)
        ), judgement.sentences
    if worked := work_out(retrieval.query, judgement, read):
        if isinstance(worked, Declined):
            return Draft((), confidence, worked.reason), judgement.sentences
        return _compose_worked(retrieval.query, worked, confidence, judgement.sentences)
    bar = calibration.bar(settings.max_over_refusal)
    if confidence < bar and not judgement.evidence.is_named:
        return Draft((), confidence, NOT_SAID), judgement.sentences
    chosen = sorted(select(judgement, settings), key=lambda i: -judgement.scores[i])
    beside = find_beside(retrieval.query, judgement, chosen)
    chosen += beside
    picked = [judgement.sentences[i] for i in chosen]
    whole = complete(picked, retrieval.term_weights, read, retrieval.terms.stems)
    last = max(one.number for one in judgement.sentences)
    added = {
        place_of(s): replace(s, number=last + number)
        for number, (s, _) in enumerate(whole.shown, start=1)
        if not s.number
    }
    shown = [(added.get(place_of(s), s), shape) for s, shape in whole.shown]
    quoted = [_quote(retrieval.query, s, shape) for s, shape in shown]
    statements = emphasise(retrieval.query, quoted)
    differing = (say_in(retrieval.terms.language, DIFFERING),) if beside else ()
    draft = Draft(statements, confidence, n_more=whole.n_more, missing=differing)
    draft = replace(draft, tells_apart=bool(beside))
    return draft, (*judgement.sentences, *added.values())


def _quote(question: str, sentence: Sentence, shape: Shape) -> DraftStatement:
    """Return a sentence as a statement; rows and code as they stand, all else on one line."""
    is_exact = shape.role in (Role.ROW, Role.CODE)
    text = sentence.text if is_exact else " ".join(sentence.text.split())
    answering: tuple[tuple[int, int], ...] = ()
    if shape.role is Role.ROW:
        answering = find_answering_cells(question, shape.cells)
    elif shape.role in (Role.PARAGRAPH, Role.ITEM):
        answering = find_answering(question, text)
    return DraftStatement(text, (sentence.number,), shape._replace(answering=answering))


def emphasise(question: str, statements: Sequence[DraftStatement]) -> tuple[DraftStatement, ...]:
    """Leave out words that answer in items and rows which say less of what was asked than others.

    Of several items of which none says any of it, none is known to answer.
    """
    asked = set(query_terms(question))
    listed = [n for n, one in enumerate(statements) if one.shape.role in (Role.ITEM, Role.ROW)]
    told = {n: asked & set(terms(statements[n].text)) for n in listed}
    emphasised = [n for n in listed if statements[n].shape.answering]
    if len(emphasised) < 2:
        return tuple(statements)
    kept = {
        n
        for n in emphasised
        if not any(told[n] < other for other in told.values())
        and (told[n] or statements[n].shape.role is Role.ROW)
    }
    return tuple(
        replace(one, shape=one.shape._replace(answering=()))
        if n in emphasised and n not in kept
        else one
        for n, one in enumerate(statements)
    )


def find_answering_cells(question: str, cells: Sequence[Cell]) -> tuple[tuple[int, int], ...]:
    """Return the spans of the cells that answer, in the text of their row.

    Those in a column whose whole name the question has, the one behind "which" alone if it is one
    of them; else, of two cells, the one beside a cell that says only what was asked; else what
    `find_answering` finds in a single one. Never a cell that says only what was asked.
    """
    if sum(len(cell.text) for cell in cells) > MAX_TOLD_CHARS:
        return ()
    asked = set(query_terms(question))
    told = {cell: set(query_terms(cell.text)) for cell in cells if cell.text}
    new = [cell for cell, found in told.items() if not found <= asked]
    columns = {cell: set(query_terms(without_unit(cell.name))) for cell in new if cell.name}
    named = [cell for cell, column in columns.items() if column and column <= asked]
    behind = _ASKED_COLUMN.search(question)
    if behind and (first := set(terms(behind[1]))):
        named = [cell for cell in named if first <= columns[cell]] or named
    if not named and len(told) == 2 and len(new) == 1:
        named = new
    spans = [(cell.start, cell.start + len(cell.text)) for cell in named]
    if not named:
        within = [(cell, find_answering(question, cell.text)) for cell in new]
        found = [(cell, own) for cell, own in within if own]
        spans = [(cell.start + a, cell.start + b) for cell, own in found[:1] for a, b in own]
        spans = spans if len(found) == 1 else []
    return tuple(sorted(spans)) if len(spans) <= MAX_ANSWERING else ()


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
        if not draft.statements:
            missing.append(_say_missing(part, draft.reason))
    whole = Draft(
        tuple(statements.values()),
        min(draft.confidence for draft in drafts),
        None if statements else " ".join(missing),
        sum(draft.n_more for draft in drafts),
        tuple(computed),
        tuple(missing) if statements else (),
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
    question: str, worked: Sequence[Worked], confidence: float, sentences: Sequence[Sentence]
) -> tuple[Draft, tuple[Sentence, ...]]:
    """Return a draft of what was worked out, the rows that it rests on, and the sentences."""
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
            statements.setdefault(n, _quote(question, row, shape_of(document, unit)))
        rows = tuple(number(document, unit) for unit in one.used)
        if one.text:
            results.append(DraftResult(one.text, one.operation, rows))
    draft = Draft(tuple(statements.values()), confidence, computed=tuple(results))
    return draft, tuple(found)


def _say_absent(absent: Sequence[str], language: str) -> str:
    """Say what was asked for and is in no document."""
    joint = f" {say_in(language, 'and')} "
    named = joint.join(filter(None, (", ".join(absent[:-1]), absent[-1])))
    return say_in(language, "No document mentions {}.").replace("{}", named)


def _prefer_edition(retrieval: Retrieval, judgement: Judgement, read: Read) -> Judgement:
    """Leave out what is said in other editions than the one that the question asks for.

    "Now" and "current" ask for the newest, "version 2" for the one of that number: what another
    says alike is left out. "In 2022" asks for what stands under that year, as a heading or a file's
    name: what stands under other years is left out. A sentence of the edition that says most of the
    rest of the question is named by it.
    """
    query = retrieval.query
    wanted = set(find_versions(query))
    years = {o.text for o in find_exact(query) if o.kind == "year" and is_asked(query, o)}
    if not wanted and not years and not asks_current(query):
        return judgement
    sentences = judgement.sentences
    editions = [edition_of(one, read(one.passage.document_id)) for one in sentences]
    over = [_years_over(one) for one in sentences]
    has_year = any(years & own for own in over)

    def is_replaced(i: int) -> bool:
        own = editions[i]
        if has_year and over[i] and not years & over[i]:
            return True
        return any(
            (other.version in wanted and own.version not in wanted)
            if wanted
            else not years and other.is_newer(own)
            for j, other in enumerate(editions)
            if sentences[j].passage.document_id != sentences[i].passage.document_id
            and are_alike(sentences[i].text, sentences[j].text)
        )

    kept = [i for i in range(len(sentences)) if not is_replaced(i)]
    chosen = replace(
        judgement, sentences=tuple(sentences[i] for i in kept), scores=judgement.scores[kept]
    )
    if not kept:
        return chosen
    best = max(kept, key=lambda i: judgement.scores[i])
    is_of_it = editions[best].version in wanted or bool(years & over[best])
    if not is_of_it or _share_said(retrieval, sentences[best].text) < MOST:
        return chosen
    return replace(chosen, evidence=replace(chosen.evidence, is_named=True))


def _years_over(sentence: Sentence) -> set[str]:
    """Return the years of the headings above a sentence and of its file's name."""
    return set(
        _YEAR_OF_NAME.findall("\n".join((sentence.passage.document_id, *sentence.passage.under)))
    )


def _share_said(retrieval: Retrieval, said: str) -> float:
    """Return the weight of a query's words, without numbers, that a text has, as a share."""
    words = {t: w for t, w in retrieval.term_weights.items() if not any(map(str.isdigit, t))}
    words = {t: w for t, w in words.items() if t not in _OF_EDITIONS}
    found = sum(words[term] for term in set(terms(said)) if term in words)
    return found / (sum(words.values()) or 1.0) if len(words) > 1 else 0.0


def select(judgement: Judgement, settings: Settings) -> list[int]:
    """Return the positions of the sentences to quote, in reading order.

    The best one; then, by score, those whose log-odds lie at most `max_drop` under its, unless
    they repeat one that is taken or tell what to answer. A sentence that leans on the one before
    it brings that along while there is room.
    """
    sentences, scores = judgement.sentences, judgement.scores
    order = sorted(range(len(sentences)), key=lambda i: (-scores[i], i))
    floor = scores[order[0]] - settings.max_drop
    chosen: list[int] = []
    for i in order:
        if len(chosen) == settings.max_statements or scores[i] < floor:
            break
        if i in chosen or any(_say_the_same(sentences[i], sentences[j]) for j in chosen):
            continue
        if chosen and is_injection(sentences[i].text):  # a best one was asked about
            continue
        chosen.append(i)
        before = _antecedent(sentences, i)
        if before is not None and before not in chosen and len(chosen) < settings.max_statements:
            chosen.append(before)
    return sorted(chosen)


def find_beside(query: str, judgement: Judgement, chosen: Sequence[int]) -> list[int]:
    """Return sentences of other documents than the chosen ones that say as much of a question.

    One of each, so that sources which disagree are all shown, however many say one thing. None
    where the question names the document that answers, or what stands under a heading of it.
    """
    sentences, scores = judgement.sentences, judgement.scores
    best = chosen[0]
    if judgement.evidence.is_named or sentences[best].role not in _PLAIN or asks_current(query):
        return []
    if find_versions(query) or any(one.kind == "year" for one in find_exact(query)):
        return []
    language = sentences[best].passage.language
    asked = set(query_terms(query, language))
    placed = asked & _place_terms(sentences[best])
    floor = scores[best] - DIFFERING_DROP
    have = {sentences[i].passage.document_id for i in chosen}
    found: list[int] = []
    for i in sorted(range(len(sentences)), key=lambda i: -scores[i]):
        one = sentences[i]
        if scores[i] < floor or len(have) >= MAX_SOURCES:
            break
        if one.passage.document_id in have or one.role not in _PLAIN or is_injection(one.text):
            continue
        told = set(terms(one.text, language))
        if len(asked & told) < MOST * len(asked) or not placed <= told | _place_terms(one):
            continue
        have.add(one.passage.document_id)
        if not any(_say_the_same(one, sentences[j]) for j in (*chosen, *found)):
            found.append(i)
    return found


def _place_terms(sentence: Sentence) -> set[str]:
    """Return the terms of what a sentence stands under, and of its file's name."""
    passage = sentence.passage
    over = (term for text in passage.under for term in terms(text, passage.language))
    return {*over, *name_terms(passage.document_id, [passage.language])}


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


def unite(retrieval: Retrieval, other: Retrieval) -> Retrieval:
    """Return the retrieval with the passages that only the other one has found after its own."""
    have = {ranked.passage.passage_id for ranked in retrieval.ranking}
    pairs = zip(other.ranking, other.sentence_vectors, strict=True)
    more = [pair for pair in pairs if pair[0].passage.passage_id not in have]
    ranking = (*retrieval.ranking, *(ranked for ranked, _ in more))
    return replace(
        retrieval,
        ranking=tuple(replace(one, rank=rank) for rank, one in enumerate(ranking, start=1)),
        sentence_vectors=(*retrieval.sentence_vectors, *(vectors for _, vectors in more)),
    )


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
