"""`assistant index`: what it prints, where, and with which exit code."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.runs import Run
from corpora import FILES, write_files
from ingest.formats.drawn_text import draw_text

from assistant.ingest import walk as watching
from assistant.store import sync as syncing
from assistant.store.lock import hold_lock

SOUND = b"OggS\x00\x02\x00\x01"
CORPUS = Path("corpus")
"""In the working folder."""


def test_a_dry_run_prints_what_would_be_done_and_does_nothing(run: Run) -> None:
    code, out, err = run("index", "--dry-run")
    assert (code, out) == (0, "add law.html\nadd rivers.txt\nadd space/moons.md\n")
    assert "3 files to settle; nothing was done" in err
    assert not Path("index").exists()
    run("index")
    (CORPUS / "rivers.txt").rename(CORPUS / "streams.txt")
    write_files(CORPUS, {"p.ogg": SOUND})
    code, out, _ = run("index", "--dry-run", "--strict")
    assert code == 1
    assert out == (
        "skip p.ogg: a sound or film, not a document with text\nmove streams.txt from rivers.txt\n"
    )
    changes = json.loads(run("index", "--dry-run", "--json")[1])["changes"]
    assert [change["action"] for change in changes] == ["skip", "move"]


def test_a_skipped_file_never_stops_the_others_and_strict_says_it_by_its_exit_code(
    run: Run,
) -> None:
    write_files(CORPUS, {"p.ogg": SOUND})
    code, out, err = run("index", "--strict", "--json")
    assert code == 1
    assert "skipped: p.ogg: a sound or film" in err
    report = json.loads(out)
    assert (report["n_added"], report["n_skipped"]) == (4, 1)
    assert report["notable"][0]["fault"] == "unsupported"
    code, out, err = run("index")
    assert (code, out) == (0, "")
    assert "skipped: p.ogg: a sound or film" in err


def test_retry_reads_skipped_files_again(run: Run) -> None:
    write_files(CORPUS, {"p.ogg": SOUND})
    run("index")
    assert "4 unchanged; 1 skipped" in run("index")[2]
    assert "1 skipped" in run("index", "--retry")[2]


def test_watch_syncs_after_each_change_and_waits_for_a_busy_index(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:

    def watch(*_: object) -> Iterator[bool]:
        write_files(CORPUS, {"new.txt": "New here."})
        with hold_lock(Path("index")):
            yield True
        yield True
        yield False
        raise KeyboardInterrupt

    monkeypatch.setattr(watching, "watch", watch)
    code, out, err = run("index", "--watch", "--json")
    assert code == 130
    assert "not now: the index" in err
    assert err.count("1 files added") == 1
    assert out.count('"n_added"') == 2


@pytest.mark.slow
def test_a_watching_process_takes_in_a_new_file_and_ends_at_ctrl_c(tmp_path: Path) -> None:
    write_files(tmp_path / "corpus", FILES)
    with subprocess.Popen(
        [sys.executable, "-m", "assistant", "index", "--watch"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "ASSISTANT_CACHE_DIR": str(Path.home() / ".cache/assistant")},
    ) as process:
        assert process.stderr is not None
        lines: list[str] = []
        for line in process.stderr:
            lines.append(line)
            if line.startswith("watching"):
                time.sleep(1.5)
                (tmp_path / "corpus/new.txt").write_text("The new file tells of comets.")
            if "1 files added" in line:
                process.send_signal(signal.SIGINT)
                break
        lines += process.stderr.readlines()
    assert process.returncode == 130, lines
    assert any("1 files added" in line for line in lines)
    assert "Traceback" not in "".join(lines)


def test_the_ledger_is_listed_with_how_when_how_long_and_why(run: Run) -> None:
    write_files(CORPUS, {"p.ogg": SOUND, "copy.txt": FILES["rivers.txt"]})
    assert run("documents")[0] == 3
    run("index")
    code, out, err = run("documents")
    assert code == 0
    assert re.search(r"^indexed law\.html \(1 passage; 20\S+T\S+, \d+\.\d s\)$", out, re.MULTILINE)
    assert "skipped p.ogg: a sound or film, not a document with text (20" in out
    assert "the same as rivers.txt" in out
    assert "4 indexed, 1 skipped" in err
    listed = json.loads(run("documents", "--json")[1])["documents"]
    assert [one["fault"] for one in listed] == [None, None, "unsupported", None, None]


def test_a_dry_run_takes_the_same_flags_as_the_run(run: Run) -> None:
    write_files(CORPUS, {"p.ogg": SOUND})
    run("index")
    assert run("index", "--dry-run")[1] == ""
    assert run("index", "--dry-run", "--retry")[1].startswith("skip p.ogg")
    assert run("index", "--dry-run", "--rebuild")[1].count("add ") == 3


def test_a_dry_run_over_another_programs_index_names_both(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("index")
    monkeypatch.setattr(syncing, "SPLITTER_VERSION", 99)
    code, _, err = run("index", "--dry-run")
    assert code == 3
    assert "'99'" in err
    assert "--rebuild" in err


def test_without_recognition_a_picture_is_skipped_with_that_reason(run: Run) -> None:
    write_files(CORPUS, {"ferry.png": draw_text().png})
    reason = "ferry.png: an image; pictures are not read (ocr is off)"
    assert reason in run("index", "--no-ocr")[2]
    assert reason not in run("index", "--retry")[2]


def test_a_backup_is_made_and_brought_back_elsewhere(run: Run, tmp_path: Path) -> None:
    write_files(tmp_path / "corpus", FILES)
    folders = ["--corpus", str(tmp_path / "corpus"), "--index"]
    assert run("index", *folders, str(tmp_path / "index"))[0] == 0
    kept = str(tmp_path / "kept.zip")
    code, out, err = run("backup", kept, *folders, str(tmp_path / "index"), "--json")
    assert code == 0
    assert f"{kept!r} holds 1 file" in err
    assert json.loads(out)["files"] == ["catalog.sqlite"]
    code, out, err = run("restore", kept, *folders, str(tmp_path / "again"), "--json")
    assert code == 0
    assert "bring it in step with the folder: assistant index" in err
    assert json.loads(out)["index"] == str(tmp_path / "again")
    asked = ("ask", "Where does the Danube rise?", "--json")
    said = [json.loads(run(*asked, *folders, str(tmp_path / i))[1]) for i in ("index", "again")]
    assert said[0]["text"] == said[1]["text"] == "The Danube rises in the Black Forest. [1]"
    code, _, err = run("restore", kept, *folders, str(tmp_path / "again"))
    assert code == 3
    assert "--replace" in err
