"""Finds the things that a text names by a number: "room 301", "bills 7731 and 7740".

In: a text. Out: the word and its numbers. Such a number is a name, not an amount: what is said of
room 302 tells nothing of room 301. A word that a number measures ("age 12", "over 300"), a number
with a unit behind it ("300 euros"), a date and a part of a document ("page 4") name nothing here.
And what a question says of a thing beside what such things are called: "line 13", "the gas meter".
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from assistant.text import english as en
from assistant.text.exact import DATES, MONTH_OF, PART_KINDS, SCALES, find_exact
from assistant.text.operations import LIGHT, MEASURED
from assistant.text.terms import find_measures, fold, function_words, terms

Span = tuple[int, int]

MAX_SMALL_DIGITS = 2
"""A number of no more digits may count or order anything."""
MAX_DIGITS = 12
"""Digits of a number that names; a longer one does as a word."""
_ONE = rf"(?:[a-z]{{1,5}}[-/])?\d{{1,{MAX_DIGITS}}}[a-z]?(?!\w|[.,]\d)"
_AND = r"(?:and|or|to|und|oder|bis|et|ou|y|o|e|a)"
_NAMED = re.compile(
    r"(?<!\w)(?P<word>[^\W\d_]{2,40})(?:[ \u00a0:#№.\n]{1,3}|[ -]?[#№] ?)"
    r"(?:(?:no|nr|num|number|nummer|numero|n°|nº)[.:]?[ \u00a0]?[#:]?[ \u00a0]?)?"
    rf"(?P<numbers>{_ONE}(?: ?[,/&–-] ?(?:{_AND} )?{_ONE}| {_AND} {_ONE})*)",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"(?<!\d[.,])\b\w+(?![.,]\d)")
_ENDS_BEFORE = re.compile(r"(?:^|[|:#(\n])\s*$")
_BEGINS_BEHIND = re.compile(r"\s*(?:$|[|:.)\n–-])")
_NUMBER = re.compile(r"\d+[a-z]?", re.IGNORECASE)
_OF_NUMBERS = re.compile(r"(?<=\w{3})[sn]?(?:nummer|nr)$", re.IGNORECASE)
"""What a German word says of being a number: "Rechnungsnummer 7731" names a Rechnung."""
_RANGE = re.compile(r"(\d+)[a-z]?[ ]?(?:[–-]|to|bis|a)[ ]?(\d+)", re.IGNORECASE)
_YEARS = r"(?:\s(?:years?|jahren?|ans|anos|anni)(?: old)?)?"
_OR = r"\s?(?:,\s|\b(?:and|or|und|oder|et|ou|y|o|e)\s)"
_UP = (
    r"above|later|newer|up|upwards?|onwards?|more|higher|over|beyond|greater|darube?r|hoher|spater"
    r"|neuer|mehr|aufwarts|daruber|plus|au[- ]dessus|au[- ]dela|superieure?s?|ulterieure?s?"
    r"|suivante?s?|mas|superior(?:es)?|posterior(?:es)?|mayor(?:es)?|oltre|piu|superiori?e?|successiv[oiae]|mais"
)
_DOWN = (
    r"below|under|younger|earlier|less|lower|fewer|down|smaller|darunter|junger|fruher|niedriger"
    r"|tiefer|weniger|kleiner|abwarts|moins|au[- ]dessous|inferieure?s?|anterieure?s?|precedente?s?"
    r"|menos|inferior(?:es)?|anterior(?:es)?|menor(?:es)?|meno|inferiori?e?|precedenti"
)
_EITHER = (
    r"older|better|worse|alter|besser|schlechter|(?:plus )?agee?s?|mieux|meilleure?s?"
    r"|(?:plus )?recente?s?|(?:plus )?anciens?|mejor(?:es)?|peor|antiguos?|recientes?"
    r"|miglior[ei]?|recenti|melhor(?:es)?"
)
"""Older children have more years, an older edition a smaller number; a better grade is either."""
_ONE_SIDED = re.compile(
    rf"{_YEARS}(?:{_OR}(?:(?P<either>{_EITHER})|(?P<up>{_UP})|(?P<down>{_DOWN}))\b"
    r"(?!\s(?:the|it|is (?:the|an?)|them|a|an|this|der|dem|die|den)\b)"
    r"|\s?(?P<plus>\+)|\s(?P<on>upwards?|onwards?|aufwarts|en adelante|em diante|in su))"
)
"""What stands behind a number and makes a threshold of it: "Windows 10 and later"; folded."""
_UP_FROM = re.compile(
    r"\b(?:ab|at least|mindestens|starting (?:at|with|from)|a partir d\w+|a partire da\w*|au moins"
    r"|al menos|almeno|pelo menos|des)\s(?:the |der |dem |la |le |l['’])?$"
)
_DOWN_FROM = re.compile(
    r"\b(?:up to|until|at most|bis(?: zur| zum)?|hochstens|jusqu'?\w*(?: la| au)?|hasta|fino a\w*"
    r"|au plus|ate)\s(?:the |der |la |le |l['’])?$"
)
_MEASURING = frozenset(
    """aged least most exactly only nearly almost roughly circa approximately maximum minimum max
    min pay pays paid spend spends spent cost costs earn need needs take takes has have is are was
    were buy sell maximal minimal mindestens hochstens etwa ungefahr nur genau zahlen zahle
    zahlt kostet kosten environ seulement payer paie coute coutent unos unas solo pagar cuesta
    soltanto pagare costa apenas cerca custa count worth eur usd gbp chf euro euros dollar
    dollars pound pounds franken""".split()
)


@dataclass(frozen=True, slots=True)
class Numbered:
    """Things of one sort, named by their numbers.

    Attributes:
        word: the term of the word before the numbers.
        numbers: the numbers, as they are written, in lower case.
        start: where the word stands in the text.
        end: where the last number ends.
    """

    word: str
    numbers: frozenset[str]
    start: int
    end: int


def find_numbered(text: str, language: str) -> tuple[Numbered, ...]:
    """Return the things that a question names by a word and a number.

    >>> [(one.word, sorted(one.numbers)) for one in find_numbered("Are rooms 12 or 14 free?", "en")]
    [('room', ['12', '14'])]
    >>> find_numbered("Does a trip of 300 euros on 4 May 2025 need more than 18 days?", "en")
    ()
    """
    light = function_words(language) | _MEASURING | MEASURED | MONTH_OF.keys() | SCALES.keys()
    light |= en.ASKING_OF | PART_KINDS.keys()
    found = {(one.start, one.end): one for one in _find(text, language)}
    for span in _amounts_among(text, found):
        del found[span]
    return tuple(
        one for one in found.values() if fold(_LETTERS.findall(text, one.start)[0]) not in light
    )


def tells_of_others(text: str, asked: Numbered, language: str) -> bool:
    """Whether a text names others of the sort that is asked of and none of those.

    >>> asked, = find_numbered("What is in room 301?", "en")
    >>> tells_of_others("Room no. 302 has a sofa.", asked, "en")
    True
    >>> tells_of_others("Rooms 300 to 305 are on the third floor.", asked, "en")
    False
    >>> tells_of_others("Rooms 300 and up are on the third floor.", asked, "en")
    False
    """
    others = [one for one in _find(text, language) if one.word == asked.word]
    is_spanned = any(
        _spans(text[one.start : one.end], asked) or _is_beyond(text, one, asked) for one in others
    )
    return bool(others) and not is_spanned and not names_any(text, asked, language)


def names_any(text: str, asked: Numbered, language: str) -> bool:
    """Whether one of the things that are asked for is named in a text.

    A number of fewer than three digits may be anything: it stands behind the word, or by itself.

    >>> asked, = find_numbered("Is house 5 let?", "en")
    >>> [names_any(told, asked, "en") for told in ("5: let", "House 6 has 5 rooms and 5 tenants.")]
    [True, False]
    """
    found = [one for one in _WORD.finditer(text) if fold(one[0]) in asked.numbers]
    if not found:
        return False
    pairs = (one for one in _find(text, language) if one.word == asked.word)
    if any(not asked.numbers.isdisjoint(one.numbers) for one in pairs):
        return True
    alone = [
        one.span()
        for one in found
        if len(one[0]) > MAX_SMALL_DIGITS or _is_alone(text, *one.span())
    ]
    return bool(alone) and len(_amounts_among(text, alone)) < len(set(alone))


def _is_alone(text: str, start: int, end: int) -> bool:
    """Whether a number stands by itself: in a cell, or as the number of an item."""
    return bool(_ENDS_BEFORE.search(text[:start][-3:]) and _BEGINS_BEHIND.match(text, end))


def _amounts_among(text: str, spans: Iterable[Span]) -> set[Span]:
    """Return which of a text's numbers are a part of a date, or have a unit behind them."""
    dates = {
        place
        for one in find_exact(text)
        if one.kind in DATES
        for place in range(one.start, one.end)
    }
    units = {start for start, _, _ in find_measures(text)}
    return {
        (start, end)
        for start, end in spans
        if not units.isdisjoint((end, end + 1)) or not dates.isdisjoint(range(start, end))
    }


