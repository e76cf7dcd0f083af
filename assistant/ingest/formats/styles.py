"""A Word document's styles in; which of them make headings or hide text, out.

A style says so itself or inherits it from the style that it is based on. Refuses nothing: a style
that is based on itself ends after `_MAX_LINE` steps.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from assistant.ingest.formats.ooxml import find, is_on, name_of, value_of

_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_BODY_LEVEL = 9
_MAX_LINE = 30


@dataclass(frozen=True, slots=True)
class Styles:
    """What the styles, by their ids, do to text.

    `levels` are those of headings; `hidden` hide what they are applied to.
    """

    levels: Mapping[str, int]
    hidden: frozenset[str]


def read_styles(root: etree._Element) -> Styles:
    """Return what the styles under the root of a styles part do."""
    styles = {value_of(s, "styleId") or "": s for s in root if name_of(s) == "style"}
    levels: dict[str, int] = {}
    hidden = set()
    for name in styles:
        line = _line(name, styles)
        level = next((n for n in map(_level, line) if n is not None), 0)
        if level:
            levels[name] = level
        vanish = next((v for v in (find(s, "rPr", "vanish") for s in line) if v is not None), None)
        if is_on(vanish):
            hidden.add(name)
    return Styles(levels, frozenset(hidden))


def outline_level(properties: etree._Element | None) -> int | None:
    """Return the heading level that properties of a paragraph set, 0 for none, None if unsaid."""
    outline = find(properties, "outlineLvl") if properties is not None else None
    value = (value_of(outline) or "") if outline is not None else ""
    if not value.isdecimal():
        return None
    return int(value) + 1 if int(value) < _BODY_LEVEL else 0


def _line(name: str, styles: Mapping[str, etree._Element]) -> list[etree._Element]:
    """Return a style and those that it inherits from, nearest first."""
    line: list[etree._Element] = []
    while name in styles and len(line) < _MAX_LINE:
        line.append(styles[name])
        based_on = find(styles[name], "basedOn")
        name = (value_of(based_on) or "") if based_on is not None else ""
    return line


def _level(style: etree._Element) -> int | None:
    named = find(style, "name")
    name = ((value_of(named) or "") if named is not None else "").strip()
    if heading := _HEADING.fullmatch(name):
        return int(heading.group(1))
    if name.lower() == "title":
        return 1
    return outline_level(find(style, "pPr"))
