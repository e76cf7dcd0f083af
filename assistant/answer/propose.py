"""Makes questions of what answers them: sentences, table rows, fields, answers to questions.

Sentences of a few forms, rows and fields of columns and lists under headings that are known, in six
languages (`trying.toml`); what has a name by rules of English grammar; a question that a document
asks and answers itself, in any language.
"""

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from assistant.text import english as en
from assistant.text.numbers import YEAR
from assistant.text.operations import TOTALS
from assistant.text.terms import DEFAULT, fold, function_words
from assistant.text.words import CAPITALISED, LETTERS, NAME, one_of

LANGUAGES = ("en", "de", "fr", "es", "it", "pt")
"""Languages in which questions are made."""
MAX_WORDS, MAX_SENTENCE_CHARS = 12, 400
MAX_OWN_WORDS = 20
"""Of a question that a document asks itself."""
MAX_VAGUE_WORDS = 6
"""Of a question without a name or number: a longer one can hardly be of several documents."""
MAX_KEY_WORDS = 5
"""Of what a row or a group of fields is about."""

_ADVERB = rf"(?: {en.ADVERB})?"
_SUBJECT = (
    rf"(?P<x>[Tt]he (?:[a-z]+ ){{1,2}}of (?:the )?{NAME}"
    rf"|(?:[Tt]he )?{NAME}(?: (?!{en.ADVERB})[a-z]+)?)"
)
_MONTH = one_of(month.title() for month in en.MONTHS)
_WHEN = rf"(?:in|on) (?:{_MONTH} )?(?:\d{{1,2}},? )?(?:{_MONTH},? )?{YEAR}\b"
_PAST = one_of(verb[1] for verb in en.VERBS)
_DONE, _FOUND = one_of(en.DONE), one_of(en.FOUND)
_LEAD = re.compile(en.LEAD)
_BRACKETS = re.compile(r" ?[(\[][^()\[\]]*[)\]]")
_ODD = re.compile(r"[^\w\s.,'’?¿-]|_")
_FULL_STOP = re.compile(r"[.!]+[\"”’']?$")
_CUT = re.compile(rf"[,;:—–]|\s{one_of(en.CLAUSE_OPENERS)}\s")
_REFERRING = (
    en.PERSONAL
    | en.POSSESSIVE
    | en.REFERRING
    | en.ALIKE
    | en.REFLEXIVE
    | frozenset("former latter same".split())
)
_REFERS = re.compile(rf"\b{one_of(_REFERRING | {'here', 'others'})}\b", re.IGNORECASE)
_PERSONS = re.compile(rf"\b{one_of(en.PERSON_NOUNS)}\b")
_THINGS = re.compile(rf"\b{one_of(en.THING_NOUNS)}s?\b", re.IGNORECASE)
_TITLES = one_of(f"[{title[0].upper()}{title[0]}]{title[1:]}" for title in en.TITLES)
_BEHIND_NOUN = re.compile(en.BEHIND_NOUN)
_LIVING = re.compile(r"\b20\d\d\b|\bspokes", re.IGNORECASE)
_COUNT = one_of([*list(en.ONES)[2:13], "twenty"])
_SOME = one_of(("the", "a", "an", "all", "several", "many", "two", "three", "four"))


@dataclass(frozen=True, slots=True)
class MainClause:
    """A sentence's main clause, the whole of it, and its passage."""

    main: str
    whole: str
    passage: str


def read_subject(x: str, given: MainClause, *, common: bool = False) -> str | None:
    """Return a subject as it stands inside a sentence; None when it is no name.

    The first word of a sentence has a capital whatever it is: it is taken for a name when more of
    the name follows or the passage has it inside a sentence; a `common` one is set in lower case.
    """
    words = x.split()
    article = words[0] in ("The", "the")
    name = words[1:] if article else words
    if not name or name[0].casefold() in en.NO_NAMES or not (name[0][0].isupper() or "of" in name):
        return None
    if words[-1].islower() and not _is_noun(words[-1]):
        return None
    if article:
        return " ".join(["the", *name])
    opens = given.whole.startswith(x) or given.main.startswith(x)
    if opens and (len(name) == 1 or name[1].islower()):
        inside = re.search(rf"[a-z,] {re.escape(name[0])}\b", given.passage)
        if not inside:
            lower = [name[0].casefold(), *name[1:]]
            is_word = common and re.search(rf"\b{re.escape(lower[0])}\b", given.passage)
            return " ".join(lower) if is_word else None
    return " ".join(name)


