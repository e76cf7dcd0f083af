"""Canonical text: what stays, what goes, and that doing it twice changes nothing."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import within

from assistant.text.normalize import MAX_MARKS, UNSEEN, normalize

AWKWARD = st.text(
    st.one_of(
        st.characters(exclude_categories=()),
        st.sampled_from(
            "e\u0301\u0344\u0f73\u1e9b\u0323\u031b\u01d6\r\n\x85\u200b\u200d\ufe0f\ud800"
        ),
    )
)


@given(AWKWARD)
def test_normalizing_canonical_text_changes_nothing(text: str) -> None:
    canonical, _ = normalize(text)
    assert normalize(canonical) == (canonical, 0)


@given(AWKWARD)
def test_canonical_text_is_composed_and_holds_nothing_unseen(text: str) -> None:
    canonical, _ = normalize(text)
    assert unicodedata.is_normalized("NFC", canonical)
    assert not UNSEEN.search(canonical)
    assert not set(canonical) & set("\r\x0b\x0c\x85\u2028\u2029")


@given(st.text(st.sampled_from("uǖ\u0308\u0304\u031b\u0344\u0323"), min_size=60, max_size=200))
def test_long_runs_of_marks_stay_canonical(text: str) -> None:
    canonical, _ = normalize(text)
    assert normalize(canonical) == (canonical, 0)


@pytest.mark.parametrize(
    "newline", ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"]
)
def test_every_kind_of_newline_becomes_one(newline: str) -> None:
    assert normalize(f"one{newline}two") == ("one\ntwo", 0)


@pytest.mark.parametrize("kept", ["\t", "👨‍👩‍👧", "❤️", "می‌خواهم", "नमस्ते", "שלום", "e\u0323\u0302x"])
def test_what_people_see_stays(kept: str) -> None:
    assert normalize(kept) == (unicodedata.normalize("NFC", kept), 0)


@pytest.mark.parametrize(
    "hidden", "\x00\x08\x1b\x7f\x9f\xad\u200b\u2060\ufeff\u202e\u2066\U000e0041\ud800"
)
def test_what_nobody_sees_is_removed_and_counted(hidden: str) -> None:
    assert normalize(f"a{hidden}b{hidden}") == ("ab", 2)


def test_a_mark_meets_its_letter_when_what_parted_them_is_removed() -> None:
    assert normalize("e\u200b\u0301") == ("é", 1)


def test_piles_of_marks_are_cut_to_the_limit_in_linear_time() -> None:
    with within(5):
        text, n_removed = normalize("a" + "\u0315\u0300" * 200_000)
        assert len(text) <= MAX_MARKS + 1
        assert n_removed == 400_000 - MAX_MARKS


@given(AWKWARD)
def test_ligatures_become_letters_and_nothing_else_that_nfkc_would_fold(text: str) -> None:
    assert not set(normalize(text)[0]) & set("ﬀﬁﬂﬃﬄﬅﬆ")


def test_an_expanded_ligature_is_neither_removed_nor_parted_from_its_marks() -> None:
    assert normalize("oﬃce ½ ² ĳ ﬆ") == ("office ½ ² ĳ st", 0)
    assert normalize("ﬁ\u0301") == ("fí", 0)
