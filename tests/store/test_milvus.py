"""An index in Milvus: what a kill leaves, who may write, what a server is sent, and no secrets.

milvus-lite lacks, and so a fake of the client stands in for here: values that are bound to an
expression, a graph to search vectors by, users and databases. It lacks further: statistics of BM25
over all rows (they are of a part of them), other analysers than the standard one, time stamps, and
a second process at a time.
"""

import json
import logging
import random
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpora import FILES, replace_files, settings_in, write_files
from dom import present
from engines import engine_settings, read_all
from hashing import HashingEmbedder
from hypothesis import given
from hypothesis import strategies as st
from torture import trials

from assistant.doctor.index import examine_index
from assistant.errors import IndexDamaged, IndexLocked, SettingsError, StoreError
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.store import commits, remote
from assistant.store.changes import CatalogWriter
from assistant.store.commits import LEASE, LEASE_S, PRESENT, MilvusEngine
from assistant.store.milvus import Milvus, MilvusUrl, write_out
from assistant.store.remote import RETAIN_S, digest_of
from assistant.store.sync import Progress

SECRET = "s3cr3t-pa55"


@pytest.fixture
def assistant(tmp_path: Path) -> Iterator[Assistant]:
    settings = engine_settings("milvus", tmp_path)
    write_files(settings.corpus_dir, FILES)
    with Assistant(settings, HashingEmbedder()) as opened:
        yield opened


def engine_of(assistant: Assistant) -> MilvusEngine:
    assert isinstance(assistant.index.engine, MilvusEngine)
    return assistant.index.engine


def milvus_of(assistant: Assistant) -> Milvus:
    return engine_of(assistant)._milvus


def take_over(engine: MilvusEngine) -> None:
    """Write another server's lease in place of the writer's."""
    lease = {"token": "theirs", "where": ["host-b", "/srv"], "pid": 7, "at": time.time()}
    engine._put(LEASE, json.dumps(lease))


class Killed(BaseException):
    """What ends a writer as a kill does: nothing of it is handled."""


def kill_at(monkeypatch: pytest.MonkeyPatch, nth: int) -> Callable[[], bool]:
    """Kill the writer before its n-th write; return what tells whether that has come."""
    left = [nth]
    originals = {name: getattr(Milvus, name) for name in ("put", "delete")}

    def struck(name: str) -> Callable[..., None]:
        def call(self: Milvus, *args: Any, **kwargs: Any) -> None:
            left[0] -= 1
            if left[0] <= 0:
                raise Killed
            originals[name](self, *args, **kwargs)

        return call

    for name in originals:
        monkeypatch.setattr(Milvus, name, struck(name))
    return lambda: left[0] <= 0


def test_a_killed_writer_leaves_the_former_version_and_the_next_one_finishes(
    assistant: Assistant,
) -> None:
    random_ = random.Random(11)
    corpus = assistant.settings.corpus_dir
    assistant.sync()
    for trial in range(trials(4, 60)):
        with assistant.index.open() as snapshot:
            before = read_all(snapshot)
        text = f"Trial {trial}. The Danube is {trial} metres wide."
        write_files(corpus, {"rivers.txt": text, f"{trial}.txt": "The moon is far away."})
        if trial:
            (corpus / f"{trial - 1}.txt").unlink()
        with pytest.MonkeyPatch.context() as patched:
            is_killed = kill_at(patched, random_.randint(1, 16))
            try:
                assistant.sync()
            except Killed:
                assert is_killed()
        with assistant.index.open() as snapshot:
            after = read_all(snapshot)
        if is_killed():
            assert after == before or assistant.document("rivers.txt").text == text
        assistant.sync()
        assert assistant.check() == ()
        assert assistant.document("rivers.txt").text == text
        assert f"{trial}.txt" in {one.document_id for one in assistant.documents()}


CHILD = """
import os, signal, sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from engines import engine_settings
from hashing import HashingEmbedder
from assistant.pipeline import Assistant
from assistant.store.milvus import Milvus

put, left = Milvus.put, [int(sys.argv[2])]

def struck(self, *args):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    put(self, *args)

Milvus.put = struck
with Assistant(engine_settings("milvus", Path(sys.argv[1])), HashingEmbedder()) as assistant:
    assistant.sync()
"""


