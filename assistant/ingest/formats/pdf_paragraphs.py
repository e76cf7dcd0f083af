"""The lines of a page in; which of them make a paragraph out.

Lines of a flow make a paragraph until one stands further off, is set in another size or weight,
is indented, begins a list's item, or follows a line that had room for its first word; between flows
(columns), a sentence that is not at its end goes on. Pure functions; they refuse nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.ingest.formats.pdf_characters import MAX_SPACE
from assistant.ingest.formats.pdf_layout import Line, Zone
from assistant.ingest.formats.pdf_pieces import Piece, is_rtl

_CLOSED = re.compile(r"[.!?…:;。！？؟।][\"'”’»)\]]*$")
_LED = re.compile(r"(?:[.…·_] ?){4}\s*\S{0,6}$")
_BULLET = re.compile(r"(?:[-*+•‣◦▪●–—·]|\[\d+\])(?:\s|$)")
_ENUMERATOR = re.compile(r"\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{2,5})[.)](?:\s|$)")
_UNSPACED = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
"""Characters of Chinese and Japanese, whose lines are joined without a space."""
_SAME_SIZE = 0.08
_LEADING, _MAX_LEADING = 1.3, 3.0
"""The distance of lines in ems, where the page does not tell, and the most that it may tell."""
_MAX_STRETCH = 1.3
_INDENT = 0.8
_LARGE = 1.15


def paragraphs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Yield the lines of each paragraph, heading or row."""
    leadings = _leadings(lines)
    edges: dict[tuple[Zone, int], tuple[float, float]] = {}
    for line in lines:
        left, right = edges.get((line.zone, line.flow), (line.left, line.right))
        edges[line.zone, line.flow] = min(left, line.left), max(right, line.right)
    body = _body_size(lines)
    paragraph: list[Line] = []
    for line in lines:
        if paragraph:
            page = _Setting(
                leadings.get(round(line.size), _LEADING * line.size),
                edges[line.zone, line.flow],
                line.size > _LARGE * body,
            )
            if not _goes_on(paragraph, line, page):
                yield paragraph
                paragraph = []
        paragraph.append(line)
    if paragraph:
        yield paragraph


def is_closed(text: str) -> bool:
    """Tell whether a text ends as a sentence or a clause does."""
    return _CLOSED.search(text[-8:]) is not None


def is_led(text: str) -> bool:
    """Tell whether a text ends as an entry of a table of contents: dots that lead to a number."""
    return _LED.search(text[-20:]) is not None


def is_unspaced(character: str) -> bool:
    """Tell whether a character is of a writing without spaces."""
    return _UNSPACED.match(character) is not None


def first_word(text: str) -> str:
    """Return what of a text could have stood on the line before."""
    return text[0] if is_unspaced(text[0]) else text.split(" ", 1)[0]


@dataclass(frozen=True, slots=True)
class _Setting:
    """How a page sets lines: their distance, their edges, and if this is larger than most."""

    leading: float
    edges: tuple[float, float]
    is_large: bool


def _goes_on(paragraph: list[Line], line: Line, setting: _Setting) -> bool:
    """Tell whether a line goes on with a paragraph."""
    last = paragraph[-1]
    if len(last.cells) > 1 or len(line.cells) > 1 or last.zone is not line.zone:
        return False
    if is_led(" ".join(piece.text for piece in last.cells[0])):
        return False
    if Zone.ASIDE in (last.zone, line.zone):
        return last.flow == line.flow
    if abs(line.size - last.size) > _SAME_SIZE * last.size:
        return False
    said, next_ = last.cells[0][-1].text, line.cells[0]
    is_open = not is_closed(said) and next_[0].text[0].islower()
    if last.flow != line.flow or line.bottom < last.bottom:
        return is_open and last.zone is Zone.BODY
    if line.bottom - last.bottom > _MAX_STRETCH * setting.leading:
        return False
    if last.is_bold != line.is_bold and not is_open:
        return False
    if setting.is_large:
        return True
    if _begins_item(said, next_):
        return False
    return _is_set_on(paragraph, line, is_open=is_open, setting=setting)


def _is_set_on(paragraph: list[Line], line: Line, *, is_open: bool, setting: _Setting) -> bool:
    """Tell by indent and by the room that was left whether a line is the next of a paragraph."""
    first, last = paragraph[0], paragraph[-1]
    piece = line.cells[0][0]
    if is_rtl(piece.text):
        room, shift = last.left - setting.edges[0], last.right - line.right
    else:
        room, shift = setting.edges[1] - last.right, line.left - last.left
    share = len(first_word(piece.text)) / len(piece.text)
    if room > share * (piece.right - piece.left) + 0.6 * line.size and not is_open:
        return False
    shift /= line.size
    if shift > _INDENT:  # the first line of the next paragraph, unless this one hangs
        return is_open or (len(paragraph) == 1 and _is_item(first.cells[0]))
    return shift >= -_INDENT or len(paragraph) == 1 or is_open


def _begins_item(said: str, pieces: Sequence[Piece]) -> bool:
    start = _start_of(pieces)
    is_numbered = _ENUMERATOR.match(start) is not None or _is_bare_number(pieces)
    return _BULLET.match(start) is not None or (is_numbered and is_closed(said))


def _is_item(pieces: Sequence[Piece]) -> bool:
    return _begins_item(".", pieces)


def _is_bare_number(pieces: Sequence[Piece]) -> bool:
    """Tell whether a line begins with a number that stands apart."""
    number = pieces[0].text
    if len(pieces) == 1 or not number.isdecimal() or len(number) > 3:
        return False
    return pieces[1].left - pieces[0].right > MAX_SPACE * pieces[0].style.size


def _start_of(pieces: Sequence[Piece]) -> str:
    return f"{pieces[0].text} " if len(pieces) > 1 else pieces[0].text


def _leadings(lines: Sequence[Line]) -> dict[int, float]:
    """Return for each size how far lines of a paragraph are apart: the closer ones of the page.

    Only what goes on tells: paragraphs of a line each may be at any distance.
    """
    found: dict[int, list[float]] = {}
    for before, line in pairwise(lines):
        if before.flow == line.flow and abs(before.size - line.size) <= _SAME_SIZE * line.size:
            distance = line.bottom - before.bottom
            is_near = 0.7 * line.size < distance < _MAX_LEADING * line.size
            if is_near and not is_closed(before.cells[-1][-1].text):
                found.setdefault(round(line.size), []).append(distance)
    return {size: sorted(all_)[len(all_) // 4] for size, all_ in found.items()}


def _body_size(lines: Sequence[Line]) -> float:
    sizes: dict[float, int] = {}
    for line in lines:
        n_chars = sum(piece.n_chars for cell in line.cells for piece in cell)
        sizes[line.size] = sizes.get(line.size, 0) + n_chars
    return max(sizes, key=sizes.__getitem__) if sizes else 0.0
