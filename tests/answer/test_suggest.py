"""Questions to try are answered, varied, and near what was asked."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from corpora import replace_files
from hashing import HashingEmbedder

from assistant.answer.suggest import N_ASKED, N_SPARE, SourceText, suggest, suggest_near
from assistant.errors import CorpusError
from assistant.pipeline import Assistant
from assistant.values import Answer

ROOT = Path(__file__).parents[2]
MILL = "Ann Holt founded the Corley Mill in 1846."
WAR = "The Red War began in May 1754."
PRINT = "Ben Ives was an English painter."
SOURCES = [
    SourceText(f"{MILL} It was big.", (MILL, "It was big.")),
    SourceText(WAR, (WAR,)),
    SourceText(PRINT, (PRINT,), "Painters of Corley"),
]
ALL = (MILL, WAR, PRINT)
OF_EACH = (
    "Who founded the Corley Mill in 1846?", "When did the Red War begin?", "Who was Ben Ives?"
)  # fmt: skip


def keep(asked: list[str], question: str) -> bool:
    asked.append(question)
    return False


def test_each_source_gives_one_question_before_any_gives_two() -> None:
    assert suggest(SOURCES, lambda *_: True, 3) == OF_EACH


def test_a_question_is_kept_only_when_its_own_sentence_is_quoted() -> None:
    def quotes(question: str, sentence: str) -> bool:
        return sentence == WAR and "Red War" in question

    assert suggest(SOURCES, quotes, 4) == ("When did the Red War begin?",)


def test_a_heading_is_asked_for_when_the_sentences_give_too_few() -> None:
    assert suggest(SOURCES, lambda *_: True, 4) == OF_EACH, "of one sentence, one question"
    source = SourceText("Bis Freitag. Oder so.", ("Bis Freitag.", "Oder so."), "Der Urlaub")
    assert suggest([source], lambda _, one: one == "Bis Freitag.", 4) == (
        'What does "Der Urlaub" say?',
    )
    assert suggest([source], lambda *_: False, 4) == ()


def test_no_more_questions_are_asked_than_were_said() -> None:
    sentences = tuple(f"Ann Holt founded the Corley Mill in {year}." for year in range(1800, 1900))
    sources = [SourceText(one, (one,)) for one in sentences]
    asked: list[str] = []
    assert suggest(sources, lambda question, _: keep(asked, question), 3) == ()
    assert len(asked) == len(set(asked)) == 3 * N_ASKED
    asked.clear()
    suggest_near("mill", {"mill": 1.0}, sources, lambda one, _: keep(asked, one), 3)
    assert len(asked) == 3 + N_SPARE


def test_near_a_question_the_nearest_come_first_and_never_the_question() -> None:
    weights = {"red": 1.0, "war": 2.0, "begin": 1.0}
    found = suggest_near("When did the Red War begin?", weights, SOURCES, lambda *_: True, 4)
    assert found[0] != "When did the Red War begin?"
    assert "When did the Red War begin?" not in found
    weights = {"red": 1.0, "war": 1.0}
    found = suggest_near("Who won the Red War?", weights, SOURCES, lambda *_: True, 2)
    assert found == ("When did the Red War begin?", "Who founded the Corley Mill in 1846?")


def test_a_word_in_common_by_chance_is_no_nearness() -> None:
    weights = {"red": 0.1, "moon": 9.0}
    found = suggest_near("Is the moon red?", weights, SOURCES, lambda *_: True, 1)
    assert found == ("Who founded the Corley Mill in 1846?",)


TEXTS = {
    "mill.txt": f"{MILL} It was big. Then the mill was sold to Brinton.",
    "war.txt": f"{WAR} It lasted for nine years.",
    "painters.txt": f"{PRINT} His pictures hang in Corley.",
}


@pytest.fixture
def trying(assistant: Assistant) -> Assistant:
    replace_files(assistant.settings.corpus_dir, TEXTS)
    return assistant


def test_without_an_index_nothing_is_suggested_and_none_is_built(trying: Assistant) -> None:
    assert trying.suggest() == ()
    assert not trying.has_index


def test_suggestions_are_answered_and_the_same_for_one_version(trying: Assistant) -> None:
    trying.sync()
    found = trying.suggest(3)
    assert len(found) == 3
    for question in found:
        assert {one.quote for one in trying.ask(question).citations} & set(ALL)
    with Assistant(trying.settings, HashingEmbedder()) as other:
        assert other.suggest(3) == found
    assert len(trying.suggest(1)) == 1


def test_they_are_made_once_for_a_version_and_anew_for_the_next(
    trying: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    trying.sync()
    before = trying.suggest(3)
    asked: list[str] = []
    quotes = Assistant._quotes
    monkeypatch.setattr(
        Assistant,
        "_quotes",
        lambda self, at, one, of: keep(asked, one) or quotes(self, at, one, of),
    )
    assert trying.suggest(3) == before
    assert asked == []
    trying.suggest(2)
    assert asked
    replace_files(trying.settings.corpus_dir, {"war.txt": TEXTS["war.txt"]})
    trying.sync()
    assert trying.suggest(3) == ("When did the Red War begin?",)


def test_another_calibration_makes_them_anew(trying: Assistant) -> None:
    trying.sync()
    assert trying.suggest(3)
    asked = [("What is the Red War?", True)] * 10 + [("unheard of", False)] * 10
    trying.calibrate(asked)
    strict = trying.settings.model_copy(update={"max_over_refusal": 1.0})
    with Assistant(strict, HashingEmbedder()) as refusing:
        assert refusing.suggest(3) == ()
    assert trying._suggested == {}


def test_near_an_abstention_they_come_from_what_was_consulted(trying: Assistant) -> None:
    trying.sync()
    strict = trying.settings.model_copy(update={"max_over_refusal": 1.0})
    with Assistant(strict, HashingEmbedder()) as refusing:
        refused = refusing.ask("Who won the Red War?")
    assert refused.abstained
    assert trying.suggest(1, near=refused) == ("When did the Red War begin?",)
    replace_files(trying.settings.corpus_dir, {"mill.txt": TEXTS["mill.txt"]})
    trying.sync()
    with pytest.raises(CorpusError):
        trying.document("war.txt")
    assert trying.suggest(2, near=refused) == ("Who founded the Corley Mill in 1846?",)


def test_near_a_courtesy_they_are_those_of_a_first_visit(trying: Assistant) -> None:
    trying.sync()
    assert trying.suggest(3, near=trying.ask("Hello!")) == trying.suggest(3)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    index_dir = tmp_path_factory.mktemp("real")
    with Assistant.open(corpus_dir=ROOT / "corpus", index_dir=index_dir) as opened:
        opened.sync()
        yield opened


@pytest.mark.slow
def test_what_is_suggested_for_the_delivered_corpus_never_disappoints(real: Assistant) -> None:
    found = real.suggest(4)
    assert len(found) == 4
    answers: list[Answer] = [real.ask(question) for question in found]
    assert all(answer.citations for answer in answers)


@pytest.mark.slow
def test_near_a_refused_question_its_neighbours_are_offered_at_once(real: Assistant) -> None:
    refused = real.ask("What is Salt Typhoon?")
    assert refused.abstained
    started = time.perf_counter()
    found = real.suggest(2, near=refused)
    assert time.perf_counter() - started < 5, "a bound for a busy machine"
    assert "What is Flax Typhoon?" in found
    assert not [question for question in found if real.ask(question).abstained]
