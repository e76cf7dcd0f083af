"""The questions about whole documents can be answered from their folder, and are scored as told."""

from collections import Counter
from dataclasses import replace

from surface_fakes import answer

from assistant.ingest.parse import parse
from assistant.ingest.sniff import media_type
from assistant.settings import Settings
from assistant.store.sync import limits_of
from evals.everyday.score import folded
from evals.overviews import folders
from evals.overviews.__main__ import QUESTIONS, Asked, find_faults, read_asked, report
from evals.overviews.folder import TIMES, make

ASKED = read_asked(QUESTIONS)
BROKEN = "scan.pdf"
SAID_HERE = ("folder", "tool", "which")
"""Kinds whose answers are names and the program's words."""


def test_there_are_25_documents_and_60_questions() -> None:
    assert len(make()) == 26
    assert len(ASKED) == 60
    assert len({asked.question for asked in ASKED}) == 60
    assert set(TIMES) <= set(make())


def test_what_an_answer_must_quote_stands_in_the_documents_that_it_may_quote() -> None:
    limits = limits_of(Settings.load())
    texts = {
        name: folded(parse(data, media_type(name, data)[0], limits).text)
        for name, data in make().items()
        if name != BROKEN
    }
    for asked in ASKED:
        assert asked.only <= set(texts)
        own = " ".join(texts[name] for name in sorted(asked.only or set(texts)))
        if asked.kind not in SAID_HERE:
            missing = [said for said in asked.must if folded(said) not in own]
            assert not missing, (asked.question, missing)


def test_five_more_folders_are_asked_ten_questions_each_that_they_answer() -> None:
    limits = limits_of(Settings.load())
    more = read_asked(folders.QUESTIONS)
    assert Counter(asked.folder for asked in more) == dict.fromkeys(folders.NAMES, 10)
    for name in folders.NAMES:
        texts = {
            path: folded(parse(data, media_type(path, data)[0], limits).text)
            for path, data in folders.make(name).items()
        }
        assert len(texts) >= 12
        for asked in more:
            if asked.folder == name and asked.kind not in SAID_HERE:
                assert asked.only <= set(texts)
                own = " ".join(texts[path] for path in sorted(asked.only or set(texts)))
                missing = [said for said in asked.must if folded(said) not in own]
                assert not missing, (asked.question, missing)


def test_an_answer_is_right_if_it_is_what_was_asked_for() -> None:
    asked = Asked("folder", "How many?", "folder", ("25",), ("scan",))
    told = replace(answer("How many?"), kind="reply", reason="There are 25.", reading="folder")
    assert find_faults(asked, told) == []
    assert find_faults(asked, replace(told, reading="question")) == ["taken for question"]
    assert find_faults(asked, replace(told, reason="25 and a scan")) == ["holds 'scan'"]
    denied = replace(told, reason="25, but the documents do not say which")
    assert find_faults(asked, denied) == ["says 'do not say'"]


def test_a_question_that_is_searched_for_may_be_refused() -> None:
    asked = Asked("stays", "Which file for the lock?", "search")
    assert find_faults(asked, answer("Which file for the lock?")) == []
    assert find_faults(asked, replace(answer("?"), reading="folder")) == ["taken for folder"]


def test_the_table_has_a_line_for_each_kind_and_one_for_all() -> None:
    asked = Asked("folder", "How many?", "folder")
    lines = list(report([(asked, answer("?"), []), (asked, answer("?"), ["is refused"])]))
    assert [line.split()[0] for line in lines] == ["folder", "all"]
    assert "1 of   2  0.50" in lines[0]
