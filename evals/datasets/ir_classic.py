"""Cranfield, MED and CISI: abstracts, queries, and which abstracts are relevant to which.

In: a folder with documents and queries in SMART's form, and a file of judgements. Out: sets for
ranking. A document is title, blank line, body; authors, sources, keywords and CISI's cross
references (.X) stay out. Left out: a document without text (Cranfield's 471 and 995), with what
was judged of it; then a query without a relevant document (36 of CISI's 112).
Refused: a judgement of a document or a query that is not there, or off its scale.

Cranfield (Cleverdon et al. 1966; relevance codes in cranqrel.readme): `cranqrel` counts the
queries by their order in the file, 1 to 225, not by their `.I`, and the `query_id` is that order.
Code 1 is a complete answer and 4 of minimum interest, which the authors of the queries still
accepted as relevant. Code -1, which the readme does not tell of, stands once a query, on a paper
that queries in a row share: by all signs their author's own, from which they arose. It is taken
for no judgement, hence neither relevant nor graded.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from assistant.evaluation.values import Dataset, Question
from evals.datasets.documents import number_texts, texts_by_id, titled
from evals.datasets.read import Row, read_columns
from evals.datasets.smart import Record, read_records

Judgements = Iterable[tuple[str, int, int, int]]
"""Place in the file, query, document, gain (relevant if over 0)."""

_CRANFIELD_GAINS = {"1": 4, "2": 3, "3": 2, "4": 1, "5": 0, "-1": 0}


class _CranfieldRow(Row):
    query: int
    document: int
    code: Literal["1", "2", "3", "4", "5", "-1"]


class _MedRow(Row):
    query: int
    iteration: int
    document: int
    gain: int = Field(ge=0, le=1)


class _CisiRow(Row):
    query: int
    document: int
    iteration: int
    weight: float


def load_cranfield(folder: Path) -> Dataset:
    """Load the set; `grades` are gains from 4, a complete answer, to 1, of minimum interest."""
    documents = {one.number: _cranfield_text(one) for one in read_records(folder / "cran.all.1400")}
    in_order = enumerate(read_records(folder / "cran.qry"), start=1)
    queries = {number: one.text_of("W") for number, one in in_order}
    judged = (
        (where, row.query, row.document, _CRANFIELD_GAINS[row.code])
        for where, row in read_columns(folder / "cranqrel", _CranfieldRow)
    )
    return _rank("cranfield", documents, queries, judged, is_graded=True)


def load_med(folder: Path) -> Dataset:
    """Load the set (Medlars, 1033 abstracts); its documents have no title of their own."""
    documents = {one.number: one.text_of("W") for one in read_records(folder / "MED.ALL")}
    judged = (
        (where, row.query, row.document, row.gain)
        for where, row in read_columns(folder / "MED.REL", _MedRow)
    )
    return _rank("med", documents, _queries(folder / "MED.QRY"), judged)


def load_cisi(folder: Path) -> Dataset:
    """Load the set (information science, 1460 abstracts); what is listed is relevant."""
    documents = {
        one.number: titled(_one_line(one.text_of("T")), one.text_of("W"))
        for one in read_records(folder / "CISI.ALL")
    }
    judged = (
        (where, row.query, row.document, 1)
        for where, row in read_columns(folder / "CISI.REL", _CisiRow)
    )
    return _rank("cisi", documents, _queries(folder / "CISI.QRY"), judged)


def _rank(
    name: str,
    documents: Mapping[int, str],
    queries: Mapping[int, str],
    judged: Judgements,
    *,
    is_graded: bool = False,
) -> Dataset:
    ids = number_texts(filter(None, documents.values()))
    gains: dict[int, dict[str, int]] = {number: {} for number in queries}
    for where, query, document, gain in judged:
        if query not in queries or document not in documents:
            raise ValueError(f"{where}: no query {query} or no document {document}")
        if gain and (document_id := ids.get(documents[document])):
            gains[query][document_id] = max(gain, gains[query].get(document_id, 0))
    questions = tuple(
        Question(
            query_id=str(number),
            text=_one_line(text),
            is_answerable=True,
            documents=tuple(gains[number]),
            grades=tuple(gains[number].items()) if is_graded else (),
            group=str(number),
        )
        for number, text in queries.items()
        if gains[number]
    )
    return Dataset(name, texts_by_id(ids), questions, is_ranking=True)


def _cranfield_text(record: Record) -> str:
    """Return title and body: the body tells the title again, and one (240) has marks within."""
    title = record.text_of("T")
    return titled(_one_line(title), record.text_from("W").removeprefix(title))


def _queries(path: Path) -> dict[int, str]:
    return {one.number: one.text_of("W") for one in read_records(path)}


def _one_line(text: str) -> str:
    return " ".join(text.split())
