"""Finds a number, date, name or matter in a statement that is not in the quotes it cites.

Numbers and dates must stand in the quotes; a name may also stand in the context (titles, headings).
"""

from collections.abc import Iterable, Iterator, Sequence

from assistant.text import english as en
from assistant.text.dates import Date, find_dates
from assistant.text.numbers import Number, find_numbers, is_pronoun
from assistant.text.words import Word
from assistant.write.check.pairs import CitedStatement

_ORDINARY = en.NO_NAMES | en.RESTRICTING
_OPENERS = frozenset('.!?:("\n')
_LEAST_SHARED = 0.5


def find_new_number(pair: CitedStatement) -> str | None:
    """Find a number that no quote has."""
    told = {number.key for quote in pair.quotes for number in find_numbers(quote)}
    days = {
        (str(day), "order")
        for quote in pair.quotes
        for date in find_dates(quote)
        for day in date.days
    }
    for number in find_numbers(pair.words):
        if number.key not in told | days and not is_pronoun(pair.words, number):
            return f"the number {_show(pair.words, number)} is not in what it cites"
    return None


def find_new_date(pair: CitedStatement) -> str | None:
    """Find a date that no quote has; one of the source may tell more: its day, its year."""
    told = [date for quote in pair.quotes for date in find_dates(quote)]
    for date in find_dates(pair.words):
        if not any(_holds(one, date) for one in told):
            return f"the date {_show(pair.words, date)} is not in what it cites"
    return None


def find_other_count(pair: CitedStatement) -> str | None:
    """Find a number that stands before another thing or unit than in the quotes."""
    told: dict[tuple[str, str], set[str]] = {}
    wholes: dict[tuple[str, str], set[bool]] = {}
    counts: dict[str, set[tuple[str, str]]] = {}
    for quote in pair.quotes:
        for number in find_numbers(quote):
            told.setdefault(number.key, set()).add(_find_unit(quote, number))
            wholes.setdefault(number.key, set()).add(_is_whole(quote, number))
            for thing in _find_things(quote, number):
                counts.setdefault(thing, set()).add(number.key)
    counted = {key for keys in counts.values() for key in keys}
    for number in find_numbers(pair.words):
        unit = _find_unit(pair.words, number)
        if _is_whole(pair.words, number) < min(wholes.get(number.key, {False})):
            return f"the number {_show(pair.words, number)} counts all of them in what it cites"
        things = _find_things(pair.words, number)
        is_known = number.key in counted or any(thing in counts for thing in things)
        is_other = is_known and not any(number.key in counts.get(one, ()) for one in things)
        is_other = is_other and bool(things)
        if (unit and number.key in told and unit not in told[number.key]) or is_other:
            return f"the number {_show(pair.words, number)} counts something else in what it cites"
    return None


def find_new_name(pair: CitedStatement) -> str | None:
    """Find a name that neither the quotes nor the context have."""
    known = _known([*pair.quotes, pair.context])
    texts = {word.text for words in (*pair.quotes, pair.context) for word in words}
    counted = _counted(pair.words)
    for n, word in enumerate(pair.words):
        is_new = not {word.lower, word.term} & known and not _join(pair.words, n) & known
        if word.lower[0].isdigit():
            if is_new and n not in counted:
                return f"{word.text} is not in what it cites"
            continue
        if not word.text[0].isupper():
            continue
        is_acronym = len(word.text) > 1 and word.text.isupper() and word.lower in en.EMPTY
        if is_acronym and not pair.words[0].text.isupper() and word.text not in texts:
            return f"the name {word.text} is not in what it cites"
        if is_new and n not in counted and not _is_ordinary(pair.words, n):
            return f"the name {word.text} is not in what it cites"
    return None


def find_new_matter(pair: CitedStatement) -> str | None:
    """Find a statement, or a clause of it, that shares too few words with what it cites."""
    known = pair.terms | {word.term for word in pair.context}
    said: set[str] = set()
    for part in pair.parts:
        terms = part.clause.terms - {frame.cue for frame in part.frames}
        if len(terms) > 1 and part.clause.has_verb and not terms & known:
            return "it tells what its source does not"
        said |= terms
    if not said & pair.terms:
        return "it shares no word with what it cites"
    is_far = len(said & known) < _LEAST_SHARED * len(said)
    return "it shares too few words with what it cites" if is_far else None


def _holds(told: Date, said: Date) -> bool:
    is_day = set(said.days) <= set(told.days)
    return (
        told.month == said.month
        and is_day
        and (not said.year or said.year == told.year or not told.year)
    )


def _find_unit(words: Sequence[Word], number: Number) -> str:
    """Return the unit behind a number, "" for none."""
    if number.end >= len(words):
        return ""
    behind = words[number.end].lower
    if behind in en.UNIT_KINDS and number.end + 1 < len(words):
        behind = words[number.end + 1].lower
    return en.UNITS.get(behind) or en.UNITS.get(behind.removesuffix("s"), "")


def _is_whole(words: Sequence[Word], number: Number) -> bool:
    """Whether a number counts all of which a part is told: nine in "three of the nine"."""
    before = [word.lower for word in words[max(0, number.start - 2) : number.start]]
    return before[-1:] == ["of"] or before == ["of", "the"]


def _find_things(words: Sequence[Word], number: Number) -> list[str]:
    """Return the term right behind a number or behind "three of the nine": what it counts."""
    end = number.end
    if number.kind in ("order", "decade", "part") or end >= len(words):
        return []
    behind = words[end : end + 5]
    if behind[0].lower == "of" and (whole := find_numbers(behind)) and whole[0].start < 3:
        end += whole[0].end
    if end >= len(words):
        return []
    thing = words[end]
    is_thing = thing.is_content and not thing.lower[0].isdigit() and thing.before == " "
    return [thing.term] if is_thing and thing.lower not in en.MONTHS else []


def _known(texts: Iterable[Sequence[Word]]) -> set[str]:
    """Return the words and terms that stand in texts, also those that hyphens part as one."""
    known: set[str] = set()
    for words in texts:
        for n, word in enumerate(words):
            known |= {word.lower, word.term, *_join(words, n)}
    return known


def _join(words: Sequence[Word], n: int) -> set[str]:
    """Return a word as one with those that a hyphen joins it to."""
    joined = set()
    if words[n].before == "-" and n:
        joined.add(words[n - 1].lower + words[n].lower)
    if words[n].after == "-" and n + 1 < len(words):
        joined.add(words[n].lower + words[n + 1].lower)
    return joined


def _is_ordinary(words: Sequence[Word], n: int) -> bool:
    """Whether a word with a capital is no name: a small word that opens a sentence, a month."""
    word = words[n]
    if word.lower == "i" or word.lower in en.EMPTY or word.lower in en.MONTHS:
        return True
    opens = n == 0 or bool(_OPENERS & set(word.before))
    return word.lower in _ORDINARY and (opens or word.text.isupper())


def _counted(words: Sequence[Word]) -> set[int]:
    """Return the places of the words that tell numbers and dates."""
    spans: Iterator[Number | Date] = iter([*find_numbers(words), *find_dates(words)])
    return {n for span in spans for n in range(span.start, span.end)}


def _show(words: Sequence[Word], span: Number | Date) -> str:
    text = " ".join(word.text for word in words[span.start : span.end])
    return text if len(text) <= 40 else f"{text[:40]}…"
