"""An index of another version or model: the former one answers until the new one is made."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hashing import HashingEmbedder

from assistant import Assistant
from assistant.answering import Answering
from assistant.cli.chat import upgrade
from assistant.errors import AssistantError
from assistant.settings import Settings
from assistant.store.catalog import CATALOG_FILE, connect
from assistant.store.lock import hold_lock
from assistant.store.sync import FORMER_FOLDER, Progress
from assistant.store.tables import ManifestRow, write_row
from assistant.values import Answer

LEAVE, RAIN = "There are thirty days of leave in a year.\n", "It rains on forty days in a year.\n"
DAYS = "How many days of leave are there?"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "leave.txt").write_text(LEAVE)
    return Settings(
        corpus_dir=tmp_path / "corpus",
        index_dir=tmp_path / "index",
        cache_dir=tmp_path / "cache",
        embedding_model="hashing",
        max_passage_tokens=64,
    )


@pytest.fixture
def newer(settings: Settings) -> Iterator[Assistant]:
    """An assistant that makes passages otherwise than the index before it, of one file."""
    with Assistant(settings, HashingEmbedder()) as former:
        former.sync()
    (settings.corpus_dir / "rain.txt").write_text(RAIN)
    changed = settings.model_copy(update={"max_passage_tokens": 32})
    with Assistant(changed, HashingEmbedder()) as assistant:
        yield assistant


def names(assistant: Answering) -> list[str]:
    return [one.document_id for one in assistant.documents()]


def answer(assistant: Answering) -> str:
    *_, last = assistant.stream(DAYS)
    assert isinstance(last, Answer)
    return " ".join(one.text for one in last.statements)


def is_upgrading(served: Answering) -> bool:
    return bool(getattr(served, "is_upgrading", False))


def stop_in_the_middle(assistant: Assistant, settings: Settings) -> None:
    def on_progress(progress: Progress) -> None:
        if progress.done:
            raise AssistantError("killed")

    with pytest.raises(AssistantError, match="killed"):
        assistant.sync(on_progress=on_progress)


def test_the_former_index_answers_until_the_new_one_is_in_step(
    newer: Assistant, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    served = upgrade(newer)
    assert "max_passage_tokens is '64', the settings ask for '32'; it is made anew" in (
        capsys.readouterr().err
    )
    assert is_upgrading(served)
    assert (names(served), answer(served)) == (["leave.txt"], LEAVE.strip())
    during: list[tuple[list[str], bool]] = []
    served.sync(on_progress=lambda _: during.append((names(served), is_upgrading(served))))
    assert during
    assert all(one == (["leave.txt"], True) for one in during)
    assert not is_upgrading(served)
    assert (names(served), answer(served)) == (["leave.txt", "rain.txt"], LEAVE.strip())
    assert not (settings.index_dir / FORMER_FOLDER).exists()
    assert upgrade(newer) is newer, "nothing is left to do"


def test_a_process_that_is_killed_goes_on_at_its_next_start(
    newer: Assistant, settings: Settings
) -> None:
    stop_in_the_middle(upgrade(newer)._assistant, settings)  # type: ignore[attr-defined]
    with Assistant(newer.settings, HashingEmbedder()) as again:
        served = upgrade(again)
        assert is_upgrading(served)
        assert (names(served), answer(served)) == (["leave.txt"], LEAVE.strip())
        served.sync()
        assert names(served) == ["leave.txt", "rain.txt"]


def test_a_change_during_an_upgrade_keeps_the_index_that_was_whole(
    newer: Assistant, settings: Settings
) -> None:
    stop_in_the_middle(upgrade(newer)._assistant, settings)  # type: ignore[attr-defined]
    changed = settings.model_copy(update={"max_passage_tokens": 48})
    with Assistant(changed, HashingEmbedder()) as again:
        served = upgrade(again)
        assert (names(served), answer(served)) == (["leave.txt"], LEAVE.strip())
        served.sync()
        assert names(served) == ["leave.txt", "rain.txt"]


def test_another_model_reads_with_the_one_that_made_the_former_index(
    newer: Assistant, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def open_embedder(model: str, _: Path) -> HashingEmbedder:
        opened.append(model)
        return HashingEmbedder()

    monkeypatch.setattr("assistant.models.embed.open_embedder", open_embedder)
    changed = settings.model_copy(update={"embedding_model": "other"})
    with Assistant(changed, HashingEmbedder(fingerprint="other", dimension=32)) as assistant:
        served = upgrade(assistant)
        assert opened == ["hashing"]
        assert (names(served), answer(served)) == (["leave.txt"], LEAVE.strip())


@pytest.mark.parametrize("what", ["schema", "model"])
def test_what_cannot_be_read_any_more_is_made_anew_and_answers_from_what_is_ready(
    newer: Assistant, settings: Settings, what: str
) -> None:
    fact = ManifestRow("schema", "3") if what == "schema" else ManifestRow("fingerprint", "gone")
    connection = connect(settings.index_dir)
    write_row(connection, fact)
    connection.close()
    served = upgrade(newer)
    assert not is_upgrading(served)
    served.sync()
    assert names(served) == ["leave.txt", "rain.txt"]
    upgrade(newer)
    assert not (settings.index_dir / FORMER_FOLDER).exists()


def test_an_index_that_fits_is_left_alone_and_a_missing_one_is_no_upgrade(
    settings: Settings,
) -> None:
    with Assistant(settings, HashingEmbedder()) as assistant:
        assert upgrade(assistant) is assistant
        assistant.sync()
        inode = assistant.index.inode
        assert upgrade(assistant) is assistant
        assert assistant.index.inode == inode


def test_nothing_is_moved_while_another_process_writes(
    newer: Assistant, settings: Settings
) -> None:
    with hold_lock(settings.index_dir), pytest.raises(AssistantError, match="is being written"):
        upgrade(newer)
    assert (settings.index_dir / CATALOG_FILE).is_file()


def test_the_page_says_that_the_former_index_answers(newer: Assistant) -> None:
    from assistant.serve.chat.corpus import Corpus
    from assistant.serve.chat.render import render_part

    served = upgrade(newer)
    told = Corpus(served)
    newer.index.progress = replace(Progress("reading", 1, 2), name="rain.txt")
    assert told.count_ready() == (1, 2, True)
    shown = render_part("ready", *told.count_ready())
    assert "The index is made anew: 1 of 2 files is read." in shown
    assert "Until then the former one answers." in shown
    newer.index.progress = None


def test_conversations_and_what_was_added_stay_where_they_are(
    newer: Assistant, settings: Settings
) -> None:
    for name in ("conversations.sqlite", "added", "trash"):
        (settings.index_dir / name).mkdir(exist_ok=True)
    upgrade(newer).sync()
    kept = {one.name for one in settings.index_dir.iterdir()}
    assert {"conversations.sqlite", "added", "trash"} <= kept
