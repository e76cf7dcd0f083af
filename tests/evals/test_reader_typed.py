"""Our own passages, and what people type about them: kept whole, parted by folder."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from told import told_units

from assistant import Assistant
from assistant.text.terms import guess_language
from evals.everyday.folders import FOLDERS, FRESH
from evals.reader.batches import N_OTHERS, OFTEN, Batches, Sizes
from evals.reader.typed import (
    ACROSS,
    SOURCE,
    Passage,
    by_folder,
    read_across,
    read_passages,
    write_documents,
)
from evals.reader.units import cut_units

TABLE = Passage(
    folder="mill",
    file="prices 2031.xlsx",
    heading="Flour",
    lang="en",
    text="Kind: rye | Price: 2.10 | Bag: 1 kg\nKind: spelt | Price: 3.40 | Bag: 1 kg\n\n"
    "We grind on Fridays. Bring your own bags!\n- No dogs.\n- No shoes in the loft.",
    answered=(("spelt how much", "Price: 3.40"), ("when do you mill", "on Fridays")),
    unanswered=("what does oat flour cost",),
)


@pytest.fixture(scope="module")
def passages() -> list[Passage]:
    return read_passages()


@pytest.fixture(scope="module")
def across() -> list[Passage]:
    return read_across()


def test_each_answer_stands_in_one_place_and_each_question_is_a_row(
    passages: list[Passage], across: list[Passage]
) -> None:
    for passage in (*passages, *across):
        n_asked = len(passage.answered) + len(passage.unanswered)
        assert len(list(passage.rows())) == n_asked
        assert all(passage.sentences_with(w) for _, *words in passage.answered for w in words)
        units = cut_units(passage.rows())
        assert all(asked.right for u in units for asked in u.asked if asked.words)


def test_no_passage_is_of_a_folder_that_is_asked_elsewhere(passages: list[Passage]) -> None:
    told = b"".join(data for maker in (FOLDERS | FRESH).values() for data in maker().values())
    elsewhere = told.decode("utf-8", "replace")
    for passage in passages:
        whole = [one for one in passage.text.split("\n") if len(one) > 40]
        assert not [one for one in whole if one in elsewhere], passage.folder


def test_a_quarter_of_the_folders_trains_nothing(passages: list[Passage]) -> None:
    held = {name: {one.is_held for one in own} for name, own in by_folder(passages).items()}
    assert all(len(kinds) == 1 for kinds in held.values())
    share = Counter(kind for kinds in held.values() for kind in kinds)[True] / len(held)
    assert 0.15 < share < 0.35


def test_what_answers_is_a_sentence_an_item_or_a_row() -> None:
    assert TABLE.sentences_with("3.40") == ["Kind: spelt | Price: 3.40 | Bag: 1 kg"]
    assert TABLE.sentences_with("Fridays") == ["We grind on Fridays."]
    assert TABLE.sentences_with("loft") == ["No shoes in the loft."]


def test_what_is_asked_in_another_language_is_asked_of_a_passage_that_is_told(
    passages: list[Passage], across: list[Passage]
) -> None:
    told = {(one.folder, one.file, one.heading): one for one in passages}
    asked = Counter[tuple[bool, str]]()
    for one in across:
        own = told[one.folder, one.file, one.heading]
        assert (one.text, one.lang) == (own.text, own.lang)
        assert {tuple(words) for _, *words in one.answered} <= {
            tuple(words) for _, *words in own.answered
        }
        questions = [question for question, *_ in one.answered] + [*one.unanswered]
        assert len({*questions}) == len(questions)
        others = [guess_language(question, one.lang) != one.lang for question in questions]
        asked.update((one.is_held, "other" if is_other else "told by none") for is_other in others)
    for is_held in (False, True):
        assert asked[is_held, "other"] > 2_000
        assert asked[is_held, "other"] > 15 * asked[is_held, "told by none"]


def test_a_line_across_takes_its_passage_by_its_place(tmp_path: Path) -> None:
    place = {"folder": "mill", "file": "a.txt", "heading": "H"}
    told = {**place, "lang": "en", "text": "Spelt is 3.40.", "yes": [["spelt", "3.40"]], "no": []}
    asked = {**place, "yes": [["Was kostet Dinkel", "3.40"]], "no": ["Und Hafer?"]}
    (tmp_path / "one.jsonl").write_text(json.dumps(told) + "\n")
    (tmp_path / ACROSS).mkdir()
    (tmp_path / ACROSS / "de.jsonl").write_text(json.dumps(asked) + "\n")
    (one,) = read_across(tmp_path)
    assert one.text == "Spelt is 3.40."
    assert (one.answered, one.unanswered) == ((("Was kostet Dinkel", "3.40"),), ("Und Hafer?",))
    (tmp_path / "one.jsonl").write_text("")
    with pytest.raises(KeyError, match="mill"):
        read_across(tmp_path)


def test_an_answer_that_stands_twice_is_left_out(tmp_path: Path) -> None:
    told = {"folder": "mill", "file": "a.txt", "heading": "H", "lang": "en", "text": "5 or 5 or 6."}
    line = json.dumps({**told, "yes": [["which", "5"], ["which else", "6"]], "no": ["why"]})
    (tmp_path / "one.jsonl").write_text(line + "\n")
    (passage,) = read_passages(tmp_path)
    assert passage.answered == (("which else", "6"),)


def test_its_documents_are_read_as_the_sentences_that_answer(tmp_path: Path) -> None:
    both = [TABLE, replace(TABLE, heading="Hours", text="Open from May.\nClosed on Mondays.")]
    write_documents(both, tmp_path / "corpus")
    with Assistant.open(corpus_dir=tmp_path / "corpus", index_dir=tmp_path / "index") as assistant:
        assistant.sync()
        read = assistant.document(TABLE.document).text
    assert TABLE.document == "prices 2031.md"
    for words in ("We grind on Fridays.", "No shoes in the loft.", "Open from May.", "3.40"):
        assert words in read


def test_every_epoch_has_all_that_was_typed_and_some_of_the_others() -> None:
    told = told_units()
    n = max(1, len(told) // 8)
    units = [replace(u, source=OFTEN) if i < n else u for i, u in enumerate(told)]
    assert OFTEN == SOURCE
    batches = Batches(units, Sizes(n_passages=1, n_asked=2), 5)
    met: list[list[int]] = []
    for epoch in range(2):
        steps = range(epoch * batches.n_an_epoch, (epoch + 1) * batches.n_an_epoch)
        met.append([text.unit for step in steps for text in batches.batch(step).passages])
    for numbers in met:
        assert len(numbers) == len(set(numbers)) == n * (1 + N_OTHERS)
        assert set(range(n)) <= set(numbers)
    assert set(met[0]) != set(met[1])
