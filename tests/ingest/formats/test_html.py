"""HTML: the visible text, whole, and nothing that the markup hides."""

import pytest
from ingest.reading import blocks_by, headings, within

from assistant.ingest.formats.html import parse

blocks = blocks_by(parse)


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>SECRET</script>",
        "<style>SECRET</style>",
        "<template><p>SECRET</template>",
        "<noscript>SECRET</noscript>",
        "<!-- SECRET -->",
        "<p hidden>SECRET</p>",
        "<div hidden><p>a<b>SECRET</b></p></div>",
        "<span aria-hidden=' TRUE '>SECRET</span>",
        "<p style='color: red; Display : None'>SECRET</p>",
        "<p style='visibility:/**/hidden'>SECRET</p>",
        "<iframe>SECRET</iframe>",
        "<svg><title>SECRET</title></svg>",
        "<img alt=SECRET title=SECRET>",
        "<input value=SECRET>",
        "<dialog>SECRET</dialog>",
        "<meta http-equiv=refresh content='0; url=SECRET'>",
    ],
)
def test_hidden_text_is_absent_and_what_follows_is_not(hidden: str) -> None:
    assert blocks(f"<p>before</p>{hidden}<p>after</p>") == ["before", "after"]


def test_blocks_end_at_block_elements_and_breaks_with_whitespace_folded() -> None:
    source = "<div>one\n <b>t</b>wo&nbsp; three<p>four<br>five</div><ul><li>six<li>seven</ul>tail"
    assert blocks(source) == ["one two three", "four", "five", "six", "seven", "tail"]


def test_preformatted_lines_keep_their_spaces() -> None:
    parsed = parse(b"<pre>\n  a   b\n\n    c</pre>")
    assert parsed.text == "  a   b\n    c"
    assert blocks("<pre>\n  a   b\n\n    c</pre>") == ["a   b", "c"]


def test_rows_say_what_their_values_are() -> None:
    source = "<table><tr><th>Name<th>Price<tr><td><p>Tea</p><td>2.50<td></table>"
    assert blocks(source) == ["Name | Price", "Name: Tea | Price: 2.50"]


def test_cells_over_several_rows_and_names_over_several_columns_are_filled_in() -> None:
    source = (
        "<table><caption>Sold</caption><tr><th rowspan=2>Town<th colspan=2>Half<tr><th>Q1<th>Q2"
        "<tr><td rowspan=2>Alba<td>1<td>2<tr><td>3<td>4</table>"
    )
    assert blocks(source) == [
        *["Sold", "Town | Half Q1 | Half Q2"],
        *["Town: Alba | Half Q1: 1 | Half Q2: 2", "Town: Alba | Half Q1: 3 | Half Q2: 4"],
    ]


def test_items_have_the_depth_of_their_list() -> None:
    parsed = parse(b"<ol><li>a<ul><li>b</ul><li><p>c</p><p>more</p></ol>")
    found = [(unit.role.value, unit.level) for unit in parsed.units]
    assert found == [("item", 1), ("item", 2), ("item", 1), ("paragraph", 0)]


@pytest.mark.parametrize(
    ("source", "items"),
    [
        ("<ol><li>a<li>b</ol>", ["1. a", "2. b"]),
        ("<ol start=3><li>a<li value=9>b<li>c</ol>", ["3. a", "9. b", "10. c"]),
        ("<ol reversed><li>a<li>b</ol>", ["2. a", "1. b"]),
        ("<ol type=a start=27><li>a</ol><ol type=I start=4><li>b</ol>", ["aa. a", "IV. b"]),
        ("<ol><li>a<ul><li>b</ul><li>c<ol type=i><li>d</ol></ol>", ["1. a", "b", "2. c", "i. d"]),
        ("<ol><li><p>a</p><p>more</p><li></li><li>c</ol>", ["1. a", "more", "3. c"]),
        ("<ol style='list-style-type: none'><li>a</ol>", ["a"]),
        ("<nav><ol><li>Home<li>Here</ol></nav><ol><li>a</ol>", ["Home", "Here", "1. a"]),
        ("<ol start=x><li value=''>a</ol><li>stray", ["1. a", "stray"]),
    ],
)
def test_items_have_the_numbers_that_are_shown(source: str, items: list[str]) -> None:
    assert blocks(source) == items


def test_a_table_that_lays_out_a_page_is_not_joined() -> None:
    inner = "<table><tr><td>a<td>b</table>"
    assert blocks(f"<table><tr><td><p>One.<p>Two.{inner}<td>Three.</table>") == [
        "One.", "Two.", "a | b", "Three.",
    ]  # fmt: skip


def test_headings_have_spans_and_the_head_gives_the_title() -> None:
    parsed = parse(b"<title>\n The &amp; title</title><h1>Top <i>one</i></h1>x<h3>Sub</h3>y")
    assert parsed.title == "The & title"
    words = headings(parsed)
    assert words == [("Top one", 1), ("Sub", 3)]


@pytest.mark.parametrize(
    "data",
    [
        "<p>Größe “x”</p>".encode(),
        b"\xff\xfe" + "<p>Größe “x”</p>".encode("utf-16-le"),
        "<meta charset=windows-1252><p>Größe “x”</p>".encode("cp1252"),
        "<meta http-equiv=a content='text/html; charset=iso-8859-1'><p>Größe “x”</p>".encode(
            "cp1252"
        ),
        "<meta charset=latin1><p>Größe “x”</p>".encode(),
    ],
)
def test_the_encoding_is_the_marks_or_the_pages_own(data: bytes) -> None:
    parsed = parse(data)
    assert (parsed.text, parsed.warnings) == ("Größe “x”", ())


def test_a_charset_that_is_no_charset_is_not_used() -> None:
    assert parse("<meta charset=punycode><p>Größe".encode()).text == "Größe"


@pytest.mark.parametrize(
    "tag", ["div", "b", "p", "ul><li", "table><tr><td", "span hidden=''>a</span><i"]
)
def test_deep_nesting_keeps_the_tail_in_linear_time(tag: str) -> None:
    with within(20):
        found = blocks(f"<{tag}>" * 100_000 + "The tail sentence.")
    assert found[-1].endswith("The tail sentence.")


@pytest.mark.parametrize("unit", ["<", "<div ", "&", "<!--", "<p style='/*/*/*", "</", "<a href="])
def test_broken_markup_takes_linear_time(unit: str) -> None:
    with within(5):
        parse((unit * (200_000 // len(unit))).encode())
