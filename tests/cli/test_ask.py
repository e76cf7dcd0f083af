"""A question on the command line: the model's flags, what goes to which stream, a Ctrl-C."""

import json
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from attacks import VECTORS
from pydantic import SecretStr
from surface_fakes import (
    DROPPED,
    HOSTILE,
    MODEL,
    NOTICE,
    VERIFIER,
    WHY,
    WROTE,
    FakeAssistant,
    answer,
    cite,
    document,
    write,
)

from assistant.cli.ask import answer_question, choose_llm
from assistant.cli.terminal import status_line
from assistant.errors import SettingsError
from assistant.ingest.formats.table import split_row
from assistant.settings import LanguageModel, Settings
from assistant.show.provenance import STOPPED_PARTLY
from assistant.text.listing import ListedCell, Listing, Reading
from assistant.values import Answer, Role, Stage, Turn

Streams = pytest.CaptureFixture[str]
URL = "http://localhost:11434/v1"


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder whose settings name a server, a model, a deadline and a key."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "assistant.toml").write_text(
        f'[llm]\nbase_url = "{URL}"\nmodel = "qwen3"\ntoken_timeout_s = 7\n', encoding="utf-8"
    )
    monkeypatch.setenv("ASSISTANT_LLM__API_KEY", "sk-secret")
    monkeypatch.setenv("ASSISTANT_LLM__MAX_REPLY_TOKENS", "99")


def load(
    url: str | None = None,
    model: str | None = None,
    file: Path | None = None,
    *,
    quotes: bool = False,
) -> LanguageModel:
    return Settings.load(llm=choose_llm(url, model, file, quotes=quotes)).llm


@pytest.mark.usefixtures("configured")
def test_without_flags_the_model_is_the_one_that_is_configured() -> None:
    llm = load()
    assert (llm.base_url, llm.model, llm.path) == (URL, "qwen3", None)
    assert (llm.token_timeout_s, llm.max_reply_tokens) == (7, 99)
    assert llm.api_key == SecretStr("sk-secret")


def test_a_flag_changes_what_it_names_and_the_rest_stays_as_it_is_configured(
    configured: None,
) -> None:
    for llm in (load(model="gemma3"), load(url=URL, model="gemma3")):
        assert (llm.base_url, llm.model) == (URL, "gemma3")
        assert (llm.token_timeout_s, llm.max_reply_tokens) == (7, 99)
        assert llm.api_key == SecretStr("sk-secret")
    assert load(url="http://other/v1").model == "qwen3"


@pytest.mark.usefixtures("configured")
def test_a_file_takes_the_place_of_a_server_and_the_reverse() -> None:
    llm = load(file=Path("m.gguf"))
    assert (llm.path, llm.base_url, llm.model) == (Path("m.gguf"), None, "")
    assert llm.token_timeout_s == 7
    Path("assistant.toml").write_text('[llm]\npath = "m.gguf"\n', encoding="utf-8")
    assert load().path == Path("m.gguf")
    llm = load(url=URL, model="qwen3")
    assert (llm.path, llm.base_url, llm.model) == (None, URL, "qwen3")


@pytest.mark.usefixtures("configured")
def test_quotes_only_leaves_no_model_whatever_is_configured() -> None:
    llm = load(quotes=True)
    assert not llm.is_configured
    assert llm.api_key is None


def test_without_a_configuration_the_flags_are_all_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert not load().is_configured
    assert not load(quotes=True).is_configured
    assert load(url=URL, model="qwen3").is_configured
    for url, model in ((URL, None), (None, "qwen3")):
        with pytest.raises(SettingsError, match=r"llm: .* needs a"):
            load(url, model)


@pytest.mark.parametrize(
    ("url", "model", "file", "quotes"),
    [
        (URL, None, None, True),
        (None, "qwen3", None, True),
        (None, None, Path("m.gguf"), True),
        (URL, None, Path("m.gguf"), False),
        (None, "qwen3", Path("m.gguf"), False),
    ],
)
def test_flags_that_contradict_each_other_are_refused(
    url: str | None, model: str | None, file: Path | None, quotes: bool
) -> None:
    with pytest.raises(typer.BadParameter, match="--"):
        choose_llm(url, model, file, quotes=quotes)


