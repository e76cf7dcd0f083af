"""Documents that a program added, as `AddedDocument` writes them.

Every part is read as plain text and is a page, if it has a number. `DocumentUnreadable` is raised
for a damaged one.
"""

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.added import AddedDocument
from assistant.ingest.formats.parsed import (
    DEFAULT_LIMITS,
    Limits,
    Parsed,
    as_units,
    describe_removed,
    drop_none,
)
from assistant.ingest.formats.text import find_blocks
from assistant.text.normalize import normalize
from assistant.values import Page

_JOINT = "\n\n"


def parse(data: bytes, _: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the parts as one canonical text, with the pages that they are."""
    try:
        document = AddedDocument.read(data)
    except (ValueError, KeyError, TypeError) as error:
        raise DocumentUnreadable("damaged: add it again", Fault.CORRUPT) from error
    texts: list[str] = []
    blocks: list[tuple[int, int]] = []
    pages: list[Page] = []
    start, n_removed = 0, 0
    for number, raw in document.parts:
        text, n = normalize(raw)
        n_removed += n
        blocks += ((start + first, start + last) for first, last in find_blocks(text))
        if number is not None and text:
            pages.append(Page(number, start, start + len(text)))
        texts.append(text)
        start += len(text) + len(_JOINT)
    warnings = drop_none(describe_removed(n_removed))
    whole, title = _JOINT.join(texts), document.title or None
    return Parsed(whole, title, as_units(blocks), tuple(pages), warnings)
