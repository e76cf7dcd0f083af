"""Turns a draft into statements and citations, checked against the stored documents.

This is the only place that makes a `Citation`. A draft points at sentences by number; each number
becomes the span that the sentence got when its document was cut, and the quote is read from the
stored document again. A statement whose sentences are not there, or do not say it, is dropped with
the reason.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import NamedTuple

from assistant.text.exact import find_day, find_versions
from assistant.text.listing import Reading
from assistant.text.terms import terms
from assistant.values import (
    ECHOES,
    Answer,
    Cell,
    Citation,
    Computed,
    Consulted,
    Document,
    Dropped,
    PageKind,
    Passage,
    RankedPassage,
    Role,
    Sentence,
    Statement,
    Verdict,
)

NO_SOURCE = "it names no sentence that was shown"
NOT_QUOTED = "it is not the sentence that it cites"
NOT_STORED = "what it cites does not stand in the stored document"

Place = tuple[str, int, int]
"""A sentence's document and span."""
Read = Callable[[str], Document]
"""Returns a stored document by its id."""


def locate(quote: str, text: str) -> tuple[int, int] | None:
    r"""Return the span of the first place where `text` says `quote`, or None.

    An exact place goes before one that differs in whitespace. What is returned never differs
    from the quote in anything else, and begins and ends with a character of the quote.

    >>> locate("two words", "in two\n words")
    (3, 13)
    """
    words = quote.split()
    if not words:
        return None
    start = text.find(quote)
    if start >= 0:
        return start, start + len(quote)
    found = re.search(r"\s+".join(map(re.escape, words)), text)
    return found.span() if found else None


class Shape(NamedTuple):
    """How a quote is drawn; the fields are those of `Statement`."""

    role: Role = Role.PARAGRAPH
    level: int = 0
    cells: tuple[Cell, ...] = ()
    answering: tuple[tuple[int, int], ...] = ()
    block: int = 0
    mark: str = ""


PLAIN = Shape()

Near = tuple[tuple[Sentence, Shape], ...]
ShowNear = Callable[[Passage], Near]
"""Gives what of a passage is nearest to the question."""


@dataclass(frozen=True, slots=True)
class DraftStatement:
    """One unverified sentence of an answer, pointing at sentences by number."""

    text: str
    sentences: tuple[int, ...]
    shape: Shape = PLAIN


@dataclass(frozen=True, slots=True)
class DraftResult:
    """What was worked out here, pointing at the rows that it rests on by number."""

    text: str
    operation: str
    sentences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What an answerer proposes; `reason` says why there are no statements.

    `n_more` counts rows and items that say as much as those that are quoted; `computed` is what
    was worked out over rows; `missing` says which parts of a question nothing answers;
    `tells_apart` whether documents may say different things, so that each is named.
    """

    statements: tuple[DraftStatement, ...]
    confidence: float
    reason: str | None = None
    n_more: int = 0
    computed: tuple[DraftResult, ...] = ()
    missing: tuple[str, ...] = ()
    tells_apart: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """A statement with its sentences as read back from the stored documents; see `Statement`."""

    text: str
    sentences: tuple[Sentence, ...]
    verdict: Verdict = Verdict.QUOTED
    confirmed_by: str = ""
    stands_in: bool = False
    shape: Shape = PLAIN


@dataclass(frozen=True, slots=True)
class Result:
    """What was worked out, with the rows that it rests on, as read back from their documents."""

    text: str
    operation: str
    rows: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What remains of a draft: the supported statements, what was worked out, and what fell."""

    verified: tuple[Verified, ...]
    dropped: tuple[Dropped, ...]
    results: tuple[Result, ...] = ()
    tells_apart: bool = False


