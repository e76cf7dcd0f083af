"""Draws a report as one HTML page: for each dataset a table, three plots and the failures.

Questions, titles and quotes are untrusted. The page has no script and sends no request; its
template escapes everything, and no text of a document reaches a plot. A value that is absent or not
finite is shown as a dash; a character that a page cannot hold becomes U+FFFD.
"""

import base64
import io
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from statistics import fmean
from typing import TYPE_CHECKING

from jinja2 import Template

from assistant.evaluation.compare import HEADLINES
from assistant.evaluation.measures import MEASURES, RUN_MEASURES
from assistant.evaluation.measures.correctness import UNDECIDED
from assistant.evaluation.measures.of_runs import has_answer, is_decided
from assistant.evaluation.report import Bar, Estimate, Record, Report, Source
from assistant.evaluation.statistics import estimate_mean, interval_of_share
from assistant.evidence.calibration import Bin, reliability
from assistant.show.escape import templates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_SHOWN = 200
"""Failures of one kind shown for a dataset: more than anybody reads; the JSON has all of them."""
MAX_VALUE = 1e9
"""From here on a time or a measure is a mistake, like one that is not finite."""
MIN_EVIDENCE = 0.5
"""Evidence F1 under which a right answer rests on the wrong quotes."""
WRONGS = {
    "quote": (
        "Broken quote",
        "A citation points nowhere, or its quote is not in the document word for word.",
    ),
    "unanswerable": ("Answered, though unanswerable", "The documents do not answer the question."),
    "wrong": ("Wrong answer", "It answered, and nothing that it said holds an accepted answer."),
    "refused": (
        "Refused, though answerable",
        "The documents answer the question, and it abstained.",
    ),
    "evidence": (
        "Wrong or missing evidence",
        "The answer may be right, but it rests on other quotes than it should: evidence F1 is "
        f"under {MIN_EVIDENCE}.",
    ),
}
"""What can go wrong with a question, the most serious first, with its title and meaning."""
ABOUT = {
    one.name: one.about if one.is_higher_better else f"{one.about}; less is better"
    for one in (*MEASURES, *RUN_MEASURES)
}
INK, SOFT = "#0e5a70", "#8a9099"
METADATA = ("Creator", "Date", "Format", "Type")
"""What matplotlib would say of the making of an image."""
DASH = "–"

_UNHOLDABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A line of the table: a measure, its estimate if there is one, and the bar on it if any."""

    measure: str
    about: str
    estimate: Estimate | None
    bar: Bar | None = None


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot as the address of an SVG image, and the sentence that says what it shows."""

    title: str
    caption: str
    image: str


@dataclass(frozen=True, slots=True)
class Section:
    """What the page says of one dataset.

    Attributes:
        key: its name in links.
        n_ranked: questions that were only searched for.
        records: those that were to be answered.
        rows: its figures, then `trusted` by kind of question where there are several kinds.
        plots: none where matplotlib is not installed, or no record can be drawn.
        wrongs: every failure, by its name in `WRONGS`.
    """

    key: str
    name: str
    n_ranked: int
    records: tuple[Record, ...]
    rows: tuple[FigureRow, ...]
    plots: tuple[Plot, ...]
    wrongs: dict[str, tuple[Record, ...]]

    @property
    def n_wrong(self) -> int:
        """How many questions went wrong."""
        return sum(map(len, self.wrongs.values()))


def can_plot() -> bool:
    """Return whether matplotlib is installed."""
    try:
        return find_spec("matplotlib") is not None
    except ValueError:  # it was taken out of sys.modules
        return False


def render_report(report: Report) -> str:
    """Render a run as one page."""
    by_dataset: dict[str, list[Record]] = {name: [] for name in report.summary}
    for name in [bar.dataset for bar in report.bars]:
        by_dataset.setdefault(name, [])
    for record in report.records:
        by_dataset.setdefault(record.dataset, []).append(record)
    sections = [
        _section(report, f"set-{number}", name, records)
        for number, (name, records) in enumerate(by_dataset.items(), start=1)
    ]
    return _template().render(
        report=report, sections=sections, about=tuple(_flatten(report.about)), can_plot=can_plot()
    )


