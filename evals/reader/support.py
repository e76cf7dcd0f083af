"""Pairs of a statement and what it cites, for what says whether the quotes say all of it.

In: the sets of `nli/` and sentences of passages that train. Out: pairs, of each set nine tenths
that train and a tenth that validates, parted by what is cited; batches of them, and what a reader
says of them. Every made pair has a twin: the same sentence as it stands, or without what does not
matter; and with one thing changed that does.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import torch
from torch import Tensor
from torch.nn import functional

from assistant.evidence.support import MAX_READ_CHARS
from evals.reader.held import area
from evals.reader.model import Reader
from evals.reader.rows import digest, read_lines
from evals.reader.swaps import make_unanswerable
from evals.reader.units import Unit

SETS = ("fever_dev", "begin", "fool_me_twice", "summedits", "faithdial_audit")
SENTENCE_CHARS = range(30, 260)
N_TRIES = 50
"""Sentences that are looked at for each pair at most."""
BESIDE = 0.2
"""Share of the made pairs whose wrong one cites the sentence behind the right one."""
LENGTHENED = 0.4
"""Share of the pairs that cite a longer text, where there is room for it."""
N_PAIRS = 24
"""Pairs of a batch."""
N_WATCHED = 120
"""Pairs of a set that are watched."""
_RESERVE = re.compile(
    r"\b(?:reportedly|allegedly|probably|possibly|perhaps|apparently|about|around|nearly|almost"
    r"|approximately|roughly|up to|at least|at most|more than|less than|some|most|many|several"
    r"|often|usually|sometimes|rarely|only|mainly|partly|largely|not|never) ",
)
_MODAL = re.compile(r"\b(?:may|might|could|should) (?=(?:be|have|not)\b|\w+)")
_CONDITION = re.compile(
    r",? (?:if|unless|except|provided that|as long as|until|subject to|according to)\b"
    r"[^,.;]{8,90}(?=[,.;])"
)
_ASIDE = re.compile(r", (?:which|who|where)\b[^,.;]{10,110}(?=\.$)| \([^()]{3,60}\)")
_OPENING = re.compile(r"^(?:However|Moreover|Therefore|In addition|For example|Also|Thus), ")
_ADDED = (" in most cases", " every year", " for the first time", " without exception", " alone")
_DENIABLE = re.compile(r"\b(?:is|are|was|were|has|have|had|can|will|would|does|did)\b(?! not\b)")


@dataclass(frozen=True, slots=True)
class Pair:
    """A statement, the text that it cites, and whether that says all of it."""

    source: str
    statement: str
    quotes: str
    is_supported: bool


class PairBatches:
    """Batches of pairs, in an order that the seed and the epoch fix.

    Some cite a longer text: what another pair cites stands before or behind, which changes nothing
    of what is said.
    """

    def __init__(self, pairs: Sequence[Pair], seed: int, n: int = N_PAIRS) -> None:
        self._pairs = pairs
        self._seed = seed
        self._n = n
        self.n_an_epoch = max(1, len(pairs) // n)

    def batch(self, step: int) -> tuple[Pair, ...]:
        """Return the pairs of a step."""
        epoch, number = divmod(step, self.n_an_epoch)
        order = list(range(len(self._pairs)))
        Random(f"{self._seed} {epoch}").shuffle(order)
        own = [self._pairs[i] for i in order[number * self._n : (number + 1) * self._n]]
        random = Random(f"{self._seed} longer {step}")
        others = [random.choice(self._pairs) for _ in own]
        return tuple(_lengthen(one, other, random) for one, other in zip(own, others, strict=True))


def _lengthen(pair: Pair, other: Pair, random: Random) -> Pair:
    """Return the pair, now and then with what another one cites beside what it cites."""
    both = [pair.quotes, other.quotes]
    is_fit = other.quotes != pair.quotes and sum(map(len, both)) < MAX_READ_CHARS
    if not is_fit or random.random() >= LENGTHENED:
        return pair
    random.shuffle(both)
    return replace(pair, quotes=" ".join(both))


def support_logits(reader: Reader, pairs: Sequence[Pair]) -> Tensor:
    """Return the log-odds (n) that pairs are supported."""
    lower = reader.lower([p.statement for p in pairs] + [p.quotes for p in pairs])
    return reader.together.support(lower[: len(pairs)], lower[len(pairs) :])


def support_loss(reader: Reader, pairs: Sequence[Pair]) -> Tensor:
    """Return the mean loss of what is said of pairs."""
    wanted = torch.tensor([float(pair.is_supported) for pair in pairs])
    logits = support_logits(reader, pairs)
    return functional.binary_cross_entropy_with_logits(logits, wanted)


@dataclass(frozen=True, slots=True)
class Judged:
    """The figures of the pairs of a set."""

    n_supported: int
    n_unsupported: int
    auc: float | None

    @property
    def worth(self) -> float:
        """What a checkpoint is chosen by."""
        return self.auc or 0.0

    @property
    def line(self) -> str:
        """The figures, for a log."""
        return f"n {self.n_supported}+{self.n_unsupported} AUC {self.auc or 0:.3f}"


def judge(reader: Reader, pairs: Sequence[Pair]) -> Judged:
    """Return how well supported pairs are told from others."""
    reader.eval()
    with torch.no_grad():
        odds = torch.cat(
            [
                support_logits(reader, pairs[low : low + N_PAIRS])
                for low in range(0, len(pairs), N_PAIRS)
            ]
        ).tolist()
    both = [
        [z for z, p in zip(odds, pairs, strict=True) if p.is_supported is is_so]
        for is_so in (True, False)
    ]
    return Judged(len(both[0]), len(both[1]), area(*both))


def load_pairs(folder: Path) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs of the sets: those that train, and those that validate."""
    told: list[list[Pair]] = [[], []]
    for name in SETS:
        for row in read_lines(folder / f"{name}.jsonl.gz"):
            quotes = " ".join(str(row["evidence"]).split())
            if len(quotes) <= MAX_READ_CHARS:
                pair = Pair(name, str(row["claim"]), quotes, row["label"] == "supported")
                told[digest(quotes) % 10 == 0].append(pair)
    return told[0], told[1]


