"""Makes what trains out of rows: passages cut into sentences, with all that is asked of each.

In: rows. Out: units, of training and of validation apart by title, each with the numbers of those
that lie nearest by their words. A long passage becomes several units, each with the questions that
it answers; a question and a passage that validate are in no unit that trains.
"""

import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from assistant.text.sentences import split_sentences
from evals.reader.rows import Row, Span, digest, fold

MAX_UNIT_CHARS = 2400
"""A longer passage is cut, at sentences, into parts of about two thirds of it."""
MIN_UNIT_CHARS = 30
HELD_SHARE = 40
"""One title in so many validates."""
TITLED = frozenset(
    "squadshifts_wiki qed_nq selqa squad_train_du_test squad2_train_first doc2dial_val tsqa "
    "fairytaleqa jaquad_train cmrc2018 omosqa_en omosqa_fr policyqa nq hotpotqa_support".split()
)
"""Sets whose titles tell documents apart, so that they can be split by them."""
N_NEAR = 12
_TERM = re.compile(r"[^\W_]{2,}|[\u3040-\u30ff\u3400-\u9fff]")
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a unit; `right` numbers the sentences that answer, none where none does."""

    text: str
    right: tuple[int, ...]
    span: Span | None
    """The answering words, where the set says them."""
    words: tuple[str, ...]
    """What must not stand in a passage that counts as a wrong one."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A passage, its sentences' spans, its questions, and the units nearest to it by number."""

    source: str
    title: str
    lang: str
    passage: str
    sentences: tuple[Span, ...]
    asked: tuple[Asked, ...]
    near: tuple[int, ...] = ()


def cut_sentences(passage: str) -> tuple[Span, ...]:
    """Return the sentences' spans, as the assistant cuts them, each line by itself."""
    blocks, start = [], 0
    for line in passage.split("\n"):
        if line.strip():
            blocks.append((start, start + len(line)))
        start += len(line) + 1
    return split_sentences(passage, blocks)


def make_units(rows: Iterable[Row]) -> tuple[list[Unit], list[Unit]]:
    """Return the units that train and those that validate."""
    train: list[Unit] = []
    held: list[Unit] = []
    for passage, asked in _by_passage(rows).items():
        (held if any(map(_is_held, asked)) else train).extend(_cut_unit(passage, asked))
    questions = {fold(asked.text) for unit in held for asked in unit.asked}
    texts = {fold(unit.passage) for unit in held}
    kept = []
    for unit in train:
        asked_of = tuple(asked for asked in unit.asked if fold(asked.text) not in questions)
        if asked_of and fold(unit.passage) not in texts:
            kept.append(replace(unit, asked=asked_of))
    return kept, held


def cut_units(rows: Iterable[Row]) -> list[Unit]:
    """Return the units of rows, none held back."""
    passages = _by_passage(rows)
    return [unit for passage, asked in passages.items() for unit in _cut_unit(passage, asked)]


