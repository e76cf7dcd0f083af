"""Outlook messages (.msg): headers and text, as of any other mail.

Attachments, mails among them, are named in a warning. The text is not the file's own, so there is
no `locate`. `DocumentUnreadable` is raised for damaged files.
"""

import io
import struct
from collections.abc import Iterator

from olefile import OleFileIO
from olefile.olefile import DIFSECT
from oxmsg import Message
from oxmsg.domain import constants

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.blocks import Blocks
from assistant.ingest.formats.mail import MailMessage
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed

_DAMAGE = (
    *(OSError, LookupError, ValueError, ArithmeticError, AttributeError, TypeError),
    *(RecursionError, struct.error),
)
"""What the library runs into, which checks nothing."""
_RTF_ONLY = "its text is there as RTF alone, which is not read: save it as .eml or .txt"


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the headers and the text of a message."""
    mail = MailMessage(Blocks(limits.max_chars))
    try:
        message = Message.load(io.BytesIO(data))
        if _is_torn(data):
            mail.warnings.append("the end of the file is missing, and some text may be")
        mail.add_headers(_headers(message))
        _read_text(message, mail)
        mail.attachments += (found.file_name or "a message" for found in message.attachments)
        subject = message.subject
    except _DAMAGE as error:
        raise DocumentUnreadable(
            "damaged: cannot be read as an Outlook message", Fault.CORRUPT
        ) from error
    return mail.finish(subject)


def _is_torn(data: bytes) -> bool:
    """Tell whether the file's own table names sectors behind its end."""
    with OleFileIO(io.BytesIO(data)) as ole:
        named = (*ole.fat, ole.first_mini_fat_sector)
        return any(ole.nb_sect <= sector < DIFSECT for sector in named)


def _headers(message: Message) -> Iterator[tuple[str, str]]:
    sent = {name.lower(): value for name, value in message.message_headers.items()}
    to = ", ".join(f"{found.name} <{found.email_address}>" for found in message.recipients)
    date = message.sent_date
    yield "From", message.sender or ""
    yield "To", sent.get("to") or to
    yield "Cc", sent.get("cc", "")
    yield "Date", sent.get("date") or (date.isoformat(" ", "minutes") if date else "")
    yield "Subject", message.subject


def _read_text(message: Message, mail: MailMessage) -> None:
    if (body := message.body) and body.strip():
        mail.add_plain(body)
    elif page := message.properties.binary_prop_value(constants.PID_HTML):
        text = mail.read_text(page, message.properties.body_encoding)
        mail.add_html(text.encode("utf-8", "replace"))
    elif page_text := message.html_body:
        mail.add_html(page_text.encode("utf-8", "replace"))
    elif message.properties.binary_prop_value(constants.PID_RTF_COMPRESSED):
        mail.warnings.append(_RTF_ONLY)
