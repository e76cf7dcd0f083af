"""Files that do harm, by class: what people's folders hold and what attackers put there.

Every case is made in memory by hand, small enough to hold; `allowed` is how it may end. The same
files, mutated, are the seeds of the fuzzing test.
"""

import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from ingest.formats.pdf_made import of_objects

from assistant.errors import Fault

INDEXED, WARNED = "indexed", "indexed with warning"
ENDS = (INDEXED, WARNED)
GOOD = (INDEXED,)
MARK = "The harbour master keeps the seventh key."
"""A sentence that a file which is read must lead to."""
CANARY = "canary-4f1d"


@dataclass(frozen=True, slots=True)
class Case:
    """A file: its class, name and bytes, how it may end, and a text that its document must hold."""

    hazard: str
    name: str
    data: bytes
    allowed: tuple[str | Fault, ...]
    holds: str = ""


@cache
def all_cases() -> list[Case]:
    """Return every case; those of the file system (names, links, races) are in the test."""
    return [case for make in _MAKERS for case in make()]


def pdf(objects: dict[int, bytes], extra: bytes = b"") -> bytes:
    """Write a PDF file of objects that are numbered from 1, in their order."""
    assert list(objects) == list(range(1, len(objects) + 1))
    return of_objects(*objects.values(), extra=extra)


def stream(data: bytes, head: bytes = b"") -> bytes:
    """Write a stream object's body."""
    return b"<< /Length %d %b >>\nstream\n%b\nendstream" % (len(data), head, data)


def page_of(content: bytes, **others: bytes) -> dict[int, bytes]:
    """Return the objects of a PDF file of one page; `content` is the body of object 4."""
    return {
        1: b"<< /Type /Catalog /Pages 2 0 R %b >>" % others.get("catalog", b""),
        2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> %b >> >>" % others.get("resources", b""),
        4: content,
        5: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    }


def text_pdf(text: str = MARK) -> bytes:
    """Return a PDF file of one page with one line."""
    drawn = b"BT /F1 12 Tf 72 700 Td (%b) Tj ET" % text.encode("latin-1")
    return pdf(page_of(stream(drawn)))