def _is_noun(word: str) -> bool:
    """Whether a word in lower case, behind a name and before a verb, may be the noun."""
    return word not in en.NO_NAMES and not word.endswith(("ly", "ing", "ed"))


def read_object(rest: str) -> str | None:
    """Return the noun phrase that an object begins with, None when it does not begin with one."""
    thing = _CUT.split(f"{rest} ")[0].strip()
    behind = rest[len(thing) :].split()
    if behind[:1] == ["and"] and not set(behind[1:2]) & en.BASE_OF_PAST.keys():
        return None
    if plural := re.match(r"(.*[^'’]s) [a-z]+ing$", thing):
        thing = plural[1]
    if re.search(rf"(?: \w+ |{CAPITALISED} )\w+ing\b", thing):
        return None
    if not re.match(rf"{_SOME}\b|{CAPITALISED}|\d", thing):
        return None
    return thing if thing.split()[-1] not in en.NO_NAMES else None


def who_or_what(head: str) -> str | None:
    """Return how to ask for something, given what it is: "a hacking group" is no person."""
    noun = _BEHIND_NOUN.split(head)[0]
    if _PERSONS.search(noun):
        return "Who"
    return "What" if (kind := _THINGS.search(noun)) and kind.end() == len(noun) else None


def is_specific(thing: str) -> bool:
    """Whether a phrase can be understood by itself: it has a name, a number or much to say."""
    return bool(re.search(r"[A-Z0-9]", thing)) or len(thing.split()) > 3


def without_date(thing: str) -> str:
    """Return a phrase up to the date that stands in it."""
    return re.sub(rf" {_WHEN}.*", "", thing)


def polish(question: str) -> str | None:
    """Return the question as it is shown, None when it would not read as one."""
    question = re.sub(r"\s+", " ", question)
    body = question.removesuffix("?")
    words = body.split()
    if len(words) > MAX_WORDS or _REFERS.search(body) or _ODD.search(body):
        return None
    return None if words[-1].casefold() in en.NO_NAMES - {"of", "as", "on", "have"} else question


_FIELD = re.compile(r"(?P<key>[^\W\d_][^:|]{0,39})\s?:\s+(?P<value>\S[^|]*)")
_PERSON = re.compile(rf"{CAPITALISED}(?: {CAPITALISED}){{1,2}}")
_MARKER = re.compile(rf"(?:{en.QUESTION_MARKERS})\s*[:.]\s*(?=\S)")
_WORD = r"[^\W\d_][\w-]*"
_TIMES = en.DAYS | {*en.MONTHS, *en.MONTHS_SHORT, *"week day month quarter q st nd rd th".split()}
_OF_PERSONS = en.ROLES | frozenset(
    "name full name person employee mitarbeiter nom nom complet nombre nome".split()
)
_OF_THINGS = frozenset("item article product thing what name object posten artikel".split())
"""Names of a first column that say no more than that it tells of persons, or of things."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A question, the sentence that it was made of, and by which rule or of which column."""

    question: str
    sentence: str
    rule: str

    @property
    def is_specific(self) -> bool:
        """Whether it names what it asks of, so that only some document can answer it."""
        is_long = len(LETTERS.findall(self.question)) > MAX_VAGUE_WORDS
        return is_long or self.rule == "asked" or bool(re.search(r" .*[A-Z\d«]", self.question))


class _Form(NamedTuple):
    """A sentence's beginning, and the question that it answers."""

    pattern: re.Pattern[str]
    asked: str


