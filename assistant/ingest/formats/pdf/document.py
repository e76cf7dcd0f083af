"""PDF files: the text of the pages in reading order, pictures of them, and places on them.

A page's text depends on that page alone (`page.py`), so that a citation is found again by reading
only its pages; pages are parted by a blank line, unless a sentence goes on. Paragraphs become
blocks, and those that look like headings become headings. An owner's password, which forbids only
copying or printing, does not keep a file from being read. Scripts are never run.
`DocumentUnreadable` is raised for what needs a password, is damaged, has no text, or is over a
limit; text is never cut.
"""

import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pypdfium2 as pdfium
from pypdfium2 import raw

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.parsed import (
    DEFAULT_LIMITS,
    LOST,
    MAX_TITLE_CHARS,
    ON_PAGE,
    Limits,
    Parsed,
    count,
    describe_removed,
    drop_none,
    fold,
    trim,
)
from assistant.ingest.formats.pdf.characters import too_long
from assistant.ingest.formats.pdf.layout import (
    CAPTION,
    LARGE,
    MIN_HALF,
    Zone,
    goes_over,
)
from assistant.ingest.formats.pdf.page import (
    NO_LETTER,
    Scan,
    can_see,
    count_letters,
    explain_unseen,
    find_boxes,
    is_usable,
    open_page,
    read_page,
    see_page,
)
from assistant.ingest.formats.pdf.paragraphs import (
    PageText,
    Placing,
    find_joint,
    leave_out_running,
    list_compounds,
    may_join,
)
from assistant.text.normalize import normalize
from assistant.text.sentences import split_sentences
from assistant.text.words import is_closed, is_led
from assistant.values import Box, Origin, Page, Role, SeenWord, Unit

MAX_HEADING_CHARS, MAX_HEADING_LINES = 200, 3
MAX_LEVEL = 3
_NOTE = re.compile(r"(?:\d{1,3}|[*†‡§¶∗]|\[\d+\])\s?[^\W\d_]")
"""How a footnote begins, set smaller than the text."""
_UNFINISHED = re.compile(r"[.,;:…]$")


def list_units(placings: Sequence[Placing], headings: Sequence[Unit], text: str) -> list[Unit]:
    """Return the blocks as units.

    Two are one where a sentence goes on over the end of a page. Where a foot, a note, a figure or
    a table stands between, the halves of the sentence are units by themselves, the second its rest.
    """
    as_headings = {heading.start: heading for heading in headings}
    body = _body_size(placings)
    units: list[Unit] = []
    begun: int | None = None
    last = 0
    for number, placing in enumerate(placings):
        after = placings[number + 1] if number + 1 < len(placings) else None
        role = _role(placing, after, body)
        unit = as_headings.get(placing.start) or Unit(placing.start, placing.end, role)
        if begun is not None and _is_label(placing):
            unit = unit._replace(role=Role.NOTE)
        if unit.role is not Role.PARAGRAPH:
            units.append(unit)
            begun = None if unit.role is Role.HEADING else begun
            continue
        is_joined = begun == len(units) - 1 and _is_joined(placings, number)
        if begun is not None and (is_joined or _may_go_on(placings, last, number)):
            if is_joined or text[units[begun].end : unit.start].isspace():
                unit = units.pop()._replace(end=unit.end)
                units.append(unit)
            else:
                units += _part_rest(units, begun, unit, text)
        else:
            units.append(unit)
        is_ended = is_closed(placing.text) or is_led(placing.text) or _is_label(placing)
        begun = None if is_ended else len(units) - 1
        last = number
    return units


def _is_label(placing: Placing) -> bool:
    """Tell whether a block between the halves of a sentence is a few words of a figure's."""
    return len(placing.text.split()) < MIN_HALF and not is_closed(placing.text)


def _is_joined(placings: Sequence[Placing], number: int) -> bool:
    """Tell whether a block begins its page and goes on with the last one of the page before."""
    before, this = placings[number - 1], placings[number]
    return before.page < this.page and this.start - before.end < len(PAGE_JOINT)


