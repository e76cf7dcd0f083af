"""Archives of files, and Apple's documents, of which the preview is read.

Each file of a zip archive that can be read follows under its path as heading, as if it lay in the
folder; what cannot be read is named in a warning. Pages, Numbers and Keynote keep what they show in
a form of their own, beside a preview that anybody can read: as PDF with all pages, or as a picture
of the first. `DocumentUnreadable` is raised for bombs and for documents without a preview.
"""

from collections.abc import Sequence
from posixpath import basename

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest import parse as formats
from assistant.ingest import sniff
from assistant.ingest.formats.archive import open_archive
from assistant.ingest.formats.blocks import Blocks, blocks_of
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed, count, drop_none
from assistant.values import Origin, Page

MAX_NAMES = 10
_MAX_NAME_CHARS = 100
_PREVIEWS = ("QuickLook/Preview.pdf", "preview.jpg", "QuickLook/Thumbnail.jpg")
_NO_FILES = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return what the files of a zip archive say, each under its path."""
    archive = open_archive(data, lambda *_: False)
    blocks, inner = Blocks(limits.max_chars), formats.Inner(limits)
    told: list[str] = []
    unread: list[str] = []
    for name in sorted(archive.names):
        if name.endswith("/") or name.startswith(_NO_FILES) or basename(name) in _NO_FILES:
            continue
        shown = blocks.clean(name)[-_MAX_NAME_CHARS:]
        try:
            parsed = inner.parse(archive.read(name), name)
        except DocumentUnreadable as error:
            unread.append(f"{shown} ({error})")
            continue
        blocks.add(name, level=1)
        blocks.extend(blocks_of(parsed, below=1))
        told += (f"{shown}: {warning}" for warning in parsed.warnings)
    named = "; ".join(unread[:MAX_NAMES])
    more = f" and {len(unread) - MAX_NAMES:,} more" if len(unread) > MAX_NAMES else ""
    warning = count(len(unread), "file", f"in it not read: {named}{more}")
    parsed = blocks.finish(None, [warning, *told])
    if unread and not parsed.units:
        raise DocumentUnreadable(f"a zip archive; {warning}", Fault.NO_TEXT)
    return parsed


def parse_preview(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return what the preview of a document of Apple's says."""
    preview, media_type = _find_preview(data)
    parsed = formats.parse(preview, media_type, limits)
    told = "only its preview was read" if media_type == sniff.PDF else "only its first page was read"
    warnings = drop_none(f"{told}: export it as PDF if anything is missing", *parsed.warnings)
    return Parsed(
        *(parsed.text, parsed.title, parsed.units, parsed.pages, warnings, parsed.words)
    )


def locate_preview(data: bytes, span: tuple[int, int], pages: Sequence[Page]) -> Origin:
    """Return where on the pages of the preview a span of its text lies."""
    preview, media_type = _find_preview(data)
    return Origin(boxes=formats.locate(preview, media_type, span, pages).boxes)


def draw_preview(data: bytes, page: int, width: int) -> bytes:
    """Return a page of the preview as a PNG picture."""
    preview, media_type = _find_preview(data)
    return formats.draw(preview, media_type, page, width)


def _find_preview(data: bytes) -> tuple[bytes, str]:
    archive = open_archive(data, lambda *_: False)
    for name in _PREVIEWS:
        if name in archive.names:
            return archive.read(name), sniff.PDF if name.endswith(".pdf") else sniff.JPEG
    raise DocumentUnreadable(
        "a document of Apple's Pages, Numbers or Keynote without a preview: export it as PDF, or "
        "as .docx, .xlsx or .pptx"
    )
