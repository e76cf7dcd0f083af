"""Runs a suite: opens the corpus of each set, asks its questions and summarises.

The corpus of a public set is written and indexed once, in the cache folder, under the digest of its
texts. An interrupted run goes on where it was; of runs side by side only the indexing waits. The
caller passes in what reads public sets (`evals/datasets`). A suite is a TOML file, with paths
relative to it: which questions to ask of which documents, and the bars for the figures.
"""

import hashlib
import os
import random
import shutil
import time
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from assistant.errors import EvaluationError, IndexLocked, IndexMismatch
from assistant.evaluation.measures import MEASURES, RUN_MEASURES
from assistant.evaluation.report import Bar, Estimate, Record, Report, code_digest, describe, digest
from assistant.evaluation.run import Asked, Journal, ask_all, read_questions
from assistant.evaluation.statistics import summarise
from assistant.evaluation.values import Dataset, Question
from assistant.pipeline import Assistant
from assistant.settings import Settings

# --- Suites

MEASURE_NAMES = tuple(measure.name for measure in (*MEASURES, *RUN_MEASURES))
FILE_NAME = r"^[^/\\\x00]+$"
"""A suite's name is that of its report's files."""


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SetOfQuestions(_Form):
    """One part of a suite.

    Either `questions` (a file) over `corpus` (a folder), or a public `dataset` by name. Of more
    than `sample` questions a sample is drawn, the same for the same `seed`.
    """

    name: str = Field(min_length=1)
    questions: Path | None = None
    corpus: Path | None = None
    dataset: str | None = None
    sample: int | None = Field(None, ge=1)
    seed: int = 0
    at_least: dict[str, float] = {}
    at_most: dict[str, float] = {}

    @model_validator(mode="after")
    def _is_one_kind(self) -> Self:
        if (self.questions is None) == (self.dataset is None):
            raise ValueError("name either questions or a dataset")
        if self.dataset and self.corpus:
            raise ValueError("a dataset brings its own corpus")
        return self

    @field_validator("at_least", "at_most")
    @classmethod
    def _measures_exist(cls, bars: dict[str, float]) -> dict[str, float]:
        if unknown := set(bars) - set(MEASURE_NAMES):
            raise ValueError(f"no measure is named {sorted(unknown)}; {', '.join(MEASURE_NAMES)}")
        return bars

    def judge(self, figures: dict[str, Estimate]) -> tuple[Bar, ...]:
        """Return the bars of this set; one of a figure that is not there is not kept."""
        bars = [(name, bound, True) for name, bound in self.at_least.items()]
        bars += [(name, bound, False) for name, bound in self.at_most.items()]
        return tuple(
            Bar(self.name, name, bound, is_minimum, _keeps(figures.get(name), bound, is_minimum))
            for name, bound, is_minimum in bars
        )


class Suite(_Form):
    """Sets of questions, and the settings that they are asked with."""

    name: str = Field(pattern=FILE_NAME)
    sets: tuple[SetOfQuestions, ...] = Field(min_length=1, alias="set")
    settings: dict[str, Any] = {}

    @field_validator("sets")
    @classmethod
    def _names_differ(cls, sets: tuple[SetOfQuestions, ...]) -> tuple[SetOfQuestions, ...]:
        if len({one.name for one in sets}) < len(sets):
            raise ValueError("two sets have one name")
        return sets


def read_suite(path: Path) -> Suite:
    """Return the suite of a file, its paths made absolute.

    Raises:
        EvaluationError: the file cannot be read or is no suite.
    """
    try:
        suite = Suite.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise EvaluationError(f"the suite {str(path)!r} cannot be read: {error}") from error
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, fault["loc"])) or "the file"
        raise EvaluationError(f"{path}: {place}: {fault['msg']}") from error

    def placed(one: SetOfQuestions) -> SetOfQuestions:
        named = {"questions": one.questions, "corpus": one.corpus}
        folder = path.absolute().parent
        return one.model_copy(update={key: folder / at for key, at in named.items() if at})

    return suite.model_copy(update={"sets": tuple(map(placed, suite.sets))})


