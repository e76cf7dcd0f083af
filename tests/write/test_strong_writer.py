"""With a capable model: it is always asked, it is verified blind, and quotes are never lost."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from corpora import FILES, settings_in, write_files
from dom import first
from hashing import HashingEmbedder
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from scripted_model import Piece, ScriptedModel, finished, numbers_in
from scripted_replies import Said
from scripted_server import ScriptedServer
from selectolax.lexbor import LexborHTMLParser

from assistant.answer.compose import NAME as EXTRACT
from assistant.cli.terminal import write_blocks
from assistant.errors import ModelUnavailable
from assistant.pipeline import Assistant
from assistant.serve.chat.render import render_answer
from assistant.serve.chat.turns import Turn as ChatTurn
from assistant.settings import Settings, VerifierSettings
from assistant.show.blocks import Grid, list_blocks
from assistant.show.export import export_markdown
from assistant.values import WRITTEN, Answer, Role, Turn, Verdict
from assistant.write.compose import CUT, NOTHING_LEFT, PARTLY, open_writer
from assistant.write.llm.values import Request
from assistant.write.verify import VERIFY, LocalVerifier, ModelVerifier, NoVerifier

QUESTION = "Where does the Danube rise?"
RISES = "The Danube rises in the Black Forest."
FLOWS = "It flows through ten countries."
OWN = "Its spring is in the Black Forest."
UNKNOWN = "Who painted the ceiling of the chapel?"
Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def given_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = settings_in(tmp_path_factory.mktemp("w"), max_over_refusal=0.0, max_drop=0.0)
    write_files(settings.corpus_dir, FILES)
    with Assistant(settings, HashingEmbedder()) as assistant:
        assistant.sync()
    return settings


def model_of(
    reply: str, verdicts: str | Sequence[Piece] = "1: yes\n2: yes\n3: yes\n4: yes", **given: Any
) -> ScriptedModel:
    """Return a model that replies with units' texts in brackets, and then verifies."""

    def say(request: Request) -> str | Sequence[Piece]:
        if request.system == VERIFY:
            return verdicts
        known = numbers_in(request)
        return re.sub(r"\[([^\]\d][^\]]*)\]", lambda match: f"[{known[match[1]]}]", reply)

    return ScriptedModel(say, is_small=False, **given)


def ask(
    settings: Settings, model: ScriptedModel | None, question: str = QUESTION, **given: Any
) -> Answer:
    with Assistant(settings, HashingEmbedder(), model=model) as assistant:
        return assistant.ask(question, **given)


def told(answer: Answer) -> list[tuple[str, Verdict, list[str]]]:
    quotes = {one.number: one.quote for one in answer.citations}
    return [
        (one.text, one.verdict, [quotes[n] for n in one.citations]) for one in answer.statements
    ]


def strict(settings: Settings) -> Settings:
    return settings.model_copy(update={"max_over_refusal": 1.0})


def test_what_is_confirmed_is_the_answer_and_says_by_whom(given_settings: Settings) -> None:
    model = model_of(f"{OWN} [{RISES}]")
    answer = ask(given_settings, model)
    assert told(answer) == [(OWN, Verdict.CONFIRMED, [RISES])]
    assert answer.statements[0].confirmed_by == model.name
    assert (answer.answerer, answer.notice, answer.dropped) == (WRITTEN, None, ())
    assert answer.usage is not None
    assert answer.usage.n_calls == 2


def test_the_verifier_sees_neither_the_question_nor_the_conversation(
    given_settings: Settings,
) -> None:
    model = model_of(f"{OWN} [{RISES}]")
    history: list[Turn] = [("user", "Tell me about rivers."), ("assistant", "They are long.")]
    ask(given_settings, model, "Where, in one line, does the Danube rise?", history=history)
    writing, verifying = model.requests
    for said in ("in one line", "Tell me about rivers.", "They are long.", "Today is "):
        assert said in writing.user
        assert said not in verifying.user
    assert (OWN in verifying.user, RISES in verifying.user) == (True, True)


