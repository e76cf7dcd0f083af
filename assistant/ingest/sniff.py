"""The media type of a file, told from its bytes and its name.

Signatures are looked at and nothing is parsed, so this may run outside the child processes. What
the bytes say goes before what the name says; a suffix decides among kinds of text.
`DocumentUnreadable` is raised for what no format reads, and says what it is.
"""

import codecs
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from assistant.errors import DocumentUnreadable, Fault

TEXT = "text/plain"
SOURCE = "text/x-source"
HTML = "text/html"
PDF = "application/pdf"
RTF = "application/rtf"
EPUB = "application/epub+zip"
ODT = "application/vnd.oasis.opendocument.text"
ODP = "application/vnd.oasis.opendocument.presentation"
ODG = "application/vnd.oasis.opendocument.graphics"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSB = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
XLS = "application/vnd.ms-excel"
DOC = "application/msword"
PPT = "application/vnd.ms-powerpoint"
APPLE = "application/vnd.apple.iwork"
ZIP = "application/zip"
MOBI = "application/x-mobipocket-ebook"
FB2 = "application/x-fictionbook+xml"
XML = "application/xml"
FLAT = "application/x-office-xml"
RST, ADOC, ORG, TEX = "text/x-rst", "text/asciidoc", "text/org", "text/x-tex"
CUES, CALENDAR, CARDS = "text/vtt", "text/calendar", "text/vcard"
MAIL = "message/rfc822"
MAILBOX = "application/mbox"
ADDED = "application/x-assistant-document"
OUTLOOK = "application/vnd.ms-outlook"
PUBLISHER = "application/x-mspublisher"
VISIO = "application/vnd.visio"
WORKS = "application/vnd.ms-works"
WRITE = "application/x-mswrite"
WORDPERFECT = "application/vnd.wordperfect"
WORDPRO = "application/vnd.lotus-wordpro"
LOTUS = "application/vnd.lotus-1-2-3"
SXW, SXC, SXI, SXD = (
    f"application/vnd.sun.xml.{kind}" for kind in ("writer", "calc", "impress", "draw")
)
PNG, JPEG, TIFF, WEBP = "image/png", "image/jpeg", "image/tiff", "image/webp"
GIF, BMP, AVIF, HEIC = "image/gif", "image/bmp", "image/avif", "image/heic"

_SUFFIXES_OF = {
    TEXT: ".txt .text .log",
    RST: ".rst",
    ADOC: ".adoc .asciidoc",
    ORG: ".org",
    TEX: ".tex .ltx",
    CUES: ".vtt .srt",
    CALENDAR: ".ics .ical",
    CARDS: ".vcf .vcard",
    "text/markdown": ".md .markdown",
    HTML: ".html .htm .xhtml",
    PDF: ".pdf",
    DOCX: ".docx .docm .dotx .dotm",
    PPTX: ".pptx .pptm .ppsx .ppsm .potx .potm",
    XLSX: ".xlsx .xlsm .xltx .xltm",
    XLSB: ".xlsb",
    DOC: ".doc .dot",
    PPT: ".ppt .pps .pot",
    XLS: ".xls .xlt",
    ODT: ".odt .ott",
    ODP: ".odp .otp",
    ODG: ".odg",
    ODS: ".ods .ots",
    APPLE: ".pages .numbers .key",
    RTF: ".rtf",
    EPUB: ".epub",
    MOBI: ".mobi .prc .azw .azw3",
    FB2: ".fb2",
    FLAT: ".fodt .fods .fodp .fodg",
    XML: ".xml .nxml .dbk",
    ZIP: ".zip",
    MAIL: ".eml .mht .mhtml",
    MAILBOX: ".mbox .mbx",
    OUTLOOK: ".msg",
    PUBLISHER: ".pub",
    VISIO: ".vsd .vsdx",
    WORKS: ".wps",
    WRITE: ".wri",
    WORDPERFECT: ".wpd",
    WORDPRO: ".lwp",
    LOTUS: ".123 .wk1 .wk3 .wk4",
    SXW: ".sxw .stw",
    SXC: ".sxc .stc",
    SXI: ".sxi .sti",
    SXD: ".sxd .std",
    PNG: ".png",
    JPEG: ".jpg .jpeg .jpe",
    TIFF: ".tif .tiff",
    WEBP: ".webp",
    GIF: ".gif",
    BMP: ".bmp",
    AVIF: ".avif",
    HEIC: ".heic .heif",
    "text/csv": ".csv .tsv",
    "application/json": ".json .ipynb",
    "application/jsonl": ".jsonl .ndjson",
    SOURCE: ".py .pyi .js .mjs .ts .tsx .jsx .java .kt .scala .c .h .cc .cpp .hpp .cs .go .rs .rb "
    ".php .swift .m .r .jl .lua .pl .sh .bash .zsh .ps1 .sql .css .scss .vue .yaml .yml .toml "
    ".ini .cfg .conf .proto .graphql .tf .gradle .cmake .dart .hs .ml .ex .exs .erl .clj .vb .pas "
    ".asm .f90",
}
SUFFIXES = {suffix: kind for kind, names in _SUFFIXES_OF.items() for suffix in names.split()}
"""The media type that a name's suffix announces. A file of another name may be plain text."""

