"""Two documents side by side: what was added, removed or changed, and what each says of a thing.

The parts of both texts (sentences, items, rows, headings) are aligned: those that are equal first,
wherever they stand; then those that are alike in words, the likeliest pair first, likelier under
the same heading. What is left is in one of the two only. Pure.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice, zip_longest

from assistant.answer.folder import Folder, Held, fill
from assistant.answer.summarise import MAX_QUOTED, TOLD, Quoting, Snippet, Spans, Told, list_parts
from assistant.answer.understand import Intent
from assistant.cite import Draft
from assistant.evidence.scorer import Judgement
from assistant.ingest.structure import above, find_unit
from assistant.text.listing import ListedCell, Listing
from assistant.text.terms import fold, function_words, guess_language, query_terms, say_in, terms
from assistant.values import Document, Role, Sentence

MIN_ALIKE = 0.5
"""Share of terms, more under one heading, from which two parts are one that changed."""
SAME_HEADING = 0.15
MAX_PARTS = 3_000
"""Parts of a document that are compared."""
MAX_PAIRS = 200_000
"""Pairs of parts that are weighed."""
MAX_COMMON = 60
"""Parts that have a term: one that more have tells no pair."""
MAX_TOLD = 400
"""Words of a part in which changed words are sought."""
MAX_BESIDE = 2
"""Sentences of either document on what is compared."""
BESIDE_DROP = 1.5
"""Log-odds below the best one from which a sentence is left out of a comparison."""
Weigh = Callable[[str, Sequence[str]], Judgement]
"""Returns how sentences of documents, given by their ids, answer a query."""
_ROLES = (*TOLD, Role.ROW, Role.CODE, Role.CAPTION, Role.QUESTION, Role.LEAD_IN, Role.HEADING)


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of one text, the other, or both, where it has changed; and the heading above it."""

    old: Snippet | None
    new: Snippet | None
    heading: str

    @property
    def kind(self) -> str:
        """Whether it was "added", "removed" or "changed"."""
        return "added" if self.old is None else "removed" if self.new is None else "changed"


def find_changes(old: Document, new: Document) -> list[Difference]:
    """Return what tells two texts apart, in the order of the new one."""
    before, after = list_parts(old, _ROLES)[:MAX_PARTS], list_parts(new, _ROLES)[:MAX_PARTS]
    left_old, left_new = _without_equal(old, before, new, after)
    pairs = _pair(old, {i: before[i] for i in left_old}, new, {j: after[j] for j in left_new})
    of_new = {j: i for i, j in pairs.items()}
    changes: list[tuple[tuple[float, int], Difference]] = []
    for j in left_new:
        one = before[of_new[j]] if j in of_new else None
        changes.append(((float(j), 1), Difference(one, after[j], _heading(new, after[j]))))
    places = {i: float(j) for i, j in pairs.items()}
    equal = _places_of_equal(old, before, new, after)
    for i in left_old:
        if i not in pairs:
            at = max((place for k, place in (equal | places).items() if k < i), default=-1.0)
            changes.append(((at + 0.5, 0), Difference(before[i], None, _heading(old, before[i]))))
    return [change for _, change in sorted(changes, key=lambda pair: pair[0])]


def _said(document: Document, part: Snippet) -> str:
    return " ".join(fold(part.text_in(document)).split())


def _without_equal(
    old: Document, before: Sequence[Snippet], new: Document, after: Sequence[Snippet]
) -> tuple[list[int], list[int]]:
    """Return the places of the parts that the other text does not have word for word."""
    have: dict[str, int] = defaultdict(int)
    for part in after:
        have[_said(new, part)] += 1
    left_old, used = [], defaultdict[str, int](int)
    for i, part in enumerate(before):
        said = _said(old, part)
        if have[said] > used[said]:
            used[said] += 1
        else:
            left_old.append(i)
    left_new = []
    for j, part in enumerate(after):
        said = _said(new, part)
        if used[said]:
            used[said] -= 1
        else:
            left_new.append(j)
    return left_old, left_new


