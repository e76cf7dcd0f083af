"""Measure follow-ups: what a conversation is worth to the question at its end.

    python -m evals.followups --data FOLDER [--work FOLDER]

The folder holds mtrag, squad2 and nq (`evals/README.md`). Questions are asked by themselves, with
their conversation; intervals are 95% bootstraps, of a difference by pairs.
"""

import argparse
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from assistant import Settings
from assistant.evaluation.statistics import bootstrap, bootstrap_of
from assistant.evidence.scorer import load_weights
from evals.datasets import Dataset, Question, load_set
from evals.evidence.collect import fold_of
from evals.evidence.report import auc
from evals.followups.ask import (
    CUTS,
    Asked,
    Manner,
    ask_all,
    last_turn,
    open_set,
    with_history,
)
from evals.followups.conversations import change_subject, leave_subject, say_it
from evals.followups.rewrites import compare, load_rewrites, made_to_stand

MANNERS: dict[str, Manner] = {
    "the last turn": last_turn,
    "as shipped": with_history,
}
FIFTH = CUTS.index(5)
BAR = load_weights().calibration.bar(Settings.load().max_over_refusal)


def report_mtrag(public: Dataset, work: Path) -> None:
    """Print recall, refusals and seconds of every manner, and what shipping gains."""
    with open_set(public, work) as assistant:
        ask_all(assistant, public.questions[:3], last_turn)  # loads the model
        asked = {}
        for name, manner in MANNERS.items():
            asked[name] = ask_all(assistant, public.questions, manner)
            _report_manner(name, asked[name])
        again = ask_all(
            assistant,
            public.questions,
            partial(_again, {one.question.query_id: one.query for one in asked["as shipped"]}),
        )
    _gain(asked["the last turn"], asked["as shipped"])
    print("\nthe query shown, asked without the conversation")
    _print(
        "the same best sentence",
        [a.best == b.best for a, b in zip(asked["as shipped"], again, strict=True)],
    )
    _print(
        "refused alike",
        [_is_refused(a) == _is_refused(b) for a, b in zip(asked["as shipped"], again, strict=True)],
    )


def report_squad2(squad2: Dataset, nq: Dataset, work: Path) -> None:
    """Print follow-ups that say "it", new subjects, and questions off topic."""
    follow_ups, whole = say_it(squad2)
    with open_set(squad2, work) as assistant:
        for public in (follow_ups, change_subject(squad2), leave_subject(squad2, nq)):
            print()
            manners: dict[str, Manner] = {**MANNERS}
            if public is follow_ups:
                manners["with its name"] = partial(_again, whole)
            for name, manner in manners.items():
                asked = ask_all(assistant, public.questions, manner)
                print(f"{public.name}, {name}")
                if public.questions[0].is_answerable:
                    _print("best sentence answers", [_holds(one) for one in asked])
                _print("refused", [_is_refused(one) for one in asked])


def report_rewrites(public: Dataset, folder: Path, work: Path) -> None:
    """Print how near the queries come to those that people wrote."""
    rewrites = load_rewrites(folder)
    n_leaning = sum(bool(one.recovered) for one in rewrites)
    added = sum(len(one.added) for one in rewrites)
    inside = sum(len(one.recovered) for one in rewrites)
    print(
        f"\nrewrites: {len(rewrites)} turns with questions before them; of {added} terms that "
        f"people added {inside} stand in those, in {n_leaning} turns"
    )
    with open_set(public, work) as assistant:
        for name, query_of in (
            ("the last turn", lambda one: one.last),
            ("made to stand", made_to_stand),
            ("as shipped", lambda one: assistant.ask(one.last, one.history).query),
        ):
            figures = compare(assistant, rewrites, query_of)
            print(f"  {name:16}", ", ".join(f"{key} {value:.3f}" for key, value in figures.items()))


