"""This machine and this Python -> findings: what everything else stands on.

Starts one parser and reads one line with it. Refuses nothing.

The installed packages -> findings: whether each is in the range that this project asks for.

The settings of the server -> findings: who could get in, and who could read the passwords.
"""

import locale
import os
import platform
import resource
import stat
import sys
import time
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from assistant.doctor.findings import Finding, count, ok, problem, warning
from assistant.doctor.index_state import can_search_words, sqlite_version
from assistant.errors import DocumentUnreadable
from assistant.ingest.limits import Limits
from assistant.ingest.pool import Parsers
from assistant.ingest.sniff import TEXT
from assistant.settings import LOOPBACK, SETTINGS_FILE, Settings

SERVER = "server"


def examine_server(settings: Settings) -> Iterator[Finding]:
    """Yield what is found of the server's settings."""
    n_users = len(settings.users)
    at = f"{settings.host}:{settings.port}"
    if settings.host in LOOPBACK:
        yield ok(SERVER, f"the chat is at {at}, for this machine alone")
    elif n_users:
        yield ok(SERVER, f"the chat is at {at}, for {count(n_users, 'user')}")
    else:
        yield warning(
            SERVER,
            f"everybody who reaches {settings.host} can ask and add files",
            f"set users in {SETTINGS_FILE}, or host to 127.0.0.1",
        )
    if "*" in settings.allowed_hosts:
        yield warning(
            SERVER,
            "the server answers to every name, so pages of other sites may reach it",
            "set allowed_hosts to its names, unless a proxy before it checks them",
        )
    yield from _judge_file(Path(SETTINGS_FILE))


def _judge_file(path: Path) -> Iterator[Finding]:
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        mode = path.stat().st_mode
    except (OSError, ValueError):  # without one there is nothing to read; a bad one was refused
        return
    llm = given.get("llm")
    secrets = ["passwords"] * bool(given.get("users"))
    secrets += ["a key"] * bool(isinstance(llm, dict) and llm.get("api_key"))
    if secrets and mode & stat.S_IROTH:
        yield warning(
            SERVER,
            f"{SETTINGS_FILE} holds {' and '.join(secrets)}, and everybody here can read it",
            f"chmod 600 {SETTINGS_FILE}",
        )


PACKAGES = "packages"
PROJECT = "assistant"
SHOWN = (
    *("torch", "sentence-transformers", "transformers", "onnxruntime", "chromadb"),
    *("llama-index-core", "gradio", "pypdfium2"),
)
"""Packages whose versions are told; of the others only what is wrong."""


def examine_packages(settings: Settings) -> Iterator[Finding]:
    """Yield what is missing or of another version than asked for, else the versions."""
    try:
        wanted = list_requirements("local" if settings.llm.path else "")
    except PackageNotFoundError:
        yield warning(
            PACKAGES,
            f"{PROJECT} is not installed, so what it needs cannot be told",
            "pip install . (in the project's folder)",
        )
        return
    faults = [fault for one in wanted if (fault := _judge(one))]
    yield from faults
    names = {one.name for one in wanted}
    versions = [f"{name} {found}" for name in SHOWN if name in names and (found := _version(name))]
    in_range = len(wanted) - len(faults)
    yield ok(PACKAGES, f"{in_range} of {len(wanted)} are as asked for: {', '.join(versions)}")


def list_requirements(extra: str = "") -> list[Requirement]:
    """Return what the installed project asks for, with one of its extras if it is named.

    Raises:
        PackageNotFoundError: the project is not installed.
    """
    found = map(Requirement, requires(PROJECT) or ())
    return [one for one in found if one.marker is None or one.marker.evaluate({"extra": extra})]


def _judge(wanted: Requirement) -> Finding | None:
    found = _version(wanted.name)
    remedy = f"pip install '{wanted.name}{wanted.specifier}'"
    if found is None:
        return problem(PACKAGES, f"{wanted.name} is missing", remedy)
    if not wanted.specifier.contains(found, prereleases=True):
        detail = f"{wanted.name} is {found}, and {wanted.specifier} is asked for"
        return problem(PACKAGES, detail, remedy)
    return None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


