"""What a question names: files and folders, places of documents, and what no document has.

A file named in full limits a question to it. A word of a name ("Oslo" of rental-oslo.txt) makes
its documents likelier, the more the fewer names have it.

What is asked for by a code, date, year or name that occurs nowhere has neighbours that are alike in
pieces of words and in vectors, and are no answer. Not asked for are limits ("since 2024"), and
names in a question that is in German, whose nouns have capitals, or in a language that no document
is in.

A place that a question asks to be read out ("What does clause 9 say?", "page 3 of the manual", "the
notice of 2 May") is found by its number; so is a document's own question by its words, when it is
the one that is asked. Either is shown whole.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistant.ingest.structure import above, extent, find_unit
from assistant.retrieve.query import is_misspelt
from assistant.store.snapshot import Snapshot
from assistant.text import english as en
from assistant.text.exact import (
    BEFORE_DAY,
    DATES,
    LEGAL,
    Exact,
    Place,
    find_day,
    find_exact,
    find_parts,
    is_asked,
    read_head,
    read_place,
)
from assistant.text.terms import (
    DEFAULT,
    fold,
    function_words,
    guess_language,
    query_terms,
    read_query,
    terms,
    terms_by,
)
from assistant.text.words import LETTERS, WORD
from assistant.values import Document, Passage, Role, Span

_WORD_BREAK = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[^\W\d_])(?=\d{2})|[_]+")
_SUFFIX = re.compile(r"\.[A-Za-z]\w{0,5}$")
_PAGED = {
    "page": (".pdf", ".tif", ".tiff"),
    "slide": (".pptx", ".odp"),
    "row": (".csv", ".tsv", ".xlsx", ".ods"),
}
"""The files that have pages of each kind."""
MAX_SHARE = 0.5
"""Of all documents: a word that more names have tells none apart."""


def name_terms(document_id: str, languages: Collection[str] = (DEFAULT,)) -> frozenset[str]:
    """Return the terms of a file's name and its folders, as each of the languages stems them.

    >>> sorted(name_terms("2022/club-Minutes.txt"))
    ['2022', 'club', 'minut']
    """
    return terms_by(_WORD_BREAK.sub(" ", _SUFFIX.sub("", document_id)), languages)


@dataclass(frozen=True, slots=True)
class Names:
    """The names of all documents: which have each term."""

    by_term: Mapping[str, tuple[str, ...]]
    by_file: Mapping[str, tuple[str, ...]]
    n_documents: int

    @classmethod
    def of(cls, documents: Collection[str], languages: Collection[str] = (DEFAULT,)) -> "Names":
        """Read the names of documents, given by their ids, in the languages that they hold."""
        by_term: dict[str, list[str]] = defaultdict(list)
        by_file: dict[str, list[str]] = defaultdict(list)
        for document_id in documents:
            by_file[fold(document_id.rpartition("/")[2])].append(document_id)
            for term in name_terms(document_id, languages):
                by_term[term].append(document_id)
        return cls(
            {term: tuple(found) for term, found in by_term.items()},
            {name: tuple(found) for name, found in by_file.items()},
            len(documents),
        )

    def files_in(self, question: str) -> tuple[str, ...]:
        """Return the documents whose file is named in full, with its suffix."""
        if "." not in question:
            return ()
        said = fold(question)
        return tuple(
            document_id
            for name, found in self.by_file.items()
            if name in said
            and _SUFFIX.search(name)
            and re.search(rf"(?<![\w-]){re.escape(name)}(?!\w)", said)
            for document_id in found
        )

    def of_kind(self, kind: str, query_terms: Collection[str]) -> list[str]:
        """Return the documents that have pages of a kind, those first that a query names."""
        named = self.weigh(query_terms)
        suffixes = _PAGED[kind]
        found = [
            one for ids in self.by_file.values() for one in ids if one.casefold().endswith(suffixes)
        ]
        return sorted(found, key=lambda one: (-named.get(one, 0.0), one))

    def weigh(self, query_terms: Collection[str]) -> dict[str, float]:
        """Return for documents whose names have terms of a query how much that tells."""
        found: dict[str, float] = defaultdict(float)
        for term in query_terms:
            documents = self.by_term.get(term, ())
            if documents and len(documents) <= max(1, MAX_SHARE * self.n_documents):
                for document_id in documents:
                    found[document_id] += math.log(1 + self.n_documents / len(documents))
        return dict(found)


MIN_NAME_LETTERS = 3
_CAPITALS_ARE_NAMES = frozenset("en fr es it pt nl ca ro sv da no fi pl cs".split())
"""Not German, whose nouns have them. Of these, a question may be in one that documents are in."""
_ADJECTIVE = re.compile(en.NATIONS, re.IGNORECASE)


def find_absent(snapshot: Snapshot, query: str, names_of_files: Names) -> tuple[str, ...]:
    """Return what the query asks for exactly and no document has, as it is written there."""
    exact = [one for one in find_exact(query) if is_asked(query, one)]
    asked = read_query(query, snapshot.languages())
    names = list(_names(query, exact, snapshot.languages()))
    wanted = {form for one in exact for form in (*one.forms, *_related(one))}
    wanted |= {form for name in names for form in asked.forms_of(name)}
    known = set(snapshot.count_passages_with(sorted(wanted)))
    known |= wanted & names_of_files.by_term.keys()
    missing = [one.text for one in exact if known.isdisjoint((*one.forms, *_related(one)))]
    missing += [name for name in names if known.isdisjoint(asked.forms_of(name))]
    return tuple(dict.fromkeys(missing))


def _related(one: Exact) -> tuple[str, ...]:
    """Return forms that may stand for one in a document: a day whose year is in its heading."""
    return tuple(form for form in one.also if form.startswith("x"))


def _names(query: str, exact: list[Exact], languages: Collection[str]) -> Iterator[str]:
    """Yield words with a capital that are neither the first nor known to be no name."""
    language = guess_language(query, *tuple(languages)[:1])
    is_held = language == DEFAULT or language in languages
    if language not in _CAPITALS_ARE_NAMES or not is_held or query.istitle() or query.isupper():
        return
    for number, match in enumerate(LETTERS.finditer(query)):
        word = match[0]
        if number == 0 or not word[0].isupper() or len(word) < MIN_NAME_LETTERS or word.isupper():
            continue
        if any(one.start < match.end() and match.start() < one.end for one in exact):
            continue
        if query[: match.start()].rstrip()[-1:] in (".", "?", "!", ":", '"', "“"):
            continue
        lower = fold(word)
        if lower in function_words(language) or lower in en.MONTHS or lower in en.DAYS:
            continue
        if not _ADJECTIVE.fullmatch(lower):
            yield word


# --- Places that are read out

MAX_PLACES = 3
"""Places of one name in several documents that are shown; the rest is counted."""
MAX_READ = 20
"""Documents in which a place is sought."""
N_NEAR = 300
"""Passages in which the name of a place is sought: those that have most of its words."""
MAX_NAME_CHARS = 200
MAX_TOPIC_WORDS = 60
"""Of a place that is shown whole to who asks what it is about; of a longer one its title is."""
MIN_TITLE_WORDS = 2
"""A head of so few words is a number: "Chapter 3"."""
SURE = 3
"""The grade of what is called as the question says, by kind and number."""
NUMBERED = frozenset(("section", "step", "point"))
"""Kinds of which a number alone may tell although others are told by their names."""


@dataclass(frozen=True, slots=True)
class Named:
    """What is to be read out: spans of documents, and how many more have the name.

    Or what is `missing`, of a document if one is meant, with the numbers that are `known`.
    """

    spans: tuple[Span, ...] = ()
    n_more: int = 0
    missing: str = ""
    title: str = ""
    kind: str = ""
    known: tuple[str, ...] = ()


def find_named(
    snapshot: Snapshot, query: str, names: Names, documents: Collection[str] = ()
) -> Named | None:
    """Return what a question asks to be read out; None if it asks for something else.

    Args:
        snapshot: the index.
        query: what is searched for.
        names: those of all documents.
        documents: ids of the documents to search; empty means all.
    """
    language = guess_language(query, *snapshot.languages()[:1])
    for name in names.files_in(query):
        file = re.escape(name.rpartition("/")[2])
        query = re.sub(file, " ", query, flags=re.IGNORECASE)
    place = read_place(query, language)
    if place is None:
        return None
    among = snapshot.rows_of(documents) if documents else None
    wanted = [*sorted(place.rest), *terms(" ".join(_words_of(place.kind))), *_digits(place)]
    wanted += list(snapshot.count_terms_from("§"))[:N_NEAR] if place.kind == "paragraph" else []
    rows = [row for row, _ in snapshot.bm25([*dict.fromkeys(wanted)], k=N_NEAR, among=among)]
    passages = snapshot.passages(rows, documents)
    near = [passages[row] for row in rows]
    heads = _find_heads(near, place)
    held: list[str] = [*heads]
    if place.kind in en.PAGES:
        held = [*documents] or names.of_kind(place.kind, place.rest)
    elif place.rest and not documents:
        held += (name for name in names.weigh(place.rest) if place.rest <= name_terms(name))
    held = list(dict.fromkeys(held))
    read = [snapshot.document(name) for name in held[:MAX_READ]]
    found = [
        one
        for document in read
        for one in _find_places(document, place, heads.get(document.document_id, ()))
    ]
    meant = [one for one in found if place.rest <= one.called]
    (called,) = [one for one in read if place.rest and place.rest <= _called(one)][:1] or (None,)
    known = _list_known(called, near, place)
    best = max((one.grade for one in meant), default=0)
    if best == SURE or (best and (not known or place.kind in NUMBERED)):
        spans = tuple(one.span for one in meant if one.grade == best)
        shown = spans[: max(MAX_PLACES, len(place.numbers))]
        return Named(shown, len(spans) - len(shown), kind=place.kind)
    is_there = place.is_topic and bool(heads)
    if not place.is_asked or is_there or place.kind == "entry" or len(read) < len(held):
        return None
    is_open = found or any(_mentions(one, place) for one in near)
    if called is None and is_open and not best:
        return None
    return Named((), 0, place.said, called.title if called else "", place.kind, known)


@dataclass(frozen=True, slots=True)
class _Found:
    """A part of a document that has the name, how surely it is meant, and what it is called."""

    grade: int
    span: Span
    called: frozenset[str]


def _words_of(kind: str) -> Sequence[str]:
    return en.SECTIONS.get(kind) or en.PAGES.get(kind) or ()


def _digits(place: Place) -> list[str]:
    """Return the terms of a place's numbers."""
    found = [form for forms in place.numbers for form in sorted(forms)]
    if place.kind == "entry":
        return found
    return [term for form in found for term in (*terms(form), f"§{form}")]


