"""How an answer was made, in words: who wrote it, what it cost, why something was dropped of it."""

from dataclasses import replace
from typing import Any

import pytest
from attacks import VECTORS
from dom import present
from surface_fakes import (
    DROPPED,
    MODEL,
    NOTICE,
    VERIFIER,
    WHY,
    WROTE,
    FakeAssistant,
    answer,
    consult,
    document,
)

from assistant.show.provenance import (
    LIKELY_FROM,
    MAX_NAME_CHARS,
    MAX_WHY_CHARS,
    SURE_FROM,
    UNSURE_FROM,
    describe_author,
    describe_confidence,
    describe_nearest,
    is_quote,
    list_remarks,
    name_model,
    report_costs,
)
from assistant.values import Answer, Statement, Verdict

QUOTED, WRITTEN = FakeAssistant().ask("typhoon"), FakeAssistant().ask("written typhoon")


def confirmed(by: str, *, verdict: Verdict = Verdict.CONFIRMED) -> tuple[Statement, ...]:
    return tuple(replace(one, verdict=verdict, confirmed_by=by) for one in WRITTEN.statements)


def told(answer: Answer, **usage: Any) -> dict[str, str]:
    return dict(report_costs(replace(answer, usage=replace(present(WRITTEN.usage), **usage))).rows)


def test_quotes_are_written_by_nobody() -> None:
    assert describe_author(QUOTED) is None
    assert list_remarks(QUOTED) == ()
    assert all(is_quote(QUOTED, statement) for statement in QUOTED.statements)


def test_a_models_words_name_the_model_and_say_that_they_were_checked() -> None:
    assert describe_author(WRITTEN) == WROTE
    assert MODEL in WROTE
    assert not any(is_quote(WRITTEN, statement) for statement in WRITTEN.statements)
    assert "by a language model;" in str(describe_author(replace(WRITTEN, usage=None)))


def test_what_is_quoted_beside_a_models_words_is_not_said_to_be_its() -> None:
    partly = replace(WRITTEN, statements=(WRITTEN.statements[0], QUOTED.statements[1]))
    assert str(describe_author(partly)).startswith(f"Written in part by {MODEL}")
    assert dict(report_costs(partly).rows)["Sentences quoted"] == "1"
    copied = replace(WRITTEN, statements=QUOTED.statements)
    assert describe_author(copied) == f"Chosen by {MODEL}; every sentence is an exact quote."
    assert "Confirmed" not in dict(report_costs(copied).rows)


def test_who_confirmed_a_models_words_is_told_and_that_nobody_did() -> None:
    by_itself = replace(WRITTEN, statements=confirmed(MODEL))
    assert str(describe_author(by_itself)).endswith("confirmed by the same model, asked apart.")
    by_none = replace(WRITTEN, statements=confirmed("", verdict=Verdict.NOT_CONFIRMED))
    assert "nobody was asked to confirm" in str(describe_author(by_none))
    assert dict(report_costs(by_none).rows)["Not confirmed"] == "2: no verifier is asked"


def test_quotes_in_place_of_sentences_are_counted() -> None:
    instead = replace(QUOTED.statements[0], stands_in=True)
    partly = replace(WRITTEN, statements=(instead, WRITTEN.statements[1]))
    rows = dict(report_costs(partly).rows)
    assert rows["Quoted instead"] == "1, in place of what was not confirmed"


def test_a_refusal_and_a_courtesy_are_written_by_nobody() -> None:
    refused = replace(FakeAssistant().ask("unknown"), answerer="generate")
    assert describe_author(refused) is None
    assert describe_author(FakeAssistant().ask("hello")) is None


def test_a_notice_is_a_remark_on_one_line() -> None:
    assert list_remarks(replace(QUOTED, notice=NOTICE)) == (NOTICE,)
    assert list_remarks(replace(WRITTEN, notice="a\n b")) == (WROTE, "a b")


def test_the_account_says_what_was_used_quoted_confirmed_dropped_and_how_long_it_took() -> None:
    account = report_costs(WRITTEN)
    assert account.title == "Cost and checks"
    assert account.rows == (
        ("Model", MODEL),
        ("Calls", "2"),
        ("Tokens", "about 1,234 read, about 56 written"),
        ("First token", "after 800 ms"),
        ("Whole reply", "after 7.0 s"),
        ("Speed", "about 8.0 tokens/s, all in all"),
        ("Sentences quoted", "0"),
        ("Confirmed", f"2, by {VERIFIER}"),
        ("Sentences dropped", "1"),
        ("Searching", "10 ms"),
    )
    assert account.dropped == (WHY,)


def test_counted_tokens_are_not_said_to_be_estimated() -> None:
    rows = told(WRITTEN, is_estimated=False)
    assert rows["Tokens"] == "1,234 read, 56 written"
    assert rows["Speed"] == "8.0 tokens/s, all in all"


def test_a_model_that_said_nothing_has_no_speed() -> None:
    rows = told(QUOTED, first_token_s=None, completion_tokens=0)
    assert rows["First token"] == "none came"
    assert "Speed" not in rows
    assert "Speed" not in told(QUOTED, total_s=0.0)


def test_quotes_have_timings_alone_and_a_courtesy_has_nothing() -> None:
    account = report_costs(replace(QUOTED, timings={"retrieve": 0.012, "elsewhere": 2.0}))
    assert account.title == "Timings"
    assert account.rows == (("Searching", "12 ms"), ("elsewhere", "2.0 s"))
    assert report_costs(replace(QUOTED, timings={})).rows == ()


