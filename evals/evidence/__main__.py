"""Fit the evidence scorer and print its held-out figures.

    python -m evals.evidence --data FOLDER [--work FOLDER] [--write] [--smoke]

Every figure is of questions held out by article, conversation or question: four folds, each
judged by weights fitted on the other three. `--write` then fits on all of them and writes the
weights that ship: those of the model of the settings, `reader-weights.json` if it reads. To such a
model only questions are put whose passages have not trained it. The folder holds the public sets
(`evals/README.md`); sets that are not there are left out and named.
"""

import argparse
import datetime
import hashlib
import json
import pickle
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import assistant.evidence.scorer
from assistant import Settings
from assistant.evidence.calibration import Logistic
from assistant.evidence.scorer import READER_WEIGHTS_FILE, WEIGHTS_FILE, load_weights, to_json
from assistant.models.embed import Embedder, open_embedder, open_reader
from evals.datasets import CLAIM_SETS, Claim, Dataset, load_claims, load_set
from evals.evidence.collect import (
    EVERYDAY,
    STRANGERS,
    TYPED,
    Judged,
    ask_elsewhere,
    half_absent,
    judge,
    judge_everyday,
    judge_typed,
    only,
)
from evals.evidence.fit import cross_validate, fit
from evals.evidence.report import OVER_REFUSAL, calibration_lines, report
from evals.evidence.support import (
    HELD_PAIRS,
    JudgedClaim,
    claims_that_fit,
    fit_support,
    judge_claims,
    load_held_pairs,
    report_support,
)
from evals.reader.rows import fits_judge
from evals.reader.typed import ACROSS

OFF_TOPIC = 1000
"""Questions of Natural Questions asked of the articles of squad2."""
SMOKE = 40
"""Questions of each set in a smoke run."""
SMOKE_FOLDERS = 3
WEIGHTS = Path(assistant.evidence.scorer.__file__).parent


def load(folder: Path, *, has_trained: bool = False) -> Iterator[Dataset]:
    """Yield the sets as they are asked, without what two of them share.

    And, where the sets have trained a reader, without what it knows.
    """
    found = {}
    for name in ("squad2", "nq", "clapnq", "mtrag", "covidqa", "hotpotqa", "quotesum"):
        try:
            found[name] = load_set(name, folder)
        except FileNotFoundError as error:
            print(f"left out: {error}", file=sys.stderr)
    for name in found if has_trained else ():
        if (asked := fits_judge(name, folder)) is not None:
            found[name] = only(found[name], asked)
    if "clapnq" in found and "mtrag" in found:
        other = {_fold(q.text) for q in found["mtrag"].questions}
        other |= {_fold(said) for q in found["mtrag"].questions for _, said in q.history}
        own = tuple(q for q in found["clapnq"].questions if _fold(q.text) not in other)
        found["clapnq"] = replace(found["clapnq"], questions=own)
    if "nq" in found and "squad2" in found:
        strangers = found["nq"].questions[:OFF_TOPIC]
        found["off-topic"] = ask_elsewhere("off-topic", strangers, found["squad2"])
    if "nq" in found:
        found["nq"] = half_absent(found["nq"])
    yield from found.values()


def collect(folder: Path, work: Path, embedder: Embedder, *, smoke: bool) -> list[Judged]:
    """Judge every question of every set, or of a few; keep what was judged in `work`."""
    judged: list[Judged] = []
    made_by = f"{_digest_sources()}-{embedder.fingerprint[:8]}"
    sets = load(folder, has_trained=open_reader(embedder) is not None)
    asked = {one.name: partial(judge, _take(one) if smoke else one) for one in sets}
    asked[EVERYDAY] = partial(judge_everyday, SMOKE_FOLDERS if smoke else None)
    for source in (TYPED, ACROSS, STRANGERS) if open_reader(embedder) else (TYPED,):
        asked[source] = partial(judge_typed, SMOKE_FOLDERS if smoke else None, source=source)
    for name, answer in asked.items():
        kept = work / name / f"judged-{made_by}{'-smoke' * smoke}.pickle"
        if not kept.exists():
            print(f"judging {name}", file=sys.stderr)
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(pickle.dumps(list(answer(kept.parent, embedder))))
        judged += pickle.loads(kept.read_bytes())  # written by this command alone
    return judged


