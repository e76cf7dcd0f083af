"""Makes what was chosen whole: a sentence with its question or heading, a list, a table's rows.

An `Excerpt` is one or more sentences of one document in reading order, each with the role of its
unit. What is added is quoted as what was chosen is. Pure, over stored documents.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from assistant.ingest.structure import above, find_unit
from assistant.text.cues import is_injection
from assistant.text.sentences import split_sentences
from assistant.text.terms import terms
from assistant.values import Document, DocumentId, Passage, PassageId, Role, Sentence

MAX_TOGETHER = 60
"""Items or rows that are shown because others like them are: more are another table."""
MAX_ROWS_ASKED = 30
"""Rows of a table that is asked for as a whole."""
MAX_WORDS = 45
"""Of a paragraph that is shown since its heading is what was asked for."""
SHORT_WORDS = 5
"""An answer of fewer words is shown with its heading."""
_LISTED = (Role.ITEM, Role.ROW, Role.CODE)
_LEADING = (Role.LEAD_IN, Role.LABEL, Role.CAPTION, Role.ITEM)

Read = Callable[[str], Document]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A sentence to show: its document, its span, and the number of its unit there."""

    document_id: DocumentId
    start: int
    end: int
    unit: int


@dataclass(frozen=True, slots=True)
class Query:
    """The terms of a question with what each weighs."""

    weights: Mapping[str, float]

    def found_in(self, *texts: str) -> frozenset[str]:
        """Return which of the question's terms stand in any of the texts."""
        return frozenset(term for text in texts for term in terms(text) if term in self.weights)

    def weigh(self, found: Iterable[str]) -> float:
        """Return the weight of terms, as a share of the question's."""
        return sum(self.weights[term] for term in found) / (sum(self.weights.values()) or 1.0)


def complete(
    chosen: Sequence[Sentence], weights: Mapping[str, float], read: Read
) -> list[tuple[Sentence, Role]]:
    """Return what to quote, in reading order: documents as they come first among the chosen.

    Args:
        chosen: the sentences that answer, the best of each document's first.
        weights: the question's terms with their idf.
        read: returns a stored document by its id.
    """
    asked = Query(weights)
    shown: dict[DocumentId, dict[Place, None]] = {}
    for sentence in chosen:
        document = read(sentence.passage.document_id)
        places = shown.setdefault(document.document_id, {})
        for place in _places(document, sentence, asked):
            is_own = (place.start, place.end) == (sentence.start, sentence.end)
            if is_own or not is_injection(document.text[place.start : place.end]):
                places[place] = None
    known = {(s.passage.document_id, s.start, s.end): s for s in chosen}
    found: list[tuple[Sentence, Role]] = []
    for document_id, places in shown.items():
        document = read(document_id)
        for place in _sift(document, sorted(places), asked):
            sentence = known.get((document_id, place.start, place.end)) or _sentence(
                document, place
            )
            found.append((sentence, _role(document, place)))
    return found


def _places(document: Document, sentence: Sentence, asked: Query) -> list[Place]:
    """Return the sentences of an excerpt around a chosen one."""
    number = find_unit(document.units, sentence.start)
    own = Place(document.document_id, sentence.start, sentence.end, number)
    if number < 0:
        return [own]
    units = document.units
    over = above(units, number)
    role = units[number].role
    said = document.text[sentence.start : sentence.end]
    told = asked.found_in(*(_text(document, n) for n in over))
    extra = asked.found_in(said) - told
    places = [own]
    if role in _LISTED:
        places = [_whole(document, n) for n in _like(document, number, extra, told, asked)]
    elif role is Role.PARAGRAPH and not extra and told:
        places = _paragraph(document, number, own)
    places += (_whole(document, n) for n in over if _is_needed(document, n, number, said, asked))
    return places


def _is_needed(document: Document, over: int, number: int, said: str, asked: Query) -> bool:
    """Tell whether what a unit stands under is shown with it, for it to be understood.

    A question, if it is like the one that is asked; a heading that says more of that than a
    sentence does by itself, or any of it that an item or a row does not say.
    """
    units = document.units
    role = units[over].role
    told = asked.found_in(_text(document, over))
    if role is Role.QUESTION:
        return bool(told)
    if role is not Role.HEADING:
        return role in _LEADING
    own = asked.found_in(said)
    is_short = len(said.split()) < SHORT_WORDS
    is_terse = is_short or units[number].role in _LISTED
    is_nearest = units[number].under == over
    return asked.weigh(told - own) > (0.0 if is_terse else asked.weigh(own)) or (
        is_short and is_nearest
    )


