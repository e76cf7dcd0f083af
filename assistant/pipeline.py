"""The whole way of a question: understand -> retrieve -> judge -> compose -> cite -> Answer."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

from assistant.answer import follow_up
from assistant.answer import suggest as examples
from assistant.answer.compose import NAME, NOT_SAID, UNFOUND, compose_parts, doubt, join
from assistant.answer.excerpt import find_near
from assistant.answer.understand import reading_of
from assistant.answer.whole import respond
from assistant.answering import AskOptions, iterate
from assistant.cite import cite, list_consulted, number_citations, say, tell_unsure
from assistant.errors import IndexDamaged, IndexMissing
from assistant.evidence.calibration import CalibrationReport
from assistant.evidence.scorer import (
    EvidenceScorer,
    Judge,
    Judgement,
    LateInteractionScorer,
    open_scorer,
    rate_passages,
)
from assistant.models.embed import Embedder, open_embedder
from assistant.retrieve.query import (
    ParsedQuestion,
    focus,
    read_history,
    read_question,
    split_question,
)
from assistant.retrieve.retriever import Retrieval, Retriever, weigh_terms
from assistant.settings import Options, Settings
from assistant.store.index import Index
from assistant.store.plan import FileChange
from assistant.store.snapshot import Snapshot
from assistant.store.sync import Progress, SyncReport
from assistant.text.listing import Reading
from assistant.text.terms import say_in
from assistant.tracing import trace_answers
from assistant.values import (
    Answer,
    Citation,
    Document,
    DocumentId,
    FileRecord,
    Origin,
    RankedPassage,
    Stage,
    Turn,
)
from assistant.write.compose import Costs, Stopwatch, open_writer, write_on
from assistant.write.llm.client import open_model
from assistant.write.llm.values import Model
from assistant.write.quoted import QuestionWriter, QuotedAnswer, list_further, quote_whole

if TYPE_CHECKING:
    from llama_index.core.llms import LLM
    from llama_index.core.readers.base import BaseReader
    from llama_index.core.schema import Document as LlamaDocument

    from assistant import llama

logger = logging.getLogger(__name__)


class Assistant:
    """Answers questions from the documents of one folder. Safe to share between threads."""

    def __init__(
        self,
        settings: Settings,
        embedder: Embedder,
        scorer: EvidenceScorer | None = None,
        model: Model | None = None,
    ) -> None:
        scorer = scorer or LateInteractionScorer(embedder)
        self.settings = settings
        self.index = Index(settings, embedder)
        self.embedder = embedder
        self.judge = Judge(scorer, embedder, settings.index_dir)
        self.writer = open_writer(settings, model, scorer.support)
        self._retriever = Retriever(embedder, self.index.engine.vectors, settings)
        self._questions = QuestionWriter(model)
        self._suggested: dict[tuple[int, int], tuple[str, ...]] = {}

    @classmethod
    def open(
        cls,
        settings: Settings | None = None,
        *,
        language_model: "LLM | None" = None,
        **given: Unpack[Options],
    ) -> Self:
        """Open an assistant, with settings as arguments (`corpus_dir=...`) or passed whole.

        This builds no index; `sync` does, or the first question.

        Args:
            settings: all settings; by default those of `assistant.toml` and the environment.
            language_model: any llama-index LLM, to write the answers; by default `settings.llm`.
            given: single settings, which take precedence over the file and the environment.

        Raises:
            SettingsError: a setting has a value that cannot be used, or there are collections.
            EmbedderMissing: the embedding model is absent, altered or unusable.
        """
        settings = (settings or Settings.load(**given)).of_one()
        embedder = open_embedder(settings.embedding_model, settings.cache_dir)
        model = open_model(settings.llm, language_model)
        return cls(settings, embedder, open_scorer(settings, embedder), model)

    # Asking

    def ask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        documents: Collection[str] = (),
        as_: Reading | None = None,
    ) -> Answer:
        """Answer a question from the corpus, or abstain with a reason.

        If there is no index, or a damaged one, it is built first. A greeting or thanks gets a
        reply, and nothing is searched.

        Args:
            question: what to answer.
            history: the conversation before it, oldest first, as ("user", "...") and
                ("assistant", "..."); `Answer.query` tells what was made of it.
            documents: ids of the documents to ask; empty means all.
            as_: what to take it for (`Answer.reading`), instead of what it looks like: "question",
                "document", "comparison" or "folder".

        Raises:
            QuestionError: the question is empty or too long, or the history is malformed.
            CorpusError: the index does not hold one of the documents.
            StoreError: the index cannot be used.
        """
        *_, answer = self.stream(question, history, documents=documents, as_=as_)
        assert isinstance(answer, Answer)
        return answer

    @trace_answers
    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        documents: Collection[str] = (),
        as_: Reading | None = None,
    ) -> Iterator[Stage | Answer]:
        """Yield the stages of answering as they begin, and the answer last; see `ask`.

        With a language model the quotes come first. Every `Answer` is verified, the last one whole.
        """
        asked = read_question(question, self.settings.max_question_chars)
        before = read_history(history)
        stood = follow_up.stand(asked.line, before)
        if stood == asked.line and not as_ and (reply := follow_up.reply_to(asked.line)):
            yield say(asked.question, reply, follow_up.NAME, self.index.engine.version)
            return
        limits: AskOptions = {"documents": documents, "as_": as_}
        lap, inode = Stopwatch(), self.index.inode
        try:
            yield from self._answer(asked, stood, before, limits, lap)
            return
        except (IndexDamaged, IndexMissing) as error:
            met = error
        yield Stage("indexing", "The index is damaged; building it anew from the documents")
        self.index.mend(met, inode)
        lap("index")
        yield from self._answer(asked, stood, before, limits, lap)

    async def aask(
        self, question: str, history: Sequence[Turn] = (), **limits: Unpack[AskOptions]
    ) -> Answer:
        """Answer a question without blocking the event loop; see `ask`."""
        return await asyncio.to_thread(self.ask, question, history, **limits)

    async def astream(
        self, question: str, history: Sequence[Turn] = (), **limits: Unpack[AskOptions]
    ) -> AsyncIterator[Stage | Answer]:
        """Yield what `stream` does without blocking the event loop; see `answering.iterate`."""
        async for step in iterate(self.stream(question, history, **limits)):
            yield step

    def _answer(
        self,
        asked: ParsedQuestion,
        stood: str,
        before: Sequence[Turn],
        limits: AskOptions,
        lap: Stopwatch,
    ) -> Iterator[Stage | Answer]:
        costs, documents = Costs(), limits.get("documents", ())
        if not self.index.is_ready:
            yield Stage("indexing", "Building the index first; this happens once")
            self.index.ensure()
            lap("index")
        with self.index.open() as snapshot:
            told = respond(asked, stood, before, limits, snapshot, partial(self._weigh, snapshot))
            is_read = self.writer is not None
            whole = told and quote_whole(told, snapshot, before, lap.seconds, is_read=is_read)
        if whole:
            lap("answer")
            yield from write_on(self.writer, whole, costs)
            return
        rewritten = None
        if self.writer and stood != asked.line:
            rewritten = yield from self.writer.rewrite(asked.query, before, costs)
            if costs.calls or costs.too_slow:
                lap("rewrite")
        yield Stage("searching", "Searching the documents")
        with self.index.open() as snapshot:
            read = cache(snapshot.document)
            parts = split_question(rewritten or (asked.query if stood == asked.line else stood))
            found = [self._retrieve(snapshot, part.query, documents) for part in parts]
            lap("retrieve")
            n = len({r.passage.passage_id for one in found for r in one.ranking})
            yield Stage("reading", f"Reading {n} passage{'s' * (n != 1)}")
            judged = [(one, self.judge.scorer.judge(one)) for one in found]
            drop, given = self.settings.max_drop, (self.judge.calibration, self.settings, read)
            draft, sentences = compose_parts(parts, judged, *given)
            if draft.reason in UNFOUND and (wide := follow_up.stand_with_topic(stood, before)):
                wider = self._retrieve(snapshot, focus(wide), documents)
                again = [(wider, doubt(self.judge.scorer.judge(wider)))]
                tried = compose_parts(parts, again, *given)
                if tried[0].statements:
                    judged, (draft, sentences) = again, tried
            retrieval, judgement = join(judged)
            lap("answer")
            yield Stage("checking", "Checking every quote against its source")
            queries = [part.query for part in parts] if not draft.computed else []
            further = list_further(snapshot, self._retriever, queries, documents, read)
            checked = cite(draft, sentences, read)
            for one in checked.dropped:
                logger.warning("a statement was dropped (%s): %r", one.why, one.text)
            statements, citations, computed = number_citations(checked, read)
            near = find_near(retrieval, judgement, read)
            consult = partial(list_consulted, retrieval.ranking, read, near)
            consulted = consult(citations)
            reason = say_in(retrieval.terms.language, draft.reason or NOT_SAID)
            lap("cite")
        answer = Answer(
            question=asked.question,
            query=retrieval.query,
            statements=statements,
            citations=citations,
            kind="answer" if statements else "abstention",
            reason=None if statements else reason,
            consulted=consulted,
            answerer=NAME,
            confidence=draft.confidence,
            timings=lap.seconds,
            index_version=snapshot.version,
            usage=costs.total(self.language_model),
            n_more=draft.n_more,
            computed=computed,
            missing=tell_unsure(draft.missing, citations),
            reading=reading_of(asked.line, stood),
        )
        quoted = QuotedAnswer(
            answer, checked.verified, judgement, consult, drop, read, before, *further
        )
        yield from write_on(self.writer, quoted, costs)

    def _retrieve(
        self, snapshot: Snapshot, query: str, documents: Collection[str] = ()
    ) -> Retrieval:
        n = self.settings.n_passages
        return self._retriever.retrieve(snapshot, query, n, documents=documents)

    def _weigh(self, snapshot: Snapshot, query: str, documents: Collection[str]) -> Judgement:
        return self.judge.scorer.judge(self._retrieve(snapshot, query, documents))

    # Searching, suggesting, calibrating

    def search(
        self, query: str, k: int = 10, *, documents: Collection[str] = ()
    ) -> tuple[RankedPassage, ...]:
        """Return the k best passages for a query, best first; k is at least 1.

        `documents` are ids of the documents to search; empty means all. If there is no index, or a
        damaged one, it is built first. Raises what `ask` does.
        """
        if k < 1:
            raise ValueError(f"a search needs k >= 1, not {k}")
        line = read_question(query, self.settings.max_question_chars).line
        retrieve = partial(self._retriever.retrieve, query=line, k=k, documents=documents)
        return self.index.read(retrieve).ranking

    def suggest(self, n: int = 4, near: Answer | None = None) -> tuple[str, ...]:
        """Return up to n questions that the documents answer, made of their own sentences, if any.

        `near` is an answer, such as an abstention, whose passages and likeliest document they are
        then made of, nearest first; else they are spread over all and stay till the index changes.
        Raises `StoreError` if that cannot be used.
        """
        if not self.index.is_ready:
            return ()
        with self.index.open() as snapshot:
            given = snapshot, self._retriever, self.judge, self.settings
            answers = partial(examples.is_answered, *given)
            if near is not None and near.consulted:
                passages = examples.read_near(snapshot, near)
                weights = weigh_terms(snapshot, near.query)
                return examples.suggest_near(near.query, weights, passages, answers, n)
            key = (snapshot.version, n)
            if (found := self._suggested.get(key)) is None:
                passages = examples.read_all_over(snapshot, examples.N_READ * n)
                written = self._questions.write(snapshot.version, passages, n)
                found = examples.suggest(passages, answers, n, written or ())
                self._suggested = {} if written is None else {key: found}
            return found

    def calibrate(
        self,
        questions: Sequence[tuple[str, bool]],
        *,
        on_question: Callable[[int], None] = lambda _: None,
    ) -> CalibrationReport:
        """Fit the probabilities and the abstention threshold to given questions; store the fit.

        Args:
            questions: each with whether the corpus answers it; both kinds are needed.
            on_question: called with the number of questions judged so far.

        Raises:
            QuestionError: a question is empty or too long, or there are too few of one kind.
        """
        self.index.ensure()
        log_odds, limit = [], self.settings.max_question_chars
        with self.index.open() as snapshot:
            for number, (question, _) in enumerate(questions, start=1):
                found = self._retrieve(snapshot, read_question(question, limit).query)
                log_odds.append(self.judge.scorer.judge(found).log_odds)
                on_question(number)
        answers = [is_answerable for _, is_answerable in questions]
        report = self.judge.calibrate(log_odds, answers, self.settings.max_over_refusal)
        self._suggested = {}
        return report

    def sync(
        self,
        *,
        rebuild: bool = False,
        retry: bool = False,
        on_progress: Callable[[Progress], None] = lambda _: None,
    ) -> SyncReport:
        """Update the index to the folder's present files; an unchanged file costs one stat.

        `rebuild` builds it from scratch, `retry` reads files again that were skipped. Raises
        `CorpusError` for a folder that cannot be read, `IndexLocked` while another sync writes.
        """
        return self.index.sync(rebuild=rebuild, retry=retry, on_progress=on_progress)

    @property
    def progress(self) -> Progress | None:
        """How far the sync is that runs in this process; None if none runs."""
        return self.index.progress

    def stop_sync(self) -> None:
        """End the running sync after its present file; see `Index.stop_sync`."""
        self.index.stop_sync()

    def preview(self, *, rebuild: bool = False, retry: bool = False) -> tuple[FileChange, ...]:
        """Return what a sync would do to each file, in order of name."""
        return self.index.preview(rebuild=rebuild, retry=retry)

    def add_documents(
        self, documents: "BaseReader | Iterable[LlamaDocument]", **load: Any
    ) -> SyncReport:
        """Add documents that are not files of the folder; see `Index.add_documents`."""
        return self.index.add_documents(documents, **load)

    def remove_documents(self, document_ids: Iterable[str]) -> SyncReport:
        """Remove documents that were added; raise `CorpusError` for an unknown id."""
        return self.index.remove_documents(document_ids)

    def documents(self) -> tuple[FileRecord, ...]:
        """Return every file with its status as of the last sync."""
        return self.index.documents()

    def document(self, document_id: str) -> Document:
        """Return a document as it was indexed; raise `CorpusError` if it is not in the index."""
        return self.index.document(document_id)

    def origin(self, citation: Citation) -> Origin:
        """Return where a quote is in its file, its bytes or its boxes; see `Index.origin`."""
        return self.index.origin(citation)

    def origins(self, citations: Sequence[Citation]) -> tuple[Origin, ...]:
        """Return where quotes of one document are in its file; see `Index.origins`."""
        return self.index.origins(citations)

    def draw(self, document_id: str, page: int, width: int) -> bytes:
        """Return a page of a document as a PNG picture of `width` pixels; see `Index.draw`."""
        return self.index.draw(document_id, page, width)

    def original(self, document_id: str) -> bytes:
        """Return the file of a document of the folder; see `Index.original`."""
        return self.index.original(document_id)

    def changed(self, answer: Answer) -> frozenset[DocumentId]:
        """Return the cited documents that have changed or been removed since."""
        return self.index.changed(answer)

    def check(self) -> tuple[str, ...]:
        """Check the whole index; return its problems, empty if there are none."""
        return self.index.check()

    @property
    def index_version(self) -> int:
        """The version of the index, which grows with every change."""
        return self.index.version

    @property
    def synced_at(self) -> str | None:
        """When the last sync ended (ISO, UTC); None if none has."""
        return self.index.synced_at

    @property
    def has_index(self) -> bool:
        """Whether there is an index that can be used; a damaged one cannot."""
        return self.index.exists

    def as_retriever(self, k: int = 10) -> "llama.PassageRetriever":
        """Return this assistant's search as a llama-index retriever."""
        from assistant.llama import PassageRetriever

        return PassageRetriever(self.search, k)

    def as_reranker(self, top_n: int = 5) -> "llama.PassageReranker":
        """Return what puts any llama-index retriever's nodes in order of how well they answer."""
        from assistant.llama import PassageReranker

        rate = partial(rate_passages, self.judge.scorer, self.embedder)
        return PassageReranker(parser=self.as_node_parser(), rate=rate, top_n=top_n)

    def as_query_engine(self) -> "llama.CitedQueryEngine":
        """Return this assistant as a llama-index query engine."""
        from assistant.llama import CitedQueryEngine

        return CitedQueryEngine(self.ask)

    def as_chat_engine(self) -> "llama.CitedChatEngine":
        """Return this assistant as a llama-index chat engine, with a conversation of its own."""
        from assistant.llama import CitedChatEngine

        return CitedChatEngine(self.ask)

    def as_node_parser(self) -> "llama.PassageParser":
        """Return a llama-index node parser that cuts documents into the same passages."""
        from assistant.llama import PassageParser

        limit = min(self.settings.max_passage_tokens, self.embedder.max_tokens)
        return PassageParser(count_tokens=self.embedder.count_tokens, max_tokens=limit)

    @property
    def language_model(self) -> str:
        """The name of the language model that writes the answers; empty if none does."""
        return self.writer.model.name if self.writer else ""

    @property
    def fingerprints(self) -> dict[str, str]:
        """Models and calibration, which must be equal for two answers to be comparable."""
        calibration = self.judge.calibration
        return {
            "embedder": self.embedder.fingerprint,
            "scorer": self.judge.scorer.fingerprint,
            "calibration": f"{calibration.slope} {calibration.bias} {calibration.bars}",
            **({"model": self.language_model} if self.writer else {}),
        }

    def close(self) -> None:
        """Release what is open, including the language model; nothing needs to be saved."""
        self.index.close()
        self._questions.close()
        if self.writer:
            self.writer.model.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def ask(
    question: str, *, corpus_dir: Path | str | None = None, index_dir: Path | str | None = None
) -> Answer:
    """Answer a question from the documents of a folder; the index is built if it is missing."""
    with Assistant.open(corpus_dir=corpus_dir, index_dir=index_dir) as assistant:
        return assistant.ask(question)
