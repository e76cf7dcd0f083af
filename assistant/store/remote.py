"""An index in Milvus: versions of tables by commits, and the tables of one version, to be read.

Three collections for each generation of an index: `rows` holds every row of every kind, in pieces,
`passages` the vectors and the terms that are searched, and `manifest`, which all generations share,
the one row that says which commit of which generation is the present one. A row is part of the
commits from `born` on and before `died`. `docs/scale.md` tells why this is a transaction.

Milvus scores BM25 with statistics of its own, which count dead rows and, in milvus-lite, are of a
part of the rows. So it only proposes passages, and they are scored here as SQLite's FTS5 does.
"""

import base64
import hashlib
import json
import math
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from assistant.errors import IndexDamaged, StoreError
from assistant.models.encoder import Vector
from assistant.store.engine import K1, LEAST_IDF, PROPOSED, B, rank_rows, require_number
from assistant.store.milvus import N_KEYS, Milvus
from assistant.store.snapshot import Snapshot
from assistant.store.tables import (
    TABLES,
    BaseRow,
    ContentRow,
    DocumentRow,
    ManifestRow,
    NearRow,
    PassageRow,
    Row,
    SentenceVectorsRow,
    SketchRow,
    TextRow,
    VectorRow,
    WordsRow,
    digest_row,
)
from assistant.store.vectors import search_exactly

FOREVER = 2**62
"""When a row dies that is alive."""
RETAIN_S = 3_600.0
"""For so long whoever reads a version that is no longer the present one can read on."""
PIECE_CHARS = 60_000
"""Of a row's data in one row of Milvus, whose texts hold 65,535 bytes."""
MAX_TOKENS = 5_400
"""Distinct terms of a passage that propose it, which Milvus's text holds."""
ROW_FIELDS: dict[str, Any] = {
    "key": 64,
    "identity": 32,
    "kind": int,
    "first": 32,
    "second": 32,
    "number": int,
    "piece": int,
    "data": 65_535,
    "born": int,
    "died": int,
}
PASSAGE_FIELDS: dict[str, Any] = {
    "row": int,
    "terms": "terms",
    "digest": int,
    "born": int,
    "died": int,
}
MANIFEST_FIELDS: dict[str, Any] = {"key": 64, "data": 65_535}
NO_VECTOR = [0.0, 0.0]
"""Every collection needs a vector."""
FOUND = ("first", "second", "piece", "data")
"""The fields of which a row is unpacked."""
ALIVE = "born <= {commit} and died > {commit}"


class TermsRow(NamedTuple):
    """The terms of a passage, between spaces, as `index_terms` was given them."""

    row: int
    terms: str


class CountRow(NamedTuple):
    """By how many passages more, or fewer, a term is in since a commit: its counts are summed."""

    term: str
    commit: int
    n: int


KINDS: tuple[type[NamedTuple], ...] = (
    ContentRow,
    TextRow,
    WordsRow,
    SketchRow,
    NearRow,
    DocumentRow,
    PassageRow,
    SentenceVectorsRow,
    TermsRow,
    CountRow,
)
"""The kinds in `rows`, by their numbers there: a new one comes last."""


def digest_of(*parts: object) -> str:
    """Return what stands for a key in an expression: 32 hexadecimal digits."""
    data = json.dumps(parts).encode()
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def identify(row: NamedTuple) -> tuple[object, ...]:
    """Return what two rows of a kind differ by."""
    n_fields = 2 if isinstance(row, (NearRow, CountRow)) else 1
    return tuple(row[:n_fields])


def second_of(row: NamedTuple) -> str:
    """Return the digest of the other field that rows of a kind are found by; empty for most."""
    if isinstance(row, (DocumentRow, PassageRow)):
        return "" if row.content_id is None else digest_of(row.content_id)
    if isinstance(row, NearRow):
        return digest_of(row.near_id)
    return digest_of(row.term[:1]) if isinstance(row, CountRow) else ""


