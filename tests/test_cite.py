import re
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from assistant.cite import (
    NO_SOURCE,
    NOT_QUOTED,
    NOT_STORED,
    Checked,
    Draft,
    DraftStatement,
    Shape,
    Verified,
    cite,
    edition_of,
    list_consulted,
    locate,
    number_citations,
)
from assistant.errors import CorpusError
from assistant.values import (
    Cell,
    Citation,
    Document,
    DocumentId,
    Dropped,
    Page,
    Passage,
    PassageId,
    RankedPassage,
    Role,
    Sentence,
    Verdict,
)

TEXT = "One is here. Two is there. Three is gone."
DOCUMENT = Document(
    DocumentId("n.txt"), "0" * 64, "N", "text/plain", TEXT, (Page(1, 0, 13), Page(2, 13, 41))
)
SPANS = ((0, 12), (13, 26), (27, 41))
PASSAGE = Passage(PassageId("p:0-41"), DOCUMENT.document_id, 0, 41, TEXT, SPANS, heading="Counts")
SENTENCES = tuple(Sentence(n, PASSAGE, *span) for n, span in enumerate(SPANS, start=1))


def draft(*statements: tuple[str, tuple[int, ...]]) -> Draft:
    return Draft(tuple(DraftStatement(text, numbers) for text, numbers in statements), 0.9)


def holding(document: Document) -> Callable[[str], Document]:
    def read(document_id: str) -> Document:
        if document_id != document.document_id:
            raise CorpusError(f"no {document_id!r}")
        return document

    return read


READ = holding(DOCUMENT)


def test_cells_and_words_that_answer_are_shown_only_where_they_are_exactly_in_the_quote() -> None:
    text = "One is here."
    true = Shape(Role.ROW, cells=(Cell("N", "One", 0), Cell("At", "here", 7)), answering=((7, 11),))
    false = Shape(Role.ROW, cells=(Cell("N", "One", 1),), answering=((7, 40),))
    made = Draft(tuple(DraftStatement(text, (1,), shape) for shape in (true, false)), 0.9)
    first, second = number_citations(cite(made, SENTENCES, READ), READ)[0]
    assert (first.role, first.cells, first.answering) == (Role.ROW, true.cells, true.answering)
    assert (second.text, second.role, second.cells, second.answering) == (text, Role.ROW, (), ())


def reasons(checked: Checked) -> list[tuple[Verdict, str]]:
    return [(one.verdict, one.why) for one in checked.dropped]


def test_cite_numbers_citations_in_order_of_first_use() -> None:
    checked = cite(
        draft(("Three is gone.", (3,)), ("One is here.", (1,)), ("Three is gone.", (3,))),
        SENTENCES,
        READ,
    )
    statements, citations, _ = number_citations(checked, READ)
    assert [statement.citations for statement in statements] == [(1,), (2,), (1,)]
    assert [(c.number, c.quote) for c in citations] == [
        (1, "Three is gone."),
        (2, "One is here."),
    ]
    assert [(c.page, c.heading) for c in citations] == [(2, "Counts"), (1, "Counts")]


def test_cite_gives_numbers_to_the_statements_that_remain_only() -> None:
    checked = cite(
        draft(("Two is not there.", (2,)), ("One is here.", (1,))),
        SENTENCES,
        READ,
    )
    _, citations, _ = number_citations(checked, READ)
    assert [c.number for c in citations] == [1]
    quotes = ("Two is there.",)
    assert checked.dropped == (
        Dropped("Two is not there.", quotes, Verdict.NOT_CONFIRMED, NOT_QUOTED),
    )


@pytest.mark.parametrize("numbers", [(0,), (4,), (-1,), (1, 4), ()])
def test_cite_refuses_a_statement_whose_source_is_unknown(numbers: tuple[int, ...]) -> None:
    checked = cite(draft(("One is here.", numbers)), SENTENCES, READ)
    assert not checked.verified
    assert reasons(checked) == [(Verdict.UNKNOWN_SOURCE, NO_SOURCE)]


@pytest.mark.parametrize("text", [TEXT.replace("here", "gone"), " " + TEXT, TEXT[:11], ""])
def test_cite_refuses_a_quote_that_the_stored_document_does_not_hold(text: str) -> None:
    stored = Document(DOCUMENT.document_id, "1" * 64, "N", "text/plain", text)
    checked = cite(draft(("One is here.", (1,))), SENTENCES, holding(stored))
    assert not checked.verified
    assert reasons(checked) == [(Verdict.QUOTE_NOT_FOUND, NOT_STORED)]


def test_cite_refuses_a_statement_that_is_said_elsewhere_than_it_cites() -> None:
    checked = cite(draft(("Two is there.", (1,))), SENTENCES, READ)
    assert reasons(checked) == [(Verdict.NOT_CONFIRMED, NOT_QUOTED)]


def test_consulted_passages_leave_out_those_that_are_cited() -> None:
    other = Passage(PassageId("p:27-41"), DOCUMENT.document_id, 27, 41, TEXT[27:], ((27, 41),))
    first = Passage(PassageId("p:0-26"), DOCUMENT.document_id, 0, 26, TEXT[:26], SPANS[:2])
    ranking = [RankedPassage(p, n, 0.5, 0.5, 0.0) for n, p in enumerate((first, other), start=1)]
    citation = Citation(1, DOCUMENT.document_id, "0" * 64, "N", 13, 26, TEXT[13:26])
    near = Sentence(3, other, 27, 41), Shape(Role.ITEM, 2)
    (consulted,) = list_consulted(ranking, READ, lambda _: (near,), [citation])
    assert (consulted.text, consulted.page) == ("Three is gone.", 2)
    assert [(one.text, one.citations, one.role, one.level) for one in consulted.near] == [
        ("Three is gone.", (), Role.ITEM, 2)
    ]
    elsewhere = Citation(1, DocumentId("m.txt"), "0" * 64, "M", 13, 26, TEXT[13:26])
    assert len(list_consulted(ranking, READ, lambda _: (), [elsewhere])) == 2


