"""A chat server under load: does every asker get its own answer, how long does it take, is the
memory flat?

Serves a folder of documents with `assistant chat`. Askers, each a client of its own, ask one
question after the other, over the API or as the page does (through Gradio's queue, a new
conversation every twenty questions, a new browser every hundred). The questions are made of the
documents' own words, in an order that a seed decides. Every other one was asked before by a single
asker, and has to be answered as it was then; the rest are asked by one asker only, and the answer
has to be to them. Who is told that the server is busy asks again when it was told to.
"""

import argparse
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any, Protocol

import httpx

PER_CONVERSATION, PER_BROWSER = 20, 100
DEMO = Path(__file__).parents[1] / "docs" / "demo"
WORDS = re.compile(r"[A-Za-z]{5,}")
N_KNOWN = 30
"""Questions that were asked before by a single asker."""
TIMEOUT_S = 120.0


class Refused(Exception):
    """The server says that it is busy."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"busy, ask again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class Asker(Protocol):
    """Asks one question after the other."""

    def __call__(self, question: str) -> str:
        """Return what was answered.

        Raises:
            Refused: the server is busy.
            RuntimeError: what came is no answer to this question.
        """

    def close(self) -> None:
        """Hang up."""


@dataclass
class Load:
    """What askers met: counts, seconds, and the memory of the server. Filled by many threads.

    Attributes:
        lost: questions that got no answer, or not their own, each with why.
        answering_s: from the try that was let in to the whole answer.
        waiting_s: from the first try to the whole answer.
        resident_mb: after so many questions, the server's memory.
    """

    n_refused: int = 0
    lost: list[str] = field(default_factory=list)
    answering_s: list[float] = field(default_factory=list)
    waiting_s: list[float] = field(default_factory=list)
    resident_mb: dict[int, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def to_dict(self) -> dict[str, Any]:
        """Return the figures, ready for JSON."""
        return {
            "answered": len(self.answering_s),
            "refused": self.n_refused,
            "lost": len(self.lost),
            "answering_s": {
                "p50": share(self.answering_s, 0.5),
                "p95": share(self.answering_s, 0.95),
            },
            "waiting_s": {"p50": share(self.waiting_s, 0.5), "p95": share(self.waiting_s, 0.95)},
            "resident_mb": self.resident_mb,
        }


def share(seconds: Sequence[float], part: float) -> float | None:
    """Return the value under which a part of them lies (nearest rank); None of none."""
    if not seconds:
        return None
    return round(sorted(seconds)[max(0, -int(-part * len(seconds) // 1) - 1)], 2)


@contextmanager
def serving(corpus: Path) -> Iterator[tuple[str, int]]:
    """Serve the chat of a folder; yield its address and the id of its process."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with tempfile.TemporaryDirectory() as index:
        command = [sys.executable, "-m", "assistant", "--corpus", str(corpus)]
        command += ["--index", index, "chat", "--port", str(port)]
        running = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(600):
                try:
                    if httpx.get(f"{address}/readyz", timeout=5).is_success:
                        break
                except httpx.TransportError:
                    pass
                time.sleep(0.5)
            yield address, running.pid
        finally:
            running.terminate()
            running.wait(30)


class ApiAsker:
    """Asks over `POST /api/ask`, with a connection of its own."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=address, timeout=TIMEOUT_S)

    def __call__(self, question: str) -> str:
        """See `Asker`."""
        reply = self._client.post("/api/ask", json={"question": question})
        if reply.status_code == httpx.codes.SERVICE_UNAVAILABLE and "Retry-After" in reply.headers:
            raise Refused(float(reply.headers["Retry-After"]))
        if not reply.is_success:
            raise RuntimeError(f"status {reply.status_code}: {reply.text[:200]}")
        answer = reply.json()
        if answer["question"] != question:
            raise RuntimeError(f"the answer is to {answer['question']!r}")
        return str(answer["text"])

    def close(self) -> None:
        """Hang up."""
        self._client.close()


class PageAsker:
    """Asks as the page does, as a new browser now and then."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=address, timeout=TIMEOUT_S)
        self._address = address
        self._n_asked = 0

    def __call__(self, question: str) -> str:
        """See `Asker`; a page draws its answer, so only that it is to this question is compared."""
        if self._n_asked % PER_BROWSER == 0:
            self._client.close()
            self._client = httpx.Client(base_url=self._address, timeout=TIMEOUT_S)
            self._client.get("/")
            self._config = self._client.get("/config").json()
        if self._n_asked % PER_CONVERSATION == 0:
            self._session = f"{random.getrandbits(50):x}"
        ids = {one["props"].get("elem_id"): one["id"] for one in self._config["components"]}
        ask = next(
            one for one in self._config["dependencies"] if [ids["ask"], "click"] in one["targets"]
        )
        joined = {"fn_index": ask["id"], "data": [question], "session_hash": self._session}
        self._client.post("/gradio_api/queue/join", json=joined).raise_for_status()
        said = self._client.get("/gradio_api/queue/data", params={"session_hash": self._session})
        self._n_asked += 1
        if "process_completed" not in said.text:
            raise RuntimeError(f"not answered: {said.text[-300:]}")
        if question not in unescape(said.text):
            raise RuntimeError("what came is not to this question")
        return ""

    def close(self) -> None:
        """Hang up."""
        self._client.close()


