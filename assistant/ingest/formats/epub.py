"""Books of EPUB and Mobipocket: the visible text of the chapters, in the order of the spine.

Each chapter is read as an HTML page is, with its headings; what XHTML writes otherwise than HTML
(empty elements, CDATA, encodings) is put in HTML's way first. What pictures say follows what they
stand in. A book has no pages of its own. Left out, with a warning: chapters that are missing or are
no pages of text; and the pictures of a Mobipocket book.
A Mobipocket book is one page of HTML, in records that are packed each by itself (PalmDOC); of a
newer one, which holds two books, the older is read.
`DocumentUnreadable` is raised for damaged files, bombs, and books whose chapters are encrypted.
"""

import html
import posixpath
import re
import struct
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from urllib.parse import unquote

from lxml import etree

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.archive import Archive, open_archive
from assistant.ingest.formats.blocks import Block, Blocks
from assistant.ingest.formats.html import TEXT_CHARSET, read_page
from assistant.ingest.formats.ooxml import (
    Inserted,
    name_of,
    parse_xml,
    sensible_title,
    value_of,
)
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed, count

_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_PAGES = frozenset(
    {"application/xhtml+xml", "text/html", "application/html", "text/x-oeb1-document"}
)
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".svg", ".webp")
_DECLARED = re.compile(rb"\s*<\?xml[^>]*?\bencoding\s*=\s*[\"']([\w.:-]+)[\"']")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_EMPTY = re.compile(r"<([A-Za-z][\w:.-]*)((?:\s[^<>]*)?)/>")
_DRAWN_PICTURE = re.compile(
    r"<(?:svg:)?image\s(?:[^<>]*?\s)??(?:xlink:)?href\s*=\s*[\"']([^\"'<>]*)[\"'][^<>]*>"
)
"""In a drawing, which is not shown: covers are such, and scanned pages."""
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the chapters' text with its headings."""
    archive = open_archive(data, _is_parsed)
    path = _package_path(archive)
    package = parse_xml(archive.read(path))
    chapters, n_missing = _chapters(package, posixpath.dirname(path), archive)
    if not chapters:
        raise DocumentUnreadable("damaged: there are no chapters in it", Fault.CORRUPT)
    if locked := set(chapters) & _encrypted(archive):
        raise DocumentUnreadable(
            f"encrypted: {len(locked):,} of its chapters are protected against copying",
            Fault.ENCRYPTED,
        )
    blocks, inserted = Blocks(limits.max_chars), Inserted(archive, limits)

    def see(chapter: str, address: str) -> Iterator[Block]:
        name = _member(address, posixpath.dirname(chapter), archive)
        return inserted.read("image", name or "")

    warnings = {
        read_page(_as_html(archive.read(name)), blocks, see=partial(see, name))[1]
        for name in chapters
    }
    n_pictures = sum(name.lower().endswith(_PICTURES) for name in archive.names)
    return blocks.finish(
        _title_of(package) or blocks.first_title(),
        [
            count(n_missing, "chapter", "missing, or not a page of text"),
            *inserted.pictures.warn(n_pictures),
            *sorted(warning for warning in warnings if warning),
        ],
    )


def _is_parsed(name: str, _: bytes) -> bool:
    is_package = name.lower().endswith(".opf") and not name.startswith("__MACOSX/")
    return name in (_CONTAINER, _ENCRYPTION) or is_package


def _package_path(archive: Archive) -> str:
    """Return where the book's table of parts is."""
    for element in parse_xml(archive.read(_CONTAINER)).iter():
        path = value_of(element, "full-path") if name_of(element) == "rootfile" else None
        if path in archive.names and path.lower().endswith(".opf"):
            return path
    raise DocumentUnreadable("damaged: it does not say what it consists of", Fault.CORRUPT)


def _chapters(package: etree._Element, folder: str, archive: Archive) -> tuple[list[str], int]:
    """Return the names of the chapters, each once and in order, and how many there are none of."""
    items = {value_of(e, "id"): e for e in package.iter() if name_of(e) == "item"}
    chapters: dict[str, None] = {}
    n_missing = 0
    for reference in package.iter():
        if name_of(reference) != "itemref":
            continue
        item = items.get(value_of(reference, "idref"))
        name = _member(value_of(item, "href") or "", folder, archive)
        if name is None or value_of(item, "media-type") not in _PAGES:
            n_missing += 1
        else:
            chapters[name] = None
    return list(chapters), n_missing


def _member(href: str, folder: str, archive: Archive) -> str | None:
    """Return the member that a reference means, as written or with its escapes resolved."""
    for target in (unquote(href), href):
        name = posixpath.normpath(posixpath.join(folder, target.partition("#")[0]))
        if name in archive.names:
            return name
    return None


def _encrypted(archive: Archive) -> set[str]:
    """Return the names of encrypted members; fonts often are, in books that anyone may read."""
    if _ENCRYPTION not in archive.names:
        return set()
    root = parse_xml(archive.read(_ENCRYPTION))
    uris = (value_of(e, "URI") for e in root.iter() if name_of(e) == "CipherReference")
    return {unquote(uri) for uri in uris if uri}


