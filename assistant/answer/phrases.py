"""The noun phrases of a question, and the small words by which they are told.

English, where verbs are known by their forms, and German, French, Spanish, Italian and Portuguese
by the words of `follow-ups.txt`. Nothing is parsed: a phrase ends at a small word or a verb.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from assistant.text import english as en
from assistant.text.exact import find_exact
from assistant.text.terms import fold, query_terms
from assistant.text.words import CAPITALISED, is_verb, one_of, read

FOLLOW_UPS_FILE = "follow-ups.txt"
TOKEN = re.compile(r"[^\W_]+(?:[-.][^\W_]+)*")
_ITEM = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+(.+)$", re.MULTILINE)
_ENUMERATED = re.compile(
    r"((?:[^,.:;\n]+, )+[^,.:;\n]+?),? (?:and|or|und|et|y|e|ou|oder) ([^,.:;\n]+)"
)
PERSON_NAME = re.compile(rf"{CAPITALISED}(?: {CAPITALISED})+")
_YEAR = re.compile(r"(?:19|20)\d\d")
_ENGLISH = frozenset("the what who when where how".split())
_VERB_NEXT = re.compile(
    rf"\b(?:(?:what|who) {one_of(en.MODALS)}|{one_of(en.PERSONAL)}(?: {one_of(en.MODALS)})?) $",
    re.IGNORECASE,
)
"""What stands before a verb: "what would happen", "I can contact"."""
MAX_TOPIC_WORDS = 8
_DAYS = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag"
    " freitag samstag sonntag lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes"
    " miercoles jueves viernes sabado domingo lunedi martedi mercoledi giovedi venerdi sabato"
    " domenica segunda terca quarta quinta sexta".split()
)


@cache
def load_lists() -> dict[str, tuple[str, ...]]:
    """Return the phrases of every kind, folded, the longest first."""
    text = files("assistant.answer").joinpath(FOLLOW_UPS_FILE).read_text(encoding="utf-8")
    found = {}
    for part in re.split(r"^\[", text, flags=re.MULTILINE)[1:]:
        name, _, lines = part.partition("]")
        words = name in {"asks", "articles", "prepositions", "verbs"}
        said = lines.split() if words else re.split(r"\||\n", lines)
        found[name] = tuple(
            sorted({fold(one.strip()) for one in said if one.strip()}, key=lambda one: -len(one))
        )
    return found


@cache
def small_words(name: str) -> frozenset[str]:
    """Return the phrases of one kind."""
    return frozenset(load_lists()[name])


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase of a question, with where it stands and the preposition before it."""

    text: str
    start: int
    end: int
    preposition: str
    at: int
    """Where the preposition starts."""
    kind: str
    is_headed: bool
    """Whether another phrase hangs on it: "the fee" of "the fee for adults"."""


def kind_of(text: str) -> str:
    """Return "name", "noun", "weekday", or the kind of what is exact in a text."""
    if fold(text).rstrip("s") in {one.rstrip("s") for one in _DAYS}:
        return "weekday"
    for one in find_exact(text):
        return "name" if one.kind == "code" else one.kind
    words = TOKEN.findall(text)
    return "name" if words and words[-1][0].isupper() else "noun"


def find_phrases(question: str) -> list[Phrase]:
    """Return the noun phrases of a question behind what it asks by, in order."""
    tokens = list(TOKEN.finditer(question))
    folded = [fold(one[0]) for one in tokens]
    known = set(folded)
    is_english = bool(known & (en.AUXILIARIES - {"was"} | _ENGLISH))
    is_english = is_english or ("was" in known and not known & small_words("verbs"))
    breaks = _breaks(folded, is_english=is_english)
    found: list[Phrase] = []
    n = _skip_opening(folded, is_english=is_english)
    while n < len(tokens):
        first = n
        prepositions = en.MENTIONING | en.BESIDE if is_english else small_words("prepositions")
        articles = en.ARTICLES | en.POSSESSIVE if is_english else small_words("articles")
        preposition = folded[n] if folded[n] in prepositions else ""
        n += bool(preposition)
        start = n
        while n < len(tokens) and folded[n] in articles:
            n += 1
        has_article = n > start
        inside = n
        while n < len(tokens) and (not breaks[n] or (n == inside and has_article)):
            if n > inside and (
                _YEAR.fullmatch(folded[n])
                or re.search(r"[,;:?]", question[tokens[n - 1].end() : tokens[n].start()])
            ):
                break
            n += 1
        if n == inside:
            n = max(n, first + 1)
            continue
        text = question[tokens[start].start() : tokens[n - 1].end()]
        at = tokens[first].start()
        if preposition and found and _is_linked(found[-1], question, at):
            found[-1] = replace(found[-1], is_headed=True)
        found.append(
            Phrase(
                text,
                tokens[start].start(),
                tokens[n - 1].end(),
                preposition,
                at,
                kind_of(text),
                False,
            )
        )
    return found


