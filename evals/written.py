"""Measure answers with a strong language model that is not at hand, by replies that were written.

    python -m evals.written collect --data FOLDER --out PROMPTS [--only SET ...] [--work FOLDER]
    python -m evals.written score --data FOLDER --replies FILE --out FOLDER
        [--verifier local|off|FILE] [--only SET ...] [--work FOLDER]

The questions are those of the seed suite, 60 of CLAP NQ (30 answerable, chosen by the SHA-256 of
their ids) and 30 of `evals.everyday`. `collect` writes what a capable model with 12,000 tokens of
context would be asked, one JSON object a line: id, set, question, prompt (messages). Whoever stands
for the model writes replies: id, reply. An id ends in a digest of its prompt, so that no reply
counts for another prompt than it was written to; the day in it does not matter.

`score` answers with those replies, and writes answers.jsonl (what is shown beside the quotes
alone and the reply, to be graded) and verifying.jsonl (what a verifier is asked: id, prompt). The
local verifier says which sentences stand, or nobody, or a FILE: id, verdicts (the verifier's
reply); one that is not there yet has none.
"""

import argparse
import hashlib
import json
import logging
import re
import shutil
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from assistant.cite import Checked, Verified, number_citations
from assistant.errors import ModelUnavailable, QuestionError
from assistant.evaluation.measures.citations import evidence_f1
from assistant.evaluation.run import read_questions
from assistant.evaluation.values import Outcome, Question, resolve
from assistant.evidence.scorer import open_scorer
from assistant.models.embed import open_embedder
from assistant.values import Answer
from assistant.write.llm.client import BYTES_PER_TOKEN
from assistant.write.llm.values import Finished, Request
from assistant.write.reply import LongReply
from assistant.write.verify import VERIFY
from evals.datasets import load_set, write_corpus
from evals.everyday import folders
from evals.everyday.score import read_questions as read_everyday
from evals.generated.figures import Figure, print_table, share
from evals.generated.sets import ROOT, settings_of
from evals.generated.watch import Watch, Watched

SETS = ("seed", "clapnq", "everyday")
WORK = Path("eval-results/written")
N_CLAPNQ, N_EVERYDAY = 30, 30
"""Of each kind of CLAP NQ's questions, and of the everyday ones."""
PROMPT_TOKENS, REPLY_TOKENS = 12_000, 4_096
ID_CHARS, DIGEST_CHARS = 12, 8
MESSAGES = ("system", "user")
WHO = ("quotes alone", "the model's own marks", "shown")
"""Of whose evidence the F1 is told."""
_TODAY = re.compile(r"^Today is \d{4}-\d\d-\d\d\.$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Asking:
    """Questions to one folder of documents, and what writes these."""

    set: str
    folder: str
    questions: tuple[Question, ...]
    fill: Callable[[Path], None]


class Given:
    """A `Model` that says what is given: a reply for each prompt, verdicts for each reply.

    Attributes:
        asking: the name of the question that is asked at present.
        asked: the prompts by their id; verifying: the requests to verify, likewise.
    """

    name = "given"
    prompt_tokens = PROMPT_TOKENS
    reply_tokens = REPLY_TOKENS
    is_small = False

    def __init__(
        self, replies: Mapping[str, str] | None = None, verdicts: Mapping[str, str] | None = None
    ) -> None:
        self._replies = replies or {}
        self._verdicts = verdicts or {}
        self.asking = ""
        self.id = ""
        self.asked: dict[str, Request] = {}
        self.verifying: dict[str, Request] = {}

    def count(self, text: str) -> int:
        """See `Model`."""
        return len(text.encode("utf-8", "replace")) // BYTES_PER_TOKEN + 1

    def reply_to(self, key: str) -> str | None:
        """Return what is given to a prompt."""
        return self._replies.get(key)

    def stream(self, request: Request) -> Generator[str | Finished | None]:
        """See `Model`; what is not given is a model that cannot be reached."""
        if request.system == VERIFY:
            self.verifying[self.id] = request
            said = self._verdicts.get(self.id)
        else:
            self.id = f"{self.asking}/{digest(request)}"
            self.asked[self.id] = request
            said = self.reply_to(self.id)
        if said is None:
            raise ModelUnavailable(f"nothing is given for {self.id}")
        yield said
        n_read = self.count(request.system + request.user)
        yield Finished(n_read, self.count(said), 0.0, 0.0, is_estimated=True)

    def close(self) -> None:
        """See `Model`."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A question with what became of it.

    `id` is of the prompt, empty where the model is not asked; `n_written` counts the sentences of
    the reply, None without one. Evidence F1 is None where no person chose sentences.
    """

    question: Question
    set: str
    id: str
    watch: Watch
    reply: str | None
    n_written: int | None
    f1: dict[str, float]


def digest(request: Request) -> str:
    """Return what tells a prompt from others, on whichever day it is made."""
    told = f"{request.system}\n{_TODAY.sub('', request.user)}"
    return hashlib.sha256(told.encode()).hexdigest()[:DIGEST_CHARS]


def messages_of(request: Request) -> list[dict[str, str]]:
    """Return a request as a server gets it."""
    return [{"role": role, "content": getattr(request, role)} for role in MESSAGES]


def choose(values: Iterable[Any], n: int, key: Callable[[Any], str]) -> list[Any]:
    """Return the n values whose keys have the lowest SHA-256."""
    return sorted(values, key=lambda one: hashlib.sha256(key(one).encode()).hexdigest())[:n]


def list_askings(data: Path, sets: Sequence[str] = SETS) -> Iterator[Asking]:
    """Yield the questions of the sets by the folder that they are asked of."""
    if "seed" in sets:
        texts = {one.name: one.read_text(encoding="utf-8") for one in (ROOT / "corpus").iterdir()}
        questions = read_questions(ROOT / "evals" / "questions" / "seed.jsonl")
        yield Asking("seed", "seed", questions, partial(write_corpus, texts))
    if "clapnq" in sets:
        public = load_set("clapnq", data)
        kinds = [[q for q in public.questions if q.is_answerable is kind] for kind in (True, False)]
        chosen = [q for kind in kinds for q in choose(kind, N_CLAPNQ, lambda q: str(q.query_id))]
        yield Asking("clapnq", "clapnq", tuple(chosen), partial(write_corpus, public.texts))
    if "everyday" in sets:
        yield from _list_everyday()


def _list_everyday() -> Iterator[Asking]:
    asked = read_everyday(ROOT / "evals" / "everyday" / "questions.jsonl")
    chosen = choose(asked, N_EVERYDAY, lambda one: f"{one.case}/{one.question}")
    for case, group in groupby(sorted(chosen, key=lambda one: one.case), lambda one: one.case):
        questions = tuple(
            Question(_name(f"{case}/{one.question}"), one.question, is_answerable=one.is_answerable)
            for one in group
        )
        yield Asking("everyday", f"everyday-{case}", questions, partial(folders.write, case))


def _name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:ID_CHARS]


