"""Bad files in a folder: every one ends in the ledger, and nothing crashes, hangs or leaks.

120 hand-made files and more in 45 classes and more, and 2,000 mutations of them here,
tens of thousands with `make torture`.
"""

import os
import random
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from corpora import settings_in, write_files
from hashing import HashingEmbedder
from ingest.hazard_files import (
    CANARY,
    INDEXED,
    MARK,
    WARNED,
    Case,
    all_cases,
    docx,
    epub,
    odt,
    text_pdf,
)
from torture import tallied, trials

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.pool import Parsers
from assistant.ingest.sniff import media_type
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.store.sync import limits_of
from assistant.values import FileRecord, Status
from evals.mixed import MAKERS
from evals.speed.machine import watch_children

MEMORY_BYTES = 1_200_000_000
TIMEOUT_S = 30.0
N_MUTATED = trials(2_000, 20_000)
SEED = 7


def end_of(record: FileRecord) -> str | Fault:
    """Return how a file ended, in the terms of `Case.allowed`."""
    if record.status == Status.SKIPPED:
        assert record.fault is not None
        assert record.reason
        return record.fault
    return INDEXED if record.status == Status.INDEXED else WARNED


@dataclass(frozen=True)
class Synced:
    """An assistant over a folder with a subfolder for each case, and what its sync took."""

    assistant: Assistant
    seconds: float
    peak_mb: float


@pytest.fixture(scope="module")
def hazards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synced]:
    folder = tmp_path_factory.mktemp("hazards")
    settings = settings_in(folder, parse_timeout_s=TIMEOUT_S, max_parse_bytes=MEMORY_BYTES)
    write_files(settings.corpus_dir, {path_of(n): case.data for n, case in enumerate(all_cases())})
    with Assistant(settings, HashingEmbedder()) as assistant:
        started = time.perf_counter()
        with watch_children("assistant.ingest.worker") as peaks:
            assistant.sync()
        yield Synced(assistant, time.perf_counter() - started, peaks[-1])


def path_of(n: int) -> str:
    return f"{n:03}/{all_cases()[n].name}"


def test_there_are_120_files_in_45_classes() -> None:
    assert len(all_cases()) >= 120
    assert len({case.hazard for case in all_cases()}) >= 45


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_bad_file_ends_as_it_may_and_none_is_dropped(hazards: Synced) -> None:
    assistant = hazards.assistant
    records = {str(record.document_id): record for record in assistant.documents()}
    assert sorted(records) == [path_of(n) for n in range(len(all_cases()))]
    wrong = {
        path_of(n): (case.hazard, end_of(records[path_of(n)]), records[path_of(n)].reason)
        for n, case in enumerate(all_cases())
        if end_of(records[path_of(n)]) not in case.allowed
    }
    assert not wrong
    assert assistant.check() == ()


@pytest.mark.slow
def test_what_is_read_of_a_bad_file_is_there_and_what_is_hidden_is_not(hazards: Synced) -> None:
    assistant = hazards.assistant
    for record in assistant.documents():
        case = all_cases()[int(record.document_id.partition("/")[0])]
        if end_of(record) in (INDEXED, WARNED):
            document = assistant.document(record.document_id)
            assert CANARY not in document.text, case.name
            if case.holds:
                assert case.holds in " ".join(document.text.split()), case.name


@pytest.mark.slow
def test_no_parser_took_more_memory_or_time_than_it_may(hazards: Synced) -> None:
    assistant = hazards.assistant
    slowest = max(assistant.documents(), key=lambda record: record.seconds)
    assert slowest.seconds < TIMEOUT_S + 15, slowest
    assert 0 < hazards.peak_mb * 1e6 < MEMORY_BYTES


@pytest.mark.slow
def test_the_next_sync_reads_none_of_them_again(hazards: Synced) -> None:
    assistant, seconds = hazards.assistant, hazards.seconds
    started = time.perf_counter()
    report = assistant.sync()
    assert report.n_embedded == report.n_changed == 0
    assert time.perf_counter() - started < max(2.0, seconds / 5)


NAMES = [
    b"line\nbreak.txt",
    b"tab\t.txt",
    b"esc\x1b[31m.txt",
    "rtl\u202etxt.exe".encode(),
    b"n" * 251 + b".txt",
    b"latin\xe9.txt",
    b"-rf.txt",
    b"..txt",
    b"%2e%2e%2fetc.txt",
    b"caf\xc3\xa9.txt",
    b"cafe\xcc\x81.txt",
    b"CASE.txt",
    b"case.txt",
    b"quote'\".txt",
    b"<img src=x onerror=alert(1)>.txt",
    b"space .txt",
    b"back\\slash.txt",
]


