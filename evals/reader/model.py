"""The reader: one encoder whose mean vector finds and whose token vectors read.

In: texts. Out: a vector of each (unit length), vectors of its tokens (`TOKEN_DIMS`, unit length)
and for questions what each token weighs. A sentence's score is the sum over the question's tokens
of weight x greatest cosine to a token of the sentence (Khattab & Zaharia 2020, eq. 3, weighted);
what the question says and the passage does not speaks for "none". Of a few passages the upper
layers, a copy of them, read question and passage together from what the lower ones say of each
apart (Cao et al. 2020, arXiv:2005.00697), and move the scores; or they read a statement and what it
cites, and say whether it is supported. Log-odds: 0 is "none", or undecided.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from evals.reader.batches import PASSAGE_TOKENS, Text

TOKEN_DIMS = 128
QUESTION_TOKENS = 48
LEFT_OUT = -1e4
PROMPTS = "query: ", "passage: "
N_FROZEN = 4
"""Lowest layers that stay as they are, as the word vectors do."""
N_APART = 8
"""Layers that see a question or a passage alone; a copy of those above sees both together."""
N_ROWS_AT_ONCE = 8
"""Texts of like length that the encoder takes at once: short ones need not wait for long ones."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Texts encoded: all their tokens one after the other, and where each text's begin."""

    pooled: Tensor
    """(n, hidden), unit length."""
    vectors: Tensor
    """(all tokens, TOKEN_DIMS), unit length."""
    hidden: Tensor
    """(all tokens, hidden)."""
    lower: Tensor
    """(all tokens, hidden) after `N_APART` layers."""
    starts: list[int]
    """n + 1 numbers: text i has the tokens from starts[i] to starts[i + 1]."""
    places: list[list[tuple[int, int]]]
    """For each text its tokens' characters; (0, 0) for those of the prompt and the frame."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """Sentences of some passages: of each its passage and its tokens, counted over all passages."""

    passage: list[int]
    number: list[int]
    low: list[int]
    high: list[int]


class Reader(nn.Module):
    """The encoder with its two outputs, and what reads question and passage together."""

    def __init__(
        self, encoder: nn.Module, tokenizer: Any, hidden: int, n_apart: int = N_APART
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.tokenizer = tokenizer
        self.n_apart = n_apart
        self.project = nn.Linear(hidden, TOKEN_DIMS)
        self.weigh = nn.Linear(hidden, 1)
        self.need = nn.Linear(hidden, 1)
        self.scale = nn.Parameter(torch.tensor(20.0))
        self.bar = nn.Parameter(torch.tensor(0.4))
        self.none = nn.Parameter(torch.tensor(8.0))
        layers = list(encoder.encoder.layer)  # type: ignore[union-attr, arg-type]
        self.together = Together(layers[n_apart:], hidden)
        for layer in (self.weigh, self.need):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def encode(self, texts: Sequence[str], *, is_question: bool) -> Tokens:
        """Encode questions or passages, those of like length at once."""
        prompt, most = (
            (PROMPTS[0], QUESTION_TOKENS) if is_question else (PROMPTS[1], PASSAGE_TOKENS)
        )
        given = self.tokenizer(
            [prompt + text for text in texts],
            truncation=True,
            max_length=most,
            return_offsets_mapping=True,
        )
        ids, offsets = given["input_ids"], given["offset_mapping"]
        order = sorted(range(len(texts)), key=lambda i: (-len(ids[i]), i))
        at_once = N_ROWS_AT_ONCE * (4 if is_question else 1)
        states: list[tuple[Tensor, Tensor]] = [(torch.empty(0), torch.empty(0))] * len(texts)
        for low in range(0, len(order), at_once):
            part = order[low : low + at_once]
            for i, both in zip(part, self._states([ids[i] for i in part]), strict=True):
                states[i] = both
        hidden = torch.cat([state for state, _ in states])
        starts = [0]
        for state, _ in states:
            starts.append(starts[-1] + len(state))
        pooled = torch.stack([state.mean(0) for state, _ in states])
        return Tokens(
            functional.normalize(pooled, dim=-1),
            functional.normalize(self.project(hidden), dim=-1),
            hidden,
            torch.cat([lower for _, lower in states]),
            starts,
            [[_place(a, b, len(prompt)) for a, b in places] for places in offsets],
        )

    def _states(self, ids: list[list[int]]) -> list[tuple[Tensor, Tensor]]:
        """Return each text's tokens after the last layer and after those that see it alone."""
        padded, mask = _pad(ids)
        with half_precision():
            said = self.encoder(input_ids=padded, attention_mask=mask, output_hidden_states=True)
        out, lower = said.last_hidden_state, said.hidden_states[self.n_apart]
        return [
            (out[i, : len(row)].float(), lower[i, : len(row)].float()) for i, row in enumerate(ids)
        ]

    def lower(self, texts: Sequence[str]) -> list[Tensor]:
        """Return what the layers below those that read together say of passages, (tokens, hidden).

        Nothing is learned by it.
        """
        given = self.tokenizer(
            [PROMPTS[1] + text for text in texts], truncation=True, max_length=PASSAGE_TOKENS
        )["input_ids"]
        order = sorted(range(len(texts)), key=lambda i: (-len(given[i]), i))
        found: list[Tensor] = [torch.empty(0)] * len(texts)
        below: Any = self.encoder
        for low in range(0, len(order), N_ROWS_AT_ONCE):
            part = order[low : low + N_ROWS_AT_ONCE]
            ids, mask = _pad([given[i] for i in part])
            away = torch.zeros(mask.shape).masked_fill(mask == 0, LEFT_OUT)[:, None, None, :]
            with torch.no_grad(), half_precision():
                states = below.embeddings(input_ids=ids)
                for layer in below.encoder.layer[: self.n_apart]:
                    states = layer(states, away)
            for i, state in zip(part, states, strict=True):
                found[i] = state[: len(given[i])].float()
        return found

    def weights(self, questions: Tokens) -> tuple[Tensor, Tensor]:
        """Return what tokens weigh and how much they are needed, each (all tokens, n questions)."""
        inside = torch.tensor([b > a for places in questions.places for a, b in places])
        belongs = torch.zeros(len(inside), len(questions.places))
        for i, (low, high) in enumerate(_ranges(questions.starts)):
            belongs[low:high, i] = 1.0
        belongs *= inside[:, None]
        raw = self.weigh(questions.hidden).masked_fill(belongs == 0, -1e4)
        need = functional.softplus(self.need(questions.hidden) - 1.0) * belongs
        return torch.softmax(raw, 0) * belongs, need

    def late(
        self, questions: Tokens, passages: Tokens, sentences: Sentences
    ) -> tuple[Tensor, Tensor]:
        """Return the log-odds of each sentence against "none" and every passage's "none".

        (n sentences, n questions) and (n passages, n questions).
        """
        weight, need = self.weights(questions)
        columns = questions.vectors.T
        best = torch.stack(
            [
                (passages.vectors[low:high] @ columns).amax(0)
                for low, high in zip(sentences.low, sentences.high, strict=True)
            ]
        )
        of = torch.tensor(sentences.passage)
        n = len(passages.starts) - 1
        most = torch.stack(
            [best[of == p].amax(0) if (of == p).any() else best[0] for p in range(n)]
        )
        missed = torch.sigmoid((self.bar - most) * 12.0)
        none = self.none + missed @ need
        return self.scale * (best @ weight) - none[of], none

    def settle(self, texts: Sequence[str], questions: Sequence[str], own: Sequence[int]) -> None:
        """Set the projection, the scale and "none" from what the untrained encoder says."""
        with torch.no_grad():
            passages = self.encode(texts, is_question=False)
            middle = passages.hidden.mean(0)
            axes = torch.linalg.svd(passages.hidden - middle, full_matrices=False)[2]
            n = min(TOKEN_DIMS, len(axes))
            self.project.weight.zero_()
            self.project.weight[:n] = axes[:n]
            self.project.bias.copy_(-(self.project.weight @ middle))
            passages = self.encode(texts, is_question=False)
            asked = self.encode(questions, is_question=True)
            like = (passages.vectors @ asked.vectors.T) @ torch.eye(len(asked.vectors))
            weight, _ = self.weights(asked)
            scores = torch.stack(
                [like[low:high].amax(0) @ weight for low, high in _ranges(passages.starts)]
            )
            rows = torch.tensor(list(own))
            good = scores[rows, torch.arange(len(own))].mean()
            bad = (scores.sum() - good * len(own)) / (scores.numel() - len(own))
            self.scale.fill_(float(12.0 / (good - bad).clamp(min=0.02)))
            need = 1.5  # what the tokens that a passage lacks add at first
            self.none.fill_(float((0.6 * good + 0.4 * bad) * self.scale - need))
            self.bar.fill_(float(bad))


