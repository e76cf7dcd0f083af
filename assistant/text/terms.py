"""The terms of a text: for the lexical index, for BM25 queries, and for comparing texts.

A term is a run of letters and digits: compatibility-normalised (NFKC), case-folded, without Latin
accents, and stemmed (Snowball English). Scripts without spaces between words give overlapping pairs
of characters. A text without letters and digits has no terms.
"""

import re
import threading
import unicodedata

import Stemmer

from assistant.text.english import FUNCTION_WORDS

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_TOKEN = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+")
_ACCENT = re.compile("[\u0300-\u036f]")
_LOCAL = threading.local()


def terms(text: str) -> list[str]:
    """Return the terms of a text, in order, repeats and function words included.

    >>> terms("The hackers' Hacking, 2021!")
    ['the', 'hacker', 'hack', '2021']
    >>> terms("数字経済")
    ['数字', '字経', '経済']
    """
    found: list[str] = []
    words: list[str] = []
    for token in _TOKEN.findall(fold(text)):
        if token[0] >= "\u0e00" and re.match(f"[{_UNSPACED}]", token[0]):
            found += _stem(words) + _pairs(token)
            words = []
        else:
            words.append(token)
    return found + _stem(words)


def query_terms(text: str) -> list[str]:
    """Return the distinct terms of a question, function words only when it has no others."""
    content = " ".join(w for w in _TOKEN.findall(fold(text)) if w not in FUNCTION_WORDS)
    return list(dict.fromkeys(terms(content) or terms(text)))


def fold(text: str) -> str:
    """Return the text compatibility-normalised, case-folded and without Latin accents.

    >>> fold("Céloron")
    'celoron'
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    if folded.isascii():
        return folded
    bare = _ACCENT.sub("", unicodedata.normalize("NFD", folded))
    return unicodedata.normalize("NFC", bare)


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def _stem(words: list[str]) -> list[str]:
    if not words:
        return []
    stemmer = getattr(_LOCAL, "stemmer", None)
    if stemmer is None:  # one per thread: a Stemmer keeps a buffer
        stemmer = _LOCAL.stemmer = Stemmer.Stemmer("english")
    stems: list[str] = stemmer.stemWords(words)
    return stems
