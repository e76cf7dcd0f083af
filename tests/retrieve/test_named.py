"""What a question names: files, folders, and what no document has."""

from collections.abc import Iterator

import pytest
from corpora import write_files
from hashing import HashingEmbedder
from ingest.reading import within

from assistant.pipeline import Assistant
from assistant.retrieve.named import Names, name_terms
from assistant.settings import Settings

FILES = {
    "2023/minutes.txt": "The club bought a boat from Ida Blom.",
    "2024/minutes.txt": "The club sold the boat. The register has LH-404 on 3 May 2024.",
    "lease-oslo.txt": "The deposit is 900 euros.",
    "lease-porto.txt": "The deposit is 700 euros.",
}


@pytest.fixture
def named(settings: Settings) -> Iterator[Assistant]:
    write_files(settings.corpus_dir, FILES)
    with Assistant(settings, HashingEmbedder()) as assistant:
        assistant.sync()
        yield assistant


def test_a_name_is_read_as_words() -> None:
    assert name_terms("2024/clubMinutes_final.txt") == {"2024", "club", "minut", "final"}


def test_a_word_that_few_names_have_tells_more_than_one_of_many() -> None:
    names = Names.of([*FILES, "lease-alba.txt", "lease-brisa.txt"])
    weights = names.weigh(["leas", "oslo"])
    assert weights["lease-oslo.txt"] > weights.get("lease-porto.txt", 0.0)


def test_a_file_that_is_named_in_full_is_the_only_one_searched(named: Assistant) -> None:
    found = named.search("the deposit in lease-porto.txt")
    assert {one.passage.document_id for one in found} == {"lease-porto.txt"}


def test_a_word_of_a_files_name_puts_it_first(named: Assistant) -> None:
    assert named.search("What is the deposit in Oslo?")[0].passage.document_id == "lease-oslo.txt"


@pytest.mark.parametrize(
    ("question", "missing"),
    [
        ("Where is boat LH-405?", "LH-405"),
        ("What happened on 4 May 2024?", "4 May 2024"),
        ("What did the club do in 2019?", "2019"),
        ("What did the club buy from Emil Stark?", "Emil and Stark"),
    ],
)
def test_what_no_document_has_is_refused_by_its_name(
    named: Assistant, question: str, missing: str
) -> None:
    named.settings = named.settings.model_copy(update={"max_over_refusal": 0.1})
    answer = named.ask(question)
    assert (answer.abstained, answer.reason) == (True, f"No document mentions {missing}.")


@pytest.mark.parametrize(
    "question",
    [
        "Where is boat LH 404?",
        "What happened on 2024-05-03?",
        "What has the club done since 2019?",
        "What did the club buy from Blom?",
        "What did the Oslo lease say?",
        "Was tat der Verein mit dem Boot in der Woche?",
        "Who must approve a deposit of 2000 euros?",
        "Can the boat carry 1600 kg?",
    ],
)
def test_what_is_there_in_another_form_or_is_a_limit_is_not(
    named: Assistant, question: str
) -> None:
    named.settings = named.settings.model_copy(update={"max_over_refusal": 0.1})
    assert "No document mentions" not in (named.ask(question).reason or "")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What happened on 3 May 2024?", "The register has LH-404 on 3 May 2024."),
        ("What happened on 2024-05-03?", "The register has LH-404 on 3 May 2024."),
        ("What does it say about LH-404?", "The register has LH-404 on 3 May 2024."),
    ],
)
def test_who_asks_of_a_date_or_a_code_alone_gets_the_sentences_that_have_it(
    named: Assistant, question: str, said: str
) -> None:
    named.settings = named.settings.model_copy(update={"max_over_refusal": 0.9})
    assert [statement.text for statement in named.ask(question).statements] == [said]


def test_ten_thousand_names_are_looked_through_at_once() -> None:
    names = Names.of([f"folder/file number {n}.txt" for n in range(10_000)])
    with within(0.5):
        assert names.files_in("What is in file number 7.txt?") == ("folder/file number 7.txt",)
