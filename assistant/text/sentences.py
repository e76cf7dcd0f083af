"""Splits canonical text into sentences, block by block.

sentencex (Wikimedia) proposes the boundaries; `_find_ends` moves them behind closing marks and
drops those that `_joins` or a pair of brackets rules out. Quotation marks and brackets are hidden
from the library: it never splits between two of them, so that a stray inch mark would make a page
one sentence, and its time grows with the square of their number. Every character of a block that is
not whitespace belongs to one sentence.

The language of a text is guessed for its abbreviations.
"""

import re
from collections.abc import Iterable, Iterator

import sentencex  # type: ignore[import-untyped]

from assistant.text.cut import find_cluster_start
from assistant.text.terms import guess_language

MAX_PIECE_CHARS = 20_000
"""No longer text reaches the library at once, whatever its time depends on."""
MAX_BRACKET_CHARS = 200
"""A longer pair of brackets is taken for two strays."""
_LOOK_AHEAD_CHARS, _TAIL_CHARS = 100, 40

_HIDDEN = str.maketrans(dict.fromkeys('"“”„‟«»‹›()[]{}「」『』（）【】〈〉《》', " "))
_CLOSING = re.compile(
    r"(?:[\"'”’»›)\]}」』）】〉》.!?…。！？¹²³⁰⁴-⁹]|\[\d{1,3}\]"  # quotes and notes, if attached
    r"|\s[»›](?=\s|$)"
    r"|\s[\u2600-\u27bf\U0001f000-\U0001faff\u200d\ufe0f]+(?=\s|$))*"  # emoji, if set apart
)
_SOMETHING = re.compile(r"\S")
_BRACKETS = re.compile(rf"[(\[][^()\[\]]{{1,{MAX_BRACKET_CHARS}}}[)\]]")
_ENUMERATOR = re.compile(r"\(?(?:\d{1,3}(?:\.\d{1,3})*|[A-Za-z]|[ivxIVX]{1,5})[.)]")
_FIRST_WORD = re.compile(r"[\s\"'“„‘«(\[]*([^\W\d_][\w.]*\(?)")
_NAME_IN_CODE = re.compile(r".*(?:\w\.\w|\()", re.DOTALL)
_BEFORE_NUMBER = re.compile(
    r"(?<!\w)(?:eqs?|figs?|nos?|nr|num|núm|secs?|chs?|chap|pp?|pág|стр|vol|arts?|abs|paras?|par"
    r"|c|ca|cf|approx|ext|ver|app|ed|pub|al|bzw|vgl|tel|godz)\.",
    re.IGNORECASE,
)


def split_sentences(text: str, blocks: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return the sentences' spans: ascending, apart, trimmed, none across a block's end."""
    language = guess_language(text)
    return tuple(
        span
        for block in blocks
        for start, end in _cut_pieces(text, *block)
        for span in _split_piece(text[start:end], start, language)
    )


def _cut_pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the block in short enough pieces, cut after whitespace or else between clusters."""
    while end - start > MAX_PIECE_CHARS:
        limit = start + MAX_PIECE_CHARS
        cut = max(text.rfind(space, start, limit) for space in " \n。") + 1
        cut = cut or find_cluster_start(text, start, end, limit)
        yield start, cut
        start = cut
    yield start, end


def _split_piece(piece: str, offset: int, language: str) -> Iterator[tuple[int, int]]:
    start = 0
    for end in [*_find_ends(piece, language), len(piece)]:
        sentence = piece[start:end]
        if trimmed := sentence.strip():
            first = offset + start + len(sentence) - len(sentence.lstrip())
            yield first, first + len(trimmed)
        start = end


def _find_ends(piece: str, language: str) -> Iterator[int]:
    """Yield where sentences end, behind closing marks and the numbers of notes."""
    brackets = _BRACKETS.finditer(piece)
    bracket = next(brackets, None)
    start = 0
    for boundary in sentencex.get_sentence_boundaries(language, piece.translate(_HIDDEN)):
        end = boundary["start_index"] + len(boundary["text"].rstrip())
        closing = _CLOSING.match(piece, end)
        end = closing.end() if closing else end
        while bracket and bracket.end() < end:
            bracket = next(brackets, None)
        # Brackets that open within a sentence belong to it whole.
        is_inside = bracket and bracket.start() < end < bracket.end()
        if end <= start or (
            is_inside and bracket and _SOMETHING.search(piece, start, bracket.start())
        ):
            continue
        # Only its tail: a sentence that goes on and on must not be copied at each full stop.
        tail = piece[max(start, end - _TAIL_CHARS) : end].strip()
        if not _joins(tail, piece[end : end + _LOOK_AHEAD_CHARS]):
            yield end
            start = end


def _joins(sentence: str, following: str) -> bool:
    """Tell whether what was proposed as the end of `sentence` (or its tail) is none."""
    next_ = following.lstrip()
    if not sentence:
        return True
    if not any(map(str.isalnum, next_)) and len(following) < _LOOK_AHEAD_CHARS:
        return True
    if _ENUMERATOR.fullmatch(sentence) or (sentence[-1:] in "」』" and next_ == following):
        return True
    if next_[:1].isdigit() and _BEFORE_NUMBER.fullmatch(
        sentence.rsplit(maxsplit=1)[-1].lstrip("([")
    ):
        return True
    word = _FIRST_WORD.match(next_)
    # "iPad" and "foo()" may begin a sentence; a word that is all lower case does not.
    return bool(word and word[1].islower() and not _NAME_IN_CODE.match(word[1]))