def ask_all(
    askings: Iterable[Asking], model: Given, work: Path, verifier: str = "off"
) -> Iterator[Scored]:
    """Yield what becomes of every question, telling on stderr how far it is."""
    for asking in askings:
        place = work / "indexes" / asking.folder
        settings = settings_of(None, "", place, verifier=verifier)
        shutil.rmtree(settings.corpus_dir, ignore_errors=True)
        asking.fill(settings.corpus_dir)
        embedder = open_embedder(settings.embedding_model, settings.cache_dir)
        with Watched(settings, embedder, open_scorer(settings, embedder), model) as assistant:
            assistant.sync()
            for number, question in enumerate(asking.questions, start=1):
                yield _ask(assistant, model, asking.set, question)
                told = f"{asking.folder} {number}/{len(asking.questions)}"
                print(told, file=sys.stderr, flush=True)


def _ask(assistant: Watched, model: Given, name: str, question: Question) -> Scored:
    model.asking, model.id = f"{name}/{question.query_id}", ""
    watch = assistant.watch(question.text, question.history)
    reply = model.reply_to(model.id)
    own, n_written = None, None
    if reply is not None and watch.shown is not None:
        own, n_written = _by_own_marks(reply, watch, assistant)
    answers = dict(zip(WHO, (watch.quotes, own, watch.answer), strict=True))
    f1: dict[str, float] = {}
    if question.is_answerable and question.gold:
        gold = resolve(question, assistant.document)
        names = {span.document_id for together in gold for span in together}
        names |= {one.document_id for a in answers.values() if a for one in a.citations}
        texts = {str(one): assistant.document(one).text for one in names}
        for who, answer in answers.items():
            found = evidence_f1(Outcome(question, answer, gold, texts=texts))
            f1 |= {} if found is None else {who: found}
    return Scored(question, name, model.id, watch, reply, n_written, f1)


def _by_own_marks(reply: str, watch: Watch, assistant: Watched) -> tuple[Answer, int]:
    """Return an answer of what a reply cites, unverified, and how many sentences it has."""
    reading = LongReply()
    drafts = (*reading.add(reply), *reading.end())
    assert watch.shown
    known = {one.number: one for one in watch.shown.sentences}
    cited = [
        Verified(one.text, tuple(known[n] for n in one.sentences if n in known)) for one in drafts
    ]
    checked = Checked(tuple(one for one in cited if one.sentences), ())
    statements, citations, _ = number_citations(checked, assistant.document)
    own = replace(watch.answer, statements=statements, citations=citations)
    return own, len({one.text.casefold() for one in drafts})


