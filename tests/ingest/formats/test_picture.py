"""Files of images, and scanned pages of PDF files: their text, and where each word of it is."""

import io
import struct
import sys
import zlib
from dataclasses import replace
from types import ModuleType
from typing import IO

import pytest
from ingest.formats.drawn_text import LINES, Drawing, draw_text, saved
from ingest.formats.pdf_made import HEIGHT, WIDTH, Sheet
from ingest.reading import refuses
from PIL import Image
from PIL.PngImagePlugin import PngImageFile
from reportlab.lib.utils import ImageReader

from assistant.errors import Fault
from assistant.ingest.formats import picture
from assistant.ingest.formats.parsed import LOST, Limits, Parsed, read_parsed, write_parsed
from assistant.ingest.formats.pdf import document as pdf
from assistant.ingest.formats.pdf import page as pdf_page
from assistant.ingest.pool import Parsers
from assistant.ingest.sniff import AVIF, media_type
from evals.scans import slant

TEXT = " ".join(LINES)


def flat(parsed: Parsed) -> str:
    return " ".join(parsed.text.split())


def require_words_in_place(parsed: Parsed, drawing: Drawing, page: int = 1) -> None:
    """Require that each word's box is about that in which it was drawn."""
    width, height = drawing.image.size
    found = {parsed.text[word.start : word.end]: word for word in parsed.words}
    assert found.keys() == drawing.words.keys()
    for said, (left, top, right, bottom) in drawing.words.items():
        word = found[said]
        assert word.page == page
        assert word.left * width == pytest.approx(left, abs=12)
        assert word.right * width == pytest.approx(right, abs=12)
        assert word.top * height <= top + 6
        assert word.bottom * height >= bottom - 6
        assert (word.bottom - word.top) * height < 2 * (bottom - top) + 20


def on_pages(*images: Image.Image) -> bytes:
    """Return a PDF file with a page for each image and no text."""
    first, *rest = images
    return saved(first, "PDF", save_all=True, append_images=rest, resolution=150)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP"])
def test_an_image_is_read_with_every_word_in_its_place(kind: str) -> None:
    drawing = draw_text()
    parsed = picture.parse(saved(drawing.image, kind))
    assert flat(parsed) == TEXT
    require_words_in_place(parsed, drawing)
    assert [(page.number, page.start, page.end) for page in parsed.pages] == [
        (1, 0, len(parsed.text))
    ]


def test_a_scanned_page_is_read_with_every_word_in_its_place() -> None:
    drawing = draw_text()
    parsed = pdf.parse(on_pages(drawing.image))
    assert flat(parsed) == TEXT
    require_words_in_place(parsed, drawing)
    assert parsed.warnings == ()


def test_words_keep_their_place_on_a_picture_that_lies_on_its_side() -> None:
    drawing = draw_text()
    width, height = drawing.image.size
    turned = Drawing(
        drawing.image.rotate(90, expand=True),
        {
            word: (top, width - right, bottom, width - left)
            for word, (left, top, right, bottom) in drawing.words.items()
        },
    )
    parsed = picture.parse(turned.png)
    assert flat(parsed) == TEXT
    for said, (left, top, right, bottom) in turned.words.items():
        (word,) = (one for one in parsed.words if parsed.text[one.start : one.end] == said)
        middle = (word.left + word.right) / 2 * height, (word.top + word.bottom) / 2 * width
        assert left - 6 <= middle[0] <= right + 6
        assert top - 6 <= middle[1] <= bottom + 6


def test_words_are_those_of_the_text_and_come_through_json() -> None:
    parsed = picture.parse(draw_text().png)
    assert [parsed.text[word.start : word.end] for word in parsed.words] == parsed.text.split()
    assert read_parsed(write_parsed(parsed)) == parsed


