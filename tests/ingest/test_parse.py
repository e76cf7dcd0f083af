"""Parsing by media type: what every format owes, and what is refused before any sees it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import require_in_order

from assistant.errors import DocumentUnreadable
from assistant.ingest.formats.parsed import Limits
from assistant.ingest.parse import OverdueError, parse, stop_after
from assistant.text.normalize import normalize

PIECES = [
    *["# ", "\n", "\n\n", "- ", "> ", "```\n", "| a | b |\n|---|---|\n", "1. ", "===\n", "  \n"],
    *[
        "<p>",
        "</p>",
        "<b>",
        "<table><tr><td>",
        "<td>",
        "<pre>",
        "<br>",
        "<h2>",
        "</h2>",
        "<p hidden>",
    ],
    *["<!--", "-->", "e\u0301", "\u200b", "\r\n", "&amp;", "👨‍👩‍👧", "---\n", "title: x\n"],
]
FORMATS = ("text/plain", "text/markdown", "text/html")
"""Those that read any text; what the others owe stands in their own tests."""
OTHER_FORMATS = ("text/x-source", "text/csv", "application/json", "application/jsonl")
MARKUP = st.lists(st.one_of(st.text(max_size=12), st.sampled_from(PIECES)), max_size=30).map(
    "".join
)


@pytest.mark.parametrize("kind", [*FORMATS, *OTHER_FORMATS, "message/rfc822"])
@given(source=MARKUP)
def test_text_is_canonical_and_its_parts_lie_in_it_in_order(kind: str, source: str) -> None:
    try:
        parsed = parse(source.encode(), kind, Limits(max_chars=10_000))
    except DocumentUnreadable:
        return
    assert normalize(parsed.text)[0] == parsed.text
    require_in_order(parsed.text, parsed.blocks)
    assert [h.start for h in parsed.headings] == sorted(h.start for h in parsed.headings)
    for heading in parsed.headings:
        assert any(s <= heading.start < heading.end <= e for s, e in parsed.blocks)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("data", [b"", b" \n\t\r\n", b"\xef\xbb\xbf", "\u200b\u00ad".encode()])
def test_a_file_without_text_is_refused(kind: str, data: bytes) -> None:
    with pytest.raises(DocumentUnreadable, match="no text in it"):
        parse(data, kind, Limits(max_chars=100))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_long_text_is_refused_and_not_cut(kind: str) -> None:
    parse(b"x" * 100, kind, Limits(max_chars=100))
    with pytest.raises(DocumentUnreadable, match=r"101 characters, over the limit of 100"):
        parse(b"x" * 101, kind, Limits(max_chars=100))


@pytest.mark.parametrize("kind", FORMATS)
def test_removed_characters_are_warned_of(kind: str) -> None:
    parsed = parse("pay\u202e me\u200b".encode(), kind, Limits(max_chars=100))
    assert parsed.warnings == ("2 invisible or control characters removed",)
    assert parsed.text == "pay me"


def test_what_takes_too_long_is_stopped_even_if_the_first_call_to_stop_is_lost() -> None:
    n_lost = 0

    def go_on_for_ever() -> None:
        nonlocal n_lost
        try:
            while True:
                pass
        except OverdueError:  # as where garbage is collected
            n_lost += 1
        while True:
            pass

    with pytest.raises(OverdueError), stop_after(0.05):
        go_on_for_ever()
    assert n_lost == 1
