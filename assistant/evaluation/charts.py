"""Numbers -> inline SVG: the charts on the page of an eval run.

Comes in: finite numbers. Goes out: points to draw, and drawings without script, whose colours are
classes of the page and whose words are all written here. Refused: a chart of nothing.
"""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from assistant.evidence.calibration import Bin

WIDTH, HEIGHT = 360, 320
"""Of a chart's view box: its text of 12 is as tall as the page's at the width of a phone."""
N_BARS = 30
"""Bars of a histogram, about: each wide enough to be told from the next on a phone."""
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
Z = 1.96
"""Standard errors on either side of a 95% interval."""


@dataclass(frozen=True, slots=True)
class Trade:
    """What a bar on confidence refuses: of the answerable, and of the unanswerable questions."""

    over_refusal: float
    refused: float
    bar: float


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of values in bars of one width from 0; an open last bar holds all beyond it too."""

    width: float
    counts: tuple[int, ...]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Plane:
    """A rectangle of a drawing, and the values at its right and top edges; 0 at the others."""

    left: float
    top: float
    right: float
    bottom: float
    x_max: float = 1.0
    y_max: float = 1.0

    def x(self, value: float) -> float:
        """Return the place of a value from left to right."""
        return self.left + (self.right - self.left) * min(1.0, max(0.0, value / self.x_max))

    def y(self, value: float) -> float:
        """Return the place of a value from top to bottom."""
        return self.bottom - (self.bottom - self.top) * min(1.0, max(0.0, value / self.y_max))


def trade_refusals(answerable: Sequence[float], unanswerable: Sequence[float]) -> tuple[Trade, ...]:
    """Return what each bar refuses, from none of the questions to all, given their confidences.

    >>> [(one.over_refusal, one.refused) for one in trade_refusals([0.4, 0.9], [0.1])]
    [(0.0, 0.0), (0.0, 1.0), (0.5, 1.0), (1.0, 1.0)]

    Raises:
        ValueError: there are no questions of a kind.
    """
    if not (answerable and unanswerable):
        raise ValueError("a trade-off needs answerable and unanswerable questions")
    ours, others = sorted(answerable), sorted(unanswerable)
    return (
        Trade(0.0, 0.0, 0.0),
        *(
            Trade(bisect_right(ours, bar) / len(ours), bisect_right(others, bar) / len(others), bar)
            for bar in sorted({*ours, *others})
        ),
    )


def count_values(values: Sequence[float]) -> Histogram:
    """Count values of 0 or more in bars of a round width; a long tail shares the last bar.

    Raises:
        ValueError: there are none.
    """
    if not values:
        raise ValueError("a histogram needs values")
    p95, greatest = float(np.quantile(values, 0.95)), max(values)
    is_open = 0 < p95 < greatest / 2
    end = 1.5 * p95 if is_open else greatest
    width = _round_up(end / N_BARS) or 0.001
    counts = [0] * (max(1, math.ceil(end / width)) + is_open)
    for value in values:
        counts[int(min(value / width, len(counts) - 1))] += 1
    return Histogram(width, tuple(counts), is_open)


def interval_of_share(share: float, n: int) -> tuple[float, float]:
    """Return the 95% interval of a share of n (Wilson 1927).

    >>> [round(end, 3) for end in interval_of_share(0.5, 10)]
    [0.237, 0.763]
    """
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def draw_trade(key: str, curve: Sequence[Trade], at: tuple[float, float]) -> Markup:
    """Draw a trade-off with the place `at` (over-refusal, refused) where the assistant stands."""
    plane = Plane(46, 34, 346, 262)
    points = " ".join(
        dict.fromkeys(f"{plane.x(o.over_refusal):.1f},{plane.y(o.refused):.1f}" for o in curve)
    )
    x, y = plane.x(at[0]), plane.y(at[1])
    side, gap = ("start", 10) if at[0] < 0.5 else ("end", -10)
    told = f"{at[1]:.0%} at a cost of {at[0]:.0%}"
    return _drawing(
        key,
        "Refusal trade-off",
        f"As the bar on confidence rises, more of the unanswerable questions are refused, and "
        f"more of the answerable. In this run {at[1]:.0%} of the unanswerable and {at[0]:.0%} of "
        f"the answerable were refused.",
        _grid(plane, "unanswerable refused", "answerable refused", plane.bottom + 18),
        _line("chance", plane.x(0), plane.y(0), plane.x(1), plane.y(1)),
        Markup(f'<polyline class="curve" points="{points}"/>'),
        _shape("circle", "here", cx=x, cy=y, r=5),
        _label("note", x + gap, min(y + 18, plane.bottom - 8), told, side),
    )


def draw_reliability(key: str, bins: Sequence[Bin]) -> Markup:
    """Draw for each bin of confidence the share that is answerable, over how many it holds."""
    plane = Plane(46, 34, 346, 202)
    strip = Plane(46, 230, 346, 262, y_max=max(one.n for one in bins))
    return _drawing(
        key,
        "Calibration",
        "The share of the questions that are answerable, by the confidence given to them, over "
        "the number of questions. On the diagonal the confidence is right; above it, too low.",
        _grid(plane, "share answerable", "confidence", strip.bottom + 18),
        _line("chance", plane.x(0), plane.y(0), plane.x(1), plane.y(1)),
        _line("base", strip.left, strip.bottom, strip.right, strip.bottom),
        *(_reliability_bin(one, plane, strip) for one in bins),
    )


def draw_latency(key: str, counted: Histogram, p50: float, p95: float) -> Markup:
    """Draw how many questions took how long, with the median and the 95th percentile."""
    x_max = counted.width * len(counted.counts)
    plane = Plane(46, 58, 346, 262, x_max=x_max, y_max=max(counted.counts))
    unit, short, scale = ("seconds", "s", 1.0) if x_max >= 2 else ("milliseconds", "ms", 1000.0)
    rows = (_row(plane, n, f"{n:,.0f}") for n in _ticks(plane.y_max, 4) if n == int(n))
    columns = (
        _label("tick", plane.x(x), plane.bottom + 18, f"{x * scale:,.6g}") for x in _ticks(x_max, 5)
    )
    bars = (_bar(plane, counted, k) for k, n in enumerate(counted.counts) if n)
    marks = (
        _mark(plane, value, f"{name}  {_rounded(value * scale)} {short}", row)
        for row, (name, value) in enumerate((("p50", p50), ("p95", p95)))
    )
    return _drawing(
        key,
        "Latency",
        f"Half of the questions took {_rounded(p50 * scale)} {unit} or less, 95% took "
        f"{_rounded(p95 * scale)} or less.",
        _label("axis", 4, 16, "questions", "start"),
        _label("axis", plane.right, HEIGHT - 16, unit, "end"),
        *rows,
        *columns,
        *bars,
        *marks,
    )


def draw_interval(value: float, low: float, high: float, bound: float | None = None) -> Markup:
    """Draw a share with its interval and a bound on a line from 0 to 1, to stand by its numbers."""
    plane = Plane(4, 2, 100, 14)
    left, right = plane.x(low), plane.x(high)
    has_bound = bound is not None and math.isfinite(bound)
    tick = [_line("bound", plane.x(bound or 0), 1, plane.x(bound or 0), 15)] if has_bound else []
    parts = [
        _line("rail", plane.left, 8, plane.right, 8),
        _line("span", left, 8, max(right, left + 0.5), 8),
        *tick,
        _shape("circle", "dot", cx=plane.x(value), cy=8, r=3.5),
    ]
    return Markup(
        f'<svg class="interval" viewBox="0 0 104 16" width="104" height="16" aria-hidden="true">'
        f"{Markup().join(parts)}</svg>"
    )


def _drawing(key: str, title: str, description: str, *parts: Markup) -> Markup:
    return Markup(
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="{key}-t {key}-d"><title id="{key}-t">{title}</title>'
        f'<desc id="{key}-d">{description}</desc>{Markup().join(parts)}</svg>'
    )


def _grid(plane: Plane, above: str, below: str, under: float) -> Markup:
    """Draw the lines of two shares, with the lower one's labels at the height `under`."""
    return Markup().join(
        [
            _label("axis", 4, 16, above, "start"),
            _label("axis", plane.right, HEIGHT - 16, below, "end"),
            *(_row(plane, share, f"{share:.0%}") for share in SHARES),
            *(_label("tick", plane.x(share), under, f"{share:.0%}") for share in SHARES),
        ]
    )


