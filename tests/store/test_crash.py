"""kill -9 at random points of a sync: whatever the moment, the index is whole.

The parent keeps the oracle: what the folder holds now, and all that it ever held.
`python test_crash.py FOLDER` is a sync in a process of its own, to be killed.
"""

import itertools
import random
import signal
import sys
import time
from pathlib import Path

import pytest
from corpora import FILES, set_age, settings_in, write_files
from hashing import HashingEmbedder
from store.judging import judge, judge_next, texts_of
from torture import Zygote, start_script, tallied, trials

from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.store.bases import list_folders
from assistant.store.sync import sync

CHROMA = {"max_tail_passages": 4, "vector_base": "chroma"}
"""So few that nearly every sync builds a base, and one that a child builds."""


def change_corpus(corpus: Path, held: dict[str, str], random_: random.Random, round_: int) -> None:
    """Add, edit, copy, rename and delete some files, in the folder and in `held`."""
    for _ in range(random_.randint(6, 14)):
        name = f"{random_.randint(0, 39)}.txt"
        action = random_.choice(["write", "write", "write", "copy", "rename", "delete"])
        if action == "write" or not held:
            lines = [f"Item {random_.randint(0, 999)} of round {round_}." for _ in range(9)]
            held[name] = " ".join(lines)
        elif action == "copy":
            held[name] = held[random_.choice(sorted(held))]
        else:
            old = random_.choice(sorted(held))
            text = held.pop(old)
            (corpus / old).unlink()
            if action == "delete":
                continue
            held[name] = text
        write_files(corpus, {name: held[name]})
        set_age(corpus / name, random_.randint(10_000, 900_000))


def kill_a_sync(folder: Path, after_s: float) -> bool:
    """Start a sync and kill it; return whether it was still running."""
    with start_script(__file__, folder, cwd=folder) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(after_s)
        is_running = child.poll() is None
        child.send_signal(signal.SIGKILL)
    return is_running


@pytest.mark.timeout(1800)
def test_an_index_is_whole_after_each_kill(tmp_path: Path, zygote: Zygote) -> None:
    """Of a build, an update, a deletion: a third of them with a base, by turns Chroma's."""
    seed = 2
    random_, settings = random.Random(seed), settings_in(tmp_path)
    write_files(settings.corpus_dir, FILES)
    texts = texts_of(zygote, tmp_path)
    held: dict[str, str] = {}
    ever = {name: {text} for name, text in texts.items()}
    with tallied("random SIGKILL", seed) as tally:
        took = {4: 0.9, 1000: 0.15}
        for round_ in itertools.count():
            change_corpus(settings.corpus_dir, held, random_, round_)
            for name, text in held.items():
                ever.setdefault(name, set()).add(text)
            n_tail = 4 if round_ % 3 == 2 else 1000
            given = {
                "kill_after_s": random_.uniform(0, took[n_tail]),
                "max_tail_passages": n_tail,
                "vector_base": ("chroma", "signs")[round_ // 3 % 2],
            }
            task = "rebuild" if round_ % 10 == 5 else "sync"
            ended = zygote.run(tmp_path, task, **given)
            if ended.found:
                took[n_tail] = ended.found["seconds"]
            wrong = judge(zygote, tmp_path, ever)
            if round_ % 5 == 4:
                wrong += judge_next(zygote, tmp_path, texts | held, n_tail)
            tally.add("killed" if ended.status else "over before", *wrong)
            if tally.counts["killed"] == trials(15, 300):
                break


@pytest.mark.slow
def test_a_killed_sync_leaves_no_builder_and_no_base_that_nobody_uses(
    tmp_path: Path, settings: Settings
) -> None:
    settings = settings_in(tmp_path, **CHROMA)
    write_files(settings.corpus_dir, {f"{n}.txt": f"File {n}." for n in range(30)})
    for _ in range(2):
        assert kill_a_sync(tmp_path, 1.5)
    assistant = Assistant(settings, HashingEmbedder())
    assert assistant.sync().base_problem is None
    time.sleep(2)
    assert assistant.check() == ()
    assert len(list_folders(settings.index_dir)) == 1


if __name__ == "__main__":
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sync(settings_in(Path(sys.argv[1]), **CHROMA), HashingEmbedder())
