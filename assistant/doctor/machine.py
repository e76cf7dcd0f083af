"""Examines what everything else stands on: the machine, Python and the installed packages."""

import platform
import sqlite3
import stat
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from assistant.doctor.findings import Finding, ok, problem, warning
from assistant.errors import DocumentUnreadable
from assistant.ingest.formats.parsed import Limits
from assistant.ingest.pool import Parsers
from assistant.ingest.sniff import TEXT
from assistant.settings import SETTINGS_FILE, Settings
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
    faults = [fault for one in wanted if (fault := _judge(one))]
    yield from faults
    if not faults:
        yield ok(PACKAGES, f"all {len(wanted)} are as asked for")


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
