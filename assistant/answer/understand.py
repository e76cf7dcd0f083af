"""What a question asks for: something about the tool, the folder, a document, two of them, or text.

A question is matched as a whole with how people ask for such things (`asking.toml`, in six
languages), so that one which only holds the same words stays a question. What it leaves open, as
"the lease", must be the name of a document: else it is a question, too. So "What is in the lease?"
is about a document and "What is in the first-aid box?" is searched for, in every language. Pure.
"""

import datetime
import itertools
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from assistant.answer.follow_up import reply_to
from assistant.text.dates import find_relative_days
from assistant.text.exact import DATES, find_day, find_exact
from assistant.text.listing import Reading
from assistant.text.operations import find_operation
from assistant.text.terms import DEFAULT, fold, guess_language

ASKING_FILE = "asking.toml"
MAX_CHARS = 240
"""A longer question says what it wants to know of a text."""
_KINDS: tuple[Reading, ...] = ("tool", "comparison", "folder", "document")
_ALL = ("count", "sum", "mean")
_LISTED = re.compile(
    r"(?:list|show|name|give)(?: me)?(?: all| every| the)\b"
    r"|(?:liste|nenne?|zeige?)(?: mir)? (?:alle|die)\b"
    r"|(?:liste|enumere|cite)[rz]?(?:-moi)? (?:tou|les)"
    r"|(?:lista|enumera|nombra)(?:me)? (?:tod|l[oa]s)"
    r"|(?:elenca|nomina)(?:mi)? (?:tutt|[ilg])|(?:liste|enumere)(?:-me)? (?:tod|[oa]s)"
)
_MEANT = re.compile(
    r"(?:^|[.?!,;–-]\s+)(?:no,? |sorry,? |nein,? |non,? )?(?:i mean|i meant|ich meine|ich meinte"
    r"|je veux dire|quiero decir|voglio dire|quero dizer)[:,]? ",
    re.IGNORECASE,
)
"""What takes back what was said before it."""
_SLOT = re.compile(r"<(\w+)>")
_ENDS = " \t?.!…¿¡:;,\"“”„«»'"
_NUMBERS = (
    "one a ein eine einem un une uno una um uma|two zwei deux dos due dois duas"
    "|three drei trois tres tre|four vier quatre cuatro quattro quatro"
    "|five funf cinq cinco cinque|six sechs seis sei|seven sieben sept siete sette sete"
    "|eight acht huit ocho otto oito|nine neun neuf nueve nove|ten zehn dix diez dieci dez"
)
_ASKED_N = {
    word: number
    for number, words in enumerate(_NUMBERS.split("|"), start=1)
    for word in words.split()
}


@dataclass(frozen=True, slots=True)
class Intent:
    """What is asked for, and of what.

    Attributes:
        reading: the kind of it.
        act: what of that kind: "count", "summary", "changed"; "" of a question.
        names: what the documents are called that it is about; none: those that are meant anyway.
        topic: what is looked for, or the aspect that is compared.
        when: from when on files have changed, in words.
        suffixes: of the kind of files that is asked for; none: all.
        n: how many sentences are wanted.
        language: whose words it has.
        is_pair: whether `names` are the two that are compared.
        this: what stands for a document that is meant anyway, as "the paper", which may name one.
    """

    reading: Reading
    act: str = ""
    names: tuple[str, ...] = ()
    topic: str = ""
    when: str = ""
    suffixes: tuple[str, ...] = ()
    n: int | None = None
    language: str = DEFAULT
    is_pair: bool = False
    this: str = ""


def understand(question: str, is_known: Callable[[Intent], bool]) -> Intent:
    """Return what a question on one line asks for.

    Args:
        question: in canonical form.
        is_known: whether the folder has what a request names, and the time that it tells is one.

    >>> understand("Summarise the lease", lambda request: True).act
    'summary'
    >>> understand("Summarise the lease", lambda request: False).reading
    'question'
    """
    if reply_to(question) is not None:
        return Intent("greeting")
    for request in list_requests(question):
        if is_known(request):
            return request
    return Intent("all" if asks_all(question) else "question")


def reading_of(question: str, stood: str) -> Reading:
    """Return what a question is taken for that is searched for, given how it stands by itself."""
    if stood != question:
        return "follow-up"
    return "all" if asks_all(question) else "question"


def asks_all(question: str) -> bool:
    """Whether a question asks for all of a kind, how many they are or what they come to."""
    found = find_operation(question)
    return bool((found and found.kind in _ALL) or _LISTED.match(plain(question)))


