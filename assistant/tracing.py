"""Tells of each question and each sync as spans, through llama-index's instrumentation.

`trace_answers` and `trace_syncs` hand spans to llama-index's dispatcher: one for the whole, and
under it one for each stage. Whatever listens there hears of them, such as a handler that a program
has added. With the setting `tracing` OpenTelemetry listens (`pip install 'assistant[otel]'`): the
spans of llama-index itself, such as a model's calls, come under those of the stage that made them.

Where a request names the span that it is sent in, as W3C's `traceparent` does, the spans of its
question come under that one: `continue_trace`.

Without that setting nothing is imported for it. What was asked and answered is in no attribute,
unless `tracing` is "texts".
"""

import inspect
import os
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

from assistant.errors import SettingsError
from assistant.settings import Settings
from assistant.values import Answer, Stage

if TYPE_CHECKING:
    from llama_index_instrumentation.dispatcher import Dispatcher
    from opentelemetry.trace import Span, Tracer

INSTRUMENTATION = "llama_index_instrumentation"
ID_CHARS = len(str(uuid.uuid4())) + 1
"""What stands after a span's name in its id, as llama-index makes them."""
TRACE_FIELDS = ("traceparent", "tracestate")
"""What W3C's Trace Context calls a request's span, and what a vendor says of it."""
MAX_SENT_CHARS = 512
"""Characters of each that are read: so long a `tracestate` is passed on by everyone."""
Attributes = Mapping[str, str | int | float | bool]
_starting = threading.Lock()


class _HasSettings(Protocol):
    @property
    def settings(self) -> Settings: ...


S = TypeVar("S", bound=_HasSettings)
R = TypeVar("R")
P = ParamSpec("P")
Steps = Iterator[Stage | Answer]


def trace_answers(
    stream: Callable[Concatenate[S, P], Steps],
) -> Callable[Concatenate[S, P], Steps]:
    """Tell of each question that a method answers, and of the stages that it yields."""

    @wraps(stream)
    def traced(self: S, /, *args: P.args, **kwargs: P.kwargs) -> Steps:
        steps = stream(self, *args, **kwargs)
        if (dispatcher := _find_dispatcher(self.settings)) is None:
            return steps
        given = inspect.signature(stream).bind(self, *args, **kwargs)
        given.apply_defaults()
        return _watch(steps, dispatcher, given, has_texts=self.settings.tracing == "texts")

    return traced


def _watch(
    steps: Steps, dispatcher: "Dispatcher", given: inspect.BoundArguments, *, has_texts: bool
) -> Steps:
    said = given.arguments
    told: dict[str, str | int] = {
        "assistant.n_turns": len(said["history"]),
        "assistant.n_documents": len(said["documents"]),
    }
    if has_texts:
        told["assistant.question"] = said["question"]
    whole = _Told.enter(dispatcher, "assistant.ask", given, told)
    stage: _Told | None = None
    last: Stage | Answer | None = None
    try:
        while True:
            with (stage or whole).inside():
                step = next(steps, None)
            if step is None:
                break
            if isinstance(step, Stage) and (not stage or stage.name != f"assistant.{step.name}"):
                if stage:
                    stage.exit()
                stage = whole.enter_below(f"assistant.{step.name}")
            last = step
            yield step
    except BaseException as error:
        with (stage or whole).inside():
            steps.close()  # type: ignore[attr-defined] # a generator
        for one in (stage, whole):
            if one:
                one.drop(error)
        raise
    if stage:
        stage.exit()
    told_of = _describe_answer(last, has_texts=has_texts) if isinstance(last, Answer) else {}
    whole.exit(last, told_of)


