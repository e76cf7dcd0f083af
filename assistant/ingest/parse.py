"""A file's name and bytes in; its media type, and its text with the maps of its parts, out.

`FORMATS` is the seam for further formats: a media type, the suffixes that announce it, and
a function from bytes to `Parsed`. Refuses with `DocumentUnreadable`: kinds of file that it
does not know, binary data under a text's name, files without text, and texts that are too
long (which are never cut).
"""

from collections.abc import Callable
from pathlib import PurePosixPath

from assistant.errors import DocumentUnreadable
from assistant.ingest.decode import binary_kind
from assistant.ingest.formats import html, markdown, text
from assistant.ingest.formats.parsed import Parsed

__all__ = ["FORMATS", "SUFFIXES", "Parsed", "media_type", "parse"]

FORMATS: dict[str, Callable[[bytes], Parsed]] = {
    "text/plain": text.parse,
    "text/markdown": markdown.parse,
    "text/html": html.parse,
}
SUFFIXES = {
    ".txt": "text/plain",
    ".text": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
}


def media_type(document_id: str, data: bytes) -> str:
    """Return the media type by the name's suffix, if the content does not belie it.

    Raises:
        DocumentUnreadable: no format reads files of this name or content.
    """
    suffix = PurePosixPath(document_id).suffix.lower()
    if suffix not in SUFFIXES:
        known = " ".join(SUFFIXES)
        raise DocumentUnreadable(
            f"unsupported kind of file ({suffix or 'no suffix'}); supported: {known}"
        )
    kind = binary_kind(data)
    if kind and SUFFIXES[suffix].startswith("text/"):
        raise DocumentUnreadable(f"{kind}, though its name ends in {suffix}")
    return SUFFIXES[suffix]


def parse(data: bytes, media_type: str, *, max_chars: int) -> Parsed:
    """Return the canonical text and its parts.

    Raises:
        DocumentUnreadable: not of that media type, without text, or over `max_chars`.
    """
    parsed = FORMATS[media_type](data)
    if not parsed.blocks:
        raise DocumentUnreadable("no text in it")
    if len(parsed.text) > max_chars:
        raise DocumentUnreadable(
            f"its text has {len(parsed.text):,} characters, over the limit of {max_chars:,}; "
            "split the file or raise max_text_chars"
        )
    return parsed