def _find_heads(near: Sequence[Passage], place: Place) -> dict[str, list[int]]:
    """Return where in documents passages have the head of a place."""
    found: dict[str, list[int]] = {}
    for one in near if place.kind not in en.PAGES else ():
        roles = one.roles or (Role.PARAGRAPH,) * len(one.sentences)
        for (start, _), head, role in zip(one.sentences, _heads_of(one), roles, strict=True):
            if _grade(head, role, place):
                found.setdefault(one.document_id, []).append(start)
    return found


def _find_places(document: Document, place: Place, heads: Sequence[int]) -> Iterator[_Found]:
    """Yield the parts of a document that have the name, given where units begin that do."""
    called = _called(document)
    text, units, name = document.text, document.units, document.document_id
    if place.kind in en.PAGES:
        asked = {form for forms in place.numbers for form in forms}
        for page in document.pages:
            if (
                page.kind.value == place.kind
                and str(page.number) in asked
                and page.start < page.end
            ):
                yield _Found(SURE, Span(name, page.start, page.end), called)
        return
    for number in sorted({find_unit(units, start) for start in heads}):
        unit = units[number]
        head = text[unit.start : min(unit.end, unit.start + MAX_NAME_CHARS)]
        if grade := _grade(head, unit.role, place):
            over = (text[units[n].start : units[n].end] for n in (number, *above(units, number)))
            end = units[_find_end(document, number, place) - 1].end
            if place.is_topic and len(text[unit.start : end].split()) > MAX_TOPIC_WORDS:
                end = unit.end
                grade *= len(head.split()) > MIN_TITLE_WORDS
            if grade:
                yield _Found(grade, Span(name, unit.start, end), called.union(*map(terms, over)))


