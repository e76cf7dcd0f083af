"""Paragraphs -> files of every format that the assistant reads, for measuring.

Made with the formats' own libraries where there are any; PDF files with reportlab (`dev` extra).
"""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path

from evals.synthetic import PARAGRAPH, make_documents

Paragraphs = Sequence[str]
N_PARAGRAPHS = 6


def write_folder(folder: Path, n: int, *, seed: int) -> None:
    """Write n files of all formats in turn, a hundred to a subfolder."""
    for number, (suffix, data) in enumerate(make_files(n, seed=seed)):
        path = folder / f"{number // 100:02}" / f"file{number}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def make_files(n: int, *, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield the suffix and bytes of n files, the formats in turn."""
    texts = make_documents(n * N_PARAGRAPHS, PARAGRAPH, seed=seed)
    suffixes = list(MAKERS)
    for number in range(n):
        suffix = suffixes[number % len(suffixes)]
        paragraphs = [next(texts) for _ in range(N_PARAGRAPHS)]
        yield suffix, MAKERS[suffix](f"Document {number}", paragraphs)


def _text(title: str, paragraphs: Paragraphs) -> bytes:
    return "\n\n".join([title, *paragraphs]).encode()


def _markdown(title: str, paragraphs: Paragraphs) -> bytes:
    return "\n\n".join([f"# {title}", *paragraphs]).encode()


def _html(title: str, paragraphs: Paragraphs) -> bytes:
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    head = f"<title>{title}</title><style>p{{margin:0}}</style>"
    return f"<!doctype html><html><head>{head}</head><body><h1>{title}</h1>{body}".encode()


def _source(title: str, paragraphs: Paragraphs) -> bytes:
    functions = (
        f'def part{n}():\n    """{paragraph}"""\n    return {n}\n'
        for n, paragraph in enumerate(paragraphs)
    )
    return "\n\n".join([f'"""{title}."""\n', *functions]).encode()


def _csv(_: str, paragraphs: Paragraphs) -> bytes:
    made = io.StringIO()
    rows = csv.writer(made)
    rows.writerow(["number", "note"])
    rows.writerows(enumerate(_sentences(paragraphs)))
    return made.getvalue().encode()


def _json(title: str, paragraphs: Paragraphs) -> bytes:
    return json.dumps({"title": title, "parts": [{"text": one} for one in paragraphs]}).encode()


def _lines(title: str, paragraphs: Paragraphs) -> bytes:
    return "\n".join(json.dumps({"of": title, "text": one}) for one in paragraphs).encode()


def _mail(title: str, paragraphs: Paragraphs) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.org", "b@example.org", title
    mail.set_content("\n\n".join(paragraphs))
    return mail.as_bytes()


def _rtf(title: str, paragraphs: Paragraphs) -> bytes:
    return ("{\\rtf1\\ansi " + "\\par ".join([title, *paragraphs]) + "}").encode("ascii", "replace")


def _pdf(title: str, paragraphs: Paragraphs) -> bytes:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer

    made, styles = io.BytesIO(), getSampleStyleSheet()
    flow = [Paragraph(title, styles["Heading1"])]
    for paragraph in paragraphs:
        flow += [Paragraph(paragraph, styles["BodyText"]), Spacer(1, 6)]
    SimpleDocTemplate(made, title=title).build(flow)
    return made.getvalue()


def _docx(title: str, paragraphs: Paragraphs) -> bytes:
    import docx

    made, document = io.BytesIO(), docx.Document()
    document.add_heading(title, 1)
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    document.save(made)
    return made.getvalue()


def _pptx(title: str, paragraphs: Paragraphs) -> bytes:
    import pptx

    made, deck = io.BytesIO(), pptx.Presentation()
    for paragraph in paragraphs:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = paragraph
    deck.save(made)
    return made.getvalue()


def _xlsx(title: str, paragraphs: Paragraphs) -> bytes:
    import openpyxl

    made, book = io.BytesIO(), openpyxl.Workbook()
    sheet = book.active
    sheet.title = title[:30]
    sheet.append(["number", "note"])
    for row in enumerate(_sentences(paragraphs)):
        sheet.append(row)
    book.save(made)
    return made.getvalue()


def _open_document(kind: str, body: str) -> bytes:
    office = "urn:oasis:names:tc:opendocument:xmlns"
    names = " ".join(f'xmlns:{one}="{office}:{one}:1.0"' for one in ("office", "text", "table"))
    content = (
        f'<office:document-content {names} xmlns:draw="{office}:drawing:1.0"><office:body>'
        f"{body}</office:body></office:document-content>"
    )
    members = {"content.xml": content, "META-INF/manifest.xml": "<manifest/>"}
    return _zip(f"application/vnd.oasis.opendocument.{kind}", members)


def _odt(title: str, paragraphs: Paragraphs) -> bytes:
    body = "".join(f"<text:p>{paragraph}</text:p>" for paragraph in [title, *paragraphs])
    return _open_document("text", f"<office:text>{body}</office:text>")


