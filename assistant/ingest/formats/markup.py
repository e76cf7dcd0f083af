"""Markup that people write: reStructuredText, AsciiDoc and Org, as it is meant to be seen.

reStructuredText is read by docutils, which may include no file, in a share of the time that a file
has: what takes longer is read as plain text. What Sphinx adds to it is known by name. The others
are read line by line: headings, lists, tables, code and paragraphs are told apart, and marks inside
a line are taken out. Comments, and what is included from other files, are left out, the latter with
a warning. The text is not the file's own, so there is no `locate`. `DocumentUnreadable` is raised
for binary data.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.decode import decode
from assistant.ingest.formats import text as plain
from assistant.ingest.formats.blocks import (
    Block,
    Blocks,
    Lines,
    Take,
    Written,
    take_until,
    take_while,
    write_blocks,
    write_number,
)
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed
from assistant.ingest.parse import OverdueError, stop_after
from assistant.values import Role

MAX_LEVEL = 6
MAX_SHARE = 1 / 3
"""Of the time that a file has, for what docutils makes of its markup."""
PLAINLY = "its markup takes too long to be understood: read as plain text"
MAX_ATTRIBUTE_CHARS = 300
"""Of what references in AsciiDoc stand for: a line may be full of them. Others stay as written."""
_LINES = ("paragraph", "term", "attribution", "rubric", "line", "caption", "subtitle")
_PASSED_OVER = ("comment", "substitution_definition", "system_message", "target", "pending", "meta")
_JOINED = {"field": ": ", "footnote": " ", "citation": " "}
"""Of two parts, which stand in a line with this between them."""
_SPHINX_DIRECTIVES = (
    "toctree index only tabularcolumns highlight default-domain currentmodule module seealso "
    "versionadded versionchanged deprecated versionremoved deprecated-removed literalinclude "
    "function class method attribute data exception staticmethod classmethod decorator property "
    "py:function py:class py:method py:attribute py:data py:module py:exception c:function c:type "
    "c:macro c:var c:member cpp:function cpp:class option cmdoption program envvar describe "
    "object automodule autoclass autofunction automethod autosummary doctest testcode testoutput "
    "testsetup glossary centered hlist productionlist tab-set tab-item tabs tab grid "
    "grid-item-card dropdown todo plot jupyter-execute image-sg rst-class impl-detail "
    "availability audit-event"
).split()
_NO_TEXT = frozenset(
    "toctree index tabularcolumns highlight default-domain currentmodule automodule autosummary "
    "literalinclude rst-class audit-event".split()
)
"""Of them, those whose argument or content is no text to read."""
_VERSIONS = {
    "versionadded": "Added in version",
    "versionchanged": "Changed in version",
    "deprecated": "Deprecated since version",
    "versionremoved": "Removed in version",
}
_SPHINX_ROLES = (
    "ref doc class func meth mod attr data const exc obj term option envvar file command kbd "
    "program guilabel menuselection dfn abbr numref eq download any keyword token source pep rfc "
    "samp regexp mimetype newsgroup manpage mailheader makevar dll issue gh user py:class py:func "
    "py:meth py:mod py:attr py:data py:exc py:obj py:const c:func c:type c:macro c:data c:member "
    "cpp:func cpp:class"
).split()
_ROLE_TARGET = re.compile(r"^(.+?)\s*<[^<>]*>$", re.DOTALL)


def parse_rst(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the text of reStructuredText."""
    from docutils.core import publish_doctree

    decoded = decode(data)
    _know_sphinx()
    settings = {
        "file_insertion_enabled": False,
        "raw_enabled": False,
        "report_level": 5,
        "halt_level": 5,
        "_disable_config": True,
        "warning_stream": False,
        "doctitle_xform": False,
        "docinfo_xform": False,
        "smart_quotes": False,
        "line_length_limit": limits.max_chars,
    }
    blocks = Blocks(limits.max_chars)
    try:
        with stop_after(MAX_SHARE * limits.timeout_s):
            tree = publish_doctree(decoded.text, settings_overrides=settings)
            blocks.extend(_RstWalk(blocks).read(tree, 0))
    except RecursionError as error:
        raise DocumentUnreadable("its parts are nested too deeply", Fault.CORRUPT) from error
    except (OverdueError, MemoryError):
        found = plain.parse(data, limits)
        return replace(found, warnings=(*found.warnings, PLAINLY))
    return blocks.finish(blocks.first_title(), [decoded.warning])


