"""The program's own words on a page, in the language of its reader.

A text is named by its English wording; `wording.toml` has it in the other languages. Braces hold a
place for a value. A text that counts has two wordings, "one|several", and is chosen by `n`, the
number in it. What an answer says of the documents follows the question's language instead
(`text.terms.say_in`).
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from markupsafe import Markup

from assistant.show.escape import html_text, templates
from assistant.values import PageKind

if TYPE_CHECKING:
    from jinja2 import Environment

DEFAULT = "en"
LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español"}
"""The languages of a page by their codes, each as it names itself."""
MAX_RETOLD_CHARS = 2_000
"""A longer message is told as it is."""
MIN_LETTERS = 2
"""Letters that a text has beside its places, so that a message can be known by it."""
_RETOLD = frozenset({"why", "what", "model"})
"""Places whose value is a text of the program itself."""
_DECIMAL = "x"
"""The place of a number that need not be whole; those of whole ones are `n` or begin with `n_`."""
_PLACE = re.compile(r"\{(\w+)\}")
_SEPARATORS = {"en": (",", "."), "de": (".", ","), "fr": ("\u202f", ","), "es": (".", ",")}
"""What parts thousands and what parts decimals, as Unicode's CLDR has it."""
_WISH = re.compile(
    r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,32})?\s*(?:;\s*q\s*=\s*([01](?:\.\d*)?))?\s*"
)


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a page in one language."""

    language: str = DEFAULT

    def __call__(self, said: str, /, **values: object) -> str:
        """Return a text with its values in their places; markup if one of them is markup.

        >>> Wording("de")("Reading {n} passage|Reading {n} passages", n=1_200)
        '1.200 Textstellen werden gelesen'
        """
        text = _read_texts(self.language).get(said, said)
        text = self._choose(text, values["n"]) if "n" in values else text
        shown = {
            name: self.number(value) if isinstance(value, int | float) else value
            for name, value in values.items()
        }
        if any(isinstance(value, Markup) for value in shown.values()):
            escaped = {
                name: value if isinstance(value, Markup) else html_text(str(value))
                for name, value in shown.items()
            }
            return _fill(html_text(text), escaped)
        return _fill(text, shown)

    def number(self, n: float) -> str:
        r"""Return a number as it is written; of one that is not whole, one decimal.

        >>> [Wording(code).number(1234.5) for code in LANGUAGES], Wording("es").number(12_345)
        (['1,234.5', '1.234,5', '1\u202f234,5', '1234,5'], '12.345')
        """
        thousands, decimals = _SEPARATORS[self.language]
        whole, _, part = (f"{n:,}" if isinstance(n, int) else f"{n:,.1f}").partition(".")
        is_short = self.language == "es" and abs(n) < 10_000
        grouped = whole.replace(",", "" if is_short else thousands)
        return f"{grouped}{decimals}{part}" if part else grouped

    def page(self, number: int, kind: PageKind | None = PageKind.PAGE) -> str:
        """Return what a citation calls a part of its document.

        >>> Wording("fr").page(12), Wording("de").page(3, PageKind.SLIDE)
        ('p. 12', 'Folie 3')
        """
        return self(_PARTS[kind or PageKind.PAGE], n=str(number))

    def bytes(self, n_bytes: int) -> str:
        """Return a size as people say it: "3 bytes", "12 KB", "1.5 MB"."""
        sizes = (("{n} GB", 10**9), ("{n} MB", 10**6), ("{n} KB", 10**3))
        for said, per in sizes:
            if n_bytes >= per:
                n = round(n_bytes / per, 1)
                return self(said, n=int(n) if n >= 10 or n == int(n) else n)
        return self("{n} byte|{n} bytes", n=n_bytes)

    def retell(self, message: str) -> str:
        """Return a message of the program, known by its English wording, in this language.

        It may begin with a capital and end with a full stop where its wording does not, or consist
        of several, each a sentence or parted by a semicolon. What is not known stays as it is.

        >>> Wording("es").retell("larger than 1,000,000 bytes")
        'más de 1.000.000 bytes'
        """
        if self.language == DEFAULT or len(message) > MAX_RETOLD_CHARS:
            return message
        if (found := self._find(message)) is not None:
            return found
        bare = message[:1].lower() + message[1:].removesuffix(".")
        if bare != message and (found := self._find(bare)) is not None:
            found = found[:1].upper() + found[1:] if message[:1].isupper() else found
            return f"{found}." if message.endswith(".") else found
        first, stop, rest = message.partition(". ")
        if stop and (found := self._find(f"{first}.")) is not None:
            return f"{found} {self.retell(rest)}"
        parts = message.split("; ")
        return "; ".join(map(self.retell, parts)) if len(parts) > 1 else message

    def is_known(self, message: str) -> bool:
        """Whether a message of the program can be told in this language."""
        return self.language == DEFAULT or self.retell(message) != message

    def _find(self, message: str) -> str | None:
        texts = _read_texts(self.language)
        if message in texts:
            return texts[message]
        for pattern, said in _patterns():
            if match := pattern.fullmatch(message):
                values = match.groupdict()
                n = int(values["n"].replace(",", "")) if values.get("n") else None
                shown = {name: self._retell_value(name, value) for name, value in values.items()}
                return _fill(self._choose(texts[said], n), shown)
        return None

    def _retell_value(self, name: str, value: str) -> str:
        if name in _RETOLD:
            return self.retell(value)
        if _is_count(name):
            return self.number(int(value.replace(",", "")))
        if name == _DECIMAL:
            whole, _, part = value.replace(",", "").partition(".")
            return self.number(float(f"{whole}.{part}")) if part else self.number(int(whole))
        return value

    def _choose(self, text: str, n: object) -> str:
        """Return the wording for a number: of one (in French, of none as well), or of several."""
        one, bar, several = text.partition("|")
        is_one = isinstance(n, int) and (n == 1 or (n == 0 and self.language == "fr"))
        return several if bar and not is_one else one


_PARTS = {
    PageKind.PAGE: "p. {n}",
    PageKind.SLIDE: "slide {n}",
    PageKind.ROW: "row {n}",
    PageKind.LINE: "line {n}",
}
ENGLISH = Wording()


@cache
def worded_templates(folder: str, say: Wording) -> "Environment":
    """Return the Jinja environment of a folder whose templates `say` their texts."""
    environment = templates(folder)
    environment.globals["say"] = say
    return environment


def choose_language(kept: str, accepted: str) -> str:
    """Return the language of a page: the one that its reader has chosen, or wishes most.

    Args:
        kept: what the reader has chosen, "" if nothing.
        accepted: an `Accept-Language` header (RFC 9110, section 12.5.4), untrusted.

    >>> choose_language("", "it, de-AT;q=0.8, en;q=0.5"), choose_language("fr", "de")
    ('de', 'fr')
    """
    if kept in LANGUAGES:
        return kept
    wishes = [match for one in accepted[:1_000].split(",") if (match := _WISH.fullmatch(one))]
    ranked = sorted(wishes, key=lambda match: -float(match[2] or 1))
    named = (match[1].lower() for match in ranked if float(match[2] or 1) > 0)
    return next((code for code in named if code in LANGUAGES), DEFAULT)


def texts_of(said: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return these texts in each language but English, for a page's scripts."""
    wanted = sorted(set(said))
    return {
        code: {one: _read_texts(code)[one] for one in wanted if one in _read_texts(code)}
        for code in LANGUAGES
        if code != DEFAULT
    }