def _find_end(document: Document, number: int, place: Place) -> int:
    """Return the number of the unit behind a place: the next of its kind; of a mail all is one."""
    text, units = document.text, document.units
    if place.kind == "entry" and document.media_type == "message/rfc822":
        return len(units)
    end = extent(units, number)
    if units[number].role is Role.HEADING:
        return end
    for n in range(number + 1, end):
        head = read_head(text[units[n].start : units[n].end][:MAX_NAME_CHARS])
        if head and head.kind == place.kind:
            return n
    return _find_text(document, number, end) if units[number].role is Role.ITEM else end


def _find_text(document: Document, number: int, end: int) -> int:
    """Return the number of the unit behind the text that a numbered item heads, if it heads any.

    It does if the next item, or the one before, has text behind it, too: "2. Rent".
    """
    units = document.units
    texts = (n for n in range(end, len(units)) if units[n].role is not Role.PARAGRAPH)
    behind = next(texts, len(units))
    is_between = behind < len(units) and units[behind].role is Role.ITEM
    is_after = number > 1 and units[number - 1].role is Role.PARAGRAPH and behind > end
    is_after &= number > 1 and units[number - 2].role is Role.ITEM
    return behind if is_between or is_after else end


def _grade(text: str, role: Role, place: Place) -> int:
    """Return how surely a unit is the head of a place, 0 for not at all."""
    if place.kind == "entry":
        return _grade_day(text, role, place)
    head = read_head(text)
    if head is None or all(head.forms.isdisjoint(forms) for forms in place.numbers):
        return 0
    is_item = role is Role.ITEM
    if head.kind:
        is_apart = is_item or role in (Role.HEADING, Role.LABEL) or head.is_closed
        is_like = {head.kind, place.kind} <= LEGAL
        return is_apart * (SURE if head.kind == place.kind else 2 * is_like)
    if not (is_item or role is Role.HEADING) or not head.number[0].isdigit() or find_day(text):
        return 0
    return 2 if is_item == (place.kind in ("step", "point")) else 1


