"""What people do on a page: each act changes what it says, and nothing of others."""

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import NoReturn

import pytest
from dom import attribute, first, parse, present
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from surface_fakes import FakeAssistant, settings_anywhere

from assistant.errors import StoreError
from assistant.serve.background import Admission
from assistant.serve.chat import actions
from assistant.serve.chat.actions import CONVERSATION_GONE, MAX_SEARCH_CHARS, Chat
from assistant.serve.chat.database import Database
from assistant.serve.chat.feedback import FeedbackStore
from assistant.serve.chat.history import ConversationStore
from assistant.serve.chat.page import make_chat
from assistant.serve.chat.sessions import DOCUMENTS, Session, Update
from assistant.serve.chat.turns import Turn
from assistant.serve.chat.views import UNKNOWN_REFERENCE
from assistant.store.sync import Progress
from assistant.values import DocumentId


@dataclass
class Office:
    """A desk with a page of Alice's, in a conversation of two turns."""

    assistant: FakeAssistant
    store: ConversationStore
    book: FeedbackStore
    desk: Chat
    page: Session

    def act(self, act: str, page: Session | None = None, **sent: object) -> Update:
        return self.desk.act(page or self.page, {"act": act, **sent})

    @property
    def conversation_id(self) -> str:
        return present(self.page.conversation_id)

    def turns(self) -> tuple[Turn, ...]:
        return present(self.store.load("alice", self.conversation_id))


@pytest.fixture
def office() -> Office:
    assistant = FakeAssistant(settings=settings_anywhere())
    database = Database(assistant.settings.index_dir)
    store, book = ConversationStore(database), FeedbackStore(database)
    admission = Admission(at_once=1, waiting=1)
    desk = make_chat(assistant, store, book, admission, asyncio.Event())
    owned = store.create("alice", "Sanctions")
    page = Session("alice", owned)
    for number, question in enumerate(("typhoon", "unknown"), start=1):
        store.put("alice", owned, Turn(number, question, assistant.ask(question)))
    return Office(assistant, store, book, desk, page)


def test_a_visitor_without_an_address_is_welcomed_with_questions_to_try(office: Office) -> None:
    update = office.desk.load(Session("alice"), "")
    assert "welcome" in present(update.conversation)
    assert "Who is Flax Typhoon?" in present(office.desk.examples(Session("alice")).examples)
    assert "Sanctions" in present(update.conversations)
    assert "Staff handbook" in present(update.panel)
    assert (update.status, update.question, update.is_running) == ("", None, False)


def test_a_page_that_loads_late_shows_what_was_asked_on_it_already(office: Office) -> None:
    update = office.desk.load(office.page, "")
    assert "Flax Typhoon, active" in present(update.conversation)
    assert (update.question, update.examples) == (None, None)


