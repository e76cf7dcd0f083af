"""Mends text that is drawn over itself: doubled letters, and accents that stand apart.

What is made to look bold is often drawn twice, a hair's breadth apart, and pdfium leaves out only a
part of it, so that 1.9 comes out as "19 .". TeX draws an accent and then its letter. Where pieces
of a line lie over each other, their characters are put in order by place, each once.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from assistant.ingest.formats.pdf.characters import Bounds, Characters, Parted, Piece, is_rtl

_SAME_LINE = 0.25
"""Between the middles of pieces of a line, in ems, as the next."""
_MIN_OVERLAP = 0.12
_SAME_PLACE = 0.6
"""Of a letter's width, as the next."""
_MAX_OVERLAP = 0.3
"""By which letters of two pieces lie over each other at most."""
_WORD_GAP = 0.15
_ACCENTS = dict(
    zip(
        "`´^~¨¯˘˙˚¸˛ˇˆ˜˝",
        "\u0300\u0301\u0302\u0303\u0308\u0304\u0306\u0307\u030a\u0327\u0328\u030c\u0302\u0303\u030b",
        strict=True,
    )
)
_DOTLESS = {"ı": "i", "ȷ": "j"}


@dataclass(slots=True)
class _Letter:
    """A character of the file, or an accent and its letter."""

    text: str
    first: int
    n_chars: int
    box: Bounds
    piece: Piece


def untangle(characters: Characters, pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces, with those that lie over each other put in order."""
    found: dict[int, list[Piece]] = {}
    for before, tangle in _tangles(pieces):
        mended = _mend(characters, [pieces[number] for number in tangle])
        if mended is not None:
            # The space that pdfium puts between a letter and an accent far back is none.
            if before is not None and _touches(pieces[before], mended[0]):
                mended[0] = replace(mended[0], parted=Parted.NOT)
            found |= {number: [] for number in tangle}
            found[min(tangle)] = mended
    if not found:
        return list(pieces)
    return [one for n, piece in enumerate(pieces) for one in found.get(n, [piece])]


def _touches(before: Piece, piece: Piece) -> bool:
    """Tell whether a piece begins where another ends, with no space between them."""
    is_near = piece.left - before.right <= _WORD_GAP * piece.style.size
    return is_near and piece.parted is Parted.BY_SPACE and before.text[-1:].isalpha()


def _tangles(pieces: Sequence[Piece]) -> Iterator[tuple[int | None, list[int]]]:
    """Yield the numbers of pieces of a line of which each lies over another, and of that before."""
    numbers = [n for n, piece in enumerate(pieces) if piece.style.turn == 0 and _has_text(piece)]
    numbers.sort(key=lambda n: pieces[n].top + pieces[n].bottom)
    lines: list[list[int]] = []
    for number in numbers:
        piece, first = pieces[number], pieces[lines[-1][0]] if lines else pieces[number]
        lower = (piece.top + piece.bottom - first.top - first.bottom) / 2
        if lines and lower <= _SAME_LINE * piece.style.size:
            lines[-1].append(number)
        else:
            lines.append([number])
    for line in lines:
        line.sort(key=lambda n: pieces[n].left)
        tangle, right = [line[0]], pieces[line[0]].right
        before = None
        for number in line[1:]:
            piece = pieces[number]
            is_accent = piece.text in _ACCENTS or pieces[tangle[-1]].text in _ACCENTS
            if right - piece.left > (0 if is_accent else _MIN_OVERLAP * piece.style.size):
                tangle.append(number)
            else:
                if len(tangle) > 1:
                    yield before, tangle
                before, tangle = max(tangle, key=lambda n: pieces[n].right), [number]
            right = max(right, piece.right)
        if len(tangle) > 1:
            yield before, tangle


def _has_text(piece: Piece) -> bool:
    """Tell whether a piece is no line of dots or dashes, on which other text may stand."""
    if is_rtl(piece.text) or len(piece.text) > 10 * max(piece.n_chars, 1):
        return False
    return len(piece.text) < 3 or any(map(str.isalnum, piece.text))


def _mend(characters: Characters, tangle: Sequence[Piece]) -> list[Piece] | None:
    """Return the characters of pieces in order, each once; None if they are different texts."""
    letters: list[_Letter] = []
    places: dict[str, list[float]] = {}
    for piece in tangle:
        for letter in _letters(characters, piece):
            room = _SAME_PLACE * (letter.box[2] - letter.box[0])
            known = places.setdefault(letter.text, [])
            if not any(abs(letter.box[0] - left) < room for left in known):
                known.append(letter.box[0])
                letters.append(letter)
    letters.sort(key=lambda letter: letter.box[0] + letter.box[2])
    letters = list(_compose(letters))
    for before, letter in pairwise(letters):
        width = min(before.box[2] - before.box[0], letter.box[2] - letter.box[0])
        is_over = before.box[2] - letter.box[0] > max(_MAX_OVERLAP * width, 0.5)
        if is_over and before.piece is not letter.piece:
            return None
    return list(_pieces(letters))


def _letters(characters: Characters, piece: Piece) -> Iterator[_Letter]:
    if len(piece.text) != piece.n_chars:
        left, top, right, bottom = piece.left, piece.top, piece.right, piece.bottom
        yield _Letter(piece.text, piece.first, piece.n_chars, (left, top, right, bottom), piece)
        return
    for place, text in enumerate(piece.text):
        if text != " ":
            number = piece.first + place
            yield _Letter(text, number, 1, characters.box((number,)), piece)


def _compose(letters: Iterable[_Letter]) -> Iterator[_Letter]:
    """Yield letters, with the accent that lies over one as part of it."""
    waiting: _Letter | None = None
    for letter in letters:
        if waiting is not None:
            whole = _join(waiting, letter)
            if whole is None:
                yield waiting
            else:
                waiting = whole
                continue
        waiting = letter
    if waiting is not None:
        yield waiting


def _join(one: _Letter, other: _Letter) -> _Letter | None:
    for accent, letter in ((one, other), (other, one)):
        mark = _ACCENTS.get(accent.text)
        if mark is None or not letter.text.isalpha():
            continue
        middle = (accent.box[0] + accent.box[2]) / 2
        whole = unicodedata.normalize("NFC", _DOTLESS.get(letter.text, letter.text) + mark)
        if letter.box[0] <= middle <= letter.box[2] and len(whole) == 1:
            if abs(accent.first - letter.first) == 1:
                return replace(letter, text=whole, first=min(one.first, other.first), n_chars=2)
            return replace(letter, text=whole)
    return None


def _pieces(letters: Sequence[_Letter]) -> Iterator[Piece]:
    right: float | None = None
    for letter in letters:
        piece = letter.piece
        is_apart = right is not None and letter.box[0] - right > _WORD_GAP * piece.style.size
        parted = piece.parted if right is None else Parted.BY_SPACE if is_apart else Parted.NOT
        yield Piece(letter.text, letter.first, letter.n_chars, piece.style, parted, *letter.box)
        right = letter.box[2]
