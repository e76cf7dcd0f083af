"""JSON, JSON Lines and notebooks: every value is said with its name, and nothing is worked out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import blocks_by, pages, within

from assistant.errors import DocumentUnreadable
from assistant.ingest.formats.json import locate_lines, parse, parse_lines
from assistant.text.normalize import normalize

blocks = blocks_by(parse)

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(min_size=1, max_size=9)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


def leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [value if isinstance(value, str) else json.dumps(value)]


def fold(text: str) -> str:
    return " ".join(normalize(text)[0].split())


@given(VALUES)
def test_every_value_is_in_the_text(value: Any) -> None:
    text = fold(parse(json.dumps(value).encode()).text)
    for leaf in leaves(value):
        assert all(part in text for part in fold(leaf).split())


def test_values_are_said_with_the_names_that_lead_to_them() -> None:
    source = {
        "title": "Shop",
        "owner": {"name": "Ada", "born": 1815, "email": None},
        "products": [
            {"name": "Tea", "price": 2.50, "tags": ["hot", "dry"]},
            {"name": "Milk", "price": 1.2, "from": {"farm": "Hill", "cows": 12}},
        ],
        "about": "First paragraph.\n\nSecond one.",
        "open": True,
        "empty": [],
    }
    assert blocks(json.dumps(source)) == [
        "title: Shop",
        "owner.name: Ada | owner.born: 1815 | owner.email: null",
        "products.name: Tea | products.price: 2.5 | products.tags: hot, dry",
        "products.name: Milk | products.price: 1.2",
        "products.from.farm: Hill | products.from.cows: 12",
        "about: First paragraph.",
        "Second one.",
        "open: true",
    ]
    assert parse(json.dumps(source).encode()).title == "Shop"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("[1.50, NaN, -Infinity, 1e400]", "1.50, NaN, -Infinity, 1e400"),
        ("9" * 10_000, "9" * 10_000),
        ('{"a": 1, "a": 2}', "a: 1 | a: 2"),
        ('"x\\ud800y"', "xy"),
        ('{"": {"": "z"}}', "z"),
        ('"tab\there"', "tab here"),
    ],
)
def test_odd_values_are_said_as_they_stand(source: str, said: str) -> None:
    assert blocks(source) == [said]


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_brackets_too_deep_are_refused_before_they_are_read(opening: str) -> None:
    with pytest.raises(DocumentUnreadable, match="nested more than 100 deep"):
        parse((opening * 200_000).encode())


def test_too_many_brackets_are_refused_before_they_are_read() -> None:
    with pytest.raises(DocumentUnreadable, match="more than 1,000,000 lists and objects"):
        parse(b"[" + b"{}," * 1_000_000 + b"1]")


def test_brackets_in_strings_are_not_deep() -> None:
    assert blocks(json.dumps("[" * 500 + '"' + "{" * 500)) == ["[" * 500 + '"' + "{" * 500]


@pytest.mark.parametrize("source", ['{"a": 1,\n// why\n"b": 2}', '{"a": "b', '{"a": 1}\n{"a": 2}'])
def test_what_is_no_json_is_read_as_it_is_with_a_warning(source: str) -> None:
    parsed = parse(source.encode())
    assert parsed.text == source
    assert parsed.warnings[0].startswith("not JSON (")


def test_a_notebook_is_its_cells_without_what_they_put_out() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Study\n", "\n", "It was cold. It\n", "snowed."]},
        {"cell_type": "code", "source": "x = 1\ny = 2", "outputs": [{"text": "SECRET"}]},
        {"cell_type": "raw", "source": "As it is."},
    ]
    parsed = parse(json.dumps({"cells": cells, "nbformat": 4}).encode())
    assert [parsed.text[start:end] for start, end in parsed.blocks] == [
        "Study", "It was cold. It snowed.", "x = 1", "y = 2", "As it is.",
    ]  # fmt: skip
    assert parsed.title == "Study"
    assert parsed.warnings == ("1 cell with output, which is left out",)
    assert "SECRET" not in parsed.text


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ("null", "cells: null | nbformat: 4"),
        ("[]", ""),
        ('[null, {"source": 5}, {"source": [1, "a"]}, {}]', "5\n\n1a"),
        ('{"a": 1}', "cells.a: 1\nnbformat: 4"),
    ],
)
def test_a_broken_notebook_is_read_as_far_as_it_goes(cells: str, said: str) -> None:
    assert parse(f'{{"cells": {cells}, "nbformat": 4}}'.encode()).text.strip() == said


def test_lines_of_json_are_pages_and_bad_ones_are_shown_and_counted() -> None:
    data = (
        '{"name": "Tea", "n": 1}\r\n\n{broken\n"two\u2028lines"\n{"a": {"b": 1}, "c": "d"}'.encode()
    )
    parsed = parse_lines(data)
    said = pages(parsed)
    assert said == [(1, "name: Tea | n: 1"), (3, "{broken"), (4, "two\nlines"), (5, "a.b: 1\nc: d")]
    assert parsed.warnings == ("1 line could not be read as JSON, left as in the file",)
    spans = [(page.start, page.end) for page in parsed.pages]
    found = [locate_lines(data, span, parsed.pages).bytes or (0, 0) for span in spans]
    assert [data[start:end] for start, end in found] == [
        line.strip().encode() for line in data.decode().split("\n") if line.strip()
    ]


@pytest.mark.parametrize(
    "source",
    ["[" + "1," * 500_000 + "1]", "[" + '{"a":1},' * 100_000 + "1]", '"' + "\\n" * 500_000 + 'x"',
     "[" + "[]," * 300_000 + "1]",
     '"' + "x" * 1_000_000 + '"', "{" + '"a":1,' * 100_000 + '"b":2}'],
    ids=["numbers", "objects", "newlines", "arrays", "string", "members"],
)  # fmt: skip
def test_a_large_file_takes_seconds_at_most(source: str) -> None:
    with within(8):
        parse(source.encode())
