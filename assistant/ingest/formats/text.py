"""Plain text and source code: canonical text, its paragraphs, and its lines of code.

Blank lines part paragraphs. A single newline is either a hard break (one paragraph or list item a
line) or a soft wrap (72 columns); `find_blocks` decides which, by the rules that it states. There
are no headings: nothing in plain text says reliably that a line is one. Words that are hyphenated
at soft breaks are joined.

In source code, markup and settings each line is a block, so that it can be cited by itself, and a
page; the lines of a comment that stands alone, or of a text in triple quotes, are one block for
each paragraph, whose sentences may go over several lines. What is a comment is told by how its
lines begin and not by the language. Documents that a program added (`AddedDocument`) are read as
plain text, part by part. `DocumentUnreadable` is raised for binary data and too many lines.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate, pairwise

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.added import AddedDocument
from assistant.ingest.decode import decode, find_origin
from assistant.ingest.formats.parsed import (
    DEFAULT_LIMITS,
    Limits,
    Parsed,
    as_units,
    describe_removed,
    drop_none,
    trim,
)
from assistant.text.normalize import NEWLINE, Changes, normalize, normalize_mapped
from assistant.text.terms import fold, function_words, guess_language
from assistant.values import Origin, Page, PageKind

Span = tuple[int, int]

_SOFT_HYPHEN = "\u00ad"
_HYPHENS = "-\u2010"
_WORD = re.compile(r"[^\W\d_]+")
_MAX_HALF_CHARS = 60


def find_soft_hyphens(text: str, raw: str) -> frozenset[int]:
    """Return where lines of the canonical text end that end with a soft hyphen in the raw one."""
    if _SOFT_HYPHEN not in raw:
        return frozenset()
    # Whatever else changes, every newline of the raw text is one of the canonical text's.
    is_hyphenated = (
        raw.endswith(_SOFT_HYPHEN, 0, newline.start()) for newline in NEWLINE.finditer(raw)
    )
    newlines = (match.start() for match in re.finditer("\n", text))
    return frozenset(end for end, is_soft in zip(newlines, is_hyphenated, strict=True) if is_soft)


def find_hyphenations(
    text: str, breaks: Sequence[Span], soft: Collection[int] = ()
) -> tuple[Span, ...]:
    """Return the spans to cut out, ascending: a hyphen, the newline and the spaces around it.

    Args:
        text: canonical.
        breaks: the whitespace around its soft newlines, ascending.
        soft: which of them, by their starts, had a soft hyphen before them.
    """
    words = {place: _join(text, *place) for place in breaks if place[0] not in soft}
    wanted = {word for word in words.values() if word}
    known = wanted.intersection(_WORD.findall(text.casefold())) if wanted else set()
    return tuple(
        (start, end) if start in soft else (start - 1, end)
        for start, end in breaks
        if (start in soft and _is_fit(text, start, end)) or words.get((start, end)) in known
    )


def cut(text: str, cuts: Sequence[Span]) -> str:
    """Return the text without the spans that are cut out."""
    kept = zip([0, *(end for _, end in cuts)], [*(start for start, _ in cuts), None], strict=True)
    return "".join(text[start:end] for start, end in kept)


def close_up(spans: Sequence[Span], cuts: Sequence[Span]) -> tuple[Span, ...]:
    """Return where spans are once the cuts, which lie inside them or outside, are made."""
    starts = [start for start, _ in cuts]
    n_cut = [0, *accumulate(end - start for start, end in cuts)]
    return tuple(
        (start - n_cut[bisect_left(starts, start)], end - n_cut[bisect_left(starts, end)])
        for start, end in spans
    )


def _join(text: str, start: int, end: int) -> str | None:
    """Return the word that a hyphen at a break parts, folded, or None if there is none."""
    hyphen = start - 1
    if text[hyphen:start] not in tuple(_HYPHENS) or not _is_fit(text, hyphen, end):
        return None
    before = _last_word(text[max(hyphen - _MAX_HALF_CHARS, 0) : hyphen])
    after = _WORD.match(text, end, end + _MAX_HALF_CHARS)
    return (before + after[0]).casefold() if before and after else None


def _last_word(text: str) -> str:
    first = len(text)
    while first and _WORD.match(text, first - 1):
        first -= 1
    # The last part of "mother-in-" is no half of a word.
    return "" if first and text[first - 1] in _HYPHENS else text[first:]


def _is_fit(text: str, start: int, end: int) -> bool:
    """Tell whether what stands beside a cut are letters that do not join into one."""
    pair = text[start - 1 : start] + text[end : end + 1]
    return pair.isalpha() and len(pair) == 2 and unicodedata.is_normalized("NFC", pair)


MIN_WRAP_CHARS, MAX_WRAP_CHARS = 40, 120
"""Widths at which people wrap text; other lines are broken where they are meant to be."""
MIN_CONTINUED, MIN_CONTINUED_WORDS = 2, 4
"""Lines that surely go on, and the words in each, in a text that is wrapped."""
_MAIL_WIDTHS = range(55, 81)
"""Characters of a line that goes on though few others do, as in a mail of few sentences."""
_SMALL_SHARE = 3
"""Where more than one line in so many begins with a small letter, that tells nothing."""
_CONTINUED_SHARE = 0.6
_FULL_SHARE = 0.8
_WIDTH_QUANTILE = 0.9
MIN_NOTES = 3
"""Long lines by which notes, one a line, are told from wrapped text."""
_WRAPPED_SHARE = 0.8
"""In a wrapped text more of the lines that are no ends of sentences had no room for a word more."""
_GOING_ON = ",-\u2010–—/&+("
_LAST_WORD = re.compile(r"[^\W\d_]+$")

_LINE = re.compile(r"[^\n]+")
_BULLET = re.compile(r"[-*+•‣◦▪●–—·]\s")
_ENUMERATOR = re.compile(r"\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{2,5})[.)]\s")
_COLUMNS = re.compile(
    r"\S(?:[ ]{3,}|\t)\S.*(?:[ ]{3,}|\t)\S|(?:[ ]{2,}\d[\d:.,]*){2,}\s*$|\.{4,}|(?:\. ){4}"
)
"""Three columns of a table that is laid out by spaces, justified prose has shorter runs of them; or
points that lead from a name to what is said of it."""
_ROW_CHARS = 2 * MAX_WRAP_CHARS
"""Of a line that may be a row: the pattern's time grows with the square of them."""
_STAMP = re.compile(r"\[?\d{1,4}[./:-]\d{1,2}[./:-]\d{1,4}(?:,? \d{1,2}[:.]\d\d|\])|\[\d\d?:\d\d")
"""When a line of a talk or of a log was written, before it."""
_LETTERS = re.compile(r"[^\W\d_]+")
_NO_PROSE = re.compile(r"[={}\[\]<>|\\;]|\t|  |::|\w\(|://")
"""Signs of code, tables and settings."""
_CLOSED = re.compile(r"[.!?…:;,。！？؟।][\"'”’»)\]]*$")


