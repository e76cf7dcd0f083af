"""The installed packages -> findings: whether each is in the range that this project asks for.

Reads the metadata of the installation and imports none of the packages. Refuses nothing.
"""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from assistant.findings import Finding, ok, problem, warning
from assistant.settings import Settings

SUBJECT = "packages"
PROJECT = "assistant"
SHOWN = (
    *("torch", "sentence-transformers", "transformers", "onnxruntime", "chromadb"),
    *("llama-index-core", "gradio", "pypdfium2"),
)
"""Packages whose versions are told; of the others only what is wrong."""


def examine_packages(settings: Settings) -> Iterator[Finding]:
    """Yield what is missing or of another version than asked for, else the versions."""
    try:
        wanted = list_requirements("local" if settings.llm.path else "")
    except PackageNotFoundError:
        yield warning(
            SUBJECT,
            f"{PROJECT} is not installed, so what it needs cannot be told",
            "pip install . (in the project's folder)",
        )
        return
    faults = [fault for one in wanted if (fault := _judge(one))]
    yield from faults
    names = {one.name for one in wanted}
    versions = [f"{name} {found}" for name in SHOWN if name in names and (found := _version(name))]
    in_range = len(wanted) - len(faults)
    yield ok(SUBJECT, f"{in_range} of {len(wanted)} are as asked for: {', '.join(versions)}")


def list_requirements(extra: str = "") -> list[Requirement]:
    """Return what the installed project asks for, with one of its extras if it is named.

    Raises:
        PackageNotFoundError: the project is not installed.
    """
    found = map(Requirement, requires(PROJECT) or ())
    return [one for one in found if one.marker is None or one.marker.evaluate({"extra": extra})]


def _judge(wanted: Requirement) -> Finding | None:
    found = _version(wanted.name)
    remedy = f"pip install '{wanted.name}{wanted.specifier}'"
    if found is None:
        return problem(SUBJECT, f"{wanted.name} is missing", remedy)
    if not wanted.specifier.contains(found, prereleases=True):
        detail = f"{wanted.name} is {found}, and {wanted.specifier} is asked for"
        return problem(SUBJECT, detail, remedy)
    return None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