@pytest.mark.slow
@pytest.mark.parametrize("nth", [3, 4, 5])
def test_a_process_that_was_killed_leaves_an_index_that_the_next_one_finishes(
    tmp_path: Path, nth: int
) -> None:
    settings = engine_settings("milvus", tmp_path)
    write_files(settings.corpus_dir, FILES)
    with Assistant(engine_settings("embedded", tmp_path), HashingEmbedder()) as embedded:
        embedded.sync()
        with embedded.index.open() as snapshot:
            before = read_all(snapshot)
    script = CHILD.format(tests=str(Path(__file__).parents[1]))
    for when, code in ((10**6, 0), (nth, -signal.SIGKILL)):  # one process at a time opens the file
        given = [sys.executable, "-c", script, str(tmp_path), str(when)]
        done = subprocess.run(given, check=False, capture_output=True, timeout=200)
        assert done.returncode == code, done.stderr.decode()
        replace_files(settings.corpus_dir, {"new.txt": "All is new."})
    with Assistant(settings, HashingEmbedder()) as again:
        with again.index.open() as snapshot:
            assert read_all(snapshot) == before
        again.sync()
        assert again.check() == ()
        assert [one.document_id for one in again.documents()] == ["new.txt"]


def test_a_write_that_fails_in_the_middle_is_not_made_current(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant.sync()
    version = assistant.index_version
    replace_files(assistant.settings.corpus_dir, {"new.txt": "All is new."})
    put, calls = Milvus.put, iter(range(99))

    def fail(self: Milvus, name: str, rows: Any) -> None:
        if name.endswith("_passages") and next(calls) == 0:
            raise StoreError("the server is gone")
        put(self, name, rows)

    with monkeypatch.context() as patched:
        patched.setattr(Milvus, "put", fail)
        with pytest.raises(StoreError, match="gone"):
            assistant.sync()
    assert assistant.index_version == version
    assert assistant.search("Danube", k=1)[0].passage.document_id == "rivers.txt"
    assistant.sync()
    assert assistant.check() == ()


def test_an_interrupted_rebuild_leaves_the_former_index(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant.sync()
    identity, version = assistant.index.engine.identity, assistant.index_version

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("assistant.store.changes.CatalogWriter.finish", kill)
        with pytest.raises(Killed):
            assistant.sync(rebuild=True)
    assert (assistant.index.engine.identity, assistant.index_version) == (identity, version)
    assert assistant.check() == ()


def test_a_content_that_goes_and_comes_back_in_one_commit_is_there_once(
    assistant: Assistant,
) -> None:
    corpus = assistant.settings.corpus_dir
    one, other = "The Danube rises in Donaueschingen.", "The moon is far away."
    replace_files(corpus, {"a.txt": one, "b.txt": other})
    assistant.sync()
    replace_files(corpus, {"a.txt": other, "b.txt": one})
    assistant.sync()
    assert assistant.check() == ()
    milvus, generation = milvus_of(assistant), f"{assistant.index.engine.identity or 0:x}"
    stored = milvus.scan(
        f"{milvus.url.prefix}_{generation}_rows",
        ["identity", "piece"],
        "died == {forever}",
        forever=remote.FOREVER,
    )
    alive = [(row["identity"], row["piece"]) for row in stored]
    assert len(alive) == len(set(alive))
    assert [assistant.document(name).text.strip() for name in ("a.txt", "b.txt")] == [other, one]
    assert assistant.search("Danube", k=1)[0].passage.document_id == "b.txt"


def test_another_server_answers_from_the_same_index_and_sees_what_is_new(
    assistant: Assistant, tmp_path: Path
) -> None:
    assistant.sync()
    own = assistant.settings.model_copy(update={"index_dir": tmp_path / "other"})
    own.index_dir.mkdir()
    own.index_dir.chmod(0o500)
    with Assistant(own, HashingEmbedder()) as other:
        assert other.has_index
        assert other.search("Danube", k=3) == assistant.search("Danube", k=3)
        with other.index.open() as before:
            write_files(assistant.settings.corpus_dir, {"new.txt": "The lighthouse is white."})
            assistant.sync()
            assert before.bm25(["lighthous"], k=1) == []
        assert other.search("lighthouse", k=1)[0].passage.document_id == "new.txt"
        assert other.index_version == assistant.index_version
        assert list(own.index_dir.iterdir()) == []
    own.index_dir.chmod(0o700)


def test_a_writer_elsewhere_keeps_others_out_until_it_gives_no_sign_of_life(
    assistant: Assistant,
) -> None:
    assistant.sync()
    engine = assistant.index.engine
    assert isinstance(engine, MilvusEngine)
    lease = {"token": "theirs", "where": ["host-b", "/srv"], "pid": 7, "at": time.time()}
    engine._put(LEASE, json.dumps(lease))
    with pytest.raises(IndexLocked, match="process 7 on host-b"):
        assistant.sync()
    assert assistant.search("Danube"), "who reads is not kept out"
    engine._put(LEASE, json.dumps(lease | {"at": time.time() - LEASE_S}))
    assert assistant.sync().n_unchanged == 3
    assert engine._holder() is None


def test_a_writer_that_was_taken_over_writes_nothing_more(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant.sync()
    version = assistant.index_version
    write_files(assistant.settings.corpus_dir, {"new.txt": "All is new."})
    finish = CatalogWriter.finish

    def finish_late(writer: CatalogWriter) -> None:
        finish(writer)
        take_over(engine_of(assistant))

    monkeypatch.setattr(CatalogWriter, "finish", finish_late)
    with pytest.raises(IndexLocked, match="taken over"):
        assistant.sync()
    assert assistant.index_version == version


def test_a_writer_that_was_taken_over_leaves_no_rows_to_the_one_who_writes_now(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant.sync()
    monkeypatch.setattr(commits, "COMMIT_S", 3_600.0)  # one commit, after the other has come
    finish, written = CatalogWriter.finish, []

    def finish_late(writer: CatalogWriter) -> None:
        finish(writer)
        take_over(engine_of(assistant))
        for name in ("put", "delete"):
            monkeypatch.setattr(Milvus, name, lambda _, *given, **__: written.append(given))

    monkeypatch.setattr(CatalogWriter, "finish", finish_late)
    replace_files(assistant.settings.corpus_dir, {"new.txt": "All is new."})
    with pytest.raises(IndexLocked, match="taken over"):
        assistant.sync()
    assert written == []


def test_a_sync_gives_signs_of_life_while_it_commits_nothing_and_ends_when_it_is_taken_over(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_of(assistant)
    monkeypatch.setattr(commits, "SIGN_S", 0.0)
    monkeypatch.setattr(commits, "COMMIT_S", 3_600.0)
    signs: list[float] = []

    def look(_: Progress) -> None:
        holder = engine._holder()
        signs.append(holder["at"] if holder else 0)

    assistant.sync(on_progress=look)
    assert len(signs) == len(set(signs)) > 3

    def end(_: Progress) -> None:
        signs.append(0)
        take_over(engine)

    signs.clear()
    write_files(assistant.settings.corpus_dir, {"new.txt": "All is new."})
    with pytest.raises(IndexLocked, match="taken over"):
        assistant.sync(on_progress=end)
    assert signs == [0]


def test_dead_rows_are_removed_when_nobody_may_read_them_any_more(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant.sync()
    replace_files(assistant.settings.corpus_dir, {"new.txt": "All is new."})
    assistant.sync()
    milvus = milvus_of(assistant)
    names = [name for name in milvus.collections() if name.endswith(("_rows", "_passages"))]
    assert all(milvus.count(name, "died < {n}", n=remote.FOREVER) for name in names)
    monkeypatch.setattr(commits, "RETAIN_S", 0.0)
    assistant.sync()
    assert not any(milvus.count(name, "died < {n}", n=remote.FOREVER) for name in names)
    assert assistant.check() == ()


def test_a_sync_leaves_the_collections_of_an_index_with_a_longer_name(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant.sync()
    milvus = milvus_of(assistant)
    monkeypatch.setattr(commits, "RETAIN_S", 0.0)
    old, prefix = f"{time.time_ns() - 10**12:x}", milvus.url.prefix
    former = f"{prefix}_{old}_rows"
    others = [f"{prefix}_{one}_rows" for one in (f"0_{old}", f"ab_{old}", f"0x{old}", "7")]
    for name in (former, *others):
        milvus.create(name, remote.MANIFEST_FIELDS, 2)
    assistant.sync()
    left = set(milvus.collections())
    assert former not in left
    assert set(others) <= left


def test_who_holds_a_version_for_too_long_is_told(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant.sync()
    with assistant.index.open() as snapshot:
        later = time.monotonic() + RETAIN_S + 1
        monkeypatch.setattr("assistant.store.remote.time.monotonic", lambda: later)
        with pytest.raises(StoreError, match="ask again"):
            snapshot.bm25(["danub"], k=1)


def test_counts_of_terms_are_merged_without_a_change_to_what_is_counted(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant.sync()
    with assistant.index.open() as snapshot:
        before = snapshot.count_terms_from("d")
    with assistant.index.engine.change(assistant.index._config) as writer:
        assert isinstance(writer.tables, commits.WritableMilvus)
        writer.tables._merge_counts()
    with assistant.index.open() as snapshot:
        assert snapshot.count_terms_from("d") == before != {}
    assert assistant.check() == ()


def test_a_row_that_another_program_has_altered_is_met_and_the_index_built_anew(
    assistant: Assistant,
) -> None:
    assistant.sync()
    milvus = milvus_of(assistant)
    (name,) = (one for one in milvus.collections() if one.endswith("_rows"))
    for fault in ("e30=", "?"):
        fields = [*remote.ROW_FIELDS, "vector"]
        (name,) = (f"{milvus.url.prefix}_{assistant.index.engine.identity or 0:x}_rows",)
        texts = list(milvus.scan(name, fields, "kind == {kind}", kind=1))
        milvus.put(name, [one | {"data": fault} for one in texts])
        with pytest.raises(IndexDamaged, match="table texts"):
            assistant.document("rivers.txt")
        assert any("texts" in one for one in assistant.check())
        answer = assistant.ask("Where does the Danube rise?")
        assert answer.citations
        assert assistant.check() == ()


def test_a_manifest_that_another_program_has_altered_is_met_and_the_index_built_anew(
    assistant: Assistant,
) -> None:
    assistant.sync()
    engine = assistant.index.engine
    assert isinstance(engine, MilvusEngine)
    version = assistant.index_version
    engine._put(PRESENT, '["{}", 7]')
    with pytest.raises(IndexDamaged, match="manifest"), assistant.index.open():
        pass
    assert not assistant.has_index
    assert "manifest" in (assistant.sync().recovered or "")
    assert assistant.index_version > version
    assert assistant.check() == ()


# What a server is sent, and what nobody is told


class FakeClient:
    """Keeps what a server would be sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any]]] = []

    def load_collection(self, name: str, **_: Any) -> None:
        pass

    def query(self, name: str, **given: Any) -> list[dict[str, Any]]:
        self.sent.append(("query", given))
        return []

    def delete(self, name: str, **given: Any) -> None:
        self.sent.append(("delete", given))

    def search(self, name: str, **given: Any) -> list[list[dict[str, Any]]]:
        self.sent.append(("search", given))
        return [[]]


def test_a_server_gets_values_bound_and_expressions_without_any() -> None:
    milvus, client = Milvus("http://host:19530"), FakeClient()
    milvus._client = client
    milvus.find("rows", ["data"], "first in {keys} and born <= {commit}", keys=["0a"], commit=7)
    milvus.delete("rows", "born > {commit}", commit=7)
    milvus.search("passages", [1.0, 0.0], 500, remote.ALIVE, commit=7)
    (_, found), (_, deleted), (_, searched) = client.sent
    assert found["filter"] == "first in {keys} and born <= {commit}"
    assert found["filter_params"] == {"keys": ["0a"], "commit": 7}
    assert deleted["filter_params"] == searched["filter_params"] == {"commit": 7}
    assert searched["filter"] == remote.ALIVE
    assert searched["search_params"]["params"]["ef"] == 500
    assert milvus.vector_index["index_type"] == "HNSW"


@given(st.text(min_size=1))
def test_no_text_but_a_digest_gets_into_an_expression(text: str) -> None:
    assert write_out("first == {key}", {"key": digest_of(text)}).count('"') == 2
    if not set(text) <= set("0123456789abcdef"):
        with pytest.raises(ValueError, match="no digest"):
            write_out("first == {key}", {"key": [text]})


def test_an_address_is_taken_apart_and_shown_without_its_password() -> None:
    url = MilvusUrl(f"https://ann:{SECRET}%21@milvus.example:443/team?name=docs")
    assert (url.uri, url.database, url.prefix) == ("https://milvus.example:443", "team", "docs")
    assert url.token == f"ann:{SECRET}!"
    assert url.shown == "https://milvus.example:443/team?name=docs"
    assert MilvusUrl("http://key@host").token == "key"
    for wrong in ("http://", "http://host?name=a-b", "http://host:x"):
        with pytest.raises(SettingsError, match="index_url"):
            MilvusUrl(wrong)


@pytest.mark.parametrize(
    "cut",
    [
        f"http://ann:{SECRET}:x@host:y",
        f"http://ann:{SECRET}[@host",
        f"http://ann:{SECRET}\N{ACCOUNT OF}@host",  # of which Unicode makes an a/c
        f"http://ann:12/{SECRET}@host/team",
        f"http://ann:12?{SECRET}@host",
        f"http://ann:12#{SECRET}@host",
    ],
)
def test_an_address_that_its_password_cuts_is_refused_without_being_told(cut: str) -> None:
    given = present(Settings.load(index_url=cut).index_url)  # takes it: only its use takes it apart
    with pytest.raises(SettingsError, match="%XX") as met:
        MilvusUrl(given.get_secret_value())
    assert SECRET not in "".join(traceback.format_exception(met.value))


@pytest.mark.parametrize(
    "url", ["ftp://host", f"milvus://ann:{SECRET}@host", f"{SECRET}", "a b.db"]
)
def test_an_address_of_another_kind_is_refused_without_being_told(url: str) -> None:
    with pytest.raises(SettingsError) as met:
        Settings.load(index_url=url)
    assert url not in str(met.value)


def test_a_server_that_is_away_is_told_with_what_to_do_and_no_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pymilvus")
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr("assistant.store.milvus.TIMEOUT_S", 0.5)
    url = f"http://ann:{SECRET}@127.0.0.1:1/team"
    settings = settings_in(tmp_path, index_url=url)
    write_files(settings.corpus_dir, FILES)
    told = [repr(settings), settings.model_dump_json()]
    with Assistant(settings, HashingEmbedder()) as assistant:
        for use in (assistant.sync, lambda: assistant.ask("Danube?"), assistant.check):
            with pytest.raises(StoreError, match=r"127\.0\.0\.1:1/team.*index_url") as met:
                use()
            told += [str(met.value), repr(met.value), repr(met.value.__cause__)]
        assert assistant.index.engine.version == 0
    told += [f"{one.told} {one.remedy}" for one in examine_index(settings)]
    assert any("see that the server runs" in one for one in told)
    assert SECRET not in "".join(told) + caplog.text


def test_a_file_that_another_process_has_open_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pymilvus = pytest.importorskip("pymilvus")

    def refuse(*_: Any, **__: Any) -> None:
        raise pymilvus.MilvusException(message="Open local milvus failed")

    monkeypatch.setattr(pymilvus, "MilvusClient", refuse)
    with pytest.raises(StoreError, match="one process at a time"):
        Milvus(str(tmp_path / "milvus.db")).collections()


def test_doctor_looks_at_an_index_on_a_server(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def expected_facts(_: Settings) -> dict[str, str]:
        return {"model": assistant.settings.embedding_model}

    monkeypatch.setattr("assistant.doctor.index.expected_facts", expected_facts)
    assert [one.remedy for one in examine_index(assistant.settings)] == ["assistant index"]
    assistant.sync()
    told = [one.told for one in examine_index(assistant.settings)]
    assert ["4 passages" in told[0], "in step" in told[1]] == [True, True]
    monkeypatch.setattr("assistant.doctor.index.expected_facts", lambda _: {"model": "another"})
    (one,) = examine_index(assistant.settings)
    assert one.remedy == "assistant index --rebuild"


def test_vectors_of_a_passage_are_those_that_were_written(assistant: Assistant) -> None:
    assistant.sync()
    with assistant.index.open() as snapshot:
        rows, matrix = snapshot.vectors_after(0, 64)
        for row, vector in zip(rows, matrix, strict=True):
            found = assistant.index.engine.vectors.search(snapshot, vector, 1)
            assert found[0][0] == row
            assert found[0][1] == pytest.approx(float(np.dot(vector, vector)), abs=1e-6)
