"""What stands under an answer on the command line, and what all surfaces call a page.

`cli.terminal` makes it safe to print.
"""

import re
from collections.abc import Sequence

from assistant.show.blocks import list_quotes
from assistant.show.provenance import describe_author, report_costs
from assistant.text.numbers import name_runs
from assistant.values import Answer, Citation, Consulted, PageKind

_SHORT = {PageKind.PAGE: "p."}


def describe_page(number: int, title: str, kind: PageKind = PageKind.PAGE) -> str:
    """Return what a picture of a part shows, in words.

    >>> describe_page(12, "Annual report")
    'Page 12 of Annual report'
    """
    return f"{kind.value.capitalize()} {number} of {title}"


def name_page(number: int, kind: PageKind = PageKind.PAGE) -> str:
    """Return what a citation calls a part.

    >>> name_page(12), name_page(3, PageKind.SLIDE)
    ('p. 12', 'slide 3')
    """
    return f"{_SHORT.get(kind, kind.value)} {number}"


def describe_sources(answer: Answer) -> str:
    """Return what stands under an answer: the place of each quote, and what it does not show."""
    if answer.kind != "answer":
        return ""
    wrote = describe_author(answer)
    shown = list_quotes(answer)
    compared = answer.compared
    places = [
        f"[{one.number}] {describe_place(one)}"
        + ("" if one.number in shown else f"\n{indent(one.quote)}\n")
        for one in answer.citations
        if one not in compared
    ]
    rest = [_describe_compared(compared)] if compared else []
    remark = [f"\n({wrote})"] if wrote else []
    return re.sub("\n\n+", "\n\n", "\n".join([*places, *rest, *remark])).strip("\n")


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


def _describe_compared(compared: Sequence[Citation]) -> str:
    """Name the rows that were only compared, which may be hundreds."""
    names = ", ".join(dict.fromkeys(one.document_id for one in compared))
    numbers = name_runs([one.number for one in compared])
    return f"{numbers} {count(len(compared), 'other row')} of {names}"


def describe_place(where: Citation | Consulted) -> str:
    """Name where a quote or a passage stands: its document, page, heading and characters."""
    page = f", {name_page(where.page, where.page_kind)}" if where.page else ""
    heading = f", {where.heading!r}" if where.heading else ""
    copies = where.copies if isinstance(where, Citation) else ()
    also = f", also: {', '.join(copies)}" if copies else ""
    return f"{where.document_id}{page}{heading}, characters {where.start}-{where.end}{also}"
