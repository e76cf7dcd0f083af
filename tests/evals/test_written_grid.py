"""Prompts for a model that is not at hand, and what its replies come to."""

import json
from functools import partial
from pathlib import Path

import pytest

from assistant.errors import QuestionError
from assistant.evaluation.values import Gold, Question
from assistant.write.llm.values import Request
from evals import written
from evals.datasets import write_corpus
from evals.generated.figures import Figure
from evals.written import Asking, Given, Scored, ask_all, choose, digest, list_askings, report, row

TEXTS = {
    "ferry.txt": "The ferry to Holm leaves at nine. It carries forty bicycles. Dogs are free.",
    "mill.txt": "The mill at Holm was built of oak in 1811. It ground rye until the flood of 1902.",
}
LEAVES, CARRIES = "The ferry to Holm leaves at nine.", "It carries forty bicycles."
BUILT = "The mill at Holm was built of oak in 1811."


def question(name: str, text: str, *gold: str) -> Question:
    chosen = (tuple(Gold("ferry.txt", one) for one in gold),) if gold else ()
    files = ("ferry.txt",) if gold else ()
    return Question(name, text, is_answerable=bool(gold), gold=chosen, documents=files)


ASKINGS = [
    Asking(
        "made",
        "made",
        (
            question("bicycles", "How many bicycles does the ferry to Holm carry?", CARRIES),
            question("leaves", "When does the ferry to Holm leave?", LEAVES),
            question("price", "What does a ticket to the moon cost?"),
            question("hello", "Hello!"),
        ),
        partial(write_corpus, TEXTS),
    )
]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("grid")


@pytest.fixture(scope="module")
def prompts(work: Path) -> list[dict[str, object]]:
    written.collect(ASKINGS, work / "prompts.jsonl", work)
    lines = (work / "prompts.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def number_of(prompts: list[dict[str, object]], name: str, unit: str) -> tuple[str, int]:
    """Return the id of a question's prompt, and the number of a unit in it."""
    (found,) = (one for one in prompts if str(one["id"]).startswith(f"made/{name}/"))
    messages = found["prompt"]
    assert isinstance(messages, list)
    (line,) = (line for line in messages[1]["content"].splitlines() if line.endswith(f"] {unit}"))
    return str(found["id"]), int(line[1 : line.index("]")])


@pytest.fixture(scope="module")
def replies(prompts: list[dict[str, object]]) -> dict[str, str]:
    bicycles, carries = number_of(prompts, "bicycles", CARRIES)
    leaves, built = number_of(prompts, "leaves", BUILT)
    price, _ = number_of(prompts, "price", BUILT)
    return {
        bicycles: f"The ferry takes forty bicycles. [{carries}]",
        leaves: f"It leaves at 10. [{built}]",
        price: "NOT ANSWERED",
    }


@pytest.fixture(scope="module")
def scored(work: Path, replies: dict[str, str]) -> dict[str, Scored]:
    model = Given(replies, {key: "1: yes" for key in replies})
    return {one.question.query_id: one for one in ask_all(ASKINGS, model, work, "model")}


def test_what_is_collected_is_what_a_server_would_get(prompts: list[dict[str, object]]) -> None:
    assert [str(one["id"]).split("/")[1] for one in prompts] == ["bicycles", "leaves", "price"]
    for one in prompts:
        assert one["set"] == "made"
        messages = one["prompt"]
        assert isinstance(messages, list)
        assert [message["role"] for message in messages] == ["system", "user"]
        assert str(one["question"]) in messages[1]["content"]


def test_an_id_tells_prompts_apart_and_not_days() -> None:
    told = "[1] It rained.\n\nToday is {}.\n\nQuestion: Is today the day? Today is Monday."
    first, later = (Request("s", told.format(day), 9) for day in ("2031-05-01", "2032-12-24"))
    assert digest(first) == digest(later) != digest(Request("s", f"{told} Really?", 9))


def test_what_is_kept_refused_and_cited_is_counted(scored: dict[str, Scored]) -> None:
    figures = report(list(scored.values()))
    assert (figures["questions"], figures["the model is not asked"]) == (4, 1)
    assert (figures["sentences written"], figures["dropped"]) == (2, 1)
    kept = figures["sentences kept"]
    assert isinstance(kept, Figure)
    assert kept.value == 0.5
    refused = figures["unanswerable refused"]
    assert isinstance(refused, Figure)
    assert refused.value == 0.5  # a greeting is no refusal
    right = scored["bicycles"]
    assert right.f1["the model's own marks"] == right.f1["shown"] == 1.0
    assert scored["leaves"].f1["the model's own marks"] == 0.0
    assert "evidence F1" in figures


def test_a_reply_to_another_prompt_is_no_reply(work: Path, replies: dict[str, str]) -> None:
    stale = {f"{key[:-1]}{'0' if key[-1] != '0' else '1'}": said for key, said in replies.items()}
    figures = report(list(ask_all(ASKINGS, Given(stale), work)))
    assert (figures["no reply is given"], figures["questions"]) == (3, 1)
    assert figures["sentences kept"] is None


def test_what_a_verifier_is_asked_and_what_is_shown_is_written_down(
    work: Path, replies: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    told = work / "replies.jsonl"
    written.write_lines(told, ({"id": key, "reply": said} for key, said in replies.items()))
    written.score(ASKINGS, told, str(work / "none-yet.jsonl"), work / "out", work)
    asked = written.read_given(work / "out" / "verifying.jsonl", "prompt")
    assert [key.split("/")[1] for key in asked] == ["bicycles"]
    assert "forty bicycles" in next(iter(asked.values()))
    first, *_ = (work / "out" / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    shown = json.loads(first)
    assert shown["dropped"][0]["text"] == "The ferry takes forty bicycles."
    assert CARRIES in shown["shown"]  # what it cites, in its place
    assert "sentences kept" in capsys.readouterr().out


def test_a_row_has_what_is_graded(scored: dict[str, Scored]) -> None:
    told = row(scored["bicycles"])
    assert told["shown"].startswith("The ferry takes forty bicycles.")
    assert told["reply"] == scored["bicycles"].reply
    assert told["quotes"] not in ("", told["shown"])


def test_a_reply_is_read_as_it_was_written_whatever_ends_its_lines(tmp_path: Path) -> None:
    replies = {"a": "One\u2028two\x85three.\nFour.", "b": ""}
    path = tmp_path / "replies.jsonl"
    written.write_lines(path, ({"id": key, "reply": said} for key, said in replies.items()))
    assert written.read_given(path, "reply") == replies


@pytest.mark.parametrize("line", ["", "[]", '{"id": "a"}', '{"reply": "a"}', "no"])
def test_a_file_of_another_form_is_named_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "replies.jsonl"
    path.write_text(f'{{"id": "a", "reply": "b"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(QuestionError, match=r"replies\.jsonl:2 needs an id and 'reply'"):
        written.read_given(path, "reply")


def test_the_same_questions_are_chosen_in_every_run_whatever_their_order() -> None:
    names = [f"q{n}" for n in range(50)]
    assert choose(names, 9, str) == choose(names[::-1], 9, str)
    everyday = list(list_askings(Path(), ("everyday",)))
    assert sum(len(one.questions) for one in everyday) == written.N_EVERYDAY
    assert len({q.query_id for one in everyday for q in one.questions}) == written.N_EVERYDAY
