"""The terms of a text, by its language: for the lexical index, BM25 queries, comparing texts.

A term is a run of letters and digits: compatibility-normalised (NFKC), case-folded, without the
accents of Latin and Greek, and stemmed (Snowball). Of Latin letters the language of the text says
how; of others the script does, so that a Russian name is one term in a text of any language.
Scripts without spaces between words, and Hangul, whose words end in particles, give overlapping
pairs of characters. A text without letters and digits has no terms.

Units of measure and money are one term however they are written: "40 kg" and "kilograms", "°C" and
"degrees Celsius", "%" and "per cent". Letters that may mean something else ("m", "h") are a unit
only behind a number.

Languages are told apart by their script and their function words (`languages.txt`).
"""

import re
import threading
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import Stemmer

from assistant.text.english import ASKS_PERSON, FUNCTION_WORDS, SAYING, STATING

DEFAULT = "en"
JOINING = frozenset("de nl sv da no fi".split())
"""Languages that write several words as one."""
SAMPLE_CHARS = 20_000
"""Of a text, so much is looked at to guess its language."""

_STEMMERS = dict(
    pair.split(":")
    for pair in """en:english de:german fr:french es:spanish it:italian pt:portuguese nl:dutch
    sv:swedish da:danish no:norwegian fi:finnish hu:hungarian ro:romanian ca:catalan tr:turkish
    id:indonesian ru:russian el:greek ar:arabic hi:hindi hy:armenian ta:tamil""".split()
)
_SCRIPTS = {
    "ja": "\u3040-\u30ff",
    "zh": "\u3400-\u4dbf\u4e00-\u9fff",
    "ko": "\uac00-\ud7a3",
    "ru": "\u0400-\u052f",
    "el": "\u0370-\u03ff\u1f00-\u1fff",
    "ar": "\u0600-\u06ff\u0750-\u077f",
    "he": "\u0590-\u05ff",
    "hi": "\u0900-\u097f",
    "th": "\u0e00-\u0e7f",
    "hy": "\u0530-\u058f",
    "ta": "\u0b80-\u0bff",
}
_OF_SCRIPT = {code: re.compile(f"[{chars}]") for code, chars in _SCRIPTS.items()}
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_UKRAINIAN, _PERSIAN = re.compile("[іїєґ]"), re.compile("[پچژگ]")
MIN_PERSIAN = 0.01
"""Of Arabic letters, so many are Persian ones in a Persian text; names have some in Arabic ones."""
_SIGNS = {
    "ß": "de", "œ": "fr", "ñ": "es", "¿": "es", "ã": "pt", "õ": "pt", "ł": "pl", "ř": "cs",
    "ů": "cs", "ő": "hu", "ű": "hu", "ğ": "tr", "ı": "tr", "ț": "ro", "ș": "ro", "đ": "vi",
}  # fmt: skip
"""Letters that tell a language, each as much as one of its function words."""

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
_UNIT_NAMES = frozenset(
    name for unit in (*_UNITS, *_BEHIND_NUMBER.values()) for name in unit.split()
)
"""What units are called here; so they are one term in texts of every language."""
_OTHER_UNITS = frozenset(
    """sek nok dkk cad aud nzd jpy cny inr pln czk huf kr rs yen kronor kroner kronen rupees zloty
    dolares livres libras tonnen toneladas tonnellate lumen lux rpm hz khz mhz ghz psi kcal
    calories kalorien kilowattstunden mwh mw kva mah quadratmeter""".split()
)
"""Words that are units and no terms: a text has them as they are written."""
_LETTERS = sorted((form for form in {*_UNIT_OF, *_BEHIND_NUMBER} if form.isalnum()), key=len)
_AMOUNT = re.compile(
    rf"(?<=\d)(?: ?({'|'.join(one for one in _LETTERS[::-1] if one not in 'gs')})"
    r"|(?: |(?<=\d\d))(g)| (s))(?![^\W_])"
)
"""A unit behind a number; "5g" is no weight, "90s" no duration."""
_SIGN = re.compile(r"[%€$£°]")
_PER_CENT = re.compile(r"\b(?:per|pour|por) c(?:ent|iento|ento)\b")
_CELSIUS = re.compile(r"° ?c\b")

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
)
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0981-\u0d4d"
_LETTER = rf"[^\W_{_UNSPACED}]"
TOKEN = re.compile(rf"[{_UNSPACED}]+|{_LETTER}(?:{_LETTER}|[{_MARKS}])*|[%€$£°]")
"""A word, a run of a script without spaces, or a sign of a unit; of folded text."""
WORD_OF_SCRIPT = re.compile(rf"[{_UNSPACED}]+|(?:[{_MARKS}]|(?![{_UNSPACED}])\w)+")
"""A word as it is written, with its marks and "_"; or a run of a script without spaces."""
_ACCENT = re.compile("(?<![\u0400-\u052f])[\u0300-\u036f]")
_ASKING_PAIRS = re.compile(
    "什么|怎么|怎样|为什么|哪里|哪些|哪个|哪儿|哪|谁|多少|几|如何|何时|是否|是|的|了|吗|呢|在"
    "|什麼|怎麼|為什麼|哪裡|誰|幾|嗎"
)
"""Words of a Chinese question that say how it is asked."""
_STATING = re.compile(STATING)
_WHO = re.compile(rf"{ASKS_PERSON}|^\W*(?:wer|qui|quien|chi|quem)\b")
_HIRAGANA = re.compile("[\u3040-\u309f]+")
_LOCAL = threading.local()
MAX_LANGUAGES = 4
"""Of those that an index holds: a question is searched for in so many besides its own."""


