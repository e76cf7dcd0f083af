"""`assistant search`: the passages nearest to a query, on stdout.

Comes in: an open assistant with an index. Refuses nothing of its own: failures are handed on.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from assistant.surfaces.describe import indent
from assistant.surfaces.terminal import write, write_json

if TYPE_CHECKING:
    from assistant.pipeline import Assistant


def print_ranking(
    assistant: "Assistant", query: str, k: int, documents: Sequence[str], *, as_json: bool
) -> None:
    """Print the k best passages, best first."""
    ranking = assistant.search(query, k, documents=documents)
    if as_json:
        write_json({"query": query, "results": [asdict(found) for found in ranking]})
        return
    for found in ranking:
        passage = found.passage
        place = f"{passage.document_id}:{passage.start}-{passage.end}"
        write(f"{found.rank}. {place}  (score {found.score:.3f})\n{indent(passage.text)}\n")
