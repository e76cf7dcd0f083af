"""The whole way of a question: corpus -> index -> retrieve -> answer -> cite -> Answer."""

import logging
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from assistant.answer import follow_up as courtesy
from assistant.answer.extract import NAME, NOT_SAID, extract
from assistant.answer.follow_up import decide, list_queries, read_history
from assistant.cite import cite, list_consulted, number_citations, say
from assistant.errors import IndexDamaged, IndexMissing
from assistant.evidence.scorer import EvidenceScorer, LateInteractionScorer, open_scorer
from assistant.models.embed import Embedder, open_embedder
from assistant.reading import Reading
from assistant.retrieve.query import focus
from assistant.settings import Settings
from assistant.store.catalog import find_inode, last_version
from assistant.text.normalize import normalize
from assistant.values import Answer, Stage, Turn
from assistant.write.compose import Costs, Quoted, Stopwatch, Writer
from assistant.write.llm.open import open_model
from assistant.write.llm.values import Model

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

    from assistant.llama import CitedQueryEngine, PassageRetriever

logger = logging.getLogger(__name__)


class Assistant(Reading):
    """Answers questions from one index. Safe to share between threads."""

    def __init__(
        self,
        settings: Settings,
        embedder: Embedder,
        scorer: EvidenceScorer | None = None,
        model: Model | None = None,
    ) -> None:
        super().__init__(settings, embedder, scorer or LateInteractionScorer(embedder))
        self._writer = model and Writer(model, settings.llm.max_reply_tokens, self._scorer.support)

    @classmethod
    def open(
        cls,
        settings: Settings | None = None,
        *,
        language_model: "LLM | None" = None,
        **given: Any,
    ) -> Self:
        """Open an assistant; name settings as arguments (`corpus_dir=...`) or pass them whole.

        Builds nothing: the index is made by `sync`, or by the first question.

        Args:
            settings: all of them.
            language_model: any llama-index LLM, to write the answers; else that of `settings.llm`.
            given: single settings.

        Raises:
            SettingsError, EmbedderMissing: see their messages.
        """
        settings = settings or Settings.load(**given)
        embedder = open_embedder(settings.embedding_model, settings.cache_dir)
        model = open_model(settings.llm, language_model)
        return cls(settings, embedder, open_scorer(settings, embedder), model)

    def ask(
        self, question: str, history: Sequence[Turn] = (), *, documents: Collection[str] = ()
    ) -> Answer:
        """Answer a question from the corpus, or abstain with a reason.

        The index is built first when there is none, or a damaged one. To a greeting or thanks there
        is a reply and no search.

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
        """Yield the stages of answering as they begin, and the answer last; see `ask`.

        With a language model the quotes come first, and then the answer as it is written: every
        `Answer` is verified, and the last one is whole.
        """
        asked, before = self._read(question), read_history(history)
        if reply := courtesy.reply_to(asked):
            version = last_version(self.settings.index_dir)
            yield say(normalize(question)[0], reply, courtesy.NAME, version)
            return
        lap = Stopwatch()
        inode = find_inode(self.settings.index_dir)
        try:
            yield from self._answer(question, before, documents, lap)
            return
        except (IndexDamaged, IndexMissing) as error:
            met = error
        yield Stage("indexing", "The index is damaged; building it anew from the documents")
        self._mend(met, inode)
        lap("index")
        yield from self._answer(question, before, documents, lap)

    def _answer(
        self, question: str, before: Sequence[Turn], documents: Collection[str], lap: Stopwatch
    ) -> Iterator[Stage | Answer]:
        asked, costs = self._read(question), Costs()
        if not self._has_index_now():
            yield Stage("indexing", "Building the index first; this happens once")
            self._require_index()
            lap("index")
        rewritten = None
        if self._writer:
            rewritten = yield from self._writer.rewrite(focus(asked), before, costs)
            if costs.calls or costs.too_slow:
                lap("rewrite")
        yield Stage("searching", "Searching the documents")
        with self._readers.open() as snapshot:
            read = cache(snapshot.document)
            queries = list_queries(focus(asked), before, rewritten)
            found = [self._retrieve(snapshot, query, documents) for query in queries]
            lap("retrieve")
            n = len({one.passage.passage_id for each in found for one in each.ranking})
            yield Stage("reading", f"Reading {n} passage{'s' * (n != 1)}")
            retrieval, judgement = decide(found, self._scorer)
            draft = extract(judgement, self._calibration, self.settings)
            lap("answer")
            yield Stage("checking", "Checking every quote against its source")
            checked = cite(draft, judgement.sentences, read)
            for one in checked.dropped:
                logger.warning("a statement was dropped (%s): %r", one.why, one.text)
            statements, citations = number_citations(checked.verified, read)
            consulted = list_consulted(retrieval.ranking, citations, read)
            lap("cite")
        answer = Answer(
            question=normalize(question)[0],
            query=retrieval.query,
            statements=statements,
            citations=citations,
            abstained=not statements,
            reason=None if statements else draft.reason or NOT_SAID,
            consulted=consulted,
            answerer=NAME,
            confidence=draft.confidence,
            timings=lap.seconds,
            index_version=snapshot.version,
            usage=costs.total(self.language_model),
        )
        yield answer
        if self._writer and statements:  # what the documents do not say is not written either
            drop = self.settings.max_drop
            quoted = Quoted(answer, checked.verified, judgement, retrieval.ranking, drop, read)
            yield from self._writer.write(quoted, costs)

    def as_retriever(self, k: int = 10) -> "PassageRetriever":
        """Return this assistant's search as a llama-index retriever."""
        from assistant.llama import PassageRetriever

        return PassageRetriever(self.search, k)

    def as_query_engine(self) -> "CitedQueryEngine":
        """Return this assistant as a llama-index query engine."""
        from assistant.llama import CitedQueryEngine

        return CitedQueryEngine(self.ask)

    @property
    def language_model(self) -> str:
        """The name of the language model that writes the answers, empty when none does."""
        return self._writer.model.name if self._writer else ""

    @property
    def fingerprints(self) -> dict[str, str]:
        """What must be equal for two answers to be comparable, by name."""
        calibration = self._calibration
        model = {"model": self.language_model} if self._writer else {}
        return {
            "embedder": self._embedder.fingerprint,
            "scorer": self._scorer.fingerprint,
            "calibration": f"{calibration.slope} {calibration.bias} {calibration.bars}",
            **model,
        }

    def close(self) -> None:
        """Let go of what is kept open, the language model too; nothing needs saving."""
        super().close()
        if self._writer:
            self._writer.model.close()


def ask(
    question: str, *, corpus_dir: Path | str | None = None, index_dir: Path | str | None = None
) -> Answer:
    """Answer a question from the documents of a folder; the index is built when missing."""
    with Assistant.open(corpus_dir=corpus_dir, index_dir=index_dir) as assistant:
        return assistant.ask(question)
