"""The worked examples in docstrings are true."""

import doctest
import importlib
from pathlib import Path

import pytest
from evaluation import examples

ROOT = Path(__file__).parents[1]
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "assistant").rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_every_worked_example_gives_what_it_says(name: str) -> None:
    # The outcomes that the examples of measures are made of.
    given = vars(examples) if name.startswith("assistant.evaluation.measures.") else None
    found = doctest.testmod(importlib.import_module(name), extraglobs=given)
    assert found.attempted > 0
    assert found.failed == 0
