"""The parts of a mail, whatever it was stored as, in; its blocks and warnings, out.

A letter begins with lines of its headers, each one a block; its text follows in paragraphs, quoted
replies among them. What is attached is named in a warning and not read. Refuses nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header

from assistant.errors import DocumentUnreadable
from assistant.ingest.decode import decode
from assistant.ingest.formats import html
from assistant.ingest.formats.blocks import Block, Blocks, count
from assistant.ingest.formats.parsed import Parsed, fold
from assistant.ingest.formats.text import find_blocks
from assistant.ingest.normalize import normalize

SEPARATOR = "Attached message"
MAX_HEADER_CHARS = 20_000
"""A longer header is cut, which is told: what reads encoded words takes the square of its time."""
MAX_NAMES = 10
_MAX_NAME_CHARS = 100
_WIDER = {
    "ascii": "utf-8",
    "us-ascii": "utf-8",
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "shift_jis": "cp932",
}
"""What texts are in that say they are in a smaller set."""
_NO_CHARSETS = ("idna", "punycode", "unicode_escape", "unicode-escape")
_UNENCODED = "raw_unicode_escape"
"""What the standard library hands out between encoded words."""
_ESCAPED = "surrogateescape"


@dataclass(slots=True)
class Letter:
    """A mail as far as it was read."""

    blocks: Blocks
    attachments: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    n_deep: int = 0
    n_cut: int = 0

    def add_headers(self, headers: Iterable[tuple[str, str]]) -> None:
        """Add a line for each header that says something."""
        for name, value in headers:
            if shown := fold(self.read_header(value)):
                self.blocks.add(f"{name}: {shown}")

    def add_plain(self, text: str) -> None:
        """Add plain text as its paragraphs."""
        text, n_removed = normalize(text)
        self.blocks.n_removed += n_removed
        for start, end in find_blocks(text):
            self.blocks.add(text[start:end])

    def add_html(self, data: bytes) -> None:
        """Add the visible text of a page, with its headings."""
        page = html.parse(data)
        levels = {(heading.start, heading.end): heading.level for heading in page.headings}
        for start, end in page.blocks:
            self.blocks.append(Block(page.text[start:end], levels.get((start, end), 0)))
        self.warnings += page.warnings

    def read_header(self, value: str) -> str:
        """Return a header's value on one line, with its encoded words (RFC 2047) read.

        Args:
            value: as the standard library holds it: bytes beyond ASCII as lone surrogates.
        """
        self.n_cut += len(value) > MAX_HEADER_CHARS
        value = fold(self._read_or_show(value[:MAX_HEADER_CHARS].encode("utf-8", _ESCAPED), None))
        try:
            parts = decode_header(value)
        except HeaderParseError:
            return value
        return "".join(
            part if isinstance(part, str) else self._read_or_show(part, charset or _UNENCODED)
            for part, charset in parts
        )

    def read_text(self, data: bytes, charset: str | None) -> str:
        """Return bytes as text in the charset that they are said to be in, if they are.

        Raises:
            DocumentUnreadable: they are no text.
        """
        named = _WIDER.get((charset or "").lower(), charset or "utf-8")
        if named.lower() not in _NO_CHARSETS:
            try:
                return data.decode(named)
            except (LookupError, ValueError):
                pass
        decoded = decode(data)
        if decoded.warning and decoded.warning not in self.warnings:
            self.warnings.append(decoded.warning)
        return decoded.text

    def _read_or_show(self, data: bytes, charset: str | None) -> str:
        try:
            return self.read_text(data, charset)
        except DocumentUnreadable:
            return data.decode("utf-8", "backslashreplace")

    def finish(self, title: str | None) -> Parsed:
        """Return everything read."""
        told = [
            *self.warnings,
            name_attachments(self.attachments),
            count(self.n_deep, "part", "nested too deeply, left out"),
            count(self.n_cut, "header", f"cut after {MAX_HEADER_CHARS:,} characters"),
        ]
        title = self.blocks.clean(self.read_header(title)) if title else None
        return self.blocks.finish(title or None, told)


def name_attachments(names: Sequence[str]) -> str | None:
    """Return the warning that names what was not read, or None.

    >>> name_attachments(["a.pdf", "b.png"]), name_attachments(["a.pdf"])
    ('2 attachments not read: a.pdf, b.png', '1 attachment not read: a.pdf')
    """
    shown = ", ".join(fold(normalize(name)[0])[:_MAX_NAME_CHARS] for name in names[:MAX_NAMES])
    more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
    return count(len(names), "attachment", f"not read: {shown}{more}")
