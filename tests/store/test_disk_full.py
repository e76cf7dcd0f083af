"""A disk that is full at one size or another: the sync says what to do, the old index serves."""

import random
import shutil
from pathlib import Path

import pytest
from corpora import FILES, settings_in, write_files
from store.judging import judge, judge_end, tell
from torture import Zygote, tallied, trials

TAIL = {"max_tail_passages": 4}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("is_first", [True, False], ids=["build", "update"])
def test_a_full_disk_is_told_and_costs_nothing(
    tmp_path: Path, zygote: Zygote, is_first: bool
) -> None:
    seed = 5
    random_ = random.Random(seed)
    start, corpus = tmp_path / "start", settings_in(tmp_path / "start").corpus_dir
    write_files(corpus, FILES)
    assert zygote.run(start, "sync", **TAIL).error is None
    old = zygote.run(start, "inspect", **TAIL).found
    words = ["".join(random_.choices("abcdefgh", k=8)) for _ in range(999)]
    more = {f"{n}.txt": " ".join(random_.choices(words, k=400)) + "." for n in range(20)}
    write_files(corpus, more)
    if is_first:
        shutil.rmtree(start / "index")
    done = tmp_path / "done"
    shutil.copytree(start, done)
    assert zygote.run(done, "sync", **TAIL).error is None
    new = zygote.run(done, "inspect", **TAIL).found
    largest = max(path.stat().st_size for path in (done / "index").rglob("*") if path.is_file())
    n_limits = trials(5, 20)
    ever = {name: {text} for name, text in new["texts"].items()}
    with tallied(f"disk full, {'build' if is_first else 'update'}", seed) as tally:
        for n in range(n_limits):
            folder = tmp_path / str(n)
            shutil.copytree(start, folder)
            limit = largest * n // n_limits
            ended = zygote.run(folder, "sync", max_file_bytes=limit, **TAIL)
            wrong = judge_end(ended, may_be_killed=False) + judge(zygote, folder, ever)
            left = zygote.run(folder, "inspect", **TAIL).found
            if not is_first and left["answers"] is not None:
                wrong += [
                    f"{one['text']} is not answered any more"
                    for one, now in zip(old["answers"], left["answers"], strict=True)
                    if one["quotes"] != now["quotes"]
                ]
            again = zygote.run(folder, "sync", **TAIL)
            if again.error or zygote.run(folder, "inspect", **TAIL).found["texts"] != new["texts"]:
                wrong.append(f"with room again: {again}")
            tally.add(tell(ended), *(f"{limit} bytes: {one}" for one in wrong))
            shutil.rmtree(folder)
    assert tally.counts["told"] > 1
