"""What Word, PowerPoint and Excel files have in common: element names, titles, what is not read.

`DocumentUnreadable` is raised for files in the strict variant of the format, whose names the
libraries do not know.
"""

import re

from lxml import etree

from assistant.errors import DocumentUnreadable
from assistant.ingest.formats.archive import Archive
from assistant.ingest.formats.parsed import count, fold

_STRICT = b"http://purl.oclc.org/ooxml/"
_OFF = frozenset({"0", "false", "off", "none"})
_NO_TITLE = re.compile(
    r"(?:word document|powerpoint[- ]pr[eäé]sentation|presentation|document|workbook|slide|title)"
    r" ?\d*|microsoft (?:word|powerpoint|excel)\b.*|untitled.*|.*\.(?:docx?|pptx?|xlsx?|odt|rtf)",
    re.IGNORECASE,
)


def refuse_strict(archive: Archive, main_part: str) -> None:
    """Refuse a file whose main part is written in the strict variant of the format.

    Raises:
        DocumentUnreadable: it is.
    """
    if main_part in archive.names and _STRICT in archive.read(main_part):
        raise DocumentUnreadable(
            "a strict Open XML file: open it and save it as an ordinary .docx, .pptx or .xlsx"
        )


def parse_xml(data: bytes) -> etree._Element:
    """Return the root of XML, with no entity expanded and nothing fetched."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
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


def describe_left_out(archive: Archive, folder: str) -> list[str | None]:
    """Return warnings about pictures, charts and files in an archive, which are not read."""
    return [
        count(archive.count_under(f"{folder}/media/"), "picture", "or recording not read"),
        count(archive.count_under(f"{folder}/charts/chart"), "chart", "not read"),
        count(
            archive.count_under(f"{folder}/embeddings/", f"{folder}/activeX/"),
            "embedded file",
            "not read",
        ),
    ]
