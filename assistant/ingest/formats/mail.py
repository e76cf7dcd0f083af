"""Mails as they were sent (RFC 5322, MIME), mailboxes, and pages saved as mails (MHTML).

First come the lines of the headers, then the text: of alternatives the plain one, or else the page;
the page, too, where the plain one only says that there is one. What is quoted of other mails
stands apart as notes. Mails inside a mail follow behind a line that says so, and what is attached
under its name; what of it cannot be read is named in a warning. The text is not the file's own, so
there is no `locate`. `DocumentUnreadable` is raised for mails whose parts or headers are made to
take their reader's time.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from itertools import groupby, islice, pairwise

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.decode import decode
from assistant.ingest.formats import html
from assistant.ingest.formats.blocks import Block, Blocks, blocks_of
from assistant.ingest.formats.parsed import (
    DEFAULT_LIMITS,
    MAX_DEPTH,
    Limits,
    Parsed,
    count,
    drop_none,
    fold,
    list_some,
    tell_some,
)
from assistant.ingest.formats.text import find_blocks
from assistant.ingest.parse import Inner, tell_damage
from assistant.ingest.sniff import MAIL_START
from assistant.text.normalize import normalize
from assistant.text.terms import terms
from assistant.values import Role

SEPARATOR = "Attached message"
MAX_HEADER_CHARS = 20_000
"""A longer header is cut, which is told: what reads encoded words takes the square of its time."""
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
_QUOTED = re.compile(r"^(?:> ?)*")
_WROTE = re.compile(
    r"(?:On|Am|Le|El|Il|Em|Op)\s.{4,200}?(?:wrote|schrieb.{0,80}|écrit|escribió|scritto|escreveu"
    r"|schreef)\s?:\s*$",
    re.DOTALL,
)
_ORIGINAL = re.compile(
    r"\n-{2,} ?(?:Original Message|Ursprüngliche Nachricht|Message d['’]origine|Mensaje original"
    r"|Messaggio originale|Mensagem original) ?-{2,} *(?=\n)",
    re.IGNORECASE,
)
"""What stands before a mail that is quoted whole, without marks."""
_NO_CHARSETS = ("idna", "punycode", "unicode_escape", "unicode-escape")
_UNENCODED = "raw_unicode_escape"
"""What the standard library hands out between encoded words."""
_ESCAPED = "surrogateescape"
MAX_COMPARED_CHARS = 50_000
"""Of a plain text and of a page, so much is compared."""
_MORE = 2
"""A page with more than so many times the terms of the plain text says what that leaves out."""
_ADDRESS = re.compile(r"(?:https?://|www\.|mailto:)\S+", re.IGNORECASE)


@dataclass(slots=True)
class MailMessage:
    """A mail as far as it was read; one that is a saved page is that of a site.

    `level` is that of the headings above what is attached, `told` the warnings about that.
    """

    blocks: Blocks
    inner: Inner
    is_saved_page: bool = False
    level: int = 1
    attachments: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    n_deep: int = 0
    n_cut: int = 0

    @classmethod
    def of(cls, limits: Limits) -> "MailMessage":
        """Return a mail of which nothing was read yet."""
        return cls(Blocks(limits.max_chars), Inner(limits))

    def attach(self, name: str, data: bytes) -> None:
        """Add what an attached file says, under its name, or remember that it was not read."""
        try:
            parsed = self.inner.parse(data, name)
        except DocumentUnreadable:
            self.attachments.append(name)
            return
        self.blocks.add(name, level=self.level)
        self.blocks.extend(blocks_of(parsed, below=self.level))
        shown = self.blocks.clean(name)[:_MAX_NAME_CHARS]
        self.told += (f"{shown}: {warning}" for warning in parsed.warnings)

    def add_headers(self, headers: Iterable[tuple[str, str]]) -> None:
        """Add a line for each header that says something."""
        for name, value in headers:
            if shown := fold(self.read_header(value)):
                self.blocks.add(f"{name}: {shown}")

    def add_plain(self, text: str) -> None:
        """Add plain text as its paragraphs; what it quotes of other mails, without its marks."""
        for role, part in _part_quotes(self.blocks.normalize(text)):
            for start, end in find_blocks(part) if role is not Role.LEAD_IN else [(0, len(part))]:
                self.blocks.add(part[start:end], role=role)

    def add_html(self, data: bytes) -> None:
        """Add the visible text of a page; of a saved one without its boilerplate."""
        page = html.parse(data) if self.is_saved_page else _read_whole(data)
        for unit in page.units:
            self.blocks.append(Block(page.text[unit.start : unit.end], unit.level, unit.role))
        self.warnings += page.warnings

    def is_poorer(self, plain: str, read_page: Callable[[], str]) -> bool:
        """Tell whether plain text says clearly less than a page, which may be no text."""
        n_told = len(self.warnings)  # of what is only compared nothing is told
        try:
            with tell_damage():
                return _says_more(read_page(), plain)
        except DocumentUnreadable:
            return False
        finally:
            del self.warnings[n_told:]

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
            *tell_some(self.told),
            name_attachments(self.attachments),
            count(self.n_deep, "part", "nested too deeply, left out"),
            count(self.n_cut, "header", f"cut after {MAX_HEADER_CHARS:,} characters"),
        ]
        title = self.blocks.clean(self.read_header(title)) if title else None
        return self.blocks.finish(title or None, told)


def _part_quotes(text: str) -> Iterator[tuple[Role, str]]:
    """Yield the parts of a mail's text with their roles: what is quoted, without its marks, is a
    note, and who wrote that leads into it, however the line is broken.
    """
    text, *original = _ORIGINAL.split(text, maxsplit=1)
    grouped = groupby(text.split("\n"), _depth_of)
    runs = [(depth > 0, "\n".join(_QUOTED.sub("", line) for line in run)) for depth, run in grouped]
    for (is_quoted, part), (is_next_quoted, _) in pairwise([*runs, (False, "")]):
        last = part.rstrip().rsplit("\n", 2)
        heads = ("\n".join(last[-n:]) for n in (1, 2)) if is_next_quoted else ()
        wrote = next((head for head in heads if _WROTE.fullmatch(head)), "")
        yield Role.NOTE if is_quoted else Role.PARAGRAPH, part.rstrip().removesuffix(wrote)
        yield Role.LEAD_IN, wrote
    yield from ((Role.NOTE, part) for part in original)


def _depth_of(line: str) -> int:
    """Return how many mails deep a line is quoted."""
    marks = _QUOTED.match(line)
    return marks[0].count(">") if marks else 0


def _read_whole(data: bytes) -> Parsed:
    blocks = Blocks()
    title, warning = html.read_page(data, blocks, quotes=Role.NOTE)
    return blocks.finish(title, [warning])


def _says_more(page: str, plain: str) -> bool:
    """Tell whether a page says clearly more than a plain text that is said to be the same.

    Addresses of links say nothing: a page shows none.

    >>> _says_more("<p>The ferry to Skarvik sails at ten past six.", "Please see the page.")
    True
    >>> _says_more("<p>The <b>ferry</b> sails at ten.", "The ferry sails at ten.")
    False
    """
    shown = _read_whole(page.encode("utf-8", "replace")).text
    of_page, of_plain = (
        set(terms(_ADDRESS.sub(" ", text[:MAX_COMPARED_CHARS]))) for text in (shown, plain)
    )
    return len(of_page) > _MORE * len(of_plain)


def name_attachments(names: Sequence[str]) -> str | None:
    """Return the warning that names what was not read, or None.

    >>> name_attachments(["a.pdf", "b.png"]), name_attachments(["a.pdf"])
    ('2 attachments not read: a.pdf, b.png', '1 attachment not read: a.pdf')
    """
    shown = [fold(normalize(name)[0])[:_MAX_NAME_CHARS] for name in names]
    return count(len(names), "attachment", f"not read: {list_some(shown)}")


MAX_MAILS = 10_000
"""Of a mailbox that are read."""
NO_SUBJECT = "(no subject)"
_MAIL_START = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))" + MAIL_START)
_ESCAPED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
HEADERS = ("From", "To", "Cc", "Date", "Subject")
MAX_TYPE_BYTES = 10_000
"""Of a header with parameters: the standard library takes the square of its length."""
_PLAIN, _HOLDING = ("text/plain",), ("multipart/related", "multipart/mixed")
_PAGES = ("text/html", *_HOLDING)
_TYPE = re.compile(rb"^content-(?:type|disposition):[^\n]*(?:\n[ \t][^\n]*)*", re.I | re.M)


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the headers and the text of a mail, and of those inside it."""
    message = read_source(data)
    mail = MailMessage.of(limits)
    mail.is_saved_page = _is_saved_page(message)
    read_message(message, mail)
    return mail.finish(_raw(message, "Subject"))


