"""Examines what everything else stands on: the machine, Python, its packages, and the folders.

Of the folders it looks at names, sizes and permissions only; no document is opened.
"""

import os
import platform
import re
import shutil
import sqlite3
import stat
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing, suppress
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from assistant.doctor.findings import Finding, ok, problem, warning
from assistant.errors import CorpusError, DocumentUnreadable, EmbedderMissing
from assistant.ingest.formats.parsed import Limits
from assistant.ingest.pool import Parsers
from assistant.ingest.sniff import TEXT
from assistant.ingest.walk import FoundFile, walk
from assistant.models.prepare import find_model, find_prepared
from assistant.settings import DEFAULT_MODEL, SETTINGS_FILE, SHIPPED_MODEL, Settings
from assistant.show.provenance import count
from assistant.store.tables import TOKENIZER

MACHINE, PACKAGES = "machine", "packages"
PROJECT = "assistant"
OLDEST = (3, 11)


def examine_machine(_: Settings) -> Iterator[Finding]:
    """Yield what is found of Python, of its SQLite, of a parser, and of who can read the secrets.

    Starts a parser, which reads one line.
    """
    told = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    told += f", SQLite {sqlite3.sqlite_version}"
    if sys.version_info < OLDEST:
        yield problem(MACHINE, told, f"use Python {OLDEST[0]}.{OLDEST[1]} or newer")
    elif not can_search_words():
        remedy = "use a Python whose sqlite3 has it, such as that of python.org"
        yield problem(MACHINE, f"{told}, which lacks FTS5 to find words", remedy)
    else:
        yield ok(MACHINE, told)
    try:
        with Parsers(Limits()) as parsers:
            parsers.parse(b"A line.", TEXT)
    except (DocumentUnreadable, OSError) as error:
        yield problem(
            MACHINE,
            f"no file can be parsed: the parser does not answer ({error})",
            "let this user start processes, and leave them 1.5 GB of memory (ulimit -u, ulimit -v)",
        )
    yield from _judge_secrets(Path(SETTINGS_FILE))


def can_search_words() -> bool:
    """Whether this Python's SQLite has FTS5 with what the catalog asks of it."""
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute(f'CREATE VIRTUAL TABLE t USING fts5(x, tokenize="{TOKENIZER}")')
        except sqlite3.OperationalError:
            return False
    return True


def _judge_secrets(path: Path) -> Iterator[Finding]:
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        mode = path.stat().st_mode
    except (OSError, ValueError):  # without one there is nothing to read; a bad one was refused
        return
    llm = given.get("llm")
    is_secret = given.get("users") or (isinstance(llm, dict) and llm.get("api_key"))
    if is_secret and mode & stat.S_IROTH:
        told = f"{path} holds passwords or a key, and everybody here can read it"
        yield warning("settings", told, f"chmod 600 {path}")


def examine_packages(settings: Settings) -> Iterator[Finding]:
    """Yield each package that is missing or of another version than asked for."""
    try:
        wanted = list_requirements("local" if settings.llm.path else "")
    except PackageNotFoundError:
        told = f"{PROJECT} is not installed, so what it needs cannot be told"
        yield warning(PACKAGES, told, "pip install . (in the project's folder)")
        return
    needed = [one for one in wanted if settings.ocr or one.name != "rapidocr"]
    faults = [fault for one in needed if (fault := _judge(one))]
    yield from faults
    if not faults:
        yield ok(PACKAGES, f"all {len(needed)} are as asked for")


def list_requirements(extra: str = "") -> list[Requirement]:
    """Return what the installed project asks for, with one of its extras if it is named.

    Raises:
        PackageNotFoundError: the project is not installed.
    """
    found = map(Requirement, requires(PROJECT) or ())
    return [one for one in found if one.marker is None or one.marker.evaluate({"extra": extra})]


def _judge(wanted: Requirement) -> Finding | None:
    remedy = f"pip install '{wanted.name}{wanted.specifier}'"
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return problem(PACKAGES, f"{wanted.name} is missing", remedy)
    if not wanted.specifier.contains(found, prereleases=True):
        told = f"{wanted.name} is {found}, and {wanted.specifier} is asked for"
        return problem(PACKAGES, told, remedy)
    return None


CORPUS, DISK = "corpus", "disk"
INDEX_BYTES_PER_CHAR = 22
"""Measured on 170 KB of Markdown: 15 bytes in the catalog, and 7 in Chroma's kind of base."""
COPIES = 3
"""The index that there is, the one that takes its place, and SQLite's log between them."""
CACHE_BYTES = 700_000_000 if DEFAULT_MODEL == SHIPPED_MODEL else 250_000_000
"""The shipped model takes 320 MB prepared, the installed one 90; twice that while it is made."""
MOUNTS = Path("/proc/mounts")
DISTANT = re.compile(r"(nfs\d?|cifs|smb\d?|smbfs|afs|ceph|9p|lustre|gfs2?|ocfs2|fuse(\..+)?)")


