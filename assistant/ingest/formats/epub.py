"""EPUB books: the visible text of the chapters, in the order of the spine.

Each chapter is read as an HTML page is, with its headings; what XHTML writes otherwise than HTML
(empty elements, CDATA, encodings) is put in HTML's way first. A book has no pages of its own. Left
out, with a warning: pictures, and chapters that are missing or are no pages of text.
`DocumentUnreadable` is raised for damaged files, bombs, and books whose chapters are encrypted.
"""

import html
import posixpath
import re
from urllib.parse import unquote

from lxml import etree

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.archive import Archive, open_archive
from assistant.ingest.formats.blocks import Blocks
from assistant.ingest.formats.html import TEXT_CHARSET, read_page
from assistant.ingest.formats.ooxml import name_of, parse_xml, sensible_title, value_of
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed, count

_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_PAGES = frozenset(
    {"application/xhtml+xml", "text/html", "application/html", "text/x-oeb1-document"}
)
_PICTURES = (".jpg", ".jpeg", ".png", ".gif", ".svg", ".webp")
_DECLARED = re.compile(rb"\s*<\?xml[^>]*?\bencoding\s*=\s*[\"']([\w.:-]+)[\"']")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_EMPTY = re.compile(r"<([A-Za-z][\w:.-]*)((?:\s[^<>]*)?)/>")
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
    blocks = Blocks(limits.max_chars)
    warnings = {read_page(_as_html(archive.read(name)), blocks)[1] for name in chapters}
    n_pictures = sum(name.lower().endswith(_PICTURES) for name in archive.names)
    return blocks.finish(
        _title_of(package) or blocks.first_title(),
        [
            count(n_missing, "chapter", "missing, or not a page of text"),
            count(n_pictures, "picture", "not read"),
            *sorted(warning for warning in warnings if warning),
        ],
    )


def _is_parsed(name: str, _: bytes) -> bool:
    return name in (_CONTAINER, _ENCRYPTION) or name.lower().endswith(".opf")


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
    return _EMPTY.sub(_close, text).encode()


def _close(tag: re.Match[str]) -> str:
    """Give an empty element its end tag, without which HTML would not end it."""
    name, attributes = tag.groups()
    return tag.group() if name.lower() in _VOID else f"<{name}{attributes}></{name}>"
