"""Gathering blocks: canonical text, and maps that lie in it in order, whatever is added."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import pages, refuses

from assistant.errors import Fault
from assistant.ingest.formats import blocks as module
from assistant.ingest.formats.blocks import Block, Blocks
from assistant.text.normalize import normalize
from assistant.values import PageKind


@given(
    texts=st.lists(st.tuples(st.text(max_size=8), st.integers(0, 9), st.booleans()), max_size=20)
)
def test_the_text_is_canonical_and_its_parts_lie_in_it_in_order(
    texts: list[tuple[str, int, bool]],
) -> None:
    blocks = Blocks()
    for number, (text, level, is_page) in enumerate(texts, start=1):
        if is_page:
            blocks.start_page(number, PageKind.SLIDE)
        blocks.add(text, level)
        for line in blocks.clean_lines("  " + text):
            blocks.append(Block(line))
    parsed = blocks.finish(None, [None])
    assert normalize(parsed.text) == (parsed.text, 0)
    for spans in (
        parsed.blocks,
        [(h.start, h.end) for h in parsed.headings],
        [(p.start, p.end) for p in parsed.pages],
    ):
        position = 0
        for start, end in spans:
            assert position <= start < end <= len(parsed.text)
            assert parsed.text[start:end] == parsed.text[start:end].strip() != ""
            position = end
    kept = [level for text, level, _ in texts if normalize(text)[0].strip() and level]
    assert [h.level for h in parsed.headings] == kept


def test_a_page_spans_its_blocks_and_one_without_blocks_is_none() -> None:
    blocks = Blocks()
    blocks.add("before")
    for number, words in ((1, ("a b", "c")), (2, (" ",)), (3, ("d",))):
        blocks.start_page(number, PageKind.SLIDE)
        for text in words:
            blocks.add(text)
    blocks.end_page()
    blocks.add("after")
    parsed = blocks.finish("Title", ["careful", None])
    assert pages(parsed) == [
        (1, "a b\nc"),
        (3, "d"),
    ]
    assert (parsed.title, parsed.warnings) == ("Title", ("careful",))


def test_a_text_that_outgrows_its_bound_is_refused_at_once() -> None:
    blocks = Blocks(max_chars=5)
    blocks.add("12345")
    with refuses(Fault.TOO_LARGE, "more characters than the limit of 5"):
        blocks.add("6")


def test_too_many_blocks_are_refused_however_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BLOCKS", 2)
    blocks, unbounded = Blocks(max_chars=100), Blocks()
    for gathered in (blocks, unbounded, blocks, unbounded):
        gathered.add("a")
    unbounded.add("b")
    with refuses(Fault.TOO_LARGE, "more than 2 paragraphs or rows"):
        blocks.add("b")
