"""An assistant that tells what its language model was shown and said, beside the answer.

In: a question. Out: the quotes, the answer, the prompt and the reply. It answers as any other: what
is watched changes nothing.
"""

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from assistant.evidence.scorer import EvidenceScorer
from assistant.models.embed import Embedder
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.values import Answer, Stage, Turn
from assistant.write.compose import Costs, Writer, open_writer
from assistant.write.llm.values import Finished, Model
from assistant.write.prompt import Prompt
from assistant.write.quoted import QuotedAnswer
from evals.generated.recorded import Recorded


@dataclass(frozen=True, slots=True)
class Watch:
    """What became of one question.

    Attributes:
        quotes: the extracted answer, which is shown first unless it is an abstention.
        answer: what is shown last.
        shown: what the language model was shown; None when it was not asked.
        reply: what it said, word for word; None when that is not recorded.
        cost: of the reply.
        quotes_s: until the quotes were there, the model's time for a follow-up's rewriting in it.
    """

    quotes: Answer
    answer: Answer
    shown: Prompt | None = None
    reply: str | None = None
    cost: Finished | None = None
    quotes_s: float = 0.0


class WatchedWriter(Writer):
    """A `Writer` that keeps the last prompt, and the quotes that it was given."""

    shown: Prompt | None = None
    quotes: Answer | None = None

    def write(self, quoted: QuotedAnswer, costs: Costs) -> Generator[Stage | Answer]:
        """See `Writer`."""
        self.shown, self.quotes = self.show(quoted), quoted.answer
        yield from super().write(quoted, costs)


class Watched(Assistant):
    """An assistant that can be watched. For one thread."""

    def __init__(
        self,
        settings: Settings,
        embedder: Embedder,
        scorer: EvidenceScorer | None = None,
        model: Model | None = None,
    ) -> None:
        super().__init__(settings, embedder, scorer, model)
        self._model = model
        self._watched = None
        if model:
            writer = open_writer(settings, model, self.judge.scorer.support)
            assert writer is not None
            self.writer = self._watched = WatchedWriter(model, writer.verifier)

    def watch(self, question: str, history: Sequence[Turn] = ()) -> Watch:
        """Ask a question; first once more where replies are recorded, so that seconds are alike."""
        if isinstance(self._model, Recorded):
            self.ask(question, history)
        if self._watched:
            self._watched.shown = self._watched.quotes = None
        quotes = answer = None
        started, quotes_s = time.perf_counter(), 0.0
        for found in self.stream(question, history):
            if isinstance(found, Answer):
                if quotes is None:
                    quotes, quotes_s = found, time.perf_counter() - started
                answer = found
        assert quotes is not None
        assert answer is not None
        if quotes.usage:
            quotes_s += quotes.usage.total_s
        if self._watched and self._watched.quotes:
            quotes = self._watched.quotes
        shown = self._watched.shown if self._watched else None
        said = None
        if shown and isinstance(self._model, Recorded):
            said = self._model.find(shown.request)
        reply, cost = said or (None, None)
        return Watch(quotes, answer, shown, reply, cost, quotes_s)