@cache
def _know_sphinx() -> None:
    """Make the directives and roles of Sphinx known, which docutils would take for errors."""
    from docutils import nodes
    from docutils.parsers.rst import Directive, directives, roles

    class AnyOptions(dict[str, Callable[[Any], Any]]):
        def __missing__(self, _: str) -> Callable[[Any], Any]:
            return str

    class Known(Directive):  # type: ignore[misc]
        optional_arguments = 1
        final_argument_whitespace = True
        has_content = True
        option_spec = AnyOptions(named=str)

        def run(self) -> list[Any]:
            if self.name in _NO_TEXT:
                return []
            held = nodes.container()
            if self.arguments:
                said = " ".join(self.arguments[0].split())
                shown = f"{_VERSIONS[self.name]} {said}" if self.name in _VERSIONS else said
                held += nodes.paragraph("", shown)
            self.state.nested_parse(self.content, self.content_offset, held)
            return [held]

    def read_role(*written: Any, **_: Any) -> tuple[list[Any], list[Any]]:
        text = str(written[2]).replace("\x00", "")
        title = _ROLE_TARGET.match(text)
        return [nodes.inline("", _shorten(title[1] if title else text))], []

    for name in _SPHINX_DIRECTIVES:
        directives.register_directive(name, Known)
    for name in _SPHINX_ROLES:
        roles.register_local_role(name, read_role)


def _shorten(text: str) -> str:
    """Return what a reference shows: of `~a.b` only the last part."""
    return text.rpartition(".")[2] if text.startswith("~") else text.lstrip("!")


@dataclass(slots=True)
class _RstWalk:
    """A walk through the tree that docutils makes."""

    blocks: Blocks

    def read(self, parent: Any, depth: int) -> Iterator[Block]:
        """Yield the blocks under a node that lies in so many sections."""
        for node in parent.children:
            name = type(node).__name__
            if name in _PASSED_OVER:
                yield from self._not_understood(node) if name == "system_message" else ()
                continue
            if name == "section":
                yield from self.read(node, depth + 1)
            elif name == "title":
                is_section = type(parent).__name__ in ("section", "document")
                level = min(max(depth, 1), MAX_LEVEL) if is_section else 0
                yield from self._line(node, Role.PARAGRAPH, level)
            elif name in ("bullet_list", "enumerated_list"):
                yield from self._list(node, depth)
            else:
                yield from self._read_leaf(node, name, depth)

    def _read_leaf(self, node: Any, name: str, depth: int) -> Iterator[Block]:
        """Yield what lies under no heading of its own."""
        if name in ("literal_block", "doctest_block", "math_block"):
            lines = self.blocks.clean_lines(node.astext())
            yield from (Block(line, 0, Role.CODE) for line in lines)
        elif name == "table":
            yield from self._table(node)
        elif name in _JOINED:
            role = Role.PARAGRAPH if name == "field" else Role.NOTE
            yield from self._line(node, role, joint=_JOINED[name])
        elif name in _LINES:
            yield from self._line(node, Role.PARAGRAPH)
        elif name != "image":
            yield from self.read(node, depth)

    def _line(
        self, node: Any, role: Role, level: int = 0, *, joint: str | None = None
    ) -> Iterator[Block]:
        text = node.astext()
        if joint is not None:
            text = joint.join(child.astext() for child in node.children)
        if cleaned := self.blocks.clean(text):
            yield Block.heading(cleaned, level) if level else Block(cleaned, 0, role)

    def _not_understood(self, node: Any) -> Iterator[Block]:
        """Yield the lines of a directive that is not known, as they are written."""
        for child in node.children:
            if type(child).__name__ == "literal_block":
                _, _, below = child.astext().partition("\n")
                yield from map(Block, (t.strip() for t in self.blocks.clean_lines(below)))

    def _list(self, node: Any, depth: int) -> Iterator[Block]:
        forms = {"arabic": "decimal", "loweralpha": "lowerAlpha", "upperalpha": "upperAlpha"}
        form = node.get("enumtype")
        form = {**forms, "lowerroman": "lowerRoman", "upperroman": "upperRoman"}.get(form)
        for number, item in enumerate(node.children, start=node.get("start", 1)):
            marker = ""
            if form:
                written = write_number(number, form)
                marker = f"{node.get('prefix', '')}{written}{node.get('suffix', '.')} "
            for place, block in enumerate(self.read(item, depth)):
                if not place and block.role is Role.PARAGRAPH:
                    yield Block(f"{marker}{block.text}", 1, Role.ITEM)
                elif block.role is Role.ITEM:
                    yield Block(block.text, block.level + 1, Role.ITEM)
                else:
                    yield block

    def _table(self, table: Any) -> Iterator[Block]:
        heads, rows = 0, []
        for node in table.findall():
            if type(node).__name__ == "row":
                cells = [list(self.read(entry, 0)) for entry in node.children]
                rows.append(cells)
                heads += type(node.parent).__name__ == "thead"
        title = next((c for c in table.children if type(c).__name__ == "title"), None)
        if title is not None:
            yield Block(self.blocks.clean(title.astext()), role=Role.CAPTION)
        yield from write_blocks(rows, heads)


