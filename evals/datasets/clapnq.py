"""CLAP NQ: a passage a question, and the sentences people chose from it (Rosenthal et al. 2025).

In: a folder with `answerable.jsonl` and `unanswerable.jsonl`. Out: a document a passage, in
canonical text as its gold is. The written answers are free text and not strings to be found, so
`answers` stays empty.
"""

from pathlib import Path

from assistant.evaluation.values import Dataset, Gold, Question
from assistant.text.normalize import normalize
from evals.datasets.documents import number_texts, texts_by_id, titled
from evals.datasets.read import Row, read_lines


class _Passage(Row):
    title: str
    text: str

    @property
    def document(self) -> str:
        return normalize(titled(self.title, self.text))[0]


class _Answer(Row):
    selected_sentences: tuple[str, ...]


class _Row(Row):
    id: str
    input: str
    passages: tuple[_Passage]
    output: tuple[_Answer, ...]


def load_clapnq(folder: Path) -> Dataset:
    """Load both files; a set of gold is what one annotator selected, a group is a question's id."""
    answerable = [row for _, row in read_lines(folder / "answerable.jsonl", _Row)]
    unanswerable = [row for _, row in read_lines(folder / "unanswerable.jsonl", _Row)]
    ids = number_texts(row.passages[0].document for row in answerable + unanswerable)
    asked = [*((row, True) for row in answerable), *((row, False) for row in unanswerable)]
    questions = tuple(
        Question(
            query_id=row.id,
            text=row.input,
            answers=(),
            documents=(ids[row.passages[0].document],),
            group=row.id,
            is_answerable=is_answerable,
            gold=_gold(row, ids) if is_answerable else (),
        )
        for row, is_answerable in asked
    )
    return Dataset("clapnq", texts_by_id(ids), questions)


def _gold(row: _Row, ids: dict[str, str]) -> tuple[tuple[Gold, ...], ...]:
    document_id = ids[row.passages[0].document]
    chosen = (one.selected_sentences for one in row.output if one.selected_sentences)
    return tuple(
        tuple(Gold(document_id, normalize(quote)[0]) for quote in one)
        for one in dict.fromkeys(chosen)
    )
