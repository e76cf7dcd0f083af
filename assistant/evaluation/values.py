"""Questions over documents, with what is known of their answers: what every set becomes."""

from dataclasses import dataclass

from assistant.values import Turn


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
        is_answerable: whether the documents answer it; what they answer in part only is not.
        answers: strings any of which an answer may hold to be right.
        wrong: strings that an answer must not hold (misinformation).
        gold: evidence, as alternative sets: citing all of any one set is right.
        documents: those that hold the answer; of an unanswerable question those that it was
            written about, if any.
        group: questions of one group belong on the same side of a split.
        kind: the set's own label, in lower case.
        history: the conversation before it, oldest first.
        grades: relevance of documents in graded sets; without it each of `documents` counts 1.
    """

    query_id: str
    text: str
    is_answerable: bool
    answers: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()
    gold: tuple[tuple[Gold, ...], ...] = ()
    documents: tuple[str, ...] = ()
    group: str = ""
    kind: str = ""
    history: tuple[Turn, ...] = ()
    grades: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        """Refuse an answer to what has none."""
        if (self.answers or self.wrong or self.gold) and not self.is_answerable:
            raise ValueError(f"{self.text!r} is not answerable, yet has answers or gold")
        if both := set(self.answers) & set(self.wrong):
            raise ValueError(f"{self.text!r} calls {sorted(both)} both right and wrong")
        if not all(self.gold):
            raise ValueError(f"{self.text!r} has an empty set of gold")

    @property
    def evidence(self) -> tuple[str, ...]:
        """Every quote of every set of gold, once."""
        return tuple(dict.fromkeys(one.quote for together in self.gold for one in together))


@dataclass(frozen=True, slots=True)
class Dataset:
    """The documents of a set by id, no two of one text, and its questions in file order.

    Where nothing says what the answer is, they are for ranking alone.
    """

    name: str
    texts: dict[str, str]
    questions: tuple[Question, ...]
    is_ranking: bool = False

    def __post_init__(self) -> None:
        """Refuse an answer in no document or one that is not there, and two of one query_id."""
        for question in self.questions:
            if question.is_answerable and not question.documents:
                raise ValueError(f"{question.text!r} is answerable, yet no document answers it")
            if absent := set(question.documents) - self.texts.keys():
                raise ValueError(f"{self.name}: {question.text!r} names {sorted(absent)}, not here")
        if len({question.query_id for question in self.questions}) < len(self.questions):
            raise ValueError(f"{self.name}: two questions have one query_id")
