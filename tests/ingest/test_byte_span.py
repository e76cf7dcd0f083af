"""From a quote to the bytes of the file: in every encoding and script, through all that is changed.

Two hundred cases: twenty encodings by ten scripts. Where an encoding cannot write a script, the
case is one of UTF-8 with something in it that canonical text has not; `test_how_many` counts them.
"""

import codecs
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.ingest.decode import Decoded, decode, find_origin
from assistant.ingest.formats import text as plain
from assistant.ingest.formats.parsed import DEFAULT_LIMITS
from assistant.ingest.parse import locate, parse
from assistant.ingest.pool import Parsers
from assistant.text.normalize import normalize
from assistant.text.sentences import split_sentences
from assistant.values import Origin

SCRIPTS = {
    "Latin": "Die Größe ändert sich. Él comió piñas en la montaña.\nÇa va bien? Oui, très.",
    "Cyrillic": "Это русский текст. Он написан давно.\nКто его написал? Никто не знает.",
    "Greek": "Αυτό είναι ένα κείμενο. Γράφτηκε πριν από μας.\nΠοιος το έγραψε; Κανείς δεν ξέρει.",
    "Hebrew": "זה טקסט בעברית. הוא נכתב לפני שנים רבות.\nמי כתב אותו? איש אינו יודע.",
    "Arabic": "هذا نص باللغة العربية. كتب قبل سنوات كثيرة.\nمن كتب هذا النص؟ لا أحد يعرف.",
    "Devanagari": "यह हिन्दी का एक पाठ है। इसे बहुत पहले लिखा गया था।\nइसे किसने लिखा? कोई नहीं जानता।",
    "Thai": "นี่คือข้อความภาษาไทย เขียนไว้นานแล้ว\nใครเป็นคนเขียน ไม่มีใครรู้",
    "Chinese": "今天天氣很好，我們去公園散步吧。你想來嗎？\n我明天有時間。他不知道。",
    "Japanese": "これは日本語の文章です。図書館へ行きました。\n誰が書きましたか。誰も知りません。",
    "Korean": "이것은 한국어 문장입니다. 오래 전에 썼습니다.\n누구입니까? 아무도 모릅니다.",
}
MARKS = {
    "utf-8 marked": ("utf-8", codecs.BOM_UTF8),
    "utf-16-le marked": ("utf-16-le", codecs.BOM_UTF16_LE),
    "utf-16-be marked": ("utf-16-be", codecs.BOM_UTF16_BE),
    "utf-32-le marked": ("utf-32-le", codecs.BOM_UTF32_LE),
    "utf-32-be marked": ("utf-32-be", codecs.BOM_UTF32_BE),
}
ENCODINGS = (
    *("utf-8", "utf-8 marked", "utf-16-le", "utf-16-be", *list(MARKS)[1:], "gb18030"),
    *("cp1251", "cp1252", "koi8_r", "cp1253", "cp1255", "cp1256", "tis_620", "cp932"),
    *("iso2022_jp", "big5", "cp949"),
)
UNMARKED_UTF_16 = ("utf-16-le", "utf-16-be")
NOISES = (
    *("crlf", "decomposed", "zero width", "ligatures", "stray bytes", "other newlines"),
    *("soft hyphens", "surrogates", "directions", "marks", "emoji"),
)
CASES = [(encoding, script) for encoding in ENCODINGS for script in SCRIPTS]
REPEATED = 12
"""How often a text is repeated: as long as it takes to be past the first blocks of bytes."""


def write(encoding: str, script: str) -> tuple[bytes, bool]:
    """Return a file, and whether it is in the encoding (or else in a UTF-8 that is odd)."""
    text = "\n\n".join([SCRIPTS[script]] * REPEATED) + "\n"
    if ENCODINGS.index(encoding) % 2:
        text = text.replace("\n", "\r\n")
    name, mark = MARKS.get(encoding, (encoding, b""))
    if encoding in UNMARKED_UTF_16:  # without a mark it is known by the zeros of its ASCII
        text = "A line of plain ASCII for each text is here.\n" * (REPEATED * 3) + text
    try:
        return mark + text.encode(name), True
    except UnicodeEncodeError:
        return disturb(text, NOISES[ENCODINGS.index(encoding) % len(NOISES)]), False


