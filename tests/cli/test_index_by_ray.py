"""`assistant index --ray`, with the real model and a Ray of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli.runs import Run
from corpora import PREPARED, settings_in, write_files

from assistant.errors import SettingsError
from assistant.pipeline import Assistant
from assistant.store import workers
from assistant.store.partitions import FOLDER
from evals.mixed import make_files

N_FILES = 24


@pytest.mark.parametrize(
    ("given", "address"),
    [
        (["--ray"], "local"),
        (["--ray", "--json"], "local"),
        (["--ray", "10.0.0.1:6379", "--json"], "10.0.0.1:6379"),
        (["--ray=auto"], "auto"),
        ([], None),
    ],
)
def test_an_address_may_follow(
    run: Run, monkeypatch: pytest.MonkeyPatch, given: list[str], address: str | None
) -> None:
    asked: list[str] = []

    def connect(address: str, _: object) -> None:
        asked.append(address)
        raise SettingsError("not here")

    monkeypatch.setattr(workers, "connect", connect)
    code, _, err = run("index", *given)
    assert asked == ([address] if address else [])
    assert (code, "not here" in err) == ((3, True) if address else (0, False))


def test_without_ray_it_is_said_how_to_install_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    code, _, err = run("index", "--ray")
    assert (code, "pip install 'assistant[ray]'" in err) == (3, True)
    assert run("index")[0] == 0


@pytest.mark.parametrize("address", ["127.0.0.1:{port}", "nowhere", "ray://127.0.0.1:{port}"])
def test_an_address_that_does_not_answer_is_told_at_once(run: Run, address: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    shown = address.format(port=port)
    code, _, err = run("index", "--ray", shown)
    assert (code, f"the Ray cluster '{shown}' cannot be reached" in err) == (3, True)


def index(folder: Path, *given: str) -> "subprocess.Popen[str]":
    """Start `assistant index` in a folder."""
    settings = {"CACHE_DIR": str(PREPARED), "RAY_WORKERS": "2", "OFFICE": "off"}
    return subprocess.Popen(
        [sys.executable, "-m", "assistant", "index", *given],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **{f"ASSISTANT_{name}": value for name, value in settings.items()}},
    )


@pytest.mark.slow
def test_a_run_that_was_killed_is_finished_by_the_next_one_with_the_vectors_of_one_process(
    tmp_path: Path,
) -> None:
    made = enumerate(make_files(N_FILES, seed=9))
    write_files(tmp_path / "corpus", {f"{n}{suffix}": data for n, (suffix, data) in made})
    partitions = tmp_path / "index" / FOLDER
    with index(tmp_path, "--ray") as killed:
        while killed.poll() is None and len(list(partitions.glob("*"))) < N_FILES // 3:
            time.sleep(0.05)
        killed.send_signal(signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert list(partitions.iterdir())
    with index(tmp_path, "--ray", "--json") as finished:
        out, err = finished.communicate()
    assert finished.returncode == 0, err
    assert "Traceback" not in err
    report = json.loads(out)
    assert report["n_added"] + report["n_unchanged"] == N_FILES
    assert (report["n_skipped"], partitions.exists()) == (0, False)
    with index(tmp_path, "--index", "alone") as alone:
        alone.communicate()
    one, other = (read_vectors(tmp_path, name) for name in ("index", "alone"))
    assert one.keys() == other.keys()
    for key, vectors in one.items():
        np.testing.assert_allclose(vectors, other[key], atol=2e-3, err_msg=str(key))


def read_vectors(folder: Path, index_dir: str) -> dict[tuple[str, str], Any]:
    """Return the vectors of passages and of their sentences, by passage and text."""
    settings = settings_in(folder, index_dir=folder / index_dir, cache_dir=PREPARED)
    with Assistant.open(settings) as assistant, assistant.index.open() as snapshot:
        rows = [row for of_text in snapshot.rows_by_content() for row in of_text]
        passages, vectors = snapshot.passages(rows), snapshot.vectors(rows)
        return {
            (passages[row].passage_id, passages[row].text): np.vstack(
                [vectors[row].passage, vectors[row].sentences]
            )
            for row in rows
        }


@pytest.mark.slow
def test_ctrl_c_ends_the_workers_too(tmp_path: Path) -> None:
    made = enumerate(make_files(4 * N_FILES, seed=2))
    write_files(tmp_path / "corpus", {f"{n}{suffix}": data for n, (suffix, data) in made})
    with index(tmp_path, "--ray") as process:
        while process.poll() is None and not list((tmp_path / "index").glob(f"{FOLDER}/*")):
            time.sleep(0.05)
        started = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert len(started) > 2
    deadline = time.monotonic() + 20
    while (left := {pid for pid in started if Path(f"/proc/{pid}").exists()}) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.1)
    assert not left


def descendants(pid: int) -> set[int]:
    """Return the processes that a process has started, and those that they have."""
    listed = subprocess.check_output(["ps", "-eo", "pid=,ppid="], text=True)
    parents = {int(a): int(b) for a, b in map(str.split, listed.splitlines())}
    found = set()
    for one in parents:
        above = one
        while above in parents and above != pid:
            above = parents[above]
        if above == pid and one != pid:
            found.add(one)
    return found
