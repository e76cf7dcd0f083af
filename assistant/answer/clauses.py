"""What the rules that make questions know of English: names, clauses, verbs, what is a person.

In: text. Out: its parts as a question may hold them, None where it may not. Pure.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from assistant.index.terms import FUNCTION_WORDS

MAX_WORDS = 12
VERBS_FILE = "verbs.txt"

CAP = r"(?:(?:[A-Z]\.){2,}|[A-ZÀ-ÖØ-Þ][^\W_]*(?:['’-][^\W_]+)*)"
NAME = rf"{CAP}(?: (?:(?:of|de|la|du|von|van|and|for)(?: the)? )?{CAP})*"
_ADVERB = r"(?:also|then|later|first|soon|finally|eventually|formally|officially|[a-z]{3,}ly)\b"
ADVERB = rf"(?: {_ADVERB})?"
SUBJECT = (
    rf"(?P<x>[Tt]he (?:[a-z]+ ){{1,2}}of (?:the )?{NAME}"
    rf"|(?:[Tt]he )?{NAME}(?: (?!{_ADVERB})[a-z]+)?)"
)
MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
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
NO_NAMES = FUNCTION_WORDS | frozenset(
    """according adding additional additionally along also although among another anyway
    because besides beyond certain consequently despite due during early either even
    eventually every few finally first following former four further furthermore given
    hence however including indeed instead late later less like little many meanwhile
    modern moreover most much nearly neither nevertheless new next nonetheless numerous
    one original originally others outside perhaps present previous previously prior
    recent recently several similar similarly since six soon still subsequent ten
    therefore though three throughout thus today together towards two unlike upon
    various whereas whether within without years yet""".split()
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


@cache
def _load_verbs() -> tuple[tuple[str, str, str], ...]:
    """Return each verb with its past and its participle."""
    text = files("assistant.answer").joinpath(VERBS_FILE).read_text(encoding="utf-8")
    found = []
    for word in " ".join(line for line in text.splitlines() if line[:1] != "#").split():
        base, _, forms = word.partition(":")
        past, _, participle = forms.partition(":")
        past = past or f"{base}{'d' if base.endswith('e') else 'ed'}"
        found.append((base, past, participle or past))
    return tuple(found)


def any_verb(form: int) -> str:
    """Return the pattern of all verbs in a form: 1 the past, 2 the participle."""
    return "|".join(verb[form] for verb in _load_verbs())


@cache
def bases() -> dict[str, str]:
    """Return the verb of each past."""
    return {past: base for base, past, _ in _load_verbs()}
