"""A file's bytes and media type in; its text with the maps of its parts out, in a child process.

`FORMATS` is the seam for further formats: a media type, and the module in `formats/` whose
`parse(data, limits)` makes `Parsed` of it. A format that keeps track of it has
`locate(data, span, pages) -> Origin` too: what a span of the canonical text is in the file; one
with pages to show has `draw(data, page, width) -> bytes`, a PNG picture. Modules are imported when
first needed: each brings its own library. Refuses with `DocumentUnreadable`: files without text,
and texts that are too long (which are never cut).
"""

from importlib import import_module
from types import ModuleType

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest import sniff
from assistant.ingest.formats.parsed import Parsed
from assistant.ingest.limits import Limits

FORMATS = {
    sniff.TEXT: "text",
    "text/markdown": "markdown",
    sniff.SOURCE: "source",
    "text/csv": "csv",
    "application/json": "json",
    "application/jsonl": "jsonl",
    sniff.MAIL: "mail",
    sniff.OUTLOOK: "outlook",
    sniff.HTML: "html",
    sniff.ADDED: "added",
    sniff.DOCX: "docx",
    sniff.PPTX: "pptx",
    sniff.XLSX: "xlsx",
    sniff.ODT: "odt",
    sniff.EPUB: "epub",
    sniff.RTF: "rtf",
    sniff.PDF: "pdf.document",
}


def parse(data: bytes, media_type: str, limits: Limits) -> Parsed:
    """Return the canonical text and its parts.

    Raises:
        DocumentUnreadable: not of that media type, without text, or over a limit.
    """
    parsed: Parsed = format_of(media_type).parse(data, limits)
    if len(parsed.text) > limits.max_chars:
        raise DocumentUnreadable(
            f"its text has {len(parsed.text):,} characters, over the limit of "
            f"{limits.max_chars:,}; split the file or raise max_text_chars",
            Fault.TOO_LARGE,
        )
    if not parsed.blocks:
        raise DocumentUnreadable("no text in it", Fault.NO_TEXT)
    return parsed


def format_of(media_type: str) -> ModuleType:
    """Return the module that reads files of a media type.

    Raises:
        DocumentUnreadable: none does.
    """
    name = FORMATS.get(media_type)
    if name is None:
        raise DocumentUnreadable(f"no format reads {media_type}")
    return import_module(f"assistant.ingest.formats.{name}")
