"""Outlook messages, in compound files that are written here as [MS-CFB] and [MS-OXMSG] say."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import blocks_by

from assistant.errors import DocumentUnreadable
from assistant.ingest.formats.outlook import parse

blocks = blocks_by(parse)

SECTOR, MINI = 512, 64
END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
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
Tree = dict[str, "bytes | Tree"]


def compound(tree: Tree) -> bytes:
    """Return a compound file with all of its streams in the mini stream."""
    entries: list[list[Any]] = []
    small, chains = bytearray(), list[int]()

    def lay(name: str, node: "bytes | Tree") -> int:
        number = len(entries)
        entries.append([name, node, FREE, FREE, 0])
        if isinstance(node, dict):
            kids = [lay(inner, node[inner]) for inner in node]
            for kid, following in zip(kids, [*kids[1:], FREE], strict=True):
                entries[kid][2] = following
            entries[number][3] = kids[0] if kids else FREE
        else:
            n_used = -(-len(node) // MINI)
            first = len(chains)
            chains.extend([*range(first + 1, first + n_used), END] if n_used else [])
            small.extend(node.ljust(n_used * MINI, b"\0"))
            entries[number][4] = first if n_used else END
        return number

    lay("Root Entry", tree)
    entries[0][1:2], entries[0][4] = [tree], 0
    directory = b"".join(
        struct.pack(
            "<64sHBBIII36xIQ", name.encode("utf-16-le"), 2 * len(name) + 2,
            5 if not number else 1 if isinstance(node, dict) else 2, 1, FREE, right, child,
            (1 if number == 0 else 0) if isinstance(node, dict) else first,
            len(small) if not number else 0 if isinstance(node, dict) else len(node),
        )
        for number, (name, node, right, child, first) in enumerate(entries)
    )  # fmt: skip
    parts = [bytes(small), directory, struct.pack(f"<{len(chains)}I", *chains)]
    table, sectors, firsts = [FAT], b"", []
    for part, filling in zip(parts, (b"\0", b"\0", b"\xff"), strict=True):
        n_used = -(-len(part) // SECTOR)
        firsts.append(len(table))
        table += [*range(len(table) + 1, len(table) + n_used), END]
        sectors += part.ljust(n_used * SECTOR, filling)
    table += [FREE] * (SECTOR // 4 - len(table))
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6,
        0, 1, firsts[1], 0, 4096, firsts[2], -(-len(parts[2]) // SECTOR), END, 0, 0,
    ).ljust(SECTOR, b"\xff")  # fmt: skip
    return header + struct.pack(f"<{SECTOR // 4}I", *table) + sectors


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
    tree = storage({(FROM, STRING): "Ada", (SUBJECT, STRING): "Der Plän", **properties}, 32)
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


def test_a_page_is_read_where_there_is_no_plain_text() -> None:
    page = "<h1>Größe</h1><p>We meet.".encode("cp1252")
    data = message({(CODEPAGE, INTEGER): 1252, (PAGE, BINARY): page})
    assert blocks(data)[-2:] == ["Größe", "We meet."]


def test_text_that_is_there_as_rtf_alone_is_told_of() -> None:
    assert "RTF alone" in parse(message({(RTF, BINARY): b"x" * 20})).warnings[0]


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
