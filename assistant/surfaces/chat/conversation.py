"""A conversation as immutable turns, and how a question becomes one.

Comes in: a question and the turns so far, which the server holds. Goes out: a `View` for
each step, with the turns to keep. Refuses an empty question; every failure becomes a
notice in the conversation, never an exception.
"""

import logging
import secrets
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from assistant.errors import AssistantError
from assistant.surfaces.chat.role import Answering
from assistant.surfaces.render import (
    render_answer,
    render_notice,
    render_progress,
    render_question,
)
from assistant.values import Answer
from assistant.values import Turn as Said

MAX_TURNS = 50
"""Turns kept per conversation; the oldest leave first, so that memory stays bounded."""
MAX_TOLD = 5
"""Turns that a follow-up may lean on."""
STOPPED = "Stopped. Nothing was answered."

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what came of it: an answer, a notice, or nothing yet."""

    number: int
    question: str
    outcome: Answer | str | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What the page shows after a step; `status` is read out to people who cannot see it."""

    turns: tuple[Turn, ...]
    status: str
    running: bool


def converse(assistant: Answering, question: str, turns: tuple[Turn, ...]) -> Generator[View]:
    """Yield a view per stage and one with the outcome."""
    question = question.strip()
    if not question:
        yield View(turns, "Type a question first.", running=False)
        return
    kept = turns[-(MAX_TURNS - 1) :]
    turn = Turn(kept[-1].number + 1 if kept else 1, question)
    yield View((*kept, turn), "Starting", running=True)
    outcome: Answer | str = "The assistant gave no answer."
    try:
        for step in assistant.stream(question, tell(kept)):
            if isinstance(step, Answer):
                outcome = step
            else:
                yield View((*kept, turn), step.detail, running=True)
    except AssistantError as error:
        outcome = str(error)
    except Exception:  # noqa: BLE001 (the edge: a defect becomes a notice and a log entry)
        outcome = report("answering")
    yield View((*kept, replace(turn, outcome=outcome)), _summary(outcome), running=False)


def tell(turns: Sequence[Turn]) -> tuple[Said, ...]:
    """Return what the last answered turns said, oldest first; a failure said nothing."""
    said: list[Said] = []
    for turn in turns[-MAX_TOLD:]:
        if isinstance(turn.outcome, Answer):
            words = " ".join(statement.text for statement in turn.outcome.statements)
            said += [("user", turn.question), ("assistant", words)]
    return tuple(said)


def stop(turns: tuple[Turn, ...]) -> View:
    """Return the view in which an unfinished turn is marked as stopped."""
    if turns and turns[-1].outcome is None:
        turns = (*turns[:-1], replace(turns[-1], outcome=STOPPED))
    return View(turns, STOPPED, running=False)


def render_conversation(view: View, max_question_chars: int) -> str:
    """Render all turns, the unfinished one with its stage."""
    return "".join(
        f'<article class="turn" id="turn-{turn.number}">'
        f"{render_question(turn.question, max_question_chars)}{_outcome(turn, view.status)}"
        "</article>"
        for turn in view.turns
    )


def report(doing: str) -> str:
    """Log the exception being handled under a short id and return a message that names it."""
    error_id = secrets.token_hex(4)
    logger.exception("error %s while %s", error_id, doing)
    return f"Something went wrong inside the assistant (error {error_id}; the log tells more)."


def _outcome(turn: Turn, status: str) -> str:
    match turn.outcome:
        case Answer() as answer:
            return render_answer(answer, turn.number)
        case None:
            return render_progress(status)
        case notice:
            return render_notice(notice)


def _summary(outcome: Answer | str) -> str:
    if isinstance(outcome, str):
        return outcome
    if outcome.abstained:
        return "No answer in the documents."
    n = len(outcome.citations)
    return f"Answered with {n} citation{'' if n == 1 else 's'}."
