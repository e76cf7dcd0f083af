"""A reply of JSON in pieces: what is whole is taken at once, what is none never raises."""

import json
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import within

from assistant.cite import DraftStatement
from assistant.write.prompt import MAX_CITED, MAX_STATEMENTS
from assistant.write.reply import MAX_SHORT_CHARS, MAX_STATEMENT_CHARS, UNKNOWN, ShortReply

BOUND_S = 1.0
ONE = '{"statements": [{"sentences": [1], "text": "The mill is old."}'
TWO = ONE + ', {"sentences": [2, 3], "text": "It burnt down – twice “so”."}]}'
FIRST = DraftStatement("The mill is old.", (1,))
SECOND = DraftStatement("It burnt down – twice “so”.", (2, 3))


def read(pieces: Iterable[str]) -> list[DraftStatement]:
    reply = ShortReply()
    found = [one for piece in pieces for one in reply.add(piece)]
    return [*found, *reply.end()]


def one(numbers: str, text: str = '"The mill is old."') -> str:
    return f'{{"statements": [{{"sentences": {numbers}, "text": {text}}}]}}'


def test_a_reply_has_its_statements_in_order() -> None:
    assert read([TWO]) == [FIRST, SECOND]


def test_a_statement_comes_as_soon_as_it_is_whole() -> None:
    reply, came = ShortReply(), {}
    for at, letter in enumerate(TWO):
        for statement in reply.add(letter):
            came[statement] = at
    assert came == {FIRST: len(ONE) - 1, SECOND: TWO.rindex("}]}")}


@pytest.mark.parametrize(
    "text",
    [
        f"```json\n{TWO}\n```",
        f"Sure! Here is the JSON you asked for:\n\n{TWO}\n\nI hope that helps {{}}.",
        f"<think>[1] {{hm}} {{</think>{TWO}",
        TWO.replace('{"sent', '{\n   "sent'),
        json.dumps(json.loads(TWO)),
        json.dumps(json.loads(TWO)["statements"]),
        '{"text": "The mill is old.", "sentences": [1]}' + TWO[len(ONE) :],
        TWO[:-2],
        TWO + TWO[:5],
    ],
)
def test_json_is_found_inside_of_other_text(text: str) -> None:
    assert read([text]) == read(text) == [FIRST, SECOND]


def test_lines_with_numbers_are_read_where_there_is_no_json() -> None:
    told = "- The mill is old. [1]\n2. It burnt down – twice “so” [2, 3].\n\nNo number here.\n"
    first, second = read([told])
    assert (first.text, first.sentences) == (FIRST.text, FIRST.sentences)
    assert (second.text, second.sentences) == (f"2. {SECOND.text}", SECOND.sentences)
    (only,) = read(["[1] The mill is old."])
    assert (only.text, only.sentences) == (FIRST.text, FIRST.sentences)


def test_only_a_mark_at_the_beginning_of_a_line_is_a_bullet() -> None:
    (found,) = read(["* The law - as it is - cost 12. [1]"])
    assert (found.text, found.sentences) == ("The law - as it is - cost 12.", (1,))


def test_numbers_inside_of_a_text_count_when_there_are_no_others() -> None:
    assert read([one("[]", '"The mill is old [1]."')]) == [FIRST]
    assert read([one("[1]", '"The mill is old [9]."')]) == [FIRST]


def test_a_statement_of_two_sentences_becomes_two_on_the_same_numbers() -> None:
    assert read([one("[1, 2]", '"The mill is old. It burnt down."')]) == [
        DraftStatement("The mill is old.", (1, 2)),
        DraftStatement("It burnt down.", (1, 2)),
    ]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ("[1]", (1,)),
        ('["1"]', (1,)),
        ("1", (1,)),
        ("[1, 1, 2]", (1, 2)),
        ("[1, 2, 3, 4]", (1, 2, 3)),
        ("[NaN]", (UNKNOWN,)),
        ("[Infinity, -Infinity]", (UNKNOWN,)),
        ("[1.0]", (UNKNOWN,)),
        ("[true]", (UNKNOWN,)),
        ("[null]", (UNKNOWN,)),
        ("null", (UNKNOWN,)),
        ('["one", [1], {"n": 1}]', (UNKNOWN,)),
        ('["999999999"]', (UNKNOWN,)),
        ("[-1]", (-1,)),
        (f"[1{'0' * 30}]", (10**30,)),
        ("[1e999]", (UNKNOWN,)),
        ("[]", ()),
    ],
)
def test_what_is_no_number_names_no_sentence(numbers: str, expected: tuple[int, ...]) -> None:
    assert read([one(numbers)]) == [DraftStatement("The mill is old.", expected)]


