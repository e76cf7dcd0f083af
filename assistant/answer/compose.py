"""Chooses the few sentences that answer together, and quotes them word for word.

Takes the judgement of everything that was read and returns a `Draft` that points at sentences by
number; `assistant.cite` makes quotes of it. When the probability that the documents answer lies
below the calibrated bar, the draft has no statements and says why.
"""

from collections.abc import Sequence

from assistant.evidence.calibration import Calibration
from assistant.evidence.scorer import Judgement, probability
from assistant.settings import Settings
from assistant.text.cues import denies, leans_back
from assistant.text.injections import is_injection
from assistant.text.numbers import NUMERAL
from assistant.text.terms import terms
from assistant.values import Draft, DraftStatement, Sentence

NAME = "extract"
NOTHING_RETRIEVED = "The documents hold nothing that resembles the question."
NOT_SAID = "The documents do not say."

SAME = 0.8
"""Share of terms from which two sentences say the same."""


def compose(judgement: Judgement, calibration: Calibration, settings: Settings) -> Draft:
    """Return the draft; its statements point at the judgement's sentences by number."""
    confidence = probability(judgement, calibration)
    if not judgement.sentences:
        return Draft((), confidence, NOTHING_RETRIEVED)
    if confidence < calibration.bar(settings.max_over_refusal):
        return Draft((), confidence, NOT_SAID)
    chosen = (judgement.sentences[i] for i in select(judgement, settings))
    statements = tuple(DraftStatement(" ".join(s.text.split()), (s.number,)) for s in chosen)
    return Draft(statements, confidence)


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