IMAGES = frozenset({PNG, JPEG, TIFF, WEBP, GIF, BMP, AVIF, HEIC})
UNREAD = {
    PUBLISHER: "a Publisher document: save it as PDF",
    VISIO: "a Visio drawing: save it as PDF",
    WORKS: "a Works document: save it as .docx or PDF",
    WRITE: "a document of Windows Write: save it as .docx or PDF",
    WORDPERFECT: "a WordPerfect document: save it as .docx or PDF",
    WORDPRO: "a Word Pro document: save it as .docx or PDF",
    LOTUS: "a Lotus 1-2-3 workbook: save it as .xlsx",
    SXW: "a text of OpenOffice 1: save it as .odt",
    SXC: "a spreadsheet of OpenOffice 1: save it as .ods",
    SXI: "a presentation of OpenOffice 1: save it as .odp",
    SXD: "a drawing of OpenOffice 1: save it as PDF",
}
"""What only another program reads, and what to do with it."""
_BINARY = {
    *(PDF, DOCX, PPTX, XLSX, XLSB, DOC, PPT, XLS, ODT, ODP, ODG, ODS, APPLE, RTF, EPUB, MOBI),
    *(ZIP, OUTLOOK, *IMAGES, *UNREAD),
}
_NAMES = {
    PDF: "a PDF file",
    DOCX: "a Word document",
    PPTX: "a PowerPoint presentation",
    XLSX: "an Excel workbook",
    XLSB: "a binary Excel workbook",
    DOC: "an old Word document",
    PPT: "an old PowerPoint presentation",
    XLS: "an old Excel workbook",
    ODT: "an OpenDocument text",
    ODP: "an OpenDocument presentation",
    ODG: "an OpenDocument drawing",
    ODS: "an OpenDocument spreadsheet",
    APPLE: "a document of Apple's Pages, Numbers or Keynote",
    ZIP: "a zip archive",
    MOBI: "a Mobipocket book",
    RTF: "an RTF document",
    EPUB: "an EPUB book",
    FLAT: "an office document as XML",
    MAIL: "a mail",
    MAILBOX: "a mailbox",
    OUTLOOK: "an Outlook message",
    HTML: "an HTML page",
    PNG: "a PNG image",
    JPEG: "a JPEG image",
    TIFF: "a TIFF image",
    WEBP: "a WebP image",
    GIF: "a GIF image",
    BMP: "a BMP image",
    AVIF: "an AVIF image",
    HEIC: "a HEIC photograph",
    **{kind: words.partition(":")[0] for kind, words in UNREAD.items()},
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
_BRANDS = {
    **dict.fromkeys((b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1", b"ftyphevc"), HEIC),
    **dict.fromkeys((b"ftypavif", b"ftypavis"), AVIF),
}
"""Of files of pictures in boxes (ISO/IEC 23008-12)."""
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
_BRAND_BYTES = 64
_TEXTLIKE = frozenset({b"BM", b"ID3", b"RIFF", b"GIF8", b"BZh", b"OggS"})
"""Signatures that a text may begin with as well; they count only before bytes that no text has."""
_BOOKS = (b"BOOKMOBI", b"TEXtREAd")
_FIRST_BYTES = (
    (b"{\\rtf", RTF),
    (b"\xffWPC", WORDPERFECT),
    (b"1\xbe\0\0", WRITE),
    (b"2\xbe\0\0", WRITE),
    (b"WordPro\0", WORDPRO),
    (b"WordPro\r\xfb", WORDPRO),
    (b"\0\0\x02\0\x06\x04", LOTUS),
    *((b"\0\0\x1a\0%c\x10\x04\0" % version, LOTUS) for version in range(6)),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_KINDS = {
    "WordDocument": DOC,
    "Workbook": XLS,
    "Book": XLS,
    "PowerPoint Document": PPT,
    "Quill": PUBLISHER,
    "VisioDocument": VISIO,
    "MatOST": WORKS,
}
_THUMBNAILS = "thumbnails of pictures that Windows keeps; there is no text in it"
_THUMBNAIL = re.compile(rb"(?:\d\0){2,4}_\0(?:[0-9a-f]\0){16}")
"""The name of a stream of one."""
_OLE_OTHERS = {
    "HwpSummaryInformation": "a Hangul document (.hwp): save it as .docx or PDF",
    "Catalog": _THUMBNAILS,
}
_OFFICE_TYPES = (
    (re.compile(rb"wordprocessingml|ms-word"), DOCX),
    (re.compile(rb"presentationml|ms-powerpoint"), PPTX),
    (re.compile(rb"ms-excel\.sheet\.binary"), XLSB),
    (re.compile(rb"spreadsheetml|ms-excel"), XLSX),
)
_OFFICE_PARTS = {
    "word/document.xml": DOCX,
    "ppt/presentation.xml": PPTX,
    "xl/workbook.xml": XLSX,
    "xl/workbook.bin": XLSB,
}
_XPS = b"fixedrepresentation"
_MAIN_PART = re.compile(
    rb"<\w*:?Relationship\s(?=[^>]*Type=[\"'][^\"']*/officeDocument[\"'])"
    rb"[^>]*Target=[\"']/?([^\"']+)[\"']"
)
_OVERRIDE = re.compile(rb"<\w*:?Override\s[^>]*>")
_ATTRIBUTE = re.compile(rb"(PartName|ContentType)=[\"']/?([^\"']+)[\"']")
_MAIN_TYPE = re.compile(rb"[\w.+/-]+\.main(?:\+xml)?(?=[\"'])")
_CENTRAL, _CENTRAL_SIZE, _LOCAL_SIZE = struct.Struct("<4s24xHHH8xL"), 46, 30
_MAX_MEMBERS = 10_000
_ENTRY_BYTES, _MAX_FOUND = 128, 1_000
"""Of an OLE file's directory, and places where a stream's name is looked at."""
_MAX_HEAD_BYTES = 1 << 16
"""Of a member of an archive that tells what the archive is."""
_SAMPLE_BYTES = 1 << 18
_HEAD_BYTES = 1_024
_MAX_CONTROL_SHARE = 0.05
_MIN_NUL_SHARE = 0.2
_CONTROLS = bytes({*range(0x20)} - {*b"\t\n\r\x0b\x0c\x1b"}) + b"\x7f"
_PAGE = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.I | re.S
)
_FLAT_ROOT = re.compile(
    rb"<(?:\w+:)?(?:Workbook\s[^>]*urn:schemas-microsoft-com:office:spreadsheet"
    rb"|wordDocument\s[^>]*office/word/2003/wordml|package\s[^>]*office/2006/xmlPackage"
    rb"|document\s[^>]*urn:oasis:names:tc:opendocument:xmlns:office:1\.0)[\"']"
)
_FLAT_BYTES = 8_192
_MAIL_HEADERS = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]*:[^\n]*\n(?:[ \t][^\n]*\n)*){2}")
_MAIL_FIRST = re.compile(
    rb"(?:received|return-path|delivered-to|from|message-id|mime-version):", re.I
)
MAIL_START = rb"From \S+ [^\n]*\d\d:\d\d[^\n]*\n"
"""The line before each mail of a mailbox, as a pattern."""
_MAILBOX_FIRST = re.compile(MAIL_START + rb"[A-Za-z-]+: ")


def media_type(name: str, data: bytes) -> tuple[str, str | None]:
    """Return the media type, and a warning when the name says something else.

    Raises:
        DocumentUnreadable: no format reads such files.
    """
    suffix = PurePosixPath(name).suffix.lower()
    named = SUFFIXES.get(suffix)
    found = _by_signature(data, named) or _by_text(data, named)
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


def _by_signature(data: bytes, named: str | None) -> str | None:
    """Return the type of a file that is no text; None for what may be text."""
    if b"%PDF-" in data[:_HEAD_BYTES]:
        return PDF
    for signature, kind in _FIRST_BYTES:
        if data.startswith(signature):
            return kind
    if data.startswith(b"PK\x03\x04"):
        return _by_members(data)
    if data.startswith(_OLE):
        return _by_streams(data, named)
    if data[60:68] in _BOOKS:
        return MOBI
    if image := image_kind(data):
        return image
    if what := binary_kind(data):
        raise DocumentUnreadable(f"{what}, not a document with text")
    return None


def image_kind(data: bytes) -> str | None:
    """Return the type of an image that can be read."""
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WEBP
    if brand := _BRANDS.get(data[4:12]):
        return AVIF if brand == HEIC and b"avif" in data[16:_BRAND_BYTES] else brand
    for signature, kind in _IMAGES:
        if data.startswith(signature) and (signature not in _TEXTLIKE or _has_controls(data)):
            return kind
    return None


def _by_members(data: bytes) -> str:
    """Return the type of a zip archive: what it says itself, or how its members are called."""
    members = dict(_members(data))
    declared = _read_head(data, members.get("mimetype"))
    for kind in (EPUB, ODT, ODP, ODG, ODS, SXW, SXC, SXI, SXD):
        if declared.startswith(kind.encode()):
            return kind
    if declared.startswith(b"application/vnd.oasis.opendocument."):
        raise DocumentUnreadable("an OpenDocument file without text of its own: save it as PDF")
    if office := _by_parts(data, members):
        return office
    if "META-INF/container.xml" in members:
        return EPUB
    if "Index/Document.iwa" in members or {"index.apxl", "index.xml"} & members.keys():
        return APPLE
    if not members:
        raise DocumentUnreadable("a zip archive whose table of contents is missing")
    return ZIP


def _by_parts(data: bytes, members: dict[str, int]) -> str | None:
    """Return the type of an Open XML package by that of its main part, wherever that lies."""
    relations = _read_head(data, members.get("_rels/.rels"))
    types = _read_head(data, members.get("[Content_Types].xml"))
    if b"ms-visio" in relations + types:
        return VISIO
    if _XPS in relations + types:
        raise DocumentUnreadable("an XPS document: save it as PDF")
    of_part = {}
    for override in _OVERRIDE.findall(types):
        found = dict(_ATTRIBUTE.findall(override))
        of_part[found.get(b"PartName")] = found.get(b"ContentType", b"")
    main = _MAIN_PART.search(relations)
    named = of_part.get(main[1]) if main else None
    for content_type in filter(None, (named, *_MAIN_TYPE.findall(types)[:1])):
        for pattern, kind in _OFFICE_TYPES:
            if pattern.search(content_type):
                return kind
    return next((kind for part, kind in _OFFICE_PARTS.items() if part in members), None)


def _members(data: bytes) -> Iterator[tuple[str, int]]:
    """Yield the names in a zip archive's table of contents, and where each member begins."""
    end = data.rfind(b"PK\x05\x06")
    at = int.from_bytes(data[end + 16 : end + 20], "little") if end >= 0 else len(data)
    for _ in range(_MAX_MEMBERS):
        if len(data) < at + _CENTRAL_SIZE or data[at : at + 4] != b"PK\x01\x02":
            return
        _, n_name, n_extra, n_comment, start = _CENTRAL.unpack_from(data, at)
        name = data[at + _CENTRAL_SIZE : at + _CENTRAL_SIZE + n_name]
        yield name.decode("utf-8", "replace").replace("\\", "/"), start
        at += _CENTRAL_SIZE + n_name + n_extra + n_comment


def _read_head(data: bytes, start: int | None) -> bytes:
    """Return the first bytes of a member; none of one that is not there or is damaged."""
    if start is None or len(data) < start + _LOCAL_SIZE:
        return b""
    method, n_name, n_extra = struct.unpack_from("<8xH16xHH", data, start)
    first = start + _LOCAL_SIZE + n_name + n_extra
    packed = data[first : first + _MAX_HEAD_BYTES]
    if method == 0:
        return packed
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, _MAX_HEAD_BYTES)
    except zlib.error:
        return b""


