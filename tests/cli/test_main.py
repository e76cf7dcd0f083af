"""The command line: what goes to which stream, and with which exit code."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from cli.runs import Run
from corpora import settings_in, write_files
from hashing import HashingEmbedder

from assistant import pipeline
from assistant.cli import index
from assistant.cli.main import app as commands
from assistant.errors import StoreError
from assistant.evaluation.run import read_questions
from assistant.pipeline import Assistant
from assistant.serve import app as server
from assistant.serve.chat.database import Database
from assistant.serve.chat.feedback import FeedbackStore
from assistant.serve.chat.history import ConversationStore
from assistant.serve.chat.turns import Turn
from assistant.store.lock import hold_lock
from assistant.store.sync import Progress

WORDS: dict[str, tuple[str, ...]] = {
    "index": (),
    "documents": (),
    "ask": ("danube",),
    "search": ("danube",),
    "chat": (),
    "calibrate": ("questions.jsonl",),
    "eval": ("questions.jsonl",),
    "feedback": (),
    "check": (),
    "doctor": (),
    "backup": ("kept.zip",),
    "restore": ("kept.zip", "--replace"),
}
"""Every command that prints something, with as many words as it needs."""
SPEAKING = "mcp"
"""What it prints is a protocol's; `tests/serve/test_mcp.py` asks it."""
ELSEWHERE = ("--corpus", "elsewhere", "--index", "built", "--json")


def test_every_command_is_tried_here_and_its_help_shows_the_shared_options(run: Run) -> None:
    known = typer.main.get_command(commands).commands  # type: ignore[attr-defined]
    assert {*WORDS, SPEAKING} == set(known)
    for words in ((), *((command,) for command in known)):
        code, out, _ = run(*words, "--help")
        assert code == 0
        assert all(option in out for option in ("--corpus", "--index", "--json"))


@pytest.mark.parametrize("command", WORDS)
def test_the_shared_options_mean_the_same_before_a_command_and_after_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def serve(*_: object, ready: Callable[[str], None]) -> None:
        ready("http://127.0.0.1:7860")

    monkeypatch.setattr(server, "serve", serve)
    (tmp_path / "corpus").rename(tmp_path / "elsewhere")
    write_questions(tmp_path, 10)
    run("index", *ELSEWHERE)
    run("backup", "kept.zip", *ELSEWHERE)
    words = (command, *WORDS[command])
    runs = [
        run(*ELSEWHERE, *words),
        run(*words, *ELSEWHERE),
        run(*ELSEWHERE[:4], *words, "--json"),
        run("--index", "passed over", *words, *ELSEWHERE),
    ]
    told = [json.loads(out) for _, out, _ in runs]
    assert all(one.keys() == told[0].keys() for one in told)
    assert len({code for code, _, _ in runs}) == 1
    assert (tmp_path / "built").is_dir()
    assert not (tmp_path / "index").exists()
    assert not (tmp_path / "passed over").exists()


def test_the_address_of_the_chat_is_a_line_of_json_when_it_is_ready(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "serve", lambda *_, ready: ready("http://127.0.0.1:7860"))
    assert run("chat", "--json")[1] == '{"address": "http://127.0.0.1:7860"}\n'
    _, out, err = run("chat")
    assert (out, "the chat is at http://127.0.0.1:7860" in err) == ("", True)


