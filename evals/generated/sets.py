"""The questions that a language model's answers are measured on, and the assistant that is asked.

In: the folder of the public data. Out: a set of questions with its documents, and an assistant over
them. Drawn by a fixed seed, so that every run asks the same.
"""

import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from assistant import Settings
from assistant.evaluation.run import read_questions
from assistant.evidence.scorer import open_scorer
from assistant.models.embed import open_embedder
from assistant.write.llm.values import Model
from evals.datasets import Question, load_set, write_corpus
from evals.generated.watch import Watched

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
HELD_OUT = frozenset("4567")
"""Articles of squad2 on which nothing was tuned; the others are for planting."""
N_ANSWERABLE, N_UNANSWERABLE = 60, 40
SEED = 20261124
PATIENCE = {"first_token_timeout_s": 900, "total_timeout_s": 1800, "token_timeout_s": 300}
"""A slow machine is no failure of what is measured."""
PROMPT_TOKENS = 1024
"""What a local file gets on two cores."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Questions and the documents that they are asked of."""

    name: str
    questions: tuple[Question, ...]
    texts: dict[str, str]


def load_asking(name: str, data: Path) -> Asking:
    """Return the set of that name: "squad2" or "seed"."""
    if name == "seed":
        folder = ROOT / "corpus"
        texts = {one.name: one.read_text(encoding="utf-8") for one in folder.iterdir()}
        return Asking(name, read_questions(ROOT / "evals" / "questions" / "seed.jsonl"), texts)
    public = load_set(name, data)
    return Asking(name, choose(public.questions), public.texts)


def choose(questions: Sequence[Question]) -> tuple[Question, ...]:
    """Return the questions drawn from the held-out articles, the answerable ones first."""
    pool = sorted((q for q in questions if q.group in HELD_OUT), key=lambda q: q.query_id)
    random_ = random.Random(SEED)
    answerable = random_.sample([q for q in pool if q.is_answerable], N_ANSWERABLE)
    return (*answerable, *random_.sample([q for q in pool if not q.is_answerable], N_UNANSWERABLE))


def thin(values: Sequence[T], n: int | None) -> tuple[T, ...]:
    """Return n of the values, evenly apart; all when n is None or there are fewer."""
    n = len(values) if n is None else min(n, len(values))
    return tuple(values[i * len(values) // n] for i in range(n))


def settings_of(
    url: str | None, model: str, folder: Path, *, verifier: str | None = None
) -> Settings:
    """Return the settings: as shipped, but for patience, the prompt's size, and who verifies."""
    llm: dict[str, Any] = {"max_prompt_tokens": PROMPT_TOKENS, **PATIENCE}
    if url:
        llm |= {"base_url": url, "model": model}
    given: dict[str, Any] = {"verifier": {"by": verifier}} if verifier else {}
    return Settings.load(corpus_dir=folder / "corpus", index_dir=folder / "index", llm=llm, **given)


def open_watched(settings: Settings, texts: dict[str, str], model: Model | None) -> Watched:
    """Index the documents, and no others, in the settings' folders."""
    if settings.corpus_dir.exists():
        shutil.rmtree(settings.corpus_dir)
    write_corpus(texts, settings.corpus_dir)
    embedder = open_embedder(settings.embedding_model, settings.cache_dir)
    assistant = Watched(settings, embedder, open_scorer(settings, embedder), model)
    assistant.sync()
    return assistant
