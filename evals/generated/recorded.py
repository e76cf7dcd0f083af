"""A language model whose replies are kept on disk: asked the same again, it says the same at once.

In: any `Model` and a JSONL file. Out: the same model. So the checks can be measured again without
the hours that writing takes, and an interrupted run goes on where it was. The request's every word
is its key.
"""

import hashlib
import json
import threading
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path

from assistant.llm.values import Finished, Model, Request


class Recorded:
    """A `Model`; without one behind it only what is recorded can be said again."""

    def __init__(self, path: Path, model: Model) -> None:
        self._path = path
        self._model = model
        self._lock = threading.Lock()
        self._replies: dict[str, tuple[str, Finished]] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                kept = json.loads(line)
                self._replies[kept["key"]] = kept["reply"], Finished(**kept["finished"])

    @property
    def name(self) -> str:
        """See `Model`."""
        return self._model.name

    @property
    def prompt_tokens(self) -> int:
        """See `Model`."""
        return self._model.prompt_tokens

    def count(self, text: str) -> int:
        """See `Model`."""
        return self._model.count(text)

    def stream(self, request: Request) -> Generator[str | Finished | None]:
        """See `Model`; a reply that is left before its end is not kept."""
        key = hashlib.sha256(json.dumps(asdict(request), sort_keys=True).encode()).hexdigest()
        if key not in self._replies:
            text, finished = "", None
            for piece in self._model.stream(request):
                if isinstance(piece, Finished):
                    finished = piece
                else:
                    text += piece or ""
            assert finished is not None
            self._keep(key, text, finished)
        text, finished = self._replies[key]
        yield text
        yield finished

    def close(self) -> None:
        """See `Model`."""
        self._model.close()

    def _keep(self, key: str, text: str, finished: Finished) -> None:
        with self._lock:
            self._replies[key] = text, finished
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "reply": text, "finished": asdict(finished)}))
                file.write("\n")
