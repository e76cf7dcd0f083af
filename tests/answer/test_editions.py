"""Of editions of a document that say different things the newest answers, the other is named."""

from collections.abc import Iterator

import numpy as np
import pytest
from corpora import write_files
from worked import document_of, found_in

from assistant.answer.compose import compose
from assistant.answer.editions import asks_other_times, find_older, work_of
from assistant.cite import Draft
from assistant.evidence.calibration import Calibration
from assistant.pipeline import Assistant
from assistant.retrieve.retriever import Retrieval
from assistant.settings import Settings
from assistant.text.terms import query_terms

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
        ("invoice 2023.pdf", "invoice 2024.pdf"),
        ("Rechnung-Nr. 2023.pdf", "Rechnung-Nr. 2031.pdf"),
        ("form 1040.pdf", "form 1099.pdf"),
        ("statement 2024-03-01.pdf", "statement 2024-04-01.pdf"),
        ("payslip 2023-11.pdf", "payslip 2024-03.pdf"),
        ("protocol 1034.txt", "protocol 1035.txt"),
        ("block 12 2024.md", "block 14 2025.md"),
    ],
)
def test_names_that_differ_in_more_are_of_two(one: str, other: str) -> None:
    assert work_of(one) != work_of(other)


@pytest.mark.parametrize(
    "question",
    [
        "What did a berth cost?",
        "What does a berth cost on 1 July 2029?",
        "What is the rent until 2029?",
        "What was paid last month?",
        "What has changed?",
        "What does it cost in all editions?",
        "Wie hoch war die Gebühr früher?",
        "Combien coûtait la place avant ?",
        "¿Cuánto era antes?",
    ],
)
def test_what_names_another_time_asks_for_other_editions(question: str) -> None:
    assert asks_other_times(question)


@pytest.mark.parametrize(
    "question",
    [
        "What does a berth cost?",
        "How old must a child be to sail?",
        "May all tenants use the lift?",
        "Until when may I moor last year's boat?",
        "Was kostet ein Liegeplatz?",
        "was kostet ein liegeplatz im hafen",
        "Wer darf alle Räume benutzen?",
        "¿Cuánto cuesta un amarre?",
        "What does a berth cost now?",
    ],
)
def test_what_names_none_asks_for_what_holds(question: str) -> None:
    assert not asks_other_times(question)


LEASES = {
    "lease Mole Lane.md": "# Lease\n\nOf 1 May 2031.\n\nThe rent of the flat is 640 euros.\n",
    "lease Park Road.md": "# Lease\n\nOf 1 May 2033.\n\nThe rent of the flat is 720 euros.\n",
    "setup 2031.md": "# Setup\n\nIt needs Python version 3.11.\n\nIt takes 4 GB of disk.\n",
    "setup 2033.md": "# Setup\n\nIt needs Python version 3.9 or newer.\n\nIt takes 6 GB of disk.\n",
    "budget 2032.md": "# Budget\n\nIn 2031 the heating cost 12,300 euros, in 2032 it cost 9,900.\n",
    "budget 2031.md": "# Budget\n\nThe car park cost 2 euros an hour.\n",
    "statutes old.md": "# Statutes\n\nVersion 15.03.2031\n\nThe fee of a member is 31 euros.\n",
    "statutes new.md": "# Statutes\n\nVersion 01.04.2033\n\nThe fee of a member is 44 euros.\n",
}


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    home = tmp_path_factory.mktemp("papers")
    write_files(home / "documents", LEASES)
    with Assistant.open(corpus_dir=home / "documents", index_dir=home / "index") as assistant:
        assistant.sync()
        yield assistant


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "said", "unsaid"),
    [
        ("What is the current rent of the flat in Mole Lane?", "640", "older edition"),
        ("How much disk does the setup take?", "6 GB", "4 GB"),
        ("How much did the heating cost in 2031?", "12,300", "older edition"),
        ("What is the fee of a member?", "44", "31 euros"),
        ("What is the fee of a member, and how much disk does the setup take?", "older", "4 GB"),
    ],
)
def test_an_edition_is_left_out_for_one_of_the_same_document_alone(
    papers: Assistant, question: str, said: str, unsaid: str
) -> None:
    text = papers.ask(question).text
    assert said in text
    assert unsaid not in text


