"""The memory of a chat server over a thousand questions of its page: is it flat?

Serves a folder of documents with `assistant chat`, asks as the page does (through Gradio's queue, a
new conversation every twenty questions, a new browser every hundred), and reads the resident memory
of the process after some of them. The questions are made of the documents' own words, in an order
that a seed decides.
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
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

PER_CONVERSATION, PER_BROWSER = 20, 100
DEMO = Path(__file__).parents[1] / "docs" / "demo"
WORDS = re.compile(r"[A-Za-z]{5,}")


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


def measure(address: str, pid: int, marks: Sequence[int], seed: int) -> dict[int, float]:
    """Ask as many questions as the last mark says; return the memory at each, in MB."""
    chance = random.Random(seed)
    words = sorted(
        {
            word
            for file in DEMO.iterdir()
            for word in WORDS.findall(file.read_text("utf-8", "ignore"))
        }
    )
    measured: dict[int, float] = {}
    for number in range(marks[-1]):
        if number % PER_BROWSER == 0:
            client = httpx.Client(base_url=address, timeout=120)
            client.get("/")
            config = client.get("/config").json()
        if number % PER_CONVERSATION == 0:
            session = f"{chance.getrandbits(50):x}"
        ask(client, config, session, f"What about {' and '.join(chance.sample(words, 3))}?")
        if number + 1 in marks:
            measured[number + 1] = resident_mb(pid)
            print(f"{number + 1:>6} questions: {measured[number + 1]:.0f} MB", flush=True)
    return measured


def ask(client: httpx.Client, config: dict, session: str, question: str) -> None:  # type: ignore[type-arg]
    """Ask as the page does, and read all that comes."""
    ids = {one["props"].get("elem_id"): one["id"] for one in config["components"]}
    ask = next(one for one in config["dependencies"] if [ids["ask"], "click"] in one["targets"])
    joined = {"fn_index": ask["id"], "data": [question], "session_hash": session}
    client.post("/gradio_api/queue/join", json=joined).raise_for_status()
    said = client.get("/gradio_api/queue/data", params={"session_hash": session}).text
    if "process_completed" not in said:
        raise RuntimeError(f"not answered: {said[-300:]}")


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Print the memory after each mark, and all of it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--marks", type=int, nargs="+", default=[10, 100, 200, 500, 1_000])
    parser.add_argument("--seed", type=int, default=21)
    given = parser.parse_args()
    with serving(DEMO) as (address, pid):
        measured = measure(address, pid, sorted(given.marks), given.seed)
    print(json.dumps({"seed": given.seed, "resident_mb": measured}))


if __name__ == "__main__":
    main()
