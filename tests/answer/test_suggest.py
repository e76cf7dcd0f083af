"""Questions to try are answered, varied, and near what was asked."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from corpora import replace_files
from hashing import HashingEmbedder

from assistant.answer import suggest as suggesting
from assistant.answer.propose import Proposal
from assistant.answer.suggest import HEADING, N_ASKED, N_SPARE, SourceText, suggest, suggest_near
from assistant.errors import CorpusError
from assistant.pipeline import Assistant
from assistant.values import ECHOES, Answer, Role

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
    assert suggest(SOURCES, lambda _: True, 3) == OF_EACH


def test_a_question_is_kept_only_when_its_own_sentence_is_quoted() -> None:
    def answers(one: Proposal) -> bool:
        return one.sentence == WAR and "Red War" in one.question

    assert suggest(SOURCES, answers, 4) == ("When did the Red War begin?",)


def test_what_a_heading_is_about_is_asked_for_when_the_sentences_give_too_few() -> None:
    assert suggest(SOURCES, lambda _: True, 3) == OF_EACH
    said = "The late key hangs at the gate."
    roles = (Role.HEADING, Role.PARAGRAPH)
    source = SourceText(f"2.1 Late key\n{said}", ("2.1 Late key", said), "2.1 Late key", roles)
    asked = ("What do the documents say about the late key?",)
    assert suggest([source], lambda one: one.sentence == said, 4) == asked
    assert suggest([source], lambda _: False, 4) == ()


@pytest.mark.parametrize(
    ("heading", "said", "topic"),
    [
        ("Der Hof", "Der Hof bleibt frei von Rädern.", None),
        ("Hof", "Der Hof bleibt frei von Rädern.", "Was sagen die Dokumente über den Hof?"),
        ("Räder", "Räder gehören in den Keller.", "Was sagen die Dokumente über Räder?"),
        ("Serre", "La serre reste ouverte pour nous.", "Que disent les documents sur la serre ?"),
        ("Serre", "On ferme la porte pour la nuit.", None),
        ("Huerto", "El huerto es para todos.", "¿Qué dicen los documentos sobre el huerto?"),
        ("Insurance", "Insurance is paid by all.", "What do the documents say about insurance?"),
        ("Deposit", "Pay it with the first rent.", None),
    ],
)
def test_a_heading_has_the_article_that_its_text_gives_it(
    heading: str, said: str, topic: str | None
) -> None:
    roles = (Role.HEADING, Role.PARAGRAPH)
    source = SourceText(f"{heading}\n{said}", (heading, said), heading, roles)
    found = suggest([source], lambda one: one.rule == HEADING, 4)
    assert found == ((topic,) if topic else ())


def test_what_says_no_more_than_its_question_is_no_answer() -> None:
    said = "The documents say the key is late."
    source = SourceText(said, (said,), "The key")
    assert suggest([source], lambda _: True, 4) == ()


def test_what_names_what_it_asks_of_comes_first() -> None:
    vague, named = "The premium is 90 euros.", "The Corley Mill was built in 1846."
    sources = [SourceText(vague, (vague,)), SourceText(named, (named,))]
    assert suggest(sources, lambda _: True, 2) == (
        "When was the Corley Mill built?",
        "What is the premium?",
    )


@pytest.mark.parametrize(
    "source",
    [
        SourceText("Bis Freitag.", ("Bis Freitag.",), "Der Urlaub"),
        SourceText("House\nIt is for all.", ("House", "It is for all."), "House", about="House"),
        SourceText("It is for all.", ("It is for all.",), "Chapter 2: what it is"),
        SourceText("A\nB", ("The keys", "For all"), "The keys", (Role.HEADING, Role.HEADING)),
    ],
    ids=["another language", "the title", "a sentence", "nothing below"],
)
def test_a_heading_that_nobody_would_ask_for_is_not_asked_for(source: SourceText) -> None:
    assert suggest([source], lambda _: True, 4) == ()


def test_a_documents_own_questions_are_asked_in_any_language() -> None:
    texts = ("Gibt es einen Aufzug?", "Ja, im Hof.", "Und Parkplätze?")
    roles = (Role.QUESTION, Role.PARAGRAPH, Role.QUESTION)
    source = SourceText("\n".join(texts), texts, None, roles)
    assert suggest([source], lambda one: one.sentence == texts[1], 4) == ("Gibt es einen Aufzug?",)


def test_of_a_table_each_row_is_asked_for_another_column() -> None:
    rows = tuple(f"Tool: Saw {n} | Price: {n} | Weight: {n} kg | Shelf: B{n}" for n in range(3))
    source = SourceText("\n".join(rows), rows, None, (Role.ROW,) * 3)
    assert suggest([source], lambda _: True, 3) == (
        "What is the price of Saw 0?",
        "What is the weight of Saw 1?",
        "Where is Saw 2?",
    )


def test_no_more_questions_are_asked_than_were_said() -> None:
    sentences = tuple(f"Ann Holt founded the Corley Mill in {year}." for year in range(1800, 1900))
    sources = [SourceText(one, (one,)) for one in sentences]
    asked: list[str] = []
    assert suggest(sources, lambda one: keep(asked, one.question), 3) == ()
    assert len(asked) == len(set(asked)) == 3 * N_ASKED
    asked.clear()
    suggest_near("mill", {"mill": 1.0}, sources, lambda one: keep(asked, one.question), 3)
    assert len(asked) == 3 + N_SPARE


def test_near_a_question_the_nearest_come_first_and_never_the_question() -> None:
    weights = {"red": 1.0, "war": 2.0, "begin": 1.0}
    found = suggest_near("When did the Red War begin?", weights, SOURCES, lambda _: True, 4)
    assert found[0] != "When did the Red War begin?"
    assert "When did the Red War begin?" not in found
    weights = {"red": 1.0, "war": 1.0}
    found = suggest_near("Who won the Red War?", weights, SOURCES, lambda _: True, 2)
    assert found == ("When did the Red War begin?", "Who founded the Corley Mill in 1846?")


def test_a_word_in_common_by_chance_is_no_nearness() -> None:
    weights = {"red": 0.1, "moon": 9.0}
    found = suggest_near("Is the moon red?", weights, SOURCES, lambda _: True, 1)
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
    answers = suggesting.is_answered
    monkeypatch.setattr(
        suggesting,
        "is_answered",
        lambda *given: keep(asked, given[-1].question) or answers(*given),
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


def test_near_a_name_that_nobody_knows_are_names_with_a_word_of_it() -> None:
    weights = {"corley": 0.1, "tower": 9.0}
    found = suggest_near("Who built the Corley Tower?", weights, SOURCES[::-1], lambda _: True, 1)
    assert found == ("Who founded the Corley Mill in 1846?",)


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


FOLDERS = {
    "rules of a house": (
        "house.md",
        "# House rules of Linden Court\n\nLinden Court is a house of 14 flats.\n\n## 1. Quiet\n\n"
        "The quiet time is from 22:00 to 6:00. Drums are not allowed.\n\n## 2. Laundry\n\n"
        "The laundry room is open from 8:00 to 20:00. Tokens cost 2 euros.\n",
    ),
    "questions and answers": (
        "faq.md",
        "# Questions\n\n**Where can I lock my bicycle?**\nIn the shed behind the hall.\n\n"
        "**Do you lend helmets?**\nYes, for a deposit of 20 euros.\n",
    ),
    "German questions": (
        "fragen.txt",
        "F: Wo ist der Schlüssel für den Keller?\nA: Beim Hausmeister im Erdgeschoss.\n\n"
        "F: Wann kommt der Schornsteinfeger?\nA: Am ersten Montag im Oktober.\n",
    ),
    "a table": (
        "tools.csv",
        "Tool,Shelf,Price\nRip saw,D4,31.00\nSpirit level,D9,18.50\nPlumb line,E1,6.20\n",
    ),
    "a recipe": (
        "scones.md",
        "# Cheese scones\n\n## Ingredients\n\n- 220 g flour\n- 60 g butter\n- 90 g cheese\n\n"
        "## Method\n\n1. Rub the butter in.\n2. Add the cheese.\n",
    ),
    "a bill": (
        "bill.txt",
        "Bill 5512\n\nFrom: Quarry Lane Garage\nDate: 6 May 2026\n\nItem: Brake pads\n"
        "Total: 214 EUR\n",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", FOLDERS)
def test_what_is_offered_for_a_folder_is_answered_by_more_than_its_own_words(
    kind: str, tmp_path: Path
) -> None:
    name, text = FOLDERS[kind]
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / name).write_text(text, encoding="utf-8")
    index = tmp_path / "index"
    with Assistant.open(corpus_dir=tmp_path / "corpus", index_dir=index) as opened:
        opened.sync()
        offered = opened.suggest(4)
        assert offered
        for question in offered:
            answer = opened.ask(question)
            said = [one for one in answer.statements if one.role not in ECHOES]
            assert any(one.text.casefold() not in question.casefold() for one in said)
            assert '"' not in question


@pytest.mark.slow
def test_for_letters_in_a_language_without_rules_nothing_is_offered_that_nobody_asks(
    tmp_path: Path,
) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "brev.txt").write_text(
        "Aue vattenverk\n\nBästa herr Timm,\n\nmätaren byts ut den 9 juni. "
        "Arbetet tar en timme.\n\nMed vänliga hälsningar\n",
        encoding="utf-8",
    )
    index = tmp_path / "index"
    with Assistant.open(corpus_dir=tmp_path / "corpus", index_dir=index) as opened:
        opened.sync()
        assert opened.suggest(4) == ()
