"""Examines the index: how was it made, is it whole, is it in step with the corpus?

Reads the catalog and compares file stamps, without a model unless it was prepared before. Only
`examine_deeply` tries every row.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from sqlite3 import Connection

from assistant.doctor.findings import Finding, ok, problem, warning
from assistant.errors import (
    AssistantError,
    CorpusError,
    EmbedderMissing,
    IndexDamaged,
    IndexMismatch,
    IndexMissing,
    SettingsError,
    StoreError,
)
from assistant.ingest.walk import FoundFile
from assistant.models.embed import open_embedder
from assistant.models.prepare import find_model, find_prepared
from assistant.settings import Settings
from assistant.show.provenance import count
from assistant.store.bases import folder_of, list_folders, require_intact
from assistant.store.catalog import (
    CATALOG_FILE,
    open_catalog,
    read_facts,
    require_facts,
)
from assistant.store.content import SPLITTER_VERSION
from assistant.store.lock import find_holder
from assistant.store.partitions import FOLDER as PARTITIONS
from assistant.store.snapshot import Base, Snapshot
from assistant.store.sqlite import SqliteTables
from assistant.store.sync import index_config_of, list_files, open_engine
from assistant.store.tables import SCHEMA_VERSION
from assistant.values import DocumentId, Status

SUBJECT = "index"
SYNC, REBUILD = "assistant index", "assistant index --rebuild"
MAX_DIGESTED_BYTES = 100_000_000
"""A larger base is not read through: a second or more for each such part."""


def examine_index(settings: Settings) -> Iterator[Finding]:
    """Yield what is found of the index."""
    if settings.index_url:
        yield from _examine_served(settings)
        return
    holder = find_holder(settings.index_dir)
    if holder:
        yield warning(SUBJECT, f"it is being written by {holder}", "wait until it has finished")
    try:
        with open_catalog(settings.index_dir) as connection:
            yield from _examine_catalog(connection, settings, is_being_written=bool(holder))
    except IndexMissing as error:
        yield warning(SUBJECT, str(error), SYNC)
    except StoreError as error:
        yield problem(SUBJECT, str(error), REBUILD)


def _examine_served(settings: Settings) -> Iterator[Finding]:
    """Yield what is found of an index that a server keeps."""
    engine = open_engine(settings, 0)
    try:
        with engine.look() as snapshot:
            if snapshot is None:
                yield warning(SUBJECT, f"there is none in {engine.name} yet", SYNC)
                return
            facts = snapshot.tables.facts
            wanted = {"schema": str(SCHEMA_VERSION)} | dict(expected_facts(settings))
            require_facts(facts, wanted)
            yield ok(SUBJECT, f"{engine.name}: {count(snapshot.n_passages, 'passage')}")
            yield from _compare(snapshot, settings)
            if "synced_at" not in facts:
                yield warning(SUBJECT, "no sync has gone through to its end", SYNC)
    except IndexMismatch as error:
        yield problem(SUBJECT, str(error), REBUILD)
    except IndexDamaged as error:
        yield problem(SUBJECT, str(error), SYNC)
    except (StoreError, SettingsError) as error:
        yield problem(SUBJECT, str(error), "mend what the message names")
    finally:
        engine.close()


def examine_conversations(settings: Settings) -> Iterator[Finding]:
    """Yield whether conversations can be kept, as far as that is seen without writing."""
    if settings.store_url is None:
        yield ok("conversations", "kept in SQLite, beside the index")
        return
    from assistant.serve.chat.postgres import PostgresDatabase

    try:
        database = PostgresDatabase(settings.store_url.get_secret_value(), makes_tables=False)
    except (StoreError, SettingsError) as error:
        yield problem("conversations", str(error), "mend what the message names")
        return
    yield ok("conversations", f"kept in {database.name}")
    database.close()


def examine_deeply(settings: Settings) -> Iterator[Finding]:
    """Yield what trying every promise of the index finds; takes a minute for 100,000 passages."""
    from assistant.store.index import Index

    try:
        embedder = open_embedder(settings.embedding_model, settings.cache_dir)
        with Index(settings, embedder) as index:
            faults = index.check()
    except AssistantError as error:
        yield problem(SUBJECT, f"it cannot be checked through: {error}", SYNC)
        return
    for fault in faults:
        yield problem(SUBJECT, fault, REBUILD)
    if not faults:
        yield ok(SUBJECT, "every row was tried, and is as it should be")


def expected_facts(settings: Settings) -> Mapping[str, str]:
    """Return the manifest that an index of these settings has, as far as no model must be loaded.

    Without a prepared model the fingerprint and the passages' length are not known.
    """
    known = {"model": settings.embedding_model, "splitter": str(SPLITTER_VERSION)}
    try:
        files = find_model(settings.embedding_model, settings.cache_dir)
        prepared = find_prepared(files.folder, settings.cache_dir)
        if prepared is None:
            return known
        if prepared.folder is None:
            return known | {"fingerprint": prepared.fingerprint}
        embedder = open_embedder(settings.embedding_model, settings.cache_dir)
    except EmbedderMissing:  # said of the models already
        return known
    return index_config_of(embedder, settings).facts()


def _examine_catalog(
    connection: Connection, settings: Settings, *, is_being_written: bool
) -> Iterator[Finding]:
    connection.execute("PRAGMA query_only = ON")
    connection.execute("BEGIN")
    facts = read_facts(connection)
    require_facts(facts, {"schema": str(SCHEMA_VERSION)} | dict(expected_facts(settings)))
    snapshot = Snapshot(SqliteTables(connection))
    yield from _compare(snapshot, settings)
    if "synced_at" not in facts:
        yield warning(SUBJECT, "no sync has gone through to its end", SYNC)
    base = snapshot.base()
    if base:
        yield from _examine_base(base, settings.index_dir)
    if not is_being_written:  # what a running sync is at is not left over
        yield from _tell_leftovers(base, settings.index_dir)


def _compare(snapshot: Snapshot, settings: Settings) -> Iterator[Finding]:
    """Compare with the folder by size and time, as a sync does before it reads."""
    try:
        entries = {one.document_id: one for one in list_files(settings)}
    except CorpusError:
        return  # said of the corpus already
    records = snapshot.records()
    stamps = {DocumentId(row.document_id): row.stamp for row in snapshot.ledger()}
    n_skipped = sum(one.status == Status.SKIPPED for one in records)
    held = f"{count(len(records) - n_skipped, 'document')}, {n_skipped:,} skipped"
    n_new = len(entries.keys() - stamps.keys())
    n_gone = len(stamps.keys() - entries.keys())
    n_changed = sum(
        isinstance(one, FoundFile) and _is_changed(one, stamps[name])
        for name, one in entries.items()
        if name in stamps
    )
    if n_new or n_changed or n_gone:
        told = f"{held}; out of step: {n_new:,} new, {n_changed:,} changed, {n_gone:,} gone"
        yield warning(SUBJECT, told, SYNC)
    else:
        yield ok(SUBJECT, f"{held}; in step with the folder")


def _is_changed(file: FoundFile, stamp: tuple[int, int]) -> bool:
    """Whether a file is another one than was read; where the stamp is open, only by its size."""
    size, time_ns = stamp
    return (size >= 0 and size != file.size) or (time_ns >= 0 and time_ns != file.mtime_ns)


def _examine_base(base: Base, index_dir: Path) -> Iterator[Finding]:
    folder = folder_of(index_dir, base)
    files = [folder / name for name, _ in base.digests]
    missing = [file for file in files if not file.is_file()]
    if missing:
        yield problem(SUBJECT, f"the base {str(folder)!r} lacks {missing[0].name!r}", SYNC)
    elif sum(file.stat().st_size for file in files) <= MAX_DIGESTED_BYTES:
        try:
            require_intact(index_dir, base)
        except StoreError as error:
            yield problem(SUBJECT, str(error), SYNC)


def _tell_leftovers(base: Base | None, index_dir: Path) -> Iterator[Finding]:
    """Yield what earlier work has left: other bases, catalogs put aside, what workers made."""
    if (made := index_dir / PARTITIONS).is_dir():
        told = f"what workers made before they were interrupted is left: {str(made)!r}"
        remedy = "assistant index --ray goes on with it, assistant index deletes it"
        yield warning(SUBJECT, told, remedy)
    found = [
        path
        for path in list_folders(index_dir)
        if base is None or path != folder_of(index_dir, base)
    ]
    for ending in ("new", "damaged"):
        found += index_dir.glob(f"{CATALOG_FILE}.{ending}*")
    for path in sorted(found):
        what = "a base that is not in use" if path.is_dir() else "a catalog that was put aside"
        yield warning(SUBJECT, f"{what} is left: {str(path)!r}", f"rm -r {str(path)!r}")
