"""A Jupyter notebook's JSON in; the text of its cells, in their order, out.

Cells of Markdown are read as Markdown, cells of code as source, other ones as plain text. What
the cells put out when they were run is left out and counted. Refuses nothing.
"""

from assistant.ingest.formats import markdown
from assistant.ingest.formats.blocks import count
from assistant.ingest.formats.parsed import Parsed, describe_removed
from assistant.ingest.formats.source import find_code
from assistant.ingest.formats.text import find_blocks
from assistant.ingest.formats.tree import Members, Value
from assistant.ingest.normalize import normalize
from assistant.places import Heading

_PART = "\n\n"


def is_notebook(value: Members) -> bool:
    """Tell whether an object is a notebook: it has cells, and says which version of the format."""
    return isinstance(value.find("cells"), list) and value.find("nbformat") is not None


def read_notebook(notebook: Members, warning: str | None = None) -> Parsed:
    """Return the text of the cells in their blocks, with the headings of the Markdown."""
    found = notebook.find("cells")
    cells = [cell for cell in found if isinstance(cell, Members)] if isinstance(found, list) else []
    parts = [_read_cell(cell) for cell in cells]
    texts: list[str] = []
    blocks: list[tuple[int, int]] = []
    headings: list[Heading] = []
    position = 0
    for part, _ in parts:
        texts.append(part.text)
        blocks += ((start + position, end + position) for start, end in part.blocks)
        headings += (Heading(h.start + position, h.end + position, h.level) for h in part.headings)
        position += len(part.text) + len(_PART)
    n_shown = sum(bool(cell.find("outputs")) for cell in cells)
    told = (
        warning,
        count(n_shown, "cell", "with output, which is left out"),
        describe_removed(sum(n_removed for _, n_removed in parts)),
    )
    return Parsed(
        _PART.join(texts),
        next((part.title for part, _ in parts if part.title), None),
        tuple(blocks),
        tuple(headings),
        warnings=tuple(warning for warning in told if warning),
    )


def _read_cell(cell: Members) -> tuple[Parsed, int]:
    source = cell.find("source") or ""
    text, n_removed = normalize("".join(_strings(source)))
    match cell.find("cell_type"):
        case "markdown":
            return markdown.read(text), n_removed
        case "code":
            return Parsed(text, None, find_code(text)), n_removed
        case _:
            return Parsed(text, None, find_blocks(text)), n_removed


def _strings(source: Value) -> list[str]:
    """Return the lines of a cell, which may be one string or a list of them."""
    if isinstance(source, str):
        return [source]
    return [line for line in source if isinstance(line, str)] if isinstance(source, list) else []
