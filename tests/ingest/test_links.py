"""Where the links of Markdown and web pages stand in their text, and to what they lead."""

import time
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.ingest.decode import MAX_ADDRESS_CHARS, MAX_LINKS, find_links
from assistant.ingest.formats import html, markdown
from assistant.ingest.formats.parsed import DEFAULT_LIMITS
from assistant.ingest.pool import Parsers
from assistant.values import Link

GUIDE = """---
title: Boats
---
# Boats of [the lake](https://lake.example/all)

See here, not there: [here](first.html), and [**bold** words
over two lines](second.html "Title"). Then ![a mast](mast.png) and <https://auto.example/x>.

1. Row to [the pier][ref].
2. [Back](#top)

| Boat | Where |
|------|-------|
| Alba | [harbour](../harbour.md) |
| Corva | [harbour](javascript:alert(1)) |

[ref]: https://pier.example/a?b=1&c=2
"""
PAGE = """<nav><a href="/all">harbour</a> <a href="/more">more of it</a> menu of the site</nav>
<p>Not the harbour itself: <a href="https://h.example/?a=1&amp;b=2">the <b>harbour</b>
office</a> and the harbour.<ol><li><a href="1.htm">one</a><li><a href="2.htm">one</a></ol>
<table><tr><th>Boat<th>Page<tr><td>Alba<td><a href="alba">see</a></table><p><a name="x">none</a>"""


def linked(text: str, links: Iterable[Link]) -> list[tuple[str, str]]:
    return [(text[start:end], address) for start, end, address in links]


def test_links_of_markdown_stand_at_their_words_and_keep_their_addresses() -> None:
    data = GUIDE.encode()
    text = markdown.parse(data).text
    links = markdown.locate(data, (0, len(text))).links
    assert linked(text, links) == [
        ("the lake", "https://lake.example/all"),
        ("here", "first.html"),
        ("bold words", "second.html"),
        ("over two lines", "second.html"),
        ("the pier", "https://pier.example/a?b=1&c=2"),
        ("harbour", "../harbour.md"),
    ]
    assert links[1][0] == text.index("there: here") + len("there: ")


def test_links_of_a_page_are_those_of_its_text_and_not_of_its_menu() -> None:
    data = PAGE.encode()
    text = html.parse(data).text
    links = html.locate(data, (0, len(text))).links
    assert linked(text, links) == [
        ("the harbour office", "https://h.example/?a=1&b=2"),
        ("one", "1.htm"),
        ("one", "2.htm"),
        ("see", "alba"),
    ]
    assert links == tuple(sorted(links))


def test_a_part_of_a_text_has_the_links_that_reach_into_it() -> None:
    data = PAGE.encode()
    text = html.parse(data).text
    place = text.index("office")
    assert linked(text, html.locate(data, (place, place + 1)).links) == [
        ("the harbour office", "https://h.example/?a=1&b=2")
    ]
    assert html.locate(data, (0, 3)).links == ()


@pytest.mark.parametrize(("data", "kind"), [(GUIDE, "text/markdown"), (PAGE, "text/html")])
def test_a_child_tells_the_same_links(data: str, kind: str) -> None:
    module = markdown if kind.endswith("markdown") else html
    with Parsers(DEFAULT_LIMITS) as parsers:
        found = parsers.locate(data.encode(), kind, (0, 10_000), ())
    assert found.links == module.locate(data.encode(), (0, 10_000)).links != ()


@given(
    st.text(max_size=60),
    st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), max_size=9),
)
def test_links_are_ascending_and_apart_in_any_text(text: str, runs: list[tuple[str, str]]) -> None:
    links = find_links(text, runs, (0, len(text)))
    ends = [(0, 0), *((one[0], one[1]) for one in links), (len(text), len(text))]
    assert all(a[1] <= b[0] <= b[1] for a, b in pairwise(ends))


def test_many_and_long_addresses_are_bounded_and_take_no_long_time() -> None:
    begun = time.perf_counter()
    runs = [("w ", ""), ("x", "a" * 9_999)] * 200_000
    links = find_links("w x " * 200_000, runs, (0, 800_000))
    assert len(links) == MAX_LINKS
    assert {len(one[2]) for one in links} == {MAX_ADDRESS_CHARS}
    assert find_links("y" * 500_000, [("z" * 30, "a")] * 100_000, (0, 9)) == ()
    assert time.perf_counter() - begun < 5
