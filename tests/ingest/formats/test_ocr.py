"""Lines of text are found in pictures and read, also aslant, turned and upside down."""

import sys

import numpy as np
import pytest
from ingest.formats.drawn_text import LINES, draw_text
from PIL import Image, ImageFilter

from assistant.ingest.formats import ocr
from assistant.ingest.formats.ocr import Region, TextLine, read_picture


def read(image: Image.Image) -> tuple[str, ...]:
    return tuple(line.text for line in read_picture(image).lines)


def test_lines_are_read_from_the_top_down_with_a_place_and_a_sureness_for_each_character() -> None:
    drawing = draw_text()
    seen = read_picture(drawing.image)
    assert tuple(line.text for line in seen.lines) == LINES
    assert (seen.turn, seen.width, seen.height) == (0, *drawing.image.size)
    for line in seen.lines:
        assert len(line.edges) == len(line.sureness) == len(line.text)
        assert all(0.5 < sure <= 1 for sure in line.sureness)
        assert list(line.edges) == sorted(line.edges)
        first = drawing.words[line.text.split()[0]]
        assert line.region.top < (first[1] + first[3]) / 2 < line.region.bottom


@pytest.mark.parametrize("degrees", [2.0, -1.5])
def test_lines_may_slope(degrees: float) -> None:
    image = draw_text().image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor="white")
    seen = read_picture(image)
    assert tuple(line.text for line in seen.lines) == LINES
    slope = -np.tan(np.radians(degrees))
    assert [line.region.slope for line in seen.lines] == pytest.approx([slope] * 3, abs=0.01)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_picture_that_lies_on_its_side_or_its_head_is_turned(turns: int) -> None:
    turned = draw_text().image.rotate(90 * turns, expand=True)  # to the left
    seen = read_picture(turned)
    assert tuple(line.text for line in seen.lines) == LINES
    assert seen.turn == turns


def test_noise_and_blur_leave_the_words_as_they_are() -> None:
    pixels = np.asarray(draw_text().image.filter(ImageFilter.GaussianBlur(1)), dtype=float)
    noise = np.random.default_rng(7).normal(0, 25, pixels.shape)
    assert read(Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))) == LINES


def test_a_picture_without_text_has_no_lines() -> None:
    assert read(Image.new("RGB", (300, 200), (90, 140, 200))) == ()


def test_of_the_package_with_the_models_only_their_files_are_used() -> None:
    read(draw_text(("Ten",)).image)
    assert not {"rapidocr", "cv2", "shapely", "omegaconf"} & sys.modules.keys()


@pytest.mark.parametrize(
    ("text", "sureness", "is_read"),
    [
        ("Ten of us", 0.99, True),
        ("Ten of us", 0.55, True),
        ("Ten of us", 0.4, False),
        (". ,", 0.99, False),
        ("", 0.0, False),
    ],
)
def test_a_line_that_is_hardly_read_is_in_a_script_that_is_not_known(
    text: str, sureness: float, is_read: bool
) -> None:
    n = len(text)
    line = TextLine(Region(0, 300, 0, 30), text, ((0.0, 1.0),) * n, (sureness,) * n)
    assert line.is_read == is_read


def test_lines_that_are_not_read_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_picture(draw_text().image).n_unread == 0
    monkeypatch.setattr(ocr, "MAX_READ", 1_800)  # two lines of some 800
    seen = read_picture(draw_text().image)
    assert (tuple(line.text for line in seen.lines), seen.n_unread) == (LINES[:2], 1)
