"""The everyday questions can be answered from their folders, and are scored by what they ask."""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from assistant.ingest.parse import parse
from assistant.ingest.sniff import media_type
from assistant.settings import Settings
from assistant.store.sync import limits_of
from evals.everyday.__main__ import report
from evals.everyday.folders import ACROSS, FOLDERS, FRESH, SHEETS, UNSEEN, write
from evals.everyday.office import Bullets, Grid, Heading, Steps, page
from evals.everyday.score import (
    ACROSS_QUESTIONS,
    DIALOGUES,
    FOLLOW_UP,
    FRESH_QUESTIONS,
    QUESTIONS,
    SHEETS_QUESTIONS,
    UNSEEN_QUESTIONS,
    Asked,
    Outcome,
    folded,
    is_right,
    read_dialogues,
    read_questions,
    share,
    words_shown,
)
from evals.everyday.work import Files

SINGLE = read_questions(QUESTIONS)
TURNS = [turn for turns in read_dialogues(DIALOGUES) for turn in turns]
BLIND = read_questions(FRESH_QUESTIONS)
EVERY = [*SINGLE, *TURNS, *BLIND]
MAKERS = FOLDERS | FRESH
WEIGHT = Asked("shop", "table", "How heavy is it?", is_answerable=True, must=("12 kg",))
NOWHERE = Asked("shop", "absent", "How old is it?", is_answerable=False)


@cache
def read(case: str) -> str:
    limits = limits_of(Settings.load())
    made = MAKERS[case]().items()
    return folded(
        "\n".join(parse(data, media_type(path, data)[0], limits).text for path, data in made)
    )


def outcome(asked: Asked, text: str, *, is_refusal: bool = False) -> Outcome:
    return Outcome(asked, text, is_refusal, is_right(asked, text, is_refusal=is_refusal))


@pytest.mark.parametrize("case", MAKERS)
def test_every_file_is_read_and_is_the_same_whenever_it_is_read(case: str) -> None:
    limits = limits_of(Settings.load())
    first, second = MAKERS[case](), MAKERS[case]()
    for path, data in first.items():
        kind, warning = media_type(path, data)
        text = parse(data, kind, limits).text
        assert warning is None, path
        assert text.strip(), path
        assert text == parse(second[path], kind, limits).text, path


@pytest.mark.parametrize("case", MAKERS)
def test_what_an_answer_must_hold_stands_in_the_folder(case: str) -> None:
    wanted = [
        (asked.question, must)
        for asked in EVERY
        if asked.case == case and not asked.is_computed
        for must in asked.must
    ]
    assert wanted
    assert [(question, must) for question, must in wanted if folded(must) not in read(case)] == []


def test_a_question_to_repeat_is_no_right_answer() -> None:
    answerable = [asked for asked in EVERY if asked.is_answerable]
    assert [one for one in answerable if is_right(one, one.question, is_refusal=False)] == []


def test_only_what_can_be_answered_must_hold_something() -> None:
    assert [asked for asked in EVERY if asked.is_answerable != bool(asked.must)] == []


def test_every_kind_is_asked_often_and_a_quarter_cannot_be_answered() -> None:
    kinds = [asked.kind for asked in SINGLE]
    assert FOLLOW_UP not in kinds
    assert {kind for kind in kinds if kinds.count(kind) < 12} == set()
    refusable = [asked for asked in SINGLE if not asked.is_answerable]
    assert 0.2 < len(refusable) / len(SINGLE) < 0.3
    assert {asked.kind for asked in refusable} == set(kinds)


def test_no_question_is_asked_twice_and_every_folder_is_asked() -> None:
    asked = [(one.case, folded(one.question)) for one in SINGLE]
    assert len(set(asked)) == len(asked)
    assert {one.case for one in SINGLE} == set(FOLDERS)
    assert {one.case for one in TURNS} <= set(FOLDERS)


def test_a_folder_has_one_name_and_is_written_by_it(tmp_path: Path) -> None:
    assert not FOLDERS.keys() & FRESH.keys()
    for case in FRESH:
        write(case, tmp_path / case)
        files = [path for path in (tmp_path / case).rglob("*") if path.is_file()]
        assert 6 <= len(files) <= 9, case


def test_every_folder_written_blind_is_asked_as_much_and_a_quarter_cannot_be_answered() -> None:
    assert {asked.case for asked in BLIND} == set(FRESH)
    assert len({(one.case, folded(one.question)) for one in BLIND}) == len(BLIND)
    for case in FRESH:
        own = [asked for asked in BLIND if asked.case == case]
        assert len(own) == 30
        assert sum(not asked.is_answerable for asked in own) == 8


