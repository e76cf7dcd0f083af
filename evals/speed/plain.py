"""The plain stack to compare with: llama-index, its Chroma store and its embedding, as they come.

Everything is at its default but two things: the model is the one that we use, from its folder,
and Chroma is told not to call home.
"""

import warnings
from pathlib import Path
from typing import Any

from evals.speed.material import model_folder


def open_embedding() -> Any:
    """Return llama-index's embedding over the model that we use."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding

        return HuggingFaceEmbedding(model_name=str(model_folder()))


def build_index(corpus: Path, folder: Path, embedding: Any) -> Any:
    """Index a folder of documents into a new persistent Chroma collection."""
    import chromadb
    from chromadb.config import Settings
    from llama_index.core import SimpleDirectoryReader, StorageContext, VectorStoreIndex
    from llama_index.vector_stores.chroma import ChromaVectorStore

    documents = SimpleDirectoryReader(str(corpus)).load_data()
    client = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
    store = ChromaVectorStore(chroma_collection=client.get_or_create_collection("plain"))
    return VectorStoreIndex.from_documents(
        documents,
        storage_context=StorageContext.from_defaults(vector_store=store),
        embed_model=embedding,
    )
