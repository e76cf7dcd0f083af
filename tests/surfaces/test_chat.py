from dataclasses import replace

import pytest
from surface_fakes import FakeAssistant

from assistant.errors import StoreError
from assistant.surfaces.chat import conversation
from assistant.surfaces.chat.conversation import (
    STOPPED,
    Turn,
    View,
    converse,
    render_conversation,
    stop,
)
from assistant.surfaces.chat.sources import UNKNOWN, list_documents, resolve, show
from assistant.values import Answer, FileRecord


def talk(*questions: str) -> tuple[Turn, ...]:
    turns: tuple[Turn, ...] = ()
    for question in questions:
        *_, last = converse(FakeAssistant(), question, turns)
        turns = last.turns
    return turns


def test_a_question_shows_each_stage_and_then_its_answer():
    views = list(converse(FakeAssistant(), "typhoon", ()))
    assert [view.running for view in views] == [True, True, True, True, False]
    assert [view.status for view in views[1:]] == [
        "Searching 3 documents",
        "Reading 8 passages",
        "Checking each quote",
        "Answered with 2 citations.",
    ]
    (turn,) = views[-1].turns
    assert isinstance(turn.outcome, Answer)


def test_a_blank_question_adds_no_turn():
    (view,) = converse(FakeAssistant(), " \n ", ())
    assert view == View((), "Type a question first.", running=False)


def test_a_refused_question_is_a_notice_and_is_shown_cut():
    (turn,) = talk("x" * 5_000)
    assert turn.outcome == "the question has 5,000 characters; 4,000 are allowed"
    html = render_conversation(View((turn,), "", running=False), 4_000)
    assert "x" * 4_000 + "…" in html
    assert "x" * 4_001 not in html


def test_a_defect_is_a_notice_with_an_id_and_never_a_traceback(caplog):
    (turn,) = talk("bug")
    assert "secret" not in turn.outcome
    assert turn.outcome.partition("(error ")[2][:8] in caplog.text
    assert "secret detail" in caplog.text


def test_a_failure_leaves_the_conversation_usable():
    turns = talk("typhoon", "bug", "leave")
    assert [turn.number for turn in turns] == [1, 2, 3]
    assert isinstance(turns[2].outcome, Answer)


def test_a_question_is_asked_with_what_the_answered_turns_said():
    fake = FakeAssistant()
    turns = ()
    for question in ("typhoon", "bug", "unknown", "leave"):
        *_, last = converse(fake, question, turns)
        turns = last.turns
    said = " ".join(one.text for one in turns[0].outcome.statements)
    told = [("user", "typhoon"), ("assistant", said)]
    assert fake.histories == [
        (),
        tuple(told),
        tuple(told),
        (*told, ("user", "unknown"), ("assistant", "")),
    ]


def test_old_turns_leave_and_numbers_stay(monkeypatch):
    monkeypatch.setattr(conversation, "MAX_TURNS", 3)
    turns = talk("typhoon", "leave", "unknown", "leave")
    assert [turn.number for turn in turns] == [2, 3, 4]
    assert resolve("cite-1-1", turns) is None
    assert resolve("cite-4-1", turns) is not None


def test_stopping_marks_the_unfinished_turn_and_no_other():
    views = list(converse(FakeAssistant(), "leave", talk("typhoon")))
    stopped = stop(views[1].turns)
    assert stopped.turns[-1].outcome == STOPPED
    assert stopped.turns[0] == views[1].turns[0]
    assert stop(views[-1].turns).turns == views[-1].turns
    assert stop(()).turns == ()


def test_a_citation_opens_its_document_with_all_spans_of_the_answer():
    turns = talk("typhoon")
    source = resolve("cite-1-2", turns)
    first, second = turns[0].outcome.citations
    assert [(span.start, span.end) for span in source.spans] == [
        (first.start, first.end),
        (second.start, second.end),
    ]
    assert (source.strong.start, source.strong.end) == (second.start, second.end)
    html = show(FakeAssistant(), "cite-1-2", turns)
    assert html.count("<mark") == 2
    assert f'id="cited-span">{second.quote.replace(chr(39), "&#x27;")}</mark>' in html


def test_a_passage_that_was_read_opens_without_the_citations():
    html = show(FakeAssistant(), "read-1-1", talk("unknown"))
    assert html.count("<mark") == 1


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "None",
        "cite",
        "cite-1",
        "cite-1-99",
        "cite-9-1",
        "cite-1-0",
        "cite--1-1",
        "cite-1-1 ",
        "cite-1-1<script>alert(1)</script>",
        "cite-٣-1",
        "cite-1-" + "9" * 5_000,
        "read-1-0",
        "read-1-99",
        "../../etc/passwd",
    ],
)
def test_a_reference_that_nothing_stands_behind_gives_a_notice(reference):
    html = show(FakeAssistant(), reference, talk("typhoon"))
    assert UNKNOWN in html
    assert "<mark" not in html
    assert "script>alert" not in html.replace("&lt;script&gt;alert", "")


def test_a_citation_of_an_unanswered_turn_gives_a_notice():
    for turns in (talk("bug"), (Turn(1, "typhoon"),)):
        assert UNKNOWN in show(FakeAssistant(), "cite-1-1", turns)


@pytest.mark.parametrize("name", ["nothing.txt", "..%2F..%2Fetc%2Fpasswd", "%00", "%ff", ""])
def test_a_document_that_the_index_does_not_hold_gives_a_notice(name):
    html = show(FakeAssistant(), f"doc-{name}", ())
    assert "the index holds no document" in html
    assert "Staff handbook" in html


def test_every_listed_document_opens_from_its_link():
    assistant = FakeAssistant()
    name = 'odd/"name" #1 & <b>%2F</b>.txt'
    odd = replace(assistant.held["handbook.md"], document_id=name, title="Odd")
    assistant.held = {name: odd}
    listed = list_documents(assistant)
    reference = listed.partition('href="#')[2].partition('"')[0]
    assert "<h2 tabindex" in show(assistant, reference, ())


def test_a_document_that_changed_since_the_answer_says_so_and_marks_nothing():
    turns = talk("leave")
    assistant = FakeAssistant()
    held = assistant.held["handbook.md"]
    assistant.held["handbook.md"] = replace(held, text="New. " + held.text)
    html = show(assistant, "cite-1-1", turns)
    assert "has changed since this answer" in html
    assert "Employees accrue two days" in html
    assert "<mark" not in html


def test_a_document_that_left_the_index_gives_a_notice():
    turns = talk("leave")
    assistant = FakeAssistant()
    del assistant.held["handbook.md"]
    assert "the index holds no document" in show(assistant, "cite-1-1", turns)


class Broken(FakeAssistant):
    def documents(self) -> tuple[FileRecord, ...]:
        raise StoreError("the index cannot be read; run `assistant check`")

    def document(self, document_id):
        raise ZeroDivisionError("secret detail")


def test_an_index_that_cannot_be_read_is_a_notice_in_the_panel(caplog):
    assert "run `assistant check`" in list_documents(Broken())
    assert "run `assistant check`" in show(Broken(), "close", ())
    html = show(Broken(), "doc-x", ())
    assert "secret" not in html
    assert "secret detail" in caplog.text


def test_closing_shows_the_documents_again():
    assert show(FakeAssistant(), "close", ()) == list_documents(FakeAssistant())