def test_words_of_a_model_go_to_stdout_with_their_quotes_and_who_wrote_them(
    capsys: Streams,
) -> None:
    answer_question(FakeAssistant(), "written typhoon", {})
    out, err = capsys.readouterr()
    assert out.startswith(
        "It has been active since 2021. [1] It works on four continents. [2]\n\n[1]"
    )
    assert "spanned North America" in out
    assert out.endswith(f"({WROTE})\n")
    assert err == ""


def test_a_notice_is_no_part_of_the_answer(capsys: Streams) -> None:
    answer_question(FakeAssistant(), "noted typhoon", {})
    out, err = capsys.readouterr()
    assert err == NOTICE + "\n"
    assert NOTICE not in out


def test_cost_is_said_on_stderr_with_why_something_was_dropped_and_not_what(
    capsys: Streams,
) -> None:
    answer_question(FakeAssistant(), "written typhoon", {}, cost=True)
    out, err = capsys.readouterr()
    assert err.splitlines() == [
        f"Model: {MODEL}",
        "Calls: 2",
        "Tokens: about 1,234 read, about 56 written",
        "First token: after 800 ms",
        "Whole reply: after 7.0 s",
        "Speed: about 8.0 tokens/s, all in all",
        "Sentences quoted: 0",
        f"Confirmed: 2, by {VERIFIER}",
        "Sentences dropped: 1",
        "Searching: 10 ms",
        f"Dropped, because {WHY}",
    ]
    for text in (DROPPED.text, "Elvis", HOSTILE, *DROPPED.quotes):
        assert text not in out + err
    answer_question(FakeAssistant(), "leave", {}, cost=True)
    assert capsys.readouterr().err == "Searching: 10 ms\n"


def test_json_has_everything_and_nothing_beside_it(capsys: Streams) -> None:
    for question in ("written typhoon", "noted typhoon", "unknown"):
        answer_question(FakeAssistant(), question, {}, as_json=True)
        out, err = capsys.readouterr()
        expected = FakeAssistant().ask(question).to_dict()
        assert json.loads(out) == json.loads(json.dumps(expected))
        assert err == ""


class Interrupted(FakeAssistant):
    """Is interrupted while a model writes, or before there is anything."""

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        documents: Collection[str] = (),
        as_: Reading | None = None,
    ) -> Iterator[Stage | Answer]:
        for step in super().stream(question, history, documents=documents, as_=as_):
            if self.is_writing.is_set() or "at once" in question:
                raise KeyboardInterrupt
            yield step


def test_who_interrupts_a_model_gets_what_was_verified_by_then(
    capsys: Streams,
) -> None:
    fake = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        answer_question(fake, "written typhoon endless", {})
    out, err = capsys.readouterr()
    assert out.startswith("It has been active since 2021. [1] (confirmed) The group's")
    assert "Written in part by" in out
    assert err == STOPPED_PARTLY + "\n"
    with pytest.raises(KeyboardInterrupt):
        answer_question(fake, "at once", {})
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("vector", [*VECTORS, "two\nlines\x1b[31m\x9b"])
def test_no_model_writes_to_the_terminal_but_plain_lines(vector: str, capsys: Streams) -> None:
    class Hostile(FakeAssistant):
        def _answer(self, question: str) -> Answer:
            made = super()._answer("typhoon")
            return write(made, vector, vector, model=vector, why=vector)

    answer_question(Hostile(), "?", {}, cost=True)
    out, err = capsys.readouterr()
    assert not set(out + err) & {"\x1b", "\x07", "\x9b", "\0"}
    assert len(err.splitlines()) == 11


BOATS = ["Alba", "Brisa", "Corva", "Dorna", "Estrel", "Fulmar", "Gannet", "Heron", "Isla"]
BOATS += ["Jackdaw", "Kestrel", "Linnet", "Merlin"]