def test_what_is_not_confirmed_gives_way_to_its_units_and_quotes_stay(
    given_settings: Settings,
) -> None:
    quotes = ask(given_settings, None)
    model = model_of(f"{OWN} [{RISES}] It has ten lands. [{FLOWS}]", "1: no, where\n2: yes")
    answer = ask(given_settings, model)
    assert told(answer)[0] == (RISES, Verdict.QUOTED, [RISES])
    assert answer.statements[0].stands_in
    assert told(answer)[1] == ("It has ten lands.", Verdict.CONFIRMED, [FLOWS])
    assert {one.text for one in quotes.statements} <= {one.text for one in answer.statements}
    assert [(one.text, one.why) for one in answer.dropped] == [(OWN, "where")]


def test_a_verifier_that_fails_has_confirmed_nothing(given_settings: Settings) -> None:
    answer = ask(given_settings, model_of(f"{OWN} [{RISES}]", [ModelUnavailable("gone")]))
    assert told(answer)[0] == (RISES, Verdict.QUOTED, [RISES])
    assert [one.why for one in answer.dropped] == ["the verifier could not be asked: gone"]
    assert (answer.answerer, answer.notice) == (EXTRACT, NOTHING_LEFT)


@pytest.mark.parametrize("reply", ["The Danube is red.", "The Danube is red. [99]"])
def test_what_cites_nothing_is_dropped_and_the_quotes_stay(
    given_settings: Settings, reply: str
) -> None:
    answer = ask(given_settings, model_of(reply))
    assert answer.statements == ask(given_settings, None).statements
    assert [one.verdict for one in answer.dropped] == [Verdict.UNKNOWN_SOURCE]


def test_a_model_is_asked_where_the_reader_refuses(given_settings: Settings) -> None:
    settings = strict(given_settings)
    assert ask(settings, None).abstained
    with Assistant(settings, HashingEmbedder(), model=model_of(f"{OWN} [{RISES}]")) as assistant:
        answers = [one for one in assistant.stream(QUESTION) if isinstance(one, Answer)]
    assert [one.kind for one in answers] == ["answer"]
    assert told(answers[0]) == [(OWN, Verdict.CONFIRMED, [RISES])]
    assert answers[0].reason is None


@pytest.mark.parametrize(("reply", "verdicts"), [(f"{OWN} [{RISES}]", "1: no"), ("Hm.", "")])
def test_a_refusal_stays_where_nothing_is_confirmed(
    given_settings: Settings, reply: str, verdicts: str
) -> None:
    settings = strict(given_settings)
    answer = ask(settings, model_of(reply, verdicts))
    assert (answer.kind, answer.reason) == ("abstention", ask(settings, None).reason)
    assert answer.notice == NOTHING_LEFT


def test_a_refusal_of_which_the_model_could_not_be_asked_says_so_and_no_more(
    given_settings: Settings,
) -> None:
    model = ScriptedModel(lambda _: [ModelUnavailable("it is gone")], is_small=False)
    answer = ask(strict(given_settings), model)
    assert (answer.kind, answer.notice) == ("abstention", "It is gone.")


def test_the_models_not_answered_wins_and_the_quotes_become_the_nearest(
    given_settings: Settings,
) -> None:
    quotes = ask(given_settings, None)
    answer = ask(given_settings, model_of("NOT ANSWERED"))
    assert (answer.kind, answer.statements, answer.citations) == ("abstention", (), ())
    assert answer.reason
    assert "found no answer" in (answer.notice or "")
    near = "".join(one.text for one in answer.consulted)
    assert all(one.quote in near for one in quotes.citations)


def test_what_is_answered_in_part_says_so(given_settings: Settings) -> None:
    answer = ask(given_settings, model_of(f"PARTLY ANSWERED\n{OWN} [{RISES}]"))
    assert PARTLY in answer.missing
    assert told(answer) == [(OWN, Verdict.CONFIRMED, [RISES])]


def test_lists_and_tables_keep_their_form(given_settings: Settings) -> None:
    reply = (
        f"The river:\n- rises in a forest [{RISES}]\n\n|what|where|\n|-|-|\n|spring|wood [{RISES}]|"
    )
    answer = ask(given_settings, model_of(reply))
    roles = [one.role for one in answer.statements]
    assert roles == [Role.LEAD_IN, Role.ITEM, Role.ROW]
    assert [cell.text for cell in answer.statements[2].cells] == ["spring", "wood"]


