"""Twenty readers ask on while every document is written anew: no answer mixes two versions of one.

`python test_reading_on.py FOLDER NUMBER` is a reader in a process of its own: it asks until its
stdin ends.
"""

import hashlib
import json
import re
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from corpora import set_age, settings_in, write_files
from hashing import HashingEmbedder
from torture import start_script, tallied, trials

from assistant.errors import AssistantError
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.values import Answer

N_THREADS = 17
N_PROCESSES = 3
TOPICS = ("bridge", "castle", "harbour", "library", "market", "theatre")


def text_of(topic: str, version: int) -> str:
    return " ".join(
        f"The {topic} was rebuilt in edition k{version} of plan {n}, as it is told in part {n}."
        for n in range(20)
    )


def write_version(corpus: Path, version: int) -> None:
    for topic in TOPICS:
        write_files(corpus, {f"{topic}.txt": text_of(topic, version)})
        set_age(corpus / f"{topic}.txt", 100_000 - version)


def settings_for(folder: Path) -> Settings:
    return settings_in(folder, max_over_refusal=0.0)


def judge(answer: Answer) -> list[str]:
    """Say what of an answer is not of one version of its document, and a true one."""
    texts: dict[str, list[str]] = {}
    shown = [(one.document_id, one.quote) for one in answer.citations]
    shown += [(one.document_id, one.text) for one in answer.consulted]
    for name, text in shown:
        texts.setdefault(name, []).append(text)
    versions = {name: set(re.findall(r"k(\d+)", " ".join(said))) for name, said in texts.items()}
    wrong = [f"{name} is mixed of {found}" for name, found in versions.items() if len(found) > 1]
    for citation in answer.citations:
        (version,) = re.findall(r"k(\d+)", citation.quote)
        text = text_of(citation.document_id.removesuffix(".txt"), int(version))
        if hashlib.sha256(text.encode()).hexdigest() != citation.sha256:
            wrong.append(f"{citation.document_id} of k{version} has another digest")
        if text[citation.start : citation.end] != citation.quote:
            wrong.append(f"{citation.quote!r} does not stand in {citation.document_id}")
    return wrong if answer.citations else [*wrong, f"no answer to {answer.question!r}"]


def ask_on(folder: Path, number: int, is_over: Callable[[], bool]) -> tuple[int, list[str]]:
    """Ask until it is over; return how many times, and what was wrong."""
    n, wrong = 0, []
    with Assistant(settings_for(folder), HashingEmbedder()) as assistant:
        while not is_over():
            topic = TOPICS[(n + number) % len(TOPICS)]
            n += 1
            try:
                wrong += judge(assistant.ask(f"In which edition was the {topic} rebuilt?"))
            except AssistantError as error:
                wrong.append(f"{type(error).__name__}: {error}")
    return n, wrong


@pytest.mark.timeout(1800)
def test_no_answer_mixes_versions_while_every_document_is_written_anew(tmp_path: Path) -> None:
    settings, is_over = settings_for(tmp_path), threading.Event()
    start = partial(start_script, __file__, tmp_path, cwd=tmp_path)
    write_version(settings.corpus_dir, 0)
    with ExitStack() as stack, tallied("20 readers during syncs", 0) as tally:
        writer = stack.enter_context(Assistant(settings, HashingEmbedder()))
        writer.sync()
        others = [stack.enter_context(start(n)) for n in range(N_PROCESSES)]
        for other in others:
            assert other.stdout is not None
            assert other.stdout.readline() == "ready\n"
        threads = stack.enter_context(ThreadPoolExecutor(N_THREADS))
        asking = [threads.submit(ask_on, tmp_path, n, is_over.is_set) for n in range(N_THREADS)]
        for version in range(1, trials(5, 50) + 1):
            write_version(settings.corpus_dir, version)
            assert writer.sync().n_changed == len(TOPICS)
        is_over.set()
        ended = [one.result() for one in asking]
        ended += [json.loads(other.communicate()[0]) for other in others]
        for n_asked, wrong in ended:
            tally.n += n_asked
            tally.counts["answers"] += n_asked - len(wrong)
            tally.failures += wrong
        assert all(n_asked for n_asked, _ in ended)
    assert writer.check() == ()


if __name__ == "__main__":
    listener = threading.Thread(target=sys.stdin.read, daemon=True)
    listener.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    said = ask_on(Path(sys.argv[1]), int(sys.argv[2]), lambda: not listener.is_alive())
    sys.stdout.write(json.dumps(said))
