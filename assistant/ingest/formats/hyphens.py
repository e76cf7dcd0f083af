r"""Canonical text and its soft line breaks in; what to cut out so that hyphenated words are whole.

A hyphen at a soft break is taken for a break in a word if the word without it stands somewhere
else in the text; else it may belong there ("well-\nknown"), and stays. A soft hyphen at a line's
end says itself that it is none of the word's. Refuses nothing.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Collection, Sequence
from itertools import accumulate

from assistant.ingest.normalize import NEWLINE

Span = tuple[int, int]

_SOFT_HYPHEN = "\u00ad"
_HYPHENS = "-\u2010"
_WORD = re.compile(r"[^\W\d_]+")
_MAX_HALF_CHARS = 60


def find_soft_hyphens(text: str, raw: str) -> frozenset[int]:
    """Return where lines of the canonical text end that end with a soft hyphen in the raw one."""
    if _SOFT_HYPHEN not in raw:
        return frozenset()
    # Whatever else changes, every newline of the raw text is one of the canonical text's.
    is_hyphenated = (
        raw.endswith(_SOFT_HYPHEN, 0, newline.start()) for newline in NEWLINE.finditer(raw)
    )
    newlines = (match.start() for match in re.finditer("\n", text))
    return frozenset(end for end, is_soft in zip(newlines, is_hyphenated, strict=True) if is_soft)


def find_hyphenations(
    text: str, breaks: Sequence[Span], soft: Collection[int] = ()
) -> tuple[Span, ...]:
    """Return the spans to cut out, ascending: a hyphen, the newline and the spaces around it.

    Args:
        text: canonical.
        breaks: the whitespace around its soft newlines, ascending.
        soft: which of them, by their starts, had a soft hyphen before them.
    """
    words = {place: _join(text, *place) for place in breaks if place[0] not in soft}
    wanted = {word for word in words.values() if word}
    known = wanted.intersection(_WORD.findall(text.casefold())) if wanted else set()
    return tuple(
        (start, end) if start in soft else (start - 1, end)
        for start, end in breaks
        if (start in soft and _is_fit(text, start, end)) or words.get((start, end)) in known
    )


def cut(text: str, cuts: Sequence[Span]) -> str:
    """Return the text without the spans that are cut out."""
    kept = zip([0, *(end for _, end in cuts)], [*(start for start, _ in cuts), None], strict=True)
    return "".join(text[start:end] for start, end in kept)


def close_up(spans: Sequence[Span], cuts: Sequence[Span]) -> tuple[Span, ...]:
    """Return where spans are once the cuts, which lie inside them or outside, are made."""
    starts = [start for start, _ in cuts]
    n_cut = [0, *accumulate(end - start for start, end in cuts)]
    return tuple(
        (start - n_cut[bisect_left(starts, start)], end - n_cut[bisect_left(starts, end)])
        for start, end in spans
    )


def _join(text: str, start: int, end: int) -> str | None:
    """Return the word that a hyphen at a break parts, folded, or None if there is none."""
    hyphen = start - 1
    if text[hyphen:start] not in tuple(_HYPHENS) or not _is_fit(text, hyphen, end):
        return None
    before = _last_word(text[max(hyphen - _MAX_HALF_CHARS, 0) : hyphen])
    after = _WORD.match(text, end, end + _MAX_HALF_CHARS)
    return (before + after[0]).casefold() if before and after else None


def _last_word(text: str) -> str:
    first = len(text)
    while first and _WORD.match(text, first - 1):
        first -= 1
    # The last part of "mother-in-" is no half of a word.
    return "" if first and text[first - 1] in _HYPHENS else text[first:]


def _is_fit(text: str, start: int, end: int) -> bool:
    """Tell whether what stands beside a cut are letters that do not join into one."""
    pair = text[start - 1 : start] + text[end : end + 1]
    return pair.isalpha() and len(pair) == 2 and unicodedata.is_normalized("NFC", pair)