WORDS = st.lists(st.text("ab.é数\u05d0\u200f", min_size=1, max_size=4), min_size=1, max_size=5)
SPACE = st.sampled_from([" ", "\n", "  ", "\t", "\u00a0", "\u2003", "\n\n"])


def fold(text: str) -> str:
    return " ".join(text.split())


@st.composite
def spaced(draw: st.DrawFn, words: list[str]) -> str:
    parts = [words[0]]
    for word in words[1:]:
        parts += [draw(SPACE), word]
    return "".join(parts)


@given(quote=st.text("ab \n.", max_size=8), text=st.text("ab \n.", max_size=60))
def test_locate_returns_nothing_that_differs_in_more_than_whitespace(quote: str, text: str) -> None:
    found = locate(quote, text)
    if found is None:
        assert not quote.strip() or quote not in text
    else:
        start, end = found
        assert fold(text[start:end]) == fold(quote)


@given(data=st.data(), before=st.text("ab \n", max_size=20), after=st.text("ab \n", max_size=20))
def test_locate_finds_a_quote_however_it_is_spaced(
    data: st.DataObject, before: str, after: str
) -> None:
    words = data.draw(WORDS)
    text = before + data.draw(spaced(words)) + after
    found = locate(data.draw(spaced(words)), text)
    assert found is not None
    assert fold(text[slice(*found)]) == " ".join(words)


@given(words=WORDS, n=st.integers(1, 4), filler=st.text("xyz ", max_size=9))
def test_locate_returns_the_first_place(words: list[str], n: int, filler: str) -> None:
    quote = " ".join(words)
    text = filler + f"{quote}|" * n
    assert locate(quote, text) == (text.index(quote), text.index(quote) + len(quote))


@given(words=WORDS, data=st.data())
def test_locate_returns_the_first_of_the_places_that_differ_in_whitespace(
    words: list[str], data: DataObject
) -> None:
    assume(len(words) > 1)
    quote = " ".join(words)
    text = "|".join(data.draw(spaced(words)) for _ in range(3))
    assume(quote not in text)
    first = re.search(r"\s+".join(map(re.escape, words)), text)
    assert first is not None
    assert locate(quote, text) == first.span()


@given(text=st.text("ab ", min_size=3, max_size=30), place=st.integers(0, 29), other=st.text("c#7"))
def test_locate_never_finds_a_quote_with_a_foreign_character(
    text: str, place: int, other: str
) -> None:
    assume(other)
    assert locate(text[:place] + other + text[place:], text) is None


def test_locate_refuses_a_quote_without_characters() -> None:
    assert locate("", "text") is None
    assert locate(" \n", "a \n b") is None


def test_locate_reads_pattern_characters_as_characters() -> None:
    assert locate("(a+)+ .*", "x (a+)+\n.*") == (2, 10)
    assert locate("a.c", "abc") is None


def test_locate_prefers_an_exact_place_to_an_earlier_one_that_is_spaced_otherwise() -> None:
    assert locate("two words", "two\nwords, two words") == (11, 20)


def edition(name: str, text: str) -> tuple[Document, Sentence]:
    """Return a document, and its last sentence."""
    document = Document(DocumentId(name), "0" * 64, "Plan", "text/plain", text)
    start = text.rindex("\n") + 1
    span = (start, len(text))
    passage = Passage(PassageId(name), document.document_id, *span, text[start:], (span,))
    return document, Sentence(1, passage, *span)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (("a.txt", "Plan, version 2\nX."), ("b.txt", "Plan, version 10\nX.")),
        (("plan-v1.md", "Plan\nX."), ("plan-v2.md", "Plan\nX.")),
        (("a.txt", "Valid from 1 March 2022\nX."), ("b.txt", "As of 2 March 2022\nX.")),
        (("2023-05-04.txt", "News\nX."), ("2024-05-02.txt", "News\nX.")),
    ],
)
def test_which_edition_is_newer_is_told_by_path_heading_or_first_lines(
    older: tuple[str, str], newer: tuple[str, str]
) -> None:
    before, after = (edition_of(edition(*one)[0]) for one in (older, newer))
    assert after.is_newer(before)
    assert not before.is_newer(after)


def test_what_tells_nothing_of_when_is_not_newer() -> None:
    document, _ = edition("a.txt", "Plan\nX.")
    dated = edition("b.txt", "Plan, version 2\nX.")
    assert not edition_of(dated[0]).is_newer(edition_of(document))


def test_statements_of_several_documents_that_say_alike_name_theirs() -> None:
    files = [
        edition("plan-v1.md", "Plan\nA permit costs 40 euros."),
        edition("plan-v2.md", "Plan\nA permit costs 55 euros."),
        edition("pier.md", "Pier\nThe pier was built in 1952."),
    ]
    documents = {document.document_id: document for document, _ in files}
    verified = tuple(Verified(sentence.text, (sentence,)) for _, sentence in files)
    statements, _, _ = number_citations(
        Checked(verified, ()), lambda name: documents[DocumentId(name)]
    )
    assert [one.apart for one in statements] == [
        "plan-v1.md: version 1",
        "plan-v2.md: version 2",
        "",
    ]
    assert statements[0].text == "A permit costs 40 euros."
    assert statements[0].shown == "A permit costs 40 euros. (plan-v1.md: version 1)"
