import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from corpora import replace_files, settings_in, write_files
from hashing import HashingEmbedder
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from assistant.errors import CorpusError
from assistant.pipeline import Assistant
from assistant.retrieve.retriever import Retriever, choose, cosine, fuse
from assistant.settings import Settings
from assistant.store.vectors import VectorSearch
from assistant.values import DocumentId, Passage, PassageId

N_PASSAGES = 4
"""Of the tiny corpus: one of its files has two sections."""


def test_every_score_is_reproducible_from_what_it_is_made_of(
    assistant: Assistant, settings: Settings, embedder: HashingEmbedder
) -> None:
    assistant.sync()
    vectors = VectorSearch(settings.index_dir, embedder.dimension)
    with assistant.index.open() as snapshot:
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
def test_search_returns_k_passages_or_all_there_are_each_once(assistant: Assistant, k: int) -> None:
    for query in ("Danube", "Danube moon leave"):
        found = assistant.search(query, k=k)
        assert len({one.passage.passage_id for one in found}) == len(found) == min(k, N_PASSAGES)


def test_an_answer_is_read_from_several_documents(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, max_passages_per_document=2, max_passage_tokens=20)
    long = " ".join(f"The Danube is {n} metres wide at place number {n}." for n in range(40))
    write_files(settings.corpus_dir, {"long.txt": long, "b.txt": "The Danube is a river."})
    with Assistant(settings, HashingEmbedder()) as assistant:
        names = [r.passage.document_id for r in assistant.search("Danube", k=3)]
        assert sorted(names) == ["b.txt", "long.txt", "long.txt"]
        replace_files(settings.corpus_dir, {"long.txt": long})
        assistant.sync()
        assert len(assistant.search("Danube", k=8)) == 8, "no other document has any to offer"


WORDS = "danube nile rises long river ice io moon leave law volcano café 数字 signed treaty".split()
N_FILES = 24


def random_files(seed: int) -> dict[str, str]:
    """Return files of several passages each; every sixth is a copy of the one before it."""
    rng = random.Random(seed)
    files: dict[str, str] = {}
    for n in range(N_FILES):
        sentences = [" ".join(rng.choices(WORDS, k=9)) for _ in range(rng.randint(1, 8))]
        text = " ".join(f"File {n} says {one}." for one in sentences)
        files[f"{n:02}.txt"] = files[f"{n - 1:02}.txt"] if n % 6 == 5 else text
    return files


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """An assistant over the random files, whose fused score is the cosine."""
    settings = settings_in(
        tmp_path_factory.mktemp("many"),
        max_passage_tokens=32,
        lexical_weight=0.0,
        max_passages_per_document=99,
    )
    write_files(settings.corpus_dir, random_files(7))
    with Assistant(settings, HashingEmbedder()) as assistant:
        assistant.sync()
        yield assistant


