"""Parsing: each format beside its bare parser; a folder of mixed files, synced and synced again."""

import csv
import email
import email.policy
import io
import json
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from assistant import Assistant, Settings
from assistant.ingest.parse import parse
from assistant.ingest.pool import Parsers
from assistant.ingest.sniff import media_type
from assistant.models.embed import open_embedder
from assistant.store.plan import RACY_S
from assistant.store.sync import limits_of, list_files
from evals.mixed import MAKERS, make_files, write_folder
from evals.speed.figure import Figure, Plan, Table

N_FILES, N_QUICK = 1_000, 60
N_EACH, N_EACH_QUICK = 30, 3
MAX_CHANGED_S = 2.0
"""Goal of a sync with one changed file, beyond the walk."""


def measure(plan: Plan) -> list[Figure]:
    """Measure parsing and syncing a mixed folder."""
    is_quick = plan.rounds == 1
    table = Table("formats")
    _measure_formats(table, N_EACH_QUICK if is_quick else N_EACH, plan.rounds)
    _measure_folder(table, N_QUICK if is_quick else N_FILES, plan.rounds)
    return table.figures


def _measure_formats(table: Table, n_each: int, rounds: int) -> None:
    files: dict[str, list[bytes]] = {suffix: [] for suffix in BARE}
    for suffix, data in make_files(n_each * len(MAKERS), seed=3):
        if suffix in files:
            files[suffix].append(data)
    limits = limits_of(Settings.load())
    with Parsers(limits) as parsers:
        for suffix, datas in files.items():
            kind = media_type(f"a{suffix}", datas[0])[0]
            subjects: dict[str, Callable[[bytes], Any]] = {
                "bare": BARE[suffix],
                "direct": partial(parse, media_type=kind, limits=limits),
                "child": partial(parsers.parse, media_type=kind),
            }
            for run in subjects.values():
                run(datas[0])
            taken: dict[str, list[float]] = {name: [] for name in subjects}
            for _ in range(rounds):
                for name, run in subjects.items():
                    started = time.perf_counter()
                    for data in datas:
                        run(data)
                    taken[name].append(time.perf_counter() - started)
            rate = {name: len(datas) / median(seconds) for name, seconds in taken.items()}
            note = f"in a child {rate['child']:,.0f}; bare parser {rate['bare']:,.0f}"
            table.add(f"{suffix}: parse", rate["direct"], "files/s", note)


def _measure_folder(table: Table, n_files: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings.load(corpus_dir=folder / "corpus", index_dir=folder / "index")
        write_folder(settings.corpus_dir, n_files, seed=5)
        time.sleep(RACY_S + 0.5)
        embedder = open_embedder(settings.embedding_model, settings.cache_dir)
        with Assistant(settings, embedder) as assistant:
            first = assistant.sync()
            table.add(f"{n_files} mixed files: first sync", first.seconds, "s")
            table.add("  of these skipped", first.n_skipped, "files")
            unchanged, changed, walks = [], [], []
            for number in range(rounds):
                unchanged.append(assistant.sync().seconds)
                started = time.perf_counter()
                list_files(settings)
                walks.append(time.perf_counter() - started)
                path = settings.corpus_dir / "00/file0.txt"
                path.write_text(path.read_text() + f"\n\nRound {number} added this line.")
                os.utime(path, (1, 1_000_000_000 + number))
                report = assistant.sync()
                assert report.n_changed == 1, report
                changed.append(report.seconds)
    table.add(f"{n_files} mixed files: nothing changed", median(unchanged), "s")
    table.add("  of this the walk", median(walks), "s")
    beyond = median(changed) - median(walks)
    goal = f"goal {MAX_CHANGED_S:.0f} s: {'met' if beyond < MAX_CHANGED_S else 'NOT MET'}"
    table.add("  one file changed, beyond the walk", beyond, "s", goal)


def _pdf(data: bytes) -> str:
    import pypdfium2

    with pypdfium2.PdfDocument(data) as document:
        return "".join(page.get_textpage().get_text_range() for page in document)


def _docx(data: bytes) -> str:
    import docx

    return "\n".join(one.text for one in docx.Document(io.BytesIO(data)).paragraphs)


def _pptx(data: bytes) -> str:
    import pptx

    slides = pptx.Presentation(io.BytesIO(data)).slides
    shapes = (shape for slide in slides for shape in slide.shapes if shape.has_text_frame)
    return "\n".join(shape.text_frame.text for shape in shapes)


def _xlsx(data: bytes) -> int:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    return sum(1 for sheet in book for _ in sheet.iter_rows(values_only=True))


def _html(data: bytes) -> str:
    from selectolax.lexbor import LexborHTMLParser

    return LexborHTMLParser(data.decode()).text()


def _markdown(data: bytes) -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").parse(data.decode())


def _member(name: str) -> Callable[[bytes], str]:
    import zipfile

    from lxml import etree

    def read(data: bytes) -> str:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "".join(etree.fromstring(archive.read(name)).itertext())

    return read


def _rtf(data: bytes) -> str:
    from striprtf.striprtf import rtf_to_text

    return str(rtf_to_text(data.decode()))  # type: ignore[no-untyped-call]


BARE: dict[str, Callable[[bytes], Any]] = {
    ".txt": bytes.decode,
    ".md": _markdown,
    ".html": _html,
    ".pdf": _pdf,
    ".docx": _docx,
    ".pptx": _pptx,
    ".xlsx": _xlsx,
    ".odt": _member("content.xml"),
    ".epub": _member("c.xhtml"),
    ".rtf": _rtf,
    ".eml": lambda data: email.message_from_bytes(data, policy=email.policy.default).get_content(),
    ".csv": lambda data: list(csv.reader(io.StringIO(data.decode()))),
    ".json": json.loads,
    ".jsonl": lambda data: [json.loads(line) for line in data.splitlines()],
    ".py": bytes.decode,
}
"""What gives the text of a file, or its values, with the library alone."""
