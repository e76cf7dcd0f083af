"""What the figures of a run depend on: versions, digests of code and corpus, the commit.

It names no path and no machine, so that a report can be published.
"""

import hashlib
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import assistant

PACKAGES = ("assistant", "chromadb", "numpy", "onnxruntime", "sentence-transformers", "tokenizers")
DIGEST_CHARS = 16


def describe(**more: Any) -> dict[str, Any]:
    """Return what every report says of its making, and what else is given."""
    python = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return {
        **more,
        "versions": {**{name: _version(name) for name in PACKAGES}, "python": python},
        "code": code_digest(),
        "commit": find_commit(Path(assistant.__file__).parent.parent),
    }


@cache
def code_digest() -> str:
    """Return the digest of the assistant's own files: code, weights and word lists."""
    root = Path(assistant.__file__).parent
    files = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.suffix in (".py", ".json", ".txt") and path.is_file()
    }
    return digest({name: hashlib.sha256(data).hexdigest() for name, data in files.items()})


def digest(parts: Mapping[str, str]) -> str:
    """Return one digest of named texts, whatever their order."""
    whole = hashlib.sha256()
    for name, text in sorted(parts.items()):
        for part in (name, text):
            data = part.encode("utf-8", "surrogatepass")
            whole.update(f"{len(data)}:".encode() + data)
    return whole.hexdigest()[:DIGEST_CHARS]


def find_commit(folder: Path) -> str | None:
    """Return the commit that a checkout is at, None when the folder is none."""
    git = folder / ".git"
    try:
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        name = head.removeprefix("ref: ")
        if name == head:
            return head
        loose = git / name
        if loose.exists():
            return loose.read_text(encoding="utf-8").strip()
        packed = (git / "packed-refs").read_text(encoding="utf-8").splitlines()
        return next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)
    except OSError:
        return None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