def parse_box(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the mails of a mailbox (RFC 4155), each under its subject."""
    box = MailMessage.of(limits)
    box.level = 2
    n_unread = 0
    starts = [found.start() for found in islice(_MAIL_START.finditer(data), MAX_MAILS + 1)]
    ends = [*starts, len(data)] if len(starts) <= MAX_MAILS else starts
    for start, end in pairwise(ends):
        source = data[data.find(b"\n", start) + 1 : end]
        try:
            message = read_source(_ESCAPED_FROM.sub(rb"\1", source))
        except DocumentUnreadable:
            n_unread += 1
            continue
        box.blocks.add(box.read_header(_raw(message, "Subject")) or NO_SUBJECT, level=1)
        read_message(message, box)
    if len(starts) > MAX_MAILS:
        box.warnings.append(f"only the first {MAX_MAILS:,} mails read: split it")
    box.warnings += drop_none(count(n_unread, "mail", "not read"))
    return box.finish(None)


def read_source(data: bytes) -> Message:
    """Return a mail as its parts.

    Raises:
        DocumentUnreadable: they are made to take their reader's time.
    """
    if any(len(header[0]) > MAX_TYPE_BYTES for header in _TYPE.finditer(data)):
        raise DocumentUnreadable("a header of it is too long to be read", Fault.TOO_LARGE)
    try:
        # Not the newer policy: its readers of headers fail on broken ones, or take very long.
        return BytesParser(policy=compat32).parsebytes(data)
    except RecursionError as error:
        raise DocumentUnreadable("its parts are nested too deeply", Fault.CORRUPT) from error


def read_message(message: Message, mail: MailMessage) -> None:
    """Read the headers and the text of a mail, and of those inside it."""
    waiting: list[tuple[Message, int]] = [(message, 0)]
    _read_headers(message, mail)
    while waiting:
        part, depth = waiting.pop()
        if depth > MAX_DEPTH:
            mail.n_deep += 1
            continue
        try:
            with tell_damage():
                inner = [(found, depth + 1) for found in _read_part(part, mail)]
        except DocumentUnreadable as error:
            if error.fault is Fault.TOO_LARGE:
                raise
            mail.attachments.append(_name(part, mail))
            continue
        waiting += reversed(inner)


def _is_saved_page(message: Message) -> bool:
    """Tell whether a browser has written it: such a page says where it is from, or by what."""
    return bool(
        _raw(message, "Snapshot-Content-Location")
        or _raw(message, "From").strip().lower().startswith("<saved by")
    )


def _read_headers(message: Message, mail: MailMessage) -> None:
    mail.add_headers((name, _raw(message, name)) for name in HEADERS)


def _read_part(part: Message, mail: MailMessage) -> Sequence[Message]:
    """Read a part's text; return the parts of it that are to be read next."""
    if part.get_content_type() == "message/rfc822" and part.is_multipart():
        mail.blocks.add(SEPARATOR)
        inner = _parts(part)
        for message in inner[:1]:
            _read_headers(message, mail)
        return inner
    if part.is_multipart() and part.get_content_maintype() == "multipart":
        inner = _parts(part)
        is_choice = part.get_content_subtype() == "alternative"
        return _choose(inner, mail) if is_choice else inner
    is_text = part.get_content_maintype() == "text" and not part.is_multipart()
    if is_text and part.get_content_disposition() != "attachment":
        _read_text(part, mail)
    elif _is_attached(part) and not mail.is_saved_page:
        mail.attach(_name(part, mail), _payload(part))
    elif part.get_payload():
        mail.attachments.append(_name(part, mail))
    return ()


def _is_attached(part: Message) -> bool:
    """Tell whether a part is a file of its own: pictures in the text are part of how it looks."""
    return part.get_content_disposition() == "attachment" and not part.is_multipart()


def _choose(parts: Sequence[Message], mail: MailMessage) -> Sequence[Message]:
    """Return the plain text of alternatives, or the page if there is none or it says clearly more,
    with what is attached to the others; or else all.
    """
    plain, page = (
        next((p for p in parts if p.get_content_type() in kinds and _has_text(p)), None)
        for kinds in (_PLAIN, _PAGES)
    )
    chosen = page if plain is None or (page and _is_poorer(plain, page, mail)) else plain
    if chosen is None:
        return parts
    others = (inner for part in parts if part is not chosen for inner in _inside(part))
    return (chosen, *filter(_is_attached, others))


def _has_text(part: Message) -> bool:
    return part.is_multipart() or bool(_payload(part).strip())


def _is_poorer(plain: Message, page: Message, mail: MailMessage) -> bool:
    """Tell whether a plain text says clearly less than the first page in its alternative."""
    pages = (part for part in (page, *_inside(page)) if part.get_content_type() == "text/html")
    shown = next((part for part in pages if not _is_attached(part)), None)
    if shown is None:
        return False
    try:
        text = _decode_text(plain, mail)
    except DocumentUnreadable:
        return True
    return mail.is_poorer(text, lambda: _decode_text(shown, mail))


def _inside(part: Message) -> Iterator[Message]:
    """Yield what lies in an alternative, but for what lies in others inside it, or in mails."""
    waiting = list(reversed(_parts(part))) if part.get_content_type() in _HOLDING else []
    while waiting:
        inner = waiting.pop()
        yield inner
        if inner.get_content_type() in _HOLDING:
            waiting += reversed(_parts(inner))


def _decode_text(part: Message, mail: MailMessage) -> str:
    return mail.read_text(_payload(part), part.get_content_charset())


def _read_text(part: Message, mail: MailMessage) -> None:
    text = _decode_text(part, mail)
    if part.get_content_subtype() == "html":
        mail.add_html(text.encode("utf-8", "replace"))
    else:
        mail.add_plain(text)


def _parts(part: Message) -> Sequence[Message]:
    payload = part.get_payload()
    return [inner for inner in payload if isinstance(inner, Message)] if payload else []


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _name(part: Message, mail: MailMessage) -> str:
    """Return what an attachment is called, or else what it is."""
    try:
        name = part.get_filename() or ""
    except ValueError:  # in a charset that the standard library fails on
        name = ""
    return mail.read_header(name).strip() or part.get_content_type()


def _raw(message: Message, name: str) -> str:
    """Return the first header of a name as it stands in the file, or nothing."""
    items = message.raw_items()
    return next((str(value) for found, value in items if found.lower() == name.lower()), "")
