"""Two writers at once, one of them killed: one writes, the other is told; no lock is left over."""

import json
import random
import time
from pathlib import Path

import pytest
from corpora import FILES, set_age, settings_in, write_files
from torture import Zygote, tallied, trials

from assistant.store.lock import LOCK_FILE, hold_lock


@pytest.mark.timeout(900)
def test_of_two_writers_one_writes_and_the_other_is_told(tmp_path: Path, zygote: Zygote) -> None:
    seed = 6
    random_ = random.Random(seed)
    folder, elsewhere = tmp_path / "folder", tmp_path / "elsewhere"
    corpus = settings_in(folder).corpus_dir
    write_files(corpus, FILES)
    elsewhere.mkdir()
    with Zygote(elsewhere) as other, tallied("two writers", seed) as tally:
        for round_ in range(trials(8, 50)):
            for n in range(12):
                text = f"Item {n} of round {round_}. " * 9
                write_files(corpus, {f"{n}.txt": text})
                set_age(corpus / f"{n}.txt", 100_000 - round_)
            kill_after_s = random_.uniform(0.01, 0.2) if round_ % 2 else None
            zygote.start(folder, "sync", kill_after_s=kill_after_s)
            time.sleep(random_.uniform(0, 0.03))
            other.start(folder, "sync")
            ended = [zygote.wait(), other.wait()]
            told = [one.error[0] for one in ended if one.error]
            n_killed = sum(one.status == -9 for one in ended)
            wrong = [f"{told}" for _ in [0] if set(told) - {"IndexLocked"} or len(told) > 1]
            wrong += [one.stderr[-500:] for one in ended if one.status not in (0, -9)]
            with hold_lock(folder / "index"):
                pass
            if zygote.run(folder, "sync").error or zygote.run(folder, "inspect").found["problems"]:
                wrong.append("the next sync fails")
            kinds = ["killed"] * n_killed + ["one told"] * len(told)
            tally.add(" and ".join(kinds) or "one after the other", *wrong)
    assert tally.counts["one told"] + tally.counts["killed and one told"] > tally.n // 4


def test_a_lock_whose_holder_is_dead_holds_nothing(tmp_path: Path) -> None:
    for left in ("", "?", json.dumps({"pid": 1, "since": "2020-01-01"}), "\0" * 4096):
        (tmp_path / LOCK_FILE).write_text(left)
        with hold_lock(tmp_path):
            pass
