"""The table of the program's own words is whole, and nothing of it is misplaced or unused."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from surface_fakes import MODEL, FakeAssistant, write

import assistant
from assistant.errors import Fault
from assistant.serve.chat.page import list_script_texts
from assistant.show.provenance import STAGES, report_costs
from assistant.show.wording import (
    ENGLISH,
    LANGUAGES,
    Wording,
    choose_language,
    read_table,
    texts_of,
)
from assistant.values import Status, Usage, Verdict

ROOT = Path(assistant.__file__).parent
TABLE = read_table()
OTHERS = [code for code in LANGUAGES if code != "en"]
PLACE = re.compile(r"\{(\w+)\}")
SOURCES = {
    path: path.read_text(encoding="utf-8")
    for path in sorted(ROOT.rglob("*"))
    if path.suffix in {".py", ".j2", ".js"}
}


def said_in_python() -> Iterator[tuple[str, str]]:
    """Yield all texts of the package's modules, a brace for each value; and how each is used."""
    for path, source in SOURCES.items():
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(source)):
            is_said = isinstance(node, ast.Call) and ast.unparse(node.func).endswith("say")
            if isinstance(node, ast.Call) and is_said and path.parent.name != "cli":
                named = (one.value for one in node.args[:1] if isinstance(one, ast.Constant))
                yield from ((one, "said") for one in named if isinstance(one, str))
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value, "written"
            if isinstance(node, ast.JoinedStr):
                parts = (
                    str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values
                )
                yield "".join(parts), "written"


def said_on_pages() -> set[str]:
    """Return what templates and scripts say."""
    pages = "".join(text for path, text in SOURCES.items() if path.suffix == ".j2")
    said = re.findall(r'say\("([^"]+)"', pages)
    return {*said, *re.findall(r'"(Show (?:all|the first) [^"]+)"', pages), *list_script_texts()}


COSTS = {
    *("after {x} ms", "after {x} s", "{n_read} read, {n_written} written"),
    *("about {n_read} read, about {n_written} written", "{x} tokens/s, all in all"),
    *("about {x} tokens/s, all in all", "{x} ms", "{x} s"),
}
"""Composed of pieces, by `report_costs`."""
WRITTEN = write(FakeAssistant().ask("typhoon"), "One.", "Two.")
USAGES = [
    Usage(MODEL, 2, 1_234, 56, first_s, 7.0, is_estimated=is_estimated)
    for first_s in (None, 0.8, 2.0)
    for is_estimated in (False, True)
]
PYTHON = list(said_in_python())
SAID = {text for text, how in PYTHON if how == "said"} | said_on_pages()


def test_every_text_that_is_said_is_in_the_table() -> None:
    ours = {
        one for one in SAID if one and not one.startswith(("interrupted", "starting", "the pa"))
    }
    named = {*Status, *Fault, *Verdict, *STAGES.values()}
    assert {str(one) for one in (*ours, *named)} - set(TABLE) == set()


def test_nothing_in_the_table_is_unused() -> None:
    """A text is said, or a message of the program with a value where the text has a place."""
    bare = {form for text, _ in PYTHON for form in (text, re.sub(r"\{[^{}]*\}", "{}", text))}
    composed = [
        re.compile(".+".join(map(re.escape, text.split("{}"))), re.DOTALL)
        for text in bare
        if "{}" in text and len(re.sub(r"\W", "", text)) > 12
    ]
    for text in set(TABLE) - SAID - COSTS:
        forms = [PLACE.sub("{}", form) for form in text.split("|")]
        is_composed = any(one.fullmatch(form) for one in composed for form in forms)
        pieces = {piece.strip() for piece in forms[0].split("{}")} - {""}
        assert bare.intersection((text, *forms)) or is_composed or pieces <= bare, text