def _may_go_on(placings: Sequence[Placing], begun: int, number: int) -> bool:
    """Tell whether a block may be the rest of a sentence that begins in one before it.

    On one page both have several words, since lines of forms and labels are no sentences.
    """
    last, this = placings[begun], placings[number]
    if last.page == this.page:
        n_words = min(len(last.text.split()), len(this.text.split()))
        return this.text[0].islower() and n_words >= MIN_HALF
    block = last.block
    return goes_over(last.text, block.n_lines, block.room, this.text, this.block.indent)


def _part_rest(units: list[Unit], begun: int, unit: Unit, text: str) -> Iterator[Unit]:
    """Part the sentence that an earlier unit begins from it; yield its rest, and what follows."""
    before = units[begun]
    start, end = split_sentences(text, [(before.start, before.end)])[-1]
    if start > before.start:
        first = before._replace(end=trim(text, before.start, start)[1])
        units[begun : begun + 1] = [first, before._replace(start=start, end=end)]
    sentences = split_sentences(text, [(unit.start, unit.end)])
    yield Unit(sentences[0][0], sentences[0][1], Role.REST)
    if len(sentences) > 1:
        yield unit._replace(start=sentences[1][0])


def _role(placing: Placing, after: Placing | None, body: float) -> Role:
    """Return what a block is that is no heading."""
    block = placing.block
    if block.role is not Role.PARAGRAPH:
        return block.role
    if block.zone is Zone.ASIDE:
        return Role.NOTE
    if block.zone is not Zone.BODY and not placing.text[0].islower():
        is_said = is_closed(placing.text) and _round(block.size) >= body
        return Role.PARAGRAPH if is_said else Role.NOTE
    if CAPTION.match(placing.text):
        is_of_table = after is not None and after.block.role in (Role.NAMES, Role.ROW)
        return Role.CAPTION if is_of_table else Role.NOTE
    is_note = _round(block.size) < body and _NOTE.match(placing.text)
    return Role.NOTE if is_note else Role.PARAGRAPH


def find_headings(placings: Sequence[Placing]) -> tuple[Unit, ...]:
    """Return the headings, whose levels are by their size."""
    if not placings:
        return ()
    body = _body_size(placings)
    found = [
        this
        for this, next_ in pairwise([*placings, None])
        if this is not None and _is_heading(this, next_, body)
    ]
    larger = sorted({_round(p.block.size) for p in found if _is_large(p, body)}, reverse=True)
    levels = {size: min(level, MAX_LEVEL) for level, size in enumerate(larger, start=1)}
    lowest = min(len(larger) + 1, MAX_LEVEL)
    return tuple(
        Unit(p.start, p.end, Role.HEADING, levels.get(_round(p.block.size), lowest)) for p in found
    )


def _is_heading(this: Placing, next_: Placing | None, body: float) -> bool:
    block = this.block
    if _is_cell(this) or block.zone in (Zone.FOOT, Zone.ASIDE):
        return False
    if block.n_lines > MAX_HEADING_LINES or len(this.text) > MAX_HEADING_CHARS:
        return False
    if _UNFINISHED.search(this.text) or is_led(this.text):
        return False
    if not any(map(str.isalpha, this.text)):
        return False
    if _is_large(this, body):
        return True
    is_before_text = next_ is not None and not next_.block.is_bold and not _is_cell(next_)
    return block.is_bold and is_before_text and _round(block.size) >= body


def _body_size(placings: Sequence[Placing]) -> float:
    """Return the size of most of the text."""
    sizes: Counter[float] = Counter()
    for placing in placings:
        sizes[_round(placing.block.size)] += placing.end - placing.start
    return max(sizes, key=sizes.__getitem__, default=0.0)


def _is_cell(placing: Placing) -> bool:
    return placing.block.role in (Role.ROW, Role.NAMES)


