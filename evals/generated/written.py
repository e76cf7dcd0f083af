"""Watched answers -> how many were written, what was kept and dropped, and what it took.

In: each question of a set with what became of it. Out: figures by name, and every statement as a
plain row. Refuses nothing.
"""

import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from assistant.evaluation.values import Question, resolve
from assistant.values import Answer
from evals.generated.figures import Figure, judge, percentiles, share
from evals.generated.readings import Readings, is_supported, is_wrong
from evals.generated.stated import (
    SHOWN,
    Gold,
    Stated,
    holds,
    list_raw,
    list_shown,
    read_reply,
    share_until_first,
)
from evals.generated.watch import Watch, Watched

NAME = "generate"
_QUOTED = re.compile(r"['\"“][^'\"”]*['\"”]")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, what became of it, and what it states: shown to a user, and by the model."""

    question: Question
    gold: Gold
    watch: Watch
    shown: tuple[Stated, ...]
    raw: tuple[Stated, ...]

    @property
    def is_written(self) -> bool:
        """Whether the answer is the model's, and no quotes."""
        return self.watch.answer.answerer == NAME


def ask_all(name: str, assistant: Watched, questions: Sequence[Question]) -> list[Asked]:
    """Ask every question, telling on stderr how far it is."""
    asked = []
    for number, question in enumerate(questions, start=1):
        asked.append(_ask(assistant, question))
        answer = asked[-1].watch.answer
        told = answer.notice or ("refused" if answer.abstained else answer.answerer)
        print(f"{name} {number}/{len(questions)} {told}", file=sys.stderr, flush=True)
    return asked


def report(asked: Sequence[Asked], readings: Readings) -> dict[str, Any]:
    """Return the figures of a set."""
    shown = [one for each in asked for one in each.shown]
    raw = [one for each in asked for one in each.raw]
    return {
        "questions": count_answers(asked),
        "the model's statements": count_statements(asked),
        "shown, written by the model": judge([one for one in shown if one.who == SHOWN], readings),
        "shown, all (quotes too)": judge(shown, readings),
        "raw, as the model cited": judge(raw, readings),
        "holds an accepted string": _correct(asked),
        "cost": costs(asked),
    }


def count_answers(asked: Sequence[Asked]) -> dict[str, Any]:
    """Return how many questions were refused, answered by the model, and by quotes, and why."""
    answers = [one.watch.answer for one in asked]
    fell = Counter(_plain(one.notice) for one in answers if one.notice)
    return {
        "asked": len(answers),
        "refused": sum(one.abstained for one in answers),
        "written by the model": sum(one.is_written for one in asked),
        "fallen back to quotes": {"all": fell.total(), **dict(fell.most_common())},
    }


def count_statements(asked: Sequence[Asked]) -> dict[str, Any]:
    """Return how the statements of written answers stand, and what was dropped, and why."""
    kept = [one for each in asked for one in each.shown if one.who == SHOWN]
    named: dict[tuple[str, str], int] = {}
    for one in (one for each in asked for one in each.raw):
        named.setdefault((one.query_id, one.text.casefold()), len(one.cited))
    dropped = Counter(_plain(one.why) for each in asked for one in each.watch.answer.dropped)
    n_narrowed = sum(
        len(one.cited) < named.get((one.query_id, one.text.casefold()), 0) for one in kept
    )
    verdicts = Counter(
        "quoted instead" if statement.stands_in else statement.verdict.value
        for one in asked
        if one.is_written
        for statement in one.watch.answer.statements
    )
    return {
        "shown": {"all": verdicts.total(), **dict(verdicts.most_common())},
        "citing fewer than the model did": n_narrowed,
        "dropped": {"all": dropped.total(), **dict(dropped.most_common())},
    }