def trace_syncs(sync: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Tell of each sync of a method that takes `on_progress`, and how long its stages took.

    The stages of many files alternate, so each has one span: from where it first began to the end,
    with the seconds that were spent in it.
    """

    @wraps(sync)
    def traced(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if (dispatcher := _find_dispatcher(self.settings)) is None:
            return sync(self, *args, **kwargs)
        given = inspect.signature(sync).bind(self, *args, **kwargs)
        given.apply_defaults()
        whole = _Told.enter(dispatcher, "assistant.sync", given)
        stages = _Stages(whole)
        tell: Callable[[Any], None] = given.arguments["on_progress"]

        def report(progress: Any) -> None:
            stages.begin(progress.stage)
            tell(progress)

        kwargs["on_progress"] = report
        try:
            with whole.inside():
                done = sync(self, *args, **kwargs)
        except BaseException as error:
            stages.end()
            whole.drop(error)
            raise
        stages.end()
        whole.exit(done, _describe_sync(done))
        return done

    return traced


class _Stages:
    """The stages of a sync: a span each, and the seconds spent in it."""

    def __init__(self, whole: "_Told") -> None:
        self._whole = whole
        self._spans: dict[str, _Told] = {}
        self._seconds: dict[str, float] = {}
        self._present, self._since = "", 0.0

    def begin(self, name: str) -> None:
        """Go on in a stage, which may have begun before."""
        now = time.perf_counter()
        if self._present:
            self._seconds[self._present] += now - self._since
        if name not in self._spans:
            self._spans[name] = self._whole.enter_below(f"assistant.sync.{name}".replace(" ", "_"))
            self._seconds[name] = 0.0
        self._present, self._since = name, now

    def end(self) -> None:
        """End all of them."""
        if self._present:
            self.begin(self._present)
        for name, span in self._spans.items():
            span.exit(None, {"assistant.seconds": self._seconds[name]})


@contextmanager
def continue_trace(settings: Settings, sent: Mapping[str, object]) -> Iterator[None]:
    """Tell of what the block does below the span that its sender names, where tracing is on.

    A span of this process that is current stays so: it is nearer. The block may await, and is left
    in the task that it was entered in.

    Args:
        settings: of the assistant that does it.
        sent: what may hold a `traceparent` and a `tracestate` as W3C's Trace Context has them. What
            is malformed is left out.
    """
    if settings.tracing == "off":
        yield
        return
    from opentelemetry.context import attach, detach
    from opentelemetry.trace import get_current_span
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    given = {name: said for name in TRACE_FIELDS if _is_short_line(said := sent.get(name))}
    context = TraceContextTextMapPropagator().extract(given)
    here, there = (get_current_span(one).get_span_context() for one in (None, context))
    if not there.is_valid or (here.is_valid and not here.is_remote):
        yield
        return
    token = attach(context)
    try:
        yield
    finally:
        detach(token)


def _is_short_line(said: object) -> bool:
    """Whether it is a text that a header can hold; of others a log would quote what was sent."""
    is_line = isinstance(said, str) and said.isascii() and said.isprintable()
    return is_line and len(str(said)) <= MAX_SENT_CHARS


@dataclass(frozen=True, slots=True)
class _Told:
    """A span that the dispatcher was told of, and that is open."""

    dispatcher: "Dispatcher"
    name: str
    id_: str
    given: inspect.BoundArguments

    @classmethod
    def enter(
        cls,
        dispatcher: "Dispatcher",
        name: str,
        given: inspect.BoundArguments,
        attributes: Attributes | None = None,
        parent: str | None = None,
    ) -> "_Told":
        """Open a span; unless a parent is named, below the one that is active here."""
        from llama_index_instrumentation.span import active_span_id

        told = cls(dispatcher, name, f"{name}-{uuid.uuid4()}", given)
        dispatcher.span_enter(
            id_=told.id_,
            bound_args=given,
            parent_id=parent or active_span_id.get(),
            tags={},
            attributes=attributes or {},
        )
        return told

    def enter_below(self, name: str) -> "_Told":
        return _Told.enter(self.dispatcher, name, self.given, parent=self.id_)

    def exit(self, result: object = None, attributes: Attributes | None = None) -> None:
        self.dispatcher.span_exit(
            id_=self.id_, bound_args=self.given, result=result, attributes=attributes or {}
        )

    def drop(self, error: BaseException) -> None:
        self.dispatcher.span_drop(id_=self.id_, bound_args=self.given, err=error)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Make it the active span for the length of the block, which no thread may leave."""
        from llama_index_instrumentation import root_dispatcher
        from llama_index_instrumentation.span import active_span_id

        with ExitStack() as stack:
            for handler in root_dispatcher.span_handlers:
                if isinstance(handler, OtelSpans):
                    stack.enter_context(handler.inside(self.id_))
            token = active_span_id.set(self.id_)
            try:
                yield
            finally:
                active_span_id.reset(token)


class OtelSpans:
    """A span handler of llama-index's dispatcher: each span becomes one of OpenTelemetry.

    Of spans that are not the assistant's own it tells the name, the times and the kind of an error,
    none of what was passed. Safe to share between threads.
    """

    def __init__(self, tracer: "Tracer") -> None:
        self._tracer = tracer
        self.open_spans: dict[str, Span] = {}

    def span_enter(
        self,
        id_: str,
        *,
        parent_id: str | None = None,
        attributes: Attributes | None = None,
        **_: object,
    ) -> None:
        """Begin a span, below its parent or what is current in OpenTelemetry's context."""
        from opentelemetry.trace import set_span_in_context

        parent = self.open_spans.get(parent_id or "")
        self.open_spans[id_] = self._tracer.start_span(
            id_[:-ID_CHARS],
            context=set_span_in_context(parent) if parent else None,
            attributes=dict(attributes or {}),
        )

    def span_exit(self, id_: str, *, attributes: Attributes | None = None, **_: object) -> None:
        """End a span."""
        if span := self.open_spans.pop(id_, None):
            span.set_attributes(dict(attributes or {}))
            span.end()

    def span_drop(self, id_: str, *, err: BaseException | None = None, **_: object) -> None:
        """End a span with the kind of its error, whose message may say what was asked."""
        from opentelemetry.trace import Status, StatusCode

        if not (span := self.open_spans.pop(id_, None)):
            return
        if isinstance(err, GeneratorExit):
            span.set_attribute("assistant.kind", "left")
        else:
            span.set_attribute("error.type", type(err).__name__)
            span.set_status(Status(StatusCode.ERROR))
        span.end()

    @contextmanager
    def inside(self, id_: str) -> Iterator[None]:
        """Make a span the current one of OpenTelemetry for the length of the block."""
        from opentelemetry.trace import use_span

        if span := self.open_spans.get(id_):
            with use_span(span, record_exception=False, set_status_on_exception=False):
                yield
        else:
            yield

    def capture_propagation_context(self) -> dict[str, Any]:
        """Return nothing: OpenTelemetry has its own way to other processes."""
        return {}

    def restore_propagation_context(self, context: dict[str, Any]) -> None:
        """Take nothing; see `capture_propagation_context`."""

    def close(self) -> None:
        """End what is open."""
        for id_ in list(self.open_spans):
            self.span_exit(id_)


def _find_dispatcher(settings: Settings) -> "Dispatcher | None":
    """Return the dispatcher where somebody listens; None where nobody does."""
    if settings.tracing != "off":
        _listen()
    elif INSTRUMENTATION not in sys.modules:
        return None
    from llama_index_instrumentation import get_dispatcher, root_dispatcher
    from llama_index_instrumentation.span_handlers import NullSpanHandler

    if all(isinstance(one, NullSpanHandler) for one in root_dispatcher.span_handlers):
        return None
    return get_dispatcher("assistant")


def _listen() -> None:
    """Let OpenTelemetry hear of all spans of this process.

    Where the program has set up no provider, they are sent by OTLP, as the environment says
    (`OTEL_EXPORTER_OTLP_ENDPOINT` and so on).

    Raises:
        SettingsError: what is needed for it is not installed.
    """
    try:
        from llama_index_instrumentation import root_dispatcher
        from opentelemetry import trace

        with _starting:
            if any(isinstance(one, OtelSpans) for one in root_dispatcher.span_handlers):
                return
            if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
                trace.set_tracer_provider(_make_provider())
            handler: Any = OtelSpans(trace.get_tracer("assistant"))
            root_dispatcher.add_span_handler(handler)
    except ImportError as error:
        raise SettingsError(
            f"tracing needs what is not installed ({error}); run: pip install 'assistant[otel]'"
        ) from error


def _make_provider() -> Any:
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME", "assistant")
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def _describe_answer(answer: Answer, *, has_texts: bool) -> Attributes:
    """Return what came of a question, in numbers and names; with its texts if they are wanted."""
    told: dict[str, str | int | float | bool] = {
        "assistant.kind": answer.kind,
        "assistant.reading": answer.reading,
        "assistant.answerer": answer.answerer,
        "assistant.confidence": answer.confidence,
        "assistant.n_statements": len(answer.statements),
        "assistant.n_citations": len(answer.citations),
        "assistant.index_version": answer.index_version,
        "assistant.model_failed": answer.notice is not None,
    }
    told |= {f"assistant.seconds.{stage}": taken for stage, taken in answer.timings.items()}
    if answer.usage:
        told["gen_ai.request.model"] = answer.usage.model
        told["gen_ai.usage.input_tokens"] = answer.usage.prompt_tokens
        told["gen_ai.usage.output_tokens"] = answer.usage.completion_tokens
    if has_texts:
        told["assistant.query"], told["assistant.answer"] = answer.query, answer.text
    return told


def _describe_sync(report: object) -> Attributes:
    """Return how many files and passages there were of each kind."""
    names = ("added", "changed", "moved", "removed", "unchanged", "skipped", "passages", "embedded")
    return {f"assistant.n_{name}": getattr(report, f"n_{name}") for name in names}
