"""The text of a document as HTML: all of its characters, drawn as what its units say."""

import re
import time
from itertools import pairwise

import pytest
from dom import first, parse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from selectolax.lexbor import LexborNode

from assistant.ingest.formats import csv, html, markdown
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Parsed
from assistant.ingest.structure import arrange
from assistant.show.document import CITED_ID, MAX_AROUND, draw_around, draw_text
from assistant.values import Document, DocumentId, Role, Span, Unit

NAME = DocumentId("a.md")
GUIDE = """# Keeping bees

Look at the hives *every week* in spring:

- Is the **queen** there?
  - eggs
  - young brood
- Is there food?

1. Light the smoker.
2. Open the hive.

| Month | Hives | Yield |
|-------|------:|-------|
| May   |     4 |       |
| June  |    11 | 3 | <b>x</b>

## Scales

What does it weigh?

```python
for hive in hives:
    weigh(hive)

print("done")
```

Weigh at dusk. <script>alert(1)</script> All are home then.
"""
PAGE = """<title>Bees</title><h1>Bees</h1><p>Of three kinds:<ul><li>queen<li>worker<ol><li>nurse
<li>forager</ol><li>drone</ul><table><caption>Numbers</caption><tr><th>Kind<th>How many
<tr><td>Queen<td>1<tr><td>Drone<td>400</table><dl><dt>Brood<dd>Eggs and larvae.</dl>
<pre>one
  two</pre>"""
SHEET = "Tool,Shelf,Since\nAdze <b>,A | 2,2019\nRasp,B: left,\nPlane,,2021\n"


def read(parsed: Parsed, name: str = "a.md") -> Document:
    units = arrange(parsed.text, parsed.units)
    return Document(DocumentId(name), "0" * 64, "Title", "text/plain", parsed.text, (), units)


def guide() -> Document:
    return read(markdown.parse(GUIDE.encode()))


DRAWN = {
    "md": guide(),
    "html": read(html.parse(PAGE.encode())),
    "csv": read(csv.parse(SHEET.encode(), DEFAULT_LIMITS)),
}


def draw(document: Document, *spans: Span, strong: Span | None = None) -> LexborNode:
    return parse(str(draw_text(document, (0, len(document.text)), spans, strong)))


def seen(node: LexborNode) -> str:
    """Return what a reader sees of a cell: all but what is hidden."""
    return parse(re.sub('<span class="joint">.*?</span>', "", str(node.html), flags=re.S)).text()


def rows(body: LexborNode) -> list[list[str]]:
    return [[seen(cell) for cell in row.css("th, td")] for row in body.css("tr")]


WORDS = ("a", "x <b>", "N: 1 | M: 2", "N | M", "1. é𝕏", "p\n\nq", "-")


@st.composite
def documents(draw: DrawFn) -> Document:
    """Return a document of units of any role, on lines of their own or beside each other."""
    text, units = "", []
    for role in draw(st.lists(st.sampled_from([*Role]), max_size=12)):
        text += draw(st.sampled_from(["\n", " ", "\n\n", "\n   ", " -- ", "\n\t\n", ""]))
        words = draw(
            st.sampled_from(["a", "x <b>", "N: 1 | M: 2", "N | M", "1. é𝕏", "p\n\nq", "-"])
        )
        level = draw(st.integers(0, 9))
        units.append(Unit(len(text), len(text) + len(words), role, level))
        text += words
    names = [-1, *(n for n, unit in enumerate(units) if unit.role is Role.NAMES)]
    units = [unit._replace(under=max(n for n in names if n < k)) for k, unit in enumerate(units)]
    text += draw(st.sampled_from(["", "\n", " end"]))
    return Document(NAME, "0" * 64, "T", "text/plain", text, (), tuple(units))


@settings(max_examples=300)
@given(documents(), st.data())
def test_all_characters_are_there_once_and_marks_are_exact_in_any_windows(
    made: Document, data: st.DataObject
) -> None:
    length = len(made.text)
    if not length:
        return
    cut = st.tuples(st.integers(0, length), st.integers(0, length)).filter(lambda c: c[0] < c[1])
    spans = [Span(NAME, *pair) for pair in data.draw(st.lists(cut, max_size=4))]
    strong = Span(NAME, *data.draw(cut))
    edges = sorted({0, length, *data.draw(st.lists(st.integers(0, length), max_size=2))})
    parts = [draw_text(made, part, spans, strong) for part in pairwise(edges)]
    bodies = [parse(f"<div>{part}</div>") for part in parts]
    assert [one.text() for one in bodies] == [made.text[a:b] for a, b in pairwise(edges)]
    marks = "".join(mark.text() for body in bodies for mark in body.css("mark.strong"))
    assert marks == made.text[strong.start : strong.end]
    assert sum(len(body.css(f"#{CITED_ID}")) for body in bodies) == 1
    covered = {place for span in (*spans, strong) for place in range(span.start, span.end)}
    marks = "".join(mark.text() for body in bodies for mark in body.css("mark"))
    assert marks == "".join(made.text[place] for place in sorted(covered))