def _by_streams(data: bytes, named: str | None) -> str:
    """Return the type of an OLE file by its streams' names, which stand there in UTF-16.

    A file may hold others: what its own name says is believed if that is among them, or else the
    first.
    """
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise DocumentUnreadable(
            "encrypted: open it with its password and save it without one", Fault.ENCRYPTED
        )
    if "__substg1.0_".encode("utf-16-le") in data or "__properties_v".encode("utf-16-le") in data:
        return OUTLOOK
    places = {name: _find_stream(data, name) for name in (*_OLE_KINDS, *_OLE_OTHERS)}
    found = sorted((place, name) for name, place in places.items() if place >= 0)
    kinds = [_OLE_KINDS.get(stream) for _, stream in found]
    if named is not None and named in kinds:
        return named
    if not found and _THUMBNAIL.search(data):
        raise DocumentUnreadable(_THUMBNAILS)
    if not found:
        raise DocumentUnreadable(
            "an old office document, but none of Word, Excel or PowerPoint: save it as PDF"
        )
    name = found[0][1]
    if name in _OLE_OTHERS:
        raise DocumentUnreadable(_OLE_OTHERS[name])
    return _OLE_KINDS[name]


def _find_stream(data: bytes, name: str) -> int:
    """Return where a stream is entered under a name in an OLE file's directory, -1 for nowhere."""
    entered = f"{name}\0".encode("utf-16-le")
    at = -1
    for _ in range(_MAX_FOUND):
        at = data.find(entered, at + 1)
        if at < 0 or at % _ENTRY_BYTES == 0:
            return at
    return -1


def _by_text(data: bytes, named: str | None) -> str:
    start = data[:_FLAT_BYTES].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if start.startswith(b"<") and _FLAT_ROOT.search(start):
        return FLAT
    if named is not None and named not in _BINARY:
        return named
    if _PAGE.match(data[:_HEAD_BYTES].removeprefix(codecs.BOM_UTF8)):
        return HTML
    head = data[:_HEAD_BYTES].replace(b"\r\n", b"\n")
    if _MAILBOX_FIRST.match(head):
        return MAILBOX
    if _MAIL_FIRST.match(head) and _MAIL_HEADERS.match(head):
        return MAIL
    return TEXT
