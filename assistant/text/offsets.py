"""Traces spans of a text back to the text that it was made of.

A text is rewritten in steps, each with its changes in ascending order; what lies between two
changes was only shifted. A step that replaces characters one for one needs no change.
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
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