@cache
def _read_trying() -> dict[str, Any]:
    return tomllib.loads(files("assistant.answer").joinpath("trying.toml").read_text("utf-8"))


@cache
def _forms_of(language: str) -> tuple[_Form, ...]:
    """Return the forms of sentences in a language; none where it has none."""
    words = {**_read_trying()["words"].get(language, {}), "word": _WORD, "done": _DONE}

    def fill(form: str) -> str:
        for name in ("subject", "amount", "time", "done", "word"):
            form = form.replace(f"<{name}>", f"(?:{words[name]})" if name != "word" else _WORD)
        return form

    rows = _read_trying()["forms"].get(language, ())
    return tuple(_Form(re.compile(fill(row["form"])), row["asked"]) for row in rows)


@cache
def _kinds_of(table: str, language: str) -> dict[str, tuple[str, str, str]]:
    """Return each name of a column or list -> its kind, what it is of, how to ask for it."""
    return {
        name: (kind, given.get("of", ""), given["asked"][language])
        for kind, given in _read_trying()[table].items()
        for name in given["words"].get(language, "").split("|")
        if name
    }


def propose(sentence: str, passage: str = "", language: str = DEFAULT) -> tuple[Proposal, ...]:
    """Return the questions that a sentence answers, the most telling first, none twice.

    Args:
        sentence: one sentence.
        passage: what stands around it, which shows whether its first word is a name.
        language: of the passage.

    >>> [one.question for one in propose("Ann Holt founded the Corley Mill in 1846.")]
    ['Who founded the Corley Mill in 1846?', 'When did Ann Holt found the Corley Mill?']
    >>> [one.question for one in propose("Der Hof wird am Montag gekehrt.", language="de")]
    ['Wann wird der Hof gekehrt?']
    """
    flat = _BRACKETS.sub("", " ".join(sentence[: 2 * MAX_SENTENCE_CHARS].split()))
    if len(flat) > MAX_SENTENCE_CHARS or "?" in flat or not _FULL_STOP.search(flat):
        return ()
    lead = _LEAD.match(flat) if language == DEFAULT else None
    main = _FULL_STOP.sub("", flat[lead.end() :] if lead else flat)
    given = MainClause(main, f"{lead.group() if lead else ''}{main}", passage)
    rules = _RULES if language == DEFAULT else ()
    made = [(one, rule.__name__.strip("_")) for rule in rules for one in rule(given)]
    made += ((one, "form") for one in _ask_by_form(main, language))
    found = (Proposal(asked, sentence, rule) for one, rule in made if (asked := polish(one)))
    return tuple({one.question: one for one in found}.values())


def _ask_by_form(main: str, language: str) -> Iterator[str]:
    """Yield the question of the first form that a main clause begins with."""
    for form, asked in _forms_of(language):
        if (found := form.match(main)) and (x := _as_inside(found["x"], language)):
            made = asked.format(**{**found.groupdict(), "x": x})
            yield f"{made[0].upper()}{made[1:]}"
            return


def read_articles(language: str) -> str:
    """Return the pattern of what a subject begins with in one of the languages."""
    pattern: str = _read_trying()["words"][language]["article"]
    return pattern


def _as_inside(x: str, language: str) -> str | None:
    """Return a subject as it stands inside a question; None of a pronoun or more than a noun."""
    small = function_words(language) | (en.EMPTY | en.REFERRING if language == DEFAULT else set())
    is_led = re.match(rf"(?:{read_articles(language)})\b", x)
    words = fold(x[is_led.end() :] if is_led else x).split()
    if small.intersection(words).difference(_read_trying()["words"][language]["inside"].split()):
        return None
    if language == "de" and not is_led:
        return x
    return re.sub(r"^our\b", "the", f"{x[0].lower()}{x[1:]}")