def _grade_day(text: str, role: Role, place: Place) -> int:
    days = [one for one in find_exact(text) if one.kind in DATES]
    if not days or place.numbers[0].isdisjoint((*days[0].forms, *days[0].also)):
        return 0
    if role in (Role.HEADING, Role.LABEL):
        return SURE
    return int(BEFORE_DAY.fullmatch(fold(text[: days[0].start])) is not None)


def _mentions(passage: Passage, place: Place) -> bool:
    """Whether a text has the name of a place, wherever."""
    return any(
        kind == place.kind and any(not forms.isdisjoint(one) for forms in place.numbers)
        for kind, numbers in find_parts(passage.text)
        for one in numbers
    )


def _called(document: Document) -> frozenset[str]:
    return name_terms(document.document_id) | frozenset(terms(document.title))


def _list_known(
    document: Document | None, near: Sequence[Passage], place: Place
) -> tuple[str, ...]:
    """Return the numbers of the places of a kind: of a document that is meant, or of any."""
    if document and place.kind in en.PAGES:
        return tuple(str(one.number) for one in document.pages if one.kind.value == place.kind)
    texts = (text for one in near for text in _heads_of(one))
    if document:
        texts = (document.text[one.start : one.end][:MAX_NAME_CHARS] for one in document.units)
    heads = (read_head(text) for text in texts)
    found = {head.number for head in heads if head and head.kind == place.kind}
    return tuple(sorted(found, key=lambda one: ([*map(int, re.findall(r"\d+", one))], one)))