def disturb(text: str, noise: str) -> bytes:
    """Write a text as UTF-8 with what is changed when it is made canonical."""
    if noise == "stray bytes":
        return text.encode().replace(b" ", b" \xff\xe2\x82 ")
    if noise == "surrogates":
        return text.encode().replace(b" ", b" \xed\xa0\x80")
    made = {
        "crlf": lambda: text.replace("\n", "\r\n"),
        "decomposed": lambda: unicodedata.normalize("NFD", text) + "Cafe\u0301 e\u0323\u0302.\n",
        "zero width": lambda: "\ufeff" + text.replace(" ", "\u200b "),
        "ligatures": lambda: text.replace(" ", " oﬃce "),
        "other newlines": lambda: text.replace("\n", "\u2028") + "last\x0bline\x85.\r",
        "soft hyphens": lambda: "".join(f"\u00ad{character}" for character in text),
        "directions": lambda: text.replace(" ", " \u202e") + "\u202c",
        "marks": lambda: text.replace(" ", " x" + "\u0301" * 40 + " "),
        "emoji": lambda: text.replace(" ", " 👨‍👩‍👧❤️ "),
    }
    return made[noise]().encode()


def read_bytes(data: bytes, decoded: Decoded, span: tuple[int, int]) -> str:
    """Return what bytes say in the state that those before them leave."""
    decoder = codecs.getincrementaldecoder(decoded.encoding)("backslashreplace")
    decoder.decode(data[decoded.n_mark_bytes : span[0]])
    return decoder.decode(data[slice(*span)], True)


@pytest.mark.parametrize(("encoding", "script"), CASES)
def test_every_sentence_maps_back_to_the_bytes_that_say_it(encoding: str, script: str) -> None:
    data, is_own = write(encoding, script)
    parsed = parse(data, "text/plain", DEFAULT_LIMITS)
    decoded = decode(data)
    sentences = split_sentences(parsed.text, parsed.blocks)
    assert len(sentences) >= REPEATED
    ends = [0, 0]
    for start, end in sentences:
        origin = plain.locate(data, (start, end))
        assert origin.bytes is not None
        assert ends <= sorted(origin.bytes)
        ends = [origin.bytes[1]] * 2
        said = read_bytes(data, decoded, origin.bytes)
        assert normalize(said)[0] == parsed.text[start:end]
        if encoding != "iso2022_jp":
            whole = data[slice(*origin.bytes)].decode(decoded.encoding, "backslashreplace")
            assert whole == said
    if is_own:
        name, _ = MARKS.get(encoding, (encoding, b""))
        is_right = normalize(data[decoded.n_mark_bytes :].decode(name))[0] == parsed.text
        assert is_right or any("read as" in warning for warning in parsed.warnings)


def test_how_many_cases_are_of_the_encodings_own_script() -> None:
    own = [case for case in CASES if write(*case)[1]]
    assert (len(CASES), len(own)) == (200, 104)


# Not GB 18030 beside them: what is torn in it reads otherwise by itself, so it is no oracle.
READ_IN = ("utf-8", "utf-16-le", "utf-32-be", "cp1252", "cp1256", "euc_jp", "iso2022_jp", "cp932")
PIECES = st.sampled_from(
    [
        *(
            b"a",
            b" ",
            b"\n",
            b"\xc3\xa9",
            b"\xe2\x82",
            b"\xe2\x82\xac",
            b"\xf0\x9f\x98\x80",
            b"\xff",
        ),
        *(
            b"\0",
            b"\xd8",
            b"\xdc",
            b"\x1b$B",
            b"\x1b(B",
            b"\x46\x7c",
            b"\xa4\xa2",
            b"\x81\x30\x89\x37",
        ),
    ]
)


