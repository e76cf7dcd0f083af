"""The parts of the documentation that the code itself tells, as Markdown.

Reads nothing but what `assistant` exports, its settings, and the command that pyproject.toml names.
"""

import dataclasses
import enum
import importlib
import inspect
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.testing import CliRunner

import assistant
from assistant.settings import CollectionSettings, LanguageModel, Settings, VerifierSettings

ROOT = Path(__file__).parents[1]
MACHINE_DEPENDENT = {"cache_dir": "~/.cache/assistant"}
GROUPS: dict[str, type[BaseModel]] = {
    "llm": LanguageModel,
    "verifier": VerifierSettings,
    "collections": CollectionSettings,
}
SECTION = re.compile(r"^(Args|Attributes|Raises|Returns|Yields):$", re.MULTILINE)
TITLES = {"Args": "Arguments"}
PREFIX = re.compile(r"\b(?:[a-z_]\w*\.)+(?=[A-Za-z_])")
"""The module before a type's name."""


def render_settings() -> str:
    """Return the table of settings; those of models and collections have tables of their own."""
    fields = Settings.model_fields.items()
    return _settings_table((name, field) for name, field in fields if name not in GROUPS)


def render_group(group: str) -> str:
    """Return the table of the settings of a language model, of who verifies, or of a collection."""
    fields = GROUPS[group].model_fields.items()
    return _settings_table((f"{name_group(group)}.{name}", field) for name, field in fields)


def name_group(group: str) -> str:
    """Return what the name of a setting of a group begins with."""
    return f"{group}.NAME" if group == "collections" else group


def _settings_table(fields: Iterable[tuple[str, FieldInfo]]) -> str:
    rows = (
        (f"`{name}`", f"`{_default(name, field)}`", field.description or "")
        for name, field in fields
    )
    return _table(("setting", "default", ""), rows)


def _default(name: str, field: FieldInfo) -> str:
    if field.is_required():
        return "none"
    return MACHINE_DEPENDENT.get(name) or ('""' if field.default == "" else str(field.default))


def load_app() -> typer.Typer:
    """Return the command that the package installs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, _ = project["scripts"]["assistant"].partition(":")
    app: typer.Typer = importlib.import_module(module).app
    return app


def render_commands() -> str:
    """Return a section for each command, with what it says of itself."""
    app = load_app()
    names = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return "\n\n".join(f"## {name}\n\n```text\n{_help(app, name)}\n```" for name in names)


def _help(app: typer.Typer, name: str) -> str:
    asked = CliRunner().invoke(app, [name, "--help"], prog_name="assistant", env={"COLUMNS": "80"})
    return asked.output.strip()


def render_python() -> str:
    """Return a section for everything that `assistant` exports: functions, values, errors."""
    exported = {name: getattr(assistant, name) for name in assistant.__all__}
    groups: dict[str, list[str]] = {"Asking": [], "Values": [], "Errors": []}
    for name, thing in exported.items():
        if inspect.isclass(thing) and issubclass(thing, BaseException):
            groups["Errors"].append(_render_class(name, thing))
        elif name == "Assistant":
            groups["Asking"].insert(0, _render_class(name, thing))
        elif inspect.isclass(thing):
            groups["Values"].append(_render_class(name, thing))
        elif inspect.isfunction(thing):
            groups["Asking"].append(_render_callable(f"### {name}", name, thing))
        else:
            groups["Values"].append(_render_name(name, thing))
    return "\n\n".join(part for group in groups.values() for part in group)


def _render_name(name: str, thing: Any) -> str:
    """Return the section of a type's other name, or of a text."""
    spelt = "str" if isinstance(thing, str) else f"TypeAlias = {_type_name(thing)}"
    return f"### `{name}`\n\n```python\n{name}: {spelt}\n```"


def _render_class(name: str, thing: type) -> str:
    parts = [f"### {name}"]
    if issubclass(thing, BaseException):
        base = thing.__mro__[1].__name__
        parts.append("" if base == "Exception" else f"A kind of [`{base}`](#{base.lower()}).")
    parts.append(_render_docstring(inspect.getdoc(thing) or ""))
    if issubclass(thing, enum.Enum):
        parts.append("\n".join(f"- `{one.value}`" for one in thing))
    if dataclasses.is_dataclass(thing):
        fields = dataclasses.fields(thing)
        rows = ((f"`{one.name}`", f"`{_type_name(one.type)}`") for one in fields)
        parts.append(_table(("field", "type"), rows))
    if issubclass(thing, BaseModel):
        parts.append("Its fields are the [settings](settings.md).")
    if not issubclass(thing, enum.Enum):
        parts += [_render_member(name, *named) for named in _members(thing)]
    return "\n\n".join(part for part in parts if part)


