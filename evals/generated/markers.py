"""Text with marks such as [2] -> its sentences, each with the numbers that it names.

Takes what models write for a citation: [1], [1, 2], [1-3], [Source 1], (Source 1), and "Source 1"
in the sentence. A mark after a sentence's end belongs to that sentence. Refuses nothing.
"""

import re
from dataclasses import dataclass

from assistant.text.sentences import split_sentences

MAX_RANGE = 20
_ONE = r"(?:sources?\s*)?\d{1,3}(?:\s*[-–]\s*\d{1,3})?"
_MARK = re.compile(rf"\[\s*{_ONE}(?:\s*(?:,|;|and|&)\s*{_ONE})*\s*\]", re.I)
_NAMED = re.compile(r"\(?\bsources?\s+(\d{1,3}(?:\s*(?:,|and|&|-|–)\s*\d{1,3})*)\)?", re.I)
_BEHIND = re.compile(rf"([.!?][\"'”’)]*)\s*((?:{_MARK.pattern}\s*)+)", re.I)
_NUMBERS = re.compile(r"(\d{1,3})(?:\s*[-–]\s*(\d{1,3}))?")
_REFUSAL = re.compile(
    r"\b(?:sources?|information|text|context|passages?|documents?|none)\b.*"
    r"(?:\b(?:not|no|none|neither|cannot)\b|n['’]t\b|\b(?:is|are) helpful\b)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence without its marks, and the numbers that it names, each once."""

    text: str
    numbers: tuple[int, ...]

    @property
    def is_refusal(self) -> bool:
        """Whether it names nothing and says that the sources say nothing."""
        return not self.numbers and _REFUSAL.search(self.text) is not None


def split_marked(text: str) -> tuple[Marked, ...]:
    """Return the sentences of a text.

    >>> split_marked("It rained [1]. It snowed. [2, 3]")
    (Marked(text='It rained.', numbers=(1,)), Marked(text='It snowed.', numbers=(2, 3)))
    """
    found = []
    for line in text.splitlines():
        moved = _BEHIND.sub(lambda match: f" {match[2].strip()}{match[1]} ", line).strip()
        for start, end in split_sentences(moved, [(0, len(moved))] if moved else []):
            sentence = moved[start:end]
            bare = " ".join(_MARK.sub(" ", sentence).split())
            bare = re.sub(r"\s+([.,;:!?])", r"\1", bare).strip()
            if re.search(r"\w", bare):
                found.append(Marked(bare, _numbers(sentence)))
    return tuple(found)


def _numbers(sentence: str) -> tuple[int, ...]:
    marks = [match[0] for match in _MARK.finditer(sentence)]
    marks += [match[1] for match in _NAMED.finditer(_MARK.sub(" ", sentence))]
    numbers: list[int] = []
    for first, last in (pair for mark in marks for pair in _NUMBERS.findall(mark)):
        end = int(last) if last else int(first)
        numbers += range(int(first), min(end, int(first) + MAX_RANGE) + 1)
    return tuple(dict.fromkeys(numbers))
