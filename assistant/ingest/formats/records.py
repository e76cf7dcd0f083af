"""Subtitles, calendars, address cards and other XML: records of text, as people read them.

The cues of subtitles (WebVTT, SubRip) that one speaker says without a pause are a paragraph, which
begins with the speaker and the time. An event of a calendar (RFC 5545) and an address card (RFC
6350) is a row under its name. Of XML an element with text is a paragraph, one whose elements are
all short a row of them, with what they are called; `section`, `title`, `table` and the like are
what they say, so that books (FictionBook), articles (JATS) and manuals (DocBook) read as such. The
text is not the file's own, so there is no `locate`. `DocumentUnreadable` is raised for binary data.
"""

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import NamedTuple

from lxml import etree

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.decode import decode
from assistant.ingest.formats import ooxml
from assistant.ingest.formats.blocks import MAX_BLOCKS, Block, Blocks
from assistant.ingest.formats.ooxml import name_of, sensible_title
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed, count
from assistant.ingest.formats.table import JOINT, write_table
from assistant.ingest.formats.text import parse_source
from assistant.values import Role

MAX_PAUSE_S = 2.5
"""Between cues of one paragraph."""
MAX_PARAGRAPH_CHARS = 600
"""Of cues, behind which a sentence ends a paragraph; without any, as recognised speech has none, a
pause does, and three times as many end it anywhere."""
_TIME = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"{_TIME}\s*-->\s*{_TIME}")
_SPEAKER = re.compile(r"<v(?:\.[\w.-]*)?\s+([^<>]{1,100})>")
_CUE_TAG = re.compile(r"</?[A-Za-z\d][^<>]{0,200}>|\{\\[^{}]{1,80}\}")
_ENDS = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")
_BLANK = re.compile(r"\n[ \t]*\n")


class _Cue(NamedTuple):
    start_s: float
    end_s: float
    speaker: str
    text: str


