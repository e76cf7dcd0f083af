"""Conversations in a real PostgreSQL: shared between servers, told when it is away, no secrets."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from corpora import settings_in
from dom import present
from hypothesis import given
from hypothesis import strategies as st
from postgres import empty

from assistant.doctor.index import examine_conversations
from assistant.errors import SettingsError, StoreError
from assistant.serve.chat.database import VERSION, Connection
from assistant.serve.chat.history import ConversationStore
from assistant.serve.chat.postgres import PostgresDatabase, _hide_nul, _show_nul
from assistant.serve.chat.turns import Turn
from assistant.settings import Settings

SECRET = "s3cr3t-pa55"
AWAY = f"postgresql://ann:{SECRET}@127.0.0.1:1/docs"


@pytest.fixture
def address(postgres: str) -> str:
    """The address of a database with nothing in it."""
    empty(postgres)
    return postgres


def test_two_servers_have_the_same_conversations_and_see_each_others_changes(address: str) -> None:
    one, other = (ConversationStore(PostgresDatabase(address)) for _ in range(2))
    versions = [other.version("ann")]
    conversation_id = one.create("ann", "Leave")
    versions.append(other.version("ann"))
    one.put("ann", conversation_id, Turn(1, "Why?", "Because."))
    versions.append(other.version("ann"))
    assert versions == sorted(set(versions)), "each change is seen"
    assert present(other.load("ann", conversation_id))[0].outcome == "Because."
    assert other.load("bob", conversation_id) is None
    other.delete("ann", conversation_id)
    assert not one.put("ann", conversation_id, Turn(2, "And then?", "Nothing."))


def test_servers_that_start_at_once_make_the_tables_once(address: str) -> None:
    with ThreadPoolExecutor(6) as threads:
        databases = list(threads.map(PostgresDatabase, [address] * 6))
    for number, database in enumerate(databases):
        ConversationStore(database).create("ann", f"Conversation {number}")
    assert len(ConversationStore(databases[0]).list("ann")) == 6


def test_many_who_write_at_once_lose_nothing(address: str) -> None:
    stores = [ConversationStore(PostgresDatabase(address)) for _ in range(3)]
    conversation_id = stores[0].create("ann", "Title")

    def put(number: int) -> bool:
        return stores[number % 3].put("ann", conversation_id, Turn(number, "?", f"answer {number}"))

    with ThreadPoolExecutor(6) as threads:
        assert all(threads.map(put, range(1, 31)))
    loaded = present(stores[0].load("ann", conversation_id))
    assert [turn.outcome for turn in loaded] == [f"answer {number}" for number in range(1, 31)]


def test_a_server_that_was_started_again_is_connected_to_again(address: str) -> None:
    store = ConversationStore(PostgresDatabase(address))
    store.create("ann", "Title")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'assistant'"
        )
    assert len(store.list("ann")) == 1


def test_a_failure_in_the_middle_changes_nothing(address: str) -> None:
    database = PostgresDatabase(address)
    store = ConversationStore(database)
    conversation_id = store.create("ann", "Title")

    def fail(then: Callable[[Connection], object]) -> None:
        with database.open() as connection:
            connection.execute("DELETE FROM conversations")
            then(connection)

    with pytest.raises(StoreError, match="store_url"):
        fail(lambda connection: connection.execute("SELECT nothing FROM nowhere"))
    with pytest.raises(ZeroDivisionError):
        fail(lambda _: 1 / 0)
    assert store.has("ann", conversation_id)


def test_tables_of_a_newer_version_are_refused_and_left_alone(address: str) -> None:
    ConversationStore(PostgresDatabase(address)).create("ann", "Title")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("UPDATE assistant.format SET version = %s", (VERSION + 1,))
        with pytest.raises(StoreError, match=r"newer version .* install that version"):
            PostgresDatabase(address)
        found = connection.execute("SELECT count(*) FROM assistant.conversations").fetchone()
    assert found == (1,)


@given(st.text())
def test_a_text_with_characters_that_postgresql_lacks_comes_back(text: str) -> None:
    hidden = _hide_nul(text)
    assert "\x00" not in hidden
    assert _show_nul((hidden, None, 7)) == (text, None, 7)


def test_quotes_and_comments_in_what_is_said_are_text(address: str) -> None:
    store = ConversationStore(PostgresDatabase(address))
    for said in ("'; DROP TABLE turns; --", "%s {x} ?", "\x00 and \x1aN"):
        conversation_id = store.create(said, said)
        store.put(said, conversation_id, Turn(1, said, said))
        assert present(store.load(said, conversation_id)) == (Turn(1, said, said),)
        assert [one.conversation_id for one in store.list(said, said)] == [conversation_id]


def test_a_server_that_is_away_is_told_with_what_to_do_and_no_password(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = settings_in(tmp_path, store_url=AWAY)
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1/docs .*store_url") as met:
        PostgresDatabase(AWAY)
    (finding,) = examine_conversations(settings)
    told = (
        f"{met.value!r} {met.value.__cause__!r} {finding} {settings!r} {settings.model_dump_json()}"
    )
    assert SECRET not in told + caplog.text
    assert "conversations" in finding.told


@pytest.mark.parametrize("address", [f"mysql://a:{SECRET}@host/db", SECRET])
def test_an_address_of_another_kind_is_refused_without_being_told(address: str) -> None:
    with pytest.raises(SettingsError, match="store_url") as met:
        Settings.load(store_url=address)
    assert SECRET not in str(met.value)


def test_an_address_that_is_malformed_is_refused_without_being_told() -> None:
    with pytest.raises(SettingsError, match="as %XX") as met:
        PostgresDatabase(f"postgresql://ann:%zz{SECRET}@host/db")
    assert SECRET not in f"{met.value!r}{met.value.__cause__!r}"


def test_doctor_looks_and_makes_nothing(address: str, tmp_path: Path) -> None:
    (finding,) = examine_conversations(settings_in(tmp_path, store_url=address))
    assert "kept in postgresql://" in finding.told
    with psycopg.connect(address) as connection:
        found = connection.execute("SELECT to_regclass('assistant.format')").fetchone()
    assert found == (None,)
    (finding,) = examine_conversations(settings_in(tmp_path))
    assert "SQLite" in finding.told
