"""The child process that runs a GGUF file: `python -m assistant.write.llm.serve`.

On stdin it reads one line of JSON: path, name, api_key, context_tokens, n_threads (so that the key
is in no argument and no environment). On stdout it writes the key and its port when it listens,
and what llama.cpp says. It listens on loopback only, answers no request without the key, and ends
when its stdin closes, so that it never outlives the process that started it; a Ctrl-C is left to
that one. No other module imports xllamacpp.
"""

import fcntl
import json
import os
import select
import signal
import sys
from contextlib import suppress
from functools import reduce
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

MAX_REPLY_TOKENS = 1024
"""Of a request that names no bound itself."""
OFF = (
    *("cors_credentials", "ui", "ui_mcp_proxy", "models_autoload"),
    *("endpoint_slots", "endpoint_props", "endpoint_metrics"),
)
NOWHERE = ("slot_save_path", "media_path", "models_dir")
"""What else a server could show, fetch, load or read."""
REFUSED = 3
"""Exit status when llama.cpp refuses the file; it has said why."""


def main() -> None:
    """Serve until stdin closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    job = json.loads(sys.stdin.readline())
    _die_with_parent()
    with suppress(OSError):  # where memory runs out, this process ends and not the one that asks
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    server = _open_server(job)
    port = urlsplit(server.listening_address).port
    sys.stdout.write(f"\n{job['api_key']} {port}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)  # waiting for llama.cpp to finish its sentence would help nobody


def _die_with_parent() -> None:
    """Let the end of stdin end this process even while llama.cpp loads, holding the GIL.

    A pipe that is set so sends SIGIO, which ends a process, when it closes.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([0], [], [], 0)[0]:  # it closed before
        os._exit(0)


def _open_server(job: dict[str, Any]) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    for name, value in _choose_params(job).items():
        *outer, attribute = name.split(".")
        setattr(reduce(getattr, outer, params), attribute, value)
    try:
        return xllamacpp.Server(params)
    except RuntimeError:  # says only that it failed
        sys.exit(REFUSED)


def _choose_params(job: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that are not llama.cpp's own defaults, or must never become so."""
    return {
        "model.path": job["path"],
        "model_alias": {job["name"]},
        "n_ctx": job["context_tokens"],
        "n_parallel": 1,  # the context is divided by it
        "n_predict": MAX_REPLY_TOKENS,
        "cpuparams.n_threads": job["n_threads"],
        "cpuparams_batch.n_threads": job["n_threads"],
        "cache_ram_mib": 0,  # 8 GiB by default; the last prompt stays in its slot anyway
        "enable_reasoning": 0,  # thoughts would use up the reply's tokens
        "verbosity": 1,  # errors only; without them nobody would know why it cannot load
        # Only this machine, only with the key; no page in a browser, and nothing fetched
        "hostnames": ["127.0.0.1"],
        "port": 0,
        "api_keys": [job["api_key"]],
        "cors_origins": "http://localhost",
        "server_tools": [],
        "offline": True,
        **dict.fromkeys(OFF, False),
        **dict.fromkeys(NOWHERE, ""),
    }


if __name__ == "__main__":
    main()
