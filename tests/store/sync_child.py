"""A sync in a process of its own, to be killed: `python sync_child.py FOLDER`."""

import sys
from pathlib import Path

from corpora import settings_in
from hashing import HashingEmbedder

from assistant.store.sync import sync

MAX_TAIL_PASSAGES = 4
"""So few that nearly every sync builds a Chroma base."""

if __name__ == "__main__":
    settings = settings_in(Path(sys.argv[1]), max_tail_passages=MAX_TAIL_PASSAGES)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sync(settings, HashingEmbedder())
