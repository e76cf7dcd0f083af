"""What a statement that a model wrote may change of what it cites, and what it may not.

The table in `retold.txt` is made up: 60 sentences, each with faithful rewordings and false ones.
When the faithful ones were first compared, before any rule was mended for them, 133 of 147 (.905)
were let through and 6 of 211 false ones; of the ten sentences that were written after that, 22 of
26 (.846) and 5 of 40. The bars below are those of the rules as mended since.
"""

import random
import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from ingest.reading import within
from write.check.retold import FRESH, MENDED, TABLE, Told

from assistant.write.check.pairs import pair
from assistant.write.check.rules import MAX_CITED, MAX_STATEMENT, RULES, disagreement

FAITHFUL = [(text, told) for told in TABLE for text in told.faithful]
TRUE = [(told.source, told) for told in TABLE] + FAITHFUL
NAMES = "Ottoline Kessler Varga Brightmoor Zhou Pemberton Quist Norrland".split()
MONTH = r"\b(?:January|February|March|April|May|June|July|August|October|November)\b"
AUXILIARY = r"\b(?:is|was|were|has|had|did|does|may|will|would|must|could|might|have|are|can)\b"
GAPS = {
    # The subject of the second half is not known without a parser,
    "Arden was opened by Lord Tolland in 1794.",
    # and another verb is nothing that a rule knows, unless it is in the list of opposites.
    "Sales of the Comet 4 car halved to 18,500 in 1962.",
}


def judge(statement: str, told: Told) -> str | None:
    return disagreement(statement, [told.source], told.context)


def change_digits(text: str, random_: random.Random) -> Iterator[str]:
    for match in re.finditer(r"\d", text):
        digit = random_.choice([d for d in "123456789" if d != match[0]])
        yield text[: match.start()] + digit + text[match.end() :]


def change_month(text: str, random_: random.Random) -> Iterator[str]:
    for match in re.finditer(MONTH, text):
        for month in ("December", "September"):
            yield text[: match.start()] + month + text[match.end() :]


def change_name(text: str, random_: random.Random) -> Iterator[str]:
    for match in re.finditer(r"(?<=[a-z] )[A-Z][a-zé]+", text):
        for name in random_.sample(NAMES, 2):
            yield text[: match.start()] + name + text[match.end() :]


def put_in_denial(text: str, random_: random.Random) -> Iterator[str]:
    for match in re.finditer(AUXILIARY + r"(?! not\b|n't)", text):
        denial = random_.choice([" not", " never"])
        yield text[: match.end()] + denial + text[match.end() :]


def take_out_denial(text: str, random_: random.Random) -> Iterator[str]:
    for match in re.finditer(r" (?:not|never)\b|(?<=[a-z])n't\b", text):
        yield text[: match.start()] + text[match.end() :]


def put_in_scope(text: str, random_: random.Random) -> Iterator[str]:
    for match in re.finditer(r"\b(?:by|in|from|of|to|was|has)\b", text):
        word = random_.choice([" only", " all", " both", " the newest"])
        yield text[: match.end()] + word + text[match.end() :]


def give_to_speaker(text: str, random_: random.Random) -> Iterator[str]:
    for speaker in ("the mayor", "officials", "Ottoline Kessler"):
        yield f"According to {speaker}, {text}"
        yield f"{text.rstrip('.')}, {speaker} said."


def put_in_reservation(text: str, random_: random.Random) -> Iterator[str]:
    if re.search(r"\b(?:[Ii]f|may|might|would)\b", text):
        return
    yield f"{text.rstrip('.')}, if it rains."
    yield f"Possibly {text[0].lower()}{text[1:]}"


MUTATIONS = [
    change_digits,
    change_month,
    change_name,
    put_in_denial,
    take_out_denial,
    put_in_scope,
    give_to_speaker,
    put_in_reservation,
]