def _row(plane: Plane, value: float, text: str) -> Markup:
    y = plane.y(value)
    line = _line("grid" if value else "base", plane.left, y, plane.right, y)
    return line + _label("tick", plane.left - 8, y + 4, text, "end")


def _reliability_bin(one: Bin, plane: Plane, strip: Plane) -> Markup:
    low, high = interval_of_share(one.share, one.n)
    x, first = plane.x(one.mean), min(int(one.mean * 10), 9) / 10
    left, right = strip.x(first) + 1.5, strip.x(first + 0.1) - 1.5
    top = min(strip.y(one.n), strip.bottom - 1)
    return Markup().join(
        [
            _line("whisker", x, plane.y(low), x, plane.y(high)),
            _shape("circle", "dot", cx=x, cy=plane.y(one.share), r=4.5),
            _shape("rect", "bar", x=left, y=top, width=right - left, height=strip.bottom - top),
            _label("count", (left + right) / 2, top - 4, f"{one.n:,}"),
        ]
    )


def _bar(plane: Plane, counted: Histogram, k: int) -> Markup:
    kind = "beyond" if counted.is_open and k == len(counted.counts) - 1 else "bar"
    left, right = plane.x(k * counted.width), plane.x((k + 1) * counted.width)
    top, gap = min(plane.y(counted.counts[k]), plane.bottom - 1), min(0.75, (right - left) / 4)
    width, height = right - left - 2 * gap, plane.bottom - top
    return _shape("rect", kind, x=left + gap, y=top, width=width, height=height)


def _mark(plane: Plane, value: float, text: str, row: int) -> Markup:
    x, y = plane.x(value), 36 + 16 * row
    side, gap = ("start", 5) if x < plane.right - 90 else ("end", -5)
    return _line("flag", x, y - 10, x, plane.bottom) + _label("note", x + gap, y, text, side)


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    return _shape("line", kind, x1=x1, y1=y1, x2=x2, y2=y2)


def _shape(tag: str, kind: str, **places: float) -> Markup:
    written = " ".join(f'{name}="{place:.1f}"' for name, place in places.items())
    return Markup(f'<{tag} class="{kind}" {written}/>')


def _label(kind: str, x: float, y: float, text: str, side: str = "middle") -> Markup:
    return Markup(f'<text class="{kind} {side}" x="{x:.1f}" y="{y:.1f}">{text}</text>')


def _rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 5 times a power of ten; 0 of 0."""
    if value <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in (1, 2, 5) if step * power >= value), 10 * power)


def _ticks(greatest: float, n: int) -> list[float]:
    """Return round values from 0 to at most the greatest, about n of them."""
    step = _round_up(greatest / n)
    return [k * step for k in range(int(greatest / step + 1e-9) + 1)]
