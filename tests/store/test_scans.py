"""Scanned documents in the index: asked, cited on the page, and told where they may be misread."""

import pytest
from corpora import settings_in, write_files
from hashing import HashingEmbedder
from ingest.formats.drawn_text import LINES, draw_text

from assistant.cite import UNSURE, tell_unsure
from assistant.errors import Fault
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.store.added import mark_words
from assistant.values import Box, SeenWord

QUESTION = "What does a return ticket cost?"


@pytest.fixture(name="settings")
def make_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = settings_in(tmp_path_factory.mktemp("scans"), max_over_refusal=0)
    settings.corpus_dir.mkdir()
    write_files(settings.corpus_dir, {"ferry.png": draw_text().png})
    return settings


def test_a_scan_answers_and_its_quote_is_marked_on_the_picture(settings: Settings) -> None:
    with Assistant(settings, HashingEmbedder()) as assistant:
        assert assistant.sync().notable == ()
        answer = assistant.ask(QUESTION)
        (citation,) = (one for one in answer.citations if one.quote == LINES[1])
        assert (citation.page, citation.unsure, answer.missing) == (1, (), ())
        (box,) = assistant.origin(citation).boxes
        words = draw_text().words
        width, height = draw_text().image.size
        assert box.left * width == pytest.approx(words["A"][0], abs=12)
        assert box.right * width == pytest.approx(words["euros."][2], abs=12)
        assert box.top * height < words["ticket"][1] < words["ticket"][3] < box.bottom * height
        assert assistant.draw("ferry.png", 1, 800).startswith(b"\x89PNG")
        assert assistant.check() == ()


def test_a_number_that_may_be_misread_is_never_cited_without_saying_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Assistant(settings, HashingEmbedder()) as assistant:
        assistant.sync()
        monkeypatch.setattr("assistant.values.SURE", 1.1)
        answer = assistant.ask(QUESTION)
        (citation,) = (one for one in answer.citations if one.quote == LINES[1])
        assert citation.unsure == ("18.60",)
        assert f"{UNSURE}“18.60” [{citation.number}]. Look at the page." in answer.text
        assert tell_unsure(answer.missing, answer.citations) == answer.missing
        assert tell_unsure(answer.missing, ()) == ()


def test_a_scan_that_was_skipped_is_read_when_recognition_is_on_again(settings: Settings) -> None:
    off = settings.model_copy(update={"ocr": False})
    with Assistant(off, HashingEmbedder()) as assistant:
        (record,) = assistant.sync().notable
        assert (record.fault, record.reason) == (
            Fault.NO_TEXT,
            "an image; pictures are not read (ocr is off)",
        )
    with Assistant(settings, HashingEmbedder()) as assistant:
        assert assistant.sync(retry=True).notable == ()
        assert assistant.document("ferry.png").words
        (settings.corpus_dir / "ferry.png").unlink()
        assistant.sync()
        assert assistant.check() == ()


def test_words_beside_each_other_share_a_box_until_their_line_has_sloped_too_far() -> None:
    level = [SeenWord(n, n + 1, 1, 0.1 * n, 0.1, 0.1 * n + 0.08, 0.12, 1.0) for n in range(5)]
    below = SeenWord(6, 7, 1, 0.1, 0.13, 0.2, 0.15, 1.0)
    other = SeenWord(8, 9, 2, 0.3, 0.13, 0.4, 0.15, 1.0)
    assert mark_words([*level, below, other], (1, 9)) == [
        Box(1, 0.1, 0.1, 0.1 * 4 + 0.08, 0.12),
        Box(1, 0.1, 0.13, 0.2, 0.15),
        Box(2, 0.3, 0.13, 0.4, 0.15),
    ]
    sloping = [
        word._replace(top=0.1 + 0.01 * n, bottom=0.12 + 0.01 * n) for n, word in enumerate(level)
    ]
    boxes = mark_words(sloping, (0, 9))
    assert len(boxes) > 1
    assert max(box.bottom - box.top for box in boxes) < 0.03
