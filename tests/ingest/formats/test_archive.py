"""The guard of every format that is a zip archive: what it says of itself is not believed."""

import struct
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.formats.packages import pack

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest import parse as formats
from assistant.ingest import sniff
from assistant.ingest.formats import archive as guard
from assistant.ingest.formats import csv
from assistant.ingest.formats.archive import open_archive
from assistant.ingest.formats.parsed import MAX_DEPTH, MAX_MEMBERS, Limits
from assistant.ingest.pool import Parsers

OFFICE = (sniff.DOCX, sniff.PPTX, sniff.XLSX, sniff.ODT, sniff.EPUB)


def refused(data: bytes) -> DocumentUnreadable:
    with pytest.raises(DocumentUnreadable) as caught:
        open_archive(data)
    return caught.value


def overlapping(n_members: int) -> bytes:
    """Many names for the same compressed bytes."""
    data = pack({"a": b"\0" * 900_000})
    end = data.rindex(b"PK\x05\x06")
    start = struct.unpack_from("<L", data, end + 16)[0]
    entries = data[start:end] * n_members
    tail = bytearray(data[end:])
    struct.pack_into("<HHL", tail, 8, n_members, n_members, len(entries))
    return data[:start] + entries + bytes(tail)


@given(members=st.dictionaries(st.text("abc/.", min_size=1, max_size=8), st.binary(max_size=300)))
def test_an_ordinary_archive_is_read_as_the_library_reads_it(members: dict[str, bytes]) -> None:
    members = {f"{name}.bin": b"\1" + data for name, data in members.items()}
    found = open_archive(pack(members))
    assert {name: found.read(name) for name in found.names} == members


def test_a_member_that_is_not_there_is_named() -> None:
    found = open_archive(pack({"a/b": b"1", "a/c": b"2", "d": b"3"}))
    assert found.count_under("a/") == 2
    with pytest.raises(DocumentUnreadable, match="there is no x in it"):
        found.read("x")


@pytest.mark.parametrize(
    ("write", "fault"),
    [
        (lambda: pack({"a": b"\0" * 2_000_000}), Fault.TOO_LARGE),
        (lambda: pack({f"{n}": b"\0" * 900_000 for n in range(200)}), Fault.TOO_LARGE),
        (lambda: overlapping(2), Fault.TOO_LARGE),
        (lambda: overlapping(5_000), Fault.TOO_LARGE),
        (lambda: pack({f"{n}": b"" for n in range(MAX_MEMBERS + 1)}), Fault.TOO_LARGE),
        (lambda: pack({"a": b"abc"}, zipfile.ZIP_BZIP2), Fault.UNSUPPORTED),
        (lambda: b"PK\x03\x04 nothing of the kind", Fault.CORRUPT),
        (bytes, Fault.CORRUPT),
    ],
    ids=["ratio", "many small", "overlap", "42.zip", "members", "bzip2", "no zip", "empty"],
)
def test_bombs_and_what_is_no_archive_are_refused(write: Callable[[], bytes], fault: Fault) -> None:
    assert refused(write()).fault == fault


def test_the_total_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "MAX_EXPANDED_BYTES", 1_000)
    open_archive(pack({"a": b"x" * 500, "b": b"y" * 500}))
    assert refused(pack({"a": b"x" * 500, "b": b"y" * 501})).fault == Fault.TOO_LARGE


