"""Makes the batches of a step: the same ones for the same seed and step, wherever a run began.

In: units. Out: batches of passages that lie near each other, four and four, with questions of each
of them: what answers, what is asked of it in vain, and for every pair of question and passage
whether the passage counts as a wrong one. A passage that holds the answering words elsewhere counts
as neither. What nothing answers is not answered by a near passage either, but for the questions of
sets that put them to a passage that does not answer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from evals.reader.rows import Span, fold
from evals.reader.swaps import make_unanswerable, mistype
from evals.reader.units import Asked, Unit

N_TOGETHER = 4
"""Neighbours in a batch, of which each one's questions are asked."""
PASSAGE_TOKENS = 224
"""What of a passage is read, its prompt with it."""
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")
OUTSIDE = 0.3
"""Share of the questions answered outside of a window that are asked of it in vain."""
GENERIC = frozenset(
    "cuad doc2dial_val fairytaleqa fairytaleqa_indoc molweni_test policyqa squadshifts_amazon "
    "squadshifts_reddit tatqa_text".split()
)
"""Sets whose questions leave out what they are about: others of their passages answer, too."""
MINED = frozenset("fairytaleqa_indoc hotpotqa_distractors medquad_indoc mined_wiki".split())
"""Sets whose unanswered questions were put to a near passage: another near one may answer them."""
HEADED = 0.25
"""Share of the passages that are read under their title."""
OFTEN = "typed"
"""The set whose passages every epoch has, all of them,"""
N_OTHERS = 2
"""with so many of the other sets, drawn anew each time, to one of them."""


@dataclass(frozen=True, slots=True)
class Text:
    """A passage as it is read: the number of its unit, the text, its sentences' spans."""

    unit: int
    text: str
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the passage `own` of its batch; `right` sentences answer it."""

    text: str
    own: int
    right: tuple[int, ...]
    span: Span | None
    wrong: tuple[bool, ...]
    """For each passage of the batch, whether it is known not to answer."""
    is_generic: bool = False
    """Whether it says too little to find its passage by."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step learns from."""

    passages: tuple[Text, ...]
    questions: tuple[Question, ...]

    @property
    def n(self) -> int:
        """How many questions there are."""
        return len(self.questions)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much a step takes in."""

    n_passages: int = 32
    n_asked: int = 3
    """Most questions of a passage, beside those that are made unanswerable."""
    swapped: float = 0.25
    """Share of the answered questions that are asked again, changed so that nothing answers."""


class Batches:
    """The endless row of batches; `batch(step)` depends on the seed and the step alone."""

    def __init__(self, units: Sequence[Unit], sizes: Sizes, seed: int) -> None:
        self._units = units
        self._sizes = sizes
        self._seed = seed
        self._often = [number for number, unit in enumerate(units) if unit.source == OFTEN]
        self._seldom = [number for number, unit in enumerate(units) if unit.source != OFTEN]
        self._n_seldom = len(self._seldom)
        if self._often:
            self._n_seldom = min(self._n_seldom, N_OTHERS * len(self._often))
        self.n_an_epoch = (len(self._often) + self._n_seldom) // sizes.n_passages
        self._order = lru_cache(maxsize=2)(self._shuffled)

    def batch(self, step: int) -> Batch:
        """Return the batch of a step, counted from 0."""
        epoch, place = divmod(step, self.n_an_epoch)
        low = place * self._sizes.n_passages
        numbers = self._order(epoch)[low : low + self._sizes.n_passages]
        random = Random(f"{self._seed} {step}")
        return make_batch(self._units, numbers, self._sizes, random)

    def _shuffled(self, epoch: int) -> list[int]:
        """Return the units' numbers, near ones beside each other in groups, groups at random."""
        random = Random(f"{self._seed} order {epoch}")
        free = {*self._often, *random.sample(self._seldom, self._n_seldom)}
        groups: list[list[int]] = []
        order = sorted(free)
        random.shuffle(order)
        for first in order:
            if first in free:
                free.discard(first)
                near = [j for j in self._units[first].near if j in free]
                near = near[: N_TOGETHER + 2]
                random.shuffle(near)  # not always the nearest: other company every time round
                group = [first, *near[: N_TOGETHER - 1]]
                free.difference_update(group)
                groups.append(group)
        full = [g for g in groups if len(g) == N_TOGETHER]
        rest = [j for g in groups if len(g) < N_TOGETHER for j in g]
        full += [rest[low : low + N_TOGETHER] for low in range(0, len(rest), N_TOGETHER)]
        random.shuffle(full)
        return [number for group in full for number in group]


