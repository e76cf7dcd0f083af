"""Makes what was chosen whole: a sentence with its question or heading, a list, a table's rows.

What is added is quoted as what was chosen is. Of a long list or table a part is shown, and the rest
counted. Pure, over stored documents.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from assistant.cite import Near, Shape, ShowNear
from assistant.evidence.scorer import Judgement
from assistant.ingest.formats.table import split_row
from assistant.ingest.structure import above, find_unit, list_sentences
from assistant.retrieve.named import name_terms
from assistant.retrieve.query import AskedTerms
from assistant.retrieve.retriever import Retrieval
from assistant.text import english as en
from assistant.text.cues import is_injection, leans_back
from assistant.text.exact import only_exact, read_head
from assistant.text.forms import is_form, read_field
from assistant.text.sentences import split_sentences
from assistant.text.terms import DEFAULT, terms
from assistant.values import (
    ECHOES,
    Cell,
    Document,
    DocumentId,
    Passage,
    PassageId,
    Role,
    Sentence,
    Span,
)

MAX_TOGETHER = 60
"""Items or rows of one list or table that are shown; the rest is counted."""
MAX_READ = 5_000
"""Rows around a chosen one in which others like it are sought: reading them takes 35 ms."""
MAX_BETWEEN = 100
"""Units between the halves of a sentence: footnotes, captions, a table's rows."""
MAX_WORDS = 45
"""Of a paragraph that is shown since its heading is what was asked for."""
FEW_NEAR, FEW_CELLS = 3, 6
"""Rows or items, and cells of a row, that are shown of a passage that answers nothing."""
FEW_WORDS = 30
"""Of such a passage, from its best sentence on."""
SHORT_WORDS = 5
"""An answer of fewer words is shown with its heading."""
WHOLE_WORDS = 4
"""A sentence of so many is shown without the heading of the whole document."""
_LISTED = (Role.ITEM, Role.ROW, Role.CODE)
_LEADING = (Role.LEAD_IN, Role.LABEL, Role.CAPTION, Role.ITEM)

Read = Callable[[str], Document]


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """A sentence to show: its document, its span, and the number of its unit there."""

    document_id: DocumentId
    start: int
    end: int
    unit: int


@dataclass(frozen=True, slots=True)
class Excerpts:
    """Sentences to quote, in reading order, each with how it is drawn.

    `n_more` counts the rows or items of the same lists and tables that are not shown and say as
    much of what was asked.
    """

    shown: tuple[tuple[Sentence, Shape], ...]
    n_more: int


def complete(
    chosen: Sequence[Sentence],
    weights: Mapping[str, float],
    read: Read,
    stems: Mapping[str, str] | None = None,
    *,
    part: str = "",
) -> Excerpts:
    """Return what to quote: documents as they come first among the chosen.

    Args:
        chosen: the sentences that answer, the best of each document's first.
        weights: the question's terms with their idf.
        read: returns a stored document by its id.
        stems: how the documents' languages stem the words of the question -> its terms.
        part: the kind of part that is asked for, whose heading then answers; "" for none.
    """
    asked = AskedTerms(weights, stems or {}, part=part)
    language = {s.passage.document_id: s.passage.language for s in reversed(chosen)}
    shown: dict[DocumentId, dict[_Place, None]] = {}
    more: dict[tuple[DocumentId, int], int] = {}
    for sentence in chosen:
        document = read(sentence.passage.document_id)
        name = document.document_id
        own = replace(asked, language=sentence.passage.language)
        places, n_more = _places(document, sentence, own)
        if n_more:
            list_of = name, document.units[find_unit(document.units, sentence.start)].under
            more[list_of] = max(n_more, more.get(list_of, 0))
        for place in places:
            is_own = (place.start, place.end) == (sentence.start, sentence.end)
            if is_own or not is_injection(document.text[place.start : place.end]):
                shown.setdefault(name, {})[place] = None
    known = {(s.passage.document_id, s.start, s.end): s for s in chosen}
    found: list[tuple[Sentence, Shape]] = []
    for name, places_in in shown.items():
        document = read(name)
        inside = replace(asked, language=language.get(name, DEFAULT))
        for place in _sift(document, sorted(places_in), inside):
            span = place.start, place.end
            sentence = known.get((name, *span)) or sentence_of(document, place.unit, span)
            found.append((sentence, shape_of(document, place.unit, span)))
    return Excerpts(tuple(found), sum(more.values()))


