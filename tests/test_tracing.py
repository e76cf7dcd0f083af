"""What OpenTelemetry hears of questions and syncs: read off its own exporters."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import httpx
import httpx2
import pytest
from browsing import serving
from corpora import FILES, settings_in, write_files
from hashing import HashingEmbedder
from hypothesis import given
from hypothesis import settings as properties
from hypothesis import strategies as st
from llama_index.core.llms import MockLLM
from llama_index_instrumentation import get_dispatcher, root_dispatcher
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.shared import _otel as mcp_spans
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as otlp
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as otlp_service
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, get_current_span

from assistant.errors import CorpusError, QuestionError, SettingsError
from assistant.pipeline import Assistant
from assistant.serve.app import build_app
from assistant.serve.requests import TraceMiddleware
from assistant.settings import Settings
from assistant.tracing import OtelSpans, continue_trace
from assistant.values import Answer, Stage

QUESTION = "Where does the Danube rise?"
PATIENCE_S = 60.0
ROOT = Path(__file__).parents[1]


class Heard:
    """The spans that have ended, by OpenTelemetry's own exporter."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = self.provider.get_tracer("test")

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        return sorted(self.exporter.get_finished_spans(), key=lambda one: one.start_time or 0)

    def wait_for(self, name: str, n: int = 1) -> list[ReadableSpan]:
        """Return the spans of a name once there are so many: a response may be before their end."""
        until = time.monotonic() + PATIENCE_S
        while len(found := [one for one in self.spans if one.name == name]) < n:
            assert time.monotonic() < until, f"{len(found)} spans {name!r}"
            time.sleep(0.01)
        return found

    def find(self, name: str) -> ReadableSpan:
        (found,) = [one for one in self.spans if one.name == name]
        return found

    def below(self, parent: ReadableSpan) -> list[str]:
        inside = [one for one in self.spans if one.parent and one.parent == parent.context]
        return [one.name for one in inside]

    def said(self) -> str:
        """Return all that is told but the ids."""
        return " ".join(
            f"{one.name} {dict(one.attributes or {})} {one.events}" for one in self.spans
        )


@pytest.fixture
def heard() -> Iterator[Heard]:
    """Let OpenTelemetry's in-memory exporter listen for the length of a test."""
    before, found = list(root_dispatcher.span_handlers), Heard()
    handler: Any = OtelSpans(found.tracer)
    root_dispatcher.span_handlers = [*before, handler]
    yield found
    root_dispatcher.span_handlers = before
    assert not handler.open_spans, "a span was left open"


@pytest.fixture
def traced(settings: Settings, embedder: HashingEmbedder) -> Iterator[Assistant]:
    with Assistant(settings.model_copy(update={"tracing": "stages"}), embedder) as opened:
        yield opened


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_question_is_a_span_with_one_for_each_of_its_stages(
    traced: Assistant, heard: Heard
) -> None:
    traced.sync()
    heard.exporter.clear()
    answer = traced.ask(QUESTION)
    whole = heard.find("assistant.ask")
    assert heard.below(whole) == ["assistant.searching", "assistant.reading", "assistant.checking"]
    told = attributes(whole)
    assert told["assistant.kind"] == answer.kind == "answer"
    assert told["assistant.n_citations"] == len(answer.citations)
    assert told["assistant.confidence"] == pytest.approx(answer.confidence)
    seconds = {key: told[f"assistant.seconds.{key}"] for key in answer.timings}
    assert seconds == pytest.approx(answer.timings)


def test_stages_follow_each_other_inside_the_whole(traced: Assistant, heard: Heard) -> None:
    traced.sync()
    heard.exporter.clear()
    traced.ask(QUESTION)
    whole, *stages = heard.spans
    times = [(one.start_time or 0, one.end_time or 0) for one in stages]
    assert (whole.start_time or 0) <= times[0][0]
    assert times[-1][1] <= (whole.end_time or 0)
    assert all(before[1] <= after[0] for before, after in pairwise(times))


def test_a_sync_is_a_span_that_counts_files_and_the_seconds_of_its_stages(
    traced: Assistant, heard: Heard
) -> None:
    report = traced.sync()
    whole = heard.find("assistant.sync")
    told = attributes(whole)
    assert told["assistant.n_added"] == report.n_added == len(FILES)
    assert told["assistant.n_embedded"] == report.n_embedded
    stages = heard.below(whole)
    assert stages
    assert set(stages) <= {"assistant.sync.reading", "assistant.sync.embedding"}
    spent = [attributes(heard.find(name))["assistant.seconds"] for name in stages]
    assert 0 <= sum(spent) <= report.seconds


