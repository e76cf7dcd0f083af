"""Outlook messages (.msg): headers, text and attachments, as of any other mail ([MS-OXMSG]).

Each property is a stream of a compound file. Text of eight bits is in the code page that the
message names, if it is, or else in what it looks like. A body that is there as RTF alone is
unpacked ([MS-OXRTFCP]) and read as that. The text is not the file's own, so there is no `locate`.
`DocumentUnreadable` is raised for damaged files.
"""

import datetime as dt
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from olefile import OleFileIO
from olefile.olefile import DIFSECT

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.decode import decode
from assistant.ingest.formats import rtf
from assistant.ingest.formats.blocks import blocks_of
from assistant.ingest.formats.mail import SEPARATOR, MailMessage
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, MAX_DEPTH, Limits, Parsed
from assistant.ingest.parse import tell_damage

_DAMAGE = (
    *(OSError, LookupError, ValueError, ArithmeticError, AttributeError, TypeError),
    *(RecursionError, struct.error),
)
"""What the library runs into, which checks nothing."""
_NO_RTF = "its text is there as RTF alone, which cannot be read: save it as .eml or .txt"
MAX_RTF_BYTES = 20_000_000
"""Of a body when it is unpacked, byte by byte."""
_PACKED, _UNPACKED = b"LZFu", b"MELA"
_RTF_HEADER_BYTES, _WINDOW = 16, 4_096
_FIRST_WORDS = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    b"\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0"
    b"\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
