"""BM25 out of SQLite against the formula written out, and against rank_bm25."""

import math
import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from corpora import settings_in, write_files
from hashing import HashingEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st
from rank_bm25 import BM25Okapi

from assistant.ingest.formats.parsed import Limits
from assistant.ingest.parse import parse
from assistant.pipeline import Assistant
from assistant.retrieve.retriever import idf, rank_lexically, weigh_terms
from assistant.store import sqlite
from assistant.store.changes import list_terms
from assistant.store.index import Index
from assistant.store.snapshot import Snapshot
from assistant.text.terms import query_terms, terms

K1, B, LEAST_IDF = 1.2, 0.75, 1e-6
WORDS = ["danube", "nile", "rises", "long", "river", "ice", "io", "数字", "café", "2021", "not"]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)


def score_bm25(query: Sequence[str], texts: Sequence[Sequence[str]]) -> list[float]:
    """Robertson & Zaragoza 2009, eq. 3.15, with the idf of FTS5 (its documentation, bm25())."""
    mean = sum(map(len, texts)) / len(texts)
    scores = []
    for text in texts:
        counts = Counter(text)
        score = 0.0
        for term in query:
            n = sum(term in other for other in texts)
            weight = max(math.log((len(texts) - n + 0.5) / (n + 0.5)), LEAST_IDF)
            tf = counts[term]
            score += weight * tf * (K1 + 1) / (tf + K1 * (1 - B + B * len(text) / mean))
        scores.append(score)
    return scores


@contextmanager
def snapshot_of(files: dict[str, str]) -> Iterator[Snapshot]:
    with tempfile.TemporaryDirectory() as folder:
        given_settings = settings_in(Path(folder))
        write_files(given_settings.corpus_dir, files)
        with Index(given_settings, HashingEmbedder()) as index:
            index.sync()
            with index.open() as snapshot:
                yield snapshot


def indexed_terms(snapshot: Snapshot) -> dict[int, list[str]]:
    rows, _ = snapshot.vectors_after(0, 64)
    return {row: list_terms("", p).split() for row, p in snapshot.passages(rows).items()}


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=8), question=TEXTS)
def test_bm25_equals_the_formula(texts: list[str], question: str) -> None:
    with snapshot_of({f"{n}.txt": text for n, text in enumerate(texts)}) as snapshot:
        held = indexed_terms(snapshot)
        query = query_terms(question)
        wanted = dict(zip(held, score_bm25(query, list(held.values())), strict=True))
        wanted = {row: score for row, score in wanted.items() if score > 0}
        found = dict(snapshot.bm25(query, k=99))
        assert found == pytest.approx(wanted, rel=1e-9)
        assert snapshot.bm25_of(query, list(held)) == pytest.approx(wanted, rel=1e-9)
        assert rank_lexically(snapshot, question, 99) == snapshot.bm25(query, k=99)
        counts = snapshot.count_passages_with(query)
        assert counts == {t: n for t in query if (n := sum(t in h for h in held.values()))}


def test_of_very_many_passages_that_match_those_with_rare_terms_are_ranked_by_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random_ = random.Random(5)
    weights = [1 / (n + 1) for n in range(60)]
    words = [f"w{n}" for n in range(60)]
    files = {f"{n}.txt": " ".join(random_.choices(words, weights, k=12)) for n in range(200)}
    n_found = n_wanted = 0
    with snapshot_of(files) as snapshot:
        for _ in range(60):
            query = list(dict.fromkeys(random_.choices(words, weights, k=5)))
            every = snapshot.bm25(query, k=999)
            wanted = every[:5]
            monkeypatch.setattr(sqlite, "MAX_MATCHED", 60)
            found = snapshot.bm25(query, k=5)
            monkeypatch.undo()
            assert dict(found).items() <= dict(every).items(), "the scores are those of all terms"
            assert found == sorted(found, key=lambda pair: (-pair[1], pair[0]))
            assert len(found) == len(wanted)
            n_found += len(dict(found).keys() & dict(wanted).keys())
            n_wanted += len(wanted)
    assert n_found / n_wanted >= 0.9


def test_a_term_that_nearly_all_passages_have_is_searched_for_when_it_is_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sqlite, "MAX_MATCHED", 3)
    with snapshot_of({f"{n}.txt": "heron " * (n + 1) for n in range(9)}) as snapshot:
        assert len(snapshot.bm25(["heron"], k=5)) == 5
        assert len(snapshot.bm25(["heron", "nowhere"], k=5)) == 5
        assert snapshot.bm25(["nowhere"], k=5) == []


