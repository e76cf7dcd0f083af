"""A GGUF file on this machine as a `Backend`: run by a child process that only this one can ask.

llama.cpp is C++ that reads a foreign file, so it runs in a process of its own: when it dies, it
dies alone and is started anew. The child (`serve.py`) is an OpenAI-compatible server on loopback;
it starts when it is first needed, wants a key that nobody else knows, and ends with this process.
Why one ended is said in words that tell what to do. `ModelUnavailable` is raised for a file that
cannot be run.
"""

import importlib.util
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from assistant.errors import ModelUnavailable
from assistant.settings import LanguageModel
from assistant.write.llm.gguf import clean, read_model_file
from assistant.write.llm.loop import run_beside
from assistant.write.llm.serve import HOST, Job
from assistant.write.llm.server import room_for_prompt, room_for_reply
from assistant.write.llm.speak import ChatServer, Speak

CONTEXT_TOKENS = 4_096
"""Unless it is set: of 1.5 billion weights it takes 120 MB."""
MAX_PROMPT_TOKENS = 1_024
"""Unless it is set: two cores read 40 to 65 tokens/s, so it is some 20 s to the first word."""
POLL_S = 0.4
CLOSE_S, END_S = 3.0, 10.0
MAX_STARTS = 4
"""Within `STARTS_WINDOW_S`; a file that fails more often will fail again."""
STARTS_WINDOW_S = 60.0
N_KEPT_LINES = 40
MAX_LINE_BYTES = 2000
SECRET_NAME = re.compile(r"^ASSISTANT_|KEY|TOKEN|SECRET|PASSW", re.IGNORECASE)
INSTALL = "pip install 'assistant[local]'"
MAX_SAID_CHARS = 300
LESS_MEMORY = "take a smaller model or fewer llm.context_tokens"
STAMP = re.compile(r"^\d+\.\d+\.\d+\.\d+ (?P<error>E )?\s*")
"""How llama.cpp begins a line, and marks those that tell of errors."""
SHORT_OF_MEMORY = re.compile(
    r"bad_alloc|MemoryError|(allocate|insufficient|out of) memory|fail\w* to alloc|alloc\w* .*fail"
    r"|ASSERT\(\S*(buf|mem|ptr)\w* != (NULL|nullptr)\)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the model answers, past any proxy, who has the key as bearer token.

    `context_tokens` are what a prompt and its reply may have together.
    """

    url: str
    api_key: str = field(repr=False)
    context_tokens: int
    name: str


class LocalServer:
    """A GGUF file that is run when it is needed. Safe to share between threads.

    It is looked at when this is made. All cores are used unless told otherwise.

    Raises:
        ModelUnavailable: it is missing or no GGUF file, or xllamacpp is not installed.
    """

    def __init__(
        self,
        path: Path,
        *,
        context_tokens: int,
        n_threads: int | None = None,
        load_timeout_s: float = 120.0,
    ) -> None:
        self._file = read_model_file(path)
        _require_runtime()
        self._context_tokens = context_tokens
        self._n_threads = n_threads or _count_cores()
        self._load_timeout_s = load_timeout_s
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._starts: deque[float] = deque(maxlen=MAX_STARTS)
        self._is_closed = False

    @property
    def name(self) -> str:
        """What the file calls the model."""
        return self._file.name

    @property
    def context_tokens(self) -> int:
        """What a prompt and its reply may have together; at most what it was trained for."""
        return min(self._context_tokens, self._file.trained_tokens or self._context_tokens)

    def ready(self) -> Generator[None, None, Address]:
        """Start the model if it is not there and return its address when it listens.

        None is yielded at least twice a second until then. Who closes the generator leaves the
        model loading: the next one finds it further on, or there.

        Raises:
            ModelUnavailable: it cannot be loaded, in time or at all, or was too often; says why
                and what to do.
        """
        child = self._running()
        while (address := child.address()) is None:
            yield
        return address

    def why_ended(self) -> str | None:
        """Say why the model ended under a request whose connection broke; None if it lives."""
        child = self._child
        return child.why_ended() if child else "it was closed"

    def close(self) -> None:
        """End the model for good."""
        with self._lock:
            self._is_closed = True
            child, self._child = self._child, None
        if child:
            child.end()

    def _running(self) -> "_Child":
        with self._lock:
            if self._is_closed:
                raise ModelUnavailable(f"the model {self.name!r} is closed")
            if self._child and self._child.is_alive():
                return self._child
            if self._child:
                self._child.end()
            _require_runtime()
            self._file = read_model_file(self._file.path)
            self._count_start()
            job = Job(
                path=str(self._file.path),
                name=self.name,
                api_key=secrets.token_urlsafe(32),
                context_tokens=self.context_tokens,
                n_threads=self._n_threads,
            )
            self._child = _Child(job, self._load_timeout_s)
            return self._child

    def _count_start(self) -> None:
        now = time.monotonic()
        if len(self._starts) == MAX_STARTS and now - self._starts[0] < STARTS_WINDOW_S:
            raise ModelUnavailable(
                f"the model {self.name!r} ended {MAX_STARTS} times within a minute and is left "
                f"alone for a while; the last time: {self.why_ended()}"
            )
        self._starts.append(now)


class _Child:
    """One run of `assistant.write.llm.serve`. It ends with this object, or with the interpreter."""

    def __init__(self, job: Job, load_timeout_s: float) -> None:
        self._job = job
        self._load_timeout_s = load_timeout_s
        self._deadline = time.monotonic() + load_timeout_s
        self._is_late = False
        try:
            self._process = subprocess.Popen(
                _command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_clean_environment(),
                cwd=Path(__file__).parents[3],  # this package is found, and no other `json.py`
                start_new_session=True,
            )
        except OSError as error:
            raise ModelUnavailable(f"no process for the model can be started: {error}") from error
        self.end = weakref.finalize(self, _end, self._process)
        self._told: Future[dict[str, Any] | None] = Future()
        self._lines: deque[str] = deque(maxlen=N_KEPT_LINES)
        self._reader = _run(_keep_last_lines, self._process.stderr, self._lines)
        _run(_read_told, self._process.stdout, self._told)
        assert self._process.stdin
        with suppress(OSError):  # it has ended, which whoever waits for its address is told
            self._process.stdin.write(json.dumps(asdict(job)).encode("ascii") + b"\n")
            self._process.stdin.flush()

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def address(self) -> Address | None:
        """Wait a moment for the address; None when it still loads."""
        try:
            told = self._told.result(POLL_S)
        except TimeoutError:
            if time.monotonic() < self._deadline:
                return None
            self._is_late = True
            self.end()
            told = None
        if told is None:
            path, why = self._job.path, self.why_ended(END_S)
            raise ModelUnavailable(f"the model {path!r} could not be loaded: {why}")
        url = f"http://{HOST}:{told['port']}/v1"
        return Address(url, self._job.api_key, told["context_tokens"], self._job.name)

    def why_ended(self, wait_s: float = 1.0) -> str | None:
        """Say why it ended; None if it lives on."""
        if self._is_late:
            return (
                f"it did not load within {self._load_timeout_s:g} s; take a smaller model, or free "
                "some memory and cores"
            )
        try:
            status = self._process.wait(wait_s)
        except subprocess.TimeoutExpired:
            return None
        self._reader.join(1.0)
        return explain(status, list(self._lines))


def _command() -> list[str]:
    return [sys.executable, "-m", "assistant.write.llm.serve"]


def _require_runtime() -> None:
    if importlib.util.find_spec("xllamacpp") is None:
        raise ModelUnavailable(f"a local model needs xllamacpp, which is not installed: {INSTALL}")


def _count_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _clean_environment() -> dict[str, str]:
    """Return the environment without what the model has no business to know.

    Threads that have nothing to do sleep: by default they spin, and on two cores of which one
    has other work, replies came at 1 to 8 tokens/s instead of 24 to 47.
    """
    kept = {name: value for name, value in os.environ.items() if not SECRET_NAME.search(name)}
    return {"OMP_WAIT_POLICY": "passive", "GGML_NO_BACKTRACE": "1"} | kept


def _run(task: Any, *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=task, args=arguments, daemon=True)
    thread.start()
    return thread


def _read_told(stdout: IO[bytes], told: Future[dict[str, Any] | None]) -> None:
    with stdout:
        line = stdout.readline(MAX_LINE_BYTES)
    told.set_result(json.loads(line) if line.endswith(b"\n") else None)


def _keep_last_lines(stderr: IO[bytes], lines: deque[str]) -> None:
    with stderr:
        while line := stderr.readline(MAX_LINE_BYTES):
            lines.append(line.decode("utf-8", "replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    process.terminate()
    try:
        process.wait(CLOSE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(OSError):  # what it never read
        process.stdin.close()


def explain(status: int, lines: Sequence[str]) -> str:
    """Say why a child ended, by its `Popen.returncode` and the last lines of its stderr."""
    if status == -signal.SIGKILL:
        return f"the system ended it, most likely since memory ran out: {LESS_MEMORY}"
    said = _choose(status, lines)
    if SHORT_OF_MEMORY.search(said):
        return f"there is not enough memory ({said}): {LESS_MEMORY}"
    if "libgomp" in said:
        return f"a system library is missing ({said}): install it (Debian: libgomp1)"
    ended = f"exit status {status}" if status >= 0 else signal.strsignal(-status)
    return f"{said or 'it said nothing'} ({ended}); if the file may be damaged, get it anew"


def _choose(status: int, lines: Sequence[str]) -> str:
    """Choose what tells most: of marked errors the first, since the others follow from it."""
    marks = [STAMP.match(line) for line in lines]
    causes = [m.string for m in marks if m and m["error"]][:1] if status > 0 else []
    bare = [STAMP.sub("", line).strip() for line in causes or lines[-3:]]
    return clean(" / ".join(line for line in bare if line))[-MAX_SAID_CHARS:]


class LocalBackend:
    """Runs the file that the settings name: looked at now, loaded for the first question."""

    def __init__(self, settings: LanguageModel) -> None:
        assert settings.path is not None
        self._settings = settings
        self._server = LocalServer(
            settings.path,
            context_tokens=settings.context_tokens or CONTEXT_TOKENS,
            n_threads=settings.n_threads,
        )
        self._made: tuple[Address, ChatServer] | None = None

    @property
    def name(self) -> str:
        """What the file calls the model."""
        return self._server.name

    def prompt_tokens(self) -> int:
        """As the settings say, or at most `MAX_PROMPT_TOKENS` of the short form."""
        room = room_for_prompt(self._settings, self.context_tokens())
        is_short = self._settings.is_short_form and not self._settings.max_prompt_tokens
        return min(room, MAX_PROMPT_TOKENS) if is_short else room

    def reply_tokens(self) -> int:
        """As the settings say, or as its form and context allow."""
        return room_for_reply(self._settings, self.context_tokens())

    def context_tokens(self) -> int:
        """What was asked for, or what the model was trained for."""
        return self._server.context_tokens

    def connect(self) -> Generator[None, None, Speak]:
        """Start the child process, anew when it has died, and connect to it."""
        yield None
        address = yield from self._server.ready()
        yield from run_beside(partial(import_module, "httpx"))
        if self._made is None or self._made[0] != address:
            limit_s = self._settings.connect_timeout_s
            chat = ChatServer(address.url, address.name, address.api_key, limit_s, is_here=True)
            self._made = address, chat
        return self._made[1].speak

    def learn(self, error: Exception) -> bool:
        """Leave out what the file's runtime refuses, such as a schema for it."""
        return self._made is not None and self._made[1].learn(error)

    @property
    def takes_schema(self) -> bool:
        """Whether it has not refused a JSON schema."""
        return self._made is None or self._made[1].takes_schema

    def why_ended(self) -> str | None:
        """Why the child process ended; None while it lives."""
        return self._server.why_ended()

    def close(self) -> None:
        """End the child process."""
        self._server.close()