def test_a_sync_that_a_question_makes_is_told_below_its_stage(
    traced: Assistant, heard: Heard
) -> None:
    traced.ask(QUESTION)
    stage = heard.find("assistant.indexing")
    assert heard.below(stage) == ["assistant.sync"]
    assert stage.parent == heard.find("assistant.ask").context


@properties(max_examples=25)
@given(words=st.text(min_size=1, max_size=60))
def test_nothing_of_what_is_asked_or_answered_is_told(words: str) -> None:
    question = f"secretword {words}"
    with _listening() as (heard, assistant):
        try:
            answer = assistant.ask(question)
        except QuestionError:
            pass
        else:
            assert not [one.quote for one in answer.citations if one.quote in heard.said()]
        said = heard.said()
    assert "assistant.ask" in said
    assert "secretword" not in said
    assert not [name for name in FILES if name in said]


_made: list[tuple[Assistant, Any]] = []


class _listening:  # noqa: N801 - used as a block
    """One assistant for all examples of a property, heard anew by each."""

    def __enter__(self) -> tuple[Heard, Assistant]:
        if not _made:
            import tempfile

            folder = tempfile.TemporaryDirectory()
            settings = settings_in(Path(folder.name), max_over_refusal=0.0, tracing="stages")
            write_files(settings.corpus_dir, FILES)
            _made.append((Assistant(settings, HashingEmbedder()), folder))
        self.before, heard = list(root_dispatcher.span_handlers), Heard()
        handler: Any = OtelSpans(heard.tracer)
        root_dispatcher.span_handlers = [*self.before, handler]
        return heard, _made[0][0]

    def __exit__(self, *_: object) -> None:
        root_dispatcher.span_handlers = self.before


@pytest.fixture(scope="module", autouse=True)
def _close_what_was_made() -> Iterator[None]:
    yield
    for assistant, folder in _made:
        assistant.close()
        folder.cleanup()


def test_texts_are_told_when_they_are_asked_for(
    settings: Settings, embedder: HashingEmbedder, heard: Heard
) -> None:
    given = settings.model_copy(update={"tracing": "texts"})
    with Assistant(given, embedder) as assistant:
        answer = assistant.ask(QUESTION)
    told = attributes(heard.find("assistant.ask"))
    assert told["assistant.question"] == QUESTION
    assert told["assistant.answer"] == answer.text


def test_an_error_is_told_by_its_kind_and_not_by_its_message(
    traced: Assistant, heard: Heard
) -> None:
    traced.sync()
    with pytest.raises(CorpusError, match="secret"):
        traced.ask(QUESTION, documents=["secret.txt"])
    whole = heard.find("assistant.ask")
    assert attributes(whole)["error.type"] == "CorpusError"
    assert whole.status.status_code is StatusCode.ERROR
    assert "secret" not in heard.said()


def test_a_question_that_is_left_is_no_error(traced: Assistant, heard: Heard) -> None:
    traced.sync()
    steps: Any = traced.stream(QUESTION)
    next(steps)
    steps.close()
    whole = heard.find("assistant.ask")
    assert attributes(whole)["assistant.kind"] == "left"
    assert whole.status.status_code is not StatusCode.ERROR


def test_steps_may_be_taken_in_any_thread(traced: Assistant, heard: Heard) -> None:
    traced.sync()
    heard.exporter.clear()
    steps: list[Stage | Answer] = []
    stream = traced.stream(QUESTION)
    for _ in range(9):
        with futures.ThreadPoolExecutor(1) as thread:
            step = thread.submit(next, stream, None).result()
        if step is not None:
            steps.append(step)
    assert isinstance(steps[-1], Answer)
    assert len(heard.below(heard.find("assistant.ask"))) == 3


def test_a_programs_own_span_is_the_parent(traced: Assistant, heard: Heard) -> None:
    with heard.tracer.start_as_current_span("request") as mine:
        traced.ask(QUESTION)
    assert heard.find("assistant.ask").parent == mine.get_span_context()


def test_llama_indexes_own_spans_stand_in_the_same_tree(traced: Assistant, heard: Heard) -> None:
    traced.as_query_engine().query(QUESTION)
    assert "assistant.ask" in heard.below(heard.find("CitedQueryEngine._query"))
    with heard.tracer.start_as_current_span("mine"):
        MockLLM().complete("secretword")
    assert "MockLLM.complete" in heard.below(heard.find("mine"))
    assert "secretword" not in heard.said()


def test_the_calls_of_a_model_stand_below_the_stage_that_makes_them(
    settings: Settings, embedder: HashingEmbedder, heard: Heard
) -> None:
    from assistant.write.llm.client import open_model

    model = open_model(settings.llm, MockLLM(max_tokens=5))
    given = settings.model_copy(update={"tracing": "stages"})
    with Assistant(given, embedder, model=model) as assistant:
        answer = assistant.ask(QUESTION)
    assert answer.usage
    told = attributes(heard.find("assistant.ask"))
    assert told["gen_ai.usage.input_tokens"] == answer.usage.prompt_tokens
    assert "assistant.writing" in heard.below(heard.find("assistant.ask"))


