"""Reading the BM25 table of the catalog: which passages have which terms, and how they rank.

In: terms as `terms` makes them. Out: rows with scores, and counts. Refuses nothing: the table has
no digests, for it shows no text, and the rows that it names are checked; `check` makes it anew.
"""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any


class TermTable:
    """The BM25 table of one version of the index, as a set of questions to it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def bm25(
        self, terms: Sequence[str], *, k: int, among: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """Return the k best rows for any of the terms with their BM25 scores, best first.

        Of those in `among`, if it is given.

        SQLite's FTS5 computes it with k1 = 1.2 and b = 0.75 (Robertson & Zaragoza 2009, eq. 3.15)
        and an idf that is never negative. Ties keep the order of rows.
        """
        if not terms:
            return []
        if among is not None:
            scores = self.bm25_of(terms, among)
            return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:k]
        found = self._connection.execute(
            "SELECT rowid, -bm25(passage_terms) AS score FROM passage_terms "
            "WHERE passage_terms MATCH ? ORDER BY score DESC, rowid LIMIT ?",
            (_any_of(terms), k),
        )
        return [(row, score) for row, score in found]

    def bm25_of(self, terms: Sequence[str], rows: Sequence[int]) -> dict[int, float]:
        """Return the BM25 scores of those of the given rows that match any of the terms."""
        if not terms or not rows:
            return {}
        found = self._select(
            "SELECT rowid, -bm25(passage_terms) FROM passage_terms "
            "WHERE passage_terms MATCH ? AND +rowid IN",  # "+": match once, not once a row
            rows,
            _any_of(terms),
        )
        return dict(found)

    def count_passages_with(self, terms: Sequence[str]) -> dict[str, int]:
        """Return in how many passages each term occurs; absent terms are left out."""
        return dict(self._select("SELECT term, doc FROM term_counts WHERE term IN", terms))

    def count_terms_from(self, letter: str) -> dict[str, int]:
        """Return the terms that begin with a letter, each with how many passages have it."""
        return dict(
            self._connection.execute(
                "SELECT term, doc FROM term_counts WHERE term >= ? AND term < ?",
                (letter, chr(ord(letter) + 1)),
            )
        )

    def _select(
        self, sql_in: str, keys: Sequence[int] | Sequence[str], *before: object
    ) -> list[Any]:
        """Run `... IN (keys)`, with the keys as one JSON value: no limit on their number."""
        sql = f"{sql_in} (SELECT value FROM json_each(?))"
        return self._connection.execute(sql, (*before, json.dumps(list(keys)))).fetchall()


def _any_of(terms: Sequence[str]) -> str:
    """Return the FTS5 expression that matches any term, none of which can be syntax."""
    return " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)
