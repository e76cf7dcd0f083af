"""WiCE: claims of Wikipedia beside pieces of the pages they cite (Kamoi et al. 2023).

In: `oracle_chunks_claim_dev.jsonl`, a claim and the sentences of one piece a line; or
`entailment_retrieval_claim_dev.jsonl`, a claim and the sentences of the whole page. Out: claims,
several of one text with different evidence; or questions, a document a page. Partial support is
not support. Refused: a supporting sentence that the page lacks, a supported claim without any.
"""

from pathlib import Path
from typing import Literal

from pydantic import model_validator

from assistant.evaluation.values import Dataset, Gold, Question
from assistant.text.normalize import normalize
from evals.datasets.documents import Claim, number_texts, texts_by_id
from evals.datasets.read import Row, read_lines

_KINDS = {"supported": "", "partially_supported": "partial", "not_supported": "unsupported"}


class _Meta(Row):
    id: str


class _Row(Row):
    label: Literal["supported", "partially_supported", "not_supported"]
    claim: str
    evidence: tuple[str, ...]
    meta: _Meta


class _Page(_Row):
    supporting_sentences: tuple[tuple[int, ...], ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """The page's sentences in canonical text, so that they are found in what is read of it."""
        return tuple(normalize(sentence)[0].strip() for sentence in self.evidence)

    @property
    def document(self) -> str:
        return "\n".join(filter(None, self.sentences))

    @property
    def quotes(self) -> tuple[tuple[str, ...], ...]:
        """The supporting sentences, as alternative sets."""
        sentences = self.sentences
        sets = (
            tuple(dict.fromkeys(sentences[k] for k in places if sentences[k]))
            for places in self.supporting_sentences
        )
        return tuple(dict.fromkeys(filter(None, sets)))

    @model_validator(mode="after")
    def _sentences_are_there(self) -> "_Page":
        for place in self.supporting_sentences:
            if absent := set(place) - set(range(len(self.evidence))):
                raise ValueError(f"supporting sentences {sorted(absent)} are not in the evidence")
        if self.label == "supported" and not self.quotes:
            raise ValueError("supported without a supporting sentence")
        return self


def load_wice(path: Path) -> Dataset:
    """Load the file of whole pages; the question is the claim, and a group is a claim's id."""
    rows = [row for _, row in read_lines(path, _Page)]
    ids = number_texts(row.document for row in rows)
    return Dataset("wice", texts_by_id(ids), tuple(_question(row, ids) for row in rows))


def load_claims_wice(path: Path) -> tuple[Claim, ...]:
    """Load the file; `evidence` is sentences in order, a group is a claim's id."""
    return tuple(
        Claim(row.claim, row.evidence, row.label == "supported", row.meta.id)
        for _, row in read_lines(path, _Row)
    )


def _question(row: _Page, ids: dict[str, str]) -> Question:
    document_id = ids[row.document]
    is_answerable = row.label == "supported"
    sets = row.quotes if is_answerable else ()
    return Question(
        query_id=row.meta.id,
        text=row.claim,
        is_answerable=is_answerable,
        gold=tuple(tuple(Gold(document_id, quote) for quote in together) for together in sets),
        documents=(document_id,),
        group=row.meta.id,
        kind=_KINDS[row.label],
    )