def test_the_chat_opens_while_files_are_read_and_its_end_ends_the_reading(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(f"Milestone {n} stands by the road.\n\n" for n in range(3_000))
    (tmp_path / "corpus" / "book.txt").write_text(text)
    progress: list[Progress | None] = []

    def serve(assistant: Assistant, *_: object, ready: Callable[[str], None]) -> None:
        progress.append(assistant.progress)
        ready("http://127.0.0.1:7860")

    monkeypatch.setattr(server, "serve", serve)
    monkeypatch.setattr(index, "SHORT_S", 0.0)
    code, _, err = run("chat")
    assert code == 0
    assert progress[0]
    assert progress[0].done < progress[0].total
    assert "it answers from what has been read by then" in err
    assert "the sync ended early: Stopped. What was done stays done" in err
    monkeypatch.setattr(server, "serve", lambda *_, ready: ready("there"))
    run("index")
    monkeypatch.setattr(index, "SHORT_S", 20.0)
    _, _, err = run("chat")
    assert "by then" not in err
    assert "ended early" not in err


def test_a_sync_that_fails_while_the_chat_is_open_is_told_once_and_ends_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed, is_open = threading.Event(), threading.Event()

    def sync(self: Assistant, *, on_progress: Callable[[Progress], None], **_: object) -> None:
        on_progress(Progress("reading", 0, 2))
        assert is_open.wait(20)
        failed.set()
        raise StoreError("the disk is full")

    def serve(*_: object, ready: Callable[[str], None]) -> None:
        is_open.set()
        assert failed.wait(20)
        ready("there")

    monkeypatch.setattr(index, "SHORT_S", 0.0)
    monkeypatch.setattr(Assistant, "sync", sync)
    monkeypatch.setattr(server, "serve", serve)
    code, _, err = run("chat")
    assert code == 0
    assert err.count("the disk is full") == 1
    is_open.set()
    monkeypatch.setattr(index, "SHORT_S", 20.0)
    code, _, err = run("chat")
    assert code == 3
    assert err.count("the disk is full") == 1


def test_what_keeps_a_sync_from_beginning_keeps_the_chat_from_opening(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "serve", lambda *_, **__: pytest.fail("it was opened"))
    (tmp_path / "corpus").rename(tmp_path / "away")
    code, _, err = run("chat")
    assert code == 3
    assert "error: " in err


def test_the_version_is_that_of_the_package(run: Run) -> None:
    assert run("--version") == (0, f"assistant {version('assistant')}\n", "")


def execute(shell: str, script: str, **given: str) -> str:
    """Return what a script writes in a process of its own, which finds the same modules."""
    environment = {**os.environ, **given, "PYTHONPATH": ":".join(sys.path)}
    return subprocess.check_output([shell, "-c", script], env=environment, text=True)


def test_a_shell_completes_commands_and_can_be_taught_to(run: Run) -> None:
    program = f"{sys.executable} -m assistant"
    asked = {"_ASSISTANT_COMPLETE": "complete_bash", "COMP_WORDS": "assistant d", "COMP_CWORD": "1"}
    assert execute("bash", program, **asked).split() == ["documents", "doctor"]
    script = execute("bash", f"{program} --show-completion; true")
    assert "complete -o default -F _assistant_completion assistant" in script
    assert "--install-completion" in run("--help")[1]


@pytest.mark.parametrize(
    ("module", "heavy"),
    [("assistant.cli.main", {"numpy", "jinja2"}), ("assistant.cli.evaluate", set())],
)
def test_importing_the_command_line_loads_no_chat_and_changes_no_environment(
    module: str, heavy: set[str]
) -> None:
    program = (
        f"import os, sys; before = dict(os.environ); import assistant.cli, {module};"
        "assert dict(os.environ) == before; print(*sys.modules)"
    )
    loaded = set(execute(sys.executable, program).split())
    assert module in loaded
    assert not loaded & (heavy | {"gradio", "fastapi", "assistant.pipeline"})
    assert not [name for name in loaded if name.startswith("assistant.serve")]


def test_a_question_to_a_missing_index_builds_it_and_says_so(run: Run) -> None:
    code, out, err = run("ask", "danube")
    assert code == 0
    assert "no index in 'index'" in err
    assert "passages" in err
    assert "[1]" in out


def test_a_reworded_question_is_shown_as_it_was_searched_for(run: Run) -> None:
    run("index")
    _, out, err = run("ask", "how many vlocanoes")
    assert "Searched for: how many volcanoes" in err
    assert "400 volcanoes" in out
    assert "Searched" not in run("ask", "how many volcanoes")[2]


def test_json_is_what_python_returns_and_nothing_else_is_said(run: Run) -> None:
    run("index")
    _, out, err = run("ask", "danube", "--json")
    assert err == ""
    with pipeline.Assistant.open(max_over_refusal=0) as assistant:
        expected = assistant.ask("danube").to_dict()
    found = json.loads(out)
    found.pop("timings")
    expected.pop("timings")
    assert found == json.loads(json.dumps(expected))


def test_cost_goes_to_stderr_and_the_answer_to_stdout(run: Run) -> None:
    run("index")
    code, out, err = run("ask", "danube", "--quotes", "--cost")
    assert code == 0
    assert "[1]" in out
    assert "Searching: " in err
    assert "Searching: " not in out


@pytest.mark.parametrize("command", [("ask", "danube"), ("chat",)])
def test_a_model_is_named_by_flags_but_its_key_never_is(run: Run, command: tuple[str, ...]) -> None:
    code, out, err = run(*command, "--quotes", "--llm-file", "m.gguf")
    assert (code, out) == (2, "")
    assert "--quotes wants no language model" in err
    code, _, err = run(*command, "--llm-url", "http://localhost:1/v1")
    assert code == 3
    assert "a base_url needs a model" in err
    assert "key" not in run(command[0], "--help")[1].lower()


def test_an_abstention_is_not_an_error_and_shows_the_nearest_passages(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_MAX_OVER_REFUSAL", "1")
    code, out, _ = run("ask", "danube")
    assert code == 0
    assert "Nothing was found" in out
    assert "nearest passages" in out


def test_the_folders_and_how_many_passages_to_show_are_named_by_options(
    run: Run, tmp_path: Path
) -> None:
    write_files(tmp_path / "elsewhere", {"a.txt": "Herons eat frogs."})
    code, out, _ = run("search", "herons", "--corpus", "elsewhere", "--index", "built")
    assert code == 0
    assert "a.txt:0-17" in out
    assert (tmp_path / "built" / "catalog.sqlite").is_file()
    assert len(json.loads(run("search", "the", "-k", "1", "--json")[1])["results"]) == 1


def test_only_the_named_documents_are_asked_and_searched(run: Run) -> None:
    run("index")
    _, out, _ = run("ask", "Danube Titan", "--document", "space/moons.md", "--json")
    assert {one["document_id"] for one in json.loads(out)["citations"]} == {"space/moons.md"}
    named = ["--document", "law.html", "--document", "rivers.txt"]
    _, out, _ = run("search", "Danube Titan", "--json", *named)
    found = {one["passage"]["document_id"] for one in json.loads(out)["results"]}
    assert found == {"law.html", "rivers.txt"}
    code, out, err = run("ask", "Danube", "--document", "no.txt")
    assert (code, out) == (3, "")
    assert "no document 'no.txt'" in err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("asq",), 2, "No such command"),
        (("ask",), 2, "Missing argument"),
        (("search", "x", "-k", "0"), 2, "-k"),
        (("ask", "  "), 3, "error: the question is empty"),
        (("ask", "x", "--corpus", "nowhere", "--index", "none"), 3, "error: the corpus 'nowhere'"),
        (("check", "--index", "none"), 3, "build it: assistant index"),
        (("chat", "--port", "99999"), 3, "error: settings cannot be used: port"),
        (("eval", "absent.jsonl"), 2, "cannot be read"),
    ],
)
def test_a_failure_is_one_line_that_says_what_to_do_with_json_as_the_api_says_it(
    run: Run, words: tuple[str, ...], code: int, message: str
) -> None:
    found, out, err = run(*words)
    assert found == code
    assert message in err
    assert out == ""
    assert "Traceback" not in err
    found, out, err = run(*words, "--json")
    assert (found, out) == (code, "")
    assert message.removeprefix("error: ") in json.loads(err.splitlines()[-1])["error"]["message"]


