"""The steps of the Dockerfile in one piece, from its sources to a container that is stopped.

No builder is needed: the kernel's namespaces are one's own roots, users, processes and network.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from image_root import TEXT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]
ROOT = Path(__file__).parents[1]
MAX_BYTES = 2_200_000_000
PARTS = ("torch", "packages", "assistant", "model", "bytecode")
"""In the order of the manual, behind Debian."""
OVERLAY = (
    "mkdir lower upper work over && "
    "mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay over"
)
PYTHON = "import ensurepip, sys; print(*sys.version_info[:2])"


def isolate(*command: str | Path) -> list[str | Path]:
    """Return what runs a command as root of namespaces of its own, whoever runs it."""
    own = ["--user", "--map-root-user", "--map-auto"] if os.geteuid() else []
    spaces = ["--mount", "--pid", "--net", "--fork", "--kill-child"]
    return ["unshare", *own, *spaces, "--", *command]


def find_hindrance(folder: Path) -> str:
    """Return why it cannot be tried here; "" where it can."""
    asked = ["/usr/bin/python3", "-c", PYTHON]
    if not Path(asked[0]).exists():
        return "no /usr/bin/python3 here, as Debian has it"
    found = subprocess.run(asked, capture_output=True, text=True, check=False)
    if not found.stdout.split() == ["3", "11"] == list(map(str, sys.version_info[:2])):
        return "Debian 12's Python is 3.11 with python3-venv, and these packages must be of that"
    for command in (isolate("true"), isolate("sh", "-ec", OVERLAY)):
        tried = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if tried.returncode:
            return f"the kernel does not allow it here: {tried.stderr.strip()}"
    return ""


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of it: see `image_root`."""
    if hindrance := find_hindrance(tmp_path_factory.mktemp("probe")):
        pytest.skip(hindrance)
    own = tmp_path_factory.mktemp("image")
    packages = Path(sysconfig.get_path("purelib"))
    command = isolate(sys.executable, ROOT / "tests/image_root.py", own, packages)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        shutil.rmtree(own, ignore_errors=True)  # half a gigabyte
    assert done.returncode == 0, done.stderr
    came: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return came


def test_all_steps_are_run_but_those_that_fetch(tried: dict[str, Any]) -> None:
    fetching = r"apt-get |rm -rf /var/lib/apt|pip install .*--require-hashes"
    assert len(tried["stood_in"]) == 5
    assert all(re.match(fetching, step) for step in tried["stood_in"])


def test_it_becomes_healthy_answers_and_stops_when_it_is_asked_to(tried: dict[str, Any]) -> None:
    assert not tried["faults"]
    (cited,) = tried["answer"]["citations"]
    assert cited["quote"] == TEXT[cited["start"] : cited["end"]]
    assert "nine metres" in cited["quote"]
    assert tried["doctor"]["is_healthy"], tried["doctor"]
    assert tried["ended"] == 0
    assert not tried["healthy_after"]


def test_it_runs_as_nobody_without_a_right_and_writes_nowhere_else(tried: dict[str, Any]) -> None:
    user = tried["user"]
    assert set(user["Uid"]) == set(user["Gid"]) == {"10001"}
    assert {int(right, 16) for right in (*user["CapEff"], *user["CapBnd"])} == {0}
    assert user["NoNewPrivs"] == ["1"]
    assert {"/index", "/tmp"} <= set(user["written"])
    assert all(re.match(r"/(index|tmp)(/|$)", place) for place in user["written"])


def test_its_size_is_what_the_manual_says_by_part(tried: dict[str, Any]) -> None:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    (total, table), *_ = re.findall(r"of its ([\d.]+) GB \| MB \|\n\|.*\n((?:\|.*\n)+)", text)
    told = [int(cell.replace(",", "")) for cell in re.findall(r"\| ([\d,]+) \|", table)]
    debian, *parts = told
    assert sum(told) == pytest.approx(float(total) * 1_000, abs=5)
    measured = [tried["bytes"][part] / 1e6 for part in PARTS]
    assert measured == pytest.approx(parts, rel=0.1), dict(zip(PARTS, measured, strict=True))
    assert sum(measured) + debian <= MAX_BYTES / 1e6
