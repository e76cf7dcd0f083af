"""A file that was dropped on the page -> a file of the corpus folder.

Comes in: a name and bytes, untrusted. Goes out: a new file directly in the folder, whole or not at
all. Refuses names that are no plain file names, kinds of file that cannot be read, and whatever
would overwrite something.
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

LINKLESS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK})
"""What file systems without hard links answer to one."""
MAX_NAME_BYTES = 200
"""File systems take 255; the rest is room for what programs append."""


class NameTaken(CorpusError):
    """The folder has another file of this name."""


def check_name(name: str) -> str:
    """Return the name as a file gets it.

    Raises:
        DocumentUnreadable: it is no plain name of a file.
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


async def take_in(corpus_dir: Path, name: str, parts: AsyncIterator[bytes], max_bytes: int) -> bool:
    """Write a file into the folder; False when the very same file is there already.

    Raises:
        DocumentUnreadable: no such file can be read as a document, or it is too large.
        NameTaken: another file has its name.
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
    beside = corpus_dir / f".incoming-{secrets.token_hex(8)}"  # hidden: no sync looks at it
    target = corpus_dir / name
    try:
        with beside.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _give_name(beside, target)
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
        with suppress(OSError):  # it was never made, or the folder is none
            beside.unlink()
    return True


def _give_name(beside: Path, target: Path) -> None:
    """Give a whole file its name, unless another one has it."""
    try:
        os.link(beside, target)
    except OSError as error:
        if error.errno not in LINKLESS:
            raise
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        os.replace(beside, target)
