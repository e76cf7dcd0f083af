"""The records of a run that is not finished, on disk: what an interrupted run has done stays done.

One file a run, named by all that the records depend on, one record a line. Two equal runs at the
same time may share it: lines are appended whole, and the first of a question counts. A line that
was cut off is asked again. Runs that nobody went on with are forgotten after two weeks.
"""

import logging
import time
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from assistant.evaluation.report import Record

logger = logging.getLogger(__name__)

MAX_AGE_S = 14 * 24 * 3600
"""A journal that was last written so long ago is of code that is no more."""

_RECORD = TypeAdapter(Record)


class Journal:
    """The records so far, by dataset and question."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._done: dict[tuple[str, str], Record] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        _forget_old(path.parent)
        for line in path.read_bytes().split(b"\n") if path.exists() else ():
            try:
                record = _RECORD.validate_json(line)
            except ValidationError:
                continue
            self._done.setdefault((record.dataset, record.query_id), record)
        if self._done:
            logger.info("going on with a run that was interrupted: %d done", len(self._done))

    def find(self, dataset: str, query_id: str) -> Record | None:
        """Return the record of a question if it was asked before."""
        return self._done.get((dataset, query_id))

    def add(self, record: Record) -> None:
        """Keep a record."""
        with self._path.open("ab") as file:
            file.write(b"\n" + _RECORD.dump_json(record))

    def remove(self) -> None:
        """Forget the run: it is finished."""
        self._path.unlink(missing_ok=True)


def _forget_old(folder: Path) -> None:
    oldest = time.time() - MAX_AGE_S
    for path in folder.glob("*.jsonl"):
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
        except FileNotFoundError:  # another run was faster
            continue
