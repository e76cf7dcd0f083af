"""From a question to the query that is searched for.

`read_question` removes what frames a question without saying what is asked: greetings, thanks,
"could you tell me". A question that consists of nothing else stays whole. The phrases are English;
a question in another language is searched for as it stands. `respell` replaces misspelt words of a
query by words of the documents, `split_question` takes questions apart that were asked in one;
`AskedTerms` tells what of a question a text has.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from rapidfuzz import process
from rapidfuzz.distance import OSA

from assistant.errors import QuestionError
from assistant.store.snapshot import Snapshot
from assistant.text import english as en
from assistant.text.cues import goes_on, refers
from assistant.text.dates import find_relative_days, tells_of
from assistant.text.normalize import normalize
from assistant.text.numbers import match_numbers
from assistant.text.sentences import split_sentences
from assistant.text.terms import (
    DEFAULT,
    JOINING,
    QueryTerms,
    fold,
    function_words,
    query_terms,
    read_query,
    terms,
)
from assistant.text.words import COMPOUND, LETTERS, WORD, is_verb, one_of, read
from assistant.values import Turn

MIN_LETTERS = 5
"""Shorter words are not corrected: too many of their neighbours are words, too."""
LONG_LETTERS = 9
"""Words of this length or more may have two errors, shorter ones one."""
ENDING_LETTERS = 3
"""A word is also tried without its last letters: the stemmer may not know a misspelt ending."""
MAX_UNKNOWN = 8
"""A query with more unknown words is not misspelt but about something else."""
N_CANDIDATES = 8
N_PASSAGES = 5
"""Passages read to find how a stem is spelt in full."""
_LED = re.compile(r"\b(?:in|on|by|until|till|since|before|after|for|from|to|of)\s$", re.IGNORECASE)
_HAS_MARKS = re.compile("[\u0590-\u1fff]")
"""Letters of scripts whose words hold marks that are no letters."""
LONG_WORDS = 20
"""Of a question of up to so many words, only the frame is removed."""

_FRAME = re.compile(en.QUESTION_FRAME, re.IGNORECASE | re.VERBOSE)
_THANKS = re.compile(en.THANKS, re.IGNORECASE)
_ASKS = re.compile(rf"\b{one_of(en.QUESTION_WORDS)}\b|^{one_of(en.ASKING_VERBS)}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParsedQuestion:
    """A question in canonical form as it was typed and on one line, and what to search for."""

    question: str
    line: str
    query: str


def read_question(question: str, max_chars: int) -> ParsedQuestion:
    """Return a question in canonical form, with what to search for.

    Raises:
        QuestionError: it is empty, or longer than `max_chars`.
    """
    typed = normalize(question)[0]
    line = " ".join(typed.split())
    if not line:
        raise QuestionError("the question is empty; ask something")
    if len(line) > max_chars:
        raise QuestionError(
            f"the question has {len(line):,} characters, over the limit of {max_chars:,}; "
            "shorten it"
        )
    return ParsedQuestion(typed, line, focus(line))


def read_history(history: Sequence[Turn]) -> tuple[Turn, ...]:
    """Return the turns with their text in canonical form.

    Raises:
        QuestionError: one of them is no turn.
    """
    turns = []
    for turn in history:
        match turn:
            case ("user" | "assistant" as speaker, str(text)):
                turns.append((speaker, " ".join(normalize(text)[0].split())))
            case _:
                raise QuestionError(
                    f"a turn of the history is ('user', text) or ('assistant', text), not {turn!r}"
                )
    return tuple(turns)


def focus(question: str) -> str:
    """Return what to search for: a question without what frames it.

    Of a long question only the sentences that ask something are kept, unless they refer to others.

    >>> focus("Could you please tell me who signed it?")
    'who signed it?'
    """
    if len(question.split()) <= LONG_WORDS:
        return _unframe(question)
    spans = split_sentences(question, [(0, len(question))])
    sentences = [_unframe(question[start:end]) for start, end in spans]
    kept = [one for one in sentences if not _THANKS.search(one) and WORD.search(one)]
    asked = [one for one in kept if one.endswith("?")]
    if asked and not any(refers(one) for one in asked):
        kept = asked
    return " ".join(kept) or question


def respell(snapshot: Snapshot, query: str, is_word: Callable[[str], bool]) -> str:
    """Return the query with each unknown word replaced by the documents' nearest word.

    Args:
        snapshot: the index, for the words that the documents use.
        query: what to search for.
        is_word: whether something is a word even though no document uses it.
    """
    languages = snapshot.languages()
    asked = read_query(query, languages)
    if asked.language not in (DEFAULT, *languages):
        return query
    unknown = [
        (start, end)
        for start, end in _unknown_words(snapshot, query, asked)
        if not is_word(query[start:end])
    ]
    for start, end in reversed(unknown if len(unknown) <= MAX_UNKNOWN else []):
        if found := nearest_word(snapshot, query[start:end], asked.language):
            query = query[:start] + found + query[end:]
    return query


def nearest_word(snapshot: Snapshot, word: str, language: str = DEFAULT) -> str | None:
    """Return the word of the documents that `word` most likely stands for; None if none is near.

    Words are compared by optimal string alignment (Damerau 1964): a letter too many, too few or
    wrong, and two letters in the wrong order are one error each. The first letter is taken to be
    right; in another language than English so are the last ones, where it is inflected, and there
    is one error at most. Of equally near words, the one in more passages is chosen.
    """
    folded = fold(word)
    is_english = language == DEFAULT
    limit = 2 if len(word) >= LONG_LETTERS and is_english else 1
    counts = snapshot.count_terms_from(folded[0])
    candidates = {
        candidate
        for stem in {terms(word, language)[0], folded, folded[:-ENDING_LETTERS]}
        for candidate, _, _ in process.extract(
            stem, list(counts), scorer=OSA.distance, score_cutoff=limit + 1, limit=N_CANDIDATES
        )
    }
    found = [
        (distance, -counts[candidate], spelling.islower() != word.islower(), spelling)
        for candidate in candidates
        for spelling in _spellings(snapshot, candidate, language)
        if (is_english or fold(spelling)[-ENDING_LETTERS:] == folded[-ENDING_LETTERS:])
        and (distance := OSA.distance(folded, fold(spelling))) <= limit
    ]
    return min(found)[-1] if found else None


def is_misspelt(said: str, word: str) -> bool:
    """Whether a folded word, which is none, may be a typing error for another.

    >>> is_misspelt("kilm", "kiln"), is_misspelt("loom", "kiln")
    (True, False)
    """
    limit = 2 if len(said) >= LONG_LETTERS else 1
    return said[:1] == word[:1] and len(said) > 3 and OSA.distance(said, word) <= limit


def _unframe(sentence: str) -> str:
    """Return a sentence without the words that frame it, in however many parts."""
    _, colon, rest = sentence.rpartition(":")
    if colon and len(sentence.split()) > LONG_WORDS and _ASKS.search(rest):
        return rest.strip()
    while (match := _FRAME.match(sentence)) and WORD.search(sentence, match.end()):
        sentence = sentence[match.end() :]
    return sentence


def _unknown_words(snapshot: Snapshot, query: str, asked: QueryTerms) -> Iterator[tuple[int, int]]:
    light = function_words(asked.language)
    words = {
        match.span(): found
        for match in LETTERS.finditer(query)
        if len(match.group()) >= MIN_LETTERS
        and fold(match.group()) not in light
        and not _HAS_MARKS.match(match.group())
        and len(terms(match.group(), asked.language)) == 1
        and (found := asked.forms_of(match.group()))
    }
    known = snapshot.count_passages_with(sorted(set().union(*words.values())))
    yield from (span for span, found in words.items() if found.isdisjoint(known))


def _spellings(snapshot: Snapshot, term: str, language: str) -> set[str]:
    rows = [row for row, _ in snapshot.bm25([term], k=N_PASSAGES)]
    passages = snapshot.passages(rows).values()
    texts = (f"{passage.heading or ''} {passage.text}" for passage in passages)
    words = {match.group() for text in texts for match in LETTERS.finditer(text)}
    return {word for word in words if terms(word, language) == [term]}


def name_days(snapshot: Snapshot, query: str, today: date) -> str:
    """Return the query with its relative days named: "yesterday" becomes "on 27 November 2026".

    As the documents name it: by date, or by weekday where none has the date. Of the present day,
    month or year, which may mean no more than "now", and of a day that the asker tells of, only if
    a document has it.
    """
    found = list(find_relative_days(query, today))
    names = [term for one in found for term in (one.form, *terms(one.weekday))]
    known = snapshot.count_passages_with(names) if names else {}
    for one in reversed(found):
        weekday = terms(one.weekday)
        has_day = bool(weekday) and weekday[0] in known
        is_of_any = one.is_present or tells_of(query, one)
        if one.form not in known and not has_day and is_of_any:
            continue
        said = one.weekday if has_day and one.form not in known else one.said
        lead = "in" if one.said.isdigit() or not one.weekday else "on"
        is_led = _LED.search(query[: one.start]) or query[: one.end].endswith("s")
        said = said if is_led else f"{lead} {said}"
        query = f"{query[: one.start]}{said}{query[one.end :]}"
    return query


# --- What of a question a text has

MIN_BEGINNING = 4
"""Letters of a word with which a compound may begin: "Geselle" in "Gesellenstunde"."""


@dataclass(frozen=True, slots=True)
class AskedTerms:
    """The terms of a question with what each weighs, and how a document's language stems them.

    `part` is the kind of part that it asks for: "which chapter".
    """

    weights: Mapping[str, float]
    stems: Mapping[str, str] = field(default_factory=dict)
    language: str = DEFAULT
    part: str = ""

    def found_in(self, *texts: str) -> frozenset[str]:
        """Return which of the question's terms stand in any of the texts."""
        found = (term for text in texts for term in terms(text, self.language))
        return frozenset(
            term for stem in found if (term := self.stems.get(stem, stem)) in self.weights
        )

    def told_by(self, row: str) -> frozenset[str]:
        """Return those that a row has; numbers also spelt, words also as a compound begins."""
        found = self.found_in(row).union(match_numbers(self.weights, row))
        if self.language not in JOINING:
            return found
        stems = {one: one for one in self.weights} | dict(self.stems)
        words = [fold(word) for word in WORD.findall(row)]
        return found.union(
            term
            for stem, term in stems.items()
            if len(stem) >= MIN_BEGINNING and term in self.weights
            if any(word.startswith(stem) for word in words)
        )

    def weigh(self, found: Iterable[str]) -> float:
        """Return the weight of terms, as a share of the question's."""
        return sum(self.weights[term] for term in found) / (sum(self.weights.values()) or 1.0)


