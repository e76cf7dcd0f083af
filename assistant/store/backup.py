"""Writes all that an index folder holds of value into one file, and brings it back.

Into a zip file go the databases (the catalog, the conversations), each as it was at one moment
though others write meanwhile, what was calibrated, and documents that a program added; a list of
digests comes with them. Out of it comes a folder that answers alike: what speeds up a search is
made anew by the next sync. `StoreError` is raised for what cannot be written or read; of a backup
that is damaged, or is none, nothing is brought back, and what was in the folder is put aside.
"""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assistant.errors import StoreError
from assistant.store.added import FOLDER
from assistant.store.lock import hold_lock

LIST = "backup.json"
FORMAT = 1
_KNOWN = re.compile(rf"(?:[a-z_]+\.sqlite|calibration\.json|{FOLDER}/[^/\\]+)")
UNREADABLE = (
    *(OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error),
    *(RuntimeError, NotImplementedError),  # with a password; packed in a way that is not known
)
"""What a file that is no backup raises."""
_BLOCK = 1 << 20
_SIDES = ("", "-wal", "-shm")
"""What SQLite keeps a database in."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup: when it was made (ISO, UTC), by which version, its files and their bytes."""

    made: str
    version: str
    files: tuple[str, ...]
    size: int


def back_up(
    index_dir: Path, path: Path, *, version: str, on_file: Callable[[str], None] = lambda _: None
) -> Backup:
    """Write a backup, which is there whole or not at all; `on_file` is told each file.

    Raises:
        StoreError: there is nothing to keep, or it cannot be written.
    """
    names = [*_databases(index_dir), *_others(index_dir)]
    if not names:
        raise StoreError(f"{str(index_dir)!r} holds no index and no conversations; nothing to keep")
    half = path.with_name(f".{path.name}.half")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        digests = {}
        with zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
            for name in names:
                on_file(name)
                with _copy(index_dir / name, path.parent) as source:
                    file.write(source, name)
                    digests[name] = _digest_file(source)
            size = sum(member.file_size for member in file.infolist())
            made = datetime.now(UTC).isoformat(timespec="seconds")
            told = {"format": FORMAT, "made": made, "version": version, "files": digests}
            file.writestr(LIST, json.dumps(told, indent=1))
        half.replace(path)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(
            f"the backup {str(path)!r} cannot be written ({error}): see to the disk, its free "
            "space and the folder's permissions, then try again"
        ) from error
    finally:
        with suppress(OSError):
            half.unlink(missing_ok=True)
    return Backup(made, version, tuple(names), size)


def restore(path: Path, index_dir: Path, *, replaces: bool = False) -> Backup:
    """Bring a backup back into a folder; with `replaces` what was there is put aside.

    Raises:
        StoreError: it is no backup, is damaged, or the folder holds an index already.
        IndexLocked: another process writes the folder.
    """
    with _open(path) as (file, told):
        with hold_lock(index_dir):
            before = [*_databases(index_dir), *_others(index_dir)]
            if before and not replaces:
                raise StoreError(
                    f"{str(index_dir)!r} holds {before[0]} already: name an empty folder with "
                    "--index, or add --replace, which puts aside what is there"
                )
            with tempfile.TemporaryDirectory(dir=index_dir, prefix=".restoring-") as aside:
                _extract(file, told["files"], Path(aside))
                _put_aside(index_dir, before)
                for name in told["files"]:
                    (index_dir / name).parent.mkdir(exist_ok=True)
                    Path(aside, name).replace(index_dir / name)
        size = sum(member.file_size for member in file.infolist() if member.filename != LIST)
    return Backup(str(told["made"]), str(told["version"]), tuple(told["files"]), size)


def _databases(index_dir: Path) -> Iterator[str]:
    for path in sorted(index_dir.glob("*.sqlite")):
        if _KNOWN.fullmatch(path.name) and path.is_file():
            yield path.name


def _others(index_dir: Path) -> Iterator[str]:
    for path in (index_dir / "calibration.json", *sorted((index_dir / FOLDER).glob("*"))):
        if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
            yield path.relative_to(index_dir).as_posix()


@contextmanager
def _copy(path: Path, folder: Path) -> Iterator[Path]:
    """Give a file to copy from: of a database a copy in `folder`, as it is at one moment."""
    if path.suffix != ".sqlite":
        yield path
        return
    with tempfile.TemporaryDirectory(dir=folder, prefix=".backup-") as aside:
        copied = Path(aside, path.name)
        with (
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(copied)) as target,
        ):
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # so that all of it is in one file
        yield copied


@contextmanager
def _open(path: Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, Any]]]:
    try:
        with zipfile.ZipFile(path) as file:
            told = json.loads(file.read(LIST))
            _examine(file, told)
            yield file, told
    except FileNotFoundError as error:
        raise StoreError(f"there is no file {str(path)!r}") from error
    except UNREADABLE as error:
        raise StoreError(
            f"{str(path)!r} is no backup that can be brought back ({error}); nothing was changed"
        ) from error


def _examine(file: zipfile.ZipFile, told: dict[str, Any]) -> None:
    """Raise `ValueError` for a list that is not of what the file holds."""
    if told["format"] != FORMAT:
        raise ValueError(f"its format is {told['format']!r}; this version knows {FORMAT}")
    names = set(told["files"])
    if odd := sorted(name for name in names if not _KNOWN.fullmatch(name) or ".." in name):
        raise ValueError(f"it holds {odd[0]!r}, which no index has")
    if names | {LIST} != set(file.namelist()):
        raise ValueError("its list is of other files")


def _extract(file: zipfile.ZipFile, digests: dict[str, str], folder: Path) -> None:
    """Write the files and check their digests.

    Raises:
        ValueError: one is not what it was.
        OSError: there is no room.
    """
    needed = sum(member.file_size for member in file.infolist())
    if needed > shutil.disk_usage(folder).free:
        raise OSError(f"it needs {needed:,} bytes, more than are free")
    for name, digest in digests.items():
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        with file.open(name) as source, target.open("wb") as out:
            shutil.copyfileobj(source, out, _BLOCK)
            out.flush()
            os.fsync(out.fileno())
        if _digest_file(target) != digest:
            raise ValueError(f"{name!r} is not what was backed up")


def _put_aside(index_dir: Path, names: list[str]) -> None:
    """Move what a folder holds into one inside it, with what is made of it."""
    if not names:
        return
    from assistant.store.bases import FOLDERS  # with numpy, which the command line does without

    aside = index_dir / f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    aside.mkdir()
    kept = {name.partition("/")[0] for name in names} | {*FOLDERS.values()}
    for name in sorted(kept):
        for side in _SIDES:
            if os.path.lexists(path := index_dir / f"{name}{side}"):
                path.rename(aside / path.name)


def _digest_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
