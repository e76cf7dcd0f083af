"""A GGUF file on this machine as a `Backend`: run by a child process that only this one can ask.

llama.cpp is C++ that reads a foreign file, so it runs in a process of its own: when it dies, it
dies alone and is started anew. The child (`serve.py`) is an OpenAI-compatible server on loopback;
it starts when it is first needed, wants a key that nobody else knows, and ends with this process.
`ModelUnavailable` is raised for a file that cannot be run, and says why and what to do.
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
from concurrent.futures import Future, wait
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, NamedTuple

from assistant.errors import ModelUnavailable
from assistant.settings import LanguageModel
from assistant.text.normalize import normalize
from assistant.write.llm.loop import run_beside
from assistant.write.llm.server import MAX_PROMPT_TOKENS
from assistant.write.llm.speak import ChatServer, Speak

CONTEXT_TOKENS = 4_096
"""Unless it is set: of 1.5 billion weights it takes 120 MB."""
MAX_SHORT_PROMPT_TOKENS = 1_024
"""Of the short form: two cores read 40 to 65 tokens/s, so it is some 20 s to the first word."""
LOAD_TIMEOUT_S, POLL_S, END_S = 120.0, 0.4, 3.0
HEAD_BYTES = 1 << 20
NAME = re.compile(rb"general\.name\x08\0{3}(..)\0{6}", re.DOTALL)
TRAINED = re.compile(rb"\.context_length[\x04\x05\x0a\x0b]\0{3}(.{4})", re.DOTALL)
"""In a file's head: a key, the type of its value, and how long that is or what it is."""
N_KEPT_LINES, MAX_LINE_BYTES, MAX_SAID_CHARS, MAX_NAME_CHARS = 40, 2_000, 300, 80
SECRET_NAME = re.compile(r"^ASSISTANT_|KEY|TOKEN|SECRET|PASSW", re.IGNORECASE)
STAMP = re.compile(r"^\d+\.\d+\.\d+\.\d+ (?P<error>E )?\s*")
"""How llama.cpp begins a line, and marks those that tell of errors."""
SHORT_OF_MEMORY = re.compile(
    r"bad_alloc|MemoryError|(allocate|insufficient|out of) memory|fail\w* to alloc|alloc\w* .*fail"
    r"|ASSERT\(\S*(buf|mem|ptr)\w* != (NULL|nullptr)\)",
    re.IGNORECASE,
)
LESS_MEMORY = "take a smaller model or fewer llm.context_tokens"


class ModelFile(NamedTuple):
    """A GGUF file by its absolute path, with the name and the trained context that it tells."""

    path: Path
    name: str
    trained_tokens: int | None


def read_model_file(path: Path) -> ModelFile:
    """Read what a GGUF file says of itself.

    Raises:
        ModelUnavailable: it is missing, a folder, unreadable or no GGUF file.
    """
    path, head = path.expanduser().absolute(), b""
    try:
        if not path.is_fifo():  # opening it would wait for ever
            with path.open("rb") as file:
                head = file.read(HEAD_BYTES)
    except OSError as error:
        told = f"{str(path)!r} cannot be read: {error.strerror or error}"
        raise ModelUnavailable(
            f"{told}; llm.path must name a file that this user may read"
        ) from error
    if not head.startswith(b"GGUF"):
        told = f"{str(path)!r} is not a GGUF file: llm.path must name a model in that format"
        raise ModelUnavailable(f"{told}, such as Qwen2.5-1.5B-Instruct-Q4_K_M.gguf")
    named, trained = NAME.search(head), TRAINED.search(head)
    name = head[named.end() :][: int.from_bytes(named[1], "little")] if named else b""
    return ModelFile(
        path,
        (_clean(name.decode("utf-8", "replace")) or _clean(path.stem))[:MAX_NAME_CHARS],
        int.from_bytes(trained[1], "little") or None if trained else None,
    )


class LocalBackend:
    """Runs the file that the settings name: looked at now, loaded for the first question.

    Safe to share between threads, all of which ask the same child process.
    """

    def __init__(self, settings: LanguageModel) -> None:
        assert settings.path is not None
        self._settings = settings
        is_short = settings.is_short_form
        self.max_prompt_tokens = MAX_SHORT_PROMPT_TOKENS if is_short else MAX_PROMPT_TOKENS
        self._file = read_model_file(settings.path)
        if importlib.util.find_spec("xllamacpp") is None:
            told = "a local model needs xllamacpp, which is not installed"
            raise ModelUnavailable(f"{told}: pip install 'assistant[local]'")
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._is_closed = False

    @property
    def name(self) -> str:
        """What the file calls the model."""
        return self._file.name

    def context_tokens(self) -> int:
        """What was asked for; at most what the model was trained for."""
        asked = self._settings.context_tokens or CONTEXT_TOKENS
        return min(asked, self._file.trained_tokens or asked)

    def connect(self) -> Generator[None, None, Speak]:
        """Start the child process, anew when it has died, and connect to it.

        Who leaves lets it load on: the next one finds it further, or there.
        """
        yield None
        child = self._running()
        while not wait([child.port], POLL_S).done:
            if time.monotonic() > child.load_by:
                child.end()
                told = f"the model {self.name!r} did not load within {LOAD_TIMEOUT_S:g} s"
                raise ModelUnavailable(f"{told}; take a smaller one, or free memory and cores")
            yield None
        if not (port := child.port.result()):
            told = f"the model {str(self._file.path)!r} could not be loaded"
            raise ModelUnavailable(f"{told}: {child.why_ended()}")
        yield from run_beside(partial(import_module, "httpx"))
        if child.chat is None:
            url, limit_s = f"http://127.0.0.1:{port}/v1", self._settings.connect_timeout_s
            child.chat = ChatServer(url, self.name, child.api_key, limit_s, is_here=True)
        return child.chat.speak

    def _running(self) -> "_Child":
        with self._lock:
            if self._is_closed:
                raise ModelUnavailable(f"the model {self.name!r} is closed")
            if self._child is None or self._child.process.poll() is not None:
                self._file = read_model_file(self._file.path)
                self._child = _Child(
                    path=str(self._file.path),
                    name=self.name,
                    context_tokens=self.context_tokens(),
                    n_threads=self._settings.n_threads or _count_cores(),
                )
            return self._child

    @property
    def _chat(self) -> ChatServer | None:
        return self._child.chat if self._child else None

    def learn(self, error: Exception) -> bool:
        """Leave out what the file's runtime refuses, such as a schema for it."""
        return self._chat is not None and self._chat.learn(error)

    @property
    def takes_schema(self) -> bool:
        """Whether it has not refused a JSON schema."""
        return self._chat is None or self._chat.takes_schema

    def why_ended(self) -> str | None:
        """Why the child process ended; None while it lives."""
        return self._child.why_ended() if self._child else None

    def close(self) -> None:
        """End the child process for good."""
        with self._lock:
            self._is_closed = True
            if self._child:
                self._child.end()


