"""`assistant doctor`: what is wrong or slow, and the setting or command that mends it.

Findings go to stdout as they are found; refuses nothing. What cannot be used is a problem, what
works less well than it could a warning.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict

from assistant.cli.terminal import say, status_line, write, write_json
from assistant.doctor.corpus import examine_corpus
from assistant.doctor.disk import examine_disk
from assistant.doctor.environment import examine_environment, examine_packages, examine_server
from assistant.doctor.findings import Finding, Severity, problem
from assistant.doctor.index import examine_deeply, examine_index
from assistant.doctor.language_model import examine_language_model
from assistant.doctor.models import examine_models
from assistant.errors import AssistantError
from assistant.settings import Settings

SIGNS = {Severity.OK: "ok", Severity.WARNING: "warning", Severity.PROBLEM: "PROBLEM"}

Examination = Callable[[Settings], Iterator[Finding | None]]
"""Yields what it finds, None while it waits for something."""


def examine(settings: Settings, *, is_deep: bool = False, as_json: bool = False) -> bool:
    """Examine what the settings name, print each finding; return whether there is no problem."""
    found: list[Finding] = []
    with status_line() as show:
        for doing, examination in _list_examinations(is_deep=is_deep):
            show(doing)
            for finding in _survive(examination, settings):
                if finding is None:
                    show(f"{doing}; a minute or two on a slow machine")
                    continue
                found.append(finding)
                if not as_json:
                    write(_tell(finding))
    problems = [one for one in found if one.severity == Severity.PROBLEM]
    if as_json:
        write_json({"findings": [asdict(one) for one in found], "is_healthy": not problems})
    elif problems:
        say(f"{len(problems)} problem{'s' * (len(problems) != 1)}")
    return not problems


def _list_examinations(*, is_deep: bool) -> Iterator[tuple[str, Examination]]:
    yield "examining this machine", examine_environment
    yield "examining the packages", examine_packages
    yield "examining the models", examine_models
    yield "examining the corpus", examine_corpus
    yield "examining the index", examine_index
    if is_deep:
        yield "trying every row of the index", examine_deeply
    yield "examining the disk", examine_disk
    yield "examining the server's settings", examine_server
    yield "asking the language model", examine_language_model


def _survive(examination: Examination, settings: Settings) -> Iterator[Finding | None]:
    """Yield what an examination finds; where it fails itself, that is a problem among others."""
    try:
        yield from examination(settings)
    except (AssistantError, OSError, ValueError) as error:
        subject = examination.__name__.removeprefix("examine_").replace("_", " ")
        yield problem(subject, f"it cannot be examined: {error}", "mend what the message names")


def _tell(finding: Finding) -> str:
    remedy = f"\n         -> {finding.remedy}" if finding.remedy else ""
    return f"{SIGNS[finding.severity]:<8} {finding.subject}: {finding.detail}{remedy}"