def test_a_handler_that_a_program_has_added_hears_of_it_too(assistant: Assistant) -> None:
    entered: list[str] = []

    class Handler:
        open_spans: dict[str, object] = {}  # noqa: RUF012

        def span_enter(self, id_: str, **_: object) -> None:
            entered.append(id_.rsplit("-", 5)[0])

        def span_exit(self, **_: object) -> None: ...
        def span_drop(self, **_: object) -> None: ...

    before, handler = list(root_dispatcher.span_handlers), Handler()
    root_dispatcher.span_handlers = [*before, handler]  # type: ignore[list-item]
    try:
        assistant.ask(QUESTION)
    finally:
        root_dispatcher.span_handlers = before
    assert entered[0] == "assistant.ask"
    assert "assistant.sync" in entered
    assert get_dispatcher("assistant").name == "assistant"


CALLER = f"00-{'c' * 32}-{'d' * 16}-01"
TRACED = {"traceparent": CALLER, "tracestate": "vendor=said"}


def post(url: str, body: object, headers: dict[str, str]) -> None:
    httpx.post(url, json=body, headers=headers, timeout=PATIENCE_S).raise_for_status()


def ask_at_once(at: str, headers: dict[str, str]) -> None:
    post(f"{at}api/ask", {"question": QUESTION}, headers)


def ask_for_events(at: str, headers: dict[str, str]) -> None:
    ask_at_once(at, {**headers, "Accept": "text/event-stream"})


def complete(at: str, headers: dict[str, str], **more: bool) -> None:
    body = {"messages": [{"role": "user", "content": QUESTION}], **more}
    post(f"{at}v1/chat/completions", body, headers)


def complete_in_pieces(at: str, headers: dict[str, str]) -> None:
    complete(at, headers, stream=True)


def call_tool(at: str, headers: dict[str, str], meta: Any = None) -> None:
    asyncio.run(_call_tool(f"{at}mcp", headers, meta))


async def _call_tool(at: str, headers: dict[str, str], meta: Any) -> None:
    async with (
        httpx2.AsyncClient(headers=headers, timeout=PATIENCE_S) as sending,
        Client(streamable_http_client(at, http_client=sending)) as host,
    ):
        asked = await host.call_tool("ask", {"question": QUESTION}, meta=meta)
        assert not asked.is_error


def call_tool_with_meta(at: str, headers: dict[str, str]) -> None:
    """Name the span in the message, as a host may whose requests have another sender."""
    call_tool(at, {"traceparent": f"00-{'e' * 32}-{'f' * 16}-01"}, meta=headers)


DOORS: list[Callable[[str, dict[str, str]], None]] = [
    ask_at_once,
    ask_for_events,
    complete,
    complete_in_pieces,
    call_tool,
    call_tool_with_meta,
]


@pytest.fixture
def served(traced: Assistant, heard: Heard) -> Iterator[str]:
    traced.sync()
    heard.exporter.clear()
    with serving(traced) as (at, _):
        yield at


