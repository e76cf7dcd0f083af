"""Compares what two sentences deny or leave open, in the languages of `reserves.toml`.

A sentence is cut into clauses, at commas and the like and before words such as "but"; what another
says of the same is found by its words. So this knows sentences in the same words: what is told in
others, or in another language, is left to who understands it.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import groupby

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