def collect_claims(
    folder: Path, embedder: Embedder, *, smoke: bool
) -> dict[str, list[JudgedClaim]]:
    """Judge the claims of each set that is there."""
    reader = open_reader(embedder)

    def some(claims: Sequence[Claim]) -> Sequence[Claim]:
        return claims[:: len(claims) // SMOKE or 1] if smoke else claims

    found: dict[str, list[JudgedClaim]] = {}
    for name in CLAIM_SETS:
        try:
            claims = load_claims(name, folder)
        except FileNotFoundError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        print(f"judging {name}: {len(claims):,} claims", file=sys.stderr)
        found[name] = judge_claims(some(claims), embedder, reader)
    if reader and reader.knows_support and (folder / "reading" / "nli").is_dir():
        found[HELD_PAIRS] = judge_claims(some(load_held_pairs(folder)), embedder, reader)
    return found


def main() -> None:
    """Read the arguments, collect, cross-validate, report and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder of the public sets")
    parser.add_argument("--work", type=Path, help="keep indexes and judgements for the next time")
    parser.add_argument("--write", action="store_true", help="write the weights that ship")
    parser.add_argument("--smoke", action="store_true", help="a few questions of each set")
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    settings = Settings.load()
    embedder = open_embedder(settings.embedding_model, settings.cache_dir)
    reader = open_reader(embedder)
    with tempfile.TemporaryDirectory() as temporary:
        judged = collect(given.data, given.work or Path(temporary), embedder, smoke=given.smoke)
        claims = collect_claims(given.data, embedder, smoke=given.smoke)
    sha256 = reader.sha256 if reader else ""
    held = cross_validate(judged, OVER_REFUSAL, sha256)
    figures = report(held, settings) + report_support(claims)
    print("\n".join(map(str, figures)))
    print("\n".join(calibration_lines(held)))
    if given.write:
        sources = dict.fromkeys(one.source for one in judged)
        fitted = {
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "command": "python -m evals.evidence --data FOLDER --write",
            "questions": {name: sum(one.source == name for one in judged) for name in sources},
            "held_out": {
                f.name: [round(f.value, 3), round(f.low, 3), round(f.high, 3), f.n] for f in figures
            },
        }
        own = claims_that_fit(claims)
        support = (
            fit_support(own.values()) if own else _keep_support(with_reader=reader is not None)
        )
        weights = fit(judged, support, sha256)
        text = json.dumps({"fitted": fitted, **to_json(weights)}, indent=1)
        out = given.out or WEIGHTS / (READER_WEIGHTS_FILE if reader else WEIGHTS_FILE)
        out.write_text(text + "\n", encoding="utf-8")
        print(f"wrote {out}", file=sys.stderr)


def _take(public: Dataset) -> Dataset:
    """Return a small part of a set, both kinds of its questions in it."""
    step = max(1, len(public.questions) // SMOKE)
    questions = public.questions[::step]
    documents = sorted({name for q in questions for name in q.documents})
    texts = {name: public.texts[name] for name in documents or sorted(public.texts)[:SMOKE]}
    return Dataset(public.name, texts, questions)


def _digest_sources() -> str:
    """Return what tells this code from other code, whose judgements would be different."""
    root = Path(assistant.__file__).parent
    sources = sorted(
        [*root.rglob("*.py"), *root.rglob("*.txt"), *Path(__file__).parent.glob("*.py")]
    )
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]


def _fold(text: str) -> str:
    return " ".join(text.casefold().split()).strip("?!. ")


def _keep_support(*, with_reader: bool) -> Logistic:
    """Return the weights of support that ship, where there is nothing to fit others to."""
    kept = load_weights().support
    return Logistic(kept.bias, (*kept.weights, *[0.0] * with_reader))


if __name__ == "__main__":
    main()