@pytest.mark.parametrize("text", ["3", "null", "[]", '{"text": "x"}', '""', '" \\n "', '"[1]"'])
def test_what_is_no_text_is_no_statement(text: str) -> None:
    assert read([one("[1]", text)]) == []


def test_no_more_statements_than_the_most_are_taken() -> None:
    reply = ShortReply()
    many = ", ".join(f'{{"sentences": [{n}], "text": "It is {n}."}}' for n in range(1, 99))
    assert len(reply.add(f"[{many}]")) == MAX_STATEMENTS
    assert reply.is_full
    assert reply.add(TWO) == reply.end() == ()


def test_a_long_statement_is_cut() -> None:
    (statement,) = read([one("[1]", json.dumps("a" * 5_000))])
    assert len(statement.text) == MAX_STATEMENT_CHARS


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["statements", "sentences", "text", "x"]), inner, max_size=4
        )
    ),
    max_leaves=15,
)
sayings = st.lists(
    st.tuples(st.lists(st.integers(-1, 12), max_size=5), st.text(max_size=60)), max_size=6
).map(lambda said: json.dumps({"statements": [{"sentences": n, "text": t} for n, t in said]}))
replies = st.one_of(
    st.text(max_size=200),
    json_values.map(json.dumps),
    sayings,
    st.tuples(st.text(max_size=30), sayings, st.text(max_size=30)).map("".join),
    st.tuples(sayings, st.integers(0, 80)).map(lambda cut: cut[0][: -cut[1] or None]),
    st.lists(
        st.sampled_from(
            ['{"sentences": ', '{"text": ', '"x"', "[1", "]", "}", ", ", "{", "[2] a\n"]
        ),
        max_size=20,
    ).map("".join),
)


@given(text=replies, cuts=st.lists(st.integers(0, 400), max_size=12))
def test_any_cutting_gives_the_statements_of_the_whole(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(places)]
    whole = read([text])
    assert read(pieces) == whole
    assert read(text) == whole
    assert len(whole) <= MAX_STATEMENTS
    for statement in whole:
        assert statement.text == " ".join(statement.text.split()) != ""
        assert len(statement.text) <= MAX_STATEMENT_CHARS
        assert len(statement.sentences) <= MAX_CITED
        statement.text.encode()


MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        "x" * 10 * MEGABYTE,
        "[1]\n" * MEGABYTE,
        "[1] a. b. c.\n" * MEGABYTE,
        "[" * 10 * MEGABYTE,
        "{" * 10 * MEGABYTE,
        '{"text": ' * MEGABYTE,
        '{"statements": [' + '{"sentences": [1], "text": ' + "[" * MEGABYTE,
        '{"text": "' + "a" * 10 * MEGABYTE,
        '{"sentences": [' + "1, " * MEGABYTE,
        '{"sentences": [' + "1" * MEGABYTE,
        '{"sentences": [1' + "0" * 9_000 + '], "text": "x"}',
        "{" + " " * 10 * MEGABYTE,
        "[" + " " * 10 * MEGABYTE,
        "[1, " * MEGABYTE,
        '{"text": "\\ud800"}' * MEGABYTE,
        "\n" * 10 * MEGABYTE,
        '{"statements": [' + " " * 10 * MEGABYTE,
    ],
    ids=lambda text: text[:20].strip() or "lines",
)
@pytest.mark.parametrize("piece_chars", [MEGABYTE, 4])
def test_garbage_is_read_in_bounded_time(text: str, piece_chars: int) -> None:
    text = text if piece_chars > 4 else text[: 2 * MAX_SHORT_CHARS]
    pieces = [text[at : at + piece_chars] for at in range(0, len(text), piece_chars)]
    with within(BOUND_S):
        read(pieces)


def test_a_reply_that_is_too_long_is_full() -> None:
    reply = ShortReply()
    reply.add("x" * (MAX_SHORT_CHARS - 1))
    assert not reply.is_full
    reply.add("xx")
    assert reply.is_full
    assert len(reply.text) == MAX_SHORT_CHARS
