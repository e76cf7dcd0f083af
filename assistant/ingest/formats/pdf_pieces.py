"""The characters of a page in; the pieces of its text with their places, and what it hides, out.

Hidden is what a reader of the page does not see: invisible text (unless the page is a scan, whose
invisible text is what was recognised), text in the colour of its ground, tiny text, and text beside
the page. Refuses what `pdf_characters` refuses.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import pairwise

from assistant.ingest.formats.pdf_characters import INVISIBLE, MAX_SPACE, Characters, Style
from assistant.ingest.formats.pdf_sight import Drawn, large_pictures
from assistant.ingest.normalize import normalize

_MAX_KERN = 0.3
"""Between characters of a word that are drawn apart, in ems."""
_MIN_SCAN_RATIO = 10
"""How much more invisible text than visible a scan has: only a stamp, say, was added to it."""
_HYPHENS = "\u0002\ufffe\u00ad"
"""What pdfium says for a hyphen at a line's end, and the one that is seen only there."""
_STRETCH = re.compile(rf"[^\s{_HYPHENS}]+(?: [^\s{_HYPHENS}]+)*[{_HYPHENS}]?|[{_HYPHENS}]")
_WORD = re.compile(r"\S+")
_LIGATURES = "ff fi fl ffi ffl st st".split()  # from U+FB00 on
_EXPANDED = str.maketrans(
    {0xFB00 + n: letters for n, letters in enumerate(_LIGATURES)}
    | {ord(hyphen): "-" for hyphen in _HYPHENS}
)
_RTL = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe]")


class Parted(Enum):
    """What stands between a piece and the one before it in the file."""

    NOT = ""
    BY_SPACE = " "
    BY_LINE = "\n"


@dataclass(slots=True)
class Piece:
    """Words beside each other that look alike: a character of the file for each of the text.

    Only a piece that is a single word may have more or fewer. Its box is in points from the upper
    left corner.
    """

    text: str
    first: int
    n_chars: int
    style: Style
    parted: Parted
    left: float
    top: float
    right: float
    bottom: float


@dataclass(slots=True)
class Pieces:
    """What a page shows, in the file's order, and how many characters it hides in which way."""

    shown: list[Piece] = field(default_factory=list)
    hidden: Counter[str] = field(default_factory=Counter)
    n_removed: int = 0
    is_scan: bool = False


def find_pieces(characters: Characters, max_chars: int) -> Pieces:
    """Return a page's text in pieces, and how much is hidden.

    Raises:
        DocumentUnreadable: there are more than `max_chars` characters.
    """
    cut = _cut(characters, characters.read(max_chars))
    _look_at_light(characters, cut)
    found = Pieces(is_scan=_is_scan(characters, cut))
    sight = characters.sight
    for piece in cut:
        hidden = piece.style.hidden
        if hidden == INVISIBLE and found.is_scan:
            hidden = None
        if not hidden and not sight.contains(piece.left, piece.top, piece.right, piece.bottom):
            hidden = "beside the page"
        if hidden:
            found.hidden[hidden] += piece.n_chars
        elif piece.text.isascii() and piece.text.isprintable():
            found.shown.append(piece)
        else:
            found.shown += _canonical(characters, piece, found)
    return found


def is_rtl(text: str) -> bool:
    """Tell whether text is written from right to left."""
    return not text.isascii() and bool(_RTL.search(text))


def _cut(characters: Characters, text: str) -> list[Piece]:
    pieces: list[Piece] = []
    before = 0
    for match in _STRETCH.finditer(text):
        start, end = match.span()
        between = text[before:start]
        parted = Parted.BY_SPACE if between.strip("\r\n") else Parted.BY_LINE
        parted = parted if between else Parted.NOT
        before = end
        for first, last in _parts(characters, text, start, end):
            style = characters.style_of(characters.object_of(first), first)
            begin = first
            if style.turn == 0:
                for space in characters.wide_spaces(text, (first, last), style.size):
                    _append(characters, text[begin:space], begin, style, parted, pieces)
                    begin, parted = space + 1, Parted.BY_SPACE
            _append(characters, text[begin:last], begin, style, parted, pieces)
            parted = Parted.BY_SPACE if last < end and text[last] == " " else Parted.NOT
    return pieces


