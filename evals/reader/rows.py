"""Reads questions with their passages, and where the answer stands, out of the sets that train.

In: the folder of public data. Out: rows; every span is checked against its passage. Nothing that is
kept for reporting is among them: of squad2 the last three articles by title, every set that only
reports, the paragraphs that XQuAD translates and every second page of the OMoS sets, so that their
German questions can be asked of a model that has read no translation of them.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

Span = tuple[int, int]

HELD_ARTICLES = 3
"""Articles of squad2, the last by title, that only report."""
JUDGE_ARTICLES = frozenset({"Huguenot"})
"""Articles of squad2 that watch the training and fit what judges: the reader never learns them."""
SHARES = {
    "condaqa": 0.4,
    "cuad": 0.1,
    "evidence_inference_v2": 0.4,
    "fairytaleqa": 0.5,
    "fairytaleqa_indoc": 0.4,
    "hotpotqa_distractors": 0.5,
    "jaquad_train": 0.7,
    "liveqa_med_judged": 0.0,
    "medquad": 0.1,
    "medquad_indoc": 0.15,
    "mined_wiki": 0.6,
    "molweni_test": 0.2,
    "pubmedqa_l": 0.0,
    "squadshifts_amazon": 0.4,
    "squadshifts_reddit": 0.4,
}
"""Share of the passages that are taken; of a set that is not named all are."""
MULTILINGUAL = ("jaquad_train", "cmrc2018", "arcd", "omosqa_fr", "omosqa_uk", "omosqa_ar")
OMOS = ("omosqa_en", "omosqa_fr", "omosqa_uk", "omosqa_ar")


@dataclass(frozen=True, slots=True)
class Row:
    """A question, a passage and the spans that answer; `is_whole` where all of the passage does."""

    source: str
    id: str
    question: str
    passage: str
    spans: tuple[Span, ...]
    is_answerable: bool
    is_whole: bool = False
    is_short: bool = True
    """Whether the spans are the answering words, not sentences or clauses around them."""
    title: str = ""
    lang: str = "en"


def digest(text: str) -> int:
    """Return a number that stands for the text on every machine."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def load_rows(data: Path) -> list[Row]:
    """Load every row that may train."""
    kept_back = xquad_ids(data)
    rows = list(_reading(data / "reading", kept_back))
    rows += [*_squad2(data), *_nq(data), *_squad_form(data / "policyqa", "policyqa")]
    rows += _squad_form(data / "covidqa", "covidqa")
    return list(_across_languages(rows))


def fits_judge(name: str, data: Path) -> frozenset[str] | None:
    """Return the questions of a set, folded, that may fit what judges; None if all of them may.

    They are those whose passages train no reader, and that are not kept for reporting. (A tenth of
    the passages of nq train with other questions, in other sets.)
    """
    if name == "squad2":
        articles = [a for a in squad2_articles(data) if a["title"] in JUDGE_ARTICLES]
        return _asked_of(articles, name)
    if name == "covidqa":
        halves: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
        for article in _articles(data / name):
            halves[_is_judges(article)].append(article)
        return _asked_of(halves[True], name) - _asked_of(halves[False], name)
    if name == "nq":
        lines = read_lines(data / "nq_oracle" / "nq.jsonl")
        return frozenset(fold(q) for row in lines if digest(q := str(row["question"])) % 2)
    if name == "clapnq":
        parts = ("answerable", "unanswerable")
        asked = (str(row["input"]) for p in parts for row in read_lines(data / name / f"{p}.jsonl"))
        return frozenset(fold(q) for q in asked if not reports(q))
    return None


def _asked_of(articles: Iterable[dict[str, Any]], source: str) -> frozenset[str]:
    return frozenset(fold(row.question) for a in articles for row in squad_rows(a, source))


def reports(question: str) -> bool:
    """Whether a question of clapnq is one of those that only report."""
    return int(hashlib.sha256(question.encode()).hexdigest()[0], 16) % 2 == 1


def _articles(folder: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.glob("*.json")):
        yield from json.loads(path.read_text())["data"]


def _is_judges(article: dict[str, Any]) -> bool:
    """Whether an article of covidqa is one of the half that fits what judges."""
    return digest(str(article["paragraphs"][0]["context"])) % 2 == 1


def xquad_ids(data: Path) -> frozenset[str]:
    """Return the ids of SQuAD's questions whose paragraphs XQuAD translates."""
    folder = data / "reading" / "multilingual"
    names = sorted(folder.glob("xquad_*.jsonl.gz"))
    return frozenset(str(row["id"]) for name in names for row in read_lines(name))


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of JSON lines, compressed or not."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def squad2_articles(data: Path) -> list[dict[str, Any]]:
    """Return the articles of squad2 by title."""
    articles: list[dict[str, Any]] = json.loads((data / "squad2/squad2.json").read_text())["data"]
    return sorted(articles, key=lambda article: str(article["title"]))


