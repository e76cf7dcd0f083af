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
_ENGLISH = frozenset("the what which who when where how".split())
_VERB_NEXT = re.compile(
    rf"\b(?:(?:what|who) {one_of(en.MODALS)}|{one_of(en.PERSONAL)}(?: {one_of(en.MODALS)})?"
    r"|(?:have|has|had|needs?|wants?|allowed|able) to) $", re.IGNORECASE,
)  # fmt: skip
"""What stands before a verb: "what would happen", "we have to cancel"."""
_QUANTITY = re.compile(rf"how (?:many|much) (.+? \w+) (?:{one_of(en.DO | en.MODALS)})\b", re.I)
MAX_TOPIC_WORDS = 8
_DAYS = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag"
    " freitag samstag sonntag lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes"
    " miercoles jueves viernes sabado domingo lunedi martedi mercoledi giovedi venerdi sabato"
    " domenica segunda terca quarta quinta sexta".split()
)


_MONTHS = frozenset(en.MONTHS) - {"may"}
_SEASONS = frozenset(
    "spring summer autumn fall winter morning afternoon evening night noon midnight weekend"
    " sommer herbst hiver ete automne verano invierno otono estate inverno autunno verao".split()
)
TIMES = frozenset(("date", "month", "day", "year", "weekday", "season"))
_IDIOMS = frozenset(
    "stock hand time home foot advance charge loan use order need case total person writing force"
    " sale hire store print cash money place question".split()
)
"""Nouns that a preposition makes a phrase with in which they name no thing: "out of stock"."""
_PLURALS = frozenset("people men women children mice geese feet teeth police staff".split())
_PERSONS = en.PERSON_NOUNS | en.ROLES | {"people", "men", "women", "children", "team", "staff"}
_DOINGS = (frozenset(base for base, _, _ in en.VERBS) - {"open", "burn"}) | frozenset(
    "sell buy pay offer make rent hire ship charge stock supply provide repair serve".split()
)
_THEY_DO = re.compile(
    rf"\b{one_of(en.DO | en.MODALS)} they (?:not |also |still |ever |really )?{one_of(_DOINGS)}\b",
    re.IGNORECASE,
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
    if fold(text) in _MONTHS:
        return "month"
    if fold(strip_article(text)) in _SEASONS:
        return "season"
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
    if folded[0] == "who" and folded[1:2] and folded[1] in en.MODALS and folded[2:]:
        breaks[2] = True
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
        return int(bool(folded) and folded[0] in verbs | _ORDERS)
    found = next((n for n, one in enumerate(folded) if one in verbs), None)
    wh = next(n for n, one in enumerate(folded) if one in asks)
    if found is not None and found <= wh + 4:
        return found + 1
    return min(wh + 2, len(folded))


def find_topic(question: str) -> str:
    """Return what a question is about, with what hangs on it; "" if that is not told."""
    if (asked := find_asked(question)) and asked.kind == "noun":
        return f"the {asked.text}"
    phrases = find_phrases(question)
    for n, phrase in enumerate(phrases):
        if is_idiom(phrase) or phrase.kind in TIMES:
            continue
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
        said = said[0].lower() + said[1:] if strip_article(said) != said else said
        break
    else:
        said = counted[1] if (counted := _QUANTITY.match(question)) else ""
    return said if len(said.split()) <= MAX_TOPIC_WORDS else ""


def find_asked(question: str) -> Phrase | None:
    """Return the noun behind "which" or "how many" that is what the question tells of, if one is.

    >>> find_asked("Which old boats are out of use?").text, find_asked("Which boats may I take?")
    ('old boats', None)
    """
    opening = _WHICH.match(question)
    tokens = list(TOKEN.finditer(question, opening.end())) if opening else []
    words = [fold(one[0]) for one in tokens]
    led = [n - 1 for n, one in enumerate(words) if n > 1 and one in en.BESIDE | {"through", "on"}]
    verb = next((n for n, one in enumerate(words) if n and _may_be_verb(one)), (led or [0])[0])
    if not verb or verb > 3 or not en.EMPTY.isdisjoint(words[:verb]):
        return None
    is_object = words[verb] in en.DO | en.MODALS and words[verb + 1 : verb + 2] != ["be"]
    if is_object or (words[verb] in en.AUXILIARIES and words[verb + 1 : verb + 2] == ["there"]):
        return None
    start, end = tokens[0].start(), tokens[verb - 1].end()
    return Phrase(question[start:end], start, end, "", start, "noun", is_headed=False)


_WHICH = re.compile(r"\W*(?:which|what|how many) ", re.IGNORECASE)
_ORDERS = frozenset("tell show explain describe list give".split())


def _may_be_verb(word: str) -> bool:
    return word in en.BASES or any(map(is_verb, read(word)))


def is_idiom(phrase: Phrase) -> bool:
    """Whether a phrase names no thing together with its preposition: "in stock"."""
    return bool(phrase.preposition) and fold(phrase.text) in _IDIOMS


def is_plural(text: str, question: str = "") -> bool:
    """Whether a noun phrase is of several things, as its verb in a question tells, or its form."""
    verb = re.search(rf"\b(?:(is|was|does|has)|are|were|do|have) {re.escape(text)}", question)
    if verb:
        return not verb[1]
    if " and " in text:
        return True
    head = strip_article(text).split(" of ")[0].split()[-1:]
    word = fold(head[0]) if head else ""
    is_name = bool(head) and head[0][0].isupper() and strip_article(text) == text
    return word in _PLURALS or (
        word.endswith("s") and word[-2:] not in ("ss", "us", "is") and not is_name
    )


def may_stand_for(topic: str, question: str, last: str, *, several: bool) -> bool:
    """Whether a pronoun may stand for what was spoken of: one or several, a doer if it does."""
    words = {fold(one) for one in TOKEN.findall(topic)}
    if not words or re.search(r"\.\w{2,5}$", topic) or kind_of(topic) in TIMES:
        return False
    if not words.isdisjoint(en.PERSONAL | en.AUXILIARIES | en.QUESTION_WORDS):
        return False
    if several and _THEY_DO.search(question):
        head = fold(topic.split(" of ", maxsplit=1)[0].rsplit(maxsplit=1)[-1])
        if not {head, head.removesuffix("s")} & _PERSONS:
            return False
    return is_plural(topic, last) == several


_MANY = {"does": "do", "is": "are", "was": "were", "has": "have"}
_ONE = {many: one for one, many in _MANY.items()}


def agree(question: str, at: int, said: str, before: str) -> str:
    """Return a question whose thing at a place stands for another, with its verb's number."""
    verb = re.search(rf"({one_of((*_MANY, *_ONE))}) $", question[:at], re.IGNORECASE)
    was_several = is_plural(before, question[:at] + before)
    if verb is None or is_plural(said) == was_several or before.endswith("ing"):
        return question
    swapped = (_ONE if was_several else _MANY).get(fold(verb[1]), verb[1])
    swapped = swapped.capitalize() if verb[1][0].isupper() else swapped
    return f"{question[: verb.start()]}{swapped} {question[at:]}"


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
    if share_words(said, phrase.text):
        return 10.0
    score = 6.0 if kind == phrase.kind and kind not in ("noun", "name") else 0.0
    if not score:
        if kind in TIMES and phrase.kind in TIMES:
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


def list_named(question: str) -> list[Phrase]:
    """Return what a question names: what it asks for, and what is no idiom nor said of that."""
    phrases = [one for one in find_phrases(question) if not is_idiom(one)]
    if asked := find_asked(question):
        be = re.compile(rf"\b{one_of(en.BE)} $")
        said_of = (
            one for one in phrases if one.preposition or not be.search(question[: one.start])
        )
        return [asked, *said_of]
    return phrases


def ask_by(asked: str, question: str) -> str | None:
    """Return an English question asked by other words; None where that is no sentence.

    >>> ask_by("Why", "Which boats are out of use"), ask_by("When", "Who built the mill")
    ('Why are the boats out of use?', 'When was the mill built?')
    >>> ask_by("Why", "Who are the tenants") is None
    True
    """
    words = question.split()
    folded = [fold(one) for one in words]
    if folded[0] in en.ASKING_VERBS | en.MODALS:
        return f"{asked} {question[0].lower()}{question[1:]}?"
    if fold(asked.split(maxsplit=1)[0]) == folded[0] and folded[0] in ("who", "what"):
        return f"{asked} {' '.join(words[1:])}?"
    if subject := find_asked(question):
        return _ask_of(asked, question, subject)
    at = next((n for n, one in enumerate(folded) if one in en.AUXILIARIES), 0)
    if not at:
        return _ask_passive(asked, words, folded)
    tail = " ".join(words[at:])
    after = " ".join(words[at + 1 : at + 2])
    named = en.PERSONAL if folded[at] in en.HAVE else en.PERSONAL | en.ARTICLES
    has_subject = after[:1].isupper() or fold(after) in named or folded[at] in en.DO
    if folded[0] in ("who", "what", "which") and not has_subject:
        return None
    if folded[at] in en.BE and _is_thing_alone(question, len(question) - len(tail)):
        return f"{asked} {tail}?" if fold(asked) == "where" else None
    if folded[0] in ("what", "which"):
        noun = " ".join(words[1:at])
        tail += f" the {noun}" if noun else " that"
    return f"{asked} {tail}?"


def _ask_of(asked: str, question: str, subject: Phrase) -> str | None:
    verb, _, tail = question[subject.end :].strip().partition(" ")
    if fold(verb) in en.AUXILIARIES:
        return f"{asked} {verb} the {subject.text} {tail}?" if tail else None
    if fold(verb) not in en.BASES or not is_plural(subject.text):
        return None
    return f"{asked} do the {subject.text} {' '.join((verb, tail)).strip()}?"


def _ask_passive(asked: str, words: Sequence[str], folded: Sequence[str]) -> str | None:
    """Return "who built the mill", asked by another word, of the mill."""
    forms = {past: (participle, True) for _, past, participle in en.VERBS}
    forms |= {f"{base}{end}": (done, False) for base, _, done in en.VERBS for end in ("s", "es")}
    if folded[0] not in ("who", "what") or len(words) < 3:
        return None
    verb = folded[1]
    participle, is_past = forms.get(verb, (verb if verb.endswith("ed") else "", True))
    if not participle and en.IRREGULAR.get(verb, verb) != verb:
        participle = verb
    thing = " ".join(words[2:])
    if not participle or folded[2] in en.MENTIONING | en.BESIDE:
        return None
    be = ("are", "were") if is_plural(thing) else ("is", "was")
    return f"{asked} {be[is_past]} {thing} {participle}?"


def _is_thing_alone(question: str, start: int) -> bool:
    """Whether nothing but what is named, and what hangs on it, stands behind a verb."""
    behind = [one for one in find_phrases(question) if one.start > start]
    ends = [question.index(" ", start), *(one.end for one in behind)]
    gaps = zip(ends, [*(one.at for one in behind), len(question)], strict=True)
    return bool(behind) and not any(question[a:b].strip() for a, b in gaps)
