"""A question as a person wrote it -> the query that is searched for.

Takes away what frames a question and says nothing of what is asked: greetings, thanks, "could you
tell me". A question that is nothing but a frame stays whole. English only; a question in another
language is searched for as it stands. Refuses a question without a character, or with too many.
"""

import re

from assistant.errors import QuestionError
from assistant.ingest.normalize import normalize
from assistant.ingest.sentences import split_sentences

_FRAME = re.compile(
    r"""[\s,;:]*(?:
        (?:hi|hello|hey|dear\s\w+|good\s(?:morning|afternoon|evening)|please|so|well|ok|okay|and|now
          |also)\b[\s,!]*
      | (?:i\s(?:was|am)\s(?:just\s)?wondering|i\swonder|i\s(?:want|need)\sto\sknow
          |i(?:\swould|['’]d)\s(?:really\s)?(?:like|love)\sto\sknow|i\shave\sa\squestion
          |my\squestion\sis|(?:do|does)\s(?:you|anyone|someone)\s(?:happen\sto\s)?know)\b
        [\s,:]*(?:if\b|whether\b)?[\s,]*
      | (?:could|can|would|will)\s(?:you|someone|anyone)\s(?:please\s|kindly\s|maybe\s)*
        (?:tell\sme|explain(?:\sto\sme)?|say|let\sme\sknow)\b[\s,:]*
      | (?:you\s(?:could|can|would)\s(?:please\s)?)?(?:tell\sme|explain|let\sme\sknow)\b[\s,:]*
      | the\sfollowing\b[\s,:]*
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_WORD = re.compile(r"\w")
_THANKS = re.compile(
    r"\b(?:thanks|thank\syou|many\sthanks|i\s(?:really\s)?appreciate|best\sregards|kind\sregards)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:who|whom|whose|when|where|why|how|which|what)\b|^(?:is|are|was|were|do|does|did|has|have|"
    r"had|can|could|will|would|should)\b",
    re.IGNORECASE,
)
_LEANS = re.compile(
    r"\b(?:it|its|he|him|his|she|her|they|them|their|this|that|these|those)\b", re.I
)
LONG_WORDS = 20
"""Shorter questions are let be but for their first words."""


def read_question(question: str, max_chars: int) -> str:
    """Return a question in canonical form, on one line.

    Raises:
        QuestionError: nothing is left of it, or more than `max_chars` characters.
    """
    query = " ".join(normalize(question)[0].split())
    if not query:
        raise QuestionError("the question is empty; ask something")
    if len(query) > max_chars:
        raise QuestionError(
            f"the question has {len(query):,} characters, over the limit of {max_chars:,}; "
            "shorten it"
        )
    return query


def focus(question: str) -> str:
    """Return what of a question to search for.

    >>> focus("Could you please tell me who signed it?")
    'who signed it?'
    """
    if len(question.split()) <= LONG_WORDS:
        return _unframe(question)
    spans = split_sentences(question, [(0, len(question))])
    sentences = [_unframe(question[start:end]) for start, end in spans]
    kept = [one for one in sentences if not _THANKS.search(one) and _WORD.search(one)]
    asked = [one for one in kept if one.endswith("?")]
    if asked and not any(_LEANS.search(one) for one in asked):
        kept = asked
    return " ".join(kept) or question


def _unframe(sentence: str) -> str:
    """Return the sentence without its frame, however many parts that has."""
    _, colon, rest = sentence.rpartition(":")
    if colon and len(sentence.split()) > LONG_WORDS and _ASKS.search(rest):
        return rest.strip()
    while (match := _FRAME.match(sentence)) and _WORD.search(sentence, match.end()):
        sentence = sentence[match.end() :]
    return sentence