def _find(text: str, language: str) -> Iterator[Numbered]:
    """Yield what stands as a word with numbers, whatever it says."""
    for match in _NAMED.finditer(text):
        word = "".join(terms(_OF_NUMBERS.sub("", match["word"]), language)[:1])
        numbers = frozenset(map(fold, _NUMBER.findall(match["numbers"])))
        if word:
            yield Numbered(word, numbers, match.start(), match.end())


def _spans(said: str, asked: Numbered) -> bool:
    """Whether numbers from one to another have one of those that are asked for among them."""
    wanted = [int(re.sub(r"\D", "", one)) for one in asked.numbers]
    return any(
        int(low) <= number <= int(high) for low, high in _RANGE.findall(said) for number in wanted
    )


def _is_beyond(text: str, one: Numbered, asked: Numbered) -> bool:
    """Whether a number is a threshold, and one that is asked for on its side of it."""
    behind = _ONE_SIDED.match(fold(text[one.end : one.end + 40]))
    said = behind.groupdict() if behind else {}
    before = fold(text[max(0, one.start - 30) : one.start])
    is_either = bool(said.get("either"))
    is_up = is_either or bool(said.get("up") or said.get("plus") or said.get("on"))
    is_up |= _UP_FROM.search(before) is not None
    is_down = is_either or bool(said.get("down")) or _DOWN_FROM.search(before) is not None
    known, wanted = (
        [int(re.sub(r"\D", "", number)) for number in numbers]
        for numbers in (one.numbers, asked.numbers)
    )
    return (is_up and max(wanted) > max(known)) or (is_down and min(wanted) < min(known))