def mutate(mutation: Callable[[str, random.Random], Iterator[str]]) -> list[tuple[str, Told]]:
    random_ = random.Random(mutation.__name__)
    return [(one, told) for text, told in TRUE for one in mutation(text, random_)]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_no_altered_sentence_agrees(
    mutation: Callable[[str, random.Random], Iterator[str]],
) -> None:
    agreed = [(one, told.source) for one, told in mutate(mutation) if judge(one, told) is None]
    assert agreed == []


def test_the_altered_sentences_are_more_than_a_thousand() -> None:
    assert sum(len(mutate(mutation)) for mutation in MUTATIONS) > 1_000


def test_no_false_rewording_agrees() -> None:
    false = [(text, told) for told in TABLE for text in told.false]
    assert len(false) > 200
    assert [(text, told.source) for text, told in false if judge(text, told) is None] == []


def test_most_faithful_rewordings_agree(record_property: Callable[[str, object], None]) -> None:
    lost = [(text, reason) for text, told in FAITHFUL if (reason := judge(text, told))]
    share = 1 - len(lost) / len(FAITHFUL)
    record_property("faithful rewordings that agree", f"{share:.3f} of {len(FAITHFUL)}")
    print(f"{share:.3f} of {len(FAITHFUL)} faithful rewordings agree")  # noqa: T201
    assert share >= 0.97, lost


@pytest.mark.parametrize("told", TABLE, ids=lambda told: told.source[:30])
def test_no_rule_finds_a_sentence_in_disagreement_with_itself(told: Told) -> None:
    compared = pair(told.source, [told.source], told.context)
    assert [rule(compared) for rule in RULES] == [None] * len(RULES)


@given(st.text(max_size=200))
def test_a_quote_agrees_with_itself_whatever_it_is(text: str) -> None:
    assume(text.split())
    assert disagreement(text, ["Another one.", text]) is None


@given(st.text(max_size=120), st.lists(st.text(max_size=120), max_size=3), st.text(max_size=40))
def test_any_text_can_be_compared(statement: str, quotes: list[str], context: str) -> None:
    reason = disagreement(statement, quotes, context)
    assert reason is None or reason


@given(st.sampled_from(TRUE), st.integers(0, 10**7), st.data())
def test_a_sentence_with_one_number_changed_never_agrees(
    true: tuple[str, Told], number: int, data: st.DataObject
) -> None:
    text, told = true
    places = list(re.finditer(r"(?<![\d,.-])\d[\d,.]*\b", text))
    assume(places)
    place = data.draw(st.sampled_from(places))
    assume(str(number) not in re.findall(r"\d+", told.source.replace(",", "")))
    assume(not (number <= 31 and str(number) in told.source))
    altered = f"{text[: place.start()]}{number}{text[place.end() :]}"
    assert judge(altered, told) is not None


@given(st.sampled_from(TRUE), st.sampled_from(NAMES), st.data())
def test_a_sentence_with_a_name_changed_never_agrees(
    true: tuple[str, Told], name: str, data: st.DataObject
) -> None:
    text, told = true
    places = list(re.finditer(r"(?<=[a-z] )[A-Z][a-zé]+", text))
    assume(places)
    place = data.draw(st.sampled_from(places))
    assert judge(text[: place.start()] + name + text[place.end() :], told) is not None


@given(st.sampled_from([one for one in FAITHFUL if judge(*one) is None]), st.data())
def test_whitespace_and_a_common_words_case_change_nothing(
    true: tuple[str, Told], data: st.DataObject
) -> None:
    text, told = true
    gaps = data.draw(st.lists(st.sampled_from([" ", "\n", "  ", "\t"]), min_size=40, max_size=40))
    words = text.split(" ")
    spaced = "".join(word + gap for word, gap in zip(words, gaps, strict=False))
    assert judge(spaced, told) is None
    small = re.sub(r"\b(?:the|was|of|by|an?)\b", lambda m: m[0].capitalize(), text)
    assert judge(small, told) is None


