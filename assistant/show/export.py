"""Exports answers and conversations as plain text, Markdown or an HTML page.

Each answer comes with its citation numbers and, under it, the place of every quote, the quote where
the answer does not show it word for word, and who wrote the answer; an abstention with what was
searched for and the places of the nearest passages. Text of documents, questions
and models is escaped for its format, so that a quote is never a link, an image or a heading.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
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
from assistant.show.provenance import MAX_NEAREST, describe_nearest, list_remarks, name_page
from assistant.show.wording import ENGLISH, worded_templates
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


def copy_answer(answer: Answer, form: CopyForm) -> str:
    """Return an answer for the clipboard."""
    match form:
        case "text":
            bare = tuple(replace(one, citations=()) for one in answer.statements)
            worked = tuple(replace(one, citations=()) for one in answer.computed)
            text = replace(answer, statements=bare, computed=worked).text
            return "\n".join(line.rstrip() for line in text.split("\n"))
        case "markdown":
            return "\n\n".join(_markdown_answer(answer))
        case "sources":
            return plain_answer(answer)


def plain_answer(answer: Answer) -> str:
    """Return an answer with its sources as plain text, for the clipboard."""
    sources = [
        f"[{citation.number}] {_place(citation)}: “{_join_lines(citation.quote)}”"
        for citation in answer.citations
    ]
    told = [*list_remarks(answer), *_list_search(answer), *map(_place, list_nearest(answer))]
    parts = [answer.text, "\n".join(sources), "\n".join(map(_join_lines, told))]
    return "\n\n".join(part for part in parts if part)


def export_markdown(title: str, turns: Sequence[ExportedTurn]) -> str:
    """Return a conversation as Markdown, every answer with its quotes and sources."""
    parts = [f"# {markdown_text(title)}"]
    for turn in turns:
        parts.append(f"## {markdown_text(turn.question)}")
        if isinstance(turn.outcome, Answer):
            parts += _markdown_answer(turn.outcome)
        elif turn.outcome:
            parts.append(f"*{markdown_text(turn.outcome)}*")
    return "\n\n".join(parts) + "\n"


def export_html(title: str, turns: Sequence[ExportedTurn]) -> str:
    """Return a conversation as a single HTML page without scripts or requests to any server."""
    return (
        worded_templates("show", ENGLISH)
        .get_template("export.html.j2")
        .render(
            title=title,
            turns=[(turn.question, turn.outcome) for turn in turns],
            place=_place,
            list_remarks=list_remarks,
            list_blocks=list_blocks,
            list_quotes=list_quotes,
            list_search=_list_search,
            list_near=list_near,
            list_nearest=list_nearest,
            name_runs=name_runs,
        )
    )


def _markdown_answer(answer: Answer) -> list[str]:
    remarks = [f"*{markdown_text(one)}*" for one in list_remarks(answer)]
    if answer.kind != "answer":
        searched = _BREAK.join(map(markdown_text, _list_search(answer)))
        nearest = [part for one in list_nearest(answer) for part in _markdown_near(one)]
        return [markdown_text(answer.text), *remarks, *([searched] if searched else ()), *nearest]
    shown = list_quotes(answer)
    said = [_markdown_block(block) for block in list_blocks(answer)]
    places = _BREAK.join(_markdown_place(one) for one in answer.citations if one.number in shown)
    worked = [
        f"*{markdown_text(one.text)} {markdown_text(name_runs(one.citations))}*"
        for one in answer.computed
    ]
    quotes = [
        f"> {markdown_text(one.quote)}\n>\n> — {_markdown_place(one)}"
        for one in answer.citations
        if one.number not in shown
    ]
    missing = [f"*{markdown_text(one)}*" for one in answer.missing]
    return [*worked, *said, *missing, *([places] if places else ()), *quotes, *remarks]


def _markdown_near(passage: Consulted) -> Iterator[str]:
    yield markdown_text(_place(passage))
    yield from (_markdown_block(block) for block in list_near(passage))


def _markdown_place(citation: Citation) -> str:
    return f"{_marks([citation.number])} {markdown_text(_place(citation))}"


def _markdown_block(block: Shown) -> str:
    match block:
        case Remark():
            return f"*{markdown_text(block.text)}*"
        case Prose():
            return " ".join(map(_markdown_said, block.said))
        case Title():
            whole = replace(block.said, answering=((0, len(block.said.text)),))
            return _markdown_said(whole)
        case Items():
            return _markdown_list(block)
        case Grid():
            return _markdown_table(block)
        case Code():
            numbers = [number for line in block.lines for number in line.citations]
            lines = [" ".join(terminal_safe(line.text).split("\n")) for line in block.lines]
            fence = "`" * max(3, 1 + max(map(len, _TICKS.findall("\n".join(lines))), default=0))
            return "\n".join([fence, *lines, fence]) + f"\n\n{_marks(numbers)}"


def _markdown_said(said: Said) -> str:
    return f"{_markdown_runs(said)} {_marks(said.citations)}{_note(said.note)}".rstrip()


def _mark_row(row: GridRow) -> str:
    return f"{_marks(row.citations)}{_note(row.note)}"


def _note(note: str) -> str:
    return f" *({note})*" if note else ""


def _marks(numbers: Iterable[int]) -> str:
    return "".join(rf"\[{number}\]" for number in numbers)


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


def _markdown_list(block: Items) -> str:
    """Return a list; one whose outer items have numbers of their own keeps exactly those."""
    numbered = [(item, _NUMBER.match(item.said.text)) for item in block.items]
    counted = [int(number[1]) for _, number in numbered if number]
    are_outer = all(
        not item.depth if number else item.depth and not item.is_marked for item, number in numbered
    )
    if are_outer and counted == [*range(counted[0], counted[0] + len(counted))]:
        indent = " " * (len(str(counted[-1])) + 2)
        return "\n".join(
            f"{number[0].strip()} {_markdown_said(_cut(item.said, number.end()))}"
            if number
            else f"{indent * item.depth}- {_markdown_said(item.said)}"
            for item, number in numbered
        )
    if all(item.is_marked for item in block.items):
        return _BREAK.join(_INDENT * item.depth + _markdown_said(item.said) for item in block.items)
    return "\n".join(f"{'  ' * item.depth}- {_markdown_said(item.said)}" for item in block.items)


def _cut(said: Said, start: int) -> Said:
    """Return what a text says from a place on."""
    spans = ((max(a - start, 0), b - start) for a, b in said.answering if b > start)
    return replace(said, text=said.text[start:], answering=tuple(spans))


def _markdown_table(block: Grid) -> str:
    n = block.n_columns
    names = [*map(markdown_text, block.names), *[""] * (n - len(block.names))]
    rules = ["---:" if is_number else "---" for is_number in block.are_numbers]
    rows = [
        [*map(_markdown_said, row.cells), *[""] * (n - len(row.cells)), _mark_row(row)]
        for row in block.rows
    ]
    lines = [[*names, _marks(block.cited)], [*rules, "---"], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _list_search(answer: Answer) -> list[str]:
    """Return the lines under an abstention: what was searched for, and what comes next."""
    if not answer.abstained:
        return []
    lines = [f"Searched for: {answer.query}"] if answer.is_reworded else []
    return [*lines, *([f"{describe_nearest(answer)}:"] if answer.consulted else ())]


def list_nearest(answer: Answer) -> tuple[Consulted, ...]:
    """Return the passages that are shown under an abstention; none under an answer."""
    return answer.consulted[:MAX_NEAREST] if answer.abstained else ()


def _place(cited: Citation | Consulted) -> str:
    where: list[str] = [cited.document_id]
    where += [cited.title] if cited.title != cited.document_id else []
    heading = cited.heading if cited.heading != cited.title else None
    where += [heading] if heading else []
    where += [name_page(cited.page, cited.page_kind)] if cited.page is not None else []
    where.append(f"characters {cited.start}-{cited.end}")
    copies = cited.copies if isinstance(cited, Citation) else ()
    where += [f"also: {', '.join(copies)}"] if copies else []
    return " · ".join(where)


def _join_lines(text: str) -> str:
    return " ".join(text.split())
