import re

from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from assistant.cite import locate

WORDS = st.lists(st.text("ab.é数\u05d0\u200f", min_size=1, max_size=4), min_size=1, max_size=5)
SPACE = st.sampled_from([" ", "\n", "  ", "\t", "\u00a0", "\u2003", "\n\n"])


def fold(text: str) -> str:
    return " ".join(text.split())


@st.composite
def spaced(draw: st.DrawFn, words: list[str]) -> str:
    parts = [words[0]]
    for word in words[1:]:
        parts += [draw(SPACE), word]
    return "".join(parts)


@given(quote=st.text("ab \n.", max_size=8), text=st.text("ab \n.", max_size=60))
def test_locate_returns_nothing_that_differs_in_more_than_whitespace(quote: str, text: str) -> None:
    found = locate(quote, text)
    if found is None:
        assert not quote.strip() or quote not in text
    else:
        start, end = found
        assert fold(text[start:end]) == fold(quote)


@given(data=st.data(), before=st.text("ab \n", max_size=20), after=st.text("ab \n", max_size=20))
def test_locate_finds_a_quote_however_it_is_spaced(
    data: st.DataObject, before: str, after: str
) -> None:
    words = data.draw(WORDS)
    text = before + data.draw(spaced(words)) + after
    found = locate(data.draw(spaced(words)), text)
    assert found is not None
    assert fold(text[slice(*found)]) == " ".join(words)


@given(words=WORDS, n=st.integers(1, 4), filler=st.text("xyz ", max_size=9))
def test_locate_returns_the_first_place(words: list[str], n: int, filler: str) -> None:
    quote = " ".join(words)
    text = filler + f"{quote}|" * n
    assert locate(quote, text) == (text.index(quote), text.index(quote) + len(quote))


@given(words=WORDS, data=st.data())
def test_locate_returns_the_first_of_the_places_that_differ_in_whitespace(
    words: list[str], data: DataObject
) -> None:
    assume(len(words) > 1)
    quote = " ".join(words)
    text = "|".join(data.draw(spaced(words)) for _ in range(3))
    assume(quote not in text)
    first = re.search(r"\s+".join(map(re.escape, words)), text)
    assert first is not None
    assert locate(quote, text) == first.span()


@given(text=st.text("ab ", min_size=3, max_size=30), place=st.integers(0, 29), other=st.text("c#7"))
def test_locate_never_finds_a_quote_with_a_foreign_character(
    text: str, place: int, other: str
) -> None:
    assume(other)
    assert locate(text[:place] + other + text[place:], text) is None


def test_locate_refuses_a_quote_without_characters() -> None:
    assert locate("", "text") is None
    assert locate(" \n", "a \n b") is None


def test_locate_reads_pattern_characters_as_characters() -> None:
    assert locate("(a+)+ .*", "x (a+)+\n.*") == (2, 10)
    assert locate("a.c", "abc") is None


def test_locate_prefers_an_exact_place_to_an_earlier_one_that_is_spaced_otherwise() -> None:
    assert locate("two words", "two\nwords, two words") == (11, 20)
