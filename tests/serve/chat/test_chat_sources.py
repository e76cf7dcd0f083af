"""A reference that was clicked opens what the server holds, or nothing."""

from dataclasses import replace

import pytest
from dom import first, parse, present
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborNode
from surface_fakes import HOSTILE, FakeAssistant, answer, answered, cite

from assistant.errors import AssistantError, CorpusError
from assistant.serve.chat.corpus import CorpusView, ListView, list_rows, render_documents
from assistant.serve.chat.sources import resolve, show_source
from assistant.serve.chat.turns import Turn
from assistant.values import DocumentId, FileRecord, Status

TYPHOON = Turn(1, "typhoon", FakeAssistant().ask("typhoon"))
REFUSED = Turn(2, "unknown", FakeAssistant().ask("unknown"))
TURNS = (TYPHOON, REFUSED, Turn(3, "bug", "Went wrong."), Turn(4, "Running?"))
FIRST, SECOND = answered(TYPHOON.outcome).citations


def opened(
    reference: str, turns: tuple[Turn, ...] = TURNS, assistant: FakeAssistant | None = None
) -> LexborNode:
    html = show_source(assistant or FakeAssistant(), reference, turns)
    return parse(present(html))


def test_a_citation_opens_its_document_with_all_spans_of_the_answer() -> None:
    source = present(resolve("cite-1-2", TURNS))
    spans = [(span.start, span.end) for span in source.spans]
    assert spans == [(one.start, one.end) for one in (FIRST, SECOND)]
    body = opened("cite-1-2")
    assert [node.text() for node in body.css("mark")] == [FIRST.quote, SECOND.quote]
    assert first(body, "#cited-span").text() == SECOND.quote
    assert first(body, ".at").text() == "Citation 2 of 2"


def test_only_the_spans_of_the_opened_document_are_marked() -> None:
    news, handbook, _ = FakeAssistant().held.values()
    both = answer("?", cite(1, news, "Reactions"), cite(2, handbook, "Leave policy"))
    assert len(present(resolve("cite-1-2", (Turn(1, "?", both),))).spans) == 1


def test_a_citation_says_whether_it_was_marked_as_wrong() -> None:
    flagged = replace(TYPHOON, flagged=frozenset({2}))
    for reference, is_pressed in (("cite-1-1", "false"), ("cite-1-2", "true")):
        button = first(opened(reference, (flagged,)), "button[data-act=flag]")
        assert button.attributes["aria-pressed"] == is_pressed


def test_a_passage_that_was_read_opens_without_the_citations() -> None:
    for turn in (1, 2):
        (mark,) = opened(f"read-{turn}-1").css("mark")
        assert mark.text() == answered(TURNS[turn - 1].outcome).consulted[0].text
    assert not opened("read-1-1").css(".steps")


@pytest.mark.parametrize(
    "reference",
    [
        *"None close cite cite-1 cite-1-99 cite-9-1 cite-1-0 cite--1-1 CITE-1-1 cite-٣-1".split(),
        *"cite-2-1 cite-3-1 cite-4-1 read-1-0 read-1-99 read-3-1 open-x ../../etc/passwd".split(),
        "",
        "cite-1-1 ",
        "cite-1-1\n",
        "cite-1-1<script>alert(1)</script>",
        "cite-1-" + "9" * 5_000,
    ],
)
def test_a_reference_that_nothing_stands_behind_opens_nothing(reference: str) -> None:
    assert resolve(reference, TURNS) is None
    assert show_source(FakeAssistant(), reference, TURNS) is None


@given(st.text(max_size=12) | st.from_regex(r"(cite|read|doc)-.{0,12}"))
def test_no_reference_whatever_it_is_breaks_or_leaves_the_answers(reference: str) -> None:
    source = resolve(reference, TURNS)
    if source and source.strong:
        assert source.quote in {
            *(c.quote for c in answered(TYPHOON.outcome).citations),
            *(c.text for turn in (TYPHOON, REFUSED) for c in answered(turn.outcome).consulted),
        }


@pytest.mark.parametrize("name", ["nothing.txt", "..%2F..%2Fetc%2Fpasswd", "%00", "%ff", ""])
def test_a_document_that_the_index_does_not_hold_is_a_failure_that_was_foreseen(name: str) -> None:
    with pytest.raises(CorpusError, match="the index holds no document"):
        show_source(FakeAssistant(), f"doc-{name}", ())


@pytest.mark.parametrize(
    "name", ['odd/"name" #1 & <b>%2F</b>.txt', "a b+c.txt", "日本語/é.md", "100%.txt", HOSTILE]
)
def test_every_listed_document_opens_from_its_link(name: str) -> None:
    assistant = FakeAssistant()
    odd = replace(
        assistant.held[DocumentId("handbook.md")], document_id=DocumentId(name), title="Odd"
    )
    assistant.held = {DocumentId(name): odd}
    record = FileRecord(DocumentId(name), Status.INDEXED, None, "Odd", 1, 1)
    listed = parse(render_documents(list_rows([record], ListView("a")), CorpusView((), 1)))
    (link,) = (node.attributes["href"] for node in listed.css(".row-name a"))
    assert first(opened(present(link).removeprefix("#"), (), assistant), "h2").text() == "Odd"


def test_a_document_that_changed_since_the_answer_says_so_and_marks_nothing() -> None:
    assistant = FakeAssistant()
    held = assistant.held[FIRST.document_id]
    assistant.held[FIRST.document_id] = replace(held, text="New. " + held.text)
    body = opened("cite-1-1", assistant=assistant)
    told = first(body, ".notice").text()
    assert "has changed since this answer" in told
    assert FIRST.quote in told
    assert not body.css("mark")


def test_a_document_that_has_become_shorter_than_the_place_says_so() -> None:
    assistant = FakeAssistant()
    held = assistant.held[FIRST.document_id]
    assistant.held[FIRST.document_id] = replace(held, text="Short.", units=())
    assert "has changed" in opened("cite-1-2", assistant=assistant).text()


def test_a_document_that_left_the_index_is_a_failure_that_was_foreseen() -> None:
    assistant = FakeAssistant()
    del assistant.held[FIRST.document_id]
    with pytest.raises(AssistantError, match="the index holds no document"):
        show_source(assistant, "cite-1-1", TURNS)
