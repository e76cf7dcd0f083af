"""The files that are measured are whole: every format gives back every word that went into it."""

import re

import pytest

from assistant.ingest.parse import FORMATS, parse
from assistant.ingest.sniff import (
    ADDED,
    DOC,
    FLAT,
    IMAGES,
    MOBI,
    OUTLOOK,
    PPT,
    XLS,
    XLSB,
    media_type,
)
from assistant.settings import Settings
from assistant.store.sync import limits_of
from evals.mixed import MAKERS
from evals.synthetic import PARAGRAPH, make_documents

PREVIEW = ("only its preview was read: export it as PDF if anything is missing",)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


@pytest.mark.parametrize("suffix", MAKERS)
def test_a_file_of_any_format_holds_every_word_in_order(suffix: str) -> None:
    paragraphs = list(make_documents(4, PARAGRAPH, seed=2))
    kind, warning = media_type(f"a{suffix}", data := MAKERS[suffix]("A title", paragraphs))
    parsed = parse(data, kind, limits_of(Settings.load()))
    found = iter(words(parsed.text))
    assert all(word in found for word in words(" ".join(paragraphs)))
    assert warning is None
    assert parsed.warnings == PREVIEW * (suffix == ".pages")


def test_all_formats_are_measured() -> None:
    kinds = {media_type(f"a{suffix}", make("t", ["x"]))[0] for suffix, make in MAKERS.items()}
    # Pictures are measured by evals.scans; what only programs of others write, nowhere.
    assert kinds == FORMATS.keys() - {ADDED, OUTLOOK, DOC, PPT, XLS, XLSB, MOBI, FLAT, *IMAGES}