def pack(row: NamedTuple, born: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of Milvus that hold a row, under keys made of what it is."""
    kind = KINDS.index(type(row))
    fields = [
        {"bytes": base64.b64encode(one).decode()} if isinstance(one, bytes) else one for one in row
    ]
    written = json.dumps([*fields, digest_row(*row)]).encode()
    data = base64.b64encode(zlib.compress(written, 1)).decode()
    number = row[0] if isinstance(row[0], int) else 0
    for piece, start in enumerate(range(0, len(data), PIECE_CHARS)):
        yield {
            "key": digest_of(kind, *identify(row), piece, born),
            "identity": digest_of(kind, *identify(row)),
            "kind": kind,
            "first": digest_of(row[0]),
            "second": second_of(row),
            "number": number,
            "piece": piece,
            "data": data[start : start + PIECE_CHARS],
            "born": born,
            "died": FOREVER,
            "vector": NO_VECTOR,
        }


def unpack(kind: type[Row], stored: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return the rows of a kind that rows of Milvus hold.

    Raises:
        IndexDamaged: one is not what was written, or lacks a piece.
    """
    rows = []
    pieces: list[Mapping[str, Any]] = []
    in_order = sorted(stored, key=lambda one: (one["first"], one["second"], one["piece"]))
    if kind is NearRow or kind is CountRow:  # of one first field there are several, all short
        return [_unpack(kind, [one]) for one in in_order]
    for one in in_order:
        if one["piece"] == 0 and pieces:
            rows.append(_unpack(kind, pieces))
            pieces = []
        pieces.append(one)
    return [*rows, _unpack(kind, pieces)] if pieces else rows


def _unpack(kind: type[Row], pieces: Sequence[Mapping[str, Any]]) -> Row:
    try:
        data = base64.b64decode("".join(one["data"] for one in pieces), validate=True)
        *fields, digest = json.loads(zlib.decompress(data))
        read = [base64.b64decode(one["bytes"]) if isinstance(one, dict) else one for one in fields]
        if [one["piece"] for one in pieces] == [*range(len(pieces))]:
            row = kind._make(read)
            if digest_row(*row) == digest:
                return row
    except (ValueError, zlib.error, TypeError, KeyError):
        pass
    what = TABLES.get(kind, kind.__name__)
    raise IndexDamaged(
        f"a row of the table {what} is not what was written ({pieces[0]['first']!r}): another "
        "program has altered it"
    )


@dataclass
class Manifest:
    """What the one manifest row says: which commit of which generation is the present one.

    `history` are commits with when they became current, in seconds since 1970.
    """

    generation: str
    commit: int
    facts: dict[str, str]
    n_terms: int = 0
    n_counts: int = 0
    n_merged: int = 0
    languages: dict[str, int] = field(default_factory=dict)
    history: list[list[float]] = field(default_factory=list)

    @property
    def identity(self) -> int:
        """What tells this generation from another."""
        return int(self.generation, 16)

    def written(self) -> str:
        """Return the row, with its digest."""
        data = json.dumps(vars(self), sort_keys=True)
        return json.dumps([data, digest_row(data)])

    @classmethod
    def read(cls, written: str) -> "Manifest":
        """Return what a row says.

        Raises:
            IndexDamaged: it is not what was written.
        """
        try:
            data, digest = json.loads(written)
            if digest_row(data) == digest:
                return cls(**json.loads(data))
        except (ValueError, TypeError):
            pass
        raise IndexDamaged("the manifest of the index is not what was written")


class MilvusTables:
    """One version of an index in Milvus, to be read."""

    def __init__(self, milvus: Milvus, manifest: Manifest) -> None:
        self._milvus = milvus
        self._manifest = manifest
        self._opened_s = time.monotonic()
        self._terms: dict[int, TermsRow] = {}
        prefix = f"{milvus.url.prefix}_{manifest.generation}"
        self._rows_name, self._passages_name = f"{prefix}_rows", f"{prefix}_passages"

    @property
    def facts(self) -> Mapping[str, str]:
        """The manifest."""
        return self._manifest.facts

    def rows(self, kind: type[Row], field: str = "", keys: Sequence[object] = ()) -> list[Row]:
        """Return the rows of which a field is one of the keys, or all."""
        if kind is ManifestRow:
            return [kind._make(pair) for pair in self._facts_of(field, keys)]
        if kind is BaseRow:  # the server searches vectors by itself
            return []
        if kind is VectorRow:
            chosen = [key for key in keys if isinstance(key, int)] if field else None
            return self._vectors(chosen)  # type: ignore[return-value]
        if not field:
            return unpack(kind, self._scan("kind == {kind}", kind=KINDS.index(kind)))
        column = "first" if field == kind._fields[0] else "second"
        found: list[Mapping[str, Any]] = []
        digests = [digest_of(key) for key in keys]
        for start in range(0, len(digests), N_KEYS):
            where = f"kind == {{kind}} and {column} in {{keys}}"
            some = digests[start : start + N_KEYS]
            given: dict[str, Any] = {"kind": KINDS.index(kind), "keys": some}
            is_few = column == "first" and kind is not CountRow
            found += self._find(where, **given) if is_few else self._scan(where, **given)
        return unpack(kind, found)

    def rows_after(self, kind: type[Row], row: int) -> list[Row]:
        """Return the rows of a kind of passages with greater numbers."""
        if kind is VectorRow:
            return self._vectors(None, after=row)  # type: ignore[return-value]
        where = "kind == {kind} and number > {row}"
        return sorted(unpack(kind, self._scan(where, kind=KINDS.index(kind), row=row)))

    def passage_rows(self, contents: Sequence[str] | None = None) -> dict[str, list[int]]:
        """Return the numbers of the passages of contents."""
        found: dict[str, list[int]] = {}
        given = [row.content_id for row in self.rows(ContentRow)] if contents is None else contents
        content_of = {digest_of(one): one for one in given}
        chosen = sorted(content_of)
        for start in range(0, len(chosen), N_KEYS):
            where = "kind == {kind} and piece == 0 and second in {keys}"
            keys = chosen[start : start + N_KEYS]
            kind = KINDS.index(PassageRow)
            for one in self._scan(where, fields=("number", "second"), kind=kind, keys=keys):
                found.setdefault(content_of[one["second"]], []).append(one["number"])
        return {content: sorted(found[content]) for content in sorted(found)}

    def which_live(self, rows: Sequence[int]) -> set[int]:
        """Return those of the passages that are there."""
        return {one["row"] for one in self._passages(["row"], rows)}

    def languages(self) -> tuple[str, ...]:
        """Return the languages, that of most passages first."""
        counts = {code: n for code, n in self._manifest.languages.items() if n > 0}
        return tuple(sorted(counts, key=lambda code: (-counts[code], code)))

    def titles(self) -> dict[str, str]:
        """Return what the contents call themselves."""
        return {row.content_id: row.title for row in self.rows(ContentRow) if row.title is not None}

    def bm25(self, terms: Sequence[str], k: int) -> list[tuple[int, float]]:
        """Return the k best passages: of more that Milvus proposes, scored as everywhere."""
        query = " ".join(map(token_of, dict.fromkeys(terms)))
        proposed = self._search(query, max(PROPOSED * k, 100))
        scores = self.bm25_of(terms, [row for row, _ in proposed])
        return rank_rows(scores.items())[:k]

    def bm25_of(self, terms: Sequence[str], rows: Sequence[int]) -> dict[int, float]:
        """Return the BM25 scores of those of the rows that match."""
        n, n_terms = int(self.facts["n_passages"]), self._manifest.n_terms
        weights = {
            term: max(math.log((n - n_with + 0.5) / (n_with + 0.5)), LEAST_IDF)
            for term, n_with in self.count_passages_with(list(dict.fromkeys(terms))).items()
        }
        scores = {}
        for row, held in self._terms_of(rows).items():
            counts = Counter(held.split())
            norm = K1 * (1 - B + B * sum(counts.values()) * n / max(n_terms, 1))
            shared = [(weights[term], counts[term]) for term in terms if term in weights]
            if any(tf for _, tf in shared):
                scores[row] = sum(w * tf * (K1 + 1) / (tf + norm) for w, tf in shared)
        return scores

    def count_passages_with(self, terms: Sequence[str]) -> dict[str, int]:
        """Return in how many passages each term occurs."""
        counts = _sum_counts(self.rows(CountRow, "term", list(terms)))
        return {term: counts[term] for term in terms if term in counts}

    def count_terms_from(self, letter: str) -> dict[str, int]:
        """Return the terms that begin with a letter."""
        return _sum_counts(self.rows(CountRow, "letter", [letter]))

    def require_consistent(self) -> None:
        """Refuse collections that do not hold as many passages and texts as the manifest says."""
        wanted = int(self.facts["n_passages"])
        commit = self._manifest.commit
        n_vectors = self._milvus.count(self._passages_name, ALIVE, commit=commit)
        require_number("vectors", n_vectors, wanted)
        for kind in (PassageRow, SentenceVectorsRow, TermsRow):
            where = f"kind == {{kind}} and piece == 0 and {ALIVE}"
            given = {"kind": KINDS.index(kind), "commit": commit}
            found = self._milvus.count(self._rows_name, where, **given)
            require_number(TABLES.get(kind, "terms"), found, wanted)
        n_summed = sum(row.n_passages for row in self.rows(ContentRow))
        require_number("passages", n_summed, wanted)

    def nearest(self, query: Vector, k: int) -> list[tuple[int, float]]:
        """Return the k best rows by their cosines, best first; ties by row."""
        found = self._search(query.astype(np.float32).tolist(), k)
        return rank_rows(found)

    def _facts_of(self, field: str, keys: Sequence[object]) -> list[tuple[str, str]]:
        facts = self.facts.items()
        return [(name, value) for name, value in facts if not field or name in keys]

    def _search(self, query: Any, k: int) -> list[tuple[int, float]]:
        self._require_kept()
        if not query:
            return []
        commit = self._manifest.commit
        return self._milvus.search(self._passages_name, query, k, ALIVE, commit=commit)

    def _terms_of(self, rows: Sequence[int]) -> dict[int, str]:
        """Return the terms of passages, each looked up once for a version."""
        missing = [row for row in rows if row not in self._terms]
        if missing:
            self._terms |= {one.row: one for one in self.rows(TermsRow, "row", missing)}
        return {row: self._terms[row].terms for row in rows if row in self._terms}

    def _vectors(self, rows: Sequence[int] | None, after: int = 0) -> list[VectorRow]:
        found = []
        for one in self._passages(["row", "vector", "digest"], rows, after):
            row = VectorRow(one["row"], np.asarray(one["vector"], dtype=np.float32).tobytes())
            if digest_row(*row) != one["digest"]:
                raise IndexDamaged(f"the vector of row {row.row} is not what was written")
            found.append(row)
        return sorted(found)

    def _passages(
        self, fields: Sequence[str], rows: Sequence[int] | None, after: int = 0
    ) -> Iterator[dict[str, Any]]:
        self._require_kept()
        given: tuple[Milvus, str] = self._milvus, self._passages_name
        if rows is None:
            where = f"row > {{after}} and {ALIVE}"
            yield from given[0].scan(
                given[1], fields, where, after=after, commit=self._manifest.commit
            )
            return
        for start in range(0, len(rows), N_KEYS):
            keys = list(rows[start : start + N_KEYS])
            where = f"row in {{rows}} and {ALIVE}"
            yield from given[0].find(
                given[1], fields, where, rows=keys, commit=self._manifest.commit
            )

    def _find(self, where: str, **values: Any) -> list[dict[str, Any]]:
        self._require_kept()
        where, values["commit"] = f"{where} and {ALIVE}", self._manifest.commit
        return self._milvus.find(self._rows_name, FOUND, where, **values)

    def _scan(
        self, where: str, fields: Sequence[str] = (), **values: Any
    ) -> Iterator[dict[str, Any]]:
        self._require_kept()
        where, values["commit"] = f"{where} and {ALIVE}", self._manifest.commit
        return self._milvus.scan(self._rows_name, fields or FOUND, where, **values)

    def _require_kept(self) -> None:
        """Refuse to read a version whose rows may be gone by now."""
        if time.monotonic() - self._opened_s > RETAIN_S:
            raise StoreError(
                f"a version of the index was held for more than {RETAIN_S / 60:.0f} minutes, and "
                "is not kept for longer; ask again"
            )


def _sum_counts(rows: Iterable[CountRow]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.term] = counts.get(row.term, 0) + row.n
    return {term: n for term, n in counts.items() if n > 0}


def token_of(term: str) -> str:
    """Return a word that stands for a term, which every analyser of Milvus leaves whole."""
    return "t" + hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=5).hexdigest()


def pack_terms(terms: str) -> str:
    """Return the words by which Milvus proposes a passage; of very many, each once."""
    held = terms.split()
    if len(held) > MAX_TOKENS:
        held = [*dict.fromkeys(held)][:MAX_TOKENS]
    return " ".join(map(token_of, held))


class MilvusSearch:
    """Searches the vectors of a version in Milvus."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension

    def search(self, snapshot: Snapshot, query: Vector, k: int) -> list[tuple[int, float]]:
        """Return the k best rows and their cosines, best first; ties by row."""
        assert isinstance(snapshot.tables, MilvusTables)
        return snapshot.tables.nearest(query, k)

    def search_among(
        self, snapshot: Snapshot, rows: Sequence[int], query: Vector, k: int
    ) -> list[tuple[int, float]]:
        """Return the k best of the given rows and their cosines, best first; ties by row."""
        found = search_exactly(*snapshot.vectors_of(rows, self._dimension), query, k)
        return rank_rows(found)
