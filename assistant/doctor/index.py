"""The index folder -> findings: how it was made, what it holds, whether it is in step.

Reads the catalog and compares stamps; only `examine_deeply` tries every row. Refuses nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from assistant.doctor.findings import Finding, count, ok, problem, warning
from assistant.doctor.index_state import IndexState, check_base_files, find_leftovers, read_state
from assistant.errors import (
    AssistantError,
    CorpusError,
    EmbedderMissing,
    IndexMismatch,
    IndexMissing,
    StoreError,
)
from assistant.ingest.walk import FoundFile
from assistant.models.embed import open_embedder
from assistant.models.prepare import find_folder, find_prepared
from assistant.settings import Settings
from assistant.store.content import SPLITTER_VERSION
from assistant.store.lock import find_holder
from assistant.store.sync import list_files, making_of
from assistant.values import Status

SUBJECT = "index"
SYNC, REBUILD = "assistant index", "assistant index --rebuild"


def examine_index(settings: Settings) -> Iterator[Finding]:
    """Yield what is found of the index."""
    holder = find_holder(settings.index_dir)
    if holder:
        yield warning(SUBJECT, f"it is being written by {holder}", "wait until it has finished")
    try:
        state = read_state(settings.index_dir, expected_facts(settings))
    except IndexMissing as error:
        yield warning(SUBJECT, str(error), SYNC)
    except IndexMismatch as error:
        yield problem(SUBJECT, str(error), REBUILD)
    except StoreError as error:
        yield problem(SUBJECT, str(error), REBUILD)
    else:
        yield from _tell_making(state, str(settings.index_dir))
        yield from _tell_files(state)
        yield from _compare(state, settings)
        yield from _examine_base(state, settings)
        if not holder:  # what a running sync is at is not left over
            yield from _tell_leftovers(state, settings)


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
        prepared = find_prepared(find_folder(settings.embedding_model), settings.cache_dir)
        if prepared is None:
            return known
        if prepared.folder is None:
            return known | {"fingerprint": prepared.fingerprint}
        embedder = open_embedder(settings.embedding_model, settings.cache_dir)
    except EmbedderMissing:  # said of the models already
        return known
    return making_of(embedder, settings).facts()


def _tell_making(state: IndexState, place: str) -> Iterator[Finding]:
    facts = state.facts
    yield ok(
        SUBJECT,
        f"{place!r} was made with {facts['model']}, passages of {facts['max_passage_tokens']} "
        f"tokens, splitter {facts['splitter']}",
    )
    if synced_at := facts.get("synced_at"):
        when = datetime.fromisoformat(synced_at).astimezone()
        yield ok(SUBJECT, f"last synced {when:%Y-%m-%d %H:%M}, version {facts['version']}")
    else:
        yield warning(SUBJECT, "no sync has gone through to its end", SYNC)


def _tell_files(state: IndexState) -> Iterator[Finding]:
    held = [one for one in state.records if one.status != Status.SKIPPED]
    n_passages = int(state.facts["n_passages"])
    yield ok(SUBJECT, f"{count(len(held), 'document')}, {count(n_passages, 'passage')}")
    skipped = [one for one in state.records if one.status == Status.SKIPPED]
    if skipped:
        kinds = Counter(one.fault.value if one.fault else "other reasons" for one in skipped)
        named = ", ".join(f"{n:,} {kind}" for kind, n in kinds.most_common())
        first = skipped[0]
        yield ok(
            SUBJECT,
            f"{count(len(skipped), 'file')} skipped ({named}), such as {first.document_id!r}: "
            f"{first.reason}",
        )


def _compare(state: IndexState, settings: Settings) -> Iterator[Finding]:
    """Compare with the folder by size and time, as a sync does before it reads."""
    try:
        entries = {one.document_id: one for one in list_files(settings)}
    except CorpusError:
        return  # said of the corpus already
    n_new = len(entries.keys() - state.stamps.keys())
    n_gone = len(state.stamps.keys() - entries.keys())
    n_changed = sum(
        isinstance(one, FoundFile) and _is_changed(one, state.stamps[name])
        for name, one in entries.items()
        if name in state.stamps
    )
    if n_new or n_changed or n_gone:
        yield warning(
            SUBJECT,
            f"out of step with the folder: {n_new:,} new, {n_changed:,} changed, {n_gone:,} gone",
            SYNC,
        )
    else:
        yield ok(SUBJECT, "in step with the folder")


def _is_changed(file: FoundFile, stamp: tuple[int, int]) -> bool:
    """Whether a file is another one than was read; where the stamp is open, only by its size."""
    size, time_ns = stamp
    return (size >= 0 and size != file.size) or (time_ns >= 0 and time_ns != file.mtime_ns)


def _examine_base(state: IndexState, settings: Settings) -> Iterator[Finding]:
    base = state.base
    if base is None:
        yield ok(SUBJECT, "no Chroma base: the passages are so few that all of them are searched")
        return
    try:
        is_read = check_base_files(settings.index_dir, base)
    except StoreError as error:
        yield problem(SUBJECT, str(error), SYNC)
        return
    how = "its files are those that were built" if is_read else "its files are there"
    yield ok(SUBJECT, f"a Chroma base of {base.n_passages:,} passages: {how}")


def _tell_leftovers(state: IndexState, settings: Settings) -> Iterator[Finding]:
    for path in find_leftovers(settings.index_dir, state.base):
        what = "an unfinished base" if path.is_dir() else "a catalog that was put aside"
        yield warning(SUBJECT, f"{what} is left: {str(path)!r}", f"rm -r {str(path)!r}")