def zipped(members: dict[str, bytes], mimetype: str = "") -> bytes:
    """Return a zip archive; a `mimetype` comes first and uncompressed."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype, zipfile.ZIP_STORED)
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_PACKAGE = "application/vnd.openxmlformats-package.relationships+xml"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def docx(body: str = f"<w:p><w:r><w:t>{MARK}</w:t></w:r></w:p>", head: str = "") -> bytes:
    """Return a Word document of the least parts that one has."""
    return zipped(docx_members(body, head))


def docx_members(body: str, head: str = "") -> dict[str, bytes]:
    """Return the parts of a Word document by name."""
    document = f'<?xml version="1.0"?>{head}<w:document {_W}><w:body>{body}</w:body></w:document>'
    return {
        "[Content_Types].xml": (
            '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
            f'content-types"><Default Extension="rels" ContentType="{_PACKAGE}"/><Override '
            f'PartName="/word/document.xml" ContentType="{_WORD}"/></Types>'
        ).encode(),
        "_rels/.rels": (
            b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/'
            b'2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/'
            b'officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>'
            b"</Relationships>"
        ),
        "word/document.xml": document.encode(),
    }


def odt(content: str = f"<text:p>{MARK}</text:p>", head: str = "") -> bytes:
    """Return an OpenDocument text."""
    whole = (
        f'<?xml version="1.0"?>{head}<office:document-content '
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:text>'
        f"{content}</office:text></office:body></office:document-content>"
    )
    return zipped({"content.xml": whole.encode()}, "application/vnd.oasis.opendocument.text")


def epub(chapter: str = f"<p>{MARK}</p>") -> bytes:
    """Return an EPUB book of one chapter."""
    container = (
        '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
        'version="1.0"><rootfiles><rootfile full-path="o.opf" '
        'media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>A book</dc:title>'
        '</metadata><manifest><item id="c" href="c.xhtml" media-type="application/xhtml+xml"/>'
        '</manifest><spine><itemref idref="c"/></spine></package>'
    )
    page = f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{chapter}</body></html>'
    return zipped(
        {
            "META-INF/container.xml": container.encode(),
            "o.opf": package.encode(),
            "c.xhtml": page.encode(),
        },
        "application/epub+zip",
    )


def _pdf_bombs() -> Iterator[Case]:
    zeros = zlib.compress(b" " * 300_000_000, 9)
    head = b"/Filter /FlateDecode"
    large = (
        Fault.NO_TEXT,
        Fault.TOO_LARGE,
        Fault.TIMEOUT,
        Fault.MEMORY,
        Fault.CORRUPT,
        Fault.CRASH,
    )
    yield Case("pdf flate bomb", "bomb.pdf", pdf(page_of(stream(zeros, head))), large)
    twice = zlib.compress(zeros, 9)
    chained = b"/Filter [/FlateDecode /FlateDecode]"
    yield Case("pdf chained filters", "chain.pdf", pdf(page_of(stream(twice, chained))), large)
    many = b"/Filter [" + b"/FlateDecode " * 500 + b"]"
    yield Case("pdf chained filters", "many.pdf", pdf(page_of(stream(zeros[:999], many))), large)
    runs = stream(b"\x81 " * 200_000 + b"\x80", b"/Filter /RunLengthDecode")
    yield Case("pdf run lengths", "runs.pdf", pdf(page_of(runs)), large)
    shown = b"BT /F1 12 Tf 72 700 Td " + b"(aaaa bbbb cccc) Tj " * 400_000 + b"ET"
    packed = stream(zlib.compress(shown, 9), head)
    yield Case("pdf text bomb", "text.pdf", pdf(page_of(packed)), (*large, *ENDS))


def _pdf_loops() -> Iterator[Case]:
    objects = page_of(stream(b"BT /F1 12 Tf (x) Tj ET"))
    looped = pdf(objects, extra=b"/Prev 9")
    place = looped.rindex(b"xref\n0")
    looped = looped.replace(b"/Prev 9", b"/Prev %d" % place)
    ends = (*ENDS, Fault.CORRUPT, Fault.TIMEOUT, Fault.CRASH, Fault.NO_TEXT)
    yield Case("pdf circular xref", "prev.pdf", looped, ends)
    own = objects | {2: b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"}
    yield Case("pdf cyclic pages", "pages.pdf", pdf(own), ends)
    both = objects | {2: b"<< /Type /Pages /Kids [6 0 R] /Count 1 >>"}
    both |= {6: b"<< /Type /Pages /Parent 2 0 R /Kids [2 0 R] /Count 1 >>"}
    yield Case("pdf cyclic pages", "pages2.pdf", pdf(both), ends)
    form = b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 6 0 R >> >>"
    drawn = page_of(stream(b"/X Do"), resources=b"/XObject << /X 6 0 R >>")
    yield Case(
        "pdf form in itself", "form.pdf", pdf(drawn | {6: stream(b"/X Do /X Do", form)}), ends
    )
    outline = page_of(stream(b"BT /F1 12 Tf (x) Tj ET"), catalog=b"/Outlines 6 0 R")
    outline |= {
        6: b"<< /First 7 0 R /Last 7 0 R >>",
        7: b"<< /Title (t) /Parent 6 0 R /Next 7 0 R >>",
    }
    yield Case("pdf outline loop", "outline.pdf", pdf(outline), ends)
    huge = objects | {2: b"<< /Type /Pages /Kids [3 0 R] /Count 2000000000 >>"}
    yield Case("pdf page count", "count.pdf", pdf(huge), (*ends, Fault.TOO_LARGE))


def _pdf_others() -> Iterator[Case]:
    whole = text_pdf()
    yield Case("pdf", "good.pdf", whole, GOOD, MARK)
    for tenth in range(10):
        data = whole[: len(whole) * tenth // 10]
        ends = (*ENDS, Fault.CORRUPT, Fault.NO_TEXT)
        yield Case("pdf truncated", f"cut{tenth}.pdf", data, ends)
    none = page_of(stream(b"")) | {2: b"<< /Type /Pages /Kids [] /Count 0 >>"}
    yield Case("pdf without pages", "none.pdf", pdf(none), (Fault.NO_TEXT, Fault.CORRUPT))
    scan = b"/Type /XObject /Subtype /Image /Width 2 /Height 2 /BitsPerComponent 8 "
    scan += b"/ColorSpace /DeviceGray"
    drawn = page_of(stream(b"q 600 0 0 700 0 0 cm /I Do Q"), resources=b"/XObject << /I 6 0 R >>")
    image = {6: stream(b"\x00\xff\xff\x00", scan)}
    yield Case("pdf scanned", "scan.pdf", pdf(drawn | image), (Fault.NO_TEXT,))
    locked = (
        b"/Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O (%b) /U (%b) >> "
        % (b"o" * 32, b"u" * 32)
        + b"/ID [<00> <00>]"
    )
    locked_pdf = pdf(page_of(stream(b"BT (x) Tj ET")), extra=locked)
    yield Case("pdf encrypted", "locked.pdf", locked_pdf, (Fault.ENCRYPTED,))
    junk = b"junk before\n" * 20 + whole
    yield Case("pdf with junk before it", "junk.pdf", junk, (*ENDS, Fault.CORRUPT))


def _zip_bombs() -> Iterator[Case]:
    large = (Fault.TOO_LARGE, Fault.CORRUPT, Fault.MEMORY)
    big = "<w:p><w:r><w:t>" + " " * 50_000_000 + "</w:t></w:r></w:p>"
    yield Case("zip ratio bomb", "bomb.docx", docx(big), large)
    padded = docx_members("<w:p/>") | {"word/media/pad.bin": bytes(250_000_000)}
    yield Case("zip ratio bomb", "pad.docx", zipped(padded), large)
    many = docx_members("<w:p/>") | {f"word/m{n}.xml": b"" for n in range(12_000)}
    yield Case("zip of many members", "many.docx", zipped(many), large)
    yield Case("zip with overlapping members", "overlap.docx", _overlapping(docx()), large)
    lying = bytearray(docx("<w:p><w:r><w:t>" + "a" * 5_000_000 + "</w:t></w:r></w:p>"))
    place = lying.rindex(b"PK\x01\x02")
    lying[place + 24 : place + 28] = struct.pack("<I", 10)
    yield Case("zip with lying headers", "lying.docx", bytes(lying), (*large, *ENDS))
    nested = zipped({"a.zip": zipped({"b.zip": zipped({"c.txt": MARK.encode()})})})
    yield Case("zip in a zip", "nested.zip", nested, (INDEXED,), MARK)
    yield Case("too many zips in a zip", "deep.zip", zipped({"n.zip": nested}), (Fault.NO_TEXT,))
    whole = docx()
    for tenth in (1, 5, 9):
        data = whole[: len(whole) * tenth // 10]
        ends = (Fault.CORRUPT, Fault.UNSUPPORTED)
        yield Case("zip truncated", f"cut{tenth}.docx", data, ends)
    climbing = docx_members(f"<w:p><w:r><w:t>{MARK}</w:t></w:r></w:p>")
    climbing |= {"../../../escape.txt": b"x"}
    yield Case("zip that climbs out", "slip.docx", zipped(climbing), (*ENDS, Fault.CORRUPT))
    yield Case("docx", "good.docx", docx(), GOOD, MARK)
    yield Case("odt", "good.odt", odt(), GOOD, MARK)
    yield Case("epub", "good.epub", epub(), GOOD, MARK)


def _overlapping(data: bytes) -> bytes:
    """Let every entry of the central directory point at the first member's bytes."""
    made = bytearray(data)
    place = made.find(b"PK\x01\x02")
    while place >= 0:
        made[place + 42 : place + 46] = struct.pack("<I", 0)
        place = made.find(b"PK\x01\x02", place + 4)
    return bytes(made)