def test_a_page_does_not_wait_for_its_examples(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def suggest(*_: object) -> tuple[str, ...]:
        pytest.fail("the load made the examples")

    monkeypatch.setattr(office.assistant, "suggest", suggest)
    assert "welcome" in present(office.desk.load(Session("alice"), "").conversation)


def test_a_visitor_with_the_address_of_a_conversation_sees_it(office: Office) -> None:
    page = Session("alice")
    update = office.desk.load(page, office.conversation_id)
    assert "Flax Typhoon, active" in present(update.conversation)
    assert page.conversation_id == office.conversation_id
    assert 'aria-current="page"' in present(update.conversations)


@pytest.mark.parametrize("owner", ["bob", "alice "])
def test_the_address_of_anothers_conversation_is_as_absent_as_that_of_none(
    office: Office, owner: str
) -> None:
    for address in (office.conversation_id, "nothing", "\ud800", "x" * 10_000):
        page = Session(owner)
        update = office.desk.load(page, address)
        assert update.status == CONVERSATION_GONE
        assert page.conversation_id is None
        assert "Typhoon, active" not in present(update.conversation)
        assert "Sanctions" not in present(update.conversations)
        opened = office.desk.open(page, f"open-{address}")
        assert (opened.status, page.conversation_id) == (CONVERSATION_GONE, None)


def test_opening_another_conversation_leaves_what_was_begun_in_the_first(office: Office) -> None:
    other = office.store.create("alice", "Other")
    office.desk.open(office.page, "cite-1-1")
    office.act("edit", turn="2", what="question")
    update = office.desk.open(office.page, f"open-{other}")
    assert (office.page.replaces, office.page.reference) == (None, DOCUMENTS)
    assert (update.question, office.conversation_id) == ("", other)


def test_new_is_the_welcome_again(office: Office) -> None:
    update = office.act("new")
    assert office.page.conversation_id is None
    assert "welcome" in present(update.conversation)


def test_a_reference_opens_beside_the_conversation_and_close_brings_the_documents_back(
    office: Office,
) -> None:
    opened = office.desk.open(office.page, "cite-1-2")
    assert 'id="cited-span"' in present(opened.panel)
    assert opened.conversation is None
    closed = office.desk.open(office.page, "close")
    assert "Staff handbook" in present(closed.panel)


@pytest.mark.parametrize("reference", ["", "None", "cite-9-9", "doc-nothing.txt", "doc-\ud800"])
def test_a_reference_to_nothing_is_a_notice_above_the_documents(
    office: Office, reference: str
) -> None:
    update = office.desk.open(office.page, reference)
    assert 'class="notice"' in present(update.panel)
    assert "Staff handbook" in present(update.panel)
    assert office.page.reference == DOCUMENTS


def test_the_reference_of_another_conversation_belongs_to_nobody_else(office: Office) -> None:
    assert UNKNOWN_REFERENCE in present(
        office.desk.open(Session("bob", office.conversation_id), "cite-1-1").panel
    )


def test_renaming_shows_the_new_title(office: Office) -> None:
    update = office.act("rename", id=office.conversation_id, title="  New\n<b>title</b> ")
    assert office.store.title("alice", office.conversation_id) == "New <b>title</b>"
    assert "New &lt;b&gt;title&lt;/b&gt;" in present(update.conversations)


def test_a_title_that_no_file_can_hold_is_kept_with_a_mark_in_its_place(office: Office) -> None:
    update = office.act("rename", id=office.conversation_id, title="a \ud800 b")
    assert office.store.title("alice", office.conversation_id) == "a ? b"
    assert update.banner is None


def test_deleting_the_conversation_that_is_open_is_the_welcome(office: Office) -> None:
    update = office.act("delete", id=office.conversation_id)
    assert office.page.conversation_id is None
    assert "welcome" in present(update.conversation)
    assert office.store.list("alice") == ()


def test_deleting_another_leaves_the_open_one(office: Office) -> None:
    other = office.store.create("alice", "Other")
    update = office.act("delete", id=other)
    assert (update.conversation, update.status) == (None, "Deleted.")
    assert len(office.turns()) == 2


def test_a_search_narrows_the_list_until_it_is_emptied(office: Office) -> None:
    office.store.create("alice", "Other")
    assert "<bdi>Sanctions" not in present(office.act("search", text="other").conversations)
    assert "No conversation has these words." in present(
        office.act("search", text="nothing").conversations
    )
    assert "Sanctions" in present(office.act("search", text="").conversations)
    office.act("search", text="x" * 10_000)
    assert len(office.page.search) == MAX_SEARCH_CHARS


def test_editing_the_last_question_will_replace_it_and_an_earlier_one_will_not(
    office: Office,
) -> None:
    update = office.act("edit", turn="2", what="question")
    assert (update.question, office.page.replaces) == ("unknown", 2)
    assert "replaces its answer" in present(update.banner)
    update = office.act("edit", turn=1, what="question")
    assert (update.question, office.page.replaces) == ("typhoon", None)
    assert "Asking this anew" in present(update.banner)


def test_an_edit_is_cancelled(office: Office) -> None:
    office.act("edit", turn="2", what="question")
    update = office.act("cancel-edit")
    assert (update.question, office.page.replaces) == ("", None)
    assert "Cancel" not in present(update.banner)


def test_what_was_searched_for_can_be_edited_instead(office: Office) -> None:
    reworded = replace(office.assistant.ask("unknown"), query="known")
    office.store.put("alice", office.conversation_id, Turn(2, "unknown", reworded))
    assert office.act("edit", turn="2", what="query").question == "known"
    office.store.put("alice", office.conversation_id, Turn(2, "unknown", "Stopped."))
    assert office.act("edit", turn="2", what="query").question == "unknown"


def test_a_rating_is_kept_shown_changed_and_taken_back(office: Office) -> None:
    for sent, kept in (("up", "up"), ("down", "down"), ("unanswerable", "unanswerable")):
        update = office.act("rate", turn="1", rating=sent)
        assert office.turns()[0].rating == kept
        assert 'aria-pressed="true"' in present(update.conversation)
        assert present(update.status).startswith("Thank you")
    update = office.act("rate", turn="1", rating="unanswerable")
    assert update.status == "Taken back."
    assert office.turns()[0].rating is None
    assert office.book.read() == ()


def test_a_rating_is_kept_with_what_was_said_before(office: Office) -> None:
    office.act("rate", turn="2", rating="down")
    (kept,) = office.book.read()
    assert kept.history[0] == ("user", "typhoon")
    assert len(kept.history) == 2


@pytest.mark.parametrize(
    "sent",
    [
        {"turn": "9", "rating": "up"},
        *({"turn": "1", "rating": odd} for odd in ("best", None, ["up"], {"up": 1})),
        {"rating": "up"},
    ],
)
def test_a_rating_of_nothing_or_with_nothing_keeps_nothing(
    office: Office, sent: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    assert office.desk.act(office.page, {"act": "rate", **sent}) == Update()
    assert office.book.read() == ()
    assert not caplog.records


def test_a_turn_that_was_not_answered_cannot_be_rated(office: Office) -> None:
    office.store.put("alice", office.conversation_id, Turn(3, "Why?", "Stopped."))
    assert office.act("rate", turn="3", rating="up") == Update()


def test_a_citation_is_marked_as_wrong_and_right_again(office: Office) -> None:
    office.desk.open(office.page, "cite-1-2")
    update = office.act("flag", turn="1", citation="2")
    assert office.turns()[0].flagged == {2}
    assert "marked as wrong" in present(update.conversation)
    assert 'aria-pressed="true"' in present(update.panel)
    update = office.act("flag", turn="1", citation="2")
    assert office.turns()[0].flagged == frozenset()
    assert update.status == "Taken back."


@pytest.mark.parametrize("citation", ["9", "0", 0, "", None, "1 ", [1], "٢"])
def test_a_citation_that_is_not_there_cannot_be_marked(office: Office, citation: object) -> None:
    assert office.act("flag", turn="1", citation=citation) == Update()
    assert office.book.read() == ()


def test_nobody_rates_or_marks_the_answers_of_another(office: Office) -> None:
    bob = Session("bob", office.conversation_id)
    office.act("rate", bob, turn="1", rating="down")
    office.act("flag", bob, turn="1", citation="1")
    office.act("rename", bob, id=office.conversation_id, title="Renamed?")
    office.act("delete", bob, id=office.conversation_id)
    assert office.act("edit", bob, turn="1", what="question") == Update()
    assert office.book.read() == ()
    assert office.store.title("alice", office.conversation_id) == "Sanctions"


def test_ticked_documents_are_asked_until_all_are_again(office: Office) -> None:
    update = office.act("only", id="handbook.md", checked=True)
    assert "Asking only" in present(update.banner)
    office.act("only", id="hostile.txt", checked=True)
    assert office.page.only == {DocumentId("handbook.md"), DocumentId("hostile.txt")}
    office.act("only", id="handbook.md", checked=False)
    assert office.page.only == {DocumentId("hostile.txt")}
    update = office.act("all")
    assert office.page.only == frozenset()
    assert "checked" not in present(update.panel)
    assert update.banner == ""


def test_asking_all_again_leaves_an_open_source_where_it_is(office: Office) -> None:
    office.desk.open(office.page, "cite-1-1")
    assert office.act("all").panel is None


@pytest.mark.anyio
async def test_a_sync_shows_its_progress_where_the_documents_are_shown(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "REFRESH_S", 0.02)
    updates = [update async for update in office.desk.sync(office.page)]
    assert updates[0].status == "Syncing"
    assert any("<progress" in present(update.panel) for update in updates)
    *_, ended, offered = updates
    assert ended.status == "Synced in 0.4 s: 1 added."
    assert "<progress" not in present(ended.panel)
    assert offered.examples, "last, since they take longest"
    office.desk.open(office.page, "cite-1-1")
    assert {update.panel async for update in office.desk.sync(office.page)} == {None}


@pytest.mark.anyio
async def test_a_sync_that_the_command_began_is_followed_and_its_end_shows_what_can_be_asked(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "REFRESH_S", 0.02)
    office.assistant.progress = Progress("reading", 1, 4, name="plan.md")
    loaded = office.desk.load(office.page, "")
    assert "1 of 4 files is read" in present(loaded.ready)
    updates = office.desk.follow_sync(office.page)
    begun = await anext(updates)
    assert begun.status == "Reading plan.md: 1 of 4 files"
    assert "1 of 4 files is read" in present(begun.ready)
    office.assistant.progress = None
    *_, ended, offered = [update async for update in updates]
    assert ended.ready == ""
    assert "Who is Flax Typhoon?" in present(offered.examples), "the welcome has examples now"
    assert "<progress" not in present(ended.panel)


@pytest.mark.anyio
async def test_a_sync_goes_on_without_its_page_and_another_page_follows_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "REFRESH_S", 0.02)
    begun = office.desk.sync(office.page)
    await anext(begun)
    await begun.aclose()
    bob = Session("bob")
    for follow in (office.desk.follow_sync, office.desk.sync):
        updates = [update async for update in follow(bob)]
        *_, ended, _ = updates
        assert ended.status == "Synced in 0.4 s: 1 added."
    assert [update async for update in office.desk.follow_sync(bob)] == []
    assert office.assistant.n_syncs == 2, "followed once, and begun anew once it had ended"


def test_a_click_that_arrives_after_a_later_one_opens_nothing(office: Office) -> None:
    assert "Citation 2 of 2" in present(office.desk.open(office.page, "cite-1-2", 8).panel)
    assert office.desk.open(office.page, "cite-1-1", 7) == Update()
    assert office.page.reference == "cite-1-2"
    assert "Citation 1 of 2" in present(office.desk.open(office.page, "cite-1-1", 9).panel)
    odds: list[object] = [None, "9", [], {}]
    for odd in odds:
        assert office.desk.open(office.page, "cite-1-2", odd).panel


def test_a_sync_is_halted_from_any_page(office: Office) -> None:
    assert office.act("halt-sync", Session("bob")).status == "Stopping the sync."


def fill(office: Office, n: int) -> None:
    """Ask so often that the conversation has n turns; the one before the last is not there."""
    made = office.assistant.ask("typhoon")
    for number in (*range(3, n), n + 1):
        office.store.put("alice", office.conversation_id, Turn(number, f"Question {number}", made))


def shown_turns(update: Update) -> list[int]:
    talk = first(parse(present(update.conversation)), ".talk")
    return [int(attribute(turn, "id").removeprefix("turn-")) for turn in talk.css("article")]


def test_of_a_long_conversation_the_end_is_sent_and_what_is_before_on_demand(
    office: Office,
) -> None:
    fill(office, 100)
    opened = office.desk.open(office.page, f"open-{office.conversation_id}")
    assert shown_turns(opened) == [*range(71, 100), 101]
    button = first(parse(present(opened.conversation)), ".earlier button")
    assert (button.text(), button.attributes["data-turn"]) == ("Earlier questions (70)", "71")
    numbers = shown_turns(opened)
    while True:
        earlier = office.act("earlier", turn=str(numbers[0]))
        if earlier.conversation is None:
            break
        talk = first(parse(earlier.conversation), ".talk")
        assert talk.attributes["data-until"] == str(numbers[0])
        numbers = shown_turns(earlier) + numbers
    assert numbers == [*range(1, 100), 101]
    again = office.desk.open(office.page, f"open-{office.conversation_id}")
    assert shown_turns(again) == [*range(71, 100), 101], "begins at its end again"


def test_what_was_asked_for_stays_when_the_conversation_is_drawn_anew(office: Office) -> None:
    fill(office, 80)
    office.desk.load(office.page, "")
    office.act("earlier", turn="51")
    office.store.put("alice", office.conversation_id, Turn(200, "On another page", "Nothing."))
    followed = office.desk.follow(office.page)
    assert shown_turns(followed) == [*range(21, 80), 81, 200]


def test_a_turn_far_up_is_rated_edited_and_its_source_opened(office: Office) -> None:
    fill(office, 90)
    office.desk.load(office.page, "")
    rated = office.act("rate", turn="5", rating="up")
    assert shown_turns(rated) == [5]
    assert 'data-after="4"' in present(rated.conversation)
    assert office.act("edit", turn="5").question == "Question 5"
    assert office.page.replaces is None, "not the last one"
    office.act("edit", turn="91")
    assert office.page.replaces == 91
    assert "exploited known" in present(office.desk.open(office.page, "cite-5-1").panel)


@pytest.mark.parametrize("sent", ["0", "-1", "x", None, 10**40, "1", "٣", "1.5", ["3"]])
def test_nothing_is_before_what_is_no_turn_or_the_first(office: Office, sent: object) -> None:
    assert office.act("earlier", turn=sent).conversation is None


def test_thousands_of_conversations_are_listed_a_page_at_a_time(office: Office) -> None:
    made = [office.store.create("alice", f"Title {n}") for n in range(230)]
    wanted = [*reversed(made), office.conversation_id]

    def listed(update: Update) -> list[str]:
        rows = parse(present(update.conversations)).css("li")
        return [attribute(row, "data-id") for row in rows]

    def has_button(update: Update, by: str) -> bool:
        shown = parse(present(update.conversations))
        return shown.css_first(f'[data-act="page"][data-by="{by}"]') is not None

    pages = [office.desk.load(office.page, "")]
    while has_button(pages[-1], "older"):
        pages.append(office.act("page", by="older"))
    assert [len(listed(one)) for one in pages] == [100, 100, 31]
    assert [one for page in pages for one in listed(page)] == wanted
    assert [has_button(one, "newer") for one in pages] == [False, True, True]
    assert listed(office.act("page", by="newer")) == listed(pages[1])
    assert listed(office.act("search", text="title 22")) == [*wanted[:10], made[122], made[22]]
    office.act("search", text="")
    office.act("page", by="older")
    office.act("page", by="older")
    office.page.search = "nothing has these words"
    assert listed(office.act("page", by="older")) == [], "from the first page on"
    assert office.page.n_before == 0


class Broken(ConversationStore):
    """A store whose disk is gone."""

    def load(self, owner: str, conversation_id: str, *_: object, **__: object) -> NoReturn:
        raise StoreError("the disk is gone")

    has = list = title = count_turns = load  # type: ignore[assignment]

    def rename(self, owner: str, conversation_id: str, title: str) -> NoReturn:
        raise StoreError("the disk is gone")


def test_a_disk_that_fails_is_a_notice_whatever_is_done(office: Office) -> None:
    store = Broken(Database(office.assistant.settings.index_dir))
    admission = Admission(at_once=1, waiting=1)
    desk = make_chat(office.assistant, store, office.book, admission, asyncio.Event())
    done = [
        desk.act(office.page, {"act": "rename", "id": "x", "title": "y"}),
        desk.act(office.page, {"act": "edit", "turn": "1"}),
        desk.act(office.page, {"act": "search", "text": "x"}),
        desk.load(office.page, office.conversation_id),
        desk.load(office.page, ""),
        desk.act(office.page, {"act": "earlier", "turn": "2"}),
        desk.act(office.page, {"act": "page", "by": "older"}),
        desk.open(office.page, "open-x"),
    ]
    assert {update.status for update in done} == {"the disk is gone"}
    assert all("the disk is gone" in present(update.banner) for update in done)


ACTS = (
    "new rename delete search edit cancel-edit rate flag only all halt-sync nothing __class__ "
    "earlier page"
).split()
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
values = st.recursive(
    leaves | st.sampled_from(["1", "2", "up", "down", "query", "handbook.md", "\ud800", "\0"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
names = st.sampled_from("act id title text turn what rating citation checked question".split())


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(names, values, max_size=6), st.sampled_from(ACTS) | values, st.booleans())
def test_nothing_that_a_browser_sends_is_a_defect_or_reaches_another(
    office: Office, caplog: pytest.LogCaptureFixture, sent: dict[str, object], act: str, own: bool
) -> None:
    page = Session("alice" if own else "bob", office.conversation_id)
    with caplog.at_level(logging.ERROR):
        update = office.desk.act(page, {**sent, "act": act})
        office.desk.open(page, str(sent.get("id")))
        office.desk.load(page, str(sent.get("title")))
    assert isinstance(update, Update)
    assert not caplog.records, "it was handled by chance, as a defect"
    assert [turn.question for turn in office.turns()] == ["typhoon", "unknown"]
    assert own or not office.book.read()
    office.book.rate(office.conversation_id, office.turns()[0], (), None)


def test_the_list_is_searched_and_all_that_match_or_a_folder_are_ticked(office: Office) -> None:
    update = office.act("list", words="handbook")
    assert "Staff handbook" in present(update.panel)
    assert "Sanctions on" not in present(update.panel)
    office.act("only", matching="true", checked="true")
    assert office.page.only == {"handbook.md"}
    office.act("only", folder="news", checked=True)
    assert office.page.only == {"handbook.md", "news/typhoon.txt"}
    office.act("only", folder="news", checked=False)
    assert office.page.only == {"handbook.md"}
    office.act("only", checked=False)
    assert office.page.only == {"handbook.md"}


def test_more_documents_than_can_be_ticked_are_refused_in_words(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MAX_DOCUMENTS", 2)
    office.act("only", id="handbook.md", checked=True)
    update = office.act("only", matching=True, checked=True)
    assert present(update.status) == actions.TOO_MANY
    assert actions.TOO_MANY in present(update.banner)
    assert office.page.only == {"handbook.md"}


def test_a_list_that_was_left_for_a_source_is_not_drawn_over_it(office: Office) -> None:
    office.desk.open(office.page, "cite-1-1")
    assert office.act("list", words="x").panel is None


def test_words_are_taken_of_an_answer_that_was_no_help(office: Office) -> None:
    assert office.act("comment", turn="1", text="Too short.") == Update()
    assert "<textarea" in present(office.act("rate", turn="1", rating="down").conversation)
    update = office.act("comment", turn="1", text="Too short. <b>")
    assert "Too short. &lt;b&gt;</textarea>" in present(update.conversation)
    assert office.turns()[0].comment == "Too short. <b>"
    assert [one.comment for one in office.book.read()] == ["Too short. <b>"]
    assert office.act("comment", turn="1", text=" ").status == "Taken back."
    assert office.turns()[0].comment == ""
    assert office.act("comment", turn="9", text="x") == Update()
    assert office.act("comment", turn="1", text={"a": "\ud800"}).conversation is not None


def test_a_page_shows_what_another_of_the_same_person_has_changed(office: Office) -> None:
    other = Session("alice")
    office.desk.load(other, office.conversation_id)
    assert office.desk.follow(other) == Update(), "nothing has changed"
    asked = Turn(3, "leave", office.assistant.ask("leave"))
    office.store.put("alice", office.conversation_id, asked)
    update = office.desk.follow(other)
    assert "Employees accrue two days" in present(update.conversation)
    assert (update.question, update.panel) == (None, None), "what is typed and read stays"
    assert office.desk.follow(other) == Update()
    office.act("rename", id=office.conversation_id, title="Another title")
    renamed = office.desk.follow(other)
    assert "Another title" in present(renamed.conversations)
    assert renamed.conversation is None
    office.act("delete", id=office.conversation_id)
    gone = office.desk.follow(other)
    assert gone.status == CONVERSATION_GONE
    assert gone.question is None


def test_a_page_follows_nothing_of_others(office: Office) -> None:
    bob = Session("bob")
    office.desk.load(bob, "")
    before = office.store.version("bob")
    office.store.put("alice", office.conversation_id, Turn(3, "leave"))
    assert office.store.version("bob") == before
    assert office.desk.follow(bob) == Update()


def test_every_change_of_conversations_has_a_version_of_its_own(office: Office) -> None:
    versions = [office.store.version("alice")]
    created = office.store.create("alice", "One")
    for change in (
        lambda: None,
        lambda: office.store.put("alice", created, Turn(1, "?")),
        lambda: office.store.rename("alice", created, "Two"),
        lambda: office.store.delete("alice", created),
    ):
        change()
        versions.append(office.store.version("alice"))
    assert len(set(versions)) == len(versions)