def propose_asked(question: str, answer: str) -> tuple[Proposal, ...]:
    """Return a document's own question, without its mark, as one that the answer answers.

    >>> [one.question for one in propose_asked("Q: Ist hier ein Parkplatz?", "A: Ja, im Hof.")]
    ['Ist hier ein Parkplatz?']
    """
    asked = _MARKER.sub("", " ".join(question.split()), count=1)
    is_question = asked.endswith(("?", "？", "؟")) and len(asked.split()) <= MAX_OWN_WORDS
    return (Proposal(asked, answer, "asked"),) if is_question else ()


def propose_row(row: str, language: str = DEFAULT) -> tuple[Proposal, ...]:
    """Return questions for the cells of a row about a thing, and no day; their columns have names.

    The language is the one that knows most of these, the given one where several do.

    >>> [one.question for one in propose_row("Code: E01 | Meaning: No water | In stock: 3")]
    ['What does E01 mean?']
    """
    cells = [_FIELD.fullmatch(cell) for cell in row.split(" | ")]
    first, *others = cells if len(cells) > 1 else [None]
    thing = first["value"].strip() if first else ""
    if set(LETTERS.findall(thing.casefold())) <= _TIMES or TOTALS.fullmatch(fold(thing)):
        return ()
    assert first
    made = (
        [one for cell in others if cell for one in _ask_of(thing, first["key"], cell, spoken)]
        for spoken in dict.fromkeys((language, *LANGUAGES))
    )
    found = max(made, key=lambda asked: len({rule for _, rule in asked}))
    # One word that is of that language, too, does not make the table one in it.
    is_its = 2 * len({rule for _, rule in found}) >= len(others)
    return tuple(Proposal(one, row, rule) for one, rule in found) if is_its else ()


def propose_field(field: str, about: str, language: str = DEFAULT) -> tuple[Proposal, ...]:
    """Return a question for a line such as "Total: 480 EUR", given what it is said of.

    It is in the language, or in the only one that knows the line's name, where that does not.

    >>> [one.question for one in propose_field("Total: 480 EUR", "Invoice 2041")]
    ['What is the total of Invoice 2041?']
    """
    cell = _FIELD.fullmatch(" ".join(field.split()))
    if not cell or not re.search(r"\d", about):
        return ()
    key = fold(" ".join(cell["key"].split()))
    know = [one for one in LANGUAGES if key in _kinds_of("cells", one)]
    spoken = language if language in know else know[0] if len(know) == 1 else ""
    found = _ask_of(about, "", cell, spoken) if spoken else ()
    return tuple(Proposal(question, field, rule) for question, rule in found)


def propose_list(
    heading: str, item: str, about: str, language: str = DEFAULT
) -> tuple[Proposal, ...]:
    """Return a question for a list, given its heading and what the document is about.

    >>> [one.question for one in propose_list("Ingredients", "500 g rye flour", "Rye bread")]
    ['What are the ingredients of the rye bread?']
    """
    words = heading.casefold().split()
    thing = _name_thing(about, "item", language)
    if not thing or re.search(r"\d", about) or heading == about or _ODD.search(heading):
        return ()
    if known := _kinds_of("lists", language).get(fold(heading)):
        return (Proposal(known[2].replace("{}", thing), item, "list"),)
    is_list = language == DEFAULT and 0 < len(words) < 4 and words[-1] in en.LISTS
    if not is_list or words[0] in en.FUNCTION_WORDS:
        return ()
    return (Proposal(f"What are the {' '.join(words)} of {thing}?", item, "list"),)


def _ask_of(thing: str, key: str, cell: re.Match[str], language: str) -> Iterator[tuple[str, str]]:
    """Yield questions for one cell of a thing or person, each with its kind; none but good ones."""
    column, value = " ".join(cell["key"].split()), cell["value"].strip()
    kind, of, asked = _kinds_of("cells", language).get(fold(column), ("", "", ""))
    is_person = _PERSON.fullmatch(thing) is not None and fold(key) in _OF_PERSONS
    named = thing if is_person else _name_thing(thing, key, language)
    if not kind or not named or (of == "person") != is_person:
        return
    if kind == "role" and language == DEFAULT and re.fullmatch(r"[A-Za-z]+(?: [a-z]+){0,2}", value):
        yield f"Who is the {value if value.isupper() else value.lower()}?", kind
    elif of != "code" or re.search(r"\d", thing):
        yield asked.replace("{}", named).replace("{column}", column.lower()), kind


