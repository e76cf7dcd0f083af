"""No connection leaves this machine: neither in tests, nor from a fresh installation at work."""

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from corpora import FILES, PREPARED, write_files
from tripwire import is_loopback

TRIPWIRE = """
import os, socket, sys
def _allow(host):
    return host in (None, "", b"", "localhost", "127.0.0.1", "::1")
def _guard(name, pick):
    inner = getattr(socket if name == "getaddrinfo" else socket.socket, name)
    def guarded(*args, **kwargs):
        host = pick(args)
        if not _allow(host):
            with open(os.environ["TRIPPED"], "a") as file:
                file.write(f"{name} {host!r} {sys.argv}\\n")
            raise OSError("no network")
        return inner(*args, **kwargs)
    setattr(socket if name == "getaddrinfo" else socket.socket, name, guarded)
def _peer(args):
    return args[1][0] if isinstance(args[1], tuple) else None
_guard("getaddrinfo", lambda args: args[0])
_guard("connect", _peer)
_guard("connect_ex", _peer)
with open(os.environ["TRIPPED"] + ".armed", "a") as file:
    file.write("armed\\n")
"""
SCRIPT = """
import sys
from pathlib import Path
from assistant import Assistant, Settings
folders = {f"{name}_dir": name for name in ("corpus", "index", "cache")}
settings = Settings(**folders, max_tail_passages=2, vector_base="chroma")
with Assistant.open(settings) as assistant:
    assert assistant.sync().base_problem is None
    answer = assistant.ask("Where does the Danube rise?")
    assert answer.citations, answer
    assert assistant.check() == ()
"""


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        (b"127.0.0.9", True),
        ("::1", True),
        (None, True),
        ("huggingface.co", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("localhost.example.com", False),
    ],
)
def test_the_tripwire_knows_this_machine(host: object, wanted: bool) -> None:
    assert is_loopback(host) is wanted


def test_the_tripwire_trips(no_network: list[object]) -> None:
    with pytest.raises(OSError, match="no network in tests"):
        socket.getaddrinfo("example.com", 443)
    with socket.socket() as opened, pytest.raises(OSError, match="no network in tests"):
        opened.connect(("192.0.2.1", 443))
    assert no_network == ["example.com", ("192.0.2.1", 443)]
    no_network.clear()


@pytest.mark.slow
def test_indexing_and_asking_look_up_no_name(tmp_path: Path) -> None:
    write_files(tmp_path / "corpus", FILES)
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "sitecustomize.py").write_text(TRIPWIRE)
    prefixes = (
        "HF_",
        "HUGGINGFACE",
        "TRANSFORMERS",
        "SENTENCE_TRANSFORMERS",
        "ANONYMIZED",
        "DO_NOT",
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith(prefixes)}
    root = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        env={
            **environment,
            "HOME": str(tmp_path / "home"),
            "PYTHONPATH": os.pathsep.join([str(tmp_path / "hooks"), root]),
            "TRIPPED": str(tmp_path / "tripped"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "tripped").exists(), (tmp_path / "tripped").read_text()
    n_armed = len((tmp_path / "tripped.armed").read_text().splitlines())
    assert n_armed >= 3, "the processes that build and check the base were watched too"


BELOW_PYTHON = """
import sys, time
from pathlib import Path
import numpy as np
from PIL import Image
from assistant import Assistant, Settings
from assistant.ingest.formats import ocr
settings = Settings(corpus_dir="corpus", index_dir="index", cache_dir=sys.argv[1])
with Assistant.open(settings) as assistant:
    assistant.sync()
    assert assistant.ask("Where does the Danube rise?").citations
ocr._session("det")
time.sleep(3)
"""
"""Opens the models of both kinds, and waits as long as a library takes to send something."""
CONNECTED = re.compile(r"sin6?_port=htons\((\d+)\).*?\"([0-9a-f.:]+)\"")


@pytest.mark.slow
def test_no_library_below_python_looks_up_or_sends_anything(tmp_path: Path) -> None:
    write_files(tmp_path / "corpus", FILES)
    home, told = tmp_path / "home", tmp_path / "told"
    home.mkdir()
    watch = ["strace", "-f", "--seccomp-bpf", "-e", "trace=connect,sendto", "-o", str(told)]
    command = [sys.executable, "-c", BELOW_PYTHON, str(PREPARED)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ORT_", "XDG_"))}
    done = subprocess.run(
        [*(watch if shutil.which("strace") else ()), *command],
        cwd=tmp_path,
        env={**environment, "HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not [path for path in home.rglob("*") if "Microsoft" in path.parts]
    if told.exists():
        reached = {at for _, at in CONNECTED.findall(told.read_text(encoding="utf-8"))}
        assert not {at for at in reached if not is_loopback(at)}
