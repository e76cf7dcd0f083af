"""Chooses the few sentences that answer together, and quotes them word for word.

Takes the judgement of everything that was read and returns a `Draft` that points at sentences by
number; `assistant.cite` makes quotes of it. When the probability that the documents answer lies
below the calibrated bar, the draft has no statements and says why.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from assistant.answer.excerpt import complete
from assistant.cite import place_of
from assistant.evidence.calibration import Calibration
from assistant.evidence.scorer import Judgement, probability
from assistant.retrieve.retriever import Retrieval
from assistant.settings import Settings
from assistant.text.cues import (
    MAX_TOLD_CHARS,
    denies,
    find_answering,
    is_injection,
    leans_back,
)
from assistant.text.numbers import NUMERAL
from assistant.text.terms import query_terms, terms
from assistant.values import Cell, Document, Draft, DraftStatement, Role, Sentence, Shape

NAME = "extract"
NOTHING_RETRIEVED = "Nothing was found in the documents that resembles the question."
NOT_SAID = "Nothing was found in the documents that answers this."

MAX_ANSWERING = 2
"""Cells of a row that are emphasised: where more may answer, none is."""
_ASKED_COLUMN = re.compile(
    r"\b(?:which|what|whose|welche\w?|quel(?:le)?s?|qué|cuál(?:es)?|qual[ei]?|quais|welke?)\s+(\w+)",
    re.IGNORECASE,
)

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
    confidence = probability(judgement, calibration)
    if not judgement.sentences:
        return Draft((), confidence, NOTHING_RETRIEVED), ()
    if retrieval.absent and settings.max_over_refusal:
        return Draft((), 0.0, _say_absent(retrieval.absent)), judgement.sentences
    bar = calibration.bar(settings.max_over_refusal)
    if confidence < bar and not judgement.evidence.is_named:
        return Draft((), confidence, NOT_SAID), judgement.sentences
    chosen = sorted(select(judgement, settings), key=lambda i: -judgement.scores[i])
    whole = complete([judgement.sentences[i] for i in chosen], retrieval.term_weights, read)
    last = len(judgement.sentences)
    added = {
        place_of(s): replace(s, number=last + number)
        for number, (s, _) in enumerate(whole.shown, start=1)
        if not s.number
    }
    shown = [(added.get(place_of(s), s), shape) for s, shape in whole.shown]
    statements = tuple(_quote(retrieval.query, s, shape) for s, shape in shown)
    draft = Draft(statements, confidence, n_more=whole.n_more)
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
    columns = {cell: set(query_terms(cell.name)) for cell in new if cell.name}
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


def _say_absent(absent: Sequence[str]) -> str:
    """Say what was asked for and is in no document."""
    named = " and ".join(filter(None, (", ".join(absent[:-1]), absent[-1])))
    return f"No document mentions {named}."


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