def _like(
    document: Document, number: int, extra: frozenset[str], told: frozenset[str], asked: Query
) -> list[int]:
    """Return the units of a list or table that say what one of them says, itself among them.

    All of a list, or of a small table, whose lead-in, heading or names are what was asked for;
    else those that have all words of the question that this one adds.
    """
    units = document.units
    unit = units[number]
    alike = _siblings(document, number)
    if not extra:
        limit = MAX_ROWS_ASKED if unit.role is Role.ROW else MAX_TOGETHER
        return alike if told and len(alike) <= limit else [number]
    same = [n for n in alike if extra <= asked.found_in(_text(document, n))]
    return same if len(same) <= MAX_TOGETHER else [number]


def _siblings(document: Document, number: int) -> list[int]:
    """Return the units of one list, table or piece of code, with what is nested in its items."""
    units = document.units
    role, under = units[number].role, units[number].under
    first = last = number
    while first > 0 and _goes_on(units[first - 1].role, role):
        first -= 1
    while last + 1 < len(units) and _goes_on(units[last + 1].role, role):
        last += 1
    run = range(first, last + 1)
    if role is Role.ITEM:
        return [n for n in run if units[n].under == under or under in above(units, n) or under < 0]
    return [n for n in run if units[n].role is role and units[n].under == under]


def _goes_on(role: Role, wanted: Role) -> bool:
    return role is wanted


def _paragraph(document: Document, number: int, own: Place) -> list[Place]:
    """Return the sentences from a chosen one on, as far as its unit and the room go."""
    unit = document.units[number]
    places: list[Place] = []
    n_words = 0
    for start, end in split_sentences(document.text, [(unit.start, unit.end)]):
        if start < own.start:
            continue
        n_words += len(document.text[start:end].split())
        if places and n_words > MAX_WORDS:
            break
        places.append(own if start == own.start else Place(own.document_id, start, end, number))
    return places or [own]


def _sift(document: Document, places: Sequence[Place], asked: Query) -> list[Place]:
    """Leave out rows and items that say less of what was asked than others of their table do."""
    units = document.units
    told: dict[tuple[Role, int], list[frozenset[str]]] = {}
    own: dict[Place, frozenset[str]] = {}
    for place in places:
        if place.unit >= 0 and units[place.unit].role in (Role.ROW, Role.ITEM):
            own[place] = asked.found_in(document.text[place.start : place.end])
            unit = units[place.unit]
            told.setdefault((unit.role, unit.under), []).append(own[place])
    return [
        place
        for place in places
        if place not in own
        or not any(own[place] < other for other in told[_key(document, place)])
        or any(units[n.unit].under == place.unit for n in own)
    ]


def _key(document: Document, place: Place) -> tuple[Role, int]:
    unit = document.units[place.unit]
    return unit.role, unit.under


def _whole(document: Document, number: int) -> Place:
    unit = document.units[number]
    return Place(document.document_id, unit.start, unit.end, number)


def _text(document: Document, number: int) -> str:
    unit = document.units[number]
    return document.text[unit.start : unit.end]


def _role(document: Document, place: Place) -> Role:
    return document.units[place.unit].role if place.unit >= 0 else Role.PARAGRAPH


def _sentence(document: Document, place: Place) -> Sentence:
    """Return a sentence that no retrieved passage holds, in a passage of its own."""
    text = document.text[place.start : place.end]
    units = document.units
    headings = [n for n in above(units, place.unit) if units[n].role is Role.HEADING]
    passage = Passage(
        PassageId(f"{document.sha256[:16]}:{place.start}-{place.end}"),
        document.document_id,
        place.start,
        place.end,
        text,
        ((place.start, place.end),),
        " ".join(_text(document, headings[0]).split()) if headings else None,
        (_role(document, place),),
    )
    return Sentence(0, passage, place.start, place.end)
