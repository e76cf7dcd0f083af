"""The model that ships: packed in the package, unpacked at first use, found again and told of."""

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from corpora import settings_in
from told import MULTIPLIES_8_BITS, tiny_pack

import assistant
from assistant.doctor import models as doctor
from assistant.doctor.findings import State
from assistant.errors import EmbedderMissing
from assistant.models import export
from assistant.models import prepare as models
from assistant.models.embed import EmbedderInput, OnnxEmbedder, open_embedder
from assistant.models.export import LEAST_AGREEMENT, load_sentence_transformer
from assistant.models.packed import unpack
from assistant.settings import DEFAULT_MODEL, INSTALLED_MODEL, PACKED_MODEL, SHIPPED_MODEL, Settings

pytestmark = [
    pytest.mark.slow,
    # What torch's exporter and transformers say of themselves is not ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
TEXTS = ("The mill was built in 1834.", "Die Mühle steht am Fluss.", "Who? жд", "")


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a tiny shipped model, in the place of ours."""
    (tmp_path / "package").mkdir()
    made = tiny_pack(tmp_path / "package")
    monkeypatch.setattr(models, "PACKED_MODEL", made)
    return made


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def open_shipped(cache: Path) -> OnnxEmbedder:
    embedder = open_embedder(SHIPPED_MODEL, cache)
    assert isinstance(embedder, OnnxEmbedder)
    return embedder


def unpacked(cache: Path) -> Path:
    (folder,) = cache.glob("models/reader-*")
    return folder


def left_over(cache: Path) -> Iterator[str]:
    return (path.name for path in (cache / "models").iterdir() if path.name != "lock")


def test_it_is_the_default_where_its_file_is_there() -> None:
    wanted = SHIPPED_MODEL if PACKED_MODEL.is_file() else INSTALLED_MODEL
    assert Settings.load().embedding_model == DEFAULT_MODEL == wanted
    assert Settings.load(embedding_model=INSTALLED_MODEL).embedding_model == INSTALLED_MODEL
    assert PACKED_MODEL.parent == Path(assistant.__file__).parent / "models"


@pytest.mark.parametrize(
    ("model", "given", "weight"),
    [
        (SHIPPED_MODEL, None, 0.1),
        (INSTALLED_MODEL, None, 0.4),
        ("/models/other", None, 0.4),
        (SHIPPED_MODEL, 0.0, 0.0),
    ],
)
def test_words_weigh_what_suits_the_cosines_of_the_model(
    model: str, given: float | None, weight: float
) -> None:
    settings = Settings.load(embedding_model=model, lexical_weight=given)
    assert settings.weight_of_words == weight


def test_its_vectors_are_those_of_sentence_transformers_with_its_prompts(
    packed: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "LEAST_AGREEMENT", 1.1)  # in 32 bits, as on any processor
    embedder = open_shipped(cache)
    theirs = load_sentence_transformer(unpacked(cache))
    prompts = theirs.prompts["query"], theirs.prompts["document"]
    assert prompts == ("query: ", "passage: ")
    given = [EmbedderInput(text, ((0, len(text)),)) for text in TEXTS]
    ours = np.vstack([vectors.passage for vectors in embedder.embed_passages(given)])
    told = theirs.encode_document([*TEXTS], normalize_embeddings=True)
    assert (ours * told).sum(1).min() > 0.9999
    asked = np.vstack([embedder.embed_query(text) for text in TEXTS])
    wanted = theirs.encode_query([*TEXTS], normalize_embeddings=True)
    assert (asked * wanted).sum(1).min() > 0.9999
    assert (wanted * told).sum(1).max() < LEAST_AGREEMENT, "a question is not a passage"


def test_it_is_computed_in_8_bits_where_that_says_nearly_the_same(
    packed: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "LEAST_AGREEMENT", 0.0)
    small = models.prepare(SHIPPED_MODEL, cache)
    monkeypatch.setattr(export, "LEAST_AGREEMENT", 1.1)
    whole = models.prepare(SHIPPED_MODEL, tmp_path / "other")
    assert (small.precision, whole.precision) == ("int8", "float32")
    assert small.fingerprint != whole.fingerprint
    for prepared, share in ((small, 0.98 if MULTIPLIES_8_BITS else 0.95), (whole, 0.9999)):
        embedder = OnnxEmbedder(prepared, Path(prepared.folder or ""))
        theirs = load_sentence_transformer(Path(prepared.source)).encode_query([*TEXTS])
        asked = np.vstack([embedder.embed_query(text) for text in TEXTS])
        assert (asked * theirs).sum(1).min() > share
        graphs = {path.name for path in Path(prepared.folder or "").iterdir()}
        wanted = {"model.onnx", "together.onnx", "tokenizer.json", "reader.safetensors"}
        assert graphs == wanted
    sizes = [Path(one.folder or "", "model.onnx").stat().st_size for one in (small, whole)]
    assert sizes[0] < sizes[1]


def test_what_is_prepared_is_known_where_a_copy_kept_whole_seconds_only(
    packed: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = models.prepare(SHIPPED_MODEL, cache)
    for path in (cache / "models").rglob("*"):
        second = int(path.stat().st_mtime)  # as a layer of an image keeps it
        os.utime(path, (second, second))
    monkeypatch.setattr(models, "_export", lambda *_: pytest.fail("prepared again"))
    assert models.prepare(SHIPPED_MODEL, cache) == before


def test_vectors_do_not_depend_on_what_is_embedded_beside_them(packed: Path, cache: Path) -> None:
    embedder = open_shipped(cache)
    given = [EmbedderInput(text, ((0, len(text)),)) for text in (*TEXTS, "Long. " * 30)]
    beside = embedder.embed_passages(given)
    for one, vectors in zip(given, beside, strict=True):
        (alone,) = embedder.embed_passages([one])
        assert vectors.passage == pytest.approx(alone.passage, abs=1e-5)
        assert vectors.sentences == pytest.approx(alone.sentences, abs=1e-5)


def test_what_never_saw_two_texts_together_has_no_graph_for_it(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "package").mkdir()
    made = tiny_pack(tmp_path / "package", reads_together=False)
    monkeypatch.setattr(models, "PACKED_MODEL", made)
    prepared = models.prepare(SHIPPED_MODEL, cache)
    names = {path.name for path in Path(prepared.folder or "").iterdir()}
    assert names == {"model.onnx", "tokenizer.json", "reader.safetensors"}


def test_a_second_opening_neither_unpacks_nor_digests_nor_exports_again(
    packed: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = open_shipped(cache).fingerprint
    for name in ("_digest_files", "_export", "unpack"):
        monkeypatch.setattr(models, name, lambda *_: pytest.fail("done twice"))
    assert open_shipped(cache).fingerprint == before


@pytest.mark.parametrize(
    "damage", ["cut model.safetensors", "no tokenizer.json", "no folder", "cut model.onnx"]
)
def test_what_was_damaged_is_made_anew(packed: Path, cache: Path, damage: str) -> None:
    before = open_shipped(cache).embed_query("Where is the mill?")
    kind, name = damage.split()
    if name == "folder":
        folder = unpacked(cache)
        folder.rename(folder.with_name("elsewhere"))
    else:
        (path,) = (
            p for p in cache.glob(f"models/*/{name}") if "onnx" in name or "reader-" in str(p)
        )
        path.write_bytes(path.read_bytes()[: 1000 if kind == "cut" else 0])
    assert open_shipped(cache).embed_query("Where is the mill?") == pytest.approx(before)


def test_an_altered_file_is_refused(packed: Path, cache: Path) -> None:
    data = bytearray(packed.read_bytes())
    data[-100] ^= 1
    packed.write_bytes(data)
    with pytest.raises(EmbedderMissing, match=r"not the published ones.*install the assistant"):
        open_shipped(cache)
    assert not [*left_over(cache)]
    packed.with_suffix(".sha256").unlink()
    with pytest.raises(EmbedderMissing, match=r"SHA-256 of .*reader\.zip.* is not beside it"):
        open_shipped(cache)


def test_a_full_disk_is_told_with_what_is_needed_and_leaves_nothing(
    packed: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.name == "model.safetensors":
            write(path, data[:100])
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(EmbedderMissing, match=r"No space left.*takes up to .* MB.*cache_dir"):
        open_shipped(cache)
    assert not [*left_over(cache)]


def test_two_that_open_it_at_once_unpack_it_once(
    packed: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Path] = []

    def counted(packed: Path, folder: Path) -> None:
        done.append(folder)
        unpack(packed, folder)

    monkeypatch.setattr(models, "unpack", counted)
    found: list[str] = []
    openers = [
        threading.Thread(target=lambda: found.append(open_shipped(cache).fingerprint))
        for _ in range(3)
    ]
    for one in openers:
        one.start()
    for one in openers:
        one.join()
    assert len(found) == 3
    assert len(set(found)) == len(done) == 1


def test_another_model_has_another_fingerprint(
    packed: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = open_shipped(cache).fingerprint
    (tmp_path / "next").mkdir()
    monkeypatch.setattr(models, "PACKED_MODEL", tiny_pack(tmp_path / "next", seed=6))
    assert open_shipped(cache).fingerprint != before


def test_the_doctor_tells_what_it_is(packed: Path, tmp_path: Path) -> None:
    settings = settings_in(tmp_path, embedding_model=SHIPPED_MODEL)
    digest = packed.with_suffix(".sha256").read_text().split()[0]
    told = [one for one in doctor.examine_models(settings) if SHIPPED_MODEL in one.told]
    assert [one.state for one in told] == [State.OK]
    assert "a tale tuned by nobody: find 3 steps, of 2026-01-02" in told[0].told
    assert f"SHA-256 {digest}" in told[0].told
    packed.write_bytes(packed.read_bytes()[:-10])
    (broken,) = (one for one in doctor.examine_models(settings) if "reader.zip" in one.told)
    assert (broken.state, broken.remedy[:27]) == (State.PROBLEM, "install the assistant again")
