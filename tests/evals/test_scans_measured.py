"""Scans are counted against what was drawn: characters, places and numbers."""

from pathlib import Path

import pytest
from PIL import Image

from assistant.ingest.formats.parsed import Parsed
from assistant.values import SeenWord
from evals.scans import Sheet, Source, Tally, read_sources

SOURCE = Source("ferry", ("Fares", "A ticket costs 18.60 euros."), ())
TRUTH = "Fares A ticket costs 18.60 euros."


def read_as(text: str, sureness: float = 1.0) -> Tally:
    """Count a page whose words are all read where they were drawn, with this text."""
    words, drawn, at = [], [], 0
    for number, (said, true) in enumerate(zip(text.split(), TRUTH.split(), strict=True)):
        left = number / 10
        words.append(SeenWord(at, at + len(said), 1, left, 0.1, left + 0.08, 0.2, sureness))
        drawn.append((true, (left, 0.1, left + 0.08, 0.2)))
        at += len(said) + 1
    tally = Tally(seconds=1.0)
    tally.add(
        SOURCE, Sheet(Image.new("L", (1, 1)), drawn), Parsed(text, None, (), words=tuple(words))
    )
    return tally


def test_a_page_read_as_it_was_drawn_has_no_errors() -> None:
    found = read_as(TRUTH)
    assert (found.n_chars, found.n_edits) == (len(TRUTH), 0)
    assert found.n_placed == found.n_words == 6
    assert (found.n_numbers, found.n_wrong, found.n_doubted) == (1, 0, 0)


@pytest.mark.parametrize(("sureness", "n_told"), [(0.5, 1), (1.0, 0)])
def test_a_misread_number_is_wrong_and_told_if_unsure(sureness: float, n_told: int) -> None:
    found = read_as(TRUTH.replace("18.60", "13.60"), sureness)
    assert (found.n_edits, found.n_wrong, found.n_told) == (1, 1, n_told)
    assert found.n_placed == found.n_words - 1


def test_a_right_number_that_was_not_sure_is_doubted() -> None:
    assert read_as(TRUTH, 0.5).n_doubted == 1


def test_a_file_holds_documents_their_paragraphs_and_what_is_asked_of_them(tmp_path: Path) -> None:
    path = tmp_path / "pages.txt"
    path.write_text(
        "About.\n# ferry\nFares\n\nA ticket\ncosts 18.60.\n? What does it cost? = 18.60\n"
    )
    (found,) = read_sources(path)
    assert found.paragraphs == ("Fares", "A ticket costs 18.60.")
    assert found.questions == (("What does it cost?", "18.60"),)