def _xml_entities() -> Iterator[Case]:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE x [<!ENTITY l0 "lol">{laughs}]>'
    outside = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///tmp/{CANARY}">]>'
    remote = f'<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1:9/{CANARY}"> %e;]>'
    for name, head, used in (
        ("laughs", bomb, "&l9;"),
        ("file", outside, "&e;"),
        ("url", remote, ""),
    ):
        body = f"<w:p><w:r><w:t>{used}</w:t></w:r></w:p>"
        yield Case(f"xml entities: {name}", f"{name}.docx", docx(body, head), (Fault.CORRUPT,))
        yield Case(
            f"xml entities: {name}",
            f"{name}.odt",
            odt(f"<text:p>{used}</text:p>", head),
            (Fault.CORRUPT,),
        )
    yield Case("xml entities: file", "page.html", f"{outside}<p>&e; {MARK}".encode(), ENDS, MARK)


def _nesting() -> Iterator[Case]:
    for depth in (300, 1_000, 100_000):
        html = "<div>" * depth + MARK + "</div>" * depth
        yield Case("html nesting", f"deep{depth}.html", html.encode(), ENDS, MARK)
        spans = "<b>" * depth + MARK + "</b>" * depth
        yield Case("html nesting", f"bold{depth}.html", spans.encode(), ENDS, MARK)
        brackets = "[" * depth + json.dumps(MARK) + "]" * depth
        ends: tuple[str | Fault, ...] = (*ENDS, Fault.CORRUPT, Fault.TOO_LARGE)
        yield Case("json nesting", f"deep{depth}.json", brackets.encode(), ends)
        body = "<w:sdt><w:sdtContent>" * depth + "<w:p/>" + "</w:sdtContent></w:sdt>" * depth
        ends = (Fault.CORRUPT, Fault.TOO_LARGE, Fault.NO_TEXT)
        yield Case("xml nesting", f"deep{depth}.docx", docx(body), ends)
        quoted = "> " * depth + MARK
        yield Case("markdown nesting", f"deep{depth}.md", quoted.encode(), ENDS)
    parts = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" * 1_000
    ends = (*ENDS, Fault.CORRUPT, Fault.NO_TEXT)
    yield Case("mail nesting", "deep.eml", b"From: a@b\nSubject: s\n" + parts + b"\nx", ends)
    rtf = b"{\\rtf1 " + b"{" * 50_000 + MARK.encode() + b"}" * 50_000 + b"}"
    yield Case("rtf nesting", "deep.rtf", rtf, (*ENDS, Fault.CORRUPT, Fault.TOO_LARGE))


