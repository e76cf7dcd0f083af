"""Splitting a document into passages of whole sentences that fit the embedder.

A passage never crosses a heading, and its tokens, with those of the title and heading that
`embedding_text` puts before it, are counted by the embedder's own tokenizer. Every sentence is in
exactly one passage; one that is too long by itself is cut into several first.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from assistant.ingest.formats.parsed import fold
from assistant.ingest.structure import above, find_unit
from assistant.text.sentences import CountTokens, Span, cut_sentences, halve
from assistant.text.terms import guess_language
from assistant.values import ECHOES, Document, Passage, PassageId, Role, Unit

__all__ = ["CountTokens", "content_id", "cut_sentences", "embedding_text", "split"]

MAX_PREFIX_BYTES = 128
"""Room for title and heading: 32 tokens of English. In bytes of UTF-8, so that no script can
take more than the 128 tokens of a tokenizer that falls back to bytes."""
MAX_HEADING_CHARS = 300
"""Of a heading as its passages carry it: each has its own, and a heading may be a whole file."""
FOREIGN = 5
"""Function words more than of its document's language show that a passage is in another."""
MAX_GAP_LETTERS = 16
"""Letters and digits between two sentences of one passage: a list's number or a code fence's
language, and not a comment or a link's address, which are not text to cite."""


@dataclass(frozen=True, slots=True)
class _Atom:
    """Sentences that stay together: one, or a heading with the first sentence under it.

    `n_tokens` counts the text since the sentence before; `is_apart` says that the passage
    must not reach back over that gap.
    """

    sentences: tuple[Span, ...]
    n_tokens: int
    is_apart: bool = False


def content_id(media_type: str, data: bytes) -> str:
    """Return the digest that names a text: the same bytes read as another kind are another."""
    return hashlib.sha256(media_type.encode() + b"\0" + data).hexdigest()


def embedding_text(document_title: str | None, passage: Passage) -> str:
    r"""Return what is embedded for a passage: title and heading as a first line, then the text.

    A heading with which the passage begins is not repeated.

    >>> stop = Passage("0-4", "manual.md", 0, 4, "Stop", ((0, 4),), heading="Emergencies")
    >>> embedding_text("Manual", stop)
    'Manual — Emergencies\nStop'
    """
    prefix = _prefix(document_title, _over(passage))
    return f"{prefix}\n{passage.text}" if prefix else passage.text


def lexical_text(document_title: str | None, passage: Passage) -> str:
    """Return what words are found by: the text, its title, and all that it stands under."""
    parts = dict.fromkeys(fold(part) for part in (document_title, *_over(passage)) if part)
    return "\n".join([*parts, passage.text])


def split(
    document: Document,
    sentences: Sequence[Span],
    *,
    content_id: str,
    count_tokens: CountTokens,
    max_tokens: int,
) -> tuple[Passage, ...]:
    """Return the document's passages in order, each of at most `max_tokens` as embedded.

    Within a section the passages are as even as their number allows: the fewest that a greedy
    fill needs, under the smallest limit with which it needs no more. Title and heading may
    take half of the tokens at most: where `max_tokens` is too small for that, the embedder
    does not see a passage's end. A heading stands alone only if nothing follows under it.

    Raises:
        ValueError: `max_tokens` is less than 1.
    """
    if max_tokens < 1:
        raise ValueError(f"a passage needs a limit of at least 1 token, not {max_tokens}")
    if not sentences:
        return ()
    rooms = _find_rooms(document, count_tokens, max_tokens)
    atoms = _weigh(document.text, sentences, count_tokens, min(rooms))
    headings = document.headings
    starts = [heading.start for heading in headings]
    passages: list[Passage] = []
    for number, group in groupby(atoms, lambda atom: bisect_right(starts, atom.sentences[0][0])):
        section = _bind(document, list(group), rooms[number])
        if number:
            heading = headings[number - 1]
            section = _bind_heading(document.text, heading, section, count_tokens, rooms[number])
        runs = _fill(section, rooms[number])
        passages += (_make(document, run, content_id[:16]) for run in runs)
    language = guess_language(document.text, lead=2)
    return tuple(
        replace(one, language=guess_language(one.text, language, lead=FOREIGN))
        for one in _repair(document, passages, count_tokens, max_tokens)
    )


