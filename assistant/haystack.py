"""The assistant as components of Haystack (`pip install 'assistant[haystack]'`).

    from assistant.haystack import HaystackAnswerer, HaystackRetriever
    pipeline.add_component("assistant", HaystackAnswerer(assistant))
    pipeline.run({"assistant": {"query": "Where does the Danube rise?"}})

`HaystackRetriever` gives passages, `HaystackAnswerer` an answer whose documents are its quotes.
Their metadata say where they stand; that of the answer is all of `Answer.to_dict()`.
"""

from dataclasses import asdict

from haystack import Document, GeneratedAnswer, component

from assistant.answering import Answering
from assistant.values import Answer, Citation, RankedPassage


@component
class HaystackRetriever:
    """Returns the passages nearest to a query, best first; their score is the fused one."""

    def __init__(self, assistant: Answering, top_k: int = 8) -> None:
        self.assistant = assistant
        self.top_k = top_k

    @component.output_types(documents=list[Document])
    def run(
        self, query: str, top_k: int | None = None, document_ids: list[str] | None = None
    ) -> dict[str, list[Document]]:
        """Return the passages; `document_ids`, unless empty, limits the search to them."""
        found = self.assistant.search(query, top_k or self.top_k, documents=document_ids or ())
        return {"documents": [_passage(one) for one in found]}


@component
class HaystackAnswerer:
    """Answers from exact quotes, or says that none was found."""

    def __init__(self, assistant: Answering) -> None:
        self.assistant = assistant

    @component.output_types(answers=list[GeneratedAnswer])
    def run(
        self, query: str, document_ids: list[str] | None = None
    ) -> dict[str, list[GeneratedAnswer]]:
        """Return one answer; an abstention has no documents, and `meta["abstained"]` is true."""
        *_, answer = self.assistant.stream(query, documents=document_ids or ())
        assert isinstance(answer, Answer), "the last step is the answer"
        quotes = [_quote(one) for one in answer.citations]
        return {"answers": [GeneratedAnswer(answer.text, query, quotes, answer.to_dict())]}


def _passage(found: RankedPassage) -> Document:
    passage = found.passage
    told = {
        "document_id": passage.document_id,
        "start": passage.start,
        "end": passage.end,
        "heading": passage.heading,
        "rank": found.rank,
    }
    return Document(id=str(passage.passage_id), content=passage.text, meta=told, score=found.score)


def _quote(cited: Citation) -> Document:
    told = {name: value for name, value in asdict(cited).items() if name != "quote"}
    name = f"{cited.document_id}:{cited.start}-{cited.end}"
    return Document(id=name, content=cited.quote, meta=told)
