"""Lines of text in a picture, read by the PP-OCR models that the package `rapidocr` carries.

One model tells of every pixel whether it is at the heart of a line of text (DB, Liao et al. 2020,
arXiv:1911.08947), the other reads a line, a character or nothing for every eight pixels (CTC). They
run in ONNX Runtime straight from the package's files: nothing is downloaded, and the package itself
is not imported. Lines may slope, each by itself, as on a page that was laid askew or photographed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from assistant.models.encoder import load_runtime

SIDES = (1_280, 2_400)
"""Pixels of the longer side of the picture in which lines are looked for; more for small print."""
_MIN_HEIGHT, _MAX_SHARE = 14, 0.5
"""Pixels of most lines there, and the share that hearts take of all: else they are too near."""
MAX_LINES = 1_000
LINE_HEIGHT = 48
"""Pixels, as the model that reads was trained."""
MAX_WIDTH = 3_200
"""Pixels of a line; a longer one is narrowed."""
MAX_READ = 240_000
"""Pixels of all lines of a picture, which take half a minute; a full page of text has 70,000."""
_MIN_WIDTH = 16
_STEP = 32
_MIN_HEART, _MIN_LINE = 0.3, 0.5
"""The least probability of a pixel of a line's heart, and of all of one on average."""
_GROWTH = 1.6
"""Of a heart to its line: by its area times this over its circumference (equation 10)."""
_MIN_HEART_PIXELS = 3
_LONG = 4.0
"""How much wider than high a line is that tells how it slopes."""
_SAMPLE, _SURE = 3, 0.8
"""Of how many lines a picture must be read how surely, not to be tried upside down."""

_MIN_SURENESS = 0.5
"""Of the characters of a line on average."""
_MIN_LETTERS = 0.4
"""Of a line for each square in it, of which most text has two."""

Floats = NDArray[np.float32]


class OcrMissing(ImportError):
    """The package with the models is not installed."""


@dataclass(frozen=True, slots=True)
class Region:
    """Where a line is: at `x`, from `top + slope * x` to `bottom + slope * x`, in pixels."""

    left: float
    right: float
    top: float
    bottom: float
    slope: float = 0.0

    @property
    def width(self) -> float:
        """Return how long the line is."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Return how high the line is."""
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line as it was read.

    Attributes:
        text: a character for each of `edges` and `sureness`.
        edges: where each begins and ends, in pixels from the left.
        sureness: the probability of each.
    """

    region: Region
    text: str
    edges: tuple[tuple[float, float], ...]
    sureness: tuple[float, ...]

    @property
    def is_read(self) -> bool:
        """Whether it is likely to say this: it may be in a script that the model does not know."""
        if not self.text or sum(self.sureness) < _MIN_SURENESS * len(self.text):
            return False
        return len(self.text) >= _MIN_LETTERS * self.region.width / self.region.height


@dataclass(frozen=True, slots=True)
class Seen:
    """The lines of a picture after `turn` quarter turns clockwise, by which it is upright.

    `n_unread` lines were found that cannot be read.
    """

    lines: tuple[TextLine, ...]
    n_unread: int
    turn: int
    width: int
    height: int


def read_picture(picture: Image.Image) -> Seen:
    """Return the lines of text in an RGB picture.

    Raises:
        OcrMissing: the package with the models is not installed.
    """
    turn = 0
    regions = _find_regions(picture)
    if _are_tall(regions):
        turned = picture.transpose(Image.Transpose.ROTATE_270)
        if (others := _find_regions(turned)) and not _are_tall(others):
            turn, picture, regions = 1, turned, others
    if _is_upside_down(picture, regions):
        turn, picture = turn + 2, picture.transpose(Image.Transpose.ROTATE_180)
        regions = _find_regions(picture)
    ends = accumulate(_width_of(region) for region in regions)
    few = [region for region, end in zip(regions, ends, strict=True) if end <= MAX_READ]
    found = (_read_line(picture, region) for region in few)
    lines = tuple(line for line in found if line.is_read)
    return Seen(lines, len(regions) - len(lines), turn, picture.width, picture.height)


def _area(region: Region) -> float:
    return region.width * region.height


def _are_tall(regions: Sequence[Region]) -> bool:
    """Tell whether most of what was found is higher than wide."""
    tall = (region for region in regions if region.height > 1.5 * region.width)
    return sum(map(_area, tall)) > sum(map(_area, regions)) / 2


def _is_upside_down(picture: Image.Image, regions: Sequence[Region]) -> bool:
    """Tell whether lines of middling length are read more surely the other way round."""
    by_width = sorted(regions, key=lambda region: region.width)
    middle = len(by_width) // 2
    crops = [_cut(picture, region) for region in by_width[middle : middle + _SAMPLE]]
    surely = _mean_sureness(crops)
    turned = (crop.transpose(Image.Transpose.ROTATE_180) for crop in crops)
    return surely < _SURE and _mean_sureness(turned) > surely


def _mean_sureness(crops: Iterable[Image.Image]) -> float:
    found = [sure for crop in crops for _, _, sure in _read(crop)]
    return sum(found) / len(found) if found else 0.0


def _find_regions(picture: Image.Image) -> list[Region]:
    """Return where the lines of a picture are, at most `MAX_LINES`, from the top down."""
    grown: list[Region] = []
    for longest in SIDES:
        scale = min(longest / max(picture.size), 1.0)
        wide, high = (max(round(side * scale / _STEP), 1) * _STEP for side in picture.size)
        (hearts,) = _session("det").run(None, {"x": _as_input(picture.resize((wide, high)))})
        across, down = picture.width / wide, picture.height / high
        grown = [_grow(*heart) for heart in _find_hearts(hearts[0, 0])]
        if scale == 1.0 or float(hearts.max()) < _MIN_HEART:
            break
        is_apart = float((hearts > _MIN_HEART).mean()) <= _MAX_SHARE
        if grown and is_apart and median(map(_height, grown)) >= _MIN_HEIGHT:
            break
    slopes = [(r.width, r.slope) for r in grown if r.width > _LONG * r.height]
    usual = _weighted_median(slopes) if slopes else 0.0
    found = []
    for region in grown:
        slope, middle = region.slope, (region.left + region.right) / 2
        if region.width <= _LONG * region.height:
            slope = usual
        shift = (region.slope - slope) * middle
        found.append(
            Region(
                max(region.left * across, 0.0),
                min(region.right * across, float(picture.width)),
                (region.top + shift) * down,
                (region.bottom + shift) * down,
                slope * down / across,
            )
        )
    return sorted(found, key=lambda region: region.top)


def _height(region: Region) -> float:
    return region.height


def _weighted_median(weighted: Sequence[tuple[float, float]]) -> float:
    ordered = sorted(weighted, key=lambda pair: pair[1])
    sums = np.cumsum([weight for weight, _ in ordered])
    return ordered[int(np.searchsorted(sums, sums[-1] / 2))][1]


def _find_hearts(probability: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Yield the pixels of each heart of a line: their x and y."""
    labels, n_found = ndimage.label(probability > _MIN_HEART)
    if not n_found:
        return
    means = ndimage.mean(probability, labels, np.arange(1, n_found + 1))
    places = enumerate(ndimage.find_objects(labels), start=1)
    good = [(n, place) for n, place in places if means[n - 1] >= _MIN_LINE]
    good.sort(key=lambda found: -(found[1][1].stop - found[1][1].start))
    for number, (rows, columns) in good[:MAX_LINES]:
        ys, xs = np.nonzero(labels[rows, columns] == number)
        if xs.size >= _MIN_HEART_PIXELS:
            yield xs.astype(np.float32) + columns.start, ys.astype(np.float32) + rows.start