_ADOC_MACRO = r"(include|image|video|audio|ifdef|ifndef|ifeval|endif|toc)::\S*?\[(.*)\]"
_ADOC_REFERENCE = re.compile(r"\{([\w-]+)\}")
_ADOC_CELL = re.compile(r"(?:^|(?<=\s))(?:\d+\*|[\d.]+\+)?[<^>.]*[aehlmsdv]?\|")
_ADOC_COLUMNS = re.compile(r"cols=\"?([^\"\]]+)")
_ADOC_INLINE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?:https?://|mailto:|link:|xref:)[^\s\[\]]{1,500}\[([^\[\]]+)\]"), r"\1"),
    (re.compile(r"<<[^<>,]{1,200},([^<>]{1,300})>>"), r"\1"),
    (re.compile(r"<<([^<>,]{1,200})>>"), r"\1"),
    (re.compile(r"(?:footnote|kbd|btn|pass|menu):\w*\[([^\[\]]*)\]"), r" (\1)"),
    (re.compile(r"image:\S{1,300}?\[([^\[\]]*)\]"), r"\1"),
    (re.compile(r"\[\[[^\[\]]*\]\]|\[#[\w-]+\]|\[\.[\w-]+\](?=[#*_`])"), ""),
    (re.compile(r"(?<!\w)([*_`#+^~])\1?(?=\S)(.{1,500}?)(?<=\S)\1{1,2}(?!\w)"), r"\2"),
    (re.compile(r"\\(?=[*_`#{<])"), ""),
)