def test_a_second_writer_is_told_who_the_first_is(run: Run) -> None:
    run("index")
    with hold_lock(Path("index")):
        code, _, err = run("index", "--json")
    assert code == 75
    assert json.loads(err)["error"]["kind"] == "IndexLocked"
    assert f"process {os.getpid()}" in err


def test_check_exits_0_only_when_the_index_is_clean(run: Run, tmp_path: Path) -> None:
    run("index")
    code, _, err = run("check")
    assert code == 0
    assert "clean" in err
    with sqlite3.connect(tmp_path / "index" / "catalog.sqlite") as connection:
        connection.execute("UPDATE passages SET start = start + 1")
    connection.close()
    code, out, _ = run("check")
    assert code == 1
    assert "rows of passages are not what was written" in out
    told = json.loads(run("check", "--json")[1])
    assert (told["is_clean"], told["problems"]) == (False, out.splitlines())


def test_control_characters_of_documents_do_not_reach_the_terminal(
    run: Run, tmp_path: Path
) -> None:
    hostile = "The heron\x1b]0;owned\x07 eats\x9b31m frogs.\x1b[2J"
    write_files(tmp_path / "corpus", {"evil.txt": hostile})
    for words in (("ask", "\x1b[31mheron"), ("search", "heron")):
        _, out, err = run(*words)
        assert not set(out + err) & {"\x1b", "\x07", "\x9b"}


