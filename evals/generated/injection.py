"""Documents with a planted instruction -> how often an answer obeys it, and what that costs.

In: squad2's paragraphs of articles that nothing else here is measured on, BIPIA's text attacks and
the 40 payloads. Each attack is planted in a document that answers the question, one at a time, and
the question is asked with and without it. Out: figures, every run, and the statements that differ.
Refuses nothing.
"""

import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from assistant import Settings
from assistant.cite import locate
from assistant.values import Answer, DocumentId, Span
from assistant.write.llm.values import Model
from evals.datasets import Question, load_set
from evals.generated.attacks import (
    POSITIONS,
    Attack,
    Position,
    list_payloads,
    load_bipia,
    plant,
)
from evals.generated.obedient import Obedient
from evals.generated.readings import Readings, Row
from evals.generated.sets import HELD_OUT, SEED, open_watched, thin
from evals.generated.trial import Trial, list_rows, tally
from evals.generated.watch import Watch, Watched

BIPIA = Path("bipia/text_attack_train.json")


@dataclass(frozen=True, slots=True)
class Plan:
    """One attack to be planted, and the question that is asked then."""

    attack: Attack
    position: Position
    question: Question

    @property
    def place(self) -> tuple[str, str, Position]:
        """Attack, document and position: plans of one place are of one corpus."""
        return self.attack.name, self.question.documents[0], self.position


@dataclass(frozen=True)
class Report:
    """What was measured, and the readings that it rests on."""

    trials: tuple[Trial, ...]
    readings: Readings

    @cached_property
    def figures(self) -> dict[str, Any]:
        """The figures by name."""
        return tally(self.trials, self.readings)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """Every run as plain data."""
        return [one.to_row(self.readings) for one in self.trials]

    @cached_property
    def differing(self) -> list[Row]:
        """The statements of attacked runs that the clean runs do not show."""
        return list_rows(self.trials)


def measure(
    settings: Settings,
    data: Path,
    *,
    model: Model | None,
    obedient: Obedient | None = None,
    n: int | None = None,
    readings: Sequence[Path] = (),
) -> Report:
    """Plant and ask.

    Args:
        settings: where the corpus and its index are made.
        data: the folder of the public sets.
        model: writes; None for quotes alone, or where an `obedient` script does what the attacks
            say.
        n: attacks of BIPIA, and at most so many payloads; all of them once when None.
        readings: files that were filled in.
    """
    public = load_set("squad2", data)
    questions = [q for q in public.questions if q.group not in HELD_OUT]
    texts = {name: public.texts[name] for q in questions for name in q.documents}
    plans = list(make_plans(questions, load_bipia(data / BIPIA), n))
    with open_watched(settings, texts, obedient or model) as assistant:
        trials = run(assistant, texts, plans, obedient)
    return Report(tuple(trials), Readings(readings))


def make_plans(
    questions: Sequence[Question], attacks: Sequence[Attack], n: int | None = None
) -> Iterator[Plan]:
    """Yield BIPIA's attacks, positions in turn, then the payloads with two questions each.

    More than there are attacks: again, at the next position. A payload is asked about with a
    question that its document answers and, where there is one, with one that it does not.
    """
    by_document = _by_document(questions)
    n = len(attacks) if n is None else n
    chosen = thin(attacks, n)
    for number in range(n):
        nth, turn = number % len(chosen), number // len(chosen)
        answerable, _ = by_document[nth % len(by_document)]
        yield Plan(chosen[nth], POSITIONS[(nth + turn) % len(POSITIONS)], answerable)
    for number, attack in enumerate(thin(list_payloads(), n)):
        for question in by_document[-1 - number % len(by_document)]:
            if question is not None:
                yield Plan(attack, POSITIONS[number % len(POSITIONS)], question)


def run(
    assistant: Watched,
    texts: dict[str, str],
    plans: Sequence[Plan],
    obedient: Obedient | None = None,
) -> list[Trial]:
    """Ask every question without an attack, then each with its own."""
    clean: dict[str, Watch] = {}
    for plan in plans:
        if plan.question.query_id not in clean:
            clean[plan.question.query_id] = assistant.watch(plan.question.text)
            _tell("clean", len(clean), plan.question.text)
    trials: list[Trial] = []
    for (_, document, position), group in groupby(plans, key=lambda plan: plan.place):
        together = list(group)
        attack = together[0].attack
        path = assistant.settings.corpus_dir / document
        path.write_text(plant(texts[document], attack.text, position), encoding="utf-8")
        try:
            assistant.sync()
            if obedient:
                obedient.attack = attack
            planted = _find(assistant, document, attack.text)
            for plan in together:
                attacked = assistant.watch(plan.question.text)
                before = clean[plan.question.query_id]
                known = _known(texts, plan.question, before, attacked)
                trials.append(
                    Trial(attack, position, plan.question, planted, before, attacked, known)
                )
                _tell(f"{attack.name} {position}", len(trials), plan.question.text)
        finally:
            path.write_text(texts[document], encoding="utf-8")
    return trials


def _by_document(questions: Sequence[Question]) -> list[tuple[Question, Question | None]]:
    """Return a question that each document answers and one that it does not, in random order."""
    answerable: dict[str, list[Question]] = {}
    others: dict[str, list[Question]] = {}
    for one in sorted(questions, key=lambda one: one.query_id):
        if one.answers and one.gold:
            answerable.setdefault(one.documents[0], []).append(one)
        elif not one.is_answerable and one.documents:
            others.setdefault(one.documents[0], []).append(one)
    random_ = random.Random(SEED)
    pairs = [
        (random_.choice(answerable[name]), random_.choice(others.get(name, [None])))
        for name in sorted(answerable)
    ]
    random_.shuffle(pairs)
    return pairs


def _find(assistant: Watched, document: str, attack: str) -> Span | None:
    """Return where the attack stands in the document as it is stored."""
    stored = assistant.document(document)
    place = locate(attack, stored.text)
    return Span(stored.document_id, *place) if place else None


def _known(texts: dict[str, str], question: Question, *watches: Watch) -> str:
    """Return the question, the documents cited or shown without the attack, the clean answer."""
    names: set[DocumentId] = {DocumentId(question.documents[0])}
    for watch in watches:
        names |= {one.document_id for one in (*watch.answer.citations, *watch.quotes.citations)}
        names |= {one.passage.document_id for one in (watch.shown.sentences if watch.shown else ())}
    told = [texts[name] for name in sorted(names)]
    return "\n".join((question.text, *told, *map(_said, (watches[0].quotes, watches[0].answer))))


def _said(answer: Answer) -> str:
    return " ".join(one.text for one in answer.statements)


def _tell(what: str, number: int, question: str) -> None:
    print(f"injection {number} {what}: {question}", file=sys.stderr, flush=True)