def test_how_a_camera_was_held_is_heeded() -> None:
    image = draw_text().image
    held = image.rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned to the right
    data = saved(held, "JPEG", exif=exif, quality=95)
    assert flat(picture.parse(data)) == TEXT
    drawn = Image.open(io.BytesIO(picture.draw(data, 1, 900)))
    assert drawn.size == image.size


def test_what_is_transparent_is_read_as_on_white() -> None:
    opaque = draw_text().image.convert("L")
    seen_through = Image.new("RGBA", opaque.size, (0, 0, 0, 0))
    seen_through.putalpha(opaque.point(lambda grey: 255 - grey))
    assert flat(picture.parse(saved(seen_through))) == TEXT


@pytest.fixture(name="three")
def make_three() -> bytes:
    images = [draw_text((line,)).image for line in LINES]
    return saved(images[0], "TIFF", save_all=True, append_images=images[1:])


def test_the_frames_of_a_tiff_file_are_its_pages(three: bytes) -> None:
    parsed = picture.parse(three)
    said = [parsed.text[page.start : page.end] for page in parsed.pages]
    assert said == list(LINES)
    assert [word.page for word in parsed.words if word.start == parsed.pages[2].start] == [3]
    assert picture.draw(three, 3, 400).startswith(b"\x89PNG")
    with refuses(Fault.CORRUPT, "no page 4"):
        picture.draw(three, 4, 400)


def test_more_pages_than_may_be_read_are_left_out_with_a_warning(three: bytes) -> None:
    parsed = picture.parse(three, Limits(max_ocr_pages=2))
    assert len(parsed.pages) == 2
    assert "1 further page left out" in parsed.warnings[0]
    scans = on_pages(*(draw_text((line,)).image for line in LINES[:2]))
    parsed = pdf.parse(scans, Limits(max_ocr_pages=1))
    assert parsed.text.strip() == LINES[0]
    assert parsed.warnings == (
        "no text on page 2 (scanned?); more pages than are read off pictures (1): "
        "raise max_ocr_pages",
    )
    with refuses(Fault.TOO_LARGE, "3 pages"):
        picture.parse(three, Limits(max_pages=2))


def test_without_recognition_a_picture_is_refused_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = draw_text().image
    for parse, data in ((picture.parse, saved(image)), (pdf.parse, on_pages(image))):
        with refuses(Fault.NO_TEXT, "ocr is off"):
            parse(data, Limits(max_ocr_pages=0))
        with monkeypatch.context() as patch:
            patch.setattr(pdf_page, "find_spec", lambda _: None)
            with refuses(Fault.NO_TEXT, "pip install rapidocr"):
                parse(data)


def test_a_page_with_text_is_not_read_off_its_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = Sheet()
    sheet.picture()
    sheet.line(50, 50, "A page that has a picture and text of its own to be read.")
    monkeypatch.setattr(pdf, "see_page", None)
    parsed = pdf.parse(sheet.bytes())
    assert parsed.text.startswith("A page that has a picture")
    assert parsed.words == ()


def test_a_stamp_on_a_scan_does_not_pass_for_its_text() -> None:
    sheet = Sheet()
    drawing = draw_text()
    sheet.canvas.drawImage(ImageReader(drawing.image), 0, HEIGHT / 2, WIDTH, 150)
    sheet.line(50, 580, "Received 4 May")
    said = flat(pdf.parse(sheet.bytes()))
    assert TEXT in said
    assert "Received 4 May" in said


def test_an_image_that_says_nothing_is_refused() -> None:
    for image in (Image.new("RGB", (200, 100), "white"), Image.linear_gradient("L")):
        with refuses(Fault.NO_TEXT, "no text is to be seen"):
            picture.parse(saved(image))


def test_words_that_are_not_sure_are_counted_in_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.values.SURE", 1.1)
    (warning,) = picture.parse(draw_text(("Ten of us came along",)).png).warnings
    assert warning == "5 words of 5 read off pictures not sure"


