"""What people change in the folder: files are added, renamed, removed and brought back.

Names and bytes are untrusted. A file appears whole or not at all and never in place of another.
Refused are names that are not plain file names, kinds of files that cannot be read, and whatever is
not a document of the folder. The folders that lead to a file are opened one inside the other, so
that no link is followed, whoever changes them meanwhile.

A removed file is moved to `trash/KEY/` beside the index, under the path that it had; each removal
has a key of its own. What is in the trash can be listed; it is deleted when a person says so.
"""

import asyncio
import errno
import os
import re
import secrets
import shutil
import stat
import unicodedata
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from assistant.errors import CorpusError, DocumentUnreadable
from assistant.ingest.sniff import SUFFIXES, media_type
from assistant.ingest.walk import is_document_name
from assistant.settings import Settings
from assistant.store.added import FOLDER as ADDED
from assistant.store.added import PREFIX, file_of, is_added, name_of

LINK_UNSUPPORTED = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK})
"""Errors of file systems without hard links."""
MAX_NAME_BYTES = 200
"""File systems allow 255; the rest is room for what programs append."""
STALL_S = 60.0
"""Seconds in which something more of a file must come; else who stalls would keep a turn for ever.
"""
TRASH = "trash"
OF_FOLDER, OF_PROGRAMS = "folder", ADDED
"""What a file in the trash was: one of the folder, or what a program had added."""
NOT_REMOVED = "nothing that was removed has this key; it may have been brought back"
_KEY = re.compile(r"[0-9a-f]{32}")


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
        TimeoutError: nothing more of it came in `STALL_S`.
    """
    name, held = check_name(name), BytesIO()
    async for part in _take_in_time(parts):
        held.write(part)
        if held.tell() > max_bytes:
            raise DocumentUnreadable(f"larger than {max_bytes:,} bytes")
    data = held.getvalue()  # no copy: it shares what is held
    media_type(name, data)
    return await asyncio.to_thread(_write, corpus_dir, name, data)


async def _take_in_time(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the parts; raise `TimeoutError` when one does not come in `STALL_S`."""
    while True:
        try:
            async with asyncio.timeout(STALL_S):
                part = await anext(parts)
        except StopAsyncIteration:
            return
        yield part


def _write(corpus_dir: Path, name: str, data: bytes) -> bool:
    temporary = corpus_dir / f".incoming-{secrets.token_hex(8)}"  # hidden: no sync looks at it
    target = corpus_dir / name
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with _open_folder(corpus_dir) as folder:
            _move(folder, temporary.name, folder, name)
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


def remove(settings: Settings, document_id: str) -> str:
    """Move the file of a document into the trash; return the key of this removal.

    Raises:
        CorpusError: there is no such file, or it cannot be moved.
    """
    kind, parts = _path_of(settings, document_id)
    key = secrets.token_hex(16)
    place = [TRASH, key, kind, *parts[:-1]]
    with _explain("removed", document_id), _open_parent(settings, kind, parts) as folder:
        _require_file(folder, document_id, parts[-1])
        with _open_folder(settings.index_dir, place, make=True) as aside:
            _move_aside(folder, parts[-1], aside)
    return key


def restore(settings: Settings, key: str) -> str:
    """Bring a removed file back to where it was; return the id of its document.

    Raises:
        NameTaken: another file has its place.
        CorpusError: nothing was removed with this key, or it cannot be brought back.
    """
    trashed = settings.index_dir / TRASH / key if _KEY.fullmatch(key) else None
    kind, parts = _find_removed(trashed)
    document_id = _identify_removed(settings.index_dir / TRASH / key, kind, parts)
    place = [TRASH, key, kind, *parts[:-1]]
    with (
        _explain("brought back", document_id),
        _open_folder(settings.index_dir, place) as aside,
        _open_parent(settings, kind, parts, make=True) as folder,
    ):
        _move(aside, parts[-1], folder, parts[-1])
    for top, _, _ in os.walk(settings.index_dir / TRASH / key, topdown=False):
        with suppress(OSError):
            os.rmdir(top)
    return document_id


