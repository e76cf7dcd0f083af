"""RTF documents: their text in blocks.

`striprtf` reads the control words. What it would lose, misread or take long over is put right
first, in one pass over the groups: footnotes and text boxes are moved to the end, pictures and
other data cut out, hidden and deleted text taken out, the font table rebuilt. A paragraph or line
is a block, and so is a table's row, its cells joined by ` | `. What pictures of PNG and JPEG say
follows what they stand in. Left out, with a warning: hidden text, comments, page headers and
footers, other pictures, embedded objects, bytes that are in no known encoding. Nothing in RTF says
reliably what is a heading; there are no pages before a text is laid out. `DocumentUnreadable` is
raised for what is no RTF and for texts too long to be read in time.
"""

import codecs
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from striprtf.striprtf import charset_map, rtf_to_text

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.blocks import Block, Blocks
from assistant.ingest.formats.ooxml import Pictures, sensible_title
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed, count
from assistant.ingest.formats.table import join_cells

MAX_SOURCE_CHARS = 20_000_000
"""Of what is left when pictures are cut out; the library goes through it character by character."""
_BINARY = re.compile(rb"\\[\\{}]|\\bin(\d{1,9}) ?")
_HIGH = re.compile(rb"[\x80-\xff]")
_TOKEN = re.compile(r"\\[^A-Za-z]|[{}]|\\([A-Za-z]{1,32})(-?\d{1,10})?[ ]?")
_FONT = re.compile(r"\\(f|fcharset)(\d{1,5})(?!\d)")
_CELL_END, _ROW_END, _ROW_START = "\ue000", "\ue001", "\ue002"
_PICTURE = "\ue003"
_PICTURES = re.compile(f"{_PICTURE}(\\d{{1,6}}){_PICTURE}")
"""Where pictures stand in a text, by their numbers."""
_MARKS = {"cell": _CELL_END, "nestcell": _CELL_END, "row": _ROW_END, "trowd": _ROW_START}
_MOVED = frozenset({"footnote", "shptxt"})
_NOWHERE = ""
_CUT = frozenset({_NOWHERE}).union(
    "pict nonshppict objdata themedata colorschememapping datastore fontemb latentstyles".split(),
    "stylesheet fldinst annotation atnauthor".split(),
    "header headerl headerr headerf footer footerl footerr footerf".split(),
)
_KEPT_APART = frozenset({"fonttbl", "title"})
_HIDING = frozenset({"v", "deleted"})
_CODEPAGES = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_MISREAD = "\N{REPLACEMENT CHARACTER}"


@dataclass(slots=True)
class _Group:
    """A group that is gathered apart from what is around it."""

    word: str
    depth: int
    pieces: list[str] = field(default_factory=list)


