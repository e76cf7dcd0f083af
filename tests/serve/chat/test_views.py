"""What a page shows of what is stored, also when the index cannot be read."""

from dataclasses import replace
from typing import NoReturn

import pytest
from dom import first, parse
from selectolax.lexbor import LexborNode
from surface_fakes import HOSTILE, FakeAssistant, settings_anywhere

from assistant.errors import StoreError
from assistant.serve.chat.corpus import Corpus
from assistant.serve.chat.database import Database
from assistant.serve.chat.history import ConversationStore
from assistant.serve.chat.sessions import DOCUMENTS, Session
from assistant.serve.chat.turns import Rating, Step, Turn
from assistant.serve.chat.views import Views, file_names
from assistant.values import Answer, Document, DocumentId

TYPHOON = FakeAssistant().ask("typhoon")


class Broken(FakeAssistant):
    """An index that cannot be read, and a document that is a defect."""

    def documents(self) -> NoReturn:
        raise StoreError("the index cannot be read; run `assistant check`")

    def suggest(self, n: int = 4, near: Answer | None = None) -> NoReturn:
        self.documents()

    def changed(self, answer: Answer) -> NoReturn:
        self.documents()

    def document(self, document_id: str) -> Document:
        raise ZeroDivisionError("secret detail")


def views_of(assistant: FakeAssistant) -> tuple[Views, ConversationStore]:
    store = ConversationStore(Database(assistant.settings.index_dir))
    return Views(assistant, store, Corpus(assistant)), store


@pytest.fixture
def assistant() -> FakeAssistant:
    return FakeAssistant(settings=settings_anywhere(max_question_chars=50))


@pytest.fixture
def views(assistant: FakeAssistant) -> Views:
    return views_of(assistant)[0]


def labels(body: LexborNode) -> list[str | None]:
    return [node.text() or node.attributes["title"] for node in body.css(".actions button")]


def test_an_answer_can_be_copied_asked_again_edited_and_judged(views: Views) -> None:
    body = parse(views.turn(Turn(1, "typhoon", TYPHOON)))
    forms = ["Text alone", "As Markdown", "Text with sources"]
    assert labels(body) == ["Copy", *forms, "Ask again", "Edit", "Helpful", "Not helpful"]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("unknown", ["Ask again", "Edit", "Helpful", "Not helpful"]),
        ("hello", ["Ask again", "Edit"]),
    ],
)
def test_nothing_is_copied_of_a_refusal_and_a_courtesy_is_not_judged(
    views: Views, question: str, expected: list[str]
) -> None:
    turn = Turn(1, question, FakeAssistant().ask(question))
    assert labels(parse(views.turn(turn))) == expected


def test_a_notice_is_shown_and_can_be_asked_again(views: Views) -> None:
    body = parse(views.turn(Turn(1, "Why?", "Stopped.")))
    assert first(body, ".notice").text() == "Stopped."
    assert labels(body) == ["Ask again", "Edit"]


def test_only_an_answer_that_is_not_helpful_may_be_in_no_document(views: Views) -> None:
    label = "The documents do not say this"
    offers: dict[Rating, bool] = {"up": False, "down": True, "unanswerable": True}
    for rating, is_offered in offers.items():
        turn = Turn(1, "typhoon", TYPHOON, rating=rating)
        assert (label in labels(parse(views.turn(turn)))) == is_offered
    refused = Turn(1, "unknown", FakeAssistant().ask("unknown"), rating="down")
    assert label not in labels(parse(views.turn(refused)))


def test_a_turn_that_is_being_answered_shows_what_happens_and_offers_nothing(views: Views) -> None:
    turn = Turn(1, "typhoon", TYPHOON, rating="down")
    body = parse(views.turn(turn, Step(turn, "Reading <b>")))
    assert first(body, ".progress").text() == "Reading <b>"
    assert labels(body) == []
    done = parse(views.turn(turn, Step(turn, "Answered", is_running=False)))
    assert not done.css(".progress")
    assert labels(done)


def test_a_question_that_is_too_long_to_be_asked_is_shown_cut(views: Views) -> None:
    body = parse(views.turn(Turn(1, "x" * 51, "refused")))
    assert first(body, ".question").text() == "x" * 50 + "…"


def test_an_answer_says_which_of_its_documents_have_changed_since(
    assistant: FakeAssistant, views: Views
) -> None:
    assert "Changed since" not in views.turn(Turn(1, "typhoon", TYPHOON))
    held = assistant.held[DocumentId("news/typhoon.txt")]
    assistant.held[held.document_id] = replace(held, sha256="1" * 64)
    body = parse(views.turn(Turn(1, "typhoon", TYPHOON)))
    assert [node.text() for node in body.css(".changed bdi")] == ["typhoon.txt"]
    running = Turn(1, "typhoon", TYPHOON)
    assert "Changed since" not in views.turn(running, Step(running, "Reading"))


def test_a_turn_names_the_documents_that_it_was_asked_of(views: Views) -> None:
    turn = Turn(1, "leave", "x", documents=(DocumentId("a/b.md"), DocumentId(HOSTILE)))
    body = parse(views.turn(turn))
    assert [node.text() for node in body.css(".asked-of bdi")] == file_names(turn.documents)
    assert file_names(turn.documents)[0] == "b.md"


def test_the_conversation_of_another_is_empty(assistant: FakeAssistant) -> None:
    views, store = views_of(assistant)
    title = store.create("alice", "Title")
    page = Session("alice", title)
    store.put("alice", title, Turn(1, "typhoon", TYPHOON))
    assert len(views.turns(page)) == 1
    assert views.turns(Session("bob", page.conversation_id)) == ()
    assert views.turns(Session("alice")) == ()


def test_an_index_that_cannot_be_read_leaves_the_page_usable() -> None:
    views, _ = views_of(Broken())
    page = Session("alice")
    assert "Ask a question about your documents." in views.conversation(page)
    assert "run `assistant check`" in views.panel(page)
    assert "Copy" in views.turn(Turn(1, "typhoon", TYPHOON))


def test_a_defect_while_a_source_is_opened_is_a_notice_with_an_id(
    caplog: pytest.LogCaptureFixture,
) -> None:
    views, _ = views_of(Broken())
    shown = views.panel(Session("alice", reference="doc-x"))
    assert "secret" not in shown
    assert shown.partition("(error ")[2][:8] in caplog.text


@pytest.mark.parametrize("reference", ["nothing", "doc-nothing.txt"])
def test_the_page_returns_to_the_documents_when_a_source_is_not_there(
    views: Views, reference: str
) -> None:
    page = Session("alice", reference=reference)
    assert "Staff handbook" in views.panel(page)
    assert page.reference == DOCUMENTS


def test_the_banner_says_what_is_asked_and_what_is_edited(views: Views) -> None:
    assert views.banner(Session("alice")) == ""
    only = Session("alice", only=frozenset({DocumentId("a/z.md"), DocumentId("b/y.md")}))
    assert [node.text() for node in parse(views.banner(only)).css("bdi")] == ["z.md", "y.md"]
    assert "replaces" in views.banner(Session("alice", replaces=1), is_editing=True)


def test_blanks_in_the_search_field_are_no_search(views: Views) -> None:
    assert "will be kept here" in views.conversations(Session("alice", search=" \t"))
    assert "No conversation has these words" in views.conversations(Session("alice", search="x"))
