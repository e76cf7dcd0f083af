"""Conversations kept on the server, so that they survive a reload and a restart.

Only its owner gets a conversation back: every SQL statement names the owner, so that another's
conversation is as absent as a deleted one, and ids cannot be guessed. A turn that the disk has
altered comes back as a notice. `StoreError` is raised for a disk that cannot be used.
"""

import json
import logging
import secrets
from dataclasses import asdict, dataclass, replace

from assistant.serve.chat.database import (
    ChatDatabase,
    CommentRow,
    Connection,
    SaidRow,
    TurnRow,
    fold_said,
    now,
    read_answer,
    read_rows,
    write_row,
)
from assistant.serve.chat.turns import Turn
from assistant.values import Answer, DocumentId

MAX_TITLE_CHARS = 120
N_LISTED = 100
"""Conversations listed at once, the newest first; a search looks at all."""
LAST_NUMBER = 2**62
"""Beyond every turn's number."""
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

    def __init__(self, database: ChatDatabase) -> None:
        self._database = database
        self._n_changes = [0] * N_COUNTED

    def version(self, owner: str) -> int:
        """Return a number that grows with every change of the owner's conversations.

        Now and then with one of another owner's: owners share counters, so that there are few.
        """
        if not self._database.is_shared:
            return self._n_changes[hash(owner) % N_COUNTED]
        with self._database.open() as connection:
            found = connection.execute("SELECT n FROM changes WHERE owner = ?", (owner,))
            return next((int(n) for (n,) in found), 0)

    def _count_change(self, owner: str) -> None:
        if not self._database.is_shared:
            self._n_changes[hash(owner) % N_COUNTED] += 1
            return
        with self._database.open() as connection:
            connection.execute(
                "INSERT INTO changes VALUES (?, 1) ON CONFLICT (owner) DO UPDATE SET "
                "n = changes.n + 1",
                (owner,),
            )

    def create(self, owner: str, title: str) -> str:
        """Begin a conversation and return its id."""
        conversation_id = secrets.token_urlsafe(16)
        with self._database.open() as connection:
            connection.execute(
                "INSERT INTO conversations (conversation_id, owner, title, updated_at) "
                "VALUES (?, ?, ?, ?)",
                (conversation_id, owner, _title(title), now()),
            )
            _note_said(connection, conversation_id, 0, _title(title))
        self._count_change(owner)
        return conversation_id

    def list(
        self, owner: str, search: str = "", *, start: int = 0, n: int = N_LISTED
    ) -> tuple[Summary, ...]:
        """Return the owner's conversations, the newest first; those with all words of a search.

        At most `n` of them, without the first `start`.
        """
        words = search.casefold().split()
        has_word = (
            " AND EXISTS (SELECT 1 FROM said WHERE instr(text, ?) > 0 AND "
            "said.conversation_id = conversations.conversation_id)"
        )
        with self._database.open() as connection:
            found = connection.execute(
                f"SELECT conversation_id, title FROM conversations WHERE owner = ?"
                f"{has_word * len(words)} ORDER BY updated_at DESC, rowid DESC LIMIT ? OFFSET ?",
                (owner, *words, n, start),
            )
            return tuple(Summary(*row) for row in found)

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

    def count_turns(self, owner: str, conversation_id: str, before: int = LAST_NUMBER) -> int:
        """Return how many turns a conversation has before a number, 0 of one that is not there."""
        with self._database.open() as connection:
            if not _is_owned(connection, owner, conversation_id):
                return 0
            found = connection.execute(
                "SELECT count(*) FROM turns WHERE conversation_id = ? AND number < ?",
                (conversation_id, before),
            )
            return int(found.fetchone()[0])

    def load(
        self,
        owner: str,
        conversation_id: str,
        *,
        since: int = 0,
        before: int = LAST_NUMBER,
        n: int = -1,
    ) -> tuple[Turn, ...] | None:
        """Return a conversation's turns, None when the owner has no such conversation.

        Of those with a number from `since` on and below `before` the last `n`; -1 means all.
        """
        n_most = n if n >= 0 else LAST_NUMBER
        with self._database.open() as connection:
            if not _is_owned(connection, owner, conversation_id):
                return None
            within = "WHERE conversation_id = ? AND number >= ? AND number < ?"
            condition = f"{within} ORDER BY number DESC LIMIT ?"
            rows = [
                *read_rows(connection, TurnRow, condition, conversation_id, since, before, n_most)
            ]
            since = rows[-1][0].number if rows else before
            given: dict[int, dict[int, str]] = {}
            for number, citation, kind in connection.execute(
                f"SELECT number, citation, kind FROM feedback {within}",
                (conversation_id, since, before),
            ):
                given.setdefault(number, {})[citation] = kind
            said = read_rows(connection, CommentRow, within, conversation_id, since, before)
            comments = {row.number: row.text for row, is_whole in said if is_whole}
            return tuple(
                replace(
                    _turn(row, given.get(row.number, {}), is_whole=is_whole),
                    comment=comments.get(row.number, ""),
                )
                for row, is_whole in reversed(rows)
            )

    def begin(self, owner: str, conversation_id: str, turn: Turn) -> int | None:
        """Keep a new turn and return the number that it gets, whatever number it has.

        None when the owner has no such conversation any more. Whoever else asks in it, on this
        server or another, gets another number.
        """
        with self._database.open() as connection:
            connection.execute("BEGIN IMMEDIATE")  # nobody else looks for a number meanwhile
            if not _is_owned(connection, owner, conversation_id):
                return None
            found = connection.execute(
                "SELECT coalesce(max(number), 0) + 1 FROM turns WHERE conversation_id = ?",
                (conversation_id,),
            )
            number = int(found.fetchone()[0])
            _write_turn(connection, conversation_id, replace(turn, number=number))
        self._count_change(owner)
        return number

    def put(self, owner: str, conversation_id: str, turn: Turn, *, is_begun: bool = False) -> bool:
        """Keep a turn as it is now; False when the owner has no such conversation any more.

        One that `is_begun` was kept before: False, too, when it has been dropped meanwhile.
        """
        with self._database.open() as connection:
            connection.execute("BEGIN IMMEDIATE")  # so that it is not deleted after the look at it
            if not _is_owned(connection, owner, conversation_id):
                return False
            if is_begun and not _has_turn(connection, conversation_id, turn.number):
                return False
            _write_turn(connection, conversation_id, turn)
        self._count_change(owner)
        return True

    def drop(self, owner: str, conversation_id: str, number: int) -> None:
        """Forget a turn that another one replaces.

        That one is begun before, so that no number is given twice.
        """
        with self._database.open() as connection:
            connection.execute("BEGIN IMMEDIATE")  # so that an answer to it does not bring it back
            if _is_owned(connection, owner, conversation_id):
                for table in ("turns", "said"):
                    connection.execute(
                        f"DELETE FROM {table} WHERE conversation_id = ? AND number = ?",
                        (conversation_id, number),
                    )
        self._count_change(owner)

    def rename(self, owner: str, conversation_id: str, title: str) -> None:
        """Give a conversation another title, unless that is empty."""
        if title.strip():
            with self._database.open() as connection:
                connection.execute(
                    "UPDATE conversations SET title = ? WHERE conversation_id = ? AND owner = ?",
                    (_title(title), conversation_id, owner),
                )
                if _is_owned(connection, owner, conversation_id):
                    _note_said(connection, conversation_id, 0, _title(title))
            self._count_change(owner)

    def delete(self, owner: str, conversation_id: str) -> None:
        """Forget a conversation with its turns; feedback that was given stays."""
        with self._database.open() as connection:
            connection.execute(
                "DELETE FROM conversations WHERE conversation_id = ? AND owner = ?",
                (conversation_id, owner),
            )
        self._count_change(owner)