def _is_linked(phrase: Phrase, question: str, at: int) -> bool:
    """Whether nothing but blanks stands between a phrase and a place behind it."""
    return not question[phrase.end : at].strip()


def _breaks(folded: Sequence[str], *, is_english: bool) -> list[bool]:
    """Return of each word whether a noun phrase cannot go on with it."""
    if not is_english:
        small = (
            small_words("verbs")
            | small_words("prepositions")
            | small_words("articles")
            | small_words("asks")
        )
        return [one in small for one in folded]
    small = (en.EMPTY | en.MENTIONING | en.BESIDE) - {"s"}
    breaks = [one in small for one in folded]
    asks_base = next((n for n, one in enumerate(folded[:5]) if one in en.DO | en.MODALS), None)
    for n, one in enumerate(folded):
        word = read(one)
        after_article = n > 0 and folded[n - 1] in en.ARTICLES | en.POSSESSIVE
        is_base = one in en.BASES and not (asks_base is None and en.BE & set(folded))
        if n > 1 and not after_article and word and (is_verb(word[0]) or is_base):
            breaks[n] = breaks[n] or asks_base is None or n > asks_base + 1
    if asks_base is not None:  # "does the chutney simmer": the verb is the last of its run
        start = asks_base + 1
        if start + 1 < len(folded) and folded[start] in en.PERSONAL:
            breaks[start + 1] = True
        start += start < len(folded) and folded[start] in en.ARTICLES | en.POSSESSIVE
        end = start
        while end < len(folded) and not breaks[end]:
            end += 1
        is_open = end == len(folded) or folded[end] not in en.BASES
        if end - start >= 2 and is_open:
            breaks[end - 1] = True
    return breaks


def _skip_opening(folded: Sequence[str], *, is_english: bool) -> int:
    """Return the place of the first word behind what a question asks by."""
    asks = en.QUESTION_WORDS if is_english else small_words("asks")
    verbs = en.AUXILIARIES if is_english else small_words("verbs")
    if not folded or not any(one in asks for one in folded[:3]):
        return int(bool(folded) and folded[0] in verbs)
    found = next((n for n, one in enumerate(folded) if one in verbs), None)
    wh = next(n for n, one in enumerate(folded) if one in asks)
    if found is not None and found <= wh + 4:
        return found + 1
    return min(wh + 2, len(folded))


def find_topic(question: str) -> str:
    """Return what a question is about, with what hangs on it; "" if that is not told."""
    phrases = find_phrases(question)
    for n, phrase in enumerate(phrases):
        is_verb_alone = " " not in phrase.text and _VERB_NEXT.search(question[: phrase.start])
        if phrase.kind not in ("noun", "name") or is_verb_alone:
            continue
        if phrase.is_headed and fold(strip_article(phrase.text)) in load_lists()["attributes"]:
            return phrases[n + 1].text
        end, m = phrase.end, n
        while phrases[m].is_headed and phrases[m + 1].kind in ("noun", "name"):
            m += 1
            end = phrases[m].end
        said = question[phrase.start : end]
        if strip_article(said) != said:
            said = said[0].lower() + said[1:]
        return said if len(said.split()) <= MAX_TOPIC_WORDS else ""
    return phrases[0].text if phrases else ""


def strip_article(text: str) -> str:
    """Return a phrase without its article."""
    first, _, rest = text.partition(" ")
    return rest if rest and fold(first) in en.ARTICLES | small_words("articles") else text


def share_words(one: str, other: str) -> bool:
    """Whether two phrases have a word in common, whatever its form."""
    return bool(set(query_terms(strip_article(one))) & set(query_terms(strip_article(other))))


