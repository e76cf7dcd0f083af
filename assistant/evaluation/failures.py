"""A record -> what went wrong with the question, if anything did.

In: a record with its values. Out: one of `WRONGS`, or None. Refuses nothing.
"""

from assistant.evaluation.measures.calibration import has_answer
from assistant.evaluation.measures.refusal import UNDECIDED
from assistant.evaluation.report import Record

MIN_EVIDENCE = 0.5
"""Evidence F1 under which a right answer rests on the wrong quotes."""
WRONGS = ("quote", "unanswerable", "wrong", "refused", "evidence")
"""What can go wrong with a question, the most serious first: a false promise, a false answer, no
answer, a right answer that is badly shown."""
WHOLE_VALUES = ("pointer_validity", "verbatim")
"""Measures that are below 1 only when a citation is broken."""


def wrong_of(record: Record) -> str | None:
    """Return the most serious of `WRONGS` that is so of a question; None if it went right."""
    if not has_answer(record):
        return None
    values = record.values
    if any((one := values.get(name)) is not None and one < 1 for name in WHOLE_VALUES):
        return "quote"
    if record.kind in UNDECIDED:
        return None
    if record.abstained:
        return "refused" if record.is_answerable else None
    if not record.is_answerable:
        return "unanswerable"
    if values.get("contains_answer") == 0 or values.get("holds_wrong") == 1:
        return "wrong"
    evidence = values.get("evidence_f1")
    return "evidence" if evidence is not None and evidence < MIN_EVIDENCE else None
