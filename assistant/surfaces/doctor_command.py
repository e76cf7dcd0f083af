"""`assistant doctor`: what is wrong or slow, and the setting or command that mends it.

Findings go to stdout as they are found; refuses nothing. What cannot be used is a problem, what
works less well than it could a warning.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict

from assistant.errors import ModelUnavailable
from assistant.findings import Finding, Severity
from assistant.llm.open import open_model
from assistant.llm.probe import SUBJECT, probe
from assistant.settings import Settings
from assistant.surfaces.terminal import say, status_line, write, write_json

SIGNS = {Severity.OK: "ok", Severity.WARNING: "warning", Severity.PROBLEM: "PROBLEM"}


def examine(settings: Settings, *, as_json: bool) -> bool:
    """Examine what the settings name, print each finding; return whether there is no problem."""
    found: list[Finding] = []
    with status_line() as show:
        for finding in _examine_model(settings):
            if finding is None:
                show("asking the language model; a minute or two on a slow machine")
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


def _examine_model(settings: Settings) -> Iterator[Finding | None]:
    if not settings.llm.is_configured:
        yield Finding(Severity.OK, SUBJECT, "none is configured: answers are exact quotes")
        return
    try:
        model = open_model(settings.llm)
    except ModelUnavailable as error:
        yield Finding(Severity.PROBLEM, SUBJECT, str(error), "see llm.path in the settings")
        return
    assert model is not None
    with closing(model):
        yield from probe(model, settings.llm)


def _tell(finding: Finding) -> str:
    remedy = f"\n         -> {finding.remedy}" if finding.remedy else ""
    return f"{SIGNS[finding.severity]:<8} {finding.subject}: {finding.detail}{remedy}"
