"""A report of an eval run -> one HTML page that holds all it shows.

Comes in: the report, whose questions, titles and quotes are untrusted. Goes out: a page without
script that asks nothing of any server; its template escapes whatever it is given. Refuses nothing:
a value that is absent or not finite is a dash, what no page can hold becomes U+FFFD.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from statistics import fmean

from jinja2 import Template
from markupsafe import Markup

from assistant.evaluation import charts
from assistant.evaluation.failures import WRONGS, wrong_of
from assistant.evaluation.measures import MEASURES, RUN_MEASURES
from assistant.evaluation.measures.calibration import answerable_auc, has_answer
from assistant.evaluation.measures.latency import percentile
from assistant.evaluation.measures.refusal import UNDECIDED
from assistant.evaluation.report import Bar, Estimate, Record, Report, Source
from assistant.evidence.calibration import calibration_error, reliability
from assistant.show.escape import templates

MAX_SHOWN = 200
"""Failures of one group of one dataset: more than anybody reads; the JSON has all of them."""
MAX_VALUE = 1e9
"""From here on a time or a measure is a mistake, like one that is not finite."""
OVER_REFUSALS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
"""Where the table beside the trade-off curve reads it."""
DASH = "–"

KIND_VALUES = ("trusted", "contains_answer", "evidence_f1")
"""Measures whose means are given for each kind of question."""
TOPICS = (
    ("Correctness", None),
    ("Refusal", re.compile(r"refus|abstain|answerable|calibration")),
    ("Citation", re.compile(r"(evidence|document)_\w+$|citation|pointer|verbatim")),
    ("Retrieval", re.compile(r"@\d+$")),
    ("Speed", re.compile(r"seconds")),
)
"""What a measure is about, by its name, in the order shown; the first, unless it says otherwise."""
ABOUT = {
    one.name: one.about if one.is_higher_better else f"{one.about}; less is better"
    for one in (*MEASURES, *RUN_MEASURES)
}

_UNHOLDABLE = re.compile("[\0\ud800-\udfff]")
Kind = tuple[str, tuple[Record, ...], tuple[float | None, ...]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of a summary: a measure, its estimate and the drawing of its interval."""

    measure: str
    estimate: Estimate
    drawing: Markup


