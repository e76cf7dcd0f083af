"""A document in some of its own sentences: the central ones, its outline, or those of one kind.

Central is a sentence that shares many words with many others (TextRank: Mihalcea & Tarau 2004, eq.
2 and 3), early ones before late ones, unlike those that are chosen already. Which measure finds the
sentences that people chose was tried on clapnq and quotesum (`docs/figures.md`): TextRank over
terms does better there than the first sentences and than centrality over vectors.

What was decided, what is to be done and by when is told by words, and by the heading above; people,
dates and amounts by their form. All of it is a selection. Pure, over stored documents.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assistant.answer.excerpt import rest_of, sentence_of, shape_of
from assistant.answer.folder import Folder, Held, fill
from assistant.answer.understand import Intent, cue_of, plain
from assistant.cite import Draft, DraftStatement, Shape
from assistant.ingest.structure import above
from assistant.text.cues import is_injection
from assistant.text.exact import find_exact
from assistant.text.listing import ListedCell, Listing
from assistant.text.sentences import split_sentences
from assistant.text.terms import function_words, guess_language, say_in, terms
from assistant.values import Document, Role, Sentence

FEW = 3
"""Sentences of a document in which nothing of the kind that was asked for is found."""
MAX_QUOTED = 40
"""Sentences of one kind, changes, or headings that are shown; the rest is counted."""
MAX_SENTENCES = 1_200
"""Of a document that are compared with each other; of a longer one the first of each part."""
MIN_WORDS, MAX_WORDS = 4, 60
DAMPING = 0.85
N_STEPS = 40
EARLY = 0.5
"""What the place in the document counts, beside centrality, in standard deviations."""
ALIKE = 0.5
"""What being like a chosen one takes off, in standard deviations for a share of terms of 1."""
LIKE_A_FORM = 0.5
"""Share of terms in common from which sentences are made after one pattern."""
N_REPEATED = 3
"""Others like it from which a sentence is a line of a form, and left out where that can be."""
TOLD = (Role.PARAGRAPH, Role.ITEM, Role.NOTE)
Spans = tuple[tuple[int, int], ...]
SELECTED = ("decided", "tasks", "deadlines")
LISTED = ("people", "dates", "amounts")
_MONEY = re.compile(
    r"[$€£¥]\s?\d(?:[\d.,' ]*\d)?|\b\d[\d.,' ]*\s?(?:[$€£¥%]|(?:euros?|eur|dollars?|usd|pounds?|gbp"
    r"|francs?|chf|franken|per ?cent|percent|prozent|pour cent|por ciento|por cento|per cento|reais"
    r"|pesos)\b)",
    re.IGNORECASE,
)
_TITLED = r"(?:Mrs?|Ms|Miss|Dr|Prof|Sir|Herrn?|Frau|Mme|M|Sra?|Sig|Dott|Dra?)\.? "
_NAME = r"[A-ZÀ-ÖØ-Þ][a-zà-öø-ÿ’'-]+"
_PERSON = re.compile(
    rf"(?:{_TITLED}{_NAME}(?: {_NAME})?|{_NAME}(?: [A-Z]\.)?"
    rf"(?: (?:van|von|de|del|della|da|di|la|le|du|el))* {_NAME})(?![\w’'-])"
)


@dataclass(frozen=True, slots=True)
class Snippet:
    """A sentence of a document, or an item or row as a whole: its span and its unit's number."""

    start: int
    end: int
    unit: int
    role: Role

    def text_in(self, document: Document) -> str:
        """Return its characters."""
        return document.text[self.start : self.end]


def list_parts(document: Document, roles: Sequence[Role] = TOLD) -> list[Snippet]:
    """Return the sentences of a document that say something, in order."""
    found = []
    for number, unit in enumerate(document.units):
        if unit.role not in roles:
            continue
        spans: Sequence[tuple[int, int]] = [(unit.start, unit.end)]
        if unit.role is not Role.ROW:
            spans = split_sentences(document.text, spans)
        for start, end in spans:
            if not is_injection(document.text[start:end]):
                found.append(Snippet(start, end, number, unit.role))
    return found


