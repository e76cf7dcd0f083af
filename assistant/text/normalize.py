r"""Makes canonical text: the text whose characters all spans count.

Newlines of every kind become `\n`; characters that nobody sees and that hide or reorder text are
removed; Latin ligatures become their letters; the rest is in NFC. Normalising twice changes
nothing, and time grows with the length of the text. What was removed is returned with it, and
spans are traced back to the text that it was made of: a text is rewritten in steps, each with its
changes in ascending order; what lies between two changes was only shifted.
"""

import re
import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Self

Change = tuple[int, int, int, int]
"""Start and end in the text after a step, start and end in the text before it."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes of one step, in columns: a text with a million of them is no rare one."""

    starts: "array[int]"
    ends: "array[int]"
    raw_starts: "array[int]"
    raw_ends: "array[int]"

    @classmethod
    def of(cls, changes: Iterable[Change]) -> Self:
        """Keep changes, which are ascending and apart."""
        values = array("q", chain.from_iterable(changes))
        return cls(*(values[column::4] for column in range(4)))

    @classmethod
    def by(cls, text: str, regions: re.Pattern[str], rewrite: Callable[[str], str]) -> Self:
        """Keep what `rewrite` changes in the regions of a text; elsewhere it changes nothing."""
        return cls.of(_compare(text, regions, rewrite))

    @classmethod
    def by_cutting(cls, cuts: Iterable[tuple[int, int]]) -> Self:
        """Keep that spans of a text, ascending and apart, were cut out of it."""
        return cls.of(_close_up(cuts))

    def to_raw(self, start: int, end: int) -> tuple[int, int]:
        """Return what a span was before the step: with the whole of each change that it touches.

        What was removed at the edges of the span is not in it.
        """
        first = bisect_right(self.starts, start) - 1
        last = bisect_left(self.starts, end) - 1
        raw_start, raw_end = start, end
        if first >= 0:
            is_inside = start < self.ends[first]
            shifted = self.raw_ends[first] + start - self.ends[first]
            raw_start = self.raw_starts[first] if is_inside else shifted
        if last >= 0:
            raw_end = self.raw_ends[last] + max(end - self.ends[last], 0)
        return raw_start, max(raw_start, raw_end)


