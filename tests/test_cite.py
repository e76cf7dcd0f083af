from collections.abc import Callable

import pytest

from assistant.cite import (
    NO_SOURCE,
    NOT_QUOTED,
    NOT_STORED,
    Checked,
    cite,
    list_consulted,
    number_citations,
)
from assistant.errors import CorpusError
from assistant.values import (
    Citation,
    Document,
    DocumentId,
    Draft,
    DraftStatement,
    Dropped,
    Page,
    Passage,
    PassageId,
    RankedPassage,
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


def reasons(checked: Checked) -> list[tuple[Verdict, str]]:
    return [(one.verdict, one.why) for one in checked.dropped]


def test_cite_numbers_citations_in_order_of_first_use() -> None:
    checked = cite(
        draft(("Three is gone.", (3,)), ("One is here.", (1,)), ("Three is gone.", (3,))),
        SENTENCES,
        READ,
    )
    statements, citations = number_citations(checked.verified, READ)
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
    _, citations = number_citations(checked.verified, READ)
    assert [c.number for c in citations] == [1]
    quotes = ("Two is there.",)
    assert checked.dropped == (
        Dropped("Two is not there.", quotes, Verdict.UNSUPPORTED, NOT_QUOTED),
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
    assert reasons(checked) == [(Verdict.UNSUPPORTED, NOT_QUOTED)]


def test_consulted_passages_leave_out_those_that_are_cited() -> None:
    other = Passage(PassageId("p:27-41"), DOCUMENT.document_id, 27, 41, TEXT[27:], ((27, 41),))
    first = Passage(PassageId("p:0-26"), DOCUMENT.document_id, 0, 26, TEXT[:26], SPANS[:2])
    ranking = [RankedPassage(p, n, 0.5, 0.5, 0.0) for n, p in enumerate((first, other), start=1)]
    citation = Citation(1, DOCUMENT.document_id, "0" * 64, "N", 13, 26, TEXT[13:26])
    (consulted,) = list_consulted(ranking, [citation], READ)
    assert (consulted.text, consulted.page) == ("Three is gone.", 2)
    elsewhere = Citation(1, DocumentId("m.txt"), "0" * 64, "M", 13, 26, TEXT[13:26])
    assert len(list_consulted(ranking, [elsewhere], READ)) == 2