def list_requests(question: str) -> Iterator[Intent]:
    """Yield what a question may ask for besides text, by the words that it has."""
    said = _MEANT.split(question)[-1].strip(_ENDS)
    if not said or len(said) > MAX_CHARS:
        return
    own = guess_language(question)
    known = _languages()
    for language in sorted(known, key=lambda one: (one != own, one != DEFAULT)):
        yield from _list_in(_Language.of(language), said)


def plain(text: str) -> str:
    """Return a text in lower case and without accents, each character still in its place.

    >>> plain("Résumé, ça")
    'resume, ca'
    """
    return "".join(map(_plain_char, text))


@cache
def _plain_char(char: str) -> str:
    base = unicodedata.normalize("NFD", char)[0]
    lower = base.lower()
    if char in "’‘ʼ":
        return "'"
    return lower if len(lower) == 1 else base


# --- The patterns


@cache
def _languages() -> Mapping[str, Mapping[str, Any]]:
    """Return what the file says of each language, and of kinds of files."""
    text = files("assistant.answer").joinpath(ASKING_FILE).read_text(encoding="utf-8")
    return {code: told for code, told in tomllib.loads(text).items() if code != "kinds"}


@cache
def _kinds() -> tuple[tuple[str, tuple[str, ...]], ...]:
    text = files("assistant.answer").joinpath(ASKING_FILE).read_text(encoding="utf-8")
    return tuple(
        (pattern, tuple(suffixes.split()))
        for pattern, suffixes in tomllib.loads(text)["kinds"].values()
    )


@dataclass(frozen=True, slots=True)
class _Language:
    """How one language asks: the patterns of each act, in order, and what frames a question."""

    code: str
    acts: tuple[tuple[Reading, str, re.Pattern[str]], ...]
    before: re.Pattern[str]
    after: re.Pattern[str]
    this: re.Pattern[str]

    @staticmethod
    @cache
    def of(code: str) -> "_Language":
        """Read what the file says of a language."""
        told = _languages()[code]
        slots = {name: pattern for name, pattern in told.items() if isinstance(pattern, str)}
        slots["kinds"] = "|".join(pattern for pattern, _ in _kinds())
        acts = [
            (kind, act, re.compile(_fill(pattern, slots)))
            for kind in _KINDS
            for act, patterns in told[kind].items()
            for pattern in patterns
        ]
        return _Language(
            code,
            tuple(acts),
            re.compile(told["before"]),
            re.compile(rf"(?:{told['after']})$"),
            re.compile(told["this"]),
        )


_OPEN = {
    "name": r"\S.{0,119}?",
    "a": r"\S.{0,119}?",
    "b": r"\S.{0,119}?",
    "what": r"\S.{0,159}?",
    "when": r"\S.{0,79}?",
    "number": r"\w+",
}


def _fill(pattern: str, slots: Mapping[str, str]) -> str:
    """Return a pattern with what its slots stand for; open ones are groups, numbered from 0."""
    count = itertools.count()

    def write(match: re.Match[str]) -> str:
        name = match[1]
        inside = _OPEN.get(name) or _SLOT.sub(write, slots[name])
        is_group = name in _OPEN or name == "docs"
        return f"(?P<{name}_{next(count)}>{inside})" if is_group else f"(?:{inside})"

    return _SLOT.sub(write, pattern)


def _list_in(language: _Language, said: str) -> Iterator[Intent]:
    """Yield what a question may ask for in the words of a language."""
    text = plain(said)
    start, end = 0, len(text)
    while match := language.before.match(text, start):
        start = match.end()
    while match := language.after.search(text, start, end):
        end = match.start()
    for reading, act, pattern in language.acts:
        if match := pattern.fullmatch(text, start, end):
            yield _read(match, reading, act, language, said)


def _read(
    match: re.Match[str], reading: Reading, act: str, language: _Language, said: str
) -> Intent:
    """Return what a question asks for whose words a pattern has matched."""
    groups = {one.partition("_")[0]: one for one, text in match.groupdict().items() if text}
    found = {name: match[group] for name, group in groups.items()}

    def written(name: str) -> str:
        return said[slice(*match.span(groups[name]))].strip(_ENDS) if name in groups else ""

    names = [written(group) for group in ("a", "b", "name")]
    pair = bool(found.get("a") and found.get("b"))
    named = tuple(one for one in names if one and not language.this.fullmatch(plain(one)))
    request = Intent(reading, act, named, written("what"), written("when"), language=language.code)
    wanted = found.get("number", "")
    number = int(wanted) if wanted.isdecimal() else _ASKED_N.get(wanted)
    docs = found.get("docs", "")
    suffixes = next((own for kind, own in _kinds() if docs and re.fullmatch(kind, docs)), ())
    this = next((one for one in names if one and one not in named), "")
    return replace(request, n=number, suffixes=suffixes, is_pair=pair, this=this)


# --- Words that other modules look for


