"""A language model's reply, as far as it has come -> the statements that are whole in it.

Takes JSON as it was asked for, also inside of other text or a fence, and else lines that end or
begin with numbers in brackets. Numbers that are none count as 0, which no sentence has. Refuses
nothing: a reply that cannot be read has no statements. It is bounded, and read in linear time.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from assistant.answer.prompt import MAX_CITED, MAX_STATEMENTS
from assistant.ingest.normalize import normalize
from assistant.ingest.sentences import split_sentences
from assistant.values import DraftStatement

MAX_REPLY_CHARS = 20_000
"""A reply of 300 tokens has at most some 2,000."""
MAX_STATEMENT_CHARS = 600
MAX_REST_CHARS = 100
UNKNOWN = 0
"""The number of no sentence."""

_OPENING = re.compile(r"\{\s*\"(?:sentences|text)\"")
_MARKS = re.compile(r"\[\s*(\d{1,4}(?:\s*,\s*\d{1,4})*)\s*\]")
_SPACED_ACRONYM = re.compile(r"\b([A-Z]\.) (?=[A-Z]\.)")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_DECODER = json.JSONDecoder(parse_constant=lambda _: UNKNOWN)


class Reply:
    """A reply that is being read; at most `MAX_STATEMENTS` statements are taken."""

    def __init__(self) -> None:
        self.text = ""
        self._read_to = 0
        self._n_taken = 0

    def add(self, piece: str) -> tuple[DraftStatement, ...]:
        """Take the next piece; return the statements that it makes whole."""
        self.text = (self.text + piece)[:MAX_REPLY_CHARS]
        if "}" not in piece:  # nothing is whole without one; the text is not read in vain
            return ()
        return self._take(self._read_objects())

    def end(self) -> tuple[DraftStatement, ...]:
        """Return what is left at the end: the lines of a reply that held no JSON."""
        if self._n_taken or _OPENING.search(self.text):
            return ()
        return self._take(_read_lines(self.text))

    @property
    def is_full(self) -> bool:
        """Whether nothing more will be taken; a whole reply has little after its last statement."""
        if self._n_taken < MAX_STATEMENTS:
            return len(self.text) >= MAX_REPLY_CHARS
        return len(self.text) - self._read_to > MAX_REST_CHARS

    def _read_objects(self) -> Iterator[DraftStatement]:
        while found := _OPENING.search(self.text, self._read_to):
            self._read_to = found.start()
            try:
                value, self._read_to = _DECODER.raw_decode(self.text, found.start())
            except (ValueError, RecursionError):
                return  # not whole yet
            yield from _read_statement(value)
        # What follows may be the beginning of an opening that is cut in two.
        self._read_to = max(self._read_to, self.text.rfind("{"))

    def _take(self, found: Iterator[DraftStatement]) -> tuple[DraftStatement, ...]:
        taken = tuple(islice(found, MAX_STATEMENTS - self._n_taken))
        self._n_taken += len(taken)
        return taken


def _read_statement(value: dict[str, Any]) -> Iterator[DraftStatement]:
    """Yield a statement of one sentence each; all of them rest on the same numbers."""
    text, numbers = value.get("text"), value.get("sentences")
    if not isinstance(text, str):
        return
    given = numbers if isinstance(numbers, list) else [numbers]
    cited = [_number(one) for one in given[: 4 * MAX_CITED]]
    yield from _cut(text, cited)


def _read_lines(text: str) -> Iterator[DraftStatement]:
    for line in text.splitlines():
        if _MARKS.search(line):
            yield from _cut(_BULLET.sub("", line, count=1), [])


def _cut(text: str, cited: list[int]) -> Iterator[DraftStatement]:
    """Yield the sentences of a text with their numbers, and with those that stand in them."""
    text = " ".join(normalize(text)[0].split())[:MAX_STATEMENT_CHARS]
    marked = [int(n) for marks in _MARKS.findall(text) for n in marks.split(",")]
    text = " ".join(_MARKS.sub("", text).split()).replace(" .", ".")
    text = _SPACED_ACRONYM.sub(r"\1", text)
    numbers = tuple(dict.fromkeys(cited or marked))[:MAX_CITED]
    for start, end in split_sentences(text, [(0, len(text))] if text else []):
        yield DraftStatement(text[start:end], numbers)


def _number(value: Any) -> int:
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 6:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else UNKNOWN
