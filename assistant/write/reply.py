"""Reads a language model's reply: statements as they arrive, or a rewritten question.

The long form is plain text or Markdown with marks such as [2], the short form JSON, also within
other text or a fence. A number that cannot be read becomes 0, which no unit has. What cannot be
read has no statements. A reply's length is bounded, and it is read in linear time.
"""

import json
import re
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import Any, Literal, Protocol

from assistant.cite import PLAIN, DraftStatement, Shape
from assistant.text.exact import date_forms
from assistant.text.normalize import normalize
from assistant.text.sentences import split_sentences
from assistant.text.terms import terms
from assistant.text.words import content
from assistant.values import Cell, Role, Turn
from assistant.write.llm.values import Finished, Model, Request
from assistant.write.prompt import MAX_CITED, MAX_STATEMENTS

MAX_REPLY_CHARS = 40_000
MAX_SHORT_CHARS = 20_000
"""A reply of 300 tokens has about 2,000 at most."""
MAX_WRITTEN = 80
"""Sentences, items and rows that are taken from a reply of the long form."""
MAX_WRITTEN_CITED = 8
MAX_STATEMENT_CHARS = 1_000
MAX_REST_CHARS = 100
"""Characters after the last statement that is taken, before the reply is cut off."""
MAX_QUERY_CHARS = 300
MAX_REWRITTEN_CHARS = 2 * MAX_QUERY_CHARS
"""A rewritten question with what a model puts around it; a longer reply is something else."""
MAX_RANGE = 20
N_BEGINNING = 4
"""Words with the same first letters count as forms of one: "built" and "build" share no stem."""
UNKNOWN = 0
"""A number that no unit has, for one that cannot be read."""

Answered = Literal["all", "part", "no"]
_OPENING = re.compile(r"\{\s*\"(?:sentences|text)\"")
_ONE = r"(?:(?:sources?|sentences?)\s)?\d{1,4}(?:\s?[-–]\s?\d{1,4})?"
_MARK = re.compile(rf"[\[【]\s?\^?{_ONE}(?:\s?[,;&]\s?{_ONE})*\s?[\]】]", re.IGNORECASE)
_BEHIND = re.compile(
    rf"((?<![.!?。！？])[.!?。！？]+[\"'”’)*_]*)\s?((?:{_MARK.pattern}\s?)+)(?:[.。](?!\w))?",
    re.IGNORECASE,
)
"""Marks behind the end of a sentence; a second end behind them ("the U.S. [4].") says no more."""
_NUMBERS = re.compile(r"(\d{1,4})(?:\s?[-–]\s?(\d{1,4}))?")
_VERDICT = re.compile(r"^\W*(NOT|PARTLY) ANSWERED\b", re.IGNORECASE)
_ITEM = re.compile(r"^(\s{0,40})(?:[-*+•]|(\d{1,3})([.)]))\s+(.*)$")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s")
_RULE = re.compile(r"^[\s|:+=-]+$")
_LINK = re.compile(r"!?\[([^\[\]]{1,300})\]\([^()\s]{1,500}\)")
_EMPHASIS = re.compile(r"\*\*|__|`|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)")
_SPACED_ACRONYM = re.compile(r"\b([A-Z]\.) (?=[A-Z]\.)")
_THOUGHT = "</think>"
_PREFIX = re.compile(
    r"^(?:\W*(?:last |standalone |rewritten )?question\s?:)?[\s\"'“”„«*]*", re.IGNORECASE
)
_SUFFIX = re.compile(r"[\s\"'“”»*]*$")
_ANSWERS = re.compile(r"[.!。]$")
_DECODER = json.JSONDecoder(parse_constant=lambda _: UNKNOWN)


class Arriving(Protocol):
    """A reply that is still arriving."""

    text: str
    answered: Answered

    def add(self, piece: str) -> tuple[DraftStatement, ...]:
        """Add the next piece; return the statements that it completes."""

    def end(self, *, is_cut: bool = False) -> tuple[DraftStatement, ...]:
        """Return the statements that are left; of one that was cut off without its last words."""

    @property
    def is_full(self) -> bool:
        """Whether no more statements will be taken."""


