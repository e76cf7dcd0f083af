"""The elements of a web page: what of them is visible, and which are boilerplate.

Boilerplate is what is marked as navigation, as the page's footer or as standing beside the text,
and link lists whose class or id says menu, breadcrumbs and the like. Where that would take too
much, less is left out, or nothing.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from selectolax.lexbor import LexborHTMLParser, LexborNode

# fmt: off
_DROPPED = frozenset((
    "audio", "canvas", "datalist", "head", "iframe", "noscript", "object", "script", "style", "svg",
    "template", "video",
))
BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "details",
    "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1",
    "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "html", "legend", "li", "main", "menu",
    "nav", "ol", "optgroup", "option", "p", "pre", "search", "section", "select", "summary",
    "table", "tbody", "td", "textarea", "tfoot", "th", "thead", "tr", "ul",
))
# fmt: on
# fmt: off
_MENU_ROLES = frozenset((
    "contentinfo", "doc-toc", "menu", "menubar", "navigation", "search",
))
_SECTIONS = frozenset((
    "article", "blockquote", "details", "figure", "li", "main", "section", "td",
))
# fmt: on
"""In one of these a footer is not the page's, and what stands beside the text belongs to it."""
_MENU_NAME = re.compile(
    r"nav|menu|menü|breadcrumb|side-?bar|seitenleiste|(?<![^\W_])toc(?![^\W_])|table-?of-?contents"
    r"|shar(?:e|ing)|social|related|pag(?:er|inat)|skip|widget|cart|newsletter",
    re.IGNORECASE,
)
_HOLDER_NAME = re.compile(
    r"content(?!s)|container|wrapper|layout|page(?!r|-?foot|-?nav)|body|main(?!-?(?:nav|menu))",
    re.IGNORECASE,
)
"""What holds the text as well: `nav-content`, `page-with-sidebar`."""
_FOOTER_NAME = re.compile(r"foot(?!note)|fu(?:ss|ß)zeile", re.IGNORECASE)
_COOKIE_NAME = re.compile(
    r"(?:cookie|gdpr)[\w-]{0,20}?(?:banner|bar|consent|notice|popup|modal|hint|law|layer|overlay)"
    r"|consent|cmp-",
    re.IGNORECASE,
)
MAX_NAME_CHARS = 200
"""Of an element's id and classes that are looked at."""
MAX_COOKIE_WORDS = 200
MENU_SHARE = 0.5
"""Of the words of what is called a menu that are links."""
FOOTER_SHARE = 0.25
"""The same, of what is called a footer and is not marked as the page's."""
MIN_PLAIN = 10
"""Words outside links that stay, or nothing is left out."""
MIN_LEFT = 20
"""Words that stay where more are left out that names alone tell from the text."""
_WORD = re.compile(r"[^\W\d_]+")
_CONTROLS = frozenset(("a", "button", "option"))
_HIDING_STYLE = re.compile(r"display:none|visibility:(?:hidden|collapse)")
_UNREAD_STYLE = re.compile(r"\s|/\*.*?(?:\*/|\Z)", re.DOTALL)
_Basis = Literal["marked", "beside", "footer", "menu", "cookies"]


@dataclass(slots=True)
class _Part:
    """A part of a page that may be boilerplate, by what its markup says it is.

    Counts are of words with a letter; those of links and buttons are `n_linked`, too. They hold
    those of the parts inside it. `outer` is the number of the part around it, -1 for none.
    """

    node_id: int
    basis: _Basis
    outer: int
    n_words: int = 0
    n_linked: int = 0
    n_links: int = 0
    has_title: bool = False

    def is_boilerplate(self) -> bool:
        """Tell whether what is in it bears out what it is called; no title of a page stands there.

        What is marked as navigation, or as standing beside the text, need not be borne out.
        """
        if self.has_title:
            return False
        if self.basis == "cookies":
            return self.n_links > 0 and self.n_words <= MAX_COOKIE_WORDS
        share = {"menu": MENU_SHARE, "footer": FOOTER_SHARE}.get(self.basis)
        return share is None or (self.n_links > 1 and self.n_linked >= share * self.n_words)

    def take_in(self, inner: "_Part") -> None:
        """Count what is in a part inside it."""
        self.n_words += inner.n_words
        self.n_linked += inner.n_linked
        self.n_links += inner.n_links
        self.has_title |= inner.has_title