def parse(data: bytes, _: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the text as canonical text in paragraphs."""
    decoded = decode(data)
    text, n_removed = normalize(decoded.text)
    blocks, cuts = _read(text, decoded.text)
    warnings = drop_none(decoded.warning, describe_removed(n_removed))
    return Parsed(cut(text, cuts), None, as_units(close_up(blocks, cuts)), warnings=warnings)


def locate(data: bytes, span: tuple[int, int], _: Sequence[Page] = ()) -> Origin:
    """Return the bytes of the file that a span of its text stands for."""
    decoded = decode(data)
    canonical = normalize_mapped(decoded.text)
    cuts = _read(canonical.text, decoded.text)[1]
    offsets = canonical.offsets.then(Changes.by_cutting(cuts))
    return find_origin(data, decoded, offsets.to_raw(*span))


def find_blocks(text: str) -> tuple[Span, ...]:
    """Return the spans of the paragraphs of canonical plain text."""
    return find_paragraphs(text)[0]


def find_paragraphs(
    text: str, always_soft: Collection[int] = ()
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Return the spans of the paragraphs, and those of the soft breaks inside them.

    A line break inside a run of lines is soft when the text is wrapped (most lines that
    have a follower are full) and this line is full: with the next line's first word it
    would reach `_FULL_SHARE` of the typical width. It is hard all the same before a bullet,
    before an enumerator that follows closing punctuation, before what begins with a time, and
    beside a line without words or in columns. Notes of about one length, one a line, are no wrapped
    text. In a text that is not wrapped a line as long as mails are wide is soft if the next one
    begins with a small letter, as few there do.

    Args:
        text: canonical plain text.
        always_soft: where lines end that are not to be ends of paragraphs, whatever they look like.
    """
    lines = [trim(text, *match.span()) for match in _LINE.finditer(text)]
    follows = [
        all(start < end for start, end in pair) and text.count("\n", pair[0][1], pair[1][0]) == 1
        for pair in pairwise(lines)
    ]
    width = _wrap_width(text, lines, follows)
    if not width and not _is_small(text, lines):
        going_on = _list_continued(text, lines, follows)
        always_soft = {*always_soft, *(b for a, b in going_on if b - a in _MAIL_WIDTHS)}
    blocks: list[Span] = []
    breaks: list[Span] = []
    is_open = False
    for number, (start, end) in enumerate(lines):
        if is_open:
            breaks.append((blocks[-1][1], start))
            blocks[-1] = (blocks[-1][0], end)
        elif start < end:
            blocks.append((start, end))
        is_open = (
            number < len(follows)
            and follows[number]
            and (
                end in always_soft
                or (width > 0 and _is_soft(text, lines[number], lines[number + 1], width))
            )
        )
    return tuple(blocks), tuple(breaks)


def _read(text: str, raw: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Return the paragraphs' spans, and what is to be cut out to join hyphenated words."""
    soft = find_soft_hyphens(text, raw)
    blocks, breaks = find_paragraphs(text, soft)
    return blocks, find_hyphenations(text, breaks, soft)


def _wrap_width(text: str, lines: Sequence[Span], follows: Sequence[bool]) -> int:
    """Return the column at which the text is wrapped, or 0 if its lines are not wrapped."""
    lengths = sorted(
        end - start
        for (start, end), is_followed in zip(lines, follows, strict=False)
        if is_followed
    )
    if not lengths:
        return 0
    width = lengths[int(_WIDTH_QUANTILE * (len(lengths) - 1))]
    if MIN_WRAP_CHARS <= width <= MAX_WRAP_CHARS:
        pairs = [
            (line, following)
            for line, following, is_followed in zip(lines, lines[1:], follows, strict=False)
            if is_followed
        ]
        n_full = sum(_is_full(text, *pair, width) for pair in pairs)
        if 2 * n_full > len(lengths):
            return 0 if _are_notes(text, pairs, width) else width
    return _continued_width(text, lines, follows)


def _are_notes(text: str, pairs: Sequence[tuple[Span, Span]], width: int) -> bool:
    """Tell whether lines, each with the next one, are notes of about one length.

    So they are where some had room for the next one's first word, as a wrapped line has only at the
    end of a paragraph, and no long one goes on as sentences do: over a function word, a comma or a
    hyphen.
    """
    pairs = [pair for pair in pairs if all(_has_words(text, line) for line in pair)]
    full = [pair for pair in pairs if _is_full(text, *pair, width)]
    n_wrapped = sum(_is_full(text, *pair, width, share=1.0) for pair in full)
    short = [line for line, _ in set(pairs) - set(full)]
    n_ends = sum(bool(_CLOSED.search(text, max(a, b - 8), b)) for a, b in short)
    if len(full) < MIN_NOTES or n_wrapped > _WRAPPED_SHARE * (len(pairs) - n_ends):
        return False
    light = function_words(guess_language(text))
    for (start, end), (then, _) in full:
        last = _LAST_WORD.search(text, max(start, end - _MAX_HALF_CHARS), end)
        first = _WORD.match(text, then, then + _MAX_HALF_CHARS)
        is_light = first and first[0].islower() and fold(first[0]) in light
        if is_light or text[end - 1] in _GOING_ON or (last and fold(last[0]) in light):
            return False
    return True


def _is_small(text: str, lines: Sequence[Span]) -> bool:
    """Tell whether lines begin with small letters by habit, as notes to oneself do."""
    first = [text[start] for start, end in lines if start < end and text[start].isalpha()]
    return _SMALL_SHARE * sum(map(str.islower, first)) > len(first)


def _list_continued(text: str, lines: Sequence[Span], follows: Sequence[bool]) -> list[Span]:
    """Return the lines that surely go on in the next.

    Such a line has words and no end of a sentence, and the next begins with a small letter.
    """
    return [
        line
        for line, following, is_followed in zip(lines, lines[1:], follows, strict=False)
        if is_followed
        and text[following[0]].islower()
        and not _CLOSED.search(text, max(line[0], line[1] - 8), line[1])
        and len(_LETTERS.findall(text, *line)) >= MIN_CONTINUED_WORDS
        and not _NO_PROSE.search(text, *line)
    ]


def _continued_width(text: str, lines: Sequence[Span], follows: Sequence[bool]) -> int:
    """Return how wide lines are that surely go on: a text may be short or in columns.

    One alone may be chance.
    """
    lengths = sorted(end - start for start, end in _list_continued(text, lines, follows))
    if len(lengths) < MIN_CONTINUED or lengths[0] < _CONTINUED_SHARE * lengths[-1]:
        return 0
    return lengths[-1] if lengths[-1] <= MAX_WRAP_CHARS else 0


def _is_full(
    text: str, line: Span, following: Span, width: int, share: float = _FULL_SHARE
) -> bool:
    """Tell whether the next line's first word would have come near the typical width."""
    first_word = text[following[0] : following[0] + width].split(maxsplit=1)[0]
    return line[1] - line[0] + 1 + len(first_word) >= share * width


def _has_words(text: str, line: Span) -> bool:
    return any(map(str.isalnum, text[slice(*line)]))


def _is_soft(text: str, line: Span, following: Span, width: int) -> bool:
    this, next_ = text[slice(*line)], text[slice(*following)]
    if _BULLET.match(next_) or (_ENUMERATOR.match(next_) and _CLOSED.search(this)):
        return False
    if not (_has_words(text, line) and _has_words(text, following)):
        return False
    if _STAMP.match(next_) or any(_COLUMNS.search(line[:_ROW_CHARS]) for line in (this, next_)):
        return False
    return _is_full(text, line, following, width)


MAX_LINES = 500_000
"""Each is a block and a page, which take more memory than the few characters in them."""
_COMMENT = re.compile(r"(?:#+|//+[/!]*|--+|;+|%+|\*(?!/)|/\*+|\(\*|REM\b)(?=\s+[^\W\d_])")
"""What a line of prose in a comment begins with, before a space and a word."""
_ENDS_COMMENT = re.compile(r"(?:\*/|\*\))\s*$")
_TRIPLE = re.compile("\"\"\"|'''")
_PROSE_LINE = re.compile(r"\s*[^\W\d_]")


def parse_source(data: bytes, _: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the text as canonical text in blocks, with its lines as pages."""
    decoded = decode(data)
    text, n_removed = normalize(decoded.text)
    pages = tuple(find_lines(text))
    warnings = drop_none(decoded.warning, describe_removed(n_removed))
    return Parsed(text, None, as_units(find_code(text)), pages=pages, warnings=warnings)


def locate_source(data: bytes, span: Span, _: Sequence[Page] = ()) -> Origin:
    """Return the bytes of the file that a span of its text stands for."""
    decoded = decode(data)
    return find_origin(data, decoded, normalize_mapped(decoded.text).offsets.to_raw(*span))


def find_lines(text: str) -> Iterator[Page]:
    """Yield the lines of a canonical text that have something in them, by their numbers.

    Raises:
        DocumentUnreadable: there are more than `MAX_LINES`.
    """
    number, position = 1, 0
    for n_lines, line in enumerate(_LINE.finditer(text)):
        if n_lines >= MAX_LINES:
            raise DocumentUnreadable(f"more than {MAX_LINES:,} lines: split it", Fault.TOO_LARGE)
        number += text.count("\n", position, line.start())
        position = line.start()
        start, end = trim(text, *line.span())
        if start < end:
            yield Page(number, start, end, PageKind.LINE)


def find_code(text: str) -> tuple[Span, ...]:
    """Return the spans of the lines of code and of the paragraphs of comments."""
    blocks: list[Span] = []
    opened, before = "", ""
    position = 0
    for match in _LINE.finditer(text):
        start, end = trim(text, *match.span())
        if start >= end:
            continue
        line = text[start:end]
        kind, opened = _kind_of(line, opened)
        is_next = text.count("\n", position, start) == 1
        if kind and kind == before and is_next:
            blocks[-1] = (blocks[-1][0], end)
        else:
            blocks.append((start, end))
        before = "" if _ENDS_COMMENT.search(line) else kind
        position = end
    return tuple(blocks)


def _kind_of(line: str, opened: str) -> tuple[str, str]:
    """Return what lines can go on from this one to the next, and the quotes open behind it.

    It is "" for a line of code, the quotes for prose between them, or a comment's mark.
    """
    was_open = opened
    for quotes in _TRIPLE.findall(line):
        if not opened:
            opened = quotes
        elif opened == quotes:
            opened = ""
    if was_open or (opened and line.startswith(opened)):
        within = was_open or opened
        return (within if _PROSE_LINE.match(line.removeprefix(within)) else ""), opened
    comment = _COMMENT.match(line)
    if comment is None:
        return "", opened
    mark = comment[0]
    return ("*" if "*" in mark else mark[:2]), opened


_JOINT = "\n\n"


def parse_added(data: bytes, _: Limits = DEFAULT_LIMITS) -> Parsed:
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