def _heads_of(passage: Passage) -> Iterator[str]:
    """Yield how each sentence of a passage begins."""
    for start, end in passage.sentences:
        first = start - passage.start
        yield passage.text[first : min(end - passage.start, first + MAX_NAME_CHARS)]


# --- Questions that documents ask themselves

_MARKED = re.compile(rf"(?:{en.QUESTION_MARKERS})\s*[:.]\s*(?=\S)")
_CELL = re.compile(rf"(?:{en.QUESTION_MARKERS})\s*:\s*(?P<asked>[^|]+)\|", re.IGNORECASE)
_TURNS = frozenset(
    """out off up down before after without not no never until under over nicht kein keine ohne vor
    nach bis pas ne sans avant apres non sin antes despues senza prima dopo nao sem depois
    who whom whose what which when where why how wer wem wen wann wo warum wieso wie welche welcher
    welches qui quoi quand ou pourquoi comment combien quel quelle quien quienes cuando donde como
    cuanto cuantos cual chi quando dove perche quanto quanti quale quem onde qual""".split()
)
"""Function words that make another question of one."""
_MODALS = frozenset(terms(" ".join(en.MODALS)))


def find_own_question(
    snapshot: Snapshot, query: str, near: Sequence[Passage], is_word: Callable[[str], bool]
) -> Named | None:
    """Return the answers that documents give to the question itself, if they ask it.

    Case, punctuation, words that say nothing and small typing errors make no difference.

    Args:
        snapshot: the index.
        query: what is searched for.
        near: the passages in which the question is sought.
        is_word: whether something is a word even though no document has it.
    """
    held = [
        (one.document_id, start)
        for one in near
        for (start, _), head, role in zip(one.sentences, _heads_of(one), one.roles, strict=False)
        if (own := _read_question(head, role)) and _is_same(snapshot, query, own, is_word)
    ]
    spans = tuple(filter(None, (_answer_to(snapshot.document(name), at) for name, at in held)))
    return Named(spans[:MAX_PLACES], len(spans[MAX_PLACES:])) if spans else None


def _read_question(text: str, role: Role) -> str:
    """Return the question that a unit asks, without its mark; "" if it asks none."""
    if role is Role.ROW:
        cell = _CELL.match(text)
        return cell["asked"] if cell else ""
    is_question = role is Role.QUESTION or (role is Role.HEADING and text.rstrip().endswith("?"))
    return _MARKED.sub("", text, count=1) if is_question else ""


def _is_same(snapshot: Snapshot, query: str, own: str, is_word: Callable[[str], bool]) -> bool:
    language = guess_language(query, *snapshot.languages()[:1])
    turns = [_TURNS.intersection(WORD.findall(fold(text))) for text in (query, own)]
    asked, told = (set(query_terms(text, language)) - _MODALS for text in (query, own))
    new, left = sorted(asked - told), sorted(told - asked)
    if turns[0] != turns[1] or len(new) != len(left):
        return False
    words = {
        stem: match[0] for match in LETTERS.finditer(query) for stem in terms(match[0], language)
    }
    known = snapshot.count_passages_with(new)
    return all(
        is_misspelt(one, other) and one not in known and not is_word(words.get(one, one))
        for one, other in zip(new, left, strict=True)
    )


def _answer_to(document: Document, start: int) -> Span | None:
    """Return the span of a question with its answer; None if nothing answers it."""
    units = document.units
    number = find_unit(units, start)
    end = number + 1 if units[number].role is Role.ROW else extent(units, number)
    has_answer = end > number + 1 or units[number].role is Role.ROW
    return (
        Span(document.document_id, units[number].start, units[end - 1].end) if has_answer else None
    )