Topics = tuple[tuple[str, tuple[Figure, ...]], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing, the figures that its caption tells, and the rows of its table."""

    drawing: Markup
    figures: dict[str, float]
    rows: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """All that the page says of one dataset; `key` is its name in links.

    `n_ranked` questions were only searched for; `records` are those that were to be answered,
    `kinds` are (kind, its records, means of `KIND_VALUES`), `overall` the same of all kinds;
    `wrongs` has every failure by its place in `WRONGS`.
    """

    key: str
    name: str
    n_ranked: int
    records: tuple[Record, ...]
    topics: Topics
    trade: Chart | None
    calibration: Chart | None
    latency: Chart | None
    kinds: tuple[Kind, ...]
    overall: Kind
    wrongs: dict[str, tuple[Record, ...]]

    @property
    def n_wrong(self) -> int:
        """How many questions went wrong."""
        return sum(len(records) for records in self.wrongs.values())


def render_report(report: Report) -> str:
    """Render a run as one page: figures with their uncertainty, charts, and every failure."""
    by_dataset: dict[str, list[Record]] = {name: [] for name in report.summary}
    for record in report.records:
        by_dataset.setdefault(record.dataset, []).append(record)
    sections = [
        _section(report, f"set-{number}", name, records)
        for number, (name, records) in enumerate(by_dataset.items(), start=1)
    ]
    bars = sorted(report.bars, key=lambda bar: bar.is_kept)
    about: dict[str, list[tuple[str, str]]] = {}
    for path, text in _flatten(report.about):
        rows = about.setdefault(path[0] if len(path) > 1 else "", [])
        rows.append((".".join(path[1:] or path), text))
    return _template().render(
        report=report,
        sections=sections,
        bars=[(bar, report.summary.get(bar.dataset, {}).get(bar.measure)) for bar in bars],
        about=about,
    )


def _section(report: Report, key: str, name: str, found: Sequence[Record]) -> Section:
    bars = {bar.measure: bar for bar in report.bars if bar.dataset == name}
    records = tuple(one for one in found if has_answer(one))
    clear = [one for one in records if one.kind not in UNDECIDED and 0 <= one.confidence <= 1]
    wrongs = [(wrong_of(record), record) for record in records]
    kinds = sorted({record.kind for record in records})
    return Section(
        key,
        name,
        len(found) - len(records),
        records,
        _topics(report.summary.get(name, {}), bars),
        _trade(f"{key}-trade", clear),
        _calibration(f"{key}-calibration", clear),
        _latency(f"{key}-latency", records),
        tuple(_kind(kind, [one for one in records if one.kind == kind]) for kind in kinds),
        _kind("", records),
        {name: tuple(record for wrong, record in wrongs if wrong == name) for name in WRONGS},
    )


def _topics(summary: dict[str, Estimate], bars: dict[str, Bar]) -> Topics:
    by_topic: dict[str, list[Figure]] = {topic: [] for topic, _ in TOPICS}
    for measure, one in summary.items():
        said = (topic for topic, pattern in TOPICS if pattern and pattern.search(measure))
        topic = next(said, TOPICS[0][0])
        is_share = all(0 <= value <= 1 for value in (one.value, one.low, one.high))
        bound = bars[measure].bound if measure in bars else None
        drawing = charts.draw_interval(one.value, one.low, one.high, bound) if is_share else ""
        by_topic[topic].append(Figure(measure, one, Markup("" if topic == "Speed" else drawing)))
    return tuple((topic, tuple(figures)) for topic, figures in by_topic.items() if figures)


def _trade(key: str, records: Sequence[Record]) -> Chart | None:
    if (area := answerable_auc(records)) is None:
        return None
    ours = [one for one in records if one.is_answerable]
    others = [one for one in records if not one.is_answerable]
    curve = charts.trade_refusals(*([one.confidence for one in kind] for kind in (ours, others)))
    at = fmean(one.abstained for one in ours), fmean(one.abstained for one in others)
    read = ([o for o in curve if o.over_refusal <= share][-1] for share in OVER_REFUSALS)
    return Chart(
        charts.draw_trade(key, curve, at),
        {"area": area, "over_refusal": at[0], "refused": at[1]},
        tuple((o, one.refused, one.bar) for o, one in zip(OVER_REFUSALS, read, strict=True)),
    )


def _calibration(key: str, records: Sequence[Record]) -> Chart | None:
    if not records:
        return None
    given, outcomes = [one.confidence for one in records], [one.is_answerable for one in records]
    bins = reliability(given, outcomes)
    return Chart(
        charts.draw_reliability(key, bins),
        {"n": len(records), "error": calibration_error(given, outcomes)},
        tuple((o.mean, o.share, *charts.interval_of_share(o.share, o.n), o.n) for o in bins),
    )


def _latency(key: str, records: Sequence[Record]) -> Chart | None:
    timed = [one for one in records if 0 <= one.seconds < MAX_VALUE]
    p50, p95 = percentile(timed, 50), percentile(timed, 95)
    if p50 is None or p95 is None:
        return None
    seconds = [one.seconds for one in timed]
    counted = charts.count_values(seconds)
    n_beyond = counted.counts[-1] if counted.is_open else 0
    return Chart(
        charts.draw_latency(key, counted, p50, p95),
        {"n": len(seconds), "p50": p50, "p95": p95, "most": max(seconds), "n_beyond": n_beyond},
        tuple((k * counted.width, n) for k, n in enumerate(counted.counts)),
    )


def _kind(kind: str, records: Sequence[Record]) -> Kind:
    found = ([_finite(one.values.get(name)) for one in records] for name in KIND_VALUES)
    present = ([value for value in values if value is not None] for values in found)
    return kind, tuple(records), tuple(fmean(values) if values else None for values in present)


def _flatten(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every value of nested settings with the names that lead to it."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flatten(inner, (*path, str(name)))
    elif isinstance(value, list | tuple) and value:
        yield path, ", ".join(str(inner) for inner in value)
    elif path:
        yield path, DASH if value in (None, "", {}, [], ()) else str(value)


def _finite(value: float | None) -> float | None:
    return value if value is not None and abs(value) < MAX_VALUE else None


def _is_among(source: Source, others: Sequence[Source]) -> bool:
    """Whether a quote shares characters with one of the others."""
    return any(
        one.document_id == source.document_id and one.start < source.end and source.start < one.end
        for one in others
    )


def _figure(value: float | None) -> str:
    found = _finite(value)
    return DASH if found is None else f"{found:.3f}" if abs(found) < 10 else f"{found:,.4g}"


def _duration(seconds: float | None) -> str:
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
    environment.globals |= {"MAX_SHOWN": MAX_SHOWN, "KIND_VALUES": KIND_VALUES}
    environment.globals |= {"ABOUT": ABOUT, "UNDECIDED": UNDECIDED}
    return environment.get_template("report.html.j2")
