"""What every question set becomes: questions over documents, or claims beside their evidence.

In: the parts, from a reader. Out: frozen values. Refused: gold that contradicts itself.
"""

from dataclasses import dataclass
from typing import Literal

Turn = tuple[Literal["user", "assistant"], str]
"""Who said what before the question."""


@dataclass(frozen=True, slots=True)
class Gold:
    """A quote that a person, or the set's maker, marked as evidence for the answer."""

    document_id: str
    quote: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question, and what is known of its answer.

    Attributes:
        query_id: its name within the set.
        text: what is asked.
        is_answerable: whether the documents answer it; what they answer in part only is not.
        answers: strings any of which an answer may hold to be right.
        gold: evidence, as alternative sets: citing all of any one set is right.
        documents: those that hold the answer; of an unanswerable question those that it was
            written about, if any.
        group: questions of one group belong on the same side of a split.
        kind: the set's own label, in lower case.
        history: the conversation before it, oldest first.
    """

    query_id: str
    text: str
    is_answerable: bool
    answers: tuple[str, ...] = ()
    gold: tuple[tuple[Gold, ...], ...] = ()
    documents: tuple[str, ...] = ()
    group: str = ""
    kind: str = ""
    history: tuple[Turn, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an answer without a document, and an answer to what has none."""
        if self.is_answerable and not self.documents:
            raise ValueError(f"{self.text!r} is answerable, yet no document answers it")
        if (self.answers or self.gold) and not self.is_answerable:
            raise ValueError(f"{self.text!r} is not answerable, yet has answers or gold")
        if not all(self.gold):
            raise ValueError(f"{self.text!r} has an empty set of gold")

    @property
    def evidence(self) -> tuple[str, ...]:
        """Every quote of every set of gold, once."""
        return tuple(dict.fromkeys(one.quote for together in self.gold for one in together))


@dataclass(frozen=True, slots=True)
class Dataset:
    """The documents of a set by id, no two of one text, and its questions in file order."""

    name: str
    texts: dict[str, str]
    questions: tuple[Question, ...]

    def __post_init__(self) -> None:
        """Refuse a question about a document that is not there, and two of one name."""
        for question in self.questions:
            if absent := set(question.documents) - self.texts.keys():
                raise ValueError(f"{self.name}: {question.text!r} names {sorted(absent)}, not here")
        if len({question.query_id for question in self.questions}) < len(self.questions):
            raise ValueError(f"{self.name}: two questions have one query_id")


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement, the texts it was judged against, and whether they support all of it."""

    text: str
    evidence: tuple[str, ...]
    is_supported: bool
    group: str