def make_batch(
    units: Sequence[Unit], numbers: Sequence[int], sizes: Sizes, random: Random
) -> Batch:
    """Return the batch of some units: their windows, some of their questions, what is wrong."""
    windows: list[Text] = []
    chosen: list[list[Asked]] = []
    for number in numbers:
        unit = units[number]
        some = random.sample(unit.asked, min(sizes.n_asked, len(unit.asked)))
        window, kept = take_window(unit, some, random)
        if unit.title and random.random() < HEADED:
            window, kept = _headed(unit.title, window, kept)
        windows.append(Text(number, *window))
        chosen.append(kept)
    company = _Company(
        tuple(fold(window.text) for window in windows), tuple(units[n].source for n in numbers)
    )
    questions: list[Question] = []
    for own, kept in enumerate(chosen):
        text, other = windows[own].text, windows[own ^ 1 if len(windows) > own ^ 1 else 0].text
        for asked in kept:
            questions.append(company.ask(asked, own, random))
            if asked.right and random.random() < sizes.swapped:
                changed = make_unanswerable(asked.text, text, other, random)
                if changed:
                    questions.append(company.ask(Asked(changed, (), None, ()), own, random))
    return Batch(tuple(windows), tuple(questions))


@dataclass(frozen=True, slots=True)
class _Company:
    """The passages of a batch by their letters and digits, and their sets."""

    folded: tuple[str, ...]
    sources: tuple[str, ...]

    def ask(self, asked: Asked, own: int, random: Random) -> Question:
        words = [word for word in map(fold, asked.words) if word]
        source = self.sources[own]
        if asked.right or words:
            wrong = [not any(word in text for word in words) for text in self.folded]
        elif source in MINED:
            wrong = [j // N_TOGETHER != own // N_TOGETHER for j in range(len(self.folded))]
        else:
            wrong = [True] * len(self.folded)
        is_generic = source in GENERIC
        if is_generic:
            others = zip(wrong, self.sources, strict=True)
            wrong = [is_wrong and other != source for is_wrong, other in others]
        wrong[own] = not asked.right
        text = mistype(asked.text, random)
        return Question(text, own, asked.right, asked.span, tuple(wrong), is_generic)


def take_window(
    unit: Unit, asked: Sequence[Asked], random: Random
) -> tuple[tuple[str, tuple[Span, ...]], list[Asked]]:
    """Return sentences around one that answers, and what is asked of them as it stands there.

    A question whose answer lies outside is now and then kept as one that nothing answers.
    """
    n_tokens = random.choice((90, 140, 190, PASSAGE_TOKENS - 20))
    low, high = _grow(unit, _middle(unit, asked, random), n_tokens, random)
    start, end = unit.sentences[low][0], unit.sentences[high - 1][1]
    text = unit.passage[start:end]
    sentences = tuple((a - start, b - start) for a, b in unit.sentences[low:high])
    folded = fold(text)
    kept = []
    for one in asked:
        right = tuple(k - low for k in one.right if low <= k < high)
        span = one.span and (one.span[0] - start, one.span[1] - start)
        if right or not one.right:
            inside = span if span and span[0] >= 0 and span[1] <= len(text) else None
            kept.append(Asked(one.text, right, inside, one.words))
        elif random.random() < OUTSIDE and not any(fold(word) in folded for word in one.words):
            kept.append(Asked(one.text, (), None, one.words))
    return (text, sentences), kept


def _middle(unit: Unit, asked: Sequence[Asked], random: Random) -> int:
    for one in asked:
        if one.right:
            return random.choice(one.right)
    return random.randrange(len(unit.sentences))


def _grow(unit: Unit, middle: int, n_tokens: int, random: Random) -> Span:
    low, high = middle, middle + 1
    while True:
        wider = [
            (a, b)
            for a, b in ((low - 1, high), (low, high + 1))
            if a >= 0
            and b <= len(unit.sentences)
            and count_tokens(unit.passage[unit.sentences[a][0] : unit.sentences[b - 1][1]])
            <= n_tokens
        ]
        if not wider:
            return low, high
        low, high = random.choice(wider)


def count_tokens(text: str) -> int:
    """Return about how many pieces of the vocabulary the text has."""
    n_ideographs = len(_IDEOGRAPH.findall(text))
    return int(n_ideographs / 1.6 + (len(text) - n_ideographs) / 3.6) + 1


def _headed(
    title: str, window: tuple[str, tuple[Span, ...]], kept: Sequence[Asked]
) -> tuple[tuple[str, tuple[Span, ...]], list[Asked]]:
    """Return the window under its title, which is a line of it but no sentence."""
    text, sentences = window
    head = title.replace("_", " ")[:80].strip() + "\n"
    by = len(head)
    moved = [
        Asked(a.text, a.right, (a.span[0] + by, a.span[1] + by) if a.span else None, a.words)
        for a in kept
    ]
    return (head + text, tuple((s + by, e + by) for s, e in sentences)), moved