# --- Two questions in one

MAX_PARTS = 3
"""A question of more parts is asked as it stands."""
MIN_PART_WORDS = 3
MAX_NOUN_WORDS = 3
"""Words of a name without capitals: "the blue fishing boat"."""

_WH = one_of(en.QUESTION_WORDS)
_SUBJECT = r"(?:it|he|she|they|there|the|this|that|these|those|an?|my|our|one|we|i|you|any)\b"
_JOINT = re.compile(
    rf"(?:(?<=\?)\s+|,?\s+)and\s+(?:also\s+)?"
    rf"(?={_WH}\b\s+\S+\s+\S|{one_of(en.ASKING_VERBS)}\s+(?:{_SUBJECT}|(?-i:[A-Z])))|(?<=\?)\s+",
    re.IGNORECASE,
)
_OPENS = re.compile(
    rf"\W*(?:(?:in|on|at|from|to|by|for|of) )?(?:{_WH}|{one_of(en.ASKING_VERBS)})\b", re.IGNORECASE
)
_PLURAL = re.compile(
    rf"(?:which|what|how many)\s+(?:{one_of(en.ASKING_VERBS)}\s+)?(?:the\s+)?"
    rf"(?P<things>(?:(?!{one_of(en.ASKING_VERBS)}\b)[\w-]+\s)?[\w-]+s)\s",
    re.IGNORECASE,
)
_INSIDE = re.compile(r"\b(?:who|whom|what|when|where|why|how|whether|if)\b", re.IGNORECASE)
_POINTS = {
    "person's": re.compile(r"\b(?:his|her(?= \w))\b", re.IGNORECASE),
    "person": re.compile(r"\b(?:he|she|him|her)\b", re.IGNORECASE),
    "things'": re.compile(r"\btheir\b", re.IGNORECASE),
    "things": re.compile(r"\b(?:they|them)\b", re.IGNORECASE),
    "thing's": re.compile(r"\bits\b", re.IGNORECASE),
    "thing": re.compile(r"\bit\b", re.IGNORECASE),
}
_COMPARED = re.compile(
    r"(?:compare|contrast)\s+(?P<a1>.{2,120}?)\s+(?:and|with|to|against|versus|vs\.?)\s+"
    r"(?P<b1>.{2,120})|(?:what\s+(?:is|are)\s+|what's\s+)?(?:the\s+)?(?:main\s+)?differences?\s+"
    r"between\s+(?P<a2>.{2,120}?)\s+and\s+(?P<b2>.{2,120})"
    r"|how\s+(?:do|does|is|are)\s+(?P<a3>.{2,120}?)\s+(?:differ(?:ent)?\s+from|compare\s+(?:to|with))"
    r"\s+(?P<b3>.{2,120})"
    r"|(?:which|who|what)\b(?P<asked>[^,:]{2,60}?)[,:]\s+(?P<a4>[^,]{2,120}?)\s+or\s+(?P<b4>.{2,120})",
    re.IGNORECASE,
)
_NAMED = re.compile(r"[A-Z0-9]|\.\w{2,4}\b")
_TOPIC = re.compile(r"(?P<topic>.+\s(?:in|of|for|from|by|at)\s)(?:the\s)?\S+")


