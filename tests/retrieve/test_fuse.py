import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from assistant.retrieve.retriever import choose, fuse
from assistant.values import DocumentId, Passage, PassageId

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
        passage = Passage(
            PassageId(f"{name}:{i}"),
            DocumentId(name),
            i,
            i + len(text),
            text,
            ((i, i + len(text)),),
        )
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
