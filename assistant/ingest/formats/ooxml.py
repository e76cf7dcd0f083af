"""What Word, PowerPoint and Excel files have in common: element names, titles, what is not read;
and how Word numbers lists.

`DocumentUnreadable` is raised for files in the strict variant of the format, whose names the
libraries do not know.
"""

import posixpath
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha1

from lxml import etree

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.archive import Archive
from assistant.ingest.formats.blocks import Block, blocks_of, write_number
from assistant.ingest.formats.parsed import LOST, Limits, count, fold
from assistant.ingest.parse import Inner
from assistant.values import Role

_STRICT = b"http://purl.oclc.org/ooxml/"
_OFF = frozenset({"0", "false", "off", "none"})
_NO_TITLE = re.compile(
    r"(?:word document|powerpoint[- ]pr[eäé]sentation|presentation|document|workbook|slide|title)"
    r" ?\d*|microsoft (?:word|powerpoint|excel)\b.*|untitled.*|.*\.(?:docx?|pptx?|xlsx?|odt|rtf)",
    re.IGNORECASE,
)


def refuse_strict(archive: Archive) -> None:
    """Refuse a file whose main part is written in the strict variant of the format.

    Raises:
        DocumentUnreadable: it is.
    """
    main_part = find_main(archive)
    if main_part in archive.names and _STRICT in archive.read(main_part):
        raise DocumentUnreadable(
            "a strict Open XML file: open it and save it as an ordinary .docx, .pptx or .xlsx"
        )


def find_main(archive: Archive) -> str:
    """Return the name of the main part, wherever that lies; "" where none is named."""
    relations = list_relations(archive, "").values()
    return next((part for kind, part in relations if kind == "officeDocument"), "")


