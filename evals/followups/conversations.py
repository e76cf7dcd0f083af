"""squad2, whose gold is sentences -> its questions after a turn of conversation.

Follow-ups that say "it", a new subject that the documents answer, and one that they do not.
Deterministic; what cannot be made is left out.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.text.english import FUNCTION_WORDS
from assistant.values import Turn
from evals.datasets import Dataset, Question
from evals.evidence.collect import ask_elsewhere

N_MADE = 150
"""Questions of each kind."""

_NAME = re.compile(r"(?<=\w )[A-Z][\w-]*(?: [A-Z][\w-]*)*")


def say_it(squad2: Dataset) -> tuple[Dataset, dict[str, str]]:
    """Replace the one name of a question by "it", after another question about that name.

    Returns:
        The follow-ups, and the question with its name by query_id.
    """
    answerable = [q for q in squad2.questions if q.is_answerable and q.evidence]
    made, whole = [], {}
    for question in answerable:
        names = set(_NAME.findall(question.text))
        if len(names) != 1:
            continue
        (name,) = names
        if not _stands_alone(question.text, name):
            continue
        before = next((q for q in answerable if _is_about(q, name, question)), None)
        if before is not None:
            made.append(
                replace(question, text=_without(question.text, name), history=_turn(before))
            )
            whole[question.query_id] = question.text
    kept = tuple(_spread(made, N_MADE))
    return Dataset("squad2, it", squad2.texts, kept), whole


def change_subject(squad2: Dataset) -> Dataset:
    """Ask a question of one article after a turn about another."""
    answerable = [q for q in squad2.questions if q.is_answerable and q.evidence]
    asked = _spread(answerable, N_MADE)
    half = len(answerable) // 2
    later = _spread(answerable[half:] + answerable[:half], N_MADE)
    return Dataset(
        "squad2, new subject",
        squad2.texts,
        tuple(
            replace(one, history=_turn(other))
            for one, other in zip(asked, later, strict=True)
            if one.group != other.group
        ),
    )


def leave_subject(squad2: Dataset, nq: Dataset) -> Dataset:
    """Ask a question that nothing here answers after a turn that the documents answer."""
    answerable = [q for q in squad2.questions if q.is_answerable and q.evidence]
    before = _spread(answerable, N_MADE)
    strangers = [
        replace(q, history=_turn(one)) for q, one in zip(nq.questions, before, strict=False)
    ]
    return ask_elsewhere("off topic", strangers, squad2)


def _turn(question: Question) -> tuple[Turn, ...]:
    return (("user", question.text), ("assistant", question.evidence[0]))


def _is_about(other: Question, name: str, question: Question) -> bool:
    return (
        other.group == question.group
        and other.query_id != question.query_id
        and re.search(rf"\b{re.escape(name)}\b", other.text) is not None
    )


def _stands_alone(text: str, name: str) -> bool:
    """Whether the name is no part of a longer one: "it" could not stand for a half."""
    after = re.split(rf"\b{re.escape(name)}\b", text, maxsplit=1)[-1]
    word = re.match(r" *(\w*)", after)
    return after[:2] in ("'s", "’s") or word is None or word[1] in {"", *FUNCTION_WORDS}


def _without(text: str, name: str) -> str:
    text = re.sub(rf"\b(?:the )?{re.escape(name)}['’]s?(?=\W)", "its", text)
    return re.sub(rf"\b(?:the )?{re.escape(name)}\b", "it", text)


def _spread(questions: Sequence[Question], n: int) -> list[Question]:
    """Return n of the questions, evenly apart, or all when there are fewer."""
    n = min(n, len(questions))
    return [questions[i * len(questions) // n] for i in range(n)]