class Together(nn.Module):
    """The upper layers of an encoder over a question and a passage, one behind the other."""

    def __init__(self, layers: Sequence[nn.Module], hidden: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(deepcopy(layer) for layer in layers)
        self.kind = nn.Parameter(torch.zeros(2, hidden))
        self.out = nn.Linear(hidden, 3)  # reads, begins, ends
        self.none = nn.Linear(hidden, 1)
        self.supports = nn.Linear(hidden, 1)
        for layer in (self.out, self.none, self.supports):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self, questions: Sequence[Tensor], passages: Sequence[Tensor]
    ) -> tuple[list[Tensor], Tensor]:
        """Return three logits of each passage token (tokens, 3) of each pair, and its "none" (n).

        A pair is a question's and a passage's tokens, (tokens, hidden), as the lower layers left
        them.
        """
        states = self._see(questions, passages)
        both = zip(states, questions, strict=True)
        logits = [self.out(state[len(asked) :]) for state, asked in both]
        return logits, torch.cat([self.none(state[0]) for state in states])

    def support(self, statements: Sequence[Tensor], quotes: Sequence[Tensor]) -> Tensor:
        """Return the log-odds (n) that the quotes of each pair say all of its statement."""
        return torch.cat([self.supports(state[0]) for state in self._see(statements, quotes)])

    def _see(self, firsts: Sequence[Tensor], seconds: Sequence[Tensor]) -> list[Tensor]:
        """Return the tokens of each pair, (tokens, hidden), those of like length read at once."""
        rows = [
            torch.cat([first + self.kind[0], second + self.kind[1]])
            for first, second in zip(firsts, seconds, strict=True)
        ]
        order = sorted(range(len(rows)), key=lambda i: (-len(rows[i]), i))
        seen: list[Tensor] = [torch.empty(0)] * len(rows)
        for low in range(0, len(order), N_ROWS_AT_ONCE):
            part = order[low : low + N_ROWS_AT_ONCE]
            for i, state in zip(part, self._read([rows[i] for i in part]), strict=True):
                seen[i] = state
        return seen

    def _read(self, rows: Sequence[Tensor]) -> list[Tensor]:
        longest = -(-max(map(len, rows)) // 8) * 8
        states = torch.stack([functional.pad(row, (0, 0, 0, longest - len(row))) for row in rows])
        lengths = torch.tensor([len(row) for row in rows])
        is_real = torch.arange(longest)[None, :] < lengths[:, None]
        mask = torch.zeros(is_real.shape).masked_fill(~is_real, LEFT_OUT)[:, None, None, :]
        with half_precision():
            for layer in self.layers:
                states = layer(states, mask)
        return [state[: len(row)].float() for state, row in zip(states, rows, strict=True)]


def locate(texts: Sequence[Text], passages: Tokens) -> Sentences:
    """Return the sentences that have tokens, with these."""
    found = Sentences([], [], [], [])
    for p, text in enumerate(texts):
        for k, (a, b) in enumerate(text.sentences):
            inside = [t for t, (s, e) in enumerate(passages.places[p]) if e > s >= a - 1 and e <= b]
            if inside:
                found.passage.append(p)
                found.number.append(k)
                found.low.append(passages.starts[p] + inside[0])
                found.high.append(passages.starts[p] + inside[-1] + 1)
    return found


def open_reader(base: Path) -> Reader:
    """Return a reader around the encoder of a folder, as yet untrained."""
    from transformers import AutoModel, AutoTokenizer

    # Fused attention is the slower one backwards on a CPU, and dropout takes a tenth of a step,
    # which a run of one or two epochs does not need: 8.3 s a step with both, 6.6 s without.
    encoder = AutoModel.from_pretrained(
        base,
        add_pooling_layer=False,
        attention_probs_dropout_prob=0.0,
        hidden_dropout_prob=0.0,
        attn_implementation="eager",
    )
    for frozen in (encoder.embeddings, *encoder.encoder.layer[:N_FROZEN]):
        frozen.requires_grad_(requires_grad=False)
    tokenizer = AutoTokenizer.from_pretrained(base)
    return Reader(encoder, tokenizer, encoder.config.hidden_size)


def open_shipped(packed: Path, folder: Path) -> Reader:
    """Return the reader of a packed model, which is unpacked into a folder."""
    from safetensors.torch import load_file

    from assistant.models.packed import unpack

    unpack(packed, folder)
    reader = open_reader(folder)
    odd = reader.load_state_dict(load_file(folder / "reader.safetensors"), strict=False)
    if odd.unexpected_keys or not all(name.startswith("encoder.") for name in odd.missing_keys):
        raise ValueError(f"{str(packed)!r} is of another reader: {odd}")
    return reader


def _pad(ids: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
    """Return texts as rows of one length, and which of their pieces are real."""
    longest = -(-max(map(len, ids)) // 8) * 8  # few shapes: each is compiled anew
    padded = torch.tensor([row + [1] * (longest - len(row)) for row in ids])
    lengths = torch.tensor([len(row) for row in ids])
    return padded, (torch.arange(longest)[None, :] < lengths[:, None]).long()


def _ranges(starts: Sequence[int]) -> list[tuple[int, int]]:
    return list(pairwise(starts))


def _place(start: int, end: int, prompt: int) -> tuple[int, int]:
    return (max(0, start - prompt), end - prompt) if end > prompt else (0, 0)


def half_precision() -> torch.autocast:
    """Return what computes in bfloat16 where the machine has it."""
    device = torch.get_default_device().type
    has_it = device != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast(device, dtype=torch.bfloat16, enabled=bool(has_it))
