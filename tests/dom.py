"""HTML as tests read it: what must be there is there, or the test fails."""

from typing import TypeVar

from selectolax.lexbor import LexborHTMLParser, LexborNode

T = TypeVar("T")


def present(found: T | None) -> T:
    """Return what was found; fail when nothing was."""
    assert found is not None
    return found


def parse(html: str) -> LexborNode:
    """Return the body that a page or a part of one makes."""
    return present(LexborHTMLParser(f"<!doctype html><body>{html}</body>").body)


def first(node: LexborNode | LexborHTMLParser, selector: str) -> LexborNode:
    """Return the first element that a selector finds."""
    return present(node.css_first(selector))


def attribute(node: LexborNode, name: str) -> str:
    """Return an attribute that has a value."""
    return present(node.attributes[name])
