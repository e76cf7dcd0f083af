"""Measure the local verifier by both kinds of error: what it refuses of right, passes of wrong.

    python -m evals.verify --statements FILE

FILE has a JSON object a line: "statement", "cited" (texts of what it cites), "supported" ("yes",
"no", or something else, which is left out), and where they are there "question" and "set". Beside
the sets there is a line for each reason; the last line is `kept X of supported, passed Y of
unsupported`, as shares.
"""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import QuestionError
from assistant.evidence.scorer import open_scorer
from assistant.models.embed import open_embedder
from assistant.settings import Settings
from assistant.write.verify import Claim, LocalVerifier, Support, verify

MAX_REASON_WORDS = 6


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence with what it cites, and whether that says all of it."""

    claim: Claim
    is_supported: bool
    set: str


def main() -> None:
    """Read the arguments and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--statements", type=Path, required=True, help="a JSON object a line")
    settings = Settings.load()
    embedder = open_embedder(settings.embedding_model, settings.cache_dir)
    support = open_scorer(settings, embedder).support
    print("\n".join(report(read_rows(parser.parse_args().statements), support)))


def read_rows(path: Path) -> list[Row]:
    """Return the sentences of a file that are supported or not.

    Raises:
        QuestionError: a line is no such object; names it.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            told = json.loads(line)
            text, cited, supported = told["statement"], told["cited"], told["supported"]
            claim = Claim(str(text), tuple(map(str, cited)), "", str(told.get("question", "")))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise QuestionError(f"{path}:{number} is no statement: {error!r}") from error
        if supported in ("yes", "no"):
            rows.append(Row(claim, supported == "yes", str(told.get("set", ""))))
    return rows


def judge(rows: Sequence[Row], support: Support) -> list[str | None]:
    """Return for each sentence None where it stands, or else why not."""
    checking = verify([row.claim for row in rows], LocalVerifier(support))
    while True:
        try:
            next(checking)
        except StopIteration as end:
            return list(end.value)


def report(rows: Sequence[Row], support: Support) -> Iterable[str]:
    """Yield a line for each set, a line for each reason, and the last one."""
    whys = judge(rows, support)
    sets: dict[str, list[tuple[Row, str | None]]] = defaultdict(list)
    for row, why in zip(rows, whys, strict=True):
        sets[row.set].append((row, why))
    for name, judged in sets.items():
        yield f"{name or 'all'}: {_shares(judged)}"
    for kind in (True, False):
        told = [why for row, why in zip(rows, whys, strict=True) if row.is_supported is kind]
        for why, n in Counter(_shorten(why) for why in told if why).most_common():
            yield f"{'supported' if kind else 'unsupported'}, {why}: {n} of {len(told)}"
    yield _shares(list(zip(rows, whys, strict=True)))


def _shares(judged: Sequence[tuple[Row, str | None]]) -> str:
    kept, passed = (
        [why is None for row, why in judged if row.is_supported is kind] for kind in (True, False)
    )
    return f"kept {_share(kept)} of supported, passed {_share(passed)} of unsupported"


def _share(found: Sequence[bool]) -> str:
    return f"{sum(found) / len(found):.3f}" if found else "none"


def _shorten(why: str) -> str:
    """Return the end of a reason, which names nothing."""
    return " ".join(why.split()[-MAX_REASON_WORDS:])


if __name__ == "__main__":
    main()
