"""Renders the parts of a page from what is stored.

Takes a `Session` and returns markup made by `render`. Another owner's conversation is shown as
absent. An index that cannot be read becomes a notice.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from markupsafe import Markup

from assistant.answering import Answering
from assistant.errors import AssistantError
from assistant.serve.chat.corpus import Corpus
from assistant.serve.chat.history import LAST_NUMBER, N_LISTED, ConversationStore
from assistant.serve.chat.render import (
    render_answer,
    render_notice,
    render_part,
    truncate,
)
from assistant.serve.chat.sessions import DOCUMENTS, Session
from assistant.serve.chat.sources import read_turn_number, show_source
from assistant.serve.chat.turns import MAX_HISTORY_TURNS, Step, Turn, log_error
from assistant.show.provenance import name_model, report_costs
from assistant.show.wording import ENGLISH, Wording
from assistant.values import Answer, DocumentId

N_SHOWN = 30
"""Turns of a conversation that are shown at first, and as many more each time earlier ones are."""
N_EXAMPLES = 4
"""Example questions on an empty page."""
UNKNOWN_REFERENCE = (
    "This reference does not belong to the conversation. Ask again to get fresh citations."
)


class Views:
    """Renders the parts of a page: conversation, list of conversations, banner and panel."""

    def __init__(
        self, assistant: Answering, conversations: ConversationStore, corpus: Corpus
    ) -> None:
        self._assistant = assistant
        self._conversations = conversations
        self._corpus = corpus

    def turns(
        self, session: Session, *, before: int = LAST_NUMBER, n: int = -1, since: int = 0
    ) -> tuple[Turn, ...]:
        """Return turns of the session's conversation as `ConversationStore.load` does, or none."""
        if session.conversation_id is None:
            return ()
        limits = {"since": since, "before": before, "n": n}
        return self._conversations.load(session.owner, session.conversation_id, **limits) or ()

    def last_turns(self, session: Session) -> tuple[Turn, ...]:
        """Return as many of the last turns as a question or an edit of one needs to know of."""
        return self.turns(session, n=MAX_HISTORY_TURNS + 1)

    def turns_to(self, session: Session, number: int | None) -> tuple[Turn, ...]:
        """Return the turn of this number, and before it those that it may refer to, or none."""
        if number is None:
            return ()
        turns = self.turns(session, before=number + 1, n=MAX_HISTORY_TURNS + 1)
        return turns if turns and turns[-1].number == number else ()

    def count_turns(self, session: Session) -> int:
        """Return how many turns the session's conversation has."""
        return self._conversations.count_turns(session.owner, session.conversation_id or "")

    def conversation(self, session: Session) -> Markup:
        """Return the turns, or a welcome if there are none."""
        self.note_seen(session)
        if shown := self.show_turns(session):
            return shown
        model = name_model(self._assistant.language_model)
        return render_part("welcome", model, say=session.say)

    def changed_turn(self, session: Session, number: int) -> Markup | None:
        """Return one turn of the session's conversation as it is now; None if it is gone."""
        *before, turn = self.turns_to(session, number) or (None,)
        if turn is None:
            return None
        after = before[-1] if before else None
        return wrap_turn(
            session.conversation_id or "", self.turn(turn, say=session.say), after, is_last=False
        )

    def note_seen(self, session: Session) -> None:
        """Note that the page shows its conversation as it is now."""
        session.seen_at = self._conversations.updated_at(
            session.owner, session.conversation_id or ""
        )

    def examples(self, say: Wording) -> Markup:
        """Return example questions, nothing if they cannot be made; takes seconds."""
        try:
            offered = self._assistant.suggest(N_EXAMPLES)
            return render_part("suggestions", offered, say("For example"), say=say)
        except AssistantError:
            return Markup("")

    def show_turns(self, session: Session, step: Step | None = None) -> Markup:
        """Return the turns that the page shows, followed by the one that is being answered.

        Of a long conversation these are the last `N_SHOWN`, and those before it that were asked
        for. Nothing if there are none.
        """
        before = step.turn.number if step else LAST_NUMBER
        if session.shown_from is None:
            turns = self.turns(session, before=before, n=N_SHOWN)
            first = turns[0] if turns else step.turn if step else None
            session.shown_from = first.number if first else None
        else:
            turns = self.turns(session, before=before, since=session.shown_from)
        inside = [self._earlier(session, turns), *self._draw(session, turns)]
        if step is not None:
            inside.append(self.turn(step.turn, step, say=session.say))
        elif not turns:
            return Markup("")
        return wrap_turns(session.conversation_id or "", inside)

    def earlier_turns(self, session: Session, number: int) -> Markup | None:
        """Return the turns before the one of this number, for a page that shows it first."""
        turns = self.turns(session, before=number, n=N_SHOWN)
        if not turns:
            return None
        session.shown_from = min(session.shown_from or number, turns[0].number)
        inside = Markup("").join([self._earlier(session, turns), *self._draw(session, turns)])
        return Markup('<div class="talk" data-conversation="{}" data-until="{}">{}</div>').format(
            session.conversation_id, number, inside
        )

    def _earlier(self, session: Session, turns: Sequence[Turn]) -> Markup:
        """Return the button that shows what is before these turns; nothing where nothing is."""
        first = turns[0].number if turns else 0
        n_earlier = self._conversations.count_turns(
            session.owner, session.conversation_id or "", first
        )
        return render_part("earlier", first, n_earlier, say=session.say)

    def _draw(self, session: Session, turns: Sequence[Turn]) -> Iterator[Markup]:
        return (self.turn(turn, say=session.say) for turn in turns)

    def turn(self, turn: Turn, step: Step | None = None, *, say: Wording = ENGLISH) -> Markup:
        """Return one turn; with a running `step`, its progress in place of the actions."""
        is_running = step is not None and step.is_running
        answer = turn.outcome if isinstance(turn.outcome, Answer) else None
        body = _outcome(turn, say)
        if is_running and step is not None:
            body += render_part("progress", step.doing or step.status, say=say)
        elif answer is not None:
            body += render_part("costs", report_costs(answer), say=say)
        return render_part(
            "turn",
            turn,
            truncate(turn.question, self._assistant.settings.max_question_chars),
            body,
            answer is not None and answer.kind == "answer",
            is_running,
            answer is not None and answer.kind != "reply",
            [] if answer is None or is_running else sorted(file_names(self._changed(answer))),
            file_names(turn.documents),
            say=say,
        )

    def conversations(self, session: Session) -> Markup:
        """Return the list of the owner's conversations that match the search."""
        is_search, start = bool(session.search.strip()), session.n_before
        found = self._conversations.list(session.owner, session.search, start=start, n=N_LISTED + 1)
        if not found and start:  # deleted, or not found by this search
            session.n_before = 0
            return self.conversations(session)
        shown = render_part(
            "conversations",
            found[:N_LISTED],
            session.conversation_id,
            is_search,
            start,
            len(found) > N_LISTED,
            self._conversations.title(session.owner, session.conversation_id or "") or "",
            say=session.say,
        )
        session.seen_list = hash(shown)
        return shown

    def banner(self, session: Session, *, is_editing: bool = False) -> Markup:
        """Return what stands above the input: the selected documents, and that this is an edit."""
        selected = render_part("only", file_names(sorted(session.only)), say=session.say)
        if not is_editing:
            return selected
        return selected + render_part("editing", session.replaces is not None, say=session.say)

    def ready(self, say: Wording) -> Markup:
        """Return what is ready while a sync reads files; nothing if none does."""
        return render_part("ready", *self._corpus.count_ready(), say=say)

    def panel(self, session: Session) -> Markup:
        """Return what stands beside the conversation: a source, or the list of documents."""
        say = session.say
        try:
            if session.reference == DOCUMENTS:
                return self._corpus.show(session.only, session.listed, say)
            turns = self.turns_to(session, read_turn_number(session.reference))
            shown = show_source(self._assistant, session.reference, turns, say)
            if shown is not None:
                return shown
            notice = render_notice(UNKNOWN_REFERENCE, say)
        except AssistantError as error:
            notice = render_notice(str(error), say)
        except Exception:  # noqa: BLE001 (the edge: a defect becomes a notice and a log entry)
            return render_notice(log_error("opening a source"), say)
        session.reference = DOCUMENTS
        return notice + self._corpus.show(session.only, session.listed, say)

    def _changed(self, answer: Answer) -> frozenset[DocumentId]:
        try:
            return self._assistant.changed(answer)
        except AssistantError:
            return frozenset()  # the panel says so


def wrap_turns(conversation_id: str, turns: Iterable[Markup]) -> Markup:
    """Return rendered turns as one conversation, with its id for the page's address."""
    return Markup('<div class="talk" data-conversation="{}">{}</div>').format(
        conversation_id, Markup("").join(turns)
    )


def wrap_turn(conversation_id: str, turn: Markup, after: Turn | None, *, is_last: bool) -> Markup:
    """Return one rendered turn for a page that shows its conversation, or begins to.

    It takes the place of itself, or that behind the turn `after` which it comes; what stands behind
    the last one goes.
    """
    last = Markup(' data-last="true"') if is_last else ""
    return Markup('<div class="talk" data-conversation="{}" data-after="{}"{}>{}</div>').format(
        conversation_id, after.number if after else 0, last, turn
    )


def file_names(document_ids: Iterable[DocumentId]) -> list[str]:
    """Return the names of the documents' files, without folders."""
    return [PurePosixPath(document_id).name for document_id in document_ids]


def _outcome(turn: Turn, say: Wording) -> Markup:
    match turn.outcome:
        case Answer() as answer:
            return render_answer(answer, turn.number, turn.tried, turn.flagged, say)
        case None:
            return Markup("")
        case notice:
            return render_notice(notice, say)