def _slides(kind: str) -> Callable[[str, Paragraphs], bytes]:
    def make(title: str, paragraphs: Paragraphs) -> bytes:
        pages = (
            f"<draw:page><draw:frame><draw:text-box><text:p>{paragraph}</text:p></draw:text-box>"
            "</draw:frame></draw:page>"
            for paragraph in [title, *paragraphs]
        )
        element = "drawing" if kind == "graphics" else kind
        return _open_document(kind, f"<office:{element}>{''.join(pages)}</office:{element}>")

    return make


def _ods(title: str, paragraphs: Paragraphs) -> bytes:
    rows = "".join(
        f'<table:table-row><table:table-cell office:value-type="string"><text:p>{one}</text:p>'
        "</table:table-cell></table:table-row>"
        for one in paragraphs
    )
    table = f'<table:table table:name="{title}">{rows}</table:table>'
    return _open_document("spreadsheet", f"<office:spreadsheet>{table}</office:spreadsheet>")


def _preview(title: str, paragraphs: Paragraphs) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Index/Document.iwa", b"\0")
        archive.writestr("QuickLook/Preview.pdf", _pdf(title, paragraphs))
    return made.getvalue()


def _archive(title: str, paragraphs: Paragraphs) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, paragraph in enumerate(paragraphs):
            archive.writestr(f"{title} {number}.txt", paragraph)
    return made.getvalue()


def _mailbox(title: str, paragraphs: Paragraphs) -> bytes:
    mails = (_mail(title, [paragraph]) for paragraph in paragraphs)
    return b"\n".join(b"From a@example.org Mon Mar  3 10:00:00 2025\n" + mail for mail in mails)


def _rst(title: str, paragraphs: Paragraphs) -> bytes:
    return "\n\n".join([f"{title}\n{'=' * len(title)}", *paragraphs]).encode()


def _adoc(title: str, paragraphs: Paragraphs) -> bytes:
    return "\n\n".join([f"= {title}", *paragraphs]).encode()


def _org(title: str, paragraphs: Paragraphs) -> bytes:
    return "\n\n".join([f"* {title}", *paragraphs]).encode()


def _tex(title: str, paragraphs: Paragraphs) -> bytes:
    body = "\n\n".join([f"\\section{{{title}}}", *paragraphs])
    return f"\\documentclass{{article}}\\begin{{document}}{body}\\end{{document}}".encode()


def _cues(_: str, paragraphs: Paragraphs) -> bytes:
    cues = (f"00:{n:02}:00.000 --> 00:{n:02}:09.000\n{one}" for n, one in enumerate(paragraphs))
    return "\n\n".join(["WEBVTT", *cues]).encode()


def _calendar(title: str, paragraphs: Paragraphs) -> bytes:
    said = "\\n".join(paragraphs).replace(",", "\\,")
    event = f"BEGIN:VEVENT\nSUMMARY:{title}\nDESCRIPTION:{said}\nEND:VEVENT"
    return f"BEGIN:VCALENDAR\n{event}\nEND:VCALENDAR\n".encode()


def _card(title: str, paragraphs: Paragraphs) -> bytes:
    said = "\\n".join(paragraphs).replace(",", "\\,")
    return f"BEGIN:VCARD\nFN:{title}\nNOTE:{said}\nEND:VCARD\n".encode()


def _xml(title: str, paragraphs: Paragraphs) -> bytes:
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return f"<article><title>{title}</title>{body}</article>".encode()


def _fiction(title: str, paragraphs: Paragraphs) -> bytes:
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    section = f"<section><title><p>{title}</p></title>{body}</section>"
    return f"<FictionBook><body>{section}</body></FictionBook>".encode()


def _epub(title: str, paragraphs: Paragraphs) -> bytes:
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">'
        '<rootfiles><rootfile full-path="o.opf" '
        'media-type="application/oebps-package+xml"/></rootfiles>'
        "</container>"
    )
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></metadata>'
        '<manifest><item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="c"/></spine></package>'
    )
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    chapter = (
        f'<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>{title}</h1>{body}</body></html>'
    )
    members = {"META-INF/container.xml": container, "o.opf": package, "c.xhtml": chapter}
    return _zip("application/epub+zip", members)


def _zip(mimetype: str, members: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", mimetype, zipfile.ZIP_STORED)
        for name, text in members.items():
            archive.writestr(name, text)
    return made.getvalue()


def _sentences(paragraphs: Paragraphs) -> Iterator[str]:
    for paragraph in paragraphs:
        yield from paragraph.split(". ")


MAKERS: dict[str, Callable[[str, Paragraphs], bytes]] = {
    ".txt": _text,
    ".md": _markdown,
    ".html": _html,
    ".pdf": _pdf,
    ".docx": _docx,
    ".pptx": _pptx,
    ".xlsx": _xlsx,
    ".odt": _odt,
    ".epub": _epub,
    ".rtf": _rtf,
    ".eml": _mail,
    ".csv": _csv,
    ".json": _json,
    ".jsonl": _lines,
    ".py": _source,
    ".odp": _slides("presentation"),
    ".odg": _slides("graphics"),
    ".ods": _ods,
    ".pages": _preview,
    ".zip": _archive,
    ".mbox": _mailbox,
    ".rst": _rst,
    ".adoc": _adoc,
    ".org": _org,
    ".tex": _tex,
    ".vtt": _cues,
    ".ics": _calendar,
    ".vcf": _card,
    ".xml": _xml,
    ".fb2": _fiction,
}
