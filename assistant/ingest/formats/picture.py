"""Files of images: scans, photographs and screenshots of text, read off as scanned PDF pages are.

The frames of a TIFF file are its pages; of other images the first frame is the only one. A camera's
note of how it was held is heeded. `DocumentUnreadable` is raised for a damaged image, for one that
is too large, for one that says nothing, and where pictures are not read.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from PIL import Image, ImageOps

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest import sniff
from assistant.ingest.formats.parsed import (
    DEFAULT_LIMITS,
    LOST,
    ON_PAGE,
    Limits,
    Parsed,
    count,
    drop_none,
)
from assistant.ingest.formats.pdf.document import MAX_WIDTH, MIN_WIDTH, Gathered
from assistant.ingest.formats.pdf.page import can_see, explain_unseen, read_scan

MAX_PIXELS = 80_000_000
"""Of an image, before any of it is unpacked: a page of 600 dpi has half of it."""
KINDS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "AVIF")
"""What Pillow may take a file for."""
HEIC = "HEIF"
"""What it may take one for besides, where another package brings a decoder."""
NO_HEIC = "a HEIC photograph: pip install pillow-heif, which brings a decoder, or save it as JPEG"


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return what an image says, as canonical text in paragraphs, with a page for each frame.

    Raises:
        DocumentUnreadable: damaged, too large, or without text that may be read.
    """
    if not can_see(limits.max_ocr_pages, 0):
        raise DocumentUnreadable(f"an image; {explain_unseen(limits.max_ocr_pages)}", Fault.NO_TEXT)
    gathered = Gathered()
    with _open(data) as image:
        n_frames = _count_frames(image)
        if n_frames > limits.max_pages:
            raise DocumentUnreadable(
                f"it has {n_frames:,} pages, over the limit of {limits.max_pages:,}: split it",
                Fault.TOO_LARGE,
            )
        n_read = min(n_frames, limits.max_ocr_pages)
        for number in range(1, n_read + 1):
            ON_PAGE.get()(number, n_read)
            scan = read_scan(_load(image, number), number)
            gathered.put(number, scan, limits.max_chars)
    if not gathered.placings:
        lost = count(gathered.n_lost, "line", LOST)
        why = f"an image: {lost}" if lost else "an image in which no text is to be seen"
        raise DocumentUnreadable(why, Fault.NO_TEXT)
    why = f"left out; {explain_unseen(limits.max_ocr_pages)}"
    left_out = count(n_frames - n_read, "further page", why)
    return gathered.finish(None, drop_none(left_out))


def may_see(limits: Limits) -> bool:
    """Tell whether pictures may be read at all, and what reads them is installed."""
    return can_see(limits.max_ocr_pages, 0)


def measure(data: bytes) -> tuple[int, int]:
    """Return how wide and how high an image is, in pixels.

    Raises:
        DocumentUnreadable: it is none that can be opened.
    """
    with _open(data) as image:
        return image.width, image.height


def draw(data: bytes, page: int, width: int) -> bytes:
    """Return a frame as a PNG picture of at most `width` pixels.

    Raises:
        DocumentUnreadable: damaged, too large, or without such a frame.
    """
    with _open(data) as image:
        if not 1 <= page <= _count_frames(image):
            raise DocumentUnreadable(f"it has no page {page}", Fault.CORRUPT)
        picture = _load(image, page).convert("RGB")
    wanted = min(max(width, MIN_WIDTH), MAX_WIDTH)
    picture.thumbnail((wanted, 4 * wanted))
    written = io.BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()


@contextmanager
def _open(data: bytes) -> Iterator[Image.Image]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_list_kinds(data)) as image:
                yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large() from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise DocumentUnreadable("damaged: the image cannot be opened", Fault.CORRUPT) from error


def _list_kinds(data: bytes) -> tuple[str, ...]:
    """Return what a file may be taken for.

    The decoder is no requirement: its package has 27 MB, most of that an encoder under the GPL.

    Raises:
        DocumentUnreadable: it is a HEIC photograph, and there is no decoder.
    """
    if sniff.image_kind(data) != sniff.HEIC:
        return KINDS
    try:
        heif = import_module("pillow_heif")
    except ImportError as error:
        raise DocumentUnreadable(NO_HEIC) from error
    heif.register_heif_opener(thumbnails=False)
    return (HEIC,)


def _count_frames(image: Image.Image) -> int:
    return int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1


def _load(image: Image.Image, number: int) -> Image.Image:
    """Return a frame as it is meant to be seen, on white where nothing is drawn."""
    image.seek(number - 1)
    if image.width * image.height > MAX_PIXELS:
        raise _too_large()
    upright = ImageOps.exif_transpose(image)
    if upright.mode == "RGB" or not upright.has_transparency_data:
        return upright.convert("RGB")
    drawn = upright.convert("RGBA")
    ground = Image.new("RGBA", drawn.size, "white")
    return Image.alpha_composite(ground, drawn).convert("RGB")


def _too_large() -> DocumentUnreadable:
    return DocumentUnreadable(
        f"an image of more than {MAX_PIXELS:,} pixels: make it smaller", Fault.TOO_LARGE
    )