@dataclass(frozen=True, slots=True)
class Removed:
    """A file in the trash: its key, the path that it had, when it was removed (ISO, UTC), bytes."""

    key: str
    document_id: str
    removed_at: str
    size: int


def list_removed(settings: Settings) -> tuple[Removed, ...]:
    """Return what is in the trash, what was removed last first."""
    found: list[Removed] = []
    with suppress(OSError):  # there is no trash, or it has just been emptied
        for folder in (settings.index_dir / TRASH).iterdir():
            with suppress(OSError, CorpusError):
                found.append(_describe_removed(folder))
    return tuple(sorted(found, key=lambda one: (one.removed_at, one.key), reverse=True))


def _describe_removed(folder: Path) -> Removed:
    if not _KEY.fullmatch(folder.name) or folder.is_symlink():
        raise CorpusError(f"{folder.name!r} is no key of the trash")
    kind, parts = _find_removed(folder)
    file = folder.joinpath(kind, *parts)
    document_id = _identify_removed(folder, kind, parts)
    when = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    return Removed(folder.name, document_id, when.isoformat(), file.lstat().st_size)


def _identify_removed(folder: Path, kind: str, parts: Sequence[str]) -> str:
    """Return the id of a document in the trash: its path, or what a program had named it."""
    if kind == OF_FOLDER:
        return "/".join(parts)
    return f"{PREFIX}{name_of(folder.joinpath(kind, *parts))}"


def purge(settings: Settings, key: str | None = None) -> int:
    """Delete for good what one removal put into the trash, or all of it; return how many files.

    Raises:
        CorpusError: nothing was removed with this key, or it cannot be deleted.
    """
    keys = [one.key for one in list_removed(settings) if key in (None, one.key)]
    if key is not None and not keys:
        raise CorpusError(NOT_REMOVED)
    with _explain("deleted", TRASH):
        for one in keys:
            with _open_folder(settings.index_dir, [TRASH]) as trash:
                shutil.rmtree(one, dir_fd=trash)
    return len(keys)


def rename(settings: Settings, document_id: str, name: str) -> str:
    """Give the file of a document another name in its folder; return the new path.

    Raises:
        DocumentUnreadable: it is no plain name, or one of another kind of file.
        NameTaken: another file has this name.
        CorpusError: there is no such file, or it cannot be renamed.
    """
    name = check_name(name)
    kind, parts = _path_of(settings, document_id)
    *above, old = parts
    suffix = Path(old).suffix
    if kind != OF_FOLDER:
        raise CorpusError(f"{document_id!r} was added by a program, which gave it its name")
    if Path(name).suffix.lower() != suffix.lower():
        raise DocumentUnreadable(f"{name!r} would be another kind of file: end it with {suffix!r}")
    with _explain("renamed", name), _open_parent(settings, kind, parts) as folder:
        _require_file(folder, document_id, old)
        if name == old:
            return document_id
        if name in os.listdir(folder):
            raise FileExistsError
        if name.casefold() == old.casefold() and _is_same_file(folder, old, name):
            os.rename(old, name, src_dir_fd=folder, dst_dir_fd=folder)  # one name to this disk
        else:
            _move(folder, old, folder, name)
    return "/".join((*above, name))


def _path_of(settings: Settings, document_id: str) -> tuple[str, list[str]]:
    """Return what kind of document this is, and the names that lead to its file from its root."""
    if is_added(document_id):
        return OF_PROGRAMS, [file_of(settings.index_dir, document_id).name]
    parts = document_id.split("/")
    if not all(map(is_document_name, parts)):
        raise CorpusError(f"{document_id[:MAX_NAME_BYTES]!r} is no document of the folder")
    return OF_FOLDER, parts


def _find_removed(trashed: Path | None) -> tuple[str, list[str]]:
    """Return the kind of a removed document and its path, as the folders in the trash have it."""
    for top, _, files in os.walk(trashed) if trashed else ():
        if trashed and files:
            kind, *parts = Path(top, files[0]).relative_to(trashed).parts
            return kind, parts
    raise CorpusError(NOT_REMOVED)


