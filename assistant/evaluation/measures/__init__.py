"""All measures of `assistant eval`, in the order in which they are read.

A measure takes the outcome of a question, or the records of a run, and returns a figure. None means
that it says nothing of the question, which is then excluded and counted, never taken for 0. Each
module names the source of its measures. `example`, of which their worked examples are made, gives
an outcome over two documents (`tests/evaluation/examples.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from assistant.evaluation.measures.citations import (
    citation_coverage,
    document_f1,
    document_precision,
    document_recall,
    evidence_f1,
    evidence_precision,
    evidence_recall,
    pointer_validity,
    verbatim,
)
from assistant.evaluation.measures.correctness import (
    contains_answer,
    exact_match,
    holds_wrong,
    over_refusal,
    refusal_precision,
    refusal_recall,
    token_f1,
    trusted,
)
from assistant.evaluation.measures.of_runs import (
    answerable_auc,
    expected_calibration_error,
    has_answer,
    is_decided,
    percentile,
    refused_at,
)
from assistant.evaluation.measures.ranking import (
    all_gold_at_10,
    evidence_recall_at,
    ndcg_at_10,
    recall_at,
    reciprocal_rank,
)
from assistant.evaluation.report import Record
from assistant.evaluation.values import Outcome


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of one question, whose mean is the figure of a run; `about` is for people."""

    name: str
    about: str
    of: Callable[[Outcome], float | None]
    is_higher_better: bool = True


@dataclass(frozen=True, slots=True)
class RunMeasure:
    """A figure of a whole run, not a mean: of those of its records that it speaks of."""

    name: str
    about: str
    speaks_of: Callable[[Record], bool]
    of: Callable[[Sequence[Record]], float | None]
    is_higher_better: bool = True


MEASURES = (
    Measure("trusted", "right and cited rightly, or refused rightly: the summary", trusted),
    Measure("contains_answer", "the answer holds an accepted string", contains_answer),
    Measure("holds_wrong", "the answer holds a string that is wrong", holds_wrong, False),
    Measure("exact_match", "the answer is an accepted string and no more", exact_match),
    Measure("token_f1", "words shared with the nearest accepted string", token_f1),
    Measure("evidence_precision", "cited characters that are gold", evidence_precision),
    Measure("evidence_recall", "gold characters that are cited", evidence_recall),
    Measure("evidence_f1", "both of these in one figure", evidence_f1),
    Measure("document_precision", "cited documents that hold the answer", document_precision),
    Measure("document_recall", "documents with the answer that are cited", document_recall),
    Measure("document_f1", "both of these in one figure", document_f1),
    Measure("citation_coverage", "statements with a citation", citation_coverage),
    Measure("pointer_validity", "citations to a place that exists", pointer_validity),
    Measure("verbatim", "citations whose quote stands at that place", verbatim),
    Measure("refusal_precision", "refused questions without an answer", refusal_precision),
    Measure("refusal_recall", "questions without an answer that are refused", refusal_recall),
    Measure("over_refusal", "questions with an answer that are refused", over_refusal, False),
    Measure("recall@1", "documents with the answer that are ranked first", recall_at(1)),
    Measure("recall@5", "documents with the answer in the first 5", recall_at(5)),
    Measure("recall@10", "documents with the answer in the first 10", recall_at(10)),
    Measure("ndcg@10", "order of the first 10 documents against the best", ndcg_at_10),
    Measure("mrr@10", "1 / rank of the first document with the answer", reciprocal_rank),
    Measure("all_gold@10", "every document with the answer in the first 10", all_gold_at_10),
    Measure("evidence_recall@5", "gold quotes met by the first 5 passages", evidence_recall_at(5)),
    Measure("evidence_recall@8", "gold quotes met by the first 8 passages", evidence_recall_at(8)),
)

RUN_MEASURES = (
    RunMeasure(
        "answerable_auc",
        "confidence tells answerable from unanswerable",
        is_decided,
        answerable_auc,
    ),
    RunMeasure(
        "refused@10%",
        "unanswerable refused when 1 in 10 answerable is",
        is_decided,
        refused_at(0.1),
    ),
    RunMeasure(
        "expected_calibration_error",
        "distance of the confidence from the truth",
        is_decided,
        expected_calibration_error,
        False,
    ),
    RunMeasure(
        "seconds_p50",
        "seconds for half of the answers",
        has_answer,
        partial(percentile, q=50),
        False,
    ),
    RunMeasure(
        "seconds_p95",
        "seconds for 95% of the answers",
        has_answer,
        partial(percentile, q=95),
        False,
    ),
)
