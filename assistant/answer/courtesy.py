"""A turn that is nothing but a greeting, thanks, a goodbye or an "ok" -> what to reply.

Knows the commonest of English, German, French, Spanish, Italian and Portuguese
(`courtesies.txt`); the reply is in English. Pure. Refuses nothing: a turn with any other word in it
("ok computer album", "thanks, and when?") is for the documents, and so is a word that may be a
thing ("Nice", "a fine") by itself.
"""

import re
from functools import cache
from importlib.resources import files

from assistant.index.terms import fold

NAME = "courtesy"
COURTESIES_FILE = "courtesies.txt"
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
_WORD = re.compile(r"[^\W_]+")
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
    return next((reply for kind, reply in REPLIES.items() if kind in kinds), None)


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
        kinds.add(phrases[words[at:end]])
        at = end
    return kinds - {"along"}


@cache
def _load_phrases() -> dict[tuple[str, ...], str]:
    """Return the kind of every phrase, by its words."""
    text = files("assistant.answer").joinpath(COURTESIES_FILE).read_text(encoding="utf-8")
    found: dict[tuple[str, ...], str] = {}
    kind = ""
    for line in text.splitlines():
        if line.startswith("["):
            kind = line.strip("[]")
        elif not line.startswith("#"):
            found |= {_words(phrase): kind for phrase in line.split("|")}
    return found


def _words(text: str) -> tuple[str, ...]:
    """Return the words as they are compared: without accents, case, or a letter drawn out."""
    text = _THAT_IS.sub(r"\1 is", text.casefold())
    return tuple(_DRAWN_OUT.sub(r"\1", fold(word)) for word in _WORD.findall(text))