def test_bm25_still_equals_the_formula_after_texts_have_left(tmp_path: Path) -> None:
    random_ = random.Random(6)
    given_settings = settings_in(tmp_path)
    assistant = Assistant(given_settings, HashingEmbedder())
    for round_ in range(4):
        for n in range(12):
            if random_.random() < 0.6:
                text = " ".join(random_.choices(WORDS, k=random_.randint(1, 20)))
                write_files(given_settings.corpus_dir, {f"{n}.txt": f"{text} {round_}"})
        assistant.sync()
    for n in range(5):
        (given_settings.corpus_dir / f"{n}.txt").unlink(missing_ok=True)
    assistant.sync()
    with assistant.index.open() as snapshot:
        held = indexed_terms(snapshot)
        for word in WORDS:
            query = query_terms(word)
            scores = score_bm25(query, list(held.values()))
            wanted = {row: s for row, s in zip(held, scores, strict=True) if s > 0}
            assert dict(snapshot.bm25(query, k=99)) == pytest.approx(wanted, rel=1e-9)


def test_bm25_ranks_as_rank_bm25_does_where_every_idf_is_positive() -> None:
    random_ = random.Random(3)
    words = [f"w{n}" for n in range(60)]
    files = {
        f"{n}.txt": " ".join(random_.choices(words, k=random_.randint(5, 40))) for n in range(80)
    }
    with snapshot_of(files) as snapshot:
        held = indexed_terms(snapshot)
        reference = BM25Okapi(list(held.values()), k1=K1, b=B)
        for _ in range(20):
            query = random_.sample(words, 3)
            assert all(2 * n < len(held) for n in snapshot.count_passages_with(query).values())
            scores = dict(zip(held, reference.get_scores(query), strict=True))
            wanted = sorted((r for r in held if scores[r] > 0), key=lambda r: (-scores[r], r))
            assert [row for row, _ in snapshot.bm25(query, k=99)] == wanted


@pytest.mark.parametrize(
    "question",
    [
        'AND "',
        '"',
        "*",
        "danube*",
        "NEAR(danube, nile)",
        "terms: danube",
        "danube AND NOT danube",
        "danube OR (",
        "^danube",
        "{terms} : danube",
        "-danube +nile",
        "'; DROP TABLE passages; --",
        "?1 :a @b $c",
        "\x00\ud800",
        "a" * 4000,
        " ".join(f"w{n}" for n in range(3000)),
    ],
)
def test_what_fts5_reads_as_syntax_is_inert_in_a_question(question: str) -> None:
    with snapshot_of({"a.txt": "The danube is long.", "b.txt": "Nothing to see here."}) as snapshot:
        found = rank_lexically(snapshot, question, 9)
        assert [row for row, _ in found] == ([1] if "danube" in question else [])
        weigh_terms(snapshot, question)


def test_a_passage_that_shares_no_term_has_no_place() -> None:
    with snapshot_of({"a.txt": "The danube is long.", "b.txt": "The nile is long."}) as snapshot:
        assert rank_lexically(snapshot, "Where is the volcano?", 9) == []
        assert rank_lexically(snapshot, "?!", 9) == []


def test_a_rarer_term_weighs_more_and_an_absent_one_most() -> None:
    files = {f"{n}.txt": f"river w{n} " + "nile " * (n < 3) + "io " * (n < 1) for n in range(9)}
    with snapshot_of(files) as snapshot:
        weights = weigh_terms(snapshot, "river nile io volcano")
        assert weights["river"] < weights["nile"] < weights["io"] < weights["volcano"]
        assert weights["river"] > 0
        assert weights["io"] == pytest.approx(1.897, abs=1e-3)


def test_idf_of_an_empty_index_is_defined() -> None:
    assert idf(["any"], {}, 0) == {"any": math.log(2)}


def test_titles_and_headings_are_searched() -> None:
    with snapshot_of({"law.html": "<title>Leave</title><p>Two days each month.</p>"}) as snapshot:
        assert [row for row, _ in rank_lexically(snapshot, "leave?", 9)] == [1]
    assert parse(b"x", "text/plain", Limits(max_chars=9)).text == "x"
    assert terms("Leave") == query_terms("leave?")


def test_only_the_chosen_rows_are_ranked_and_scored_as_among_all() -> None:
    files = {f"{n}.txt": f"The nile is {'very ' * n}long." for n in range(6)}
    with snapshot_of({**files, "z.txt": "Nothing to see."}) as snapshot:
        everywhere = rank_lexically(snapshot, "long nile", 99)
        for chosen in ([1], [2, 5, 6], [5, 7], [], list(range(1, 8))):
            wanted = [pair for pair in everywhere if pair[0] in chosen]
            assert rank_lexically(snapshot, "long nile", 99, among=chosen) == wanted
            assert rank_lexically(snapshot, "long nile", 2, among=chosen) == wanted[:2]