def _over(passage: Passage) -> list[str]:
    """Return what a passage stands under, but for a heading with which it begins."""
    under = list(passage.under) or ([passage.heading] if passage.heading else [])
    if under and fold(passage.text[: 2 * len(under[-1])]).startswith(fold(under[-1])):
        under.pop()
    return under


def _prefix(title: str | None, under: Sequence[str]) -> str:
    """Return title and what a passage stands under; what is nearest goes first for the room."""
    parts = list(dict.fromkeys(fold(part) for part in (title, *under) if part))
    prefix = " — ".join(part for part in parts if part)
    while len(parts) > 2 and len(prefix.encode("utf-8", "replace")) > MAX_PREFIX_BYTES:
        del parts[1]
        prefix = " — ".join(part for part in parts if part)
    kept = prefix.encode("utf-8", "replace")[:MAX_PREFIX_BYTES].decode("utf-8", "ignore")
    return kept if kept == prefix else kept.rpartition(" ")[0] or kept


def _text_of(document: Document, unit: Unit) -> str:
    return fold(document.text[unit.start : min(unit.end, unit.start + MAX_HEADING_CHARS)])


def _path(document: Document, number: int) -> tuple[str, ...]:
    """Return the headings above a unit, and itself if it is one, from the top."""
    units = document.units
    numbers = [number, *above(units, number)]
    return tuple(
        _text_of(document, units[n]) for n in numbers[::-1] if units[n].role is Role.HEADING
    )


