"""pytest in other people's hands: runs of it over their documents pass, or fail with what is so."""

import time
from pathlib import Path

import pytest
from corpora import FILES, write_files
from hashing import HashingEmbedder

from assistant import pipeline, testing
from assistant.errors import IndexLocked
from assistant.pipeline import Assistant
from assistant.settings import Settings

pytest_plugins = ("pytester",)
PLUGIN = "assistant.testing"
CONFTEST = f"""
import sys
sys.path[:0] = [{str(Path(__file__).parent)!r}]
import pytest
from hashing import HashingEmbedder
from assistant import pipeline
pipeline.open_embedder = lambda *_: HashingEmbedder()
pipeline.open_scorer = lambda settings, embedder: pipeline.LateInteractionScorer(embedder)
"""
"""An embedder without a model: what is tried is the plugin."""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project of somebody with a folder of documents."""
    for name in ("open_embedder", "open_scorer"):  # what its conftest sets is taken back
        monkeypatch.setattr(pipeline, name, getattr(pipeline, name))
    write_files(pytester.path / "handbook", FILES)
    pytester.makeconftest(CONFTEST)
    settings = "[pytest]\nassistant_corpus = handbook\n"
    pytester.makeini(settings)
    pytester.path.joinpath("assistant.toml").write_text("max_over_refusal = 0.0\n", "utf-8")
    return pytester


def run(project: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    project.makepyfile(test)
    return project.runpytest_inprocess("-p", PLUGIN, "-p", "no:randomly", *options)


DANUBE = 'ask_documents("Where does the Danube rise?")'


def test_a_right_answer_passes_and_what_is_wanted_of_it_chains(project: pytest.Pytester) -> None:
    done = run(
        project,
        f"""
        def test_it(ask_documents):
            asked = {DANUBE}
            asked.cites("rivers.txt", "rises  in the\\nBlack Forest").says("black forest")
            asked.cites_only("rivers.txt", "moons.md", "law.html").quotes_exactly()
        """,
    )
    done.assert_outcomes(passed=1)


def test_a_document_is_named_by_its_path_or_the_end_of_that(project: pytest.Pytester) -> None:
    done = run(
        project,
        """
        import pytest
        @pytest.mark.parametrize("name", ["space/moons.md", "moons.md"])
        def test_it(ask_documents, name):
            ask_documents("Which moon is the largest of Saturn?").cites(name)
        @pytest.mark.parametrize("name", ["oons.md", "moons", "pace/moons.md"])
        def test_no_part_of_a_name_is_one(ask_documents, name):
            with pytest.raises(pytest.fail.Exception):
                ask_documents("Which moon is the largest of Saturn?").cites(name)
        """,
    )
    done.assert_outcomes(passed=5)


def test_a_failure_says_what_was_shown_where_it_stands_and_where_the_wanted_words_do(
    project: pytest.Pytester,
) -> None:
    done = run(project, f'def test_it(ask_documents): {DANUBE}.cites("law.html", "does not carry")')
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        [
            "*no quote of 'law.html' with the words 'does not carry'",
            "*asked:    Where does the Danube rise?",
            "*answered: The Danube rises in the Black Forest. [[]1]*",
            "*[[]1] rivers.txt, *characters 8-*",
            "*The Danube rises in the Black Forest.",
            "*it stands in law.html, characters *",
        ]
    )
    assert "assistant/testing.py" not in done.stdout.str().partition("short test summary")[0]


def test_words_that_no_document_has_are_told_as_such(project: pytest.Pytester) -> None:
    done = run(project, f'def test_it(ask_documents): {DANUBE}.says("Himalaya")')
    done.stdout.fnmatch_lines(["*does not say 'Himalaya'", "*'Himalaya' stands in no document"])


def test_a_refusal_is_wanted_or_told_with_what_came_nearest(project: pytest.Pytester) -> None:
    project.path.joinpath("assistant.toml").write_text("max_over_refusal = 1.0\n", "utf-8")
    done = run(
        project,
        """
        def test_wanted(ask_documents):
            ask_documents("Is there a sauna on Europa?").is_refused()
        def test_unwanted(ask_documents):
            ask_documents("Is there a sauna on Europa?").cites("moons.md")
        """,
    )
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*refused: *", "*nearest:  space/moons.md, *"])


def test_an_answer_where_a_refusal_is_due_fails(project: pytest.Pytester) -> None:
    done = run(project, f"def test_it(ask_documents): {DANUBE}.is_refused()")
    done.stdout.fnmatch_lines(["*it was answered, and should have been refused", "*answered: *"])


def test_a_quote_of_another_document_than_those_fails(project: pytest.Pytester) -> None:
    done = run(project, f'def test_it(ask_documents): {DANUBE}.cites_only("law.html")')
    done.stdout.fnmatch_lines(["*[[]1] is a quote of another document than ('law.html',)"])


@pytest.mark.parametrize("change", ["quote='The Danube falls.'", "start=0, end=6", "sha256='0'"])
def test_a_quote_that_is_not_exact_fails_whatever_the_test_wants(
    project: pytest.Pytester, change: str
) -> None:
    done = run(
        project,
        f"""
        from dataclasses import replace
        def test_it(ask_documents, documents_assistant, monkeypatch):
            true = documents_assistant.ask("Where does the Danube rise?")
            false = replace(true, citations=tuple(replace(c, {change}) for c in true.citations))
            monkeypatch.setattr(documents_assistant, "ask", lambda *_, **__: false)
            {DANUBE}
        """,
    )
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*[[]1] *rivers.txt*"])


def test_the_index_is_kept_for_the_next_run_and_follows_the_documents(
    project: pytest.Pytester,
) -> None:
    test = f'def test_it(ask_documents): {DANUBE}.says("Black Forest")'
    run(project, test).assert_outcomes(passed=1)
    kept = project.path / ".pytest_cache" / "d" / "assistant-index" / "catalog.sqlite"
    before = kept.stat().st_ino
    run(project, test).assert_outcomes(passed=1)
    assert kept.stat().st_ino == before
    write_files(project.path / "handbook", {"rivers.txt": "The Danube rises in a garden."})
    run(project, test).assert_outcomes(failed=1)


def test_the_index_may_have_a_folder_of_its_own(project: pytest.Pytester) -> None:
    options = ("-o", "assistant_index=build/index", "-p", "no:cacheprovider")
    test = f"def test_it(ask_documents): {DANUBE}"
    run(project, test, *options).assert_outcomes(passed=1)
    assert (project.path / "build" / "index" / "catalog.sqlite").is_file()


def test_a_folder_that_is_not_there_is_named(project: pytest.Pytester) -> None:
    test = f"def test_it(ask_documents): {DANUBE}"
    done = run(project, test, "-o", "assistant_corpus=nowhere")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*assistant_corpus names no folder: *nowhere*"])


def test_workers_of_one_run_wait_for_the_one_that_makes_the_index(
    settings: Settings, embedder: HashingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []

    class Locked(Assistant):
        def sync(self, **_: object) -> None:  # type: ignore[override]
            tries.append(time.monotonic())
            if len(tries) < 3:
                raise IndexLocked("another process is writing")

    monkeypatch.setattr(time, "sleep", lambda _: None)
    with Locked(settings, embedder) as locked:
        testing._bring_in_step(locked)
        assert len(tries) == 3
        tries.clear()
        monkeypatch.setattr(testing, "SYNC_WITHIN_S", -1.0)
        with pytest.raises(IndexLocked):
            testing._bring_in_step(locked)


def test_pytest_starts_without_loading_the_assistant_for_tests_that_ask_nothing(
    project: pytest.Pytester,
) -> None:
    project.makeconftest("")
    project.makepyfile(
        """
        import sys
        def test_it():
            heavy = {"assistant.pipeline", "assistant.store.index", "onnxruntime", "numpy"}
            assert not heavy & set(sys.modules)
        """
    )
    project.runpytest_subprocess("-p", PLUGIN).assert_outcomes(passed=1)
