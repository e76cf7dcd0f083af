"""RTF: every character of the text, whatever way it is written, and nothing that is hidden."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import blocks, refuses, within

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats import rtf as module
from assistant.ingest.formats.blocks import Blocks
from assistant.ingest.formats.parsed import Limits
from assistant.ingest.formats.rtf import parse

HEAD = r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fnil Arial;}{\f1\fnil\fcharset204 Cyr;}}"


def rtf(body: str, head: str = HEAD) -> bytes:
    return f"{head}{body}}}".encode("latin-1")


def escaped(text: str) -> str:
    """Return text as Word writes it: UTF-16, each unit with a replacement to be skipped."""
    units = text.encode("utf-16-le")
    numbers = (int.from_bytes(units[n : n + 2], "little") for n in range(0, len(units), 2))
    return "".join(f"\\u{n - 65_536 if n > 32_767 else n}?" for n in numbers)


@given(
    texts=st.lists(
        st.text(st.characters(codec="utf-8", categories=("L", "N", "So")), min_size=1, max_size=9),
        max_size=5,
    )
)
def test_every_character_that_can_be_written_is_read(texts: list[str]) -> None:
    body = "".join(rf"\pard {{\b {escaped(text)}}}\par" + "\n" for text in texts)
    expected = Blocks()
    for text in texts:
        expected.add(text)
    assert parse(rtf(body)).text == expected.finish(None).text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"Gr\'f6\'dfe", "Größe"),
        ("Größe", "Größe"),
        (r"{\f1 \'cc\'e8\'f0}", "Мир"),
        (r"\u8217'x", "’x"),
        (r"\uc2\u8217\'92\'92x", "’x"),
        (r"\u55357?\u56832?", "😀"),
        (r"a\{b\}\\c\~d\_e", "a{b}\\c d\u2011e"),
        (r"a\emdash b\lquote c\rquote", "a—b‘c’"),
        (r"{\*\unknown SECRET}a", "a"),
        (r'{\field{\*\fldinst HYPERLINK "http://x.y"}{\fldrslt a link}}', "a link"),
        (r"a{\header SECRET}b", "ab"),
    ],
)
def test_text_is_read_as_the_page_shows_it(body: str, text: str) -> None:
    assert parse(rtf(body)).text == text


@pytest.mark.parametrize(
    ("head", "data", "text"),
    [
        (r"{\rtf1\ansi\ansicpg1251 ", "Мир".encode("cp1251"), "Мир"),
        (r"{\rtf1\mac ", "Größe".encode("mac_roman"), "Größe"),
        (r"{\rtf1\ansi\ansicpg65001 ", "Größe".encode(), "Größe"),
        (r"{\rtf1\ansi\ansicpg932 ", rb"\'93\'fa\'96\'7b", "日本"),
        (r"{\rtf1\ansi\ansicpg0 ", "Größe".encode("cp1252"), "Größe"),
    ],
)
def test_bytes_are_read_in_the_code_page_that_is_named(head: str, data: bytes, text: str) -> None:
    assert parse(head.encode() + data + b"}").text == text


def test_bytes_in_no_encoding_are_counted() -> None:
    parsed = parse(rb"{\rtf1\ansi a\'81\'81b}")
    assert parsed.text == "a\ufffd\ufffdb"
    assert parsed.warnings == ("2 characters could not be read and stand in the text as \ufffd",)


def test_lines_and_rows_are_blocks() -> None:
    row = r"\trowd\cellx1\cellx2\pard\intbl {}\cell {}\cell\trowd\row "
    body = r"One\par two\line three\page " + row.format("a", r"b\par c") + row.format("", "d")
    assert blocks(parse(rtf(body + r"\pard last"))) == [
        *["One", "two", "three"],
        *["a | b c", "d"],
        "last",
    ]


def test_footnotes_and_text_boxes_follow_the_text() -> None:
    body = (
        r"before{\super 1{\footnote\pard\plain {\super 1} The note.}} after\par "
        r"{\shp{\*\shpinst{\sp{\sn x}{\sv 1}}{\shptxt\pard Boxed.\par}}{\shprslt SECRET}}last"
    )
    parsed = parse(rtf(body))
    assert blocks(parsed)[:2] == ["before1 after", "last"]
    assert sorted(blocks(parsed)[2:]) == ["1 The note.", "Boxed."]
    assert parsed.warnings == ()


@pytest.mark.parametrize(
    "hidden",
    [
        r"{\v SECRET}",
        r"\v SECRET\v0 ",
        r"\v SECRET\plain ",
        r"{\b\v SECRET {\i SECRET}SECRET}",
        r"{\deleted SECRET}",
        r"{\v SECRET{\footnote noted}}",
    ],
)
def test_hidden_text_is_left_out_and_counted(hidden: str) -> None:
    parsed = parse(rtf(r"before " + hidden + r"after"))
    assert blocks(parsed) == ["before after"]
    assert parsed.warnings == ("1 piece of hidden or deleted text left out",)


def test_what_is_not_read_is_counted() -> None:
    body = (
        r"{\pict\pngblip ffd8}{\object{\*\objdata 00}}{\*\annotation SECRET}{\footer SECRET}text"
        r"{\stylesheet{\s1\v Hidden;}}{\info{\title Its \u8217?title}}"
    )
    parsed = parse(rtf(body))
    assert (parsed.text, parsed.title) == ("text", "Its ’title")
    assert parsed.warnings == (
        "1 comment left out",
        "page headers and footers left out",
        "1 picture not read",
        "1 embedded object not read",
    )


def test_binary_data_is_skipped_by_its_length() -> None:
    data = HEAD.encode() + rb"a{\pict\bin5 }}{{\}b\\bin3 cde}"
    assert parse(data).text == r"ab\bin3 cde"


@pytest.mark.parametrize(
    "unit",
    [
        *["{", "}", r"\v ", r"{\v ", r"\trowd ", r"\cell ", r"{\field{\*\fldinst{", r"\f1", "\\"],
        *[r"\'", r"{\fonttbl\f1", r"{\fonttbl\f1\fcharset1", r"\bin1 ", r"{\pict\bin"],
        *[r"{\footnote ", r"\u1 "],
    ],
)
def test_broken_source_takes_linear_time(unit: str) -> None:
    with within(5):
        parse(rtf(unit * (200_000 // len(unit))))


def test_what_is_no_rtf_or_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with refuses(Fault.CORRUPT):
        parse(b"plain text")
    with pytest.raises(DocumentUnreadable, match="limit of 3"):
        parse(rtf("text"), Limits(max_chars=3))
    monkeypatch.setattr(module, "MAX_SOURCE_CHARS", 1_000)
    parse(rtf(r"{\pict " + "ff" * 2_000 + "}text"))
    with refuses(Fault.TOO_LARGE, "without its pictures"):
        parse(rtf("text" * 500))