def examine_corpus(settings: Settings) -> Iterator[Finding]:
    """Yield whether there is a corpus, and what in it cannot be read."""
    folder = settings.corpus_dir
    try:
        entries = list(walk(folder, settings.index_dir))
    except CorpusError as error:
        yield problem(CORPUS, str(error), f"mkdir -p {str(folder)!r}, or --corpus FOLDER")
        return
    sizes = [one.size for one in entries if isinstance(one, FoundFile)]
    if sizes:
        told = f"{count(len(sizes), 'file')} in {str(folder)!r}, {_tell(sum(sizes))}"
        yield ok(CORPUS, told)
    else:
        yield warning(CORPUS, f"no files in {str(folder)!r}", "put documents into it")
    skipped = [one for one in entries if not isinstance(one, FoundFile)]
    if shut := [one for one in skipped if one.reason.startswith("cannot be read")]:
        told = f"{len(shut):,} skipped, such as {shut[0].document_id!r}: {shut[0].reason}"
        yield warning(CORPUS, told, "let this user read it")


def examine_disk(settings: Settings) -> Iterator[Finding]:
    """Yield whether index and cache can be written and have room, and what may not hold locks."""
    yield from _judge_folder("index", settings.index_dir, estimate_bytes(settings))
    if os.access(_existing(settings.cache_dir), os.W_OK | os.X_OK) or not _holds_model(settings):
        yield from _judge_folder("cache", settings.cache_dir, CACHE_BYTES)
    else:
        yield ok(DISK, f"cache {str(settings.cache_dir)!r}: it has the prepared model, to be read")
    kind = find_kind(_existing(settings.index_dir))
    if kind and DISTANT.fullmatch(kind):
        yield warning(
            DISK,
            f"the index {str(settings.index_dir)!r} is on a file system of kind {kind}, where "
            "SQLite's log and locks may fail",
            "set index_dir to a folder on a disk of this machine",
        )


def estimate_bytes(settings: Settings) -> int:
    """Return what the next syncs may need: for the index that there is, or for the documents."""
    n_chars = 0
    with suppress(CorpusError):  # said of the corpus already
        for one in walk(settings.corpus_dir, settings.index_dir):
            if isinstance(one, FoundFile) and one.size <= settings.max_file_bytes:
                n_chars += min(one.size, settings.max_text_chars)
    return max(COPIES * _measure(settings.index_dir), INDEX_BYTES_PER_CHAR * n_chars)


def find_kind(path: Path) -> str | None:
    """Return the kind of the file system that a path is on, as Linux names it."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    mounts = [line.split() for line in lines]
    found = [
        (len(place), kind)
        for _, escaped, kind, *_ in mounts
        if path.resolve().is_relative_to(place := _unescape(escaped))
    ]
    # Of two on the same place the later one covers the other.
    return max(reversed(found), key=lambda one: one[0])[1] if found else None


def _holds_model(settings: Settings) -> bool:
    """Tell whether the cache has the model prepared, so that nothing has to be written there."""
    try:
        folder = find_model(settings.embedding_model, settings.cache_dir).folder
    except EmbedderMissing:  # said of the models already
        return False
    return find_prepared(folder, settings.cache_dir) is not None


def _judge_folder(name: str, folder: Path, needed: int) -> Iterator[Finding]:
    place = _existing(folder)
    if not os.access(place, os.W_OK | os.X_OK):
        told = f"this user may not write into {str(place)!r}, where the {name} is kept"
        remedy = f"let this user write there, or set {name}_dir to another folder"
        yield problem(DISK, told, remedy)
    free = shutil.disk_usage(place).free
    told = f"{name} {str(folder)!r}: {_tell(free)} free, up to {_tell(needed)} needed"
    remedy = f"free {_tell(needed - free)}, or set {name}_dir to a folder on another disk"
    if COPIES * free < needed:
        yield problem(DISK, told, remedy)
    elif free < needed:
        yield warning(DISK, told, remedy)
    else:
        yield ok(DISK, told)


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest above it that exists."""
    folder = folder.absolute()
    return next(place for place in (folder, *folder.parents) if place.exists())


def _measure(folder: Path) -> int:
    """Return the bytes of the files in a folder and those under it; 0 when there is none."""
    n_bytes = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # a sync may take it away meanwhile
            n_bytes += path.stat().st_size if path.is_file() else 0
    return n_bytes


def _unescape(place: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), place)


def _tell(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:,.1f} GB" if n_bytes >= 1e9 else f"{max(0, n_bytes) / 1e6:,.1f} MB"
