"""Reads a language model's reply: statements as they arrive, or a rewritten question.

Takes the JSON that was asked for, also within other text or a fence, and otherwise lines that begin
or end with numbers in brackets. A number that cannot be read becomes 0, which no sentence has. A
reply that cannot be read has no statements. Its length is bounded, and it is read in linear time.
"""

import json
import re
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

from assistant.cite import DraftStatement
from assistant.text.normalize import normalize
from assistant.text.sentences import split_sentences
from assistant.text.terms import terms
from assistant.text.words import content
from assistant.values import Turn
from assistant.write.llm.values import Finished, Model
from assistant.write.prompt import MAX_CITED, MAX_STATEMENTS, Prompt

MAX_REPLY_CHARS = 20_000
"""A reply of 300 tokens has about 2,000 at most."""
MAX_STATEMENT_CHARS = 600
MAX_REST_CHARS = 100
"""Characters after the last statement that is taken, before the reply is cut off."""
MAX_QUERY_CHARS = 300
MAX_REWRITTEN_CHARS = 2 * MAX_QUERY_CHARS
"""A rewritten question with what a model puts around it; a longer reply is something else."""
N_BEGINNING = 4
"""Words with the same first letters count as forms of one: "built" and "build" share no stem."""
UNKNOWN = 0
"""A number that no sentence has, for one that cannot be read."""

_OPENING = re.compile(r"\{\s*\"(?:sentences|text)\"")
_MARKS = re.compile(r"\[\s*(\d{1,4}(?:\s*,\s*\d{1,4})*)\s*\]")
_SPACED_ACRONYM = re.compile(r"\b([A-Z]\.) (?=[A-Z]\.)")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_PREFIX = re.compile(r"^(?:\W*(?:last |standalone |rewritten )?question\s*:)?[\s\"'“”*]*", re.I)
_SUFFIX = re.compile(r"[\s\"'“”*]*$")
_DECODER = json.JSONDecoder(parse_constant=lambda _: UNKNOWN)


class Reply:
    """A reply that is still arriving; at most `MAX_STATEMENTS` statements are taken from it."""

    def __init__(self) -> None:
        self.text = ""
        self._read_to = 0
        self._n_taken = 0

    def add(self, piece: str) -> tuple[DraftStatement, ...]:
        """Add the next piece; return the statements that it completes."""
        self.text = (self.text + piece)[:MAX_REPLY_CHARS]
        if "}" not in piece:  # no statement ends in this piece
            return ()
        return self._take(self._read_objects())

    def end(self) -> tuple[DraftStatement, ...]:
        """Return the statements of a reply that has ended without any JSON, line by line."""
        if self._n_taken or _OPENING.search(self.text):
            return ()
        return self._take(_read_lines(self.text))

    @property
    def is_full(self) -> bool:
        """Whether no more statements will be taken; a proper reply ends soon after its last one."""
        if self._n_taken < MAX_STATEMENTS:
            return len(self.text) >= MAX_REPLY_CHARS
        return len(self.text) - self._read_to > MAX_REST_CHARS

    def _read_objects(self) -> Iterator[DraftStatement]:
        while found := _OPENING.search(self.text, self._read_to):
            self._read_to = found.start()
            try:
                value, self._read_to = _DECODER.raw_decode(self.text, found.start())
            except (ValueError, RecursionError):
                return  # incomplete as yet
            yield from _read_statement(value)
        # The rest may begin with the first half of an opening.
        self._read_to = max(self._read_to, self.text.rfind("{"))

    def _take(self, found: Iterator[DraftStatement]) -> tuple[DraftStatement, ...]:
        taken = tuple(islice(found, MAX_STATEMENTS - self._n_taken))
        self._n_taken += len(taken)
        return taken


def generate(model: Model, shown: Prompt) -> Generator[DraftStatement | Finished | None]:
    """Yield the statements of the reply; None while nothing comes; its cost at the end.

    The cost of a reply that is cut off is estimated. What `Model.stream` raises is raised.
    """
    reply, started, first_s = Reply(), time.monotonic(), 0.0
    with closing(model.stream(shown.request)) as pieces:
        for piece in pieces:
            if isinstance(piece, Finished):
                yield from reply.end()
                yield piece
                return
            if piece:
                first_s = first_s or time.monotonic() - started
                yield from reply.add(piece)
                if reply.is_full:
                    break
            else:
                yield None
    prompt = model.count(shown.request.system + shown.request.user)
    total_s = time.monotonic() - started
    yield Finished(prompt, model.count(reply.text), first_s, total_s, is_estimated=True)


def read_rewritten(reply: str, question: str, history: Sequence[Turn]) -> str | None:
    """Return the question that a model made of a follow-up; None if it must not be used.

    It must keep the words of the follow-up and add only words of the conversation, so that the
    model cannot choose what is searched for.

    >>> history = [("user", "Who built the mill?"), ("assistant", "Ann Holt built it.")]
    >>> read_rewritten('"When did Ann Holt build the mill?"', "When did she?", history)
    'When did Ann Holt build the mill?'
    >>> read_rewritten("When was the king crowned?", "When?", history)
    """
    if len(reply) > MAX_REWRITTEN_CHARS:
        return None
    lines = [line for line in normalize(reply)[0].splitlines() if line.strip()]
    if len(lines) != 1:
        return None
    query = " ".join(_SUFFIX.sub("", _PREFIX.sub("", lines[0])).split())
    if not query or len(query) > MAX_QUERY_CHARS:
        return None
    found, own = _terms(query), _terms(question)
    said = {term for _, text in history for term in terms(text)}
    beginnings = {term[:N_BEGINNING] for term in own | said}
    is_said = all(term[:N_BEGINNING] in beginnings for term in found)
    return query if own <= found and is_said else None


def _read_statement(value: dict[str, Any]) -> Iterator[DraftStatement]:
    """Yield a statement for each sentence of the text; all of them cite the same numbers."""
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
    """Yield each sentence of a text with the numbers given, or else with those in the text."""
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


def _terms(text: str) -> set[str]:
    return {term for word in content(text) for term in terms(word)}
