"""Which texts are nearly the same: the sketch estimates what counting says."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.store.content import RUN_WORDS, Sketches, likeness, sketch

WORDS = [f"word{n}" for n in range(400)]


def text_of(random_: random.Random, n: int) -> list[str]:
    return random_.choices(WORDS, k=n)


def runs_of(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[n : n + RUN_WORDS]) for n in range(len(words) - RUN_WORDS + 1)}


@pytest.mark.parametrize("n_changed", [0, 1, 3, 8, 20, 60])
def test_the_estimate_is_near_the_counted_share(n_changed: int) -> None:
    random_ = random.Random(n_changed)
    misses = []
    for _ in range(20):
        words = text_of(random_, 300)
        other = list(words)
        for place in random_.sample(range(300), n_changed):
            other[place] = "changed"
        one, two = " ".join(words), " ".join(other)
        counted = len(runs_of(one) & runs_of(two)) / len(runs_of(one) | runs_of(two))
        misses.append(likeness(sketch(one), sketch(two)) - counted)
    assert abs(sum(misses) / len(misses)) < 0.05
    assert max(map(abs, misses)) < 0.25


@given(st.text(max_size=300))
def test_a_text_is_like_itself_and_white_space_and_case_do_not_count(text: str) -> None:
    one = sketch(text)
    assert one == sketch("  ".join(text.split(" ")))
    assert not one or likeness(one, one) == 1


def test_near_texts_are_found_among_many_and_others_are_not() -> None:
    random_ = random.Random(3)
    texts = {f"t{n}": text_of(random_, 200) for n in range(300)}
    kept = Sketches((name, sketch(" ".join(words))) for name, words in texts.items())
    n_found = 0
    for name in list(texts)[:100]:
        edited = [*texts[name][:100], "inserted", *texts[name][100:]]
        near = kept.near(sketch(" ".join(edited)))
        assert set(near) <= {name}
        n_found += near == [name]
    assert n_found >= 97


def test_short_texts_are_like_nothing() -> None:
    kept = Sketches([("a", sketch("Received, with thanks."))])
    assert kept.near(sketch("Received, with thanks.")) == []
