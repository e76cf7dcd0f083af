"""A backup holds all that cannot be made anew, and a folder made of it answers as before."""

import json
import shutil
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from corpora import write_files
from hashing import HashingEmbedder
from llama_index.core.schema import Document as LlamaDocument

from assistant.errors import IndexLocked, StoreError
from assistant.pipeline import Assistant
from assistant.serve.chat.database import Database
from assistant.serve.chat.history import ConversationStore
from assistant.serve.chat.turns import Turn
from assistant.settings import Settings
from assistant.store.backup import LIST, back_up, restore
from assistant.store.lock import hold_lock
from assistant.values import Answer

QUESTION = "Where does the Danube rise?"
FILES = {
    "rivers.txt": "The Danube rises in the Black Forest. It is 2,850 kilometres long.",
    "cities/ulm.md": "# Ulm\n\nUlm lies on the Danube. Its minster is 161 metres high.",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of two files and an added document, with a conversation and a calibration."""
    root = tmp_path_factory.mktemp("made")
    write_files(root / "corpus", FILES)
    with opened(root / "index", root / "corpus") as assistant:
        assistant.sync()
        inn = LlamaDocument(text="The Inn joins the Danube at Passau.", id_="inn")
        assistant.add_documents([inn])
        store = ConversationStore(Database(root / "index"))
        conversation = store.create("ann", "Rivers")
        store.put("ann", conversation, Turn(1, QUESTION, assistant.ask(QUESTION)))
    (root / "index" / "calibration.json").write_text('{"kept": true}')
    return root


def opened(index: Path, corpus: Path) -> Assistant:
    return Assistant(Settings(corpus_dir=corpus, index_dir=index), HashingEmbedder())


def ask(index: Path, corpus: Path, question: str = QUESTION) -> Answer:
    with opened(index, corpus) as assistant:
        return replace(assistant.ask(question), timings={})


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


@pytest.fixture
def packed(made: Path, tmp_path: Path) -> Path:
    back_up(made / "index", tmp_path / "kept.zip", version="1")
    return tmp_path / "kept.zip"


def test_what_is_brought_back_elsewhere_answers_the_same(
    made: Path, packed: Path, tmp_path: Path
) -> None:
    told = restore(packed, tmp_path / "elsewhere" / "index")
    again = tmp_path / "elsewhere" / "index"
    for question in (QUESTION, "Where does the Inn join the Danube?"):
        assert ask(again, made / "corpus", question) == ask(
            made / "index", made / "corpus", question
        )
    ours = ConversationStore(Database(again)).list("ann")
    assert ours == ConversationStore(Database(made / "index")).list("ann") != ()
    assert (again / "calibration.json").read_text() == '{"kept": true}'
    assert {"catalog.sqlite", "conversations.sqlite", "calibration.json"} < set(told.files)
    assert told.version == "1"
    with opened(again, made / "corpus") as assistant:
        report = assistant.sync()
        assert (report.n_added, report.n_changed, report.n_removed) == (0, 0, 0)


def test_it_is_made_while_others_write_and_is_whole(made: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    shutil.copytree(made / "index", index)
    store, is_over = ConversationStore(Database(index)), threading.Event()

    def write() -> None:
        while not is_over.is_set():
            store.put("ann", store.create("ann", "More"), Turn(1, "And then?", "Nothing."))

    writing = threading.Thread(target=write)
    writing.start()
    try:
        with hold_lock(index):  # as a sync does
            for n in range(5):
                back_up(index, tmp_path / f"{n}.zip", version="1")
    finally:
        is_over.set()
        writing.join()
    sizes = []
    for n in range(5):
        restore(tmp_path / f"{n}.zip", tmp_path / f"index{n}")
        sizes.append(len(ConversationStore(Database(tmp_path / f"index{n}")).list("ann")))
    assert sizes == sorted(sizes)
    assert ask(tmp_path / "index4", made / "corpus").statements


def test_a_folder_that_holds_an_index_is_left_alone_unless_it_is_to_be_replaced(
    made: Path, packed: Path, tmp_path: Path
) -> None:
    index = tmp_path / "index"
    write_files(tmp_path / "other", {"a.txt": "The Rhine rises in the Alps."})
    with opened(index, tmp_path / "other") as assistant:
        assistant.sync()
    before = contents(index)
    with pytest.raises(StoreError, match=r"holds catalog\.sqlite already.*--replace"):
        restore(packed, index)
    assert contents(index) == before
    restore(packed, index, replaces=True)
    (aside,) = index.glob("replaced-*")
    assert contents(aside)["catalog.sqlite"] == before["catalog.sqlite"]
    assert ask(index, made / "corpus") == ask(made / "index", made / "corpus")


def test_what_another_process_writes_is_not_replaced(packed: Path, tmp_path: Path) -> None:
    with hold_lock(tmp_path / "index"), pytest.raises(IndexLocked):
        restore(packed, tmp_path / "index", replaces=True)


@pytest.mark.parametrize("seed", range(30))
def test_a_damaged_backup_changes_nothing(packed: Path, tmp_path: Path, seed: int) -> None:
    data = bytearray(packed.read_bytes())
    random = Random(seed)
    if seed % 3:
        at = random.randrange(len(data))
        data[at] ^= 1 << random.randrange(8)
    else:
        del data[random.randrange(len(data)) :]
    (tmp_path / "damaged.zip").write_bytes(bytes(data))
    index = tmp_path / "index"
    index.mkdir()
    restore(packed, tmp_path / "right")
    try:
        restore(tmp_path / "damaged.zip", index)
    except StoreError:
        assert contents(index) == {}
    else:  # a byte that says nothing, such as a date in the directory
        assert contents(index) == contents(tmp_path / "right")


def rewrite(path: Path, **changes: Any) -> None:
    with zipfile.ZipFile(path) as file:
        held = {name: file.read(name) for name in file.namelist()}
    told = json.loads(held[LIST]) | changes.pop("told", {})
    with zipfile.ZipFile(path, "w") as file:
        for name, data in (held | {LIST: json.dumps(told).encode()} | changes).items():
            file.writestr(name, data)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"told": {"format": 2}}, "its format is 2"),
        ({"told": {"files": {"../evil.sqlite": "0"}}}, "which no index has"),
        ({"told": {"files": {"added/..": "0"}}}, "which no index has"),
        ({"told": {"files": {"/etc/passwd": "0"}}}, "which no index has"),
        ({"told": {"files": []}}, "its list is of other files"),
        ({"told": {"files": None}}, "nothing was changed"),
        ({"evil.sh": b"rm"}, "its list is of other files"),
        ({"catalog.sqlite": b"another"}, "'catalog.sqlite' is not what was backed up"),
        ({LIST: b"[]"}, "nothing was changed"),
        ({LIST: b"{"}, "nothing was changed"),
    ],
)
def test_what_is_no_backup_of_ours_is_refused(
    packed: Path, tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    rewrite(packed, **changes)
    with pytest.raises(StoreError, match=says):
        restore(packed, tmp_path / "index")
    assert contents(tmp_path / "index") == {} if (tmp_path / "index").exists() else True


def test_a_file_that_is_not_there_or_none_of_ours_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no file"):
        restore(tmp_path / "none.zip", tmp_path / "index")
    (tmp_path / "text.zip").write_text("no zip file")
    with pytest.raises(StoreError, match="no backup"):
        restore(tmp_path / "text.zip", tmp_path / "index")


def test_nothing_is_kept_of_nothing_and_a_folder_that_cannot_be_written_is_told(
    made: Path, tmp_path: Path
) -> None:
    with pytest.raises(StoreError, match="nothing to keep"):
        back_up(tmp_path, tmp_path / "a.zip", version="1")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be written"):
        back_up(made / "index", tmp_path / "file" / "a.zip", version="1")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.fixture(autouse=True)
def _left_clean(tmp_path: Path) -> Iterator[None]:
    """Nothing half-written stays behind, whatever happened."""
    yield
    assert not [p for p in tmp_path.rglob(".*") if p.name.startswith((".backup-", ".restoring-"))]
    assert not list(tmp_path.rglob("*.half"))
