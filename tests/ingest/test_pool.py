"""Parsing in children: whatever a file does to its parser, only that file is lost, and says why.

The formats here are stand-ins of the child's own interpreter, put in place by `sitecustomize`.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from ingest.reading import refuses

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest.formats.parsed import Limits
from assistant.ingest.pool import Parsers

LIMITS = Limits(timeout_s=2.0, memory_bytes=400_000_000)
SABOTAGE = """
import sys, types
sabotage = types.ModuleType("assistant.ingest.formats.sabotage")
exec('''
import ctypes, os, signal, socket, sys, time
from pathlib import Path
from assistant.ingest.formats.parsed import Parsed
from assistant.values import Unit
from assistant.errors import DocumentUnreadable, Fault

def parse(data, limits):
    act = data.decode()
    if act == "crash": ctypes.string_at(0)
    if act == "abort": os.abort()
    if act == "exit": os._exit(7)
    if act == "spin":
        while True: pass
    if act == "sleep": time.sleep(60)
    if act == "memory": held = [bytearray(50_000_000) for _ in range(100)]
    if act == "recurse": parse_again = lambda: parse_again(); parse_again()
    if act == "raise": raise KeyError("a defect")
    if act == "refuse": raise DocumentUnreadable("locked", Fault.ENCRYPTED)
    if act == "print": print("noise" * 1000); sys.stderr.write("noise")
    if act == "write":
        folder = os.environ["PYTHONPATH"].split(os.pathsep)[0]
        Path(folder, "written").write_bytes(b"x" * 10)
    if act == "endless": return Parsed("x" * 300_000_000, None, (Unit(0, 1),))
    if act == "lie": return Parsed("abc", None, (Unit(2, 9),))
    if act == "unseen": return Parsed("a\\\\u202eb", None, (Unit(0, 3),))
    if act == "sigint": os.kill(os.getpid(), signal.SIGINT)
    if act == "environment": return Parsed(" ".join(sorted(os.environ)), None, (Unit(0, 1),))
    if act == "network":
        try:
            socket.create_connection(("127.0.0.1", int(limits.max_pages)), timeout=1)
        except OSError:
            return Parsed("refused", None, (Unit(0, 1),))
        return Parsed("connected", None, (Unit(0, 1),))
    return Parsed("fine", None, (Unit(0, 4),))
''', sabotage.__dict__)
sys.modules["assistant.ingest.formats.sabotage"] = sabotage
from assistant.ingest import parse
parse.FORMATS["sabotage"] = "sabotage"
"""


@pytest.fixture
def sabotaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the children know a format that does harm."""
    (tmp_path / "sitecustomize.py").write_text(SABOTAGE)
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    monkeypatch.setenv("PYTHONPATH", path)


@pytest.fixture
def parsers(sabotaged: None) -> Iterator[Parsers]:
    with Parsers(LIMITS) as opened:
        yield opened


@pytest.mark.parametrize(
    ("act", "fault", "said"),
    [
        ("crash", Fault.CRASH, "crashed"),
        ("abort", Fault.CRASH, "crashed"),
        ("exit", Fault.CRASH, "exit status 7"),
        ("spin", Fault.TIMEOUT, "longer than 2 s"),
        ("sleep", Fault.TIMEOUT, "longer than 2 s"),
        ("memory", Fault.MEMORY, "memory"),
        ("recurse", Fault.CORRUPT, "nested too deeply"),
        ("raise", Fault.CORRUPT, "damaged"),
        ("refuse", Fault.ENCRYPTED, "locked"),
        ("lie", Fault.CORRUPT, "nonsense"),
        ("unseen", Fault.CORRUPT, "nonsense"),
        ("write", Fault.CORRUPT, "damaged"),
    ],
)
def test_a_file_that_harms_its_parser_is_refused_and_the_next_one_is_read(
    parsers: Parsers, tmp_path: Path, act: str, fault: Fault, said: str
) -> None:
    with refuses(fault, said):
        parsers.parse(act.encode(), "sabotage")
    assert parsers.parse(b"", "sabotage").text == "fine"
    written = tmp_path / "written"
    assert not written.exists() or written.stat().st_size == 0