@pytest.mark.parametrize(
    ("statement", "quote", "reason"),
    [
        ("It opened in 1990.", "It opened in 1991.", "the number 1990 is not in what it cites"),
        ("He lived in Kent.", "He lived in Essex.", "the name Kent is not in what it cites"),
        ("He went to Rome.", "He never went to Rome.", "what it cites denies this"),
        ("He never went to Rome.", "He went to Rome.", "it denies what it cites"),
        (
            "The phone is safe.",
            "Huawei said the phone is safe.",
            "it leaves out that this is what Huawei said",
        ),
        ("Reporters said it is safe.", "He told reporters it is safe.", "it names another speaker"),
        ("The mill closed.", "The mill may close.", "it is certain where its source says may"),
        (
            "All mills closed.",
            "The mills closed.",
            "it says all, its source does not",
        ),
        (
            "Demand for tin decreased.",
            "Demand for tin increased.",
            "it has the opposite of a word of its source",
        ),
        (
            "Carthage defeated Rome.",
            "Rome defeated Carthage.",
            "it turns round who did what to whom in its source",
        ),
    ],
)
def test_the_reason_says_what_is_wrong(statement: str, quote: str, reason: str) -> None:
    assert disagreement(statement, [quote]) == reason


def test_a_name_may_stand_in_the_context_and_a_number_may_not() -> None:
    quote = "He built the mill."
    assert disagreement("Reeve built the mill.", [quote], "Thomas Reeve, 1843") is None
    assert disagreement("He built the mill in 1843.", [quote], "Thomas Reeve, 1843") is not None


def test_a_statement_may_join_what_two_quotes_say() -> None:
    quotes = ["Thomas Reeve built the mill in 1843.", "The mill burned in 1901."]
    joined = "The mill, built by Thomas Reeve in 1843, burned in 1901."
    assert disagreement(joined, quotes) is None
    assert disagreement("The mill burned in 1843.", quotes) is not None


def test_nothing_agrees_without_a_quote_and_nothing_is_said_by_nothing() -> None:
    assert disagreement("It rained.", []) == "it cites nothing"
    assert disagreement(" ", ["It rained."]) == "it says nothing"


@pytest.mark.parametrize(
    "piece",
    ["a", "1", "1,111", ",111", "a.", "one hundred and ", "not ", ", a", "March 1 ", "'", "said ",
     "A ", "-", "½", "\u0301", "(", "if ", "A said b, ", "1-", "all b "],
)  # fmt: skip
def test_hostile_text_takes_no_time(piece: str) -> None:
    long = (piece * 100_000)[:100_000]
    cases = [
        (long, "The mill burned."),
        ("The mill burned in 1901.", long),
        (long[: MAX_STATEMENT - 1] + "x", long[:MAX_CITED]),
    ]
    for statement, quote in cases:
        with within(1):
            disagreement(statement, [quote], long)


def test_ten_more_sentences_are_told_apart_but_for_what_no_rule_knows() -> None:
    faithful = [(text, told) for told in FRESH for text in told.faithful]
    false = [(text, told) for told in FRESH for text in told.false]
    kept = sum(judge(*one) is None for one in faithful)
    print(f"{kept} of {len(faithful)} more faithful rewordings agree")  # noqa: T201
    assert kept >= 22
    assert {text for text, told in false if judge(text, told) is None} <= GAPS


@pytest.mark.parametrize("told", MENDED, ids=lambda told: told.source[:30])
def test_what_once_was_judged_wrongly_is_judged_rightly(told: Told) -> None:
    assert [text for text in told.faithful if judge(text, told)] == []
    assert [text for text in told.false if judge(text, told) is None] == []


def test_a_forest_is_no_superlative() -> None:
    quotes = ["The Alder rises in the Stone Forest.", "It flows through ten towns."]
    told = "The Alder rises in the Stone Forest and flows through ten towns."
    assert disagreement(told, quotes, "The Alder") is None