def test_quotes_that_a_model_could_not_better_tell_what_was_tried() -> None:
    account = report_costs(replace(QUOTED, dropped=(DROPPED, DROPPED), usage=WRITTEN.usage))
    rows = dict(account.rows)
    assert rows["Sentences quoted"] == "2"
    assert rows["Sentences dropped"] == "2"
    refused = replace(FakeAssistant().ask("unknown"), usage=WRITTEN.usage)
    assert "Sentences quoted" not in dict(report_costs(refused).rows)


@pytest.mark.parametrize("answer", [WRITTEN, replace(WRITTEN, statements=QUOTED.statements)])
def test_the_text_of_what_was_dropped_is_in_nothing(answer: Answer) -> None:
    said = repr((report_costs(answer), list_remarks(answer)))
    assert "Elvis" not in said
    assert DROPPED.quotes[0] not in said


@pytest.mark.parametrize("vector", [*VECTORS, "x\ny " * 900])
def test_names_and_reasons_are_short_lines(vector: str) -> None:
    dropped = (replace(DROPPED, why=vector),)
    made = replace(WRITTEN, usage=replace(present(WRITTEN.usage), model=vector), dropped=dropped)
    account = report_costs(made)
    name = dict(account.rows)["Model"]
    assert len(name) <= MAX_NAME_CHARS
    assert len(account.dropped[0]) <= MAX_WHY_CHARS
    assert name in str(describe_author(made))
    for text in (name, *account.dropped, *list_remarks(made)):
        assert len(text.splitlines()) <= 1


def test_a_model_is_called_by_its_name_on_one_line() -> None:
    assert name_model("qwen3:4b") == "qwen3:4b"
    assert name_model("") == ""
    assert len(name_model("a\nb" * 500).splitlines()) == 1


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (1, "At least 1 more row or item says as much, not shown here."),
        (1200, "At least 1,200 more rows or items say as much, not shown here."),
    ],
)
def test_what_is_left_out_of_a_long_table_is_told(n: int, said: str) -> None:
    assert list_remarks(replace(QUOTED, n_more=n)) == (said,)


@pytest.mark.parametrize(
    ("query", "missing"),
    [
        ("Who pays for the gym?", "none of which has “gym”"),
        (
            "Does the firm pay for gyms, pools or saunas?",
            "none of which has “gyms”, “pools” or “saunas”",
        ),
        ("Does the firm pay for gyms, pools, saunas or lockers?", None),
        ("Is there a gym or a pool?", "none of which has “gym” or “pool”"),
        ("What does the firm say about the gym?", "none of which has “gym”"),
        ("What is stated of the gym?", "none of which has “gym”"),
        ("What does clause 9 say?", None),
        ("Who pays the workers?", None),
        ("How many workers does the firm pay, and how much?", None),
        ("What of the canteens and meals?", None),
        (f"Who pays for {'x' * 100}?", None),
        ("Who pays for <b>it</b>?", "none of which has “b”"),
    ],
)
def test_the_nearest_passages_are_named_by_the_few_words_that_none_has(
    query: str, missing: str | None
) -> None:
    source = document("a.txt", "The firm pays each worker. Meals are cheap. Workers meet at noon.")
    read = (consult(source, "The firm pays each worker."), consult(source, "Meals are cheap."))
    headed = (replace(read[0], heading="Canteen"), read[1])
    said = describe_nearest(answer(query, consulted=headed))
    assert said == ", ".join(filter(None, ("The nearest passages", missing)))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (
            "Wer zahlt das Fitnessstudio und Schwimmbad und Sauna?",
            "Die nächstliegenden Stellen",
        ),
        ("Was steht über die Sauna?", "Die nächstliegenden Stellen; keine enthält “Sauna”"),
        (
            "Gibt es ein Schwimmbad oder eine Sauna?",
            "Die nächstliegenden Stellen; keine enthält “Schwimmbad” oder “Sauna”",
        ),
        (
            "Y a-t-il une piscine ?",
            "Les passages les plus proches, dont aucun ne contient “piscine”",
        ),
    ],
)
def test_the_nearest_passages_are_named_in_the_language_of_the_question(
    query: str, said: str
) -> None:
    source = document("a.txt", "The firm pays each worker.")
    read = (consult(source, "The firm pays each worker."),)
    assert describe_nearest(answer(query, consulted=read)) == said


@pytest.mark.parametrize(
    ("confidence", "said"),
    [
        (0.99, "Very likely answers the question."),
        (SURE_FROM, "Very likely answers the question."),
        (LIKELY_FROM, "Probably answers the question."),
        (UNSURE_FROM, "May not answer the question: see where it stands."),
        (UNSURE_FROM - 0.01, None),
        (1.0, None),
    ],
)
def test_how_sure_it_is_is_said_in_three_steps(confidence: float, said: str | None) -> None:
    made = replace(FakeAssistant().ask("typhoon"), confidence=confidence)
    assert describe_confidence(made) == said


@pytest.mark.parametrize(
    "changes", [{"kind": "abstention"}, {"kind": "reply"}, {"reading": "folder"}]
)
def test_how_sure_it_is_is_not_said_where_the_estimate_says_nothing(
    changes: dict[str, Any],
) -> None:
    assert describe_confidence(replace(QUOTED, **changes)) is None
    assert describe_confidence(WRITTEN) is None, "each sentence has its own verdict"