@pytest.mark.parametrize("encoding", READ_IN)
@given(st.lists(PIECES, max_size=40).map(b"".join), st.integers(0, 9), st.data())
def test_any_span_of_any_bytes_is_covered_and_no_character_more(
    encoding: str, data: bytes, n_mark: int, drawn: st.DataObject
) -> None:
    text = data.decode(encoding, "backslashreplace")
    data = b"\xef" * n_mark + data
    decoded = Decoded(text, encoding, n_mark)
    start = drawn.draw(st.integers(0, len(text)))
    end = drawn.draw(st.integers(start, len(text)))
    first, last = find_origin(data, decoded, (start, end)).bytes or (0, 0)
    assert n_mark <= first <= last <= len(data)
    before = read_bytes(data, decoded, (n_mark, first))
    upto = read_bytes(data, decoded, (n_mark, last))
    assert len(before) <= start
    assert end <= len(upto)
    assert text.startswith(before)
    shown = [match.span() for match in re.finditer(r"(?:\\x[0-9a-f]{2})+", text)]
    assert len(before) == start or any(a <= len(before) < start < b for a, b in shown)
    assert len(upto) == end or any(a < end < len(upto) <= b for a, b in shown)


@pytest.mark.parametrize("encoding", READ_IN)
def test_a_span_far_into_a_file_is_found_where_blocks_are_torn(encoding: str) -> None:
    text = "日本 x" * 5_000 if encoding not in ("cp1252", "cp1256") else "abc x" * 5_000
    data = text.encode(encoding)
    for start in range(8_000, 8_060):
        span = find_origin(data, Decoded(text, encoding), (start, start + 7)).bytes or (0, 0)
        assert read_bytes(data, Decoded(text, encoding), span) == text[start : start + 7]


HYPHENATED = """\
The international treaty of that year was signed by every one of the inter-
national guests, and it is a well-
known fact that all of them had come by the railway, which in those days inter\u00ad
connected all of the capitals that had signed the treaty of the year before.
"""


def test_a_word_that_was_hyphenated_is_found_with_its_hyphen() -> None:
    data = HYPHENATED.encode()
    parsed = parse(data, "text/plain", DEFAULT_LIMITS)
    assert "a well-\nknown fact" in parsed.text
    assert "interconnected" in parsed.text
    start = parsed.text.index("one of the international guests")
    origin = plain.locate(data, (start, start + 31))
    assert data[slice(*(origin.bytes or ()))] == b"one of the inter-\nnational guests"


def test_a_child_process_tells_where_a_quote_is_or_that_it_cannot_tell() -> None:
    with Parsers(DEFAULT_LIMITS) as parsers:
        assert parsers.locate("é quote".encode(), "text/plain", (2, 7), ()) == Origin((3, 8))
        assert parsers.locate(b"<p>quote", "text/html", (0, 5), ()) == Origin()


def test_a_child_process_tells_of_several_quotes_of_a_file_that_it_is_handed_once() -> None:
    with Parsers(DEFAULT_LIMITS) as parsers:
        found = parsers.locate_all("é quote".encode(), "text/plain", ((2, 7), (0, 1)), ())
        assert found == (Origin((3, 8)), Origin((0, 2)))


@pytest.mark.parametrize("media_type", ["text/markdown", "text/x-source"])
def test_other_formats_whose_text_is_the_file_find_their_quotes_too(media_type: str) -> None:
    data = "# Über ﬁsh\r\n\r\nA cafe\u0301\u200b is “here”.\r\n".encode("utf-16")
    parsed = parse(data, media_type, DEFAULT_LIMITS)
    start = parsed.text.index("A café")
    origin = locate(data, media_type, (start, start + 6), parsed.pages)
    assert origin.bytes is not None
    assert data[slice(*origin.bytes)].decode("utf-16-le") == "A cafe\u0301"
