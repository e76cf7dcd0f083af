"""Measure sentence splitters on the hand-written lines of `tests/text/sentences.txt`.

    python evals/sentences/compare.py            # the table
    python evals/sentences/compare.py --errors assistant --half fit

Splitters that are not installed are left out. A boundary is the end of a sentence that is not
its line's last; F1 is over all boundaries. `fit` are the odd lines, `report` the even ones:
our own rules were fitted on the former.
"""

import argparse
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

Spans = list[tuple[int, int]]
Splitter = Callable[[str, str], Spans]

LINES = Path(__file__).parents[2] / "tests" / "text" / "sentences.txt"
HOSTILE = {"a.a.": "a.a.", ". . ": ". . ", "((((": "(", "quotes": "\"'”“"}
HOSTILE_CHARS = (25_000, 50_000)
# fmt: off
PYSBD_LANGUAGES = frozenset((
    "am", "ar", "bg", "da", "de", "el", "en", "es", "fa", "fr", "hi", "hy", "it", "ja", "kk", "mr",
    "my", "nl", "pl", "ru", "sk", "ur", "zh",
))
# fmt: on
PUNKT_LANGUAGES = {"en": "english", "de": "german", "fr": "french", "es": "spanish"} | {
    "it": "italian",
    "pt": "portuguese",
    "nl": "dutch",
    "ru": "russian",
    "pl": "polish",
    "cs": "czech",
    "tr": "turkish",
    "el": "greek",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph, its language and the ends of its sentences but the last."""

    language: str
    text: str
    ends: frozenset[int]


def read_lines(half: str) -> list[Line]:
    lines = []
    for row in LINES.read_text(encoding="utf-8").splitlines():
        if row.startswith("#"):
            continue
        language, _, marked = row.partition("\t")
        text, ends = "", set()
        for part in marked.replace("\\n", "\n").replace(" ¦ ", " ¦").split("¦"):
            ends.add(len(text.rstrip()))
            text += part
        lines.append(Line(language, text, frozenset(ends - {0})))
    return {"fit": lines[::2], "report": lines[1::2], "all": lines}[half]


def open_assistant() -> Splitter:
    from assistant.text.sentences import split_sentences

    return lambda text, _: list(split_sentences(text, [(0, len(text))]))


def open_sentencex(*, is_told: bool = False) -> Splitter:
    sentencex = import_module("sentencex")

    def split(text: str, language: str) -> Spans:
        found = sentencex.get_sentence_boundaries(language if is_told else "en", text)
        return [(boundary["start_index"], boundary["end_index"]) for boundary in found]

    return split


def open_pysbd(*, is_told: bool = False) -> Splitter:
    pysbd = import_module("pysbd")

    segmenters = {
        code: pysbd.Segmenter(language=code, clean=False, char_span=True)
        for code in (PYSBD_LANGUAGES if is_told else {"en"})
    }

    def split(text: str, language: str) -> Spans:
        segmenter = segmenters.get(language, segmenters["en"])
        return [(span.start, span.end) for span in segmenter.segment(text)]

    return split


def open_punkt(*, is_told: bool = False) -> Splitter:
    core = Path(importlib.util.find_spec("llama_index").submodule_search_locations[0])  # type: ignore[union-attr, index]
    os.environ["NLTK_DATA"] = str(core / "core" / "_static" / "nltk_cache")
    punkt = import_module("nltk.tokenize.punkt")

    names = set(PUNKT_LANGUAGES.values()) if is_told else {"english"}
    tokenizers = {name: punkt.PunktTokenizer(name) for name in names}

    def split(text: str, language: str) -> Spans:
        name = PUNKT_LANGUAGES.get(language, "english")
        return list(tokenizers.get(name, tokenizers["english"]).span_tokenize(text))

    return split


def open_syntok() -> Splitter:
    segmenter = import_module("syntok.segmenter")

    def split(text: str, _: str) -> Spans:
        sentences = (s for paragraph in segmenter.analyze(text) for s in paragraph)
        return [(s[0].offset, s[-1].offset + len(s[-1].value)) for s in sentences]

    return split


def open_blingfire() -> Splitter:
    blingfire = import_module("blingfire")

    def split(text: str, _: str) -> Spans:
        return list(blingfire.text_to_sentences_and_offsets(text)[1]) if text else []

    return split


SPLITTERS: dict[str, tuple[str, Callable[[], Splitter]]] = {
    "assistant": ("sentencex", open_assistant),
    "sentencex": ("sentencex", open_sentencex),
    "sentencex, told": ("sentencex", lambda: open_sentencex(is_told=True)),
    "pysbd": ("pysbd", open_pysbd),
    "pysbd, told": ("pysbd", lambda: open_pysbd(is_told=True)),
    "punkt": ("nltk", open_punkt),
    "punkt, told": ("nltk", lambda: open_punkt(is_told=True)),
    "syntok": ("syntok", open_syntok),
    "blingfire": ("blingfire", open_blingfire),
}


def open_installed() -> Iterator[tuple[str, str, Splitter]]:
    for name, (package, open_splitter) in SPLITTERS.items():
        if importlib.util.find_spec(package):
            yield name, package, open_splitter()


def find_ends(text: str, spans: Spans) -> set[int]:
    ends = {
        start + len(text[start:end].rstrip()) for start, end in spans if text[start:end].strip()
    }
    return ends - {len(text.rstrip())}


def score(split: Splitter, lines: list[Line]) -> float:
    true = found = right = 0
    for line in lines:
        ends = find_ends(line.text, split(line.text, line.language))
        true, found, right = true + len(line.ends), found + len(ends), right + len(ends & line.ends)
    return 2 * right / (true + found)


def are_exact(split: Splitter, lines: list[Line]) -> bool:
    """Tell whether the spans ascend, do not overlap and leave out nothing but whitespace."""
    for line in lines:
        position = 0
        for start, end in [*split(line.text, line.language), (len(line.text), len(line.text))]:
            if start < position or end < start or line.text[position:start].strip():
                return False
            position = end
    return True


def time_split(split: Splitter, text: str) -> float:
    started = time.perf_counter()
    split(text, "en")
    return time.perf_counter() - started


def measure_hostile(split: Splitter) -> str:
    """Return the worst growth of time when a hostile line doubles: 2 is linear, 4 quadratic."""
    worst, slowest = 0.0, ""
    for name, unit in HOSTILE.items():
        short, long = (
            time_split(split, unit * (n_chars // len(unit))) for n_chars in HOSTILE_CHARS
        )
        if long > 0.02 and long / short > worst:
            worst, slowest = long / short, f"{name} {long:.1f} s"
    return f"x{worst:.1f} ({slowest})" if worst else "fast"


def measure_import(package: str) -> float:
    module = {"nltk": "nltk.tokenize.punkt", "syntok": "syntok.segmenter"}.get(package, package)
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    return float(subprocess.check_output([sys.executable, "-c", code], text=True))


def measure_weight(package: str) -> float:
    files = importlib.metadata.files(package) or []
    return sum(file.size or 0 for file in files) / 1e6


def print_table() -> None:
    english = [line for line in read_lines("all") if line.language == "en"]
    others = [line for line in read_lines("all") if line.language != "en"]
    prose = " ".join(line.text for line in english) * 5
    print(
        "splitter | version | fit | report | English | others | exact | kchar/s | x2 | import | MB"
    )
    for name, package, split in open_installed():
        scores = [score(split, read_lines(half)) for half in ("fit", "report")]
        scores += [score(split, english), score(split, others)]
        print(
            name,
            importlib.metadata.version(package),
            *(f"{value:.3f}" for value in scores),
            "yes" if are_exact(split, read_lines("all")) else "NO",
            f"{len(prose) / time_split(split, prose) / 1e3:,.0f}",
            measure_hostile(split),
            f"{measure_import(package):.2f} s",
            f"{measure_weight(package):.1f}",
            sep=" | ",
            flush=True,
        )


def print_errors(name: str, half: str) -> None:
    split = SPLITTERS[name][1]()
    for line in read_lines(half):
        ends = find_ends(line.text, split(line.text, line.language))
        for end in sorted(ends ^ line.ends):
            kind = "missed" if end in line.ends else "wrong "
            print(
                kind,
                line.language,
                repr(line.text[max(0, end - 30) : end + 30]),
                line.text[:end][-12:],
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--errors", choices=SPLITTERS)
    parser.add_argument("--half", choices=("fit", "report", "all"), default="fit")
    arguments = parser.parse_args()
    if arguments.errors:
        print_errors(arguments.errors, arguments.half)
    else:
        print_table()


if __name__ == "__main__":
    main()
