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
        subprocess.run(["assistant", *options, "ask", "Which moon is the largest?"], check=True)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        command = ["assistant", *options, "chat", "--host", "127.0.0.1", "--port", str(port)]
        chat = subprocess.Popen(command, env={**os.environ, "HOME": folder})
        try:
            wait_for(f"http://127.0.0.1:{port}/readyz")
        finally:
            chat.terminate()
            chat.wait(60)


def wait_for(address: str) -> None:
    """Wait until the server says that it can answer."""
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
