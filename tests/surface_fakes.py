"""A scripted assistant over a few documents, for the surfaces to be tested with."""

import atexit
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.errors import AssistantError, CorpusError, DocumentUnreadable, QuestionError
from assistant.settings import Settings
from assistant.store.index import STOPPED
from assistant.store.sync import Progress, SyncReport
from assistant.text.listing import Reading
from assistant.values import (
    Answer,
    Citation,
    Consulted,
    Document,
    DocumentId,
    Dropped,
    FileRecord,
    Origin,
    Passage,
    PassageId,
    RankedPassage,
    Role,
    Stage,
    Statement,
    Status,
    Turn,
    Unit,
    Usage,
    Verdict,
)

TYPHOON = """The United States has sanctioned Integrity Technology Group.

Background

Flax Typhoon, active since at least 2021, has reportedly exploited known vulnerabilities. \
The group's activities have spanned North America, Europe, Africa, and Asia.

Reactions

China's Foreign Ministry rejected the accusations. The company denied them.
"""
HANDBOOK = "\n\n".join(
    ["Leave policy", *(f"Paragraph {n}: nothing to see here." for n in range(120))]
    + ["Employees accrue two days of leave per month."]
    + [f"Appendix {n}: nothing to see here either." for n in range(40)]
)
History = Sequence[Turn]
HOSTILE = "<script>alert(1)</script> ${alert(2)} {{value}} <img src=https://evil.example/x.png>"

MODEL = "tiny-writer-1b"
VERIFIER = "strict-reader-8b"
WROTE = f"Written by {MODEL}; each of its sentences was confirmed by {VERIFIER}."
NOTICE = "The language model could not be reached; these are exact quotes."
WHY = "the quotes do not say who founded it"
DROPPED = Dropped(
    f"It was founded by Elvis. {HOSTILE}",
    ("A sentence that was named.",),
    Verdict.NOT_CONFIRMED,
    WHY,
)
"""What no surface may show but in JSON: of it, only why."""


def document(document_id: str, text: str, *headings: str, title: str = "") -> Document:
    """Return a document whose headings are where their text first stands."""
    spans = tuple(Unit(text.index(h), text.index(h) + len(h), Role.HEADING, 1) for h in headings)
    return Document(
        DocumentId(document_id), "0" * 64, title or document_id, "text/plain", text, (), spans
    )


def cite(number: int, source: Document, quote: str, **where: Any) -> Citation:
    """Return the citation of the first place where a document has a quote."""
    start = source.text.index(quote)
    return Citation(
        number,
        source.document_id,
        source.sha256,
        source.title,
        start,
        start + len(quote),
        quote,
        **where,
    )


def consult(source: Document, text: str) -> Consulted:
    """Return a passage that was read and not cited."""
    start = source.text.index(text)
    return Consulted(source.document_id, source.title, start, start + len(text), text, 0.4)


def answer(question: str, *citations: Citation, consulted: tuple[Consulted, ...] = ()) -> Answer:
    """Return an answer that says what it cites, or an abstention when it cites nothing."""
    statements = tuple(Statement(c.quote, (c.number,), Verdict.QUOTED) for c in citations)
    reason = None if citations else "Nothing was found that says this."
    return Answer(
        question,
        question,
        statements,
        citations,
        "answer" if citations else "abstention",
        reason,
        consulted,
        "extract",
        0.9,
        {"retrieve": 0.01},
        7,
    )


def write(made: Answer, *texts: str, model: str = MODEL, why: str = WHY) -> Answer:
    """Return an answer in a model's words in place of its quotes, all of them confirmed."""
    return replace(
        made,
        statements=tuple(
            replace(quoted, text=text, verdict=Verdict.CONFIRMED, confirmed_by=VERIFIER)
            for quoted, text in zip(made.statements, texts, strict=True)
        ),
        answerer="generate",
        dropped=(replace(DROPPED, why=why),),
        usage=Usage(model, 2, 1_234, 56, 0.8, 7.0, is_estimated=True),
    )