def _keeps(figure: Estimate | None, bound: float, is_minimum: bool) -> bool:
    if figure is None:
        return False
    return figure.value >= bound if is_minimum else figure.value <= bound


_PLACES = (
    "corpus_dir index_dir index_url store_url cache_dir host port users tokens allowed_hosts "
    "trusted_proxies root_path frame_origins n_asking n_waiting"
)
PRIVATE_SETTINGS: dict[str, Any] = {
    **dict.fromkeys(_PLACES.split(), True),
    "llm": {"base_url", "path", "api_key"},
}
"""Where things are on one machine says nothing of the figures."""
WAIT_S = 0.5

Show = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and of how much."""
LoadSet = Callable[[str], Dataset]
"""Reads a public set by its name.

Raises:
    FileNotFoundError: it is not at hand; a suite leaves it out.
    ValueError: there is no such set, or its file is malformed.
"""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A set that is ready to be asked: its questions, its folders, its corpus's digest."""

    asked: Asked
    settings: Settings
    n_questions: int
    is_cached: bool


def refuse_set(name: str) -> Dataset:
    """Say who asks public sets; what `run_suite` is given where nothing reads them."""
    raise EvaluationError(
        f"the public set {name!r} is asked by `python -m evals.suite`, in a source checkout"
    )


def run_suite(
    suite: Suite,
    settings: Settings,
    *,
    load_set: LoadSet = refuse_set,
    command: str = "",
    show: Show = lambda *_: None,
    say: Callable[[str], None] = lambda _: None,
) -> Report:
    """Ask every set of the suite that is there; `say` is told what is left out.

    The settings are those that the suite's own do not say, and the folders that sets without a
    corpus of their own are asked of. The command is what repeats the run.

    Raises:
        EvaluationError: no set of the suite is there, one is malformed, or nothing reads one.
        QuestionError: a file of questions is not one, or the corpus does not hold its gold.
    """
    started = time.perf_counter()
    settings = Settings.load(**{**settings.model_dump(), **suite.settings})
    sets: list[tuple[SetOfQuestions, Prepared]] = []
    for one in suite.sets:
        try:
            sets.append((one, _prepare(one, settings, load_set)))
        except FileNotFoundError as error:
            say(f"left out: {one.name}: {error}")
    if not sets:
        raise EvaluationError(
            f"no set of the suite {suite.name!r} is there; is it in the folder of --data FOLDER?"
        )
    records: list[Record] = []
    summary: dict[str, dict[str, Estimate]] = {}
    bars: list[Bar] = []
    about: dict[str, Any] = {}
    journals: list[Journal] = []
    for one, ready in sets:
        found, about[one.name], journal = _ask(ready, show)
        records += found
        journals.append(journal)
        summary[one.name] = summarise(found)
        bars += one.judge(summary[one.name])
    report = Report(
        name=suite.name,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=time.perf_counter() - started,
        command=command,
        about=describe(settings=_shown(settings), sets=about),
        summary=summary,
        bars=tuple(bars),
        records=tuple(records),
    )
    for journal in journals:
        journal.remove()
    return report


def draw(questions: tuple[Question, ...], n: int | None, seed: int) -> tuple[Question, ...]:
    """Return n of the questions in their order, always the same for a seed; all when n is None."""
    if n is None or n >= len(questions):
        return questions
    chosen = random.Random(seed).sample(range(len(questions)), n)
    return tuple(questions[place] for place in sorted(chosen))


def write_corpus(texts: dict[str, str], folder: Path, only: Iterable[str] | None = None) -> None:
    """Write each document, or those of `only`, as one file."""
    folder.mkdir(parents=True, exist_ok=True)
    for document_id in texts if only is None else only:
        (folder / document_id).write_text(texts[document_id], encoding="utf-8")


