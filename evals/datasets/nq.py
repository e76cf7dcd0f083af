"""Natural Questions, each with the Wikipedia passage that answers it (Kwiatkowski et al. 2019).

In: lines of question, accepted strings and passage. Out: a document a passage, without its title.
Left out: a question of which the passage holds no accepted string; so all are answerable.
"""

from pathlib import Path

from assistant.evaluation.values import Dataset, Question
from evals.datasets.documents import number_texts, texts_by_id
from evals.datasets.read import Row, read_lines


class _Row(Row):
    question: str
    answers: tuple[str, ...]
    text: str


def load_nq(path: Path) -> Dataset:
    """Load the file; accepted strings that the passage lacks are dropped, a group is a line."""
    rows = [row for _, row in read_lines(path, _Row)]
    ids = number_texts(row.text.strip() for row in rows)
    questions = tuple(
        Question(
            query_id=f"nq-{number}",
            text=row.question,
            answers=answers,
            documents=(ids[row.text.strip()],),
            group=str(number),
            is_answerable=True,
        )
        for number, row in enumerate(rows)
        if (answers := tuple(answer for answer in row.answers if answer in row.text))
    )
    return Dataset("nq", texts_by_id(ids), questions)
