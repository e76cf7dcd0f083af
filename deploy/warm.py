"""Prepares the embedding model, and imports what a chat needs, so that its bytecode is kept.

Run while the image is built, in which nothing is written later.
"""

import os
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

TEXTS = {"a.txt": "Titan is the largest moon of Saturn.", "b.md": "# Moons\n\nIo has volcanoes.\n"}
START_WITHIN_S = 600


def main() -> None:
    """Ask a small folder as a chat of it does."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for name, text in TEXTS.items():
            (corpus / name).write_text(text, encoding="utf-8")
        options = ["--corpus", str(corpus), "--index", str(Path(folder, "index"))]
        # What only the making of the model imports, such as torch, is rarely imported again
        ask = ["assistant", *options, "ask", "Which moon is the largest?"]
        subprocess.run(ask, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, check=True)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        command = ["assistant", *options, "chat", "--host", "127.0.0.1", "--port", str(port)]
        kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        chat = subprocess.Popen(command, env={**kept, "HOME": folder})
        try:
            for page in ("readyz", "", "config"):
                wait_for(f"http://127.0.0.1:{port}/{page}")
        finally:
            chat.terminate()
            chat.wait(60)


def wait_for(address: str) -> None:
    """Wait until the server answers there."""
    until = time.monotonic() + START_WITHIN_S
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
        else:
            return


if __name__ == "__main__":
    main()
