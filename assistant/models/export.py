"""What needs torch: a model's graph for ONNX Runtime, and models that have no such graph.

In: the folder of a sentence-transformers model. Out: a folder with `model.onnx`, whose output is
token vectors, its word vectors in a file of their own, and `tokenizer.json`; of one that also
reads, the state after its lower layers too, its heads, and `together.onnx` with its upper layers.
No file is downloaded, no code of a model run.

Why: ONNX Runtime embeds 1.5 times as many passages a second as `SentenceTransformer.encode` does on
two cores, with cosines of 1.00000 to it, and starts in 0.5 s instead of 9 s (`make bench`). A model
that reads is computed in 8 bits: 2.3 times the rate, with cosines of .998, and of 300 questions to
301 paragraphs of squad2 .683 find theirs first instead of .693. A model of a form that the export
does not know runs in sentence-transformers.
"""

import json
import logging
import shutil
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from assistant.errors import ModelError
from assistant.models.encoder import load_runtime

logger = logging.getLogger(__name__)

READER_FILE = "reader.safetensors"
"""What a model has that also reads: the heads above its tokens, and its upper layers."""
UPPER = "together.layers."
WORDS_FILE = "words.bin"
"""The word vectors. The runtime maps them into memory, so that processes share them and only what a
text has is read: with them inside, the shipped model's graph opens in .39 s instead of .14, and
each process takes 125 MB more."""
WORDS_BYTES = 10_000_000
"""A table of so many bytes is set apart; a layer's matrix is smaller."""
LEAST_AGREEMENT = 0.98
"""Cosine of what is computed in 8 bits to what is not, at the worst of the samples: where it is
lower, as it may be on processors that add products in 16 bits, nothing is computed in 8 bits."""

SAMPLES = (
    "A short sentence.",
    "Ünïcode, 數字 and numbers: 3.14, 2021-05-06.",
    "The committee met on Tuesday to discuss the budget, the schedule and the repairs. " * 8,
)

Precision = Literal["", "float32", "int8"]


@dataclass(frozen=True, slots=True)
class Exported:
    """What is known of a model once it is exported; `precision` is "" of one that could not be."""

    pooling: str
    precision: Precision
    dimension: int
    max_tokens: int
    query_prompt: str
    document_prompt: str


def load_sentence_transformer(folder: Path) -> Any:
    """Return the `SentenceTransformer` of a folder, from this machine only."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]  # it draws one for every load, on any stream
    return SentenceTransformer(
        str(folder), device="cpu", local_files_only=True, trust_remote_code=False
    )


def export(folder: Path, made: Path) -> Exported:
    """Export the model of a folder into another, empty one."""
    encoder = load_sentence_transformer(folder)
    pooling = _pooling(encoder)
    return Exported(
        pooling=pooling or "own",
        precision=_write(encoder, folder, made, pooling)
        if pooling
        else _refuse(folder, "its form"),
        dimension=int(encoder.get_embedding_dimension()),
        max_tokens=int(encoder.max_seq_length or 512),
        query_prompt=encoder.prompts.get("query", "") or "",
        document_prompt=encoder.prompts.get("document", "") or "",
    )


def _write(encoder: Any, folder: Path, made: Path, pooling: str) -> Precision:
    n_lower = _count_lower(folder)
    _write_graph(encoder, made, n_lower)
    if n_lower:
        _write_upper(folder, made, n_lower)
    if _agreement(encoder, made, pooling) < 0.9999:
        return _refuse(folder, "its graph")
    precision: Precision = "float32"
    if (folder / READER_FILE).is_file():
        _write_heads(folder, made)
        precision = _quantize(encoder, made, pooling)
    _set_words_apart(made / "model.onnx")
    return precision


def _set_words_apart(path: Path) -> None:
    """Move a graph's word vectors to a file beside it; the numbers stay as they are."""
    import onnx

    onnx.save_model(
        onnx.load(path),
        path,
        save_as_external_data=True,
        location=WORDS_FILE,
        size_threshold=WORDS_BYTES,
    )


