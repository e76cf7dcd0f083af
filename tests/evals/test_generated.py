"""What is measured of written answers: matching, marks, readings, recordings, figures."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hashing import HashingEmbedder
from scripted_model import ScriptedModel
from scripted_replies import Body
from scripted_server import ScriptedServer

from assistant.errors import QuestionError
from assistant.evaluation.values import Gold, Question
from assistant.settings import Settings
from assistant.values import DocumentId, Span
from assistant.write.llm.values import Finished, Request
from evals.generated import baseline, written
from evals.generated.figures import Figure, as_json, share
from evals.generated.markers import split_marked
from evals.generated.readings import Readings, is_supported, is_wrong, key_of, list_to_read
from evals.generated.recorded import Recorded
from evals.generated.sets import choose, thin
from evals.generated.stated import Source, Stated, is_gold, share_until_first, state
from evals.generated.watch import Watched

TITAN = Span(DocumentId("moons"), 0, 20)
LAKES = Question(
    "lakes",
    "Which moon is the largest of Saturn?",
    True,
    ("Titan",),
    gold=((Gold("space/moons.md", "Titan is the largest moon of Saturn."),),),
    documents=("space/moons.md",),
)


def source(text: str, start: int = 0) -> Source:
    return Source(Span(DocumentId("moons"), start, start + len(text)), "", text)


def stated(text: str, *quotes: str, n_invalid: int = 0, gold: bool | None = None) -> Stated:
    cited = tuple(map(source, quotes))
    return Stated("raw", "lakes", LAKES.text, text, cited, n_invalid, gold)


def model_of(reply: str) -> ScriptedModel:
    """Return a model that says one thing."""
    return ScriptedModel(lambda _: [reply, Finished(100, 20, 1.0, 3.0, is_estimated=False)])


@pytest.mark.parametrize(
    ("text", "quote", "start", "found"),
    [
        ("It is Titan.", "no name", 0, True),  # the statement holds the string
        ("It is that one.", "Titan is large.", 0, True),  # the quote holds it
        ("It is Io.", "Io is small.", 0, False),  # neither
        ("It is Titan.", "Titan is large.", 20, False),  # beside the gold
    ],
)
def test_gold_supports_what_cites_it_and_holds_an_accepted_string(
    text: str, quote: str, start: int, found: bool
) -> None:
    assert is_gold(LAKES, [[TITAN]], text, [source(quote, start)]) is found


def test_without_gold_nothing_is_said_and_without_strings_the_place_is_enough() -> None:
    asked = Question("none", "Which?", False)
    assert is_gold(asked, (), "It is Titan.", [source("Titan")]) is None
    open_ = Question("open", "Why?", True, gold=((Gold("moons", "Titan"),),), documents=("moons",))
    assert is_gold(open_, [[TITAN]], "Because.", [source("Titan")]) is True
    assert state((LAKES, [[TITAN]]), "raw", "It is Titan.", []).is_gold is False


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("It rained [1].", [(1,)]),
        ("It rained. [1][2]", [(1, 2)]),
        ("It rained [1, 3]. It snowed [Source 2].", [(1, 3), (2,)]),
        ("It rained [2-4].", [(2, 3, 4)]),
        ("According to Source 2, it rained.", [(2,)]),
        ("It rained (Source 1). It snowed.", [(1,), ()]),
        ("It rained [1]\nIt snowed [2]", [(1,), (2,)]),
        ("In 1999 it rained [99].", [(99,)]),
        ("[1]", []),
        ("", []),
    ],
)
def test_marks_belong_to_their_sentences(text: str, numbers: list[tuple[int, ...]]) -> None:
    assert [one.numbers for one in split_marked(text)] == numbers


def test_a_marked_sentence_is_read_without_its_marks() -> None:
    assert [one.text for one in split_marked("Titan [1] has lakes [2, 3] .")] == [
        "Titan has lakes."
    ]


def test_saying_that_the_sources_say_nothing_is_no_statement() -> None:
    refusals = ("None of the sources are helpful.", "The sources do not mention it.")
    assert all(one.is_refusal for text in refusals for one in split_marked(text))
    assert not split_marked("The source is not salty [1].")[0].is_refusal
    assert not split_marked("It rained.")[0].is_refusal


def test_quotes_are_supported_and_what_cites_nothing_is_not() -> None:
    readings = Readings()
    assert is_supported(stated("It rained.", "It rained."), readings) is True
    assert is_supported(stated("It rained."), readings) is False
    assert is_supported(stated("Rain fell.", "It rained."), readings) is None
    assert is_supported(stated("Rain fell.", "It rained.", gold=True), readings) is True
    assert is_wrong(stated("It rained.", "It rained."), readings) is False
    assert is_wrong(stated("It rained.", "It rained.", n_invalid=1), readings) is True
    assert is_wrong(stated("It rained."), readings) is None
    assert is_wrong(stated("It rained.", "It rained.", "It snowed."), readings) is None


def test_readings_are_kept_when_the_file_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "to-read.jsonl"
    reworded, other = stated("Rain fell.", "It rained.", gold=True), stated("Snow.", "It snowed.")
    assert Readings().write(path, list_to_read([reworded, reworded, other])) == 2
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["supported"] for row in rows] == [None, None]
    filled = {**rows[0], "supported": False, "wrong_sentence": True}
    path.write_text(json.dumps(filled) + "\n")
    readings = Readings([path])
    assert is_supported(reworded, readings) is False  # a reading counts before gold
    assert is_wrong(reworded, readings) is True
    assert readings.write(path, list_to_read([other])) == 1  # it is stated no more
    again = Readings([path])
    assert is_supported(reworded, again) is False
    assert again.find(key_of(other)) is None


def test_a_statement_of_two_is_read_once() -> None:
    one = stated("Rain fell.", "It rained.")
    two = Stated("shown", one.query_id, one.question, one.text, one.cited)
    (row,) = list_to_read([one, two, stated("It rained.", "It rained."), stated("It rained.")])
    assert row["who"] == ["raw", "shown"]


def test_a_line_that_is_no_reading_is_named(tmp_path: Path) -> None:
    path = tmp_path / "filled.jsonl"
    path.write_text('{"key": "a", "supported": true}\n{"key": "b", "supported": "perhaps"}\n')
    with pytest.raises(QuestionError, match=r"filled\.jsonl:2"):
        Readings([path])


def test_a_share_has_the_interval_of_its_questions() -> None:
    apart = share([[True], [False]] * 50)
    together = share([[True] * 10, [False] * 10] * 5)
    assert apart is not None
    assert together is not None
    assert apart.value == together.value == 0.5
    assert apart.n == together.n == 100
    assert together.high - together.low > apart.high - apart.low
    assert share([[], []]) is None
    never = share([[False]] * 100)
    assert never is not None
    assert replace(never, high=0) == Figure(0.0, 0.0, 0, 100)
    assert never.high == pytest.approx(0.0362, abs=1e-4)
    assert as_json({"a": share([[True]])}) == {
        "a": {"value": 1.0, "interval": [0.025, 1.0], "n": 1}
    }


def test_a_statement_is_whole_before_the_reply_is() -> None:
    first = '{"statements": [{"sentences": [1], "text": "One."}'
    assert share_until_first(first + " " * len(first)) == 0.5
    assert share_until_first("It rained [1].") == 1.0
    assert share_until_first("Sorry.") is None


def test_what_is_recorded_is_not_asked_again(tmp_path: Path) -> None:
    path, request = tmp_path / "replies.jsonl", Request("do", "this", 10)
    model = model_of("done")
    first = list(Recorded(path, model).stream(request))
    path.write_text(path.read_text() + '{"key": "cut o')  # the machine went down here
    recorded = Recorded(path, model)
    assert list(recorded.stream(request)) == first
    list(recorded.stream(Request("do", "that", 10)))
    assert len(model.requests) == 2
    assert Recorded(path, model).find(Request("do", "that", 10)) is not None


def test_the_questions_are_drawn_from_the_held_out_articles_alone() -> None:
    pool = [
        Question(f"{n}-{group}", "Who?", n % 2 == 0, documents=("d",), group=group)
        for n in range(60)
        for group in "01234567"
    ]
    chosen = choose(pool)
    assert choose(pool[::-1]) == chosen
    assert {one.group for one in chosen} == set("4567")
    assert [one.is_answerable for one in chosen] == [True] * 60 + [False] * 40
    assert thin(range(10), 5) == (0, 2, 4, 6, 8)
    assert thin(range(3), 5) == thin(range(3), None) == (0, 1, 2)


REPLY = json.dumps(
    {
        "statements": [
            {"sentences": [1, 99], "text": "Titan is the largest moon of Saturn."},
            {"sentences": [1], "text": "Nobody has ever said anything like this."},
        ]
    }
)


@pytest.fixture
def watched(settings: Settings, embedder: HashingEmbedder, tmp_path: Path) -> Iterator[Watched]:
    model = Recorded(tmp_path / "replies.jsonl", model_of(REPLY))
    with Watched(settings, embedder, None, model) as assistant:
        assistant.sync()
        yield assistant


def test_a_set_is_measured_from_end_to_end(watched: Watched, tmp_path: Path) -> None:
    asked = written.ask_all("moons", watched, [LAKES])
    raw = asked[0].raw
    assert [one.n_invalid for one in raw] == [1, 0]
    figures = written.report(asked, Readings())
    assert figures["questions"]["asked"] == 1
    assert figures["raw, as the model cited"]["naming a number that is none"] == 1
    assert figures["cost"]["tokens/s while writing"].p50 == 10
    assert json.loads(json.dumps(as_json(figures)))
    rows = written.rows(asked, Readings())
    assert rows[0]["reply"] == REPLY
    shown = [one for one in rows[0]["stated"] if one["who"] != "raw"]
    assert all(one["supported"] for one in shown if one["verbatim"])


def completion(content: str) -> Body:
    """Return a reply that is not streamed, after which the connection is closed."""
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 50, "completion_tokens": 9, "total_tokens": 59}
    told = {"id": "1", "object": "chat.completion", "created": 1, "model": "m"}
    body = json.dumps({**told, "choices": [choice], "usage": usage})
    return Body(body, headers={"connection": "close"})


def test_the_engine_is_asked_once_and_its_marks_lead_to_passages(
    watched: Watched, tmp_path: Path
) -> None:
    asked = written.ask_all("moons", watched, [LAKES])
    path = tmp_path / "engine.jsonl"
    reply = completion("It is Titan. [1] It is far away [77]. It is big.")
    with ScriptedServer(reply) as server:
        first = baseline.ask_engine("moons", asked, server.url, "m", path)
    again = baseline.ask_engine("moons", asked, server.url, "m", path)  # the server is gone
    assert again == first
    (engine,) = first
    assert [(len(one.cited), one.n_invalid) for one in engine.stated] == [(1, 0), (0, 1), (0, 0)]
    assert asked[0].watch.shown is not None
    (passage, *_) = baseline.list_passages(asked[0].watch.shown)
    assert engine.stated[0].cited[0].span.document_id == passage.document_id
    figures = baseline.report(first, Readings())
    assert figures["statements"]["uncited"] == 1
    assert figures["statements"]["naming a number that is none"] == 1
    assert figures["cost"]["prompt tokens"].p50 == 50