ASKERS: dict[str, Callable[[str], Asker]] = {"api": ApiAsker, "page": PageAsker}


def list_words(corpus: Path) -> list[str]:
    """Return the words of a folder's files, sorted."""
    texts = (file.read_text("utf-8", "ignore") for file in sorted(corpus.iterdir()))
    return sorted({word for text in texts for word in WORDS.findall(text)})


def make_question(words: Sequence[str], chance: random.Random) -> str:
    """Return a question of three of the words."""
    return f"What about {' and '.join(chance.sample(words, 3))}?"


def measure(  # noqa: PLR0913 - the conditions of a load
    make_asker: Callable[[], Asker],
    words: Sequence[str],
    *,
    n_askers: int,
    seconds: float,
    n_questions: int,
    seed: int,
    resident_mb: Callable[[], float] = lambda: 0.0,
    marks: Sequence[int] = (),
) -> Load:
    """Ask until the time is over or so many questions were answered; return what was met.

    The memory is read after each number of questions in `marks`, and when all is over.
    """
    load = Load()
    chance = random.Random(seed)
    with closing(make_asker()) as alone:
        known = {one: alone(one) for one in (make_question(words, chance) for _ in range(N_KNOWN))}
    load.resident_mb[0] = resident_mb()
    until = time.monotonic() + seconds
    n_left = iter(range(n_questions))

    def take() -> bool:
        with load.lock:
            return time.monotonic() < until and next(n_left, None) is not None

    def ask_on(number: int) -> None:
        with closing(make_asker()) as ask:
            ask_as(ask, random.Random(f"{seed} {number}"))

    def ask_as(ask: Asker, own: random.Random) -> None:
        n_asked = 0
        while take():
            is_known = n_asked % 2 == 1
            question = own.choice(list(known)) if is_known else make_question(words, own)
            n_asked += 1
            try:
                text = _ask_until_let_in(ask, question, load)
            except (RuntimeError, httpx.HTTPError) as error:
                with load.lock:
                    load.lost.append(f"{question} {type(error).__name__}: {error}")
                continue
            if is_known and text != known[question]:
                with load.lock:
                    load.lost.append(f"{question} was answered otherwise before: {text[:200]!r}")
            with load.lock:
                if len(load.answering_s) in marks:
                    load.resident_mb[len(load.answering_s)] = resident_mb()

    threads = [threading.Thread(target=ask_on, args=(n,)) for n in range(n_askers)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    load.resident_mb[len(load.answering_s)] = resident_mb()
    return load


def _ask_until_let_in(ask: Asker, question: str, load: Load) -> str:
    """Ask, again when the server is busy; count the seconds of both."""
    first = time.monotonic()
    while True:
        began = time.monotonic()
        try:
            text = ask(question)
        except Refused as refused:
            with load.lock:
                load.n_refused += 1
            time.sleep(refused.retry_after_s)
            continue
        now = time.monotonic()
        with load.lock:
            load.answering_s.append(now - began)
            load.waiting_s.append(now - first)
        return text


def resident_mb_of(pid: int) -> float:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def main() -> None:
    """Print what the askers met as JSON; exit with 1 when something was lost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--askers", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--questions", type=int, default=1_000_000, help="at most so many")
    parser.add_argument("--through", choices=ASKERS, default="api")
    marks = [10, 100, 200, 500, *range(1_000, 20_001, 500)]
    parser.add_argument("--marks", type=int, nargs="+", default=marks, help="memory after so many")
    parser.add_argument("--seed", type=int, default=21)
    given = parser.parse_args()
    with serving(DEMO) as (address, pid):
        load = measure(
            lambda: ASKERS[given.through](address),
            list_words(DEMO),
            n_askers=given.askers,
            seconds=given.minutes * 60,
            n_questions=given.questions,
            seed=given.seed,
            resident_mb=lambda: resident_mb_of(pid),
            marks=given.marks,
        )
    print(json.dumps({**vars(given), "marks": [], **load.to_dict()}))
    for lost in load.lost[:20]:
        print(lost, file=sys.stderr)
    sys.exit(1 if load.lost else 0)


if __name__ == "__main__":
    main()