def find_boilerplate(tree: LexborHTMLParser) -> tuple[Collection[int], int]:
    """Return the elements that hold no text of the page's own, by `mem_id`; and their words.

    Of the words outside links at least half stay, and `MIN_PLAIN` of them: else only what is marked
    as navigation or as the page's footer is left out, or, where that is too much, nothing.
    """
    whole, parts = _count_parts(tree)
    found = [part.is_boilerplate() for part in parts]
    marked = [is_one and p.basis == "marked" for is_one, p in zip(found, parts, strict=True)]
    for chosen in (found, marked):
        n_words = n_plain = 0
        is_within: list[bool] = []
        for part, is_chosen in zip(parts, chosen, strict=True):
            is_covered = part.outer >= 0 and is_within[part.outer]
            if is_chosen and not is_covered:
                n_words += part.n_words
                n_plain += part.n_words - part.n_linked
            is_within.append(is_chosen or is_covered)
        stays, stays_plain = whole.n_words - n_words, whole.n_words - whole.n_linked - n_plain
        is_enough = stays >= min(n_words, MIN_LEFT) or chosen is marked
        if stays_plain >= max(MIN_PLAIN, n_plain) and is_enough:
            ids = {part.node_id for part, is_one in zip(parts, chosen, strict=True) if is_one}
            return ids, n_words
    return (), 0


def _count_parts(tree: LexborHTMLParser) -> tuple[_Part, list[_Part]]:
    """Return the whole page, and its parts that may be boilerplate, outer ones first."""
    has_main = tree.css_first('main, article, [role="main"]') is not None
    whole = _Part(0, "marked", -1)
    parts: list[_Part] = []
    open_parts = [(whole, -1)]
    n_controls = n_sections = 0
    for node, is_start in visit(tree.root):
        tag = node.tag or ""
        part, number = open_parts[-1]
        if tag == "-text":
            n_words = len(_WORD.findall(node.text_content or ""))
            part.n_words += n_words
            part.n_linked += n_words if n_controls else 0
        elif tag in _CONTROLS and _is_control(node):
            n_controls += 1 if is_start else -1
            part.n_links += is_start
        elif tag in BLOCKS and tag not in ("html", "body"):
            part.has_title |= tag == "h1"
            is_section = tag in _SECTIONS or node.attributes.get("role") == "main"
            if is_start:
                basis = _basis_of(node, in_section=n_sections > 0, has_main=has_main)
                if basis:
                    parts.append(_Part(node.mem_id, basis, number))
                    open_parts.append((parts[-1], len(parts) - 1))
            elif part.node_id == node.mem_id:
                open_parts.pop()
                open_parts[-1][0].take_in(part)
            n_sections += (1 if is_start else -1) * is_section
    return whole, parts


def _is_control(node: LexborNode) -> bool:
    """Tell whether something leads elsewhere: an address or a number to call is text."""
    return not (node.attributes.get("href") or "").lstrip().lower().startswith(("mailto:", "tel:"))


def _basis_of(node: LexborNode, *, in_section: bool, has_main: bool) -> _Basis | None:
    """Return what says that an element may be boilerplate, if anything does."""
    tag, attributes = node.tag, node.attributes
    role = (attributes.get("role") or "").strip().lower()
    if tag == "nav" or role in _MENU_ROLES:
        return "marked"
    if tag == "footer":
        return "footer" if in_section else "marked"
    if tag == "aside" or role == "complementary":
        return "beside" if has_main and not in_section else "menu"
    names = " ".join((attributes.get(key) or "")[:MAX_NAME_CHARS] for key in ("id", "class"))
    if len(names) < 3:
        return None
    if _COOKIE_NAME.search(names):
        return "cookies"
    if _FOOTER_NAME.search(names):
        return "footer"
    return "menu" if _MENU_NAME.search(names) and not _HOLDER_NAME.search(names) else None


def visit(
    root: LexborNode | None, left_out: Collection[int] = ()
) -> Iterator[tuple[LexborNode, bool]]:
    """Yield each visible node as its start (True) and, unless it is text, its end (False).

    Args:
        root: where to start; None, that of no tree, has none.
        left_out: elements that are passed over, by `mem_id`.
    """
    if root is None:
        return
    stack: list[tuple[LexborNode, bool]] = [(root, True)]
    while stack:
        node, is_start = stack.pop()
        if not is_start:
            yield node, False
            continue
        # The root has no siblings that are ours.
        if node.next is not None and node.mem_id != root.mem_id:
            stack.append((node.next, True))
        if node.is_text_node:
            yield node, True
        elif node.is_element_node and not (_is_hidden(node) or node.mem_id in left_out):
            yield node, True
            stack.append((node, False))
            if node.first_child is not None:
                stack.append((node.first_child, True))


def style_of(node: LexborNode) -> str:
    """Return an element's own style, without spaces and comments, in lower case."""
    return _UNREAD_STYLE.sub("", node.attributes.get("style") or "").lower()


def _is_hidden(node: LexborNode) -> bool:
    if node.tag in _DROPPED:
        return True
    attributes = node.attributes
    if not attributes:
        return node.tag == "dialog"
    style = style_of(node)
    return (
        "hidden" in attributes
        or (attributes.get("aria-hidden") or "").strip().lower() == "true"
        or bool(_HIDING_STYLE.search(style))
        or (node.tag == "dialog" and "open" not in attributes)
    )
