"""An embedder for workers: it tells where it embeds, takes its time, and ends its process at will.

The workers' processes find this module by `PYTHONPATH`.
"""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hashing import HashingEmbedder

from assistant.models.embed import EmbedderInput, PassageVectors

DELAY_S = 0.1
POISON = "the worker ends here"
GATE = "waits at the gate"
OPEN = "open"
"""The file in the folder without which the worker waits."""


class TellingEmbedder(HashingEmbedder):
    """Writes a line of JSON into a folder for each batch that it embeds."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        super().__init__(fingerprint=fingerprint)
        self._folder = folder

    def embed_passages(self, inputs: Sequence[EmbedderInput]) -> list[PassageVectors]:
        told = {
            "pid": os.getpid(),
            "text": inputs[0].text,
            "settings": [name for name in os.environ if name.startswith("ASSISTANT_")],
            "usage": os.environ.get("RAY_USAGE_STATS_ENABLED"),
        }
        self._folder.mkdir(exist_ok=True)
        with (self._folder / "told").open("a") as file:
            file.write(json.dumps(told) + "\n")
        time.sleep(DELAY_S)
        while any(GATE in given.text for given in inputs) and not (self._folder / OPEN).exists():
            time.sleep(DELAY_S)
        if any(POISON in given.text for given in inputs):
            os._exit(1)
        return super().embed_passages(inputs)


def open_telling(model: str, folder: Path, n_threads: int) -> TellingEmbedder:
    """Open it in place of a model; one of another name has another fingerprint."""
    assert n_threads == 1
    return TellingEmbedder(folder, "another" if model == "another" else "hashing")


def read_told(folder: Path) -> list[dict[str, Any]]:
    """Return what was told, a batch each."""
    path = folder / "told"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