def settings_anywhere(**given: Any) -> Settings:
    """Return settings whose folders are new ones that nothing else uses."""
    folder = Path(tempfile.mkdtemp(prefix="assistant-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "corpus").mkdir()
    return Settings(**{"corpus_dir": folder / "corpus", "index_dir": folder / "index"} | given)


def answered(outcome: object) -> Answer:
    """Return what came of a turn, which must be an answer."""
    assert isinstance(outcome, Answer)
    return outcome


class FakeAssistant:
    """Answers by keyword: `typhoon`, `leave`, `hostile`, `slow`, `bug`, `hello`; else it abstains.

    `typhoon` comes statement by statement. `written` with it comes as quotes first, which a model's
    words replace one by one; `endless` goes on with the second one until it is closed. `noted`
    comes with a notice. `wait` with anything waits until it is let go.
    """

    def __init__(self, pause_s: float = 0.0, settings: Settings | None = None) -> None:
        self.settings = settings or settings_anywhere()
        self.index_version = 7
        self.language_model = self.settings.llm.model
        self.synced_at: str | None = "2026-01-02T03:04:05+00:00"
        self.pause_s = pause_s
        self.histories: list[tuple[Turn, ...]] = []
        self.asked_of: list[tuple[str, ...]] = []
        self.asked_as: list[Reading | None] = []
        self.n_syncs, self.is_halted = 0, False
        self.progress: Progress | None = None
        self.is_writing, self.is_closed = threading.Event(), threading.Event()
        self.let_go, self.n_begun = threading.Event(), 0
        self.held = {
            one.document_id: one
            for one in (
                document(
                    "news/typhoon.txt",
                    TYPHOON,
                    "Background",
                    "Reactions",
                    title="Sanctions on Integrity Technology",
                ),
                document("handbook.md", HANDBOOK, "Leave policy", title="Staff handbook"),
                document("hostile.txt", HOSTILE, title=HOSTILE),
            )
        }

    def stream(
        self,
        question: str,
        history: History = (),
        *,
        documents: Collection[str] = (),
        as_: Reading | None = None,
    ) -> Iterator[Stage | Answer]:
        if "wait" in question:
            yield Stage("searching", "Searching")
            self.n_begun += 1
            self.let_go.wait(20)
        self.histories.append(tuple(history))
        self.asked_of.append(tuple(documents))
        self.asked_as.append(as_)
        if not question.strip():
            raise QuestionError("the question is empty; type one")
        if len(question) > self.settings.max_question_chars:
            raise QuestionError(f"the question has {len(question):,} characters; 4,000 are allowed")
        for document_id in documents:
            self.document(document_id)
        yield Stage("searching", "Searching 3 documents")
        time.sleep(12.0 if "slow" in question else self.pause_s)
        if "bug" in question:
            raise ZeroDivisionError("secret detail")
        yield Stage("reading", "Reading 8 passages")
        time.sleep(self.pause_s)
        yield Stage("checking", "Checking each quote")
        time.sleep(self.pause_s)
        made = self._answer(question)
        if made.answerer == "generate":
            yield from self._write(made, is_endless="endless" in question)
            return
        for n in range(1, len(made.statements)):
            first = replace(made, statements=made.statements[:n], citations=made.citations[:n])
            yield first
            time.sleep(self.pause_s)
        yield made

    def ask(
        self,
        question: str,
        history: History = (),
        *,
        documents: Collection[str] = (),
        as_: Reading | None = None,
    ) -> Answer:
        *_, last = self.stream(question, history, documents=documents)
        assert isinstance(last, Answer)
        return last

    def search(
        self,
        query: str,
        k: int = 10,
        *,
        documents: Collection[str] = (),
        as_: Reading | None = None,
    ) -> tuple[RankedPassage, ...]:
        source = self.held[DocumentId("handbook.md")]
        text = source.text[:12]
        passage = Passage(PassageId("0:0-12"), source.document_id, 0, 12, text, ((0, 12),))
        return (RankedPassage(passage, 1, 0.9, 0.8, 3.0),)[:k]

    def suggest(self, n: int = 4, near: Answer | None = None) -> tuple[str, ...]:
        questions = ("Who is Flax Typhoon?", "How much leave do employees accrue?", HOSTILE, "Why?")
        return questions[:n]

    def changed(self, answer: Answer) -> frozenset[DocumentId]:
        return frozenset(
            c.document_id
            for c in answer.citations
            if (held := self.held.get(c.document_id)) is None or held.sha256 != c.sha256
        )

    def sync(self, *, on_progress: Callable[[Progress], None] = lambda _: None) -> SyncReport:
        self.n_syncs += 1
        self.is_halted = False
        try:
            for done in range(4):
                self._report(
                    Progress("reading", done, 4, name="b.txt", share=done / 4), on_progress
                )
                time.sleep(max(self.pause_s, 0.01) * 6)
        finally:
            self.progress = None
        return SyncReport(1, 0, 0, 0, 3, 9, 2, (), None, 0.4)

    def stop_sync(self) -> None:
        self.is_halted = self.progress is not None

    def _report(self, at: Progress, on_progress: Callable[[Progress], None]) -> None:
        self.progress = at
        if self.is_halted:
            raise AssistantError(STOPPED)
        on_progress(at)

    def document(self, document_id: str) -> Document:
        try:
            return self.held[DocumentId(document_id)]
        except KeyError:
            raise CorpusError(f"the index holds no document {document_id!r}") from None

    def origin(self, citation: Citation) -> Origin:
        return Origin()

    def origins(self, citations: Sequence[Citation]) -> tuple[Origin, ...]:
        return tuple(map(self.origin, citations))

    def original(self, document_id: str) -> bytes:
        return self.document(document_id).text.encode()

    def draw(self, document_id: str, page: int, width: int) -> bytes:
        raise DocumentUnreadable("its pages cannot be shown")

    def documents(self) -> tuple[FileRecord, ...]:
        held = tuple(
            FileRecord(one.document_id, Status.INDEXED, None, one.title, 4, len(one.text))
            for one in self.held.values()
        )
        skipped = FileRecord(
            DocumentId("scan.pdf"), Status.SKIPPED, "no text: it may be a scan", "scan.pdf", 0, 9
        )
        return (*held, skipped)

    def _write(self, made: Answer, *, is_endless: bool) -> Iterator[Stage | Answer]:
        """Yield quotes, then words in place of one after the other, with signs of life between."""
        quotes = tuple(
            replace(said, text=cited.quote, verdict=Verdict.QUOTED, confirmed_by="")
            for said, cited in zip(made.statements, made.citations, strict=True)
        )
        partly = replace(made, statements=quotes, answerer="extract", dropped=(), usage=None)
        yield partly
        for n in range(1, len(quotes) + 1):
            for _ in range(3):
                yield Stage("writing", f"Writing with {MODEL}")
                time.sleep(self.pause_s)
            statements = made.statements[:n] + quotes[n:]
            yield replace(partly, statements=statements, answerer="generate")
            if is_endless:
                yield from self._write_on()
        yield made

    def _write_on(self) -> Iterator[Stage]:
        self.is_writing.set()
        try:
            for _ in range(1_000):
                yield Stage("writing", f"Writing with {MODEL}")
                time.sleep(0.02)
        finally:
            self.is_closed.set()

    def _answer(self, question: str) -> Answer:
        news, handbook, hostile, *_ = self.held.values()
        if question.lower().startswith("hello"):
            reply = answer(question)
            return replace(
                reply, kind="reply", answerer="courtesy", reason="Hello. Ask about the documents."
            )
        read = (
            consult(news, "China's Foreign Ministry rejected the accusations. The company denied"),
            consult(handbook, "Paragraph 3: nothing to see here.\n\nParagraph 4: nothing"),
        )
        if "typhoon" in question.lower():
            since = "Flax Typhoon, active since at least 2021, has reportedly exploited known "
            where = "The group's activities have spanned North America, Europe, Africa, and Asia."
            made = answer(
                question,
                cite(1, news, since + "vulnerabilities.", heading="Background", page=1),
                cite(2, news, where, heading="Background", page=1),
                consulted=read,
            )
            if "written" in question:
                return write(made, "It has been active since 2021.", "It works on four continents.")
            return replace(made, notice=NOTICE if "noted" in question else None)
        if "leave" in question:
            quote = "Employees accrue two days of leave per month."
            return answer(question, cite(1, handbook, quote), consulted=read)
        if "hostile" in question:
            return answer(question, cite(1, hostile, HOSTILE))
        return answer(question, consulted=read)
