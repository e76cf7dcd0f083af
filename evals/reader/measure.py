"""Measures a reader on sets that only report, beside the encoder as it was before training.

In: the folder of public data and a checkpoint. Out: for each set shares and areas with their n and
95% intervals, printed and written as JSON beside the checkpoint. The passages of a set, cut to what
is read at once, are one pool. Of squad2 the questions of the last three articles are asked, in all
eight; of clapnq those whose SHA-256 begins with an odd digit; of omosqa_de those whose page has not
trained in another language. Paragraphs that XQuAD translates do not train either, other paragraphs
of their articles do.
"""

import argparse
import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.evaluation.statistics import interval_of_share
from evals.reader.batches import Text, count_tokens
from evals.reader.held import area
from evals.reader.model import Reader
from evals.reader.reading import Found, Shelf, encode_all, fill_shelf, nearness, read
from evals.reader.rows import (
    HELD_ARTICLES,
    Row,
    fold,
    is_held_page,
    read_lines,
    reading_row,
    reports,
    squad2_articles,
    squad_rows,
)
from evals.reader.units import Asked, Unit, cut_units

PIECE_TOKENS = 190
N_READ = 8
"""Pieces that are read for a question."""
N_PASSAGES = 200
"""Most passages of a set in another language."""
OVER_REFUSED = 0.1
LANGUAGES = "de es ru zh ar".split()


