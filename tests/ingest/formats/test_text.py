"""Plain text: which line breaks end a paragraph."""

import textwrap
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.ingest.formats.text import find_blocks, parse

WRAPPED = """\
The project was begun in the spring of the year, when the first of the
volunteers had arrived from Dr.
Brown's office and the rooms of the house were still without furniture.
Nobody slept.

CHAPTER I

It was a long winter, and the snow lay deep upon the roofs of the town
until the end of April; the wells froze, and the
mill stood still from one new moon to the next, as the miller
had said that it would. They had:
- bread and a little salt from the store that the baker had left them
- wood
"""


def blocks(text: str) -> list[str]:
    return [text[start:end] for start, end in find_blocks(text)]


def test_one_paragraph_a_line_stays_one_a_line() -> None:
    lines = [
        "A long paragraph that goes on. " * 12,
        "Another one follows here. " * 9,
        "A short one",
    ]
    assert blocks("\n".join(lines)) == [line.strip() for line in lines]


def test_wrapped_lines_are_joined_and_short_ones_end_a_paragraph() -> None:
    assert blocks(WRAPPED) == [
        "The project was begun in the spring of the year, when the first of the\n"
        "volunteers had arrived from Dr.",
        "Brown's office and the rooms of the house were still without furniture.\nNobody slept.",
        "CHAPTER I",
        "It was a long winter, and the snow lay deep upon the roofs of the town\n"
        "until the end of April; the wells froze, and the",
        "mill stood still from one new moon to the next, as the miller\n"
        "had said that it would. They had:",
        "- bread and a little salt from the store that the baker had left them",
        "- wood",
    ]


@settings(max_examples=20)
@given(st.lists(st.lists(st.text("aeiou", min_size=1, max_size=12), min_size=60, max_size=99)))
def test_paragraphs_wrapped_by_machine_are_whole_again(paragraphs: list[list[str]]) -> None:
    wrapped = [textwrap.fill(" ".join(words), 72) for words in paragraphs]
    assert blocks("\n\n".join(wrapped)) == wrapped


def test_verse_and_addresses_keep_their_lines() -> None:
    address = "Acme Inc.\n12 Main Street\nSpringfield\nUSA"
    assert blocks(address) == address.split("\n")


def test_blank_lines_part_and_spaces_are_trimmed() -> None:
    assert blocks("  one \n \t \n\n two  ") == ["one", "two"]


def test_there_is_neither_title_nor_heading() -> None:
    parsed = parse(b"TITLE\n\nText.")
    assert (parsed.title, parsed.headings, parsed.warnings) == (None, (), ())


def test_a_million_blank_lines_take_moments() -> None:
    started = time.process_time()
    assert blocks("\n" * 1_000_000 + "end") == ["end"]
    assert time.process_time() - started < 5