def summarise(
    document: Document, n: int | None = None, *, leads: bool = False
) -> tuple[list[Snippet], int]:
    """Return the n most telling sentences in reading order, and of how many they are chosen.

    By default three to seven, as the document is long; with `leads` the first is one of them.
    """
    told_in = (Role.PARAGRAPH, Role.ITEM)
    parts = [one for one in list_parts(document, told_in) if _is_telling(one.text_in(document))]
    whole = [one for one in parts if one.role is Role.ITEM or _is_whole(one.text_in(document))]
    parts = whole if len(whole) > 1 else parts
    if not parts:
        parts = list_parts(document, (Role.ROW, Role.ITEM, Role.CODE, Role.PARAGRAPH))
        n = n or 3
        return parts[:n], len(parts)
    n_all = len(parts)
    n = n or (3 if n_all < 12 else 5 if n_all < 60 else 7)
    if n_all > MAX_SENTENCES:
        first = {one.unit: one for one in reversed(parts)}
        parts = sorted(first.values(), key=lambda one: one.start)[:MAX_SENTENCES]
    if len(parts) <= n:
        return parts, n_all
    language = guess_language(document.text)
    light = function_words(language)
    terms_of = [
        frozenset(term for term in terms(one.text_in(document), language) if term not in light)
        for one in parts
    ]
    chosen = choose(terms_of, n)
    lead = next((i for i, one in enumerate(parts) if _is_whole(one.text_in(document))), 0)
    if leads and lead not in chosen:
        chosen = sorted((lead, *choose(terms_of, n - 1)))
    return [parts[i] for i in chosen], n_all


def choose(told: Sequence[frozenset[str]], n: int) -> list[int]:
    """Return the places of the n most telling of sentences, given by their terms, ascending.

    >>> choose([frozenset("ab"), frozenset("abcd"), frozenset("cd"), frozenset("x")], 1)
    [1]
    """
    shared = _count_shared(told)
    single = np.flatnonzero(_count_like(told, shared) < N_REPEATED).tolist()
    if n <= len(single) < len(told):
        return [single[i] for i in choose([told[i] for i in single], n)]
    scores = _standardise(rank_central(told, shared))
    scores += EARLY * _standardise(-np.log1p(np.arange(len(told))))
    sizes = np.array([max(1, len(one)) for one in told])
    alike = shared / np.minimum(sizes[:, None], sizes[None, :])
    chosen: list[int] = []
    left = set(range(len(told)))
    while left and len(chosen) < n:
        worth = {
            i: scores[i] - ALIKE * (alike[i, chosen].max() if chosen else 0.0)
            for i in left
            if not chosen or alike[i, chosen].max() < 1 or len(left) <= n - len(chosen)
        }
        best = max(worth or dict.fromkeys(left, 0.0), key=lambda i: (worth.get(i, 0.0), -i))
        chosen.append(best)
        left.discard(best)
    return sorted(chosen)