@pytest.mark.parametrize("language", OTHERS)
def test_what_an_answer_cost_is_told_in_each_language(language: str) -> None:
    say = Wording(language)
    for answer, usage in product((WRITTEN, replace(WRITTEN, answerer="extract")), USAGES):
        report = report_costs(replace(answer, usage=usage))
        assert say.is_known(report.title) or say(report.title) == report.title
        for name, said in report.rows:
            assert name in TABLE
            assert say.is_known(said) or not re.search(r"[a-z]{3}", said) or said == MODEL


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_has_the_same_places_in_each_language(language: str) -> None:
    for said, told in TABLE.items():
        assert set(told) == set(OTHERS), said
        for form in told[language].split("|"):
            assert set(PLACE.findall(form)) == set(PLACE.findall(said.split("|")[0])), said
        assert told[language].strip() == told[language]
        assert told[language].count("|") <= 1


@pytest.mark.parametrize("language", OTHERS)
def test_what_has_a_number_in_it_can_be_one_or_several(language: str) -> None:
    say = Wording(language)
    for said in TABLE:
        places = {name: 2 if name.startswith("n") else "x" for name in PLACE.findall(said)}
        for n in (0, 1, 2, 12_345):
            assert "|" not in say(said, **{**places, "n": n}), said
            assert "{n}" not in say(said, **{**places, "n": n}), said


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_finished_message_is_told_as_if_it_had_been_said_so(language: str) -> None:
    say = Wording(language)
    for said in TABLE:
        names = PLACE.findall(said)
        if not names or "x" in names or len(re.sub(r"\{\w+\}|\W", "", said.split("|")[0])) < 12:
            continue
        values = {
            name: 1_234 if name[:2] in {"n", "n_"} else f"v{at}" for at, name in enumerate(names)
        }
        assert say.retell(ENGLISH(said, **values)) == say(said, **values), said


def test_what_is_not_known_is_told_as_it_is() -> None:
    for text, language in product(
        ("", "Nobody says this. Or this; or that", "x" * 5_000), LANGUAGES
    ):
        assert Wording(language).retell(text) == text
    assert not Wording("de").is_known("Nobody says this.")
    assert ENGLISH.is_known("Nobody says this.")


@given(st.text(max_size=300), st.sampled_from(OTHERS))
def test_a_message_may_be_anything(text: str, language: str) -> None:
    assert isinstance(Wording(language).retell(text), str)


@given(st.text(max_size=40), st.sampled_from(list(LANGUAGES)))
def test_a_value_is_put_in_as_it_is_and_escaped_beside_markup(text: str, language: str) -> None:
    say = Wording(language)
    assert text in say("Ask only this: {title}", title=text)
    marked = say("Answers of {names}: {title}", names=Markup("<b>x</b>"), title=text)
    assert isinstance(marked, Markup)
    assert "<b>x</b>" in marked
    assert marked.count("<") == 2


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_wish_of_a_browser_gives_a_language(kept: str, accepted: str) -> None:
    assert choose_language(kept, accepted) in LANGUAGES


@pytest.mark.parametrize(
    ("kept", "accepted", "chosen"),
    [
        ("", "", "en"),
        ("", "de-AT,de;q=0.9,en;q=0.8", "de"),
        ("", "ja, fr;q=0.5, es;q=0.7", "es"),
        ("", "de;q=0, fr;q=0.1", "fr"),
        ("", "*", "en"),
        ("es", "de", "es"),
        ("ja", "de", "de"),
        ("", "de;q=nan, fr", "fr"),
    ],
)
def test_a_reader_gets_what_is_chosen_or_wished_most(kept: str, accepted: str, chosen: str) -> None:
    assert choose_language(kept, accepted) == chosen


def test_scripts_get_their_texts_in_each_language() -> None:
    told = texts_of(list_script_texts())
    assert set(told) == set(OTHERS)
    assert len({frozenset(texts) for texts in told.values()}) == 1
    assert "New conversation" in told["de"]


def test_a_bar_parts_one_from_several_only_where_there_is_a_number() -> None:
    assert ENGLISH("{n} file|{n} files", n=1) == "1 file"
    assert ENGLISH("{n} file|{n} files", n=2) == "2 files"
    assert ENGLISH("a|b") == "a|b"
