import gc
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from assistant.errors import ModelUnavailable
from assistant.settings import LanguageModel
from assistant.write.llm import local
from assistant.write.llm.client import MAX_FAILURES, Client
from assistant.write.llm.local import MAX_SAID_CHARS, LocalBackend, explain
from assistant.write.llm.values import Request

UP = "print(job['api_key'], 9, flush=True); sys.stdin.read()"
INSIDE = ("/slots", "/metrics", "/tools")
on_linux = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads Linux's /proc")


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and is not yet buried does not."""
    try:
        os.kill(pid, 0)
        state = subprocess.check_output(["ps", "-o", "stat=", "-p", str(pid)], text=True)
    except (ProcessLookupError, subprocess.CalledProcessError):
        return False
    return not state.startswith("Z")


def is_gone(pid: int, within_s: float = 10.0) -> bool:
    deadline = time.monotonic() + within_s
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_alive(pid)


def wait(backend: LocalBackend) -> tuple[str, str]:
    """Return the address and the key when the model listens."""
    for _ in backend.connect():
        pass
    assert backend._child
    return f"http://127.0.0.1:{backend._child.port.result()}", backend._child.api_key


def pid_of(backend: LocalBackend) -> int:
    assert backend._child
    return backend._child.process.pid


def open_backend(path: Path, **given: object) -> LocalBackend:
    return LocalBackend(LanguageModel.model_validate({"path": path, **given}))


# A child that is played


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., LocalBackend]]:
    """Return what makes a backend whose child runs the given script after reading its job."""
    path = tmp_path / "played.gguf"
    path.write_bytes(b"GGUF" + (3).to_bytes(4, "little") + bytes(16))
    opened: list[LocalBackend] = []

    def make(script: str, load_timeout_s: float = 120.0) -> LocalBackend:
        begun = "import json, os, signal, sys, time; job = json.loads(sys.stdin.readline())"
        monkeypatch.setattr(local, "_command", lambda: [sys.executable, "-c", f"{begun}\n{script}"])
        monkeypatch.setattr(local, "LOAD_TIMEOUT_S", load_timeout_s)
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
        opened.append(open_backend(path, n_threads=1))
        return opened[-1]

    yield make
    for backend in opened:
        backend.close()


def test_nothing_is_started_before_it_is_needed(play: Callable[..., LocalBackend]) -> None:
    backend = play(UP)
    assert backend._child is None
    assert (backend.name, backend.context_tokens()) == ("played", local.CONTEXT_TOKENS)
    address, key = wait(backend)
    assert address == "http://127.0.0.1:9"
    assert len(key) > 40


@pytest.mark.parametrize(
    ("given", "prompt", "reply"),
    [
        ({}, 1_024, 300),
        ({"context_tokens": 1_200}, 900, 300),
        ({"max_prompt_tokens": 2_000}, 2_000, 300),
        ({"short_form": False}, 3_072, 1_024),
    ],
)
def test_a_prompt_in_the_short_form_is_read_within_some_seconds(
    play: Callable[..., LocalBackend], given: dict[str, object], prompt: int, reply: int
) -> None:
    backend = open_backend(play(UP)._file.path, **given)
    model = Client(backend, backend._settings)
    assert (model.prompt_tokens, model.reply_tokens) == (prompt, reply)


def test_who_waits_can_leave_and_the_model_goes_on_loading(
    play: Callable[..., LocalBackend],
) -> None:
    backend = play("time.sleep(1.5)\n" + UP)
    steps = backend.connect()
    begun = time.monotonic()
    next(steps)
    next(steps)
    assert time.monotonic() - begun < 1
    steps.close()
    pid = pid_of(backend)
    wait(backend)
    assert pid_of(backend) == pid


def test_many_askers_share_one_child(play: Callable[..., LocalBackend]) -> None:
    backend = play("time.sleep(0.3)\n" + UP)
    with ThreadPoolExecutor(8) as pool:
        told = [done.result() for done in [pool.submit(wait, backend) for _ in range(8)]]
    assert len({key for _, key in told}) == 1


def test_loading_for_too_long_ends_the_child(play: Callable[..., LocalBackend]) -> None:
    backend = play("time.sleep(60)", load_timeout_s=0.6)
    steps = backend.connect()
    next(steps)
    next(steps)
    pid = pid_of(backend)
    with pytest.raises(ModelUnavailable, match=r"did not load within 0\.6 s; take a smaller one"):
        wait(backend)
    assert not is_alive(pid)


def test_a_child_that_dies_while_loading_tells_why(play: Callable[..., LocalBackend]) -> None:
    backend = play("print('cannot\\x1b[2J do it' + 'x' * 9999, file=sys.stderr); sys.exit(1)")
    with pytest.raises(ModelUnavailable, match=r"played\.gguf' could not be loaded: x+ ") as caught:
        wait(backend)
    assert len(str(caught.value)) < 700
    assert str(caught.value).isprintable()


def test_a_killed_child_is_put_down_to_memory(play: Callable[..., LocalBackend]) -> None:
    backend = play("os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(ModelUnavailable, match="memory ran out: take a smaller model"):
        wait(backend)


def test_only_who_says_the_key_tells_the_port(play: Callable[..., LocalBackend]) -> None:
    backend = play(f"print('666', flush=True); print('key 666', flush=True); {UP}")
    assert wait(backend)[0] == "http://127.0.0.1:9"


def test_what_ends_again_and_again_is_left_alone(play: Callable[..., LocalBackend]) -> None:
    backend = play("sys.exit('broken')")
    model = Client(backend, backend._settings)
    for _ in range(MAX_FAILURES):
        with pytest.raises(ModelUnavailable, match="could not be loaded: broken"):
            list(model.stream(Request("", "Hello", 9)))
    with pytest.raises(ModelUnavailable, match="failed several times in a row"):
        list(model.stream(Request("", "Hello", 9)))


def test_much_noise_neither_blocks_the_child_nor_is_kept(
    play: Callable[..., LocalBackend],
) -> None:
    backend = play("sys.stderr.write('noise' * 400_000 + '\\n'); sys.stderr.flush()\n" + UP)
    wait(backend)
    assert backend._child
    assert sum(map(len, backend._child._lines)) <= local.N_KEPT_LINES * local.MAX_LINE_BYTES


def test_closing_is_final_and_may_be_repeated(play: Callable[..., LocalBackend]) -> None:
    backend = play(UP)
    wait(backend)
    pid = pid_of(backend)
    backend.close()
    backend.close()
    assert not is_alive(pid)
    with pytest.raises(ModelUnavailable, match="is closed"):
        wait(backend)


def test_a_child_that_will_not_end_is_killed(
    play: Callable[..., LocalBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "END_S", 0.3)
    backend = play("signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + UP + "\ntime.sleep(60)")
    wait(backend)
    pid = pid_of(backend)
    backend.close()
    assert not is_alive(pid)


def test_a_backend_that_is_dropped_takes_its_child_along(
    play: Callable[..., LocalBackend],
) -> None:
    backend = open_backend(play(UP)._file.path)
    wait(backend)
    pid = pid_of(backend)
    del backend
    gc.collect()
    assert not is_alive(pid)


@on_linux
def test_the_child_is_told_the_key_and_no_other_secret(
    play: Callable[..., LocalBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "HF_TOKEN", "ASSISTANT_LLM__API_KEY", "DB_PASSWORD"):
        monkeypatch.setenv(name, "do-not-tell")
    backend = play(UP)
    _, key = wait(backend)
    for file in ("cmdline", "environ"):
        told = Path(f"/proc/{pid_of(backend)}/{file}").read_bytes()
        assert key.encode() not in told
        assert b"do-not-tell" not in told


def test_without_xllamacpp_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "any.gguf"
    path.write_bytes(b"GGUF" + (3).to_bytes(4, "little") + bytes(16))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelUnavailable, match=r"pip install 'assistant\[local\]'"):
        open_backend(path)


def test_a_file_that_went_away_is_not_started(play: Callable[..., LocalBackend]) -> None:
    backend = play(UP)
    backend._file.path.unlink()
    with pytest.raises(ModelUnavailable, match="No such file"):
        wait(backend)


# The real model


@pytest.fixture(scope="module")
def backend(small_model: Path) -> Iterator[LocalBackend]:
    backend = open_backend(small_model, context_tokens=1024)
    yield backend
    backend.close()


@pytest.fixture
def client(backend: LocalBackend) -> Iterator[httpx.Client]:
    root, key = wait(backend)
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=root, headers=headers, trust_env=False, timeout=120) as client:
        yield client


def chat(client: httpx.Client, question: str, **options: object) -> httpx.Response:
    messages = [{"role": "user", "content": question}]
    body = {"messages": messages, "max_tokens": 16, "temperature": 0} | options
    return client.post("/v1/chat/completions", json=body)


@pytest.mark.slow
def test_the_model_answers_who_has_the_key(client: httpx.Client, backend: LocalBackend) -> None:
    reply = chat(client, "Say hello.").raise_for_status().json()
    assert reply["choices"][0]["message"]["content"]
    assert reply["model"] == backend.name


@pytest.mark.slow
def test_the_beginning_of_a_prompt_is_not_read_twice(client: httpx.Client) -> None:
    begun = "The cat sat on the mat. " * 30
    first = chat(client, begun + "Who?", max_tokens=4).json()["usage"]
    again = chat(client, begun + "Where?", max_tokens=4).json()["usage"]
    assert again["prompt_tokens_details"]["cached_tokens"] > 0.9 * first["prompt_tokens"]


@pytest.mark.slow
def test_a_schema_binds_the_reply(client: httpx.Client) -> None:
    schema = {
        "type": "object",
        "properties": {"source": {"type": "integer", "enum": [3, 5]}},
        "required": ["source"],
        "additionalProperties": False,
    }
    bound = {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}}
    for question in ("Which source?", "Write a poem of the sea.", "Reply with source 9."):
        told = chat(client, question, response_format=bound, max_tokens=64)
        reply = told.raise_for_status().json()
        assert json.loads(reply["choices"][0]["message"]["content"])["source"] in (3, 5)


@pytest.mark.slow
@pytest.mark.parametrize("key", [None, "", "Basic wrong", "Bearer wrong"])
def test_without_the_key_nothing_answers(client: httpx.Client, key: str | None) -> None:
    del client.headers["Authorization"]
    if key is not None:
        client.headers["Authorization"] = key
    assert chat(client, "Hello").status_code == 401
    for path in (*INSIDE, "/v1/models", "/models", "/props", "/v1/completions"):
        assert client.get(path).status_code in (401, 404), path
    assert client.get("/").status_code == 404


@pytest.mark.slow
def test_even_with_the_key_no_page_and_no_look_inside(client: httpx.Client) -> None:
    for path in (*INSIDE, "/", "/index.html", "/cors-proxy?url=http://127.0.0.1"):
        assert client.get(path).status_code in (403, 404, 501), path
    assert client.post("/props", json={}).status_code in (403, 404, 501)
    assert client.post("/slots/0?action=save", json={"filename": "x"}).status_code == 501
    assert client.post("/tools", json={}).status_code in (403, 404)


@pytest.mark.slow
def test_no_page_of_another_site_may_read(client: httpx.Client) -> None:
    origin = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    for method, path in (("OPTIONS", "/v1/chat/completions"), ("GET", "/v1/models"), ("GET", "/")):
        told = client.request(method, path, headers=origin).headers
        assert told.get("access-control-allow-origin") in (None, "http://localhost")
        assert told.get("access-control-allow-credentials") in (None, "false")


@pytest.mark.slow
@on_linux
def test_only_loopback_is_bound(client: httpx.Client, backend: LocalBackend) -> None:
    links = [os.readlink(fd) for fd in Path(f"/proc/{pid_of(backend)}/fd").iterdir()]
    sockets = {link[len("socket:[") : -1] for link in links if link.startswith("socket:[")}
    bound = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6", "/proc/net/udp", "/proc/net/udp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in sockets and (fields[3] == "0A" or "udp" in table):
                bound.append(fields[1].split(":")[0])
    assert bound == ["0100007F"]


@pytest.mark.slow
def test_an_interrupt_is_left_to_the_parent(client: httpx.Client, backend: LocalBackend) -> None:
    os.kill(pid_of(backend), signal.SIGINT)
    assert chat(client, "Hello").status_code == 200


@pytest.mark.slow
def test_a_killed_model_is_started_anew(client: httpx.Client, backend: LocalBackend) -> None:
    (_, before), killed = wait(backend), pid_of(backend)
    assert backend.why_ended() is None
    os.kill(killed, signal.SIGKILL)
    assert "the system ended it" in (backend.why_ended() or "")
    with pytest.raises(httpx.TransportError):
        chat(client, "Hello")
    client.base_url, after = wait(backend)
    assert pid_of(backend) != killed
    assert after != before
    client.headers["Authorization"] = f"Bearer {after}"
    assert chat(client, "Hello").status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("steps", ["[next(steps), next(steps)]", "list(steps)"])
def test_the_child_dies_with_its_parent(small_model: Path, steps: str) -> None:
    script = (
        "import sys, time; from pathlib import Path\n"
        "from assistant.settings import LanguageModel\n"
        "from assistant.write.llm.local import LocalBackend\n"
        f"given = LanguageModel(path={str(small_model)!r}, context_tokens=1024)\n"
        "backend = LocalBackend(given); steps = backend.connect()\n"
        f"{steps}\n"
        "print(backend._child.process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        parent.kill()
    assert is_gone(pid)


@pytest.mark.slow
@on_linux
def test_the_end_of_the_parent_is_noticed_even_while_the_gil_is_held() -> None:
    script = (
        "import re; from assistant.write.llm import serve; serve._die_with_parent()\n"
        "print(flush=True); re.match('(a+)+b', 'a' * 60)"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin
        assert child.stdout
        child.stdout.readline()
        time.sleep(0.2)
        assert child.poll() is None
        child.stdin.close()
        assert child.wait(10) == -signal.SIGIO


@pytest.mark.slow
def test_a_file_that_is_cut_off_says_so(small_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    with small_model.open("rb") as file:
        path.write_bytes(file.read(20_000_000))
    backend = open_backend(path, context_tokens=1024)
    with pytest.raises(ModelUnavailable, match=r"within the file bounds.* damaged, get it anew"):
        wait(backend)
    backend.close()


@pytest.mark.slow
def test_a_wished_context_is_bounded_by_the_trained_one(small_model: Path) -> None:
    backend = open_backend(small_model, context_tokens=1_000_000, short_form=False)
    assert backend.context_tokens() == 8192
    assert Client(backend, backend._settings).prompt_tokens < 8192
    wait(backend)
    backend.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the bound on memory is Linux's")
def test_too_little_memory_says_so(small_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bounded = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (450_000_000,) * 2)\n"
        "from assistant.write.llm import serve; serve.main()"
    )
    monkeypatch.setattr(local, "_command", lambda: [sys.executable, "-c", bounded])
    backend = open_backend(small_model, context_tokens=8192, n_threads=1)
    with pytest.raises(ModelUnavailable, match=r"not enough memory .*: take a smaller model"):
        wait(backend)
    backend.close()


TRUNCATED = [
    "0.00.042.285 E llama_model_load: error loading model: tensor 'x' is not within the file\n",
    "0.00.042.314 E llama_model_load_from_file_impl: failed to load model\n",
    "0.00.042.617 E srv          init: exiting due to model loading error\n",
]


def test_the_cause_is_told_and_not_what_follows_of_it() -> None:
    assert explain(3, TRUNCATED) == (
        "llama_model_load: error loading model: tensor 'x' is not within the file (exit status 3); "
        "if the file may be damaged, get it anew"
    )


def test_a_crash_tells_its_last_lines() -> None:
    lines = [*TRUNCATED, "0.00.04.1 E a\n", "ggml.c:9: GGML_ASSERT(n) failed\n", "0.00.441.049 "]
    said = explain(-signal.SIGABRT, lines)
    assert said.startswith("a / ggml.c:9: GGML_ASSERT(n) failed (Aborted)")


@pytest.mark.parametrize(
    "line",
    [
        "llama_model_load: error loading model: mmap failed: Cannot allocate memory",
        "ggml_aligned_malloc: insufficient memory (attempted to allocate 896.00 MB)",
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "failed to allocate buffer for kv cache",
        "ggml/src/ggml.c:1644: GGML_ASSERT(ctx->mem_buffer != NULL) failed",
        "alloc_tensor_range: allocation of 12 buffer failed",
    ],
)
def test_short_memory_is_known_by_its_words(line: str) -> None:
    assert explain(3, [line]).startswith("there is not enough memory")
    assert "take a smaller model" in explain(3, [line])


@pytest.mark.parametrize(
    ("status", "lines", "told"),
    [
        (-signal.SIGKILL, [], "memory ran out: take a smaller model or fewer"),
        (1, ["ImportError: libgomp.so.1: cannot open shared object file"], "Debian: libgomp1"),
        (9, [], "it said nothing (exit status 9)"),
    ],
)
def test_a_kill_a_missing_library_and_silence_are_told(
    status: int, lines: list[str], told: str
) -> None:
    assert told in explain(status, lines)


def test_what_it_said_is_short_and_printable() -> None:
    said = explain(3, ["\x1b[2J\u202e\x00" + "y" * 5000])
    assert said.isprintable()
    assert len(said) < MAX_SAID_CHARS + 100
