"""What `deploy/` holds: looked over by the tools of its kind, and true of the program."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_dependencies import PACKAGES, declared, imported
from typer.testing import CliRunner

from assistant.cli.main import app
from assistant.settings import Settings

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
BUILD, FINAL = (f"FROM {stage}" for stage in re.split(r"^FROM ", DOCKERFILE, flags=re.M)[1:])
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SERVICE = (DEPLOY / "assistant.service").read_text(encoding="utf-8")
LEAST_EXPOSED = 25
"""Of systemd's hundred: it reads, writes and listens, and reaches nothing else."""


def joined(text: str) -> str:
    """Return the lines of a Dockerfile as they are run."""
    return re.sub(r"\s*\\\n\s*", " ", text)


def read_environment(text: str) -> dict[str, str]:
    """Return what a stage of a Dockerfile sets."""
    lines = [line for line in joined(text).splitlines() if line.startswith("ENV ")]
    pairs = [one.split("=", 1) for line in lines for one in shlex.split(line)[1:]]
    return dict((name, value) for name, value in pairs)


def load_with(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in environment.items():
        if name.startswith("ASSISTANT_"):
            monkeypatch.setenv(name, value)
    return Settings.load()


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    tool = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [tool, DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_runs_as_nobody_in_particular_and_says_whether_it_lives() -> None:
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", FINAL, re.M)
    assert FINAL.index("USER ") < FINAL.index("ENTRYPOINT")
    assert "/livez" in FINAL[FINAL.index("HEALTHCHECK") :]


def test_the_image_holds_what_is_locked_by_its_hashes_and_no_tool_to_add_more() -> None:
    installed = [line for line in joined(BUILD).splitlines() if "pip install" in line]
    for command in " && ".join(installed).removeprefix("RUN ").split(" && "):
        assert "--no-deps" in command
        assert "--require-hashes" in command or command.strip().endswith("--no-deps .")
    assert "pip uninstall --yes pip" in BUILD
    assert "[dev]" not in DOCKERFILE
    assert "pip" not in FINAL
    assert "PIP_NO_CACHE_DIR=1" in BUILD


def test_what_is_taken_out_of_the_image_is_what_nothing_here_asks_for() -> None:
    (line,) = re.findall(r"^RUN pip uninstall --yes (.*)", joined(BUILD), re.M)[:1]
    taken = set(line.partition("&&")[0].split())
    assert len(taken) >= 3
    assert not taken & {*declared(), *imported("assistant"), *PACKAGES.values()}


@pytest.mark.slow
def test_the_libraries_load_without_what_is_taken_out() -> None:
    script = (
        "import sys\n"
        "for name in ('cv2', 'shapely', 'pyclipper', 'kubernetes', 'pip'):\n"
        "    sys.modules[name] = None\n"
        "import chromadb, gradio, sentence_transformers, onnxruntime, assistant.serve.app\n"
    )
    environment = os.environ | {"GRADIO_ANALYTICS_ENABLED": "False"}
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, check=True)


def test_what_is_copied_into_the_image_is_let_in_and_nothing_else_is() -> None:
    let_in = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    assert let_in[0] == "*"
    wanted = {line[1:] for line in let_in if line.startswith("!")}
    lines = [line.split()[1:-1] for line in BUILD.splitlines() if line.startswith("COPY ")]
    assert wanted == {source for sources in lines for source in sources}
    assert all((ROOT / one).exists() for one in wanted)


def test_the_settings_of_the_image_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    given = read_environment(FINAL)
    settings = load_with(given, monkeypatch)
    assert (
        settings.cache_dir
        == Path("/opt/model")
        == Path(read_environment(BUILD)["ASSISTANT_CACHE_DIR"])
    )
    assert str(settings.index_dir) in FINAL[FINAL.index("VOLUME") :]
    assert (settings.host, settings.port) == ("0.0.0.0", 7860)


def test_the_composed_assistant_is_shut_in_and_reached_from_this_machine_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = COMPOSE["services"]["assistant"]
    assert ours["read_only"] is True
    assert ours["cap_drop"] == ["ALL"]
    assert ours["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in ours["ports"])
    assert "/tmp" in ours["tmpfs"]
    assert [one for one in ours["volumes"] if one.endswith(":/corpus:ro")]
    assert (DEPLOY / ours["build"]["context"] / ours["build"]["dockerfile"]).samefile(
        DEPLOY / "Dockerfile"
    )
    settings = load_with(ours["environment"], monkeypatch)
    assert settings.llm.is_configured
    assert settings.llm.base_url == "http://ollama:11434/v1"


def test_what_is_composed_names_networks_and_volumes_that_there_are() -> None:
    assert "ports" not in COMPOSE["services"]["ollama"]
    for service in COMPOSE["services"].values():
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        named = {one.split(":")[0] for one in service["volumes"] if one[0] not in "./"}
        assert named <= set(COMPOSE["volumes"])
        assert ":latest" not in service["image"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
def test_systemd_takes_the_unit_and_finds_it_little_exposed(tmp_path: Path) -> None:
    unit = tmp_path / "assistant.service"
    command = re.search(r"^ExecStart=(\S+)", SERVICE, re.M)
    assert command
    unit.write_text(SERVICE.replace(command[1], sys.executable), encoding="utf-8")
    for asked in (["verify"], ["security", "--offline=true", f"--threshold={LEAST_EXPOSED}"]):
        done = subprocess.run(
            ["systemd-analyze", *asked, unit], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Unknown" not in done.stderr


def test_the_units_command_is_one_and_what_it_sets_are_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = re.search(r"^ExecStart=\S+ (.*)$", SERVICE, re.M)
    assert command
    asked = CliRunner().invoke(app, [*shlex.split(command[1]), "--help"])
    assert asked.exit_code == 0, asked.output
    pairs = [
        line.partition("=")[2].split("=", 1)
        for line in SERVICE.splitlines()
        if line.startswith("Environment=")
    ]
    settings = load_with(dict(pairs), monkeypatch)
    assert settings.cache_dir == Path("%C/assistant")


@pytest.mark.parametrize("page", ["operations.md", "python.md"])
def test_the_yaml_that_is_shown_is_yaml(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", text, flags=re.M | re.S)
    assert blocks
    for block in blocks:
        assert yaml.safe_load(block)
