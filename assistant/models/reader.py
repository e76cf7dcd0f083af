"""Reads: the log-odds of each sentence of a passage to answer a question, and the answering words.

An encoder made for it says of every token two things: its state after the last layer and after the
lower ones. Late interaction over the first (Khattab & Zaharia 2020, eq. 3, each token of the
question with its learned weight) scores all sentences against "none"; of a few passages the upper
layers read question and passage together from the second (Cao et al. 2020, arXiv:2005.00697) and
move the scores; a reader whose upper layers did not learn that has the first alone. They may have
learned to say whether quotes say all of a statement. `evals/reader` trains it, and computes the
same in torch. Log-odds of 0 mean even odds with "none".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.models.encoder import Memory, OnnxEncoder, TokenVectors, open_graph

Array = NDArray[np.float32]
Spans = Sequence[tuple[int, int]]

SHARPNESS = 12.0
"""How suddenly a token of the question counts as missed, where its nearest cosine nears the bar."""
NEED_SHIFT = 1.0
LEFT_OUT = -1e4
MAX_WORDS = 30
"""Tokens that answering words have at most."""
SURE_FROM = 0.8
"""Mean probability of the words to be in the answer. From here on most of what is marked is of the
answer for .93 of 350 typed questions and .79 of 199 of articles that it did not learn, which is a
fifth of the sentences that answer; of the likeliest words of all of them for .69 and .42."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """The n tokens of a text behind its prompt.

    Attributes:
        late: (n, d) of unit length.
        lower: (n, hidden), or (n, 0) where nothing reads above it.
        spans: (n, 2) in characters of the text; empty for those of the prompt and the frame.
    """

    late: Array
    lower: Array
    spans: NDArray[np.int64]

    @property
    def vectors(self) -> TokenVectors:
        """The tokens as an encoder gives them."""
        return TokenVectors(self.late, [(start, end) for start, end in self.spans.tolist()])

    def inside(self, start: int, end: int) -> NDArray[np.int64]:
        """Return the places of the tokens that lie in a span, or are the space before it."""
        begins, ends = self.spans[:, 0], self.spans[:, 1]
        return np.flatnonzero((ends > begins) & (begins >= start - 1) & (ends <= end))


@dataclass(frozen=True, slots=True)
class QuestionTokens:
    """A question's tokens, and of each what it weighs and how much it is missed, both (n,)."""

    tokens: Encoded
    weights: Array
    needs: Array


@dataclass(frozen=True, slots=True)
class ReadPassage:
    """How the n sentences of a passage answer.

    Attributes:
        log_odds: (n,) against "none"; very low for a sentence that was cut off.
        words: of each the span of the words that answer, in characters of the passage; None where
            it is not sure of them.
    """

    log_odds: NDArray[np.float64]
    words: tuple[tuple[int, int] | None, ...]


class Reader:
    """The heads and the upper layers of a prepared reader, above its encoder.

    `sha256` tells the model from others; `folder` is where it is prepared.
    """

    def __init__(
        self, encoder: OnnxEncoder, folder: Path, prompts: tuple[str, str], sha256: str = ""
    ) -> None:
        from safetensors.numpy import load_file

        self.sha256 = sha256
        self.folder = folder
        self._encoder = encoder
        self._prompts = prompts
        self._heads: Mapping[str, Array] = load_file(folder / "reader.safetensors")
        upper = folder / "together.onnx"
        self._upper: Any = open_graph(upper, n_threads=1) if upper.is_file() else None
        self._reads_together, self.knows_support = (
            self._upper is not None and bool(self._heads[f"together.{name}.weight"].any())
            for name in ("out", "supports")
        )

    def encode_question(self, text: str) -> QuestionTokens:
        """Return a question's tokens with their weights."""
        (said,) = self._encoder.encode([self._prompts[0] + text], with_lower=True)
        tokens = self._read_off(said, len(self._prompts[0]))
        is_inside = tokens.spans[:, 1] > tokens.spans[:, 0]
        raw = np.where(is_inside, self._head("weigh", said.vectors)[:, 0], LEFT_OUT)
        shares = np.exp(raw - raw.max()) * is_inside
        needs = np.logaddexp(0.0, self._head("need", said.vectors)[:, 0] - NEED_SHIFT) * is_inside
        weights = shares / max(float(shares.sum()), 1e-9)
        return QuestionTokens(tokens, weights.astype(np.float32), needs.astype(np.float32))

    def encode_passages(self, texts: Sequence[str]) -> list[Encoded]:
        """Return the tokens of passages."""
        prompt = self._prompts[1]
        said = self._encoder.encode([prompt + text for text in texts], with_lower=True)
        return [self._read_off(one, len(prompt)) for one in said]

    def glance(
        self, question: QuestionTokens, passage: Encoded, sentences: Spans
    ) -> NDArray[np.float64]:
        """Return the sentences' log-odds by late interaction alone, shape (n_sentences,)."""
        likeness = passage.late @ question.tokens.late.T
        best = np.full((len(sentences), likeness.shape[1]), -1.0)
        for row, (start, end) in enumerate(sentences):
            if len(tokens := passage.inside(start, end)):
                best[row] = likeness[tokens].max(axis=0)
        missed = 1 / (1 + np.exp((best.max(axis=0, initial=-1.0) - self._heads["bar"]) * SHARPNESS))
        none = float(self._heads["none"]) + missed @ question.needs
        found: NDArray[np.float64] = float(self._heads["scale"]) * (best @ question.weights) - none
        found[(best == -1.0).all(axis=1)] = LEFT_OUT
        return found

    def read(
        self, question: QuestionTokens, passages: Sequence[Encoded], sentences: Sequence[Spans]
    ) -> list[ReadPassage]:
        """Return how the sentences of passages answer, in the order of the passages."""
        if not self._reads_together:
            both = zip(passages, sentences, strict=True)
            glances = [self.glance(question, passage, spans) for passage, spans in both]
            return [ReadPassage(glanced, (None,) * len(glanced)) for glanced in glances]

        def read(pair: tuple[Encoded, Spans]) -> ReadPassage:
            passage, spans = pair
            return self._read(question, passage, spans)

        return self._encoder.map(read, list(zip(passages, sentences, strict=True)))

    def support(self, statement: Encoded, quotes: Encoded) -> float:
        """Return the log-odds that quotes say all of a statement, both encoded as passages.

        0 of a reader that does not know (`knows_support`).
        """
        if not self.knows_support:
            return 0.0
        return float(self._see(statement, quotes, "supports")[0][0])

    def _read(self, question: QuestionTokens, passage: Encoded, sentences: Spans) -> ReadPassage:
        logits, none = self._see(question.tokens, passage, "logits", "none")
        glanced = self.glance(question, passage, sentences)
        n_asked = len(question.tokens.lower)
        return settle(passage, sentences, logits[0, n_asked:], glanced - float(none[0]))

    def _see(self, first: Encoded, second: Encoded, *outputs: str) -> list[Array]:
        """Return what the upper layers say of two texts."""
        kinds = self._heads["together.kind"]
        states = np.concatenate([first.lower + kinds[0], second.lower + kinds[1]])[None]
        mask = np.ones(states.shape[:2], dtype=np.int64)
        found: list[Array] = self._upper.run(list(outputs), {"states": states, "mask": mask})
        return found

    def _read_off(self, said: TokenVectors, prompt: int) -> Encoded:
        late = self._head("project", said.vectors)
        late /= np.maximum(np.linalg.norm(late, axis=1, keepdims=True), 1e-12)
        offsets = np.array(said.offsets, dtype=np.int64).reshape(-1, 2)
        spans = np.where(offsets[:, 1:] > prompt, np.maximum(offsets - prompt, 0), 0)
        lower = said.vectors[:, :0] if said.lower is None else said.lower
        return Encoded(late, lower, spans)

    def _head(self, name: str, states: Array) -> Array:
        found: Array = states @ self._heads[f"{name}.weight"].T + self._heads[f"{name}.bias"]
        return found