@pytest.mark.parametrize("made", DRAWN.values(), ids=DRAWN)
def test_nothing_of_a_file_becomes_markup(made: Document) -> None:
    body = draw(made)
    tags = {node.tag for node in body.css("*")} - {"body"}
    assert tags <= {"h3", "h4", "p", "ul", "li", "div", "table", "thead", "tbody"} | {
        "tr", "th", "td", "pre", "code", "span",
    }  # fmt: skip
    assert body.text() == made.text


def test_markdown_is_drawn_as_what_it_is() -> None:
    body = draw(guide())
    assert first(body, "h3").text() == "Keeping bees"
    assert first(body, "h4").text() == "Scales"
    items = [(node.attributes["class"], node.text()) for node in body.css("li")]
    assert items == [
        ("depth-0", "Is the queen there?"),
        ("depth-1", "eggs"),
        ("depth-1", "young brood"),
        ("depth-0", "Is there food?"),
        ("depth-0 marked", "1. Light the smoker."),
        ("depth-0 marked", "2. Open the hive."),
    ]
    assert rows(body) == [["Month", "Hives", "Yield"], ["May", "4", ""], ["June", "11", "3"]]
    assert [seen(node) for node in body.css("thead th")] == ["Month", "Hives", "Yield"]
    are_numbers = [["class" in cell.attributes for cell in row.css("td")] for row in body.css("tr")]
    assert are_numbers[1:] == [[False, True, True]] * 2
    assert first(body, "pre").text() == ('for hive in hives:\n    weigh(hive)\nprint("done")')
    assert first(body, "p.label").text() == "What does it weigh?"


def test_html_is_drawn_from_its_text_and_never_by_its_own_tags() -> None:
    body = draw(DRAWN["html"])
    kinds = [(node.attributes["class"], node.text()) for node in body.css("li")]
    assert ("depth-1 marked", "1. nurse") in kinds
    assert ("depth-0", "drone") in kinds
    assert first(body, "p.caption").text() == "Numbers"
    assert rows(body) == [["Kind", "How many"], ["Queen", "1"], ["Drone", "400"]]
    assert first(body, "pre").text() == "one\n  two"


def test_a_row_has_its_values_in_their_columns_and_what_is_quoted_is_marked_whole() -> None:
    made = DRAWN["csv"]
    row = made.units[2]
    strong = Span(made.document_id, row.start, row.end)
    body = draw(made, strong, strong=strong)
    assert rows(body) == [
        ["Tool", "Shelf", "Since"],
        ["Adze <b>", "A | 2", "2019"],
        ["Rasp", "B: left", ""],
        ["Plane", "", "2021"],
    ]
    marked = "".join(node.text() for node in body.css("mark.strong"))
    assert marked == made.text[strong.start : strong.end] == "Tool: Rasp | Shelf: B: left"


def test_a_table_that_goes_on_in_another_part_has_its_names_again_but_not_as_text() -> None:
    made = DRAWN["csv"]
    start = made.units[2].start
    body = parse(str(draw_text(made, (start, len(made.text)), (), None)))
    names = [node.attributes["data-name"] for node in body.css("tr.again th")]
    assert names == ["Tool", "Shelf", "Since"]
    assert body.text() == made.text[start:]


PROSE = "One. Two here. Three is it. Four. Five. Six."


def around(document: Document, quote: str, *, is_beside: bool = False) -> list[str]:
    start = document.text.index(quote)
    span = Span(document.document_id, start, start + len(quote))
    body = parse(str(draw_around(document, span, is_beside=is_beside)))
    return [re.sub("</?p[^>]*>", "", str(node.html)) for node in body.css("p")]


def test_around_a_quote_stand_the_sentences_before_and_behind_it() -> None:
    prose = Document(
        NAME, "0" * 64, "T", "text/plain", "One. Two here. Three is it. Four. Five. Six."
    )
    assert around(prose, "Three is it.") == ["One. Two here. <mark>Three is it.</mark> Four. Five."]
    assert around(prose, "is it") == ["Two here. Three <mark>is it</mark>. Four."]


def test_around_an_item_stand_its_neighbours_and_around_a_row_the_rows_beside_it() -> None:
    made = guide()
    lines = around(made, "Is there food?")
    assert lines[2] == "<mark>Is there food?</mark>"
    assert lines[1] == "young brood"
    assert lines[3] == "1. Light the smoker."
    sheet = DRAWN["csv"]
    assert around(sheet, "Tool: Rasp | Shelf: B: left") == [
        "Tool: Adze &lt;b&gt; · Shelf: A · 2 · Since: 2019",
        "<mark>Tool: Rasp · Shelf: B: left</mark>",
        "Tool: Plane · Since: 2021",
    ]


