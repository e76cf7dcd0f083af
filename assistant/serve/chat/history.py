"""Conversations kept on the server, so that they survive a reload and a restart.

Only its owner gets a conversation back: every SQL statement names the owner, so that another's
conversation is as absent as a deleted one, and ids cannot be guessed. A turn that the disk has
altered comes back as a notice. `StoreError` is raised for a disk that cannot be used.
"""

import json
import logging
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice

from assistant.serve.chat.database import (
    CommentRow,
    Database,
    TurnRow,
    now,
    read_answer,
    read_rows,
    write_row,
)
from assistant.serve.chat.turns import Turn
from assistant.values import Answer, DocumentId

MAX_TITLE_CHARS = 120
MAX_SHOWN = 200
"""Conversations listed at once, the newest first; a search looks at all."""
N_COUNTED = 4_096
DAMAGED_QUESTION = "(a question that was damaged on the disk)"
DAMAGED = "What was said here was damaged on the disk and cannot be shown. Ask again."

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Summary:
    """A conversation in the list of its owner's."""

    conversation_id: str
    title: str


class ConversationStore:
    """The conversations of everybody who asks this index."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._n_changes = [0] * N_COUNTED

    def version(self, owner: str) -> int:
        """Return a number that grows with every change of the owner's conversations.

        Now and then with one of another owner's: owners share counters, so that there are few.
        """
        return self._n_changes[hash(owner) % N_COUNTED]

    def _count_change(self, owner: str) -> None:
        self._n_changes[hash(owner) % N_COUNTED] += 1

    def create(self, owner: str, title: str) -> str:
        """Begin a conversation and return its id."""
        conversation_id = secrets.token_urlsafe(16)
        with self._database.open() as connection:
            connection.execute(
                "INSERT INTO conversations VALUES (?, ?, ?, ?)",
                (conversation_id, owner, _title(title), now()),
            )
        self._count_change(owner)
        return conversation_id

    def list(self, owner: str, search: str = "") -> tuple[Summary, ...]:
        """Return the owner's conversations, the newest first; those with all words of a search."""
        words = search.casefold().split()
        with self._database.open() as connection:
            found = connection.execute(
                "SELECT conversation_id, title FROM conversations WHERE owner = ? "
                "ORDER BY updated_at DESC, rowid DESC",
                (owner,),
            )
            summaries = (Summary(*row) for row in found)
            kept = (one for one in summaries if not words or _has(connection, one, words))
            return tuple(islice(kept, MAX_SHOWN))

    def has(self, owner: str, conversation_id: str) -> bool:
        """Whether the owner has this conversation."""
        with self._database.open() as connection:
            return _is_owned(connection, owner, conversation_id)

    def updated_at(self, owner: str, conversation_id: str) -> str | None:
        """Return when a conversation got its last turn; None if the owner has none of this id."""
        with self._database.open() as connection:
            found = connection.execute(
                "SELECT updated_at FROM conversations WHERE conversation_id = ? AND owner = ?",
                (conversation_id, owner),
            )
            return next((str(when) for (when,) in found), None)

    def title(self, owner: str, conversation_id: str) -> str | None:
        """Return a conversation's title, None when the owner has no such conversation."""
        with self._database.open() as connection:
            found = connection.execute(
                "SELECT title FROM conversations WHERE conversation_id = ? AND owner = ?",
                (conversation_id, owner),
            )
            return next((str(title) for (title,) in found), None)

    def load(self, owner: str, conversation_id: str) -> tuple[Turn, ...] | None:
        """Return a conversation's turns, None when the owner has no such conversation."""
        with self._database.open() as connection:
            if not _is_owned(connection, owner, conversation_id):
                return None
            given: dict[int, dict[int, str]] = {}
            for number, citation, kind in connection.execute(
                "SELECT number, citation, kind FROM feedback WHERE conversation_id = ?",
                (conversation_id,),
            ):
                given.setdefault(number, {})[citation] = kind
            condition = "WHERE conversation_id = ? ORDER BY number"
            said = read_rows(connection, CommentRow, condition, conversation_id)
            comments = {row.number: row.text for row, is_whole in said if is_whole}
            return tuple(
                replace(
                    _turn(row, given.get(row.number, {}), is_whole=is_whole),
                    comment=comments.get(row.number, ""),
                )
                for row, is_whole in read_rows(connection, TurnRow, condition, conversation_id)
            )

    def put(self, owner: str, conversation_id: str, turn: Turn) -> bool:
        """Keep a turn as it is now; False when the owner has no such conversation any more."""
        row = TurnRow(
            conversation_id,
            turn.number,
            turn.question,
            json.dumps(turn.documents),
            answer=json.dumps(asdict(turn.outcome)) if isinstance(turn.outcome, Answer) else None,
            notice=None if isinstance(turn.outcome, Answer) else turn.outcome,
            tried=json.dumps(turn.tried),
        )
        with self._database.open() as connection:
            connection.execute("BEGIN IMMEDIATE")  # so that it is not deleted after the look at it
            if not _is_owned(connection, owner, conversation_id):
                return False
            write_row(connection, row)
            connection.execute(
                "UPDATE conversations SET updated_at = ? WHERE conversation_id = ?",
                (now(), conversation_id),
            )
        self._count_change(owner)
        return True

    def drop(self, owner: str, conversation_id: str, number: int) -> None:
        """Forget a turn, which another one replaces."""
        with self._database.open() as connection:
            if _is_owned(connection, owner, conversation_id):
                connection.execute(
                    "DELETE FROM turns WHERE conversation_id = ? AND number = ?",
                    (conversation_id, number),
                )

    def rename(self, owner: str, conversation_id: str, title: str) -> None:
        """Give a conversation another title, unless that is empty."""
        if title.strip():
            with self._database.open() as connection:
                connection.execute(
                    "UPDATE conversations SET title = ? WHERE conversation_id = ? AND owner = ?",
                    (_title(title), conversation_id, owner),
                )
            self._count_change(owner)

    def delete(self, owner: str, conversation_id: str) -> None:
        """Forget a conversation with its turns; feedback that was given stays."""
        with self._database.open() as connection:
            connection.execute(
                "DELETE FROM conversations WHERE conversation_id = ? AND owner = ?",
                (conversation_id, owner),
            )
        self._count_change(owner)