def _members(thing: type) -> Iterator[tuple[str, Any]]:
    """Yield what a class of ours offers in public, and no other library's class asks of it."""
    ours = [one for one in thing.__mro__ if one.__module__.partition(".")[0] == "assistant"]
    others = [one for one in thing.__mro__ if one not in ours]
    members: dict[str, Any] = {}
    for one in ours:
        members = members | {name: it for name, it in vars(one).items() if name not in members}
    for name, value in members.items():
        is_callable = inspect.isfunction(value) or isinstance(value, classmethod | property)
        if is_callable and name[0] != "_" and not any(hasattr(one, name) for one in others):
            yield name, value


def _render_member(owner: str, name: str, member: Any) -> str:
    heading = f"#### {owner}.{name}"
    if isinstance(member, property):
        told = _render_docstring(inspect.getdoc(member) or "")
        returned = inspect.signature(member.fget).return_annotation if member.fget else ""
        return f"{heading}\n\n```python\n{name}: {_type_name(returned)}\n```\n\n{told}"
    function = member.__func__ if isinstance(member, classmethod) else member
    return _render_callable(heading, name, function)


def _render_callable(heading: str, name: str, function: Any) -> str:
    signature = inspect.signature(function)
    parameters = [
        _spell(one) for one in signature.parameters.values() if one.name not in {"self", "cls"}
    ]
    returned = signature.return_annotation
    shown = signature.replace(
        parameters=parameters,
        return_annotation=signature.empty
        if returned is signature.empty
        else _Verbatim(_type_name(returned)),
    )
    call = f"{'async ' if inspect.iscoroutinefunction(function) else ''}{name}{shown}"
    if len(call) > 90:
        arguments = ",\n".join(f"    {one}" for one in _with_star(parameters))
        returns = f" -> {_type_name(returned)}" if returned is not signature.empty else ""
        call = f"{call.partition('(')[0]}(\n{arguments},\n){returns}"
    told = _render_docstring(inspect.getdoc(function) or "")
    return f"{heading}\n\n```python\n{call}\n```\n\n{told}"


def _with_star(parameters: list[inspect.Parameter]) -> Iterator[str]:
    has_star = False
    for one in parameters:
        if one.kind is one.KEYWORD_ONLY and not has_star:
            yield "*"
        has_star = has_star or one.kind in {one.KEYWORD_ONLY, one.VAR_POSITIONAL}
        yield str(one)


def _spell(parameter: inspect.Parameter) -> inspect.Parameter:
    """Return a parameter that prints without modules, and without what a function's address is."""
    if parameter.annotation is not parameter.empty:
        parameter = parameter.replace(annotation=_Verbatim(_type_name(parameter.annotation)))
    if inspect.isfunction(parameter.default):
        parameter = parameter.replace(default=_Verbatim("..."))
    return parameter


class _Verbatim:
    """Prints as given."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _type_name(annotation: Any) -> str:
    named = isinstance(annotation, type) and not getattr(annotation, "__args__", ())
    spelt = annotation.__name__ if named else str(annotation)
    spelt = re.sub(r"^\*<class '(.*)'>$", r"Unpack[\1]", spelt)
    return PREFIX.sub("", spelt).strip("'\"").replace("NoneType", "None")


def _render_docstring(text: str) -> str:
    """Return a docstring in Google's style as Markdown."""
    told, *sections = SECTION.split(text)
    parts = [_fence_examples(told.strip())]
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        entries = re.split(r"\n(?=\S)", inspect.cleandoc(body).strip())
        parts.append(f"{TITLES.get(title, title)}:\n\n" + "\n".join(map(_render_entry, entries)))
    return "\n\n".join(parts)


def _render_entry(entry: str) -> str:
    names, colon, told = " ".join(entry.split()).partition(": ")
    spelt = ", ".join(f"`{name}`" for name in names.split(", "))
    return f"- {spelt}: {told}" if colon else f"- {names}"


def _fence_examples(text: str) -> str:
    parts = (
        f"```pycon\n{part}\n```" if part.startswith(">>>") else part for part in text.split("\n\n")
    )
    return "\n\n".join(parts)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", r"\|")
