"""What the program tells of documents as a whole in its own words, with tables.

Counts, lists of files, changes between two texts: no quotes, and told apart from them. A table may
hold statements of the answer, which quote and cite.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

Reading = Literal[
    "question", "all", "follow-up", "document", "comparison", "folder", "tool", "greeting"
]
"""What a question is taken for. The first three are searched for, the others are about documents as
a whole, about the tool, or ask nothing."""
READINGS: tuple[Reading, ...] = get_args(Reading)
SEARCHED: tuple[Reading, ...] = READINGS[:3]
ASKABLE: tuple[Reading, ...] = ("question", "document", "comparison", "folder")
"""The readings that can be asked for."""


@dataclass(frozen=True, slots=True)
class ListedCell:
    """A cell: the program's words, or statements of the answer by their places, from 0.

    What has a `document_id` opens that document.
    """

    text: str = ""
    statements: tuple[int, ...] = ()
    document_id: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What was counted, chosen or compared.

    Attributes:
        text: in the program's words; "" where the table says it.
        names: of the columns, as many as each row has cells.
        rows: a table; the statements in it are shown nowhere else.
        n_more: rows that are left out.
    """

    text: str
    names: tuple[str, ...] = ()
    rows: tuple[tuple[ListedCell, ...], ...] = ()
    n_more: int = 0

    @property
    def inside(self) -> frozenset[int]:
        """The places of the statements that the table holds."""
        return frozenset(n for row in self.rows for cell in row for n in cell.statements)

    def lines(self, statements: Sequence[str]) -> Iterator[str]:
        """Yield it as lines of plain text, given the answer's statements as such."""
        if self.text:
            yield self.text
        if any(self.names):
            yield " | ".join(self.names)
        for row in self.rows:
            yield " | ".join(
                cell.text or " ".join(statements[n] for n in cell.statements) for cell in row
            )
        if self.n_more:
            yield f"… {self.n_more:,} more"


T = TypeVar("T")


def beside(listing: Listing | None, statements: Sequence[T]) -> tuple[T, ...]:
    """Return the statements that a listing's table does not hold."""
    inside = listing.inside if listing else ()
    return tuple(one for n, one in enumerate(statements) if n not in inside)
