"""Every engine keeps the same index: what is read, found and answered is the same from each.

`pytest -k conformance` runs these. Milvus is milvus-lite here, one file that the same client opens;
what that lacks is named in `test_milvus.py`.
"""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpora import FILES, replace_files, write_files
from engines import ENGINES, engine_settings, read_all
from hashing import HashingEmbedder
from hypothesis import HealthCheck, given
from hypothesis import settings as properties
from hypothesis import strategies as st

from assistant.errors import CorpusError, IndexDamaged, IndexMismatch, IndexMissing
from assistant.pipeline import Assistant
from assistant.values import Answer

WORDS = "Danube forest moon ocean leave month delta ice Titan methane Saturn 水利 12,500".split()
QUESTIONS = (
    "Where does the Danube rise?",
    "How many volcanoes does Io have?",
    "Does unused leave carry over?",
    "Where does the Danub rise?",
    "What is the capital of Peru?",
    "Which documents are there?",
    "moons.md",
)


@pytest.fixture(params=ENGINES)
def assistant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Assistant]:
    """An assistant over the tiny corpus with an engine, and no index yet."""
    settings = engine_settings(request.param, tmp_path)
    write_files(settings.corpus_dir, FILES)
    with Assistant(settings, HashingEmbedder()) as opened:
        yield opened


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Assistant]]:
    """The same random documents in each engine, some changed and some gone since."""
    with ExitStack() as opened:
        found = []
        for engine in ENGINES:
            random_ = random.Random(7)
            settings = engine_settings(engine, tmp_path_factory.mktemp(engine))
            write_files(settings.corpus_dir, FILES)
            assistant = opened.enter_context(Assistant(settings, HashingEmbedder()))
            for round_ in range(3):
                for n in range(25):
                    if random_.random() < 0.5:
                        text = " ".join(random_.choices(WORDS, k=random_.randint(5, 60)))
                        write_files(settings.corpus_dir, {f"r/{n}.txt": f"{text}. {round_}"})
                    elif random_.random() < 0.2:
                        (settings.corpus_dir / f"r/{n}.txt").unlink(missing_ok=True)
                assistant.sync()
            found.append(assistant)
        yield found


def what_is_said(answer: Answer) -> object:
    cited = [(one.document_id, one.start, one.end, one.quote) for one in answer.citations]
    return answer.kind, [one.text for one in answer.statements], cited, answer.consulted


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_same_question_gets_the_same_answer(both: list[Assistant], question: str) -> None:
    embedded, other = (what_is_said(one.ask(question)) for one in both)
    assert other == embedded


@properties(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([*WORDS, "rivers", "nothing", "7"]), min_size=1, max_size=6))
def test_the_same_query_finds_the_same_passages_with_the_same_scores(
    both: list[Assistant], words: list[str]
) -> None:
    embedded, other = (one.search(" ".join(words), k=12) for one in both)
    assert [one.passage for one in other] == [one.passage for one in embedded]
    for name in ("score", "dense", "lexical"):
        assert [getattr(one, name) for one in other] == pytest.approx(
            [getattr(one, name) for one in embedded], abs=1e-5
        )


def test_everything_that_is_read_is_the_same(both: list[Assistant]) -> None:
    told = []
    for one in both:
        with one.index.open() as snapshot:
            told.append(read_all(snapshot))
    for name, embedded in told[0].items():
        assert told[1][name] == embedded, name


def test_a_reader_keeps_its_version_until_it_lets_go(assistant: Assistant) -> None:
    assistant.sync()
    with assistant.index.open() as before:
        version, told = before.version, read_all(before)
        replace_files(assistant.settings.corpus_dir, {"new.txt": "All is new. The moon is blue."})
        assistant.sync()
        assert read_all(before) == told
        with assistant.index.open() as after:
            assert after.version > version
            assert [one.document_id for one in after.records()] == ["new.txt"]
            assert after.bm25(["danub"], k=9) == []
        assert before.bm25(["danub"], k=9) != []
    assert assistant.check() == ()


def test_a_sync_that_changes_nothing_makes_no_new_version(assistant: Assistant) -> None:
    assistant.sync()
    version = assistant.index_version
    report = assistant.sync()
    assert (report.n_unchanged, report.n_embedded, assistant.index_version) == (3, 0, version)


