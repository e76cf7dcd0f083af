"""QuoteSum: a question, and up to eight sources that each answer it (Schuster et al. 2024).

In: lines with one summary each, several to a question. Out: a document a source, a question a
qid. Refused: a row without sources, or that tells another question or other sources of its qid.
"""

from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from assistant.evaluation.values import Dataset, Question
from evals.datasets.documents import number_texts, texts_by_id, titled
from evals.datasets.read import Row, read_lines

MAX_SOURCES = 8


class _Source(Row):
    title: str
    text: str
    answer: str

    @property
    def document(self) -> str:
        return titled(self.title, self.text)


class _Row(Row):
    qid: str
    question: str
    sources: tuple[_Source, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, row: Any) -> Any:
        """Make one field of title1, source1, short_ans_1, title2 and so on."""
        if not isinstance(row, dict):
            return row
        given = (k for k in range(1, MAX_SOURCES + 1) if row.get(f"source{k}"))
        sources = tuple(
            {
                "title": row.get(f"title{k}"),
                "text": row[f"source{k}"],
                "answer": row.get(f"short_ans_{k}"),
            }
            for k in given
        )
        return {**row, "sources": sources}


def load_quotesum(path: Path) -> Dataset:
    """Load the file; `answers` are the sources' short answers, a group is a qid."""
    rows: dict[str, _Row] = {}
    for where, row in read_lines(path, _Row):
        if rows.setdefault(row.qid, row) != row:
            raise ValueError(f"{where}: {row.qid!r} had another question or other sources before")
    ids = number_texts(source.document for row in rows.values() for source in row.sources)
    questions = tuple(
        Question(
            query_id=row.qid,
            text=row.question,
            answers=tuple(dict.fromkeys(source.answer for source in row.sources if source.answer)),
            documents=tuple(dict.fromkeys(ids[source.document] for source in row.sources)),
            group=row.qid,
            is_answerable=True,
        )
        for row in rows.values()
    )
    return Dataset("quotesum", texts_by_id(ids), questions)
