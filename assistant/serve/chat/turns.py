"""The turns of a conversation, and how a question is answered step by step.

Takes a question, the turns before it and the documents that it is limited to, and yields a `Step`
for each thing that happens, the last one with the outcome. It never raises: every failure becomes
a notice in the conversation.
"""

import logging
import re
import secrets
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from assistant.answering import Answering, streaming
from assistant.errors import AssistantError
from assistant.serve.background import Admission
from assistant.show.provenance import is_quote
from assistant.text.listing import Reading
from assistant.values import Answer, DocumentId, Stage
from assistant.values import Turn as Message

MAX_HISTORY_TURNS = 5
"""Turns that a follow-up question may refer to."""
N_SUGGESTED = 2
"""Questions suggested with an abstention."""
STOPPED = "Stopped. Nothing was answered."
INTERRUPTED = "This was interrupted before it was answered."
WRITING = "Exact quotes are shown; a language model is writing the answer."
CLOSING = "The assistant is being stopped. Ask again when it is back."
QUEUE_POLL_S = 0.5
"""Seconds between two looks at the queue, and so until a stop takes effect."""

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
Rating = Literal["up", "down", "unanswerable"]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its outcome: an answer, a notice, or None while it is being answered.

    `number` counts from 1. `documents` are those that the question was limited to; empty means all.
    `as_` is what it is to be taken for; None: what it looks like.
    `tried` are questions that the documents do answer, suggested with an abstention. `flagged` are
    the numbers of citations that the user has marked as wrong, `comment` what else was wrong.
    """

    number: int
    question: str
    outcome: Answer | str | None = None
    documents: tuple[DocumentId, ...] = ()
    tried: tuple[str, ...] = ()
    as_: Reading | None = None
    rating: Rating | None = None
    comment: str = ""
    flagged: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """A turn at one moment of its answering.

    `status` is what screen readers announce. `doing` is shown on the page in its place when it
    changes too often to be announced.
    """

    turn: Turn
    status: str
    is_running: bool = True
    doing: str = ""


def answer_turn(
    assistant: Answering, admission: Admission, turn: Turn, before: Sequence[Turn]
) -> Generator[Step]:
    """Yield the turn at each stage, with each verified statement, and at last with its outcome."""
    yield Step(turn, "Starting")
    try:
        with admission.join() as ticket:
            while not ticket.wait(QUEUE_POLL_S):
                yield Step(turn, describe_queue(ticket.ahead))
            history = to_history(before)
            with streaming(
                assistant, turn.question, history, documents=turn.documents, as_=turn.as_
            ) as events:
                for step in _follow_events(turn, events):
                    turn = step.turn
                    yield step
            made = turn.outcome
            if isinstance(made, Answer) and made.abstained and made.consulted:
                turn = replace(turn, tried=_suggest(assistant, made))
    except AssistantError as error:
        turn = replace(turn, outcome=str(error))
    except Exception:  # noqa: BLE001 (the edge: a defect becomes a notice and a log entry)
        turn = replace(turn, outcome=log_error("answering"))
    outcome = turn.outcome or "The assistant gave no answer."
    yield Step(replace(turn, outcome=outcome), summarize(outcome), is_running=False)


def to_history(turns: Sequence[Turn]) -> tuple[Message, ...]:
    """Return the last few turns as messages, oldest first, without those that failed."""
    history: list[Message] = []
    for turn in turns[-MAX_HISTORY_TURNS:]:
        if isinstance(turn.outcome, Answer):
            words = " ".join(statement.text for statement in turn.outcome.statements)
            history += [("user", turn.question), ("assistant", words)]
    return tuple(history)


def log_error(doing: str) -> str:
    """Log the exception that is being handled; return a message for users with its id."""
    error_id = secrets.token_hex(4)
    logger.exception("error %s while %s", error_id, doing)
    return f"Something went wrong inside the assistant (error {error_id}; the log tells more)."


def find_turn(turns: Sequence[Turn], sent: dict[str, Any]) -> Turn | None:
    """Return the turn whose number the browser sent; None if there is no such turn."""
    number = read_number(sent.get("turn"))
    return next((turn for turn in turns if turn.number == number), None)


def read_number(sent: object) -> int | None:
    """Return the number of a turn that a browser sent, which is untrusted; None of no number."""
    text = str(sent)
    return int(text) if _NUMBER.fullmatch(text) else None


def summarize(outcome: Answer | str) -> str:
    """Say the outcome of a question in a sentence, for screen readers."""
    if isinstance(outcome, str):
        return outcome
    if outcome.kind == "answer":
        n = len(outcome.citations)
        said = f"Answered with {n} citation{'' if n == 1 else 's'}."
    else:
        said = "No answer was found." if outcome.consulted else outcome.text
    return f"{said} {outcome.notice}" if outcome.notice else said


def describe_queue(n: int) -> str:
    """Say how many questions are ahead of one that waits."""
    if n <= 0:
        return "Waiting for a free place"
    return f"Waiting: {n} question{'' if n == 1 else 's'} before this one"


def _follow_events(turn: Turn, events: Iterator[Stage | Answer]) -> Iterator[Step]:
    """Yield a step for each event; an event without news repeats the step."""
    stage: Stage | None = None
    for event in events:
        if isinstance(event, Answer):
            turn = replace(turn, outcome=event)
        else:
            stage = event
        if stage is not None and stage.name == "writing":
            yield Step(turn, WRITING, doing=_describe_writing(stage, turn.outcome))
        elif isinstance(event, Answer):
            yield Step(turn, summarize(event))
        else:
            yield Step(turn, event.detail)


def _describe_writing(stage: Stage, shown: Answer | str | None) -> str:
    """Say what is being written, and that exact quotes are shown until then if so."""
    if not isinstance(shown, Answer) or not any(is_quote(shown, one) for one in shown.statements):
        return stage.detail
    return f"{stage.detail}; exact quotes until then"


def _suggest(assistant: Answering, abstention: Answer) -> tuple[str, ...]:
    """Return suggested questions; none if they cannot be made, which is no reason to fail."""
    try:
        return assistant.suggest(N_SUGGESTED, near=abstention)
    except AssistantError:
        return ()