def _name_thing(thing: str, key: str, language: str) -> str | None:
    """Return how a question calls what a row or document is about; None where that is not clear.

    >>> [_name_thing(one, "Item", "en") for one in ("Drying oven", "Brake pads", "Saw 2", "Lido B")]
    ['the drying oven', 'brake pads', 'Saw 2', 'Lido B']
    """
    words = thing.split()
    if not 0 < len(words) <= MAX_KEY_WORDS or _ODD.search(thing) or not LETTERS.search(thing):
        return None
    if language != DEFAULT or re.search(r"\d", thing):
        return thing
    if thing != thing.capitalize():
        return thing
    if len(words) == 1 and fold(key) not in _OF_THINGS:
        return None
    head = next((n for n, word in enumerate(words) if word in en.FUNCTION_WORDS), len(words))
    is_plural = head > 0 and re.search(r"[^s]s$", words[head - 1])
    return thing.lower() if is_plural else f"the {thing.lower()}"


def _acts(given: MainClause) -> Iterator[str]:
    aside = r"(?:, [^,]{3,80},)?"
    m = re.match(rf"{_SUBJECT}{aside}{_ADVERB} (?P<v>{_PAST}) (?P<o>.+)", given.main)
    if not m or not (x := read_subject(m["x"], given)) or not (thing := read_object(m["o"])):
        return
    if is_specific(thing):
        when = re.match(rf" {_WHEN}", m["o"][len(thing) :])
        if not _THINGS.search(x.split()[-1]):
            yield f"Who {m['v']} {thing}{when.group() if when else ''}?"
    if re.search(_WHEN, given.whole, re.IGNORECASE):
        yield f"When did {x} {en.BASE_OF_PAST[m['v']]} {without_date(thing)}?"


def _happens(given: MainClause) -> Iterator[str]:
    m = re.match(
        rf"{_SUBJECT}{_ADVERB} (?P<v>{one_of(en.HAPPENED)})(?= in| on| at|,|$)", given.main
    )
    if m and re.search(_WHEN, given.whole, re.IGNORECASE) and (x := read_subject(m["x"], given)):
        yield f"When did {x} {en.HAPPENED[m['v']]}?"


def _is_done(given: MainClause) -> Iterator[str]:
    m = re.match(
        rf"{_SUBJECT} (?P<be>is|was|were|are){_ADVERB} (?P<v>{_DONE}|{_FOUND})\b(?P<rest>[^,]*)",
        given.main,
    )
    if not m or not (x := read_subject(m["x"], given)):
        return
    be, done, rest = m["be"], m["v"], m["rest"]
    lead = given.whole.removesuffix(given.main)
    if be in ("was", "were") and re.search(_WHEN, lead + rest, re.IGNORECASE):
        yield f"When {be} {x} {done}?"
    is_where = re.match(rf" (?:in|at|near) (?:the )?(?!{_MONTH}){CAPITALISED}", rest)
    if is_where and re.match(_FOUND, done):
        yield f"Where {be} {x} {done}?"
    if " because " in rest:
        yield f"Why {be} {x} {done}?"
    is_by = re.match(rf" by (?:the )?{CAPITALISED}", rest)
    if is_by and be in ("was", "were") and done in en.BASE_OF_PAST:
        yield f"Who {done} {x}?"


def _is_something(given: MainClause) -> Iterator[str]:
    m = re.match(
        rf"{_SUBJECT} (?P<be>is|was|are|were){_ADVERB} (?P<p>(?:an?|the|one of) .+)", given.main
    )
    if not m or not (x := read_subject(m["x"], given, common=m["be"] == "is")):
        return
    head = _CUT.split(m["p"])[0]
    who = who_or_what(head)
    if re.match(r"the (?:first|last|largest|main|only|oldest|biggest|highest) .+", head):
        if who and is_specific(head) and len(head.split()) > 3:
            yield f"{who} {m['be']} {head}?"
    elif who or x.startswith("the ") or x[0].islower():
        yield f"{who or 'What'} {m['be']} {x}?"