def _html() -> Iterator[Case]:
    hidden = (
        f"<script>{CANARY}</script><style>{CANARY}</style><!--{CANARY}-->"
        f"<template>{CANARY}</template>"
        f"<p hidden>{CANARY}</p><p style='display:none'>{CANARY}</p><noscript>{CANARY}</noscript>"
        f"<meta http-equiv=refresh content='0;url=http://{CANARY}'>"
        f"<iframe srcdoc='{CANARY}'></iframe>"
        f"<p>{MARK}</p>"
    )
    yield Case("html hidden text", "hidden.html", hidden.encode(), ENDS, MARK)
    broken = f"<p><table><tr><td>{MARK}</p></b></table><div><p>a<<b <c"
    yield Case("html broken", "broken.html", broken.encode(), ENDS, MARK)
    yield Case("html broken", "open.html", f'<p>{MARK}<p title="'.encode(), ENDS, MARK)
    yield Case("html broken", "null.html", f"<p>{MARK}\0</p>".encode(), (*ENDS, Fault.UNSUPPORTED))
    attributes = "<p " + " ".join(f"a{n}=1" for n in range(20_000)) + f">{MARK}"
    yield Case("html attributes", "attributes.html", attributes.encode(), ENDS, MARK)


def _encodings() -> Iterator[Case]:
    text = f"{MARK} Größe, naïveté: ça va où? "
    for encoding in ("utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"):
        yield Case(
            "encoding with marks", f"{encoding}.txt", (text * 9).encode(encoding), ENDS, MARK
        )
    for encoding in ("cp1252", "latin-1", "iso8859_15", "mac_roman"):
        yield Case(
            "encoding without marks", f"{encoding}.txt", (text * 9).encode(encoding), ENDS, MARK
        )
    japanese = "これは文書です。港の管理者は七番目の鍵を持っています。" * 9
    for encoding in ("shift_jis", "euc_jp", "iso2022_jp", "gb18030"):
        yield Case("encoding without marks", f"ja-{encoding}.txt", japanese.encode(encoding), ENDS)
    yield Case("invalid utf-8", "stray.txt", b"\xff\xc3 \x80 " + text.encode(), ENDS, MARK)
    yield Case("invalid utf-8", "cut.txt", (text + "é").encode()[:-1], ENDS, MARK)
    mixed = text.encode() + text.encode("cp1252")
    yield Case("mixed encodings", "mixed.txt", mixed, ENDS, MARK)
    surrogate = MARK.encode() + "\ud800".encode("utf-8", "surrogatepass")
    yield Case("lone surrogates", "lone.txt", surrogate, ENDS, MARK)
    escaped = '{"a": "\\ud800 ' + MARK + '"}'
    yield Case("lone surrogates", "lone.json", escaped.encode(), ENDS, MARK)


