"""What a wheel of the project holds, and that it works where nothing else of the checkout is."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
QUESTION = "Since when has Flax Typhoon been active?"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as pip builds it, made with the build backend that is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    code = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", code, folder], cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def files(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_the_package_with_its_data_and_nothing_else(files: set[str]) -> None:
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "assistant").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {one for one in files if ".dist-info/" not in one} == package
    assert "assistant/py.typed" in files


def test_the_wheel_says_what_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith("METADATA")]
        headers = archive.read(name).decode().partition("\n\n")[0]
    assert "Requires-Dist: torch==2.13.0\n" in headers
    assert "License-Expression: Apache-2.0" in headers


@pytest.mark.slow
def test_the_installed_wheel_answers(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    env = os.environ | {"PYTHONPATH": str(installed)}

    def run(*arguments: str | Path) -> str:
        command = [sys.executable, *arguments]
        return subprocess.check_output(command, cwd=tmp_path, env=env, text=True)

    assert run("-c", "import assistant; print(assistant.__file__)").startswith(str(installed))
    options = ("--corpus", ROOT / "corpus", "--index", tmp_path / "index")
    assert "active since at least 2021" in run("-m", "assistant", "ask", QUESTION, *options)
