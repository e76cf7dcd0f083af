"""Unpacking zip archives within bounds, before any library sees them, and reading their files.

All members are unpacked once, piece by piece, counted as they come and never as the archive says;
what will be parsed as XML is checked on the way. Pictures and other data that no text is read from
may be packed as tightly as they are. Archives inside an archive are bytes like any other and are
not opened. `DocumentUnreadable` is raised for bombs (too many members, too much in
them, members that share their bytes), encrypted members, ways of packing that no office program
uses, and XML that declares a document type (where entities come from), is nested too deep, or is
not well-formed.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.parsers import expat

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest import parse as formats
from assistant.ingest import sniff
from assistant.ingest.formats.blocks import Blocks, blocks_of
from assistant.ingest.formats.parsed import (
    DEFAULT_LIMITS,
    EXPANDED,
    MAX_DEPTH,
    MAX_EXPANDED_BYTES,
    MAX_MEMBERS,
    MAX_RATIO,
    Expanded,
    Limits,
    Parsed,
    count,
    drop_none,
    list_some,
    tell_some,
)
from assistant.values import Origin, Page

RATIO_FREE_BYTES = 1_000_000
"""An archive or member that expands to less is no bomb, whatever its ratio."""
_PIECE_BYTES = 1 << 16
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_ENCRYPTED_BITS = 0x1 | 0x40
_XML_SUFFIXES = (".xml", ".rels")
_NOT_PARSED = (".svg", ".html", ".htm", ".xhtml", ".vml")
"""Markup that no library reads as XML. Excel's own drawings of comments (.vml) are none."""
_UNREAD = (
    *(".emf", ".wmf", ".emz", ".wmz", ".bmp", ".tif", ".tiff", ".png", ".gif", ".jpg", ".jpeg"),
    *(".wdp", ".bin", ".ole", ".dat", ".vml", ".ttf", ".otf", ".odttf", ".fntdata", ".wav"),
)
"""Of names of members from which no text is read; what begins like XML counts all the same."""
_NEEDLESS = ("customxml/item", "docprops/app.xml", "docprops/custom.xml", "__macosx/", "[trash]/")
"""Beginnings of names of XML that no format reads."""
_XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<\0", b"\xfe\xff\0<", b"<\0", b"\0<")
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OSError),
    *(OverflowError, ValueError),
)


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive whose members have all been unpacked once and found to be within bounds.

    `names` have slashes between folders, whatever the program wrote that packed it.
    """

    names: frozenset[str]
    _data: bytes
    _zip: zipfile.ZipFile
    _written: Mapping[str, str]

    def read(self, name: str) -> bytes:
        """Return a member.

        Raises:
            DocumentUnreadable: there is none of that name.
        """
        if name not in self.names:
            raise DocumentUnreadable(f"damaged: there is no {name} in it", Fault.CORRUPT)
        return self._zip.read(self._written[name])

    def package(self, changed: Mapping[str, bytes] | None = None) -> bytes:
        """Return the archive as its libraries read it, with slashes in its names.

        Args:
            changed: members by their names, to stand for those that are in it.
        """
        changed = changed or {}
        if not changed and all(name == written for name, written in self._written.items()):
            return self._data
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as package:
            for name in sorted(self.names):
                package.writestr(name, changed.get(name) or self.read(name))
        return packed.getvalue()

    def count_under(self, *folders: str) -> int:
        """Return how many members lie in folders, each named with its slash."""
        return sum(name.startswith(folders) and not name.endswith("/") for name in self.names)


def looks_like_xml(name: str, head: bytes) -> bool:
    """Tell by its name, or its first bytes, whether an office library may parse a member."""
    lowered = name.lower()
    if lowered.endswith(_NOT_PARSED) or lowered.startswith(_NEEDLESS):
        return False
    return lowered.endswith(_XML_SUFFIXES) or starts_like_xml(head)


def starts_like_xml(head: bytes) -> bool:
    """Tell whether bytes may be the first of XML."""
    return head.lstrip(b" \t\r\n").startswith(_XML_STARTS)


def open_archive(data: bytes, is_xml: Callable[[str, bytes], bool] = looks_like_xml) -> Archive:
    """Unpack everything once and return the archive.

    Args:
        data: the file.
        is_xml: tells by a member's name and its first bytes whether it will be parsed as XML.

    Raises:
        DocumentUnreadable: damaged, encrypted, or over a limit.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
        _check_members(members, data)
        so_far = EXPANDED.get() or Expanded()
        unpacked = _Unpacked(len(data), so_far)
        for member in members:
            _unpack(archive, member, is_xml, unpacked)
    except _BROKEN as error:
        raise _damaged(str(error)) from error
    written = {member.filename.replace("\\", "/"): member.filename for member in members}
    return Archive(frozenset(written), data, archive, written)


def _check_members(members: list[zipfile.ZipInfo], data: bytes) -> None:
    if len(members) > MAX_MEMBERS:
        raise DocumentUnreadable(
            f"{len(members):,} files in it, over the limit of {MAX_MEMBERS:,}", Fault.TOO_LARGE
        )
    if any(member.flag_bits & _ENCRYPTED_BITS for member in members):
        raise DocumentUnreadable(
            "encrypted: open it with its password and save it without one", Fault.ENCRYPTED
        )
    if any(m.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for m in members):
        raise DocumentUnreadable("packed in a way that is not read: save it anew")
    spans = sorted(_span(member, data) for member in members)
    if any(before[1] > after[0] for before, after in pairwise(spans)):
        raise DocumentUnreadable("files in it share their bytes, as in a bomb", Fault.TOO_LARGE)