class _Source:
    """One pass over the source; what is gathered apart lies in `apart` by its control word.

    `pictures` are as they are written, in hex, and stand in the text by their numbers.
    """

    def __init__(self, source: str) -> None:
        self.counts: Counter[str] = Counter()
        self.pictures: list[str] = []
        self.apart: dict[str, list[str]] = {word: [] for word in (*_MOVED, *_KEPT_APART)}
        self._depth = 0
        self._hidden_at: int | None = None
        self._open = [_Group("rtf", 0)]
        self._hidden_in = self._open[0]
        position, before = 0, ""
        for token in _TOKEN.finditer(source):
            between = source[position : token.start()]
            self._gather(between)
            # Only what a group begins with says that the group may be passed over.
            if token[0] != "\\*" or (before == "{" and not between.strip()):
                self._read(token)
            position, before = token.end(), token[0]
        self._gather(source[position:])
        while len(self._open) > 1:
            self._close()
        self.text = "".join(self._open[0].pieces)

    def _gather(self, text: str) -> None:
        group = self._open[-1]
        if group.word == "pict" and group.depth == self._depth:
            group.pieces.append(text)
        else:
            self._write(text)

    def _write(self, text: str) -> None:
        # What is cut out is long, and never put together.
        if text and self._open[-1].word not in _CUT:
            self._open[-1].pieces.append(text)

    def _read(self, token: re.Match[str]) -> None:
        text, word, number = token.group(), token.group(1), token.group(2)
        if text == "{":
            self._depth += 1
            self._write(text)
        elif text == "}":
            self._end_group()
        elif word in self.apart or word in _CUT:
            # Beside a picture that is shown there is another for programs that cannot show it.
            self.counts[word] += self._open[-1].word != "nonshppict"
            self._open.append(_Group(word if self._hidden_at is None else _NOWHERE, self._depth))
        elif word in _HIDING:
            self._toggle(is_hidden=number != "0")
        elif word in _MARKS:
            self._write(f"{{\\uc0\\u{ord(_MARKS[word])} }}")
        elif word == "ansicpg":  # which has been read, and better
            self._write("\n")
        else:
            if word == "plain":
                self._toggle(is_hidden=False)
            self._write(text)

    def _end_group(self) -> None:
        if self._hidden_at == self._depth:
            self._show()
        while self._open[-1].depth == self._depth and len(self._open) > 1:
            self._close()
        self._depth -= 1
        self._write("}")

    def _close(self) -> None:
        group = self._open.pop()
        if group.word in self.apart:
            self.apart[group.word].append("".join(group.pieces))
        elif group.word == "pict":
            mark = f"\\u{ord(_PICTURE)} "
            self._write(f"{{\\uc0{mark}{len(self.pictures)}{mark}}}")
            self.pictures.append("".join(group.pieces))

    def _toggle(self, *, is_hidden: bool) -> None:
        if is_hidden:
            self._hide()
        elif self._hidden_at == self._depth:
            self._show()

    def _hide(self) -> None:
        """Begin a group that the library ignores."""
        if self._hidden_at is None and self._open[-1].word not in _CUT:
            self._write("{\\* ")
            self._hidden_at, self._hidden_in = self._depth, self._open[-1]
            self.counts["v"] += 1

    def _show(self) -> None:
        self._hidden_at = None
        self._hidden_in.pieces.append("}")


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the text in blocks."""
    if not data.lstrip().startswith(b"{\\rtf"):
        raise DocumentUnreadable("damaged: no RTF document", Fault.CORRUPT)
    ascii_source = _to_ascii(data).replace("{\\*\\shppict", "{")  # whose content is shown
    encoding = _encoding_of(ascii_source)
    source = _Source(ascii_source)
    if len(source.text) > MAX_SOURCE_CHARS:
        raise DocumentUnreadable(
            f"over {MAX_SOURCE_CHARS // 10**6} MB without its pictures; split it, or save it as "
            ".docx",
            Fault.TOO_LARGE,
        )
    fonts = _write_fonts(source.apart["fonttbl"])

    def read(part: str) -> str:
        return _read(f"{{\\rtf1 {fonts}{part}}}", encoding)

    moved = (part for word in _MOVED for part in source.apart[word])
    texts = [read(part) for part in (source.text, *moved)]
    pictures = Pictures(limits)

    def see(number: str) -> Iterator[Block]:
        written = source.pictures[int(number)] if int(number) < len(source.pictures) else ""
        with suppress(ValueError):  # what is there is no hex
            yield from pictures.look(bytes.fromhex(written))

    blocks = Blocks(limits.max_chars)
    for text in texts:
        _add_text(text, blocks, see)
    n_misread = sum(text.count(_MISREAD) for text in texts)
    margins = [word for word in source.counts if word.startswith(("header", "footer"))]
    return blocks.finish(
        sensible_title(next(map(read, source.apart["title"]), None)),
        [
            count(source.counts["v"], "piece", "of hidden or deleted text left out"),
            count(source.counts["annotation"], "comment", "left out"),
            "page headers and footers left out" if margins else None,
            *pictures.warn(source.counts["pict"]),
            count(source.counts["objdata"], "embedded object", "not read"),
            count(n_misread, "character", f"could not be read and stand in the text as {_MISREAD}"),
        ],
    )


def _to_ascii(data: bytes) -> str:
    """Return the source with its binary data cut out and its other high bytes written in hex."""
    pieces = []
    position = 0
    while found := _BINARY.search(data, position):
        pieces.append(data[position : found.start()])
        if found.group(1) is None:
            pieces.append(found.group())
            position = found.end()
        else:
            position = found.end() + int(found.group(1))
    pieces.append(data[position:])
    hexed = _HIGH.sub(lambda byte: b"\\'%02x" % byte.group()[0], b"".join(pieces))
    return hexed.decode("ascii")


def _encoding_of(source: str) -> str:
    """Return the code page that the head names, for text in fonts that say nothing."""
    found = re.search(r"\\ansicpg(\d{1,5})", source[:1_000])
    if found and _is_codec(f"cp{found.group(1)}"):
        return f"cp{found.group(1)}"
    named = re.search(r"\\(mac|pca?)(?![a-z])", source[:1_000])
    return _CODEPAGES[named.group(1)] if named else "cp1252"


def _is_codec(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True


def _write_fonts(tables: list[str]) -> str:
    """Return the font table with what matters in it, in the form that is read in linear time."""
    charsets: dict[str, str] = {}
    font = None
    for found in _FONT.finditer("".join(tables)):
        word, number = found.groups()
        if word == "f":
            font = number
        elif font is not None and _is_codec(charset_map.get(int(number), "")):
            charsets[font] = number
    fonts = "\n".join(f"{{\\f{font}\\fcharset{n} x;}}" for font, n in charsets.items())
    return f"{{\\fonttbl{fonts}}}"


def _read(source: str, encoding: str) -> str:
    text: str = rtf_to_text(source, encoding, "replace")  # type: ignore[no-untyped-call]
    # Characters beyond 16 bits are written as two halves.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


_See = Callable[[str], Iterator[Block]]
"""Returns what a picture says by its number."""


def _add_text(text: str, blocks: Blocks, see: _See) -> None:
    """Add a table's rows, and the lines around them."""
    *rows, rest = text.split(_ROW_END)
    for row in rows:
        before, start, cells = row.partition(_ROW_START)
        _add_lines(before, blocks, see)
        if start:
            _add_cells(cells.replace(_ROW_START, ""), blocks, see)
    _add_lines(rest, blocks, see)


def _add_lines(text: str, blocks: Blocks, see: _See) -> None:
    for line in text.replace(_ROW_START, "").split("\n"):
        _add_cells(line, blocks, see)


def _add_cells(text: str, blocks: Blocks, see: _See) -> None:
    cells = _PICTURES.sub("", text).split(_CELL_END)
    blocks.add(join_cells(map(blocks.clean, cells)))
    for number in _PICTURES.findall(text):
        blocks.extend(see(number))
