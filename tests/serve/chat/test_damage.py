"""A file of conversations damaged anywhere: what is shown is what was said, or a notice."""

import logging
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from surface_fakes import FakeAssistant
from torture import tallied, trials

from assistant.errors import StoreError
from assistant.serve.chat.database import FILE, Database
from assistant.serve.chat.feedback import FeedbackStore
from assistant.serve.chat.history import DAMAGED, ConversationStore
from assistant.serve.chat.turns import Turn

TURNS = tuple(
    Turn(n, words, FakeAssistant().ask(words), tried=("one", "two"))
    for n, words in enumerate(("leave", "typhoon", "unknown", "leave"), start=1)
)
OWNERS = ("alice", "bob")


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    """The bytes of a file with conversations and feedback."""
    database = Database(tmp_path)
    store, book = ConversationStore(database), FeedbackStore(database)
    for owner in OWNERS:
        for n in range(4):
            conversation_id = store.create(owner, f"Conversation {n}")
            for turn in TURNS:
                store.put(owner, conversation_id, turn)
            book.rate(conversation_id, TURNS[0], (), "up")
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (tmp_path / FILE).read_bytes()


def damage(data: bytes, random_: random.Random) -> bytes:
    damaged, place = bytearray(data), random_.randrange(len(data))
    way = random_.choice(("flip", "flip", "flip", "truncate", "zero"))
    if way == "flip":
        damaged[place] ^= 1 << random_.randrange(8)
    elif way == "truncate":
        del damaged[place:]
    else:
        n = min(random_.choice([1, 64, 4096]), len(data) - place)
        damaged[place : place + n] = bytes(n)
    return bytes(damaged)


def test_a_turn_is_shown_as_it_was_or_not_at_all(
    tmp_path: Path, whole: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    answers = [turn.outcome for turn in TURNS]
    seed = 3
    random_ = random.Random(seed)
    with tallied("damaged conversations", seed) as tally:
        for n in range(trials(60, 400)):
            folder = tmp_path / str(n)
            folder.mkdir()
            (folder / FILE).write_bytes(damage(whole, random_))
            try:
                outcomes = read_all(folder)
            except StoreError:
                tally.add("clear error")
                continue
            wrong = [one for one in outcomes if one != DAMAGED and one not in answers]
            is_aside = any("damaged-" in path.name for path in folder.iterdir())
            told = "put aside" if is_aside else "notice" if DAMAGED in outcomes else "as before"
            tally.add(told, *(f"trial {n}: {one}" for one in wrong))


def read_all(folder: Path) -> list[object]:
    """Read everything, write a turn, and return the outcomes that are shown."""
    database = Database(folder)
    store = ConversationStore(database)
    outcomes: list[object] = []
    for owner in OWNERS:
        for summary in store.list(owner):
            turns = store.load(owner, summary.conversation_id)
            outcomes += [turn.outcome for turn in turns or ()]
        store.list(owner, "leave")
        store.put(owner, store.create(owner, "New"), TURNS[0])
    outcomes += [one.answer for one in FeedbackStore(database).read()]
    return outcomes
