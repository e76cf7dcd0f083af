"""The run: learns step by step, and goes on from its last checkpoint as if it had never ended.

In: units, the encoder's folder, a plan. Out: checkpoints in the run's folder (the last two and the
best), and a line of log every few minutes. What a step does depends on the checkpoint, the seed and
the step's number alone. A checkpoint of other units or of another plan's kind is refused.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import Module

from evals.reader.batches import Batch, Batches
from evals.reader.held import Watched
from evals.reader.losses import find_loss, joint_loss, keep_loss, late_loss, make_masks, see
from evals.reader.model import Reader
from evals.reader.support import Judged, PairBatches, support_loss

N_REMEMBERED = 1024
"""Vectors of passages of earlier steps that a question must not be near to."""
WEIGHTS = {"late": 1.0, "find": 0.7, "keep": 1.0, "joint": 1.0, "span": 0.3, "support": 1.0}
FORMER = "joint."
"""What read both texts together before the encoder's own layers did: of no use to them."""
Weights = dict[str, Tensor]
Watch = Callable[[Reader], Mapping[str, Watched | Judged]]
"""The figures of the sets that are watched."""
Stage = Literal["find", "above"]
"""What a run learns: the encoder, which finds and reads apart, or the layers above it, which read
two texts together: a question and a passage, and a statement and what it cites."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How fast to learn, and until when: up, level, down to nothing at the end."""

    n_steps: int
    decay_from: int
    warm_up: int = 100
    rate: float = 5e-5
    """Of the highest layer; each one below learns `by_layer` as fast."""
    by_layer: float = 0.93
    head_rate: float = 7e-4
    scalar_rate: float = 2e-2
    seed: int = 1
    stage: Stage = "find"
    keep: float = 0.0
    """How much it weighs that the reader that the run began with is still near in what it finds."""

    def share(self, step: int) -> float:
        """Return the share of the full rate at a step."""
        up = min(1.0, (step + 1) / max(1, self.warm_up))
        if step < self.decay_from:
            return up
        return up * (self.n_steps - step) / max(1, self.n_steps - self.decay_from)


@dataclass(slots=True)
class Pace:
    """How often to save and to watch, in seconds."""

    save_s: float = 300.0
    watch_s: float = 1500.0
    log_s: float = 120.0


