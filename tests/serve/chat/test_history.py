"""Conversations are kept for their owner alone, and come back as they were."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import is_dataclass, replace
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import uuid4

import pytest
from dom import present
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from surface_fakes import FakeAssistant

from assistant.serve.chat.database import ChatDatabase, open_database
from assistant.serve.chat.feedback import FeedbackStore
from assistant.serve.chat.history import (
    DAMAGED,
    DAMAGED_QUESTION,
    MAX_TITLE_CHARS,
    ConversationStore,
)
from assistant.serve.chat.turns import Turn
from assistant.settings import Settings
from assistant.values import Answer, AnswerKind, DocumentId

texts = st.text(st.characters(codec="utf-8"), max_size=20)
ids = texts.map(DocumentId)
finite = st.floats(allow_nan=False, allow_infinity=False)


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Return all values of a type that JSON can hold: every field of every class is drawn."""
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.builds(kind, **{name: values_of(hint) for name, hint in hints.items()})
    inner = get_args(kind)
    if get_origin(kind) is tuple and inner[-1] is not ...:
        return st.tuples(*map(values_of, inner))
    if get_origin(kind) is tuple:
        return st.lists(values_of(inner[0]), max_size=2).map(tuple)
    if get_origin(kind) is dict:
        return st.dictionaries(*map(values_of, inner), max_size=2)
    if isinstance(kind, UnionType):
        return st.one_of([values_of(one) for one in inner])
    known = {str: texts, DocumentId: ids, float: finite, int: st.integers(0, 2**40)}
    return known[kind] if kind in known else st.from_type(kind)


turns = st.builds(
    Turn,
    st.integers(1, 300),
    texts,
    values_of(Answer) | texts.filter(bool),
    st.lists(ids, max_size=2).map(tuple),
    st.lists(texts, max_size=2).map(tuple),
)
ANSWERED = Turn(1, "leave", FakeAssistant().ask("leave"))


@pytest.fixture
def store(database: ChatDatabase) -> ConversationStore:
    return ConversationStore(database)


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.lists(turns, max_size=3, unique_by=lambda turn: turn.number))
def test_turns_come_back_equal_and_in_order(store: ConversationStore, kept: list[Turn]) -> None:
    conversation_id = store.create("alice", "Title")
    for turn in kept:
        assert store.put("alice", conversation_id, turn)
    loaded = store.load("alice", conversation_id)
    assert loaded == tuple(sorted(kept, key=lambda turn: turn.number))


@contextmanager
def old_answer(database: ChatDatabase) -> Iterator[dict[str, Any]]:
    """Give the one answer that is kept, and keep it as an older version left it."""
    with database.open() as connection:
        (kept,) = connection.execute("SELECT answer FROM turns").fetchone()
        old = json.loads(kept)
        yield old
        connection.execute("UPDATE turns SET answer = ?, digest = NULL", (json.dumps(old),))


def test_an_answer_that_was_kept_before_models_wrote_comes_back_as_quotes(
    store: ConversationStore, database: ChatDatabase
) -> None:
    conversation_id = store.create("alice", "Title")
    store.put("alice", conversation_id, ANSWERED)
    with old_answer(database) as old:
        for name in ("dropped", "notice", "usage"):
            del old[name]
        for statement in old["statements"]:
            del statement["confirmed_by"], statement["stands_in"]
            statement["verdict"] = "supported"
    assert store.load("alice", conversation_id) == (ANSWERED,)


@pytest.mark.parametrize(
    ("answerer", "abstained", "kind"),
    [("extract", False, "answer"), ("extract", True, "abstention"), ("courtesy", True, "reply")],
)
def test_an_answer_that_was_kept_before_it_had_a_kind_gets_its_kind(
    store: ConversationStore,
    database: ChatDatabase,
    answerer: str,
    abstained: bool,
    kind: AnswerKind,
) -> None:
    conversation_id = store.create("alice", "Title")
    assert isinstance(ANSWERED.outcome, Answer)
    answer = replace(ANSWERED.outcome, answerer=answerer, kind=kind)
    store.put("alice", conversation_id, replace(ANSWERED, outcome=answer))
    with old_answer(database) as old:
        del old["kind"]
        old["abstained"] = abstained
    (loaded,) = store.load("alice", conversation_id) or ()
    assert loaded.outcome == answer


