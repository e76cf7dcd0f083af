"""The terms of a text: for the lexical index, for BM25 queries, and for comparing texts.

A term is a run of letters and digits: compatibility-normalised (NFKC), case-folded, without Latin
accents, and stemmed (Snowball English). Scripts without spaces between words give overlapping pairs
of characters. A text without letters and digits has no terms.

Units of measure and money are one term however they are written: "40 kg" and "kilograms", "°C" and
"degrees Celsius", "%" and "per cent". Letters that may mean something else ("m", "h") are a unit
only behind a number.
"""

import re
import threading
import unicodedata
from collections.abc import Iterator

import Stemmer

from assistant.text.english import FUNCTION_WORDS

_UNITS = {
    "kilogram": "kg kgs kilo kilos kilogramme kilogrammes kilogramm", "milligram": "mg",
    "gram": "gramme grammes gramm", "pound": "lb lbs gbp £", "ounce": "oz",
    "kilometre": "km kms kilometer kilometers kilometern", "metre": "meter meters metern",
    "centimetre": "cm centimeter centimeters zentimeter", "foot": "ft",
    "millimetre": "mm millimeter millimeters", "litre": "liter liters litro litros litri",
    "millilitre": "ml milliliter milliliters", "centilitre": "cl centiliter",
    "hour": "hr hrs stunde stunden heure heures hora horas", "minute": "mins minuten minutos",
    "second": "sec secs sekunde sekunden", "percent": "% pct prozent percentage", "degree": "°",
    "euro": "€ eur", "dollar": "$ usd", "franc": "chf franken", "kilowatt": "kw",
    "kilowatt hour": "kwh", "megabyte": "mb", "gigabyte": "gb", "kilobyte": "kb", "terabyte": "tb",
    "square metre": "qm sqm m2", "cubic metre": "m3", "mile hour": "mph",
    "kilometre hour": "kmh kph",
}  # fmt: skip
_BEHIND_NUMBER = {
    "m": "metre", "g": "gram", "t": "tonne", "l": "litre", "h": "hour", "std": "hour",
    "min": "minute", "grad": "degree", "w": "watt", "v": "volt", "s": "second",
}  # fmt: skip
_UNIT_OF = {form: unit.split() for unit, forms in _UNITS.items() for form in forms.split()}
_LETTERS = sorted((form for form in {*_UNIT_OF, *_BEHIND_NUMBER} if form.isalnum()), key=len)
_AMOUNT = re.compile(
    rf"(?<=\d)(?: ?({'|'.join(one for one in _LETTERS[::-1] if one not in 'gs')})"
    r"|(?: |(?<=\d\d))(g)| (s))(?![^\W_])"
)
"""A unit behind a number; "5g" is no weight, "90s" no duration."""
_SIGN = re.compile(r"[%€$£°]")
_PER_CENT = re.compile(r"\b(?:per|pour|por) c(?:ent|iento|ento)\b")
_CELSIUS = re.compile(r"° ?c\b")

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_TOKEN = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+|[%€$£°]")
_ACCENT = re.compile("[\u0300-\u036f]")
_LOCAL = threading.local()


def terms(text: str) -> list[str]:
    """Return the terms of a text, in order, repeats and function words included.

    >>> terms("The hackers' Hacking, 2021!")
    ['the', 'hacker', 'hack', '2021']
    >>> terms("数字経済")
    ['数字', '字経', '経済']
    >>> terms("max. 40kg") == terms("max. 40 kilograms")
    True
    """
    found: list[str] = []
    words: list[str] = []
    for token in _read(text):
        if token[0] >= "\u0e00" and re.match(f"[{_UNSPACED}]", token[0]):
            found += _stem(words) + _pairs(token)
            words = []
        else:
            words.append(token)
    return found + _stem(words)


def query_terms(text: str) -> list[str]:
    """Return the distinct terms of a question, function words only when it has no others."""
    content = " ".join(w for w in _read(text) if w not in FUNCTION_WORDS)
    return list(dict.fromkeys(terms(content) or terms(text)))


def unit_of(said: str) -> str:
    """Return a unit that stands behind a number, or what else stands there, in one form.

    >>> unit_of("€"), unit_of("EUR"), unit_of("km"), unit_of("boxes")
    ('euro', 'euro', 'kilometr', 'box')
    """
    return " ".join(terms(f"1 {said}")[1:])


def find_measures(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the span of each sign, and of each unit right behind a number, with its term."""
    folded = text.casefold()
    if len(folded) == len(text):
        for match in (*_AMOUNT.finditer(folded), *_SIGN.finditer(folded)):
            yield *match.span(), terms(f"1 {match[0].strip()}")[1]


def fold(text: str) -> str:
    """Return the text compatibility-normalised, case-folded and without Latin accents.

    >>> fold("Céloron")
    'celoron'
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    if folded.isascii():
        return folded
    bare = _ACCENT.sub("", unicodedata.normalize("NFD", folded))
    return unicodedata.normalize("NFC", bare)


def _read(text: str) -> list[str]:
    """Return the words of a text, folded, with each unit of measure in one form."""
    folded = _PER_CENT.sub(" percent ", fold(text))
    folded = _CELSIUS.sub(" degree celsius ", folded) if "°" in folded else folded
    words: list[str] = []
    for token in _TOKEN.findall(_AMOUNT.sub(_write_unit, folded)):
        words += _UNIT_OF.get(token, (token,))
    return words


def _write_unit(match: re.Match[str]) -> str:
    said = match[1] or match[2] or match[3]
    return f" {_BEHIND_NUMBER.get(said, said)} "


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def _stem(words: list[str]) -> list[str]:
    if not words:
        return []
    stemmer = getattr(_LOCAL, "stemmer", None)
    if stemmer is None:  # one per thread: a Stemmer keeps a buffer
        stemmer = _LOCAL.stemmer = Stemmer.Stemmer("english")
    stems: list[str] = stemmer.stemWords(words)
    return stems


UNIT_TERMS = frozenset(terms(" ".join((*_UNITS, *_BEHIND_NUMBER.values()))))
"""The terms of units of measure and money."""
