"""A public set -> each question with its evidence and which of its sentences answer.

The set is indexed as one corpus and searched as the assistant does it; nothing is given the
passage that a question was written about.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, groupby, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant import Settings
from assistant.evidence.features import Evidence, measure
from assistant.evidence.gather import gather
from assistant.models.embed import Embedder, open_reader
from assistant.models.encoder import CachingEncoder
from assistant.models.reader import CachingReader
from assistant.retrieve.query import focus
from assistant.retrieve.retriever import Retriever
from assistant.store.snapshot import open_snapshot
from assistant.store.sync import index_config_of, sync
from assistant.store.vectors import VectorSearch
from assistant.values import Sentence
from evals.datasets import Dataset, Question, write_corpus
from evals.everyday.folders import FITTED
from evals.everyday.folders import write as write_folder
from evals.everyday.score import FRESH_QUESTIONS, QUESTIONS, Asked, folded, read_questions
from evals.reader.rows import fold
from evals.reader.typed import (
    Passage,
    by_folder,
    read_across,
    read_passages,
    write_documents,
)

EVERYDAY = "everyday"
TYPED = "typed"
STRANGERS = "strangers"
N_STRANGERS = 12
"""Questions of one folder that another is asked."""
MIN_REMEMBERED = 1_000
N_TYPED = 4
"""Questions of each passage about, in the order they were written: answered ones, then others."""
N_FOLDS = 4
MIN_SAME_CHARS = 20
"""Shorter sentences are not taken for a part of a gold sentence."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One question asked of its corpus.

    `features` (n, n_features) and `holds` (n,) belong to `sentences`; `holds` says which of them
    hold an accepted answer in a document that answers. Questions of one fold are held out
    together.
    """

    source: str
    question: Question
    fold: int
    sentences: tuple[Sentence, ...]
    evidence: Evidence
    features: NDArray[np.float32]
    holds: NDArray[np.bool_]


def judge(public: Dataset, folder: Path, embedder: Embedder) -> Iterator[Judged]:
    """Index the set's documents in `folder` and yield its questions with their evidence."""
    settings = _settings_in(folder, embedder)
    write_corpus(public.texts, settings.corpus_dir)
    yield from _judge(public.name, public.questions, settings, embedder, holds)


def judge_everyday(n: int | None, folder: Path, embedder: Embedder) -> Iterator[Judged]:
    """Write, index and ask the first n folders of `evals.everyday` that are fitted on, or all.

    Questions whose answer has to be counted up are left out.

    A sentence that holds one of the strings which an answer must hold answers.
    """
    every = [*read_questions(QUESTIONS), *read_questions(FRESH_QUESTIONS)]
    asked = groupby((one for one in every if one.case in FITTED), key=lambda one: one.case)
    for name, own in islice(asked, n):
        settings = _settings_in(folder / name, embedder)
        if not settings.corpus_dir.exists():
            write_folder(name, settings.corpus_dir)
        questions = [_question_of(one) for one in own if not one.is_computed]
        yield from _judge(EVERYDAY, questions, settings, embedder, says_one_of)


def judge_typed(
    n: int | None, folder: Path, embedder: Embedder, *, source: str = TYPED
) -> Iterator[Judged]:
    """Write, index and ask the first n folders of `evals.reader.typed` that train nothing, or all.

    A sentence of its document that is one which answers, or a part of it, answers. What is asked in
    another language than its document's is `ACROSS`; a folder that is asked what was asked of the
    next one, in another language or not, is among `STRANGERS`.
    """
    held = by_folder([passage for passage in read_passages() if passage.is_held])
    asked = {
        name: [one for passage in passages for one in _typed_questions(name, passage)]
        for name, passages in (held if source == TYPED else by_folder(read_across())).items()
    }
    if source == STRANGERS:
        asked = {
            name: [_without(one, {}) for one in asked[other][:N_STRANGERS]]
            for name, other in zip(held, islice(cycle(held), 1, None), strict=False)
        }
    for number, (name, passages) in enumerate(islice(held.items(), n)):
        settings = _settings_in(folder / str(number), embedder)
        if not settings.corpus_dir.exists():
            write_documents(passages, settings.corpus_dir)
        yield from _judge(source, asked[name], settings, embedder, holds)


