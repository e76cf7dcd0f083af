"""JSON: bytes in; what the values say, as lines of text, out; notebooks as their cells.

`tree.py` says how values are written. The text is not the file's own, so there is no `locate`. A
file that is no JSON by the letter of it (comments, a torn end, values after each other) is read
line by line, as source, and that is told. Refuses, with `DocumentUnreadable`, binary data and
too many brackets, beside each other or inside.
"""

import json
from dataclasses import replace

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.decode import decode
from assistant.ingest.formats import source
from assistant.ingest.formats.blocks import Blocks
from assistant.ingest.formats.notebook import is_notebook, read_notebook
from assistant.ingest.formats.parsed import Parsed
from assistant.ingest.formats.tree import Members, read_json, write_value
from assistant.ingest.limits import USUAL, Limits


def parse(data: bytes, limits: Limits = USUAL) -> Parsed:
    """Return the values as lines of text."""
    decoded = decode(data)
    try:
        value = read_json(decoded.text)
    except json.JSONDecodeError as error:
        parsed = source.parse(data, limits)
        told = f"not JSON ({error.msg}, line {error.lineno:,}); read line by line as it is"
        return replace(parsed, warnings=(told, *parsed.warnings))
    except ValueError as error:
        raise DocumentUnreadable(str(error), Fault.TOO_LARGE) from error
    if isinstance(value, Members) and is_notebook(value):
        return read_notebook(value, decoded.warning)
    blocks = Blocks(limits.max_chars)
    write_value(value, blocks)
    title = value.find("title") if isinstance(value, Members) else None
    return blocks.finish(
        blocks.clean(title) or None if isinstance(title, str) else None, [decoded.warning]
    )
