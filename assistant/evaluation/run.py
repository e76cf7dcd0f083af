"""Asks an assistant a list of questions and makes a report of the answers.

`evaluate` is all that your own tests need. No language model judges, and nothing depends on chance:
two runs differ in their seconds alone. A `Journal` keeps the records of an unfinished run on disk,
so that an interrupted run goes on where it stopped. Besides, what its figures depend on, which
names no path and no machine, so that a report can be published; and files of questions, one JSON
object a line, of which one that is malformed raises `QuestionError` with its line number.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from assistant.errors import CorpusError, QuestionError
from assistant.evaluation.measures import MEASURES
from assistant.evaluation.report import Record, Report, Source, describe
from assistant.evaluation.statistics import summarise
from assistant.evaluation.values import Gold, Outcome, Question, resolve
from assistant.values import Answer, Document, RankedPassage, Span, Turn

# --- Files of questions

EXAMPLE = '{"question": "Who signed the treaty?", "answerable": true}'


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class _Quote(_Form):
    document: str = Field(min_length=1)
    quote: str = Field(min_length=1)


class _Row(_Form):
    question: str = Field(min_length=1)
    answerable: bool
    query_id: str | None = Field(None, min_length=1)
    kind: str = ""
    group: str = ""
    note: str = ""
    history: tuple[tuple[Literal["user", "assistant"], str], ...] = ()
    answers: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    gold: tuple[tuple[_Quote, ...], ...] = ()
    documents: tuple[str, ...] = ()


def read_questions(path: Path) -> tuple[Question, ...]:
    """Return the questions of a file in order; a row without a `query_id` is named by its line.

    Raises:
        QuestionError: the file cannot be read, has no question, or a line of it is not one.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionError(f"the questions {str(path)!r} cannot be read: {error}") from error
    found: dict[str, Question] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            question = _read(line, f"{path}:{number}", number)
            if question.query_id in found:
                raise QuestionError(
                    f"{path}:{number}: the query_id {question.query_id!r} was given before"
                )
            found[question.query_id] = question
    if not found:
        raise QuestionError(f"{str(path)!r} holds no question; expected lines such as {EXAMPLE}")
    return tuple(found.values())


def _read(line: str, where: str, number: int) -> Question:
    try:
        row = _Row.model_validate_json(line)
        return _question(row, row.query_id or f"line-{number}")
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, fault["loc"])) or "the line"
        raise QuestionError(
            f"{where}: {place}: {fault['msg']}; expected a line such as {EXAMPLE}"
        ) from error
    except ValueError as error:
        raise QuestionError(f"{where}: {error}") from error


def _question(row: _Row, query_id: str) -> Question:
    gold = tuple(tuple(Gold(one.document, one.quote) for one in together) for together in row.gold)
    named = (one.document_id for together in gold for one in together)
    return Question(
        query_id=query_id,
        text=row.question,
        is_answerable=row.answerable,
        answers=row.answers,
        wrong=row.wrong,
        gold=gold,
        documents=row.documents or tuple(dict.fromkeys(named)),
        group=row.group,
        kind=row.kind,
        history=row.history,
    )


logger = logging.getLogger(__name__)

MAX_AGE_S = 14 * 24 * 3600
"""A journal that was last written so long ago is of code that is no more."""
N_RANKED = 40
"""Passages of a ranking that is measured: enough for ten documents of four passages each."""
SHOWN_CHARS = 400
"""Characters kept of a passage that was read and not cited."""

_RECORD = TypeAdapter(Record)


class Subject(Protocol):
    """What is measured: an `Assistant`, or anything that answers like one."""

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        """Return the answer, or an abstention; `history` is the conversation before it."""

    def search(self, query: str, k: int = 10) -> tuple[RankedPassage, ...]:
        """Return the k best passages, best first."""

    def document(self, document_id: str) -> Document:
        """Return a document, or raise `CorpusError`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions of one dataset or file.

    `is_ranking` says that only the ranking is measured, since nothing tells what an answer is.
    """

    name: str
    questions: tuple[Question, ...]
    is_ranking: bool = False


def evaluate(
    assistant: Subject, questions: Sequence[Question] | Path | str, *, name: str = "questions"
) -> Report:
    """Ask the questions, or those of a JSONL file, and return the report.

    Raises:
        QuestionError: the file is not one of questions, or the corpus does not hold their gold.
    """
    if isinstance(questions, Path | str):
        questions = read_questions(Path(questions))
    started = time.perf_counter()
    records = ask_all(assistant, Asked(name, tuple(questions)))
    return Report(
        name=name,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=time.perf_counter() - started,
        command="assistant.evaluation.evaluate(...)",
        about=describe(),
        summary={name: summarise(records)},
        bars=(),
        records=records,
    )


