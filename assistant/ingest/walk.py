"""Listing, reading and watching the files of the corpus folder.

Every regular file comes with its size and time, everything else with the reason for skipping it. No
link is followed, nothing is opened while walking, and a pipe never blocks. Hidden entries and
editors' leftovers are no documents and are passed over in silence. `CorpusError` is raised for a
folder that is missing or cannot be listed or watched, `DocumentUnreadable` for a file that cannot
be read.

The system tells of most changes at once; what it does not tell (network folders, more files than it
watches) is found by looking again each minute, which costs one stat a file. No other module imports
watchfiles.
"""

import os
import re
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import CorpusError, DocumentUnreadable, Fault
from assistant.text.normalize import UNSEEN
from assistant.values import DocumentId

SETTLE_MS = 500
"""How long a folder must be quiet: an editor or a copy writes a file in several steps."""
SWEEP_S = 60.0
_READ_BYTES = 1 << 20
_UNSAFE_NAME = re.compile(rf"[\t\n\x0b\x0c\r\u2028\u2029]|{UNSEEN.pattern}")
_SPECIAL_FILES = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a block device"),
    (stat.S_ISCHR, "a character device"),
)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file of the corpus; `size` in bytes."""

    document_id: DocumentId
    path: Path
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """An entry of the corpus that cannot become a document, and why.

    `document_id` is safe to show: characters that are not are written as escapes.
    """

    document_id: DocumentId
    reason: str


def walk(root: Path, excluded: Path | None = None) -> Iterator[FoundFile | SkippedFile]:
    """Yield every entry under `root` that is or might have been a document, by document_id.

    Args:
        root: the folder of documents.
        excluded: a folder that is passed over, such as that of the index itself.

    Raises:
        CorpusError: there is no such folder, or it cannot be listed.
    """
    if not root.is_dir():
        raise CorpusError(
            f"the corpus {str(root)!r} is {'not a folder' if root.exists() else 'missing'}: "
            "create that folder and put documents in it, or set corpus_dir to another one"
        )
    try:
        folders = [(os.fspath(root), list(os.scandir(root)))]
    except OSError as error:
        raise CorpusError(
            f"the corpus {str(root)!r} cannot be listed ({error.strerror}): grant read access to it"
        ) from error
    found: list[FoundFile | SkippedFile] = []
    own = os.path.realpath(excluded) if excluded else ""
    while folders:
        _, entries = folders.pop()
        for entry in entries:
            if _is_passed_over(entry.name) or _is_same(entry, own):
                continue
            outcome = _examine(entry, os.path.relpath(entry.path, root))
            if isinstance(outcome, list):
                folders.append((entry.path, outcome))
            else:
                found.append(outcome)
    yield from sorted(found, key=lambda outcome: outcome.document_id)


def is_document_name(name: str) -> bool:
    """Whether a file of this name, directly under the root, would be taken for a document."""
    is_plain = bool(name) and "/" not in name and "\\" not in name and name not in {".", ".."}
    return is_plain and not _is_passed_over(name) and not _UNSAFE_NAME.search(name)


def find(root: Path, document_id: str) -> FoundFile:
    """Return a file of the corpus by its id.

    Raises:
        DocumentUnreadable: there is no such regular file, or a link leads to it.
    """
    path = root
    parts = document_id.split("/")
    for part in parts:
        path = path / part
        if part in {"", ".", ".."} or "\0" in part or path.is_symlink():
            raise DocumentUnreadable("no file of the folder", Fault.UNREADABLE)
    return stat_again(FoundFile(DocumentId(document_id), path, 0, 0))


def stat_again(found: FoundFile) -> FoundFile:
    """Return the file with its size and time as they are now.

    Raises:
        DocumentUnreadable: it is gone, or no regular file any more.
    """
    try:
        status = os.lstat(found.path)
    except OSError as error:
        raise DocumentUnreadable(f"cannot be read: {error.strerror}", Fault.UNREADABLE) from error
    if not stat.S_ISREG(status.st_mode):
        raise DocumentUnreadable("not a regular file any more", Fault.UNREADABLE)
    return FoundFile(found.document_id, found.path, status.st_size, status.st_mtime_ns)


def read(found: FoundFile, max_bytes: int) -> bytes:
    """Return the file's bytes, read once.

    Raises:
        DocumentUnreadable: it is gone, forbidden, no longer a regular file, larger than
            `max_bytes`, or was written to meanwhile.
    """
    try:
        # Neither a link put in its place nor a pipe that nobody writes to may hold us up.
        handle = os.open(found.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(handle, "rb", buffering=0) as file:
            before = os.fstat(handle)
            if not stat.S_ISREG(before.st_mode):
                raise DocumentUnreadable("not a regular file any more", Fault.UNREADABLE)
            if before.st_size > max_bytes:
                raise DocumentUnreadable(f"larger than {max_bytes:,} bytes", Fault.TOO_LARGE)
            data = bytearray()
            while len(data) <= max_bytes and (part := file.read(_READ_BYTES)):
                data += part
            after = os.fstat(handle)
    except OSError as error:
        raise DocumentUnreadable(f"cannot be read: {error.strerror}", Fault.UNREADABLE) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or (
        len(data) != after.st_size
    ):
        raise DocumentUnreadable("changed while it was read; the next sync reads it", Fault.CHANGED)
    return bytes(data)


def _is_passed_over(name: str) -> bool:
    return name.startswith((".", "~$")) or name.endswith("~")


def _is_same(entry: os.DirEntry[str], own: str) -> bool:
    return entry.name == os.path.basename(own) and os.path.realpath(entry.path) == own


def _examine(
    entry: os.DirEntry[str], path: str
) -> FoundFile | SkippedFile | list[os.DirEntry[str]]:
    """Return the file, the reason for skipping it, or the entries of the folder."""
    name = path.replace(os.sep, "/")
    if _UNSAFE_NAME.search(name):
        return SkippedFile(_escape(name), "its name holds control characters or is not UTF-8")
    document_id = DocumentId(name)
    try:
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            return SkippedFile(document_id, "a symbolic link; links are not followed")
        if stat.S_ISDIR(status.st_mode):
            return list(os.scandir(entry.path))
    except OSError as error:
        return SkippedFile(document_id, f"cannot be read: {error.strerror}")
    if stat.S_ISREG(status.st_mode):
        return FoundFile(document_id, Path(entry.path), status.st_size, status.st_mtime_ns)
    kinds = [name for is_kind, name in _SPECIAL_FILES if is_kind(status.st_mode)]
    return SkippedFile(document_id, f"{kinds[0] if kinds else 'a special file'}, not a document")


def _escape(name: str) -> DocumentId:
    """Write what must not be shown as the bytes or code points that it stands for."""
    shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return DocumentId(_UNSAFE_NAME.sub(lambda match: ascii(match.group())[1:-1], shown))


def watch(corpus_dir: Path, excluded: Path, stop: threading.Event) -> Iterator[bool]:
    """Yield True when files have changed, False after a minute without news, until `stop` is set.

    Args:
        corpus_dir: the folder, with those in it.
        excluded: a folder in it whose changes do not count: that of the index.
        stop: ends the watch.

    Raises:
        CorpusError: the folder cannot be watched.
    """
    import watchfiles

    own = os.path.join(os.path.realpath(excluded), "")

    def counts(_: watchfiles.Change, path: str) -> bool:
        return not os.path.join(os.path.realpath(path), "").startswith(own)

    if not corpus_dir.is_dir():  # watchfiles would wait for it
        raise CorpusError(f"the corpus {str(corpus_dir)!r} cannot be watched: it is no folder")
    try:
        for changes in watchfiles.watch(
            corpus_dir,
            watch_filter=counts,
            debounce=10 * SETTLE_MS,
            step=SETTLE_MS,
            stop_event=stop,
            rust_timeout=int(SWEEP_S * 1000),
            yield_on_timeout=True,
            raise_interrupt=True,
            ignore_permission_denied=True,
        ):
            yield bool(changes)
    except (OSError, RuntimeError) as error:
        raise CorpusError(
            f"the corpus {str(corpus_dir)!r} cannot be watched ({error}): see that it exists, and "
            "that the system lets so many folders be watched (Linux: fs.inotify.max_user_watches)"
        ) from error
