"""Of editions of a document that say different things the newest answers, the other is named."""

from collections.abc import Iterator

import pytest
from corpora import write_files

from assistant.answer.editions import work_of
from assistant.pipeline import Assistant

FILES = {
    "rules/mooring 2029.md": """# Mooring

A berth costs 310 euros a year. Dogs stay on board after dark. A skiff may lie for six nights.
""",
    "rules/mooring 2031.md": """# Mooring

A berth costs 365 euros a year. Dogs stay on board after dark.
""",
    "rates 2029.csv": "Boat,Rate\nPunt,14\nKetch,22\n",
    "rates 2031.csv": "Boat,Rate\nPunt,17\nYawl,25\n",
    "minutes 2031-02-03.md": "# Minutes\n\nThe bank holds 4,100 euros at present.\n",
    "minutes 2031-05-05.md": "# Minutes\n\nThe bank holds 3,700 euros at present.\n",
}


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    home = tmp_path_factory.mktemp("editions")
    write_files(home / "documents", FILES)
    with Assistant.open(corpus_dir=home / "documents", index_dir=home / "index") as assistant:
        assistant.sync()
        yield assistant


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "said", "unsaid", "note"),
    [
        ("How much does a berth cost?", "365", "310", "mooring 2029.md"),
        ("What does a berth cost per year?", "365", "310", "mooring 2029.md"),
        ("What is the rate of a punt?", "17", "14", "rates 2029.csv"),
        ("How much did a berth cost in 2029?", "310", "365", ""),
        ("Where do dogs stay after dark?", "on board", "older", ""),
        ("How many nights may a skiff lie?", "six", "365", ""),
    ],
)
def test_what_holds_now_answers_and_older_editions_are_named(
    harbour: Assistant, question: str, said: str, unsaid: str, note: str
) -> None:
    answer = harbour.ask(question)
    assert said in answer.text
    assert unsaid not in answer.text
    assert ("older edition" in answer.text) == bool(note)
    assert note in answer.text


@pytest.mark.slow
@pytest.mark.parametrize(
    "question",
    [
        "What was the cost of a berth before?",
        "Has the price of a berth changed: what does it cost a year in each edition?",
    ],
)
def test_what_was_before_is_asked_of_all_editions(harbour: Assistant, question: str) -> None:
    assert "older edition" not in harbour.ask(question).text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("fees 2023.md", "fees 2025.odt"),
        ("fees_v2.md", "fees_v10.md"),
        ("house/rules draft.docx", "house/rules final.docx"),
        ("Gebühren 2024-25.pdf", "Gebühren 2025-26.pdf"),
        ("fees.md", "fees 2025.md"),
    ],
)
def test_names_that_differ_in_a_year_or_version_are_of_one_document(one: str, other: str) -> None:
    assert work_of(one) == work_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("bill 7731.pdf", "bill 7740.pdf"),
        ("minutes 2031-02-03.md", "minutes 2031-05-05.md"),
        ("acme/contract 2023.pdf", "birk/contract 2024.pdf"),
        ("newton.md", "ton.md"),
        ("block 12 2024.md", "block 14 2025.md"),
    ],
)
def test_names_that_differ_in_more_are_of_two(one: str, other: str) -> None:
    assert work_of(one) != work_of(other)