@pytest.mark.parametrize("field", ["question", "documents", "answer", "notice", "tried"])
@pytest.mark.parametrize("value", ["altered", "{", b"\xff\xfe", 7])
def test_a_turn_that_the_disk_has_altered_comes_back_as_a_notice(
    store: ConversationStore, database: ChatDatabase, field: str, value: bytes | int | str
) -> None:
    conversation_id = store.create("alice", "Title")
    for number in (1, 2):
        store.put("alice", conversation_id, replace(ANSWERED, number=number))
    with database.open() as connection:
        connection.execute(f"UPDATE turns SET {field} = ? WHERE number = 2", (value,))
    whole, damaged = present(store.load("alice", conversation_id))
    assert whole == ANSWERED
    assert damaged == Turn(2, DAMAGED_QUESTION, DAMAGED)
    assert len(store.list("alice", "leave")) == 1


def test_what_was_dropped_of_an_answer_is_not_found_by_a_search(store: ConversationStore) -> None:
    conversation_id = store.create("alice", "Title")
    store.put("alice", conversation_id, Turn(1, "?", FakeAssistant().ask("written typhoon")))
    assert store.list("alice", "continents")
    assert store.list("alice", "Elvis") == ()


def test_a_turn_that_is_put_again_takes_the_place_of_what_it_was(store: ConversationStore) -> None:
    conversation_id = store.create("alice", "Title")
    store.put("alice", conversation_id, Turn(1, "leave", "Interrupted."))
    store.put("alice", conversation_id, ANSWERED)
    assert store.load("alice", conversation_id) == (ANSWERED,)


def test_another_owner_finds_and_changes_nothing(
    store: ConversationStore, database: ChatDatabase
) -> None:
    conversation_id = store.create("alice", "Secret leave")
    store.put("alice", conversation_id, ANSWERED)
    before = (store.list("alice"), store.load("alice", conversation_id))
    for owner in ("bob", "", "ALICE", "alice ", "%", "alic_"):
        assert store.list(owner) == store.list(owner, "leave") == ()
        assert not store.has(owner, conversation_id)
        assert store.title(owner, conversation_id) is None
        assert store.updated_at(owner, conversation_id) is None
        assert store.load(owner, conversation_id) is None
        assert store.count_turns(owner, conversation_id) == 0
        assert not store.put(owner, conversation_id, Turn(1, "Overwritten?", "x"))
        assert not store.put(owner, conversation_id, Turn(2, "Added?", "x"))
        assert not store.put(owner, conversation_id, Turn(1, "Answered?", "x"), is_begun=True)
        assert store.begin(owner, conversation_id, Turn(0, "Begun?", "x")) is None
        store.drop(owner, conversation_id, 1)
        store.rename(owner, conversation_id, "Renamed?")
        store.delete(owner, conversation_id)
    assert (store.list("alice"), store.load("alice", conversation_id)) == before


def test_every_method_that_takes_a_conversation_takes_its_owner() -> None:
    """So that the test above cannot miss one that is added."""
    named = {name for name in vars(ConversationStore) if not name.startswith("_")}
    assert named - {"version"} == set(
        "create list has title updated_at count_turns load begin put drop rename delete".split()
    )


def test_a_conversation_that_is_not_there_is_absent_to_everyone(store: ConversationStore) -> None:
    for conversation_id in ("", "nothing", "' OR 1=1 --", "%", "x" * 10_000):
        assert not store.has("alice", conversation_id)
        assert store.load("alice", conversation_id) is None
        assert not store.put("alice", conversation_id, ANSWERED)
        store.delete("alice", conversation_id)


def test_ids_are_long_random_and_fit_into_an_address(store: ConversationStore) -> None:
    made = {store.create("alice", "Title") for _ in range(200)}
    assert len(made) == 200
    assert all(len(one) >= 22 for one in made), "128 bits"
    assert all(one.replace("-", "").replace("_", "").isalnum() and one.isascii() for one in made)


@pytest.mark.parametrize(
    ("search", "is_found"),
    [
        ("", True),
        ("  \n", True),
        ("holiday", True),
        ("HOLIDAY plans", True),
        ("plans holiday", True),
        ("holi", True),
        ("leave", True),
        ("accrue MONTH", True),
        ("holiday month", True),
        ("straße ÉTÉ", True),
        ("STRASSE été", True),
        ("ΟΔΌΣ", True),
        ("holiday moon", False),
        ("%", False),
        ("_", False),
        ("handbook", False),
        ("statements", False),
        ("interrupted", False),
        ('"', False),
    ],
)
def test_a_search_finds_all_of_its_words_in_title_questions_and_answers(
    store: ConversationStore, search: str, is_found: bool
) -> None:
    conversation_id = store.create("alice", "Holiday plans: Straße")
    store.put("alice", conversation_id, ANSWERED)
    store.put("alice", conversation_id, Turn(2, "en été, οδός?", "Interrupted."))
    found = [one.conversation_id for one in store.list("alice", search)]
    assert found == ([conversation_id] if is_found else [])