def cite(draft: Draft, sentences: Sequence[Sentence], read: Read) -> Checked:
    """Check every statement of a draft that quotes, and the rows of what was worked out.

    Args:
        draft: statements that point at sentences by number.
        sentences: the numbered sentences that the answerer saw.
        read: returns a stored document by its id.
    """
    known = {sentence.number: sentence for sentence in sentences}
    found = [_check_quote(statement, known, read) for statement in draft.statements]
    worked = [_check_rows(result, known, read) for result in draft.computed]
    return Checked(
        tuple(one for one in found if isinstance(one, Verified)),
        tuple(one for one in (*found, *worked) if isinstance(one, Dropped)),
        tuple(one for one in worked if isinstance(one, Result)),
        draft.tells_apart,
    )


def verify(statement: str, quotes: Sequence[str]) -> Verdict:
    r"""Return whether the statement is one of the cited quotes.

    >>> verify("It rained.", ["It\nrained."]).value
    'quoted'
    >>> verify("It rained.", ["Nobody thinks that It rained."]).value
    'not confirmed'
    """
    if not quotes:
        return Verdict.UNKNOWN_SOURCE
    is_said = any(locate(statement, quote) == (0, len(quote)) for quote in quotes)
    return Verdict.QUOTED if is_said else Verdict.NOT_CONFIRMED


UNSURE = "Perhaps misread off a picture: "
"""What begins the sentence of an answer that names its numbers of which that is so."""


def tell_unsure(missing: Sequence[str], citations: Sequence[Citation]) -> tuple[str, ...]:
    """Return what an answer is without, with a sentence on numbers that may be misread."""
    told = [f"“{number}” [{one.number}]" for one in citations for number in one.unsure]
    kept = (said for said in missing if not said.startswith(UNSURE))
    named = [f"{UNSURE}{', '.join(dict.fromkeys(told))}. Look at the page."] if told else []
    return (*kept, *named)


def place_of(sentence: Sentence) -> Place:
    """Return where a sentence lies, whatever its number."""
    return sentence.passage.document_id, sentence.start, sentence.end


def number_citations(
    checked: Checked, read: Read
) -> tuple[tuple[Statement, ...], tuple[Citation, ...], tuple[Computed, ...]]:
    """Return the statements, their citations, and what was worked out.

    Citations are numbered in order of their first use; rows that only a result rests on are last.
    """
    citations: dict[Place, Citation] = {}

    def number(sentence: Sentence) -> int:
        place = place_of(sentence)
        if place not in citations:
            document = read(sentence.passage.document_id)
            citations[place] = _make(len(citations) + 1, sentence, document)
        return citations[place].number

    statements = []
    for one, apart in zip(checked.verified, _tell_apart(checked, read), strict=True):
        numbers = tuple(dict.fromkeys(map(number, one.sentences)))
        statements.append(
            Statement(
                one.text,
                numbers,
                one.verdict,
                one.confirmed_by,
                one.stands_in,
                *one.shape,
                apart=apart,
            )
        )
    computed = tuple(
        Computed(one.text, one.operation, tuple(dict.fromkeys(map(number, one.rows))))
        for one in checked.results
    )
    return tuple(statements), tuple(citations.values()), computed


# --- Editions

