"""The pieces of a page's text in; the rows that they make out.

Pieces beside each other, as the file has them, are a run; runs on a baseline are a row. Pure
functions; they refuse nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.ingest.formats.pdf_characters import MAX_SPACE
from assistant.ingest.formats.pdf_pieces import Piece, is_rtl

_TOLERANCE = 0.35
"""Between the middles of runs in a row, of their height."""


@dataclass(slots=True)
class Run:
    """Words beside each other, as the file has them."""

    pieces: list[Piece]
    left: float
    right: float
    middle: float
    height: float
    size: float

    def add(self, piece: Piece) -> None:
        """Add a piece; the largest tells how high the run is."""
        self.pieces.append(piece)
        self.left = min(self.left, piece.left)
        self.right = max(self.right, piece.right)
        if piece.style.size > self.size:
            self.size = piece.style.size
            self.middle, self.height = (piece.top + piece.bottom) / 2, piece.bottom - piece.top


@dataclass(slots=True)
class Row:
    """Runs on a baseline, from left to right; strips are where a table's cells are parted."""

    runs: list[Run]
    strips: list[tuple[float, float]] = field(default_factory=list)

    @property
    def top(self) -> float:
        """Return the least `y` of its text."""
        return min(run.middle - run.height / 2 for run in self.runs)

    @property
    def bottom(self) -> float:
        """Return the greatest `y` of its text."""
        return max(run.middle + run.height / 2 for run in self.runs)


def _runs(pieces: Sequence[Piece]) -> list[Run]:
    runs: list[Run] = []
    before: Piece | None = None
    for piece in pieces:
        if before is not None and _are_beside(before, piece):
            runs[-1].add(piece)
        else:
            height = piece.bottom - piece.top
            middle = piece.top + height / 2
            runs.append(Run([piece], piece.left, piece.right, middle, height, piece.style.size))
        before = piece
    return runs


def _are_beside(before: Piece, piece: Piece) -> bool:
    height = min(before.bottom - before.top, piece.bottom - piece.top)
    if min(before.bottom, piece.bottom) - max(before.top, piece.top) < 0.4 * height:
        return False
    room = MAX_SPACE * max(before.style.size, piece.style.size)
    if -room <= piece.left - before.right <= room:
        return True
    return -room <= before.left - piece.right <= room and is_rtl(piece.text)


def gather(pieces: Sequence[Piece]) -> list[Row]:
    """Return the rows of pieces, from the top down."""
    runs = _runs(pieces)
    rows: list[Row] = []
    for run in sorted(runs, key=lambda run: run.middle):
        first = rows[-1].runs[0] if rows else None
        if first is not None and (
            run.middle - first.middle <= _TOLERANCE * min(run.height, first.height)
        ):
            rows[-1].runs.append(run)
        else:
            rows.append(Row([run]))
    for row in rows:
        row.runs.sort(key=lambda run: run.left)
    return rows