def test_a_few_letters_of_which_none_is_sure_are_a_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.values.SURE", 1.1)
    with refuses(Fault.NO_TEXT, "1 line in pictures not read"):
        picture.parse(draw_text(("Ten of us",)).png)


def test_an_image_too_large_is_refused_before_it_is_unpacked() -> None:
    for side in (10_000, 60_000):
        size = struct.pack(">II5B", side, side, 8, 0, 0, 0, 0)
        parts = [(b"IHDR", size), (b"IDAT", zlib.compress(b"\0" * 99)), (b"IEND", b"")]
        data = b"\x89PNG\r\n\x1a\n" + b"".join(
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
            for kind, body in parts
        )
        with refuses(Fault.TOO_LARGE, "pixels"):
            picture.parse(data)


def test_a_torn_image_is_refused() -> None:
    data = draw_text().png
    for share in (0.001, 0.3, 0.9):
        with refuses(Fault.CORRUPT):
            picture.parse(data[: int(share * len(data))])


def test_the_child_process_tells_each_page_and_has_time_for_each(three: bytes) -> None:
    with Parsers(Limits()) as parsers:
        parsed = parsers.parse(three, "image/tiff")
        assert parsers.page == (3, 3)
    assert [parsed.text[page.start : page.end] for page in parsed.pages] == list(LINES)


def test_what_cannot_be_read_is_counted_and_if_that_is_all_the_file_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from assistant.ingest.formats import ocr

    known = ocr._read_line

    def read_first(image: Image.Image, region: ocr.Region) -> ocr.TextLine:
        line = known(image, region)
        return line if line.text == LINES[0] else replace(line, text="")

    data = draw_text().png
    monkeypatch.setattr(ocr, "_read_line", read_first)
    parsed = picture.parse(data)
    assert parsed.text == LINES[0]
    assert parsed.warnings == (f"2 lines {LOST}",)
    monkeypatch.setattr(ocr, "_read_line", lambda *given: replace(known(*given), text=""))
    with refuses(Fault.NO_TEXT, "script that is not known"):
        picture.parse(data)


def test_an_avif_image_is_read() -> None:
    drawing = draw_text((LINES[0],))
    data = saved(drawing.image, "AVIF")
    assert media_type("a.avif", data) == (AVIF, None)
    assert picture.parse(data).text == LINES[0]


def test_a_page_that_is_seen_aslant_is_read() -> None:
    drawing = draw_text()
    parsed = picture.parse(saved(slant(drawing.image.convert("L"))))
    assert flat(parsed) == TEXT
    tops = [min(w.top for w in parsed.words if parsed.text[w.start : w.end] == said)
            for said in ("ferry", "ticket", "carried")]  # fmt: skip
    assert tops == sorted(tops)


HEIC_HEAD = b"\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf"


def test_a_photograph_of_a_phone_is_read_where_a_decoder_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = HEIC_HEAD + draw_text((LINES[0],)).png
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with refuses(Fault.UNSUPPORTED, "pip install pillow-heif, .* or save it as JPEG"):
        picture.parse(data)
    monkeypatch.setattr(Image, "OPEN", {**Image.OPEN})
    monkeypatch.setattr(Image, "ID", [*Image.ID])

    def register_heif_opener(**_: object) -> None:
        def decode(file: IO[bytes], _: str | bytes) -> PngImageFile:
            return PngImageFile(io.BytesIO(file.read()[len(HEIC_HEAD) :]))

        Image.register_open("HEIF", decode, lambda _: True)

    decoder = ModuleType("pillow_heif")
    monkeypatch.setattr(decoder, "register_heif_opener", register_heif_opener, raising=False)
    monkeypatch.setitem(sys.modules, "pillow_heif", decoder)
    assert picture.parse(data).text == LINES[0]
    with refuses(Fault.CORRUPT, "cannot be opened"):
        picture.parse(HEIC_HEAD + b"nothing")