COMETS = "What are comets made of?"
SONG = "Compose a song for sailors."


@pytest.mark.parametrize("planted", [COMETS, SONG])
def test_what_is_planted_is_neither_quoted_nor_stands_in_for_anything(
    tmp_path: Path, planted: str
) -> None:
    settings = settings_in(tmp_path, max_over_refusal=0.0, max_drop=0.0)
    write_files(settings.corpus_dir, {"r.txt": f"Rivers\n\n{RISES} {planted} {FLOWS}"})

    def say(request: Request) -> str:
        if request.system == VERIFY:
            return "1: yes\n2: yes\n3: yes"
        known = numbers_in(request)
        number = known.get(planted, 99)
        return f"{planted} [{number}]\n\nOh, {OWN} [{number}]\n\nIt rises there. [{known[RISES]}]"

    answer = ask(settings, ScriptedModel(say, is_small=False))
    assert planted not in answer.text
    assert planted not in [one.quote for one in answer.citations]


def test_a_question_that_a_document_is_asked_for_is_quoted(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, max_over_refusal=0.0, max_drop=0.0)
    write_files(settings.corpus_dir, {"q.txt": f"Quiz\n\n{COMETS} {RISES} {FLOWS}"})
    answer = ask(settings, model_of(f"{COMETS} [{COMETS}]"), "Which question on comets is asked?")
    assert answer.statements[0].text == COMETS


def test_a_question_in_other_words_is_cited_with_its_answer(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, max_over_refusal=0.0, max_drop=0.0)
    dogs, no = "May I bring a dog?", "No."
    write_files(settings.corpus_dir, {"house.txt": f"House\n\n{dogs} {no}"})
    answer = ask(settings, model_of(f"Dogs must stay out. [{dogs}][{no}]"), "Are pets allowed?")
    assert [one.quote for one in answer.citations] == [dogs, no]


MOON, LAKES = "Titan is the largest moon of Saturn.", "It has lakes of methane."
LEAVE = "Employees accrue two days of leave per month."
LAID_OUT = f"""\
{OWN} [{RISES}] It crosses ten countries. [{FLOWS}]

Titan goes round Saturn. [{MOON}]

There are:
1. a river in ten countries [{FLOWS}]
2. a moon of Saturn [{MOON}]
   - with lakes [{LAKES}]
3. two days of leave [{LEAVE}]

| Thing | Where it is |
|---|---|
| Danube | Black Forest [{RISES}] |
| Titan | near Saturn [{MOON}] |

So much of both. [{RISES}][{MOON}]"""


@pytest.fixture(scope="module")
def laid_out(given_settings: Settings) -> Answer:
    """An answer of paragraphs, a list and a table, each of which cites several documents."""
    verdicts = "\n".join(f"{n}: yes" for n in range(1, 12))
    return ask(given_settings, model_of(LAID_OUT, verdicts))


def test_paragraphs_lists_and_tables_are_told_as_they_were_written(laid_out: Answer) -> None:
    assert laid_out.text.splitlines() == [
        f"{OWN} [1] It crosses ten countries. [2]",
        "Titan goes round Saturn. [3]",
        "There are: [2][3][4][5]",
        "1. a river in ten countries [2]",
        "2. a moon of Saturn [3]",
        "with lakes [4]",
        "3. two days of leave [5]",
        "Thing: Danube | Where it is: Black Forest [1]",
        "Thing: Titan | Where it is: near Saturn [3]",
        "So much of both. [1][3]",
    ]
    stated = laid_out.to_dict()["statements"]
    assert [one["block"] for one in stated] == [1, 1, 2, 3, 4, 4, 4, 4, 5, 5, 6]
    assert [one["mark"] for one in stated if one["role"] == "item"] == ["1.", "2.", "", "3."]