def wrong_of(record: Record) -> str | None:
    """Return the most serious of `WRONGS` that is so of a question; None if it went right."""
    if not has_answer(record):
        return None
    values = record.values
    whole = (values.get(name) for name in ("pointer_validity", "verbatim"))
    if any(value is not None and value < 1 for value in whole):
        return "quote"
    if record.kind in UNDECIDED:
        return None
    if record.abstained:
        return "refused" if record.is_answerable else None
    if not record.is_answerable:
        return "unanswerable"
    if values.get("contains_answer") == 0 or values.get("holds_wrong") == 1:
        return "wrong"
    evidence = values.get("evidence_f1")
    return "evidence" if evidence is not None and evidence < MIN_EVIDENCE else None


def trade_refusals(
    answerable: Sequence[float], unanswerable: Sequence[float]
) -> tuple[tuple[float, float], ...]:
    """Return the shares of either that each bar on confidence refuses, from none to all.

    >>> trade_refusals([0.4, 0.9], [0.1])
    ((0.0, 0.0), (0.0, 1.0), (0.5, 1.0), (1.0, 1.0))
    """
    ours, others = sorted(answerable), sorted(unanswerable)
    return (
        (0.0, 0.0),
        *(
            (bisect_right(ours, bar) / len(ours), bisect_right(others, bar) / len(others))
            for bar in sorted({*ours, *others})
        ),
    )


def _section(report: Report, key: str, name: str, found: Sequence[Record]) -> Section:
    records = tuple(one for one in found if has_answer(one))
    summary = report.summary.get(name, {})
    bars = {bar.measure: bar for bar in report.bars if bar.dataset == name}
    rows = [
        FigureRow(measure, ABOUT.get(measure, ""), summary.get(measure), bars.get(measure))
        for measure in dict.fromkeys((*summary, *bars))
    ]
    wrongs = [(wrong_of(record), record) for record in records]
    return Section(
        key=key,
        name=name,
        n_ranked=len(found) - len(records),
        records=records,
        rows=(*rows, *_rows_by_kind(records)),
        plots=tuple(_plots(rows, records)) if can_plot() else (),
        wrongs={
            name: tuple(record for wrong, record in wrongs if wrong == name) for name in WRONGS
        },
    )


def _rows_by_kind(records: Sequence[Record]) -> Iterator[FigureRow]:
    kinds = sorted({record.kind for record in records})
    for kind in kinds if len(kinds) > 1 else ():
        values = [_finite(one.values.get("trusted")) for one in records if one.kind == kind]
        if estimate := estimate_mean(values):
            yield FigureRow("trusted", f"of the kind {kind}" if kind else "of no kind", estimate)


def _plots(rows: Sequence[FigureRow], records: Sequence[Record]) -> Iterator[Plot]:
    """Yield what can be drawn of a dataset."""
    drawn = [row for row in rows if row.measure in HEADLINES and _is_share(row.estimate)]
    if drawn:
        yield Plot(
            "Headline figures",
            "The figures that a regression is judged by, with their 95% intervals; a black tick "
            "is the bar of the suite.",
            _draw(lambda axes: _plot_figures(axes, drawn)),
        )
    judged = [one for one in records if is_decided(one) and 0 <= one.confidence <= 1]
    if judged:
        bins = reliability([o.confidence for o in judged], [o.is_answerable for o in judged])
        yield Plot(
            "Reliability",
            "How many of the questions given a confidence the documents answer, with 95% "
            "intervals and the number of questions. On the dashed line the confidence is right; "
            "above it, too low.",
            _draw(lambda axes: _plot_reliability(axes, bins)),
        )
    ours = [one for one in judged if one.is_answerable]
    others = [one for one in judged if not one.is_answerable]
    if ours and others:
        curve = trade_refusals([o.confidence for o in ours], [o.confidence for o in others])
        at = fmean(one.abstained for one in ours), fmean(one.abstained for one in others)
        yield Plot(
            "Refusal trade-off",
            f"The curve is what each bar on confidence would refuse, the dot what was refused: "
            f"{at[0]:.1%} of the answerable, {at[1]:.1%} of the unanswerable. The dashed line is "
            "chance.",
            _draw(lambda axes: _plot_trade(axes, curve, at)),
        )