def settle(
    passage: Encoded, sentences: Spans, logits: Array, glanced: NDArray[np.float64]
) -> ReadPassage:
    """Add to each sentence the log of its tokens' mean odds; choose its likeliest words."""
    log_odds = glanced.copy()
    words: list[tuple[int, int] | None] = []
    for number, (start, end) in enumerate(sentences):
        tokens = passage.inside(start, end)
        if not len(tokens):
            log_odds[number] = LEFT_OUT
            words.append(None)
            continue
        own = logits[tokens].astype(np.float64)
        log_odds[number] += np.logaddexp.reduce(own[:, 0]) - np.log(len(tokens))
        both = own[:, 1][:, None] + own[:, 2][None, :]
        n = len(tokens)
        far = np.arange(n)[None, :] - np.arange(n)[:, None]
        both[(far < 0) | (far >= MAX_WORDS)] = -np.inf
        first, last = divmod(int(both.argmax()), n)
        likely = np.exp(both - np.logaddexp.reduce(both, axis=None))
        inside = likely.sum(axis=1).cumsum() - np.append(0, likely.sum(axis=0).cumsum()[:-1])
        if inside[first : last + 1].mean() >= SURE_FROM:
            span = int(passage.spans[tokens[first], 0]), int(passage.spans[tokens[last], 1])
            words.append(span)
        else:
            words.append(None)
    return ReadPassage(log_odds, tuple(words))


class PassageReader(Protocol):
    """What encodes questions and passages, and reads them together."""

    @property
    def knows_support(self) -> bool:
        """Whether it has learned to say what quotes say of a statement."""

    def encode_question(self, text: str) -> QuestionTokens:
        """Return a question's tokens."""

    def encode_passages(self, texts: Sequence[str]) -> list[Encoded]:
        """Return the tokens of passages, in order."""

    def read(
        self, question: QuestionTokens, passages: Sequence[Encoded], sentences: Sequence[Spans]
    ) -> list[ReadPassage]:
        """Return how the sentences of each passage answer."""

    def support(self, statement: Encoded, quotes: Encoded) -> float:
        """Return the log-odds that quotes say all of a statement."""


N_PASSAGES = 512
"""Passages that are remembered: of 150 tokens they take 80 MB. To encode one anew takes 60 ms of a
processor, to read it with a question 20 ms."""


class CachingReader:
    """Reads, and encodes the passages that it does not remember. Safe to share between threads."""

    def __init__(self, reader: PassageReader, n_texts: int = N_PASSAGES) -> None:
        self.encode_question = reader.encode_question
        self.read = reader.read
        self.support = reader.support
        self.knows_support = reader.knows_support
        self._memory = Memory(lambda texts: map(_halve, reader.encode_passages(texts)), n_texts)

    def encode_passages(self, texts: Sequence[str]) -> list[Encoded]:
        """Return the tokens of passages, in order, rounded to float16."""
        return [
            replace(one, late=one.late.astype(np.float32), lower=one.lower.astype(np.float32))
            for one in self._memory.recall(texts)
        ]


def _halve(one: Encoded) -> Encoded:
    return replace(one, late=one.late.astype(np.float16), lower=one.lower.astype(np.float16))