def test_a_page_shows_them_as_they_were_written(laid_out: Answer) -> None:
    page = LexborHTMLParser(str(render_answer(laid_out, 1)))
    paragraphs = [
        node.css(".statement") for node in page.css(".answer > .statements > p.sentences")
    ]
    assert [len(sentences) for sentences in paragraphs] == [2, 1, 1, 1]
    (items,) = page.css(".answer > .statements ul")
    assert [first(one, ".statement").text() for one in items.css("li")] == [
        "1. a river in ten countries",
        "2. a moon of Saturn",
        "with lakes",
        "3. two days of leave",
    ]
    (table,) = page.css(".answer > .statements table")
    assert [one.text() for one in table.css("th")] == ["Thing", "Where it is"]
    assert len(table.css("tbody tr")) == 2


def test_markdown_shows_them_as_they_were_written(laid_out: Answer) -> None:
    told = export_markdown("Rivers", [ChatTurn(1, QUESTION, laid_out)])
    assert (
        "2. a moon of Saturn \\[3\\]\n   - with lakes \\[4\\]\n3. two days of leave \\[5\\]\n\n"
        "| Thing | Where it is |  |"
    ) in told
    tokens = [one.type for one in MarkdownIt("commonmark").enable("table").parse(told)]
    assert [tokens.count(f"{kind}_open") for kind in ("ordered_list", "bullet_list", "table")] == [
        1,
        1,
        1,
    ]
    assert f"{OWN} \\[1\\] It crosses ten countries. \\[2\\]\n\nTitan goes round Saturn." in told