def _title_of(package: etree._Element) -> str | None:
    titles = package.iter("{http://purl.org/dc/elements/1.1/}title")
    return next(filter(None, (sensible_title(title.text) for title in titles)), None)


def _as_html(data: bytes) -> bytes:
    """Return XHTML as HTML in UTF-8, or what is neither as it is."""
    declared = _DECLARED.match(data)
    encoding = declared.group(1).decode("ascii") if declared else "utf-8"
    if not TEXT_CHARSET.fullmatch(encoding):
        encoding = "utf-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    try:
        text = data.decode(encoding)
    except (LookupError, UnicodeDecodeError):
        return data
    text = _CDATA.sub(lambda cdata: html.escape(cdata.group(1)), text)
    return _DRAWN_PICTURE.sub(r'</svg><img src="\1"><svg>', _EMPTY.sub(_close, text)).encode()


def _close(tag: re.Match[str]) -> str:
    """Give an empty element its end tag, without which HTML would not end it."""
    name, attributes = tag.groups()
    return tag.group() if name.lower() in _VOID else f"<{name}{attributes}></{name}>"


_PLAIN, _PALM_DOC = 1, 2
_MAX_TEXT_RECORDS = 50_000
_UTF_8 = 65001
_PAGE_BREAK = re.compile(rb"<mbp:pagebreak[^>]*>", re.IGNORECASE)


def parse_mobi(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the text of a Mobipocket book with its headings."""
    try:
        records = _read_records(data)
        head = records[0]
        packing, n_texts, locked = struct.unpack_from(">H6xH2xH", head)
        if locked:
            raise DocumentUnreadable("encrypted: it is protected against copying", Fault.ENCRYPTED)
        if packing not in (_PLAIN, _PALM_DOC):
            raise DocumentUnreadable("a book packed in Amazon's own way: convert it to EPUB")
        n_trailing, title = _read_mobi_head(head)
    except (struct.error, IndexError, ValueError) as error:
        raise DocumentUnreadable("damaged: cannot be read as a book", Fault.CORRUPT) from error
    source = bytearray()
    for record in records[1 : 1 + min(n_texts, _MAX_TEXT_RECORDS)]:
        text = _cut_trailing(record, n_trailing)
        source += _unpack_palm(text) if packing == _PALM_DOC else text
    blocks = Blocks(limits.max_chars)
    encoding = "utf-8" if head[28:32] == _UTF_8.to_bytes(4, "big") else "cp1252"
    page = _PAGE_BREAK.sub(b"<hr>", bytes(source)).decode(encoding, "replace")
    if "<" not in page[:10_000]:  # a text of PalmDOC
        page = f"<pre>{html.escape(page)}</pre>"
    found, warning = read_page(page.encode(), blocks)
    return blocks.finish(title or found or blocks.first_title(), [warning])


def _read_records(data: bytes) -> list[bytes]:
    n_records = int.from_bytes(data[76:78], "big")
    starts = [*struct.unpack_from(f">{2 * n_records}I", data, 78)[::2], len(data)]
    if any(start > end for start, end in pairwise(starts)):
        raise ValueError("records share their bytes, as in a bomb")
    return [data[start:end] for start, end in pairwise(starts)]


def _read_mobi_head(head: bytes) -> tuple[int, str | None]:
    """Return which entries trail each record, as bits, and the book's title."""
    if head[16:20] != b"MOBI":
        return 0, None
    (n_bytes,) = struct.unpack_from(">I", head, 20)
    start, length = struct.unpack_from(">II", head, 84)
    title = head[start : start + length].decode("utf-8", "replace") if length < 1_000 else ""
    has_flags = n_bytes >= 228 and len(head) >= 244
    return int.from_bytes(head[242:244], "big") if has_flags else 0, sensible_title(title)


def _cut_trailing(record: bytes, flags: int) -> bytes:
    """Return a record without its trailing entries, whose sizes stand at their ends."""
    for _ in range((flags >> 1).bit_count()):
        size = 0
        for shift, byte in enumerate(reversed(record[-4:])):
            size |= (byte & 0x7F) << (7 * shift)
            if byte & 0x80:
                break
        record = record[: len(record) - size] if 0 < size <= len(record) else record
    if flags & 1 and record:
        record = record[: -((record[-1] & 3) + 1)]
    return record


def _unpack_palm(record: bytes) -> bytes:
    """Return what a record says: bytes as they are, a space and a byte, or a repetition."""
    written = bytearray()
    at = 0
    while at < len(record):
        byte = record[at]
        at += 1
        if 1 <= byte <= 8:
            written += record[at : at + byte]
            at += byte
        elif byte < 0x80:
            written.append(byte)
        elif byte >= 0xC0:
            written += bytes((0x20, byte ^ 0x80))
        elif at < len(record):
            pair = byte << 8 | record[at]
            at += 1
            distance, length = (pair >> 3) & 0x7FF, (pair & 7) + 3
            for _ in range(length if 0 < distance <= len(written) else 0):
                written.append(written[-distance])
    return bytes(written)