def report(scored: Sequence[Scored]) -> dict[str, Any]:
    """Return the figures of the questions of a set, or of several; without a reply none counts."""
    n_all, scored = len(scored), [one for one in scored if not one.id or one.reply is not None]
    cited = [one for one in scored if len(one.f1) == len(WHO)]
    replied = [one for one in scored if one.n_written is not None]
    written = sum(one.n_written or 0 for one in replied)
    dropped = [drop for one in replied for drop in one.watch.answer.dropped]
    return {
        "no reply is given": n_all - len(scored),
        "questions": len(scored),
        "the model is not asked": sum(not one.id for one in scored),
        "sentences written": written,
        "sentences kept": share(
            [float(n < one.n_written - len(one.watch.answer.dropped)) for n in range(one.n_written)]
            for one in replied
            if one.n_written
        ),
        "dropped": len(dropped),
        "answerable refused, quotes alone": _refused(scored, True, lambda one: one.quotes),
        "answerable refused": _refused(scored, True, lambda one: one.answer),
        "unanswerable refused, quotes alone": _refused(scored, False, lambda one: one.quotes),
        "unanswerable refused": _refused(scored, False, lambda one: one.answer),
        "evidence F1": {who: share([one.f1[who]] for one in cited) for who in WHO},
    }


def _refused(
    scored: Sequence[Scored], is_answerable: bool, of: Callable[[Watch], Answer]
) -> Figure | None:
    asked = [one for one in scored if one.question.is_answerable is is_answerable]
    return share([of(one.watch).abstained] for one in asked)


def row(one: Scored) -> dict[str, Any]:
    """Return what is shown to a question, for grading."""
    answer = one.watch.answer
    return {
        "id": one.id,
        "set": one.set,
        "question": one.question.text,
        "answerable": one.question.is_answerable,
        "shown": answer.text,
        "quotes": one.watch.quotes.text,
        "reply": one.reply,
        "refused": answer.abstained,
        "notice": answer.notice,
        "dropped": [{"text": d.text, "cited": d.quotes, "why": d.why} for d in answer.dropped],
        "evidence_f1": one.f1,
    }


def read_given(path: Path, field: str) -> dict[str, str]:
    """Return what a file gives by id.

    Raises:
        QuestionError: a line is no object with an id and that field; names it.
    """
    found: dict[str, str] = {}
    lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    for number, line in enumerate(lines, start=1):  # a text may hold other ends of lines
        try:
            told = json.loads(line)
            key, said = told["id"], told[field]
        except (ValueError, KeyError, TypeError) as error:
            raise QuestionError(f"{path}:{number} needs an id and {field!r}: {error!r}") from error
        found[str(key)] = str(said)
    return found


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write objects, one a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(one, ensure_ascii=False) + "\n" for one in rows)
    path.write_text("".join(lines), encoding="utf-8")


def collect(askings: Iterable[Asking], out: Path, work: Path) -> None:
    """Write what a capable model would be asked."""
    model = Given()
    scored = [one for one in ask_all(askings, model, work) if one.id]
    write_lines(
        out,
        (
            {
                "id": one.id,
                "set": one.set,
                "question": one.question.text,
                "prompt": messages_of(model.asked[one.id]),
            }
            for one in scored
        ),
    )
    print(f"{len(scored)} prompts: {out}")


def score(askings: Iterable[Asking], replies: Path, verifier: str, out: Path, work: Path) -> None:
    """Answer with given replies; print the figures and write what is shown."""
    is_given = verifier not in ("local", "off")
    is_there = is_given and Path(verifier).exists()
    verdicts = read_given(Path(verifier), "verdicts") if is_there else {}
    model = Given(read_given(replies, "reply"), verdicts)
    scored = list(ask_all(askings, model, work, "model" if is_given else verifier))
    for name in dict.fromkeys(one.set for one in scored):
        print_table(name, report([one for one in scored if one.set == name]))
    print_table("all", report(scored))
    write_lines(out / "answers.jsonl", map(row, scored))
    asked = model.verifying.items()
    write_lines(out / "verifying.jsonl", ({"id": i, "prompt": messages_of(r)} for i, r in asked))


def main(arguments: Sequence[str] | None = None) -> None:
    """Collect or score."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=("collect", "score"))
    parser.add_argument("--data", type=Path, required=True, help="the folder of the public sets")
    parser.add_argument("--only", nargs="+", choices=SETS, default=SETS, help="sets to ask")
    parser.add_argument("--replies", type=Path, help="what the model replied: id, reply")
    parser.add_argument("--verifier", default="local", help="local, off, or a file: id, verdicts")
    parser.add_argument("--out", type=Path, required=True, help="a file of collect, else a folder")
    parser.add_argument("--work", type=Path, default=WORK, help="where indexes are")
    given = parser.parse_args(arguments)
    logging.getLogger("assistant").setLevel(logging.ERROR)
    askings = list_askings(given.data, given.only)
    if given.what == "collect":
        collect(askings, given.out, given.work)
    elif given.replies:
        score(askings, given.replies, given.verifier, given.out, given.work)
    else:
        parser.error("score needs --replies")


if __name__ == "__main__":
    main()
