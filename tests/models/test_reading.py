"""What is prepared reads as what was trained: the same log-odds, by other code."""

import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from told import MULTIPLIES_8_BITS, tiny_reader, told_units

from assistant.models import export
from assistant.models.encoder import OnnxEncoder
from assistant.models.prepare import prepare
from assistant.models.reader import Encoded, Reader, settle
from evals.reader import model as trained
from evals.reader.batches import Text
from evals.reader.reading import encode_all, fill_shelf, read
from evals.reader.support import Pair, support_logits

PROMPTS = "query: ", "passage: "


@pytest.fixture(scope="module", autouse=True)
def _exact() -> Iterator[None]:
    """Torch computes in half precision where the processor has it: not here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trained, "half_precision", nullcontext)
        yield


@pytest.fixture(scope="module")
def theirs() -> trained.Reader:
    """A tiny reader whose heads say something."""
    reader = tiny_reader(told_units())
    torch.manual_seed(5)
    for name, parameter in reader.named_parameters():
        if not name.startswith("encoder."):
            parameter.data += 0.3 * torch.randn_like(parameter)
    return reader.eval()


@pytest.fixture(scope="module")
def ours(theirs: trained.Reader, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "LEAST_AGREEMENT", 0.0)
        return prepare_reader(theirs, tmp_path_factory.mktemp("reader"), "int8")


@pytest.fixture(scope="module")
def unrounded(theirs: trained.Reader, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """The reader as it is computed on a machine whose 8 bits say something else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "LEAST_AGREEMENT", 1.01)
        return prepare_reader(theirs, tmp_path_factory.mktemp("unrounded"), "float32")


def prepare_reader(theirs: trained.Reader, root: Path, precision: str) -> Reader:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    theirs.encoder.save_pretrained(root / "base")  # type: ignore[operator]
    theirs.tokenizer.save_pretrained(root / "base")
    parts = [Transformer(str(root / "base"), max_seq_length=128), Pooling(32, "mean")]
    SentenceTransformer(modules=parts).save(str(root / "model"))
    heads = {n: t for n, t in theirs.state_dict().items() if not n.startswith("encoder.")}
    save_file({n: t.contiguous() for n, t in heads.items()}, root / "model" / "reader.safetensors")
    prepared = prepare(str(root / "model"), root / "cache")
    assert prepared.folder
    assert prepared.precision == precision
    encoder = OnnxEncoder(Path(prepared.folder), max_tokens=128, is_alone=True)
    return Reader(encoder, Path(prepared.folder), PROMPTS)


def passages() -> Iterator[Text]:
    for number, unit in enumerate(told_units(6)):
        yield Text(number, unit.passage, unit.sentences)


def errors(ours: Reader, theirs: trained.Reader) -> list[float]:
    """Return how far apart both are, of every sentence read and glanced at."""
    texts = [*passages()]
    shelf = fill_shelf(theirs, texts)
    asked = ["When was the harbour of Dorn 0 built?", "Who?"]
    questions = encode_all(theirs, asked, is_question=True)
    encoded = ours.encode_passages([text.text for text in texts])
    apart = []
    for q, text in enumerate(asked):
        wanted = read(theirs, shelf, questions, q, range(len(texts)))
        found = ours.read(ours.encode_question(text), encoded, [t.sentences for t in texts])
        for one in wanted:
            apart.append(float(found[one.passage].log_odds[one.sentence]) - one.joint)
            glanced = ours.glance(
                ours.encode_question(text), encoded[one.passage], texts[one.passage].sentences
            )
            apart.append(float(glanced[one.sentence]) - one.late)
    return [abs(error) for error in apart]


def test_it_reads_as_it_was_trained_to(unrounded: Reader, theirs: trained.Reader) -> None:
    # What the lower layers say is kept in 16 bits while a reader is measured.
    assert max(errors(unrounded, theirs)) < 0.05


def test_in_8_bits_it_reads_almost_so_on_any_processor(
    ours: Reader, theirs: trained.Reader
) -> None:
    apart = errors(ours, theirs)
    assert sum(apart) / len(apart) < 0.15
    assert max(apart) < (0.3 if MULTIPLIES_8_BITS else 0.6)