def parse_adoc(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the text of AsciiDoc."""
    decoded = decode(data)
    reader = _AdocReader(Blocks(limits.max_chars))
    reader.written.read(decoded.text, reader.list_kinds())
    return reader.written.finish(decoded.warning)


class _AdocReader:
    """Reads the lines of AsciiDoc."""

    def __init__(self, blocks: Blocks) -> None:
        self.written = Written(blocks, self._inline)
        self._attributes: dict[str, str] = {}
        self._attached = ""
        self._fences: set[str] = set()

    def list_kinds(self) -> list[tuple[re.Pattern[str], Take]]:
        """Return what lines there are, and what each kind does."""
        kinds: list[tuple[str, Take]] = [
            (r"//(?!/)", lambda *_: None),
            (r"\|===", self._take_table),
            (r"(={2,}|-{2,}|~{2,}|\^{2,}|\+{2,})\s*$", self._take_underline),
            (r"(-{4,}|\.{4,}|`{3}|\+{4,}|/{4,})(?:\w.*)?\s*$", self._take_code),
            (r"(?:\*{4,}|_{4,}|\+)?\s*$", lambda *_: self.written.end()),
            (r"(={1,6}|#{1,6})\s+(\S.*)", self._take_heading),
            (r":!?([\w-]+)!?:\s*(.*)", self._take_attribute),
            (r"(\[[^\[\]]*\]|\[\[.*\]\])\s*$", self._take_attached),
            (_ADOC_MACRO, self._take_macro),
            (r"\.(\w.*)", lambda found, _: self.written.add(found[1], role=Role.CAPTION)),
            (r"\s*(\*{1,6}|-|\.{1,6}|\d{1,4}\.)\s+(?:\[[ x*]\]\s+)?(\S.*)", self._take_item),
            (r"\s*(?!.*://)(\S.{0,200}?)(?:::+|;;)(?:\s+(\S.*)|\s*$)", self._take_term),
        ]
        return [(re.compile(pattern), take) for pattern, take in kinds]

    def _inline(self, text: str) -> str:
        text = _ADOC_REFERENCE.sub(lambda m: self._attributes.get(m[1].lower(), m[0]), text)
        for pattern, shown in _ADOC_INLINE:
            text = pattern.sub(shown, text)
        return text

    def _take_table(self, _: re.Match[str], lines: Lines) -> None:
        rows, has_names = _read_adoc_table(take_until(lines, "|==="), self._attached)
        self._attached = ""
        self.written.add_table(rows, has_names=has_names)

    def _take_underline(self, found: re.Match[str], lines: Lines) -> None:
        """Take signs for a fence, or below a line about as long for what makes that a title."""
        mark, (title, *more) = found[1], self.written.lines or [""]
        is_title = not more and not self.written.item and re.match(r"(?!\.).*\w", title)
        if is_title and mark not in self._fences and abs(len(title) - len(mark)) <= 1:
            self.written.lines = []
            self.written.add(title, 1 + "=-~^+".index(mark[0]))
        elif len(mark) >= 4 and mark[0] in "-+":
            self._take_code(found, lines)
        else:
            self.written.end()
            self._fences ^= {mark} if mark[0] == "=" or mark == "--" else set()

    def _take_code(self, found: re.Match[str], lines: Lines) -> None:
        held, self._attached = take_until(lines, found[1]), ""
        if found[1][0] in "-.`":
            self.written.add_code(held)

    def _take_heading(self, found: re.Match[str], _: Lines) -> None:
        self.written.add(found[2], min(len(found[1]), MAX_LEVEL))

    def _take_attribute(self, found: re.Match[str], _: Lines) -> None:
        if len(found[2]) <= MAX_ATTRIBUTE_CHARS:
            self._attributes[found[1].lower()] = found[2]

    def _take_attached(self, found: re.Match[str], _: Lines) -> None:
        self._attached += found[1]  # all such lines are about the block below them
        self.written.end()

    def _take_macro(self, found: re.Match[str], _: Lines) -> None:
        self.written.n_included += found[1] == "include"
        if found[1] == "image" and (shown := found[2].partition(",")[0].strip('"')):
            self.written.add(shown, role=Role.CAPTION)

    def _take_item(self, found: re.Match[str], _: Lines) -> None:
        marker = f"{found[1]} " if found[1][0].isdigit() else ""
        self.written.begin(len(found[1]) if not marker else 1, marker, found[2])

    def _take_term(self, found: re.Match[str], _: Lines) -> None:
        self.written.begin(1, "", f"{found[1]}: {found[2] or ''}")


def _read_adoc_table(held: Sequence[str], attached: str) -> tuple[list[list[str]], bool]:
    """Return the rows of a table, and whether the first has the columns' names."""
    named = _ADOC_COLUMNS.search(attached)
    filled = [line for line in held if line.strip()]
    first = filled[0] if filled else ""
    n_columns = len(named[1].split(",")) if named else max(len(_ADOC_CELL.findall(first)), 1)
    if named and (many := re.match(r"(\d{1,2})\*", named[1])):
        n_columns = int(many[1])
    _, *cells = _ADOC_CELL.split("\n".join(held))
    rows = [cells[at : at + n_columns] for at in range(0, len(cells), n_columns)]
    is_apart = len(held) > 1 and bool(held[0].strip()) and not held[1].strip()
    return rows, "header" in attached or is_apart


_ORG_RULE = re.compile(r"\s*\|-[-+|]*\s*$")
_ORG_PROPERTY = re.compile(r"\s*:(?!end:)[^\s:]+:", re.IGNORECASE)
_ORG_TERM = re.compile(r"^(\S.{0,200}?) :: ")
_ORG_INLINE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\[\[[^\[\]]{1,500}\]\[([^\[\]]+)\]\]"), r"\1"),
    (re.compile(r"\[\[([^\[\]]{1,500})\]\]"), r"\1"),
    (re.compile(r"\[fn:[\w-]*:?([^\[\]]*)\]"), r" \1"),
    (re.compile(r"(?<![\w*/_=~+])([*/_=~+])(?=\S)([^\n]{1,500}?)(?<=\S)\1(?![\w*/_=~+])"), r"\2"),
)