def _parts(characters: Characters, text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a stretch that are each of one text object."""
    object_of = characters.object_of
    if object_of(start) == object_of(end - 1):  # one's characters are together
        yield start, end
        return
    words = [match.span() for match in _WORD.finditer(text, start, end)]
    objects = [object_of(begin) for begin, _ in words]
    objects.append(None)
    first = start
    for number, (begin, stop) in enumerate(words):
        if objects[number] == objects[number + 1]:
            continue
        if object_of(stop - 1) != objects[number]:
            inside = [object_of(place) for place in range(begin, stop)]
            for place, (one, other) in enumerate(pairwise(inside), start=begin + 1):
                if one != other:
                    yield first, place
                    first = place
        yield first, stop
        first = stop + 1


def _append(
    characters: Characters,
    text: str,
    first: int,
    style: Style,
    parted: Parted,
    pieces: list[Piece],
) -> None:
    """Append a piece, or add it to the one that it goes on with."""
    last = first + len(text) - 1
    box = characters.box(range(first, last + 1) if is_rtl(text) else {first, last})
    piece = Piece(text, first, len(text), style, parted, *box)
    if not pieces or not _goes_on(pieces[-1], piece):
        pieces.append(piece)
        return
    before = pieces[-1]
    before.text += parted.value + text
    before.n_chars = last + 1 - before.first
    before.left, before.top = min(before.left, piece.left), min(before.top, piece.top)
    before.right, before.bottom = max(before.right, piece.right), max(before.bottom, piece.bottom)


def _goes_on(before: Piece, piece: Piece) -> bool:
    """Tell whether a piece looks like the one before and stands beside it."""
    if piece.parted is Parted.BY_LINE or before.style != piece.style or piece.style.turn != 0:
        return False
    is_parted = piece.parted is Parted.BY_SPACE
    if piece.first != before.first + before.n_chars + is_parted:
        return False
    size = piece.style.size
    if abs(piece.top - before.top) > 0.1 * size or abs(piece.bottom - before.bottom) > 0.1 * size:
        return False
    gap = piece.left - before.right
    return -_MAX_KERN * size <= gap <= (MAX_SPACE if is_parted else _MAX_KERN) * size


def _canonical(characters: Characters, piece: Piece, found: Pieces) -> Iterator[Piece]:
    """Yield the piece with canonical text, or its words if their characters change in number."""
    text, n_removed = normalize(piece.text.translate(_EXPANDED))
    if len(text) == piece.n_chars or " " not in piece.text:
        found.n_removed += n_removed
        if text:
            yield replace(piece, text=text)
        return
    parted = piece.parted
    for match in _WORD.finditer(piece.text):
        start, end = (piece.first + place for place in match.span())
        box = characters.box(range(start, end))
        word = Piece(match.group(), start, end - start, piece.style, parted, *box)
        yield from _canonical(characters, word, found)
        parted = Parted.BY_SPACE


def _is_scan(characters: Characters, pieces: list[Piece]) -> bool:
    """Tell whether the page is a picture whose text was recognised."""
    n_invisible = sum(piece.n_chars for piece in pieces if piece.style.hidden == INVISIBLE)
    n_seen = sum(piece.n_chars for piece in pieces if not piece.style.hidden)
    if n_invisible <= _MIN_SCAN_RATIO * n_seen:
        return False
    return large_pictures(characters.page, characters.sight) > 0


def _look_at_light(characters: Characters, pieces: list[Piece]) -> None:
    """Mark the light pieces that do not stand out from their ground."""
    light = [piece for piece in pieces if piece.style.is_light and not piece.style.hidden]
    if light:
        drawn = Drawn(characters.page, characters.sight)
        for piece in light:
            if not drawn.has_contrast(piece.left, piece.top, piece.right, piece.bottom):
                piece.style = replace(piece.style, hidden="white on white")
