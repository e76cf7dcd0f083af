"""Makes questions of what answers them: sentences, table rows, fields, answers to questions.

Sentences by rules of English grammar; rows and fields where the column's name is an English word
that makes a question; a question that a document asks and answers itself, in any language.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from assistant.text import english as en
from assistant.text.numbers import YEAR
from assistant.text.operations import TOTALS
from assistant.text.terms import fold
from assistant.text.words import CAPITALISED, LETTERS, NAME, one_of

MAX_WORDS = 12
MAX_OWN_WORDS = 20
"""Of a question that a document asks itself."""
MAX_KEY_WORDS = 5
"""Of what a row or a group of fields is about."""

_ADVERB = rf"(?: {en.ADVERB})?"
_SUBJECT = (
    rf"(?P<x>[Tt]he (?:[a-z]+ ){{1,2}}of (?:the )?{NAME}"
    rf"|(?:[Tt]he )?{NAME}(?: (?!{en.ADVERB})[a-z]+)?)"
)
_MONTH = one_of(month.title() for month in en.MONTHS)
_WHEN = rf"(?:in|on) (?:{_MONTH} )?(?:\d{{1,2}},? )?(?:{_MONTH},? )?{YEAR}\b"
_PAST, _PARTICIPLE = one_of(verb[1] for verb in en.VERBS), one_of(verb[2] for verb in en.VERBS)
_DONE, _FOUND = one_of(en.DONE), one_of(en.FOUND)
_LEAD = re.compile(en.LEAD)
_BRACKETS = re.compile(r" ?[(\[][^()\[\]]*[)\]]")
_ODD = re.compile(r"[^\w\s.,'’?-]|_")
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
    question = re.sub(r"\s+", " ", question).replace(" ?", "?")
    body = question.removesuffix("?")
    words = body.split()
    if len(words) > MAX_WORDS or _REFERS.search(body) or _ODD.search(body):
        return None
    return None if words[-1].casefold() in en.NO_NAMES - {"of", "as", "on", "have"} else question


_COMMON = (
    r"(?P<x>(?:[Tt]he|[Oo]ur|[Ee]very) (?:[a-z][a-z-]* ){0,3}?[a-z][a-z-]*"
    r"(?: of (?:the )?(?:[a-z]+ )?[\w-]+)?|[A-Z][a-z]+s|Everyone|Everybody)"
)
"""A subject that is no name: "The monthly rent", "The roof of hall B", "Repairs", "Everyone"."""
_AMOUNT = rf"(?:(?:about|up to|at least|at most) )?(?:[$€£¥] ?)?(?:\d|{_COUNT}\b)"
_TIME = (
    rf"(?:within|every|until|before|after|during|by|on|at|from|in) (?:the )?(?:end of )?"
    rf"(?:\d|{_MONTH}|{_COUNT} (?:second|minute|hour|day|week|month|year)|[a-z]+ (?:working )?day"
    rf"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|noon|midnight)"
)
_SIZES = "high|tall|long|wide|deep|thick|old|heavy"
_FIELD = re.compile(r"(?P<key>[^\W\d_][^:|]{0,39}):\s+(?P<value>\S[^|]*)")
_PERSON = re.compile(rf"{CAPITALISED}(?: {CAPITALISED}){{1,2}}")
_MARKER = re.compile(rf"(?:{en.QUESTION_MARKERS})\s*[:.]\s*(?=\S)")


_TIMES = en.DAYS | {*en.MONTHS, *en.MONTHS_SHORT, *"week day month quarter q st nd rd th".split()}
_ASKED_OF = {"meaning": "What does {} mean?", "name": "What is {}?"}
_OF_ROWS = frozenset("date day time year month reading value".split())
"""Columns that tell of a row, not of the thing that it is about: nobody asks for Water's date."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A question, the sentence that it was made of, and by which rule or of which column."""

    question: str
    sentence: str
    rule: str


def propose(sentence: str, passage: str = "") -> tuple[Proposal, ...]:
    """Return the questions that a sentence answers, the most telling first, none twice.

    Args:
        sentence: one sentence.
        passage: what stands around it, which shows whether its first word is a name.

    >>> [one.question for one in propose("Ann Holt founded the Corley Mill in 1846.")]
    ['Who founded the Corley Mill in 1846?', 'When did Ann Holt found the Corley Mill?']
    """
    flat = _BRACKETS.sub("", " ".join(sentence.split()))
    if "?" in flat or not _FULL_STOP.search(flat):
        return ()
    lead = _LEAD.match(flat)
    main = _FULL_STOP.sub("", flat[lead.end() :] if lead else flat)
    given = MainClause(main, f"{lead.group() if lead else ''}{main}", passage)
    found = (
        Proposal(polished, sentence, rule.__name__.strip("_"))
        for rule in _RULES
        for question in rule(given)
        if (polished := polish(question))
    )
    return tuple({one.question: one for one in found}.values())


