"""SQuAD 2.0's form, which COVID-QA and PolicyQA share (Rajpurkar et al. 2018).

In: one JSON file of articles, their paragraphs, and questions with answer spans. Out: a document
a paragraph. Refused: a question that neither has an answer nor is marked impossible.
"""

from pathlib import Path

from pydantic import TypeAdapter, field_validator, model_validator

from evals.public.corpus import number_texts, texts_by_id
from evals.public.read import Row, read_json
from evals.public.values import PublicQuestion, PublicSet


class _Answer(Row):
    text: str


class _Question(Row):
    question: str
    answers: tuple[_Answer, ...]
    is_impossible: bool = False

    @model_validator(mode="after")
    def _has_gold(self) -> "_Question":
        if not self.answers and not self.is_impossible:
            raise ValueError("neither an answer nor is_impossible")
        return self


class _Paragraph(Row):
    context: str
    qas: tuple[_Question, ...]

    @field_validator("context")
    @classmethod
    def _strip(cls, context: str) -> str:
        return context.strip()


class _Article(Row):
    paragraphs: tuple[_Paragraph, ...]


class _File(Row):
    data: tuple[_Article, ...]


def load_squad(path: Path, name: str = "squad2") -> PublicSet:
    """Load the file; a group is an article's number, and no answer means kind "adversarial"."""
    articles = read_json(path, TypeAdapter(_File)).data
    ids = number_texts(
        paragraph.context for article in articles for paragraph in article.paragraphs
    )
    questions = tuple(
        _question(asked, ids[paragraph.context], str(number))
        for number, article in enumerate(articles)
        for paragraph in article.paragraphs
        for asked in paragraph.qas
    )
    return PublicSet(name, texts_by_id(ids), questions)


def _question(asked: _Question, document_id: str, group: str) -> PublicQuestion:
    answers = () if asked.is_impossible else (answer.text for answer in asked.answers)
    return PublicQuestion(
        text=asked.question,
        answers=tuple(dict.fromkeys(answers)),
        documents=(document_id,),
        group=group,
        is_answerable=not asked.is_impossible,
        kind="adversarial" if asked.is_impossible else "",
    )