def _is_owned(connection: Connection, owner: str, conversation_id: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM conversations WHERE conversation_id = ? AND owner = ?",
        (conversation_id, owner),
    )
    return found.fetchone() is not None


def _has_turn(connection: Connection, conversation_id: str, number: int) -> bool:
    found = connection.execute(
        "SELECT 1 FROM turns WHERE conversation_id = ? AND number = ?", (conversation_id, number)
    )
    return found.fetchone() is not None


def _write_turn(connection: Connection, conversation_id: str, turn: Turn) -> None:
    """Write a turn, in place of the one with its number, as the newest of its conversation."""
    answer = json.dumps(asdict(turn.outcome)) if isinstance(turn.outcome, Answer) else None
    row = TurnRow(
        conversation_id,
        turn.number,
        turn.question,
        json.dumps(turn.documents),
        answer=answer,
        notice=None if isinstance(turn.outcome, Answer) else turn.outcome,
        tried=json.dumps(turn.tried),
    )
    write_row(connection, row)
    _note_said(connection, conversation_id, turn.number, turn.question, answer)
    connection.execute(
        "UPDATE conversations SET updated_at = ? WHERE conversation_id = ?",
        (now(), conversation_id),
    )


def _note_said(
    connection: Connection,
    conversation_id: str,
    number: int,
    question: str,
    answer: str | None = None,
) -> None:
    """Note what a search looks at: of a turn, or of the title as number 0."""
    write_row(connection, SaidRow(conversation_id, number, fold_said(question, answer)))


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
