"""A sentence -> questions that it answers, by rules of English grammar. Pure; no language model.

A rule fires only on forms that turn into a question word by word: "X is a ...", "X signed the
...", "X was founded in 1846". Whatever would not read as English by itself is dropped: pronouns,
quotes, brackets, more than `MAX_WORDS` words. English only: a sentence in another language gives
none.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assistant.answer.clauses import (
    ADVERB,
    BRACKETS,
    CAP,
    CUT,
    DONE,
    FOUND,
    FULL_STOP,
    KINDS,
    LEAD,
    LIVING,
    MONTH,
    NAME,
    NO_NAMES,
    SAID,
    SUBJECT,
    TITLES,
    WHEN,
    Clause,
    any_verb,
    bases,
    is_specific,
    polish,
    read_object,
    read_subject,
    who_or_what,
    without_date,
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A question, the sentence that it was made of, and by which rule."""

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
    flat = BRACKETS.sub("", " ".join(sentence.split()))
    if "?" in flat or not FULL_STOP.search(flat):
        return ()
    lead = LEAD.match(flat)
    main = FULL_STOP.sub("", flat[lead.end() :] if lead else flat)
    given = Clause(main, f"{lead.group() if lead else ''}{main}", passage)
    found = (
        Proposal(polished, sentence, rule.__name__.strip("_"))
        for rule in _RULES
        for question in rule(given)
        if (polished := polish(question))
    )
    return tuple({one.question: one for one in found}.values())


def _accuses(given: Clause) -> Iterator[str]:
    if (m := re.match(rf"{SUBJECT}{ADVERB} accused (?P<y>(?:the )?{NAME}) of ", given.main)) and (
        x := read_subject(m["x"], given)
    ):
        yield f"What did {x} accuse {m['y']} of?"


def _acts(given: Clause) -> Iterator[str]:
    aside = r"(?:, [^,]{3,80},)?"
    m = re.match(rf"{SUBJECT}{aside}{ADVERB} (?P<v>{any_verb(1)}) (?P<o>.+)", given.main)
    if not m or not (x := read_subject(m["x"], given)) or not (thing := read_object(m["o"])):
        return
    if is_specific(thing):
        when = re.match(rf" {WHEN}", m["o"][len(thing) :])
        if not KINDS.search(x.split()[-1]):
            yield f"Who {m['v']} {thing}{when.group() if when else ''}?"
    if re.search(WHEN, given.whole, re.IGNORECASE):
        yield f"When did {x} {bases()[m['v']]} {without_date(thing)}?"
    elif m["v"] in SAID and not thing[0].isupper():
        yield f"What did {x} {bases()[m['v']]}?"


def _has_acted(given: Clause) -> Iterator[str]:
    m = re.match(rf"{SUBJECT} (?:has|have){ADVERB} (?P<v>{any_verb(2)}) (?P<o>.+)", given.main)
    if not m or not (thing := read_object(m["o"])) or not is_specific(thing):
        return
    if read_subject(m["x"], given) or (" " not in m["x"] and m["x"].casefold() not in NO_NAMES):
        yield f"Who has {m['v']} {thing}?"


def _happens(given: Clause) -> Iterator[str]:
    verbs = {"began": "begin", "ended": "end", "died": "die", "started": "start", "fell": "fall"}
    verbs |= {"took place": "take place", "occurred": "occur", "arrived": "arrive"}
    m = re.match(rf"{SUBJECT}{ADVERB} (?P<v>{'|'.join(verbs)})(?= in| on| at|,|$)", given.main)
    if m and re.search(WHEN, given.whole, re.IGNORECASE) and (x := read_subject(m["x"], given)):
        yield f"When did {x} {verbs[m['v']]}?"


def _is_done(given: Clause) -> Iterator[str]:
    m = re.match(
        rf"{SUBJECT} (?P<be>is|was|were|are){ADVERB} (?P<v>{DONE}|{FOUND})\b(?P<rest>[^,]*)",
        given.main,
    )
    if not m or not (x := read_subject(m["x"], given)):
        return
    be, done, rest = m["be"], m["v"], m["rest"]
    lead = given.whole.removesuffix(given.main)
    if be in ("was", "were") and re.search(WHEN, lead + rest, re.IGNORECASE):
        yield f"When {be} {x} {done}?"
    if re.match(rf" (?:in|at|near) (?:the )?(?!{MONTH}){CAP}", rest) and re.match(FOUND, done):
        yield f"Where {be} {x} {done}?"
    if " because " in rest:
        yield f"Why {be} {x} {done}?"
    if re.match(rf" by (?:the )?{CAP}", rest) and be in ("was", "were") and done in bases():
        yield f"Who {done} {x}?"


