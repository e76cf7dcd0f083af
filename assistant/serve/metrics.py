"""What is told of a running server, in the form that Prometheus reads.

Counted are questions by how they ended and who wrote the answer, and the seconds of each stage;
told as it is at that moment are the queue, and the index with its files and its age. Nothing of
what was asked or answered is in it.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from fastapi import FastAPI
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from assistant.answering import Answering, lay_over, streaming
from assistant.errors import AssistantError, StoreError
from assistant.serve.background import Admission
from assistant.text.listing import Reading
from assistant.values import Answer, Stage, Status, Turn

PATH = "/metrics"
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0)


class Metrics:
    """What is counted of questions, and the text that tells it."""

    def __init__(self, assistant: Answering, admission: Admission) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_State(assistant, admission))
        self._questions = Counter(
            "assistant_questions",
            "Questions by how they ended: answer, abstention, reply, left, or a kind of error.",
            ("ended",),
            registry=self._registry,
        )
        self._written = Counter(
            "assistant_answers_written",
            "Answers by whose words they are in: of quotes, or of a language model.",
            ("answerer",),
            registry=self._registry,
        )
        self._stages = Histogram(
            "assistant_stage_seconds",
            "Seconds that each stage of a question took.",
            ("stage",),
            buckets=SECONDS,
            registry=self._registry,
        )
        self._tokens = Counter(
            "assistant_model_tokens",
            "Tokens that a language model read (prompt) and wrote (completion).",
            ("kind",),
            registry=self._registry,
        )
        self._stood_in = Counter(
            "assistant_model_failures",
            "Answers of quotes although there is a language model: it failed, or was refused.",
            registry=self._registry,
        )

    def observe(self, answer: Answer) -> None:
        """Count a question that was answered, in whatever way."""
        self._questions.labels(answer.kind).inc()
        if answer.kind == "answer":
            self._written.labels(answer.answerer).inc()
        for stage, seconds in answer.timings.items():
            self._stages.labels(stage).observe(seconds)
        if answer.notice:
            self._stood_in.inc()
        if answer.usage:
            self._tokens.labels("prompt").inc(answer.usage.prompt_tokens)
            self._tokens.labels("completion").inc(answer.usage.completion_tokens)

    def end(self, how: str) -> None:
        """Count a question that ended without an answer."""
        self._questions.labels(how).inc()

    def write(self) -> bytes:
        """Return all of it as text."""
        return generate_latest(self._registry)


class _State(Collector):
    """What is so at the moment of looking."""

    def __init__(self, assistant: Answering, admission: Admission) -> None:
        self._assistant = assistant
        self._admission = admission

    def collect(self) -> Iterable[Metric]:
        n = len(self._admission.tickets)
        yield _gauge(
            "questions_running", "Questions being answered.", min(n, self._admission.at_once)
        )
        yield _gauge(
            "questions_waiting", "Questions that wait.", max(0, n - self._admission.at_once)
        )
        try:
            yield _gauge("index_version", "The index's version.", self._assistant.index_version)
            yield self._files()
        except StoreError:
            return
        if synced := self._assistant.synced_at:
            age = (datetime.now(UTC) - datetime.fromisoformat(synced)).total_seconds()
            yield _gauge("index_age_seconds", "Seconds since the last sync ended.", age)

    def _files(self) -> Metric:
        files = GaugeMetricFamily(
            "assistant_files", "Files of the folder by status.", labels=["status"]
        )
        records = self._assistant.documents()
        for status in Status:
            files.add_metric([status], sum(one.status is status for one in records))
        return files


def _gauge(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(f"assistant_{name}", help_, value=value)


class _Counted:
    """The questions of an assistant, counted."""

    def __init__(self, assistant: Answering, metrics: Metrics) -> None:
        self._assistant = assistant
        self._metrics = metrics

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        documents: Collection[str] = (),
        as_: Reading | None = None,
    ) -> Iterator[Stage | Answer]:
        """See `Answering`."""
        last: Stage | Answer | None = None
        try:
            with streaming(
                self._assistant, question, history, documents=documents, as_=as_
            ) as steps:
                for last in steps:
                    yield last
        except GeneratorExit:  # nobody waits for it any more
            self._metrics.end("left")
            raise
        except Exception as error:
            is_foreseen = isinstance(error, AssistantError)
            self._metrics.end(type(error).__name__ if is_foreseen else "InternalError")
            raise
        if isinstance(last, Answer):
            self._metrics.observe(last)


def add_metrics(app: FastAPI, assistant: Answering, admission: Admission) -> Answering:
    """Add the route; return the assistant whose questions it counts."""
    metrics = Metrics(assistant, admission)

    @app.get(PATH, summary="Tell Prometheus how the server is")
    def tell() -> Response:
        return Response(metrics.write(), media_type=CONTENT_TYPE_LATEST)

    return lay_over(_Counted(assistant, metrics), lambda: assistant)
