"""The reader: one encoder whose mean vector finds and whose token vectors read.

In: texts. Out: a vector of each (unit length), vectors of its tokens (`TOKEN_DIMS`, unit length)
and for questions what each token weighs. A sentence's score is the sum over the question's tokens
of weight x greatest cosine to a token of the sentence (Khattab & Zaharia 2020, eq. 3, weighted);
what the question says and the passage does not speaks for "none". Over a few passages a small
transformer reads both texts together and moves the scores. Log-odds: 0 is "none".
"""

from collections.abc import Sequence
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
PROMPTS = "query: ", "passage: "
N_FROZEN = 4
"""Lowest layers that stay as they are, as the word vectors do."""
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

    def __init__(self, encoder: nn.Module, tokenizer: Any, hidden: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.tokenizer = tokenizer
        self.project = nn.Linear(hidden, TOKEN_DIMS)
        self.weigh = nn.Linear(hidden, 1)
        self.need = nn.Linear(hidden, 1)
        self.scale = nn.Parameter(torch.tensor(20.0))
        self.bar = nn.Parameter(torch.tensor(0.4))
        self.none = nn.Parameter(torch.tensor(8.0))
        self.joint = Joint()
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
        states: list[Tensor] = [torch.empty(0)] * len(texts)
        for low in range(0, len(order), at_once):
            part = order[low : low + at_once]
            for i, state in zip(part, self._states([ids[i] for i in part]), strict=True):
                states[i] = state
        hidden = torch.cat(states)
        starts = [0]
        for state in states:
            starts.append(starts[-1] + len(state))
        pooled = torch.stack([state.mean(0) for state in states])
        return Tokens(
            functional.normalize(pooled, dim=-1),
            functional.normalize(self.project(hidden), dim=-1),
            hidden,
            starts,
            [[_place(a, b, len(prompt)) for a, b in places] for places in offsets],
        )

    def _states(self, ids: list[list[int]]) -> list[Tensor]:
        longest = -(-max(map(len, ids)) // 8) * 8  # few shapes: each is compiled anew
        padded = torch.tensor([row + [1] * (longest - len(row)) for row in ids])
        lengths = torch.tensor([len(row) for row in ids])
        mask = (torch.arange(longest)[None, :] < lengths[:, None]).long()
        with half_precision():
            out = self.encoder(input_ids=padded, attention_mask=mask).last_hidden_state
        return [out[i, : len(row)].float() for i, row in enumerate(ids)]

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


class Joint(nn.Module):
    """Two layers over the token vectors of a question and a passage beside each other."""

    def __init__(self, n_layers: int = 2, n_heads: int = 4) -> None:
        super().__init__()
        self.kind = nn.Embedding(2, TOKEN_DIMS)
        self.position = nn.Embedding(QUESTION_TOKENS + PASSAGE_TOKENS, TOKEN_DIMS)
        self.signs = nn.Linear(2, TOKEN_DIMS)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                TOKEN_DIMS, n_heads, 4 * TOKEN_DIMS, 0.0, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(n_layers)
        )
        self.norm = nn.LayerNorm(TOKEN_DIMS)
        self.out = nn.Linear(TOKEN_DIMS, 3)  # reads, begins, ends
        self.none = nn.Linear(TOKEN_DIMS, 1)
        for layer in (self.out, self.none):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self, questions: Sequence[Tensor], weights: Sequence[Tensor], passages: Sequence[Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Return three logits of each passage token (n, tokens, 3) and each pair's "none" (n).

        A pair is a question's token vectors, what they weigh, and a passage's token vectors.
        """
        n_q, n_p = max(map(len, questions)), max(map(len, passages))
        asked = nn.utils.rnn.pad_sequence(list(questions), batch_first=True)
        weight = nn.utils.rnn.pad_sequence(list(weights), batch_first=True)
        said = nn.utils.rnn.pad_sequence(list(passages), batch_first=True)
        lengths_q = torch.tensor([len(q) for q in questions])
        lengths_p = torch.tensor([len(p) for p in passages])
        real_q = torch.arange(n_q)[None, :] < lengths_q[:, None]
        real_p = torch.arange(n_p)[None, :] < lengths_p[:, None]
        like = torch.einsum("nqd,npd->nqp", asked, said)
        like = like.masked_fill(~(real_q[:, :, None] & real_p[:, None, :]), 0.0)
        to_q = torch.stack([like.amax(2), weight * n_q], -1)
        strongest = (like * (weight * n_q)[:, :, None]).amax(1)
        to_p = torch.stack([strongest, like.amax(1)], -1)
        root = TOKEN_DIMS**0.5
        places_q = self.position(torch.arange(n_q)) + self.kind.weight[0]
        places_p = self.position(QUESTION_TOKENS + torch.arange(n_p)) + self.kind.weight[1]
        both = torch.cat(
            [
                asked * root + self.signs(to_q) + 0.5 * places_q,
                said * root + self.signs(to_p) + 0.5 * places_p,
            ],
            1,
        )
        real = torch.cat([real_q, real_p], 1)
        with half_precision():
            for layer in self.layers:
                both = layer(both, src_key_padding_mask=~real)
        both = self.norm(both.float())
        none = self.none((both[:, :n_q] * real_q[..., None]).sum(1) / lengths_q[:, None]).squeeze(
            -1
        )
        return self.out(both[:, n_q:]).masked_fill(~real_p[..., None], -1e4), none


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


def _ranges(starts: Sequence[int]) -> list[tuple[int, int]]:
    return list(pairwise(starts))


def _place(start: int, end: int, prompt: int) -> tuple[int, int]:
    return (max(0, start - prompt), end - prompt) if end > prompt else (0, 0)


def half_precision() -> torch.autocast:
    """Return what computes in bfloat16 where the machine has it."""
    device = torch.get_default_device().type
    has_it = device != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.autocast(device, dtype=torch.bfloat16, enabled=bool(has_it))