def make_pairs(units: Sequence[Unit], n: int, random: Random) -> list[Pair]:
    """Return n made pairs, each with its twin, of sentences of passages; fewer if few can be."""
    made: list[Pair] = []
    for _ in range(N_TRIES * n):
        if len(made) >= 2 * n:
            break
        unit, other = random.choice(units), random.choice(units)
        number = random.randrange(len(unit.sentences))
        wide = random.choice((1, 1, 3))
        sentence, around = _text(unit, number, number), _text(unit, number - wide, number + wide)
        if len(sentence) not in SENTENCE_CHARS or len(around) > MAX_READ_CHARS:
            continue
        if random.random() < BESIDE and number + 1 < len(unit.sentences):
            beside = _text(unit, number + 1, number + 1)
            right, wrong = (sentence, around), (sentence, beside)
        else:
            quotes = random.choice((sentence, around))
            changed = change(shorten(sentence, random), other.passage, random, unit.lang)
            right, wrong = (shorten(sentence, random), quotes), (changed or "", quotes)
        if wrong[0]:
            made += [Pair("made", *right, True), Pair("made", *wrong, False)]
    return made


def _text(unit: Unit, first: int, last: int) -> str:
    """Return sentences of a unit, those that it has not left out."""
    within = unit.sentences[max(0, first) : last + 1]
    return " ".join(unit.passage[within[0][0] : within[-1][1]].split())


def shorten(sentence: str, random: Random) -> str:
    """Return a sentence without what does not matter, or as it stands.

    >>> shorten("However, the mill closed in 1911, which nobody in town expected.", Random(1))
    'the mill closed in 1911.'
    """
    shorter = _OPENING.sub("", _ASIDE.sub("", sentence)) if random.random() < 0.8 else sentence
    return shorter if len(shorter) > len(sentence) // 3 else sentence


def change(sentence: str, other: str, random: Random, lang: str = "en") -> str | None:
    """Return a sentence that says what this one does not say; None where no way is sure."""
    ways = [_swap, _swap, _exchange]
    ways += [_drop, _drop, _deny, _add] if lang == "en" else []
    random.shuffle(ways)
    for way in ways:
        changed = way(sentence, other, random)
        if changed and changed != sentence:
            return changed
    return None


def _swap(sentence: str, other: str, random: Random) -> str | None:
    """Put another number, name or the opposite in."""
    return make_unanswerable(sentence, sentence, other, random)


def _drop(sentence: str, _other: str, random: Random) -> str | None:
    """Take a reserve or a condition out."""
    found = [*_RESERVE.finditer(sentence), *_MODAL.finditer(sentence)]
    found += _CONDITION.finditer(sentence)
    if not found:
        return None
    match = random.choice(found)
    return sentence[: match.start()] + sentence[match.end() :]


def _exchange(sentence: str, _other: str, random: Random) -> str | None:
    """Let two numbers or two names of a sentence change their places."""
    kinds = (r"\b\d[\d.,]*\b", r"\b[A-Z][\w'’-]{2,}(?: [A-Z][\w'’-]+)*")
    for kind in random.sample(kinds, 2):
        found = [m for m in re.finditer(kind, sentence) if m.start() or kind == kinds[0]]
        if len({m.group() for m in found}) < 2:
            continue
        one, two = sorted(random.sample(found, 2), key=lambda m: m.start())
        if one.group() == two.group() or sentence[one.end() : two.start()] == " and ":
            continue
        middle = sentence[one.end() : two.start()]
        return sentence[: one.start()] + two.group() + middle + one.group() + sentence[two.end() :]
    return None


def _deny(sentence: str, _other: str, random: Random) -> str | None:
    """Say that it is not so."""
    found = list(_DENIABLE.finditer(sentence))
    if not found:
        return None
    match = random.choice(found)
    return f"{sentence[: match.end()]} not{sentence[match.end() :]}"


def _add(sentence: str, _other: str, random: Random) -> str | None:
    """Say more than is said."""
    added = random.choice(_ADDED)
    return None if added.strip() in sentence else sentence.rstrip(".") + added + "."