def _odd_text() -> Iterator[Case]:
    for suffix in ("txt", "md", "html", "csv", "json", "jsonl", "py", "eml", "rtf", "pdf", "docx"):
        yield Case("no bytes", f"empty.{suffix}", b"", (Fault.NO_TEXT, Fault.CORRUPT))
    yield Case("only space", "space.txt", b"\xef\xbb\xbf \n\t\r\n\xc2\xa0", (Fault.NO_TEXT,))
    yield Case("only space", "bom.md", b"\xef\xbb\xbf", (Fault.NO_TEXT,))
    yield Case("nul bytes", "nul.txt", MARK.encode() + b"\0" * 9, (*ENDS, Fault.UNSUPPORTED))
    for n, end in enumerate(("\r", "\r\n", "\x0b", "\x0c", "\u2028", "\x85")):
        lines = end.join(["First line.", MARK, "Last line."])
        yield Case("newlines", f"lines{n}.txt", lines.encode(), ENDS, MARK)
    long = "a" * 600_000
    yield Case("one long line", "long.txt", f"{MARK} {long}".encode(), ENDS, MARK)
    yield Case("one long line", "long.json", json.dumps({"k": long}).encode(), ENDS)
    yield Case("one long line", "long.csv", f"a,b\n{long},1\n".encode(), ENDS)
    yield Case("one long line", "long.md", f"# {long}".encode(), ENDS)
    yield Case("a text too long", "huge.txt", b"word " * 1_100_000, (Fault.TOO_LARGE,))
    yield Case("countless sentences", "short.txt", b"Go up. " * 700_000, (Fault.TOO_LARGE,))
    yield Case("blank lines", "blank.txt", (MARK + "\n" * 300_000 + "End.").encode(), ENDS, MARK)
    yield Case("blank lines", "blank.md", (MARK + "\n" * 300_000 + "End.").encode(), ENDS, MARK)


def _scripts() -> Iterator[Case]:
    texts = {
        "right to left": "מנהל הנמל מחזיק במפתח השביעי. المفتاح السابع عند مدير الميناء.",
        "no spaces": "港务长保管着第七把钥匙。นายท่าเรือเก็บกุญแจดอกที่เจ็ด",
        "joined emoji": "The family 👨‍👩‍👧‍👦 and the flag 🏳️‍🌈 stay whole.",
        "decomposed": "Cafe\u0301 au lait, o\u0308sterreichisch.",
        "piled marks": "Z" + "\u0301" * 400 + " algo here.",
        "ligatures and hyphens": "The of\ufb01ce is e\ufb03cient. A rein-\nforcement.",
        "direction overrides": f"\u202e{MARK}\u202c And \u2066more\u2069.",
        "tags": "\U000e0041\U000e0042" + MARK + "\u200b\u00ad",
    }
    for hazard, text in texts.items():
        yield Case(hazard, f"{hazard.replace(' ', '-')}.txt", text.encode(), ENDS)
        yield Case(hazard, f"{hazard.replace(' ', '-')}.html", f"<p>{text}".encode(), ENDS)


