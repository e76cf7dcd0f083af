"""Sentences: the spans cover the text exactly, and the boundaries are mostly right."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import within

from assistant.text.sentences import MAX_CLUSTER_CHARS, MAX_PIECE_CHARS, split_sentences

LINES = Path(__file__).with_name("sentences.txt")
MIN_F1 = {"en": 0.95, "others": 0.9}
FRAGMENTS = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from(
            [". ", "? ", "! ", "\n", " ", "(", ")", '"', "“", "”", "」", "。", "Dr.", "1."]
        ),
        st.sampled_from(["He left.", "u.s.", "…", "😀", "e\u0301", "[1]", "שלום.", "你好。", "»"]),
    ),
    max_size=40,
).map("".join)


def split_all(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text, [(0, len(text))])]


@given(FRAGMENTS, st.data())
def test_sentences_are_trimmed_ordered_and_cover_their_blocks(
    text: str, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(text)))
    blocks = [(0, cut), (cut, len(text))]
    spans = split_sentences(text, blocks)
    position = 0
    for start, end in spans:
        assert position <= start < end
        assert not text[position:start].strip()
        assert text[start:end] == text[start:end].strip()
        assert any(s <= start and end <= e for s, e in blocks)
        position = end
    assert not text[position:].strip()


def read_lines() -> list[tuple[str, list[str]]]:
    rows = [r for r in LINES.read_text(encoding="utf-8").splitlines() if not r.startswith("#")]
    split = (row.replace("\\n", "\n").split("\t") for row in rows)
    return [(language, marked.replace(" ¦ ", " ¦").split("¦")) for language, marked in split]


@pytest.mark.parametrize("group", MIN_F1)
def test_boundaries_are_as_right_as_they_were(group: str) -> None:
    true = found = right = 0
    for language, parts in read_lines():
        if (language == "en") != (group == "en"):
            continue
        text = "".join(parts)
        expected = {len("".join(parts[:n]).rstrip()) for n in range(1, len(parts))}
        ends = {end for _, end in split_sentences(text, [(0, len(text))])} - {len(text)}
        true, found, right = true + len(expected), found + len(ends), right + len(ends & expected)
    assert 2 * right / (true + found) >= MIN_F1[group]


def test_repeated_sentences_keep_their_own_places() -> None:
    text = "He came. He left. " * 6
    spans = split_sentences(text, [(0, len(text))])
    assert len(spans) == len(set(spans)) == 12


def test_a_stray_quotation_mark_does_not_swallow_a_page() -> None:
    text = 'The 5" disk failed. We bought one. It was fine. A 3" disk is better.'
    assert len(split_all(text)) == 4


def test_closing_marks_stay_with_their_sentence() -> None:
    assert split_all('He said "Stop." Then (he left.) We stayed.[1] Good.') == [
        'He said "Stop."', "Then (he left.)", "We stayed.[1]", "Good.",
    ]  # fmt: skip


def test_a_page_of_spaces_and_marks_is_harmless() -> None:
    assert split_all("One." + "(" * 60 + " " * 60 + '"' * 60 + " 1 two.")


@pytest.mark.parametrize("points", ["......", ". . . . . ."])
def test_points_that_lead_to_a_value_end_nothing(points: str) -> None:
    text = f"Known as {points} Maisie"
    assert split_sentences(text, [(0, len(text))]) == ((0, len(text)),)
    said = "It ended... Nobody came."
    assert len(split_sentences(said, [(0, len(said))])) == 2


def test_pieces_are_cut_between_clusters() -> None:
    text = "a" + "e\u0323\u0302" * 10_000
    assert all(not s.startswith(("\u0323", "\u0302")) for s in split_all(text))


def test_threads_do_not_disturb_each_other() -> None:
    texts = [f"Nr. {n} ist alt. Das ist nicht neu. " * n for n in range(1, 40)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(split_all, texts)) == [split_all(text) for text in texts]


@pytest.mark.parametrize(
    "unit", ["a.a.", ". ", "(", "\"'", "“”", "a", "「a」", "x. 1 ", "(a. ", "[1]", "? "]
)
def test_a_hostile_line_of_a_megabyte_takes_seconds(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    with within(10):
        spans = split_sentences(text, [(0, len(text))])
    assert max(end - start for start, end in spans) < MAX_PIECE_CHARS + MAX_CLUSTER_CHARS


@pytest.mark.parametrize(
    "text",
    [
        "Die Glocke stammt aus dem 12. Jahrhundert. ¦Sie ist die älteste.",
        "Wir wohnen im 2. Stock. ¦Das Haus hat vier.",
        "Der 1. Preis ging an Ada Blom. ¦Den 2. Preis bekam niemand.",
        "Umgebaut wurde es im 18. und 19. Jahrhundert. ¦Danach nicht mehr.",
        "Jeder 3. Wagen blieb stehen, jeder 4. Wagen fuhr. ¦Es gab kein Öl.",
        "Er kommt am 12. ¦Dann bleibt er bis zum 14. ¦Es steht im Kalender.",
        "Es waren 12. ¦Das Haus war damit voll.",
        "The clock is from the 12. ¦Century old wood was used.",
    ],
)
def test_which_of_a_row_ends_no_german_sentence(text: str) -> None:
    parts = text.split("¦")
    assert split_all("".join(parts)) == [part.strip() for part in parts]