@dataclass(frozen=True, slots=True)
class Figure:
    """A share or an area, of n questions, with its 95% interval."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Posed:
    """A question of a set: which sentences of which pieces answer it, and its own pieces."""

    asked: Asked
    right: frozenset[tuple[int, int]]
    own: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Exam:
    """A pool of pieces and what is asked of it."""

    texts: tuple[Text, ...]
    posed: tuple[Posed, ...]


def measure(given: argparse.Namespace) -> None:
    """Measure the untrained encoder and a checkpoint on every set; write what was found."""
    import torch

    from evals.reader.model import open_reader
    from evals.reader.train import load, take

    torch.set_num_threads(given.threads)
    paths: list[Path] = given.checkpoint or [given.work / given.run / "best.pt"]
    states = [load(path) for path in paths]
    base = given.work / "base"
    untuned = open_reader(base)
    settle(untuned, given.work / "units" / "train.jsonl.gz", given.seed)
    tuned = open_reader(base)
    for state in states:
        take(tuned, state["weights"])
    found: dict[str, dict[str, dict[str, Figure]]] = {}
    for name, exam in exams(given.data, given.n):
        if given.only and name not in given.only:
            continue
        found[name] = {"untuned": examine(untuned, exam), "tuned": examine(tuned, exam)}
        print("\n".join(_lines(name, found[name])), flush=True)
    said = {
        name: {who: {k: asdict(f) for k, f in figures.items()} for who, figures in both.items()}
        for name, both in found.items()
    }
    out = paths[-1].with_suffix(".measured.json")
    steps = [int(state["step"]) for state in states]
    out.write_text(json.dumps({"steps": steps, "n": given.n, "sets": said}, indent=1))
    print(f"wrote {out}")


def settle(reader: Reader, units: Path, seed: int) -> None:
    """Give an untrained reader the values it begins a run with."""
    from evals.reader.batches import Batches, Sizes
    from evals.reader.train import Plan, Run
    from evals.reader.units import read_units

    Run(reader, Batches(read_units(units), Sizes(), seed), Plan(1, 1)).settle()


def exams(data: Path, n: int) -> Iterator[tuple[str, Exam]]:
    """Yield every set with about n of its questions that are answered, and n that are not."""
    folder = data / "reading" / "multilingual"
    articles = squad2_articles(data)
    titles = {str(article["title"]) for article in articles[-HELD_ARTICLES:]}
    rows = [row for article in articles for row in squad_rows(article, "squad2")]
    yield "squad2", set_exam(rows, n, lambda row: row.title in titles)
    yield "clapnq", set_exam(list(_clapnq(data / "clapnq")), n, lambda row: reports(row.question))
    for lang in LANGUAGES:
        yield f"xquad_{lang}", set_exam(list(_lines_of(folder, f"xquad_{lang}")), n)
    yield "norquad", set_exam(_some(list(_lines_of(folder, "norquad"))), n)
    yield "jaquad_dev", set_exam(_some(list(_lines_of(folder, "jaquad_dev"))), n)
    held = {str(r["id"]) for r in read_lines(folder / "omosqa_de.jsonl.gz") if is_held_page(r)}
    omos = list(_lines_of(folder, "omosqa_de"))
    yield "omosqa_de", set_exam(omos, n, lambda row: row.id in held)


def _lines_of(folder: Path, name: str) -> Iterator[Row]:
    return (reading_row(name, row) for row in read_lines(folder / f"{name}.jsonl.gz"))


def _some(rows: Sequence[Row]) -> list[Row]:
    passages = sorted({row.passage for row in rows})
    kept = set(passages[:: max(1, len(passages) // N_PASSAGES)][:N_PASSAGES])
    return [row for row in rows if row.passage in kept]


def _clapnq(folder: Path) -> Iterator[Row]:
    for name in ("answerable", "unanswerable"):
        for given in read_lines(folder / f"{name}.jsonl"):
            passage = str(given["passages"][0]["text"])
            chosen = [s for one in given["output"] for s in one.get("selected_sentences", ())]
            places = ((passage.find(text), len(text)) for text in chosen if text)
            spans = tuple((at, at + size) for at, size in places if at >= 0)
            if bool(spans) == (name == "answerable"):
                yield Row("clapnq", str(given["id"]), given["input"], passage, spans, bool(spans))


def set_exam(rows: Sequence[Row], n: int, is_asked: Callable[[Row], bool] | None = None) -> Exam:
    """Return the exam of a set: all its passages, and of what may be asked about n of each kind."""
    may = {fold(row.question) for row in rows if is_asked is None or is_asked(row)}
    texts: list[Text] = []
    posed: list[Posed] = []
    for number, unit in enumerate(cut_units(rows)):
        first = len(texts)
        cuts = list(_cuts(unit))
        texts += [_piece(unit, number, low, high) for low, high in cuts]
        of = {
            k: (first + i, k - low) for i, (low, high) in enumerate(cuts) for k in range(low, high)
        }
        own = tuple(range(first, len(texts)))
        for asked in unit.asked:
            if fold(asked.text) in may:
                posed.append(Posed(asked, frozenset(of[k] for k in asked.right), own))
    posed.sort(key=lambda one: hashlib.sha256(one.asked.text.encode()).digest())
    answered = [one for one in posed if one.right][:n]
    return Exam(tuple(texts), tuple(answered + [one for one in posed if not one.right][:n]))


def _cuts(unit: Unit) -> Iterator[tuple[int, int]]:
    low = 0
    for high in range(1, len(unit.sentences) + 1):
        is_last = high == len(unit.sentences)
        if is_last or _size(unit, low, high + 1) > PIECE_TOKENS:
            yield low, high
            low = high


def _size(unit: Unit, low: int, high: int) -> int:
    return count_tokens(unit.passage[unit.sentences[low][0] : unit.sentences[high - 1][1]])


def _piece(unit: Unit, number: int, low: int, high: int) -> Text:
    start, end = unit.sentences[low][0], unit.sentences[high - 1][1]
    inside = tuple((a - start, b - start) for a, b in unit.sentences[low:high])
    return Text(number, unit.passage[start:end], inside)


def examine(reader: Reader, exam: Exam) -> dict[str, Figure]:
    """Return the figures of a reader."""
    shelf = fill_shelf(reader, exam.texts)
    questions = encode_all(reader, [one.asked.text for one in exam.posed], is_question=True)
    near = nearness(shelf, questions)
    hits: dict[str, list[bool]] = {}
    odds: dict[tuple[str, bool], list[float]] = {}
    for q, one in enumerate(exam.posed):
        order = near[q].argsort(descending=True).tolist()
        own = read(reader, shelf, questions, q, one.own)
        pool = read(reader, shelf, questions, q, order[:N_READ])
        for name, found in (("own passage", own), ("pool", pool)):
            for way in ("late", "joint"):
                best = max(found, key=lambda f, way=way: float(getattr(f, way)), default=None)  # type: ignore[misc]
                said = float(getattr(best, way)) if best else -math.inf
                odds.setdefault((f"{name}, {way}", bool(one.right)), []).append(said)
                if one.right:
                    is_hit = best is not None and _answers(best, one, shelf)
                    hits.setdefault(f"{name}, {way}: sentence", []).append(is_hit)
        if one.right:
            pieces = {piece for piece, _ in one.right}
            hits.setdefault("found first", []).append(order[0] in pieces)
            hits.setdefault("found in five", []).append(bool(pieces & set(order[:5])))
    figures = {name: _share(values) for name, values in hits.items()}
    for name in dict.fromkeys(name for name, _ in odds):
        above, below = odds.get((name, True), []), odds.get((name, False), [])
        if above and below:
            figures[f"{name}: AUC"] = _area(above, below)
            bar = sorted(above)[int(OVER_REFUSED * len(above))]
            figures[f"{name}: refused at {OVER_REFUSED}"] = _share([z < bar for z in below])
    return figures


def _answers(best: Found, one: Posed, shelf: Shelf) -> bool:
    """Whether a sentence is one that answers, or says the same words elsewhere."""
    if (best.passage, best.sentence) in one.right:
        return True
    text = shelf.texts[best.passage]
    start, end = text.sentences[best.sentence]
    said = fold(text.text[start:end])
    return any(len(word) >= 4 and word in said for word in map(fold, one.asked.words))


def _share(values: Sequence[bool]) -> Figure:
    share = sum(values) / max(1, len(values))
    return Figure(share, *interval_of_share(share, max(1, len(values))), len(values))


def _area(above: Sequence[float], below: Sequence[float]) -> Figure:
    """Return the area with the interval of Hanley & McNeil (1982, eq. 2)."""
    value = area(above, below) or 0.0
    q1, q2 = value / (2 - value), 2 * value**2 / (1 + value)
    n, m = len(above), len(below)
    spread = value * (1 - value) + (n - 1) * (q1 - value**2) + (m - 1) * (q2 - value**2)
    half = 1.96 * math.sqrt(max(0.0, spread) / (n * m))
    return Figure(value, max(0.0, value - half), min(1.0, value + half), n + m)


def _lines(name: str, both: dict[str, dict[str, Figure]]) -> Iterator[str]:
    yield name
    for figure, new in both["tuned"].items():
        old = both["untuned"][figure]
        yield f"  {figure:34} n {new.n:4}  {_said(old)} -> {_said(new)}"


def _said(figure: Figure) -> str:
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"
