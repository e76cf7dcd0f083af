"""kill -9 at random points of a sync: whatever the moment, the index is whole.

The parent keeps the oracle: what the folder holds now, and all that it ever held.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from corpora import set_age, settings_in, write_files
from hashing import HashingEmbedder
from sync_child import MAX_TAIL_PASSAGES

from assistant.errors import IndexMissing
from assistant.index.base import BASES_FOLDER
from assistant.pipeline import Assistant
from assistant.settings import Settings

N_KILLS = 50
CHILD = Path(__file__).with_name("sync_child.py")


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
    path = os.pathsep.join([str(CHILD.parent), str(CHILD.parents[1]), str(CHILD.parents[2])])
    with subprocess.Popen(
        [sys.executable, str(CHILD), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(after_s)
        is_running = child.poll() is None
        child.send_signal(signal.SIGKILL)
    return is_running


def require_whole(assistant: Assistant, ever: dict[str, set[str]]) -> None:
    """Assert that the index, whatever it holds, is clean and holds true versions only."""
    try:
        assert assistant.check() == ()
    except IndexMissing:
        return
    for record in assistant.documents():
        assert assistant.document(record.document_id).text in ever[record.document_id]


def require_in_step(assistant: Assistant, held: dict[str, str]) -> None:
    """Assert that one more sync finishes the work."""
    assert assistant.sync().base_problem is None
    assert assistant.check() == ()
    texts = {r.document_id: assistant.document(r.document_id).text for r in assistant.documents()}
    assert texts == held
    for ranked in assistant.search("items of the last round", k=20):
        start, end = ranked.passage.start, ranked.passage.end
        assert held[ranked.passage.document_id][start:end] == ranked.passage.text


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_index_is_whole_after_each_of_50_kills(tmp_path: Path) -> None:
    random_ = random.Random(2)
    settings = settings_in(tmp_path, max_tail_passages=MAX_TAIL_PASSAGES)
    settings.corpus_dir.mkdir()
    held: dict[str, str] = {}
    ever: dict[str, set[str]] = {}
    n_killed = 0
    for round_ in range(N_KILLS):
        change_corpus(settings.corpus_dir, held, random_, round_)
        for name, text in held.items():
            ever.setdefault(name, set()).add(text)
        # Half of the kills hit the files, half the Chroma base, which takes longer.
        after_s = random_.uniform(0, 0.25) if round_ % 2 else random_.uniform(0.1, 2.5)
        n_killed += kill_a_sync(tmp_path, after_s)
        assistant = Assistant(settings, HashingEmbedder())
        if assistant.has_index or round_ % 5 == 0:
            require_whole(assistant, ever)
        if round_ % 10 == 9:
            require_in_step(assistant, held)
    assert n_killed > N_KILLS // 2
    require_in_step(Assistant(settings, HashingEmbedder()), held)


@pytest.mark.slow
def test_a_killed_sync_leaves_no_builder_and_no_base_that_nobody_uses(
    tmp_path: Path, settings: Settings
) -> None:
    settings = settings_in(tmp_path, max_tail_passages=MAX_TAIL_PASSAGES)
    write_files(settings.corpus_dir, {f"{n}.txt": f"File {n}." for n in range(30)})
    for _ in range(2):
        assert kill_a_sync(tmp_path, 1.5)
    assistant = Assistant(settings, HashingEmbedder())
    assert assistant.sync().base_problem is None
    time.sleep(2)
    assert assistant.check() == ()
    assert len(list((settings.index_dir / BASES_FOLDER).iterdir())) == 1
