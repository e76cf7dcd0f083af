"""OpenDocument texts: everything that the page shows, in order, and nothing that it hides."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest.formats.packages import pack
from ingest.reading import blocks, refuses

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.odt import parse
from assistant.ingest.formats.parsed import Limits

URN = "urn:oasis:names:tc:opendocument:xmlns:"
NAMES = "office style text table".split()
NAMESPACES = " ".join(
    [
        *(f'xmlns:{name}="{URN}{name}:1.0"' for name in NAMES),
        f'xmlns:draw="{URN}drawing:1.0" xmlns:svg="{URN}svg-compatible:1.0"',
        'xmlns:dc="http://purl.org/dc/elements/1.1/"',
    ]
)
CONTENTS = st.recursive(
    st.sampled_from(["p", "h"]),
    lambda inner: st.tuples(
        st.sampled_from(["list", "table", "section"]), st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


def odt(body: str, styles: str = "", **members: bytes) -> bytes:
    content = (
        f"<office:document-content {NAMESPACES}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body><office:text>{body}</office:text></office:body>"
        "</office:document-content>"
    )
    return pack({"content.xml": content.encode(), **{f"{k}.xml": v for k, v in members.items()}})


def write(content: Any, words: list[str]) -> str:
    if isinstance(content, str):
        words += [f"word{len(words)}", f"word{len(words) + 1}"]
        first, second = words[-2:]
        return f"<text:{content}>{first} <text:span>{second}</text:span></text:{content}>"
    kind, inner = content
    parts = [write(part, words) for part in inner]
    if kind == "section":
        return f"<text:section>{''.join(parts)}</text:section>"
    if kind == "list":
        items = (f"<text:list-item>{part}</text:list-item>" for part in parts)
        return f"<text:list>{''.join(items)}</text:list>"
    cells = (f"<table:table-cell>{part}</table:table-cell>" for part in parts)
    return f"<table:table><table:table-row>{''.join(cells)}</table:table-row></table:table>"


@settings(max_examples=60)
@given(contents=st.lists(CONTENTS, max_size=5))
def test_every_word_is_in_the_text_in_order(contents: list[Any]) -> None:
    words: list[str] = []
    parsed = parse(odt("".join(write(content, words) for content in contents)))
    assert parsed.text.replace("|", " ").split() == words


def test_headings_have_their_levels_and_the_first_is_the_title() -> None:
    parsed = parse(
        odt(
            '<text:h text:outline-level="2">Sub</text:h><text:h>Top<text:line-break/>one</text:h>'
            '<text:p>One<text:s text:c="3"/>two<text:tab/>three<text:line-break/>'
            "four\n five</text:p>"
        )
    )
    assert blocks(parsed) == ["Sub", "Top one", "One two three", "four five"]
    assert [h.level for h in parsed.headings] == [2, 1]
    assert (parsed.title, parsed.pages, parsed.warnings) == ("Top one", (), ())


def test_the_title_is_the_documents_own() -> None:
    meta = f"<office:document-meta {NAMESPACES}><dc:title>Its title</dc:title>"
    meta += "</office:document-meta>"
    parsed = parse(odt("<text:h>Top</text:h>", meta=meta.encode()))
    assert parsed.title == "Its title"


def test_a_row_is_a_block_and_covered_cells_are_not_read() -> None:
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"
    row = f"<table:table-row>{cell.format('a')}{cell.format('b')}<table:covered-table-cell>"
    row += "<text:p>covered</text:p></table:covered-table-cell></table:table-row>"
    nested = f"<table:table-row><table:table-cell><text:p>x</text:p><table:table>{row}"
    nested += f"</table:table></table:table-cell>{cell.format('y')}</table:table-row>"
    head = f"<table:table-header-rows>{row}</table:table-header-rows>"
    assert blocks(parse(odt(f"<table:table>{head}{nested}</table:table>"))) == [
        *["a | b"],
        *["x", "a | b", "y"],
    ]


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("<text:a>x</text:a>", ["a x z"]),
        ("<text:title>x</text:title>", ["a x z"]),
        ("<text:ruby><text:ruby-base>x</text:ruby-base><text:ruby-text>r</text:ruby-text></text:ruby>",
         ["a x z"]),
        ("<draw:frame><draw:text-box><text:p>x</text:p></draw:text-box><svg:title>t</svg:title>"
         "</draw:frame>", ["a z", "x"]),
        ("<draw:custom-shape><text:p>x</text:p></draw:custom-shape>", ["a z", "x"]),
        ("<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>n</text:p>"
         "</text:note-body></text:note>", ["a z", "last", "n"]),
    ],
)  # fmt: skip
def test_what_a_paragraph_holds_is_read_as_the_page_shows_it(
    inner: str, expected: list[str]
) -> None:
    found = blocks(parse(odt(f"<text:p>a {inner} z</text:p><text:p>last</text:p>")))
    assert found == (expected if "last" in expected else [*expected, "last"])


@pytest.mark.parametrize(
    "hidden",
    [
        '<text:p text:style-name="Secret">SECRET</text:p>',
        '<text:p text:style-name="Child">SECRET</text:p>',
        '<text:p><text:span text:style-name="Secret">SECRET</text:span></text:p>',
        '<text:section text:display="none"><text:p>SECRET</text:p></text:section>',
        "<text:p><text:hidden-text>SECRET</text:hidden-text></text:p>",
    ],
)
def test_hidden_text_is_left_out_and_counted(hidden: str) -> None:
    styles = (
        '<style:style style:name="Child" style:parent-style-name="Secret"/>'
        '<style:style style:name="Secret"><style:text-properties text:display="none"/>'
        "</style:style>"
    )
    parsed = parse(odt(f"<text:p>before</text:p>{hidden}<text:p>after</text:p>", styles))
    assert blocks(parsed) == ["before", "after"]
    assert parsed.warnings == ("1 piece of hidden text left out",)


def test_deleted_text_is_left_out_and_comments_are_counted() -> None:
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>SECRET</text:p>"
        "</text:deletion></text:changed-region></text:tracked-changes>"
        "<text:p>shown<office:annotation><text:p>SECRET</text:p></office:annotation></text:p>"
        "<text:p><draw:frame><draw:object/></draw:frame></text:p>"
    )
    parsed = parse(odt(body))
    assert parsed.text == "shown"
    assert parsed.warnings == ("1 comment left out", "1 embedded object not read")


def test_what_is_encrypted_or_no_text_is_refused() -> None:
    manifest = {"META-INF/manifest.xml": b"<m><encryption-data/></m>", "content.xml": b"\x81\x82"}
    for data, fault in (
        (pack(manifest), Fault.ENCRYPTED),
        (pack({"mimetype": b""}), Fault.CORRUPT),
        (pack({"content.xml": b"<a/>"}), Fault.CORRUPT),
        (odt("<text:p>x</text:p>")[:-40], Fault.CORRUPT),
    ):
        with refuses(fault):
            parse(data)
    with pytest.raises(DocumentUnreadable, match="limit of 3"):
        parse(odt("<text:p>long</text:p>"), Limits(max_chars=3))


@pytest.mark.parametrize("member", ["content", "styles", "meta"])
def test_no_entity_is_expanded(member: str) -> None:
    evil = b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/hostname'>]><a>&b;</a>"
    with pytest.raises(DocumentUnreadable, match="declares a document type"):
        parse(pack({"content.xml": b"<a/>", f"{member}.xml": evil}))


NUMBERED = (
    '<text:list-style style:name="L1">'
    '<text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>'
    '<text:list-level-style-number text:level="2" style:num-format="a" style:num-suffix=")"/>'
    '</text:list-style><text:list-style style:name="L2">'
    '<text:list-level-style-bullet text:level="1" text:bullet-char="-"/></text:list-style>'
)


def test_numbered_items_keep_the_numbers_that_are_shown() -> None:
    def item(text: str, inner: str = "", given: str = "") -> str:
        return f"<text:list-item{given}><text:p>{text}</text:p>{inner}</text:list-item>"

    nested = f"<text:list>{item('Left.')}{item('Right.')}</text:list>"
    steps = (
        f'<text:list text:style-name="L1">{item("Drain it.")}{item("Turn:", nested)}</text:list>'
    )
    more = item("Rinse it.") + item("Dry it.", given=' text:start-value="9"')
    body = (
        f"{steps}<text:p>Wait.</text:p>"
        f'<text:list text:style-name="L1" text:continue-numbering="true">{more}</text:list>'
        f'<text:list text:style-name="L2">{item("Brush")}</text:list>'
    )
    assert blocks(parse(odt(body, NUMBERED))) == [
        *["1. Drain it.", "2. Turn:", "a) Left.", "b) Right.", "Wait."],
        *["3. Rinse it.", "9. Dry it.", "Brush"],
    ]