def propose_asked(question: str, answer: str) -> tuple[Proposal, ...]:
    """Return a document's own question, without its mark, as one that the answer answers.

    >>> [one.question for one in propose_asked("Q: Ist hier ein Parkplatz?", "A: Ja, im Hof.")]
    ['Ist hier ein Parkplatz?']
    """
    asked = _MARKER.sub("", " ".join(question.split()), count=1)
    is_question = asked.endswith(("?", "？", "؟")) and len(asked.split()) <= MAX_OWN_WORDS
    return (Proposal(asked, answer, "asked"),) if is_question else ()


def propose_row(row: str) -> tuple[Proposal, ...]:
    """Return questions for the cells of a row about a thing, and no day; their columns have names.

    >>> [one.question for one in propose_row("Code: E01 | Meaning: No water | In stock: 3")]
    ['What does E01 mean?']
    """
    cells = [_FIELD.fullmatch(cell) for cell in row.split(" | ")]
    first, *others = cells if len(cells) > 1 else [None]
    thing = first["value"].strip() if first else ""
    if set(LETTERS.findall(thing.casefold())) <= _TIMES or TOTALS.fullmatch(fold(thing)):
        return ()
    found = tuple(
        Proposal(question, row, cell["key"])
        for cell in others
        if cell and cell["key"].casefold() not in _OF_ROWS and (question := _ask_of(thing, cell))
    )
    # One word that is English, too, does not make the table English.
    return found if 2 * len(found) >= len(others) else ()


def propose_field(field: str, about: str) -> tuple[Proposal, ...]:
    """Return a question for a line such as "Total: 480 EUR", given what it is said of.

    >>> [one.question for one in propose_field("Total: 480 EUR", "Invoice 2041")]
    ['What is the total of Invoice 2041?']
    """
    cell = _FIELD.fullmatch(" ".join(field.split()))
    is_thing = cell and not _PERSON.fullmatch(about) and bool(re.search(r"\d", about))
    question = _ask_of(about, cell) if cell and is_thing else None
    return (Proposal(question, field, cell["key"]),) if cell and question else ()


def propose_list(heading: str, item: str, about: str) -> tuple[Proposal, ...]:
    """Return a question for a list, given its heading and what the document is about.

    >>> [one.question for one in propose_list("Ingredients", "500 g rye flour", "Rye bread")]
    ['What are the ingredients of Rye bread?']
    """
    words = heading.casefold().split()
    is_list = 0 < len(words) < 4 and words[-1] in en.LISTS and not _ODD.search(heading)
    is_short = 0 < len(about.split()) <= MAX_KEY_WORDS and not _ODD.search(about)
    if not is_list or not is_short or heading == about or words[0] in en.FUNCTION_WORDS:
        return ()
    return (Proposal(f"What are the {' '.join(words)} of {about}?", item, "list"),)


def _ask_of(thing: str, cell: re.Match[str]) -> str | None:
    """Return the question what one column of a thing is, None where none can be made well."""
    column = cell["key"].strip()
    words = column.casefold().split()
    is_named = len(thing.split()) <= MAX_KEY_WORDS and re.search(r"[^\W\d_]", thing)
    if not is_named or _ODD.search(thing) or not 1 <= len(words) <= 3 or not cell["value"].strip():
        return None
    is_odd = _ODD.search(column) or set(words) & en.FUNCTION_WORDS
    if is_odd or thing.casefold() == column.casefold():
        return None
    shown = " ".join(words) if column.istitle() or column[1:].islower() else column
    if _PERSON.fullmatch(thing):
        return f"What is {thing}'s {shown}?" if _is_column_of(words, en.PERSON_COLUMNS) else None
    asked = _ASKED_OF.get(column.casefold(), "Who is" if words[-1] in en.ROLES else "What is")
    asked = asked if "{" in asked else f"{asked} the {shown} of {{}}?"
    return asked.replace("{}", thing) if _is_column_of(words, en.THING_COLUMNS) else None


def _is_column_of(words: Sequence[str], columns: Collection[str]) -> bool:
    """Tell whether a column's name is one of the words: "phone", "phone number", "unit price"."""
    return words[-1] in columns or (words[-1] == "number" and words[0] in columns)


def _accuses(given: MainClause) -> Iterator[str]:
    if (m := re.match(rf"{_SUBJECT}{_ADVERB} accused (?P<y>(?:the )?{NAME}) of ", given.main)) and (
        x := read_subject(m["x"], given)
    ):
        yield f"What did {x} accuse {m['y']} of?"


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
    elif m["v"] in en.STANDS_FOR and not thing[0].isupper():
        yield f"What did {x} {en.BASE_OF_PAST[m['v']]}?"


def _has_acted(given: MainClause) -> Iterator[str]:
    m = re.match(rf"{_SUBJECT} (?:has|have){_ADVERB} (?P<v>{_PARTICIPLE}) (?P<o>.+)", given.main)
    if not m or not (thing := read_object(m["o"])) or not is_specific(thing):
        return
    if read_subject(m["x"], given) or (" " not in m["x"] and m["x"].casefold() not in en.NO_NAMES):
        yield f"Who has {m['v']} {thing}?"


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


