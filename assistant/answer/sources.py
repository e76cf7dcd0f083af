"""A snapshot -> the passages that questions to try are made of, as `Source`s.

Spread over the whole index, or near an answer. Refuses nothing: without passages there are none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from assistant.index.snapshot import Snapshot
from assistant.ingest.sentences import split_sentences
from assistant.values import Answer, Consulted, Passage

GOLDEN = 0.6180339887498949
N_AROUND = 40
"""Passages read of the document that an answer's question seems to be about."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a question may be made of: a text, its sentences, and the heading over it."""

    text: str
    sentences: tuple[str, ...]
    heading: str | None = None


def read_all_over(snapshot: Snapshot, n: int) -> list[Source]:
    """Return up to n sources, spread over the documents and over each of them."""
    return _read(snapshot, spread(snapshot.rows_by_content(), n))


def read_near(snapshot: Snapshot, answer: Answer) -> list[Source]:
    """Return what was consulted for an answer as sources, the likeliest first.

    First of the document whose passage scored highest, and behind these more of that document, if
    it is still held; then of the others.
    """
    consulted = sorted(answer.consulted, key=lambda one: -one.score)
    first = consulted[0].document_id
    rows = snapshot.rows_of([first]) if first in snapshot.versions([first]) else ()
    return [
        *(_source_read(one) for one in consulted if one.document_id == first),
        *_read(snapshot, spread([rows], N_AROUND)),
        *(_source_read(one) for one in consulted if one.document_id != first),
    ]


def spread(rows_by_content: Sequence[Sequence[int]], n: int) -> list[int]:
    """Return n of the rows: one of each content, then another of each, from all over it.

    The first is the first passage, which often says what the document is about; the others follow
    the golden ratio, whose multiples leave no part of a document long without one.

    >>> spread([[1, 2, 3, 4, 5], [6]], 5)
    [1, 6, 3, 5, 2]
    """
    ordered = [
        [row for _, row in sorted((i * GOLDEN % 1, row) for i, row in enumerate(rows))]
        for rows in rows_by_content
    ]
    turns = chain.from_iterable(zip_longest(*ordered))
    return [row for row in turns if row is not None][:n]


def _read(snapshot: Snapshot, rows: Sequence[int]) -> list[Source]:
    passages = snapshot.passages(rows)
    return [_source_of(passages[row]) for row in dict.fromkeys(rows)]


def _source_of(passage: Passage) -> Source:
    sentences = (passage.text[a - passage.start : b - passage.start] for a, b in passage.sentences)
    return Source(passage.text, tuple(sentences), passage.heading)


def _source_read(consulted: Consulted) -> Source:
    text = consulted.text
    spans = split_sentences(text, [(0, len(text))])
    return Source(text, tuple(text[start:end] for start, end in spans), consulted.heading)
