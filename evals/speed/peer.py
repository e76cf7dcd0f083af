"""Another program to compare with: txtai, if it is installed (`pip install txtai`).

In: a folder of plain text files. Out: an index on disk, searched by vectors and words together as
ours is, with the texts in it and the same model. All else is at its default. It neither splits, nor
checks what it wrote, nor knows afterwards which files have changed.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evals.speed.material import model_folder

NAME = "txtai"


def is_installed() -> bool:
    """Tell whether it is here."""
    return find_spec(NAME) is not None


def build_index(corpus: Path, folder: Path) -> Any:
    """Index a folder of text files into another, and return what searches it."""
    embeddings = import_module(NAME).Embeddings(
        path=str(model_folder()), method="sentence-transformers", content=True, hybrid=True
    )
    texts = ((path.name, path.read_text("utf-8"), None) for path in sorted(corpus.rglob("*.txt")))
    embeddings.index(texts)
    embeddings.save(str(folder))
    return embeddings