def _is_large(placing: Placing, body: float) -> bool:
    return _round(placing.block.size) >= LARGE * body


def _round(size: float) -> float:
    return round(2 * size) / 2


PAGE_JOINT = "\n\n"
MIN_WIDTH, MAX_WIDTH = 200, 2_000
MAX_ASPECT = 4.0
"""How much higher than wide a picture of a page may be."""
_NAMED_PAGES = 20
_END_BYTES, _PADDING_BYTES = 2_048, 1 << 16
_FILE_NAME = re.compile(
    r"^(?:microsoft (?:word|powerpoint|excel) - |untitled|\(anonymous\)$|document\d*$|slide \d+$)"
    r"|\.(?:docx?|pdf|pptx?|xlsx?|odt|rtf|tex|dvi|indd|qxd|html?|txt)$|^[a-z]:\\|^(?:file|https?):",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Gathered:
    """What has been read of a document's pages; of at most `max_ocr_pages` off pictures."""

    max_ocr_pages: int = 0
    text: list[str] = field(default_factory=list)
    length: int = 0
    pages: list[Page] = field(default_factory=list)
    words: list[SeenWord] = field(default_factory=list)
    placings: list[Placing] = field(default_factory=list)
    hidden: Counter[str] = field(default_factory=Counter)
    n_removed: int = 0
    n_pictures: int = 0
    n_notes: int = 0
    n_unread: int = 0
    n_lost: int = 0
    unread: list[int] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    unseen: list[int] = field(default_factory=list)

    def add(self, number: int, document: pdfium.PdfDocument, max_chars: int) -> None:
        """Read a page; one that is damaged has no text and is remembered.

        Raises:
            DocumentUnreadable: the text becomes too long.
        """
        try:
            with open_page(document, number) as (page, n_notes):
                found = read_page(page, max_chars)
                scan = None if is_usable(found) else self._see(page, number, len(document))
        except pdfium.PdfiumError:
            self.unread.append(number)
            self.put(number, Scan(PageText()), max_chars)
            return
        self.hidden += found.hidden
        self.n_removed += found.n_removed
        self.n_notes += n_notes
        if scan is not None and count_letters(scan.page.text) > 2 * count_letters(found.page.text):
            self.put(number, scan, max_chars)
            return
        self.n_pictures += 0 if number in self.unseen[-1:] else found.n_pictures
        self.n_unread += found.n_unread
        self.put(number, Scan(found.page), max_chars)

    def _see(self, page: pdfium.PdfPage, number: int, n_pages: int) -> Scan | None:
        """Return what a page without usable text says as a picture, if it may be read as one."""
        if not can_see(self.max_ocr_pages, len(self.seen)):
            self.unseen.append(number)
            return None
        self.seen.append(number)
        ON_PAGE.get()(number, n_pages)
        return see_page(page, number)

    def put(self, number: int, scan: Scan, limit: int) -> None:
        """Put a page's text behind that of the pages before it.

        Raises:
            DocumentUnreadable: the text becomes too long.
        """
        read = scan.page
        joint = self._join(number, read) if self.pages else ""
        self.n_lost += scan.n_unread
        start = self.length + len(joint)
        self.length = start + len(read.text)
        self.text += [joint, read.text]
        for block in read.blocks:
            said = read.text[block.start : block.end]
            span = (start + block.start, start + block.end)
            self.placings.append(Placing(number, *span, said, block))
        self.words += (w._replace(start=start + w.start, end=start + w.end) for w in scan.words)
        self.pages.append(Page(number, start, self.length))
        if self.length > limit:
            raise too_long(limit)

    def _join(self, number: int, read: PageText) -> str:
        """Return what parts a page from the one before; cut off a hyphen where a word goes on."""
        if not self.placings or not read.blocks:
            return PAGE_JOINT
        before, after = self.placings[-1], read.blocks[0]
        said = read.text[: after.end]
        is_next = (before.page, before.end, after.start) == (number - 1, self.length, 0)
        if not is_next or not may_join(before, after, said):
            return PAGE_JOINT
        joint = find_joint(before.text, said, list_compounds((self.text[-1], read.text)))
        if joint is None:
            self.length -= 1
            self.text[-1] = self.text[-1][:-1]
            self.pages[-1] = replace(self.pages[-1], end=self.length)
            self.placings[-1] = replace(before, end=self.length, text=before.text[:-1])
            if self.words and self.words[-1].end > self.length:
                self.words[-1] = self.words[-1]._replace(end=self.length)
        return joint or ""

    def finish(self, title: str | None, warnings: Sequence[str]) -> Parsed:
        """Return the document."""
        text = "".join(self.text)
        placings = leave_out_running(self.placings)
        headings = find_headings(placings)
        n_unsure = sum(not word.is_sure for word in self.words)
        told = f"of {len(self.words):,} read off pictures not sure"
        return Parsed(
            text,
            title or _largest_heading(headings, self.pages[0], text),
            tuple(list_units(placings, headings, text)),
            tuple(self.pages),
            drop_none(*warnings, count(n_unsure, "word", told), count(self.n_lost, "line", LOST)),
            tuple(self.words),
        )


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the text of the pages as canonical text in paragraphs, with headings and pages.

    Raises:
        DocumentUnreadable: encrypted, damaged, without text, or over a limit.
    """
    with _open(data) as document:
        n_pages = len(document)
        if n_pages > limits.max_pages:
            raise DocumentUnreadable(
                f"it has {n_pages:,} pages, over the limit of {limits.max_pages:,}; split the file",
                Fault.TOO_LARGE,
            )
        gathered = Gathered(limits.max_ocr_pages)
        for number in range(1, n_pages + 1):
            gathered.add(number, document, limits.max_chars)
        title, n_attached = _title(document), document.count_attachments()
    _require_text(gathered)
    return gathered.finish(title, _warnings(gathered, n_attached, is_whole=_is_whole(data)))


def locate(data: bytes, span: tuple[int, int], pages: Sequence[Page]) -> Origin:
    """Return the boxes of a span of the text, one for each line on each page, in reading order.

    Raises:
        DocumentUnreadable: it cannot be opened, or has no such page.
    """
    boxes: list[Box] = []
    with _open(data) as document:
        for place in pages:
            start, end = max(span[0], place.start), min(span[1], place.end)
            if start < end:
                with _existing_page(document, place.number) as page:
                    inside = (start - place.start, end - place.start)
                    boxes += find_boxes(page, place.number, inside)
    return Origin(boxes=tuple(boxes))


def draw(data: bytes, page: int, width: int) -> bytes:
    """Return a page as a PNG picture, with its annotations and the fields of its forms.

    Raises:
        DocumentUnreadable: it cannot be opened, or has no such page.
    """
    with _open(data) as document, _existing_page(document, page) as opened:
        page_width, page_height = opened.get_size()
        wanted = min(max(width, MIN_WIDTH), MAX_WIDTH)
        scale = min(wanted / page_width, MAX_ASPECT * wanted / page_height)
        bitmap = opened.render(scale=scale, rev_byteorder=True)
        picture = io.BytesIO()
        bitmap.to_pil().convert("RGB").save(picture, "PNG")
        bitmap.close()
    return picture.getvalue()


@contextmanager
def _open(data: bytes) -> Iterator[pdfium.PdfDocument]:
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            reason = "encrypted: save it without a password"
            raise DocumentUnreadable(reason, Fault.ENCRYPTED) from error
        if error.err_code == raw.FPDF_ERR_SECURITY:
            reason = "encrypted in a way that cannot be read: save it without encryption"
            raise DocumentUnreadable(reason, Fault.ENCRYPTED) from error
        raise DocumentUnreadable("damaged: no PDF reader can open it", Fault.CORRUPT) from error
    try:
        if not len(document):
            raise DocumentUnreadable("damaged: it has no pages", Fault.CORRUPT)
        document.init_forms()  # so that what is filled in is drawn, though the file does not
        yield document
    finally:
        document.close()


@contextmanager
def _existing_page(document: pdfium.PdfDocument, number: int) -> Iterator[pdfium.PdfPage]:
    if not 1 <= number <= len(document):
        raise DocumentUnreadable(f"it has no page {number}", Fault.CORRUPT)
    try:
        with open_page(document, number) as (page, _):
            yield page
    except pdfium.PdfiumError as error:
        raise DocumentUnreadable(f"damaged: page {number} cannot be read", Fault.CORRUPT) from error


def _require_text(gathered: Gathered) -> None:
    if gathered.placings:
        return
    if len(gathered.unread) == len(gathered.pages):
        raise DocumentUnreadable("damaged: none of its pages can be read", Fault.CORRUPT)
    if gathered.unseen:
        why = explain_unseen(gathered.max_ocr_pages)
        raise DocumentUnreadable(f"no text layer (a scan?); {why}", Fault.NO_TEXT)
    raise DocumentUnreadable("no text on its pages, nor in their pictures", Fault.NO_TEXT)


def _is_whole(data: bytes) -> bool:
    """Tell whether the file's end is there."""
    return b"%%EOF" in data[-_PADDING_BYTES:].rstrip(b"\0 \t\r\n")[-_END_BYTES:]


def _title(document: pdfium.PdfDocument) -> str | None:
    """Return what the file says its title is, unless a program only put its name there."""
    title = fold(normalize(document.get_metadata_value("Title"))[0])
    is_title = any(map(str.isalpha, title)) and not _FILE_NAME.search(title)
    return title if is_title and len(title) <= MAX_TITLE_CHARS else None


def _largest_heading(headings: Sequence[Unit], page: Page, text: str) -> str | None:
    first = [heading for heading in headings if heading.end <= page.end]
    if not first:
        return None
    largest = min(first, key=lambda heading: (heading.level, heading.start))
    return text[largest.start : largest.end]


def _warnings(gathered: Gathered, n_attached: int, *, is_whole: bool) -> tuple[str, ...]:
    """Return what a reader of the text should know is not in it."""
    unread, unseen, n_pictures = gathered.unread, gathered.unseen, gathered.n_pictures
    empty = {page.number for page in gathered.pages if page.start == page.end}
    blank = sorted(empty.difference(unread, unseen))
    why = explain_unseen(gathered.max_ocr_pages)
    pictures = f"{n_pictures:,} large picture{'s' * (n_pictures != 1)}"
    n_unknown = sum(len(NO_LETTER.findall(text)) for text in gathered.text)
    return drop_none(
        None if is_whole else "the file does not end as a PDF file does: some of it may be missing",
        f"{_name(unread)} cannot be read (damaged)" if unread else None,
        f"no text on {_name(blank)}" if blank else None,
        f"no text on {_name(unseen)} (scanned?); {why}" if unseen else None,
        count(n_unknown, "character", "of fonts that do not say which they are"),
        *(
            count(n_chars, "hidden character", f"left out ({how})")
            for how, n_chars in sorted(gathered.hidden.items())
        ),
        f"{pictures}: text in pictures is not read" if n_pictures else None,
        count(
            gathered.n_unread, "character", "or so not read: the font does not say what they are"
        ),
        count(gathered.n_notes, "note", "not read"),
        count(n_attached, "attached file", "not read"),
        describe_removed(gathered.n_removed),
    )


def _name(pages: Sequence[int]) -> str:
    """Name pages, the first of them when they are many.

    >>> _name([3]), _name([1, 2])
    ('page 3', '2 pages (1, 2)')
    """
    if len(pages) == 1:
        return f"page {pages[0]}"
    more = ", …" if len(pages) > _NAMED_PAGES else ""
    return f"{len(pages):,} pages ({', '.join(map(str, pages[:_NAMED_PAGES]))}{more})"
