"""Reports made of records that say only what a test is about."""

from collections.abc import Sequence

from assistant.evaluation.report import Record, Report


def record(query_id: str, dataset: str = "set", **values: float) -> Record:
    return Record(
        dataset=dataset,
        query_id=query_id,
        question=f"What of {query_id}?",
        query=f"What of {query_id}?",
        kind="",
        is_answerable=True,
        answers=(),
        abstained=False,
        said=(),
        reason=None,
        confidence=0.5,
        seconds=0.1,
        cited=(),
        gold=(),
        read=(),
        values=dict(values),
    )


def report(records: Sequence[Record]) -> Report:
    return Report("name", "2026-01-01T00:00:00+00:00", 1.0, "cmd", {}, {}, (), tuple(records))
