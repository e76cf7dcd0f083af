"""Questions about the folder, a whole document and two of them, asked of a small folder."""

import os
from pathlib import Path

import pytest
from corpora import settings_in, write_files
from hashing import HashingEmbedder

from assistant.errors import CorpusError, QuestionError
from assistant.pipeline import Assistant
from assistant.show.blocks import Grid, Remark, list_blocks
from assistant.show.export import plain_answer
from assistant.values import Answer

FILES: dict[str, str | bytes] = {
    "policy-v1.md": """# Bicycle policy, version 1

## Storage

Bicycles are kept in the yard.

A place costs 12 euros a month.

## Repairs

The caretaker lends out tools on Fridays.
""",
    "policy-v2.md": """# Bicycle policy, version 2

## Storage

Bicycles are kept in the cellar.

A place costs 15 euros a month.

## Charging

Batteries are charged in the hall only.
""",
    "minutes-2025-03.txt": """Minutes of the house meeting

Present were Ada Quill and Tom Berry.

The meeting decided to paint the stairs. Ada Quill will ask for three offers by 4 April 2025.

The cellar was wet again.
""",
    "minutes-2024-11.txt": """Minutes of the house meeting

The budget of 900 euros was approved.
""",
    "letter.txt": """Dear neighbours,

the mediator Ms Okoro comes on 2 May 2025. She costs 80 euros.
""",
    "broken.pdf": b"%PDF-1.4 nothing",
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    folder = tmp_path_factory.mktemp("house")
    write_files(folder / "corpus", FILES)
    os.utime(folder / "corpus/letter.txt", (1_700_000_000, 1_700_000_000))
    os.utime(folder / "corpus/policy-v1.md", (1_600_000_000, 1_600_000_000))
    assistant = Assistant(settings_in(folder), HashingEmbedder())
    assistant.sync()
    return assistant


def cells(answer: Answer) -> list[tuple[str, ...]]:
    """Return the table of an answer as texts."""
    assert answer.listing
    said = [one.text for one in answer.statements]
    return [
        tuple(cell.text or " ".join(said[n] for n in cell.statements) for cell in row)
        for row in answer.listing.rows
    ]


def test_documents_are_counted_and_those_that_were_skipped(house: Assistant) -> None:
    answer = house.ask("How many documents are there?")
    assert (answer.reading, answer.kind, answer.citations) == ("folder", "answer", ())
    assert answer.listing
    assert "5, counted here" in answer.listing.text
    assert "could not be read: 1" in answer.listing.text
    assert cells(answer) == [("TXT", "3"), ("MD", "2")]


def test_every_document_is_listed_with_a_link(house: Assistant) -> None:
    answer = house.ask("Which documents do you have?")
    assert answer.listing
    linked = [row[0].document_id for row in answer.listing.rows]
    assert linked == [one.document_id for one in house.documents() if one.n_passages]


def test_the_answer_is_in_the_language_of_the_question(house: Assistant) -> None:
    assert "hier gezählt" in house.ask("Wie viele Dokumente gibt es?").text
    assert "comptés ici" in house.ask("Combien de documents y a-t-il ?").text


def test_why_a_file_was_skipped_is_told(house: Assistant) -> None:
    ((name, why),) = cells(house.ask("Which files were skipped and why?"))
    assert name == "broken.pdf"
    assert why


def test_the_oldest_file_is_told_by_its_time(house: Assistant) -> None:
    assert cells(house.ask("What is the oldest file?"))[0][1] == "policy-v1.md"


def test_files_changed_since_a_day_are_those_and_no_others(house: Assistant) -> None:
    names = {row[1] for row in cells(house.ask("Which files have changed since 1 January 2024?"))}
    assert names == set(FILES) - {"letter.txt", "policy-v1.md", "broken.pdf"}
    assert house.ask("What changed since the flood?").reading == "question"


def test_which_mention_a_word_is_exact_and_quoted(house: Assistant) -> None:
    answer = house.ask("Which documents mention the cellar?")
    assert [row[0] for row in cells(answer)] == [
        "minutes-2025-03.txt",
        "Bicycle policy, version 2",
    ]
    assert all("cellar" in one.quote for one in answer.citations)
    assert "2, counted here" in answer.text


def test_a_word_like_it_is_found_where_none_has_the_word(house: Assistant) -> None:
    answer = house.ask("Which documents mention chargers?")
    assert "or a word like it: 1" in answer.text
    assert cells(answer)[0][1] == "Batteries are charged in the hall only."
    assert ": 0, counted here" in house.ask("Which documents mention dragons?").text


def test_what_it_can_do_is_a_reply(house: Assistant) -> None:
    answer = house.ask("What can you do?")
    assert (answer.kind, answer.reading, answer.statements) == ("reply", "tool", ())


def test_a_summary_is_sentences_of_the_document_in_its_order(house: Assistant) -> None:
    answer = house.ask("Summarise the minutes of March in two sentences")
    assert answer.reading == "document"
    assert {one.document_id for one in answer.citations} == {"minutes-2025-03.txt"}
    assert [one.start for one in answer.citations] == sorted(one.start for one in answer.citations)
    assert len(answer.statements) == 2
    for one in answer.citations:
        assert house.document(one.document_id).text[one.start : one.end] == one.quote


def test_it_is_asked_which_document_is_meant(house: Assistant) -> None:
    answer = house.ask("Summarise this")
    assert answer.statements == ()
    assert answer.text.startswith("Which document is meant?")
    assert answer.listing
    assert all(row[0].document_id for row in answer.listing.rows)


def test_what_is_called_like_any_document_is_the_one_of_that_name(house: Assistant) -> None:
    answer = house.ask("Summarise the letter")
    assert {one.document_id for one in answer.citations} == {"letter.txt"}
    with_paper = settings_in(house.settings.corpus_dir.parent / "paper")
    write_files(with_paper.corpus_dir, {"paper.txt": "The filter is new.", "b.txt": "It is wet."})
    with Assistant(with_paper, HashingEmbedder()) as assistant:
        assistant.sync()
        answer = assistant.ask("Summarise the paper")
        assert [one.text for one in answer.statements] == ["The filter is new."]
        assert assistant.ask("Summarise the text").citations == ()


def test_the_kind_of_a_file_may_stand_in_its_name_and_need_not(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    files = {"rowing.csv": "Boat,Seats\nHeron,4\nTern,2\n", "rowing.txt": "Rowing is on Mondays."}
    write_files(settings.corpus_dir, files)
    with Assistant(settings, HashingEmbedder()) as assistant:
        assistant.sync()

        def read_for(question: str) -> set[str]:
            return {one.document_id for one in assistant.ask(question).citations}

        assert read_for("Summarise the rowing spreadsheet") == {"rowing.csv"}
        assert assistant.ask("Summarise the rowing presentation").reading == "question"


def test_all_of_these_documents_are_every_one(house: Assistant) -> None:
    answer = house.ask("Which deadlines are there in these documents?")
    assert [one.text for one in answer.statements] == [
        "Ada Quill will ask for three offers by 4 April 2025."
    ]


def test_a_word_of_one_language_is_small_in_that_alone(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    files = {
        "horaires-2025.txt": "La boutique est ouverte le lundi.",
        "reunion.txt": "Procès-verbal de la réunion du 6 mai 2025\n\nElle a décidé de fermer.",
        "avviso.txt": "Il negozio non è mai chiuso. La porta è sempre aperta e non si paga nulla.",
    }
    write_files(settings.corpus_dir, files)
    with Assistant(settings, HashingEmbedder()) as assistant:
        assistant.sync()
        answer = assistant.ask("Qu'est-ce qui a été décidé à la réunion de mai 2025 ?")
    assert [one.text for one in answer.statements] == ["Elle a décidé de fermer."]


def test_a_year_in_a_documents_name_is_no_number_of_a_rule(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    said = "Lamps are put out at ten."
    write_files(settings.corpus_dir, {"hall-rules-2024.txt": said, "b.txt": "It is wet."})
    with Assistant(settings, HashingEmbedder()) as assistant:
        assistant.sync()
        answer = assistant.ask("Summarise the hall rules 2024 in one sentence")
    assert (answer.reading, [one.text for one in answer.statements]) == ("document", [said])


def test_beside_each_other_stands_what_is_said_and_not_its_label(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    files = {
        f"offer-{name}.txt": f"Offer of {name}\n\nTerm\nThe contract runs for {n} months.\n"
        for name, n in (("aldo", 12), ("bena", 24))
    }
    write_files(settings.corpus_dir, files)
    with Assistant(settings, HashingEmbedder()) as assistant:
        assistant.sync()
        answer = assistant.ask("Compare offer aldo and offer bena on the term")
    assert [one.text for one in answer.statements] == [
        "The contract runs for 12 months.",
        "The contract runs for 24 months.",
    ]


def test_a_ticked_document_is_meant(house: Assistant) -> None:
    answer = house.ask("Summarise this", documents=["letter.txt"])
    assert {one.document_id for one in answer.citations} == {"letter.txt"}
    with pytest.raises(CorpusError):
        house.ask("Summarise this", documents=["gone.txt"])


def test_the_document_of_the_conversation_is_meant(house: Assistant) -> None:
    said = "the mediator Ms Okoro comes on 2 May 2025. [1]"
    history = [("user", "When does the mediator come?"), ("assistant", said)]
    answer = house.ask("What is this about?", history)  # type: ignore[arg-type]
    assert {one.document_id for one in answer.citations} == {"letter.txt"}
    named = [("user", "Summarise the letter"), ("assistant", "It is short.")]
    again = house.ask("key points?", named)  # type: ignore[arg-type]
    assert {one.document_id for one in again.citations} == {"letter.txt"}


def test_an_outline_is_the_headings(house: Assistant) -> None:
    answer = house.ask("Show me the outline of policy-v2.md")
    assert [one.text for one in answer.statements] == ["Storage", "Charging"]


def test_what_was_decided_is_found_in_every_document_that_tells(house: Assistant) -> None:
    answer = house.ask("What was decided?")
    told = [one.text for one in answer.statements]
    assert told == [
        "The meeting decided to paint the stairs.",
        "The budget of 900 euros was approved.",
    ]
    assert "there may be more" in answer.text


def test_tasks_and_deadlines_are_found_by_their_words(house: Assistant) -> None:
    for question in ("What are the action items?", "What are the deadlines?"):
        answer = house.ask(question)
        assert [one.text for one in answer.statements] == [
            "Ada Quill will ask for three offers by 4 April 2025."
        ], question


def test_people_dates_and_amounts_come_with_their_sentences(house: Assistant) -> None:
    people = cells(house.ask("Who is mentioned in the minutes of March?"))
    assert [row[0] for row in people] == ["Ada Quill", "Tom Berry"]
    dates = cells(house.ask("Which dates are in the letter?"))
    assert [row[0] for row in dates] == ["2 May 2025"]
    amounts = cells(house.ask("Which amounts are in the letter?"))
    assert amounts == [("80 euros", "She costs 80 euros.")]


def test_where_nothing_of_the_kind_is_found_it_is_not_said_of_the_documents(
    house: Assistant,
) -> None:
    answer = house.ask("What was decided in the letter?")
    assert answer.kind == "answer"
    assert answer.text.startswith("No sentence of that kind was found by its words in")
    assert answer.statements


def test_changes_between_versions_have_both_quotes(house: Assistant) -> None:
    answer = house.ask("What changed from version 1 to version 2?")
    assert answer.reading == "comparison"
    rows = cells(answer)
    assert (
        "changed",
        "A place costs 12 euros a month.",
        "A place costs 15 euros a month.",
    ) in rows
    assert ("removed", "The caretaker lends out tools on Fridays.", "–") in rows
    assert ("added", "–", "Batteries are charged in the hall only.") in rows
    assert not [row for row in rows if row[1] == row[2]]
    (changed,) = [one for one in answer.statements if one.text.startswith("A place costs 15")]
    assert [changed.text[a:b] for a, b in changed.answering] == ["15"]


@pytest.mark.parametrize(
    "question",
    [
        "What changed?",
        "What is new in version 2?",
        "what changed between the old and the new bicycle policy?",
        "What has changed from version 1 to 2?",
        "Was hat sich von Version 1 zu Version 2 geändert?",
    ],
)
def test_the_two_versions_are_meant_however_they_are_named(house: Assistant, question: str) -> None:
    answer = house.ask(question)
    cited = {one.document_id for one in answer.citations}
    assert cited == {"policy-v1.md", "policy-v2.md"}
    assert answer.text.index("version 1") < answer.text.index("version 2")


def test_two_are_compared_on_an_aspect_side_by_side(house: Assistant) -> None:
    answer = house.ask("Compare policy-v1.md with policy-v2.md on storage")
    ((label, old, new), *_) = cells(answer)
    assert label == "storage"
    assert "yard" in old or "12 euros" in old
    assert "cellar" in new or "15 euros" in new


def test_it_is_asked_which_two_are_meant(house: Assistant) -> None:
    assert house.ask("What changed?", documents=["letter.txt"]).text.startswith("Which document")


def test_another_reading_can_be_asked_for(house: Assistant) -> None:
    question = "Where is the cellar mentioned?"
    assert house.ask(question).reading == "folder"
    assert house.ask(question, as_="question").reading == "question"
    assert house.ask("The letter", as_="folder").reading == "folder"
    assert house.ask("Hello", as_="document").reading == "document"
    with pytest.raises(QuestionError, match="taken as"):
        house.ask(question, as_="poem")  # type: ignore[arg-type]


def test_what_holds_the_same_words_is_searched_for(house: Assistant) -> None:
    for question in (
        "How many documents must be handed in?",
        "Which file do I use for the brass?",
        "What is in the first-aid box?",
        "What was decided about the roof?",
    ):
        assert house.ask(question).reading in ("question", "all"), question


def test_a_code_in_the_first_lines_is_no_name_of_a_document(coast: Assistant) -> None:
    assert coast.ask("What is the log about?").reading == "document"
    assert coast.ask("What is BR-204 about?").reading == "question"


def test_every_surface_draws_the_table_and_no_statement_twice(house: Assistant) -> None:
    answer = house.ask("Which documents mention the cellar?")
    remark, grid = list_blocks(answer)
    assert isinstance(remark, Remark)
    assert isinstance(grid, Grid)
    assert [row.cells[0].document for row in grid.rows] == ["minutes-2025-03.txt", "policy-v2.md"]
    assert [row.cells[1].citations for row in grid.rows] == [(1,), (2,)]
    assert plain_answer(answer).count("The cellar was wet again.") == 2  # in the table, as a source
    assert answer.to_dict()["listing"]["rows"][0][0]["document_id"] == "minutes-2025-03.txt"


DISAGREEING = {
    "guide-2019.txt": "The lighthouse on Marrow Point is 31 metres high. It was built by monks.\n",
    "brochure.txt": "Visit us! The lighthouse on Marrow Point is 44 metres high, they say.\n",
    "survey.txt": "We measured again: the lighthouse on Marrow Point is 32 metres high.\n",
    "menu.txt": "Fish soup costs 9 euros.\n",
    "faults.txt": "Log of faults\n\nBR-203: The lamp flickers.\nBR-204: The door sticks.\n",
}


@pytest.fixture(scope="module")
def coast(tmp_path_factory: pytest.TempPathFactory) -> Assistant:
    folder = tmp_path_factory.mktemp("coast")
    write_files(folder / "corpus", DISAGREEING)
    assistant = Assistant(settings_in(folder), HashingEmbedder())
    assistant.sync()
    return assistant


def test_sources_that_disagree_are_all_shown_each_by_its_name(coast: Assistant) -> None:
    answer = coast.ask("How high is the lighthouse on Marrow Point?")
    for height in ("31 metres", "44 metres", "32 metres"):
        assert height in answer.text
    assert {one.document_id for one in answer.citations} == {
        "guide-2019.txt",
        "brochure.txt",
        "survey.txt",
    }
    assert all(one.apart for one in answer.statements)
    assert any("not all the same" in said for said in answer.missing)


def test_a_single_source_is_not_said_to_disagree(coast: Assistant) -> None:
    answer = coast.ask("What does the fish soup cost?")
    assert {one.document_id for one in answer.citations} == {"menu.txt"}
    assert answer.missing == ()
