"""Asks a reader, trained or not, of a shelf of passages.

In: passages, questions. Out: which passages lie nearest by their vectors, and the log-odds of the
sentences of some of them, from late interaction alone and with what reading together adds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from evals.reader.batches import Text
from evals.reader.losses import sentence_logits
from evals.reader.model import Reader, Sentences, Tokens, locate

N_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Shelf:
    """Passages encoded."""

    texts: tuple[Text, ...]
    passages: Tokens
    sentences: Sentences


@dataclass(frozen=True, slots=True)
class Found:
    """What a sentence of a passage got: log-odds against "none"."""

    passage: int
    sentence: int
    late: float
    joint: float


def encode_all(reader: Reader, texts: Sequence[str], *, is_question: bool) -> Tokens:
    """Encode any number of texts without learning, some at a time."""
    reader.eval()
    empty = torch.empty(0)
    parts = []
    with torch.no_grad():
        for low in range(0, len(texts), N_AT_ONCE):
            part = reader.encode(texts[low : low + N_AT_ONCE], is_question=is_question)
            # Of passages nothing needs the wide vectors again.
            hidden = part.hidden if is_question else empty
            kept = (part.pooled, part.vectors, hidden, part.lower.bfloat16())
            parts.append(Tokens(*kept, part.starts, part.places))
    starts = [0]
    for part in parts:
        starts += [starts[-1] - part.starts[0] + start for start in part.starts[1:]]
    return Tokens(
        torch.cat([p.pooled for p in parts]),
        torch.cat([p.vectors for p in parts]),
        torch.cat([p.hidden for p in parts]),
        torch.cat([p.lower for p in parts]),
        starts,
        [places for p in parts for places in p.places],
    )


def fill_shelf(reader: Reader, texts: Sequence[Text]) -> Shelf:
    """Encode passages."""
    passages = encode_all(reader, [text.text for text in texts], is_question=False)
    return Shelf(tuple(texts), passages, locate(texts, passages))


def nearness(shelf: Shelf, questions: Tokens) -> Tensor:
    """Return the cosines of questions and passages (n questions, n passages)."""
    return questions.pooled @ shelf.passages.pooled.T


def read(
    reader: Reader, shelf: Shelf, questions: Tokens, q: int, passages: Sequence[int]
) -> list[Found]:
    """Return the sentences of some passages as one question sees them."""
    reader.eval()
    question, part, sentences = _one(questions, q), *_some(shelf, passages)
    if not sentences.passage:
        return []
    with torch.no_grad():
        late, _ = reader.late(question, part, sentences)
        said = [part.lower[a:b].float() for a, b in pairwise(part.starts)]
        logits, none = reader.together([question.lower.float()] * len(said), said)
        of = torch.tensor(sentences.passage)
        found = []
        for i, p in enumerate(passages):
            rows = (of == i).nonzero().squeeze(-1)
            if not len(rows):
                continue
            both = late[rows, 0] - none[i]
            both = both + sentence_logits(logits[i], part.starts[i], sentences, rows)
            found += [
                Found(p, sentences.number[row], float(late[row, 0]), float(z))
                for row, z in zip(rows.tolist(), both, strict=True)
            ]
    return found


def _one(tokens: Tokens, i: int) -> Tokens:
    low, high = tokens.starts[i], tokens.starts[i + 1]
    return Tokens(
        tokens.pooled[i : i + 1],
        tokens.vectors[low:high],
        tokens.hidden[low:high],
        tokens.lower[low:high],
        [0, high - low],
        [tokens.places[i]],
    )


def _some(shelf: Shelf, passages: Sequence[int]) -> tuple[Tokens, Sentences]:
    tokens = shelf.passages
    starts, vectors, lower = [0], [], []
    for p in passages:
        low, high = tokens.starts[p], tokens.starts[p + 1]
        vectors.append(tokens.vectors[low:high])
        lower.append(tokens.lower[low:high])
        starts.append(starts[-1] + high - low)
    places = [tokens.places[p] for p in passages]
    said = (torch.cat(vectors), torch.empty(0), torch.cat(lower))
    part = Tokens(tokens.pooled[list(passages)], *said, starts, places)
    return part, locate([shelf.texts[p] for p in passages], part)
