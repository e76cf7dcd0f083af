"""A language model -> what `assistant doctor` finds of it: whether it replies, and how.

Two short calls. Refuses nothing: what fails is a finding with its remedy.

The language model of the settings -> findings: whether it replies, and how.
"""

import json
from collections.abc import Generator, Iterator
from contextlib import closing

from assistant.doctor.findings import Finding, Severity, ok, problem
from assistant.errors import ModelUnavailable
from assistant.settings import LanguageModel, Settings
from assistant.write.llm.client import Client
from assistant.write.llm.open import open_model
from assistant.write.llm.server import UNKNOWN_CONTEXT
from assistant.write.llm.values import Finished, Request

SUBJECT = "language model"
COUNTING = Request(
    "You do what you are told and say nothing else.",
    "Write the numbers from 1 to 20 in words, with commas between them. " + "Begin with one. " * 20,
    max_tokens=60,
)
CHOOSING = Request(
    'Reply with JSON only: {"sentences": [numbers]}',
    "[1] The lake is deep.\n[2] The bridge was built of oak.\n[3] It rained.\n\n"
    "Which sentence tells what the bridge was built of?",
    max_tokens=60,
    schema={
        "type": "object",
        "properties": {
            "sentences": {
                "type": "array",
                "items": {"type": "integer", "enum": [1, 2, 3]},
                "minItems": 1,
                "maxItems": 3,
            }
        },
        "required": ["sentences"],
        "additionalProperties": False,
    },
)
FEW_TOKENS = 1_024
"""Room for a prompt that holds three or four passages."""


def probe(model: Client, settings: LanguageModel) -> Generator[Finding | None]:
    """Yield what is found of the model, None while it works."""
    try:
        pieces, cost = yield from _call(model, COUNTING)
    except ModelUnavailable as error:
        yield Finding(Severity.PROBLEM, SUBJECT, str(error), _remedy(settings))
        return
    yield Finding(Severity.OK, SUBJECT, f"{model.name!r} replies")
    yield _judge_streaming(pieces)
    yield from _judge_speed(model, cost, settings)
    yield from _judge_context(model)
    yield (yield from _judge_schema(model))


def _call(model: Client, request: Request) -> Generator[None, None, tuple[list[str], Finished]]:
    """Return the pieces of a reply and its cost."""
    pieces: list[str] = []
    with closing(model.stream(request)) as stream:
        for piece in stream:
            if isinstance(piece, Finished):
                return pieces, piece
            if piece:
                pieces.append(piece)
            else:
                yield None
    raise ModelUnavailable(f"the reply of {model.name!r} has no end")


def _judge_streaming(pieces: list[str]) -> Finding:
    if len(pieces) > 1:
        return Finding(Severity.OK, SUBJECT, f"streams ({len(pieces)} pieces)")
    return Finding(
        Severity.WARNING,
        SUBJECT,
        "sends its reply in one piece: nothing shows before it is whole, and it can seem silent",
        "switch streaming on in the server, or raise llm.first_token_timeout_s",
    )


def _judge_speed(model: Client, cost: Finished, settings: LanguageModel) -> Iterator[Finding]:
    writing_s = max(cost.total_s - cost.first_token_s, 1e-3)
    reads = cost.prompt_tokens / max(cost.first_token_s, 1e-3)
    about = "about " if cost.is_estimated else ""
    writes = cost.completion_tokens / writing_s
    told = f"{about}{reads:,.0f} tokens/s read, {about}{writes:,.0f} written"
    yield Finding(Severity.OK, SUBJECT, told)
    needs_s = model.prompt_tokens / reads
    if needs_s > settings.first_token_s:
        fits = int(settings.first_token_s * reads * 0.8)
        yield Finding(
            Severity.WARNING,
            SUBJECT,
            f"a full prompt may take {needs_s:,.0f} s; {settings.first_token_s:g} are allowed",
            f"set llm.first_token_timeout_s to {1.5 * needs_s:.0f} or more, "
            f"or llm.max_prompt_tokens to {max(512, fits)}",
        )
    whole_s = needs_s + settings.max_reply_tokens / writes
    if whole_s > settings.total_s:
        yield Finding(
            Severity.WARNING,
            SUBJECT,
            f"a long answer may take {whole_s:,.0f} s, {settings.total_s:g} are allowed",
            f"set llm.total_timeout_s to {1.5 * whole_s:.0f} or more",
        )


def _judge_context(model: Client) -> Iterator[Finding]:
    room, told = model.prompt_tokens, model.context_tokens
    if told is None:
        yield Finding(
            Severity.WARNING,
            SUBJECT,
            f"does not tell its context; {UNKNOWN_CONTEXT:,} tokens are assumed",
            "set llm.context_tokens to what the server gives the model",
        )
    else:
        yield Finding(Severity.OK, SUBJECT, f"context of {told:,} tokens, prompts up to {room:,}")
    if room < FEW_TOKENS:
        yield Finding(
            Severity.WARNING if room > 0 else Severity.PROBLEM,
            SUBJECT,
            f"a prompt may have {room:,} tokens: few passages fit in",
            "give the model a larger context, or lower llm.max_reply_tokens",
        )


def _judge_schema(model: Client) -> Generator[None, None, Finding]:
    refused = Finding(
        Severity.WARNING,
        SUBJECT,
        "is not bound to a JSON schema; its replies are read as they come, and more are dropped",
        "use a server that supports response_format json_schema, and a current version of it",
    )
    if not model.has_schema:
        return refused
    try:
        pieces, _ = yield from _call(model, CHOOSING)
    except ModelUnavailable as error:
        return Finding(
            Severity.PROBLEM,
            SUBJECT,
            f"fails with a JSON schema: {error}",
            "set llm.json_schema to false",
        )
    if not model.has_schema:
        return refused
    try:
        numbers = json.loads("".join(pieces))["sentences"]
    except (ValueError, TypeError, KeyError):
        numbers = None
    if not (isinstance(numbers, list) and numbers and set(map(str, numbers)) <= {"1", "2", "3"}):
        return refused
    chosen = "and chose rightly" if numbers == [2] else f"but chose {numbers} where [2] is right"
    return Finding(Severity.OK, SUBJECT, f"obeys a JSON schema, {chosen}")


def _remedy(settings: LanguageModel) -> str:
    if settings.path:
        return "check llm.path and the memory that is free; `assistant ask --quotes` does without"
    return "check llm.base_url, llm.model and ASSISTANT_LLM__API_KEY, and that the server runs"


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