def _find_rooms(document: Document, count_tokens: CountTokens, max_tokens: int) -> list[int]:
    """Return the tokens left for text before the first heading, and under each heading."""
    numbers = [n for n, unit in enumerate(document.units) if unit.role is Role.HEADING]
    prefixes = [
        _prefix(document.title, path) for path in ((), *(_path(document, n) for n in numbers))
    ]
    return [
        # One more token for the line break after the prefix, which some tokenizers count.
        max(max_tokens - (n_tokens + 1 if n_tokens else 0), max_tokens // 2, 1)
        for n_tokens in count_tokens(prefixes)
    ]


def _weigh(
    text: str, sentences: Iterable[Span], count_tokens: CountTokens, room: int
) -> list[_Atom]:
    """Return the sentences, cut to fit, with their tokens and those of the gaps before them."""
    counted = cut_sentences(text, sentences, count_tokens=count_tokens, max_tokens=room)
    ends = [0, *(end for (_, end), _ in counted)]
    gaps = [text[end:start].strip() for end, ((start, _), _) in zip(ends, counted, strict=False)]
    filled = [gap for gap in gaps if gap]
    gap_tokens = iter(count_tokens(filled)) if filled else iter(())
    return [
        _Atom(
            (span,),
            n_tokens + (next(gap_tokens) if gap else 0),
            is_apart=sum(map(str.isalnum, gap)) > MAX_GAP_LETTERS,
        )
        for (span, n_tokens), gap in zip(counted, gaps, strict=True)
    ]


def _bind(document: Document, atoms: list[_Atom], room: int) -> list[_Atom]:
    """Make one atom of what leads into something and the first that it leads into, if they fit."""
    bound: list[_Atom] = []
    is_leading = False
    for atom in atoms:
        if is_leading and not atom.is_apart and bound[-1].n_tokens + atom.n_tokens <= room:
            last = bound.pop()
            n_tokens = last.n_tokens + atom.n_tokens
            bound.append(_Atom((*last.sentences, *atom.sentences), n_tokens, last.is_apart))
        else:
            bound.append(atom)
        role = document.units[find_unit(document.units, atom.sentences[-1][0])].role
        is_leading = role in ECHOES and role is not Role.HEADING
    return bound


def _bind_heading(
    text: str, heading: Unit, atoms: list[_Atom], count_tokens: CountTokens, room: int
) -> list[_Atom]:
    """Make one atom of the heading's sentences and the first one under it, cut if it must be."""
    n_heads = sum(atom.sentences[0][0] < heading.end for atom in atoms)
    heads, rest = atoms[:n_heads], atoms[n_heads:]
    left = room - sum(atom.n_tokens for atom in heads)
    if not heads or not rest or rest[0].is_apart or left < room // 2:
        return atoms
    if rest[0].n_tokens > left:
        rest[:1] = _weigh(text, rest[0].sentences, count_tokens, max(left, 1))
    bound = [*heads, rest[0]]
    spans = tuple(span for atom in bound for span in atom.sentences)
    return [_Atom(spans, sum(atom.n_tokens for atom in bound), heads[0].is_apart), *rest[1:]]


def _fill(atoms: list[_Atom], room: int) -> Iterator[list[Span]]:
    """Yield the atoms' sentences in the fewest runs that fit, as even as that number allows."""
    fewest = len(_fill_greedily(atoms, room))
    limits = range(1, room)
    even = bisect_left(
        limits, x=True, key=lambda limit: len(_fill_greedily(atoms, limit)) <= fewest
    )
    for run in _fill_greedily(atoms, limits[even] if even < len(limits) else room):
        yield [span for atom in run for span in atom.sentences]


def _fill_greedily(atoms: list[_Atom], limit: int) -> list[list[_Atom]]:
    runs: list[list[_Atom]] = []
    n_tokens = 0
    for atom in atoms:
        n_tokens += atom.n_tokens
        if runs and n_tokens <= limit and not atom.is_apart:
            runs[-1].append(atom)
        else:
            runs.append([atom])
            n_tokens = atom.n_tokens
    return runs


def _make(document: Document, run: Sequence[Span], digest: str) -> Passage:
    start, end = run[0][0], run[-1][1]
    units = document.units
    numbers = [find_unit(document.units, first) for first, _ in run]
    roles = tuple(units[number].role for number in numbers)
    over = above(units, numbers[0]) if numbers[0] >= 0 else []
    path = _path(document, numbers[0]) if numbers[0] >= 0 else ()
    outside = tuple(
        _text_of(document, units[n]) for n in over[::-1] if units[n].role is not Role.HEADING
    )
    return Passage(
        PassageId(f"{digest}:{start}-{end}"),
        document.document_id,
        start,
        end,
        document.text[start:end],
        tuple(run),
        path[-1] if path else None,
        roles if any(role is not Role.PARAGRAPH for role in roles) else (),
        path + outside,
    )


def _repair(
    document: Document, passages: list[Passage], count_tokens: CountTokens, max_tokens: int
) -> tuple[Passage, ...]:
    """Part the passages that count more as a whole than the sum of their sentences."""
    fitting: list[Passage] = []
    while passages:
        texts = [embedding_text(document.title, passage) for passage in passages]
        counts = count_tokens(texts)
        too_long: list[Passage] = []
        for passage, n_tokens in zip(passages, counts, strict=True):
            parts = _part(document, passage) if n_tokens > max_tokens else [passage]
            (too_long if len(parts) > 1 else fitting).extend(parts)
        passages = too_long
    return tuple(sorted(fitting, key=lambda passage: passage.start))


def _part(document: Document, passage: Passage) -> list[Passage]:
    """Return two passages of half the sentences each, or of half the only sentence."""
    spans = passage.sentences
    if len(spans) == 1:
        runs = [[half] for half in halve(document.text, spans[0])]
    else:
        runs = [list(spans[: len(spans) // 2]), list(spans[len(spans) // 2 :])]
    digest = passage.passage_id.partition(":")[0]
    return [_make(document, run, digest) for run in runs]
