"""The values that flow through the assistant: frozen, hashable, free of I/O.

Documents and their parts come first, then passages, sentences, statements and answers, and at the
end the ledger: what became of each file. Every span is half-open and counts characters
(Unicode code points) of `Document.text`. `assistant.cite` alone makes what an `Answer` consists of.
"""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from itertools import groupby
from typing import Any, Literal, NamedTuple, NewType

from assistant.errors import Fault
from assistant.text.listing import Listing, Reading, beside
from assistant.text.numbers import name_runs


class PageKind(StrEnum):
    """What a document counts its parts in."""

    PAGE = "page"
    SLIDE = "slide"
    ROW = "row"
    LINE = "line"


class Role(StrEnum):
    """What a unit is to its reader."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LEAD_IN = "lead-in"
    ITEM = "item"
    NAMES = "column names"
    ROW = "row"
    QUESTION = "question"
    CAPTION = "caption"
    CODE = "code"
    LABEL = "label"
    NOTE = "note"
    """What stands apart from the text around it: a footnote, the labels of a figure."""
    REST = "rest"
    """Of a sentence that begins in another unit, before what stands between."""


ECHOES = frozenset((Role.HEADING, Role.LEAD_IN, Role.NAMES, Role.QUESTION, Role.LABEL))
"""What says what comes next, and never answers alone."""


class Unit(NamedTuple):
    """A part of a document as its writer made it: no sentence crosses one.

    Attributes:
        start, end, role: its span in the text, and what it is.
        level: the depth of a heading (1 is the top), or how far an item is indented; else 0.
        under: the number of the unit that it cannot be understood without (its heading, lead-in,
            column names, the question that it answers, or how its sentence begins), whose own
            leads further up; -1 for none.
    """

    start: int
    end: int
    role: Role = Role.PARAGRAPH
    level: int = 0
    under: int = -1


@dataclass(frozen=True, slots=True)
class Page:
    """A part's span and its number as printed in citations (from 1), in parts of its kind."""

    number: int
    start: int
    end: int
    kind: PageKind = PageKind.PAGE


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, as shares of its width and height from its upper left corner."""

    page: int
    left: float
    top: float
    right: float
    bottom: float


SURE = 0.9
"""Of a word: of bad scans 21 of 28 misread numbers are below, of good ones 0 of 160 right ones."""


class SeenWord(NamedTuple):
    """A word read off a picture: as sure as its least sure character, times its page's mean."""

    start: int
    end: int
    page: int
    left: float
    top: float
    right: float
    bottom: float
    sureness: float

    @property
    def is_sure(self) -> bool:
        """Whether it can be relied on."""
        return self.sureness >= SURE


Link = tuple[int, int, str]
"""Start and end of a run of text that leads somewhere, and its address, which is untrusted."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a span of a text is in its file: its bytes, boxes on pages that can be shown, links."""

    bytes: tuple[int, int] | None = None
    boxes: tuple[Box, ...] = ()
    links: tuple[Link, ...] = ()


DocumentId = NewType("DocumentId", str)
"""POSIX path of the file under the corpus folder."""
PassageId = NewType("PassageId", str)
"""`<16 hex digits of the content>:<start>-<end>`: the same text gives the same id, always."""
Turn = tuple[Literal["user", "assistant"], str]
"""Who said what, earlier in a conversation."""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of characters of one document."""

    document_id: DocumentId
    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"a span needs 0 <= start < end, not {self.start}..{self.end}")


@dataclass(frozen=True, slots=True)
class Document:
    """One file as canonical text, with the maps that citations need.

    `sha256` digests the file's bytes, `copies` are the other files that have them. `units` are
    ascending and apart, and hold all the text to cite; `words`, ascending, were read off pictures.
    """

    document_id: DocumentId
    sha256: str
    title: str
    media_type: str
    text: str
    pages: tuple[Page, ...] = ()
    units: tuple[Unit, ...] = ()
    copies: tuple[DocumentId, ...] = ()
    words: tuple[SeenWord, ...] = ()

    @property
    def headings(self) -> tuple[Unit, ...]:
        """The units that are headings."""
        return tuple(unit for unit in self.units if unit.role is Role.HEADING)


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit of retrieval: a run of whole sentences of one document, under one heading.

    Attributes:
        sentences: the spans of its sentences, ascending and without overlap.
        heading: the nearest heading above it or at its start.
        roles: of the units that its sentences are in; empty where all are paragraphs.
        under: what it stands under, from the top: the headings, then a lead-in, column names or
            a question that its first sentence needs and that stand before it.
        language: its code, by which its words are stemmed.
    """

    passage_id: PassageId
    document_id: DocumentId
    start: int
    end: int
    text: str
    sentences: tuple[tuple[int, int], ...]
    heading: str | None = None
    roles: tuple[Role, ...] = ()
    under: tuple[str, ...] = ()
    language: str = "en"


