"""The assistant as a retriever of LangChain (`pip install 'assistant[langchain]'`).

    from assistant.langchain import LangchainRetriever
    LangchainRetriever(assistant=assistant, k=5).invoke("Where does the Danube rise?")

Passages come as documents whose metadata say where they stand.
"""

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field

from assistant.values import RankedPassage


class LangchainRetriever(BaseRetriever):
    """Returns the passages nearest to a query, best first; their score is the fused one."""

    assistant: Any = Field(exclude=True)
    """An open `Assistant`."""
    k: int = Field(8, ge=1)
    documents: tuple[str, ...] = ()
    """Ids of documents to search alone; empty means all."""

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002
    ) -> list[Document]:
        return [
            Document(page_content=one.passage.text, id=one.passage.passage_id, metadata=place(one))
            for one in self.assistant.search(query, self.k, documents=self.documents)
        ]


def place(found: RankedPassage) -> dict[str, Any]:
    """Return where a passage stands and how near it is, as metadata."""
    passage = found.passage
    return {
        "document_id": passage.document_id,
        "start": passage.start,
        "end": passage.end,
        "heading": passage.heading,
        "rank": found.rank,
        "score": found.score,
    }