class LongReply:
    """A reply of plain text or Markdown, whose sentences, items and rows have marks behind them.

    A sentence without any rests on the next marks of its paragraph; what leads into a list or table
    on those of the list; an item or row without any on those of what leads in, or of the line that
    stands under it.
    """

    def __init__(self) -> None:
        self.text = ""
        self.answered: Answered = "all"
        self._line = ""
        self._paragraph: list[str] = []
        self._block: list[DraftStatement] = []
        self._names: list[str] | None = None
        self._n_taken = 0
        self._n_blocks = 0
        self._counted: dict[int, int] = {}
        self._has_begun = False
        self._is_thinking = False

    def add(self, piece: str) -> tuple[DraftStatement, ...]:
        """Add the next piece; return the statements that it completes."""
        piece = piece[: MAX_REPLY_CHARS - len(self.text)]
        self.text += piece
        *lines, self._line = (self._line + piece).split("\n")
        return self._take(one for line in lines for one in self._read_line(line))

    def end(self, *, is_cut: bool = False) -> tuple[DraftStatement, ...]:
        """Return the statements that are left; of a reply that was cut off without its last."""
        line, self._line = self._line, ""
        if is_cut:
            last = max(map(line.rfind, (".", "!", "?", "]", "。")))
            line = line[: last + 1]
        found = [*self._read_line(line), *self._flush()]
        return self._take(found)

    @property
    def is_full(self) -> bool:
        """Whether no more statements will be taken."""
        is_long = len(self.text) >= MAX_REPLY_CHARS or self._n_taken >= MAX_WRITTEN
        return is_long or self.answered == "no"

    def _take(self, found: Iterable[DraftStatement]) -> tuple[DraftStatement, ...]:
        taken = tuple(islice(found, MAX_WRITTEN - self._n_taken))
        self._n_taken += len(taken)
        return taken

    def _read_line(self, line: str) -> Iterator[DraftStatement]:
        line = self._without_thoughts(line)
        if not self._has_begun and line.strip():
            self._has_begun = True
            if verdict := _VERDICT.match(line[:200]):
                self.answered = "no" if verdict[1].upper() == "NOT" else "part"
                return
        if self.answered != "no":
            yield from self._read_said(line)

    def _without_thoughts(self, line: str) -> str:
        self._is_thinking |= not self._has_begun and line.lstrip().startswith("<think>")
        if not self._is_thinking:
            return line
        _, end, line = line.rpartition(_THOUGHT)
        self._is_thinking = not end
        return line if end else ""

    def _read_said(self, line: str) -> Iterator[DraftStatement]:
        bare, item = line.strip(), _ITEM.match(line)
        if _HEADING.match(line):
            yield from self._flush()
        elif item:
            yield from self._end_paragraph()
            yield from self._end_other(Role.ITEM)
            self._block.append(self._make_item(item))
        elif not bare or bare.startswith(("```", "|")):
            yield from self._end_paragraph()
            if bare.startswith("|"):
                yield from self._end_other(Role.ROW)
                self._read_row(bare)
        elif self._block and not _MARK.sub("", bare).strip(" .,;:"):
            self._mark_block(_numbers(bare))
            yield from self._flush()
        elif self._is_open and line[:1].isspace():  # an item goes on
            last = self._block[-1]
            self._block[-1] = _make(f"{last.text} {bare}", last.shape, last.sentences)
        else:
            if self._is_open:
                yield from self._flush()
            self._paragraph.append(bare)

    def _make_item(self, item: re.Match[str]) -> DraftStatement:
        """Return an item; a number before it that counts the items is its mark, and no claim."""
        level, number, said = len(item[1].expandtabs(4)) // 2, int(item[2] or 0), item[4]
        shape, whole = Shape(role=Role.ITEM, level=level), f"{item[2]}{item[3]} {said}"
        if not number:
            return _make(said if item[2] is None else whole, shape)
        is_next = number in (1, self._counted.get(level, 0) + 1)
        if not is_next or date_forms(whole) != date_forms(said):
            return _make(whole, shape)
        self._counted[level] = number
        return _make(said, shape._replace(mark=f"{item[2]}{item[3]}"))

    @property
    def _is_open(self) -> bool:
        """Whether a list or table goes on."""
        return any(one.shape.role is not Role.LEAD_IN for one in self._block)

    def _read_row(self, line: str) -> None:
        if _RULE.match(line):
            rows = [one for one in self._block if one.shape.role is Role.ROW]
            if rows and self._names is None:  # what was read as a row are the columns' names
                self._block.remove(rows[-1])
                self._names = [cell.text for cell in rows[-1].shape.cells]
            return
        self._block.append(_make_row(line, self._names))

    def _end_other(self, role: Role) -> Iterator[DraftStatement]:
        """Yield a list that a table begins behind, or the other way round."""
        if self._is_open and self._block[-1].shape.role is not role:
            yield from self._flush_block()

    def _mark_block(self, numbers: tuple[int, ...]) -> None:
        self._block = [
            one if one.sentences else replace(one, sentences=numbers) for one in self._block
        ]

    def _end_paragraph(self) -> Iterator[DraftStatement]:
        """Yield the sentences of a paragraph, but one at its end that leads into a list."""
        if not self._paragraph:
            return
        yield from self._flush_block()
        sentences = list(_cut_marked(" ".join(self._paragraph)))
        self._paragraph = []
        self._n_blocks += 1
        shape = Shape(block=self._n_blocks)
        following: tuple[int, ...] = ()
        for n in range(len(sentences) - 1, -1, -1):
            following = sentences[n].sentences or following
            sentences[n] = replace(sentences[n], sentences=following, shape=shape)
        if sentences and sentences[-1].text.endswith((":", "：")):
            self._block = [replace(sentences.pop(), shape=shape._replace(role=Role.LEAD_IN))]
        yield from sentences

    def _flush_block(self) -> Iterator[DraftStatement]:
        block, self._block, self._names = self._block, [], None
        leads = [one for one in block if one.shape.role is Role.LEAD_IN]
        under = tuple(n for one in block[len(leads) :] for n in one.sentences)
        above = tuple(n for one in leads for n in one.sentences)
        self._n_blocks += len(block) > len(leads)
        for one in block:
            is_lead, shape = one in leads, one.shape
            others = under if is_lead else above
            numbers = tuple(dict.fromkeys(one.sentences or others))[:MAX_WRITTEN_CITED]
            if not is_lead:
                shape = shape._replace(block=self._n_blocks)
            elif len(block) == len(leads):  # it leads into nothing
                shape = shape._replace(role=Role.PARAGRAPH)
            if one.text and (numbers or shape.role is not Role.PARAGRAPH):
                yield replace(one, sentences=numbers, shape=shape)

    def _flush(self) -> Iterator[DraftStatement]:
        yield from self._end_paragraph()
        yield from self._flush_block()