def squad_rows(article: dict[str, Any], source: str) -> Iterator[Row]:
    """Yield the questions of an article in SQuAD's form, without those whose span is not there."""
    for paragraph in article["paragraphs"]:
        text = str(paragraph["context"])
        for asked in paragraph["qas"]:
            spans = tuple(_checked(text, a["text"], a["answer_start"]) for a in asked["answers"])
            found = tuple(dict.fromkeys(span for span in spans if span))
            is_answerable = not asked.get("is_impossible", False)
            if is_answerable == bool(found):
                title = str(article.get("title") or "")
                id_ = str(asked["id"])
                row = Row(source, id_, asked["question"], text, found, is_answerable)
                yield replace(row, title=title)


def _checked(passage: str, text: str, start: int) -> Span | None:
    # COVID-QA counts to the first letter of some answers that begin with a space.
    for said in (text, text.strip()):
        if said and passage[start : start + len(said)] == said:
            return start, start + len(said)
    return None


def _reading(folder: Path, kept_back: frozenset[str]) -> Iterator[Row]:
    held = _held_omos(folder / "multilingual")
    names = sorted(folder.glob("*.jsonl.gz"))
    names += [folder / "multilingual" / f"{name}.jsonl.gz" for name in MULTILINGUAL]
    kept_texts: set[str] = set()
    found = []
    for path in names:
        source = path.name.removesuffix(".jsonl.gz")
        for given in read_lines(path):
            row = reading_row(source, given)
            if row.id in kept_back:
                kept_texts.add(fold(row.passage))
            if source in OMOS and row.id in held:
                continue
            if digest(row.passage) % 1000 < 1000 * SHARES.get(source, 1.0):
                found.append(row)
    # "mined_wiki" carries other sets' questions and paragraphs, by text.
    yield from (row for row in found if fold(row.passage) not in kept_texts)


def reading_row(source: str, given: dict[str, Any]) -> Row:
    """Return a line of `reading` as a row."""
    level = str(given.get("level", "span"))
    spans = ((int(a["start"]), int(a["start"]) + len(a["text"])) for a in given["answers"])
    return Row(
        source,
        str(given["id"]),
        given["question"],
        given["passage"],
        tuple(dict.fromkeys(spans)),
        bool(given["answerable"]),
        is_whole=level == "passage",
        is_short=level in ("span", "span (one-sentence passage)"),
        title=str(given.get("title") or ""),
        lang=str(given.get("lang") or "en"),
    )


def is_held_page(row: dict[str, Any]) -> bool:
    """Whether the page of a row of omosqa_de is one whose translations do not train."""
    return digest(str(row["title"]) or str(row["passage"])) % 2 == 1


def _held_omos(folder: Path) -> frozenset[str]:
    path = folder / "omosqa_de.jsonl.gz"
    return frozenset(str(r["id"]) for r in read_lines(path) if is_held_page(r))


def _squad2(data: Path) -> Iterator[Row]:
    foreign = [r for lang in ("de", "es") for r in _xquad_passages(data, lang)]
    for article in squad2_articles(data)[:-HELD_ARTICLES]:
        if article["title"] not in JUDGE_ARTICLES:
            rows = list(squad_rows(article, "squad2"))
            translated = _translated({row.passage for row in rows}, foreign)
            yield from (row for row in rows if row.passage not in translated)


def _xquad_passages(data: Path, lang: str) -> set[str]:
    path = data / "reading" / "multilingual" / f"xquad_{lang}.jsonl.gz"
    return {str(row["passage"]) for row in read_lines(path)}


_SIGN = re.compile(r"\b(?:\d[\d.,]*\d|\d|[A-Z]\w{3,})\b")


def _translated(passages: Iterable[str], foreign: Iterable[str]) -> set[str]:
    """Return the passages that share most numbers and names with one in another language."""
    signs = [set(_SIGN.findall(text)) for text in foreign]
    found = set()
    for passage in passages:
        own = set(_SIGN.findall(passage))
        shared = max((len(own & other) / max(3, len(own)) for other in signs), default=0.0)
        if shared >= 0.4:
            found.add(passage)
    return found


def _nq(data: Path) -> Iterator[Row]:
    for given in read_lines(data / "nq_oracle" / "nq.jsonl"):
        question, passage = str(given["question"]), str(given["text"])
        if digest(question) % 2:  # the others fit what judges
            continue
        places = [(passage.find(text), text) for text in given["answers"] if len(text) > 1]
        spans = tuple((start, start + len(text)) for start, text in places if start >= 0)
        if spans:
            row = Row("nq", question, question, passage, spans, is_answerable=True)
            yield replace(row, title=str(given["title"]))


def _squad_form(folder: Path, source: str) -> Iterator[Row]:
    for article in _articles(folder):
        if source != "covidqa" or not _is_judges(article):
            yield from (replace(row, is_short=False) for row in squad_rows(article, source))


def _across_languages(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows, and those of parallel sets also with the question in another language."""
    rows = list(rows)
    asked = {(r.source, r.id): (r.question, r.is_answerable) for r in rows if r.source in OMOS}
    for row in rows:
        yield row
        if row.source in OMOS:
            other = OMOS[(OMOS.index(row.source) + 1 + digest(row.id) % 3) % len(OMOS)]
            question, is_same = asked.get((other, row.id), ("", False))
            if question and is_same == row.is_answerable:
                yield replace(row, question=question, id=f"{row.id}-{other}")


def fold(text: str) -> str:
    """Return the letters and digits alone, in lower case: for telling doubles."""
    return "".join(c for c in text.casefold() if c.isalnum())