def _plot_figures(axes: "Axes", rows: Sequence[FigureRow]) -> None:
    for place, row in enumerate(reversed(rows)):
        if (one := row.estimate) is not None:
            axes.plot((one.low, one.high), (place, place), color=SOFT, linewidth=4)
            axes.plot(one.value, place, "o", color=INK)
        if row.bar and 0 <= row.bar.bound <= 1:
            axes.plot(row.bar.bound, place, "|", color="black", markersize=14)
    axes.set_yticks(range(len(rows)), [row.measure for row in reversed(rows)])
    axes.set_xlim(-0.02, 1.02)


def _plot_reliability(axes: "Axes", bins: Sequence[Bin]) -> None:
    axes.axline((0, 0), (1, 1), color=SOFT, linestyle="dotted")
    for one in bins:
        axes.plot((one.mean, one.mean), interval_of_share(one.share, one.n), color=INK)
        axes.plot(one.mean, one.share, "o", color=INK)
        axes.annotate(f"{one.n:,}", (one.mean, one.share), (4, 4), textcoords="offset points")
    _limit(axes, "confidence", "share that is answerable")


def _plot_trade(
    axes: "Axes", curve: Sequence[tuple[float, float]], at: tuple[float, float]
) -> None:
    axes.axline((0, 0), (1, 1), color=SOFT, linestyle="dotted")
    axes.plot(*zip(*curve, strict=True), color=INK)
    axes.plot(*at, "o", color="black")
    _limit(axes, "answerable refused", "unanswerable refused")


def _limit(axes: "Axes", below: str, beside: str) -> None:
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel=below, ylabel=beside)


def _draw(plot: Callable[["Axes"], None]) -> str:
    """Return a plot as a data: address; the same plot is the same bytes."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    file = io.BytesIO()
    with rc_context(
        {"svg.hashsalt": "report", "axes.spines.top": False, "axes.spines.right": False}
    ):
        figure = Figure(figsize=(4.6, 3.6), layout="constrained")
        plot(figure.subplots())
        figure.savefig(file, format="svg", metadata=dict.fromkeys(METADATA))
    return f"data:image/svg+xml;base64,{base64.b64encode(file.getvalue()).decode()}"


def _is_share(one: Estimate | None) -> bool:
    return one is not None and all(0 <= value <= 1 for value in (one.value, one.low, one.high))


def _flatten(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Yield every value of nested settings after the names that lead to it."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flatten(inner, (*path, str(name)))
    elif isinstance(value, list | tuple) and value:
        yield ".".join(path), ", ".join(str(inner) for inner in value)
    elif path:
        yield ".".join(path), DASH if value in (None, "", {}, [], ()) else str(value)


def _finite(value: float | None) -> float | None:
    return value if value is not None and abs(value) < MAX_VALUE else None


def _is_among(source: Source, others: Sequence[Source]) -> bool:
    """Return whether a quote shares characters with one of the others."""
    return any(
        one.document_id == source.document_id and one.start < source.end and source.start < one.end
        for one in others
    )


def _figure(value: float | None) -> str:
    found = _finite(value)
    return DASH if found is None else f"{found:.3f}" if abs(found) < 10 else f"{found:,.4g}"


def _duration(seconds: float) -> str:
    found = _finite(seconds)
    if found is None or found < 0:
        return DASH
    if found < 60:
        return f"{found:.3g} s" if found >= 0.9995 else f"{found * 1000:.3g} ms"
    minutes, rest = divmod(round(found), 60)
    return f"{minutes // 60:,} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"


def _moment(made: str) -> str:
    """Return a time of ISO 8601 as a person writes it; anything else as it is."""
    try:
        when = datetime.fromisoformat(made)
    except ValueError:
        return made
    return f"{when.day} {when:%B %Y, %H:%M} {when.tzname() or ''}".rstrip()


def _clean(value: object) -> object:
    """Return what a page can hold: the last step before the template escapes it."""
    if isinstance(value, str):
        return type(value)(_UNHOLDABLE.sub("\ufffd", value))
    return DASH if value is None else value


@cache
def _template() -> Template:
    environment = templates("evaluation").overlay(finalize=_clean)
    environment.filters |= {"figure": _figure, "duration": _duration, "moment": _moment}
    environment.filters |= {"count": "{:,.0f}".format, "percent": "{:.1%}".format}
    environment.tests["among"] = _is_among
    environment.globals |= {"MAX_SHOWN": MAX_SHOWN, "WRONGS": WRONGS}
    return environment.get_template("report.html.j2")
