"""The whole way of a question: corpus -> index -> retrieve -> answer -> cite -> Answer."""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from assistant.answer import courtesy
from assistant.answer.calibration import (
    CalibrationReport,
    calibrate,
    read_calibration,
    write_calibration,
)
from assistant.answer.cross_encoder import open_scorer
from assistant.answer.decide import decide
from assistant.answer.extract import NAME, NOT_SAID, extract
from assistant.answer.followup import list_queries, read_history
from assistant.answer.scorer import EvidenceScorer, Judgement, LateInteractionScorer
from assistant.answer.sources import read_all_over, read_near
from assistant.answer.suggest import N_JUDGED, N_READ, suggest, suggest_near
from assistant.cite.cite import cite, list_consulted, say
from assistant.index.catalog import last_version
from assistant.index.embed import Embedder, open_embedder
from assistant.index.holdings import Holdings
from assistant.index.snapshot import Snapshot
from assistant.index.vectors import VectorSearch
from assistant.ingest.normalize import normalize
from assistant.retrieve.lexical import weigh_terms
from assistant.retrieve.query import focus, read_question
from assistant.retrieve.retriever import Retrieval, Retriever
from assistant.settings import Settings
from assistant.values import Answer, RankedPassage, Stage, Turn

if TYPE_CHECKING:
    from assistant.llama import CitedQueryEngine, PassageRetriever

logger = logging.getLogger(__name__)