def _is_called(given: MainClause) -> Iterator[str]:
    m = re.match(rf"{_SUBJECT},? (?:is |was |were |are )?also (?:known as|called) ", given.main)
    if m and (x := read_subject(m["x"], given)):
        yield f"What is {x} also known as?"


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


def _is_caused(given: MainClause) -> Iterator[str]:
    m = re.match(rf"{_SUBJECT} (?:is|was|were){_ADVERB} (?P<v>caused|replaced) by ", given.main)
    if m and (x := read_subject(m["x"], given)):
        yield f"What {m['v']} {x}?"


def _happens_in_year(given: MainClause) -> Iterator[str]:
    if m := re.match(rf"In (?P<y>{YEAR}), (?:the )?[A-Z]", given.whole):
        yield f"What happened in {m['y']}?"


def _as_subject(x: str) -> str | None:
    """Return a subject that is no name as it stands inside a question."""
    words = x.split()
    if len(words) == 1 and words[0].casefold() in en.NO_NAMES | en.REFERRING:
        return None
    if words[0] in ("Our", "our"):
        words[0] = "the"
    return " ".join([words[0].lower(), *words[1:]])


def _is_amount(given: MainClause) -> Iterator[str]:
    """As in "The monthly rent is 1,150 euros", "The tower is 34 metres high"."""
    m = re.match(rf"{_COMMON} (?P<be>is|are|was|were) (?P<o>{_AMOUNT})", given.main)
    if m and m["x"].startswith(("The ", "the ", "Our ")) and (x := _as_subject(m["x"])):
        size = re.fullmatch(rf"[^ ]+ [a-z]+ (?P<how>{_SIZES})", m["o"] + given.main[m.end() :])
        yield f"How {size['how']} {m['be']} {x}?" if size else f"What {m['be']} {x}?"


def _costs(given: MainClause) -> Iterator[str]:
    m = re.match(rf"{_COMMON} (?P<v>will cost|costs?|cost) {_AMOUNT}", given.main)
    if m and (x := _as_subject(m["x"])):
        does = "will" if m["v"] == "will cost" else "does" if m["v"] == "costs" else "do"
        yield f"How much {does} {x} cost?"


def _is_timed(given: MainClause) -> Iterator[str]:
    """As in "The deposit is returned within six weeks", "The museum is open from April"."""
    m = re.match(
        rf"{_COMMON} (?P<be>is|are|was|were) (?P<v>open|closed|due|\w+ed|{_DONE}) {_TIME}",
        given.main,
    )
    if m and (x := _as_subject(m["x"])):
        yield f"When {m['be']} {x} {m['v']}?"
    m = re.match(rf"{_COMMON} (?P<v>takes? place|begins?|starts?|ends?) {_TIME}", given.main)
    if m and (x := _as_subject(m["x"])):
        verb = m["v"].split()
        does = "does" if verb[0].endswith("s") else "do"
        yield f"When {does} {x} {' '.join([verb[0].removesuffix('s'), *verb[1:]])}?"


def _has_several(given: MainClause) -> Iterator[str]:
    m = re.match(rf"{_COMMON} (?P<v>has|have|had) (?:\d[\d,]*|{_COUNT}) (?P<o>[a-z ]+)", given.main)
    if m and (x := _as_subject(m["x"])):
        thing = _CUT.split(m["o"] + " ")[0].strip()
        if 1 <= len(thing.split()) <= 5 and thing.split()[0].endswith("s"):
            did = {"has": "does", "had": "did", "have": "do"}[m["v"]]
            yield f"How many {thing} {did} {x} have?"


def _is_done_by(given: MainClause) -> Iterator[str]:
    m = re.match(
        rf"{_COMMON} (?P<be>was|were) (?P<v>\w+ed|{_DONE}) by (?:the )?{CAPITALISED}", given.main
    )
    if m and m["x"].startswith(("The ", "the ")) and (x := _as_subject(m["x"])):
        yield f"Who {m['v']} {x}?"


def _is_allowed(given: MainClause) -> Iterator[str]:
    m = re.match(
        r"(?P<x>[A-Z][a-z]+s) are(?: not)? (?P<v>allowed|permitted|forbidden|refundable)$",
        given.main,
    )
    if m and (x := _as_subject(m["x"])):
        yield f"Are {x} {m['v'].replace('forbidden', 'allowed')}?"


_RULES: tuple[Callable[[MainClause], Iterator[str]], ...] = (
    _is_something,
    _is_named,
    _accuses,
    _is_done,
    _acts,
    _has_acted,
    _counts,
    _consists,
    _is_caused,
    _happens,
    _is_titled,
    _is_called,
    _happens_in_year,
    _is_amount,
    _costs,
    _is_timed,
    _has_several,
    _is_done_by,
    _is_allowed,
)
