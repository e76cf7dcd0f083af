"""Compares what two sentences deny or leave open, in the languages of `reserves.toml`.

A sentence is cut into clauses, at commas and the like and before words such as "but"; what another
says of the same is found by its words. So this knows sentences in the same words: what is told in
others, or in another language, is left to who understands it.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from itertools import groupby

from assistant.text.exact import DATES, find_exact, readings
from assistant.text.numbers import NUMERAL, find_clocks, find_spelt, read_word
from assistant.text.terms import fold, function_words, guess_language, terms

MAX_CHARS = 2_000
"""Of a sentence that is compared; in a longer one nothing is found."""
MOST = 0.5
"""Share of a sentence's words from which a clause speaks of the same."""
RESERVES = ("possible", "due", "claimed", "provided", "partly", "failing")
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_CUT = re.compile(r"[,;:()–—\n]")
_PHRASES = {
    "partly": re.compile(
        r"\b\w+ (?:of the|of its|der|von|des|de las|de los|dei|delle|dos|das|van de) "
        r"(?:\d+|two|three|four|five|six|seven|eight|nine|ten|zwei|drei|vier|fünf|sechs|sieben|acht"
        r"|deux|trois|quatre|cinq|dos|tres|cuatro|cinco|due|tre|quattro|cinque|dois|três)\b"
    ),
    "due": re.compile(r"\b(?:is|are|was|were) to be\b"),
}
_CONTRACTED = re.compile(r"n['’]t\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause: the terms that it is about, and the kinds of what turns it or leaves it open."""

    terms: frozenset[str]
    kinds: frozenset[str]


@lru_cache(maxsize=1)
def _read_cues() -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the folded words of each kind, by language."""
    text = files("assistant.text").joinpath("reserves.toml").read_text(encoding="utf-8")
    return {
        kind: {code: tuple(map(fold, words.split())) for code, words in by_language.items()}
        for kind, by_language in tomllib.loads(text).items()
    }


@lru_cache(maxsize=64)
def _cues_of(language: str) -> dict[str, frozenset[str]]:
    """Return the words of each kind in a language; what opens a clause is `parts`."""
    told = {kind: words.get(language, ()) for kind, words in _read_cues().items()}
    return {kind: frozenset(words) for kind, words in told.items()}


@lru_cache(maxsize=4096)
def read_clauses(text: str, language: str) -> tuple[Clause, ...]:
    """Return the clauses of a sentence of a language, but those about nothing."""
    cues = _cues_of(language)
    any_cue = frozenset[str]().union(*cues.values())
    dull = function_words(language)
    found = []
    for words in _cut(_CONTRACTED.sub(" not", text[:MAX_CHARS]), cues["parts"]):
        told = [w for n, w in enumerate(words) if language == "de" or not n or w.islower()]
        plain = frozenset(map(fold, told))  # without "May", and "Will" who is a person
        said = [w for w in map(fold, words) if w not in dull and w not in any_cue & plain]
        kinds = {kind for kind, among in cues.items() if not among.isdisjoint(plain)}
        kinds |= {kind for kind, of in _PHRASES.items() if of.search(" ".join(words))}
        about = frozenset(terms(" ".join(said), language))
        if about or kinds - {"parts"}:
            found.append(Clause(about, frozenset(kinds)))
    return tuple(found)


def _cut(text: str, openers: frozenset[str]) -> Iterator[list[str]]:
    for part in _CUT.split(text):
        words: list[str] = []
        for word in _WORD.findall(part):
            if fold(word) in openers and words:
                yield words
                words = []
            words.append(word)
        yield words


def find_turned(statement: str, quotes: Sequence[str]) -> bool:
    """Whether a statement denies what a quote says in the same words, or says what it denies.

    >>> find_turned("The ferry runs in winter.", ["The ferry does not run in winter."])
    True
    >>> find_turned("The ferry rests in winter.", ["The ferry does not run in winter."])
    False
    """
    for own, told, about in _compare(statement, quotes):
        said, over = (frozenset[str]().union(*(one.kinds for one in part)) for part in (own, told))
        if "denies" in said:
            if over.isdisjoint({"denies", "failing", *({"lacking"} - said)}):
                return True
        elif "lacking" in said - over:
            continue
        elif any(
            "denies" in one.kinds and len(one.terms & about) >= MOST * len(about) for one in told
        ):
            return True
    return False


def find_reserve(statement: str, quotes: Sequence[str]) -> str | None:
    """Return the kind of reserve that a quote has in the same words and a statement has not.

    >>> find_reserve("Members wear a helmet.", ["Members should wear a helmet."])
    'due'
    """
    for own, told, _ in _compare(statement, quotes):
        said = frozenset[str]().union(*(one.kinds for one in own))
        lost = frozenset[str]().union(*(one.kinds for one in told)) - said
        lost -= {"claimed"} if "told" in said else set()
        lost -= {"failing"} if "denies" in said else set()
        if found := [kind for kind in RESERVES if kind in lost]:
            return found[0]
    return None


def _compare(
    statement: str, quotes: Sequence[str]
) -> Iterator[tuple[tuple[Clause, ...], tuple[Clause, ...], frozenset[str]]]:
    """Yield the statement's clauses, those of a quote that say the same, and what they are about.

    Only of quotes that have all words of the statement.
    """
    language = guess_language(" ".join((*quotes, statement)))
    own = read_clauses(statement, language)
    about = frozenset[str]().union(*(one.terms for one in own))
    if len(about) < 2:
        return
    for quote in quotes:
        left, told = set(about), list[Clause]()
        clauses = list(read_clauses(quote, language))
        while left and clauses:
            best = max(clauses, key=lambda one: len(one.terms & left))
            if not best.terms & left:
                break
            clauses.remove(best)
            told.append(best)
            left -= best.terms
        if not left:
            yield own, tuple(told), about


def find_new_clause(statement: str, told: str) -> bool:
    """Whether a statement has a clause, or several in a row, of which no word was told.

    >>> find_new_clause("The mill is old, buy more bluebirds.", "The mill is old.")
    True
    """
    language = guess_language(f"{told} {statement}")
    known = frozenset(terms(told, language))
    clauses = groupby(read_clauses(statement, language), lambda one: one.terms.isdisjoint(known))
    return any(is_new and sum(len(one.terms) for one in run) > 1 for is_new, run in clauses)


LEAST_COPIED, LEAST_ADDED = 4, 2
"""Terms of a quote that a statement has all of, and of its own: "also called" is no addition."""


def find_added(statement: str, quotes: Sequence[str], told: str) -> bool:
    """Whether a statement has all words of a quote, and others that were not told.

    >>> told = "The old mill was built of oak."
    >>> find_added("Buy more bluebirds where the old mill was built of oak.", [told], told)
    True
    """
    language = guess_language(f"{told} {statement}")
    own, known = (_terms_of(text, language) for text in (statement, told))
    copied = (_terms_of(quote, language) for quote in quotes)
    is_copied = any(len(one) >= LEAST_COPIED and one <= own for one in copied)
    return is_copied and len(own - known) >= LEAST_ADDED


def _terms_of(text: str, language: str) -> frozenset[str]:
    dull = function_words(language)
    words = (word for word in map(fold, _WORD.findall(text[:MAX_CHARS])) if word not in dull)
    return frozenset(terms(" ".join(words), language))


ALIKE = 0.9
"""Share of all words of two sentences that both have, from which they say it of the same."""
_BY = frozenset("by von durch par por da pelo pela dal dalla door av af przez".split())
"""What a doer stands behind where the done stands first."""
_AT = frozenset(
    "in at on during since im am um bei seit en à a durante em nel nella op sinds i".split()
)
"""What stands before a place or a time, which may stand anywhere in a sentence."""


def find_swapped(statement: str, quotes: Sequence[str]) -> bool:
    """Whether names change places in a sentence that else has the words of a quote.

    >>> find_swapped("Oslo beat Turku in May.", ["Turku beat Oslo in May."])
    True
    >>> find_swapped("Oslo was beaten by Turku in May.", ["Turku beat Oslo in May."])
    False
    """
    return any(_is_swapped(statement, quote) for quote in quotes)


def _is_swapped(statement: str, quote: str) -> bool:
    language = guess_language(f"{quote} {statement}")
    own, told = (_read_order(text, language) for text in (statement, quote))
    both = own.keys() & told.keys()
    if len(both) < ALIKE * len(own.keys() | told.keys()):
        return False
    if _BY.isdisjoint(_words(statement)) is not _BY.isdisjoint(_words(quote)):
        return False
    is_same = _frame(statement) == _frame(quote)
    names = [
        term
        for term in own
        if term in both
        and own[term]
        and (is_same or own[term] != told[term] or own[term] not in _AT)
    ]
    return names != [term for term in told if term in names]


def _read_order(text: str, language: str) -> dict[str, str]:
    """Return the terms in order, each with what stands before it if it is a name, else ""."""
    dull = function_words(language)
    found: dict[str, str] = {}
    before = "^"
    for match in _WORD.finditer(text[:MAX_CHARS]):
        word, lower = match[0], fold(match[0])
        if lower in dull or lower in _AT:
            before = before if before in _AT else lower
            continue
        for term in terms(word, language):
            found.setdefault(term, before if word[0].isupper() else "")
        before = before if word[0].isupper() else lower
    return found


def _frame(text: str) -> list[str]:
    """Return the words of a text in order, but those with a capital."""
    found = _WORD.findall(text[:MAX_CHARS])
    return [fold(word) for word in found if word.islower() or fold(word) in _AT]


def _words(text: str) -> set[str]:
    return set(map(fold, _WORD.findall(text[:MAX_CHARS])))


# --- Amounts: their bounds, "only", parts and rates

_UNSPACED = ("zh", "ja")
_APART = ("denies", "lacking", "failing", "due", "provided")
"""Reserves that say of something else what "only" says of one thing."""
_NOT = frozenset("not nicht non pas no não nao niet inte ikke nie не".split())
"""Before "only" these make no limit of it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How a language bounds an amount: patterns before and behind it, of folded text, and words."""

    before: re.Pattern[str]
    behind: re.Pattern[str]
    until: re.Pattern[str]
    words: Mapping[str, frozenset[str]]
    parts: re.Pattern[str]
    rates: re.Pattern[str]


@lru_cache(maxsize=1)
def _read_bounds() -> dict[str, dict[str, str]]:
    text = files("assistant.text").joinpath("bounds.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@lru_cache(maxsize=32)
def _bounds_of(language: str) -> Bounds | None:
    told = {kind: fold(of[language]) for kind, of in _read_bounds().items() if language in of}
    if "before" not in told:
        return None
    is_unspaced = language in _UNSPACED
    space, no_letter = (r"[^\W\d_]{0,4}?", "") if is_unspaced else (r"\s+", r"(?![^\W_])")
    spelt = "[零一二三四五六七八九十百千两]+" if is_unspaced else r"[^\W\d_]+"
    amount = rf"[$€£]?\s?(?P<n>\d(?:[\d.,]*\d)?|{spelt})"
    start = "" if is_unspaced else r"(?<![^\W_])"
    none = "(?!)"
    words = ("bounding", "only", "apart", "part")
    of = told.get("of", "").replace("|", r"\s+|")
    per = told.get("per", none)
    return Bounds(
        re.compile(rf"{start}(?:{told['before']}){space}{amount}"),
        re.compile(rf"{amount}(?:\s?[^\W\d_%]+|\s?[%€$£])?{space}(?:{told['behind']}){no_letter}"),
        re.compile(rf"{start}(?:{told.get('until', none)}){space}{amount}"),
        {kind: frozenset(told.get(kind, "").split()) for kind in words},
        re.compile(
            rf"{start}(?P<part>{'|'.join(told.get('part', none).split())})\s+"
            rf"(?:{of + chr(92) + 's+' if of else ''})(?P<whole>[^\W\d_]+)"
        ),
        re.compile(
            rf"{start}(?:{per})\s+(?P<a>[^\W\d_]+)\s+(?:[^\W\d_]+\s+)?(?:{per})\s+(?P<b>[^\W\d_]+)"
        ),
    )


def _has(text: str, words: Iterable[str], language: str) -> bool:
    """Whether a folded text has one of the words; of a writing without spaces, as a part."""
    if language in _UNSPACED:
        return any(word in text for word in words)
    return not set(_WORD.findall(text)).isdisjoint(words)


def _numbers_of(said: str, language: str) -> frozenset[Decimal]:
    if said[0].isdigit():
        return frozenset(readings(said))
    return frozenset(map(Decimal, read_word(said, language) or find_spelt(said) or ()))


def find_unbounded(statement: str, quotes: Sequence[str]) -> str | None:
    """Return an amount of which a statement does not tell that it is a bound, as its quotes do.

    >>> find_unbounded("It has stood since 1870.", ["It has stood since at least 1870."])
    '1870'
    >>> find_unbounded("The limit is 90 euros.", ["Up to 90 euros are refunded."])
    """
    of_all = guess_language(" ".join((*quotes, statement)))
    own, language = fold(statement[:MAX_CHARS]), guess_language(statement, of_all)
    told = [(fold(quote[:MAX_CHARS]), guess_language(quote, of_all)) for quote in quotes]
    for code in {language, *(code for _, code in told)}:
        bounds = _bounds_of(code)
        if bounds and _has(own, bounds.words["bounding"], code):
            return None
    if _bounds_of(language) is None:
        return None
    said = {n: match[0] for match in NUMERAL.finditer(own) for n in readings(match[0])}
    said |= {Decimal(n): str(n) for n in find_spelt(own) if n > 1}
    bounded, free = set[Decimal](), set[Decimal]()
    for text, code in told:
        if not (bounds := _bounds_of(code)):
            return None
        found = [*bounds.before.finditer(text), *bounds.behind.finditer(text)]
        spans = [(one.start, one.end) for one in find_exact(text) if one.kind in DATES]
        spans += [(one.start, one.end) for one in find_clocks(text)]
        found += [
            match
            for match in bounds.until.finditer(text)
            if not any(start < match.end() and match.start("n") < end for start, end in spans)
        ]
        places = {match.start("n") for match in found}
        bounded |= {n for match in found for n in _numbers_of(match["n"], code)}
        free |= {
            n
            for match in NUMERAL.finditer(text)
            if match.start() not in places
            for n in readings(match[0])
        }
    return next((said[n] for n in said if n in bounded and n not in free), None)


def find_only(statement: str, quotes: Sequence[str]) -> bool:
    """Whether a statement says that there is nothing else, of which its quotes tell nothing.

    >>> find_only("Dogs are only barred from the hall.", ["Dogs are barred from the hall."])
    True
    """
    language = guess_language(statement, guess_language(" ".join((*quotes, statement))))
    bounds = _bounds_of(language)
    own = _WORD.findall(fold(statement[:MAX_CHARS]))
    if not bounds or bounds.words["only"].isdisjoint(own):
        return False
    if all(
        before in _NOT
        for before, word in zip(["", *own], own, strict=False)
        if word in bounds.words["only"]
    ):
        return False  # "not only"
    for quote in quotes:
        code, text = (
            guess_language(quote, language),
            fold(_CONTRACTED.sub(" not", quote[:MAX_CHARS])),
        )
        other, cues = _bounds_of(code), _cues_of(code)
        if other is None or code in _UNSPACED:
            return False
        told = other.words["apart"].union(*(cues[kind] for kind in _APART))
        if _has(text, told, code) or any(
            pattern.search(text) for pattern in (other.before, other.behind, other.until)
        ):
            return False
    return bool(quotes)


def find_part(statement: str, quotes: Sequence[str]) -> str | None:
    """Return the part of which its quotes say what a statement says of the whole.

    >>> find_part("The bridge is done.", ["The first phase of the bridge is done."])
    'phase'
    """
    language = guess_language(" ".join((*quotes, statement)))
    bounds = _bounds_of(language)
    if not bounds:
        return None
    own, words = _terms_of(statement, language), set(_WORD.findall(fold(statement)))
    if words & (bounds.words["part"] | _cues_of(language)["partly"]):
        return None
    all_told = [term for quote in quotes for term in terms(fold(quote), language)]
    for quote in quotes:
        for match in bounds.parts.finditer(fold(quote[:MAX_CHARS])):
            whole = terms(match["whole"], language)
            if whole and whole[0] in own and all_told.count(whole[0]) == 1:
                return match["part"]
    return None


def find_lost_rate(statement: str, quotes: Sequence[str]) -> str | None:
    """Return what an amount is for each of, too, where a statement names one thing of two.

    >>> find_lost_rate("It is 9 euros per month.", ["It is 9 euros per month and per seat."])
    'seat'
    """
    language = guess_language(" ".join((*quotes, statement)))
    own = frozenset(terms(statement, language))
    if bounds := _bounds_of(language):
        for match in (m for quote in quotes for m in bounds.rates.finditer(fold(quote))):
            a, b = (frozenset(terms(match[name], language)) for name in "ab")
            if (a <= own) is not (b <= own):
                return match["b"] if a <= own else match["a"]
    return None
