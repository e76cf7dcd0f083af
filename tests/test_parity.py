"""The same question gives the same answer object on every surface, with the real model."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from assistant import pipeline
from assistant.cli.main import app as commands
from assistant.pipeline import Assistant
from assistant.serve.app import build_app

pytestmark = pytest.mark.slow
CORPUS = Path(__file__).parents[1] / "corpus"
QUESTIONS = {
    "When did Volt Typhoon begin to compromise critical infrastructure?": "since at least 2019",
    "Under what other name is Integrity Technology Group known?": "Yongxin Zhicheng",
    "Which hacking group is Integrity Technology Group accused of supporting?": "Flax Typhoon",
    "Who said the Treasury will hold malicious cyber actors accountable?": "Bradley Smith",
    "Why would the sanctions not affect the company?": "no assets or business",
    "What attacked Iran's nuclear facilities?": "Stuxnet",
    "What tactics did the attacks employ?": "phishing, botnets",
    "How tall is the Eiffel Tower?": None,
    "Which vitamins are in spinach?": None,
    "Who won the football world cup in 1998?": None,
}
"""Each with words of the sentence that answers it, or None where the corpus has no answer."""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    index_dir = tmp_path_factory.mktemp("parity")
    with Assistant.open(corpus_dir=CORPUS, index_dir=index_dir) as assistant:
        assistant.sync()
        yield assistant


def test_every_surface_gives_the_same_answer(
    opened: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "open_embedder", lambda *_: opened.embedder)
    words = ["--json", "--corpus", str(CORPUS), "--index", str(opened.settings.index_dir), "ask"]
    with TestClient(build_app(opened), base_url="http://127.0.0.1") as client:
        for question in QUESTIONS:
            printed = CliRunner().invoke(commands, [*words, question], catch_exceptions=False)
            sent = client.post("/api/ask", json={"question": question})
            expected = _without_times(opened.ask(question).to_dict())
            assert _without_times(json.loads(printed.stdout)) == expected
            assert _without_times(sent.json()) == expected
    first = next(iter(QUESTIONS))
    command = [sys.executable, "-m", "assistant", *words, first]
    alone = subprocess.run(command, capture_output=True, text=True, check=True)
    expected = _without_times(opened.ask(first).to_dict())
    assert _without_times(json.loads(alone.stdout)) == expected, "in a process of its own too"


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_quotes_the_sentence_that_tells_or_is_refused(
    opened: Assistant, question: str
) -> None:
    answer = opened.ask(question)
    telling = QUESTIONS[question]
    assert answer.abstained == (telling is None)
    assert telling is None or telling in " ".join(c.quote for c in answer.citations)
    for citation in answer.citations:
        text = opened.document(citation.document_id).text
        assert text[citation.start : citation.end] == citation.quote


def _without_times(answer: dict[str, Any]) -> Any:
    return json.loads(json.dumps({k: v for k, v in answer.items() if k != "timings"}))