def test_a_search_looks_at_all_conversations_though_few_are_listed(
    store: ConversationStore,
) -> None:
    oldest = store.create("alice", "needle")
    newest = [store.create("alice", f"Title {n}") for n in range(5)][:1:-1]
    assert [one.conversation_id for one in store.list("alice", n=3)] == newest
    assert [one.conversation_id for one in store.list("alice", "needle", n=3)] == [oldest]


@settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.integers(0, 12), st.integers(1, 5), st.sampled_from(["", "odd"]))
def test_pages_of_the_list_are_parts_of_it(
    database: ChatDatabase, n: int, size: int, search: str
) -> None:
    store, owner = ConversationStore(database), f"alice {uuid4()}"
    for k in range(n):
        store.create(owner, f"{'odd' if k % 2 else 'even'} {k}")
    pages = [store.list(owner, search, start=at, n=size) for at in range(0, n, size)]
    assert sum(pages, ()) == store.list(owner, search)
    assert all(len(page) <= size for page in pages)


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(st.sets(st.integers(1, 30)), st.integers(0, 31), st.integers(0, 31), st.integers(-1, 8))
def test_a_part_of_a_conversation_is_what_all_of_it_has_there(
    store: ConversationStore, numbers: set[int], since: int, before: int, n: int
) -> None:
    conversation_id = store.create("alice", "Title")
    for number in numbers:
        store.put("alice", conversation_id, replace(ANSWERED, number=number))
    whole = present(store.load("alice", conversation_id))
    within = [turn for turn in whole if since <= turn.number < before]
    wanted = within if n < 0 else within[len(within) - min(n, len(within)) :]
    found = store.load("alice", conversation_id, since=since, before=before, n=n)
    assert found == tuple(wanted)
    assert store.count_turns("alice", conversation_id, before) == sum(
        turn.number < before for turn in whole
    )


def test_the_conversation_that_was_asked_in_last_comes_first(store: ConversationStore) -> None:
    first, second = store.create("alice", "First"), store.create("alice", "Second")
    assert [one.title for one in store.list("alice")] == ["Second", "First"]
    store.put("alice", first, ANSWERED)
    assert [one.title for one in store.list("alice")] == ["First", "Second"]
    store.rename("alice", second, "Renamed")
    assert [one.title for one in store.list("alice")] == ["First", "Renamed"]


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("  two\nlines\t", "two lines"),
        ("x" * MAX_TITLE_CHARS, "x" * MAX_TITLE_CHARS),
        ("x" * (MAX_TITLE_CHARS + 1), "x" * (MAX_TITLE_CHARS - 1) + "…"),
        ("<b>'; DROP TABLE turns; --", "<b>'; DROP TABLE turns; --"),
    ],
)
def test_a_title_is_one_short_line(store: ConversationStore, title: str, kept: str) -> None:
    created = store.create("alice", title)
    renamed = store.create("alice", "Title")
    store.rename("alice", renamed, title)
    assert store.title("alice", created) == store.title("alice", renamed) == kept


@pytest.mark.parametrize("title", ["", "  \n\t"])
def test_a_conversation_keeps_its_title_rather_than_have_none(
    store: ConversationStore, title: str
) -> None:
    conversation_id = store.create("alice", "Title")
    store.rename("alice", conversation_id, title)
    assert store.title("alice", conversation_id) == "Title"


def test_deleting_takes_the_turns_along_and_nothing_else(
    store: ConversationStore, database: ChatDatabase
) -> None:
    gone, kept = store.create("alice", "Gone"), store.create("alice", "Kept")
    for conversation_id in (gone, kept):
        store.put("alice", conversation_id, ANSWERED)
    book = FeedbackStore(database)
    book.rate(gone, ANSWERED, (), "up")
    store.delete("alice", gone)
    assert store.load("alice", gone) is None
    assert not store.put("alice", gone, ANSWERED), "an answer that comes late brings nothing back"
    assert store.load("alice", kept) == (ANSWERED,)
    with database.open() as connection:
        assert connection.execute("SELECT count(*) FROM turns").fetchone() == (1,)
    assert len(book.read()) == 1, "what was said of the answer stays"