def _is_named(given: MainClause) -> Iterator[str]:
    """A name with what it is behind it: "Flax Typhoon, a hacking group, ..."."""
    for m in re.finditer(rf"(?<![\w.-])(?P<x>(?:the )?{NAME}), an? (?P<p>[^,]+)", given.whole):
        who = who_or_what(_CUT.split(m["p"])[0])
        x = re.sub(r"^\w+-based ", "", m["x"])
        if x.split()[0].casefold() in en.NO_NAMES - {"the"} or re.search(r" (?:of|and) |\ws$", x):
            continue
        if who == "Who" or (who and not given.whole[: m.start()].endswith(" by ")):
            be = "was" if who == "Who" and not _LIVING.search(given.passage) else "is"
            yield f"{who} {be} {x}?"


def _counts(given: MainClause) -> Iterator[str]:
    m = re.match(
        rf"{_SUBJECT} (?P<v>has|had|have) (?:\d[\d,]*|{_COUNT}) (?P<o>[a-zA-Z ]+)", given.main
    )
    if m and (x := read_subject(m["x"], given)):
        thing = _CUT.split(m["o"] + " ")[0].split(" of ")[0].strip()
        did = {"has": "does", "had": "did", "have": "do"}[m["v"]]
        if 1 <= len(thing.split()) <= 3 and thing.endswith("s"):
            yield f"How many {thing} {did} {x} have?"


def _consists(given: MainClause) -> Iterator[str]:
    m = re.match(rf"{_SUBJECT}{_ADVERB} (?P<v>{one_of(en.CONSISTS)}) ", given.main)
    if m and (x := read_subject(m["x"], given)):
        asked = f"What does {x} {en.CONSISTS[m['v']]}?"
        yield f"Where does {x} lie?" if m["v"] == "lies in" else asked


def _accuses(given: MainClause) -> Iterator[str]:
    if (m := re.match(rf"{_SUBJECT}{_ADVERB} accused (?P<y>(?:the )?{NAME}) of ", given.main)) and (
        x := read_subject(m["x"], given)
    ):
        yield f"What did {x} accuse {m['y']} of?"


def _is_called(given: MainClause) -> Iterator[str]:
    m = re.match(rf"{_SUBJECT},? (?:is |was |were |are )?also (?:known as|called) ", given.main)
    if m and (x := read_subject(m["x"], given)):
        yield f"What is {x} also known as?"


def _is_titled(given: MainClause) -> Iterator[str]:
    """A name behind its title, or before what it said: "Spokesperson Guo Jiakun", "... stated"."""
    person = rf"(?P<x>{CAPITALISED} {CAPITALISED})(?!['’])"
    said = rf"{one_of(en.SPOKE)}\b"
    m = (
        re.search(rf"\b{_TITLES} {person}(?= [a-z]|,)", given.whole)
        or re.search(
            rf"\b[a-z]+ (?P<x>(?!\w+(?:ist|ian) ){CAPITALISED} {CAPITALISED} {CAPITALISED}) {said}",
            given.whole,
        )
        or re.search(rf"\w {person} {said}", given.whole)
    )
    if not m or _THINGS.search(m["x"]) or re.search(rf"['’]|{_TITLES}", m["x"]):
        return
    if m["x"].split()[0].casefold() not in en.NO_NAMES:
        yield f"Who {'is' if _LIVING.search(given.passage) else 'was'} {m['x']}?"


_RULES: tuple[Callable[[MainClause], Iterator[str]], ...] = (
    _is_something,
    _is_named,
    _accuses,
    _is_done,
    _acts,
    _counts,
    _consists,
    _happens,
    _is_titled,
    _is_called,
)
