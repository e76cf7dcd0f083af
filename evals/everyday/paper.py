"""Blocks and lines -> the bytes of PDF files, as office programs and printers make them."""

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

from evals.everyday.office import Block, Bullets, Grid, Heading, Steps

WIDTH, HEIGHT = 595.0, 842.0
"""Of A4, in points."""
MARGIN = 64.0


class Leaf(NamedTuple):
    """A page whose lines are broken by hand, with the notes at its foot."""

    lines: Sequence[str]
    notes: Sequence[str] = ()


def flowing(blocks: Sequence[Block], foot: str = "") -> bytes:
    """Return pages that fill up: tables are ruled, cells wrapped, column names repeated."""
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer

    styles = getSampleStyleSheet()
    flow: list[Any] = []
    for block in blocks:
        match block:
            case "\f":
                flow.append(PageBreak())
            case str():
                flow += [Paragraph(block, styles["BodyText"]), Spacer(1, 5)]
            case Heading(text, level):
                flow.append(Paragraph(text, styles[f"Heading{level}"]))
            case Steps(items):
                numbered = (f"{n}. {item}" for n, item in enumerate(items, 1))
                flow += [Paragraph(item, styles["BodyText"]) for item in numbered]
            case Bullets(items):
                flow += [Paragraph(f"\u2022 {item}", styles["BodyText"]) for item in items]
            case Grid():
                flow += [_ruled(block, styles["BodyText"]), Spacer(1, 8)]
    made = io.BytesIO()

    def draw_foot(canvas: Any, document: Any) -> None:
        canvas.setFont("Helvetica", 8)
        if foot:
            canvas.drawString(MARGIN, 30, foot)
        canvas.drawRightString(WIDTH - MARGIN, 30, str(document.page))

    pages = SimpleDocTemplate(made, pagesize=(WIDTH, HEIGHT), invariant=1)
    pages.build(flow, onFirstPage=draw_foot, onLaterPages=draw_foot)
    return made.getvalue()


def _ruled(grid: Grid, style: Any) -> Any:
    from reportlab.lib import colors
    from reportlab.platypus import Paragraph, Table

    cells = [[Paragraph(str(cell), style) for cell in row] for row in grid.rows]
    drawn = [("GRID", (0, 0), (-1, -1), 0.6, colors.black), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    spans = [("SPAN", (left, top), (right, bottom)) for top, left, bottom, right in grid.merged]
    longest = [
        max(len(str(row[column])) for row in grid.rows) for column in range(len(grid.rows[0]))
    ]
    # Narrower than the longest cell of text, so that it wraps.
    shares = [min(max(n, 8), 24) for n in longest]
    room = WIDTH - 2 * 78
    widths = [room * share / sum(shares) for share in shares]
    return Table(cells, colWidths=widths, repeatRows=1, style=[*drawn, *spans])


def leaves(pages: Sequence[Leaf], foot: str) -> bytes:
    """Return pages of lines, each with its notes under a rule and its foot with the number."""
    from reportlab.pdfgen.canvas import Canvas

    made = io.BytesIO()
    canvas = Canvas(made, pagesize=(WIDTH, HEIGHT), invariant=1)
    for number, leaf in enumerate(pages, 1):
        _lines(canvas, leaf.lines, MARGIN, HEIGHT - MARGIN)
        if leaf.notes:
            canvas.line(MARGIN, 86, MARGIN + 120, 86)
            _lines(canvas, leaf.notes, MARGIN, 74, size=8)
        canvas.setFont("Helvetica-Oblique", 9)
        canvas.drawString(MARGIN, 36, f"{foot}, page {number} of {len(pages)}")
        canvas.showPage()
    canvas.save()
    return made.getvalue()


def columns(title: str, left: Sequence[str], right: Sequence[str], figure: Sequence[str]) -> bytes:
    """Return a page of two columns; a figure with its labels and caption ends the left one."""
    from reportlab.pdfgen.canvas import Canvas

    made = io.BytesIO()
    canvas = Canvas(made, pagesize=(WIDTH, HEIGHT), invariant=1)
    canvas.setFont("Times-Bold", 18)
    canvas.drawCentredString(WIDTH / 2, HEIGHT - 60, title)
    top = HEIGHT - 95
    _lines(canvas, left, MARGIN, top, font="Times-Roman")
    _lines(canvas, right, WIDTH / 2 + 12, top, font="Times-Roman")
    *labels, caption = figure
    base = top - 14 * len(left) - 150
    canvas.rect(MARGIN, base, 210, 130)
    canvas.circle(MARGIN + 105, base + 65, 48)
    for number, label in enumerate(labels):
        canvas.setFont("Helvetica", 7)
        canvas.drawString(MARGIN + 10 + 60 * number, base + 20 + 30 * number, label)
    canvas.setFont("Times-Italic", 8)
    canvas.drawString(MARGIN, base - 12, caption)
    canvas.save()
    return made.getvalue()


def _lines(
    canvas: Any,
    lines: Sequence[str],
    x: float,
    top: float,
    *,
    size: float = 10.5,
    font: str = "Helvetica",
) -> None:
    for number, line in enumerate(lines):
        is_heading = line.startswith("# ")
        bold = {"Helvetica": "Helvetica-Bold", "Times-Roman": "Times-Bold"}[font]
        canvas.setFont(bold if is_heading else font, size)
        canvas.drawString(x, top - 14 * number, line.removeprefix("# "))