@dataclass(frozen=True, slots=True)
class RankedPassage:
    """A passage with its place (from 1) and scores; `dense` is a cosine, `lexical` a BM25."""

    passage: Passage
    rank: int
    score: float
    dense: float
    lexical: float


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that an answer may cite: its number in the question's list, and its span."""

    number: int
    passage: Passage
    start: int
    end: int

    @property
    def role(self) -> Role:
        """The role of the unit that it is in."""
        roles, sentences = self.passage.roles, self.passage.sentences
        found = (
            role for role, (start, _) in zip(roles, sentences, strict=False) if start == self.start
        )
        return next(found, Role.PARAGRAPH)

    @property
    def text(self) -> str:
        """The sentence's characters."""
        return self.passage.text[self.start - self.passage.start : self.end - self.passage.start]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a quoted row: exactly the text that begins at `start` of the row's.

    `name` is its column's, None where the table has none; an empty cell has the text "".
    """

    name: str | None
    text: str
    start: int


AnswerKind = Literal["answer", "abstention", "reply"]
WRITTEN = "generate"
"""`Answer.answerer` of an answer in a language model's words."""


class Verdict(StrEnum):
    """Quoted word for word, or whether it was confirmed that what is cited says all of it."""

    QUOTED = "quoted"
    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not confirmed"
    QUOTE_NOT_FOUND = "quote not found"
    UNKNOWN_SOURCE = "unknown source"


@dataclass(frozen=True, slots=True)
class Citation:
    """An exact quote: `document.text[start:end] == quote` for the version `sha256`.

    `page` is where the quote begins, in parts of `page_kind`; `copies` are files with the same
    bytes; `unsure` are its numbers that were read off a picture in doubt.
    """

    number: int
    document_id: DocumentId
    sha256: str
    title: str
    start: int
    end: int
    quote: str
    page: int | None = None
    heading: str | None = None
    page_kind: PageKind = PageKind.PAGE
    copies: tuple[DocumentId, ...] = ()
    unsure: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer with the numbers of its citations.

    Attributes:
        text: a quote, or a language model's words.
        citations: numbers in `Answer.citations`.
        verdict: `quoted` or `confirmed`; `not confirmed` only where no verifier is asked.
        confirmed_by: the name of who confirmed a language model's words; empty of all else.
        stands_in: whether it is quoted in place of a sentence that was not confirmed.
        role: of the unit that is quoted.
        level: of a heading or an item, as its unit's; how far a line of code is indented.
        cells: of a row, one for each column that has a name, and those without.
        answering: spans of `text`, the words that answer, where there is no doubt of them.
        block: of a model's reply, which of its paragraphs, lists and tables it is in, from 1.
        mark: of an item of a model's list, the number before it as the model wrote it.
        apart: where several documents say alike, which says this: its name, version and date.
    """

    text: str
    citations: tuple[int, ...]
    verdict: Verdict
    confirmed_by: str = ""
    stands_in: bool = False
    role: Role = Role.PARAGRAPH
    level: int = 0
    cells: tuple[Cell, ...] = ()
    answering: tuple[tuple[int, int], ...] = ()
    block: int = 0
    mark: str = ""
    apart: str = ""

    @property
    def is_prose(self) -> bool:
        """Whether it stands on one line with the sentences of its paragraph."""
        is_lead = self.role is Role.LEAD_IN and self.block > 0
        return is_lead or self.role in (Role.PARAGRAPH, Role.REST)

    @property
    def shown(self) -> str:
        """Its text, with its mark and what tells it from others like it."""
        said = f"{self.mark} {self.text}" if self.mark else self.text
        return f"{said} ({self.apart})" if self.apart else said

    @property
    def marked(self) -> str:
        """The same, with the numbers of its citations."""
        marks = "".join(f"[{n}]" for n in self.citations)
        return f"{self.shown} {marks}" if marks else self.shown


@dataclass(frozen=True, slots=True)
class Computed:
    """What the program has worked out over rows of a document: no quote, and told apart from one.

    Attributes:
        text: the result in the program's words, which say that it was worked out here.
        operation: "count", "sum", "mean", "most", "least", "difference", "all" or "find".
        citations: the numbers in `Answer.citations` of all rows that it rests on.
    """

    text: str
    operation: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Dropped:
    """What a language model wrote, not confirmed: `quotes` it named, `why` says the fault."""

    text: str
    quotes: tuple[str, ...]
    verdict: Verdict
    why: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What a language model was used for one answer.

    Tokens are the server's, else estimates (`is_estimated`). Times are seconds, `first_token_s` of
    the call that wrote the answer, None when nothing came.
    """

    model: str
    n_calls: int
    prompt_tokens: int
    completion_tokens: int
    first_token_s: float | None
    total_s: float
    is_estimated: bool = False