@cache
def cue_of(act: str) -> re.Pattern[str]:
    """Return the words by which a plain text tells of what an act is about, of all languages."""
    told = (language["cues"][act] for language in _languages().values())
    return re.compile(rf"(?<!\w)(?:{'|'.join(f'(?:{one})' for one in told)})(?:(?<=\s)|(?!\w))")


@cache
def _ways(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    told = _languages().get(language) or _languages()[DEFAULT]
    old, new = (re.compile(rf"\b(?:{told[way]})\b") for way in ("old", "new"))
    return old, new


def qualify(name: str, language: str) -> tuple[str, str]:
    """Return a name without what says which of several it is, and that: "old", "new" or "".

    >>> qualify("the new policy", "en")
    ('the  policy', 'new')
    """
    text = plain(name)
    for way, pattern in zip(("old", "new"), _ways(language), strict=True):
        if match := pattern.search(text):
            return name[: match.start()] + name[match.end() :], way
    return name, ""


def cut_kind(name: str) -> tuple[str, tuple[str, ...]]:
    """Return a name without what says of which kind of file it is, and the suffixes of that kind.

    >>> cut_kind("the budget presentation")
    ('the budget', ('.pptx', '.ppt', '.odp'))
    """
    for pattern, suffixes in _kinds():
        if match := re.search(rf"\b(?:{pattern})\b", plain(name)):
            rest = f"{name[: match.start()].rstrip()} {name[match.end() :].lstrip()}".strip()
            return rest, suffixes
    return name, ()


# --- Since when

_PERIODS = (
    ("week", "week woche semaine semana settimana"),
    ("month", "month monat mois mes mese"),
    ("year", "year jahr annee ano anno"),
)
_WEEKDAYS = (
    "monday montag lundi lunes lunedi segunda", "tuesday dienstag mardi martes martedi terca",
    "wednesday mittwoch mercredi miercoles mercoledi quarta",
    "thursday donnerstag jeudi jueves giovedi quinta",
    "friday freitag vendredi viernes venerdi sexta",
    "saturday samstag samedi sabado sabato", "sunday sonntag dimanche domingo domenica",
)  # fmt: skip
_OF_TIME = frozenset(
    " ".join((*_WEEKDAYS, *(words for _, words in _PERIODS))).split()
    + """since after from in on during within last this past the of weeks months years today
    yesterday seit nach ab dem der den letzte letzten letzter letztem dieser diese diesem diesen
    heute gestern vergangene vergangenen wochen im am depuis apres le la les du de cette ce cet
    derniere dernier passee passe aujourd hui hier desde despues el este esta pasado pasada ultimo
    ultima hoy ayer dal dalla dallo da dopo il lo questo questa scorso scorsa ultimi oggi ieri em
    no na nos neste nesta passado passada ultima hoje ontem o a d""".split()
)
_THIS = re.compile(r"\b(?:this|diese\w?|cette|cet|ce|esta|este|questa|questo|nesta|neste)\b")


def read_since(when: str, today: datetime.date) -> datetime.date | None:
    """Return the day from which on something has changed, as it is told; None if it is not.

    Nothing else may be said than that.
    """
    said = fold(when)
    dates = [one for one in find_exact(said) if one.kind in DATES]
    rest = said
    for one in reversed(dates):
        rest = f"{rest[: one.start]} {rest[one.end :]}"
    if len(dates) > 1 or any(word not in _OF_TIME for word in re.findall(r"[^\W_]+", rest)):
        return None
    for name, words in _PERIODS:
        if re.search(rf"\b(?:{'|'.join(words.split())})s?\b", said):
            return _start_of(name, today, is_this=bool(_THIS.search(said)))
    for relative in find_relative_days(when, today):
        day = find_day(relative.said)
        return _first_day(day) if day else None
    for number, words in enumerate(_WEEKDAYS):
        if re.search(rf"\b(?:{'|'.join(words.split())})\b", said):
            back = (today.weekday() - number) % 7 or 7
            return today - datetime.timedelta(days=back)
    day = find_day(when)
    return _first_day(day) if day else None


def _first_day(day: Sequence[int]) -> datetime.date | None:
    try:
        return datetime.date(*(*day, 1, 1)[:3])
    except ValueError:
        return None


def _start_of(period: str, today: datetime.date, *, is_this: bool) -> datetime.date:
    """Return the first day of this week, month or year, or of the last one."""
    if period == "week":
        return today - datetime.timedelta(days=today.weekday() + (0 if is_this else 7))
    first = today.replace(day=1) if period == "month" else today.replace(month=1, day=1)
    if is_this:
        return first
    last = first - datetime.timedelta(days=1)
    return last.replace(day=1) if period == "month" else last.replace(month=1, day=1)