def parse_cues(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return what is said in subtitles, as paragraphs with their speakers and times."""
    decoded = decode(data)
    blocks = Blocks(limits.max_chars)
    said: list[_Cue] = []
    n_chars = 0
    for cue in _find_cues(decoded.text):
        if said and not _goes_on(said[-1], n_chars, cue):
            _add_cues(said, blocks)
            said, n_chars = [], 0
        said.append(cue)
        n_chars += len(cue.text)
    _add_cues(said, blocks)
    return blocks.finish(None, [decoded.warning])


def _find_cues(text: str) -> Iterator[_Cue]:
    for part in _BLANK.split(text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = part.strip("\n").split("\n")
        at = next((n for n, line in enumerate(lines[:2]) if "-->" in line), None)
        times = _TIMES.search(lines[at]) if at is not None else None
        if at is None or times is None:
            continue  # the head, a note or a style
        start, end = (
            3_600 * int(hours or 0) + 60 * int(minutes) + int(seconds) + float(f"0.{rest}")
            for hours, minutes, seconds, rest in (times.groups()[:4], times.groups()[4:])
        )
        said = " ".join(lines[at + 1 :])
        speaker = _SPEAKER.search(said)
        yield _Cue(
            start, end, speaker[1].strip() if speaker else "", unescape(_CUE_TAG.sub("", said))
        )


def _goes_on(last: _Cue, n_chars: int, cue: _Cue) -> bool:
    """Tell whether a cue goes on with a paragraph of so many characters that ends with another."""
    if cue.speaker != last.speaker or cue.text.lstrip().startswith(("- ", "– ", ">>")):
        return False
    is_closed = _ENDS.search(last.text.rstrip()) is not None
    is_long = n_chars > MAX_PARAGRAPH_CHARS
    is_pause = cue.start_s - last.end_s > MAX_PAUSE_S
    ends = (is_long or is_pause) if is_closed else is_long and is_pause
    return not ends and n_chars <= 3 * MAX_PARAGRAPH_CHARS


def _add_cues(said: list[_Cue], blocks: Blocks) -> None:
    texts: list[str] = []
    for cue in said:
        text = blocks.clean(cue.text)
        if text and texts[-1:] != [text]:  # captions that roll say their lines twice
            texts.append(text)
    if texts:
        minutes, seconds = divmod(int(said[0].start_s), 60)
        hours, minutes = divmod(minutes, 60)
        time = f"({hours}:{minutes:02}:{seconds:02})" if hours else f"({minutes}:{seconds:02})"
        speaker = f"{said[0].speaker} {time}:" if said[0].speaker else time
        blocks.add(f"{speaker} {' '.join(texts)}")


class _Property(NamedTuple):
    """A line of a calendar or a card: its name, its parameters and its value, all as written."""

    name: str
    parameters: str
    value: str


_FOLDED = re.compile(r"(?:\r\n?|\n)[ \t]")
_LINE_END = re.compile(r"\r\n?|\n")
"""Others, as those of Unicode, stand in a value."""
_PROPERTY = re.compile(r"(?:[\w-]+\.)?([\w-]+)((?:;(?:\"[^\"]*\"|[^:;\"])*)*):(.*)")
_ESCAPED = re.compile(r"\\([nN,;\\:])")
_STAMP = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d)(?::?\d\d)?(Z?))?")
_ZONE = re.compile(r"TZID=\"?([^;:\"]{1,60})", re.IGNORECASE)
_KIND = re.compile(r"TYPE=\"?([\w,-]{1,40})", re.IGNORECASE)
_CHARSET = re.compile(r"CHARSET=\"?([\w-]{1,30})", re.IGNORECASE)
_COMMON_NAME = re.compile(r"CN=\"?([^;:\"]{1,100})", re.IGNORECASE)
_EVENT_FIELDS = {
    "DTSTART": "Start", "DTEND": "End", "DUE": "Due", "DURATION": "Duration",
    "COMPLETED": "Completed", "STATUS": "Status", "LOCATION": "Location",
    "ORGANIZER": "Organizer", "ATTENDEE": "Attendee", "RRULE": "Repeats",
    "CATEGORIES": "Categories", "URL": "URL", "CONTACT": "Contact",
}  # fmt: skip
_CARD_FIELDS = {
    "NICKNAME": "Nickname", "ORG": "Organisation", "TITLE": "Title", "ROLE": "Role",
    "TEL": "Phone", "EMAIL": "Email", "ADR": "Address", "BDAY": "Birthday",
    "ANNIVERSARY": "Anniversary", "URL": "URL", "IMPP": "Messenger", "CATEGORIES": "Categories",
}  # fmt: skip


_HELD: dict[str, tuple[dict[str, str], str]] = {
    **dict.fromkeys(("VEVENT", "VTODO", "VJOURNAL"), (_EVENT_FIELDS, "SUMMARY")),
    "VCARD": (_CARD_FIELDS, "FN"),
}
"""What is a record: the names of its fields, and which of them is its own."""


def parse_entries(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the events and tasks of a calendar, or the cards of a file, each under its name."""
    decoded = decode(data)
    blocks = Blocks(limits.max_chars)
    open_kinds: list[str] = []
    found: list[_Property] = []
    for line in _list_properties(decoded.text):
        if line.name == "BEGIN":
            open_kinds.append(line.value.strip().upper())
            if open_kinds[-1] in _HELD:
                found = []
        elif line.name == "END":
            if open_kinds and (kind := open_kinds.pop()) in _HELD:
                _add_record(found, *_HELD[kind], blocks)
        elif open_kinds and open_kinds[-1] in _HELD:
            found.append(line)
    return blocks.finish(None, [decoded.warning])


def _list_properties(text: str) -> Iterator[_Property]:
    """Yield the lines, each whole, however its format folds it."""
    written = ""
    for line in _LINE_END.split(_FOLDED.sub("", text)):
        written += line
        if written.endswith("=") and "QUOTED-PRINTABLE" in written[:MAX_VALUE_CHARS].upper():
            written = written[:-1]
            continue
        if match := _PROPERTY.match(written):
            yield _Property(match[1].upper(), match[2], match[3])
        written = ""


def _add_record(
    found: list[_Property], fields: dict[str, str], heading: str, blocks: Blocks
) -> None:
    named = {one.name: one for one in reversed(found)}
    title = named.get(heading) or named.get("N")
    name = blocks.clean(_value_of(title)) if title else ""
    blocks.add(name or "(no name)", level=1)
    cells = [f"Name: {name}"] if name and heading == "FN" else []
    for one in found:
        if one.name not in fields:
            continue
        shown = blocks.clean(_value_of(one))
        kind = _KIND.search(one.parameters)
        is_kind = kind and one.name in ("TEL", "EMAIL", "ADR")
        label = f"{fields[one.name]} ({kind[1].lower()})" if kind and is_kind else fields[one.name]
        if shown:
            cells.append(f"{label}: {shown}")
    if cells:
        blocks.append(Block(JOINT.join(cells), role=Role.ROW))
    for said in (named.get("DESCRIPTION"), named.get("NOTE"), named.get("COMMENT")):
        for line in _value_of(said).split("\n") if said else ():
            blocks.add(line)


def _value_of(one: _Property) -> str:
    """Return a value as people read it."""
    value = one.value
    if "QUOTED-PRINTABLE" in one.parameters.upper():
        charset = _CHARSET.search(one.parameters)
        written = quopri.decodestring(value.encode("utf-8"))
        try:
            value = written.decode(charset[1] if charset else "utf-8", "replace")
        except (LookupError, ValueError):  # ValueError: of codecs that replace nothing
            value = written.decode("utf-8", "replace")
    if one.name in ("DTSTART", "DTEND", "DUE", "COMPLETED", "BDAY", "ANNIVERSARY"):
        return _write_time(value, one.parameters)
    if one.name in ("ORGANIZER", "ATTENDEE"):
        name = _COMMON_NAME.search(one.parameters)
        address = re.sub(r"(?i)^mailto:", "", value)
        return f"{name[1]} <{address}>" if name else address
    if one.name in ("N", "ADR", "ORG"):
        parts = (part.strip() for part in re.split(r"(?<!\\);", value))
        joint = " " if one.name == "N" else ", "
        value = joint.join(part for part in parts if part)
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)


