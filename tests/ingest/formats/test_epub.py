"""EPUB books: the chapters in the order of the spine, each read as a page of HTML is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.formats.packages import pack
from ingest.reading import blocks, refuses

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.epub import parse
from assistant.ingest.formats.html import parse as parse_html
from assistant.ingest.formats.parsed import Limits

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)
PAGE = '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">{}</html>'


def epub(
    *chapters: str | bytes, title: str = "", order: list[int] | None = None, **more: bytes
) -> bytes:
    """Return a book; `order` is that of the spine."""
    numbers = range(len(chapters))
    items = "".join(
        f'<item id="i{n}" href="text/chapter%20{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in numbers
    )
    spine = "".join(f'<itemref idref="i{n}"/>' for n in (order or numbers))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata'
        f' xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></metadata>'
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    return pack(
        {
            "mimetype": b"application/epub+zip",
            "META-INF/container.xml": CONTAINER.encode(),
            "OEBPS/book.opf": package.encode(),
            **{
                f"OEBPS/text/chapter {n}.xhtml": chapter
                if isinstance(chapter, bytes)
                else PAGE.format(chapter).encode()
                for n, chapter in zip(numbers, chapters, strict=True)
            },
            **{f"META-INF/{name}.xml": data for name, data in more.items()},
        }
    )


@given(texts=st.lists(st.text("ab <&é\u200b", max_size=9), min_size=1, max_size=4))
def test_a_book_is_its_chapters_as_pages(texts: list[str]) -> None:
    escaped = [text.replace("&", "&amp;").replace("<", "&lt;") for text in texts]
    chapters = [f"<body><h2>{text}</h2><p>{text} end</p></body>" for text in escaped]
    book = parse(epub(*chapters))
    pages = [parse_html(PAGE.format(chapter).encode()) for chapter in chapters]
    assert book.text == "\n".join(page.text for page in pages if page.text)
    assert [h.level for h in book.headings] == [h.level for page in pages for h in page.headings]


def test_chapters_stand_in_the_order_of_the_spine_and_each_once() -> None:
    parsed = parse(epub("<p>0</p>", "<p>1</p>", "<p>2</p>", order=[2, 0, 1, 0], title="A book"))
    assert (blocks(parsed), parsed.title, parsed.pages) == (["2", "0", "1"], "A book", ())


def test_without_a_title_the_first_heading_is_it() -> None:
    assert parse(epub("<h1>Top</h1>")).title == "Top"


@pytest.mark.parametrize(
    "chapter",
    [
        "<head><title/></head><body><p>before</p><p>after</p></body>",
        "<head><script src='x'/></head><body><p>before</p><p>after</p></body>",
        "<body><p>before<br/></p><style/><iframe src='x' /><p>after</p></body>",
        "<body><p>before</p><![CDATA[after]]></body>",
    ],
)
def test_what_xhtml_writes_otherwise_than_html_swallows_nothing(chapter: str) -> None:
    assert blocks(parse(epub(chapter))) == ["before", "after"]


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        *[("utf-8", ""), ("utf-8", "utf-8"), ("utf-8", "rot13"), ("utf-16", "")],
        *[("iso-8859-1", "iso-8859-1"), ("shift_jis", "Shift_JIS")],
    ],
)
def test_the_encoding_is_the_one_that_is_declared(encoding: str, declared: str) -> None:
    text = "日本語" if encoding == "shift_jis" else "Größe"
    head = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    chapter = f"{head}<html><head><title/></head><p>{text}</p></html>".encode(encoding)
    assert (parsed := parse(epub(chapter))).text == text
    assert parsed.warnings == ()


def test_chapters_that_are_missing_are_counted() -> None:
    data = epub("<p>0</p>", order=[0, 5])
    assert parse(data).warnings == ("1 chapter missing, or not a page of text",)
    with refuses(Fault.CORRUPT, "no chapters"):
        parse(epub("<p>0</p>", order=[5]))


def test_a_protected_book_is_refused_and_one_with_protected_fonts_is_read() -> None:
    lock = "<encryption><EncryptedData><CipherReference URI='{}'/></EncryptedData></encryption>"
    font = lock.format("OEBPS/font.ttf").encode()
    assert parse(epub("<p>text</p>", encryption=font)).text == "text"
    chapter = lock.format("OEBPS/text/chapter%200.xhtml").encode()
    with refuses(Fault.ENCRYPTED, "1 of its chapters"):
        parse(epub("<p>text</p>", encryption=chapter))


def test_no_entity_is_expanded_and_deep_nesting_keeps_the_tail() -> None:
    evil = b"<!DOCTYPE html [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><html><p>&x;</p></html>"
    assert parse(epub(evil)).text.endswith("&x;")
    deep = f"<body>{'<div>' * 5_000}text{'</div>' * 5_000}tail</body>"
    assert blocks(parse(epub(deep))) == ["text", "tail"]
    with pytest.raises(DocumentUnreadable, match="declares a document type"):
        parse(epub("<p>x</p>", container=b"<!DOCTYPE a>" + CONTAINER.encode()))


def test_a_book_that_is_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(DocumentUnreadable, match="limit of 100"):
        parse(epub(*["<p>word word</p>"] * 200), Limits(max_chars=100))