def test_a_reply_without_bounds_is_refused(parsers: Parsers) -> None:
    with pytest.raises(DocumentUnreadable) as refused:
        parsers.parse(b"endless", "sabotage")
    assert refused.value.fault in {Fault.MEMORY, Fault.TOO_LARGE}


@pytest.mark.parametrize("act", ["print", "sigint"])
def test_noise_and_an_interrupt_reach_nothing(parsers: Parsers, act: str) -> None:
    assert parsers.parse(act.encode(), "sabotage").text == "fine"


def test_a_child_knows_no_secrets_of_its_parent(
    parsers: Parsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_LLM__API_KEY", "a secret")
    assert "ASSISTANT" not in parsers.parse(b"environment", "sabotage").text


def test_a_child_is_used_again(parsers: Parsers) -> None:
    started = time.perf_counter()
    parsers.parse(b"", "sabotage")
    first = time.perf_counter() - started
    started = time.perf_counter()
    for _ in range(20):
        parsers.parse(b"", "sabotage")
    assert time.perf_counter() - started < 20 * first / 2


def test_large_files_go_both_ways(parsers: Parsers) -> None:
    text = "Ünïcode line.\n" * 100_000
    assert parsers.parse(text.encode(), "text/plain").text == text


def test_many_threads_share_the_children(sabotaged: None) -> None:
    # Twelve children that start at once may wait for a busy machine.
    parsers = Parsers(replace(LIMITS, timeout_s=60.0))

    def read(number: int) -> str:
        act = b"crash" if number % 3 == 0 else f"Text {number}.".encode()
        kind = "sabotage" if number % 3 == 0 else "text/plain"
        try:
            return parsers.parse(act, kind).text
        except DocumentUnreadable as error:
            return error.fault

    with ThreadPoolExecutor(12) as threads:
        found = list(threads.map(read, range(12)))
    parsers.close()
    assert found == [Fault.CRASH if n % 3 == 0 else f"Text {n}." for n in range(12)]


def test_a_child_ends_with_its_parent_even_when_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import json, time\n"
        "from assistant.ingest.formats.parsed import DEFAULT_LIMITS\n"
        "from assistant.ingest.pool import Parsers\n"
        "parsers = Parsers(DEFAULT_LIMITS)\n"
        "parsers.parse(b'x', 'text/plain')\n"
        "print(json.dumps([child._process.pid for child in parsers._idle]), flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        (child,) = json.loads(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
        if "Z" in Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[:1]:
            break  # ended, and left for init to bury
        time.sleep(0.1)
    else:
        assert not Path(f"/proc/{child}").exists()


def test_a_child_reaches_no_network_where_the_system_takes_it_away(tmp_path: Path) -> None:
    unshare = "import ctypes; raise SystemExit(ctypes.CDLL(None).unshare(0x50000000) != 0)"
    if subprocess.run([sys.executable, "-c", unshare], check=False).returncode:
        pytest.skip("this system lets no process give up its network")
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.MonkeyPatch.context() as patch:
        (tmp_path / "sitecustomize.py").write_text(SABOTAGE)
        kept = filter(None, [os.environ.get("PYTHONPATH")])
        patch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *kept]))
        limits = Limits(max_pages=server.getsockname()[1], timeout_s=5)
        with Parsers(limits) as parsers:
            assert parsers.parse(b"network", "sabotage").text == "refused"


def test_a_child_of_a_large_process_is_used_again_too(parsers: Parsers) -> None:
    held = bytearray(600_000_000)  # a child begins with what the system says its parent had
    held[::4096] = b"x" * len(held[::4096])
    parsers.parse(b"", "sabotage")
    (child,) = parsers._idle
    parsers.parse(b"", "sabotage")
    assert parsers._idle == [child]


def test_closing_ends_what_is_being_read_at_once(sabotaged: None) -> None:
    slow = Parsers(Limits(timeout_s=60.0))
    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(slow.parse, b"sleep", "sabotage")
        time.sleep(1.5)
        started = time.perf_counter()
        slow.close()
        with pytest.raises(DocumentUnreadable):
            reading.result()
    assert time.perf_counter() - started < 2
    with pytest.raises(DocumentUnreadable, match="was ended"):
        slow.parse(b"x", "text/plain")