def rank_central(
    told: Sequence[frozenset[str]], shared: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return how central each sentence is, shape (n,), adding up to about 1.

    The likeness of two is the number of terms that both have over the sum of the logarithms of how
    many each has (Mihalcea & Tarau 2004, eq. 3); what is like many that are central is central.
    """
    n = len(told)
    shared = _count_shared(told) if shared is None else shared
    sizes = np.array([np.log(len(one) + 1.0) for one in told])
    likeness = shared / np.maximum(sizes[:, None] + sizes[None, :], 1e-9)
    np.fill_diagonal(likeness, 0.0)
    likeness /= np.maximum(likeness.sum(axis=1, keepdims=True), 1e-9)
    found = np.full(n, 1.0 / n)
    for _ in range(N_STEPS):
        found = (1 - DAMPING) / n + DAMPING * found @ likeness
    return found


def _count_like(told: Sequence[frozenset[str]], shared: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many others say nearly the same as each sentence, as lines of a form do."""
    sizes = np.array([len(one) for one in told])
    union = np.maximum(sizes[:, None] + sizes[None, :] - shared, 1.0)
    found: NDArray[np.int64] = (shared / union >= LIKE_A_FORM).sum(axis=1) - 1
    return found


def _count_shared(told: Sequence[frozenset[str]]) -> NDArray[np.float64]:
    """Return how many terms each two have in common, shape (n, n)."""
    number_of = {term: n for n, term in enumerate(sorted(set().union(*told)))}
    has = np.zeros((len(told), max(1, len(number_of))), dtype=np.float32)
    for row, own in enumerate(told):
        has[row, [number_of[term] for term in own]] = 1.0
    return (has @ has.T).astype(np.float64)


def _standardise(values: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = float(values.std())
    found: NDArray[np.float64] = (values - values.mean()) / (spread if spread > 1e-9 else 1.0)
    return found


def _is_telling(text: str) -> bool:
    return MIN_WORDS <= len(text.split()) <= MAX_WORDS and not text.rstrip().endswith("?")


def _is_whole(text: str) -> bool:
    return text.rstrip()[-1:] in (".", "!", "。")


def outline(document: Document) -> list[Snippet]:
    """Return the headings of a document, without its title where others follow."""
    found = [
        Snippet(unit.start, unit.end, number, unit.role)
        for number, unit in enumerate(document.units)
        if unit.role is Role.HEADING
    ]
    title = " ".join(document.title.split()).casefold()
    rest = [one for one in found if " ".join(one.text_in(document).split()).casefold() != title]
    return rest or found


# --- Sentences of one kind


def select(document: Document, act: str) -> list[Snippet]:
    """Return the sentences that tell of decisions, tasks or deadlines, by their words.

    So does all that stands under a heading or a lead-in which names them.
    """
    cue = cue_of(act)
    roles = (*TOLD, Role.ROW) if act != "decided" else TOLD
    over = _cued_units(document, cue, act)
    return [
        one
        for one in list_parts(document, roles)
        if over.intersection(above(document.units, one.unit))
        or _is_cued(one.text_in(document), one.role, cue, act)
    ]


def _is_cued(text: str, role: Role, cue: re.Pattern[str], act: str) -> bool:
    """Whether the words of a sentence tell of what is looked for.

    Of a row, its values and the name of its first column; "Task" over another tells of its kind
    alone. A task is also what somebody who is named first does by a day.
    """
    said = plain(text)
    if role is Role.ROW:
        first, *others = said.split(" | ")
        said = " | ".join((first, *(one.partition(": ")[2] or one for one in others)))
    person = _PERSON.match(text) if act == "tasks" else None
    if person and plain(person[0].split()[0]) not in _opening():
        return cue_of("deadlines").search(said) is not None or cue.search(said) is not None
    return cue.search(said) is not None and _has_what(text, act)


def _cued_units(document: Document, cue: re.Pattern[str], act: str) -> frozenset[int]:
    """Return the headings and lead-ins that name what is looked for, but no title of all."""
    roles = [Role.HEADING] if act == "deadlines" else [Role.HEADING, Role.LEAD_IN]
    first = next((n for n, unit in enumerate(document.units) if unit.role is Role.HEADING), -1)
    return frozenset(
        n
        for n, unit in enumerate(document.units)
        if unit.role in roles
        and n != first
        and cue.search(plain(document.text[unit.start : unit.end]))
    )


def _has_what(text: str, act: str) -> bool:
    """Whether a sentence has the thing by which its kind is sure: a day, of a deadline."""
    if act != "deadlines":
        return True
    return any(one.kind in ("date", "month", "day", "number") for one in find_exact(text)) or bool(
        re.search(r"\d|day|week|month|tag|woche|monat|jour|semaine|mois|dia|giorn", plain(text))
    )


@lru_cache(maxsize=8)
def _opening() -> frozenset[str]:
    return frozenset(word for code in ("en", "de", "fr") for word in function_words(code))


def mentions(document: Document, act: str) -> list[tuple[str, Snippet]]:
    """Return people, dates or amounts, each once, with the sentence that first has it."""
    found: dict[str, tuple[str, Snippet]] = {}
    for part in list_parts(document, (*TOLD, Role.ROW, Role.LEAD_IN)):
        for said in _find(part.text_in(document), act):
            line = " ".join(said.split())
            found.setdefault(line.casefold(), (line, part))
    return list(found.values())


def _find(text: str, act: str) -> Iterator[str]:
    if act == "amounts":
        yield from (match[0] for match in _MONEY.finditer(text))
    elif act == "dates":
        yield from (one.text for one in find_exact(text) if one.kind in ("date", "month", "day"))
    else:
        for match in _PERSON.finditer(text):
            first = match[0].split()[0]
            if plain(first) not in _opening():
                yield match[0]


# --- What is told of documents


@dataclass(slots=True)
class Quoting:
    """What is told so far: statements with their sentences, and the table that holds them."""

    sentences: list[Sentence] = field(default_factory=list)
    statements: list[DraftStatement] = field(default_factory=list)

    def quote(
        self,
        document: Document,
        part: Snippet,
        shape: Shape | None = None,
        emphasise: Callable[[str], Spans] = lambda _: (),
    ) -> ListedCell:
        """Take in a sentence of a document; return the cell that holds it.

        `emphasise` returns the spans of its words that tell most.
        """
        span = part.start, part.end
        number = len(self.sentences) + 1
        sentence = replace(sentence_of(document, part.unit, span), number=number)
        if shape is None:
            shape = shape_of(document, part.unit, span)
        is_exact = shape.role in (Role.ROW, Role.CODE)
        text = sentence.text if is_exact else " ".join(sentence.text.split())
        if spans := emphasise(text):
            shape = shape._replace(answering=spans)
        self.sentences.append(sentence)
        self.statements.append(DraftStatement(text, (number,), shape))
        rest = rest_of(document, part.unit)
        if rest is None or span[1] < document.units[part.unit].end:
            return ListedCell(statements=(number - 1,))
        unit = document.units[rest]
        more = self.quote(document, Snippet(unit.start, unit.end, rest, unit.role), shape)
        return ListedCell(statements=(number - 1, *more.statements))

    @property
    def draft(self) -> Draft:
        """What is cited."""
        return Draft(tuple(self.statements), 1.0)


Told = tuple[Draft, Sequence[Sentence], Listing]
"""Statements, the sentences that they quote, and what is said of them."""


def sum_up(folder: Folder, request: Intent, meant: Sequence[Held]) -> Told:
    """Return the summary, key points or outline of one document, or of each of a few."""
    language = request.language
    made = Quoting()
    texts: list[str] = []
    rows: list[tuple[ListedCell, ...]] = []
    for one in meant:
        document = folder.snapshot.document(one.document_id)
        is_about = request.act == "about"
        parts, n_all = summarise(document, request.n or (FEW if is_about else None), leads=is_about)
        said = "“{}”: {} of its {} sentences, chosen here and shown in their order."
        if request.act == "outline" and (headings := outline(document)):
            parts, n_all = headings[:MAX_QUOTED], len(headings)
            said = "“{}”: {} of its {} headings."
        texts.append(fill(language, said, one.name, len(parts), n_all))
        cells = [made.quote(document, part, _shape(document, part, request)) for part in parts]
        rows += ((one.cell() if not n else ListedCell(), cell) for n, cell in enumerate(cells))
    if len(meant) == 1:
        return made.draft, made.sentences, Listing(texts[0])
    names = say_in(language, "Document"), say_in(language, "Sentences")
    return made.draft, made.sentences, Listing(" ".join(texts), names, tuple(rows))


def _shape(document: Document, part: Snippet, request: Intent) -> Shape | None:
    """Return how a sentence of a summary is drawn; None: as it is in its document."""
    if part.role in (Role.ROW, Role.CODE):
        return None
    if request.act == "outline":
        return Shape(Role.ITEM, document.units[part.unit].level)
    return Shape(Role.ITEM) if request.act == "points" else Shape()


def tell_kind(folder: Folder, request: Intent, meant: Sequence[Held]) -> Told:
    """Return the sentences that tell of decisions, tasks, deadlines, people, dates or amounts."""
    asked = meant or folder.documents
    language = request.language
    made = Quoting()
    rows: list[tuple[ListedCell, ...]] = []
    n_all = 0
    for one in sorted(asked, key=lambda held: held.order, reverse=True):
        document = folder.snapshot.document(one.document_id)
        if request.act in LISTED:
            found = mentions(document, request.act)
        else:
            found = [("", part) for part in select(document, request.act)]
        n_all += len(found)
        for value, part in found[: MAX_QUOTED - len(rows)]:
            shape = None if part.role in (Role.ROW, Role.CODE) else Shape(Role.ITEM)
            cell = made.quote(document, part, shape)
            rows.append((one.cell(), ListedCell(value), cell))
    if not rows:
        return _nothing_found(folder, request, meant)
    has_values = request.act in LISTED
    is_one = len(asked) == 1
    shown = [(*row[is_one : 1 + has_values], row[2]) for row in rows]
    head = [*([] if is_one else ["Document"]), *(["Found"] if has_values else []), "Sentence"]
    text = say_in(language, "A selection, found by its words; there may be more.")
    names = tuple(say_in(language, name) for name in head)
    n_more = n_all - len(rows)
    if is_one and not has_values:
        text = f"“{asked[0].name}”: {text}" + (f" +{n_more:,}" if n_more else "")
        return made.draft, made.sentences, Listing(text)
    return made.draft, made.sentences, Listing(text, names, tuple(shown), n_more)


def _nothing_found(folder: Folder, request: Intent, meant: Sequence[Held]) -> Told:
    """Say that no sentence has such words, and sum up the document instead, if it is one."""
    n = len(meant or folder.documents)
    said = "No sentence of that kind was found by its words in {} documents."
    text = fill(request.language, said, f"{n:,}")
    if len(meant) != 1:
        return Draft((), 1.0), (), Listing(text)
    said = "No sentence of that kind was found by its words in “{}”; what it says most of:"
    text = fill(request.language, said, meant[0].name)
    draft, sentences, _ = sum_up(folder, replace(request, act="summary", n=FEW), meant)
    return draft, sentences, Listing(text)
