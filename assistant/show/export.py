"""Exports answers and conversations as plain text, Markdown or an HTML page.

Each answer comes with its citation numbers and, under it, every quote with its place and who wrote
the answer. Text of documents, questions and models is escaped for its format, so that a quote is
never a link, an image or a heading.
"""

from collections.abc import Sequence
from typing import Protocol

from assistant.show.describe import name_page
from assistant.show.escape import markdown_text, templates
from assistant.show.provenance import list_remarks
from assistant.values import Answer, Citation, name_runs


class ExportedTurn(Protocol):
    """A question with its outcome, as an export needs it."""

    @property
    def question(self) -> str:
        """What was typed."""

    @property
    def outcome(self) -> Answer | str | None:
        """An answer, a notice of why there is none, or None."""


def plain_answer(answer: Answer) -> str:
    """Return an answer with its sources as plain text, for the clipboard."""
    sources = [
        f"[{citation.number}] {_place(citation)}: “{_join_lines(citation.quote)}”"
        for citation in answer.citations
    ]
    parts = [answer.text, "\n".join(sources), "\n".join(map(_join_lines, list_remarks(answer)))]
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
        templates("show")
        .get_template("export.html.j2")
        .render(
            title=title,
            turns=[(turn.question, turn.outcome) for turn in turns],
            place=_place,
            list_remarks=list_remarks,
            name_runs=name_runs,
        )
    )


def _markdown_answer(answer: Answer) -> list[str]:
    remarks = [f"*{markdown_text(one)}*" for one in list_remarks(answer)]
    if answer.kind != "answer":
        return [markdown_text(answer.text), *remarks]
    said = "  \n".join(
        " ".join(
            f"{markdown_text(statement.shown)} "
            + "".join(rf"\[{number}\]" for number in statement.citations)
            for statement in line
        )
        for line in answer.lines
    )
    worked = [
        f"*{markdown_text(one.text)} {markdown_text(name_runs(one.citations))}*"
        for one in answer.computed
    ]
    quotes = [
        f"> {markdown_text(citation.quote)}\n>\n> — \\[{citation.number}\\] "
        f"{markdown_text(_place(citation))}"
        for citation in answer.citations
    ]
    missing = [f"*{markdown_text(one)}*" for one in answer.missing]
    return [*worked, said, *missing, *quotes, *remarks]


def _place(citation: Citation) -> str:
    where: list[str] = [citation.document_id]
    where += [citation.title] if citation.title != citation.document_id else []
    where += [citation.heading] if citation.heading else []
    where += [name_page(citation.page, citation.page_kind)] if citation.page is not None else []
    where.append(f"characters {citation.start}-{citation.end}")
    where += [f"also: {', '.join(citation.copies)}"] if citation.copies else []
    return " · ".join(where)


def _join_lines(text: str) -> str:
    return " ".join(text.split())
