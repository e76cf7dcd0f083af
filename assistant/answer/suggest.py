"""Passages -> a few questions to try, each of which the assistant answers.

Questions are made of the passages' own sentences (`propose`), or, where that makes too few, of
their headings; then they are asked, and kept only when the answer quotes the sentence that they
were made of. English only: documents in other languages give those of their headings, or none. Pure
but for the asking, which is handed in.

A sentence -> questions that it answers, by rules of English grammar. Pure; no language model.

A snapshot -> the passages that questions to try are made of, as `Source`s.

What the rules that make questions know of English: names, clauses, verbs, what is a person.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from assistant.store.snapshot import Snapshot
from assistant.text.english import CAP, MONTH, NAME, NO_NAMES, any_verb, bases
from assistant.text.language import SAMPLE_CHARS, guess_language
from assistant.text.sentences import split_sentences
from assistant.text.terms import query_terms, terms
from assistant.values import Answer, Consulted, Passage

MAX_WORDS = 12

_ADVERB = r"(?:also|then|later|first|soon|finally|eventually|formally|officially|[a-z]{3,}ly)\b"
ADVERB = rf"(?: {_ADVERB})?"
SUBJECT = (
    rf"(?P<x>[Tt]he (?:[a-z]+ ){{1,2}}of (?:the )?{NAME}"
    rf"|(?:[Tt]he )?{NAME}(?: (?!{_ADVERB})[a-z]+)?)"
)
WHEN = rf"(?:in|on) (?:{MONTH} )?(?:\d{{1,2}},? )?(?:{MONTH},? )?(?:1[0-9]|20)\d\d\b"
LEAD = re.compile(
    r"(?:(?:In|On|By|During|After|Before|From|Since|Under|Following|Until|Around|Throughout|At)"
    r" [^,]{1,60}|Meanwhile|Additionally|Eventually|Finally|Later|Subsequently|However"
    r"|Historically|Originally|Initially|Today|Traditionally), "
)
BRACKETS = re.compile(r" ?[(\[][^()\[\]]*[)\]]")
_ODD = re.compile(r"[^\w\s.,'’?-]|_")
FULL_STOP = re.compile(r"[.!]+[\"”’']?$")
CUT = re.compile(
    r"[,;:—–]|\s(?:that|which|who|whose|whom|when|where|while|because|although|though|after|before"
    r"|since|until|and|but|as|by|through|using|via|if|so|including|such|during|despite|according"
    r"|than|or|without|amid|over|under|on|at|with|upon|into|from|to|for)\s"
)
_PRONOUNS = re.compile(
    r"\b(?:he|him|his|she|her|hers|it|its|they|them|their|theirs|this|that|these|those|we|our|us|i"
    r"|my|you|your|such|former|latter|same|another|others?|itself|himself|themselves|here|both)\b",
    re.IGNORECASE,
)
_PERSONS = re.compile(
    r"\b(?:leader|king|queen|duke|duchess|prince|princess|president|general|politician|writer|author"
    r"|scientist|emperor|empress|bishop|archbishop|minister|founder|officer|engineer|mathematician"
    r"|poet|philosopher|explorer|commander|governor|spokesperson|chief|physicist|chemist|inventor"
    r"|historian|singer|actor|actress|painter|composer|player|lawyer|judge|member|son|daughter"
    r"|brother|sister|wife|husband|widow|descendants?|people|peoples|tribe|knight|merchant|theologian"
    r"|pastor|monk|settler|trader|employee|agent|soldier|weaver|pilot|novelist|journalist|activist|khan|ruler|director|researcher|professor|architect|astronomer|warlord|adventurer)\b"
)
KINDS = re.compile(
    r"\b(?:treaty|act|wars?|battle|laws?|crisis|book|report|agreement|embargo|edict|revolution|policy"
    r"|plan|systems?|networks?|protocols?|language|theory|movement|document|code|building|route|river"
    r"|ship|expedition|program|programme|project|convention|accords?|siege|conference|bill|company"
    r"|group|city|town|country|region|province|organi[sz]ation|island|institution|party|suite|service"
    r"|technology|technique|standard|software|museum|church|castle|university|school|empire|kingdom"
    r"|dynasty|agency|ministry|department|office|committee|cent(?:er|re)|council|court|assembly|hall"
    r"|house|form|type|kind|method|process|disease|species|planet|mission|newspaper|journal|parliament"
    r"|collection|festival|award|term|concept|religion|currency|election|union|army|bank|fund|consortium|alliance|corporation|foundation|firm)s?\b",
    re.IGNORECASE,
)
TITLES = (
    r"(?:[Ss]pokes(?:person|man|woman)|[Pp]resident|[Gg]eneral|[Cc]olonel|[Mm]ajor|[Cc]aptain|[Dd]uke"
    r"|[Gg]overnor|[Bb]ishop|[Ee]mperor|[Kk]ing|[Mm]inister|[Ll]eader|[Ee]xplorer|[Hh]istorian|[Pp]oet"
    r"|[Cc]hancellor|[Ss]enator|[Aa]stronomer|[Mm]athematician|[Ee]ngineer|[Ss]cientist|[Cc]ommander"
    r"|[Aa]rchitect|[Dd]irector|[Ss]ecretary|[Pp]rofessor)"
)
_BEHIND_NOUN = re.compile(r" (?:of|in|near|based|run|held|made|built|responsible|\w+ly|\w+ed)\b")
LIVING = re.compile(r"\b20\d\d\b|\bspokes", re.IGNORECASE)
DONE = (
    "founded|established|built|signed|completed|formed|published|killed|elected|crowned|captured"
    "|defeated|invented|discovered|launched|adopted|dissolved|passed|announced|ratified|abolished"
    "|introduced|created|destroyed|executed|arrested|inaugurated|revoked|conquered|annexed|issued"
    "|assassinated|designed|developed|repealed|opened|closed"
)
FOUND = "born|held|buried|located|situated|based|fought|built|founded"
SAID = frozenset(
    """announced banned condemned criticized demanded denied denounced opposed promised proposed
    rejected reported supported""".split()
)


@dataclass(frozen=True, slots=True)
class Clause:
    """A sentence's main clause, the whole of it, and its passage."""

    main: str
    whole: str
    passage: str