class ShortReply:
    """A reply of JSON; at most `MAX_STATEMENTS` statements are taken from it."""

    answered: Answered = "all"

    def __init__(self) -> None:
        self.text = ""
        self._read_to = 0
        self._n_taken = 0

    def add(self, piece: str) -> tuple[DraftStatement, ...]:
        """Add the next piece; return the statements that it completes."""
        self.text = (self.text + piece)[:MAX_SHORT_CHARS]
        if "}" not in piece:  # no statement ends in this piece
            return ()
        return self._take(self._read_objects())

    def end(self, *, is_cut: bool = False) -> tuple[DraftStatement, ...]:
        """Return the statements of a reply that has ended without any JSON, by their marks."""
        if self._n_taken or _OPENING.search(self.text):
            return ()
        read = LongReply()
        found = (*read.add(self.text), *read.end(is_cut=is_cut))
        return self._take(one for one in found if one.sentences)

    @property
    def is_full(self) -> bool:
        """Whether no more statements will be taken; a proper reply ends soon after its last one."""
        if self._n_taken < MAX_STATEMENTS:
            return len(self.text) >= MAX_SHORT_CHARS
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

    def _take(self, found: Iterable[DraftStatement]) -> tuple[DraftStatement, ...]:
        taken = tuple(islice(found, MAX_STATEMENTS - self._n_taken))
        self._n_taken += len(taken)
        return taken


def open_reply(request: Request) -> Arriving:
    """Return what reads the reply to a request, of the form that was asked for."""
    return ShortReply() if request.schema else LongReply()


def generate(
    model: Model, request: Request
) -> Generator[DraftStatement | Finished | None, None, Arriving]:
    """Yield the statements of the reply; None while nothing comes; its cost at the end.

    The cost of a reply that is cut off here is estimated. What `Model.stream` raises is raised.
    """
    reply, started, first_s = open_reply(request), time.monotonic(), 0.0
    with closing(model.stream(request)) as pieces:
        for piece in pieces:
            if isinstance(piece, Finished):
                yield from reply.end(is_cut=piece.is_cut)
                yield piece
                return reply
            if piece:
                first_s = first_s or time.monotonic() - started
                yield from reply.add(piece)
                if reply.is_full:
                    break
            else:
                yield None
    prompt = model.count(request.system + request.user)
    total_s = time.monotonic() - started
    yield Finished(prompt, model.count(reply.text), first_s, total_s, is_estimated=True)
    return reply