def _typed_questions(folder: str, passage: Passage) -> Iterator[Question]:
    asked = (*passage.answered, *((one,) for one in passage.unanswered))
    for text, *words in asked[:: max(1, len(asked) // N_TYPED)]:
        yield Question(
            query_id=f"{folder}: {text}",
            text=text,
            is_answerable=bool(words),
            answers=tuple(one for said in words for one in passage.sentences_with(said)),
            documents=(passage.document,) if words else (),
            group=folder,
        )


def says_one_of(question: Question, sentence: Sentence) -> bool:
    """Whether a sentence of any document says one of the strings of an answer."""
    said = folded(sentence.text)
    return any(folded(one) in said for one in question.answers)


def _question_of(asked: Asked) -> Question:
    return Question(
        query_id=f"{asked.case}: {asked.question}",
        text=asked.question,
        is_answerable=asked.is_answerable,
        answers=asked.must if asked.is_answerable else (),
        group=asked.case,
        kind=asked.kind,
    )


def _settings_in(folder: Path, embedder: Embedder) -> Settings:
    index_dir = folder / f"index-{embedder.fingerprint}"
    return Settings.load(corpus_dir=folder / "corpus", index_dir=index_dir)


def _judge(
    source: str,
    questions: Sequence[Question],
    settings: Settings,
    embedder: Embedder,
    holds: Callable[[Question, Sentence], bool],
) -> Iterator[Judged]:
    """Index the documents of a folder and yield the questions with their evidence."""
    n_texts = max(MIN_REMEMBERED, sync(settings, embedder).n_passages * 50)
    encoder = CachingEncoder(embedder, n_texts)
    reader = (own := open_reader(embedder)) and CachingReader(own, n_texts)
    search = VectorSearch(settings.index_dir, embedder.dimension)
    retriever = Retriever(embedder, search, settings)
    with open_snapshot(settings.index_dir, index_config_of(embedder, settings)) as snapshot:
        for question in questions:
            query = focus(" ".join(question.text.split()))
            retrieval = retriever.retrieve(snapshot, query, settings.n_passages)
            sentences, evidence = gather(retrieval, encoder, reader)
            yield Judged(
                source=source,
                question=question,
                fold=fold_of(source, question.group),
                sentences=sentences,
                evidence=evidence,
                features=measure(evidence),
                holds=np.array([holds(question, one) for one in sentences], dtype=np.bool_),
            )


def holds(question: Question, sentence: Sentence) -> bool:
    """Whether the sentence, or the gold sentence that it is a part of, answers the question."""
    if not question.is_answerable or sentence.passage.document_id not in question.documents:
        return False
    text = _fold_spaces(sentence.text)
    if any(_fold_spaces(answer) in text for answer in question.answers):
        return True
    whole = [_fold_spaces(gold) for gold in (*question.evidence, *question.answers)]
    return any(
        gold in text or (len(text) >= MIN_SAME_CHARS and text in gold) for gold in whole if gold
    )


def fold_of(source: str, group: str) -> int:
    """Return the fold of a group; the articles of squad2 are dealt out evenly."""
    if source == "squad2":
        return int(group) % N_FOLDS
    return int(hashlib.sha256(group.encode()).hexdigest(), 16) % N_FOLDS


def only(public: Dataset, asked: frozenset[str]) -> Dataset:
    """Leave out all questions but those, of a corpus that stays whole; a document is a group."""
    numbers = {name: str(number) for number, name in enumerate(public.texts)}
    kept = (
        replace(q, group=numbers[q.documents[0]] if q.documents else q.group)
        for q in public.questions
        if fold(q.text) in asked
    )
    return Dataset(public.name, public.texts, tuple(kept))


def half_absent(public: Dataset) -> Dataset:
    """Leave out every other document; its questions have no answer in what remains."""
    kept = {name: public.texts[name] for name in sorted(public.texts)[::2]}
    return Dataset(public.name, kept, tuple(_without(q, kept) for q in public.questions))


def ask_elsewhere(name: str, questions: Sequence[Question], asked: Dataset) -> Dataset:
    """Ask the questions of a corpus that is about something else."""
    strangers = tuple(_without(question, {}) for question in questions)
    return Dataset(name, asked.texts, strangers)


def _without(question: Question, kept: Mapping[str, str]) -> Question:
    if all(document in kept for document in question.documents):
        return question
    return replace(question, answers=(), gold=(), documents=(), is_answerable=False, kind="absent")


def _fold_spaces(text: str) -> str:
    return " ".join(text.split())
