"""Outlook messages, in compound files that are written here as [MS-CFB] and [MS-OXMSG] say."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.formats.compound_made import Tree, compound
from ingest.reading import blocks_by, refuses, within

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats import outlook
from assistant.ingest.formats.outlook import _FIRST_WORDS, parse, unpack_rtf

blocks = blocks_by(parse)

STRING, BINARY, INTEGER = 0x1F, 0x102, 0x03
FROM, TO_NAME, ADDRESS, SUBJECT, BODY, PAGE, RTF = (
    0x0C1A,
    0x3001,
    0x39FE,
    0x37,
    0x1000,
    0x1013,
    0x1009,
)
CODEPAGE, FILE_NAME, SENDER_ADDRESS = 0x3FDE, 0x3707, 0x0C1F
FILE_DATA, STRING_8 = 0x3701, 0x1E


def storage(properties: dict[tuple[int, int], bytes | str | int], n_head: int) -> Tree:
    tree: Tree = {}
    rows = b""
    for (pid, kind), value in properties.items():
        data = value.encode("utf-16-le") if isinstance(value, str) else value
        if isinstance(data, bytes):
            tree[f"__substg1.0_{pid:04X}{kind:04X}"] = data
        fixed = data if isinstance(data, int) else len(data) + 2 * (kind == STRING)
        rows += struct.pack("<HHIII", kind, pid, 6, fixed, 0)
    return {"__properties_version1.0": b"\0" * n_head + rows, **tree}


def message(properties: dict[tuple[int, int], bytes | str | int], **inner: Tree) -> bytes:
    names = {"to": "__recip_version1.0_#00000000", "file": "__attach_version1.0_#00000000"}
    names["second"] = "__attach_version1.0_#00000001"
    subject = {} if (SUBJECT, STRING_8) in properties else {(SUBJECT, STRING): "Der Plän"}
    tree = storage({(FROM, STRING): "Ada", **subject, **properties}, 32)
    return compound({**tree, **{names[name]: kept for name, kept in inner.items()}})


def test_a_message_reads_like_any_mail() -> None:
    data = message(
        {(SENDER_ADDRESS, STRING): "ada@mail.example", (BODY, STRING): "We meet.\r\n\r\nAt ten."},
        to=storage({(TO_NAME, STRING): "Bob", (ADDRESS, STRING): "bob@mail.example"}, 8),
        file=storage({(FILE_NAME, STRING): "a.pdf"}, 8),
    )
    assert blocks(data) == [
        'From: "Ada" <ada@mail.example>',
        "To: Bob <bob@mail.example>",
        "Subject: Der Plän",
        "We meet.",
        "At ten.",
    ]
    assert parse(data).title == "Der Plän"
    assert parse(data).warnings == ("1 attachment not read: a.pdf",)


@pytest.mark.parametrize(
    ("page", "encoding", "subject"),
    [
        (950, "cp950", "會議記錄"),
        (1251, "cp1251", "Протокол"),
        (932, "cp932", "議事録"),
        (20866, "koi8_r", "Протокол"),
        (65001, "cp1252", "Übergröße für Müller"),  # which is not what it is in
        (None, "cp1252", "Übergröße für Müller"),
    ],
)
def test_text_of_eight_bits_is_read_in_the_code_page_that_fits(
    page: int | None, encoding: str, subject: str
) -> None:
    properties: dict[tuple[int, int], bytes | str | int] = {
        (SUBJECT, STRING_8): subject.encode(encoding),
        (BODY, STRING_8): f"{subject}: {subject}.".encode(encoding),
    }
    if page is not None:
        properties[CODEPAGE, INTEGER] = page
    parsed = parse(message(properties))
    assert parsed.title == subject
    assert parsed.text.endswith(f"{subject}: {subject}.")


def test_an_attached_file_and_an_attached_message_are_read() -> None:
    inner = storage({(SUBJECT, STRING): "Old plan", (BODY, STRING): "We meet at nine."}, 24)
    file = storage({(FILE_NAME, STRING): "tea.txt", (FILE_DATA, BINARY): b"Tea is green."}, 8)
    attached = {**storage({}, 8), "__substg1.0_3701000D": inner}
    data = message({(BODY, STRING): "We meet."}, file=file, second=attached)
    assert blocks(data)[2:] == [
        *("We meet.", "tea.txt", "Tea is green."),
        *("Attached message", "Subject: Old plan", "We meet at nine."),
    ]
    assert parse(data).warnings == ()


def test_a_page_is_read_where_there_is_no_plain_text() -> None:
    page = "<h1>Größe</h1><p>We meet.".encode("cp1252")
    data = message({(CODEPAGE, INTEGER): 1252, (PAGE, BINARY): page})
    assert blocks(data)[-2:] == ["Größe", "We meet."]


def test_a_page_is_read_where_the_plain_text_only_points_to_it() -> None:
    page = "<p>The slipway is shut from 4 to 9 May.</p><p>Ansel has the key to the shed.</p>"
    own = {(SUBJECT, STRING): "Slipway", (BODY, STRING): "See the HTML version."}
    told = ["The slipway is shut from 4 to 9 May.", "Ansel has the key to the shed."]
    assert blocks(message({**own, (PAGE, BINARY): page.encode()}))[-2:] == told
    assert blocks(message({**own, (PAGE, STRING): page}))[-2:] == told
    parsed = parse(message({**own, (PAGE, BINARY): b"\x89PNG\0\1\2\3" * 40}))
    assert (parsed.text.split("\n")[-1], parsed.warnings) == ("See the HTML version.", ())
    own[BODY, STRING] = "Slipway shut 4 to 9 May. Ansel has the shed's key."
    assert blocks(message({**own, (PAGE, BINARY): page.encode()}))[-1] == own[BODY, STRING]


EXAMPLES = {
    "2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232 0af32068656c090020627705b06c647d"
    "0a800fa0": b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n",
    "1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0": b"{\\rtf1 "
    + b"WXYZ" * 5
    + b"}",
}
"""Those of [MS-OXRTFCP] 4."""


def packed(text: bytes) -> bytes:
    """Return RTF packed with a reference back wherever the bytes stood before."""
    tokens: list[bytes] = []
    held, at = _FIRST_WORDS, 0
    while at < len(text):
        for length in range(min(17, len(text) - at), 1, -1):
            found = held[-4_000:].rfind(text[at : at + length])
            if found >= 0:
                place = (max(len(held) - 4_000, 0) + found) % 4_096
                tokens.append((place << 4 | (length - 2)).to_bytes(2, "big"))
                break
        else:
            length = 1
            tokens.append(text[at : at + 1])
        held += text[at : at + length]
        at += length
    tokens.append((len(held) % 4_096 << 4).to_bytes(2, "big"))
    runs = [tokens[first : first + 8] for first in range(0, len(tokens), 8)]
    data = b"".join(
        bytes([sum((len(token) == 2) << bit for bit, token in enumerate(run))]) + b"".join(run)
        for run in runs
    )
    return struct.pack("<II4sI", len(data) + 12, len(text), b"LZFu", 0) + data


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_specification_are_unpacked(example: str) -> None:
    assert unpack_rtf(bytes.fromhex(example)) == EXAMPLES[example]


@given(st.lists(st.sampled_from([b"ab", b"\\par ", b"{", b"}", b"x" * 20, bytes(3)])))
def test_what_was_packed_is_unpacked(pieces: list[bytes]) -> None:
    text = b"".join(pieces) * 3
    assert unpack_rtf(packed(text)) == text


def test_a_body_that_is_there_as_rtf_alone_is_read() -> None:
    body = (
        rb"{\rtf1\ansi\ansicpg1252\fromhtml1 {\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 "
        rb"We meet at ten.\par "
        rb"{\*\htmltag72 </p>}\htmlrtf\par}\htmlrtf0 In the caf\'e9.\par}"
    )
    for data in (packed(body), struct.pack("<II4sI", 0, 0, b"MELA", 0) + body):
        assert blocks(message({(RTF, BINARY): data}))[-2:] == ["We meet at ten.", "In the café."]
        assert parse(message({(RTF, BINARY): data})).warnings == ()


@pytest.mark.parametrize("data", [b"x" * 20, b"short", packed(b"no RTF"), packed(b"")])
def test_a_body_of_rtf_that_cannot_be_read_is_told_of(data: bytes) -> None:
    assert "RTF alone" in parse(message({(RTF, BINARY): data})).warnings[0]


@given(st.binary(max_size=200))
def test_any_bytes_are_unpacked_or_refused(data: bytes) -> None:
    unpack_rtf(struct.pack("<II4sI", 0, 0, b"LZFu", 0) + data)


def test_a_body_of_rtf_that_is_long_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlook, "MAX_RTF_BYTES", 100_000)
    endless = b"\0" + b"x" * 8
    with within(5), refuses(Fault.TOO_LARGE, "its text takes more"):
        data = struct.pack("<II4sI", 0, 0, b"LZFu", 0) + endless * 20_000
        parse(message({(RTF, BINARY): data}))


@given(st.integers(0, 4_000), st.integers(0, 255))
def test_a_damaged_message_is_read_or_refused(place: int, value: int) -> None:
    data = bytearray(message({(BODY, STRING): "We meet. " * 20}))
    data[place % len(data)] = value
    try:
        parse(bytes(data))
    except DocumentUnreadable:
        return


@pytest.mark.parametrize("tenth", range(10))
def test_a_torn_message_is_refused_or_warned_of(tenth: int) -> None:
    data = message({(BODY, STRING): "We meet. " * 20})
    try:
        parsed = parse(data[: len(data) * tenth // 10])
    except DocumentUnreadable:
        return
    assert parsed.warnings[0].startswith("the end of the file is missing")
