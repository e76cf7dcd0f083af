"""A conversation as immutable turns, and how a question becomes one.

Comes in: a question, what was said before it, the documents it is asked of. Goes out: a `Step` for
each thing that happens, the last with the outcome. Refuses nothing: every failure becomes a notice
in the conversation, never an exception.
"""

import logging
import secrets
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant.answering import Answering, streaming
from assistant.errors import AssistantError
from assistant.serve.admission import Admission
from assistant.show.provenance import is_quote
from assistant.values import Answer, DocumentId, Stage
from assistant.values import Turn as Said

MAX_TOLD = 5
"""Turns that a follow-up may lean on."""
N_SUGGESTED = 2
"""Questions to try that an abstention offers."""
STOPPED = "Stopped. Nothing was answered."
INTERRUPTED = "This was interrupted before it was answered."
WRITING = "Exact quotes are shown; a language model is writing the answer."
CLOSING = "The assistant is being stopped. Ask again when it is back."
WAIT_S = 0.5
"""Seconds between two looks at the queue: a stop arrives as fast."""

Rating = Literal["up", "down", "unanswerable"]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what came of it: an answer, a notice, or nothing yet.

    `documents` are those it was asked of (all when empty), `tried` questions that the documents do
    answer, `flagged` the numbers of citations that the reader has marked as wrong.
    """

    number: int
    question: str
    outcome: Answer | str | None = None
    documents: tuple[DocumentId, ...] = ()
    tried: tuple[str, ...] = ()
    rating: Rating | None = None
    flagged: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """A turn as it is by now; `status` is read out to people who cannot see the page.

    `doing` is shown in its place where it changes too often to be read out.
    """

    turn: Turn
    status: str
    is_running: bool = True
    doing: str = ""


def converse(
    assistant: Answering, admission: Admission, turn: Turn, before: Sequence[Turn]
) -> Generator[Step]:
    """Yield the turn at each stage, with each statement that is ready, and with its outcome."""
    yield Step(turn, "Starting")
    try:
        with admission.join() as ticket:
            while not ticket.wait(WAIT_S):
                yield Step(turn, say_ahead(ticket.ahead))
            asked = (turn.question, tell(before), turn.documents)
            with streaming(assistant, *asked) as events:
                for step in _follow(turn, events):
                    turn = step.turn
                    yield step
            if isinstance(turn.outcome, Answer) and _is_refused(turn.outcome):
                turn = replace(turn, tried=_suggest(assistant, turn.outcome))
    except AssistantError as error:
        turn = replace(turn, outcome=str(error))
    except Exception:  # noqa: BLE001 (the edge: a defect becomes a notice and a log entry)
        turn = replace(turn, outcome=report("answering"))
    outcome = turn.outcome or "The assistant gave no answer."
    yield Step(replace(turn, outcome=outcome), summarize(outcome), is_running=False)


def _follow(turn: Turn, events: Iterator[Stage | Answer]) -> Iterator[Step]:
    """Yield a step for each event; the same one again where nothing but time has passed."""
    stage: Stage | None = None
    for event in events:
        if isinstance(event, Answer):
            turn = replace(turn, outcome=event)
        else:
            stage = event
        if stage is not None and stage.name == "writing":
            yield Step(turn, WRITING, doing=_say_writing(stage, turn.outcome))
        elif isinstance(event, Answer):
            yield Step(turn, summarize(event))
        else:
            yield Step(turn, event.detail)


def _say_writing(stage: Stage, shown: Answer | str | None) -> str:
    """Say what is being written, and of what is shown meanwhile that it is quotes."""
    if not isinstance(shown, Answer) or not any(is_quote(shown, one) for one in shown.statements):
        return stage.detail
    return f"{stage.detail}; exact quotes until then"


def tell(turns: Sequence[Turn]) -> tuple[Said, ...]:
    """Return what the last answered turns said, oldest first; a failure said nothing."""
    said: list[Said] = []
    for turn in turns[-MAX_TOLD:]:
        if isinstance(turn.outcome, Answer):
            words = " ".join(statement.text for statement in turn.outcome.statements)
            said += [("user", turn.question), ("assistant", words)]
    return tuple(said)


def report(doing: str) -> str:
    """Log the exception being handled under a short id and return a message that names it."""
    error_id = secrets.token_hex(4)
    logger.exception("error %s while %s", error_id, doing)
    return f"Something went wrong inside the assistant (error {error_id}; the log tells more)."


def summarize(outcome: Answer | str) -> str:
    """Say in a sentence what came of a question."""
    if isinstance(outcome, str):
        return outcome
    if outcome.kind == "answer":
        n = len(outcome.citations)
        said = f"Answered with {n} citation{'' if n == 1 else 's'}."
    else:
        said = "No answer in the documents." if outcome.consulted else outcome.text
    return f"{said} {outcome.notice}" if outcome.notice else said


def _suggest(assistant: Answering, refused: Answer) -> tuple[str, ...]:
    """Return questions to try; none when they cannot be made, since the refusal stands anyway."""
    try:
        return assistant.suggest(N_SUGGESTED, near=refused)
    except AssistantError:
        return ()


def _is_refused(answer: Answer) -> bool:
    return answer.abstained and bool(answer.consulted)


def say_ahead(n: int) -> str:
    """Say how many questions are before one that waits."""
    if n <= 0:
        return "Waiting for a free place"
    return f"Waiting: {n} question{'' if n == 1 else 's'} before this one"