def read_subject(x: str, given: Clause, *, common: bool = False) -> str | None:
    """Return a subject as it stands inside a sentence; None when it is no name.

    The first word of a sentence has a capital whatever it is: it is taken for a name when more of
    the name follows or the passage has it inside a sentence; a `common` one is set in lower case.
    """
    words = x.split()
    article = words[0] in ("The", "the")
    name = words[1:] if article else words
    if not name or name[0].casefold() in NO_NAMES or not (name[0][0].isupper() or "of" in name):
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
    return word not in NO_NAMES and not word.endswith(("ly", "ing", "ed"))


def read_object(rest: str) -> str | None:
    """Return the noun phrase that an object begins with, None when it does not begin with one."""
    thing = CUT.split(f"{rest} ")[0].strip()
    behind = rest[len(thing) :].split()
    if behind[:1] == ["and"] and not set(behind[1:2]) & bases().keys():
        return None
    if plural := re.match(r"(.*[^'’]s) [a-z]+ing$", thing):
        thing = plural[1]
    if re.search(rf"(?: \w+ |{CAP} )\w+ing\b", thing):
        return None
    if not re.match(rf"(?:the|an?|all|several|many|two|three|four)\b|{CAP}|\d", thing):
        return None
    return thing if thing.split()[-1] not in NO_NAMES else None


def who_or_what(head: str) -> str | None:
    """Return how to ask for something, given what it is: "a hacking group" is no person."""
    noun = _BEHIND_NOUN.split(head)[0]
    if _PERSONS.search(noun):
        return "Who"
    return "What" if (kind := KINDS.search(noun)) and kind.end() == len(noun) else None


def is_specific(thing: str) -> bool:
    """Whether a phrase can be understood by itself: it has a name, a number or much to say."""
    return bool(re.search(r"[A-Z0-9]", thing)) or len(thing.split()) > 3


def without_date(thing: str) -> str:
    """Return a phrase up to the date that stands in it."""
    return re.sub(rf" {WHEN}.*", "", thing)


def polish(question: str) -> str | None:
    """Return the question as it is shown, None when it would not read as one."""
    question = re.sub(r"\s+", " ", question).replace(" ?", "?")
    body = question.removesuffix("?")
    words = body.split()
    if len(words) > MAX_WORDS or _PRONOUNS.search(body) or _ODD.search(body):
        return None
    return None if words[-1].casefold() in NO_NAMES - {"of", "as", "on", "have"} else question


GOLDEN = 0.6180339887498949
N_AROUND = 40
"""Passages read of the document that an answer's question seems to be about."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a question may be made of: a text, its sentences, and the heading over it."""

    text: str
    sentences: tuple[str, ...]
    heading: str | None = None


def read_all_over(snapshot: Snapshot, n: int) -> list[Source]:
    """Return up to n sources, spread over the documents and over each of them."""
    return _read(snapshot, spread(snapshot.rows_by_content(), n))


def read_near(snapshot: Snapshot, answer: Answer) -> list[Source]:
    """Return what was consulted for an answer as sources, the likeliest first.

    First of the document whose passage scored highest, and behind these more of that document, if
    it is still held; then of the others.
    """
    consulted = sorted(answer.consulted, key=lambda one: -one.score)
    first = consulted[0].document_id
    rows = snapshot.rows_of([first]) if first in snapshot.versions([first]) else ()
    return [
        *(_source_read(one) for one in consulted if one.document_id == first),
        *_read(snapshot, spread([rows], N_AROUND)),
        *(_source_read(one) for one in consulted if one.document_id != first),
    ]


def spread(rows_by_content: Sequence[Sequence[int]], n: int) -> list[int]:
    """Return n of the rows: one of each content, then another of each, from all over it.

    The first is the first passage, which often says what the document is about; the others follow
    the golden ratio, whose multiples leave no part of a document long without one.

    >>> spread([[1, 2, 3, 4, 5], [6]], 5)
    [1, 6, 3, 5, 2]
    """
    ordered = [
        [row for _, row in sorted((i * GOLDEN % 1, row) for i, row in enumerate(rows))]
        for rows in rows_by_content
    ]
    turns = chain.from_iterable(zip_longest(*ordered))
    return [row for row in turns if row is not None][:n]


