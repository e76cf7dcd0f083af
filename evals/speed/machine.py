"""Facts of the machine, of this process and of others: what figures depend on."""

import os
import platform
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from unittest.mock import patch

PACKAGES = (
    "torch",
    "sentence-transformers",
    "transformers",
    "onnxruntime",
    "chromadb",
    "llama-index-core",
    "llama-index-embeddings-huggingface",
    "llama-index-vector-stores-chroma",
    "numpy",
    "faiss-cpu",
    "usearch",
)
_SAMPLING_S = 0.1


def describe_machine() -> dict[str, Any]:
    """Return what the figures were measured on and with."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "commit": _commit(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


@dataclass(frozen=True, slots=True)
class Run:
    """How a process went; `peak_mb` is the most memory that it held at once."""

    seconds: float
    peak_mb: float
    stdout: str
    stderr: str


def run_process(command: Sequence[str]) -> Run:
    """Run a command to its end and measure it from outside.

    The peak is only right while this process is smaller than the measured one: the system
    counts what a process was before it became the command.
    """
    started = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        out: list[str] = []
        reader = threading.Thread(target=lambda: out.append(_read(process.stdout)))
        reader.start()
        errors = _read(process.stderr)
        reader.join()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)[:200]} failed: {errors[-2000:]}")
    return Run(seconds, _megabytes(usage.ru_maxrss), out[0], errors)


def peak_memory_mb() -> float:
    """Return the most memory that this process has held at once.

    Linux counts in `ru_maxrss` what the parent held when it started this program, so that its
    own peak is read instead.
    """
    own = _status_mb(Path("/proc/self/status"), "VmHWM:")
    return own or _megabytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def memory_mb() -> float:
    """Return the memory that this process holds now (0 where the system does not tell)."""
    return _status_mb(Path("/proc/self/status"), "VmRSS:")


def disk_mb(path: Path) -> float:
    """Return the size of a file, or of all files of a folder."""
    files = path.rglob("*") if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


@contextmanager
def watch_children(command: str = "") -> Iterator[list[float]]:
    """Sample the memory of child processes; the list's last value is the peak of one (Linux).

    Only of those whose command line holds `command`: at its start a child is a copy of its parent.
    """
    peaks = [0.0]
    is_done = threading.Event()

    def sample() -> None:
        while not is_done.wait(_SAMPLING_S):
            for child in filter(lambda one: command in _command_of(one), _children()):
                peaks.append(max(peaks[-1], _status_mb(Path(f"/proc/{child}/status"), "VmHWM:")))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield peaks
    finally:
        is_done.set()
        thread.join()


@contextmanager
def stopwatch(**targets: tuple[Any, str]) -> Iterator[dict[str, float]]:
    """Add up the seconds spent in each named function (owner, attribute) during the block."""
    seconds = dict.fromkeys(targets, 0.0)

    def timed(label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                seconds[label] += time.perf_counter() - started

        return call

    with ExitStack() as stack:
        for label, (owner, name) in targets.items():
            replacement = timed(label, getattr(owner, name))
            stack.enter_context(patch.object(owner, name, replacement))
        yield seconds


def time_each(function: Callable[[str], object], texts: Sequence[str]) -> list[float]:
    """Return the seconds that the function takes for each text."""
    seconds = []
    for text in texts:
        started = time.perf_counter()
        function(text)
        seconds.append(time.perf_counter() - started)
    return seconds


def _read(stream: Any) -> str:
    return str(stream.read())


def _megabytes(maxrss: int) -> float:
    return maxrss / 1e6 if sys.platform == "darwin" else maxrss * 1024 / 1e6


def _command_of(process: str) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _status_mb(path: Path, key: str) -> float:
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0.0
    found = [line.split() for line in lines if line.startswith(key)]
    return int(found[0][1]) * 1024 / 1e6 if found else 0.0


def _children() -> list[str]:
    found: list[str] = []
    for path in Path("/proc/self/task").glob("*/children"):
        try:
            found += path.read_text(encoding="ascii").split()
        except OSError:
            continue
    return found


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _commit() -> str:
    folder = Path(__file__).parent

    def git(*args: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(folder), *args], capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return (git("rev-parse", "--short", "HEAD") or "unknown") + ("+changes" if changed else "")
    except OSError:
        return "unknown"
