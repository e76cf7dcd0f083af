"""The child process that runs a GGUF file: `python -m assistant.write.llm.serve`.

On stdin it reads a `Job` as one line of JSON (so that the key is in no argument and no
environment); on stdout it writes one line of JSON when it listens: its port and the context that
the model really has. What llama.cpp says goes to stderr. It listens on loopback only, answers no
request without the key, and ends when its stdin closes, so that it never outlives the process that
started it; a Ctrl-C is left to that one. No other module imports xllamacpp.
"""

import http.client
import json
import os
import select
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HOST = "127.0.0.1"
MAX_REPLY_TOKENS = 1024
"""Of a request that names no bound itself."""
REFUSED = 3
"""Exit status when llama.cpp refuses the file; its reasons are on stderr."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to run and how: the model is called by its name in replies, and not by its path.

    The context is wished for; the model may have been trained for a smaller one.
    """

    path: str
    name: str
    api_key: str = field(repr=False)
    context_tokens: int
    n_threads: int


def main() -> None:
    """Serve until stdin closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # nothing but the one line below may reach who listens
    job = Job(**json.loads(sys.stdin.readline()))
    _die_with_parent()
    _be_ended_first()
    server = _open_server(job)
    port = urlsplit(server.listening_address).port
    told.write(json.dumps({"port": port, "context_tokens": _ask_context(port, job)}) + "\n")
    told.close()
    sys.stdin.read()
    os._exit(0)  # waiting for llama.cpp to finish its sentence would help nobody


def _die_with_parent() -> None:
    """Let the end of stdin end this process even while llama.cpp loads, holding the GIL.

    A pipe that is set so sends SIGIO, which ends a process, when it closes. Where there is no
    such thing (Windows), the end is noticed after loading.
    """
    if not hasattr(os, "O_ASYNC"):
        return
    import fcntl

    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([0], [], [], 0)[0]:  # it closed before
        os._exit(0)


def _be_ended_first() -> None:
    """Ask Linux to end this process, and not the one that started it, when memory runs out."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _open_server(job: Job) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    for name, value in _choose_params(job).items():
        target, attribute = params, name
        while "." in attribute:
            outer, attribute = attribute.split(".", 1)
            target = getattr(target, outer)
        setattr(target, attribute, value)
    try:
        return xllamacpp.Server(params)
    except RuntimeError:  # says only that it failed; llama.cpp has written why
        sys.exit(REFUSED)


def _choose_params(job: Job) -> dict[str, Any]:
    """Return the parameters that are not llama.cpp's own defaults, or must never become so."""
    return {
        "model.path": job.path,
        "model_alias": {job.name},
        "n_ctx": job.context_tokens,
        "n_parallel": 1,  # the context is divided by it
        "n_predict": MAX_REPLY_TOKENS,
        "cpuparams.n_threads": job.n_threads,
        "cpuparams_batch.n_threads": job.n_threads,
        "cache_ram_mib": 0,  # 8 GiB by default; the last prompt stays in its slot anyway
        "enable_reasoning": 0,  # thoughts would use up the reply's tokens
        "verbosity": 1,  # errors only; without them nobody would know why it cannot load
        # Only this machine, only with the key; no page in a browser
        "hostnames": [HOST],
        "port": 0,
        "api_keys": [job.api_key],
        "cors_origins": "http://localhost",
        "cors_credentials": False,
        "ui": False,
        "ui_mcp_proxy": False,
        "server_tools": [],
        "endpoint_slots": False,
        "endpoint_props": False,
        "endpoint_metrics": False,
        "slot_save_path": "",
        "media_path": "",
        # Nothing is fetched and no other model is loaded
        "offline": True,
        "models_autoload": False,
        "models_dir": "",
    }


def _ask_context(port: int | None, job: Job) -> int:
    """Return the context that the model really has: rounded up, or as it was trained."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", "/props", headers={"Authorization": f"Bearer {job.api_key}"})
        told = json.load(connection.getresponse())
    finally:
        connection.close()
    return int(told["default_generation_settings"]["n_ctx"])


if __name__ == "__main__":
    main()