def find_near(retrieval: Retrieval, judgement: Judgement, read: Read) -> ShowNear:
    """Return a function that gives what of a passage is nearest to the question, a few lines.

    That is its best sentence with what makes it readable, as an answer shows it.
    """
    weights, stems = retrieval.term_weights, retrieval.terms.stems
    best: dict[PassageId, tuple[tuple[bool, float], Sentence]] = {}
    for score, sentence in zip(judgement.scores, judgement.sentences, strict=True):
        key = sentence.role not in ECHOES, float(score)
        name = sentence.passage.passage_id
        if name not in best or key > best[name][0]:
            best[name] = key, sentence

    @cache
    def show(passage: Passage) -> Near:
        if passage.passage_id not in best:
            return ()
        chosen = best[passage.passage_id][1]
        asked = AskedTerms(weights, stems, passage.language)
        shown = complete((chosen,), weights, read, stems).shown
        document = read(passage.document_id)
        whole = [*_asked_above(document, chosen, shown), *shown]
        near = _clip(chosen, [*whole, *_following(document, chosen)] if len(whole) == 1 else whole)
        return tuple(
            (one, shape._replace(cells=_few_cells(shape.cells, asked))) for one, shape in near
        )

    return show


def _asked_above(
    document: Document, chosen: Sentence, shown: Sequence[tuple[Sentence, Shape]]
) -> Iterator[tuple[Sentence, Shape]]:
    """Yield the question that a sentence answers in its document, unless it is shown."""
    number = find_unit(document.units, chosen.start)
    for over in above(document.units, number) if number >= 0 else ():
        unit = document.units[over]
        if unit.role is Role.QUESTION and all(one.start != unit.start for one, _ in shown):
            yield sentence_of(document, over), shape_of(document, over)


def _following(document: Document, chosen: Sentence) -> Iterator[tuple[Sentence, Shape]]:
    """Yield the sentences behind one of a paragraph, as far as there is room."""
    passage, units = chosen.passage, document.units
    n_words = len(chosen.text.split())
    number = find_unit(units, chosen.start)
    for start, end in (span for span in passage.sentences if span[0] >= chosen.end):
        following = Sentence(0, passage, start, end)
        n_words += len(following.text.split())
        is_same = find_unit(units, start) == number and chosen.role is Role.PARAGRAPH
        if not is_same or n_words > FEW_WORDS:
            return
        yield following, Shape()


