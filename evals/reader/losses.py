"""What a step is told it did wrong.

In: a batch as the reader sees it. Out: five losses, each a mean over questions, to be added.
`late`: "none" and all sentences of the batch compete for a question, and once more without the
passage that answers, where "none" must win. `joint`: the same within a question's own passage and
within the passage that misled most. `span`: where the answering words begin and end. `find`: the
question's vector against the vectors of the batch's passages and of those of the steps before.
`keep`: how far the nearness of the batch's passages moved from what it was before the run.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from evals.reader.batches import Batch
from evals.reader.model import LEFT_OUT, Reader, Sentences, Tokens, locate

TEMPERATURE = 0.01
"""As the encoder was trained with (Wang et al. 2024, arXiv:2402.05672): its cosines lie between .7
and 1, and at .02 what it finds gets worse while it learns to read."""
SURE_LOSS = 0.25
"""A pair that loses more where both are read apart is always read together."""
LEAST_LIKELY = 0.08
"""How likely the surest pair is read together."""
Pair = tuple[int, int]
"""The numbers of a question and of a passage of a batch."""


@dataclass(frozen=True, slots=True)
class Masks:
    """Which sentence may win, which competes, and which questions count, of a batch."""

    right: Tensor
    """(n sentences, n questions)"""
    wrong: Tensor
    """(n sentences, n questions)"""
    counts: Tensor
    """(n questions): a question whose answer was cut off does not."""
    is_answered: Tensor
    """(n questions)"""


def make_masks(batch: Batch, sentences: Sentences) -> Masks:
    """Return the masks: a sentence neither right nor wrong takes no part."""
    of = torch.tensor(sentences.passage)
    own = torch.tensor([q.own for q in batch.questions])
    is_answered = torch.tensor([bool(q.right) for q in batch.questions])
    right = torch.tensor(
        [
            [p == q.own and k in q.right for q in batch.questions]
            for p, k in zip(sentences.passage, sentences.number, strict=True)
        ]
    )
    wrong = torch.tensor([q.wrong for q in batch.questions]).T[of]
    # Other sentences of the passage that answers compete with those that do.
    wrong = (wrong | ((of[:, None] == own[None, :]) & is_answered)) & ~right
    return Masks(right, wrong, right.any(0) | ~is_answered, is_answered)


def late_loss(scores: Tensor, masks: Masks, own: Tensor) -> Tensor:
    """Return the loss of the sentences' log-odds (n sentences, n questions); 0 is "none"."""
    whole = _choose(scores, masks.right, masks.wrong, ~masks.is_answered)
    elsewhere = masks.wrong & ~own
    without = _choose(
        scores, torch.zeros_like(masks.right), elsewhere, torch.ones_like(masks.counts)
    )
    n = masks.counts.sum().clamp(min=1)
    answered = masks.counts & masks.is_answered
    return ((whole * masks.counts).sum() + 0.5 * (without * answered).sum()) / n


def _choose(scores: Tensor, right: Tensor, wrong: Tensor, none_wins: Tensor) -> Tensor:
    """Return each question's -log of the mass on what should win; "none" always competes."""
    none = torch.zeros(1, scores.shape[1])
    everything = torch.cat([none, scores.masked_fill(~(right | wrong), LEFT_OUT)])
    winning = torch.cat(
        [none.masked_fill(~none_wins[None, :], LEFT_OUT), scores.masked_fill(~right, LEFT_OUT)]
    )
    return torch.logsumexp(everything, 0) - torch.logsumexp(winning, 0)


def find_loss(
    questions: Tensor, passages: Tensor, batch: Batch, remembered: Tensor, numbers: Tensor
) -> Tensor:
    """Return the loss of the answered questions' vectors against passages, here and before.

    `remembered` (n, hidden) are vectors of earlier passages, `numbers` (n) their units.
    """
    answered = [i for i, q in enumerate(batch.questions) if q.right and not q.is_generic]
    if not answered:
        return questions.sum() * 0.0
    asked = questions[answered]
    own = torch.tensor([batch.questions[i].own for i in answered])
    apart = torch.tensor([batch.questions[i].wrong for i in answered])
    apart[torch.arange(len(answered)), own] = True
    here = (asked @ passages.T).masked_fill(~apart, -1.0)
    units = torch.tensor([text.unit for text in batch.passages])
    before = asked @ remembered.T
    before = before.masked_fill(units[own][:, None] == numbers[None, :], -1.0)
    return functional.cross_entropy(torch.cat([here, before], 1) / TEMPERATURE, own)


def keep_loss(now: tuple[Tensor, Tensor], before: tuple[Tensor, Tensor]) -> Tensor:
    """Return how far a question's share of nearness to the batch's passages moved.

    The divergence of what it was from what it is (Li & Hoiem 2016, arXiv:1606.09282): so what finds
    is not lost while reading is learned.

    Args:
        now: the vectors of the questions (n questions, hidden) and of the passages.
        before: the same vectors of the reader that the run began with.
    """
    log_now, log_before = (
        functional.log_softmax(questions @ passages.T / TEMPERATURE, 1)
        for questions, passages in (now, before)
    )
    return functional.kl_div(log_now, log_before, reduction="batchmean", log_target=True)


