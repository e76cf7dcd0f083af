"""Makes a question stand by itself that leans on the conversation before it.

"And judo?" is the last question with judo in the place of what it is like; a pronoun is put for
what was asked about or named in the answer; "Why?" takes its sentence from the last question. A
question that stands by itself is left as it was typed (`stand`). A turn that is only a greeting,
thanks, a goodbye or an "ok" gets a reply instead (`reply_to`). No language model is used; English,
and what is cheap of German, French, Spanish, Italian and Portuguese (`follow-ups.txt`).
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from assistant.answer.phrases import (
    PERSON_NAME,
    TIMES,
    TOKEN,
    Phrase,
    agree,
    ask_by,
    capitalise,
    cut_lead,
    find_asked,
    find_person,
    find_phrases,
    find_topic,
    has_names,
    is_plural,
    kind_of,
    likeness,
    list_named,
    load_lists,
    may_stand_for,
    pick,
    share_words,
    small_words,
    strip_article,
)
from assistant.text import english as en
from assistant.text.exact import find_exact
from assistant.text.terms import DEFAULT, fold, say_in
from assistant.text.words import CAPITALISED, content, one_of
from assistant.values import Turn

NAME = "courtesy"
GREETINGS_FILE = "greetings.txt"
MAX_WORDS = 16
"""A longer turn says something."""

REPLIES = {
    "farewell": "Goodbye; the documents will be here when you come back.",
    "thanks": "You are welcome; ask me anything else about the documents.",
    "greeting": "Hello! What would you like to know about the documents?",
    "acknowledgement": "Good; ask me anything else about the documents.",
}
"""What to say to each kind; to a turn of several, what is said to the first of these."""

_GESTURES = {"👋": "greeting", "🙏": "thanks"} | dict.fromkeys(
    "👍👌👏🙌🤝🎉✅💯😊🙂😀😃😄😁😉😍🥰🤗❤♥💙💚", "acknowledgement"
)
_FACES = re.compile(r"(?<!\w)(?:[:;=]-?[)dp(]+|<3|xd)(?!\w)")
_LETTERS = re.compile(r"[^\W_]+")
_THAT_IS = re.compile(r"\b(that|this|it)['’]s\b")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")
_ASKS = re.compile(r"[?？؟]")


def reply_to(turn: str) -> str | None:
    """Return the reply to a courtesy; None when the turn asks for something.

    >>> reply_to("Hi there!")
    'Hello! What would you like to know about the documents?'
    >>> reply_to("Hello, who signed it?") is None
    True
    """
    kinds = _kinds_of(turn)
    if _ASKS.search(turn) and kinds != {"greeting"}:
        return None
    reply = next((reply for kind, reply in REPLIES.items() if kind in kinds), None)
    return reply and say_in(_language_of_courtesy(turn), reply)


def _language_of_courtesy(turn: str) -> str:
    """Return the language of a courtesy: of the words that only one language greets with."""
    words, phrases = _words(turn), _load_phrases()
    parts = (words[a:b] for a in range(len(words)) for b in range(len(words), a, -1))
    found = (phrases[part].language for part in parts if part in phrases)
    return next(filter(None, found), DEFAULT)


def _kinds_of(turn: str) -> set[str]:
    """Return the kinds of courtesy that the turn consists of, none when it has anything else."""
    text = turn.casefold()
    words = _words(_FACES.sub(" ", text))
    if not words:
        return {kind for sign, kind in _GESTURES.items() if sign in text}
    phrases = _load_phrases()
    kinds: set[str] = set()
    at = len(words) if len(words) > MAX_WORDS else 0
    while at < len(words):
        end = next((end for end in range(len(words), at, -1) if words[at:end] in phrases), None)
        if end is None:
            return set()
        kinds.add(phrases[words[at:end]].kind)
        at = end
    return kinds - {"along"}


class _Courtesy(NamedTuple):
    kind: str
    language: str


@cache
def _load_phrases() -> dict[tuple[str, ...], _Courtesy]:
    """Return the kind of every phrase, by its words, and the language that alone says it."""
    text = files("assistant.answer").joinpath(GREETINGS_FILE).read_text(encoding="utf-8")
    found: dict[tuple[str, ...], _Courtesy] = {}
    courtesy = _Courtesy("", "")
    for line in text.splitlines():
        if line.startswith("["):
            kind, _, language = line.strip("[]").partition(" ")
            courtesy = _Courtesy(kind, language)
        elif not line.startswith("#"):
            found |= {_words(phrase): courtesy for phrase in line.split("|")}
    return found


def _words(text: str) -> tuple[str, ...]:
    """Return the words as they are compared: without accents, case, or a letter drawn out."""
    text = _THAT_IS.sub(r"\1 is", text.casefold())
    return tuple(_DRAWN_OUT.sub(r"\1", fold(word)) for word in _LETTERS.findall(text))


# --- What leans, and on what

MAX_TURNS = 8
"""Questions that are gone back through, at most."""
MAX_SAID_CHARS = 4_000
"""A longer turn is looked at so far."""
MAX_LEANING_WORDS = 40
MAX_FRAGMENT_WORDS = 8
MAX_OPEN_WORDS = 8
"""A longer question says itself what it is about."""
_MARK = re.compile(r"\s*\[\d+\]")
_SENTENCE_END = re.compile(r"(?<=\w{3}[.!?]) +(?=\w)")
_CLAUSE = re.compile(
    r"[,;.!?]| [-–] |\b(?:and|or|but|when|if|because|after|before|while|who|that|which)\b",
    re.IGNORECASE,
)
_OWNER = re.compile(rf"{CAPITALISED}(?: {CAPITALISED})*(?<=['’]s)")
_EXPLETIVE = re.compile(
    r"\bit (?:is |was |be )?(?:possible|allowed|necessary|okay|ok|true|legal|safe|worth|better|good"
    r"|bad|free|required|permitted|easy|hard|difficult|takes?|costs?)\b(?=.* (?:to|that|if|when)\b)"
    r"|\b(?:time|day|date) is it\b|\b(?:is|are|was|were|be) there\b(?! *\?)"
    r"|\bthere (?:is|are|was|were|be)\b|^(?:that|this|it) is (?:\w+ ){0,2}\w+[.!,] (?=\w)",
    re.IGNORECASE,
)
_NTH = re.compile(
    r"\b(?:the )?(?P<nth>first|second|third|fourth|fifth|last|other|former|latter)"
    r"(?: ones?\b|(?=\W*$))"
    r"|\b(?P<both>both(?: of them)?)\b|\bof (?P<them>them|these|the two)\b",
    re.IGNORECASE,
)
_PERSON = re.compile(r"\b(?:(his|her(?= [a-z]))|(he|she|him|her))\b", re.IGNORECASE)
_THINGS = re.compile(r"\b(?:(their)|(they|them|(?:these|those)(?=\s*(?:\?|$))))\b", re.IGNORECASE)
_THING = re.compile(r"\b(?:(its)|(it))\b", re.IGNORECASE)
_THAT = re.compile(
    r"(?:(?<=\bis )|(?<=\bwas )|(?<=\bdoes )|(?<=\bdid )|(?<=\babout )|(?<=\bfor )|(?<=\bof )"
    r"|(?<=\bin )|(?<=\bto )|(?<=\bdo )|(?<=\bwith )|(?<=\bare )|(?<=\bthere )|^)"
    r"(?:that|this|these|those)\b(?P<noun> [a-z]+)?"
    r"|\b(?:that|this)(?=\s*\?*$)",
    re.IGNORECASE,
)
_STANDING_NOUNS = frozenset(
    "week month morning afternoon evening document file folder page".split()
)
_TIME_NOUNS = frozenset("year day date time month season".split())
_THERE = re.compile(r"\bthere(?=\s*\?*$)", re.IGNORECASE)
_FOREIGN = {
    "de": re.compile(r"(?<=[a-zäöüß] )(?:er|sie|es|ihn|ihm|das)(?=\s*\?*$)"),
    "fr": re.compile(r"(?<=\w)-(?:t-)?(?:il|elle|ils|elles)(?=\s*\?*$)"),
}
_HOW_MANY = re.compile(r"how many (?P<verb>are|were) there\W*", re.IGNORECASE)
_OPENS_ENGLISH = re.compile(rf"(?:{one_of(en.ASKING_VERBS | en.MODALS)})\b", re.IGNORECASE)
_WH = re.compile(
    rf"(?:(?:in|on|at|by|since|until|for|from|to) )?{one_of(en.QUESTION_WORDS)}\b", re.IGNORECASE
)


def stand(question: str, history: Sequence[Turn]) -> str:
    """Return the question, made to stand by itself if it leans on the conversation before it.

    >>> history = [("user", "When does climbing start?"), ("assistant", "On 4 May.")]
    >>> stand("And judo?", history), stand("Who built the mill?", history)
    ('When does judo start?', 'Who built the mill?')
    """
    return _complete(question, _read_before(history)) or question


def stand_with_topic(question: str, history: Sequence[Turn]) -> str | None:
    """Return a question with what the conversation is about; None if it says itself what it means.

    It is one that stands by itself, but may leave open of what: "the maximum period", "pricing".

    >>> history = [("user", "How much is the canoe?"), ("assistant", "It costs 9 euros.")]
    >>> stand_with_topic("Who pays the deposit?", history), stand_with_topic("B12?", history)
    ('Who pays the deposit of the canoe?', None)
    """
    topic = _topic_of(_read_before(history))
    is_short = 0 < len(content(question)) <= MAX_OPEN_WORDS
    if not topic or not is_short or share_words(question, topic) or has_names(question):
        return None
    asked = question.rstrip(" ?.!")
    last = next((one for one in find_phrases(asked)[-1:] if one.end == len(asked)), None)
    is_definite = last is not None and fold(last.text).startswith("the ")
    return f"{asked} of {topic}?" if is_definite else f"{asked}, {topic}?"


def _read_before(history: Sequence[Turn]) -> list[tuple[str, str]]:
    """Return the last questions, each made to stand by itself, with their answers."""
    before: list[tuple[str, str]] = []
    asked = [n for n, (speaker, _) in enumerate(history) if speaker == "user"][-MAX_TURNS:]
    for n in asked:
        said = history[n][1][:MAX_SAID_CHARS].strip()
        answer = history[n + 1][1] if history[n + 1 : n + 2] and history[n + 1][0] != "user" else ""
        answer = _MARK.sub("", answer[:MAX_SAID_CHARS])
        if said and reply_to(said) is None:
            before.append((_complete(said, before) or said, answer))
    return before


def _topic_of(before: Sequence[tuple[str, str]]) -> str:
    """Return what the last question is about: the same as long as it, or nothing, is named."""
    topic = ""
    for said, _ in before:
        if not topic or not re.search(rf"\b{re.escape(strip_article(topic))}\b", said):
            topic = find_topic(_last_asked(said)) or topic
    return topic


def _last_asked(said: str) -> str:
    """Return the last sentence of a turn that asks, or else the last."""
    sentences = _SENTENCE_END.split(said)
    return next((one for one in reversed(sentences) if one.endswith("?")), sentences[-1])


def _complete(question: str, before: Sequence[tuple[str, str]]) -> str | None:
    """Return the whole question; None for one that stands by itself."""
    if not before or len(question.split()) > MAX_LEANING_WORDS:
        return None
    last, answer = before[-1]
    last = last if len(last.split()) <= MAX_LEANING_WORDS else ""
    bare = fold(question).strip(" ?!.¿¡")
    lists = load_lists()
    if bare in lists["yes"]:
        return _accept(last, answer)
    if not last:
        return None
    if bare in lists["again"]:
        return last
    topic, last = _topic_of(before), _last_asked(last)
    if bare in lists["more"]:
        return f"Tell me more about {topic}" if topic else last
    if bare in lists["ellipsis"]:
        return _fill(question.strip(" ?!.¿¡"), last, answer)
    if (many := _HOW_MANY.fullmatch(question)) and topic:
        return f"How many {topic} {many['verb']} there?"
    return _go_on(question, before, topic)


def _go_on(question: str, before: Sequence[tuple[str, str]], topic: str) -> str | None:
    """Return the whole question of one that goes on or corrects, or points to what was said."""
    last, answer = before[-1]
    last = _last_asked(last)
    meant, rest = cut_lead(question, "meant")
    goes_on, rest = (False, rest) if meant else cut_lead(question, "goes on")
    rest = rest.strip(" ,.:")
    pointed = _name_again(rest if meant or goes_on else question, before)
    if not (rest and (meant or goes_on)):
        return capitalise(pointed) if pointed else _add_subject(question, topic)
    if fold(rest).strip(" ?!.") in load_lists()["ellipsis"]:
        return _fill(rest.strip(" ?!."), last, answer)
    if _is_fragment(rest):
        made = _substitute((pointed or rest).strip(" ?!.¿¡"), last, topic)
        is_same = _words(made) == _words(rest)  # nothing of the last question was left
        return None if is_same else capitalise(made)
    return capitalise(pointed) if pointed else rest if meant else None


def _is_fragment(text: str) -> bool:
    """Whether a text has no verb and asks nothing by itself."""
    words = [fold(one) for one in TOKEN.findall(text)]
    if not words or len(words) > MAX_FRAGMENT_WORDS or words[0] in en.QUESTION_WORDS | {"if"}:
        return False
    verbs = en.AUXILIARIES | small_words("verbs")
    return words[0] not in small_words("asks") and not any(
        one in verbs for one in words if one != "a"
    )


def _accept(last: str, answer: str) -> str | None:
    """Return what the assistant offered in its last sentence."""
    offer = re.search(
        rf"\b{one_of(map(re.escape, load_lists()['offers']))}\s+([^?\n]+)\?\s*$",
        answer,
        re.IGNORECASE,
    )
    if offer is None:
        return None
    said = offer[1].strip()
    if not last or not _is_fragment(said) or _WH.match(said):
        return f"{capitalise(said)}?"
    return _substitute(said, last, find_topic(last))


# --- Putting one thing for another


def _substitute(fragment: str, last: str, topic: str) -> str:
    """Return the last question with the fragment in the place of what it is most like."""
    asks, phrases = find_asked(last), list_named(last)
    if asked := _ask_for(fragment, phrases, topic):
        return asked
    if fold(last).startswith("tell me more about "):
        return f"Tell me more about {fragment}"
    lead, said = _cut_preposition(fragment)
    mark = "?" if last.rstrip().endswith("?") else ""
    if phrases:
        if re.search(r"['’]s$", said) and (owner := _OWNER.search(last)):
            return last[: owner.start()] + said + last[owner.end() :]
        scored = [
            (likeness(said, fold(lead), one, n) - (one == asks), n) for n, one in enumerate(phrases)
        ]
        score, place = max(scored, key=lambda pair: (pair[0], -pair[1]))
        best = phrases[place]
        if score > 0:
            end = best.end
            if best.is_headed and len(find_phrases(f"of {said}")) > 1:
                end = phrases[place + 1].end
            if lead and best.preposition:
                return last[: best.at] + f"{lead} {said}" + last[end:]
            if not lead:
                whole = last[: best.start] + said + last[end:]
                return agree(whole, best.start, said, best.text)
    if not lead and kind_of(said) not in TIMES and _WH.match(last):
        return fragment  # no sentence would come of it
    return f"{last.rstrip(' ?.!')} {f'{lead} {said}'.strip()}{mark or '?'}"


def _cut_preposition(fragment: str) -> tuple[str, str]:
    """Return the preposition that a fragment begins with, if it does, and the rest."""
    words = fragment.split()
    articles = small_words("articles")
    prepositions = en.MENTIONING | en.BESIDE | small_words("prepositions")
    if len(words) > 2 and fold(words[0]) in articles and fold(words[1]) in prepositions:
        words = words[1:]  # "el de tejido"
    has_lead = len(words) > 1 and fold(words[0]) in prepositions - en.ARTICLES
    return words[0] * has_lead, " ".join(words[has_lead:])


def _ask_for(fragment: str, phrases: Sequence[Phrase], topic: str) -> str | None:
    """Return the question for what everything may have, such as a price, of the topic."""
    said = fold(strip_article(fragment))
    is_attribute = bool({said, said.removesuffix("s")} & small_words("attributes"))
    if not topic or not is_attribute or any(share_words(fragment, one.text) for one in phrases):
        return None
    if fragment.casefold().startswith("the "):
        return f"What {'are' if fragment.endswith('s') else 'is'} {fragment} of {topic}?"
    return f"{fragment}, {topic}?"


def _fill(asked: str, last: str, answer: str) -> str:
    """Return the last question asked by other words: "When?", "Who else?"."""
    asked = asked[:1].upper() + asked[1:]
    rest = last.strip(" ?.!¿")
    topic = find_topic(last)
    mark = "¿" if last.startswith("¿") else ""
    if asked.casefold() == "how much" and topic:
        return f"How much {'do' if is_plural(topic) else 'does'} {topic} cost?"
    if _WH.match(rest) or _OPENS_ENGLISH.match(rest):
        return ask_by(asked, rest) or f"{capitalise(rest)}, and {asked[0].lower()}{asked[1:]}?"
    words = rest.split()
    folded = [fold(one) for one in words]
    verbs = small_words("verbs") | small_words("asks")
    if not any(one in verbs for one in folded[:3]):
        return f"{mark}{rest}, {asked[0].lower()}{asked[1:]}?"
    at = 1
    while at < len(folded) - 1 and folded[at] in small_words("asks"):
        at += 1
    name = next((one[0] for one in PERSON_NAME.finditer(answer)), "")
    tail = " ".join(words[at:])
    return f"{mark}{asked} {tail}{f' {name}' if name and name not in tail else ''}?"


# --- What stands for something that was said


def _name_again(question: str, before: Sequence[tuple[str, str]]) -> str | None:
    """Return a question with what it points to by name; None if it points to nothing."""
    last, answer = before[-1]
    topic = _topic_of(before)
    for pattern, found in _list_meant(question, before, topic):
        for match in pattern.finditer(question):
            if found and not _is_known(question, match.start(), match[0]):
                owner = fold(match[0]) in en.THEIR
                said = found + ("'" if found.endswith("s") else "'s") if owner else found
                return question[: match.start()] + said + question[match.end() :]
    if that := _THAT.search(question):
        noun = (that["noun"] or "").strip()
        if noun[:1].isupper():
            return None
        time = next(
            (one for one in find_exact(f"{last} {answer}") if one.kind in ("year", "date")), None
        )
        if (
            _is_known(question, that.start(), that[0])
            or noun in _STANDING_NOUNS
            or (noun and noun in en.EMPTY and not topic)
        ):
            return None
        if noun in _TIME_NOUNS and time:
            lead = "in " if question[: that.start()].endswith("there ") else ""
            said = lead + f"{last} {answer}"[time.start : time.end]
            return question[: that.start()] + said + question[that.end() :]
        is_verb = question[: that.start()].casefold().endswith(("does ", "did "))
        if topic and (not noun or is_verb or noun in en.BASES or noun in en.EMPTY):
            return (
                question[: that.start()]
                + topic
                + (f" {noun}" if noun else "")
                + question[that.end() :]
            )
        if topic:
            said = topic if noun in fold(topic) else f"the {strip_article(topic)} {noun}"
            return question[: that.start()] + said + question[that.end() :]
    return _name_foreign(question, topic)


def _list_meant(
    question: str, before: Sequence[tuple[str, str]], topic: str
) -> Iterator[tuple[re.Pattern[str], str]]:
    """Yield each pattern of what stands for something, with that thing."""
    last, answer = before[-1]
    if match := _NTH.search(question):
        yield _NTH, pick(match, before)
    yield _PERSON, find_person(before) or topic
    for pattern in (_THINGS, _THING):
        several = pattern is _THINGS
        yield pattern, topic * may_stand_for(topic, question, last, several=several)
    names = [
        one[0]
        for one in re.finditer(rf"(?<=\b[a-z]{{2}} ){CAPITALISED}(?: {CAPITALISED})*", answer)
    ]
    yield (
        _THERE,
        f"to {names[0]}" if names and fold(last).startswith("where") else topic and f"to {topic}",
    )


def _is_known(question: str, at: int, said: str) -> bool:
    """Whether the question itself says what a word in it stands for, or it stands for nothing."""
    if any(one.start() <= at < one.end() for one in _EXPLETIVE.finditer(question)):
        return True
    behind = question[:at]
    own = [one for one in find_phrases(question) if one.end <= at]
    if not own or _NTH.match(said):
        return False
    is_possessive = fold(said) in en.THEIR
    return is_possessive or _CLAUSE.search(behind, own[0].end) is not None


def _name_foreign(question: str, topic: str) -> str | None:
    for language, pattern in _FOREIGN.items():
        if (
            topic
            and (match := pattern.search(question))
            and not find_phrases(question[: match.start()])
        ):
            gap = " " if language == "fr" else ""
            return question[: match.start()] + gap + topic + question[match.end() :]
    return None


def _add_subject(question: str, topic: str) -> str | None:
    """Return a question of a question word and a verb, in a language that may drop its subject."""
    words = [fold(one) for one in TOKEN.findall(question)]
    if not topic or not 2 <= len(words) <= 3 or words[0] in en.QUESTION_WORDS:
        return None
    if words[-1] in small_words("verbs") and all(
        one in small_words("asks") | small_words("prepositions") for one in words[:-1]
    ):
        return f"{question.rstrip(' ?')} {topic}?"
    return None
