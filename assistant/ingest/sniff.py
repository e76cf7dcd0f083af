"""The media type of a file, told from its bytes and its name.

Signatures are looked at and nothing is parsed, so this may run outside the child processes. What
the bytes say goes before what the name says; a suffix decides among kinds of text.
`DocumentUnreadable` is raised for what no format reads, and says what it is.
"""

import codecs
import re
from pathlib import PurePosixPath

from assistant.errors import DocumentUnreadable, Fault

TEXT = "text/plain"
SOURCE = "text/x-source"
HTML = "text/html"
PDF = "application/pdf"
RTF = "application/rtf"
EPUB = "application/epub+zip"
ODT = "application/vnd.oasis.opendocument.text"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAIL = "message/rfc822"
ADDED = "application/x-assistant-document"
OUTLOOK = "application/vnd.ms-outlook"
PNG = "image/png"
JPEG = "image/jpeg"
TIFF = "image/tiff"
WEBP = "image/webp"
GIF = "image/gif"
BMP = "image/bmp"

_SUFFIXES_OF = {
    TEXT: ".txt .text .log .rst .adoc .org .tex",
    "text/markdown": ".md .markdown",
    HTML: ".html .htm .xhtml",
    PDF: ".pdf",
    DOCX: ".docx .docm",
    PPTX: ".pptx .pptm",
    XLSX: ".xlsx .xlsm",
    ODT: ".odt",
    RTF: ".rtf",
    EPUB: ".epub",
    MAIL: ".eml .mht .mhtml",
    OUTLOOK: ".msg",
    PNG: ".png",
    JPEG: ".jpg .jpeg .jpe",
    TIFF: ".tif .tiff",
    WEBP: ".webp",
    GIF: ".gif",
    BMP: ".bmp",
    "text/csv": ".csv .tsv",
    "application/json": ".json .ipynb",
    "application/jsonl": ".jsonl .ndjson",
    SOURCE: ".py .pyi .js .mjs .ts .tsx .jsx .java .kt .scala .c .h .cc .cpp .hpp .cs .go .rs .rb "
    ".php .swift .m .r .jl .lua .pl .sh .bash .zsh .ps1 .sql .css .scss .vue .xml .yaml .yml .toml "
    ".ini .cfg .conf .proto .graphql .tf .gradle .cmake .dart .hs .ml .ex .exs .erl .clj .vb .pas "
    ".asm .f90",
}
SUFFIXES = {suffix: kind for kind, names in _SUFFIXES_OF.items() for suffix in names.split()}
"""The media type that a name's suffix announces. A file of another name may be plain text."""

