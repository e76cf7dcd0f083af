"""What every set becomes: questions over pooled documents, or claims beside their evidence.

In: the parts, from a loader. Out: frozen values. Refused: gold that contradicts itself.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublicQuestion:
    """One question, and what the set says about its answer.

    `answers` are the strings the set accepts; `evidence` the whole sentences it names as gold.
    A set gives one, both or, where it only tells which documents answer, neither.
    `documents` hold the answer; those of an unanswerable question are what it was written about,
    if anything. Questions of one `group` belong on the same side of a split. `kind` is the set's
    own label, in lower case; `history` the user's earlier turns, oldest first.
    """

    text: str
    answers: tuple[str, ...]
    documents: tuple[str, ...]
    group: str
    is_answerable: bool
    kind: str = ""
    evidence: tuple[str, ...] = ()
    history: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an answer without a document, and an answer to what has none."""
        if self.is_answerable and not self.documents:
            raise ValueError(f"{self.text!r} is answerable, yet no document answers it")
        if self.answers and not self.is_answerable:
            raise ValueError(f"{self.text!r} is not answerable, yet has answers {self.answers!r}")


@dataclass(frozen=True, slots=True)
class PublicSet:
    """The documents of a set by id, no two of one text, and its questions in file order."""

    name: str
    texts: dict[str, str]
    questions: tuple[PublicQuestion, ...]

    def __post_init__(self) -> None:
        """Refuse a question about a document that is not there."""
        for question in self.questions:
            if absent := set(question.documents) - self.texts.keys():
                raise ValueError(f"{self.name}: {question.text!r} names {sorted(absent)}, not here")


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement, the texts it was judged against, and whether they support all of it."""

    text: str
    evidence: tuple[str, ...]
    is_supported: bool
    group: str
