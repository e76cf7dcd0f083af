"""What the reader learns from: nothing that reports, nothing called wrong that answers."""

import gzip
import json
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from told import PLACES, row, told_units

from evals.reader.batches import (
    Batch,
    Batches,
    Question,
    Sizes,
    make_batch,
    take_window,
)
from evals.reader.made import make_answers, make_lists, make_tables
from evals.reader.rows import MULTILINGUAL, fold, is_held_page, load_rows
from evals.reader.swaps import make_unanswerable
from evals.reader.units import (
    Asked,
    Unit,
    cut_units,
    make_units,
    read_units,
    with_near,
    write_units,
)

SIZES = Sizes(n_passages=8, n_asked=2, swapped=0.5)


@pytest.fixture(scope="module")
def units() -> list[Unit]:
    return told_units()


def test_a_batch_is_the_same_whatever_was_asked_for_before(units: list[Unit]) -> None:
    some, others = Batches(units, SIZES, 5), Batches(units, SIZES, 5)
    for step in range(7):
        some.batch(step)
    assert some.batch(3) == others.batch(3)
    assert Batches(units, SIZES, 6).batch(3) != others.batch(3)


def test_every_unit_is_met_once_an_epoch(units: list[Unit]) -> None:
    batches = Batches(units, SIZES, 5)
    for epoch in range(2):
        steps = range(epoch * batches.n_an_epoch, (epoch + 1) * batches.n_an_epoch)
        met = [text.unit for step in steps for text in batches.batch(step).passages]
        assert sorted(met) == list(range(len(units)))


def test_a_passage_that_counts_as_wrong_does_not_hold_the_answer(units: list[Unit]) -> None:
    both = units[0].passage + " " + units[1].passage
    rows = [row(a.text, both, a.words[0] if a.words else None) for a in units[1].asked]
    (shared,) = with_near(cut_units(rows))
    batches = Batches([units[0], shared, *units[2:]], SIZES, 5)
    n_spared = 0
    for step in range(12):
        batch = batches.batch(step)
        for question in batch.questions:
            said = answer_of(batch, question)
            for j, is_wrong in enumerate(question.wrong):
                if question.right and j != question.own:
                    holds = fold(said) in fold(batch.passages[j].text)
                    assert not (is_wrong and holds)
                    n_spared += holds
                elif question.right:
                    assert not is_wrong
                else:
                    assert is_wrong
    assert n_spared


def test_a_question_that_says_too_little_finds_no_passage_and_spares_its_set(
    units: list[Unit],
) -> None:
    generic = [replace(unit, source="policyqa") for unit in units[:8]]
    batches = Batches([*generic, *units[8:]], SIZES, 5)
    for step in range(4):
        batch = batches.batch(step)
        for question in batch.questions:
            own = batch.passages[question.own].unit
            assert question.is_generic == (own < 8)
            for text, is_wrong in zip(batch.passages, question.wrong, strict=True):
                if own < 8 and text.unit < 8 and text.unit != own:
                    assert not is_wrong


def answer_of(batch: Batch, question: Question) -> str:
    text = batch.passages[question.own].text
    return text[slice(*question.span)] if question.span else ""


def test_an_answer_stands_where_it_is_said_to_in_every_window(units: list[Unit]) -> None:
    titled = [replace(unit, title="A history of Dorn") for unit in units]
    batches = Batches(titled, SIZES, 5)
    said = {fold(word) for unit in units for asked in unit.asked for word in asked.words}
    n_answered = 0
    for step in range(6):
        batch = batches.batch(step)
        for question in (q for q in batch.questions if q.right):
            assert fold(answer_of(batch, question)) in said
            (start, end), span = (
                batch.passages[question.own].sentences[question.right[0]],
                question.span,
            )
            assert span
            assert start <= span[0] < span[1] <= end
            n_answered += 1
    assert n_answered > 20


def test_a_question_answered_outside_of_the_window_is_never_called_answered() -> None:
    sentences = [f"Fact {i} is told here about thing number {i} at some length." for i in range(60)]
    passage = " ".join(sentences)
    asked = [row(f"What of {i}?", passage, f"thing number {i} at") for i in (2, 31, 57)]
    unit = next(iter(cut_units(asked)))
    for seed in range(20):
        (text, spans), kept = take_window(unit, unit.asked, Random(seed))
        for one in kept:
            inside = [text[slice(*spans[k])] for k in one.right]
            if one.right:
                assert any(fold(one.words[0]) in fold(sentence) for sentence in inside)
            else:
                assert not any(fold(word) in fold(text) for word in one.words)