def _places_of_equal(
    old: Document, before: Sequence[Snippet], new: Document, after: Sequence[Snippet]
) -> dict[int, float]:
    place = {_said(new, part): float(j) for j, part in reversed(list(enumerate(after)))}
    found = ((i, place.get(_said(old, part))) for i, part in enumerate(before))
    return {i: at for i, at in found if at is not None}


def _pair(
    old: Document, before: Mapping[int, Snippet], new: Document, after: Mapping[int, Snippet]
) -> dict[int, int]:
    """Return which parts of the old text are which of the new one, changed."""
    language = guess_language(new.text)
    own = {i: _words(old, part, language) for i, part in before.items()}
    other = {j: _words(new, part, language) for j, part in after.items()}
    having: dict[str, list[int]] = defaultdict(list)
    for j, told in other.items():
        for term in told:
            having[term].append(j)
    likely = (
        (i, j)
        for i, told in own.items()
        for j in {j for term in told if len(having[term]) <= MAX_COMMON for j in having[term]}
        if _alike_in_kind(before[i], after[j])
    )
    weighed = []
    for i, j in islice(likely, MAX_PAIRS):
        is_under = _heading(old, before[i]) == _heading(new, after[j])
        weighed.append((_likeness(own[i], other[j]) + SAME_HEADING * is_under, i, j))
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for weight, i, j in sorted(weighed, key=lambda one: (-one[0], abs(one[1] - one[2]))):
        if weight >= MIN_ALIKE and i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)
    return pairs


def _words(document: Document, part: Snippet, language: str) -> frozenset[str]:
    found = frozenset(terms(part.text_in(document), language))
    return found - function_words(language) or found