def _refuse(folder: Path, what: str) -> Precision:
    logger.warning("%s runs in sentence-transformers: %s cannot be exported", folder, what)
    return ""


def _quantize(encoder: Any, made: Path, pooling: str) -> Precision:
    """Compute in 8 bits, unless this machine's way of doing it changes the vectors too much."""
    (plain := made / "plain").mkdir()
    graphs = [path.name for path in made.glob("*.onnx")]
    for name in graphs:
        (made / name).rename(plain / name)
        _write_in_8_bits(plain / name, made / name)
    precision: Precision = "int8"
    if _agreement(encoder, made, pooling) < LEAST_AGREEMENT:
        precision = "float32"
        for name in graphs:
            (plain / name).replace(made / name)
    shutil.rmtree(plain)
    return precision


def _write_in_8_bits(path: Path, quantized: Path) -> None:
    """Write a graph whose matrices have 8 bits, and whose word vectors have 16."""
    import onnx
    from onnx.numpy_helper import from_array, to_array

    load_runtime()
    from onnxruntime.quantization import quantize_dynamic

    model = onnx.load(path)
    numbers = {one.name: one for one in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        nodes.append(node)
        table = numbers.get(node.input[0]) if node.op_type == "Gather" else None
        if table is None or table.data_type != onnx.TensorProto.FLOAT:
            continue
        table.CopyFrom(from_array(to_array(table).astype(np.float16), table.name))
        (out,) = node.output
        node.output[0] = f"{out}_half"
        nodes.append(
            onnx.helper.make_node("Cast", [node.output[0]], [out], to=onnx.TensorProto.FLOAT)
        )
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    # Else it advises, in the root logger, to simplify the graph first: nothing is gained by it.
    onnx.helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
    quantize_dynamic(
        model,
        quantized,
        per_channel=True,
        op_types_to_quantize=["MatMul"],
        extra_options={"MatMulConstBOnly": True},  # what attention multiplies stays as it is
    )


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
    logits of each token - it reads, begins, ends - and what the first one says, both (batch):
    "none", and that the second text supports the first.
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
            self.supports = torch.nn.Linear(config.hidden_size, 1)

        def forward(self, states: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
            away = (1 - mask[:, None, None, :]).to(states.dtype) * -1e4
            for layer in self.layers:
                states = layer(states, away)
            said = (head(states[:, 0]).squeeze(-1) for head in (self.none, self.supports))
            return (self.out(states), *said)

    together = Together()
    own = {n.removeprefix("together."): w for n, w in heads.items() if n.startswith("together.")}
    own.pop("kind")  # added before the layers
    together.load_state_dict(own)
    mask = torch.ones(2, 16, dtype=torch.long)
    mask[1, 9:] = 0
    given = {"states": torch.zeros(2, 16, config.hidden_size), "mask": mask}
    _trace(together.eval(), given, ("logits", "none", "supports"), made / "together.onnx")


def _write_heads(folder: Path, made: Path) -> None:
    """Write what a reader has above its encoder, without the layers that are a graph now."""
    from safetensors.numpy import load_file, save_file

    heads = load_file(folder / READER_FILE)
    kept = {name: numbers for name, numbers in heads.items() if not name.startswith(UPPER)}
    save_file(kept, made / READER_FILE)


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
            dynamic_axes={name: axes for name in (*given, *outputs)}
            | {name: {0: "batch"} for name in ("none", "supports") if name in outputs},
            opset_version=17,
            dynamo=False,  # the other exporter takes 9 s instead of 1.5 s and needs onnxscript
        )


def _agreement(encoder: Any, folder: Path, pooling: str) -> float:
    """Return the lowest cosine of what a graph says to what the model itself says."""
    from assistant.models.encoder import OnnxEncoder, pool

    onnx = OnnxEncoder(folder, max_tokens=int(encoder.max_seq_length or 512))
    ours = [pool(tokens.vectors, pooling) for tokens in onnx.encode(SAMPLES)]
    theirs = encoder.encode(list(SAMPLES), normalize_embeddings=True, prompt="")
    return float((np.vstack(ours) * theirs).sum(axis=1).min())


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