def test_dropping_forgets_one_turn(store: ConversationStore) -> None:
    conversation_id = store.create("alice", "Title")
    for number in (1, 2, 3):
        store.put("alice", conversation_id, Turn(number, "Why?", "x"))
    store.drop("alice", conversation_id, 2)
    assert [turn.number for turn in present(store.load("alice", conversation_id))] == [1, 3]


def test_turns_that_are_begun_at_once_get_numbers_of_their_own(store: ConversationStore) -> None:
    conversation_id = store.create("alice", "Title")
    store.put("alice", conversation_id, ANSWERED)

    def ask(question: str) -> int:
        asked = Turn(0, question, "Interrupted.")
        number = present(store.begin("alice", conversation_id, asked))
        answered = replace(asked, number=number, outcome=f"Of {question}")
        assert store.put("alice", conversation_id, answered, is_begun=True)
        return number

    questions = [f"Question {n}" for n in range(16)]
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(ask, questions))
    assert sorted(numbers) == [*range(2, 18)]
    kept = {turn.number: turn for turn in present(store.load("alice", conversation_id))[1:]}
    assert [kept[number].question for number in numbers] == questions
    assert all(turn.outcome == f"Of {turn.question}" for turn in kept.values())


def test_a_turn_that_was_dropped_while_it_was_answered_does_not_come_back(
    store: ConversationStore,
) -> None:
    conversation_id = store.create("alice", "Title")
    begun = replace(ANSWERED, outcome="Interrupted.")
    assert store.begin("alice", conversation_id, begun) == 1
    assert store.begin("alice", conversation_id, replace(begun, question="typhoon")) == 2
    store.drop("alice", conversation_id, 1)
    assert not store.put("alice", conversation_id, ANSWERED, is_begun=True)
    (left,) = present(store.load("alice", conversation_id))
    assert (left.number, left.question) == (2, "typhoon")
    assert store.list("alice", "leave") == (), "no search finds it either"


def test_a_drop_is_a_change(store: ConversationStore) -> None:
    conversation_id = store.create("alice", "Title")
    store.put("alice", conversation_id, ANSWERED)
    before = store.version("alice")
    store.drop("alice", conversation_id, 1)
    assert store.version("alice") > before


def test_feedback_is_shown_with_the_turn_it_was_given_on_and_only_there(
    store: ConversationStore, database: ChatDatabase
) -> None:
    book, typhoon = FeedbackStore(database), Turn(2, "typhoon", FakeAssistant().ask("typhoon"))
    one, other = store.create("alice", "One"), store.create("alice", "Other")
    for conversation_id in (one, other):
        store.put("alice", conversation_id, ANSWERED)
        store.put("alice", conversation_id, typhoon)
    book.rate(one, typhoon, (), "down")
    book.flag(one, typhoon, (), 2, is_wrong=True)
    book.flag(one, ANSWERED, (), 1, is_wrong=True)
    first, second = present(store.load("alice", one))
    assert (first.rating, first.flagged) == (None, frozenset({1}))
    assert (second.rating, second.flagged) == ("down", frozenset({2}))
    assert store.load("alice", other) == (ANSWERED, typhoon)


def test_conversations_survive_the_process(
    store: ConversationStore, database: ChatDatabase, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    conversation_id = store.create("alice", "Title")
    store.put("alice", conversation_id, ANSWERED)
    given_settings = Settings(index_dir=tmp_path)
    if database.is_shared:
        given_settings = Settings(store_url=request.getfixturevalue("postgres"))
    again = ConversationStore(open_database(given_settings))
    assert again.list("alice") == store.list("alice")
    assert again.load("alice", conversation_id) == (ANSWERED,)


def test_threads_that_write_at_once_lose_nothing(store: ConversationStore) -> None:
    conversation_id = store.create("alice", "Title")

    def write(first: int) -> None:
        for n in range(15):
            store.put("alice", conversation_id, Turn(first + n, "Why?", "x"))
            store.create("alice", f"{first + n}")
            store.list("alice", "why")

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, (0, 100, 200)))
    assert len(present(store.load("alice", conversation_id))) == 45
    assert len(store.list("alice")) == 46


def test_an_answer_for_a_conversation_that_is_deleted_meanwhile_is_no_failure(
    store: ConversationStore,
) -> None:
    """A deletion at any moment of the writing: never an error, never a turn without a talk."""

    def write(conversation_id: str) -> None:
        while store.put("alice", conversation_id, ANSWERED):
            pass

    with ThreadPoolExecutor() as pool:
        for _ in range(5):
            conversation_id = store.create("alice", "Title")
            writing = pool.submit(write, conversation_id)
            store.delete("alice", conversation_id)
            writing.result()
