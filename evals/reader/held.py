"""The held-out figures that are watched while the reader learns.

In: units that validate. Out: for each set the shares and areas that `Watched` names. A set's
passages are one pool; each is read as it stands around one of its answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from evals.reader.batches import Text, take_window
from evals.reader.model import Reader
from evals.reader.reading import encode_all, fill_shelf, nearness, read
from evals.reader.units import Asked, Unit

N_READ = 4
"""Passages of the pool that are read for a question."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The figures of one set; an area is None where nothing, or everything, is answered."""

    n_answered: int
    n_unanswered: int
    sentence_late: float
    """Share of the answered whose first sentence of their own passage answers: late alone,"""
    sentence: float
    """and with reading together,"""
    sentence_pool: float
    """and of the first passages of the pool."""
    auc_late: float | None
    """Area under the curve of answered against unanswered, by the best log-odds of the passage."""
    auc: float | None
    first: float
    """Share of the answered whose passage is the nearest of the pool,"""
    first_in_five: float

    @property
    def worth(self) -> float:
        """What a checkpoint is chosen by."""
        return self.sentence_pool + self.first + (self.auc or 0.0)

    @property
    def line(self) -> str:
        """The figures, for a log."""
        areas = "" if self.auc is None else f"AUC {self.auc:.3f} (late {self.auc_late or 0:.3f}) "
        return (
            f"n {self.n_answered}+{self.n_unanswered} sentence {self.sentence:.3f} "
            f"(late {self.sentence_late:.3f}) in pool {self.sentence_pool:.3f} {areas}"
            f"R@1 {self.first:.3f} R@5 {self.first_in_five:.3f}"
        )


@dataclass(frozen=True, slots=True)
class Pool:
    """Passages with what is asked of each of them."""

    texts: tuple[Text, ...]
    asked: tuple[tuple[int, Asked], ...]


def make_pool(units: Sequence[Unit], n_units: int, n_asked: int) -> Pool:
    """Return a fixed sample of units, of each some that are answered and some that are not."""
    step = max(1, len(units) // n_units)
    texts, asked = [], []
    for number, unit in enumerate(units[::step][:n_units]):
        random = Random(f"held {number}")
        answered = [one for one in unit.asked if one.right][:n_asked]
        vain = [one for one in unit.asked if not one.right][:n_asked]
        window, kept = take_window(unit, answered, random)
        texts.append(Text(number, *window))
        asked += [(number, one) for one in (*(k for k in kept if k.right), *vain)]
    return Pool(tuple(texts), tuple(asked))


def watch(reader: Reader, pool: Pool) -> Watched:
    """Return the figures of a pool."""
    shelf = fill_shelf(reader, pool.texts)
    questions = encode_all(reader, [one.text for _, one in pool.asked], is_question=True)
    near = nearness(shelf, questions)
    hits: dict[str, list[bool]] = {name: [] for name in ("late", "joint", "pool", "one", "five")}
    odds: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for q, (own, one) in enumerate(pool.asked):
        found = read(reader, shelf, questions, q, [own])
        if not found:
            continue
        odds[bool(one.right)].append((max(f.late for f in found), max(f.joint for f in found)))
        if not one.right:
            continue
        order = near[q].argsort(descending=True).tolist()
        hits["late"].append(max(found, key=lambda f: f.late).sentence in one.right)
        hits["joint"].append(max(found, key=lambda f: f.joint).sentence in one.right)
        hits["one"].append(order[0] == own)
        hits["five"].append(own in order[:5])
        best = max(
            read(reader, shelf, questions, q, order[:N_READ]), key=lambda f: f.joint, default=None
        )
        hits["pool"].append(best is not None and best.passage == own and best.sentence in one.right)
    share = {name: sum(values) / max(1, len(values)) for name, values in hits.items()}
    return Watched(
        len(odds[True]),
        len(odds[False]),
        share["late"],
        share["joint"],
        share["pool"],
        area([late for late, _ in odds[True]], [late for late, _ in odds[False]]),
        area([joint for _, joint in odds[True]], [joint for _, joint in odds[False]]),
        share["one"],
        share["five"],
    )


def area(above: Sequence[float], below: Sequence[float]) -> float | None:
    """Return the share of pairs in order, a tie as half (Mann & Whitney 1947); None without pairs.

    >>> area([2.0, 1.0], [1.0, 0.0])
    0.875
    """
    if not above or not below:
        return None
    won = sum((a > b) + 0.5 * (a == b) for a in above for b in below)
    return won / (len(above) * len(below))
