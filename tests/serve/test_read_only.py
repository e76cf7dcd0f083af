"""An index and a home that may only be read, as in a container whose root is read-only.

A child process asks that may write nowhere but into its temporary folder: modes hold it, for which
root gives up the right to overlook them.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hashing import HashingEmbedder

from assistant import Assistant
from assistant.settings import Settings
from assistant.store.catalog import CATALOG_FILE

HELD = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"]
ASK = """
import json, logging, sys
logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
from pathlib import Path
from fastapi.testclient import TestClient
from hashing import HashingEmbedder
from assistant import Assistant, AssistantError
from assistant.models.prepare import prepare
from assistant.serve.app import build_app
from assistant.settings import Settings

folder = Path(sys.argv[1])
settings = Settings(
    corpus_dir=folder / "corpus", index_dir=folder / "index", cache_dir=folder / "cache",
    embedding_model="hashing",
)
told = {}
with Assistant(settings, HashingEmbedder()) as assistant:
    try:
        told["answer"] = assistant.ask("How many days of leave are there?").text
        told["documents"] = [one.document_id for one in assistant.documents()]
    except AssistantError as error:
        told["asked"] = f"{type(error).__name__}: {error}"
    try:
        assistant.sync()
    except AssistantError as error:
        told["sync"] = f"{type(error).__name__}: {error}"
    with TestClient(build_app(assistant), base_url="http://127.0.0.1:7860") as client:
        told["page"] = client.get("/").status_code
        for method, path in (("POST", "?name=new.txt"), ("DELETE", "/leave.txt")):
            reply = client.request(method, f"/api/documents{path}", content=b"x")
            told[method] = [reply.status_code, reply.json()]
print(json.dumps(told))
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with an index, of which everything may only be read."""
    made = Path(tempfile.mkdtemp(prefix="assistant-read-only-"))
    (made / "corpus").mkdir()
    (made / "cache").mkdir()
    (made / "corpus" / "leave.txt").write_text("There are thirty days of leave in a year.\n")
    settings = Settings(
        corpus_dir=made / "corpus",
        index_dir=made / "index",
        cache_dir=made / "cache",
        embedding_model="hashing",
    )
    with Assistant(settings, HashingEmbedder()) as assistant:
        assistant.sync()
    yield made
    for one in (made, *made.rglob("*")):
        one.chmod(0o700)
    shutil.rmtree(made)


def forbid(folder: Path) -> None:
    for one in sorted((folder, *folder.rglob("*")), reverse=True):
        one.chmod(0o555 if one.is_dir() else 0o444)


def ask_in_child(folder: Path) -> tuple[dict[str, Any], str]:
    """Return what a process sees that may only read, and what it says on the terminal."""
    temporary = Path(tempfile.mkdtemp(prefix="assistant-tmp-"))
    temporary.chmod(stat.S_IRWXU | stat.S_IRWXG | stat.S_IRWXO)
    places = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
    environment = {
        **os.environ,
        "HOME": "/nonexistent",
        "TMPDIR": str(temporary),
        "PYTHONPATH": os.pathsep.join(places),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    held = HELD if os.geteuid() == 0 else []
    done = subprocess.run(
        [*held, sys.executable, "-c", ASK, str(folder)],
        capture_output=True,
        text=True,
        env=environment,
        cwd="/",
        check=False,
    )
    shutil.rmtree(temporary)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.geteuid() == 0 and not shutil.which("setpriv"), reason="root, and no setpriv"
    ),
]


def test_what_may_only_be_read_is_asked_and_says_what_it_cannot_do(folder: Path) -> None:
    forbid(folder)
    before = {one: one.stat().st_mtime_ns for one in folder.rglob("*")}
    told, said = ask_in_child(folder)
    assert told["answer"].startswith("There are thirty days of leave")
    assert told["documents"] == ["leave.txt"]
    assert told["sync"].startswith("IndexReadOnly: the index ")
    assert "is read-only here: it answers from what it holds" in told["sync"]
    assert told["page"] == 200
    assert "conversations and feedback are kept in" in said
    for method in ("POST", "DELETE"):
        status, body = told[method]
        assert status in {404, 409, 503}
        assert "Permission denied" in json.dumps(body) or "cannot" in json.dumps(body)
    assert {one: one.stat().st_mtime_ns for one in folder.rglob("*")} == before


def test_a_log_that_was_left_behind_is_told_with_the_remedy(folder: Path) -> None:
    (folder / "index" / f"{CATALOG_FILE}-wal").write_bytes(b"left behind by a kill" * 99)
    forbid(folder)
    told, _ = ask_in_child(folder)
    if "answer" not in told:
        assert "read-only; bring the index in step once where it can be written" in told["asked"]


def test_an_index_that_is_read_where_it_can_be_written_is_read_with_its_log(folder: Path) -> None:
    settings = Settings(
        corpus_dir=folder / "corpus", index_dir=folder / "index", embedding_model="hashing"
    )
    with Assistant(settings, HashingEmbedder()) as assistant:
        (folder / "corpus" / "more.txt").write_text("There are forty days of rain.\n")
        assistant.sync()
        assert len(assistant.documents()) == 2