def _clip(
    chosen: Sentence, shown: Sequence[tuple[Sentence, Shape]]
) -> Iterator[tuple[Sentence, Shape]]:
    """Yield the chosen sentence and what is nearest to it: few rows or items, few words of prose.

    Headings are left out: they stand with the passage's place. Rows and items of other passages of
    the same table or list are those passages' own.
    """
    own = range(chosen.passage.start, chosen.passage.end)
    starts = [one.start for one, shape in shown if shape.role in _LISTED and one.start in own]
    at = starts.index(chosen.start) if chosen.start in starts else 0
    first = max(0, min(at - FEW_NEAR // 2, len(starts) - FEW_NEAR))
    listed = starts[first : first + FEW_NEAR]
    n_words = 0
    for one, shape in shown:
        if shape.role in _LISTED:
            if one.start in listed:
                yield one, shape
            continue
        n_words += len(one.text.split())
        is_chosen = one.start == chosen.start
        if is_chosen or (shape.role is not Role.HEADING and n_words <= MAX_WORDS):
            yield one, shape


def _few_cells(cells: Sequence[Cell], asked: AskedTerms) -> tuple[Cell, ...]:
    """Return the cells of a row if they are few; else the first ones and those with asked words."""
    if len(cells) <= FEW_CELLS:
        return tuple(cells)
    told = [n for n, one in enumerate(cells) if n and asked.found_in(one.name or "", one.text)]
    order = [0, *told, *(n for n in range(1, len(cells)) if n not in told)]
    return tuple(cells[n] for n in sorted(order[:FEW_CELLS]))


def _places(document: Document, sentence: Sentence, asked: AskedTerms) -> tuple[list[_Place], int]:
    """Return the sentences of an excerpt around a chosen one, and how many like it are left out."""
    units = document.units
    number = find_unit(units, sentence.start)
    own = _Place(document.document_id, sentence.start, sentence.end, number)
    if number < 0:
        return [own], 0
    over = above(units, number)
    role = units[number].role
    said = document.text[sentence.start : sentence.end]
    told = asked.found_in(*(_text(document, n) for n in over))
    heads = [_whole(document, n) for n in over if _is_asked_part(document, n, asked)]
    if heads and told >= asked.weights.keys() - asked.found_in(*en.SECTIONS[asked.part]):
        return heads[:1], 0
    extra = asked.found_in(said) - told
    places, n_more = [own], 0
    if role in _LISTED and not heads:
        like = _like(document, number, extra, told, asked)
        places = [_whole(document, n) for n in _nearest(like, number)]
        n_more = len(like) - len(places)
    elif role is Role.PARAGRAPH and ((told and not extra) or _is_bare(said)):
        is_about = bool(asked.found_in(said)) and not _is_bare(said)
        places = _paragraph(document, number, own, only_leaning=is_about)
        said = document.text[sentence.start : places[-1].end]
    places += (_whole(document, n) for n in over if _is_needed(document, n, number, said, asked))
    places += heads[:1]
    rest = rest_of(document, number)
    places += [_whole(document, rest)] if rest is not None else []
    return places, n_more


def _is_asked_part(document: Document, number: int, asked: AskedTerms) -> bool:
    """Tell whether a unit heads a part of the kind that is asked for."""
    if not asked.part or document.units[number].role is not Role.HEADING:
        return False
    head = read_head(_text(document, number))
    return head is not None and head.kind in (asked.part, "")


def rest_of(document: Document, number: int) -> int | None:
    """Return the number of the unit that goes on with the sentence of another, if one does."""
    units = document.units
    for n in range(number + 1, min(number + 1 + MAX_BETWEEN, len(units))):
        if units[n].role is Role.REST:
            return n if units[n].under == number else None
    return None


def _nearest(like: Sequence[int], number: int) -> Sequence[int]:
    """Return as many of a run as are shown: the first ones, or those up to the chosen one."""
    last = max(like.index(number) + 1, MAX_TOGETHER)
    return like[max(0, last - MAX_TOGETHER) : last]


def _is_bare(said: str) -> bool:
    """Tell whether a sentence is a date, a number or a code and nothing else: "4 May 2023."."""
    return bool(only_exact(said)) or not any(map(str.isalnum, said))


def _is_needed(document: Document, over: int, number: int, said: str, asked: AskedTerms) -> bool:
    """Tell whether what a unit stands under is shown with it, for it to be understood.

    A question, if it is like the one that is asked; a heading that says more of that than a
    sentence does by itself, or any of it that an item or a row does not say, and the nearest one of
    a short sentence without a label of its own.
    """
    units = document.units
    role = units[over].role
    told = asked.found_in(_text(document, over))
    if role is Role.QUESTION:
        return bool(told)
    if units[number].role is Role.REST and units[number].under == over:
        return True
    if role is not Role.HEADING:
        return role in _LEADING
    is_field = read_field(said) is not None
    is_prose = units[number].role is Role.PARAGRAPH and len(said.split()) >= WHOLE_WORDS
    if _is_title(document, over) or ((is_field or is_prose) and _is_over_all(document, over)):
        return False
    own = asked.found_in(said)
    is_short = len(said.split()) < SHORT_WORDS
    is_terse = is_short or units[number].role in _LISTED
    is_nearest = units[number].under == over and not is_field
    return asked.weigh(told - own) > (0.0 if is_terse else asked.weigh(own)) or (
        is_short and is_nearest
    )


def _is_over_all(document: Document, number: int) -> bool:
    """Tell whether a heading opens a document and no other stands beside it."""
    beside = (one.role is Role.HEADING and one.under < 0 for one in document.units[1:])
    return number == 0 and not any(beside)


def _is_title(document: Document, number: int) -> bool:
    """Tell whether a heading is what the whole document is called, which its sources say."""
    unit = document.units[number]
    called = name_terms(document.document_id).union(terms(document.title))
    return unit.under < 0 and called.issuperset(terms(_text(document, number)))


def _like(
    document: Document,
    number: int,
    extra: frozenset[str],
    told: frozenset[str],
    asked: AskedTerms,
) -> list[int]:
    """Return the units of a list or table that say what one of them says, itself among them.

    All of a list or table whose lead-in, heading or names are what was asked for; else those that
    have all words of the question that this one adds. Each line of a form says something else.
    """
    if not extra and not told:
        return [number]
    alike = _siblings(document, number)
    if read_field(_text(document, number)) and is_form([_text(document, n) for n in alike]):
        return [number]
    return [n for n in alike if extra <= asked.found_in(_text(document, n))] if extra else alike


def _siblings(document: Document, number: int) -> list[int]:
    """Return the units of one list, table or piece of code, with what is nested in its items."""
    units = document.units
    role, under = units[number].role, units[number].under
    first = last = number
    while first > max(0, number - MAX_READ) and units[first - 1].role is role:
        first -= 1
    while last + 1 < min(len(units), number + MAX_READ) and units[last + 1].role is role:
        last += 1
    run = range(first, last + 1)
    if role is Role.ITEM:
        return [n for n in run if under < 0 or under in above(units, n)]
    return [n for n in run if units[n].under == under]


def _paragraph(document: Document, number: int, own: _Place, *, only_leaning: bool) -> list[_Place]:
    """Return the sentences from a chosen one on, as far as its unit and the room go.

    Of one that says itself what was asked, only those that cannot be read without it.
    """
    unit = document.units[number]
    places: list[_Place] = []
    n_words = 0
    for start, end in split_sentences(document.text, [(unit.start, unit.end)]):
        if start < own.start:
            continue
        n_words += len(document.text[start:end].split())
        is_apart = only_leaning and not leans_back(document.text[start:end])
        if places and (n_words > MAX_WORDS or is_apart):
            break
        places.append(own if start == own.start else _Place(own.document_id, start, end, number))
    return places or [own]


def _sift(document: Document, places: Sequence[_Place], asked: AskedTerms) -> list[_Place]:
    """Leave out rows and items that say less of what was asked than others of their table do.

    What all of them stand under says counts for none of them.
    """
    units = document.units
    listed = [
        place
        for place in places
        if place.unit >= 0 and units[place.unit].role in (Role.ROW, Role.ITEM)
    ]
    over = {units[place.unit].under: above(units, place.unit) for place in listed}
    known = {
        under: asked.found_in(*(_text(document, n) for n in numbers))
        for under, numbers in over.items()
    }
    own = {
        place: asked.told_by(document.text[place.start : place.end])
        - known[units[place.unit].under]
        for place in listed
    }
    told: dict[tuple[Role, int], set[frozenset[str]]] = {}
    for place, found in own.items():
        told.setdefault(_list_of(document, place), set()).add(found)
    leading = {units[place.unit].under for place in own}
    return [
        place
        for place in places
        if place not in own
        or place.unit in leading
        or not any(own[place] < other for other in told[_list_of(document, place)])
    ]


def _list_of(document: Document, place: _Place) -> tuple[Role, int]:
    unit = document.units[place.unit]
    return unit.role, unit.under


def _whole(document: Document, number: int) -> _Place:
    unit = document.units[number]
    return _Place(document.document_id, unit.start, unit.end, number)


def _text(document: Document, number: int) -> str:
    unit = document.units[number]
    return document.text[unit.start : unit.end]


def list_within(span: Span, read: Read) -> Iterator[tuple[Sentence, Shape]]:
    """Yield all that stands in a part of a document, sentence by sentence, with how it is drawn.

    An item is led by its heading. What tells whoever answers what to say is left out, and so are
    the names of columns, which each row has.
    """
    document = read(span.document_id)
    units = document.units
    first = max(0, find_unit(units, span.start))
    last = next((n for n in range(first, len(units)) if units[n].start >= span.end), len(units))
    over = above(units, first) if units[first].role in _LISTED else []
    heads = [n for n in over if units[n].role is Role.HEADING][:1]
    heads = [n for n in heads if not _text(document, n).endswith("?")]
    for number in (*heads, *range(first, last)):
        unit = units[number]
        whole = unit.start, unit.end
        is_prose = unit.role is Role.PARAGRAPH
        for part in list_sentences(document.text, [unit]) if is_prose else [whole]:
            is_inside = number < first or part[1] > span.start
            is_shown = is_inside and part[0] < span.end and unit.role is not Role.NAMES
            if is_shown and not is_injection(document.text[slice(*part)]):
                yield sentence_of(document, number, part), shape_of(document, number, part)


def shape_of(document: Document, number: int, span: tuple[int, int] | None = None) -> Shape:
    """Return how a unit, or a span in it, is drawn: its role, its depth, and the cells of a row."""
    if number < 0:
        return Shape()
    unit = document.units[number]
    start, end = span or unit[:2]
    if unit.role is Role.CODE:
        return Shape(unit.role, start - document.text.rfind("\n", 0, start) - 1)
    if unit.role is not Role.ROW:
        return Shape(unit.role, unit.level)
    over = above(document.units, number)[:1]
    names = [_text(document, n) for n in over if document.units[n].role is Role.NAMES]
    return Shape(unit.role, cells=split_row(document.text[start:end], names[0] if names else None))


def sentence_of(document: Document, number: int, span: tuple[int, int] | None = None) -> Sentence:
    """Return a unit, or a span in it, as a sentence in a passage of its own."""
    units = document.units
    role = units[number].role
    start, end = span or units[number][:2]
    text = document.text[start:end]
    headings = [n for n in above(units, number) if units[n].role is Role.HEADING]
    passage = Passage(
        PassageId(f"{document.sha256[:16]}:{start}-{end}"),
        document.document_id,
        start,
        end,
        text,
        ((start, end),),
        " ".join(_text(document, headings[0]).split()) if headings else None,
        (role,),
    )
    return Sentence(0, passage, start, end)
