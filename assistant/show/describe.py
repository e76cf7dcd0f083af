"""Answers as plain text for the command line; `cli.terminal` makes it safe to print."""

from textwrap import shorten

from assistant.show.provenance import describe_author, report_costs
from assistant.values import Answer, Citation, Consulted, name_page

MAX_NEAREST = 3
"""Passages printed with an abstention."""
EXCERPT_CHARS = 300
"""Characters printed of such a passage."""


def describe(answer: Answer) -> str:
    """Return the answer with its quotes, or an abstention with the nearest passages."""
    if answer.kind == "answer":
        wrote = describe_author(answer)
        remark = [f"({wrote})"] if wrote else []
        return "\n\n".join([answer.text, *map(_describe_citation, answer.citations), *remark])
    lines = [answer.text]
    if answer.consulted:
        lines.append("The nearest passages:")
        lines += map(_describe_consulted, answer.consulted[:MAX_NEAREST])
    return "\n\n".join(lines)


def describe_costs(answer: Answer) -> str:
    """Return what an answer cost and why sentences were dropped, a line each; not their text."""
    report = report_costs(answer)
    lines = [f"{name}: {said}" for name, said in report.rows]
    return "\n".join([*lines, *(f"Dropped, because {why}" for why in report.dropped)])


def indent(text: str) -> str:
    """Return the text with each line indented by four spaces."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def count(n: int, noun: str) -> str:
    """Return a number with its noun in the singular or plural.

    >>> count(1, "file"), count(1200, "file")
    ('1 file', '1,200 files')
    """
    return f"{n:,} {noun}{'s' * (n != 1)}"


def _describe_citation(citation: Citation) -> str:
    place = _place(citation)
    return f"[{citation.number}] {place}\n{indent(citation.quote)}"


def _describe_consulted(consulted: Consulted) -> str:
    excerpt = shorten(consulted.text, EXCERPT_CHARS, placeholder=" …")
    return f"- {_place(consulted)}\n{indent(excerpt)}"


def _place(where: Citation | Consulted) -> str:
    page = f", {name_page(where.page, where.page_kind)}" if where.page else ""
    heading = f", {where.heading!r}" if where.heading else ""
    copies = where.copies if isinstance(where, Citation) else ()
    also = f", also: {', '.join(copies)}" if copies else ""
    return f"{where.document_id}{page}{heading}, characters {where.start}-{where.end}{also}"
