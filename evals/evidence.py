"""Fit the overlap scorer's weights and its bar; report them on articles it never saw.

    python -m evals.evidence --nq PATH/nq.jsonl --squad2 PATH/squad2.json [--work FOLDER]

Fitted on Natural Questions, where the passages of every other question are indexed, so that the
other half is asked of a corpus that lacks its passage, and on every other article of squad2. The
bar is the highest that refuses at most 10% of the answerable ones. Reported on the other articles
of squad2, whose unanswerable questions were written to look answerable, and on Natural Questions
asked of the squad2 corpus, which are about something else.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from assistant import Settings
from assistant.answer.evidence import (
    FITTED,
    Candidate,
    OverlapScorer,
    OverlapWeights,
    number_sentences,
    overlap_features,
)
from assistant.index.embed import open_embedder
from assistant.index.snapshot import open_snapshot
from assistant.index.sync import making_of, sync
from assistant.index.vectors import VectorSearch
from assistant.retrieve.retriever import Retrieval, Retriever
from evals.public import PublicQuestion, load_nq, load_squad, write_corpus

MAX_OVER_REFUSAL = 0.1


@dataclass(frozen=True, slots=True)
class Judged:
    """One question's candidates: features (n, 4), and which of them hold an accepted answer."""

    question: PublicQuestion
    retrieval: Retrieval
    candidates: list[Candidate]
    features: NDArray[np.float64]
    holds: NDArray[np.bool_]


def judge_all(
    texts: dict[str, str], questions: Sequence[PublicQuestion], folder: Path
) -> Iterator[Judged]:
    """Index the texts in `folder` and yield every question with its candidates."""
    settings = Settings.load(corpus_dir=folder / "corpus", index_dir=folder / "index")
    write_corpus(texts, settings.corpus_dir)
    embedder = open_embedder(settings.embedding_model, settings.cache_dir)
    sync(settings, embedder)
    search = VectorSearch(settings.index_dir, embedder.dimension)
    retriever = Retriever(embedder, search, settings)
    with open_snapshot(settings.index_dir, making_of(embedder, settings)) as snapshot:
        for question in questions:
            retrieval = retriever.retrieve(snapshot, question.text, settings.n_passages)
            candidates = number_sentences(retrieval)
            holds = [
                candidate.sentence.passage.document_id == question.document_id
                and any(answer in candidate.sentence.text for answer in question.answers)
                for candidate in candidates
            ]
            features = np.array(overlap_features(retrieval, candidates)).reshape(-1, 4)
            yield Judged(question, retrieval, candidates, features, np.array(holds, dtype=bool))


def fit(judged: Sequence[Judged]) -> OverlapWeights:
    """Fit the logistic regression on every candidate of every question."""
    features = np.vstack([one.features for one in judged])
    holds = np.concatenate([one.holds for one in judged])
    model = LogisticRegression(C=10.0, max_iter=1000).fit(features, holds)
    return OverlapWeights(*(round(float(w), 2) for w in (model.intercept_[0], *model.coef_[0])))


def confidences(judged: Sequence[Judged], weights: OverlapWeights) -> NDArray[np.float64]:
    """Return each question's confidence: the probability of its best sentence."""
    scorer = OverlapScorer(weights)
    return np.array([max(scorer.score(one.retrieval, one.candidates)) for one in judged])


def auc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Return the chance that a positive scores over a negative; ties count half."""
    order = np.concatenate([scores[positive], scores[~positive]])
    ranks = np.searchsorted(np.sort(order), order, side="left") + np.searchsorted(
        np.sort(order), order, side="right"
    )
    n, m = int(positive.sum()), int((~positive).sum())
    return float((ranks[:n].sum() / 2 + n / 2 - n * (n + 1) / 2) / (n * m))


def report(name: str, judged: Sequence[Judged], weights: OverlapWeights, bar: float) -> None:
    """Print how often the best sentence holds the answer, and what the bar refuses."""
    scorer = OverlapScorer(weights)
    answerable = np.array([one.question.is_answerable for one in judged])
    firsts, thirds = [], []
    for one in judged:
        if one.question.is_answerable:
            order = np.argsort(
                -np.array(scorer.score(one.retrieval, one.candidates)), kind="stable"
            )
            firsts.append(one.holds[order[0]])
            thirds.append(one.holds[order[:3]].any())
    confidence = confidences(judged, weights)
    refused = confidence < bar
    print(f"\n{name}: {len(judged)} questions, {answerable.sum()} with an answer in the corpus")
    if answerable.any():
        print(f"  top sentence holds the answer {np.mean(firsts):.3f}, top 3 {np.mean(thirds):.3f}")
        print(f"  answerable refused            {refused[answerable].mean():.3f}")
    if not answerable.all():
        print(f"  unanswerable refused          {refused[~answerable].mean():.3f}")
    if answerable.any() and not answerable.all():
        own_bar = np.quantile(confidence[answerable], MAX_OVER_REFUSAL)
        at_ten = (confidence[~answerable] < own_bar).mean()
        print(f"  AUC {auc(confidence, answerable):.3f}, refused at 10% over-refusal {at_ten:.3f}")


def half_absent(
    texts: dict[str, str], questions: Sequence[PublicQuestion]
) -> tuple[dict[str, str], list[PublicQuestion]]:
    """Leave out every other paragraph; its questions have no answer in what remains."""
    kept = {name: text for i, (name, text) in enumerate(sorted(texts.items())) if i % 2 == 0}
    return kept, [
        one if one.document_id in kept else PublicQuestion(one.text, one.document_id, (), one.group)
        for one in questions
    ]


def main() -> None:
    """Read the arguments, fit, and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--nq", type=Path, required=True)
    parser.add_argument("--squad2", type=Path, required=True)
    parser.add_argument("--work", type=Path, help="keep the indexes here for the next time")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = given.work or Path(temporary)
        texts, questions = load_nq(given.nq)
        nq = list(judge_all(*half_absent(texts, questions), work / "nq"))
        squad_texts, squad_questions = load_squad(given.squad2)
        squad = list(judge_all(squad_texts, squad_questions, work / "squad2"))
        strangers = [PublicQuestion(one.text, "", (), one.group) for one in questions[:1000]]
        strange = list(judge_all(squad_texts, strangers, work / "squad2"))
    fitting = nq + [one for one in squad if int(one.question.group) % 2 == 0]
    held_out = [one for one in squad if int(one.question.group) % 2 == 1]
    weights = fit(fitting)
    answerable = np.array([one.question.is_answerable for one in fitting])
    bar = float(np.quantile(confidences(fitting, weights)[answerable], MAX_OVER_REFUSAL))
    print(f"weights {astuple(weights)} (shipped {astuple(FITTED)}), bar {bar:.3f}")
    report("fitted on: Natural Questions and 4 articles of squad2", fitting, weights, bar)
    report("held out: 4 other articles of squad2", held_out, weights, bar)
    report("off topic: Natural Questions asked of squad2", strange, weights, bar)


if __name__ == "__main__":
    main()