@dataclass(frozen=True, slots=True)
class Consulted:
    """A passage that was read and is not cited; `near` is what of it is nearest to the question."""

    document_id: DocumentId
    title: str
    start: int
    end: int
    text: str
    score: float
    page: int | None = None
    heading: str | None = None
    page_kind: PageKind = PageKind.PAGE
    near: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the assistant says to a question; the same object on every surface.

    Attributes:
        question: what was typed, in canonical form.
        query: what was searched for: the question without its frame, its misspelt words mended.
        statements, citations: its sentences, and the exact quotes that they rest on.
        kind: "answer"; "abstention" when nothing was found that answers; "reply" to what asks no
            document ("Hello!", "What can you do?"), for which nothing is searched.
        reason: why it abstained, or the reply; None of an answer.
        consulted: passages that were read and are not cited.
        answerer: "extract" (quotes), "generate" (a language model's words, checked) or "courtesy".
        confidence: the estimated probability that the corpus answers the question.
        timings, index_version: seconds per stage, and the version of the index that was asked.
        dropped: what a language model wrote and was not confirmed.
        notice, usage: why there are quotes although there is a language model; what that was used.
        n_more: rows or items of the quoted lists and tables that say as much and are not quoted.
        computed: what was worked out over rows; it stands before the statements.
        missing: which of several questions was not answered, which numbers may be misread.
        reading: what the question was taken for; `ask(..., as_=...)` asks for another reading.
        listing: what was counted, chosen or compared of documents; it stands before the statements.
    """

    question: str
    query: str
    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]
    kind: AnswerKind
    reason: str | None
    consulted: tuple[Consulted, ...]
    answerer: str
    confidence: float
    timings: dict[str, float] = field(hash=False)
    index_version: int
    dropped: tuple[Dropped, ...] = ()
    notice: str | None = None
    usage: Usage | None = None
    n_more: int = 0
    computed: tuple[Computed, ...] = ()
    missing: tuple[str, ...] = ()
    reading: Reading = "question"
    listing: Listing | None = None

    @property
    def abstained(self) -> bool:
        """Whether nothing was found that answers; a reply is no abstention."""
        return self.kind == "abstention"

    @property
    def text(self) -> str:
        """What was worked out and stated, with citation numbers; else the reason or the reply."""
        if self.kind != "answer":
            return self.reason or ""
        worked = (f"{one.text} {name_runs(one.citations)}" for one in self.computed)
        listed = self.listing.lines([one.marked for one in self.statements]) if self.listing else ()
        stated = enumerate(beside(self.listing, self.statements))
        lines = groupby(stated, lambda pair: (pair[1].block, -1 if pair[1].is_prose else pair[0]))
        said = (" ".join(one.marked for _, one in line) for _, line in lines)
        return "\n".join((*worked, *listed, *said, *self.missing))

    @property
    def compared(self) -> tuple[Citation, ...]:
        """The citations of rows that what was worked out rests on, and that are not shown."""
        quoted = {number for statement in self.statements for number in statement.citations}
        return tuple(one for one in self.citations if one.number not in quoted)

    @property
    def is_reworded(self) -> bool:
        """Whether something else was searched for than asked."""
        return self.query != " ".join(self.question.split())

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data: the fields, `text` and `abstained`."""
        return {"text": self.text, "abstained": self.abstained, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Stage:
    """What the assistant is doing for a question right now, in words for people."""

    name: Literal["rewriting", "indexing", "searching", "reading", "checking", "writing"]
    detail: str


class Status(StrEnum):
    """How a file of the corpus ended."""

    INDEXED = "indexed"
    WARNING = "indexed with warning"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A line of the ledger: what became of one file, and why.

    `reason` is why it was skipped, of which kind `fault` tells, or the warnings; `title` what it
    calls itself, else the file's name; `n_passages` what of it can be found; `size` is in bytes,
    `settled_at` ISO (UTC), `seconds` what reading took. `copies` are other files with the same
    bytes, `near` documents with nearly the same text.
    """

    document_id: DocumentId
    status: Status
    reason: str | None
    title: str
    n_passages: int
    size: int
    fault: Fault | None = None
    settled_at: str = ""
    seconds: float = 0.0
    copies: tuple[DocumentId, ...] = ()
    near: tuple[DocumentId, ...] = ()