@contextmanager
def _open_parent(
    settings: Settings, kind: str, parts: Sequence[str], *, make: bool = False
) -> Iterator[int]:
    """Open the folder of a document's file; that of the index is none of them."""
    if kind == OF_PROGRAMS:
        with _open_folder(settings.index_dir, [ADDED], make=make) as folder:
            yield folder
        return
    own = os.stat(settings.index_dir)
    with _open_folder(settings.corpus_dir, parts[:-1], make=make, excluded=own) as folder:
        yield folder


@contextmanager
def _open_folder(
    root: Path,
    names: Sequence[str] = (),
    *,
    make: bool = False,
    excluded: os.stat_result | None = None,
) -> Iterator[int]:
    """Open a folder inside others; yield its descriptor. Missing ones are made if asked to.

    Raises:
        OSError: there is none, a link leads to it, or it is in the excluded one.
    """
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for name in names:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(name, dir_fd=folder)
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
            inner = os.open(name, flags, dir_fd=folder)
            os.close(folder)
            folder = inner
            if excluded and os.path.samestat(os.fstat(folder), excluded):
                raise PermissionError(errno.EACCES, "it belongs to the index")
        yield folder
    finally:
        os.close(folder)


def _require_file(folder: int, document_id: str, name: str) -> None:
    """Check that a folder has a regular file that is spelt so: not every disk tells case apart."""
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if name not in os.listdir(folder) or not stat.S_ISREG(status.st_mode):
        raise CorpusError(f"{document_id!r} is no file of the folder")


def _is_same_file(folder: int, one: str, other: str) -> bool:
    with suppress(OSError):
        found = [os.stat(name, dir_fd=folder, follow_symlinks=False) for name in (one, other)]
        return os.path.samestat(*found)
    return False


def _move(source: int, name: str, target: int, new: str) -> None:
    """Move a file from one open folder to another.

    Raises:
        FileExistsError: the name is taken there.
    """
    try:
        os.link(name, new, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    except OSError as error:
        if error.errno == errno.EXDEV:
            _copy(source, name, target, new)
        elif error.errno in LINK_UNSUPPORTED:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
            os.close(os.open(new, flags, 0o644, dir_fd=target))
            os.replace(name, new, src_dir_fd=source, dst_dir_fd=target)
            return
        else:
            raise
    else:
        if not os.path.samestat(
            os.stat(name, dir_fd=source, follow_symlinks=False),
            os.stat(new, dir_fd=target, follow_symlinks=False),
        ):
            return  # a program has just saved another file under the old name
    os.unlink(name, dir_fd=source)


def _move_aside(source: int, name: str, target: int) -> None:
    """Move a file into an empty folder, which may be on another disk."""
    try:
        os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        hidden = f".removed-{secrets.token_hex(8)}"
        os.rename(name, hidden, src_dir_fd=source, dst_dir_fd=source)
        try:
            _copy(source, hidden, target, name)
        except OSError:
            _move(source, hidden, source, name)
            raise
        os.unlink(hidden, dir_fd=source)


def _copy(source: int, name: str, target: int, new: str) -> None:
    """Copy a file into another open folder, where it appears whole.

    Raises:
        FileExistsError: the name is taken there.
    """
    reading = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=source)
    temporary = f".incoming-{secrets.token_hex(8)}"
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    with open(reading, "rb") as one:
        try:
            with open(os.open(temporary, flags, 0o644, dir_fd=target), "wb") as other:
                shutil.copyfileobj(one, other)
                other.flush()
                os.fsync(other.fileno())
            _move(target, temporary, target, new)
        except OSError:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=target)
            raise


@contextmanager
def _explain(done: str, name: str) -> Iterator[None]:
    """Turn what the file system says into an error that names the file."""
    try:
        yield
    except FileExistsError:
        raise NameTaken(f"the folder has another file named {name!r}") from None
    except (FileNotFoundError, NotADirectoryError):
        raise CorpusError(f"{name!r} is no file of the folder") from None
    except OSError as error:
        raise CorpusError(
            f"{name!r} cannot be {done} ({error.strerror}): see to the folder, its permissions "
            "and the free space"
        ) from error
