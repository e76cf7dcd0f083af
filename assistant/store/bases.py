"""Bases: what is made of the catalog's vectors beside it, to search more of them than one by one.

A base is built aside, checked and never edited; the catalog names the present one with the digests
of its files. There are two kinds, and a setting says which is built. Both are of no use without
the catalog.
"""

import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from assistant.models.encoder import Vector
from assistant.settings import BaseKind
from assistant.store import chroma, signs
from assistant.store.snapshot import Base

FOLDERS: dict[BaseKind, str] = {"signs": signs.FOLDER, "chroma": chroma.FOLDER}


class OpenBase(Protocol):
    """A base that answers queries."""

    @property
    def oversampling(self) -> int:
        """Rows to ask for, for each that is wanted; 1 if the base gives their cosines."""

    @property
    def least_scored(self) -> int:
        """Rows to ask for at least."""

    def search(self, query: Vector, k: int) -> list[tuple[int, float]]:
        """Return up to k rows and their cosines, best first; some may be dead.

        Raises:
            StoreError: it cannot be searched.
        """


def kind_of(base: Base) -> BaseKind:
    """Return the kind of a base: only Chroma's has a database among its files."""
    names = {name for name, _ in base.digests}
    return "chroma" if chroma.CHROMA_FILE in names or not names else "signs"


def folder_of(index_dir: Path, base: Base) -> Path:
    """Return the folder of a base."""
    return index_dir / FOLDERS[kind_of(base)] / str(base.number)


def build_base(index_dir: Path, number: int, dimension: int, kind: BaseKind) -> Base:
    """Build base `number` from the catalog's vectors.

    Raises:
        StoreError: it could not be built.
        IndexDamaged: a vector is not what was written.
    """
    build = signs.build_base if kind == "signs" else chroma.build_base
    return build(index_dir, number, dimension)


def check_base(index_dir: Path, base: Base, dimension: int) -> list[int]:
    """Return the live rows that the base should find and does not.

    Raises:
        StoreError: its files are not those that were built, or cannot be opened.
    """
    check = signs.check_base if kind_of(base) == "signs" else chroma.check_base
    return check(index_dir, base, dimension)


def require_intact(index_dir: Path, base: Base) -> None:
    """Refuse a base of which anything has changed since it was built.

    Raises:
        StoreError: naming the base.
    """
    require = signs.require_intact if kind_of(base) == "signs" else chroma.require_intact
    require(index_dir, base)


def open_base(index_dir: Path, base: Base) -> OpenBase:
    """Open a base for queries.

    Raises:
        StoreError: its files are not those that were built, or cannot be opened.
    """
    if kind_of(base) == "signs":
        return signs.OpenSigns(index_dir, base)
    return chroma.OpenChroma(index_dir, base)


def list_folders(index_dir: Path) -> list[Path]:
    """Return the folders of all bases, those that were never finished among them."""
    return [path for name in FOLDERS.values() for path in sorted((index_dir / name).glob("*"))]


def remove_bases_except(index_dir: Path, kept: Collection[int]) -> None:
    """Delete the folders of all other bases, those that were never finished among them."""
    for folder in list_folders(index_dir):
        if folder.name not in map(str, kept):
            shutil.rmtree(folder, ignore_errors=True)


def remove_bases(index_dir: Path) -> None:
    """Delete every base."""
    for name in FOLDERS.values():
        shutil.rmtree(index_dir / name, ignore_errors=True)