class Harbour(FakeAssistant):
    """Answers with thirteen rows of a table, the boats emphasised."""

    note = "in the north basin"

    def _answer(self, question: str) -> Answer:
        rows = [f"Boat: {boat} | Fee: {n} | Note: {self.note}" for n, boat in enumerate(BOATS)]
        source = document("boats.csv", "\n".join(rows))
        made = answer(question, *(cite(n, source, row) for n, row in enumerate(rows, start=1)))
        statements = tuple(
            replace(
                one,
                role=Role.ROW,
                cells=split_row(one.text, "Boat | Fee | Note"),
                answering=((6, one.text.index(" |")),),
            )
            for one in made.statements
        )
        return replace(made, statements=statements)


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, n_columns: int) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(n_columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def test_rows_go_into_a_pipe_as_a_table_with_all_of_them_and_each_source_once(
    capsys: Streams,
) -> None:
    answer_question(Harbour(), "Which boats?", {})
    head, rule, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["Boat", "Fee", "Note"]
    assert set(rule) == {"─"}
    shown = [line.rsplit(maxsplit=1) for line in rows[:13]]
    assert [mark for _, mark in shown] == [f"[{n}]" for n in range(1, 14)]
    assert [line.split()[0] for line, _ in shown] == BOATS
    assert rows[13] == ""
    assert [line.split(",")[0] for line in rows[14:]] == [f"[{n}] boats.csv" for n in range(1, 14)]


def test_a_terminal_gets_the_first_rows_with_the_words_that_answer_in_bold(
    capsys: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_terminal(monkeypatch, 70)
    answer_question(Harbour(), "Which boats?", {})
    out = capsys.readouterr().out
    assert "\x1b[1mAlba\x1b[0m" in out
    assert "Heron" in out
    assert "Isla" not in out
    assert "… 5 more rows: --all shows all 13\n" in out
    answer_question(Harbour(), "Which boats?", {}, shows_all=True)
    assert all(boat in capsys.readouterr().out for boat in BOATS[-1:])


def test_a_terminal_too_narrow_for_a_table_gets_it_row_by_row(
    capsys: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_terminal(monkeypatch, 16)
    monkeypatch.setattr(Harbour, "note", "x" * 30)
    answer_question(Harbour(), "Which boats?", {})
    first = capsys.readouterr().out.partition("\n\n")[0].splitlines()
    assert first == ["[1]", "Boat: \x1b[1mAlba\x1b[0m", "Fee: 0", f"Note: {'x' * 30}"]


@pytest.mark.parametrize("vector", [*VECTORS, "two\nlines\x1b[31m\x9b[0m[bold]x[/bold]"])
def test_no_cell_writes_to_a_terminal_but_its_text(
    vector: str, capsys: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_terminal(monkeypatch, 300)
    monkeypatch.setattr(Harbour, "note", vector)
    answer_question(Harbour(), "?", {})
    out = capsys.readouterr().out
    assert not set(out.replace("\x1b[1m", "").replace("\x1b[0m", "")) & {"\x1b", "\x07", "\x9b"}


def test_the_status_line_is_only_for_people(
    capsys: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    with status_line() as show:
        show("Writing [bold]x[/bold]")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with status_line() as show:
        show("Writing [/bold]\x1b]0;owned\x07")
    assert "\x07" not in capsys.readouterr().err


def test_what_a_question_was_taken_for_is_said_beside_the_answer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Counting(FakeAssistant):
        def stream(self, question: str, *_: Any, **__: Any) -> Iterator[Stage | Answer]:
            told = Listing("Documents: 2, counted here.", ("File",), ((ListedCell("a.txt"),),))
            made = answer(question)
            yield replace(made, kind="answer", reason=None, reading="folder", listing=told)

    answer_question(Counting(), "How many files?", {})
    out, err = capsys.readouterr()
    assert "Documents: 2, counted here." in out
    assert "a.txt" in out
    assert "--as question" in err