def ask_of(question: str, *names: str) -> Draft:
    tables = {name: priced(**{f"A{n}": 90 + n, "B": 95}) for n, name in enumerate(names)}
    return draft_of(question, tables)


def priced(**prices: int) -> str:
    """Return a table of what boats cost."""
    rows = "".join(f"| {boat} | {price} |\n" for boat, price in prices.items())
    return f"# Prices\n\n| Boat | Price |\n|---|---|\n{rows}"


def draft_of(question: str, texts: dict[str, str]) -> Draft:
    tables = {name: document_of(name, text) for name, text in texts.items()}
    weights = dict.fromkeys(query_terms(question), 1.0)
    asked = Retrieval(question, np.zeros(4, dtype=np.float32), weights, (), ())
    found = found_in(*tables.values())
    plain = Calibration(1.0, 0.0, ((0.1, 0.6),))
    return compose(found, asked, plain, Settings(), lambda name: tables[name])[0]


def test_of_many_editions_of_a_table_the_newest_is_worked_out() -> None:
    names = [f"prices {year}.md" for year in range(2021, 2027)]
    draft = ask_of("Which is the cheapest boat?", *names)
    assert [one.text.partition(":")[0] for one in draft.computed] == ["prices 2026.md"]
    assert "prices 2021.md" in draft.missing[0]


def test_an_older_edition_of_which_the_same_is_worked_out_says_nothing_otherwise() -> None:
    older = {"prices 2024.md": priced(Ketch=80, Punt=40), "prices 2025.md": priced(Yawl=9, Tub=1)}
    tables = {**older, "prices 2026.md": priced(Dory=7, Skiff=3)}
    draft = draft_of("What is the total of the prices?", tables)
    assert [result.text.partition(":")[0] for result in draft.computed] == ["prices 2026.md"]
    (note,) = draft.missing
    assert "prices 2024.md" in note
    assert "prices 2025.md" not in note


def test_an_older_edition_whose_rows_all_have_newer_ones_is_named_once() -> None:
    older, newer = priced(Ketch=80, Punt=40), priced(Ketch=85, Punt=45)
    tables = {"prices 2024.md": older, "prices 2025.md": newer}
    draft = draft_of("What is the total of the prices?", tables)
    (result,) = draft.computed
    assert "130" in result.text
    (note,) = draft.missing
    assert note.count("prices 2024.md") == 1
    assert not draft_of("What is the total of the prices?", {"a.md": older}).missing


def test_of_editions_with_several_tables_one_that_says_something_else_is_enough() -> None:
    old, new, other = (document_of(name, "A.") for name in ("fees 2024.md", "fees 2025.md", "b.md"))
    told = [(old, "5"), (old, "6"), (new, "5"), (other, "7")]
    assert find_older("What is the fee?", told) == {"fees 2024.md": True}
    assert find_older("What is the fee?", [*told, (new, "6")]) == {"fees 2024.md": False}
    assert find_older("What was the fee before?", told) == {}


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Which is the cheapest boat?", ["north.md", "south.md", "east.md", "west.md"]),
        (
            "Which boats were built before 1 May 2003?",
            [f"prices {n}.md" for n in range(2021, 2026)],
        ),
        ("Which was the cheapest boat before?", [f"prices {n}.md" for n in range(2021, 2026)]),
    ],
)
def test_of_many_tables_that_are_no_editions_or_all_asked_none_is_worked_out(
    question: str, names: list[str]
) -> None:
    draft = ask_of(question, *names)
    assert not draft.computed