@dataclass(frozen=True, slots=True)
class QuestionPart:
    """One of the questions that were asked in one, so that it stands by itself.

    Attributes:
        text: as it was asked.
        query: what to search for.
        about: of a comparison, the terms that name the thing which this part is about; else none.
    """

    text: str
    query: str
    about: frozenset[str] = frozenset()


def split_question(query: str) -> tuple[QuestionPart, ...]:
    """Return the questions that are asked in one; a single one as it stands.

    Two named things that are compared are a part each. What goes on with "it" or "she" is asked of
    what the first part names; where that is not told, the question stays whole. English only.

    >>> [one.query for one in split_question("Who designed the Alto, and how much does it cost?")]
    ['Who designed the Alto?', 'how much does the Alto cost?']
    >>> len(split_question("Who founded Smith and Sons?"))
    1
    """
    if compared := _split_comparison(query):
        return compared
    joints = [match.span() for match in _JOINT.finditer(query)]
    starts, ends = [0, *(end for _, end in joints)], [*(start for start, _ in joints), len(query)]
    parts = [query[a:b].strip(" ,?") for a, b in zip(starts, ends, strict=True)]
    if not 2 <= len(parts) <= MAX_PARTS or not all(map(_stands, parts)) or goes_on(parts[0]):
        return (QuestionPart(query, query),)
    named = _list_named(parts[0])
    if asked := _PLURAL.match(parts[0]):
        named.append((f"the {asked['things']}", False))
    queries = [parts[0], *(_name_again(part, named) for part in parts[1:])]
    if any(pattern.search(one) for one in queries for pattern in _POINTS.values()):
        return (QuestionPart(query, query),)
    return tuple(
        QuestionPart(part, f"{query}?") for part, query in zip(parts, queries, strict=True)
    )