"""What the window holds before anything is unpacked ([MS-OXRTFCP] 2.1.2.1)."""
_SUBJECT, _BODY, _PAGE, _RTF, _SENT_HEADERS = 0x0037, 0x1000, 0x1013, 0x1009, 0x007D
_SENDER, _SENDER_ADDRESS, _SENDER_SMTP, _SENT_FOR = 0x0C1A, 0x0C1F, 0x5D01, 0x0042
_NAME, _ADDRESS, _SMTP = 0x3001, 0x3003, 0x39FE
_FILE_DATA, _FILE_NAME, _SHORT_FILE_NAME = 0x3701, 0x3707, 0x3704
_SENT_AT, _BODY_CODEPAGE, _CODEPAGE = 0x0039, 0x3FDE, 0x3FFD
_STRING, _STRING_8, _BINARY, _OBJECT = 0x001F, 0x001E, 0x0102, 0x000D
_CODECS = {
    65001: "utf-8", 1200: "utf-16-le", 20127: "utf-8", 28591: "cp1252", 20866: "koi8_r",
    21866: "koi8_u", 50220: "iso2022_jp", 51932: "euc_jp", 51949: "euc_kr", 936: "gb18030",
    54936: "gb18030", 28592: "iso8859_2", 28595: "iso8859_5", 28597: "iso8859_7",
    28605: "iso8859_15", 10000: "mac_roman",
}  # fmt: skip
_HEADER_BYTES, _INNER_HEADER_BYTES = 32, 24
_EPOCH = dt.datetime(1601, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class _Storage:
    """A message, a recipient or an attachment: the streams under a path in the file."""

    ole: OleFileIO
    mail: MailMessage
    path: tuple[str, ...] = ()
    codec: str | None = None

    def read(self, *names: str) -> bytes | None:
        """Return a stream, if it is there."""
        path = [*self.path, *names]
        if not self.ole.exists(path) or self.ole.get_type(path) != 2:
            return None
        data: bytes = self.ole.openstream(path).read()
        return data

    def find(self, number: int, kind: int) -> bytes | None:
        """Return the bytes of a property of some kind, if it is there."""
        return self.read(f"__substg1.0_{number:04X}{kind:04X}")

    def text(self, *numbers: int) -> str:
        """Return the first of some properties that says something."""
        for number in numbers:
            wide, narrow = self.find(number, _STRING), self.find(number, _STRING_8)
            if wide:
                return wide.decode("utf-16-le").rstrip("\0")
            if narrow:
                return self.mail.read_text(narrow.rstrip(b"\0"), self.codec)
        return ""

    def under(self, start: str) -> Iterator["_Storage"]:
        """Yield the storages in this one whose names begin so."""
        n_above = len(self.path)
        for path in self.ole.listdir(streams=False, storages=True):
            inside = len(path) == n_above + 1 and tuple(path[:-1]) == self.path
            if inside and path[-1].startswith(start):
                yield _Storage(self.ole, self.mail, tuple(path), self.codec)

    def fixed(self) -> dict[int, bytes]:
        """Return the properties that have their value of eight bytes in the list of all."""
        listed = self.read("__properties_version1.0") or b""
        listed = listed[_INNER_HEADER_BYTES if self.path else _HEADER_BYTES :]
        entries = (listed[at : at + 16] for at in range(0, len(listed) - 15, 16))
        return {int.from_bytes(one[2:4], "little"): one[8:] for one in entries}


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the headers and the text of a message, and of what is attached."""
    mail = MailMessage.of(limits)
    try:
        with OleFileIO(io.BytesIO(data)) as ole:
            if _is_torn(ole):
                mail.warnings.append("the end of the file is missing, and some text may be")
            root = _Storage(ole, mail)
            if root.read("__properties_version1.0") is None:
                raise ValueError("no properties")
            subject = _read_message(root)
    except DocumentUnreadable:
        raise
    except _DAMAGE as error:
        raise DocumentUnreadable(
            "damaged: cannot be read as an Outlook message", Fault.CORRUPT
        ) from error
    return mail.finish(subject)


def _is_torn(ole: OleFileIO) -> bool:
    """Tell whether the file's own table names sectors behind its end."""
    named = (*ole.fat, ole.first_mini_fat_sector)
    return any(ole.nb_sect <= sector < DIFSECT for sector in named)


def _read_message(storage: _Storage) -> str:
    """Read a message and what is attached to it, and return its subject."""
    mail, fixed = storage.mail, storage.fixed()
    storage = _Storage(storage.ole, mail, storage.path, _codec_of(storage, fixed, _CODEPAGE))
    subject = storage.text(_SUBJECT)
    mail.add_headers(_headers(storage, subject, fixed.get(_SENT_AT)))
    _read_text(storage, fixed)
    for attached in storage.under("__attach_version1.0_#"):
        _read_attached(attached)
    return subject


def _codec_of(storage: _Storage, fixed: dict[int, bytes], *numbers: int) -> str | None:
    """Return the encoding of text of eight bits: as is said, or else as the body looks."""
    for number in (*numbers, _BODY_CODEPAGE):
        if page := int.from_bytes(fixed.get(number, b"")[:4], "little"):
            return _CODECS.get(page, f"cp{page}")
    body = storage.find(_BODY, _STRING_8)
    try:
        return decode(body).encoding if body else None
    except DocumentUnreadable:
        return None


def _headers(storage: _Storage, subject: str, sent_at: bytes | None) -> Iterator[tuple[str, str]]:
    from email.parser import HeaderParser

    sent = HeaderParser().parsestr(storage.text(_SENT_HEADERS))
    address = storage.text(_SENDER_ADDRESS, _SENDER_SMTP)
    sender = storage.text(_SENDER).strip()
    by = f'"{sender}" <{address}>' if sender and address else sender or address
    people = list(storage.under("__recip_version1.0_#"))
    to = ", ".join(f"{one.text(_NAME)} <{one.text(_SMTP, _ADDRESS)}>" for one in people)
    date = ""
    if sent_at and (ticks := int.from_bytes(sent_at, "little")):
        date = (_EPOCH + dt.timedelta(microseconds=ticks // 10)).isoformat(" ", "minutes")
    yield "From", str(sent.get("from") or by or storage.text(_SENT_FOR))
    yield "To", str(sent.get("to") or to)
    yield "Cc", str(sent.get("cc") or "")
    yield "Date", str(sent.get("date") or date)
    yield "Subject", subject


def _read_text(storage: _Storage, fixed: dict[int, bytes]) -> None:
    codec = _codec_of(storage, fixed)
    body = _Storage(storage.ole, storage.mail, storage.path, codec)
    mail = storage.mail
    text = body.text(_BODY)
    page = storage.find(_PAGE, _BINARY)

    def read_page() -> str:
        return mail.read_text(page, codec) if page else body.text(_PAGE)

    if text.strip() and not mail.is_poorer(text, read_page):
        mail.add_plain(text)
    elif shown := read_page():
        mail.add_html(shown.encode("utf-8", "replace"))
    elif packed := storage.find(_RTF, _BINARY):
        _read_rtf(packed, mail)


def _read_rtf(packed: bytes, mail: MailMessage) -> None:
    try:
        with tell_damage():
            parsed = rtf.parse(unpack_rtf(packed), mail.inner.limits)
    except DocumentUnreadable as error:
        if error.fault is Fault.TOO_LARGE:
            raise
        mail.warnings.append(_NO_RTF)
        return
    mail.blocks.extend(blocks_of(parsed))
    mail.warnings += parsed.warnings


def unpack_rtf(data: bytes) -> bytes:
    """Return the RTF of a message as a program would write it in a file.

    Raises:
        DocumentUnreadable: it is longer than `MAX_RTF_BYTES`.
        ValueError, struct.error: it is packed in no way that is known.
    """
    (kind,) = struct.unpack_from("<8x4s", data)
    if kind == _UNPACKED:
        return data[_RTF_HEADER_BYTES:]
    if kind != _PACKED:
        raise ValueError("packed in another way")
    written = bytearray(_FIRST_WORDS)
    at = _RTF_HEADER_BYTES
    while at < len(data) and len(written) <= MAX_RTF_BYTES:
        flags = data[at]
        at += 1
        for bit in range(8):
            if not flags >> bit & 1:
                written += data[at : at + 1]
                at += 1
                continue
            pair = int.from_bytes(data[at : at + 2], "big")
            at += 2
            # The place in the window is told from its start, around which it is written again.
            distance = (len(written) - (pair >> 4)) % _WINDOW
            if at > len(data) or not distance:
                return bytes(written[len(_FIRST_WORDS) :])
            for _ in range((pair & 0xF) + 2):
                written.append(written[-distance] if distance <= len(written) else 0x20)
    if len(written) > MAX_RTF_BYTES:
        raise DocumentUnreadable(
            f"its text takes more than {MAX_RTF_BYTES // 10**6} MB", Fault.TOO_LARGE
        )
    return bytes(written[len(_FIRST_WORDS) :])


def _read_attached(attached: _Storage) -> None:
    """Read a file, or a message, that is attached."""
    mail = attached.mail
    name = attached.text(_FILE_NAME, _SHORT_FILE_NAME)
    data = attached.find(_FILE_DATA, _BINARY)
    if data:
        mail.attach(name or "a file", data)
        return
    for inner in attached.under(f"__substg1.0_{_FILE_DATA:04X}{_OBJECT:04X}"):
        if inner.read("__properties_version1.0") is None or len(inner.path) > 2 * MAX_DEPTH:
            break
        mail.blocks.add(SEPARATOR)
        _read_message(inner)
        return
    mail.attachments.append(name or "a message")
