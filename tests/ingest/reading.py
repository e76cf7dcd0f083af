"""What tests ask of a file that was read, and of one that was refused."""

import io
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.parsed import Parsed


def blocks(parsed: Parsed) -> list[str]:
    return [parsed.text[start:end] for start, end in parsed.blocks]


def blocks_by(parse: Callable[[bytes], Parsed]) -> Callable[[str | bytes], list[str]]:
    """Return what gives the blocks of a source."""
    return lambda data: blocks(parse(data.encode() if isinstance(data, str) else data))


def headings(parsed: Parsed) -> list[tuple[str, int]]:
    return [(parsed.text[h.start : h.end], h.level) for h in parsed.headings]


def pages(parsed: Parsed) -> list[tuple[int, str]]:
    return [(page.number, parsed.text[page.start : page.end]) for page in parsed.pages]


def require_in_order(text: str, spans: Iterable[tuple[int, int]]) -> None:
    """Require that spans lie in the text one after the other, none empty, none with edges blank."""
    position = 0
    for start, end in spans:
        assert position <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip() != ""
        position = end


@contextmanager
def refuses(fault: Fault, match: str | None = None) -> Iterator[None]:
    """Require that what is done inside is refused for a fault, in words that match."""
    with pytest.raises(DocumentUnreadable, match=match) as caught:
        yield
    assert caught.value.fault == fault


USUAL_S = 0.03
"""Processor time that `_count` takes on the slowest machine that the bounds have held on."""


@contextmanager
def within(seconds: float, clock: Callable[[], float] = time.thread_time) -> Iterator[None]:
    """Require that what is done inside takes less processor time, of this thread's own.

    Where the machine's cores are busy with other work, or slow, more by as much as that slows a
    piece of work that is always the same: a bound is of the work, not of the machine.

    Args:
        seconds: the bound.
        clock: what is measured; `time.monotonic` for what another process does.
    """
    started = clock()
    yield
    taken = clock() - started
    assert taken < seconds or taken < seconds * max(1.0, _count(clock) / USUAL_S)


def _count(clock: Callable[[], float]) -> float:
    """Return how many seconds a piece of work takes now: the median of five times."""
    taken = []
    for _ in range(5):
        started = clock()
        sum(len(str(n)) for n in range(300_000))
        taken.append(clock() - started)
    return sorted(taken)[2]


def saved(document: Any) -> bytes:
    """Return what an office library's document writes."""
    data = io.BytesIO()
    document.save(data)
    return data.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    """Return the members of a zip archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(data: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """Return a zip archive whose members are changed, each given its name and its bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return packed.getvalue()