@dataclass(frozen=True, slots=True)
class OffsetMap:
    """The steps that made a text, the first one first; none is the text as it was."""

    steps: tuple[Changes, ...] = ()

    def then(self, *steps: Changes) -> "OffsetMap":
        """Return the map of a text that was changed further."""
        return OffsetMap((*self.steps, *(step for step in steps if step.starts)))

    def to_raw(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the raw text that has become this one.

        >>> OffsetMap((Changes.by_cutting([(2, 4)]),)).to_raw(1, 3)
        (1, 5)
        """
        for step in reversed(self.steps):
            start, end = step.to_raw(start, end)
        return start, end


def _compare(
    text: str, regions: re.Pattern[str], rewrite: Callable[[str], str]
) -> Iterable[Change]:
    shift = 0
    for region in regions.finditer(text):
        before = region.group()
        after = rewrite(before)
        if before == after:
            continue
        start = region.start() + shift
        yield start, start + len(after), region.start(), region.end()
        shift += len(after) - len(before)


def _close_up(cuts: Iterable[tuple[int, int]]) -> Iterable[Change]:
    n_cut = 0
    for start, end in cuts:
        yield start - n_cut, start - n_cut, start, end
        n_cut += end - start


MAX_MARKS = 30
"""Combining marks in a row, as in Unicode's stream-safe text format (UAX #15, section 13).

Languages need fewer than ten; sorting a longer run costs the square of its length.
"""

UNSEEN = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x9f"  # C0 and C1 controls but tab, newline and those read as one
    "\u00ad\u200b\u2060\ufeff"  # soft hyphen, zero-width space, word joiner, byte-order mark
    "\u202a-\u202e\u2066-\u2069"  # bidirectional embeddings, overrides, isolates
    "\ud800-\udfff"  # lone surrogates
    "\U000e0000-\U000e007f"  # tags
    "]+"
)
"""Runs of characters that canonical text never holds; joiners and variation selectors stay."""

NEWLINE = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
"""What becomes one newline."""
_OTHER_NEWLINE = re.compile("[\r\x0b\x0c\x85\u2028\u2029]")
_NEWLINES = str.maketrans(dict.fromkeys("\r\x0b\x0c\x85\u2028\u2029", "\n"))
_PARTS = str.maketrans(
    {"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl"}
    | {"\ufb05": "st", "\ufb06": "st"}
    | {"\u0344": "\u0308\u0301", "\u0f73": "\u0f71\u0f72", "\u0f75": "\u0f71\u0f74"}
    | {"\u0f81": "\u0f71\u0f80"}
)
"""The Latin ligatures, and the only characters that decompose to nothing but marks."""
_COMPOUND = re.compile("[\ufb00-\ufb06\u0344\u0f73\u0f75\u0f81]")
_FIRST_MARK, _LAST_MARK = 0x300, 0x1FFFF
_LAST_DECOMPOSED = 0x2FA1D
_HANGUL_VOWELS_AND_TAILS = (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))


@dataclass(frozen=True, slots=True)
class Canonical:
    """A canonical text, how many characters were removed from it, and where it came from."""

    text: str
    n_removed: int
    offsets: OffsetMap


@dataclass(frozen=True, slots=True)
class _Step:
    """A rewriting of texts that changes nothing but regions, each by itself."""

    rewrite: Callable[[str], str]
    regions: Callable[[], re.Pattern[str]]
    is_removal: bool = False


def normalize(text: str) -> tuple[str, int]:
    """Return the canonical text and the number of characters removed from it."""
    n_removed = 0
    for step in _steps(text):
        before, text = text, step.rewrite(text)
        n_removed += step.is_removal * (len(before) - len(text))
    return text, n_removed


def normalize_mapped(text: str) -> Canonical:
    """Return the canonical text with the map of its offsets."""
    n_removed, offsets = 0, OffsetMap()
    for step in _steps(text):
        before, text = text, step.rewrite(text)
        n_removed += step.is_removal * (len(before) - len(text))
        if text != before:
            offsets = offsets.then(Changes.by(before, step.regions(), step.rewrite))
    return Canonical(text, n_removed, offsets)


def _steps(text: str) -> tuple[_Step, ...]:
    if text.isascii():
        return _FIRST_STEPS
    # Composing reorders marks, which can lengthen a run that was within the limit.
    return (*_FIRST_STEPS, _PARTING, _LIMITING, _COMPOSING, _LIMITING)


def _unify_newlines(text: str) -> str:
    # Translating is quick for ASCII alone.
    if text.isascii() or _OTHER_NEWLINE.search(text):
        return text.replace("\r\n", "\n").translate(_NEWLINES)
    return text


def _part(text: str) -> str:
    return text.translate(_PARTS) if _COMPOUND.search(text) else text


def _compose(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _limit_marks(text: str) -> str:
    return _long_mark_runs().sub(r"\1", text) if _may_be_marks().search(text) else text


@cache
def _marks() -> str:
    codes = range(_FIRST_MARK, _LAST_MARK)
    return _ranges(code for code in codes if unicodedata.combining(chr(code)))


@cache
def _long_mark_runs() -> re.Pattern[str]:
    return re.compile(f"([{_marks()}]{{{MAX_MARKS}}})[{_marks()}]+")


@cache
def _may_be_marks() -> re.Pattern[str]:
    """Match what may be a long run: a set beyond the basic plane is slow to search for."""
    basic = "".join(re.findall("[\u0300-\uffff](?:-[\u0300-\uffff])?", _marks()))
    member = f"[{basic}\U00010000-{chr(_LAST_MARK)}]"
    return re.compile(f"{member}{member}{{{MAX_MARKS}}}")


def _ranges(codes: Iterable[int]) -> str:
    """Return ascending characters as the inside of a regular expression's set."""
    ranges: list[tuple[int, int]] = []
    for code in codes:
        is_next = ranges and code == ranges[-1][1] + 1
        ranges[-1:] = [(ranges[-1][0], code)] if is_next else [*ranges[-1:], (code, code)]
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


@cache
def _clusters() -> re.Pattern[str]:
    """Match what composing may change: a character, and those after it that are not fixed.

    Fixed is a character that never joins or passes what stands before it: no mark, not the second
    part of a composed character, and not itself rewritten (UAX #15, section 9.1).
    """
    loose = set(_HANGUL_VOWELS_AND_TAILS)
    for code in range(_FIRST_MARK, _LAST_DECOMPOSED + 1):
        character = chr(code)
        parts = unicodedata.decomposition(character).split()
        if unicodedata.combining(character):
            loose.add(code)
        elif parts and parts[0][0] != "<":
            is_rewritten = unicodedata.normalize("NFC", character) != character
            loose.add(code if is_rewritten else int(parts[-1], 16))
    members = _ranges(sorted(loose))
    return re.compile(f"[^{members}]?[{members}]+")


_FIRST_STEPS = (
    _Step(_unify_newlines, lambda: NEWLINE),
    _Step(lambda text: UNSEEN.sub("", text), lambda: UNSEEN, is_removal=True),
)
_PARTING = _Step(_part, lambda: _COMPOUND)
_LIMITING = _Step(_limit_marks, _long_mark_runs, is_removal=True)
_COMPOSING = _Step(_compose, _clusters)