def likeness(said: str, lead: str, phrase: Phrase, place: int) -> float:
    """Return how like a phrase is to what is said instead; nothing is put for one below 0."""
    kind = kind_of(said)
    times = {"date", "month", "day", "year", "weekday"}
    if share_words(said, phrase.text):
        return 10.0
    score = 6.0 if kind == phrase.kind and kind not in ("noun", "name") else 0.0
    if not score:
        if kind in times and phrase.kind in times:
            score = 4.0
        elif kind not in ("noun", "name") or phrase.kind not in ("noun", "name"):
            return -1.0
        else:
            score = 3.0 if kind == phrase.kind == "name" else 2.0 if kind == phrase.kind else 1.0
    if lead:
        score += 4.0 if lead == phrase.preposition else -4.0
    has_article = strip_article(said) != said, strip_article(phrase.text) != phrase.text
    score += has_article[0] == has_article[1]
    return score + 0.75 * (place == 0) - 1.5 * phrase.is_headed


def has_names(question: str) -> bool:
    """Whether a question has a name, a code, a number or a date of its own."""
    capitals = re.search(rf"(?<=[\w,] ){CAPITALISED}|\b[A-Z]{{2,}}", question)
    return bool(capitals or re.search(r"\d", question) or next(iter(find_exact(question)), None))


def find_person(before: Sequence[tuple[str, str]]) -> str:
    """Return the person who was named last, of the answer to "who" rather than the question."""
    for last, answer in reversed(before):
        asked_who = fold(last).lstrip("¿").split(" ")[0] in (
            "who",
            "wer",
            "qui",
            "quien",
            "chi",
            "quem",
        )
        texts = (answer, last) if asked_who else (last, answer)
        for text in texts:
            for match in PERSON_NAME.finditer(text):
                if fold(match[0].split()[0]) not in en.NO_NAMES | en.QUESTION_WORDS:
                    return match[0]
    return ""


def list_items(answer: str) -> list[str]:
    """Return the heads of what an answer lists."""
    items = [re.split(r":| [–|-] |\(", one)[0].strip() for one in _ITEM.findall(answer)]
    if not items and (found := _ENUMERATED.search(answer)):
        first, *others = (*str(found[1]).split(", "), str(found[2]))
        first = re.split(rf"\b{one_of(en.BE | {'include'})}\b", first)[-1]
        items = [one.strip() for one in (first, *others)]
    return [one for one in items if one]


def pick(match: re.Match[str], before: Sequence[tuple[str, str]]) -> str:
    """Return what is meant of several things: "the second one", "the other one", "both"."""
    last, answer = before[-1]
    items = list_items(answer) or next(
        (i for _, one in reversed(before) if (i := list_items(one))), []
    )
    topics = list(dict.fromkeys(one for asked, _ in before if (one := find_topic(asked))))
    pair = re.search(rf"(\b(?:the )?{CAPITALISED}) (?:or|and) ((?:the )?{CAPITALISED})", last)
    two = [pair[1], pair[2]] if pair else items[:2] if len(items) == 2 else topics[-2:]
    nth = (match["nth"] or "").casefold()
    if match["both"]:
        return " and ".join(two) if len(two) == 2 else ""
    if not nth:
        return ""
    if nth == "other":
        return next(
            (one for one in reversed(two) if not share_words(one, topics[-1] if topics else "")), ""
        )
    if nth in ("former", "latter"):
        return two[nth == "latter"] if len(two) == 2 else ""
    place = -1 if nth == "last" else en.ORDINALS[nth] - 1
    return items[place] if items and place < len(items) else ""


def cut_lead(question: str, kind: str) -> tuple[bool, str]:
    """Return whether a question begins with a phrase of that kind, and the rest."""
    text = question.lstrip("¿¡ ")
    for phrase in load_lists()[kind]:
        head = text[: len(phrase)]
        if fold(head) == phrase and text[len(phrase) : len(phrase) + 1] in (" ", ","):
            return True, text[len(phrase) :]
    return False, question


def capitalise(question: str) -> str:
    """Return a question with a capital at its beginning."""
    at = 1 if question[:1] == "¿" else 0
    return question[:at] + question[at : at + 1].upper() + question[at + 1 :]