def ask_all(
    assistant: Subject,
    asked: Asked,
    *,
    journal: "Journal | None" = None,
    on_question: Callable[[int], None] = lambda _: None,
) -> tuple[Record, ...]:
    """Ask every question that the journal does not hold yet; return the records in order.

    Raises:
        QuestionError: the corpus does not hold the gold of a question, and none has been asked
            yet; or a question cannot be asked.
    """
    if asked.questions:  # makes the index when there is none, and loads what answering needs
        assistant.search("warm up", 1)
    read = cache(assistant.document)
    gold = [resolve(question, read) for question in asked.questions]
    records = []
    for number, (question, spans) in enumerate(zip(asked.questions, gold, strict=True), start=1):
        record = journal.find(asked.name, question.query_id) if journal else None
        if record is None:
            outcome = _ask(assistant, question, spans, read, is_ranking=asked.is_ranking)
            record = _record(asked.name, outcome, read)
            if journal:
                journal.add(record)
        records.append(record)
        on_question(number)
    return tuple(records)


def _ask(
    assistant: Subject,
    question: Question,
    gold: tuple[tuple[Span, ...], ...],
    read: Callable[[str], Document],
    *,
    is_ranking: bool,
) -> Outcome:
    started = time.perf_counter()
    try:
        answer = None if is_ranking else assistant.ask(question.text, question.history)
        seconds = time.perf_counter() - started
        found = assistant.search(answer.query if answer else question.text, N_RANKED)
    except QuestionError as error:
        raise QuestionError(f"{question.query_id!r} cannot be asked: {error}") from error
    passages = (ranked.passage for ranked in found)
    named = {one.document_id for one in answer.citations} if answer else set()
    named |= {span.document_id for together in gold for span in together}
    texts = {str(name): text for name in sorted(named) if (text := _text(name, read)) is not None}
    return Outcome(
        question=question,
        answer=answer,
        gold=gold,
        ranking=tuple(Span(one.document_id, one.start, one.end) for one in passages),
        texts=texts,
        seconds=seconds,
    )


def _text(document_id: str, read: Callable[[str], Document]) -> str | None:
    try:
        return read(document_id).text
    except CorpusError:
        return None


def _record(dataset: str, outcome: Outcome, read: Callable[[str], Document]) -> Record:
    question, answer = outcome.question, outcome.answer
    spans = dict.fromkeys(span for together in outcome.gold for span in together)
    return Record(
        dataset=dataset,
        query_id=question.query_id,
        question=question.text,
        query=answer.query if answer else question.text,
        kind=question.kind,
        is_answerable=question.is_answerable,
        answers=question.answers,
        abstained=answer.kind != "answer" if answer else False,
        said=tuple((one.text, one.citations) for one in answer.statements) if answer else (),
        reason=answer.reason if answer else None,
        confidence=answer.confidence if answer else 0.0,
        seconds=outcome.seconds,
        cited=tuple(
            Source(one.document_id, one.title, one.start, one.end, one.quote)
            for one in (answer.citations if answer else ())
        ),
        gold=tuple(_source(span, read(span.document_id)) for span in spans),
        read=tuple(
            Source(one.document_id, one.title, one.start, one.end, one.text[:SHOWN_CHARS])
            for one in (answer.consulted if answer else ())
        ),
        values={measure.name: measure.of(outcome) for measure in MEASURES},
    )


def _source(span: Span, document: Document) -> Source:
    text = document.text[span.start : span.end]
    return Source(span.document_id, document.title, span.start, span.end, text)


class Journal:
    """The records so far, by dataset and question."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._done: dict[tuple[str, str], Record] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        _forget_old(path.parent)
        for line in path.read_bytes().split(b"\n") if path.exists() else ():
            try:
                record = _RECORD.validate_json(line)
            except ValidationError:
                continue
            self._done.setdefault((record.dataset, record.query_id), record)
        if self._done:
            logger.info("going on with a run that was interrupted: %d done", len(self._done))

    def find(self, dataset: str, query_id: str) -> Record | None:
        """Return the record of a question if it was asked before."""
        return self._done.get((dataset, query_id))

    def add(self, record: Record) -> None:
        """Keep a record."""
        with self._path.open("ab") as file:
            file.write(b"\n" + _RECORD.dump_json(record))

    def remove(self) -> None:
        """Forget the run: it is finished."""
        self._path.unlink(missing_ok=True)


def _forget_old(folder: Path) -> None:
    oldest = time.time() - MAX_AGE_S
    for path in folder.glob("*.jsonl"):
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
        except FileNotFoundError:  # another run was faster
            continue
