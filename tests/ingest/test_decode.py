"""Decoding: the right text, or a warning that counts; never a lost byte."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.errors import DocumentUnreadable
from assistant.ingest.decode import Decoded, decode


def read(data: bytes) -> tuple[str, str | None]:
    decoded = decode(data)
    return decoded.text, decoded.warning


PROSE = "Die Größe des Körpers ändert sich. Él comió piñas. «Ça va?»\n" * 5


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs", "Cc"))))
def test_utf_8_is_read_as_it_is(text: str) -> None:
    if not text.startswith(("\ufeff", "%PDF-", "PK", "GIF8", "BZh", "{\\rtf")):
        assert decode(text.encode()) == Decoded(text, "utf-8")


@given(st.binary(max_size=200))
def test_any_bytes_give_text_or_a_reason(data: bytes) -> None:
    try:
        text = decode(data).text
    except DocumentUnreadable:
        return
    # Whole but for the mark, whatever the encoding: four bytes make one character at most.
    assert len(text) >= (len(data) - 4) / 4


@given(st.lists(st.sampled_from([b"\xff", b"\xc3", b"\xe2\x82", b"\x80"]), min_size=1, max_size=5))
def test_stray_bytes_in_utf_8_stay_visible_and_are_counted(strays: list[bytes]) -> None:
    data = b" x ".join([PROSE.encode(), *strays, b"end"])
    text, warning = read(data)
    n_bytes = sum(map(len, strays))
    assert text.count("\\x") == n_bytes
    assert warning is not None
    assert warning.startswith(f"{n_bytes} byte")


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_decides(mark: bytes, encoding: str) -> None:
    assert decode(mark + PROSE.encode(encoding)) == Decoded(PROSE, encoding, len(mark))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_recognised_and_warned_of(encoding: str) -> None:
    text, warning = read(PROSE.encode(encoding))
    assert text == PROSE
    assert warning is not None
    assert encoding.upper() in warning


def test_a_torn_utf_16_file_keeps_its_last_byte() -> None:
    text, warning = read(codecs.BOM_UTF16_LE + "Ende".encode("utf-16-le") + b"\x41")
    assert text == "Ende\\x41"
    assert warning == "1 byte could not be read as UTF-16-LE and stands in the text as \\xNN"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", PROSE + "“Quoted” text costs 5 € – or more.\n"),
        ("shift_jis", "これは日本語の文章です。図書館へ行きました。\n" * 20),
        ("gb18030", "今天天气很好，我们去公园散步吧。你想一起来吗？\n" * 20),
        ("cp1252", "It’s a “test” of the café’s naïve résumé – it costs 5 €.\n" * 3),
        (
            "cp1250",
            "Všichni lidé jsou svobodní, ale to není vše. Kdo by to byl řekl, že je tu málo?\n" * 5,
        ),
        ("cp1251", "Это русский текст. Он написан давно, и его надо прочитать.\n" * 20),
    ],
)
def test_another_encoding_is_guessed_with_a_warning(encoding: str, text: str) -> None:
    decoded, warning = read(text.encode(encoding))
    assert decoded == text
    assert warning is not None


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF\x02\x01",
        b"\x89PNG\r\n\x1a\n...",
        b"PK\x03\x04...",
        b"a\0b",
        b"\0" * 9,
        bytes(range(1, 32)) * 9,
    ],
)
def test_binary_data_is_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(DocumentUnreadable, match=r"not text"):
        decode(data)


def test_no_bytes_are_no_text() -> None:
    assert read(b"") == ("", None)


def test_a_short_text_is_not_taken_for_an_encoding_that_nobody_uses() -> None:
    text, warning = read(
        "Café Zentral opened in 1932. It was sold for € 2 million.".encode("cp1252")
    )
    assert text == "Café Zentral opened in 1932. It was sold for € 2 million."
    assert warning == "not UTF-8; read as cp1252, by its letters"


LATIN = {
    "pl": "Kosiarz kosił łąkę całą środę, a wieczorem poszedł do sąsiada na śledzia.",
    "cs": "Šťastný švec šije střevíce a tchán žehlí košile, než přijde ďábel.",
    "hu": "A szomszéd őszintén örül, hogy a kőműves végre megjavította a tetőt.",
    "sl": "Šolar je šel čez žitno polje in začudeno gledal črne ptice.",
    "hr": "Čovjek je žurno išao đačkim putem prema kući, noseći ćup meda.",
    "tr": "Değirmen ırmağın kıyısındaydı ve yağız şoför çabucak güvendi.",
    "fr": "Dès Noël, où un zéphyr haï me vêt de glaçons, je dîne « au kir ».",
    "de": "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich.",
    "es": "¿Él comió piñas? ¡Qué vergüenza! La cigüeña está en el tejado.",
    "sv": "Flygande bäckasiner söka hwila på mjuka tuvor och äta ål.",
}


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        *(("pl", e) for e in ("cp1250", "iso8859_2")),
        *(("cs", e) for e in ("cp1250", "iso8859_2")),
        *(("hu", e) for e in ("cp1250", "iso8859_2")),
        *(("sl", e) for e in ("cp1250", "iso8859_2")),
        *(("hr", e) for e in ("cp1250", "iso8859_2")),
        *(("tr", e) for e in ("cp1254", "iso8859_9")),
        *(("fr", e) for e in ("cp1252", "iso8859_1")),
        *((language, "cp1252") for language in ("de", "es", "sv")),
    ],
)
def test_latin_letters_are_those_of_the_language(language: str, encoding: str) -> None:
    text = LATIN[language]
    assert decode(text.encode(encoding)).text == text
    assert decode(f"{text}\n".encode(encoding) * 9).text == f"{text}\n" * 9
