"""`assistant documents`: the ledger, a line a file, on stdout.

Comes in: an open assistant. Refuses nothing of its own: an index that is missing is handed on.
"""

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from assistant.findings import count
from assistant.ledger import FileRecord
from assistant.surfaces.terminal import say, write, write_json

if TYPE_CHECKING:
    from assistant.pipeline import Assistant


def print_documents(assistant: "Assistant", *, as_json: bool) -> None:
    """Print what became of every file at the last sync, by name."""
    records = assistant.documents()
    if as_json:
        write_json({"documents": [asdict(record) for record in records]})
    else:
        for record in records:
            write(_describe(record))
    counts = Counter(record.status for record in records)
    say(", ".join(f"{n:,} {status}" for status, n in sorted(counts.items())) or "no files")


def _describe(record: FileRecord) -> str:
    facts = [count(record.n_passages, "passage")] if record.n_passages else []
    facts += [f"{record.settled_at}, {record.seconds:.1f} s"]
    facts += [f"the same as {', '.join(record.copies)}"] if record.copies else []
    facts += [f"nearly the same as {', '.join(record.near)}"] if record.near else []
    why = f": {record.reason}" if record.reason else ""
    return f"{record.status} {record.document_id}{why} ({'; '.join(facts)})"