def parse_org(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the text of an Org file."""
    decoded = decode(data)
    reader = _OrgReader(Written(Blocks(limits.max_chars), _write_org))
    reader.written.read(decoded.text, reader.list_kinds())
    return reader.written.finish(decoded.warning)


def _write_org(text: str) -> str:
    for pattern, shown in _ORG_INLINE:
        text = pattern.sub(shown, text)
    return text


@dataclass(slots=True)
class _OrgReader:
    """Reads the lines of an Org file."""

    written: Written

    def list_kinds(self) -> list[tuple[re.Pattern[str], Take]]:
        """Return what lines there are, and what each kind does."""
        kinds: list[tuple[str, Take]] = [
            (r"(\*{1,20})\s+(\S.*?)(?:\s+:[\w@#%:]+:)?\s*$", self._take_heading),
            (r"\s*\|", self._take_table),
            (r"\s*#\+begin_(\w+)", self._take_code),
            (r"\s*#\+(\w+)(?:\[[^\]]*\])?:\s*(.*)", self._take_keyword),
            (r"\s*#(?:\s|\+|$)", lambda *_: None),
            (r"\s*:properties:\s*$", self._pass_over_properties),
            (r"\s*:[\w-]+:\s*$", lambda *_: None),
            (r"\s*$", lambda *_: self.written.end()),
            (r"\s*: (.*)", lambda found, _: self.written.add_code([found[1]])),
            (r"(\s*)([-+]|\d{1,4}[.)]|(?<=\s)\*)\s+(?:\[[ xX-]\]\s+)?(\S.*)", self._take_item),
        ]
        return [(re.compile(pattern, re.IGNORECASE), take) for pattern, take in kinds]

    def _take_heading(self, found: re.Match[str], _: Lines) -> None:
        self.written.add(found[2], min(len(found[1]), MAX_LEVEL))

    def _pass_over_properties(self, _: re.Match[str], lines: Lines) -> None:
        take_while(lines, _ORG_PROPERTY)

    def _take_table(self, found: re.Match[str], lines: Lines) -> None:
        held = [found.string, *take_while(lines, found.re)]
        rows = [line.strip().strip("|").split("|") for line in held if not _ORG_RULE.match(line)]
        has_names = len(held) > 2 and bool(_ORG_RULE.match(held[1]))
        self.written.add_table(rows, has_names=has_names)

    def _take_code(self, found: re.Match[str], lines: Lines) -> None:
        self.written.end()
        kind = found[1].lower()
        if kind in ("src", "example", "export", "comment"):
            held = take_until(lines, f"#+end_{kind}")
            self.written.add_code(held if kind != "comment" else [])

    def _take_keyword(self, found: re.Match[str], _: Lines) -> None:
        name = found[1].lower()
        self.written.n_included += name == "include"
        if name == "title":
            self.written.title = _write_org(found[2])
            self.written.add(found[2], 1)
        elif name == "caption":
            self.written.add(found[2], role=Role.CAPTION)

    def _take_item(self, found: re.Match[str], _: Lines) -> None:
        marker = f"{found[2]} " if found[2][0].isdigit() else ""
        self.written.begin(1 + len(found[1]) // 2, marker, _ORG_TERM.sub(r"\1: ", found[3]))
