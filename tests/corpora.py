"""Small corpora on disk, and the settings to index them with."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assistant.settings import Settings

FILES = {
    "rivers.txt": "Rivers\n\nThe Danube rises in the Black Forest. It flows through ten countries. "
    "Its delta lies in Romania and Ukraine.",
    "space/moons.md": "# Moons\n\nTitan is the largest moon of Saturn. It has lakes of methane.\n\n"
    "## Jupiter\n\nEuropa hides an ocean under its ice. Io has over 400 volcanoes.\n",
    "law.html": "<title>Leave</title><h1>Leave</h1><p>Employees accrue two days of leave per "
    "month.</p><p>Unused leave does not carry over to the next year.</p>",
}

PREPARED = Settings().cache_dir
"""Where this user's prepared model is, which tests share: to prepare one takes seconds."""


def write_files(corpus: Path, files: Mapping[str, str | bytes]) -> None:
    """Write the files with a time stamp that is old enough to be trusted."""
    for name, content in files.items():
        path = corpus / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        set_age(path, 3600)


def set_age(path: Path, seconds: float) -> None:
    """Make the file look last written this long ago."""
    changed_ns = path.stat().st_ctime_ns - int(seconds * 1e9)
    os.utime(path, ns=(changed_ns, changed_ns))


def replace_files(corpus: Path, files: Mapping[str, str | bytes]) -> None:
    """Make the folder hold these files and no others."""
    shutil.rmtree(corpus, ignore_errors=True)
    corpus.mkdir()
    write_files(corpus, files)


def settings_in(folder: Path, **given: Any) -> Settings:
    """Return settings whose folders are all in `folder`, unless others are given.

    What LibreOffice would read, where it is installed, is not asked of it.
    """
    folders = {f"{name}_dir": folder / name for name in ("corpus", "index", "cache")}
    return Settings(**(folders | {"office": "off"} | given))