def read_table() -> dict[str, dict[str, str]]:
    """Return the table: for each text its wording in each language but English."""
    return tomllib.loads(files("assistant.show").joinpath("wording.toml").read_text("utf-8"))


@cache
def _read_texts(language: str) -> Mapping[str, str]:
    if language == DEFAULT:
        return {}
    return {said: known[language] for said, known in read_table().items()}


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return what messages with values look like, the one with most letters of its own first."""
    found = []
    for said in read_table():
        own = sum(map(str.isalpha, _PLACE.sub("", said.partition("|")[0])))
        places = _PLACE.findall(said)
        are_numbers = all(_is_count(one) or one == _DECIMAL for one in places)
        if places and (own >= MIN_LETTERS or are_numbers):
            found += [
                (own, re.compile(_pattern(form), re.DOTALL), said) for form in said.split("|")
            ]
    return tuple((pattern, said) for _, pattern, said in sorted(found, key=lambda one: -one[0]))


def _pattern(form: str) -> str:
    parts = _PLACE.split(form)
    return "".join(
        f"(?P<{part}>{_pattern_of(part)})" if n % 2 else re.escape(part)
        for n, part in enumerate(parts)
    )


def _pattern_of(place: str) -> str:
    if place == _DECIMAL:
        return r"\d[\d,]*(?:\.\d+)?"
    return r"\d[\d,]*" if _is_count(place) else ".+?"


def _is_count(place: str) -> bool:
    return place == "n" or place.startswith("n_")


def _fill(text: str, values: Mapping[str, object]) -> str:
    """Put values into their places, and leave what stands in braces otherwise."""
    parts = _PLACE.split(text)
    kind = type(text)
    return kind("").join(
        values.get(part, f"{{{part}}}") if n % 2 else kind(part)  # type: ignore[misc]
        for n, part in enumerate(parts)
    )