def joint_loss(
    reader: Reader,
    batch: Batch,
    seen: tuple[Tokens, Tokens, Sentences],
    scores: Tensor,
    masks: Masks,
) -> tuple[Tensor, Tensor]:
    """Return the losses of reading together: sentences or "none", and the answering words."""
    questions, passages, sentences = seen
    every = _pairs(batch, sentences, scores.detach(), masks)
    pairs, weights = choose_pairs(every, _late_losses(every, scores.detach(), sentences, masks))
    if not pairs:
        return scores.sum() * 0.0, scores.sum() * 0.0
    asked = [questions.lower[questions.starts[q] : questions.starts[q + 1]] for q, _ in pairs]
    said = [passages.lower[passages.starts[p] : passages.starts[p + 1]] for _, p in pairs]
    logits, none = reader.together(asked, said)
    of = torch.tensor(sentences.passage)
    read, span, n_spans = scores.sum() * 0.0, scores.sum() * 0.0, 0
    for i, (q, p) in enumerate(pairs):
        rows = (of == p).nonzero().squeeze(-1)
        z = (
            sentence_logits(logits[i], passages.starts[p], sentences, rows)
            + scores[rows, q]
            - none[i]
        )
        right = masks.right[rows, q][:, None]
        read = read + weights[i] * _choose(z[:, None], right, ~right, ~right.any()[None]).sum()
        words = batch.questions[q].span
        if words and p == batch.questions[q].own and right.any():
            inside = [
                t for t, (a, b) in enumerate(passages.places[p]) if b > words[0] and a < words[1]
            ]
            if inside:
                ends = torch.tensor([inside[0], inside[-1]])
                span = span + functional.cross_entropy(logits[i][:, 1:].T, ends, reduction="sum")
                n_spans += 1
    return read / len(every), span / max(1, n_spans)


def choose_pairs(pairs: Sequence[Pair], losses: Sequence[float]) -> tuple[list[Pair], list[float]]:
    """Return the pairs to read together, each with how many it stands for.

    What reading apart is sure of, and right, teaches reading together next to nothing: a pair is
    read the more likely the more it lost, and stands for those like it that are not (importance
    sampling). Of 97 questions' other passages .92 lose less than .05.

    Args:
        pairs: of a question and a passage.
        losses: what each loses where both are read apart.
    """
    likely = [min(1.0, max(LEAST_LIKELY, loss / SURE_LOSS)) for loss in losses]
    drawn = torch.rand(len(pairs)).tolist()
    kept = [
        (p, 1 / chance) for p, chance, r in zip(pairs, likely, drawn, strict=True) if r < chance
    ]
    return [pair for pair, _ in kept], [weight for _, weight in kept]


def _late_losses(
    pairs: Sequence[Pair], scores: Tensor, sentences: Sentences, masks: Masks
) -> list[float]:
    of = torch.tensor(sentences.passage)
    found = []
    for q, p in pairs:
        rows = (of == p).nonzero().squeeze(-1)
        right = masks.right[rows, q][:, None]
        found.append(float(_choose(scores[rows, q][:, None], right, ~right, ~right.any()[None])))
    return found


def sentence_logits(logits: Tensor, start: int, sentences: Sentences, rows: Tensor) -> Tensor:
    """Return what reading together adds to sentences: the log of their tokens' mean odds."""
    found = []
    for row in rows.tolist():
        tokens = logits[sentences.low[row] - start : sentences.high[row] - start, 0]
        found.append(torch.logsumexp(tokens, 0) - torch.log(torch.tensor(float(len(tokens)))))
    return torch.stack(found)


def _pairs(batch: Batch, sentences: Sentences, scores: Tensor, masks: Masks) -> list[Pair]:
    """Return each question with its own passage and with the wrong one that looks best."""
    of = torch.tensor(sentences.passage)
    found = []
    for q, question in enumerate(batch.questions):
        if not masks.counts[q] or not (of == question.own).any():
            continue
        found.append((q, question.own))
        others = masks.wrong[:, q] & (of != question.own)
        if others.any():
            found.append((q, int(of[scores[:, q].masked_fill(~others, LEFT_OUT).argmax()])))
    return found


def see(reader: Reader, batch: Batch) -> tuple[Tokens, Tokens, Sentences]:
    """Return a batch's questions and passages encoded, and the sentences' tokens."""
    questions = reader.encode([q.text for q in batch.questions], is_question=True)
    passages = reader.encode([text.text for text in batch.passages], is_question=False)
    return questions, passages, locate(batch.passages, passages)
