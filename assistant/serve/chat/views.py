"""A page -> the HTML of its parts, from what is stored.

Comes in: a `Page`. Goes out: markup made by `surfaces.render`. What belongs to somebody else is
shown as absent; an index that cannot be read is a notice in its place.
"""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from markupsafe import Markup

from assistant.answering import Answering
from assistant.errors import AssistantError
from assistant.serve.chat.corpus import Corpus
from assistant.serve.chat.history import Store
from assistant.serve.chat.pages import DOCUMENTS, Page
from assistant.serve.chat.render import (
    cut,
    part,
    render_account,
    render_answer,
    render_conversations,
    render_editing,
    render_notice,
    render_only,
    render_progress,
    render_welcome,
)
from assistant.serve.chat.sources import show
from assistant.serve.chat.turns import Step, Turn, report
from assistant.show.export import plain_answer
from assistant.show.provenance import name_model
from assistant.values import Answer, DocumentId

N_EXAMPLES = 4
"""Questions that a first visit is offered."""


UNKNOWN = "This reference does not belong to the conversation. Ask again to get fresh citations."


class Views:
    """What the pages of one assistant show."""

    def __init__(self, assistant: Answering, store: Store, corpus: Corpus) -> None:
        self._assistant = assistant
        self._store = store
        self._corpus = corpus

    def turns(self, page: Page) -> tuple[Turn, ...]:
        """Return the turns of the page's conversation, none when there is no such."""
        if page.conversation_id is None:
            return ()
        return self._store.load(page.owner, page.conversation_id) or ()

    def talk(self, page: Page, turns: Sequence[Turn]) -> Markup:
        """Return the conversation, or the welcome while there is none."""
        if turns and page.conversation_id:
            return self.show_turns(page.conversation_id, turns)
        return render_welcome(self._examples(), name_model(self._assistant.language_model))

    def show_turns(
        self, conversation_id: str, turns: Sequence[Turn], step: Step | None = None
    ) -> Markup:
        """Return the turns, the last one with what is happening to it."""
        inside = [self.turn(turn) for turn in turns]
        if step is not None:
            inside.append(self.turn(step.turn, step))
        return wrap(conversation_id, inside)

    def turn(self, turn: Turn, step: Step | None = None) -> Markup:
        """Return one turn; with a step that is running, what is happening now."""
        is_running = step is not None and step.is_running
        answer = turn.outcome if isinstance(turn.outcome, Answer) else None
        body = _outcome(turn)
        if is_running and step is not None:
            body += render_progress(step.doing or step.status)
        elif answer is not None:
            body += render_account(answer)
        return part(
            "turn",
            turn,
            cut(turn.question, self._assistant.settings.max_question_chars),
            body,
            plain_answer(answer) if answer and answer.kind == "answer" else "",
            is_running,
            answer is not None and answer.kind != "reply",
            [] if answer is None or is_running else sorted(names(self._changed(answer))),
            names(turn.documents),
        )

    def listed(self, page: Page) -> Markup:
        """Return the owner's conversations, those that are searched for."""
        summaries = self._store.list(page.owner, page.search)
        return render_conversations(summaries, page.conversation_id, page.search)

    def banner(self, page: Page, *, is_editing: bool = False) -> Markup:
        """Return what is said above the question: what it is asked of, and whether it is edited."""
        editing = render_editing(replaces=page.replaces is not None) if is_editing else Markup("")
        return render_only(names(sorted(page.only))) + editing

    def panel(self, page: Page) -> Markup:
        """Return what stands beside the conversation: a source, or the documents."""
        try:
            if page.reference == DOCUMENTS:
                return self._corpus.show(page.only)
            shown = show(self._assistant, page.reference, self.turns(page))
            if shown is not None:
                return shown
            page.reference = DOCUMENTS
            return render_notice(UNKNOWN) + self._corpus.show(page.only)
        except AssistantError as error:
            page.reference = DOCUMENTS
            return render_notice(str(error)) + self._corpus.show(page.only)
        except Exception:  # noqa: BLE001 (the edge: a defect becomes a notice and a log entry)
            return render_notice(report("opening a source"))

    def _changed(self, answer: Answer) -> frozenset[DocumentId]:
        try:
            return self._assistant.changed(answer)
        except AssistantError:
            return frozenset()  # the panel says that the index cannot be read

    def _examples(self) -> tuple[str, ...]:
        try:
            return self._assistant.suggest(N_EXAMPLES)
        except AssistantError:
            return ()


def wrap(conversation_id: str, turns: Iterable[Markup]) -> Markup:
    """Return a conversation's turns with its address on them."""
    return Markup('<div class="talk" data-conversation="{}">{}</div>').format(
        conversation_id, Markup("").join(turns)
    )


def names(document_ids: Iterable[DocumentId]) -> list[str]:
    """Return the file names of documents."""
    return [PurePosixPath(document_id).name for document_id in document_ids]


def _outcome(turn: Turn) -> Markup:
    match turn.outcome:
        case Answer() as answer:
            return render_answer(answer, turn.number, turn.tried, turn.flagged)
        case None:
            return Markup("")
        case notice:
            return render_notice(notice)
