"""Markdown: what is shown of it, in units, and the way back to the file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import blocks_by, headings, within

from assistant.ingest.formats.markdown import locate, parse

blocks = blocks_by(parse)

SOURCE = """\
---
title: "A  guide"
tags: [x]
---
# First *part* #

One paragraph
over two lines,
with a hard break.\\
And [a link](http://x.example) after it.

> quoted words
> go on

1. first item
   continued
   - nested item

| Name | Price |
|------|-------|
| Tea  | 2.50  |

```python
first = line

second = line
```

Second
======

<div class="x">
raw <b>words</b><!-- a secret --> here
</div>

[ref]: http://y.example
"""


def test_blocks_are_paragraphs_items_rows_and_lines_of_code() -> None:
    assert blocks(SOURCE) == [
        "First part",
        "One paragraph over two lines, with a hard break.",
        "And a link after it.",
        "quoted words go on",
        "1. first item continued",
        "nested item",
        "Name | Price",
        "Name: Tea | Price: 2.50",
        "first = line",
        "second = line",
        "Second",
        "raw",
        "words",
        "here",
    ]


def test_units_have_the_roles_of_their_marks() -> None:
    roles = [unit.role.value for unit in parse(SOURCE.encode()).units]
    assert roles == [
        *["heading", "paragraph", "paragraph", "paragraph", "item", "item", "column names", "row"],
        *["code", "code", "heading", "paragraph", "paragraph", "paragraph"],
    ]


@pytest.mark.parametrize(
    ("quote", "source"),
    [
        ("First part", "First *part"),
        ("And a link after it.", "And [a link](http://x.example) after it."),
        ("link after", "link](http://x.example) after"),
        ("first item continued", "first item\n   continued"),
        ("1. first item continued", "1. first item\n   continued"),
        ("Name: Tea | Price: 2.50", "| Tea  | 2.50  |"),
        ("second = line", "second = line"),
        ("words", "words"),
    ],
)
def test_the_words_of_a_span_are_found_in_the_file_again(quote: str, source: str) -> None:
    data = SOURCE.encode()
    start = parse(data).text.rindex(quote)
    found = locate(data, (start, start + len(quote))).bytes
    assert found
    assert data[slice(*found)].decode() == source


@given(
    words=st.lists(st.sampled_from(["*a*", "`b`", "[c d](http://c.d)", "e&amp;", "f", "**g** h"])),
    is_item=st.booleans(),
)
def test_every_unit_is_found_in_the_line_that_it_stands_in(words: list[str], is_item: bool) -> None:
    data = f"{'- ' if is_item else ''}start {' '.join(words)}\n\nNext paragraph.\n".encode()
    parsed = parse(data)
    last = parsed.units[-1]
    found = locate(data, (last.start, last.end)).bytes
    assert found
    assert data[slice(*found)] == b"Next paragraph."
    first = locate(data, (0, 5)).bytes
    assert first
    assert data[slice(*first)] == b"start"


def test_questions_answers_and_fields_of_one_paragraph_are_apart() -> None:
    assert blocks("Q: Is it?\nA: It is,\nand more.\n\nName: Ada\nRoom: 4\n") == [
        *["Q: Is it?", "A: It is, and more.", "Name: Ada", "Room: 4"]
    ]


@pytest.mark.parametrize("marks", ["1.", "1)", "3. 3. 3.", "7. 8. 9."])
def test_numbers_of_a_list_are_those_that_are_shown_and_items_are_found_in_the_file(
    marks: str,
) -> None:
    sources = [f"{mark} go to *{mark}* now" for mark in marks.split()]
    data = "\n".join(sources).encode()
    parsed = parse(data)
    start = int(marks[0])
    assert blocks(data) == [
        f"{start + n}{marks[-1]} go to {mark} now" for n, mark in enumerate(marks.split())
    ]
    for unit, source in zip(parsed.units, sources, strict=True):
        found = locate(data, (unit.start, unit.end)).bytes
        assert found
        assert data[slice(*found)].decode() == source
        word = parsed.text.index("now", unit.start)
        found = locate(data, (word, word + 3)).bytes
        assert found
        assert found[1] == data.index(source.encode(), found[1] - len(source)) + len(source)


def test_headings_are_their_words_without_marks() -> None:
    parsed = parse(SOURCE.encode())
    words = headings(parsed)
    assert words == [("First part", 1), ("Second", 1)]


@pytest.mark.parametrize(
    ("source", "title"),
    [
        (SOURCE, "A guide"),
        ("## Sub\n\n# The *main* `one` [x](y)\n", "The main one x"),
        ("Plain text.", None),
        ("---\n\nA rule, not front matter: no\n\n---\n", None),
    ],
)
def test_the_title_is_front_matters_or_the_first_main_heading(
    source: str, title: str | None
) -> None:
    assert parse(source.encode()).title == title


def test_a_rule_at_the_start_is_no_front_matter() -> None:
    assert blocks("---\n\nText.\n\n---\n") == ["Text."]


@pytest.mark.parametrize("source", [">" * 60 + " deep words", "- " * 60 + "deep words"])
def test_what_nests_too_deep_for_the_parser_is_not_lost(source: str) -> None:
    assert "deep words" in blocks(f"Start.\n\n{source}\n\nEnd.")[1]


def test_line_ends_of_windows_are_read_as_newlines() -> None:
    assert blocks("# A\r\n\r\none\r\ntwo\r\n") == ["A", "one two"]


@pytest.mark.parametrize(
    "unit", [" ", ">", "[", "<div ", "<!-- ", "`", "*", "|", "a\\\n", "# ", "\t"]
)
def test_hostile_lines_take_linear_time(unit: str) -> None:
    with within(5):
        parse(b"a" + unit.encode() * (200_000 // len(unit)) + b"b")


def test_a_first_line_in_bold_that_is_a_question_stands_apart_from_its_answer() -> None:
    assert blocks("**May I park here?**\nYes, behind\nthe hall.") == [
        "May I park here?", "Yes, behind the hall.",
    ]  # fmt: skip
    together = "May I park here?\nYes, **behind**\nthe hall."
    assert blocks(together) == ["May I park here? Yes, behind the hall."]
    assert len(blocks("**May I** park here?\nYes.")) == 1
