"""The documents and questions of the benchmark: SQuAD's paragraphs, or generated ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant import Settings
from evals.datasets import load_squad, write_corpus
from evals.speed.figure import Plan
from evals.synthetic import PARAGRAPH, make_documents, make_questions

SEED = 7


@dataclass(frozen=True, slots=True)
class Material:
    """Texts by file name, questions about them, and where they come from."""

    texts: dict[str, str]
    questions: list[str]
    source: str

    def write(self, folder: Path) -> Path:
        """Write every text as a file."""
        write_corpus(self.texts, folder)
        return folder


def load_material(plan: Plan) -> Material:
    """Return as many paragraphs as there are up to the plan's number, and its questions."""
    if plan.squad2 is None:
        made = list(make_documents(plan.n_documents, PARAGRAPH, seed=SEED))
        texts = {f"{number:05}.txt": text for number, text in enumerate(made)}
        questions = make_questions(made, plan.n_questions, seed=SEED)
        return Material(texts, questions, "generated paragraphs")
    loaded = load_squad(plan.squad2)
    texts = dict(list(loaded.texts.items())[: plan.n_documents])
    about = [question.text for question in loaded.questions if question.documents[0] in texts]
    random = np.random.default_rng(SEED)
    chosen = random.choice(len(about), min(plan.n_questions, len(about)), replace=False)
    return Material(texts, [about[place] for place in chosen], "squad2 paragraphs")


def model_folder() -> Path:
    """Return where the embedding model of the settings is, once it is prepared."""
    from assistant.models.prepare import prepare

    settings = Settings.load()
    return Path(prepare(settings.embedding_model, settings.cache_dir).source)


def load_sentence_transformer() -> Any:
    """Return the model as sentence-transformers runs it, with its defaults."""
    from assistant.models.export import load_sentence_transformer as load

    return load(model_folder())
