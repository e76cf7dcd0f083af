"""Makes text from documents, questions and models safe for a page, a terminal or Markdown.

This is the only place that escapes. What no page can contain (NUL, lone surrogates) becomes U+FFFD.
"""

import re
from html import escape
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from jinja2 import Environment

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNHOLDABLE = re.compile("[\0\ud800-\udfff]")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#!|~&$@]|:(?=/)|(?<=www)\.)", re.IGNORECASE)
"""What Markdown reads as syntax, and what GitHub's dialect turns into links."""
_LINE_START = re.compile(r"^([0-9]*)([-+=.)])")


def terminal_safe(text: str) -> str:
    """Drop control characters (C0, C1) other than newline and tab; lone surrogates: U+FFFD."""
    return _SURROGATE.sub("\ufffd", _UNPRINTABLE.sub("", text))


def html_text(text: str) -> Markup:
    """Escape text for an element or a quoted attribute; a parser gives it back unchanged."""
    safe = _UNHOLDABLE.sub("\ufffd", text)
    return Markup(escape(safe).replace("\r", "&#13;"))


def markdown_text(text: str) -> str:
    r"""Escape text so that Markdown shows it literally and on one line.

    >>> markdown_text("![x](http://example.org)\n# Title")
    '\\!\\[x\\](http\\://example.org) \\# Title'
    """
    line = " ".join(terminal_safe(text).split())
    return _LINE_START.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", line))


def templates(folder: str) -> "Environment":
    """Return a new Jinja environment of a folder of this package; it escapes all values.

    Every folder's templates may also use those of this room.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    folders = dict.fromkeys((folder, "show"))
    return Environment(
        loader=ChoiceLoader([PackageLoader("assistant", one) for one in folders]),
        autoescape=True,
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _finalize(value: object) -> object:
    """Escape a string as `html_text` does, unless it is markup already."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return html_text(value)
    return value
