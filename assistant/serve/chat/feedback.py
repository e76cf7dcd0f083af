"""What readers say of answers, kept with all that is needed to ask again, and as eval questions.

A reader rates an answer, says in words what was wrong with it, or marks one of its citations as
wrong; of a turn without an answer nothing is kept. What was said can be read back and
written as lines of a file for `assistant eval`. Feedback that the disk has altered is left out with
a warning.
"""

import json
import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from assistant.serve.chat.database import (
    ChatDatabase,
    CommentRow,
    FeedbackRow,
    now,
    open_database,
    read_answer,
    read_rows,
    write_row,
)
from assistant.serve.chat.turns import Turn
from assistant.settings import Settings
from assistant.values import Answer, Citation

CITATION = "citation"
"""The kind of feedback that says of a citation that it is wrong."""
UNHELPFUL = frozenset({"down", "unanswerable"})
"""The ratings beside which words are kept."""
MAX_COMMENT_CHARS = 500
MAX_GIVEN = 500
"""Answers over HTTP that can still be judged: some kilobytes each."""

logger = logging.getLogger(__name__)
History = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a reader said of one answer, at last in words (`comment`).

    `wrong` are the numbers of its citations that are wrong.
    """

    rating: str | None
    wrong: frozenset[int]
    given_at: str
    question: str
    history: tuple[tuple[str, str], ...]
    answer: Answer
    comment: str = ""


class FeedbackStore:
    """The feedback on the answers of one index."""

    def __init__(self, database: ChatDatabase) -> None:
        self._database = database

    def rate(self, conversation_id: str, turn: Turn, history: History, rating: str | None) -> None:
        """Keep a rating of an answer, in place of an earlier one; None takes it back.

        The words beside it go with it, unless the answer is still said to be no help.
        """
        self._set((conversation_id, turn.number, 0), turn, history, rating)
        if rating not in UNHELPFUL:
            self.comment(conversation_id, turn.number, "")

    def comment(self, conversation_id: str, number: int, text: str) -> None:
        """Keep what a reader said of an answer, in place of what was said before."""
        with self._database.open() as connection:
            connection.execute(
                "DELETE FROM comments WHERE conversation_id = ? AND number = ?",
                (conversation_id, number),
            )
            if text := text.strip()[:MAX_COMMENT_CHARS].strip():
                write_row(connection, CommentRow(conversation_id, number, text))

    def flag(
        self, conversation_id: str, turn: Turn, history: History, citation: int, *, is_wrong: bool
    ) -> None:
        """Keep that a citation is wrong, or take that back."""
        kind = CITATION if is_wrong else None
        self._set((conversation_id, turn.number, citation), turn, history, kind)

    def read(self) -> tuple[Feedback, ...]:
        """Return what everybody said, an answer at a time, oldest first."""
        with self._database.open() as connection:
            found = list(read_rows(connection, FeedbackRow, "ORDER BY given_at"))
            said = list(read_rows(connection, CommentRow, ""))
        comments = {
            (row.number, row.conversation_id): row.text for row, is_whole in said if is_whole
        }
        given: dict[tuple[int, str], dict[int, FeedbackRow]] = {}
        for row, is_whole in found:
            turn = (row.number, row.conversation_id)
            if is_whole:
                given.setdefault(turn, {})[row.citation] = row
            else:
                logger.warning("feedback on turn %s of conversation %s is damaged", *turn)
        return tuple(_feedback(rows, comments.get(turn, "")) for turn, rows in given.items())

    def _set(
        self, key: tuple[str, int, int], turn: Turn, history: History, kind: str | None
    ) -> None:
        if not isinstance(turn.outcome, Answer):
            return
        with self._database.open() as connection:
            connection.execute(
                "DELETE FROM feedback WHERE conversation_id = ? AND number = ? AND citation = ?",
                key,
            )
            if kind:
                answer = json.dumps(asdict(turn.outcome))
                said = (kind, now(), turn.question, json.dumps(history), answer)
                write_row(connection, FeedbackRow(*key, *said))


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that was given over HTTP, as the one turn of a conversation of its own."""

    conversation_id: str
    turn: Turn
    history: History

    @property
    def numbers(self) -> frozenset[int]:
        """The numbers of its citations."""
        outcome = self.turn.outcome
        cited = outcome.citations if isinstance(outcome, Answer) else ()
        return frozenset(one.number for one in cited)


class GivenAnswers:
    """The answers that were given last, which can be judged. Safe to share between threads."""

    def __init__(self) -> None:
        self._given: OrderedDict[tuple[str, str], Given] = OrderedDict()
        self._lock = threading.Lock()

    def keep(
        self, owner: str, request_id: str, question: str, history: History, answer: Answer
    ) -> None:
        """Keep an answer to a request for a while."""
        given = Given(secrets.token_urlsafe(16), Turn(1, question, answer), tuple(history))
        with self._lock:
            self._given[owner, request_id] = given
            self._given.move_to_end((owner, request_id))  # its client may have used the id before
            if len(self._given) > MAX_GIVEN:
                self._given.popitem(last=False)

    def find(self, owner: str, request_id: str) -> Given | None:
        """Return the answer to a request of an owner; None if it is not kept, or not any more."""
        with self._lock:
            return self._given.get((owner, request_id))


def read_feedback(settings: Settings) -> tuple[Feedback, ...]:
    """Return the feedback that was given on the answers of an index.

    Raises:
        StoreError: it cannot be read.
    """
    return FeedbackStore(open_database(settings)).read()


def list_questions(feedback: Sequence[Feedback]) -> Iterator[dict[str, Any]]:
    """Yield each answer that was judged as a question of an eval file (`evals/README.md`).

    A rating becomes what is known of the answer: "up" of an answer makes its citations the gold, of
    an abstention the question unanswerable; "down" of an abstention makes it answerable, of an
    answer its statements wrong; "unanswerable" is what it says. Quotes that were marked as wrong
    are never gold. What was said in words is at the end of the note.
    """
    for one in feedback:
        answer = one.answer
        known: dict[str, Any] = {"question": one.question, "answerable": _is_answerable(one)}
        gold = [_gold(c) for c in answer.citations if c.number not in one.wrong]
        if one.rating == "up" and gold:
            known["gold"] = [gold]
        wrong = [c.quote for c in answer.citations if c.number in one.wrong]
        if one.rating == "down":
            wrong = [statement.text for statement in answer.statements]
        if wrong and known["answerable"]:
            known["wrong"] = wrong
        if one.history:
            known["history"] = [list(said) for said in one.history]
        note = f"feedback of {one.given_at[:10]}, index version {answer.index_version}"
        if one.comment:
            note += f": {one.comment}"
        yield known | {"kind": "feedback", "note": note}


def _feedback(rows: dict[int, FeedbackRow], comment: str) -> Feedback:
    """Return what was said of an answer: of the whole (0) and of single citations."""
    first = next(iter(rows.values()))
    return Feedback(
        rating=rows[0].kind if 0 in rows else None,
        wrong=frozenset(rows) - {0},
        given_at=first.given_at,
        question=first.question,
        history=tuple((who, text) for who, text in json.loads(first.history)),
        answer=read_answer(first.answer),
        comment=comment,
    )


def _is_answerable(one: Feedback) -> bool:
    if one.answer.abstained:
        return one.rating == "down"
    return one.rating != "unanswerable"


def _gold(citation: Citation) -> dict[str, str]:
    return {"document": citation.document_id, "quote": citation.quote}
