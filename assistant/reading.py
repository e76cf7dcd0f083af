"""An index, what is retrieved from it for a question, and how that is judged.

The part of an assistant that reads and writes no answer: search, questions to try, calibration.
Refuses questions that cannot be read (`QuestionError`).
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

from assistant.answer.extract import extract
from assistant.answer.suggest import (
    N_JUDGED,
    N_READ,
    read_all_over,
    read_near,
    suggest,
    suggest_near,
)
from assistant.evidence.calibration import (
    CalibrationReport,
    calibrate,
    read_calibration,
    write_calibration,
)
from assistant.evidence.scorer import EvidenceScorer, Judgement
from assistant.models.embed import Embedder
from assistant.retrieve.query import focus, read_question
from assistant.retrieve.retriever import Retrieval, Retriever, weigh_terms
from assistant.settings import Settings
from assistant.store.index import Holdings
from assistant.store.snapshot import Snapshot
from assistant.store.vectors import VectorSearch
from assistant.values import Answer, RankedPassage


class Reading(Holdings):
    """One index and what judges it. Safe to share between threads."""

    def __init__(self, settings: Settings, embedder: Embedder, scorer: EvidenceScorer) -> None:
        super().__init__(settings, embedder)
        self._scorer = scorer
        self._judging = f"{self._scorer.fingerprint} {embedder.fingerprint}"
        own = read_calibration(settings.index_dir, self._judging)
        self._calibration = own or self._scorer.calibration
        vectors = VectorSearch(settings.index_dir, embedder.dimension)
        self._retriever = Retriever(embedder, vectors, settings)
        self._suggested: dict[tuple[int, int], tuple[str, ...]] = {}

    def search(
        self, query: str, k: int = 10, *, documents: Collection[str] = ()
    ) -> tuple[RankedPassage, ...]:
        """Return the k best passages for a query, best first; k is at least 1.

        Of the documents with these ids, of all when none is named. The index is built first when
        there is none, or a damaged one.
        """
        if k < 1:
            raise ValueError(f"a search needs k >= 1, not {k}")
        query = self._read(query)
        return self._mending_once(lambda: self._search(query, k, documents))

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
        self._require_index()
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

    def _search(self, query: str, k: int, documents: Collection[str]) -> tuple[RankedPassage, ...]:
        self._require_index()
        with self._readers.open() as snapshot:
            return self._retriever.retrieve(snapshot, query, k, documents=documents).ranking

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
