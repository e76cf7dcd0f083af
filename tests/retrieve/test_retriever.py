import numpy as np
import pytest
from corpora import replace_files, settings_in, write_files
from hashing import HashingEmbedder

from assistant.index.snapshot import open_snapshot
from assistant.index.sync import making_of
from assistant.index.vectors import VectorSearch
from assistant.pipeline import Assistant
from assistant.retrieve.retriever import Retriever, cosine
from assistant.settings import Settings

N_PASSAGES = 4
"""Of the tiny corpus: one of its files has two sections."""


def test_every_score_is_reproducible_from_what_it_is_made_of(
    assistant: Assistant, settings: Settings, embedder: HashingEmbedder
) -> None:
    assistant.sync()
    vectors = VectorSearch(settings.index_dir, embedder.dimension)
    with open_snapshot(settings.index_dir, making_of(embedder, settings)) as snapshot:
        retriever = Retriever(embedder, vectors, settings)
        retrieval = retriever.retrieve(snapshot, "Where does the Danube rise?", 5)
        assert [ranked.rank for ranked in retrieval.ranking] == [1, 2, 3, 4]
        for ranked, sentences in zip(retrieval.ranking, retrieval.sentence_vectors, strict=True):
            assert len(sentences) == len(ranked.passage.sentences)
            assert np.allclose(np.linalg.norm(sentences, axis=1), 1, atol=1e-2)
            assert (ranked.score > ranked.dense) == (ranked.lexical > 0)
        rows, _ = snapshot.vectors_after(0, embedder.dimension)
        cosines = [cosine(retrieval.query_vector, v) for v in snapshot.vectors(rows).values()]
        assert sorted(cosines) == pytest.approx(sorted(r.dense for r in retrieval.ranking))
    assert retrieval.ranking[0].passage.document_id == "rivers.txt"


@pytest.mark.parametrize("k", [1, 2, 3, 50])
def test_search_returns_k_passages_or_all_there_are(assistant: Assistant, k: int) -> None:
    assert len(assistant.search("Danube", k=k)) == min(k, N_PASSAGES)


def test_search_over_fewer_passages_than_candidates_ranks_each_once(assistant: Assistant) -> None:
    found = assistant.search("Danube moon leave", k=50)
    assert len({ranked.passage.passage_id for ranked in found}) == len(found) == N_PASSAGES


def test_an_answer_is_read_from_several_documents(tmp_path) -> None:
    settings = settings_in(tmp_path, max_passages_per_document=2, max_passage_tokens=20)
    long = " ".join(f"The Danube is {n} metres wide at place number {n}." for n in range(40))
    write_files(settings.corpus_dir, {"long.txt": long, "b.txt": "The Danube is a river."})
    with Assistant(settings, HashingEmbedder()) as assistant:
        names = [r.passage.document_id for r in assistant.search("Danube", k=3)]
        assert sorted(names) == ["b.txt", "long.txt", "long.txt"]
        replace_files(settings.corpus_dir, {"long.txt": long})
        assistant.sync()
        assert len(assistant.search("Danube", k=8)) == 8, "no other document has any to offer"