def _is_called(given: Clause) -> Iterator[str]:
    m = re.match(rf"{SUBJECT},? (?:is |was |were |are )?also (?:known as|called) ", given.main)
    if m and (x := read_subject(m["x"], given)):
        yield f"What is {x} also known as?"


def _is_something(given: Clause) -> Iterator[str]:
    m = re.match(
        rf"{SUBJECT} (?P<be>is|was|are|were){ADVERB} (?P<p>(?:an?|the|one of) .+)", given.main
    )
    if not m or not (x := read_subject(m["x"], given, common=m["be"] == "is")):
        return
    head = CUT.split(m["p"])[0]
    who = who_or_what(head)
    if re.match(r"the (?:first|last|largest|main|only|oldest|biggest|highest) .+", head):
        if who and is_specific(head) and len(head.split()) > 3:
            yield f"{who} {m['be']} {head}?"
    elif who or x.startswith("the ") or x[0].islower():
        yield f"{who or 'What'} {m['be']} {x}?"


def _is_named(given: Clause) -> Iterator[str]:
    """A name with what it is behind it: "Flax Typhoon, a hacking group, ..."."""
    for m in re.finditer(rf"(?<![\w.-])(?P<x>(?:the )?{NAME}), an? (?P<p>[^,]+)", given.whole):
        who = who_or_what(CUT.split(m["p"])[0])
        x = re.sub(r"^\w+-based ", "", m["x"])
        if x.split()[0].casefold() in NO_NAMES - {"the"} or re.search(r" (?:of|and) |\ws$", x):
            continue
        if who == "Who" or (who and not given.whole[: m.start()].endswith(" by ")):
            be = "was" if who == "Who" and not LIVING.search(given.passage) else "is"
            yield f"{who} {be} {x}?"


def _is_titled(given: Clause) -> Iterator[str]:
    """A name behind its title, or before what it said: "Spokesperson Guo Jiakun", "... stated"."""
    person = rf"(?P<x>{CAP} {CAP})(?!['’])"
    said = r"(?:said|stated|argued|told|noted|added)\b"
    m = (
        re.search(rf"\b{TITLES} {person}(?= [a-z]|,)", given.whole)
        or re.search(rf"\b[a-z]+ (?P<x>(?!\w+(?:ist|ian) ){CAP} {CAP} {CAP}) {said}", given.whole)
        or re.search(rf"\w {person} {said}", given.whole)
    )
    if not m or KINDS.search(m["x"]) or re.search(rf"['’]|{TITLES}", m["x"]):
        return
    if m["x"].split()[0].casefold() not in NO_NAMES:
        yield f"Who {'is' if LIVING.search(given.passage) else 'was'} {m['x']}?"


def _counts(given: Clause) -> Iterator[str]:
    number = r"(?:\d[\d,]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty)"
    m = re.match(rf"{SUBJECT} (?P<v>has|had|have) {number} (?P<o>[a-zA-Z ]+)", given.main)
    if m and (x := read_subject(m["x"], given)):
        thing = CUT.split(m["o"] + " ")[0].split(" of ")[0].strip()
        did = {"has": "does", "had": "did", "have": "do"}[m["v"]]
        if 1 <= len(thing.split()) <= 3 and thing.endswith("s"):
            yield f"How many {thing} {did} {x} have?"


def _consists(given: Clause) -> Iterator[str]:
    verbs = {"consists of": "consist of", "includes": "include", "comprises": "comprise"}
    verbs |= {"contains": "contain", "lies in": "lie in", "depends on": "depend on"}
    m = re.match(rf"{SUBJECT}{ADVERB} (?P<v>{'|'.join(verbs)}) ", given.main)
    if m and (x := read_subject(m["x"], given)):
        if m["v"] == "lies in":
            yield f"Where does {x} lie?"
        else:
            yield f"What does {x} {verbs[m['v']]}?"


def _is_caused(given: Clause) -> Iterator[str]:
    m = re.match(rf"{SUBJECT} (?:is|was|were){ADVERB} (?P<v>caused|replaced) by ", given.main)
    if m and (x := read_subject(m["x"], given)):
        yield f"What {m['v']} {x}?"


def _happens_in_year(given: Clause) -> Iterator[str]:
    if m := re.match(r"In (?P<y>(?:1[0-9]|20)\d\d), (?:the )?[A-Z]", given.whole):
        yield f"What happened in {m['y']}?"


_RULES: tuple[Callable[[Clause], Iterator[str]], ...] = (
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
)
