"""Splits canonical text into sentences, block by block.

sentencex (Wikimedia) proposes the boundaries; `_find_ends` moves them behind closing marks and
drops those that `_joins` or a pair of brackets rules out. Quotation marks and brackets are hidden
from the library: it never splits between two of them, so that a stray inch mark would make a page
one sentence, and its time grows with the square of their number. Every character of a block that is
not whitespace belongs to one sentence.

The language of a text is guessed for its abbreviations.

A sentence that is too long for the embedder is cut on whitespace, or else between two characters
as people see them (grapheme clusters): never before a combining mark, a joiner or a variation
selector.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence

import sentencex  # type: ignore[import-untyped]

from assistant.text.terms import fold, function_words, guess_language

CountTokens = Callable[[Sequence[str]], list[int]]
Span = tuple[int, int]

MAX_CHARS_PER_TOKEN = 10
"""English has 4 to 5. A word-piece tokenizer counts a megabyte without spaces as one unknown."""
MAX_CLUSTER_CHARS = 64
"""Further than this no place between clusters is sought: no script writes so long a cluster."""

_VIRAMA_CLASS = 9
_EMOJI_MODIFIERS = range(0x1F3FB, 0x1F400)
_REGIONAL_INDICATORS = range(0x1F1E6, 0x1F200)
_HANGUL_JAMO = range(0x1100, 0x1200)
_JOINER = "\u200d"
MAX_PIECE_CHARS = 20_000
"""No longer text reaches the library at once, whatever its time depends on."""
MAX_BRACKET_CHARS = 200
"""A longer pair of brackets is taken for two strays."""
_LOOK_AHEAD_CHARS, _TAIL_CHARS = 100, 40

_HIDDEN = str.maketrans(dict.fromkeys('"“”„‟«»‹›()[]{}「」『』（）【】〈〉《》', " "))
_MAY = re.compile(r"(?<![^\W_])May(?=\.)")
"""The library takes it for a short form, as "Dec." is, where a number follows."""
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
_LEADER = re.compile(r"(?:\.{4,}|(?:\. ){3,}\.)$")
"""Points that lead the eye from a name to what is said of it: "Tea ........ 2.40"."""
_ORDINAL = re.compile(
    r".*(?<!\w)(?:d(?:er|ie|as|em|en|es)|[ai]ms?|ins|vom|zu[mr]|beim|jede[rsmn]?|[mds]ein\w{0,2}"
    r"|ihre?[mnrs]?|unse?re?[mnrs]?|und|oder|bis|sowie|seit|ab|\d{1,2}\.,)\s\d{1,2}\.",
    re.IGNORECASE | re.DOTALL,
)
"""In German, a number with a point behind such a word says which: "im 2. Stock"."""


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
    hidden = _MAY.sub("Day", piece.translate(_HIDDEN))
    for boundary in sentencex.get_sentence_boundaries(language, hidden):
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
        if not _joins(tail, piece[end : end + _LOOK_AHEAD_CHARS], language):
            yield end
            start = end


def _joins(sentence: str, following: str, language: str) -> bool:
    """Tell whether what was proposed as the end of `sentence` (or its tail) is none."""
    next_ = following.lstrip()
    if not sentence or _LEADER.search(sentence):
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
    is_ordinal = word and language == "de" and _ORDINAL.fullmatch(sentence)
    if word and is_ordinal and fold(word[1]) not in function_words(language):
        return True
    # "iPad" and "foo()" may begin a sentence; a word that is all lower case does not.
    return bool(word and word[1].islower() and not _NAME_IN_CODE.match(word[1]))


# --- Sentences that are too long for the embedder


def cut_sentences(
    text: str, sentences: Iterable[Span], *, count_tokens: CountTokens, max_tokens: int
) -> list[tuple[Span, int]]:
    """Return the sentences with their tokens, each that is too long halved until its parts fit.

    A part fits with at most `max_tokens` tokens and `MAX_CHARS_PER_TOKEN` characters for each.
    One that is a single grapheme cluster stays, whatever it counts.
    """
    max_chars = max_tokens * MAX_CHARS_PER_TOKEN
    todo = [part for span in sentences for part in _cut_by_chars(text, span, max_chars)]
    fitting: list[tuple[Span, int]] = []
    while todo:
        # Every round halves what is left over, so its text is read a few times at most.
        counts = count_tokens([text[start:end] for start, end in todo])
        too_long: list[Span] = []
        for span, n_tokens in zip(todo, counts, strict=True):
            parts = halve(text, span) if n_tokens > max_tokens else [span]
            if len(parts) > 1:
                too_long += parts
            else:
                fitting.append((span, n_tokens))
        todo = too_long
    return sorted(fitting)


def halve(text: str, span: Span) -> list[Span]:
    """Return the span's two halves, trimmed, or the span itself if nothing parts it."""
    start, end = span
    middle = (start + end) // 2
    window = (end - start) // 4
    cut = _find_space(text, middle - window, middle + window, middle)
    if cut is None:
        cut = find_cluster_start(text, start, end, middle)
    if not start < cut < end:
        return [span]
    return [part for part in (_trim(text, start, cut), _trim(text, cut, end)) if part[0] < part[1]]


def _cut_by_chars(text: str, span: Span, max_chars: int) -> list[Span]:
    parts: list[Span] = []
    todo = [span]
    while todo:
        part = todo.pop()
        halves = halve(text, part) if part[1] - part[0] > max_chars else [part]
        (todo if len(halves) > 1 else parts).extend(halves)
    return parts


def _find_space(text: str, start: int, end: int, near: int) -> int | None:
    """Return the place before the whitespace nearest to `near`."""
    before = max((text.rfind(space, start, near) for space in " \n\t"), default=-1)
    after = re.compile(r"\s").search(text, near, end)
    places = [place for place in (before, after.start() if after else -1) if place > start]
    return min(places, key=lambda place: abs(place - near)) if places else None


def find_cluster_start(text: str, start: int, end: int, near: int) -> int:
    """Return the last start of a cluster up to `near`, or the next after it, or `near`."""
    nearby = [
        *range(near, max(start, near - MAX_CLUSTER_CHARS), -1),
        *range(near + 1, min(end, near + MAX_CLUSTER_CHARS)),
    ]
    return next((place for place in nearby if starts_cluster(text, place)), near)


def starts_cluster(text: str, place: int) -> bool:
    """Tell whether the character at `place` begins a grapheme cluster (UAX #29, simplified).

    Simplified to the safe side: two regional indicators, two Hangul jamo, or a consonant
    after a virama are never parted.
    """
    if place <= 0 or place >= len(text):
        return True
    before, here = text[place - 1], text[place]
    if _JOINER in (before, here) or unicodedata.category(here) in ("Mn", "Mc", "Me"):
        return False
    if ord(here) in _EMOJI_MODIFIERS or unicodedata.combining(before) == _VIRAMA_CLASS:
        return False
    return not any(
        ord(before) in pairs and ord(here) in pairs
        for pairs in (_REGIONAL_INDICATORS, _HANGUL_JAMO)
    )


def _trim(text: str, start: int, end: int) -> Span:
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    return start, start + len(part.strip())
