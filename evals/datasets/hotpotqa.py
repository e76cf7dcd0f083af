"""HotpotQA, distractor setting: ten paragraphs a question, two needed (Yang et al. 2018).

In: one JSON list of questions. Out: a document a paragraph, distractors as well. Refused: a
supporting fact that names no sentence of the question's paragraphs, a title given twice.
"""

from pathlib import Path

from pydantic import TypeAdapter, model_validator

from assistant.evaluation.values import Dataset, Gold, Question
from evals.datasets.documents import number_texts, texts_by_id, titled
from evals.datasets.read import Row, read_json


class _Row(Row):
    id: str
    question: str
    answer: str
    type: str
    supporting_facts: tuple[tuple[str, int], ...]
    context: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def sentences(self) -> dict[str, tuple[str, ...]]:
        return dict(self.context)

    @property
    def documents(self) -> dict[str, str]:
        """The documents' texts by title."""
        return {title: titled(title, "".join(parts)) for title, parts in self.context}

    @model_validator(mode="after")
    def _facts_are_there(self) -> "_Row":
        if len(self.sentences) < len(self.context):
            raise ValueError("two paragraphs have one title")
        if not self.supporting_facts:
            raise ValueError("no supporting fact")
        for title, place in self.supporting_facts:
            if place not in range(len(self.sentences.get(title, ()))):
                raise ValueError(f"supporting fact {(title, place)!r} is not in the context")
        return self


def load_hotpotqa(path: Path) -> Dataset:
    """Load the file; `documents` are needed together, `gold` is the supporting sentences."""
    rows = read_json(path, TypeAdapter(tuple[_Row, ...]))
    ids = number_texts(text for row in rows for text in row.documents.values())
    return Dataset("hotpotqa", texts_by_id(ids), tuple(_question(row, ids) for row in rows))


def _question(row: _Row, ids: dict[str, str]) -> Question:
    titles = dict.fromkeys(title for title, _ in row.supporting_facts)
    facts = tuple(
        Gold(ids[row.documents[title]], quote)
        for title, place in dict.fromkeys(row.supporting_facts)
        if (quote := row.sentences[title][place].strip())
    )
    return Question(
        query_id=row.id,
        text=row.question,
        answers=(row.answer,),
        documents=tuple(ids[row.documents[title]] for title in titles),
        group=row.id,
        is_answerable=True,
        kind=row.type,
        gold=(facts,) if facts else (),
    )
