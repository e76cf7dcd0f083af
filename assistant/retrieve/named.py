"""What a question names: files and folders, and what no document has.

A file named in full limits a question to it. A word of a name ("Oslo" of rental-oslo.txt) makes
its documents likelier, the more the fewer names have it.

What is asked for by a code, date, year or name that occurs nowhere has neighbours that are alike in
pieces of words and in vectors, and are no answer. Not asked for are limits ("since 2024"), and
names in a question that is in German, whose nouns have capitals, or in a language that no document
is in.
"""

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from assistant.store.snapshot import Snapshot
from assistant.text import english as en
from assistant.text.exact import Exact, find_exact
from assistant.text.terms import (
    DEFAULT,
    fold,
    function_words,
    guess_language,
    read_query,
    stemming_of,
    terms,
)
from assistant.text.words import LETTERS

_WORD_BREAK = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[^\W\d_])(?=\d{2})|[_]+")
_SUFFIX = re.compile(r"\.[A-Za-z]\w{0,5}$")
MAX_SHARE = 0.5
"""Of all documents: a word that more names have tells none apart."""


def name_terms(document_id: str, languages: Collection[str] = (DEFAULT,)) -> frozenset[str]:
    """Return the terms of a file's name and its folders, as each of the languages stems them.

    >>> sorted(name_terms("2022/club-Minutes.txt"))
    ['2022', 'club', 'minut']
    """
    name = _WORD_BREAK.sub(" ", _SUFFIX.sub("", document_id))
    stemmed = {stemming_of(language) for language in languages}
    return frozenset(
        term for code in stemmed for term in terms(name, code) if term not in function_words(code)
    )


@dataclass(frozen=True, slots=True)
class Names:
    """The names of all documents: which have each term."""

    by_term: Mapping[str, tuple[str, ...]]
    by_file: Mapping[str, tuple[str, ...]]
    n_documents: int

    @classmethod
    def of(cls, documents: Collection[str], languages: Collection[str] = (DEFAULT,)) -> "Names":
        """Read the names of documents, given by their ids, in the languages that they hold."""
        by_term: dict[str, list[str]] = defaultdict(list)
        by_file: dict[str, list[str]] = defaultdict(list)
        for document_id in documents:
            by_file[fold(document_id.rpartition("/")[2])].append(document_id)
            for term in name_terms(document_id, languages):
                by_term[term].append(document_id)
        return cls(
            {term: tuple(found) for term, found in by_term.items()},
            {name: tuple(found) for name, found in by_file.items()},
            len(documents),
        )

    def files_in(self, question: str) -> tuple[str, ...]:
        """Return the documents whose file is named in full, with its suffix."""
        if "." not in question:
            return ()
        said = fold(question)
        return tuple(
            document_id
            for name, found in self.by_file.items()
            if name in said
            and _SUFFIX.search(name)
            and re.search(rf"(?<![\w-]){re.escape(name)}(?!\w)", said)
            for document_id in found
        )

    def weigh(self, query_terms: Collection[str]) -> dict[str, float]:
        """Return for documents whose names have terms of a query how much that tells."""
        found: dict[str, float] = defaultdict(float)
        for term in query_terms:
            documents = self.by_term.get(term, ())
            if documents and len(documents) <= max(1, MAX_SHARE * self.n_documents):
                for document_id in documents:
                    found[document_id] += math.log(1 + self.n_documents / len(documents))
        return dict(found)


MIN_NAME_LETTERS = 3
_CAPITALS_ARE_NAMES = frozenset("en fr es it pt nl ca ro sv da no fi pl cs".split())
"""Not German, whose nouns have them. Of these, a question may be in one that documents are in."""
_LIMIT = re.compile(rf"(?:{en.LIMITS})\s+(?:the\s+|year\s+)*$", re.IGNORECASE)
_ADJECTIVE = re.compile(en.NATIONS, re.IGNORECASE)


def find_absent(snapshot: Snapshot, query: str, names_of_files: Names) -> tuple[str, ...]:
    """Return what the query asks for exactly and no document has, as it is written there."""
    exact = [one for one in find_exact(query) if is_asked(query, one)]
    asked = read_query(query, snapshot.languages())
    names = list(_names(query, exact, snapshot.languages()))
    wanted = {form for one in exact for form in (*one.forms, *_related(one))}
    wanted |= {form for name in names for form in asked.forms_of(name)}
    known = set(snapshot.count_passages_with(sorted(wanted)))
    known |= wanted & names_of_files.by_term.keys()
    missing = [one.text for one in exact if known.isdisjoint((*one.forms, *_related(one)))]
    missing += [name for name in names if known.isdisjoint(asked.forms_of(name))]
    return tuple(dict.fromkeys(missing))


def is_asked(query: str, one: Exact) -> bool:
    """Whether a query asks for something exact itself, not since, before or until it."""
    if one.kind == "number":
        return False
    return not (one.kind in ("year", "month", "date") and _LIMIT.search(query[: one.start]))


def _related(one: Exact) -> tuple[str, ...]:
    """Return forms that may stand for one in a document: a day whose year is in its heading."""
    return tuple(form for form in one.also if form.startswith("x"))


def _names(query: str, exact: list[Exact], languages: Collection[str]) -> Iterator[str]:
    """Yield words with a capital that are neither the first nor known to be no name."""
    language = guess_language(query, *tuple(languages)[:1])
    is_held = language == DEFAULT or language in languages
    if language not in _CAPITALS_ARE_NAMES or not is_held or query.istitle() or query.isupper():
        return
    for number, match in enumerate(LETTERS.finditer(query)):
        word = match[0]
        if number == 0 or not word[0].isupper() or len(word) < MIN_NAME_LETTERS or word.isupper():
            continue
        if any(one.start < match.end() and match.start() < one.end for one in exact):
            continue
        if query[: match.start()].rstrip()[-1:] in (".", "?", "!", ":", '"', "“"):
            continue
        lower = fold(word)
        if lower in function_words(language) or lower in en.MONTHS or lower in en.DAYS:
            continue
        if not _ADJECTIVE.fullmatch(lower):
            yield word