def test_what_nothing_answers_is_not_answered_by_a_near_passage_either() -> None:
    passages = [f"The ferry to Ostra {i} sails at {i + 7}. It takes a bicycle." for i in range(4)]
    vain = "Which ferry has a restaurant?"
    for source, is_told in (("squad2", True), ("mined_wiki", False)):
        rows = [replace(row(vain, text, None), source=source) for text in passages]
        batch = make_batch(cut_units(rows), range(4), SIZES, Random(1))
        for question in batch.questions:
            others = [w for j, w in enumerate(question.wrong) if j != question.own]
            assert question.wrong[question.own]
            assert others == [is_told] * 3


def test_a_question_answered_outside_of_its_window_may_be_answered_by_the_other_window() -> None:
    told = [f"Thing {i} is told of here at some length and more." for i in range(60)]
    passage = " ".join(told)
    (unit,) = cut_units([row("What of it?", passage, "Thing 59")])
    cut = replace(unit, passage=" ".join(told[:30]), sentences=unit.sentences[:30])
    rest = cut_units([row("What else?", " ".join(told[30:]), "Thing 40")])
    outside = replace(cut, asked=(Asked("What of it?", (), None, ("Thing 59",)),))
    batch = make_batch([outside, *rest], range(2), SIZES, Random(1))
    for question in (q for q in batch.questions if q.own == 0):
        assert question.wrong == (True, "Thing 59" not in batch.passages[1].text)


@pytest.mark.parametrize("seed", range(8))
def test_a_swapped_question_asks_of_what_the_passage_does_not_say(seed: int) -> None:
    passage = "In 1907 the tall Edwin Brook opened the first tram to Larchfield before the war."
    other = "At the fair the rival company of Otto Hessel showed Grunewald and other places."
    question = "Did the first tram of Edwin Brook run before 1907?"
    changed = make_unanswerable(question, passage, other, Random(seed))
    assert changed
    assert changed != question
    new = set(changed.rstrip("?").split()) - set(question.rstrip("?").split())
    assert new
    assert not any(word in passage for word in new)


def test_nothing_is_swapped_where_nothing_is_shared() -> None:
    assert make_unanswerable("who came?", "It rained.", "It snowed.", Random(1)) is None


def test_invented_tables_say_what_they_are_asked_and_lack_what_they_are_not() -> None:
    random = Random(2)
    for unit in [*make_tables(40, random), *make_lists(20, random)]:
        lines = [unit.passage[slice(*span)] for span in unit.sentences]
        assert lines == unit.passage.split("\n")
        assert any(not one.right for one in unit.asked)
        for one in unit.asked:
            if one.span:
                start, end = unit.sentences[one.right[0]]
                assert start <= one.span[0] < one.span[1] <= end


def test_questions_with_answers_are_asked_in_other_words() -> None:
    passage = "The ferry leaves at noon from pier 4. The fare is nine crowns."
    rows = [
        row("When does the ferry leave?", passage, "noon"),
        row("At which pier is the boat?", passage, "pier 4"),
        row("What is the fare?", passage, "nine crowns"),
        row("How much must I pay?", passage, "nine crowns"),
    ]
    (unit,) = make_answers(cut_units(rows), 1, Random(1))
    lines = unit.passage.split("\n")
    assert lines[0::2] == ["When does the ferry leave?", "What is the fare?"]
    for one in unit.asked:
        assert one.text not in lines
        assert unit.passage[slice(*unit.sentences[one.right[0]])].endswith(".")


def test_units_come_back_as_they_were_written(units: list[Unit], tmp_path: Path) -> None:
    path = tmp_path / "units.jsonl.gz"
    write_units(path, units)
    first = path.read_bytes()
    assert read_units(path) == units
    write_units(path, units)
    assert path.read_bytes() == first


def test_the_nearest_units_are_those_with_the_same_rare_words(units: list[Unit]) -> None:
    assert all(i not in unit.near for i, unit in enumerate(units))
    rows = [row("q?", f"{word} stands by the sea. {word} is old.", "sea") for word in PLACES]
    twin = row("q?", "By the river there is one more harbour, an old harbour.", "river")
    near = with_near(cut_units([*rows, twin]), n=3)
    assert near[8].near[0] == 0


def test_titles_that_validate_train_neither_by_passage_nor_by_question() -> None:
    passages = {f"T{i}": f"Passage {i} tells of year {1000 + i}." for i in range(300)}
    rows = [
        replace(row(f"What year is told of in {t}?", p, p[-5:-1], title=t), source="qed_nq")
        for t, p in passages.items()
    ]
    copies = [replace(r, source="squad_train_val5", title="") for r in rows]
    again = [replace(c, passage=f"Elsewhere: {c.passage}", spans=((30, 34),)) for c in copies]
    train, held = make_units([*rows, *again])
    assert held
    assert train
    asked = {fold(one.text) for unit in held for one in unit.asked}
    assert not asked & {fold(one.text) for unit in train for one in unit.asked}