def test_every_name_ends_in_the_ledger_and_is_safe_to_show(
    assistant: Assistant, settings: Settings
) -> None:
    for n, name in enumerate(NAMES):
        path = Path(os.fsdecode(os.fsencode(settings.corpus_dir) + b"/names/" + name))
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"The file number {n} has a name.")
    assistant.sync()
    records = [one for one in assistant.documents() if one.document_id.startswith("names/")]
    assert len(records) == len([name for name in NAMES if not name.startswith(b".")])
    for record in records:
        assert record.document_id.isprintable()
        assert record.document_id.encode()
        if record.status != Status.SKIPPED:
            assert "has a name" in assistant.document(record.document_id).text


def test_a_tree_full_of_traps_is_walked_through(assistant: Assistant, settings: Settings) -> None:
    root, outside = settings.corpus_dir, settings.corpus_dir.parent / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text(CANARY)
    (root / "loop").symlink_to(root)
    (root / "out").symlink_to(outside)
    (root / "out.txt").symlink_to(outside / "secret.txt")
    (root / "proc.txt").symlink_to("/proc/self/environ")
    os.link(root / "rivers.txt", root / "hard.txt")
    os.mkfifo(root / "pipe.txt")
    deep = root
    for n in range(100):
        deep = deep / f"d{n}"
    deep.mkdir(parents=True)
    (deep / "deep.txt").write_text(MARK)
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(root)  # the address of a socket must be short
        server.bind("socket.txt")
        os.chdir(here)
        assistant.sync()
    records = {str(record.document_id): record for record in assistant.documents()}
    for name in ("loop", "out", "out.txt", "proc.txt", "pipe.txt", "socket.txt"):
        assert records[name].fault == Fault.UNREADABLE
    assert records["hard.txt"].copies == ("rivers.txt",)
    (deepest,) = [name for name in records if name.endswith("deep.txt")]
    assert assistant.document(deepest).text == MARK
    assert not any(CANARY in assistant.document(n).text for n, r in records.items() if r.n_passages)


@cache
def seeds() -> dict[str, bytes]:
    """Return small files of every format by name, to be mutated."""
    return {
        "a.pdf": text_pdf(),
        "a.docx": docx(),
        "a.odt": odt(),
        "a.epub": epub(),
        **{
            case.name: case.data
            for case in all_cases()
            if case.hazard in {"html hidden text", "mail", "ragged rows", "doubled keys"}
        },
        **{
            f"b{kind}": MAKERS[kind]("Harbour", [MARK])
            for kind in sorted(MAKERS.keys() - {".txt", ".pdf", ".pages"})
        },
        "a.rtf": b"{\\rtf1\\ansi " + MARK.encode() + b"\\par\\u8364? more}",
        "a.md": f"# Title\n\n| a | b |\n|---|---|\n| 1 | {MARK} |\n\n```\ncode\n```\n".encode(),
    }


def mutate(data: bytes, random_: random.Random) -> bytes:
    """Flip, cut, splice, repeat or overwrite some bytes."""
    made = bytearray(data)
    for _ in range(random_.choice((1, 1, 2, 5, 20))):
        place, size = random_.randrange(len(made) + 1), random_.randrange(1, 40)
        match random_.randrange(6):
            case 0 if made:
                made[place - 1] ^= 1 << random_.randrange(8)
            case 1:
                del made[place : None if random_.random() < 0.2 else place + size]
            case 2:
                made[place:place] = made[place - size : place] * random_.choice((1, 1, 200))
            case 3:
                made[place : place + size] = random_.randbytes(size)
            case 4:
                other = random_.choice(list(seeds().values()))
                start = random_.randrange(len(other))
                made[place:place] = other[start : start + 4 * size]
            case _:
                made[place : place + 4] = random_.choice((b"\xff" * 4, b"\0" * 4, b"9999"))
    return bytes(made)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_mutated_files_are_read_or_refused_and_crash_or_hang_nothing() -> None:
    random_ = random.Random(SEED)
    limits = limits_of(Settings(parse_timeout_s=20.0, max_parse_bytes=MEMORY_BYTES))
    slowest = 0.0
    with (
        Parsers(limits) as parsers,
        tallied("mutated files", SEED) as tally,
        watch_children("assistant.ingest.worker") as peaks,
    ):
        for _ in range(N_MUTATED):
            name = random_.choice(list(seeds()))
            data = mutate(seeds()[name], random_)
            started = time.perf_counter()
            try:
                kind, _note = media_type(name, data)
                parsed = parsers.parse(data, kind)
                assert all(parsed.text[a:b].strip() for a, b in parsed.blocks)
                end = "read"
            except DocumentUnreadable as error:
                end = error.fault.value
            slowest = max(slowest, time.perf_counter() - started)
            tally.add(end)
    assert tally.n == N_MUTATED
    assert slowest < 60
    assert 0 < peaks[-1] * 1e6 < MEMORY_BYTES


def test_no_case_is_tested_under_the_name_of_another() -> None:
    assert all(isinstance(case, Case) and case.allowed for case in all_cases())