def _split_comparison(query: str) -> tuple[QuestionPart, ...]:
    match = _COMPARED.fullmatch(query.strip(" ?.!"))
    if match is None:
        return ()
    found = match.groupdict()
    one, other = (
        next(found[f"{side}{n}"] for n in range(1, 5) if found[f"{side}{n}"]) for side in "ab"
    )
    if not (_NAMED.search(one) and _NAMED.search(other)):
        return ()
    topic = _TOPIC.fullmatch(one)
    queries = (one, topic["topic"] + other if topic and not _TOPIC.fullmatch(other) else other)
    names = (one[topic.end("topic") :] if topic else one, other)
    asked = (found["asked"] or "").strip()
    asked = next((said for word, said in en.COMPARED_BY.items() if word in asked.split()), asked)
    return tuple(
        QuestionPart(name, " ".join(filter(None, (text, asked))), frozenset(query_terms(name)))
        for name, text in zip(names, queries, strict=True)
    )


def _stands(part: str) -> bool:
    """Tell whether a part is a question with a verb, and holds no other."""
    opening = _OPENS.match(part)
    if opening is None or len(part.split()) < MIN_PART_WORDS or _INSIDE.search(part, opening.end()):
        return False
    return any(map(is_verb, read(part)))


def _list_named(question: str) -> list[tuple[str, bool]]:
    """Return what a question names, each with whether it may be a person: "Ann", "the mill"."""
    found: list[tuple[str, bool]] = []
    words = list(COMPOUND.finditer(question))
    at = 1
    while at < len(words):
        has_article = fold(words[at][0]) in en.ARTICLES | en.POSSESSIVE | en.DEMONSTRATIVES
        first = at + has_article
        last = first
        while last < len(words) and words[last][0][0].isupper():
            last += 1
        if last == first and has_article:
            while last < len(words) and last - first < MAX_NOUN_WORDS and _is_noun(words[last][0]):
                last += 1
        if last > first:
            text = question[words[at].start() : words[last - 1].end()]
            found.append((text, not has_article))
        at = max(last, at + 1)
    return found


def _is_noun(word: str) -> bool:
    (found,) = read(word)[:1] or (None,)
    return found is not None and found.is_content and not is_verb(found) and word not in en.BASES


def _name_again(part: str, named: list[tuple[str, bool]]) -> str:
    """Return a part with the last thing, or the first person, in the place of a pronoun."""
    people = [text for text, is_person in named if is_person]
    things = [text for text, _ in reversed(named)]
    plural = [text for text in things if text.endswith("s")]
    single = [text for text in things if text not in plural] or things
    for kind, pattern in _POINTS.items():
        known = plural if kind.startswith("things") else single
        known = (people or things) if kind.startswith("person") else known
        if known and pattern.search(part):
            owner = f"{known[0]}'s" if kind.endswith("'s") else known[0]
            return pattern.sub(lambda _, said=owner: said, part, count=1)  # type: ignore[misc]
    return part