def _prepare(one: SetOfQuestions, settings: Settings, load_set: LoadSet) -> Prepared:
    if one.questions is not None:
        questions = read_questions(one.questions)
        asked = Asked(one.name, draw(questions, one.sample, one.seed))
        own = _cached_index(settings, one.corpus) if one.corpus else settings
        return Prepared(asked, own, len(questions), is_cached=one.corpus is not None)
    assert one.dataset is not None
    try:
        loaded = load_set(one.dataset)
    except ValueError as error:
        raise EvaluationError(f"the set {one.dataset!r} cannot be used: {error}") from error
    asked = Asked(one.name, draw(loaded.questions, one.sample, one.seed), loaded.is_ranking)
    corpus = _cached_corpus(settings, loaded)
    return Prepared(asked, corpus, len(loaded.questions), is_cached=True)


def _cached_index(settings: Settings, corpus: Path) -> Settings:
    """Return settings for a folder of documents whose index is kept in the cache folder."""
    place = hashlib.sha256(os.fsencode(corpus.resolve())).hexdigest()[:16]
    index = settings.cache_dir / "evals" / "indexes" / place / _making(settings)
    return settings.model_copy(update={"corpus_dir": corpus, "index_dir": index})


def _cached_corpus(settings: Settings, dataset: Dataset) -> Settings:
    """Write the documents of a public set once; return settings for them."""
    place = settings.cache_dir / "evals" / "datasets" / f"{dataset.name}-{digest(dataset.texts)}"
    corpus = place / "corpus"
    if not corpus.exists():
        aside = place / f"corpus.{os.getpid()}.tmp"
        write_corpus(dataset.texts, aside)
        try:
            aside.rename(corpus)
        except OSError:  # another run was faster
            shutil.rmtree(aside)
    index = place / _making(settings)
    return settings.model_copy(update={"corpus_dir": corpus, "index_dir": index})


def _making(settings: Settings) -> str:
    """Return a name for the index of these settings, so that two models do not take turns."""
    parts = {"model": settings.embedding_model, "tokens": str(settings.max_passage_tokens)}
    return f"index-{digest(parts)}"


def _ask(ready: Prepared, show: Show) -> tuple[tuple[Record, ...], dict[str, Any], Journal]:
    with Assistant.open(ready.settings) as assistant:
        _sync(assistant, ready, show)
        names = [record.document_id for record in assistant.documents() if record.n_passages]
        corpus = digest({name: assistant.document(name).sha256 for name in names})
        about = {
            "corpus": corpus,
            "documents": len(names),
            "questions": len(ready.asked.questions),
            "drawn_from": ready.n_questions,
            **assistant.fingerprints,
        }
        journal = Journal(_journal_path(ready, about))
        n = len(ready.asked.questions)
        records = ask_all(
            assistant,
            ready.asked,
            journal=journal,
            on_question=lambda done: show(f"asking {ready.asked.name}", done, n),
        )
    return records, about, journal


def _sync(assistant: Assistant, ready: Prepared, show: Show) -> None:
    """Bring the index in step, after whoever is at it now; make a cached one anew if need be."""
    name = ready.asked.name
    rebuild = False
    while True:
        try:
            assistant.sync(
                rebuild=rebuild,
                on_progress=lambda at: show(f"{at.stage} {name}", at.done, at.total),
            )
        except IndexLocked:
            show(f"waiting for another run to index {name}", 0, 0)
            time.sleep(WAIT_S)
        except IndexMismatch:
            if rebuild or not ready.is_cached:
                raise
            rebuild = True
        else:
            return


def _journal_path(ready: Prepared, about: dict[str, Any]) -> Path:
    parts = {
        "code": code_digest(),
        "about": repr(about),
        "settings": repr(_shown(ready.settings)),
        "questions": repr(ready.asked),
    }
    return ready.settings.cache_dir / "evals" / "runs" / f"{digest(parts)}.jsonl"


def _shown(settings: Settings) -> dict[str, Any]:
    return settings.model_dump(mode="json", exclude=PRIVATE_SETTINGS)
