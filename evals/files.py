"""What becomes of the files of a folder, format by format: `python -m evals.files FOLDER ...`.

Each file is read as the assistant reads it: in a child process, with its limits. Printed is, for
each format, how many were read, read with a warning, and refused; the share of the words that a
plain extractor finds which are in the text, as median and least; then the warnings and the reasons,
each with how often it came and a file that it came of.
"""

import argparse
import io
import re
import sys
import warnings
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from statistics import median

from assistant.errors import DocumentUnreadable
from assistant.ingest import sniff
from assistant.ingest.formats.parsed import Limits
from assistant.ingest.pool import Parsers

MAX_FILE_BYTES = 50_000_000
MAX_EXAMPLE_CHARS = 60
FEW_WORDS = 5
"""Words of a reference below which a share says nothing."""
_WORD = re.compile(r"[^\W\d_]{2,}")
_NUMBER = re.compile(r"\d[\d,.]*")
_QUOTED = re.compile(r"\([^()]*\)|: .*|'[^']*'")
_TAG = re.compile(r"<[^>]*>")


@dataclass
class Format:
    """What became of the files of one format."""

    n_read: int = 0
    n_warned: int = 0
    n_refused: int = 0
    shares: list[tuple[float, str]] = field(default_factory=list)
    """How much of a file's words is there, if a plain extractor reads it, and its name."""


@dataclass
class Findings:
    """What became of a folder's files; of each warning and reason how often, and one file."""

    formats: dict[str, Format] = field(default_factory=lambda: defaultdict(Format))
    warnings: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)

    def note(self, counts: Counter[str], said: str, name: str) -> None:
        """Count a warning or a reason, however many things it counts itself."""
        kind = _QUOTED.sub("", _NUMBER.sub("N", said)).strip()
        counts[kind] += 1
        self.examples.setdefault(kind, name)


def examine(paths: Sequence[Path]) -> Findings:
    """Read files and return what became of them."""
    findings = Findings()
    with Parsers(Limits()) as parsers:
        for path in paths:
            data = path.read_bytes()
            suffix = path.suffix.lower() or "(none)"
            found = findings.formats[suffix]
            try:
                media_type, _ = sniff.media_type(path.name, data)
                parsed = parsers.parse(data, media_type)
            except DocumentUnreadable as error:
                found.n_refused += 1
                findings.note(findings.reasons, f"{suffix} {error}", path.name)
                continue
            found.n_read += not parsed.warnings
            found.n_warned += bool(parsed.warnings)
            for warning in parsed.warnings:
                findings.note(findings.warnings, warning, path.name)
            share = compare(media_type, data, parsed.text)
            if share is not None:
                found.shares.append((share, path.name))
    return findings


def compare(media_type: str, data: bytes, text: str) -> float | None:
    """Return the share of a plain extractor's words that are in a text; None if there are few."""
    extract = EXTRACTORS.get(media_type)
    if extract is None:
        return None
    try:
        expected = Counter(_WORD.findall(extract(data).lower()))
    except Exception as error:  # noqa: BLE001 - whatever it stumbles over is no fault of ours
        print(f"no reference: {type(error).__name__}", file=sys.stderr)
        return None
    if expected.total() < FEW_WORDS:
        return None
    return (expected & Counter(_WORD.findall(text.lower()))).total() / expected.total()


def _xml_texts(*parts: str) -> Callable[[bytes], str]:
    """Return what gives all text between tags of the parts of a package that match."""
    pattern = re.compile("|".join(parts))

    def extract(data: bytes) -> str:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            names = [name for name in package.namelist() if pattern.fullmatch(name)]
            written = " ".join(package.read(name).decode("utf-8", "replace") for name in names)
        ends = re.sub(
            r"</(?:w:p|a:p|text:p|text:h|p|h\d|li|td|w:tc)>|<w:(?:tab|br)\b[^>]*>", " ", written
        )
        return unescape(_TAG.sub("", ends))

    return extract


def _pdf(data: bytes) -> str:
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    return " ".join(page.get_textpage().get_text_range() for page in document)


def _cells(data: bytes) -> str:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    shown = [one.name for one in book.sheets_metadata if str(one.visible).endswith(".Visible")]
    rows = (row for name in shown for row in book.get_sheet_by_name(name).to_python())
    return " ".join(cell for row in rows for cell in row if isinstance(cell, str))


def _rtf(data: bytes) -> str:
    from striprtf.striprtf import rtf_to_text

    text: str = rtf_to_text(data.decode("latin-1"), errors="replace")  # type: ignore[no-untyped-call]
    return text


EXTRACTORS: dict[str, Callable[[bytes], str]] = {
    sniff.PDF: _pdf,
    sniff.DOCX: _xml_texts(r"word/(?:document\d*|footnotes|endnotes)\.xml"),
    sniff.PPTX: _xml_texts(r"ppt/slides/slide\d+\.xml"),
    sniff.ODT: _xml_texts(r"content\.xml"),
    sniff.ODP: _xml_texts(r"content\.xml"),
    sniff.EPUB: _xml_texts(r".*\.x?html"),
    **dict.fromkeys((sniff.XLSX, sniff.XLSB, sniff.XLS, sniff.ODS), _cells),
    sniff.RTF: _rtf,
    sniff.TEXT: lambda data: data.decode("utf-8", "replace"),
    "text/csv": lambda data: data.decode("utf-8", "replace"),
}
"""Of formats that something else at hand reads: all of the words, in no order."""


def report(findings: Findings) -> Iterator[str]:
    """Yield the lines of the report, in Markdown."""
    yield "| format | files | read | warned | refused | words kept (median) | (least) |"
    yield "|---|---|---|---|---|---|---|"
    for suffix, found in sorted(findings.formats.items()):
        n_files = found.n_read + found.n_warned + found.n_refused
        kept = f"{median(share for share, _ in found.shares):.2f}" if found.shares else "-"
        least = "{:.2f} {}".format(*min(found.shares)) if found.shares else "-"
        counts = f"{n_files} | {found.n_read} | {found.n_warned} | {found.n_refused}"
        yield f"| {suffix} | {counts} | {kept} | {least[:MAX_EXAMPLE_CHARS]} |"
    for title, counted in (("Refused", findings.reasons), ("Warned", findings.warnings)):
        yield f"\n{title}:"
        for kind, n in counted.most_common():
            yield f"- {n} x {kind} ({findings.examples[kind][:MAX_EXAMPLE_CHARS]})"


def find_files(folders: Sequence[Path]) -> list[Path]:
    """Return the files of folders whose names' suffixes are known, none of them very large."""
    files = (path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file())
    known = (path for path in files if path.suffix.lower() in sniff.SUFFIXES)
    return [path for path in known if path.stat().st_size <= MAX_FILE_BYTES]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--only", help="suffixes, parted by commas, as in .pdf,.docx")
    given = parser.parse_args()
    paths = find_files(given.folders)
    if given.only:
        paths = [path for path in paths if path.suffix.lower() in given.only.split(",")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        print("\n".join(report(examine(paths))))


if __name__ == "__main__":
    main()