def _is_owned(connection: sqlite3.Connection, owner: str, conversation_id: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM conversations WHERE conversation_id = ? AND owner = ?",
        (conversation_id, owner),
    )
    return found.fetchone() is not None


def _has(connection: sqlite3.Connection, summary: Summary, words: Sequence[str]) -> bool:
    """Whether the title, the questions and the answers of a conversation have all the words."""
    found = connection.execute(
        "SELECT question, coalesce(answer, '') FROM turns WHERE conversation_id = ?",
        (summary.conversation_id,),
    )
    texts = [summary.title]
    for question, answer in found:
        texts += [str(question), *(_said(answer) if answer else ())]
    text = "\n".join(texts).casefold()
    return all(word in text for word in words)


def _said(answer: str) -> list[str]:
    try:
        return [str(statement["text"]) for statement in json.loads(answer)["statements"]]
    except (ValueError, TypeError, KeyError):  # damaged: `_turn` tells
        return []


def _turn(row: TurnRow, given: dict[int, str], *, is_whole: bool) -> Turn:
    """Return the turn that a row holds, or one that says that the row is damaged.

    `given` is the feedback on it: of the whole answer under 0, else by the citation's number.
    """
    try:
        if not is_whole:
            raise ValueError("not what was written")  # noqa: TRY301 (one way out for damage)
        return Turn(
            number=row.number,
            question=row.question,
            outcome=read_answer(row.answer) if row.answer else row.notice,
            documents=tuple(DocumentId(one) for one in json.loads(row.documents)),
            tried=tuple(json.loads(row.tried)),
            rating=given.get(0),  # type: ignore[arg-type]
            flagged=frozenset(citation for citation in given if citation),
        )
    except (ValueError, TypeError) as error:
        where = (row.number, row.conversation_id)
        logger.warning("turn %s of conversation %s is damaged: %s", *where, error)
        return Turn(row.number, DAMAGED_QUESTION, DAMAGED)


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_TITLE_CHARS else line[: MAX_TITLE_CHARS - 1].rstrip() + "…"