def test_a_long_passage_is_cut_and_each_part_has_what_it_answers() -> None:
    passage = " ".join(f"Sentence {i} speaks of object {i} and of little else." for i in range(100))
    rows = [row(f"What of {i}?", passage, f"object {i} ") for i in (5, 50, 95)]
    parts = cut_units([*rows, row("What of 500?", passage, None)])
    assert len(parts) > 1
    asked = [(unit, one) for unit in parts for one in unit.asked]
    assert {one.text for _, one in asked} == {f"What of {i}?" for i in (5, 50, 95)}
    for unit, one in asked:
        assert one.span
        assert unit.passage[slice(*one.span)] == one.words[0]


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(one) + "\n" for one in rows)


def told(id_: str, passage: str, answer: str, **other: Any) -> dict[str, Any]:
    spans = [{"text": answer, "start": passage.index(answer)}]
    given = {"id": id_, "question": f"What of {id_}?", "passage": passage, "answers": spans}
    return {**given, "answerable": True, "title": "", "level": "span", "lang": "en", **other}


def public_folder(data: Path) -> None:
    """Write a folder of public data in which every part has one question."""
    many = data / "reading" / "multilingual"
    for name in MULTILINGUAL:
        if not name.startswith("omosqa"):
            write(many / f"{name}.jsonl.gz", [told(name, f"{name} is here.", "here")])
    for lang in ("de", "es"):
        xquad = told("kept-1", f"{lang}: Ottokar zog 1254 nach Brünn.", "1254")
        write(many / f"xquad_{lang}.jsonl.gz", [xquad])
    english = [
        told("kept-1", "Ottokar moved to Brno in 1254.", "1254"),
        told("free-1", "Another paragraph has 1300 in it.", "1300"),
    ]
    write(data / "reading" / "squad_dev_other.jsonl.gz", english)
    vain = {**english[0], "id": "m:1", "answers": [], "answerable": False}
    write(data / "reading" / "mined_wiki.jsonl.gz", [vain])
    for lang in ("de", "en", "fr", "uk", "ar"):
        pages = [
            told(str(i), f"{lang} page {i} is short.", "short", title=f"{i}") for i in range(9)
        ]
        folder = data / "reading" if lang == "en" else many
        write(folder / f"omosqa_{lang}.jsonl.gz", pages)
    for name in ("norquad", "jaquad_dev"):
        write(many / f"{name}.jsonl.gz", [told(name, f"{name} is only for reporting.", "only")])
    articles = [
        {
            "title": title,
            "paragraphs": [
                {
                    "context": f"{title} is an article.",
                    "qas": [
                        {
                            "id": title,
                            "question": f"What is {title}?",
                            "answers": [{"text": "an article", "answer_start": len(title) + 4}],
                        }
                    ],
                }
            ],
        }
        for title in ("Zebra", "Yak", "Huguenot", "Ant", "Xerus")
    ]
    (data / "squad2").mkdir()
    (data / "squad2" / "squad2.json").write_text(json.dumps({"data": articles}))
    (data / "nq_oracle").mkdir()
    (data / "nq_oracle" / "nq.jsonl").write_text("")


def test_nothing_that_is_kept_for_reporting_trains(tmp_path: Path) -> None:
    public_folder(tmp_path)
    rows = load_rows(tmp_path)
    sources = {r.source for r in rows}
    assert not [s for s in sources if s.startswith(("xquad", "norquad", "jaquad_dev", "omosqa_de"))]
    assert {r.title for r in rows if r.source == "squad2"} == {"Ant"}
    assert [r.id for r in rows if r.source == "squad_dev_other"] == ["free-1"]
    assert not [r for r in rows if r.source == "mined_wiki"]
    pages = [{"title": str(i), "passage": ""} for i in range(9)]
    free = {page["title"] for page in pages if not is_held_page(page)}
    assert 0 < len(free) < 9
    omos = [r for r in rows if r.source.startswith("omosqa")]
    assert {r.id.split("-")[0] for r in omos} == free
    assert any("-omosqa" in r.id for r in omos)


def test_an_answer_said_in_many_ways_is_one_question() -> None:
    passage = "It opened in May 1990, in spring."
    twice = [row("When?", passage, "May 1990"), row("when", passage, None)]
    (unit,) = cut_units(twice)
    assert unit.asked == (Asked("When?", (0,), (13, 21), ("May 1990",)),)