def list_relations(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """Return what a part, or with "" the package, refers to: by its id the kind and the part."""
    folder, _, name = part.rpartition("/")
    path = posixpath.join(folder, "_rels", f"{name}.rels")
    found = {}
    for relation in parse_xml(archive.read(path)) if path in archive.names else ():
        if name_of(relation) and relation.get("TargetMode") != "External":
            kind = (relation.get("Type") or "").rpartition("/")[2]
            target = posixpath.normpath(posixpath.join("/", folder, relation.get("Target") or ""))
            found[relation.get("Id") or ""] = kind, target.lstrip("/")
    return found


def drop_dangling(archive: Archive) -> tuple[bytes, int]:
    """Return the package without the references that lead nowhere, and how many those were."""
    n_dropped = 0
    changed = {}
    for name in archive.names:
        if name.endswith(".rels"):
            root = parse_xml(archive.read(name))
            dangling = [r for r in root if name_of(r) and not _leads_to(r, name, archive)]
            for relation in dangling:
                root.remove(relation)
            n_dropped += len(dangling)
            changed[name] = etree.tostring(root)
    return archive.package(changed), n_dropped


def _leads_to(relation: etree._Element, name: str, archive: Archive) -> bool:
    """Tell whether a relationship in a member leads out of the package or to a part of it."""
    if relation.get("TargetMode") == "External":
        return True
    # Targets are relative to the folder of the part, which is above that of its relationships.
    folder = posixpath.dirname(posixpath.dirname(name))
    path = posixpath.normpath(posixpath.join("/", folder, relation.get("Target") or ""))
    return path.lstrip("/") in archive.names


def parse_xml(data: bytes) -> etree._Element:
    """Return the root of XML, with no entity expanded and nothing fetched."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        collect_ids=False,  # some programs write an id twice
    )
    return etree.fromstring(data, parser)


def name_of(element: etree._Element) -> str:
    """Return an element's name without its namespace, "" for a comment or an instruction."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def value_of(element: etree._Element | None, name: str = "val") -> str | None:
    """Return an attribute's value, whatever namespace it is in; None where there is none."""
    for key, value in element.attrib.items() if element is not None else ():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return None


def find(element: etree._Element | None, *path: str) -> etree._Element | None:
    """Return the first descendant along a path of names, None where there is none."""
    for name in path:
        if element is None:
            return None
        element = next((child for child in element if name_of(child) == name), None)
    return element


def is_on(element: etree._Element | None) -> bool:
    """Tell whether a property is there and not switched off."""
    return element is not None and (value_of(element) or "").lower() not in _OFF


def choose(alternate: etree._Element) -> etree._Element | None:
    """Return the one of the alternatives to read: what they show is the same thing twice."""
    choice = find(alternate, "Choice")
    return choice if choice is not None else find(alternate, "Fallback")


def sensible_title(title: str | None) -> str | None:
    """Return the title that a file gives itself, unless a program put it there."""
    title = fold(title or "")
    return title if title and not _NO_TITLE.fullmatch(title) else None


def read_base64(element: etree._Element | None) -> bytes:
    """Return the bytes that XML holds as base64; none of what is no such text."""
    try:
        return b64decode("".join((element.text or "").split())) if element is not None else b""
    except ValueError:
        return b""


MAX_PICTURES = 50
"""Of one document that are looked at."""
MAX_TRIED = 1_000
"""Of those, and of others that are too small to say anything or are none."""
MIN_SIDES = 150, 30
"""Pixels in width and height of a picture that may say something."""


class Pictures:
    """Reads the pictures of a document, each once; `n_seen` were looked at."""

    def __init__(self, limits: Limits) -> None:
        self.n_seen = 0
        self.inner = Inner(limits)
        self._known: set[bytes] = set()
        self._n_partly = 0

    def look(self, data: bytes, name: str = "") -> Iterator[Block]:
        """Yield what a picture says, as notes, if it is large enough to say anything."""
        from assistant.ingest.formats import picture  # brings what reads PDF pages

        limits = self.inner.limits
        if self.n_seen >= MAX_PICTURES or len(self._known) >= MAX_TRIED:
            return
        digest = sha1(data, usedforsecurity=False).digest()
        if digest in self._known:
            return
        self._known.add(digest)
        if not limits.max_inner or not picture.may_see(limits):
            return
        try:
            width, height = picture.measure(data)
            if width < MIN_SIDES[0] or height < MIN_SIDES[1]:
                return
            parsed = self.inner.parse(data, name)
        except DocumentUnreadable as error:
            self.n_seen += error.fault is Fault.NO_TEXT
            return
        self.n_seen += 1
        self._n_partly += any(LOST in warning for warning in parsed.warnings)
        for block in blocks_of(parsed):
            yield Block(block.text, 0, Role.NOTE, block.words)

    def warn(self, n_there: int = 0) -> list[str | None]:
        """Return what was not read of as many pictures as there are."""
        return [
            count(max(n_there - self.n_seen, 0), "picture", "not read"),
            count(self._n_partly, "picture", "read only in part"),
        ]


class Inserted:
    """Reads the pictures and files that are parts of a document."""

    def __init__(self, archive: Archive, limits: Limits) -> None:
        self.pictures = Pictures(limits)
        self._archive = archive
        self._seen: set[str] = set()
        self._n_unread = 0

    @property
    def n_pictures(self) -> int:
        """How many pictures were looked at."""
        return self.pictures.n_seen

    def read(self, kind: str, part: str) -> Iterator[Block]:
        """Yield what a part says to which the document has a relation of some kind."""
        if part not in self._archive.names:
            return
        if kind == "aFChunk":
            try:
                yield from blocks_of(self.pictures.inner.parse(self._archive.read(part), part))
            except DocumentUnreadable as error:
                if error.fault is Fault.TOO_LARGE:
                    raise
                self._n_unread += 1
        elif kind == "image" and part not in self._seen:
            self._seen.add(part)
            yield from self.pictures.look(self._archive.read(part), part)

    def warnings(self) -> list[str | None]:
        """Return what was not read."""
        return [count(self._n_unread, "inserted file", "not read"), *self.pictures.warn()]


def describe_left_out(archive: Archive, folder: str, n_seen: int = 0) -> list[str | None]:
    """Return warnings about pictures, charts and files in an archive, which are not read.

    Args:
        archive: the document.
        folder: of its parts.
        n_seen: how many of the pictures were looked at.
    """
    n_media = archive.count_under(f"{folder}/media/")
    return [
        count(max(n_media - n_seen, 0), "picture", "or recording not read"),
        count(archive.count_under(f"{folder}/charts/chart"), "chart", "not read"),
        count(
            archive.count_under(f"{folder}/embeddings/", f"{folder}/activeX/"),
            "embedded file",
            "not read",
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Level:
    """How a level of a list is numbered; `text` has the numbers of the levels as "%1", "%2"."""

    start: int = 1
    form: str = "decimal"
    text: str = ""
    restart: int | None = None
    is_legal: bool = False
    style: str = ""


class Numbering:
    """The numbers of a Word document's lists, counted as its paragraphs go by.

    Lists that share their numbering go on where the one before has stopped, unless they say where
    to start (ECMA-376 part 1, 17.9).

    Args:
        root: of the numbering part; None where a document has none.
    """

    def __init__(self, root: etree._Element | None = None) -> None:
        self._levels: dict[str, dict[int, _Level]] = {}
        self._lists: dict[str, str] = {}
        self._own: dict[str, dict[int, _Level]] = {}
        self._starts: dict[str, dict[int, int]] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._begun: set[tuple[str, int]] = set()
        styles: dict[str, str] = {}
        linked: dict[str, str] = {}
        for element in root if root is not None else ():
            name = name_of(element)
            if name == "abstractNum":
                number = value_of(element, "abstractNumId") or ""
                self._levels[number] = dict(_read_levels(element))
                styles[value_of(find(element, "styleLink")) or ""] = number
                linked[number] = value_of(find(element, "numStyleLink")) or ""
            elif name == "num":
                self._read_list(element)
        for number, style in linked.items():
            if style and style in styles:
                self._levels[number] = self._levels[styles[style]]

    def _read_list(self, element: etree._Element) -> None:
        number = value_of(element, "numId") or ""
        self._lists[number] = value_of(find(element, "abstractNumId")) or ""
        changed = [child for child in element if name_of(child) == "lvlOverride"]
        self._own[number] = {level: found for one in changed for level, found in _read_levels(one)}
        self._starts[number] = {
            _int(value_of(one, "ilvl")): _int(value_of(start))
            for one in changed
            if (start := find(one, "startOverride")) is not None
        }

    def level_of(self, number: str, style: str) -> int:
        """Return the level of a list that is a style's own, else the first."""
        levels = self._levels.get(self._lists.get(number, ""), {})
        return next((level for level, one in levels.items() if style and one.style == style), 0)

    def count(self, number: str, level: int) -> str:
        """Count a paragraph of a list, and return its number as it is shown; "" of a bullet."""
        kind = self._lists.get(number, "")
        levels = self._levels.get(kind, {}) | self._own.get(number, {})
        if level not in levels:
            return ""
        counts = self._counts.setdefault(kind, {})
        start = self._starts.get(number, {}).get(level)
        if start is not None and (number, level) not in self._begun:
            counts[level] = start
        else:
            counts[level] = counts[level] + 1 if level in counts else levels[level].start
        self._begun.add((number, level))
        for deeper in [one for one in counts if one > level]:
            restart = levels[deeper].restart if deeper in levels else None
            if restart is None or 0 <= level < restart:
                del counts[deeper]
        if levels[level].form == "bullet":
            return ""

        def write(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            one = levels.get(at, _Level())
            form = "decimal" if levels[level].is_legal else one.form
            return "" if form == "none" else write_number(counts.get(at, one.start), form)

        return _PLACE.sub(write, levels[level].text)


_PLACE = re.compile(r"%([1-9])")
MAX_MARKER_CHARS = 60


def _read_levels(parent: etree._Element) -> Iterator[tuple[int, _Level]]:
    for child in parent:
        if name_of(child) == "lvl":
            restart = find(child, "lvlRestart")
            yield (
                _int(value_of(child, "ilvl")),
                _Level(
                    _int(value_of(find(child, "start")), 1),
                    value_of(find(child, "numFmt")) or "decimal",
                    (value_of(find(child, "lvlText")) or "")[:MAX_MARKER_CHARS],
                    None if restart is None else _int(value_of(restart)),
                    is_on(find(child, "isLgl")),
                    value_of(find(child, "pStyle")) or "",
                ),
            )


def _int(value: str | None, default: int = 0) -> int:
    return (
        int(value) if value and value.isascii() and value.isdigit() and len(value) < 6 else default
    )
