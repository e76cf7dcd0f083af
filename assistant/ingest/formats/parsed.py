"""What every format's parse function returns: canonical text and the maps of its parts."""

from dataclasses import dataclass

from assistant.values import Heading, Page


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as canonical text.

    `blocks` are ascending spans that hold all the text to cite; no sentence crosses one.
    `title` is what the document calls itself, or None.
    """

    text: str
    title: str | None
    blocks: tuple[tuple[int, int], ...]
    headings: tuple[Heading, ...] = ()
    pages: tuple[Page, ...] = ()
    warnings: tuple[str, ...] = ()


def describe_removed(n_removed: int) -> str | None:
    """Return the warning for characters that normalisation has removed, or None."""
    if not n_removed:
        return None
    return f"{n_removed:,} invisible or control character{'s' * (n_removed != 1)} removed"


def fold(text: str) -> str:
    """Return the text with every run of whitespace as one space, for titles and headings."""
    return " ".join(text.split())
