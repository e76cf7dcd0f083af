"""What is asked of a thing that has a number is answered of that one, or not at all."""

from collections.abc import Iterator

import pytest
from corpora import write_files

from assistant.pipeline import Assistant

pytestmark = pytest.mark.slow
FILES = {
    "lockers.md": """# Lockers

- Locker 17: ropes and a ladder
- Locker 18: paint, 12 brushes
- Locker 23: first aid, 4 blankets

Repairs above 250 euros need two signatures.
""",
    "parcels.csv": """Parcel,From,Holds,Weight,Collected
90871,Meyer & Co,Window handles,3.2,yes
90872,Holz Brandt,Oak boards,18.0,no
90890,Meyer & Co,Door locks,5.5,no
""",
    "diary.txt": """The lift in house 4 was repaired on 5 May. That of house 6 stands still.

Complaint 5512 is about noise at night. Complaint 5513 is about the smell in the cellar.
""",
    "wohnungen.md": """# Wohnungen

In Wohnung 12 wohnt Frau Adler. In Wohnung 14 wohnt Herr Busch.
""",
}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    home = tmp_path_factory.mktemp("numbered")
    write_files(home / "documents", FILES)
    with Assistant.open(corpus_dir=home / "documents", index_dir=home / "index") as assistant:
        assistant.sync()
        yield assistant


@pytest.mark.parametrize(
    ("question", "said", "unsaid"),
    [
        ("What is in locker 17?", "ladder", "brushes"),
        ("How many blankets are in locker 23?", "4 blankets", "brushes"),
        ("What does parcel 90872 hold?", "Oak boards", "Door locks"),
        ("Has parcel 90890 been collected?", "90890", "90872"),
        ("When was the lift in house 4 repaired?", "5 May", "house 6"),
        ("What is complaint 5513 about?", "smell", "noise"),
        ("Wer wohnt in Wohnung 14?", "Busch", "Adler"),
    ],
)
def test_another_one_is_not_shown(opened: Assistant, question: str, said: str, unsaid: str) -> None:
    answer = opened.ask(question)
    assert said in answer.text
    assert unsaid not in answer.text


@pytest.mark.parametrize(
    "question",
    [
        "What is in locker 19?",
        "How many blankets are in locker 24?",
        "What does parcel 90873 hold?",
        "Has parcel 90891 been collected?",
        "When was the lift in house 5 repaired?",
        "What is complaint 5514 about?",
        "Wer wohnt in Wohnung 13?",
    ],
)
def test_of_one_that_is_not_there_nothing_is_said(opened: Assistant, question: str) -> None:
    assert opened.ask(question).kind == "abstention"


def test_two_that_are_asked_for_are_both_shown(opened: Assistant) -> None:
    answer = opened.ask("What is in lockers 17 and 18?")
    assert "ladder" in answer.text
    assert "brushes" in answer.text
    assert "first aid" not in answer.text