@pytest.mark.parametrize("seed", range(6))
def test_chosen_documents_are_searched_as_an_index_of_only_these_is(
    many: Assistant, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    files = random_files(7)
    chosen = rng.sample(sorted(files), rng.randint(1, 9))
    settings = many.settings.model_copy(
        update={"corpus_dir": tmp_path / "corpus", "index_dir": tmp_path / "index"}
    )
    write_files(settings.corpus_dir, {name: files[name] for name in chosen})
    with Assistant(settings, HashingEmbedder()) as alone:
        for _ in range(8):
            query = " ".join(rng.choices(WORDS, k=4))
            for k in (1, 5, 1000):
                wanted = alone.search(query, k)
                found = many.search(query, k, documents=chosen)
                assert [one.passage for one in found] == [one.passage for one in wanted]
                assert [one.dense for one in found] == pytest.approx([w.dense for w in wanted])
                shares = [one.lexical > 0 for one in wanted]
                assert [one.lexical > 0 for one in found] == shares


def test_a_chosen_document_gives_as_many_passages_as_it_has(many: Assistant) -> None:
    n_passages = {record.document_id: record.n_passages for record in many.documents()}
    assert max(n_passages.values()) > 2
    for name, n in n_passages.items():
        found = many.search("volcano treaty", k=n, documents=[name])
        assert [one.passage.document_id for one in found] == [name] * n


def test_a_copy_is_found_and_named_by_the_name_that_was_chosen(many: Assistant) -> None:
    assert {r.passage.document_id for r in many.search("File 4", 50)} & {"04.txt", "05.txt"} == {
        "04.txt"
    }
    for chosen in (["04.txt"], ["05.txt"], ["05.txt", "20.txt"]):
        found = many.search("File 4 says", 50, documents=chosen)
        assert {one.passage.document_id for one in found} == set(chosen)
        answer = many.ask("What does file 4 say of the river?", documents=chosen)
        named = {one.document_id for one in answer.citations}
        named |= {one.document_id for one in answer.consulted}
        assert named == set(chosen)


def test_words_weigh_the_same_whichever_documents_are_chosen(many: Assistant) -> None:
    everywhere = {r.passage.passage_id: r.lexical for r in many.search("treaty ice", 1000)}
    for ranked in many.search("treaty ice", 1000, documents=["01.txt", "02.txt"]):
        assert ranked.lexical == pytest.approx(everywhere[ranked.passage.passage_id])


@pytest.mark.parametrize("name", ["no.txt", "../04.txt", "", "04.txt\x00", "\ud800", "4' OR 1=1"])
def test_an_unknown_document_is_named_with_what_to_do(many: Assistant, name: str) -> None:
    for use in (many.search, many.ask):
        with pytest.raises(CorpusError, match="documents") as refused:
            use("river", documents=["04.txt", name])
        assert repr(name) in str(refused.value)


def test_a_file_that_was_skipped_cannot_be_chosen(assistant: Assistant) -> None:
    write_files(assistant.settings.corpus_dir, {"no.png": b"\x89PNG\r\n\x1a\n"})
    assistant.sync()
    with pytest.raises(CorpusError, match=r"no\.png"):
        assistant.search("Danube", documents=["no.png"])


SCORES = st.dictionaries(st.integers(1, 30), st.floats(-1, 1), max_size=20)


@st.composite
def rankings(draw: st.DrawFn) -> list[tuple[Passage, float]]:
    """Passages of a few documents, some of which read the same, best first."""
    n = draw(st.integers(0, 20))
    texts = st.sampled_from(["The  Nile", "the nile", "Io", "Titan", "Po"]) | st.text(
        "xyz", min_size=3
    )
    made = []
    for i in range(n):
        text, name = draw(texts), draw(st.sampled_from("abc"))
        span = (i, i + len(text))
        passage = Passage(PassageId(f"{name}:{i}"), DocumentId(name), *span, text, (span,))
        made.append((passage, draw(st.floats(0, 1))))
    return sorted(made, key=lambda pair: -pair[1])


def reading(passage: Passage) -> str:
    return " ".join(passage.text.casefold().split())


@given(dense=SCORES, data=st.data(), weight=st.floats(0, 1))
def test_fuse_does_not_depend_on_the_order_of_its_rankings(
    dense: dict[int, float], data: DataObject, weight: float
) -> None:
    lexical = data.draw(st.dictionaries(st.sampled_from(sorted(dense) or [0]), st.floats(0, 40)))
    lexical = {row: score for row, score in lexical.items() if row in dense}
    fused = fuse(dense, lexical, weight)
    pairs, others = list(dense.items()), list(lexical.items())
    random.Random(1).shuffle(pairs)
    random.Random(2).shuffle(others)
    assert fuse(dict(pairs), dict(others), weight) == fused
    assert [row for row, _ in fused] == sorted(dense, key=lambda r: (-dict(fused)[r], r))


@given(dense=SCORES, lexical=SCORES)
def test_fuse_without_weight_keeps_the_dense_order(
    dense: dict[int, float], lexical: dict[int, float]
) -> None:
    lexical = {row: abs(score) for row, score in lexical.items() if row in dense}
    assert fuse(dense, lexical, 0.0) == sorted(dense.items(), key=lambda pair: (-pair[1], pair[0]))


@given(dense=SCORES.filter(bool), weight=st.floats(0.01, 1), score=st.floats(0.01, 40))
def test_fuse_never_lowers_a_passage_that_gains_terms(
    dense: dict[int, float], weight: float, score: float
) -> None:
    row = min(dense)
    before = [r for r, _ in fuse(dense, {}, weight)].index(row)
    assert [r for r, _ in fuse(dense, {row: score}, weight)].index(row) <= before


@given(ranking=rankings(), k=st.integers(1, 12), cap=st.integers(1, 5))
def test_choose_takes_no_passage_twice_and_as_many_as_there_are(
    ranking: list[tuple[Passage, float]], k: int, cap: int
) -> None:
    chosen = choose(ranking, k=k, max_per_document=cap)
    readings = [reading(passage) for passage, _ in chosen]
    assert len(set(readings)) == len(readings)
    assert len(chosen) == min(k, len({reading(passage) for passage, _ in ranking}))
    assert all(pair in ranking for pair in chosen)
    assert [score for _, score in chosen] == sorted((s for _, s in chosen), reverse=True)


@given(ranking=rankings(), k=st.integers(1, 12), cap=st.integers(1, 5))
def test_choose_exceeds_its_cap_only_when_no_other_document_has_one_to_offer(
    ranking: list[tuple[Passage, float]], k: int, cap: int
) -> None:
    chosen = choose(ranking, k=k, max_per_document=cap)
    first: dict[str, Passage] = {}
    for passage, _ in ranking:
        first.setdefault(reading(passage), passage)
    taken = Counter(passage.document_id for passage, _ in chosen)
    offered = Counter(passage.document_id for passage in first.values())
    if any(n > cap for n in taken.values()):
        assert all(taken[name] >= min(cap, n) for name, n in offered.items())


@given(ranking=rankings())
def test_choose_takes_all_of_a_single_document_whatever_the_cap(
    ranking: list[tuple[Passage, float]],
) -> None:
    alone = [(p, s) for p, s in ranking if p.document_id == "a"]
    chosen = choose(alone, k=50, max_per_document=1)
    assert len(chosen) == len({reading(passage) for passage, _ in alone})