@lru_cache(maxsize=1)
def _read_function_words() -> dict[str, frozenset[str]]:
    """Return the function words of each language, as they are written."""
    text = files("assistant.text").joinpath("languages.txt").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    parts = (part.partition("]") for part in lines.split("[")[1:])
    return {code: frozenset(words.split()) for code, _, words in parts}


@lru_cache(maxsize=1)
def _languages_of() -> dict[str, tuple[str, ...]]:
    """Return the languages of each function word."""
    found: dict[str, list[str]] = {}
    for code, words in _read_function_words().items():
        for word in words:
            found.setdefault(word, []).append(code.split()[-1])
    return {word: tuple(codes) for word, codes in found.items()}


@lru_cache(maxsize=64)
def function_words(language: str) -> frozenset[str]:
    """Return the function words of a language, folded; none of one that is not known."""
    if language == DEFAULT:
        return FUNCTION_WORDS
    return frozenset(map(fold, _read_function_words().get(language, ())))


def asking_words(language: str) -> frozenset[str]:
    """Return the words of a language, folded, that ask what is written: "says", "steht"."""
    return SAYING if language == DEFAULT else function_words(f"asking {language}")


@lru_cache(maxsize=1)
def _read_said() -> dict[str, dict[str, str]]:
    text = files("assistant.text").joinpath("said.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def say_in(language: str, said: str) -> str:
    """Return what the assistant says itself in a language; in English where it cannot.

    >>> say_in("fr", "or"), say_in("fi", "or")
    ('ou', 'or')
    """
    return _read_said().get(said, {}).get(language, said)


def guess_language(text: str, otherwise: str = DEFAULT, *, lead: int = 1) -> str:
    """Return the code of the language of a text, by its script and its function words.

    Args:
        text: only its beginning is read.
        otherwise: the language where nothing tells another, which also wins on a tie.
        lead: how many more function words another language must have.

    >>> guess_language("Das ist nicht der Anfang der Geschichte.")
    'de'
    >>> guess_language("首都はどこですか"), guess_language("Kündigung", "de")
    ('ja', 'de')
    """
    sample = text[:SAMPLE_CHARS].lower()
    if not sample.isascii() and (found := _guess_script(sample)):
        return found
    counts = Counter(
        code for word in _WORDS.findall(sample) for code in _languages_of().get(word, ())
    )
    counts.update(code for sign, code in _SIGNS.items() if sign in sample)
    if not counts:
        return otherwise
    best = max(counts, key=lambda code: (counts[code], code == DEFAULT))
    return best if counts[best] >= counts[otherwise] + lead else otherwise


_WORDS = re.compile(r"[^\W\d_]+")


def _guess_script(sample: str) -> str | None:
    """Return the language of a text in another script than Latin."""
    n_latin = len(_LATIN.findall(sample))
    counts = {code: len(found.findall(sample)) for code, found in _OF_SCRIPT.items()}
    if counts["ja"] * 10 > counts["zh"]:  # kana among the ideographs
        counts["ja"] += counts["zh"]
        counts["zh"] = 0
    best = max(counts, key=lambda code: counts[code])
    # Names in Latin letters stand in texts of every language, and take more of them.
    if counts[best] * (3 if best in ("ja", "zh", "ko") else 1) <= n_latin:
        return None
    if best == "ru" and _UKRAINIAN.search(sample):
        return "uk"
    is_persian = best == "ar" and len(_PERSIAN.findall(sample)) > counts["ar"] * MIN_PERSIAN
    return "fa" if is_persian else best


def terms(text: str, language: str = DEFAULT) -> list[str]:
    """Return the terms of a text of a language, in order, repeats and function words included.

    >>> terms("The hackers' Hacking, 2021!")
    ['the', 'hacker', 'hack', '2021']
    >>> terms("Die Verträge", "de"), terms("数字経済")
    (['die', 'vertrag'], ['数字', '字経', '経済'])
    >>> terms("max. 40kg", "de") == terms("max. 40 kilograms", "de")
    True
    """
    return _terms_of(_read(fold(text)), language)


def terms_by(text: str, languages: Collection[str]) -> frozenset[str]:
    """Return the terms of a text as each of some languages stems them, without function words.

    >>> sorted(terms_by("Die Verträge of 2024", ["de", "en"]))
    ['2024', 'die', 'of', 'vertrag']
    """
    codes = tuple(sorted({stemming_of(language) for language in languages}))
    tokens = _read(fold(text))
    numbers = filter(str.isdigit, tokens)
    return frozenset(numbers).union(*(_terms_by(one, codes) for one in tokens if not one.isdigit()))


@lru_cache(maxsize=65_536)
def _terms_by(token: str, codes: tuple[str, ...]) -> frozenset[str]:
    """Remembered: names of files have few words, and a folder may have many languages."""
    found = ((code, term) for code in codes for term in _terms_of([token], code))
    return frozenset(term for code, term in found if term not in function_words(code))


def query_terms(text: str, language: str = DEFAULT) -> list[str]:
    """Return the distinct terms of a question, function words only when it has no others."""
    return list(dict.fromkeys(_terms_of(content_tokens(text, language), language)))


def content_tokens(text: str, language: str = DEFAULT) -> list[str]:
    """Return the tokens of a question, folded, but function words if it has others.

    Nor what asks for what is written: "What does the sign say?" is about a sign.

    >>> content_tokens("What does the sign say?"), content_tokens("Who said so?")
    (['sign'], ['said'])
    """
    stops = function_words(language)
    folded = fold(text)
    if not _WHO.search(folded):
        stops |= asking_words(language)
        folded = _STATING.sub(_without_asking, folded)
    if language == "zh":
        folded = _ASKING_PAIRS.sub(" ", folded)
    if language == "ja":
        folded = _HIRAGANA.sub(" ", folded)
    found = [token for token in _read(folded) if token not in stops]
    return found or _read(fold(text))


def _without_asking(match: re.Match[str]) -> str:
    start, end = (at - match.start() for at in match.span("s" if match["s"] else "r"))
    return f"{match[0][:start]} {match[0][end:]}"


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """The terms of a question, for texts of several languages.

    Attributes:
        language: that of the question.
        own: its distinct terms.
        stems: how other languages stem its words -> the term that it has itself.
        others: these languages.
    """

    language: str
    own: tuple[str, ...]
    stems: Mapping[str, str]
    others: tuple[str, ...] = ()

    @property
    def all(self) -> list[str]:
        """The terms by which a text of any of the languages is found."""
        return [*self.own, *self.stems]

    def forms_of(self, word: str) -> set[str]:
        """Return the terms of a word in all of the languages."""
        return {term for code in (self.language, *self.others) for term in terms(word, code)}


NO_TERMS = QueryTerms(DEFAULT, (), {})


@lru_cache(maxsize=256)
def read_query(text: str, languages: tuple[str, ...] = ()) -> QueryTerms:
    """Return the terms of a question to texts of languages, that of most texts first.

    >>> read_query("Welche Anlagen?", ("de", "en")).stems
    {'anlagen': 'anlag'}
    """
    language = guess_language(text, *languages[:1])
    stemmed = dict.fromkeys(map(stemming_of, languages))
    others = tuple(code for code in stemmed if code != stemming_of(language))[:MAX_LANGUAGES]
    tokens = [token for token in content_tokens(text, language) if not is_unspaced(token)]
    own = query_terms(text, language)
    stems: dict[str, str] = {}
    for code in others:
        for stem, term in zip(_stem(tokens, code), _stem(tokens, language), strict=True):
            if stem not in own:
                stems.setdefault(stem, term)
    return QueryTerms(language, tuple(own), stems, others)


def stemming_of(language: str) -> str:
    """Return the language by which Latin words in a text of a language are stemmed."""
    return language if language in _STEMMERS and language not in _SCRIPTS else DEFAULT


def unit_of(said: str) -> str:
    """Return a unit that stands behind a number, or what else stands there, in one form.

    >>> unit_of("€"), unit_of("EUR"), unit_of("km"), unit_of("boxes")
    ('euro', 'euro', 'kilometr', 'box')
    """
    return " ".join(terms(f"1 {said}")[1:])


def is_unit(said: str) -> bool:
    """Whether what stands beside a number is a unit of measure or money.

    >>> is_unit("W"), is_unit("euros"), is_unit("boxes")
    (True, True, False)
    """
    told = unit_of(said).split()
    return (bool(told) and UNIT_TERMS.issuperset(told)) or fold(said) in _OTHER_UNITS or said == "¥"


def find_measures(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the span of each sign, and of each unit right behind a number, with its term."""
    folded = text.casefold()
    if len(folded) == len(text):
        for match in (*_AMOUNT.finditer(folded), *_SIGN.finditer(folded)):
            yield *match.span(), terms(f"1 {match[0].strip()}")[1]


def fold(text: str) -> str:
    """Return the text compatibility-normalised, case-folded and without Latin and Greek accents.

    >>> fold("Céloron")
    'celoron'
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    if folded.isascii():
        return folded
    bare = _ACCENT.sub("", unicodedata.normalize("NFD", folded.replace("ё", "е")))
    return unicodedata.normalize("NFC", bare)


def _read(folded: str) -> list[str]:
    """Return the tokens of a folded text, with each unit of measure in one form."""
    folded = _PER_CENT.sub(" percent ", folded)
    folded = _CELSIUS.sub(" degree celsius ", folded) if "°" in folded else folded
    found: list[str] = []
    for token in TOKEN.findall(_AMOUNT.sub(_write_unit, folded)):
        found += _UNIT_OF.get(token, (token,))
    return found


def _write_unit(match: re.Match[str]) -> str:
    said = match[1] or match[2] or match[3]
    return f" {_BEHIND_NUMBER.get(said, said)} "


def pairs(run: str) -> list[str]:
    """Return the overlapping pairs of characters of a run, of a single one itself."""
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def is_unspaced(token: str) -> bool:
    """Whether a token begins in a script whose terms are pairs of characters."""
    return token[0] >= "\u0e00" and re.match(f"[{_UNSPACED}]", token[0]) is not None


def _terms_of(tokens: Iterable[str], language: str) -> list[str]:
    found: list[str] = []
    words: list[str] = []
    for token in tokens:
        if is_unspaced(token):
            found += _stem(words, language) + pairs(token)
            words = []
        else:
            words.append(token)
    return found + _stem(words, language)


def _stem(words: list[str], language: str) -> list[str]:
    """Return the stems of folded words: of Latin ones by the language, of others by the script."""
    if not words:
        return []
    latin = stemming_of(language)
    if "".join(words).isascii() and (latin == DEFAULT or _UNIT_NAMES.isdisjoint(words)):
        return _stem_all(words, latin)
    own = [DEFAULT if word in _UNIT_NAMES else _script_of(word) or latin for word in words]
    return [_stem_all([word], code)[0] for word, code in zip(words, own, strict=True)]


def _script_of(word: str) -> str | None:
    return next((code for code, found in _OF_SCRIPT.items() if found.match(word)), None)


def _stem_all(words: list[str], language: str) -> list[str]:
    name = _STEMMERS.get(language)
    if name is None:
        return words
    stemmers = _LOCAL.__dict__.setdefault("stemmers", {})
    if name not in stemmers:  # one per thread: a Stemmer keeps a buffer
        stemmers[name] = Stemmer.Stemmer(name)
    stems: list[str] = stemmers[name].stemWords(words)
    return [stem or word for stem, word in zip(stems, words, strict=True)]


UNIT_TERMS = frozenset(terms(" ".join(_UNIT_NAMES)))
"""The terms of units of measure and money."""