def _grow(xs: Floats, ys: Floats) -> Region:
    """Return the line that has a heart; it slopes as the heart does."""
    width = float(xs.max() - xs.min()) + 1
    spread = float(xs.var())
    is_long = width > _LONG * (float(ys.max() - ys.min()) + 1) or spread > 4 * float(ys.var())
    slope = float(np.cov(xs, ys, bias=True)[0, 1]) / spread if is_long and spread else 0.0
    level = ys - slope * xs
    low, high = float(level.min()), float(level.max()) + 1
    more = width * (high - low) * _GROWTH / (2 * (width + high - low))
    left, right = float(xs.min()), float(xs.max()) + 1
    return Region(left - more, right + more, low - more, high + more, slope)


def _cut(picture: Image.Image, region: Region) -> Image.Image:
    """Return a line by itself, level and `LINE_HEIGHT` high."""
    left, right, slope = region.left, region.right, region.slope
    size = _width_of(region), LINE_HEIGHT
    at_left, at_right = slope * left, slope * right
    corners = (
        *(left, region.top + at_left),
        *(left, region.bottom + at_left),
        *(right, region.bottom + at_right),
        *(right, region.top + at_right),
    )
    return picture.transform(size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC)


def _width_of(region: Region) -> int:
    """Return how wide a line is that is `LINE_HEIGHT` high."""
    width = round(region.width * LINE_HEIGHT / max(region.height, 1.0))
    return min(max(width, _MIN_WIDTH), MAX_WIDTH)


def _read_line(picture: Image.Image, region: Region) -> TextLine:
    found = _read(_cut(picture, region))
    scale = region.width
    middles = [region.left + at * scale for _, at, _ in found]
    gaps = [after - before for before, after in pairwise(middles)]
    usual = median(gaps) if gaps else region.height / 2
    edges = []
    for number, middle in enumerate(middles):
        before = gaps[number - 1] if number else usual
        after = gaps[number] if number < len(gaps) else usual
        edges.append((middle - min(before, usual) / 2, middle + min(after, usual) / 2))
    text = "".join(character for character, _, _ in found)
    return TextLine(region, text, tuple(edges), tuple(sure for *_, sure in found))


def _read(crop: Image.Image) -> list[tuple[str, float, float]]:
    """Return the characters of a line, where each is as a share of its width, and how surely."""
    (table,) = _session("rec").run(None, {"x": _as_input(crop)})
    best = table[0].argmax(axis=1)
    sureness = table[0].max(axis=1)
    characters = _characters()
    found: list[tuple[str, float, float]] = []
    before = 0
    for place, number in enumerate(best):
        if number and number != before:
            found.append(
                (characters[number - 1], (place + 0.5) / len(best), float(sureness[place]))
            )
        before = number
    while found and found[-1][0] == " ":
        found.pop()
    return found[next((n for n, (ch, _, _) in enumerate(found) if ch != " "), 0) :]


def _as_input(picture: Image.Image) -> Floats:
    """Return a picture as the models take it: (1, 3, height, width), blue first, from -1 to 1."""
    pixels = np.asarray(picture, dtype=np.float32)[:, :, ::-1] / 127.5 - 1
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])


@cache
def _session(kind: str) -> Any:
    onnxruntime = load_runtime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    (path,) = _models().glob(f"PP-OCR*_{kind}_*.onnx")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _models() -> Path:
    package = find_spec("rapidocr")
    if package is None or package.origin is None:
        raise OcrMissing("rapidocr is not installed")
    return Path(package.origin).parent / "models"


@cache
def _characters() -> tuple[str, ...]:
    """Return the characters that are read, in the order of their numbers from 1."""
    written = _session("rec").get_modelmeta().custom_metadata_map["character"]
    return (*written.splitlines(), " ")
