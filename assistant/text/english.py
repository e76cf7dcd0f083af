"""What kind of thing a question asks for and whether a sentence holds one; opposites and denials.

All are cues, weighed with others: a sentence without any date rarely says when. English only;
a question in another language asks for no kind that is known here.
"""

import re
from functools import cache
from importlib.resources import files

from assistant.text.terms import FUNCTION_WORDS, terms

VERBS_FILE = "verbs.txt"
CAP = r"(?:(?:[A-Z]\.){2,}|[A-ZÀ-ÖØ-Þ][^\W_]*(?:['’-][^\W_]+)*)"
NAME = rf"{CAP}(?: (?:(?:of|de|la|du|von|van|and|for)(?: the)? )?{CAP})*"
MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
NO_NAMES = FUNCTION_WORDS | frozenset(
    """according adding additional additionally along also although among another anyway
    because besides beyond certain consequently despite due during early either even
    eventually every few finally first following former four further furthermore given
    hence however including indeed instead late later less like little many meanwhile
    modern moreover most much nearly neither nevertheless new next nonetheless numerous
    one original originally others outside perhaps present previous previously prior
    recent recently several similar similarly since six soon still subsequent ten
    therefore though three throughout thus today together towards two unlike upon
    various whereas whether within without years yet""".split()
)


_ASKED_TIME = re.compile(r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|century|time|decade)")
_ASKED_NUMBER = re.compile(
    r"\bhow (?:many|much|long|old|far|large|big|often|high|tall)\b|\bpercent|"
    r"\bwhat (?:number|amount)"
)
_ASKED_PERSON = re.compile(r"\b(?:who|whom|whose)\b")

_TIME = re.compile(
    r"\b(?:1\d{3}|20\d\d|\d{1,2}th)\b|\b(?:January|February|March|April|May|June|July|August|"
    r"September|October|November|December|century)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|hundred|thousand|million|billion|"
    r"half|third|percent)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=\S )[A-Z][\w'’-]+")
_WORD = re.compile(r"\w+")

_NEGATION = re.compile(r"\b(?:not|never|no|none|nor|neither|without|cannot)\b|n['’]t\b", re.I)

OPPOSITES_FILE = "opposites.txt"


def misses_kind(question: str, sentence: str) -> bool:
    """Whether the question asks when, how many or who, and the sentence has no such thing.

    A name that the question itself has does not count.

    >>> misses_kind("When was it signed?", "Hertz signed it."), misses_kind("Who?", "So Hertz did.")
    (True, False)
    """
    asked = question.casefold()
    if _ASKED_TIME.search(asked) and not _TIME.search(sentence):
        return True
    if _ASKED_NUMBER.search(asked) and not _NUMBER.search(sentence):
        return True
    if not _ASKED_PERSON.search(asked):
        return False
    words = set(_WORD.findall(asked))
    return all(name.casefold() in words for name in _NAME.findall(sentence))


def has_opposite(question: str, sentence: str) -> bool:
    """Whether the sentence has the opposite of a word of the question, and not the word.

    >>> has_opposite("Who won the last war?", "The first war was won by Hertz.")
    True
    """
    opposites = _load_opposites()
    found = set(terms(sentence))
    asked = set(terms(question)) - found
    return any(opposites[term] & found for term in asked if term in opposites)


def denies(text: str) -> bool:
    """Whether a text denies something.

    >>> denies("Who didn't sign?"), denies("Who signed?")
    (True, False)
    """
    return _NEGATION.search(text) is not None


@cache
def _load_opposites() -> dict[str, frozenset[str]]:
    """Return the terms that are opposites of each term, both ways."""
    text = files("assistant.text").joinpath(OPPOSITES_FILE).read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        one, other = terms(line)
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return {term: frozenset(others) for term, others in found.items()}


@cache
def _load_verbs() -> tuple[tuple[str, str, str], ...]:
    """Return each verb with its past and its participle."""
    text = files("assistant.text").joinpath(VERBS_FILE).read_text(encoding="utf-8")
    found = []
    for word in " ".join(line for line in text.splitlines() if line[:1] != "#").split():
        base, _, forms = word.partition(":")
        past, _, participle = forms.partition(":")
        past = past or f"{base}{'d' if base.endswith('e') else 'ed'}"
        found.append((base, past, participle or past))
    return tuple(found)


def any_verb(form: int) -> str:
    """Return the pattern of all verbs in a form: 1 the past, 2 the participle."""
    return "|".join(verb[form] for verb in _load_verbs())


@cache
def bases() -> dict[str, str]:
    """Return the verb of each past."""
    return {past: base for base, past, _ in _load_verbs()}