@pytest.mark.parametrize("size", [0, 1, 500, 0xFFFF_FFF0])
def test_headers_that_lie_about_size_deceive_nobody(size: int) -> None:
    data = bytearray(pack({"a": b"\0" * 2_000_000}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<L", data, data.index(signature) + offset, size)
    assert refused(bytes(data)).fault in (Fault.CORRUPT, Fault.TOO_LARGE)


@pytest.mark.parametrize("offset", range(4, 46, 2))
def test_a_directory_with_any_field_broken_is_read_or_refused(offset: int) -> None:
    for value in (0, 1, 0x7FFF, 0xFFFF):
        data = bytearray(pack({"a.xml": b"<a>text</a>"}))
        struct.pack_into("<H", data, data.index(b"PK\x01\x02") + offset, value)
        try:
            open_archive(bytes(data))
        except DocumentUnreadable:
            continue


def test_an_encrypted_member_is_called_encrypted() -> None:
    data = bytearray(pack({"a": b"abc"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    assert refused(bytes(data)).fault == Fault.ENCRYPTED


@pytest.mark.parametrize("share", range(10, 100, 10))
def test_a_truncated_archive_is_damaged(share: int) -> None:
    data = pack({f"{n}.xml": b"<a>text</a>" for n in range(20)})
    assert refused(data[: len(data) * share // 100]).fault == Fault.CORRUPT


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["a.xml", "a.rels", "a.bin", "A.XML"])
@pytest.mark.parametrize(
    "declared",
    ["<!DOCTYPE a>", "<!DOCTYPE a [<!ENTITY b 'c'>]>", "<!DOCTYPE a SYSTEM 'file:///x'>"],
)
def test_xml_that_declares_a_document_type_is_refused(
    declared: str, name: str, encoding: str
) -> None:
    error = refused(pack({name: f"{declared}<a>text</a>".encode(encoding)}))
    assert error.fault == Fault.CORRUPT


@pytest.mark.parametrize("data", [b"<a>", b"text", b"<a></b>", b"<?xml encoding='utf-7'?><a/>"])
def test_xml_that_is_not_well_formed_is_refused(data: bytes) -> None:
    assert refused(pack({"a.xml": data})).fault == Fault.CORRUPT


def test_markup_that_no_library_parses_need_not_be_xml() -> None:
    pages = {f"a.{suffix}": b"<!DOCTYPE a><a><br></a>" for suffix in ("svg", "html", "vml")}
    assert open_archive(pack(pages)).names == pages.keys()


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 300, 1_000, 100_000])
def test_xml_that_is_nested_too_deep_is_refused(depth: int) -> None:
    open_archive(pack({"a.xml": b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH}))
    error = refused(pack({"a.xml": b"<a>" * depth + b"</a>" * depth}))
    assert "nested deeper than 100" in str(error) or "its size" in str(error)


@pytest.mark.slow
def test_bombs_cost_a_parser_neither_its_life_nor_much_time() -> None:
    bombs = [
        pack({"word/document.xml": b" " * 150_000_000}),
        overlapping(9_000),
        pack({f"{n}": b"" for n in range(65_000)}),
        pack({"xl/workbook.xml": b"<a>" * 1_000_000}),
    ]
    limits = Limits(timeout_s=20.0, memory_bytes=512 * 2**20)
    with Parsers(limits) as parsers:
        for kind in OFFICE:
            for bomb in bombs:
                with pytest.raises(DocumentUnreadable) as caught:
                    parsers.parse(bomb, kind)
                assert caught.value.fault in (Fault.TOO_LARGE, Fault.CORRUPT)


def test_files_in_files_may_together_unpack_to_what_one_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guard, "MAX_EXPANDED_BYTES", 60_000)
    inner = {f"{name}.zip": pack({f"{name}.txt": b"Clay. " * 5_000}) for name in "abc"}
    limits = Limits()
    for _ in range(2):  # of the next file nothing was unpacked yet
        parsed = formats.parse(pack(inner), sniff.ZIP, limits)
        assert "a.txt" in parsed.text
        assert "b.txt" not in parsed.text
        (told,) = parsed.warnings
        assert told.startswith("2 files in it not read: b.zip (it, or what it is part of, unpacks")
    alone = formats.parse(inner["c.zip"], sniff.ZIP, limits)
    assert "c.txt" in alone.text


def test_a_file_in_an_archive_that_needs_too_much_memory_costs_only_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def need_too_much(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(csv, "parse", need_too_much)
    parsed = formats.parse(pack({"a.csv": b"a,b", "b.txt": b"Clay."}), sniff.ZIP, Limits())
    assert parsed.text == "b.txt\nClay."
    assert parsed.warnings == (
        "1 file in it not read: a.csv (needs more than 1,536 MiB of memory to be read)",
    )


def test_files_in_files_have_the_time_of_one_and_are_told_of() -> None:
    limits = Limits(timeout_s=1.0)
    slow = pack({f"{n}.rst": (":a:`b " * 8_000).encode() for n in range(20)})
    with Parsers(limits) as parsers, pytest.raises(DocumentUnreadable) as caught:
        parsers.parse(slow, sniff.ZIP)
    assert str(caught.value) == "reading it and the files in it takes longer than 1 s"
    assert caught.value.fault is Fault.TIMEOUT