class Run:
    """A reader, what moves it, and where it stands."""

    def __init__(
        self, reader: Reader, batches: Batches, plan: Plan, pairs: PairBatches | None = None
    ) -> None:
        for name, parameter in reader.named_parameters():
            is_above = name.startswith("together.")
            if is_above or plan.stage != "find":
                parameter.requires_grad_(is_above and plan.stage != "find")
        self.reader = reader
        self._before = deepcopy(reader).requires_grad_(requires_grad=False) if plan.keep else None
        self.plan = plan
        self.step = 0
        self._batches = batches
        self._pairs = pairs
        self._optimizer = torch.optim.AdamW(_groups(reader, plan), weight_decay=0.01)
        self._full = [float(group["lr"]) for group in self._optimizer.param_groups]
        self._remembered = torch.zeros(0, reader.project.in_features)
        self._numbers = torch.zeros(0, dtype=torch.long)

    def settle(self) -> None:
        """Set what has no untrained value by the first batch."""
        batch = self._batches.batch(0)
        asked = [q for q in batch.questions if q.right]
        self.reader.eval()
        texts = [text.text for text in batch.passages]
        self.reader.settle(texts, [q.text for q in asked], [q.own for q in asked])

    def learn(self) -> dict[str, float]:
        """Do one step; return its losses."""
        torch.manual_seed(self.plan.seed * 1_000_003 + self.step)
        self.reader.train()
        for group, full in zip(self._optimizer.param_groups, self._full, strict=True):
            group["lr"] = full * self.plan.share(self.step)
        batch = self._batches.batch(self.step)
        losses = self._losses(batch)
        if self._pairs:
            losses["support"] = support_loss(self.reader, self._pairs.batch(self.step))
        total = torch.stack([WEIGHTS[name] * loss for name, loss in losses.items()]).sum()
        self._optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        moved = [p for p in self.reader.parameters() if p.requires_grad]
        torch.nn.utils.clip_grad_norm_(moved, 1.0)
        self._optimizer.step()
        self.step += 1
        said = {name: float(loss.detach()) for name, loss in losses.items()}
        return {**said, "n_asked": float(batch.n)}

    def _losses(self, batch: Batch) -> dict[str, Tensor]:
        with torch.set_grad_enabled(self.plan.stage == "find"):
            seen = questions, passages, sentences = see(self.reader, batch)
            scores, _ = self.reader.late(questions, passages, sentences)
        masks = make_masks(batch, sentences)
        if self.plan.stage == "above":
            joint, span = joint_loss(self.reader, batch, seen, scores, masks)
            return {"joint": joint, "span": span}
        of = torch.tensor(sentences.passage)[:, None]
        own = of == torch.tensor([q.own for q in batch.questions])[None, :]
        find = find_loss(questions.pooled, passages.pooled, batch, self._remembered, self._numbers)
        numbers = torch.tensor([text.unit for text in batch.passages])
        self._remembered = torch.cat([self._remembered, passages.pooled.detach()])[-N_REMEMBERED:]
        self._numbers = torch.cat([self._numbers, numbers])[-N_REMEMBERED:]
        losses = {"late": late_loss(scores, masks, own), "find": find}
        if self._before:
            with torch.no_grad():
                before, beside, _ = see(self._before, batch)
            now = questions.pooled, passages.pooled
            losses["keep"] = self.plan.keep * keep_loss(now, (before.pooled, beside.pooled))
        return losses

    def state(self) -> dict[str, Any]:
        """Return all that the next step depends on, without what never changes."""
        return {
            "step": self.step,
            "plan": asdict(self.plan),
            "weights": moving(self.reader),
            "optimizer": self._optimizer.state_dict(),
            "remembered": self._remembered,
            "numbers": self._numbers,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Stand where a checkpoint stood."""
        load_weights(self.reader, state["weights"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.step = int(state["step"])
        self._remembered, self._numbers = state["remembered"], state["numbers"]


def moving(reader: Reader) -> dict[str, Tensor]:
    """Return the weights that training changes."""
    names = {name for name, p in reader.named_parameters() if p.requires_grad}
    return {name: t.detach().clone() for name, t in reader.state_dict().items() if name in names}


def load_weights(reader: Reader, weights: Mapping[str, Tensor]) -> None:
    """Take over the weights of a checkpoint; one that lacks any, or has others, is refused."""
    wanted = {name for name, p in reader.named_parameters() if p.requires_grad}
    if wanted != set(weights):
        odd = sorted(wanted ^ set(weights))[:5]
        raise ValueError(f"the checkpoint is of another reader: {', '.join(odd)} ...")
    reader.load_state_dict(dict(weights), strict=False)


def take(reader: Reader, weights: Mapping[str, Tensor]) -> None:
    """Take over the weights of an earlier stage."""
    own = {name: numbers for name, numbers in weights.items() if not name.startswith(FORMER)}
    if odd := sorted(set(own) - set(reader.state_dict())):
        raise ValueError(f"the checkpoint is of another reader: {', '.join(odd[:5])} ...")
    reader.load_state_dict(own, strict=False)


def mix(
    before: Mapping[str, Tensor],
    trained: Mapping[str, Tensor],
    share: float,
    *,
    has_heads: bool = False,
) -> Weights:
    """Return a checkpoint's weights, its encoder's moved back towards what they were before.

    What finds well before training is lost in part while reading is learned; in the middle between
    both most of either is kept (Wortsman et al. 2022, arXiv:2109.01903).

    Args:
        before: the weights of the reader before training.
        trained: those of a checkpoint.
        share: of the trained weights, 0 to 1.
        has_heads: whether what reads was trained before, and is moved back as well.
    """
    return {
        name: torch.lerp(before[name], own, share)
        if has_heads or name.startswith("encoder.")
        else own
        for name, own in trained.items()
    }


def _groups(reader: Reader, plan: Plan) -> list[dict[str, Any]]:
    """Return what learns, each with its rate: a layer more slowly the lower it lies."""
    stacks: tuple[list[Module], ...] = (
        list(reader.encoder.encoder.layer),  # type: ignore[union-attr, arg-type]
        list(reader.together.layers),
    )
    groups: list[dict[str, Any]] = [
        {"params": list(layer.parameters()), "lr": plan.rate * plan.by_layer**above}
        for stack in stacks
        for above, layer in enumerate(reversed(stack))
    ]
    scalars, own = [reader.scale, reader.none], [*reader.project.parameters()]
    known = {id(p) for group in groups for p in group["params"]}
    known |= {id(p) for p in (*reader.encoder.parameters(), *scalars, reader.bar, *own)}
    heads = [p for p in reader.parameters() if id(p) not in known]
    groups += [
        {"params": heads, "lr": plan.head_rate},
        # What begins as the encoder's own main axes learns slower than what begins at nothing.
        {"params": own, "lr": 2 * plan.rate},
        {"params": scalars, "lr": plan.scalar_rate, "weight_decay": 0.0},
        {"params": [reader.bar], "lr": plan.scalar_rate / 20, "weight_decay": 0.0},  # a cosine
    ]
    learning = [{**g, "params": [p for p in g["params"] if p.requires_grad]} for g in groups]
    return [group for group in learning if group["params"]]


def save(folder: Path, run: Run, figures: Mapping[str, Any] | None = None) -> Path:
    """Write a checkpoint so that it is there whole or not at all; keep the last two."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step-{run.step:07}.pt"
    _write(path, {**run.state(), "figures": figures})
    for old in sorted(folder.glob("step-*.pt"))[:-2]:
        old.unlink()
    return path


def _write(path: Path, state: Mapping[str, Any]) -> None:
    half = path.with_name(f".{path.name}.half")
    with half.open("wb") as out:
        torch.save(dict(state), out)
        out.flush()
        os.fsync(out.fileno())
    half.replace(path)


def newest(folder: Path) -> Path | None:
    """Return the last checkpoint of a run, if there is one."""
    return max(folder.glob("step-*.pt"), default=None)


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint, of numbers and plain values only."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def go_on(run: Run, folder: Path, look: Watch, pace: Pace, say: Callable[[str], None]) -> None:
    """Learn until the plan's end; save, watch and log on the way."""
    saved = watched = logged = time.monotonic()
    best = _best(folder)
    sums: dict[str, float] = {}
    n = 0
    if run.step == 0:
        say(_watch_line(run, look(run.reader)))
    while run.step < run.plan.n_steps:
        for name, value in run.learn().items():
            sums[name] = sums.get(name, 0.0) + value
        n += 1
        now = time.monotonic()
        is_last = run.step == run.plan.n_steps
        if now - logged >= pace.log_s or is_last:
            say(_log_line(run, sums, n, now - logged))
            sums, n, logged = {}, 0, now
        if now - watched >= pace.watch_s or is_last:
            save(folder, run)  # what is watched takes minutes
            figures = look(run.reader)
            say(_watch_line(run, figures))
            worth = _worth(figures)
            save(folder, run, {name: asdict(w) for name, w in figures.items()})
            if worth > best:
                best = worth
                kept = {"step": run.step, "plan": asdict(run.plan), "weights": moving(run.reader)}
                said = {name: asdict(w) for name, w in figures.items()}
                _write(folder / "best.pt", {**kept, "figures": said})
                (folder / "best.json").write_text(json.dumps({"step": run.step, "worth": worth}))
            saved = watched = logged = time.monotonic()
        elif now - saved >= pace.save_s:
            save(folder, run)
            saved = time.monotonic()


def _worth(figures: Mapping[str, Watched | Judged]) -> float:
    """Return one number for which checkpoint is the best: what languages report is not in it."""
    own = [one.worth for name, one in figures.items() if not name.startswith("xquad")]
    return sum(own) / max(1, len(own))


def _best(folder: Path) -> float:
    path = folder / "best.json"
    return float(json.loads(path.read_text())["worth"]) if path.exists() else 0.0


def _log_line(run: Run, sums: Mapping[str, float], n: int, seconds: float) -> str:
    means = " ".join(f"{k} {v / n:.3f}" for k, v in sums.items() if k != "n_asked")
    rate = sums["n_asked"] / seconds
    share = run.plan.share(run.step - 1)
    pace = f"{seconds / n:.1f} s/step {rate:.1f} questions/s"
    return f"step {run.step} {means} | {pace} rate {share:.2f}"


def _watch_line(run: Run, figures: Mapping[str, Watched | Judged]) -> str:
    lines = [f"  {name:12} {one.line}" for name, one in figures.items()]
    return "\n".join([f"held out at step {run.step}:", *lines])