IMAGES = frozenset({PNG, JPEG, TIFF, WEBP, GIF, BMP})
_BINARY = {PDF, DOCX, PPTX, XLSX, ODT, RTF, EPUB, OUTLOOK, *IMAGES}
_NAMES = {
    PDF: "a PDF file",
    DOCX: "a Word document",
    PPTX: "a PowerPoint presentation",
    XLSX: "an Excel workbook",
    ODT: "an OpenDocument text",
    RTF: "an RTF document",
    EPUB: "an EPUB book",
    MAIL: "a mail",
    OUTLOOK: "an Outlook message",
    HTML: "an HTML page",
    PNG: "a PNG image",
    JPEG: "a JPEG image",
    TIFF: "a TIFF image",
    WEBP: "a WebP image",
    GIF: "a GIF image",
    BMP: "a BMP image",
}
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
"""UTF-32 first: its little-endian mark begins with that of UTF-16."""
_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF8", GIF),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"BM", BMP),
)
_HEIC = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1", b"ftypavif")
_UNSUPPORTED = (
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    *((signature, _NAMES[kind]) for signature, kind in _IMAGES),
    (b"RIFF", "a sound, picture or film"),
    (b"OggS", "a sound or film"),
    (b"ID3", "a sound"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ", "xz data"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"SQLite format 3\x00", "a database"),
)
_TEXTLIKE = frozenset({b"BM", b"ID3", b"RIFF", b"GIF8", b"BZh", b"OggS"})
"""Signatures that a text may begin with as well; they count only before bytes that no text has."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OFFICE = ((b"word/document.xml", DOCX), (b"ppt/presentation.xml", PPTX), (b"xl/workbook.", XLSX))
_MIMETYPE_AT, _MIMETYPE = 30, b"mimetype"
_SAMPLE_BYTES = 1 << 18
_HEAD_BYTES = 1_024
_MAX_CONTROL_SHARE = 0.05
_MIN_NUL_SHARE = 0.2
_CONTROLS = bytes({*range(0x20)} - {*b"\t\n\r\x0b\x0c\x1b"}) + b"\x7f"
_PAGE = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.I | re.S
)
_MAIL_HEADERS = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]*:[^\n]*\n(?:[ \t][^\n]*\n)*){2}")
_MAIL_FIRST = re.compile(
    rb"(?:received|return-path|delivered-to|from|message-id|mime-version):", re.I
)


def media_type(name: str, data: bytes) -> tuple[str, str | None]:
    """Return the media type, and a warning when the name says something else.

    Raises:
        DocumentUnreadable: no format reads such files.
    """
    suffix = PurePosixPath(name).suffix.lower()
    named = SUFFIXES.get(suffix)
    found = _by_signature(data) or _by_text(data, named)
    if named in (None, found) or (named not in _BINARY and found not in _BINARY):
        return found, None
    return found, f"{_NAMES.get(found, 'plain text')}, though its name ends in {suffix}"


def binary_kind(data: bytes) -> str | None:
    """Return what kind of binary file this is, in words, or None if it may be text."""
    for signature, kind in _UNSUPPORTED:
        if data.startswith(signature) and (signature not in _TEXTLIKE or _has_controls(data)):
            return kind
    if data.startswith(b"PK\x03\x04"):
        return "a zip archive"
    if data.startswith(_OLE):
        return "an old office document"
    if data.startswith(tuple(MARKS)):
        return None
    if b"\0" in data:
        return None if utf16_by_zeros(data) else "binary data"
    return "binary data" if _has_controls(data) else None


def utf16_by_zeros(data: bytes) -> str:
    """Return the UTF-16 that explains the zero bytes, or nothing: then they are binary data."""
    pairs = max(len(data) // 2, 1)
    even, odd = data[::2].count(0), data[1::2].count(0)
    for encoding, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if others == 0 and zeros >= _MIN_NUL_SHARE * pairs and is_text_in(data, encoding):
            return encoding
    return ""


def is_text_in(data: bytes, encoding: str) -> bool:
    """Tell whether all of the bytes can be read in an encoding."""
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _has_controls(data: bytes) -> bool:
    sample = data[:_SAMPLE_BYTES]
    return len(sample) - len(sample.translate(None, _CONTROLS)) > _MAX_CONTROL_SHARE * len(sample)


def _by_signature(data: bytes) -> str | None:
    """Return the type of a file that is no text; None for what may be text."""
    if b"%PDF-" in data[:_HEAD_BYTES]:
        return PDF
    if data.startswith(b"{\\rtf"):
        return RTF
    if data.startswith(b"PK\x03\x04"):
        return _by_members(data)
    if data.startswith(_OLE):
        return _by_streams(data)
    if image := _image_kind(data):
        return image
    if data[4:12] in _HEIC:
        raise DocumentUnreadable("a HEIC photograph: save it as JPEG or PNG")
    if kind := binary_kind(data):
        raise DocumentUnreadable(f"{kind}, not a document with text")
    return None


def _image_kind(data: bytes) -> str | None:
    """Return the type of an image that can be read."""
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WEBP
    for signature, kind in _IMAGES:
        if data.startswith(signature) and (signature not in _TEXTLIKE or _has_controls(data)):
            return kind
    return None


def _by_members(data: bytes) -> str:
    """Return the type of a zip archive by the names in it, which stand there as they are."""
    start = _MIMETYPE_AT + len(_MIMETYPE)
    declared = data[_MIMETYPE_AT : start + 80]
    if declared.startswith(_MIMETYPE):
        for kind in (EPUB, ODT):
            if declared[len(_MIMETYPE) :].startswith(kind.encode()):
                return kind
    for name, kind in _OFFICE:
        if name in data:
            return kind
    if b"META-INF/container.xml" in data:
        return EPUB
    raise DocumentUnreadable("a zip archive: unpack it into the folder")


def _by_streams(data: bytes) -> str:
    """Return the type of an OLE file by its streams' names, which stand there in UTF-16."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise DocumentUnreadable(
            "encrypted: open it with its password and save it without one", Fault.ENCRYPTED
        )
    if "__substg1.0_".encode("utf-16-le") in data or "__properties_v".encode("utf-16-le") in data:
        return OUTLOOK
    raise DocumentUnreadable(
        "an old office document (.doc, .xls, .ppt): save it as .docx, .xlsx or .pptx"
    )


def _by_text(data: bytes, named: str | None) -> str:
    if named is not None and named not in _BINARY:
        return named
    if _PAGE.match(data[:_HEAD_BYTES].removeprefix(codecs.BOM_UTF8)):
        return HTML
    head = data[:_HEAD_BYTES].replace(b"\r\n", b"\n")
    if _MAIL_FIRST.match(head) and _MAIL_HEADERS.match(head):
        return MAIL
    return TEXT