def _write_time(value: str, parameters: str) -> str:
    """Return a date, or a time with its zone.

    >>> _write_time("20260301T093000Z", ""), _write_time("20260301", ";VALUE=DATE")
    ('2026-03-01 09:30 UTC', '2026-03-01')
    """
    stamp = _STAMP.fullmatch(value.strip())
    if stamp is None:
        return value
    day, zone = "-".join(stamp.groups()[:3]), _ZONE.search(parameters)
    if stamp[4] is None:
        return day
    place = " UTC" if stamp[6] else f" {zone[1]}" if zone else ""
    return f"{day} {stamp[4]}:{stamp[5]}{place}"


_SECTIONS = frozenset(
    "section sec chapter part article book appendix sect1 sect2 sect3 sect4 div div1 div2 ref-list "
    "abstract ack".split()
)
_TITLES = frozenset(
    "title head heading article-title book-title subtitle bridgehead h1 h2 h3 h4".split()
)
_PARAGRAPHS = frozenset(
    "p para simpara v l ab text-author epigraph cite line li listitem item note caption "
    "blockquote disp-quote term def dd dt abstract body text description summary content".split()
)
_ITEMS = frozenset("li listitem item list-item".split())
_TABLES, _ROWS = frozenset(("table", "informaltable")), frozenset(("tr", "row"))
_CELLS = frozenset("td th entry".split())
_CODES = frozenset("programlisting screen literallayout code pre preformat".split())
_PASSED_OVER = frozenset("binary script style stylesheet colspec col".split())
MAX_VALUE_CHARS = 300
"""A longer text is a paragraph and no value of a row."""
MAX_LEVEL = 6


