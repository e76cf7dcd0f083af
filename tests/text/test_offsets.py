"""Offset maps: every span of a canonical text leads back to the raw text that became it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.text.normalize import Changes, OffsetMap, normalize, normalize_mapped

AWKWARD = st.text(
    st.one_of(
        st.characters(exclude_categories=()),
        st.sampled_from(
            "ae\u0301\u0344\u0f73\u1e9b\u0323\u031b\u01d6\r\n\x85\u200b\u200d\ufe0f\ud800\xad"
            "ﬁﬅ\u1112\u1161\u11ab\u212b\u0958\u0915\u09c7\u09be"
        ),
    )
)
LETTERS = st.text("ab\u0301\u0323ﬃ\u200b\r\n ", max_size=40)


@given(AWKWARD)
def test_a_text_is_the_same_with_and_without_its_map(text: str) -> None:
    canonical = normalize_mapped(text)
    assert (canonical.text, canonical.n_removed) == normalize(text)


@given(AWKWARD, st.data())
def test_what_a_span_came_from_becomes_the_span_again(text: str, data: st.DataObject) -> None:
    canonical = normalize_mapped(text)
    start = data.draw(st.integers(0, len(canonical.text)))
    end = data.draw(st.integers(start, len(canonical.text)))
    raw_start, raw_end = canonical.offsets.to_raw(start, end)
    assert 0 <= raw_start <= raw_end <= len(text)
    assert canonical.text[start:end] in normalize(text[raw_start:raw_end])[0]


@given(LETTERS, st.data())
def test_neighbouring_spans_come_from_neighbours(text: str, data: st.DataObject) -> None:
    canonical = normalize_mapped(text)
    cut = data.draw(st.integers(0, len(canonical.text)))
    whole = canonical.offsets.to_raw(0, len(canonical.text))
    before, after = (
        canonical.offsets.to_raw(0, cut),
        canonical.offsets.to_raw(cut, len(canonical.text)),
    )
    assert before[0] == 0 or cut == 0 or normalize(text[: before[0]])[0] == ""
    assert normalize(text[before[1] : after[0]])[0] == ""  # what was removed between the two
    assert after == whole if cut == 0 else before[0] == whole[0]
    assert before == whole if cut == len(canonical.text) else after[1] == whole[1]


@given(st.text("aé한글’\n", max_size=40), st.data())
def test_a_text_that_was_canonical_maps_to_itself(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    assert normalize_mapped(text).offsets == OffsetMap()
    assert normalize_mapped(text).offsets.to_raw(start, end) == (start, end)


@pytest.mark.parametrize(
    ("raw", "quote", "origin"),
    [
        ("one\r\ntwo", "two", "two"),
        ("one\r\ntwo", "one\ntwo", "one\r\ntwo"),
        ("\u200bpay\u202e me\u200b", "pay me", "pay\u202e me"),
        ("an of\ufb01ce", "office", "of\ufb01ce"),
        ("an of\ufb01ce", "off", "of\ufb01"),
        ("die Größe x".replace("ö", "o\u0308"), "Größe", "Gro\u0308ße"),
        ("z\u0301\u200b\r\nKaffee", "Kaffee", "Kaffee"),
        (
            unicodedata.normalize("NFD", "이것은 한국어."),
            "한국어",
            unicodedata.normalize("NFD", "한국어"),
        ),
        ("e\u200b\u0301a", "é", "e\u200b\u0301"),
    ],
)
def test_a_quote_leads_to_what_became_it(raw: str, quote: str, origin: str) -> None:
    canonical = normalize_mapped(raw)
    start = canonical.text.index(quote)
    raw_start, raw_end = canonical.offsets.to_raw(start, start + len(quote))
    assert raw[raw_start:raw_end] == origin


@given(st.text("abc", max_size=30), st.data())
def test_cuts_map_back_over_what_was_cut(text: str, data: st.DataObject) -> None:
    ends = data.draw(st.lists(st.integers(0, len(text)), unique=True).map(sorted))
    cuts = list(zip(ends[::2], ends[1::2], strict=False))
    kept = [n for n in range(len(text)) if not any(start <= n < end for start, end in cuts)]
    step = Changes.by_cutting(cuts)
    for place, raw in enumerate(kept):
        assert step.to_raw(place, place + 1) == (raw, raw + 1)
    if kept:
        assert step.to_raw(0, len(kept)) == (kept[0], kept[-1] + 1)
