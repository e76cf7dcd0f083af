"""Recall of the dense, the lexical and the fused ranking over a public question set.

    python -m evals.retrieval --squad2 PATH/squad2.json [--nq PATH/nq.jsonl]

Every paragraph is a document; a question finds it when one of its passages is among the first k
documents. `--nq` prints the same over Natural Questions, on which the weights were chosen.
The last row asks `Assistant.search` itself, questions that have an answer and all.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant import Assistant, Settings
from assistant.models.embed import open_embedder
from assistant.retrieve.retriever import weigh_terms
from assistant.store.snapshot import Snapshot, open_snapshot
from assistant.store.sync import index_config_of
from assistant.text.terms import query_terms
from assistant.values import DocumentId
from evals.datasets import Dataset, Question, load_nq, load_squad, write_corpus

CUTS = (1, 3, 5, 10)
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of every passage for every question, shape (n_questions, n_passages)."""

    passage: Matrix
    sentence: Matrix
    lexical: Matrix
    total_weight: Matrix
    document_of: NDArray[np.int64]
    gold: NDArray[np.int64]


def score_all(
    snapshot: Snapshot, embed: Callable[[str], Matrix], questions: Sequence[Question]
) -> Scores:
    """Score exhaustively, so that no candidate list stands between a ranking and its recall."""
    rows, matrix = snapshot.vectors_after(0, embed("a").size)
    vectors, passages = snapshot.vectors(rows), snapshot.passages(rows)
    place = {row: i for i, row in enumerate(rows)}
    names = sorted({passage.document_id for passage in passages.values()})
    queries = np.vstack([embed(question.text) for question in questions])
    sentence = np.column_stack([(queries @ vectors[row].sentences.T).max(axis=1) for row in rows])
    lexical = np.zeros_like(sentence)
    total_weight = np.ones((len(questions), 1), dtype=np.float32)
    for i, question in enumerate(questions):
        total_weight[i] = sum(weigh_terms(snapshot, question.text).values()) or 1.0
        for row, score in snapshot.bm25(query_terms(question.text), k=len(rows)):
            lexical[i, place[row]] = score
    index_of = {name: i for i, name in enumerate(names)}
    return Scores(
        passage=queries @ matrix.T,
        sentence=sentence,
        lexical=lexical,
        total_weight=total_weight,
        document_of=np.array([index_of[passages[row].document_id] for row in rows]),
        gold=np.array([index_of[_own_document(question)] for question in questions]),
    )


def recall(scores: Scores, matrix: Matrix, keep: NDArray[np.bool_]) -> list[float]:
    """Return recall at each cut; a document scores as its best passage, ties count against it."""
    best = np.full((len(matrix), int(scores.document_of.max()) + 1), -np.inf, dtype=np.float32)
    for column, document in enumerate(scores.document_of):
        np.maximum(best[:, document], matrix[:, column], out=best[:, document])
    own = best[np.arange(len(best)), scores.gold][:, np.newaxis]
    rank = (best >= own).sum(axis=1)[keep]
    return [float((rank <= k).mean()) for k in CUTS]


def reciprocal_rank(scores: Scores) -> Matrix:
    """Return the reciprocal-rank fusion of the two rankings (Cormack et al. 2009, k = 60)."""
    dense = (-scores.passage).argsort(axis=1).argsort(axis=1)
    lexical = (-scores.lexical).argsort(axis=1).argsort(axis=1)
    fused = 1 / (61 + dense) + np.where(scores.lexical > 0, 1 / (61 + lexical), 0)
    narrow: Matrix = fused.astype(np.float32)
    return narrow


def run(public_set: Dataset, *, max_passage_tokens: int, weights: Sequence[float]) -> None:
    """Index the paragraphs and print every ranking's recall."""
    texts, questions = public_set.texts, public_set.questions
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings.load(
            corpus_dir=Path(folder) / "corpus",
            index_dir=Path(folder) / "index",
            max_passage_tokens=max_passage_tokens,
        )
        write_corpus(texts, settings.corpus_dir)
        embedder = open_embedder(settings.embedding_model, settings.cache_dir)
        assistant = Assistant(settings, embedder)
        report = assistant.sync()
        with open_snapshot(settings.index_dir, index_config_of(embedder, settings)) as snapshot:
            scores = score_all(snapshot, embedder.embed_query, questions)
        answerable = np.array([question.is_answerable for question in questions])
        everything = np.ones_like(answerable)
        print(
            f"\n{public_set.name}: {len(texts)} documents, {report.n_passages} passages of at most "
            f"{max_passage_tokens} tokens, {len(questions)} questions ({answerable.sum()} with an "
            f"answer); recall@{'/'.join(map(str, CUTS))}"
        )
        share: Matrix = scores.lexical / scores.total_weight
        rankings: dict[str, Matrix] = {
            "dense: passage": scores.passage,
            "dense: nearest sentence": scores.sentence,
            "lexical: BM25": scores.lexical,
            "reciprocal rank": reciprocal_rank(scores),
            "fused: passage + 0.03 BM25": scores.passage + 0.03 * scores.lexical,
            "fused: sentence + 0.03 BM25": scores.sentence + 0.03 * scores.lexical,
            **{f"fused: sentence + {w} BM25/idf": scores.sentence + w * share for w in weights},
        }
        for label, matrix in rankings.items():
            _print(label, recall(scores, matrix, everything), recall(scores, matrix, answerable))
        found = _search(assistant, questions)
        _print(
            "Assistant.search",
            [float((found <= k).mean()) for k in CUTS],
            [float((found[answerable] <= k).mean()) for k in CUTS],
        )


def _search(assistant: Assistant, questions: Sequence[Question]) -> NDArray[np.float64]:
    """Return the rank of each question's document in what the product returns."""
    ranks = []
    for question in questions:
        names = [found.passage.document_id for found in assistant.search(question.text, k=30)]
        order, own = list(dict.fromkeys(names)), _own_document(question)
        ranks.append(order.index(own) + 1 if own in order else np.inf)
    return np.array(ranks)


def _own_document(question: Question) -> DocumentId:
    """Return the one document that the question was written about."""
    (own,) = question.documents
    return DocumentId(own)


def _print(label: str, everything: list[float], answerable: list[float]) -> None:
    def row(values: list[float]) -> str:
        return " ".join(f"{value:.3f}" for value in values)

    print(f"  {label:31} all {row(everything)}   answerable {row(answerable)}", flush=True)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--squad2", type=Path, help="squad2.json")
    parser.add_argument("--nq", type=Path, help="nq.jsonl")
    parser.add_argument("--max-passage-tokens", type=int, nargs="+", default=[256])
    parser.add_argument("--weights", type=float, nargs="+", default=[0.2, 0.3, 0.4, 0.5, 0.6])
    given = parser.parse_args()
    for tokens in given.max_passage_tokens:
        if given.squad2:
            run(load_squad(given.squad2), max_passage_tokens=tokens, weights=given.weights)
        if given.nq:
            run(load_nq(given.nq), max_passage_tokens=tokens, weights=given.weights)


if __name__ == "__main__":
    main()
