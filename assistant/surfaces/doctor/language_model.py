"""The language model of the settings -> findings: whether it replies, and how.

Asks it twice. Refuses nothing: a model that cannot be used is a problem.
"""

from collections.abc import Iterator
from contextlib import closing

from assistant.errors import ModelUnavailable
from assistant.findings import Finding, ok, problem
from assistant.llm.open import open_model
from assistant.llm.probe import SUBJECT, probe
from assistant.settings import Settings


def examine_language_model(settings: Settings) -> Iterator[Finding | None]:
    """Yield what is found of the language model, None while it works."""
    if not settings.llm.is_configured:
        yield ok(SUBJECT, "none is configured: answers are exact quotes")
        return
    try:
        model = open_model(settings.llm)
    except ModelUnavailable as error:
        yield problem(SUBJECT, str(error), "see llm.path in the settings")
        return
    assert model is not None
    with closing(model):
        yield from probe(model, settings.llm)