@pytest.mark.parametrize(
    ("folders", "path", "n_least"),
    [
        (SHEETS, SHEETS_QUESTIONS, 41),
        (ACROSS, ACROSS_QUESTIONS, 21),
        (UNSEEN, UNSEEN_QUESTIONS, 28),
    ],
)
def test_what_answers_stands_in_the_files_and_no_question_is_asked_twice(
    folders: Mapping[str, Callable[[], Files]], path: Path, n_least: int
) -> None:
    asked = read_questions(path)
    assert {one.case for one in asked} == set(folders)
    assert len({(one.case, folded(one.question)) for one in asked}) == len(asked)
    for case, make in folders.items():
        texts = [folded(data.decode()) for data in make().values()]
        own = [one for one in asked if one.case == case and one.is_answerable]
        assert len(own) >= n_least
        for one in own:
            assert one.must
            for said in one.must:
                assert any(folded(said) in text for text in texts), said


def test_most_of_what_is_answered_by_a_folder_written_blind_is_put_in_other_words() -> None:
    others = {"paraphrase", "yes-no", "other-language"}
    asked = Counter(one.case for one in BLIND if one.is_answerable and one.kind in others)
    assert {case for case in FRESH if asked[case] < 12} == set()


def test_a_text_is_a_page_of_headings_lists_tables_and_paragraphs() -> None:
    text = """## Boats

Two lines
of one paragraph.

- a row-
  lock
- an oar

1. Push.
2. Row.

| Boat | Built |
| Wagtail | |"""
    assert page(text) == [
        Heading("Boats", 2),
        "Two lines of one paragraph.",
        Bullets(["a row- lock", "an oar"]),
        Steps(["Push.", "Row."]),
        Grid([["Boat", "Built"], ["Wagtail", ""]]),
    ]


def test_an_answer_is_right_whatever_its_case_and_line_breaks() -> None:
    assert is_right(WEIGHT, "It weighs 12\n  KG.", is_refusal=False)
    assert not is_right(WEIGHT, "It weighs 13 kg.", is_refusal=False)


def test_a_mark_is_no_number_that_was_asked_for() -> None:
    count = Asked("shop", "list", "How many?", is_answerable=True, must=("13",))
    assert is_right(count, "There are 13 of them. [1]", is_refusal=False)
    assert not is_right(count, "The last of them is the elder. [13]", is_refusal=False)


def test_a_must_not_stands_in_the_folder_or_it_could_forbid_nothing() -> None:
    forbidden = [(asked.case, wrong) for asked in EVERY for wrong in asked.must_not]
    assert [(case, wrong) for case, wrong in forbidden if folded(wrong) not in read(case)] == []


def test_an_answer_must_hold_all_and_nothing_that_is_wrong() -> None:
    asked = Asked("shop", "list", "Which?", is_answerable=True, must=("a1", "b2"), must_not=("c3",))
    assert is_right(asked, "a1, b2", is_refusal=False)
    assert not is_right(asked, "a1", is_refusal=False)
    assert not is_right(asked, "a1, b2, c3", is_refusal=False)


def test_a_refusal_is_right_only_where_nothing_can_be_answered() -> None:
    assert is_right(NOWHERE, "12 kg", is_refusal=True)
    assert not is_right(NOWHERE, "12 kg", is_refusal=False)
    assert not is_right(WEIGHT, "12 kg", is_refusal=True)


def test_a_share_has_an_interval_that_holds_it() -> None:
    counted = share([outcome(WEIGHT, "12 kg"), outcome(WEIGHT, "12 kg"), outcome(NOWHERE, "9")])
    assert counted[:2] == (2, 3)
    assert 0 < counted.low < 2 / 3 < counted.high < 1
    assert share([]) == (0, 0, 0, 1)


def test_words_are_counted_of_answers_alone() -> None:
    shown = [outcome(WEIGHT, "12 kg"), outcome(WEIGHT, "a b c d"), outcome(WEIGHT, "1 2 3")]
    refused = outcome(NOWHERE, "word " * 50, is_refusal=True)
    assert words_shown([*shown, refused]) == (3, 4)
    assert words_shown([refused]) is None


def test_the_report_tells_kinds_apart_and_leaves_follow_ups_out_of_the_sum() -> None:
    later = Asked("shop", FOLLOW_UP, "And it?", is_answerable=True, must=("12 kg",))
    lines = list(report([outcome(WEIGHT, "12 kg"), outcome(NOWHERE, "9"), outcome(later, "12 kg")]))
    figures = {line[:16].strip(): line[17:27] for line in lines}
    assert figures == {
        "absent": "  0 of   1",
        "follow-up": "  1 of   1",
        "table": "  1 of   1",
        "answerable": "  1 of   1",
        "unanswerable": "  0 of   1",
        "all questions": "  1 of   2",
        "words shown": "median 2, ",
    }