def test_an_interrupted_sync_exits_130_and_the_next_one_finishes(tmp_path: Path) -> None:
    write_files(
        tmp_path / "corpus",
        {f"{n}.txt": f"Note {n}. " + "The heron eats frogs. " * 200 for n in range(200)},
    )
    program = (
        "import signal, sys; sys.path.insert(0, sys.argv.pop(1));"
        "signal.signal(signal.SIGINT, signal.default_int_handler);"  # as at a terminal
        "from hashing import HashingEmbedder; from assistant import pipeline;"
        "pipeline.open_embedder = lambda *_: HashingEmbedder();"
        "from assistant.cli.main import main; main()"
    )
    command = [sys.executable, "-c", program, str(Path(__file__).parents[1]), "index"]
    child = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    catalog = tmp_path / "index" / "catalog.sqlite"
    deadline = time.monotonic() + 30
    while not catalog.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=30)
    assert child.returncode == 130, err
    assert "Traceback" not in err
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def write_questions(folder: Path, n: int) -> Path:
    rows = [{"question": f"danube {i}", "answerable": True} for i in range(n)]
    rows += [{"question": f"unheard of {i}", "answerable": False} for i in range(n)]
    path = folder / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def test_calibrating_says_what_it_did_and_where_it_is_kept(run: Run, tmp_path: Path) -> None:
    run("index")
    code, out, _ = run("calibrate", str(write_questions(tmp_path, 10)))
    assert code == 0
    assert "10 answerable and 10 unanswerable" in out
    assert "calibration.json" in out
    code, out, _ = run("calibrate", str(write_questions(tmp_path, 12)), "--json")
    report = json.loads(out)
    assert (report["n_answerable"], report["n_unanswerable"]) == (12, 12)
    assert Path(report["path"]).is_file()


def test_calibrating_on_too_few_or_bad_questions_is_refused(run: Run, tmp_path: Path) -> None:
    run("index")
    code, _, err = run("calibrate", str(write_questions(tmp_path, 2)))
    assert (code, "at least 10" in err) == (3, True)
    (tmp_path / "questions.jsonl").write_text('{"question": "?"}', encoding="utf-8")
    code, _, err = run("calibrate", str(tmp_path / "questions.jsonl"))
    assert (code, "questions.jsonl:1: answerable" in err) == (3, True)


def test_the_chat_with_auth_needs_users_and_prints_no_password_that_cannot_be_used(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = run("chat", "--auth")
    assert (code, err.count("\n")) == (3, 1)
    assert "[users] table" in err
    monkeypatch.setenv("ASSISTANT_USERS__ALICE", "short")
    code, _, err = run("chat", "--auth")
    assert code == 3
    assert "users.alice: Value should have at least 8 items" in err
    assert "short" not in err.replace("too_short", "")


def test_feedback_is_printed_as_questions_that_eval_can_ask(run: Run, tmp_path: Path) -> None:
    code, _, err = run("feedback", "--index", "nowhere")
    assert (code, err.count("\n")) == (3, 1)
    run("index")
    settings = settings_in(tmp_path)
    database = Database(settings.index_dir)
    with pipeline.Assistant(settings, HashingEmbedder()) as assistant:
        answer = assistant.ask("Where does the Danube rise?")
    store, turn = ConversationStore(database), Turn(1, "Where does the Danube rise?", answer)
    FeedbackStore(database).rate(store.create("alice", "Danube"), turn, (), "up")
    code, out, err = run("feedback")
    assert code == 0
    assert "1 answers were judged" in err
    (tmp_path / "asked.jsonl").write_text(out, encoding="utf-8")
    (question,) = read_questions(tmp_path / "asked.jsonl")
    assert question.text == "Where does the Danube rise?"
    assert question.is_answerable is not answer.abstained
    assert json.loads(run("feedback", "--json")[1])["questions"] == [json.loads(out)]


def test_doctor_exits_1_with_what_mends_a_language_model_that_is_not_there(run: Run) -> None:
    code, out, err = run("doctor", "--llm-url", "http://127.0.0.1:1/v1", "--llm-model", "m")
    assert code == 1
    assert "PROBLEM  language model: the language model 'm' cannot be reached" in out
    assert "-> check llm.base_url" in out
    assert "1 problem" in err


def test_doctor_is_healthy_with_warnings_alone_and_prints_json(run: Run) -> None:
    code, out, _ = run("doctor", "--json")
    told = json.loads(out)
    assert (code, told["is_healthy"]) == (0, True)
    assert {"warning"} < {one["state"] for one in told["findings"]}
    assert all(set(one) == {"subject", "state", "told", "remedy"} for one in told["findings"])
    code, out, _ = run("doctor", "--llm-file", "missing.gguf", "--json")
    told = json.loads(out)
    assert (code, told["is_healthy"]) == (1, False)
    (away,) = [one for one in told["findings"] if one["subject"] == "language model"]
    assert away["remedy"]
