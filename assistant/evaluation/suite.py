"""Reads a suite (TOML): which questions to ask of which documents, and the bars for the figures.

Paths are relative to the file. A set names either questions or a public dataset.
"""

import tomllib
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from assistant.errors import EvaluationError
from assistant.evaluation.measures import MEASURES, RUN_MEASURES
from assistant.evaluation.report import Bar, Estimate

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
