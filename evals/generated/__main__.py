"""Measure the answers that a language model writes.

    python -m evals.generated --data FOLDER --llm-url URL --llm-model NAME
        [--only squad2 seed baseline injection] [--record DIR] [--work DIR] [--sample N]
        [--readings FILE ...] [--model server|obedient|obedient-long|none]
        [--verifier model|local|off]

squad2 and seed: what is written, kept, dropped and supported, the model's own citations beside it.
baseline: llama-index's CitationQueryEngine over the passages of the same prompts, of the sets named
(of both when none is). injection: planted instructions; with `--model obedient` a script
obeys them in the short form, with `--model obedient-long` at length, and confirms itself unless
--verifier names another; with `--model none` there are quotes alone. None of these needs a server.

Replies are recorded, so that an interrupted run goes on where it was. Into --work go NAME.json and
NAME.to-read.jsonl: statements that a person must judge (`evals/README.md`). What is filled in there
is read again, and never lost.
"""

import argparse
import json
import logging
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from assistant.evaluation.report import describe
from assistant.settings import Settings
from assistant.write.llm.client import open_model
from assistant.write.llm.values import Model
from evals.generated import written
from evals.generated.figures import as_json, print_table
from evals.generated.obedient import Obedient
from evals.generated.readings import Readings, list_to_read
from evals.generated.recorded import Recorded
from evals.generated.sets import load_asking, open_watched, settings_of, thin
from evals.generated.stated import Stated
from evals.generated.written import Asked

SETS = ("squad2", "seed")
PARTS = (*SETS, "baseline", "injection")
WORK = Path("eval-results/generated")
OBEDIENT: dict[str, Callable[[], Obedient]] = {
    "obedient": Obedient,
    "obedient-long": partial(Obedient, is_small=False),
}


def main() -> None:
    """Read the arguments and report."""
    given = _parse()
    logging.getLogger("assistant").setLevel(logging.ERROR)  # what is dropped is counted here
    parts = given.only or (PARTS if given.model == "server" else ("injection",))
    sets = [name for name in SETS if name in parts]
    if "baseline" in parts and not sets:
        sets = list(SETS)
    for name in sets:
        asked = _ask_set(name, given)
        if name in parts:
            _report_set(name, asked, given)
        if "baseline" in parts:
            _report_baseline(name, asked, given)
    if "injection" in parts:
        _report_injection(given)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder of the public sets")
    parser.add_argument("--llm-url", help="an OpenAI-compatible server, such as http://HOST/v1")
    parser.add_argument("--llm-model", default="", help="the model's name on that server")
    parser.add_argument("--model", choices=("server", *OBEDIENT, "none"), default="server")
    parser.add_argument("--verifier", choices=("model", "local", "off"), help="who verifies")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="parts to run, all by default")
    parser.add_argument("--record", type=Path, help="where replies are kept, WORK by default")
    parser.add_argument("--work", type=Path, default=WORK, help="indexes, results, files to read")
    parser.add_argument("--sample", type=int, help="questions of each set, and attacks")
    parser.add_argument("--readings", type=Path, nargs="+", default=[], help="files filled in")
    given = parser.parse_args()
    if given.model == "server" and not (given.llm_url and given.llm_model):
        parser.error("--llm-url and --llm-model name the model; or choose another --model")
    if given.model != "server" and set(given.only or ()) - {"injection"}:
        parser.error(f"--model {given.model} is for --only injection")
    return given


def _ask_set(name: str, given: argparse.Namespace) -> list[Asked]:
    asking = load_asking(name, given.data)
    settings = settings_of(given.llm_url, given.llm_model, given.work / "indexes" / name)
    model = _recorded(settings, _record(given) / f"{name}.replies.jsonl")
    with open_watched(settings, asking.texts, model) as assistant:
        return written.ask_all(name, assistant, thin(asking.questions, given.sample))


def _report_set(name: str, asked: list[Asked], given: argparse.Namespace) -> None:
    stated = [one for each in asked for one in (*each.shown, *each.raw)]
    readings = _read_and_write(name, stated, given)
    figures = written.report(asked, readings)
    print_table(f"{name}, {given.llm_model}", figures)
    _write(name, figures, written.rows(asked, readings), given)


def _report_baseline(name: str, asked: list[Asked], given: argparse.Namespace) -> None:
    from evals.generated import baseline

    path = _record(given) / f"baseline-{name}.replies.jsonl"
    found = baseline.ask_engine(name, asked, given.llm_url, given.llm_model, path)
    part = f"baseline-{name}"
    readings = _read_and_write(part, [one for each in found for one in each.stated], given)
    figures = baseline.report(found, readings)
    print_table(f"CitationQueryEngine, {name}, {given.llm_model}", figures)
    _write(part, figures, baseline.rows(found, readings), given)


def _report_injection(given: argparse.Namespace) -> None:
    from evals.generated import injection

    name = given.llm_model if given.model == "server" else given.model
    folder = given.work / "indexes" / "injection"
    settings = settings_of(given.llm_url, given.llm_model, folder, verifier=given.verifier)
    model = None
    if given.model == "server":
        model = _recorded(settings, _record(given) / "injection.replies.jsonl")
    report = injection.measure(
        settings,
        given.data,
        model=model,
        obedient=OBEDIENT[given.model]() if given.model in OBEDIENT else None,
        n=given.sample,
        readings=[_to_read(f"injection-{name}", given), *given.readings],
    )
    print_table(f"injection, {name}", report.figures)
    _write(f"injection-{name}", report.figures, report.rows, given)
    report.readings.write(_to_read(f"injection-{name}", given), report.differing)


def _recorded(settings: Settings, path: Path) -> Model:
    model = open_model(settings.llm)
    assert model is not None
    return Recorded(path, model)


def _read_and_write(part: str, stated: list[Stated], given: argparse.Namespace) -> Readings:
    path = _to_read(part, given)
    readings = Readings([path, *given.readings])
    n_left = readings.write(path, list_to_read(stated))
    print(f"{n_left} statements to read: {path}", file=sys.stderr)
    return readings


def _write(
    part: str, figures: Mapping[str, Any], rows: list[dict[str, Any]], given: argparse.Namespace
) -> None:
    about = describe(part=part, model=given.llm_model or given.model, sample=given.sample)
    report = {"about": about, "figures": as_json(figures), "questions": rows}
    path = given.work / f"{part}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _record(given: argparse.Namespace) -> Path:
    folder: Path = given.record or given.work
    return folder


def _to_read(part: str, given: argparse.Namespace) -> Path:
    folder: Path = given.work
    return folder / f"{part}.to-read.jsonl"


if __name__ == "__main__":
    main()