class Assistant(Holdings):
    """Answers questions from one index. Safe to share between threads."""

    def __init__(
        self, settings: Settings, embedder: Embedder, scorer: EvidenceScorer | None = None
    ) -> None:
        super().__init__(settings, embedder)
        self._scorer = scorer or LateInteractionScorer(embedder)
        self._judging = f"{self._scorer.fingerprint} {embedder.fingerprint}"
        own = read_calibration(settings.index_dir, self._judging)
        self._calibration = own or self._scorer.calibration
        vectors = VectorSearch(settings.index_dir, embedder.dimension)
        self._retriever = Retriever(embedder, vectors, settings)
        self._suggested: dict[tuple[int, int], tuple[str, ...]] = {}

    @classmethod
    def open(cls, settings: Settings | None = None, **given: Any) -> Self:
        """Open an assistant; name settings as arguments (`corpus_dir=...`) or pass them whole.

        Builds nothing: the index is made by `sync`, or by the first question.

        Raises:
            SettingsError, EmbedderMissing: see their messages.
        """
        settings = settings or Settings.load(**given)
        embedder = open_embedder(settings.embedding_model, settings.cache_dir)
        return cls(settings, embedder, open_scorer(settings, embedder))

    def ask(
        self, question: str, history: Sequence[Turn] = (), *, documents: Collection[str] = ()
    ) -> Answer:
        """Answer a question from the corpus, or abstain with a reason.

        The index is built first when there is none. To a greeting or thanks there is a reply and
        no search.

        Args:
            question: what to answer.
            history: the conversation before it, oldest first, as ("user", "...") and
                ("assistant", "..."); `Answer.query` tells what was made of it.
            documents: ids of the documents to ask; none of them means all.

        Raises:
            QuestionError: the question is empty or too long, or the history is none.
            CorpusError: the index does not hold one of the documents.
            StoreError: the index cannot be used.
        """
        *_, answer = self.stream(question, history, documents=documents)
        assert isinstance(answer, Answer)
        return answer

    def stream(
        self, question: str, history: Sequence[Turn] = (), *, documents: Collection[str] = ()
    ) -> Iterator[Stage | Answer]:
        """Yield the stages of answering as they begin, and the answer last; see `ask`."""
        asked, before = self._read(question), read_history(history)
        if reply := courtesy.reply_to(asked):
            version = last_version(self.settings.index_dir)
            yield say(normalize(question)[0], reply, courtesy.NAME, version)
            return
        queries = list_queries(focus(asked), before)
        timings: dict[str, float] = {}
        started = time.perf_counter()

        def lap(stage: str) -> None:
            nonlocal started
            now = time.perf_counter()
            timings[stage], started = now - started, now

        if not self._has_index_now():
            yield Stage("indexing", "Building the index first; this happens once")
            self.sync()
            lap("index")
        yield Stage("searching", "Searching the documents")
        with self._readers.open() as snapshot:
            read = cache(snapshot.document)
            found = [self._retrieve(snapshot, query, documents) for query in queries]
            lap("retrieve")
            n = len({one.passage.passage_id for each in found for one in each.ranking})
            yield Stage("reading", f"Reading {n} passage{'s' * (n != 1)}")
            retrieval, judgement = decide(found, self._scorer)
            draft = extract(judgement, self._calibration, self.settings)
            lap("answer")
            yield Stage("checking", "Checking every quote against its source")
            checked = cite(draft, judgement.sentences, read)
            for statement, verdict in checked.refused:
                logger.warning("a statement was dropped (%s): %r", verdict, statement.text)
            consulted = list_consulted(retrieval.ranking, checked.citations, read)
            lap("cite")
        abstained = not checked.statements
        yield Answer(
            question=normalize(question)[0],
            query=retrieval.query,
            statements=checked.statements,
            citations=checked.citations,
            abstained=abstained,
            reason=(draft.reason or NOT_SAID) if abstained else None,
            consulted=consulted,
            answerer=NAME,
            confidence=draft.confidence,
            timings=timings,
            index_version=snapshot.version,
        )

    def search(
        self, query: str, k: int = 10, *, documents: Collection[str] = ()
    ) -> tuple[RankedPassage, ...]:
        """Return the k best passages for a query, best first; k is at least 1.

        Of the documents with these ids, of all when none is named.
        """
        if k < 1:
            raise ValueError(f"a search needs k >= 1, not {k}")
        query = self._read(query)
        if not self._has_index_now():
            self.sync()
        with self._readers.open() as snapshot:
            return self._retriever.retrieve(snapshot, query, k, documents=documents).ranking

    def suggest(self, n: int = 4, near: Answer | None = None) -> tuple[str, ...]:
        """Return up to n questions, made of the documents' own sentences, that are answered.

        They are English; other documents may give fewer, or none. Without an index there are none.

        Args:
            n: how many at most.
            near: an answer, such as an abstention: the questions are made of the passages that
                were consulted for it and of more of the likeliest document, those that share
                most with its question first. Without it, or where it consulted none, they are
                spread over the documents, and are the same for as long as the index is.

        Raises:
            StoreError: the index cannot be used.
        """
        if not self._has_index_now():
            return ()
        with self._readers.open() as snapshot:
            quotes = partial(self._quotes, snapshot)
            if near is not None and near.consulted:
                weights = weigh_terms(snapshot, near.query)
                return suggest_near(near.query, weights, read_near(snapshot, near), quotes, n)
            key = (snapshot.version, n)
            found = self._suggested.get(key)
            if found is None:
                found = suggest(read_all_over(snapshot, N_READ * n), quotes, n)
                self._suggested = {key: found}
            return found

    def calibrate(
        self,
        questions: Sequence[tuple[str, bool]],
        *,
        on_question: Callable[[int], None] = lambda _: None,
    ) -> CalibrationReport:
        """Fit the probabilities and the bar to one's own questions; keep it beside the index.

        Args:
            questions: each with whether the corpus answers it; some of both kinds.
            on_question: called with the number of questions judged so far.

        Raises:
            QuestionError: a question cannot be read, or there are too few of a kind.
        """
        if not self._has_index_now():
            self.sync()
        log_odds = []
        with self._readers.open() as snapshot:
            for number, (question, _) in enumerate(questions, start=1):
                log_odds.append(self._judge(snapshot, question).log_odds)
                on_question(number)
        answers = [is_answerable for _, is_answerable in questions]
        after, report = calibrate(
            log_odds, answers, self._calibration, self.settings.max_over_refusal
        )
        path = write_calibration(self.settings.index_dir, after, self._judging)
        self._calibration, self._suggested = after, {}
        return replace(report, path=str(path))

    def as_retriever(self, k: int = 10) -> "PassageRetriever":
        """Return this assistant's search as a llama-index retriever."""
        from assistant.llama import PassageRetriever

        return PassageRetriever(self.search, k)

    def as_query_engine(self) -> "CitedQueryEngine":
        """Return this assistant as a llama-index query engine."""
        from assistant.llama import CitedQueryEngine

        return CitedQueryEngine(self.ask)

    @property
    def fingerprints(self) -> dict[str, str]:
        """What must be equal for two answers to be comparable, by name."""
        calibration = self._calibration
        return {
            "embedder": self._embedder.fingerprint,
            "scorer": self._scorer.fingerprint,
            "calibration": f"{calibration.slope} {calibration.bias} {calibration.bars}",
        }

    def _read(self, question: str) -> str:
        return read_question(question, self.settings.max_question_chars)

    def _retrieve(
        self, snapshot: Snapshot, query: str, documents: Collection[str] = ()
    ) -> Retrieval:
        k = self.settings.n_passages
        return self._retriever.retrieve(snapshot, query, k, documents=documents)

    def _judge(self, snapshot: Snapshot, question: str) -> Judgement:
        """Judge what the documents hold for a question by itself."""
        return self._scorer.judge(self._retrieve(snapshot, focus(self._read(question))))

    def _quotes(self, snapshot: Snapshot, question: str, sentence: str) -> bool:
        """Whether the answer to a question to try quotes a sentence."""
        found = self._retriever.retrieve(snapshot, focus(question), N_JUDGED)
        if not any(sentence in ranked.passage.text for ranked in found.ranking):
            return False
        judgement = self._scorer.judge(found)
        draft = extract(judgement, self._calibration, self.settings)
        numbers = {number for one in draft.statements for number in one.sentences}
        quoted = {one.text for one in judgement.sentences if one.number in numbers}
        return sentence in quoted


def ask(
    question: str, *, corpus_dir: Path | str | None = None, index_dir: Path | str | None = None
) -> Answer:
    """Answer a question from the documents of a folder; the index is built when missing."""
    with Assistant.open(corpus_dir=corpus_dir, index_dir=index_dir) as assistant:
        return assistant.ask(question)