def costs(asked: Sequence[Asked]) -> dict[str, Any]:
    """Return tokens and seconds; until the first statement by the share of characters before it."""
    calls = [(one.watch, one.watch.cost) for one in asked if one.watch.cost]
    pace = [
        cost.completion_tokens / (cost.total_s - cost.first_token_s)
        for _, cost in calls
        if cost.total_s > cost.first_token_s
    ]
    first_s = [
        watch.quotes_s + cost.first_token_s + part * (cost.total_s - cost.first_token_s)
        for watch, cost in calls
        if (part := share_until_first(watch.reply or "")) is not None
    ]
    answered = [one.watch for one in asked if not one.watch.answer.abstained]
    return {
        "prompt tokens": percentiles([cost.prompt_tokens for _, cost in calls]),
        "completion tokens": percentiles([cost.completion_tokens for _, cost in calls]),
        "tokens/s while writing": percentiles(pace),
        "seconds to the first quote": percentiles([one.quotes_s for one in answered]),
        "seconds to the first token": percentiles(
            [watch.quotes_s + cost.first_token_s for watch, cost in calls]
        ),
        "seconds to the first statement": percentiles(first_s),
        "seconds to the whole": percentiles(
            [watch.quotes_s + cost.total_s for watch, cost in calls]
        ),
    }


def rows(asked: Sequence[Asked], readings: Readings) -> list[dict[str, Any]]:
    """Return every question with what was stated, as plain data."""
    return [
        {
            "query_id": one.question.query_id,
            "question": one.question.text,
            "answerable": one.question.is_answerable,
            "answerer": one.watch.answer.answerer,
            "refused": one.watch.answer.abstained,
            "notice": one.watch.answer.notice,
            "reply": one.watch.reply,
            "dropped": [{"text": d.text, "why": d.why} for d in one.watch.answer.dropped],
            "stated": [row(stated, readings) for stated in chain(one.shown, one.raw)],
        }
        for one in asked
    ]


def row(stated: Stated, readings: Readings) -> dict[str, Any]:
    """Return a statement and what is known of it."""
    return {
        "who": stated.who,
        "text": stated.text,
        "cited": [one.quote for one in stated.cited],
        "invalid": stated.n_invalid,
        "verbatim": stated.is_verbatim,
        "gold": stated.is_gold,
        "supported": is_supported(stated, readings),
        "wrong_sentence": is_wrong(stated, readings),
    }


def said(answer: Answer) -> str:
    """Return what an answer states, without its marks."""
    return " ".join(one.text for one in answer.statements)


def _ask(assistant: Watched, question: Question) -> Asked:
    gold = resolve(question, assistant.document)
    watch = assistant.watch(question.text, question.history)
    raw: list[Stated] = []
    if watch.shown and watch.reply:
        names = {str(one.passage.document_id) for one in watch.shown.sentences}
        titles: Mapping[str, str] = {name: assistant.document(name).title for name in names}
        raw = list_raw(question, gold, watch.reply, watch.shown, titles)
    shown = list_shown(question, gold, watch.answer, watch.shown)
    return Asked(question, gold, watch, tuple(shown), tuple(raw))


def _correct(asked: Sequence[Asked]) -> dict[str, Figure | None]:
    """Return how often the answer holds an accepted string, an abstention being none."""
    all_of = [one for one in asked if one.question.answers]
    written = [one for one in all_of if one.is_written]

    def figure(of: Sequence[Asked], tell: Callable[[Asked], str]) -> Figure | None:
        return share([holds(tell(one), one.question.answers)] for one in of)

    return {
        "the answer shown": figure(all_of, lambda one: said(one.watch.answer)),
        "the quotes alone": figure(all_of, lambda one: said(one.watch.quotes)),
        "where the model wrote: the answer shown": figure(
            written, lambda one: said(one.watch.answer)
        ),
        "where the model wrote: the quotes": figure(written, lambda one: said(one.watch.quotes)),
        "where the model wrote: its reply, unchecked": figure(
            written, lambda one: " ".join(s.text for s in read_reply(one.watch.reply or ""))
        ),
    }


def _plain(told: str) -> str:
    """Return a reason without what it quotes, so that equal ones count together."""
    return _QUOTED.sub("…", told)