def main() -> None:
    """Read the arguments and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder of the public sets")
    parser.add_argument("--work", type=Path, help="keep the indexes for the next time")
    given = parser.parse_args()
    mtrag = load_set("mtrag", given.data)
    with tempfile.TemporaryDirectory() as temporary:
        work = given.work or Path(temporary)
        report_mtrag(mtrag, work / "mtrag")
        squad2, nq = load_set("squad2", given.data), load_set("nq", given.data)
        report_squad2(squad2, nq, work / "squad2")
        report_rewrites(mtrag, given.data / "mtrag" / "retrieval_queries", work / "mtrag")


def _report_manner(name: str, asked: Sequence[Asked]) -> None:
    found = [one.recall for one in asked if _is_answered(one) and one.recall]
    recalls = np.array(found)
    print(f"\n{name}: recall@{'/'.join(map(str, CUTS))} {recalls.mean(axis=0).round(3)}")
    _print("recall@5", recalls[:, FIFTH].tolist())
    for half in (0, 1):
        kept = [
            one.recall[FIFTH]
            for one in asked
            if _is_answered(one) and one.recall and _half(one) == half
        ]
        _print(f"recall@5, half {half} of the conversations", kept)
    _refusals(asked)
    seconds = np.percentile([one.seconds for one in asked if one.question.history], [50, 95])
    print(f"  seconds p50 {seconds[0]:.3f} p95 {seconds[1]:.3f}")


def _again(query_of: dict[str, str], question: Question) -> tuple[str, tuple[()]]:
    return query_of[question.query_id], ()


def _gain(before: Sequence[Asked], after: Sequence[Asked]) -> None:
    pairs = [
        (a.recall[FIFTH], b.recall[FIFTH])
        for a, b in zip(before, after, strict=True)
        if _is_answered(a) and a.recall and b.recall
    ]
    ratio = _ratio(pairs)
    low, high = bootstrap_of(pairs, _ratio)
    print(
        f"\nrecall@5 as shipped / last turn: {ratio:.3f} ({low:.3f} to {high:.3f}, n {len(pairs)})"
    )
    _print("difference", [b - a for a, b in pairs])


def _ratio(pairs: Sequence[tuple[float, float]]) -> float:
    return sum(after for _, after in pairs) / sum(before for before, _ in pairs)


def _refusals(asked: Sequence[Asked]) -> None:
    clear = [one for one in asked if one.question.kind in ("answerable", "unanswerable")]
    rows = [(one.confidence, one.question.is_answerable) for one in clear]

    def area(some: Sequence[tuple[float, bool]]) -> float:
        return auc(np.array(some, dtype=np.float64))

    low, high = bootstrap_of(rows, area)
    print(f"  {'AUC':44} {area(rows):.3f} ({low:.3f} to {high:.3f}, n {len(rows)})")
    _print("answerable refused", [_is_refused(o) for o in clear if o.question.is_answerable])
    _print("refusal precision", [not o.question.is_answerable for o in clear if _is_refused(o)])
    _print("refusal recall", [_is_refused(o) for o in clear if not o.question.is_answerable])


def _is_answered(one: Asked) -> bool:
    """Whether it ends a conversation, and documents answer it at least in part."""
    kinds = ("answerable", "partial")
    return bool(one.question.history and one.recall) and one.question.kind in kinds


def _is_refused(one: Asked) -> bool:
    return one.confidence < BAR


def _half(one: Asked) -> int:
    return fold_of("mtrag", one.question.group) % 2


def _holds(one: Asked) -> bool:
    """Whether the best sentence is of a document that answers and holds an accepted answer."""
    text = " ".join(one.best.split())
    return one.document in one.question.documents and any(
        " ".join(answer.split()) in text for answer in one.question.answers
    )


def _print(name: str, values: Sequence[float]) -> None:
    """Print the mean with its interval and n, at once: the whole takes a while."""
    if len(values):
        low, high = bootstrap([float(value) for value in values])
        print(
            f"  {name:44} {np.mean(values):.3f} ({low:.3f} to {high:.3f}, n {len(values)})",
            flush=True,
        )


if __name__ == "__main__":
    main()
