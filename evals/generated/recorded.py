"""A language model whose replies are kept on disk: asked the same again, it says the same at once.

In: any `Model` and a JSONL file. Out: the same model. So the checks can be measured again without
the hours that writing takes, and an interrupted run goes on where it was. The request's every word
is its key. A line that was cut off is no reply.
"""

import hashlib
import json
import threading
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant.write.llm.values import Finished, Model, Request


class Recorded:
    """A `Model` that asks the one behind it only what is not recorded."""

    def __init__(self, path: Path, model: Model) -> None:
        self._model = model
        self._kept = Kept(path)

    @property
    def name(self) -> str:
        """See `Model`."""
        return self._model.name

    @property
    def prompt_tokens(self) -> int:
        """See `Model`."""
        return self._model.prompt_tokens

    @property
    def reply_tokens(self) -> int:
        """See `Model`."""
        return self._model.reply_tokens

    @property
    def is_small(self) -> bool:
        """See `Model`."""
        return self._model.is_small

    def count(self, text: str) -> int:
        """See `Model`."""
        return self._model.count(text)

    def find(self, request: Request) -> tuple[str, Finished] | None:
        """Return what is recorded of a request: the reply and its cost."""
        kept = self._kept.find(_key(request))
        return (kept["reply"], Finished(**kept["finished"])) if kept else None

    def stream(self, request: Request) -> Generator[str | Finished | None]:
        """See `Model`; a reply that is left before its end is not kept."""
        found = self.find(request)
        if found is None:
            text, finished = "", None
            for piece in self._model.stream(request):
                if isinstance(piece, Finished):
                    finished = piece
                else:
                    text += piece or ""
            assert finished is not None
            self._kept.add(_key(request), {"reply": text, "finished": asdict(finished)})
            found = text, finished
        yield from found

    def close(self) -> None:
        """See `Model`."""
        self._model.close()


class Kept:
    """JSON objects on disk by their `key`, one a line. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._rows: dict[str, dict[str, Any]] = {}
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                row = json.loads(line)
            except json.JSONDecodeError:
                continue
            self._rows[row["key"]] = row

    def find(self, key: str) -> dict[str, Any] | None:
        """Return the object of a key."""
        return self._rows.get(key)

    def add(self, key: str, row: dict[str, Any]) -> dict[str, Any]:
        """Keep an object, on disk at once; return it with its key."""
        row = {"key": key, **row}
        with self._lock:
            self._rows[key] = row
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a+b") as file:
                start = "\n" if _is_cut(self._path) else ""
                file.write(f"{start}{json.dumps(row)}\n".encode())
        return row


def _key(request: Request) -> str:
    return hashlib.sha256(json.dumps(asdict(request), sort_keys=True).encode()).hexdigest()


def _is_cut(path: Path) -> bool:
    """Whether the last line of a file does not end."""
    size = path.stat().st_size
    if not size:
        return False
    with path.open("rb") as file:
        file.seek(size - 1)
        return file.read() != b"\n"