class _Child:
    """One run of `assistant.write.llm.serve`. It ends with this object, or with the interpreter.

    `port` is there when it listens, 0 when it ended before.
    """

    def __init__(self, **job: str | int) -> None:
        self.api_key = secrets.token_urlsafe(32)
        self.load_by = time.monotonic() + LOAD_TIMEOUT_S
        self.port: Future[int] = Future()
        self.chat: ChatServer | None = None
        self._lines: deque[str] = deque(maxlen=N_KEPT_LINES)
        try:
            self.process = subprocess.Popen(
                _command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=_clean_environment(),
                cwd=Path(__file__).parents[3],  # this package is found, and no other `json.py`
                start_new_session=True,
            )
        except OSError as error:
            raise ModelUnavailable(f"no process for the model can be started: {error}") from error
        assert self.process.stdin
        self.end = weakref.finalize(self, _end, self.process)
        told = (self.process.stdout, self.api_key, self.port, self._lines)
        self._reader = threading.Thread(target=_listen, args=told, daemon=True)
        self._reader.start()
        with suppress(OSError):  # it has ended, which whoever waits for its port is told
            self.process.stdin.write(json.dumps({**job, "api_key": self.api_key}).encode() + b"\n")
            self.process.stdin.flush()

    def why_ended(self) -> str | None:
        """Say why it ended; None if it lives on."""
        try:
            status = self.process.wait(1.0)
        except subprocess.TimeoutExpired:
            return None
        self._reader.join(1.0)
        return explain(status, list(self._lines))


def _command() -> list[str]:
    return [sys.executable, "-m", "assistant.write.llm.serve"]


def _count_cores() -> int:
    has_affinity = hasattr(os, "sched_getaffinity")
    return len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1


def _clean_environment() -> dict[str, str]:
    """Return the environment without what the model has no business to know.

    Threads that have nothing to do sleep: by default they spin, and on two cores of which one
    has other work, replies came at 1 to 8 tokens/s instead of 24 to 47.
    """
    kept = {name: value for name, value in os.environ.items() if not SECRET_NAME.search(name)}
    return {"OMP_WAIT_POLICY": "passive", "GGML_NO_BACKTRACE": "1"} | kept


def _listen(told: IO[bytes], api_key: str, port: Future[int], lines: deque[str]) -> None:
    """Read the port, which stands behind the key, and keep the last lines of all else."""
    with told:
        while line := told.readline(MAX_LINE_BYTES).decode("utf-8", "replace"):
            if line.startswith(api_key) and not port.done():
                port.set_result(int(line.removeprefix(api_key)))
            else:
                lines.append(line)
    if not port.done():
        port.set_result(0)


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    process.terminate()
    try:
        process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    with suppress(OSError):  # what it never read
        process.stdin.close()


def explain(status: int, lines: Sequence[str]) -> str:
    """Say why a child ended, by its `Popen.returncode` and the last lines that it said."""
    if status == -signal.SIGKILL:
        return f"the system ended it, most likely since memory ran out: {LESS_MEMORY}"
    marked = [line for line in lines if (mark := STAMP.match(line)) and mark["error"]]
    causes = marked[:1] if status > 0 else []  # of errors the first: the others follow from it
    bare = [_clean(STAMP.sub("", line)) for line in causes or lines[-3:]]
    said = " / ".join(filter(None, bare))[-MAX_SAID_CHARS:]
    if SHORT_OF_MEMORY.search(said):
        return f"there is not enough memory ({said}): {LESS_MEMORY}"
    if "libgomp" in said:
        return f"a system library is missing ({said}): install it (Debian: libgomp1)"
    ended = f"exit status {status}" if status >= 0 else signal.strsignal(-status)
    return f"{said or 'it said nothing'} ({ended}); if the file may be damaged, get it anew"


def _clean(text: str) -> str:
    """Return a text on one line, without what nobody sees."""
    return " ".join(normalize(text)[0].split())
