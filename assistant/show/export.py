"""Exports answers and conversations as plain text, Markdown or an HTML page.

Each answer comes with its citation numbers and, under it, the place of every quote, the quote where
the answer does not show it word for word, and who wrote the answer; an abstention with what was
searched for and the places of the nearest passages. Text of documents, questions
and models is escaped for its format, so that a quote is never a link, an image or a heading.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Protocol

from assistant.show.blocks import (
    Code,
    Grid,
    GridRow,
    Items,
    Prose,
    Remark,
    Said,
    Shown,
    Title,
    list_blocks,
    list_near,
    list_quotes,
)
from assistant.show.escape import markdown_text, terminal_safe
from assistant.show.provenance import MAX_NEAREST, describe_nearest, list_remarks
from assistant.show.wording import ENGLISH, Wording, worded_templates
from assistant.text.numbers import name_runs
from assistant.values import Answer, Citation, Consulted

_BREAK = "  \n"
_INDENT = "\u2003"
_TICKS = re.compile("`+")
_NUMBER = re.compile(r"(\d{1,4})[.)]\s+(?=\S)", re.ASCII)


class ExportedTurn(Protocol):
    """A question with its outcome, as an export needs it."""

    @property
    def question(self) -> str:
        """What was typed."""

    @property
    def outcome(self) -> Answer | str | None:
        """An answer, a notice of why there is none, or None."""


CopyForm = Literal["text", "markdown", "sources"]
"""In which form an answer is copied: its words alone, as Markdown, or as text with its sources."""


def copy_answer(answer: Answer, form: CopyForm, say: Wording = ENGLISH) -> str:
    """Return an answer for the clipboard; the program's own words in a reader's language."""
    match form:
        case "text":
            bare = tuple(replace(one, citations=()) for one in answer.statements)
            worked = tuple(replace(one, citations=()) for one in answer.computed)
            text = replace(answer, statements=bare, computed=worked).text
            return "\n".join(line.rstrip() for line in text.split("\n"))
        case "markdown":
            return "\n\n".join(Markdown(say).write(answer))
        case "sources":
            return plain_answer(answer, say)


def plain_answer(answer: Answer, say: Wording = ENGLISH) -> str:
    """Return an answer with its sources as plain text, for the clipboard."""
    sources = [
        f"[{citation.number}] {_place(citation, say)}: “{_join_lines(citation.quote)}”"
        for citation in answer.citations
    ]
    told = [*map(say.retell, list_remarks(answer)), *_list_search(answer, say)]
    told += [_place(one, say) for one in list_nearest(answer)]
    parts = [answer.text, "\n".join(sources), "\n".join(map(_join_lines, told))]
    return "\n\n".join(part for part in parts if part)


def export_markdown(title: str, turns: Sequence[ExportedTurn], say: Wording = ENGLISH) -> str:
    """Return a conversation as Markdown, every answer with its quotes and sources."""
    parts = [f"# {markdown_text(title)}"]
    for turn in turns:
        parts.append(f"## {markdown_text(turn.question)}")
        if isinstance(turn.outcome, Answer):
            parts += Markdown(say).write(turn.outcome)
        elif turn.outcome:
            parts.append(f"*{markdown_text(say.retell(turn.outcome))}*")
    return "\n\n".join(parts) + "\n"


def export_html(title: str, turns: Sequence[ExportedTurn], say: Wording = ENGLISH) -> str:
    """Return a conversation as a single HTML page without scripts or requests to any server."""
    return (
        worded_templates("show", say)
        .get_template("export.html.j2")
        .render(
            title=title,
            turns=[(turn.question, turn.outcome) for turn in turns],
            place=partial(_place, say=say),
            list_remarks=list_remarks,
            list_blocks=list_blocks,
            list_quotes=list_quotes,
            list_search=partial(_list_search, say=say),
            list_near=list_near,
            list_nearest=list_nearest,
            name_runs=name_runs,
        )
    )


@dataclass(frozen=True, slots=True)
class Markdown:
    """Writes answers as Markdown.

    Attributes:
        say: the program's own words.
        is_footnoted: whether its marks are footnotes, `[^1]`, whose text is the place and the
            quote; else they stand as they are read, and places and quotes follow.
    """

    say: Wording = ENGLISH
    is_footnoted: bool = False

    def write(self, answer: Answer) -> list[str]:
        """Return the paragraphs of an answer, or of an abstention with what comes nearest."""
        remarks = [f"*{markdown_text(self.say.retell(one))}*" for one in list_remarks(answer)]
        if answer.kind != "answer":
            searched = _BREAK.join(map(markdown_text, _list_search(answer, self.say)))
            nearest = [part for one in list_nearest(answer) for part in self._near(one)]
            return [
                markdown_text(answer.text),
                *remarks,
                *([searched] if searched else ()),
                *nearest,
            ]
        return [*self.body(answer), *self._sources(answer), *remarks]

    def body(self, answer: Answer) -> list[str]:
        """Return the paragraphs of what an answer says, without its sources."""
        say = self.say.retell
        worked = [
            f"*{markdown_text(say(one.text))} {self._runs(one.citations)}*"
            for one in answer.computed
        ]
        said = [self._block(block) for block in list_blocks(answer)]
        missing = [f"*{markdown_text(say(one))}*" for one in answer.missing]
        return [*worked, *said, *missing]

    def _sources(self, answer: Answer) -> list[str]:
        if self.is_footnoted:
            notes = [
                f"{self._place(one)}: “{markdown_text(_join_lines(one.quote))}”"
                for one in answer.citations
            ]
            return ["\n".join(notes)] if notes else []
        shown = list_quotes(answer)
        places = _BREAK.join(self._place(one) for one in answer.citations if one.number in shown)
        quotes = [
            f"> {markdown_text(one.quote)}\n>\n> — {self._place(one)}"
            for one in answer.citations
            if one.number not in shown
        ]
        return [*([places] if places else ()), *quotes]

    def _near(self, passage: Consulted) -> Iterator[str]:
        yield markdown_text(_place(passage, self.say))
        yield from (self._block(block) for block in list_near(passage))

    def _place(self, citation: Citation) -> str:
        mark = f"{self._marks([citation.number])}{':' if self.is_footnoted else ''}"
        return f"{mark} {markdown_text(_place(citation, self.say))}"

    def _block(self, block: Shown) -> str:
        match block:
            case Remark():
                return f"*{markdown_text(self.say.retell(block.text))}*"
            case Prose():
                return " ".join(map(self._said, block.said))
            case Title():
                whole = replace(block.said, answering=((0, len(block.said.text)),))
                return self._said(whole)
            case Items():
                return self._list(block)
            case Grid():
                return self._table(block)
            case Code():
                numbers = [number for line in block.lines for number in line.citations]
                lines = [" ".join(terminal_safe(line.text).split("\n")) for line in block.lines]
                fence = "`" * max(3, 1 + max(map(len, _TICKS.findall("\n".join(lines))), default=0))
                return "\n".join([fence, *lines, fence]) + f"\n\n{self._marks(numbers)}"

    def _said(self, said: Said) -> str:
        marks = self._marks(said.citations)
        return f"{_markdown_runs(said)} {marks}{self._note(said.note)}".rstrip()

    def _mark_row(self, row: GridRow) -> str:
        return f"{self._marks(row.citations)}{self._note(row.note)}"

    def _note(self, note: str) -> str:
        return f" *({self.say.retell(note)})*" if note else ""

    def _marks(self, numbers: Iterable[int]) -> str:
        mark = "[^{}]" if self.is_footnoted else r"\[{}\]"
        return "".join(map(mark.format, numbers))

    def _runs(self, numbers: Sequence[int]) -> str:
        return self._marks(numbers) if self.is_footnoted else markdown_text(name_runs(numbers))

    def _list(self, block: Items) -> str:
        """Return a list; one whose outer items have numbers of their own keeps exactly those."""
        numbered = [(item, _NUMBER.match(item.said.text)) for item in block.items]
        counted = [int(number[1]) for _, number in numbered if number]
        are_outer = all(
            not item.depth if number else item.depth and not item.is_marked
            for item, number in numbered
        )
        if are_outer and counted == [*range(counted[0], counted[0] + len(counted))]:
            indent = " " * (len(str(counted[-1])) + 2)
            return "\n".join(
                f"{number[0].strip()} {self._said(_cut(item.said, number.end()))}"
                if number
                else f"{indent * item.depth}- {self._said(item.said)}"
                for item, number in numbered
            )
        if all(item.is_marked for item in block.items):
            return _BREAK.join(_INDENT * item.depth + self._said(item.said) for item in block.items)
        return "\n".join(f"{'  ' * item.depth}- {self._said(item.said)}" for item in block.items)

    def _table(self, block: Grid) -> str:
        n = block.n_columns
        names = [*map(markdown_text, block.names), *[""] * (n - len(block.names))]
        rules = ["---:" if is_number else "---" for is_number in block.are_numbers]
        rows = [
            [*map(self._said, row.cells), *[""] * (n - len(row.cells)), self._mark_row(row)]
            for row in block.rows
        ]
        lines = [[*names, self._marks(block.cited)], [*rules, "---"], *rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _markdown_runs(said: Said) -> str:
    """Return a text with its emphasis, where Markdown can tell that from asterisks."""
    runs = said.runs
    found: list[str] = []
    for number, (text, is_answering) in enumerate(runs):
        before = runs[number - 1][0][-1:] if number else " "
        after = runs[number + 1][0][:1] if number + 1 < len(runs) else " "
        parted = (before.isspace() or text[:1].isalnum()) and (
            after.isspace() or text[-1:].isalnum()
        )
        is_marked = is_answering and parted and text == text.strip() and bool(markdown_text(text))
        spaces = (" " * text[:1].isspace(), " " * (text[-1:].isspace() and not text.isspace()))
        shown = markdown_text(text)
        found.append(f"**{shown}**" if is_marked else f"{spaces[0]}{shown}{spaces[1]}")
    return "".join(found).strip()


def _cut(said: Said, start: int) -> Said:
    """Return what a text says from a place on."""
    spans = ((max(a - start, 0), b - start) for a, b in said.answering if b > start)
    return replace(said, text=said.text[start:], answering=tuple(spans))


def _list_search(answer: Answer, say: Wording) -> list[str]:
    """Return the lines under an abstention: what was searched for, and what comes next."""
    if not answer.abstained:
        return []
    lines = [say("Searched for: {query}", query=answer.query)] if answer.is_reworded else []
    return [*lines, *([f"{describe_nearest(answer)}:"] if answer.consulted else ())]


def list_nearest(answer: Answer) -> tuple[Consulted, ...]:
    """Return the passages that are shown under an abstention; none under an answer."""
    return answer.consulted[:MAX_NEAREST] if answer.abstained else ()


def _place(cited: Citation | Consulted, say: Wording) -> str:
    where: list[str] = [cited.document_id]
    where += [cited.title] if cited.title != cited.document_id else []
    heading = cited.heading if cited.heading != cited.title else None
    where += [heading] if heading else []
    where += [say.page(cited.page, cited.page_kind)] if cited.page is not None else []
    place = f"{cited.start}-{cited.end}"
    where.append(say("characters {place}", place=place))
    copies = cited.copies if isinstance(cited, Citation) else ()
    where += [say("also: {names}", names=", ".join(copies))] if copies else []
    return " · ".join(where)


def _join_lines(text: str) -> str:
    return " ".join(text.split())
