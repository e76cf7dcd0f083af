"""The engines that keep an index, and all that is read from one, for tests that hold them equal."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from corpora import settings_in

from assistant.settings import Settings
from assistant.store.snapshot import Snapshot
from assistant.values import DocumentId

ENGINES = ("embedded", "milvus")


def engine_settings(engine: str, folder: Path, **given: Any) -> Settings:
    """Return settings whose index is kept by the engine."""
    if engine == "milvus":
        pytest.importorskip("pymilvus", reason="the extra `milvus` is not installed")
        pytest.importorskip("milvus_lite", reason="milvus-lite is not installed")
        given["index_url"] = str(folder / "milvus.db")
    return settings_in(folder, max_over_refusal=0.0, **given)


def read_all(snapshot: Snapshot) -> dict[str, object]:
    """Return all that a snapshot tells, but for the numbers of rows and times."""
    rows = [row for of_text in snapshot.rows_by_content() for row in of_text]
    passages = snapshot.passages(rows)
    names = [DocumentId(row.document_id) for row in snapshot.ledger() if row.content_id]
    records = [replace(one, settled_at="", seconds=0) for one in snapshot.records()]
    vectors = snapshot.vectors(rows)
    return {
        "passages": [passages[row] for row in rows],
        "vectors": [vectors[row].passage.tobytes() for row in rows],
        "sentences": [vectors[row].sentences.tobytes() for row in rows],
        "records": records,
        "documents": [snapshot.document(name) for name in names],
        "languages": snapshot.languages(),
        "titles": snapshot.titles(),
        "n": (snapshot.n_passages, len(snapshot.versions(names))),
        "of one": len(snapshot.rows_of([names[0]])),
        "terms": {letter: snapshot.count_terms_from(letter) for letter in "dmtr水1"},
        "live": len(snapshot.live_rows([*rows, 10**6])),
    }
