"""WiCE: claims of Wikipedia beside pieces of the pages they cite (Kamoi et al. 2023).

In: `oracle_chunks_claim_dev.jsonl`, a claim and the sentences of one piece a line. Out: claims,
several of one text with different evidence. Partial support is not support.
"""

from pathlib import Path
from typing import Literal

from assistant.evaluation.datasets.read import Row, read_lines
from assistant.evaluation.values import Claim


class _Meta(Row):
    id: str


class _Row(Row):
    label: Literal["supported", "partially_supported", "not_supported"]
    claim: str
    evidence: tuple[str, ...]
    meta: _Meta


def load_claims_wice(path: Path) -> tuple[Claim, ...]:
    """Load the file; `evidence` is sentences in order, a group is a claim's id."""
    return tuple(
        Claim(row.claim, row.evidence, row.label == "supported", row.meta.id)
        for _, row in read_lines(path, _Row)
    )
