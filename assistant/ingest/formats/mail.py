"""A mail as it was sent (RFC 5322, MIME), or a page saved with it (MHTML), in; its text out.

First the lines of its headers, then the text: of alternatives the plain one, or else the page.
Mails inside it follow behind a line that says so. Attachments are named in a warning. The text is
not the file's own, so there is no `locate`. Refuses, with `DocumentUnreadable`, mails whose parts
or headers are made to take their reader's time.
"""

import re
from collections.abc import Sequence
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.blocks import Blocks
from assistant.ingest.formats.letter import SEPARATOR, Letter
from assistant.ingest.formats.parsed import Parsed
from assistant.ingest.limits import MAX_DEPTH, USUAL, Limits

HEADERS = ("From", "To", "Cc", "Date", "Subject")
MAX_TYPE_BYTES = 10_000
"""Of a header with parameters: the standard library takes the square of its length."""
_TYPE = re.compile(rb"^content-(?:type|disposition):[^\n]*(?:\n[ \t][^\n]*)*", re.I | re.M)


def parse(data: bytes, limits: Limits = USUAL) -> Parsed:
    """Return the headers and the text of a mail, and of those inside it."""
    if any(len(header[0]) > MAX_TYPE_BYTES for header in _TYPE.finditer(data)):
        raise DocumentUnreadable("a header of it is too long to be read", Fault.TOO_LARGE)
    try:
        # Not the newer policy: its readers of headers fail on broken ones, or take very long.
        message = BytesParser(policy=compat32).parsebytes(data)
    except RecursionError as error:
        raise DocumentUnreadable("its parts are nested too deeply", Fault.CORRUPT) from error
    letter = Letter(Blocks(limits.max_chars))
    waiting: list[tuple[Message, int]] = [(message, 0)]
    _read_headers(message, letter)
    while waiting:
        part, depth = waiting.pop()
        if depth > MAX_DEPTH:
            letter.n_deep += 1
            continue
        inner = [(found, depth + 1) for found in _read_part(part, letter)]
        waiting += reversed(inner)
    return letter.finish(_raw(message, "Subject"))


def _read_headers(message: Message, letter: Letter) -> None:
    letter.add_headers((name, _raw(message, name)) for name in HEADERS)


def _read_part(part: Message, letter: Letter) -> Sequence[Message]:
    """Read a part's text; return the parts of it that are to be read next."""
    if part.get_content_type() == "message/rfc822" and part.is_multipart():
        letter.blocks.add(SEPARATOR)
        inner = _parts(part)
        for message in inner[:1]:
            _read_headers(message, letter)
        return inner
    if part.is_multipart() and part.get_content_maintype() == "multipart":
        inner = _parts(part)
        is_choice = part.get_content_subtype() == "alternative"
        return _choose(inner) if is_choice else inner
    is_text = part.get_content_maintype() == "text" and not part.is_multipart()
    if is_text and part.get_content_disposition() != "attachment":
        _read_text(part, letter)
    elif part.get_payload():
        letter.attachments.append(_name(part, letter))
    return ()


def _choose(parts: Sequence[Message]) -> Sequence[Message]:
    """Return the plain text of alternatives, or else what has a page in it, or else all."""
    for kinds in (("text/plain",), ("text/html", "multipart/related", "multipart/mixed")):
        for part in parts:
            if part.get_content_type() in kinds and (part.is_multipart() or _payload(part).strip()):
                return (part,)
    return parts


def _read_text(part: Message, letter: Letter) -> None:
    try:
        text = letter.read_text(_payload(part), part.get_content_charset())
        if part.get_content_subtype() == "html":
            letter.add_html(text.encode("utf-8", "replace"))
        else:
            letter.add_plain(text)
    except DocumentUnreadable as error:
        if error.fault is Fault.TOO_LARGE:
            raise
        letter.attachments.append(_name(part, letter))


def _parts(part: Message) -> Sequence[Message]:
    payload = part.get_payload()
    return [inner for inner in payload if isinstance(inner, Message)] if payload else []


def _payload(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _name(part: Message, letter: Letter) -> str:
    """Return what an attachment is called, or else what it is."""
    return letter.read_header(part.get_filename() or "").strip() or part.get_content_type()


def _raw(message: Message, name: str) -> str:
    """Return the first header of a name as it stands in the file, or nothing."""
    items = message.raw_items()
    return next((str(value) for found, value in items if found.lower() == name.lower()), "")
