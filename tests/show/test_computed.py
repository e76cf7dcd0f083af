"""What was worked out is shown on every surface, and told apart from what is quoted."""

import io
from contextlib import redirect_stdout
from dataclasses import replace

import pytest
from attacks import VECTORS
from surface_fakes import FakeAssistant

from assistant.cli.ask import print_answer
from assistant.serve.chat.render import render_answer
from assistant.show.export import export_html, export_markdown, plain_answer
from assistant.show.provenance import is_quote
from assistant.values import Answer, Computed

QUOTED = FakeAssistant().ask("typhoon")
TEXT = "2 of 3 rows say “late”, counted here."
WORKED = replace(
    QUOTED, computed=(Computed(TEXT, "count", tuple(c.number for c in QUOTED.citations)),)
)


class Asked:
    """A turn of a conversation that is exported."""

    question = "How many?"

    def __init__(self, outcome: Answer) -> None:
        self.outcome = outcome


def printed(answer: Answer) -> str:
    out = io.StringIO()
    with redirect_stdout(out):
        print_answer(answer, as_json=False, cost=False, shows_all=True)
    return out.getvalue()


def surfaces(answer: Answer) -> dict[str, str]:
    return {
        "chat": str(render_answer(answer, 1)),
        "command line": printed(answer),
        "plain": plain_answer(answer),
        "markdown": export_markdown("T", [Asked(answer)]),
        "html": export_html("T", [Asked(answer)]),
    }


@pytest.mark.parametrize("name", list(surfaces(WORKED)))
def test_every_surface_shows_what_was_worked_out_before_the_quotes(name: str) -> None:
    shown = surfaces(WORKED)[name]
    assert "counted here" in shown
    first = WORKED.statements[0].text.split()[0]
    assert shown.index("counted here") < shown.index(first, shown.index("counted here"))


def test_the_text_of_an_answer_begins_with_it_and_json_carries_it() -> None:
    assert WORKED.text.startswith(TEXT)
    assert WORKED.to_dict()["computed"][0]["text"] == TEXT


def test_what_was_worked_out_is_no_statement_and_no_quote() -> None:
    assert TEXT not in [one.text for one in WORKED.statements]
    assert TEXT not in [one.quote for one in WORKED.citations]
    assert all(is_quote(WORKED, one) for one in WORKED.statements)


@pytest.mark.parametrize("vector", VECTORS)
def test_cells_in_it_are_escaped(vector: str) -> None:
    hostile = replace(WORKED, computed=(replace(WORKED.computed[0], text=vector),))
    plain = surfaces(replace(WORKED, computed=(replace(WORKED.computed[0], text="x"),)))
    shown = surfaces(hostile)
    for name in ("chat", "html"):
        assert shown[name].count("<") == plain[name].count("<")


def test_rows_that_were_only_compared_are_folded() -> None:
    n = len(QUOTED.citations)
    extra = replace(QUOTED.citations[0], number=n + 1, quote="Row: other")
    answer = replace(
        WORKED,
        citations=(*QUOTED.citations, extra),
        computed=(replace(WORKED.computed[0], citations=(1, n + 1)),),
    )
    assert answer.compared == (extra,)
    shown = surfaces(answer)
    assert "Row: other" not in shown["command line"]
    assert f"[{n + 1}] 1 other row of {extra.document_id}" in shown["command line"]
    assert "Compared with these: 1 row" in shown["chat"]


@pytest.mark.parametrize("name", list(surfaces(WORKED)))
def test_every_surface_names_what_part_of_a_question_is_not_answered(name: str) -> None:
    shown = surfaces(replace(QUOTED, missing=("Nothing was found that answers “who paid”.",)))
    assert shown[name].count("who paid") == 1
