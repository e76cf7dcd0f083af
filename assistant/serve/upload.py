"""Saves a file that was dropped on the page into the corpus folder.

Takes a name and bytes, both untrusted. The new file appears directly in the folder, whole or not at
all. Refused are names that are not plain file names, kinds of files that cannot be read, and
anything that would overwrite a file.
"""

import asyncio
import errno
import os
import secrets
import unicodedata
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from assistant.errors import CorpusError, DocumentUnreadable
from assistant.ingest.sniff import SUFFIXES, media_type
from assistant.ingest.walk import is_document_name

LINK_UNSUPPORTED = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK})
"""Errors of file systems without hard links."""
MAX_NAME_BYTES = 200
"""File systems allow 255; the rest is room for what programs append."""


class NameTaken(CorpusError):
    """The folder has another file with this name."""


def check_name(name: str) -> str:
    """Return the name in the form that the file gets (Unicode NFC).

    Raises:
        DocumentUnreadable: it is not a plain file name, or of a kind that cannot be read.
    """
    name = unicodedata.normalize("NFC", name)
    if not is_document_name(name) or len(name.encode("utf-8", "replace")) > MAX_NAME_BYTES:
        raise DocumentUnreadable(
            f"{name[:MAX_NAME_BYTES]!r} is no plain file name: rename it, without slashes or "
            "control characters and not beginning with a dot"
        )
    if (suffix := Path(name).suffix.lower()) not in SUFFIXES:
        raise DocumentUnreadable(
            f"unsupported kind of file ({suffix or 'no suffix'}); supported: {' '.join(SUFFIXES)}"
        )
    return name


async def save_upload(
    corpus_dir: Path, name: str, parts: AsyncIterator[bytes], max_bytes: int
) -> bool:
    """Write a file into the folder; return False if the same file is there already.

    Raises:
        DocumentUnreadable: it cannot be read as a document, or is larger than `max_bytes`.
        NameTaken: another file has this name.
        CorpusError: the folder cannot be written.
    """
    name, data = check_name(name), bytearray()
    async for part in parts:
        data += part
        if len(data) > max_bytes:
            raise DocumentUnreadable(f"larger than {max_bytes:,} bytes")
    media_type(name, bytes(data))
    return await asyncio.to_thread(_write, corpus_dir, name, bytes(data))


def _write(corpus_dir: Path, name: str, data: bytes) -> bool:
    temporary = corpus_dir / f".incoming-{secrets.token_hex(8)}"  # hidden: no sync looks at it
    target = corpus_dir / name
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _move_without_overwriting(temporary, target)
    except FileExistsError:
        if target.is_file() and not target.is_symlink() and target.read_bytes() == data:
            return False
        raise NameTaken(
            f"the folder has another file named {name!r}: rename yours, or replace that one in the "
            "folder itself"
        ) from None
    except OSError as error:
        raise CorpusError(
            f"{name!r} cannot be written into {str(corpus_dir)!r} ({error.strerror}): see to the "
            "folder, its permissions and the free space"
        ) from error
    finally:
        with suppress(OSError):  # it was never made, or there is no such folder
            temporary.unlink()
    return True


def _move_without_overwriting(temporary: Path, target: Path) -> None:
    """Rename a file; raise FileExistsError if the target exists."""
    try:
        os.link(temporary, target)
    except OSError as error:
        if error.errno not in LINK_UNSUPPORTED:
            raise
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        os.replace(temporary, target)