@pytest.mark.parametrize("ask", DOORS)
def test_a_question_over_http_stands_below_the_span_that_its_request_names(
    served: str, heard: Heard, ask: Callable[[str, dict[str, str]], None]
) -> None:
    ask(served, TRACED)
    (whole,) = heard.wait_for("assistant.ask")
    parent = whole.parent
    assert parent
    assert (f"{parent.trace_id:x}", f"{parent.span_id:x}") == ("c" * 32, "d" * 16)
    assert parent.is_remote
    assert parent.trace_state.get("vendor") == "said"
    assert len(heard.below(whole)) == 3
    assert {one.context.trace_id for one in heard.spans if one.context} == {parent.trace_id}


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"traceparent": ""},
        {"traceparent": "00-abc-def-01"},
        {"traceparent": f"00-{'0' * 32}-{'d' * 16}-01"},
        {"traceparent": f"ff-{'c' * 32}-{'d' * 16}-01"},
        {"traceparent": f"{CALLER},{CALLER}"},
        {"traceparent": f"{CALLER}-{'x' * 5_000}"},
        {"tracestate": "vendor=said"},
    ],
)
@pytest.mark.parametrize("ask", [ask_at_once, complete, call_tool])
def test_what_names_no_span_is_left_out(
    served: str,
    heard: Heard,
    sent: dict[str, str],
    ask: Callable[[str, dict[str, str]], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    ask(served, sent)
    (whole,) = heard.wait_for("assistant.ask")
    assert whole.parent is None
    assert not [one for one in caplog.messages if "trace" in one]


def test_a_tracestate_that_cannot_be_read_does_not_lose_the_span(served: str, heard: Heard) -> None:
    ask_at_once(served, {"traceparent": CALLER, "tracestate": "x" * 5_000})
    (whole,) = heard.wait_for("assistant.ask")
    assert whole.parent
    assert not whole.parent.trace_state


def test_questions_at_the_same_time_stand_below_their_own_spans(served: str, heard: Heard) -> None:
    names = [f"{n:032x}" for n in range(1, 7)]
    with futures.ThreadPoolExecutor(len(names)) as threads:
        sent = [{"traceparent": f"00-{name}-{'d' * 16}-01"} for name in names]
        list(threads.map(ask_at_once, [served] * len(names), sent))
    asked = heard.wait_for("assistant.ask", len(names))
    assert sorted(f"{one.parent.trace_id:032x}" for one in asked if one.parent) == names


def test_a_span_of_the_program_is_nearer_than_the_one_that_a_request_names(
    traced: Assistant, heard: Heard
) -> None:
    with (
        heard.tracer.start_as_current_span("request") as mine,
        continue_trace(traced.settings, TRACED),
    ):
        traced.ask(QUESTION)
    assert heard.find("assistant.ask").parent == mine.get_span_context()


@pytest.mark.parametrize("said", [5, None, [CALLER], {"a": CALLER}, b"x", f"{CALLER}\n"])
def test_a_message_may_name_anything_for_a_span(traced: Assistant, said: object) -> None:
    with continue_trace(traced.settings, {"traceparent": said}):
        assert not get_current_span().get_span_context().is_valid


def test_the_sdk_makes_no_spans_of_what_hosts_ask_whose_errors_name_documents(
    served: str, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_spans, "_tracer", heard.tracer)

    async def read() -> None:
        async with Client(f"{served}mcp") as host:
            with pytest.raises(MCPError, match=r"secret\.txt"):
                await host.read_resource("assistant://documents/secret.txt")

    asyncio.run(read())
    assert {one.kind for one in heard.spans} == {SpanKind.CLIENT}


def test_where_nothing_is_traced_no_request_is_looked_at(assistant: Assistant) -> None:
    script = (
        "import sys; from assistant.settings import Settings\n"
        "from assistant.tracing import continue_trace\n"
        f"with continue_trace(Settings(), {TRACED!r}): print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert not [name for name in done.stdout.split() if name.startswith("opentelemetry")]
    assert TraceMiddleware.__name__ not in str(build_app(assistant).user_middleware)


SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from corpora import settings_in
from hashing import HashingEmbedder
from assistant.pipeline import Assistant
with Assistant(settings_in(Path({folder!r}), **{given!r}), HashingEmbedder()) as assistant:
    assistant.ask("Where does the Danube rise?")
print(*sorted({{name.split(".")[0] for name in sys.modules}}))
"""


def run_with(folder: Path, env: dict[str, str], **given: str) -> set[str]:
    """Ask in a process of its own; return the names of the packages that it imported."""
    write_files(folder / "corpus", FILES)
    script = SCRIPT.format(tests=str(Path(__file__).parent), folder=str(folder), given=given)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(folder), **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_nothing_is_imported_for_it_unless_it_is_asked_for(tmp_path: Path) -> None:
    assert not run_with(tmp_path, {}) & {"llama_index_instrumentation", "opentelemetry", "grpc"}


def test_without_a_provider_of_the_program_spans_go_where_the_environment_says(
    tmp_path: Path,
) -> None:
    received: list[Any] = []

    class Collector(otlp_service.TraceServiceServicer):
        def Export(self, request: Any, context: Any) -> Any:  # noqa: N802 - its name in OTLP
            received.append(request)
            return otlp.ExportTraceServiceResponse()

    server = grpc.server(futures.ThreadPoolExecutor(1))
    otlp_service.add_TraceServiceServicer_to_server(Collector(), server)  # type: ignore[no-untyped-call]
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        at = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}
        run_with(tmp_path, at, tracing="stages")
    finally:
        server.stop(None)
    resources = [one for request in received for one in request.resource_spans]
    names = {span.name for one in resources for scope in one.scope_spans for span in scope.spans}
    assert {"assistant.ask", "assistant.searching", "assistant.sync"} <= names
    services = [one.value.string_value for one in resources[0].resource.attributes]
    assert "assistant" in services


def test_what_is_not_installed_is_named_with_its_remedy(
    settings: Settings, embedder: HashingEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    given = settings.model_copy(update={"tracing": "stages"})
    with (
        Assistant(given, embedder) as assistant,
        pytest.raises(SettingsError, match=r"pip install 'assistant\[otel\]'"),
    ):
        assistant.ask(QUESTION)