def _disguises() -> Iterator[Case]:
    refused = (Fault.UNSUPPORTED,)
    for name, data in {
        "program.txt": b"\x7fELF\x02\x01\x01" + bytes(100),
        "noise.txt": random.Random(1).randbytes(5_000),
        "data.csv": b"SQLite format 3\x00" + bytes(100),
        "song.eml": b"ID3\x03\x00\x00\x00" + bytes(100),
        "old.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    }.items():
        yield Case("binary under a text's name", name, data, refused)
    picture = b"\x89PNG\r\n\x1a\n" + bytes(100)  # one that cannot be opened
    yield Case("binary under a text's name", "picture.md", picture, (Fault.CORRUPT,))
    yield Case("wrong suffix", "text.pdf", MARK.encode(), (WARNED,), MARK)
    yield Case("wrong suffix", "text.docx", MARK.encode(), (WARNED,), MARK)
    yield Case("wrong suffix", "page.xlsx", f"<html><p>{MARK}".encode(), (WARNED,), MARK)
    yield Case("wrong suffix", "pdf.txt", text_pdf(), (WARNED,), MARK)
    yield Case("wrong suffix", "docx.pdf", docx(), (WARNED,), MARK)
    both = f"<html><p>{MARK}<!--".encode() + text_pdf() + b"-->"
    yield Case("polyglot", "both.html", both, (*ENDS, Fault.CORRUPT))
    yield Case("polyglot", "tail.pdf", text_pdf() + docx(), (*ENDS, Fault.CORRUPT))


def _tables() -> Iterator[Case]:
    yield Case("ragged rows", "ragged.csv", f'a,b\n1\n"x,y",{MARK},3,4\n"open'.encode(), ENDS, MARK)
    yield Case("formulas", "formula.csv", b'=cmd|"/c calc"!A1,=HYPERLINK("http://x")\n', ENDS)
    bad = f'{{"a": 1}}\nnot json\n{{"b": "{MARK}"}}\n'
    yield Case("broken lines", "lines.jsonl", bad.encode(), ENDS, MARK)
    yield Case("broken json", "broken.json", b'{"a": [1, 2', (*ENDS, Fault.CORRUPT))
    yield Case(
        "huge numbers", "digits.json", b'{"n": ' + b"9" * 100_000 + b"}", (*ENDS, Fault.CORRUPT)
    )
    twice = f'{{"k": "first", "k": "{MARK}", "n": NaN}}'
    yield Case("doubled keys", "twice.json", twice.encode(), ENDS, MARK)
    mail = f"From: a@b\nSubject: =?x-none?q?=ff?=\nContent-Type: text/plain; charset=nope\n\n{MARK}"
    yield Case("mail", "charset.eml", mail.encode(), ENDS, MARK)
    attached = (
        "From: a@b\nSubject: s\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n"
        f"\n--x\n\n{MARK}\n--x\nContent-Type: application/pdf\nContent-Disposition: attachment; "
        'filename="../../a.pdf"\n\nxx\n--x--\n'
    )
    yield Case("mail", "attached.eml", attached.encode(), (INDEXED,), MARK)


_MAKERS: tuple[Callable[[], Iterator[Case]], ...] = (
    _pdf_bombs,
    _pdf_loops,
    _pdf_others,
    _zip_bombs,
    _xml_entities,
    _nesting,
    _html,
    _encodings,
    _odd_text,
    _scripts,
    _disguises,
    _tables,
)
