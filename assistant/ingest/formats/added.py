"""A document that a program added: JSON as `assistant.index.added` writes it in; its text out.

Every part is read as plain text and is a page, if it has a number. Refuses what is damaged with
`DocumentUnreadable`.
"""

import json

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.parsed import Parsed, describe_removed
from assistant.ingest.formats.text import find_blocks
from assistant.ingest.limits import USUAL, Limits
from assistant.ingest.normalize import normalize
from assistant.places import Page

_JOINT = "\n\n"


def parse(data: bytes, _: Limits = USUAL) -> Parsed:
    """Return the parts as one canonical text, with the pages that they are."""
    try:
        found = json.loads(data)
        parts = [(number, str(text)) for number, text in found["parts"]]
        title = str(found["title"])
    except (ValueError, KeyError, TypeError) as error:
        raise DocumentUnreadable("damaged: add it again", Fault.CORRUPT) from error
    texts: list[str] = []
    blocks: list[tuple[int, int]] = []
    pages: list[Page] = []
    start, n_removed = 0, 0
    for number, raw in parts:
        text, n = normalize(raw)
        n_removed += n
        blocks += ((start + first, start + last) for first, last in find_blocks(text))
        if number is not None and text:
            pages.append(Page(int(number), start, start + len(text)))
        texts.append(text)
        start += len(text) + len(_JOINT)
    warning = describe_removed(n_removed)
    warnings = (warning,) if warning else ()
    return Parsed(_JOINT.join(texts), title or None, tuple(blocks), (), tuple(pages), warnings)