def _span(member: zipfile.ZipInfo, data: bytes) -> tuple[int, int]:
    """Return where a member lies, header and all."""
    start = member.header_offset
    header = data[start : start + 30]
    if start < 0 or len(header) < 30:
        raise _damaged(f"no header for {member.filename!r}")
    signature, n_name, n_extra = _LOCAL_HEADER.unpack(header)
    end = start + 30 + n_name + n_extra + member.compress_size
    if signature != b"PK\x03\x04" or end > len(data):
        raise _damaged(f"no data for {member.filename!r}")
    return start, end


@dataclass(slots=True)
class _Unpacked:
    """The bytes unpacked so far, and those of this archive that text may be read from."""

    n_packed: int
    expanded: Expanded
    n_read: int = 0


def _unpack(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    is_xml: Callable[[str, bytes], bool],
    unpacked: _Unpacked,
) -> None:
    """Go through a member and count its bytes."""
    n_bytes = 0
    check: _XmlCheck | None = None
    is_read = not member.filename.lower().endswith(_UNREAD)
    for piece in _pieces(archive, member):
        if not n_bytes and is_xml(member.filename, piece):
            check = _XmlCheck(member.filename)
            is_read = True
        n_bytes += len(piece)
        unpacked.expanded.n_bytes += len(piece)
        unpacked.n_read += len(piece) * is_read
        if unpacked.expanded.n_bytes > MAX_EXPANDED_BYTES:
            raise DocumentUnreadable(
                f"it, or what it is part of, unpacks to more than {MAX_EXPANDED_BYTES // 10**6} MB",
                Fault.TOO_LARGE,
            )
        if (is_read and _is_bomb(n_bytes, member.compress_size)) or _is_bomb(
            unpacked.n_read, unpacked.n_packed
        ):
            raise DocumentUnreadable(
                f"it unpacks to more than {MAX_RATIO} times its size, as a bomb does",
                Fault.TOO_LARGE,
            )
        if check is not None:
            check.feed(piece)
    if check is not None:
        check.feed(b"", is_final=True)


def _is_bomb(n_bytes: int, n_packed: int) -> bool:
    return n_bytes > max(RATIO_FREE_BYTES, MAX_RATIO * n_packed)


def _pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(member) as stream:
        while piece := stream.read(_PIECE_BYTES):
            yield piece


class _XmlCheck:
    """Follows XML as it is unpacked: no tree is built and nothing is looked up."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_surely_xml = name.lower().endswith(_XML_SUFFIXES)
        self._is_over = False
        self._depth = 0
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse_type
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def feed(self, piece: bytes, *, is_final: bool = False) -> None:
        """Check the next piece; what is not called XML, and turns out to be none, is let be."""
        if self._is_over:
            return
        try:
            self._parser.Parse(piece, is_final)
        except (expat.ExpatError, LookupError) as error:
            if self._is_surely_xml:
                raise _damaged(f"{self._name}: {error}") from error
            self._is_over = True

    def _refuse_type(self, *_: object) -> None:
        raise DocumentUnreadable(
            f"{self._name} in it declares a document type, which no office program writes",
            Fault.CORRUPT,
        )

    def _start(self, *_: object) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise DocumentUnreadable(
                f"{self._name} in it is nested deeper than {MAX_DEPTH} elements", Fault.CORRUPT
            )

    def _end(self, _: str) -> None:
        self._depth -= 1


def require_shallow(data: bytes) -> None:
    """Refuse a file of XML that no office program writes, before a tree is built of it.

    Raises:
        DocumentUnreadable: it declares a document type, or is nested too deep.
    """
    check = _XmlCheck("the XML")
    for at in range(0, len(data), _PIECE_BYTES):
        check.feed(data[at : at + _PIECE_BYTES])
    check.feed(b"", is_final=True)


def _damaged(why: str) -> DocumentUnreadable:
    return DocumentUnreadable(f"damaged: not a whole archive ({why})", Fault.CORRUPT)


_MAX_NAME_CHARS = 100
_PREVIEWS = ("QuickLook/Preview.pdf", "preview.jpg", "QuickLook/Thumbnail.jpg")
_NO_FILES = frozenset(("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini"))
"""What systems lay beside the files of people."""


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return what the files of a zip archive say, each under its path."""
    archive = open_archive(data, lambda *_: False)
    blocks, inner = Blocks(limits.max_chars), formats.Inner(limits)
    told: list[str] = []
    unread: list[str] = []
    for name in sorted(archive.names):
        if name.endswith("/") or not _NO_FILES.isdisjoint(name.split("/")):
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
    warning = count(len(unread), "file", f"in it not read: {list_some(unread, '; ')}")
    parsed = blocks.finish(None, [warning, *tell_some(told)])
    if unread and not parsed.units:
        raise DocumentUnreadable(f"a zip archive; {warning}", Fault.NO_TEXT)
    return parsed


def parse_preview(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return what the preview of a document of Apple's says."""
    preview, media_type = _find_preview(data)
    parsed = formats.parse(preview, media_type, limits)
    told = (
        "only its preview was read" if media_type == sniff.PDF else "only its first page was read"
    )
    warnings = drop_none(f"{told}: export it as PDF if anything is missing", *parsed.warnings)
    return Parsed(*(parsed.text, parsed.title, parsed.units, parsed.pages, warnings, parsed.words))


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
