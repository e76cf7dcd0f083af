"""Source code: lines of code each by itself, comments as paragraphs of whole sentences."""

import pytest
from ingest.reading import blocks_by, within

from assistant.errors import DocumentUnreadable
from assistant.ingest.formats.text import locate_source as locate
from assistant.ingest.formats.text import parse_source as parse
from assistant.text.sentences import split_sentences

blocks = blocks_by(parse)

CODE = '''\
"""Reads the temperature of a
sensor. Returns kelvin.

Never waits.
"""
import os  # not prose

# The offset is known from
# calibration. Do not change it.
OFFSET = 273.15

#if FLAG
def read(): return os.x + OFFSET
'''


def test_comments_are_paragraphs_and_code_is_lines() -> None:
    assert blocks(CODE) == [
        '"""Reads the temperature of a\nsensor. Returns kelvin.',
        "Never waits.",
        '"""',
        "import os  # not prose",
        "# The offset is known from\n# calibration. Do not change it.",
        "OFFSET = 273.15",
        "#if FLAG",
        "def read(): return os.x + OFFSET",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/* One thing.\n * And more\n */\nint x;", ["/* One thing.\n * And more", "*/", "int x;"]),
        ("// One\n// two.\n/// three\nf();", ["// One\n// two.\n/// three", "f();"]),
        ("-- Select it\n-- all.\nSELECT 1", ["-- Select it\n-- all.", "SELECT 1"]),
        ("a = b * c\n* d\n", ["a = b * c", "* d"]),
        ("x = '''one\ntwo\n'''\ny = 1", ["x = '''one", "two", "'''", "y = 1"]),
        ("/* a comment */\n/* another */", ["/* a comment */", "/* another */"]),
        ("# one\n\n# two", ["# one", "# two"]),
    ],
)
def test_what_belongs_together_in_other_languages(text: str, expected: list[str]) -> None:
    assert blocks(text) == expected


def test_lines_are_pages_with_their_numbers_in_the_file() -> None:
    data = CODE.replace("\n", "\r\n").encode()
    parsed = parse(data)
    lines = CODE.split("\n")
    assert [page.number for page in parsed.pages] == [1, 2, 4, 5, 6, 8, 9, 10, 12, 13]
    for page in parsed.pages:
        assert page.kind == "line"
        assert parsed.text[page.start : page.end] == lines[page.number - 1]
        start, end = locate(data, (page.start, page.end)).bytes or (0, 0)
        assert data[start:end].decode() == lines[page.number - 1]


def test_a_sentence_may_go_over_the_lines_of_a_comment() -> None:
    parsed = parse(CODE.encode())
    sentences = [parsed.text[slice(*span)] for span in split_sentences(parsed.text, parsed.blocks)]
    assert "# The offset is known from\n# calibration." in sentences


def test_more_lines_than_anyone_reads_are_refused() -> None:
    with pytest.raises(DocumentUnreadable, match="more than 500,000 lines"):
        parse(b"x\n" * 500_001)


@pytest.mark.parametrize("unit", ["x", "\n", '"""', "# a\n", "x\n", "\r", "\u2028", "\x0b", "#"])
def test_a_large_file_takes_seconds_at_most(unit: str) -> None:
    with within(8):
        parse((unit * 1_000_000)[:1_000_000].encode())