def test_the_answering_words_lie_in_their_sentence(ours: Reader) -> None:
    text = next(passages())
    (passage,) = ours.encode_passages([text.text])
    (found,) = ours.read(ours.encode_question("When?"), [passage], [text.sentences])
    for words, (start, end) in zip(found.words, text.sentences, strict=True):
        assert words is None or start - 1 <= words[0] < words[1] <= end


@pytest.mark.parametrize(
    ("begin", "end", "marked"),
    [
        ((0, 9, 0, 0, 0), (0, 0, 9, 0, 0), (2, 6)),  # "bb cc", for certain
        ((0, 9, 0, 0, 0), (0, 2, 2, 0, 0), (2, 4)),  # where it ends is open, "bb" is in it
        ((3, 3, 3, 3, 3), (3, 3, 3, 3, 3), None),
        ((9, 0, 0, 0, 0), (3, 3, 3, 3, 3), (0, 2)),  # its first word is known
        ((0, 2, 0, 2, 0), (0, 2, 0, 2, 0), None),  # one of two places
    ],
)
def test_words_are_marked_where_it_is_sure_that_they_answer(
    begin: tuple[int, ...], end: tuple[int, ...], marked: tuple[int, int] | None
) -> None:
    spans = np.array([[n, n + 2] for n in range(0, 10, 2)])
    passage = Encoded(np.zeros((5, 4), np.float32), np.zeros((5, 4), np.float32), spans)
    logits = np.array([np.zeros(5), begin, end], np.float32).T
    found = settle(passage, ((0, 10),), logits, np.zeros(1))
    assert found.words == (marked,)


def test_a_sentence_that_was_cut_off_answers_nothing(ours: Reader) -> None:
    text = next(passages())
    (passage,) = ours.encode_passages([text.text])
    beyond = (len(text.text) + 10, len(text.text) + 20)
    (found,) = ours.read(ours.encode_question("When?"), [passage], [(text.sentences[0], beyond)])
    assert found.log_odds[1] < -1000 < found.log_odds[0]
    assert found.words[1] is None


def test_passages_are_read_alike_alone_and_beside_others(ours: Reader) -> None:
    texts = [*passages()]
    encoded = ours.encode_passages([text.text for text in texts])
    question = ours.encode_question("When was the mill built?")
    beside = ours.read(question, encoded, [t.sentences for t in texts])
    for passage, text, one in zip(encoded, texts, beside, strict=True):
        (alone,) = ours.read(question, [passage], [text.sentences])
        assert alone.log_odds == pytest.approx(one.log_odds, abs=1e-4)
        assert alone.words == one.words


def test_it_compares_a_statement_with_quotes_as_it_was_trained_to(
    ours: Reader, theirs: trained.Reader
) -> None:
    assert ours.knows_support
    quotes = next(passages()).text
    for statement in ("The harbour was built in 1700.", "Nobody lived in it.", quotes):
        pair = Pair("told", statement, quotes, is_supported=True)
        with torch.no_grad():
            (wanted,) = support_logits(theirs, [pair]).tolist()
        assert ours.support(*ours.encode_passages([statement, quotes])) == pytest.approx(
            wanted, rel=0.05, abs=0.3
        )


def test_what_the_upper_layers_have_not_learned_they_do_not_say(
    ours: Reader, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(ours.folder, tmp_path / "other"))
    heads = load_file(folder / "reader.safetensors")
    for name in ("out", "none", "supports"):
        heads[f"together.{name}.weight"] *= 0
    save_file(heads, folder / "reader.safetensors")
    other = Reader(OnnxEncoder(folder, max_tokens=128, is_alone=True), folder, PROMPTS)
    text = next(passages())
    question, (passage,) = other.encode_question("When?"), other.encode_passages([text.text])
    (found,) = other.read(question, [passage], [text.sentences])
    assert found.log_odds.tolist() == other.glance(question, passage, text.sentences).tolist()
    assert set(found.words) == {None}
    assert not other.knows_support
    assert other.support(passage, passage) == 0.0