def _alike_in_kind(one: Snippet, other: Snippet) -> bool:
    return (one.role is Role.HEADING) == (other.role is Role.HEADING) and (
        (one.role is Role.ROW) == (other.role is Role.ROW)
    )


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the share of terms in common, numbers counting half: they are what changes."""

    def weigh(told: frozenset[str]) -> float:
        return sum(0.5 if any(map(str.isdigit, term)) else 1.0 for term in told)

    return weigh(one & other) / (weigh(one | other) or 1.0)


def _heading(document: Document, part: Snippet) -> str:
    """Return the heading above a part, without its number, as it is compared and shown."""
    units = document.units
    over = [n for n in above(units, part.unit) if units[n].role is Role.HEADING]
    if not over:
        return ""
    text = " ".join(document.text[units[over[0]].start : units[over[0]].end].split())
    return re.sub(r"^(?:\d+(?:\.\d+)*\.?|§\s*\d+)\s+", "", text)


def find_changed_words(one: str, other: str) -> tuple[tuple[int, int], ...]:
    """Return the spans of the words of a text that another, which it came from, has not.

    >>> text = "It costs 55 euros."
    >>> [text[a:b] for a, b in find_changed_words(text, "It costs 40 euros.")]
    ['55']
    """
    own = list(re.finditer(r"[^\s.,;:!?()]+(?:[.,:]\d+)*", one))
    others = re.findall(r"[^\s.,;:!?()]+(?:[.,:]\d+)*", other)
    if len(own) > MAX_TOLD or len(others) > MAX_TOLD:
        return ()
    matcher = SequenceMatcher(
        None, [m[0].casefold() for m in own], [w.casefold() for w in others], autojunk=False
    )
    spans = [
        (own[a].start(), own[b - 1].end())
        for tag, a, b, _, _ in matcher.get_opcodes()
        if tag in ("replace", "delete") and b > a
    ]
    n_changed = sum(end - start for start, end in spans)
    return tuple(spans) if n_changed <= 0.7 * len(one) else ()


# --- What is told of two


def tell_two(folder: Folder, request: Intent, two: tuple[Held, Held], weigh: Weigh) -> Told:
    """Return what tells two documents apart, or what each says of an aspect, side by side."""
    titles = [one.name for one in two]
    if titles[0] == titles[1]:
        titles = [one.document_id for one in two]
    if request.topic:
        return _compare_on(folder, request, two, titles, weigh)
    language = request.language
    old, new = (folder.snapshot.document(one.document_id) for one in two)
    changes = find_changes(old, new)
    if not changes:
        text = fill(language, "The texts of “{}” and “{}” are the same.", *titles)
        return Draft((), 1.0), (), Listing(text)
    made = Quoting()
    rows = []
    for change in changes[:MAX_QUOTED]:
        told = [
            " ".join(part.text_in(document).split()) if part else ""
            for part, document in _sides(change, old, new)
        ]
        cells = [
            made.quote(document, part, emphasise=_marker(told[1 - n])) if part else ListedCell("–")
            for n, (part, document) in enumerate(_sides(change, old, new))
        ]
        is_change = request.act == "changed"
        label = say_in(language, change.kind) if is_change else change.heading
        rows.append((ListedCell(label), *cells))
    kinds = [sum(one.kind == kind for one in changes) for kind in ("added", "removed", "changed")]
    said = "From “{}” to “{}”: {} added, {} removed, {} changed; compared here, part by part."
    text = fill(language, said, *titles, *kinds)
    if request.act != "changed":
        said = "“{}” beside “{}”: where they differ, compared here part by part."
        text = fill(language, said, *titles)
    names = ("" if request.act != "changed" else say_in(language, "Change"), *titles)
    n_more = len(changes) - len(rows)
    return made.draft, made.sentences, Listing(text, names, tuple(rows), n_more)


def _marker(other: str) -> Callable[[str], Spans]:
    return lambda text: find_changed_words(text, other) if other else ()


def _sides(
    change: Difference, old: Document, new: Document
) -> tuple[tuple[Snippet | None, Document], tuple[Snippet | None, Document]]:
    return (change.old, old), (change.new, new)


def _compare_on(
    folder: Folder,
    request: Intent,
    two: tuple[Held, Held],
    titles: Sequence[str],
    weigh: Weigh,
) -> Told:
    """Return what each of two documents says of an aspect, side by side."""
    made = Quoting()
    cells = []
    for one in two:
        document = folder.snapshot.document(one.document_id)
        found = _best(document, weigh(request.topic, [one.document_id]), request.topic)
        cells.append([made.quote(document, part) for part in found] or [ListedCell("–")])
    said = "“{}” beside “{}” on “{}”: what was found, no conclusion."
    text = fill(request.language, said, *titles, request.topic)
    rows = tuple(
        (ListedCell(request.topic if not n else ""), *row)
        for n, row in enumerate(zip_longest(*cells, fillvalue=ListedCell()))
    )
    return made.draft, made.sentences, Listing(text, ("", *titles), rows)


def _best(document: Document, judgement: Judgement, topic: str) -> list[Snippet]:
    """Return the sentences that say most of an aspect, in reading order.

    In place of one that only names it, the next: a heading may look like any line.
    """
    asked = set(query_terms(topic))
    score_of: dict[Sentence, float] = {}
    following = (*judgement.sentences[1:], None)
    for score, one, after in zip(judgement.scores, judgement.sentences, following, strict=True):
        language = one.passage.language
        told = set(terms(" ".join((*one.passage.under, one.text)), language))
        if one.role in (Role.HEADING, Role.NAMES) or not asked & told:
            continue
        is_name = set(query_terms(one.text, language)) <= asked
        said = after if is_name and after and after.passage == one.passage else one
        score_of[said] = max(float(score), score_of.get(said, float(score)))
    scored = sorted(score_of.items(), key=lambda pair: -pair[1])
    best = [one for one, score in scored[:MAX_BESIDE] if score >= scored[0][1] - BESIDE_DROP]
    return [
        Snippet(one.start, one.end, find_unit(document.units, one.start), one.role)
        for one in sorted(best, key=lambda sentence: sentence.start)
    ]
