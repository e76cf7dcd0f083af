"""The command line run in this process, over the tiny corpus."""

import logging
import sys
from pathlib import Path

import pytest
from cli.runs import Run
from corpora import FILES, settings_in, write_files
from hashing import HashingEmbedder

from assistant import pipeline
from assistant.cli import main as cli
from assistant.models import embed


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line over the tiny corpus: exit code, stdout, stderr."""
    write_files(settings_in(tmp_path).corpus_dir, FILES)
    monkeypatch.chdir(tmp_path)
    for module in (pipeline, embed):
        monkeypatch.setattr(module, "open_embedder", lambda *_: HashingEmbedder())
    monkeypatch.setenv("ASSISTANT_MAX_OVER_REFUSAL", "0")
    monkeypatch.setattr(logging, "basicConfig", lambda **_: None)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["assistant", *words])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return run
