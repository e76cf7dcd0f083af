"""Questions each over one passage, with the places of its answers: XQuAD and its like, as lines.

In: a file of JSON lines, compressed or not. Out: a document a passage; gold is the sentences that
an answer lies in. Of a set with many passages every so many-th is taken, in the order of their
text, with the questions about it; of omosqa_de the questions whose page trained no reader in
another language. Refused: an answer that is not at its place.
"""

from pathlib import Path

from assistant.evaluation.values import Dataset, Gold, Question
from assistant.text.normalize import normalize
from assistant.text.sentences import split_sentences
from evals.datasets.documents import number_texts, texts_by_id
from evals.datasets.read import Row, read_lines
from evals.reader.rows import is_held_page

N_PASSAGES = 200
"""Documents of a set, at most."""


class _Answer(Row):
    text: str
    start: int


class _Asked(Row):
    question: str
    passage: str
    answers: tuple[_Answer, ...]
    answerable: bool
    title: str | None = None


def load_reading(path: Path, name: str) -> Dataset:
    """Load the file; an unanswerable question keeps the passage it was written about."""
    rows = list(read_lines(path, _Asked))
    passages = sorted({row.passage for _, row in rows})
    kept = set(passages[:: max(1, len(passages) // N_PASSAGES)][:N_PASSAGES])
    ids = number_texts(row.passage.strip() for _, row in rows if row.passage in kept)
    asked = [pair for pair in rows if pair[1].passage in kept and _may_report(name, pair[1])]
    questions = (_question(row, ids[row.passage.strip()], where) for where, row in asked)
    return Dataset(name, texts_by_id(ids), tuple(questions))


def _may_report(name: str, row: _Asked) -> bool:
    return name != "omosqa_de" or is_held_page({"title": row.title, "passage": row.passage})


def _question(row: _Asked, document_id: str, where: str) -> Question:
    spans = split_sentences(row.passage, [(0, len(row.passage))]) if row.answers else ()
    gold = []
    for answer in row.answers:
        start, end = answer.start, answer.start + len(answer.text)
        if row.passage[start:end] != answer.text:
            raise ValueError(f"{where}: the answer {answer.text!r} is not at {start}")
        gold.append(
            tuple(
                Gold(document_id, _plain(row.passage[a:b]))
                for a, b in spans
                if a < end and b > start
            )
        )
    return Question(
        query_id=where.rpartition(":")[2],
        text=row.question,
        is_answerable=row.answerable,
        answers=tuple(dict.fromkeys(_plain(answer.text) for answer in row.answers)),
        gold=tuple(dict.fromkeys(one for one in gold if one)),
        documents=(document_id,),
        group=document_id,
    )


def _plain(text: str) -> str:
    """Return a text as documents are read: of characters that show nothing there are none."""
    return normalize(text)[0].strip()