def _read(snapshot: Snapshot, rows: Sequence[int]) -> list[Source]:
    passages = snapshot.passages(rows)
    return [_source_of(passages[row]) for row in dict.fromkeys(rows)]


def _source_of(passage: Passage) -> Source:
    sentences = (passage.text[a - passage.start : b - passage.start] for a, b in passage.sentences)
    return Source(passage.text, tuple(sentences), passage.heading)


def _source_read(consulted: Consulted) -> Source:
    text = consulted.text
    spans = split_sentences(text, [(0, len(text))])
    return Source(text, tuple(text[start:end] for start, end in spans), consulted.heading)


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


N_READ = 40
"""Passages read for each question wanted: about every second one gives a question."""
N_ASKED = 4
"""Questions asked for each one wanted."""
N_SPARE = 2
"""Questions asked beyond those wanted when somebody is waiting for them."""
N_JUDGED = 2
"""Passages read to judge one: of 51 questions made of squad2's texts, the first two decided as all
eight do, and eight take several times as long."""
NEAR_SHARE = 0.2
"""Of a query's idf: from here on a question is about something that the query names."""
MAX_HEADING_WORDS = 8
HEADING = "heading"

Quotes = Callable[[str, str], bool]
"""A question, a sentence -> whether the answer quotes that sentence."""


def suggest(sources: Iterable[Source], quotes: Quotes, n: int) -> tuple[str, ...]:
    """Return up to n questions, made of as many sources, and by as many rules, as there are.

    Args:
        sources: in the order in which to try them.
        quotes: asks one question.
        n: how many questions to return; at most `N_ASKED` times as many are asked.
    """
    listed = list(sources)
    made = [list(_propose_all(source)) for source in listed]
    proposals = chain(_vary(made), _from_headings(listed))
    return _keep_answered(proposals, quotes, n, n_asked=N_ASKED * n)


def suggest_near(
    query: str, weights: Mapping[str, float], sources: Sequence[Source], quotes: Quotes, n: int
) -> tuple[str, ...]:
    """Return up to n questions about what a query seems to be about, and not the query itself.

    Those that share `NEAR_SHARE` of its weight come first, by how much; the others in the order of
    their sources. At most n + `N_SPARE` are asked.

    Args:
        query: what was searched for.
        weights: its terms with their idf.
        sources: the likeliest first.
        quotes: asks one question.
        n: how many questions to return.
    """
    asked = set(query_terms(query))
    made = list(chain(*map(_propose_all, sources), _from_headings(sources)))
    told = [one for one in made if set(query_terms(one.question)) != asked]
    told.sort(key=lambda one: -_nearness(one, weights))
    return _keep_answered(told, quotes, n, n_asked=n + N_SPARE)


def _propose_all(source: Source) -> Iterator[Proposal]:
    if guess_language(source.text[:SAMPLE_CHARS]) != "en":
        return
    for sentence in source.sentences:
        yield from propose(sentence, source.text)


def _vary(made: Sequence[list[Proposal]]) -> Iterator[Proposal]:
    """Yield one proposal of each source, then another of each: by the rule least used so far."""
    used: Counter[str] = Counter()
    left = [list(proposals) for proposals in made]
    while any(left):
        for proposals in left:
            if proposals:
                best = min(proposals, key=lambda one: used[one.rule])
                proposals.remove(best)
                used[best.rule] += 1
                yield best


def _from_headings(sources: Iterable[Source]) -> Iterator[Proposal]:
    for source in sources:
        heading = " ".join((source.heading or "").split())
        if 0 < len(heading.split()) <= MAX_HEADING_WORDS and '"' not in heading:
            question = f'What does "{heading}" say?'
            for sentence in source.sentences[:1]:
                yield Proposal(question, sentence, HEADING)


def _keep_answered(
    proposals: Iterable[Proposal], quotes: Quotes, n: int, *, n_asked: int
) -> tuple[str, ...]:
    """Return the first n whose answer quotes the sentence that they were made of, one of each."""
    kept: dict[str, str] = {}
    tried: set[str] = set()
    for one in proposals:
        if len(kept) == n or len(tried) == n_asked:
            break
        if one.question in tried or one.sentence in kept:
            continue
        tried.add(one.question)
        if quotes(one.question, one.sentence):
            kept[one.sentence] = one.question
    return tuple(kept.values())


def _nearness(proposal: Proposal, weights: Mapping[str, float]) -> float:
    """Return the share of a query's weight that a proposal has, its own words counting double.

    A share of less than `NEAR_SHARE` is none: the two have a word in common by chance.
    """
    own, around = set(terms(proposal.question)), set(terms(proposal.sentence))
    shared = sum(w * ((term in own) + (term in around)) for term, w in weights.items())
    share = shared / (2 * sum(weights.values()) or 1)
    return share if share >= NEAR_SHARE else 0.0