def parse_xml(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the text of XML; of what is not well-formed the source, with a warning."""
    try:
        root = ooxml.parse_xml(data)
    except etree.XMLSyntaxError as error:
        if data.lstrip()[:1] != b"<" and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef")):
            raise DocumentUnreadable("damaged: no XML", Fault.CORRUPT) from error
        source = parse_source(data, limits)
        warning = "not well-formed XML: read as source"
        return Parsed(source.text, None, source.units, source.pages, (*source.warnings, warning))
    blocks = Blocks(limits.max_chars)
    walk = _XmlWalk(blocks)
    for part in root if name_of(root) == "FictionBook" else [root]:
        if name_of(part) != "description" or part is root:
            walk.read(part, 0)
    n_entities = sum(1 for _ in root.iter(etree.Entity))
    titles = (e for e in root.iter() if name_of(e) in ("book-title", "article-title", "title"))
    title = next(titles, None)
    return blocks.finish(
        sensible_title(_text_of(title)) if title is not None else None,
        [
            count(walk.n_pictures, "picture", "not read"),
            count(n_entities, "entity reference", "not resolved"),
        ],
    )


@dataclass(slots=True)
class _XmlWalk:
    """A walk through XML that adds what it says to blocks."""

    blocks: Blocks
    n_pictures: int = 0
    n_read: int = 0

    def read(self, element: etree._Element, depth: int) -> None:
        """Add what an element says that lies in so many sections."""
        name = name_of(element)
        self.n_read += 1
        if self.n_read > MAX_BLOCKS:
            raise DocumentUnreadable(f"more than {MAX_BLOCKS:,} elements", Fault.TOO_LARGE)
        self.n_pictures += name in ("graphic", "image", "imagedata")
        if not name or name in _PASSED_OVER:
            return
        if name in _TABLES:
            self._read_table(element)
        elif name in _TITLES:
            self.blocks.add(_text_of(element), min(max(depth, 1), MAX_LEVEL))
        elif name in _CODES:
            text = "".join(element.itertext())
            self.blocks.extend(Block(t, 0, Role.CODE) for t in self.blocks.clean_lines(text))
        elif _has_own_text(element) and not any(name_of(e) in _TABLES for e in element):
            self._add_text(element, name)
        elif cells := _cells_of(element):
            self.blocks.append(Block(self.blocks.clean(JOINT.join(cells)), role=Role.ROW))
        else:
            for child in element:
                self.read(child, depth + (name in _SECTIONS or name == "body"))

    def _add_text(self, element: etree._Element, name: str) -> None:
        text = _text_of(element)
        is_prose = name in _PARAGRAPHS or len(element) or len(text) > MAX_VALUE_CHARS
        shown = text if is_prose else f"{name}: {text}"
        self.blocks.add(shown, role=Role.ITEM if name in _ITEMS else Role.PARAGRAPH)

    def _read_table(self, table: etree._Element) -> None:
        rows = [row for row in table.iter() if name_of(row) in _ROWS]
        cells = [
            [self.blocks.clean(_text_of(cell)) for cell in row if name_of(cell) in _CELLS]
            for row in rows
        ]
        has_names = bool(rows) and len(cells) > 1 and _is_head(rows[0])
        names, below = (cells[0], cells[1:]) if has_names else ((), cells)
        self.blocks.extend(Block(text, role=role) for text, role in write_table(names, below))


def _is_head(row: etree._Element) -> bool:
    parent = row.getparent()
    is_marked = parent is not None and name_of(parent) == "thead"
    return is_marked or all(name_of(cell) == "th" for cell in row)


def _has_own_text(element: etree._Element) -> bool:
    """Tell whether there is text beside the elements in an element, or it holds nothing else."""
    own = (element.text, *(child.tail for child in element))
    return any(text and text.strip() for text in own)


def _cells_of(element: etree._Element) -> list[str]:
    """Return an element's values with their names, if it is a record of short ones."""
    children = [child for child in element if name_of(child)]
    if any(len(child) or name_of(child) in _PARAGRAPHS | _TITLES | _CELLS for child in children):
        return []
    if not children and not element.attrib:
        return []
    values = [(etree.QName(key).localname, value) for key, value in element.attrib.items()]
    for child in children:
        more = ", ".join(child.attrib.values())
        text = _text_of(child)
        values.append((name_of(child), f"{text} ({more})" if text and more else text or more))
    told = [f"{name}: {value.strip()}" for name, value in values if value.strip()]
    if any(len(cell) > MAX_VALUE_CHARS for cell in told) or not any(v.strip() for _, v in values):
        return []
    return told


def _text_of(element: etree._Element) -> str:
    """Return all text in an element, each run of spaces one."""
    return " ".join("".join(map(str, element.itertext())).split())
