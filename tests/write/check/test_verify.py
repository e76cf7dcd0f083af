"""1,000 true statements are supported, 1,000 altered ones are not: seeded, so always the same."""

import random
from collections.abc import Callable

import pytest

from assistant.cite import verify
from assistant.values import Verdict

SUBJECTS = ["The ministry", "Flax Typhoon", "The committee", "Dr. Osei", "Every member state"]
VERBS = ["is bound to report", "did sell", "was fined for", "has closed", "will audit"]
OBJECTS = ["branches in Peru", "vessels", "open accounts", "per cent of the budget", "sites"]


def make_sentence(random_: random.Random) -> str:
    number = random_.choice(["7", "53", "2,021", "4.5", "1,200"])
    year = random_.randint(1900, 2030)
    subject, verb, what = map(random_.choice, (SUBJECTS, VERBS, OBJECTS))
    return f"{subject} {verb} {number} {what} by {random_.randint(2, 28)} March {year}."


def change_number(sentence: str, random_: random.Random) -> str:
    places = [i for i, c in enumerate(sentence) if c.isdigit()]
    place = random_.choice(places)
    digit = random_.choice([d for d in "0123456789" if d != sentence[place]])
    return sentence[:place] + digit + sentence[place + 1 :]


def insert_negation(sentence: str, random_: random.Random) -> str:
    words = sentence.split()
    words.insert(random_.randint(1, len(words) - 1), random_.choice(["not", "never", "no"]))
    return " ".join(words)


def drop_word(sentence: str, random_: random.Random) -> str:
    words = sentence.split()
    del words[random_.randrange(len(words))]
    return " ".join(words)


def cut_off(sentence: str, random_: random.Random) -> str:
    return sentence[: random_.randint(1, len(sentence) - 1)].rstrip()


def stitch(sentence: str, random_: random.Random) -> str:
    first, second = sentence.split(), make_sentence(random_).split()
    return " ".join(first[: len(first) // 2] + second[len(second) // 2 :])


MUTATIONS = [change_number, insert_negation, drop_word, cut_off, stitch]


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: mutate.__name__)
def test_verify_supports_none_of_200_altered_quotes(
    mutate: Callable[[str, random.Random], str],
) -> None:
    random_ = random.Random(mutate.__name__)
    n = 0
    while n < 200:
        quotes = [make_sentence(random_) for _ in range(3)]
        altered = mutate(random_.choice(quotes), random_)
        if altered in quotes:
            continue
        n += 1
        assert verify(altered, quotes) == Verdict.UNSUPPORTED, altered


def test_verify_supports_each_of_1000_true_quotes() -> None:
    random_ = random.Random(0)
    for _ in range(1000):
        quotes = [make_sentence(random_) for _ in range(random_.randint(1, 3))]
        said = "".join(
            random_.choice([" ", "\n", "  "]) if c == " " else c for c in random_.choice(quotes)
        )
        assert verify(said, quotes) == Verdict.SUPPORTED


def test_verify_does_not_join_two_quotes_into_one_statement() -> None:
    assert verify("A is B. C is D.", ["A is B.", "C is D."]) == Verdict.UNSUPPORTED


def test_verify_knows_no_source_without_quotes() -> None:
    assert verify("Anything.", []) == Verdict.UNKNOWN_SOURCE


def test_verify_refuses_a_part_that_says_what_the_whole_denies() -> None:
    quote = "Nobody in the department believes that the bridge is safe."
    assert verify("the bridge is safe.", [quote]) == Verdict.UNSUPPORTED


def test_verify_refuses_an_empty_statement() -> None:
    assert verify("", ["It rained."]) == Verdict.UNSUPPORTED