def test_what_stands_in_another_section_is_not_around_a_quote() -> None:
    made = guide()
    assert around(made, "Look at the hives every week in spring:")[0] == "Keeping bees"
    assert around(made, "What does it weigh?")[:2] == [
        "Scales",
        "<mark>What does it weigh?</mark>",
    ]
    months = around(made, "Month: June | Hives: 11 | Yield: 3")
    assert months == ["Month: May · Hives: 4", "<mark>Month: June · Hives: 11 · Yield: 3</mark>"]


def test_a_quote_that_stands_beside_is_not_said_again() -> None:
    quote = "All hives are closed for the winter at the end of October."
    text = f"Wasps come in autumn. {quote} Mice come later."
    made = Document(NAME, "0" * 64, "T", "text/plain", text)
    assert around(made, quote, is_beside=True) == [
        "Wasps come in autumn. <mark>All hives are … end of October.</mark> Mice come later."
    ]
    assert around(made, quote) == [f"Wasps come in autumn. <mark>{quote}</mark> Mice come later."]
    alone = Document(NAME, "0" * 64, "T", "text/plain", quote)
    assert around(alone, quote, is_beside=True) == []


@settings(max_examples=200)
@given(documents(), st.data(), st.booleans())
def test_what_stands_around_is_short_and_has_no_markup_but_ours(
    made: Document, data: st.DataObject, is_beside: bool
) -> None:
    length = len(made.text)
    if not length:
        return
    start = data.draw(st.integers(0, length - 1))
    span = Span(NAME, start, data.draw(st.integers(start + 1, length)))
    body = parse(str(draw_around(made, span, is_beside=is_beside)))
    assert {node.tag for node in body.css("*")} <= {"body", "p", "mark"}
    said = [re.sub(r"[\s·|]", "", part) for one in body.css("p") for part in one.text().split("…")]
    assert all(part in re.sub(r"[\s·|]", "", made.text) for part in said)
    assert len(body.css("p")) <= 4 * (MAX_AROUND + 1), "with what stands between units"


def test_around_a_quote_of_a_script_without_spaces_stand_its_sentences_too() -> None:
    text = "".join(f"第{n}號船在河上航行。" for n in range(3_000))
    made = Document(NAME, "0" * 64, "T", "text/plain", text, (), (Unit(0, len(text)),))
    said = "".join(around(made, "第1500號船在河上航行。"))
    assert "第1499號船在河上航行。<mark>第1500號船在河上航行。</mark>第1501號船在河上航行。" in said
    assert len(said) < 600


def test_around_a_quote_of_any_length_is_found_in_time() -> None:
    text = "A boat sails. " * 300_000
    made = Document(NAME, "0" * 64, "T", "text/plain", text, (), (Unit(0, len(text) - 1),))
    begun = time.perf_counter()
    draw_around(made, Span(NAME, 10, len(text)), is_beside=True)
    assert time.perf_counter() - begun < 2


def test_a_word_of_any_length_bounds_what_is_shown_around_it() -> None:
    text = "x" * 100_000 + " The quote. " + "y" * 100_000
    made = Document(NAME, "0" * 64, "T", "text/plain", text, (), (Unit(0, len(text)),))
    assert len("".join(around(made, "The quote."))) < 1_000


def test_lines_that_are_fields_stand_closely_and_other_paragraphs_do_not() -> None:
    text = "From: Ada <ada@x.example>\nTo: Office\nDear all: come.\nSee you"
    starts = [0, 26, 37, 53]
    units = tuple(Unit(a, b) for a, b in zip(starts, [25, 36, 52, len(text)], strict=True))
    body = draw(Document(NAME, "0" * 64, "T", "message/rfc822", text, (), units))
    assert [node.attributes.get("class") for node in body.css("p")] == ["field"] * 3 + [None]
    assert body.text() == text


def test_links_are_text_with_an_address_that_leads_nowhere() -> None:
    text = "See the <old> pier and the mill."
    made = Document(NAME, "0" * 64, "T", "text/plain", text)
    places = [(4, 18, 'javascript:alert("1")'), (23, 31, "https://mill.example/<b>\0")]
    strong = Span(NAME, 9, 27)
    body = parse(str(draw_text(made, (0, len(text)), (), strong, places)))
    assert body.text() == text
    shown = [(node.text(), node.attributes["title"]) for node in body.css("span.link")]
    assert shown == [
        ("the <old> pier", 'javascript:alert("1")'),
        ("the mill", "https://mill.example/<b>\ufffd"),
    ]
    assert "".join(node.text() for node in body.css("mark")) == text[9:27]
    assert not body.css("a, [href]")


def test_a_long_table_with_many_marks_is_drawn_in_time() -> None:
    sheet = "Key,Value\n" + "".join(f"k{n},{n}\n" for n in range(3_000))
    made = read(csv.parse(sheet.encode(), DEFAULT_LIMITS))
    spans = [Span(made.document_id, one.start, one.end) for one in made.units]
    body = draw(made, *spans)
    assert len(body.css("tr")) == 3_001