HEAD_CHARS = 300
"""Of a document, in which it may say of when and which version it is."""
_OWN_VERSION = re.compile(
    r"(?:\A[^\n]*|^\W*(?:version|rev(?:ision)?|edition|ausgabe|fassung|stand|v)\b[^\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
"""The first line of a document, or one that begins with its version: others name programs'."""
MIN_YEAR = 1900
"""A version whose third part is as great is a date: 15.03.2022."""
ALIKE = 0.5
"""Share of terms, without numbers and dates, from which two sentences say the same of a thing."""
_NUMBERED = re.compile(r"\w*\d\w*")


@dataclass(frozen=True, slots=True)
class Edition:
    """Which of several versions of a text a sentence is from, as far as its document says."""

    version: tuple[int, ...] | None
    day: tuple[int, ...] | None

    def is_newer(self, other: "Edition") -> bool:
        """Whether this one is newer, by what both of them tell; a version goes before a date."""
        if self.version and other.version:
            return shorten(self.version) > shorten(other.version)
        return bool(self.day and other.day) and (self.day or ()) > (other.day or ())

    def __str__(self) -> str:
        day = "-".join(f"{part:02}" for part in self.day or ())
        version = ".".join(map(str, self.version or ()))
        return ", ".join(filter(None, (f"version {version}" if version else "", day)))


def edition_of(document: Document, under: Sequence[str] = ()) -> Edition:
    """Return the edition that a document, or what stands under some of its headings, is.

    By its path, those headings, its title, or its first lines.
    """
    path = re.sub(r"[_/]|\.\w+$", " ", document.document_id)
    over = (path, *reversed(under), document.title)
    head = document.text[:HEAD_CHARS]
    versions = (v for text in (*over, *_OWN_VERSION.findall(head)) for v in _versions(text))
    days = (day for text in (*over, head) if (day := find_day(text)))
    return Edition(next(versions, None), next(days, None))


def _versions(text: str) -> list[tuple[int, ...]]:
    """Return the versions that a text names; a date is none."""
    return [found for found in find_versions(text) if len(found) != 3 or found[2] < MIN_YEAR]


def shorten(version: tuple[int, ...] | None) -> tuple[int, ...]:
    """Return a version without zeros at its end.

    >>> shorten((2, 0)), shorten((1, 10)), shorten(None)
    ((2,), (1, 10), ())
    """
    version = version or ()
    while len(version) > 1 and not version[-1]:
        version = version[:-1]
    return version


def are_alike(one: str, other: str) -> bool:
    """Tell whether two sentences say the same of a thing, be it with another value.

    >>> are_alike("A permit costs 40 euros.", "A permit costs 55 euros.")
    True
    """
    a, b = (set(terms(_NUMBERED.sub(" ", text))) for text in (one, other))
    return min(len(a), len(b)) > 1 and len(a & b) / len(a | b) >= ALIKE


def _tell_apart(checked: Checked, read: Read) -> list[str]:
    """Return for each statement what tells it from those like it in other documents; "" for none.

    The document, with its version and date where it names them; of a run from one document, once.
    """
    verified = checked.verified
    first = [one.sentences[0] for one in verified]
    names = [sentence.passage.document_id for sentence in first]
    found = []
    for n, one in enumerate(verified):
        alike = one.shape.role not in ECHOES and any(
            names[m] != names[n]
            and (
                checked.tells_apart
                or (other.shape.role is one.shape.role and are_alike(other.text, one.text))
            )
            for m, other in enumerate(verified)
        )
        edition = str(edition_of(read(names[n]), first[n].passage.under)) if alike else ""
        found.append(": ".join(filter(None, (names[n], edition))) if alike else "")
    return [said if said != after else "" for said, after in pairwise([*found, ""])]


def _uncited(sentence: Sentence, shape: Shape) -> Statement:
    """Return a sentence that is shown though it answers nothing, as it is drawn."""
    return Statement(
        sentence.text,
        (),
        Verdict.QUOTED,
        role=shape.role,
        level=shape.level,
        cells=shape.cells,
    )


def list_consulted(
    ranking: Sequence[RankedPassage],
    read: Callable[[str], Document],
    show_near: ShowNear,
    citations: Sequence[Citation],
) -> tuple[Consulted, ...]:
    """Return the passages that were read and of which no citation quotes anything.

    `show_near` gives what of a passage is nearest to the question.
    """
    consulted = []
    for ranked in ranking:
        passage = ranked.passage
        if any(_quotes(citation, passage) for citation in citations):
            continue
        document = read(passage.document_id)
        page, kind = page_of(document, passage.start)
        consulted.append(
            Consulted(
                document_id=passage.document_id,
                title=document.title,
                start=passage.start,
                end=passage.end,
                text=passage.text,
                score=ranked.score,
                page=page,
                heading=passage.heading,
                page_kind=kind,
                near=tuple(_uncited(one, shape) for one, shape in show_near(passage)),
            )
        )
    return tuple(consulted)


def say(
    question: str, reply: str, answerer: str, index_version: int, reading: Reading = "greeting"
) -> Answer:
    """Return the answer that states nothing, and so cites nothing: a reply for a reason."""
    return Answer(
        question=question,
        query=" ".join(question.split()),
        statements=(),
        citations=(),
        kind="reply",
        reason=reply,
        consulted=(),
        answerer=answerer,
        confidence=0.0,
        timings={},
        index_version=index_version,
        reading=reading,
    )


def page_of(document: Document, position: int) -> tuple[int | None, PageKind]:
    """Return the number and kind of the page that holds a position, if the document has pages."""
    after = bisect_right(document.pages, position, key=lambda page: page.start)
    page = document.pages[after - 1] if after else None
    if page is None or position >= page.end:
        return None, PageKind.PAGE
    return page.number, page.kind


def _check_quote(
    statement: DraftStatement, known: Mapping[int, Sentence], read: Read
) -> Verified | Dropped:
    cited = tuple(known[number] for number in statement.sentences if number in known)
    quotes = tuple(sentence.text for sentence in cited)
    if len(cited) < len(statement.sentences):
        return Dropped(statement.text, quotes, Verdict.UNKNOWN_SOURCE, NO_SOURCE)
    if not all(is_stored(sentence, read) for sentence in cited):
        return Dropped(statement.text, quotes, Verdict.QUOTE_NOT_FOUND, NOT_STORED)
    verdict = verify(statement.text, quotes)
    if verdict != Verdict.QUOTED:
        return Dropped(statement.text, quotes, verdict, NOT_QUOTED if quotes else NO_SOURCE)
    return Verified(statement.text, cited, shape=_check_shape(statement))


def _check_shape(statement: DraftStatement) -> Shape:
    """Return how a quote is drawn: cells and words that are not exactly in it are no part of it."""
    text, shape = statement.text, statement.shape
    are_cells = all(text.startswith(cell.text, cell.start) for cell in shape.cells)
    ends = [0, *(end for span in shape.answering for end in span), len(text)]
    return shape._replace(
        cells=shape.cells if are_cells else (),
        answering=shape.answering if ends == sorted(ends) else (),
    )


def _check_rows(result: DraftResult, known: Mapping[int, Sentence], read: Read) -> Result | Dropped:
    """Check that all rows of what was worked out are there: without one it says something else."""
    rows = tuple(known[number] for number in result.sentences if number in known)
    if not rows or len(rows) < len(result.sentences):
        return Dropped(result.text, (), Verdict.UNKNOWN_SOURCE, NO_SOURCE)
    if not all(is_stored(row, read) for row in rows):
        return Dropped(result.text, (), Verdict.QUOTE_NOT_FOUND, NOT_STORED)
    return Result(result.text, result.operation, rows)


def is_stored(sentence: Sentence, read: Read) -> bool:
    """Whether a sentence stands in the stored document as it was cut."""
    text = read(sentence.passage.document_id).text
    return text[sentence.start : sentence.end] == sentence.text


def _make(number: int, sentence: Sentence, document: Document) -> Citation:
    page, kind = page_of(document, sentence.start)
    return Citation(
        number=number,
        document_id=document.document_id,
        sha256=document.sha256,
        title=document.title,
        start=sentence.start,
        end=sentence.end,
        quote=document.text[sentence.start : sentence.end],
        page=page,
        heading=sentence.passage.heading,
        page_kind=kind,
        copies=document.copies,
        unsure=tuple(_find_unsure(document, sentence)),
    )


def _find_unsure(document: Document, sentence: Sentence) -> Iterator[str]:
    """Yield the numbers of a sentence that were read off a picture, where they may be others."""
    first = bisect_right(document.words, sentence.start, key=lambda word: word.end)
    for word in islice(document.words, first, None):
        if word.start >= sentence.end:
            return
        said = document.text[word.start : word.end]
        if not word.is_sure and any(map(str.isdigit, said)):
            yield said


def _quotes(citation: Citation, passage: Passage) -> bool:
    return (
        citation.document_id == passage.document_id
        and citation.start < passage.end
        and passage.start < citation.end
    )