def read_rewritten(reply: str, question: str, history: Sequence[Turn] | None = None) -> str | None:
    """Return the question that a model made of a follow-up; None if it must not be used.

    It may have words of its own, but it is one line, and no answer. With a history, as for a small
    model, it keeps the words of the question and adds only such as were said.

    >>> read_rewritten('"When did Ann Holt build the mill?"', "When did she?")
    'When did Ann Holt build the mill?'
    >>> read_rewritten("Ann Holt built it in 1911.", "When did she?")
    """
    if len(reply) > MAX_REWRITTEN_CHARS + len(reply.rpartition(_THOUGHT)[0]):
        return None
    said = normalize(reply.rpartition(_THOUGHT)[2])[0]
    lines = [line for line in said.splitlines() if line.strip()]
    if len(lines) != 1:
        return None
    query = " ".join(_SUFFIX.sub("", _PREFIX.sub("", lines[0])).split())
    is_answer = _ANSWERS.search(query) and not _ANSWERS.search(question.strip())
    is_short = 0 < len(query) <= MAX_QUERY_CHARS
    is_said = history is None or _keeps_to(query, question, history)
    return query if is_short and is_said and not is_answer else None


def _keeps_to(query: str, question: str, history: Sequence[Turn]) -> bool:
    found, own = _terms(query), _terms(question)
    said = {term for _, text in history for term in terms(text)}
    beginnings = {term[:N_BEGINNING] for term in own | said}
    return own <= found and all(term[:N_BEGINNING] in beginnings for term in found)


def _terms(text: str) -> set[str]:
    return {term for word in content(text) for term in terms(word)}


def _read_statement(value: dict[str, Any]) -> Iterator[DraftStatement]:
    """Yield a statement for each sentence of the text; all of them cite the same numbers."""
    text, numbers = value.get("text"), value.get("sentences")
    if not isinstance(text, str):
        return
    given = numbers if isinstance(numbers, list) else [numbers]
    cited = tuple(dict.fromkeys(_number(one) for one in given[: 4 * MAX_CITED]))
    for one in _cut_marked(text):
        yield replace(one, sentences=(cited or one.sentences)[:MAX_CITED])


def _cut_marked(text: str) -> Iterator[DraftStatement]:
    """Yield the sentences of a text without their marks, each with the numbers that it names."""
    line = _clean(text)
    moved = _BEHIND.sub(lambda match: f" {match[2].strip()}{match[1]} ", line).strip()
    spans = split_sentences(moved, [(0, len(moved))] if moved else [])
    found = (_make(moved[start:end], PLAIN) for start, end in spans)
    yield from (one for one in found if any(map(str.isalnum, one.text)))


def _make(text: str, shape: Shape, cited: tuple[int, ...] = ()) -> DraftStatement:
    """Return a statement without its marks and what is Markdown of it."""
    line = _clean(text)
    bare = " ".join(_MARK.sub(" ", line).split())
    bare = re.sub(r" ([.,;:!?。])", r"\1", bare).strip()[:MAX_STATEMENT_CHARS]
    numbers = (*cited, *_numbers(line))
    return DraftStatement(bare, tuple(dict.fromkeys(numbers))[:MAX_WRITTEN_CITED], shape)


def _make_row(line: str, names: Sequence[str] | None) -> DraftStatement:
    """Return a row of a table, its cells named by their columns."""
    before, _, behind = line.rpartition("|")
    bare = line if _MARK.sub("", behind).strip() else before  # marks behind the row are no cell
    texts = [_make(cell, PLAIN).text for cell in bare.strip("|").split("|")]
    text, cells = "", list[Cell]()
    for n, said in enumerate(texts):
        name = names[n] if names and n < len(names) and names[n] else None
        for part in ("|" if n else "", f"{name}:" if name else "", said):
            text += (" " if text and part else "") + part
        cells.append(Cell(name, said, len(text) - len(said)))
    return DraftStatement(text, _numbers(line), Shape(role=Role.ROW, cells=tuple(cells)))


def _clean(text: str) -> str:
    plain = " ".join(normalize(text)[0].split())
    plain = _EMPHASIS.sub("", _LINK.sub(r"\1", plain))
    return _SPACED_ACRONYM.sub(r"\1", plain)


def _numbers(text: str) -> tuple[int, ...]:
    numbers: list[int] = []
    for mark in _MARK.finditer(text):
        for first, last in _NUMBERS.findall(mark[0]):
            end = int(last) if last else int(first)
            numbers += range(int(first), min(end, int(first) + MAX_RANGE) + 1)
    return tuple(dict.fromkeys(numbers))


def _number(value: Any) -> int:
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 6:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else UNKNOWN
