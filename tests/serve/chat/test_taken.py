"""What a question was taken for is shown, with a way to ask for another reading."""

from dataclasses import replace

from surface_fakes import answer

from assistant.serve.chat.render import offer_readings, render_answer
from assistant.text.listing import ListedCell, Listing
from assistant.values import Answer

LISTED = Listing(
    "Documents in the folder: 1, counted here.",
    ("Document",),
    ((ListedCell("<b>Lease</b>", document_id="a b/<lease>.txt"),),),
)


def told(question: str = "Which documents are there?") -> Answer:
    return replace(answer(question), kind="answer", reason=None, reading="folder", listing=LISTED)


def test_a_document_in_a_table_opens_it_and_is_escaped() -> None:
    shown = str(render_answer(told(), 3))
    assert 'href="#doc-a%20b%2F%3Clease%3E.txt"' in shown
    assert "<b>Lease" not in shown
    assert "&lt;b&gt;Lease" in shown


def test_an_answer_without_quotes_has_no_sources() -> None:
    assert "Sources" not in str(render_answer(told(), 3))


def test_what_is_about_the_folder_can_be_searched_for_instead() -> None:
    shown = str(render_answer(told(), 3))
    assert "Taken as a question about the folder." in shown
    assert 'data-event="ask" data-act="again" data-turn="3" data-as="question"' in shown


def test_a_refusal_of_what_may_be_about_a_document_offers_that() -> None:
    refused = replace(answer("Summarise the plot"), reading="question")
    assert [reading for reading, _ in offer_readings(refused)] == ["document"]
    assert 'data-as="document"' in str(render_answer(refused, 2))
    assert offer_readings(replace(refused, question="Who signed it?")) == ()