def _by_passage(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in _joined(rows):
        if len(row.passage) >= MIN_UNIT_CHARS:
            found[row.passage].append(row)
    return found


def _is_held(row: Row) -> bool:
    return row.source in TITLED and bool(row.title) and digest(row.title) % HELD_SHARE == 0


def _joined(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows, those of single sentences with the others of their document around them."""
    single: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.source == "qamr":
            single[":".join(row.id.split(":")[:3])].append(row)
        else:
            yield row
    for same in single.values():
        texts = list(dict.fromkeys(row.passage for row in same))
        for low in range(0, len(texts), 5):
            part = texts[low : low + 5]
            starts = dict(zip(part, np.cumsum([0, *(len(t) + 1 for t in part)]), strict=False))
            for row in same:
                if row.passage in starts:
                    by = int(starts[row.passage])
                    spans = tuple((a + by, b + by) for a, b in row.spans)
                    yield replace(row, passage=" ".join(part), spans=spans)


def _cut_unit(passage: str, rows: Sequence[Row]) -> Iterator[Unit]:
    sentences = cut_sentences(passage)
    if not sentences:
        return
    title = next((row.title for row in rows if row.title), "")
    parts = list(_parts(sentences))
    for low, high in parts:
        start, end = sentences[low][0], sentences[high - 1][1]
        inside = tuple((a - start, b - start) for a, b in sentences[low:high])
        asked = _asked(passage, rows, (start, end), inside, is_only=len(parts) == 1)
        if asked:
            first = rows[0]
            yield Unit(first.source, title, first.lang, passage[start:end], inside, tuple(asked))


def _parts(sentences: Sequence[Span]) -> Iterator[Span]:
    if sentences[-1][1] - sentences[0][0] <= MAX_UNIT_CHARS:
        yield 0, len(sentences)
        return
    low = 0
    for high in range(1, len(sentences) + 1):
        is_last = high == len(sentences)
        if is_last or sentences[high][1] - sentences[low][0] > MAX_UNIT_CHARS * 2 // 3:
            yield low, high
            low = high


def _asked(
    passage: str, rows: Sequence[Row], part: Span, sentences: Sequence[Span], *, is_only: bool
) -> list[Asked]:
    """Return the questions of a part; one that nothing answers belongs to a passage in one part."""
    start, end = part
    asked: dict[str, Asked] = {}
    for row in rows:
        spans = [(a - start, b - start) for a, b in row.spans if start <= a and b <= end]
        right = [k for k, (s, e) in enumerate(sentences) if any(a < e and s < b for a, b in spans)]
        if row.is_whole and row.is_answerable:
            right = list(range(len(sentences)))
        if bool(right) != row.is_answerable or (not row.is_answerable and not is_only):
            continue
        words = tuple(dict.fromkeys(passage[a:b] for a, b in row.spans))[:6]
        span = spans[0] if row.is_short and spans else None
        found = Asked(row.question.strip(), tuple(right), span, words)
        # The same question both answered and not: the set contradicts itself, what answers counts.
        if not (before := asked.get(fold(row.question))) or (found.right and not before.right):
            asked[fold(row.question)] = found
    return list(asked.values())


def with_near(units: Sequence[Unit], n: int = N_NEAR) -> list[Unit]:
    """Return the units with the numbers of the nearest others by tf-idf, nearest first."""
    from scipy.sparse import csr_matrix

    counts = [Counter(_terms(unit.passage)) for unit in units]
    spread = Counter(term for count in counts for term in count)
    usual = max(20, len(units) // 50)
    number = {t: i for i, t in enumerate(sorted(t for t, k in spread.items() if 1 < k <= usual))}
    triples = [
        (row, number[term], (1 + np.log(k)) * np.log(len(units) / spread[term]))
        for row, count in enumerate(counts)
        for term, k in count.items()
        if term in number
    ]
    if not triples:
        return list(units)
    lines, columns, values = (np.array(part) for part in zip(*triples, strict=True))
    matrix = csr_matrix((values, (lines, columns)), (len(units), len(number)), dtype=np.float32)
    lengths = np.sqrt(matrix.multiply(matrix).sum(1)).A1 + 1e-9
    found: list[Unit] = []
    for low in range(0, len(units), 500):
        part = matrix[low : low + 500]
        like = (part @ matrix.T).toarray() / lengths[None, :]
        like[np.arange(len(like)), np.arange(low, low + len(like))] = -1.0
        best = np.argpartition(-like, min(n, like.shape[1] - 1), axis=1)[:, :n]
        for i, nearest in enumerate(best):
            order = sorted((int(j) for j in nearest), key=lambda j, i=i: (-float(like[i, j]), j))  # type: ignore[misc]
            near = tuple(j for j in order if like[i, j] > 0 and j != low + i)
            found.append(replace(units[low + i], near=near))
    return found


def _terms(text: str) -> list[str]:
    words = _TERM.findall(text.casefold())
    pairs = [a + b for a, b in pairwise(words) if _IDEOGRAPH.match(a)]
    return [word for word in words if not _IDEOGRAPH.match(word)] + pairs


def write_units(path: Path, units: Iterable[Unit]) -> None:
    """Write units as compressed JSON lines, the same bytes for the same units."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.half")
    with half.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as out:
        for unit in units:
            out.write((json.dumps(asdict(unit), ensure_ascii=False) + "\n").encode())
    half.replace(path)


def read_units(path: Path) -> list[Unit]:
    """Read units back."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [_unit(json.loads(line)) for line in lines]


def _unit(given: dict[str, Any]) -> Unit:
    asked = tuple(
        Asked(a["text"], tuple(a["right"]), _span(a["span"]), tuple(a["words"]))
        for a in given["asked"]
    )
    sentences = tuple((int(a), int(b)) for a, b in given["sentences"])
    near = tuple(int(j) for j in given["near"])
    passage = str(given["passage"])
    return Unit(given["source"], given["title"], given["lang"], passage, sentences, asked, near)


def _span(given: list[int] | None) -> Span | None:
    return (given[0], given[1]) if given else None
