"""The tables of an index in SQLite: the embedded engine's, read and changed on one connection.

BM25 and the counts of terms are those of SQLite's FTS5.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, NamedTuple

from assistant.errors import IndexDamaged
from assistant.store.engine import PROPOSED, rank_rows, require_number
from assistant.store.tables import TABLES, Row, read_manifest, read_rows, rows_in, write_row

MAX_MATCHED = 10_000
"""Passages that BM25 ranks for one question, if its rarest term leaves a choice: a millisecond for
each 700 of them."""


@dataclass(slots=True)
class Counted:
    """What was counted in one version of an index: counting again takes as long as there are rows.

    `n_with` says of terms in how many passages they are; those in none are not kept.
    """

    languages: tuple[str, ...] | None = None
    n_with: dict[str, int] = field(default_factory=dict)


class SqliteTables:
    """One version of an index: what a transaction of the connection sees.

    A connection that writes has no transaction of its own while nothing is changed.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        facts: Mapping[str, str] | None = None,
        counted: Counted | None = None,
    ) -> None:
        """`facts` are those of the manifest, if they are known and stay as they are.

        `counted` is what is known of the same version.
        """
        self.connection = connection
        self._facts = facts
        self._counted = counted

    @property
    def facts(self) -> Mapping[str, str]:
        """The manifest."""
        return self._facts or read_manifest(self.connection)

    def rows(self, kind: type[Row], field: str = "", keys: Sequence[object] = ()) -> list[Row]:
        """Return the rows of which a field is one of the keys, or all."""
        if not field:
            return read_rows(self.connection, kind)
        if len(keys) == 1:
            return read_rows(self.connection, kind, f"WHERE {field} = ?", keys[0])
        return rows_in(self.connection, kind, field, keys)

    def rows_after(self, kind: type[Row], row: int) -> list[Row]:
        """Return the rows of a kind of passages with greater numbers."""
        return read_rows(self.connection, kind, "WHERE row > ? ORDER BY row", row)

    def passage_rows(self, contents: Sequence[str] | None = None) -> dict[str, list[int]]:
        """Return the numbers of the passages of contents."""
        sql = "SELECT content_id, json_group_array(row) FROM passages"
        among = "" if contents is None else "WHERE content_id IN (SELECT value FROM json_each(?))"
        found = self.connection.execute(
            f"{sql} {among} GROUP BY content_id ORDER BY content_id",
            () if contents is None else (json.dumps(list(contents)),),
        )
        return {content: sorted(json.loads(rows)) for content, rows in found}

    def which_live(self, rows: Sequence[int]) -> set[int]:
        """Return those of the passages that are there."""
        return {row for (row,) in self._select("SELECT row FROM passages WHERE row IN", rows)}

    def languages(self) -> tuple[str, ...]:
        """Return the languages, that of most passages first."""
        if self._counted and self._counted.languages is not None:
            return self._counted.languages
        found = self.connection.execute(
            "SELECT language FROM passages GROUP BY language ORDER BY count(*) DESC, language"
        )
        languages = tuple(language for (language,) in found)
        if self._counted:
            self._counted.languages = languages
        return languages

    def titles(self) -> dict[str, str]:
        """Return what the contents call themselves."""
        found = "SELECT content_id, title FROM contents WHERE title IS NOT NULL"
        return dict(self.connection.execute(found).fetchall())

    def bm25(self, terms: Sequence[str], k: int) -> list[tuple[int, float]]:
        """Return the k best passages by BM25; of very many that match, of those with rare terms."""
        rarest = self._rarest(terms)
        n = k if len(rarest) == len(terms) else PROPOSED * k
        found = self.connection.execute(
            "SELECT rowid, -bm25(passage_terms) AS score FROM passage_terms "
            "WHERE passage_terms MATCH ? ORDER BY score DESC, rowid LIMIT ?",
            (_any_of(rarest), n),
        ).fetchall()
        if n == k:
            return found
        scores = self.bm25_of(terms, [row for row, _ in found])
        return rank_rows(scores.items())[:k]

    def _rarest(self, terms: Sequence[str]) -> Sequence[str]:
        """Return the terms if few passages match, else the rarest: one, or as many as few match."""
        if int(self.facts["n_passages"]) <= MAX_MATCHED:
            return terms
        counts = self.count_passages_with(terms)
        in_order = sorted(counts, key=lambda term: (counts[term], term))
        matched = accumulate(counts[term] for term in in_order)
        few = [term for term, n in zip(in_order, matched, strict=True) if n <= MAX_MATCHED]
        return terms if len(few) == len(in_order) else few or in_order[:1]

    def bm25_of(self, terms: Sequence[str], rows: Sequence[int]) -> dict[int, float]:
        """Return the BM25 scores of those of the rows that match."""
        found = self._select(
            "SELECT rowid, -bm25(passage_terms) FROM passage_terms "
            "WHERE passage_terms MATCH ? AND +rowid IN",  # "+": match once, not once a row
            rows,
            _any_of(terms),
        )
        return dict(found)

    def count_passages_with(self, terms: Sequence[str]) -> dict[str, int]:
        """Return in how many passages each term occurs."""
        known = self._counted.n_with if self._counted else {}
        missing = [term for term in terms if term not in known]
        found = dict(self._select("SELECT term, doc FROM term_counts WHERE term IN", missing))
        known |= found
        return {term: known[term] for term in terms if term in known}

    def count_terms_from(self, letter: str) -> dict[str, int]:
        """Return the terms that begin with a letter."""
        return dict(
            self.connection.execute(
                "SELECT term, doc FROM term_counts WHERE term >= ? AND term < ?",
                (letter, chr(ord(letter) + 1)),
            )
        )

    def require_consistent(self) -> None:
        """Refuse tables that are not of one version: SQLite may take an old log for a new one."""
        n_contents, n_wanted, n_passages, n_summed, *last = self.connection.execute(
            "SELECT (SELECT count(*) FROM contents), "
            "(SELECT count(DISTINCT content_id) FROM documents), "
            "(SELECT count(*) FROM passages), "
            "(SELECT coalesce(sum(n_passages), 0) FROM contents), "
            "(SELECT max(row) FROM passages), (SELECT max(row) FROM vectors), "
            "(SELECT max(row) FROM sentence_vectors)"
        ).fetchone()
        facts = self.facts
        require_number("contents", n_contents, n_wanted)
        require_number("passages", n_passages, int(facts["n_passages"]))
        require_number("passages", n_passages, n_summed)
        if len(set(last)) > 1 or (last[0] or 0) > int(facts["last_row"]):
            raise IndexDamaged(f"the last rows of the index are {last}, not {facts['last_row']}")

    def count_tail(self, last_row: int) -> tuple[int, int]:
        """Return how many passages are newer than a base, and how many are not."""
        n_tail, n_live = self.connection.execute(
            "SELECT count(*) FILTER (WHERE row > :last), count(*) FILTER (WHERE row <= :last) "
            "FROM passages",
            {"last": last_row},
        ).fetchone()
        return n_tail, n_live

    # Changing

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the changes of the block together, or none."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:  # a full disk has ended it already
                self.connection.execute("ROLLBACK")
            raise

    def write(self, row: NamedTuple) -> None:
        """Write a row in place of the one with the same key."""
        write_row(self.connection, row)

    def delete(self, kind: type[NamedTuple], field: str, keys: Sequence[object]) -> None:
        """Delete the rows of which a field is one of the keys."""
        self.connection.executemany(
            f"DELETE FROM {TABLES[kind]} WHERE {field} = ?", [(key,) for key in keys]
        )

    def index_terms(self, row: int, terms: str) -> None:
        """Let a passage be found by terms."""
        sql = "INSERT INTO passage_terms (rowid, terms) VALUES (?, ?)"
        self.connection.execute(sql, (row, terms))

    def forget_terms(self, row: int, terms: str) -> None:
        """Let a passage no longer be found: a table without content is told what to forget."""
        sql = "INSERT INTO passage_terms (passage_terms, rowid, terms) VALUES ('delete', ?, ?)"
        self.connection.execute(sql, (row, terms))

    def keep_alive(self) -> None:
        """Do nothing: the lock of the index folder lasts as long as its process."""

    def checkpoint(self) -> None:
        """Write SQLite's log into the catalog, so that the file is whole by itself.

        Only as far as nobody is reading: a question is not waited for, and the next sync does it.
        """
        with suppress(sqlite3.OperationalError):
            self.connection.execute("PRAGMA busy_timeout = 0")
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _select(
        self, sql_in: str, keys: Sequence[int] | Sequence[str], *before: object
    ) -> list[Any]:
        """Run `... IN (keys)`, with the keys as one JSON value: no limit on their number."""
        sql = f"{sql_in} (SELECT value FROM json_each(?))"
        return self.connection.execute(sql, (*before, json.dumps(list(keys)))).fetchall()


def _any_of(terms: Sequence[str]) -> str:
    """Return the FTS5 expression that matches any term, none of which can be syntax."""
    return " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)
