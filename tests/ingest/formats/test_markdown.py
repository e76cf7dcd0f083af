"""Markdown: the source itself, with the spans of what may be cited."""

import pytest
from ingest.reading import blocks_by, headings, within

from assistant.ingest.formats.markdown import parse

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
        "First *part*",
        "One paragraph\nover two lines,\nwith a hard break.",
        "And [a link](http://x.example) after it.",
        "quoted words\n> go on",
        "first item\n   continued",
        "nested item",
        "Name | Price",
        "Tea  | 2.50",
        "first = line",
        "second = line",
        "Second",
        "raw",
        "words",
        "here",
    ]


def test_the_text_is_the_source() -> None:
    assert parse(SOURCE.encode()).text == SOURCE


def test_headings_span_their_words_without_marks() -> None:
    parsed = parse(SOURCE.encode())
    words = headings(parsed)
    assert words == [("First *part*", 1), ("Second", 1)]


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
    assert blocks("# A\r\n\r\none\r\ntwo\r\n") == ["A", "one\ntwo"]


@pytest.mark.parametrize(
    "unit", [" ", ">", "[", "<div ", "<!-- ", "`", "*", "|", "a\\\n", "# ", "\t"]
)
def test_hostile_lines_take_linear_time(unit: str) -> None:
    with within(5):
        parse(b"a" + unit.encode() * (200_000 // len(unit)) + b"b")
