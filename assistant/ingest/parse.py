"""The formats: what can be done with a file of each media type, as a child process does it.

`FORMATS` is where further formats are added: a media type, and the module in `formats/` whose
`parse(data, limits)` makes `Parsed` of a file; of a module with several formats, `module:of` names
those of its functions that are called `parse_of` and so on. A format that knows where its text
stands in the file, or where its links lead, has `locate(data, span, pages) -> Origin` too, and one
with pages to show `draw(data, page, width) -> bytes`, a PNG picture. A module is imported when it
is first needed, as each brings its own library. `DocumentUnreadable` is raised for files that
cannot be read, have no text, or have too much, which is never cut.
"""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest import sniff
from assistant.ingest.formats.parsed import EXPANDED, ON_PAGE, Expanded, Limits, Parsed
from assistant.values import Origin, Page

MAX_SAID_CHARS = 200
FORMATS = {
    sniff.TEXT: "text",
    "text/markdown": "markdown",
    sniff.SOURCE: "text:source",
    "text/csv": "csv",
    "application/json": "json",
    "application/jsonl": "json:lines",
    sniff.MAIL: "mail",
    sniff.MAILBOX: "mail:box",
    sniff.ZIP: "archive",
    sniff.DOC: "legacy:doc",
    sniff.PPT: "legacy:ppt",
    sniff.RST: "markup:rst",
    sniff.ADOC: "markup:adoc",
    sniff.ORG: "markup:org",
    sniff.TEX: "tex",
    sniff.CUES: "records:cues",
    sniff.CALENDAR: "records:entries",
    sniff.CARDS: "records:entries",
    sniff.XML: "records:xml",
    sniff.FB2: "records:xml",
    sniff.APPLE: "archive:preview",
    sniff.OUTLOOK: "outlook",
    sniff.HTML: "html",
    sniff.ADDED: "text:added",
    sniff.DOCX: "docx",
    sniff.PPTX: "pptx",
    sniff.XLSX: "xlsx",
    sniff.XLSB: "xlsx",
    sniff.XLS: "xlsx",
    sniff.ODS: "xlsx",
    sniff.FLAT: "flat",
    sniff.ODT: "odt",
    sniff.ODP: "odt",
    sniff.ODG: "odt",
    sniff.EPUB: "epub",
    sniff.MOBI: "epub:mobi",
    sniff.RTF: "rtf",
    sniff.PDF: "pdf.document",
    **dict.fromkeys(sorted(sniff.IMAGES), "picture"),
}


def parse(data: bytes, media_type: str, limits: Limits) -> Parsed:
    """Return the canonical text and its parts.

    Raises:
        DocumentUnreadable: not of that media type, without text, or over a limit.
    """
    read = _task_of(media_type, "parse")
    assert read is not None, media_type
    before = EXPANDED.get()
    counted = EXPANDED.set(before or Expanded())
    try:
        parsed: Parsed = read(data, limits)
    finally:
        EXPANDED.reset(counted)
    if len(parsed.text) > limits.max_chars:
        raise DocumentUnreadable(
            f"its text has {len(parsed.text):,} characters, over the limit of "
            f"{limits.max_chars:,}; split the file or raise max_text_chars",
            Fault.TOO_LARGE,
        )
    if not parsed.blocks:
        raise DocumentUnreadable("no text in it", Fault.NO_TEXT)
    return parsed


def locate(data: bytes, media_type: str, span: tuple[int, int], pages: Sequence[Page]) -> Origin:
    """Return what a span of the canonical text is in the file, on the pages that it lies on.

    It is nothing in a format whose text is not that of the file.

    Raises:
        DocumentUnreadable: not of that media type.
    """
    find = _task_of(media_type, "locate")
    return find(data, span, pages) if find else Origin()


def draw(data: bytes, media_type: str, page: int, width: int) -> bytes:
    """Return a page as a PNG picture of `width` pixels.

    Raises:
        DocumentUnreadable: not of that media type, or without such a page.
    """
    show = _task_of(media_type, "draw")
    if show is None:
        raise DocumentUnreadable("it has no pages to show", Fault.CORRUPT)
    picture: bytes = show(data, page, width)
    return picture


@contextmanager
def tell_damage() -> Iterator[None]:
    """Raise what a format's library runs into as `DocumentUnreadable`, but for `MemoryError`."""
    try:
        yield
    except (DocumentUnreadable, MemoryError):
        raise
    except RecursionError as error:
        raise DocumentUnreadable("nested too deeply", Fault.CORRUPT) from error
    except Exception as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())[:MAX_SAID_CHARS]
        raise DocumentUnreadable(
            f"damaged, or not what it claims to be ({said})", Fault.CORRUPT
        ) from error


class OverdueError(BaseException):
    """What is being done takes too long; no library shall take it for an error of its own."""


@contextmanager
def stop_after(seconds: float) -> Iterator[None]:
    """Raise `OverdueError` in what is done inside when it has taken so much processor time.

    Only the main thread can be stopped, which is where a child process parses.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise OverdueError

    before = signal.signal(signal.SIGVTALRM, stop)
    # Again and again: what is raised while garbage is collected, reaches nobody.
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, max(seconds / 4, 0.1))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def describe_memory(limits: Limits) -> str:
    """Say that there is not enough memory."""
    return f"needs more than {limits.memory_bytes // 2**20:,} MiB of memory to be read"


@dataclass(slots=True)
class Inner:
    """Reads the files inside another one, which together may take as much as a file may."""

    limits: Limits
    n_seen: int = 0

    def parse(self, data: bytes, name: str) -> Parsed:
        """Return the text of a file inside another.

        Raises:
            DocumentUnreadable: it cannot be read, takes too much, or lies in too many others.
        """
        if not self.limits.max_inner:
            raise DocumentUnreadable("it lies in too many other files")
        media_type, _ = sniff.media_type(name, data)
        left = replace(
            self.limits,
            max_inner=self.limits.max_inner - 1,
            max_ocr_pages=max(self.limits.max_ocr_pages - self.n_seen, 0),
        )
        tell = ON_PAGE.get()

        def count(number: int, n_pages: int) -> None:
            self.n_seen += 1
            tell(number, n_pages)

        before = ON_PAGE.set(count)
        try:
            with tell_damage():
                return parse(data, media_type, left)
        except MemoryError:
            pass  # what was read so far is let go of before anything is made of it
        finally:
            ON_PAGE.reset(before)
        raise DocumentUnreadable(describe_memory(self.limits), Fault.MEMORY)


def _task_of(media_type: str, task: str) -> Callable[..., Any] | None:
    """Return what carries out a task for a format, or None if the format knows nothing of it."""
    name = FORMATS.get(media_type)
    if name is None:
        raise DocumentUnreadable(sniff.UNREAD.get(media_type, f"no format reads {media_type}"))
    module, _, of = name.partition(":")
    found = import_module(f"assistant.ingest.formats.{module}")
    return getattr(found, f"{task}_{of}" if of else task, None)