def test_files_come_change_move_and_go(assistant: Assistant) -> None:
    corpus = assistant.settings.corpus_dir
    assert assistant.sync().n_added == 3
    (corpus / "rivers.txt").rename(corpus / "moved.txt")
    (corpus / "law.html").unlink()
    write_files(corpus, {"copy.txt": FILES["rivers.txt"], "space/moons.md": "Io is a moon."})
    report = assistant.sync()
    counts = report.n_added, report.n_moved, report.n_changed, report.n_removed
    assert counts == (1, 1, 1, 1)
    names = {one.document_id: one.copies for one in assistant.documents()}
    assert names == {
        "copy.txt": ("moved.txt",),
        "moved.txt": ("copy.txt",),
        "space/moons.md": (),
    }
    assert assistant.check() == ()
    assert assistant.search("Danube", k=1)[0].passage.document_id == "copy.txt"


def test_names_that_look_like_expressions_are_names(assistant: Assistant) -> None:
    names = ['a" or row > 0 or "', "b'; drop", "{commit}", "c\\", "x' in [1] #.txt"]
    files = {f"{name}.txt": f"The river number {n} is long." for n, name in enumerate(names)}
    replace_files(assistant.settings.corpus_dir, files)
    assistant.sync()
    for name, text in files.items():
        assert assistant.document(name).text.strip() == text
        (found, *_) = assistant.search("river", documents=[name])
        assert found.passage.document_id == name
    with pytest.raises(CorpusError, match="holds no document"):
        assistant.search("river", documents=['" or 1 == 1 or "'])


def test_without_an_index_that_is_told(assistant: Assistant) -> None:
    assert not assistant.has_index
    assert assistant.index.engine.identity is None
    with pytest.raises(IndexMissing, match="assistant index"), assistant.index.open():
        pass


def test_an_index_of_another_model_is_refused_and_a_rebuild_replaces_it(
    assistant: Assistant,
) -> None:
    assistant.sync()
    other = Assistant(assistant.settings, HashingEmbedder(fingerprint="another"))
    with pytest.raises(IndexMismatch, match="fingerprint"):
        other.sync()
    version, identity = assistant.index_version, assistant.index.engine.identity
    assert other.sync(rebuild=True).n_added == 3
    assert other.index_version > version
    assert other.index.engine.identity != identity
    with pytest.raises(IndexMismatch), assistant.index.open():
        pass


def test_a_preview_tells_what_a_sync_would_do(assistant: Assistant) -> None:
    corpus = assistant.settings.corpus_dir
    assert {one.action for one in assistant.preview()} == {"add"}
    assistant.sync()
    write_files(corpus, {"rivers.txt": "The Rhine."})
    (corpus / "law.html").unlink()
    told = [(one.document_id, one.action) for one in assistant.preview()]
    assert told == [("law.html", "remove"), ("rivers.txt", "change")]


def test_a_sync_that_is_stopped_keeps_what_was_done(assistant: Assistant) -> None:
    def stop(progress: Any) -> None:
        if progress.done >= 2:
            raise CorpusError("stopped")

    with pytest.raises(CorpusError):
        assistant.sync(on_progress=stop)
    report = assistant.sync()
    assert report.n_added + report.n_unchanged == 3
    assert assistant.check() == ()


def test_a_long_text_and_one_of_many_scripts_come_back_whole(assistant: Assistant) -> None:
    text = "\n\n".join(f"Chapter {n}. The river 水利 {n} – façade, №{n}." for n in range(300))
    replace_files(assistant.settings.corpus_dir, {"long.txt": text})
    assistant.sync()
    assert assistant.document("long.txt").text.strip() == text
    assert assistant.check() == ()


def test_vectors_come_back_bit_by_bit(assistant: Assistant) -> None:
    assistant.sync()
    with assistant.index.open() as snapshot:
        rows, matrix = snapshot.vectors_after(0, 64)
        embedder = HashingEmbedder()
        again, same = snapshot.vectors_of(rows, embedder.dimension)
        assert again == rows
        assert np.array_equal(matrix, same)
        assert snapshot.vectors_after(rows[1], 64)[0] == rows[2:]
        with pytest.raises(IndexDamaged, match="lacks the passage"):
            snapshot.vectors_of([10**6], 64)
