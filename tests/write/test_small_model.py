"""A real language model that is weak on purpose: whatever it writes, what is shown is supported."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import Answer, Assistant, Settings
from assistant.values import Turn, Verdict
from assistant.write.verify import MIN_SUPPORT, Claim, find_fault

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

MILL = """The Harrow mill

The Harrow mill was built in 1843 by Ann Holt. It ground rye until a fire destroyed the wheel in \
1901. The mayor said that the ruin would never be rebuilt.

The ferry

The ferry carries 40 cars and 200 people. It does not run in winter.
"""
QUESTIONS = (
    "Who built the Harrow mill?",
    "How many cars does the ferry carry?",
    "What did the mayor say about the ruin?",
    "Does the ferry run in winter?",
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, small_model: Path) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("written")
    (folder / "corpus").mkdir()
    (folder / "corpus" / "mill.txt").write_text(MILL, encoding="utf-8")
    llm = {"path": small_model, "max_reply_tokens": 80, "total_timeout_s": 300}
    llm |= {"first_token_timeout_s": 200, "token_timeout_s": 100}
    given = {"corpus_dir": folder / "corpus", "index_dir": folder / "index", "llm": llm}
    given |= {"max_over_refusal": 0}
    with Assistant.open(Settings.load(**given)) as assistant:
        assistant.sync()
        yield assistant


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_a_weak_model_writes_is_supported_or_not_shown(
    written: Assistant, question: str
) -> None:
    steps = [step for step in written.stream(question) if isinstance(step, Answer)]
    quoted, answer = steps[0], steps[-1]
    assert quoted.answerer == "extract"
    assert not quoted.abstained
    assert answer.usage
    assert answer.usage.completion_tokens > 0
    text = written.document("mill.txt").text
    for step in steps:
        for citation in step.citations:
            assert text[citation.start : citation.end] == citation.quote
        for statement in step.statements:
            quotes = [step.citations[n - 1].quote for n in statement.citations]
            if statement.verdict == Verdict.QUOTED:
                assert statement.text in quotes
                continue
            assert statement.verdict == Verdict.CONFIRMED
            assert written.judge.scorer.support(statement.text, quotes) >= MIN_SUPPORT
            assert find_fault(Claim(statement.text, tuple(quotes), text)) is None
    if answer.answerer == "extract":  # nothing of it stood its check, and the quotes are whole
        assert answer.notice
        assert answer.statements == quoted.statements
    else:
        assert answer.notice is None


def test_a_follow_up_that_a_weak_model_rewrites_keeps_to_the_conversation(
    written: Assistant,
) -> None:
    history: tuple[Turn, ...] = (
        ("user", QUESTIONS[0]),
        ("assistant", "It was built in 1843 by Ann Holt."),
    )
    answer = written.ask("And what did it grind?", history)
    said = {word.casefold() for _, told in history for word in told.strip(".?").split()}
    own = {"and", "what", "did", "it", "grind?"}
    assert answer.usage
    assert answer.usage.n_calls >= 1
    new = {word.strip('.?"').casefold() for word in answer.query.split()} - said - own
    assert not {word for word in new if len(word) > 5}, answer.query