_OF_ONE = frozenset("the a an der die das den dem des ein eine einen einem einer het een".split())
"""What stands before the name of a single thing."""
_NUMBER_CELL = re.compile(r"#?[^\W\d_]{0,3}\W?\d+[ .]?[^\W\d_]{0,2}")


def find_unheld(question: str, name: str, cells: Collection[str]) -> str:
    """Return the number behind a name, both folded, if all cells are numbers and none is it.

    >>> find_unheld("when does line 13 leave?", "line", ["11", "12 B"])
    '13'
    """
    match = re.search(
        rf"\b{re.escape(name)} (?:n[or]\.? |number )?(?P<n>\d+)(?![\w.,:/-])", question
    )
    if not match or not all(_NUMBER_CELL.fullmatch(cell) for cell in cells):
        return ""
    known = {n.lstrip("0") for cell in cells for n in re.findall(r"\d+", cell)}
    return "" if match["n"].lstrip("0") in known else match["n"]


def find_beside(question: str, name: str, language: str) -> str:
    """Return the words by which a question tells which thing of a name it means, "" if it does not.

    Both folded. Before the name, of one thing, and not as "which gas meter"; in German and Dutch
    also as one word with it; in Romance languages behind it.

    >>> find_beside("what was the gas meter reading?", "meter", "en")
    'gas'
    >>> find_beside("wie steht der gaszahler?", "zahler", "de")
    'gas'
    >>> find_beside("lectura del contador de gas", "contador", "es")
    'gas'
    """
    said = re.escape(name)
    if language in ("fr", "es", "it", "pt"):
        of = r"(?:d[eiau]\w{0,3}\s+(?:l[aeo]s?\s+)?|d['’]\s?)"
        match = re.search(rf"\b{said}\s+{of}(?P<thing>[^\W\d_]+)", question)
        return match["thing"] if match else ""
    if language in ("de", "nl") and (
        match := re.search(rf"\b(?P<thing>[^\W\d_]{{3,}}?)s?-?{said}(?:e?s|e?n)?\b", question)
    ):
        return match["thing"]
    if behind := re.search(rf"\b{said} (?:for|fur) (?P<one>\w+) (?P<thing>\w+ ?\w+)\W*$", question):
        return behind["thing"] if behind["one"] in _OF_ONE else ""
    before = re.search(
        rf"(?<![\w-])(?P<thing>(?:[^\W\d_][\w-]*\s+){{1,4}}){said}\b(?!['’])", question
    )
    words: list[str] = []
    for word in reversed(before["thing"].split() if before else []):
        if word in LIGHT:
            return " ".join(words) if word in _OF_ONE else ""
        words.insert(0, word)
    return ""
