"""SQuAD 2.0's form, which COVID-QA and PolicyQA share (Rajpurkar et al. 2018).

In: one JSON file of articles, their paragraphs, and questions with answer spans. Out: a document
a paragraph; gold is the sentences that an answer lies in, and of an answer that is not at its
`answer_start` there is none. Refused: a question that neither has an answer nor is marked
impossible.
"""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from pydantic import TypeAdapter, model_validator

from assistant.evaluation.values import Dataset, Gold, Question
from assistant.text.sentences import split_sentences
from evals.datasets.documents import number_texts, texts_by_id
from evals.datasets.read import Row, read_json
from evals.reader.rows import HELD_ARTICLES


class _Answer(Row):
    text: str
    answer_start: int


class _Question(Row):
    id: str | int
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

    @property
    def document(self) -> str:
        return self.context.strip()

    def sentences_of(self, answer: _Answer) -> tuple[str, ...]:
        """Return the sentences that the answer lies in, none when it is not where it should be."""
        start = answer.answer_start
        # COVID-QA counts to the first letter of some answers that begin with a space.
        for said in (answer.text, answer.text.strip()):
            end = start + len(said)
            if said and self.context[start:end] == said:
                spans = _split(self.context)
                return tuple(self.context[a:b] for a, b in spans if a < end and b > start)
        return ()


class _Article(Row):
    title: str = ""
    paragraphs: tuple[_Paragraph, ...]


class _File(Row):
    data: tuple[_Article, ...]


def load_squad(path: Path, name: str = "squad2") -> Dataset:
    """Load the file; a group is an article's number, and no answer means kind "adversarial"."""
    articles = read_json(path, TypeAdapter(_File)).data
    ids = number_texts(
        paragraph.document for article in articles for paragraph in article.paragraphs
    )
    questions = tuple(
        _question(asked, paragraph, ids[paragraph.document], str(number))
        for number, article in enumerate(articles)
        for paragraph in article.paragraphs
        for asked in paragraph.qas
    )
    return Dataset(name, texts_by_id(ids), questions)


def load_reported(path: Path) -> Dataset:
    """Load squad2 with the questions of its articles that trained no reader and fitted no judge."""
    titles = [article.title for article in read_json(path, TypeAdapter(_File)).data]
    reported = {str(titles.index(title)) for title in sorted(titles)[-HELD_ARTICLES:]}
    loaded = load_squad(path, "squad2_reported")
    asked = tuple(one for one in loaded.questions if one.group in reported)
    return replace(loaded, questions=asked)


@lru_cache(maxsize=1)
def _split(text: str) -> tuple[tuple[int, int], ...]:
    return split_sentences(text, [(0, len(text))])


def _question(asked: _Question, paragraph: _Paragraph, document_id: str, group: str) -> Question:
    answers = () if asked.is_impossible else asked.answers
    places = dict.fromkeys(paragraph.sentences_of(answer) for answer in answers)
    return Question(
        query_id=str(asked.id),
        text=asked.question,
        is_answerable=not asked.is_impossible,
        answers=tuple(dict.fromkeys(answer.text.strip() for answer in answers)),
        gold=tuple(tuple(Gold(document_id, one) for one in place) for place in places if place),
        documents=(document_id,),
        group=group,
        kind="adversarial" if asked.is_impossible else "",
    )