SUBJECT = "environment"
OLDEST = (3, 11)
ENOUGH_BYTES = 2_000_000_000
"""A parser may take 1.6 GB, a chat with its index open takes 0.4 GB."""
ENOUGH_FILES = 512
"""Each browser keeps three connections open, each reader of the index three files."""
MEMORY = Path("/proc/meminfo")
CONTAINER = Path("/sys/fs/cgroup")


def examine_environment(_: Settings) -> Iterator[Finding]:
    """Yield what is found of the machine and of this Python."""
    yield _judge_python()
    yield _judge_memory()
    yield _judge_sqlite()
    yield _judge_open_files()
    yield _judge_encoding()
    yield _judge_parser()


def _judge_python() -> Finding:
    told = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < OLDEST:
        return problem(SUBJECT, told, f"use Python {OLDEST[0]}.{OLDEST[1]} or newer")
    return ok(SUBJECT, told)


def _judge_memory() -> Finding:
    available = measure_memory()
    n_cores = count_cores()
    cores = count(n_cores, "core")
    if available is None:
        return ok(SUBJECT, f"{cores}; how much memory is available cannot be told")
    told = f"{cores}, {available / 1e9:.1f} GB of memory available"
    if available < ENOUGH_BYTES:
        return warning(
            SUBJECT,
            f"{told}; large files need {ENOUGH_BYTES / 1e9:.0f} GB to be read",
            "end other programs, or give the machine or container more memory",
        )
    return ok(SUBJECT, told)


def count_cores() -> int:
    """Return how many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def measure_memory() -> int | None:
    """Return the bytes of memory that are available, in a container those that it leaves."""
    try:
        lines = dict(line.split(":", 1) for line in MEMORY.read_text().splitlines())
        available = int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, ValueError, KeyError):
        return None
    try:
        limit = int((CONTAINER / "memory.max").read_text())
        used = int((CONTAINER / "memory.current").read_text())
    except (OSError, ValueError):  # no container, or one without a limit
        return available
    return min(available, max(0, limit - used))


def _judge_sqlite() -> Finding:
    told = f"SQLite {sqlite_version()}"
    if can_search_words():
        return ok(SUBJECT, f"{told} with FTS5")
    return problem(
        SUBJECT,
        f"{told} lacks FTS5, which finds words",
        "use a Python whose sqlite3 has it, such as that of python.org or of your distribution",
    )


def _judge_open_files() -> Finding:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return ok(SUBJECT, "open files are not limited")
    told = f"{limit:,} files may be open at once"
    if limit < ENOUGH_FILES:
        return warning(SUBJECT, f"{told}: few people can ask at once", "ulimit -n 4096")
    return ok(SUBJECT, told)


def _judge_encoding() -> Finding:
    encodings = {
        "file names": sys.getfilesystemencoding(),
        "texts": locale.getpreferredencoding(do_setlocale=False),
    }
    other = [
        f"{name} are {found}"
        for name, found in encodings.items()
        if found.lower().replace("-", "") != "utf8"
    ]
    if other:
        return warning(SUBJECT, f"{' and '.join(other)}, not UTF-8", "export LANG=C.UTF-8")
    return ok(SUBJECT, "file names and texts are UTF-8")


def _judge_parser() -> Finding:
    began = time.perf_counter()
    try:
        with Parsers(Limits()) as parsers:
            parsers.parse(b"A line.", TEXT)
    except (DocumentUnreadable, OSError) as error:
        return problem(
            SUBJECT,
            f"no file can be parsed: the parser does not answer ({error})",
            "let this user start processes, and leave them 1.5 GB of memory (ulimit -u, ulimit -v)",
        )
    return ok(SUBJECT, f"a parser starts and answers in {time.perf_counter() - began:.1f} s")