def test_a_terminal_shows_them_as_they_were_written(
    laid_out: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    write_blocks(list_blocks(laid_out), shows_all=True)
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    at = lines.index("Titan goes round Saturn. [3]")
    assert lines[at + 1 : at + 6] == [
        "There are: [2][3][4][5]",
        "1. a river in ten countries [2]",
        "2. a moon of Saturn [3]",
        "  • with lakes [4]",
        "3. two days of leave [5]",
    ]
    assert sum(line.startswith(("Danube ", "Titan  ")) for line in lines) == 2


def test_what_is_quoted_in_place_of_an_item_or_a_row_stands_in_its_list_or_table(
    given_settings: Settings,
) -> None:
    reply = (
        f"So:\n1. a moon of Jupiter [{MOON}]\n2. a month of leave [{LEAVE}]\n\n"
        f"|what|where|\n|-|-|\n|lakes|on Io [{LAKES}]|\n|spring|wood [{RISES}]|"
    )
    verdicts = "1: yes\n2: no, not Jupiter\n3: yes\n4: no, not on Io\n5: yes"
    answer = ask(given_settings, model_of(reply, verdicts))
    kinds = [block.kind for block in list_blocks(answer)]
    assert kinds[:3] == ["prose", "list", "table"]
    assert [one.shown for one in answer.statements[1:3]] == [
        f"1. {MOON}",
        "2. a month of leave",
    ]
    table = list_blocks(answer)[2]
    assert isinstance(table, Grid)
    assert [(row.cells[0].text, row.note) for row in table.rows] == [
        (LAKES, "quoted instead"),
        ("spring", "confirmed"),
    ]


def test_a_capable_model_chooses_its_units_itself_whoever_verifies(
    given_settings: Settings,
) -> None:
    local = given_settings.model_copy(update={"verifier": VerifierSettings(by="local")})
    answer = ask(local, model_of("Its delta is in Peru. [Its delta lies in Romania and Ukraine.]"))
    assert told(answer)[0][0] == "Its delta lies in Romania and Ukraine."
    assert answer.statements[0].stands_in


def test_what_writing_and_not_verifying_cost_is_told_of_the_first_token(
    given_settings: Settings,
) -> None:
    model = model_of("")

    def say(request: Request) -> Sequence[Piece]:
        if request.system == VERIFY:
            return ["1: yes", finished(first_s=7.0)]
        return [f"{OWN} [{numbers_in(request)[RISES]}]", finished(first_s=3.0)]

    model.say = say
    usage = ask(given_settings, model).usage
    assert usage is not None
    assert (usage.first_token_s, usage.total_s) == (3.0, 4.0)


def test_a_reply_that_was_cut_says_so_and_loses_its_last_words(given_settings: Settings) -> None:
    model = model_of("")
    end = replace(finished(), is_cut=True)

    def say(request: Request) -> str | Sequence[Piece]:
        if request.system == VERIFY:
            return "1: yes\n2: yes"
        return [f"{OWN} [{numbers_in(request)[RISES]}] It flows thr", end]

    model.say = say
    answer = ask(given_settings, model)
    assert [one.text for one in answer.statements] == [OWN]
    assert answer.notice == CUT.format(model.reply_tokens)


def test_chosen_documents_are_given_whole(given_settings: Settings) -> None:
    model = model_of("NOT ANSWERED")
    ask(given_settings, model, documents=["rivers.txt"])
    (request,) = model.requests
    shown = list(numbers_in(request))
    whole = " ".join(FILES["rivers.txt"].split())
    assert all(text in whole for text in shown)
    assert len(shown) >= 3
    assert RISES in shown
    assert FLOWS in shown


def test_more_passages_are_given_than_are_read_for_quotes(given_settings: Settings) -> None:
    few = given_settings.model_copy(update={"n_passages": 1})
    model = model_of("NOT ANSWERED")
    ask(few, model)
    assert len({line for line in model.requests[0].user.splitlines() if "From " in line}) > 1


@pytest.mark.parametrize(
    ("given", "is_small", "kind"),
    [
        ({}, False, ModelVerifier),
        ({}, True, LocalVerifier),
        ({"by": "model"}, True, ModelVerifier),
        ({"by": "local"}, False, LocalVerifier),
        ({"by": "off"}, False, NoVerifier),
        ({"base_url": "http://localhost:1/v1", "model": "judge"}, True, ModelVerifier),
    ],
)
def test_who_verifies_is_a_setting(
    given_settings: Settings, given: dict[str, Any], kind: type, *, is_small: bool
) -> None:
    verifier = VerifierSettings.model_validate(given)
    settings = given_settings.model_copy(update={"verifier": verifier})
    model = ScriptedModel(lambda _: "", is_small=is_small)
    writer = open_writer(settings, model, lambda *_: 1.0)
    assert writer is not None
    assert isinstance(writer.verifier, kind)


def test_another_model_verifies_and_is_named(given_settings: Settings) -> None:
    with ScriptedServer([Said("1: yes")]) as server:
        verifier = VerifierSettings(base_url=server.url, model="judge")
        settings = given_settings.model_copy(update={"verifier": verifier})
        answer = ask(settings, model_of(f"{OWN} [{RISES}]"))
    assert told(answer) == [(OWN, Verdict.CONFIRMED, [RISES])]
    assert answer.statements[0].confirmed_by == "judge"


def test_without_a_verifier_what_stands_at_sight_is_shown_as_not_confirmed(
    given_settings: Settings,
) -> None:
    off = given_settings.model_copy(update={"verifier": VerifierSettings(by="off")})
    model = model_of(f"{OWN} [{RISES}] It has 12 mouths. [{FLOWS}]")
    answer = ask(off, model)
    assert told(answer)[0] == (OWN, Verdict.NOT_CONFIRMED, [RISES])
    assert [one.text for one in answer.dropped] == ["It has 12 mouths."]
    assert len(model.requests) == 1


parts = st.sampled_from(
    [
        OWN,
        RISES,
        f"[{RISES}]",
        f"[{FLOWS}]",
        "[99]",
        "\n",
        "- ",
        "| a | b |",
        "NOT ANSWERED",
        "1843 ",
    ]
)


@given(reply=st.lists(parts, max_size=8).map(" ".join), verdicts=st.sampled_from(
    ["", "1: yes", "1: no\n2: yes", "1: yes\n2: yes\n3: yes\n4: yes\n5: yes", "yes", "9: no"]
))  # fmt: skip
def test_whatever_is_replied_what_is_shown_has_exact_quotes_and_a_verdict(
    given_settings: Settings, reply: str, verdicts: str
) -> None:
    with Assistant(given_settings, HashingEmbedder(), model=model_of(reply, verdicts)) as assistant:
        answer = assistant.ask(QUESTION)
        for citation in answer.citations:
            text = assistant.document(citation.document_id).text
            assert text[citation.start : citation.end] == citation.quote
    for text, verdict, quotes in told(answer):
        assert quotes
        assert (verdict is Verdict.QUOTED) == any(
            " ".join(text.split()) == " ".join(quote.split()) for quote in quotes
        )
    assert answer.statements or answer.abstained
