"""Cuts sentences that are too long for the embedder.

A cut falls on whitespace, or else between two characters as people see them (grapheme clusters):
never before a combining mark, a joiner or a variation selector.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

CountTokens = Callable[[Sequence[str]], list[int]]
Span = tuple[int, int]

MAX_CHARS_PER_TOKEN = 10
"""English has 4 to 5. A word-piece tokenizer counts a megabyte without spaces as one unknown."""
MAX_CLUSTER_CHARS = 64
"""Further than this no place between clusters is sought: no script writes so long a cluster."""

_VIRAMA_CLASS = 9
_EMOJI_MODIFIERS = range(0x1F3FB, 0x1F400)
_REGIONAL_INDICATORS = range(0x1F1E6, 0x1F200)
_HANGUL_JAMO = range(0x1100, 0x1200)
_JOINER = "\u200d"


def cut_sentences(
    text: str, sentences: Iterable[Span], *, count_tokens: CountTokens, max_tokens: int
) -> list[tuple[Span, int]]:
    """Return the sentences with their tokens, each that is too long halved until its parts fit.

    A part fits with at most `max_tokens` tokens and `MAX_CHARS_PER_TOKEN` characters for each.
    One that is a single grapheme cluster stays, whatever it counts.
    """
    max_chars = max_tokens * MAX_CHARS_PER_TOKEN
    todo = [part for span in sentences for part in _cut_by_chars(text, span, max_chars)]
    fitting: list[tuple[Span, int]] = []
    while todo:
        # Every round halves what is left over, so its text is read a few times at most.
        counts = count_tokens([text[start:end] for start, end in todo])
        too_long: list[Span] = []
        for span, n_tokens in zip(todo, counts, strict=True):
            parts = halve(text, span) if n_tokens > max_tokens else [span]
            if len(parts) > 1:
                too_long += parts
            else:
                fitting.append((span, n_tokens))
        todo = too_long
    return sorted(fitting)


def halve(text: str, span: Span) -> list[Span]:
    """Return the span's two halves, trimmed, or the span itself if nothing parts it."""
    start, end = span
    middle = (start + end) // 2
    window = (end - start) // 4
    cut = _find_space(text, middle - window, middle + window, middle)
    if cut is None:
        cut = find_cluster_start(text, start, end, middle)
    if not start < cut < end:
        return [span]
    return [part for part in (_trim(text, start, cut), _trim(text, cut, end)) if part[0] < part[1]]


def _cut_by_chars(text: str, span: Span, max_chars: int) -> list[Span]:
    parts: list[Span] = []
    todo = [span]
    while todo:
        part = todo.pop()
        halves = halve(text, part) if part[1] - part[0] > max_chars else [part]
        (todo if len(halves) > 1 else parts).extend(halves)
    return parts


def _find_space(text: str, start: int, end: int, near: int) -> int | None:
    """Return the place before the whitespace nearest to `near`."""
    before = max((text.rfind(space, start, near) for space in " \n\t"), default=-1)
    after = re.compile(r"\s").search(text, near, end)
    places = [place for place in (before, after.start() if after else -1) if place > start]
    return min(places, key=lambda place: abs(place - near)) if places else None


def find_cluster_start(text: str, start: int, end: int, near: int) -> int:
    """Return the last start of a cluster up to `near`, or the next after it, or `near`."""
    nearby = [
        *range(near, max(start, near - MAX_CLUSTER_CHARS), -1),
        *range(near + 1, min(end, near + MAX_CLUSTER_CHARS)),
    ]
    return next((place for place in nearby if starts_cluster(text, place)), near)


def starts_cluster(text: str, place: int) -> bool:
    """Tell whether the character at `place` begins a grapheme cluster (UAX #29, simplified).

    Simplified to the safe side: two regional indicators, two Hangul jamo, or a consonant
    after a virama are never parted.
    """
    if place <= 0 or place >= len(text):
        return True
    before, here = text[place - 1], text[place]
    if _JOINER in (before, here) or unicodedata.category(here) in ("Mn", "Mc", "Me"):
        return False
    if ord(here) in _EMOJI_MODIFIERS or unicodedata.combining(before) == _VIRAMA_CLASS:
        return False
    return not any(
        ord(before) in pairs and ord(here) in pairs
        for pairs in (_REGIONAL_INDICATORS, _HANGUL_JAMO)
    )


def _trim(text: str, start: int, end: int) -> Span:
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    return start, start + len(part.strip())
