"""Answers about the folder, a whole document or two of them; see `understand` for what asks for it.

`respond` reads what a question asks for, finds the documents that are meant, and makes the answer.
What is quoted is checked and cited as any quote is. Of a question that is to be searched for it
returns None. Documents are meant by their name, since they are ticked, by the conversation, or as
the only one of the folder; where several may be meant, they are listed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import NamedTuple

from assistant.answer.folder import Folder, Held, tell
from assistant.answer.summarise import LISTED, SELECTED, Told, sum_up, tell_kind
from assistant.answer.understand import (
    Intent,
    list_requests,
    qualify,
    read_since,
    understand,
)
from assistant.answer.versions import Weigh, tell_two
from assistant.answering import AskOptions
from assistant.cite import Draft, Verified, cite, locate, number_citations, say
from assistant.errors import QuestionError
from assistant.retrieve.query import ParsedQuestion
from assistant.store.snapshot import Snapshot
from assistant.text.exact import find_versions, read_place
from assistant.text.listing import ASKABLE, SEARCHED, ListedCell, Listing, Reading
from assistant.text.terms import (
    DEFAULT,
    fold,
    function_words,
    guess_language,
    query_terms,
    say_in,
    terms,
)
from assistant.values import Answer, Turn

NAME = "overview"
FEW = 3
"""Documents that are summed up at once; of more it is asked which are meant."""
MANY = 60
"""Documents in which sentences of one kind are looked for at once."""
MAX_ASKED = 12
"""Documents that are listed when it is asked which are meant."""
MAX_SAID = 2_000
_MARK = re.compile(r"\s*\[\d+\]")


class Overview(NamedTuple):
    """An answer about documents as a whole, with its statements before they were numbered.

    `documents` are those that a language model may read whole to answer; none where it need not.
    """

    answer: Answer
    verified: tuple[Verified, ...] = ()
    documents: tuple[str, ...] = ()


def respond(
    asked: ParsedQuestion,
    stood: str,
    history: Sequence[Turn],
    limits: AskOptions,
    snapshot: Snapshot,
    weigh: Weigh,
) -> Overview | None:
    """Return what a question asks for besides text; None of one that is to be searched for.

    Args:
        asked: the question.
        stood: the same as it stands by itself in its conversation.
        history: the turns before.
        limits: the documents that are asked, and the reading that is wanted.
        snapshot: the index.
        weigh: judges the sentences of documents, given by their ids.

    Raises:
        QuestionError: nothing can be taken for the reading that is wanted.
    """
    as_ = limits.get("as_")
    if as_ not in (None, *ASKABLE):
        raise QuestionError(f"a question can be taken as {', '.join(ASKABLE)}, not {as_!r}")
    if as_ in SEARCHED:
        return None
    question, lines = asked.question, tuple(dict.fromkeys((asked.line, stood)))
    folder = Folder(snapshot, limits.get("documents", ()))
    request = _read(folder, lines, as_)
    if request.reading == "tool":
        help_ = say_in(request.language, HELP)
        return Overview(say(question, help_, NAME, snapshot.version, request.reading))
    told: Told
    read: Sequence[Held] = ()
    if request.reading == "folder":
        told = tell(folder, request)
    elif request.reading == "document":
        told, read = _tell_document(folder, request, history)
    elif request.reading == "comparison":
        two = _two_meant(folder, request, history)
        among = () if two else _may_be_compared(folder, request)
        told = tell_two(folder, request, two, weigh) if two else _ask_which(folder, request, among)
        read = two or ()
    else:
        return None
    answer, verified = _finish(question, lines[0], told, request.reading, snapshot)
    is_read = request.act not in ("outline", "changed")
    return Overview(answer, verified, tuple(one.document_id for one in read if is_read))


HELP = (
    "I answer from the documents of this folder, in their exact words, each with its source. Ask "
    "for a fact (“What is the deposit?”), for all of a kind (“List the overdue invoices”), about "
    "the folder (“Which documents mention mediators?”), for a summary (“Summarise the lease”), or "
    "what changed between two versions. Where I find nothing, I say so."
)


def _read(folder: Folder, lines: Sequence[str], as_: Reading | None) -> Intent:
    """Return what is asked for, by the question as it was typed, or as it stands by itself."""
    if as_ is not None:
        found = [one for line in lines for one in list_requests(line) if one.reading == as_]
        known = next((one for one in found if is_known(folder, one)), None)
        acts = {"folder": "list", "document": "summary", "comparison": "compare"}
        language = guess_language(lines[0])
        return known or Intent(as_, acts.get(as_, ""), language=language)
    for line in lines:
        request = understand(line, lambda one: is_known(folder, one))
        if request.reading == "document" and _is_of_place(line, request.language):
            break
        if request.reading not in SEARCHED:
            return request
    return Intent("question")


def _is_of_place(line: str, language: str) -> bool:
    """Whether a clause, step or page is to be read out, which may stand in a document's name."""
    place = read_place(line, language)
    return place is not None and place.kind != "entry"


def is_known(folder: Folder, request: Intent) -> bool:
    """Whether the folder has the documents that a request names, and its time can be read."""
    if request.when and read_since(request.when, folder.today) is None:
        return False
    if request.reading == "folder":
        return True
    if request.reading == "comparison" and request.names:
        return bool(find_two(folder, request) or _may_be_compared(folder, request))
    return all(folder.find(name, request.language) for name in request.names)


def _finish(
    question: str, query: str, told: Told, reading: Reading, snapshot: Snapshot
) -> tuple[Answer, tuple[Verified, ...]]:
    """Check and cite what is quoted; return the answer, and its statements without numbers."""
    draft, sentences, listing = told
    checked = cite(draft, sentences, snapshot.document)
    statements, citations, _ = number_citations(checked, snapshot.document)
    if checked.dropped:
        listing = replace(listing, names=(), rows=())
    inside = listing.inside
    statements = tuple(
        replace(one, apart="") if n in inside else one for n, one in enumerate(statements)
    )
    answer = Answer(
        question=question,
        query=query,
        statements=statements,
        citations=citations,
        kind="answer",
        reason=None,
        consulted=(),
        answerer=NAME,
        confidence=1.0,
        timings={},
        index_version=snapshot.version,
        reading=reading,
        listing=listing,
    )
    return answer, checked.verified


# --- Which documents are meant


def _meant(folder: Folder, request: Intent, history: Sequence[Turn]) -> tuple[Held, ...]:
    """Return the documents that a request is about; none where nothing tells."""
    if request.names:
        found = [one for name in request.names for one in folder.find(name, request.language)]
        return _once(found)
    if folder.chosen or len(folder.documents) == 1:
        return _once(folder.documents)
    if talked := _once(_talked_of(folder, history)):
        return talked
    word = next(reversed(fold(request.this).split()), "")
    called = (one for one in folder.documents if word == fold(PurePosixPath(one.document_id).stem))
    return _once(list(called))


def _once(documents: Sequence[Held]) -> tuple[Held, ...]:
    """Leave out documents that have the same text as one before."""
    return tuple({one.content_id: one for one in reversed(documents)}.values())[::-1]


def _talked_of(folder: Folder, history: Sequence[Turn]) -> list[Held]:
    """Return the document that the conversation is about: of the last answer, or named before."""
    for speaker, text in reversed(history):
        if speaker == "user":
            names = [name for one in list_requests(text) for name in one.names]
            found = next((f for n in names if (f := folder.find(n, guess_language(text)))), ())
        else:
            found = tuple(_quoted_in(folder, text))
        if found:
            return list(found) if len(found) == 1 else []
    return []


def _quoted_in(folder: Folder, said: str) -> Iterator[Held]:
    """Yield the documents that an answer quotes; none where that is not sure."""
    lines = [_MARK.sub("", line).strip() for line in said[:MAX_SAID].splitlines()]
    longest = sorted((line for line in lines if len(line.split()) >= 3), key=len)[-FEW:]
    held = {one.document_id: one for one in folder.documents}
    found: dict[str, Held] = {}
    for line in longest:
        rows = [row for row, _ in folder.snapshot.bm25(query_terms(line), k=8)]
        for passage in folder.snapshot.passages(rows).values():
            if passage.document_id in held and _share(line, passage.text):
                found[passage.document_id] = held[passage.document_id]
    yield from found.values()


def _share(line: str, text: str) -> bool:
    """Whether a passage has a sentence of what was said."""
    parts = [part for part in re.split(r"(?<=[.!?])\s+", line) if len(part.split()) >= 3]
    return any(locate(part, text) for part in parts or [line])


def _ask_which(folder: Folder, request: Intent, among: Sequence[Held] = ()) -> Told:
    documents = among or folder.documents
    rows = tuple((one.cell(), ListedCell(one.document_id)) for one in documents[:MAX_ASKED])
    text = say_in(request.language, "Which document is meant? Name it in the question, or tick it.")
    names = tuple(say_in(request.language, name) for name in ("Document", "File"))
    return Draft((), 1.0), (), Listing(text, names, rows, max(0, len(documents) - MAX_ASKED))


# --- A document


def _tell_document(
    folder: Folder, request: Intent, history: Sequence[Turn]
) -> tuple[Told, Sequence[Held]]:
    """Return what is told, and of which documents; of none where it is asked which are meant."""
    meant = _meant(folder, request, history)
    if request.act in (*SELECTED, *LISTED):
        n = len(meant or folder.documents)
        if n > MANY or (request.act in LISTED and not meant and n > 1):
            return _ask_which(folder, request, meant), ()
        return tell_kind(folder, request, meant), meant or folder.documents
    if not 0 < len(meant) <= FEW:
        return _ask_which(folder, request, meant), ()
    return sum_up(folder, request, meant), meant


# --- Two documents


def find_two(folder: Folder, request: Intent) -> tuple[Held, Held] | None:
    """Return the two documents that a request names, older first if nothing else tells."""
    language = request.language
    if request.is_pair:
        one, other = _complete_names(request.names, request.language)
        found, others = folder.find(one, language), folder.find(other, language)
        if len(found) > 1:
            found = tuple(held for held in found if held not in others[-1:])[-1:]
        if len(others) > 1:
            others = tuple(held for held in others if held not in found)[-1:]
        if len(found) == len(others) == 1 and found != others:
            return found[0], others[0]
        return None
    found = folder.find(request.names[0], language) if request.names else ()
    if len(found) == 1:
        family = _family_of(folder, found[0])
        place = family.index(found[0])
        return (family[place - 1], found[0]) if place else None
    return (found[0], found[1]) if len(found) == 2 else None


def _may_be_compared(folder: Folder, request: Intent) -> tuple[Held, ...]:
    """Return the documents of which two may be meant, where it is not told which."""
    names = _complete_names(request.names, request.language) if request.is_pair else request.names
    found = [folder.find(name, request.language) for name in names]
    among = tuple(dict.fromkeys(one for own in found for one in own))
    return among if all(found) and len(among) > 1 else ()


_NUMBER_ONLY = re.compile(r"(?:v(?:ersion)?\.?\s*)?(\d+(?:\.\d+)*)")


def _complete_names(names: Sequence[str], language: str = DEFAULT) -> tuple[str, str]:
    """Return two names of which one may leave out what the other has.

    >>> _complete_names(["version 3", "4"]), _complete_names(["the old", "the new policy"])
    (('version 3', 'version 4'), ('the old policy', 'the new policy'))
    >>> _complete_names(["offer A", "offer B"])
    ('offer A', 'offer B')
    """
    one, other = names
    if find_versions(one) and (bare := _NUMBER_ONLY.fullmatch(other)):
        return one, f"version {bare[1]}"
    nouns, others = _nouns_of(one, language), _nouns_of(other, language)
    if others and not nouns and not find_versions(one):
        return f"{one} {' '.join(others)}", other
    if nouns and not others and not find_versions(other):
        return one, f"{other} {' '.join(nouns)}"
    return one, other


def _nouns_of(name: str, language: str) -> list[str]:
    """Return the words of a name but those that tell which of several it is."""
    bare, _ = qualify(name, language)
    light = {*function_words(language), "one", "ones", "that", "version"}
    words = re.findall(r"[^\W_]+", bare)
    return [word for word in words if fold(word) not in light and not word.isdecimal()]


def _family_of(folder: Folder, one: Held) -> list[Held]:
    """Return the versions of a document, oldest first: their names differ in numbers and dates."""
    stem = _stem(one)
    family = [held for held in folder.documents if _stem(held) == stem and stem]
    return sorted(family, key=lambda held: held.order) or [one]


def _stem(one: Held) -> frozenset[str]:
    """Return what the name of a document has in common with those of its versions."""
    bare = re.sub(r"\b(?:v|ver|version|rev|draft|old|new|final|copy|alt|neu)\b|\d+", " ", one.spelt)
    bare = re.sub(r"\bv(?=\s|$)", " ", bare)
    return frozenset(terms(bare))


def _two_meant(
    folder: Folder, request: Intent, history: Sequence[Turn]
) -> tuple[Held, Held] | None:
    """Return the two documents that are compared, however they are told; None if it is open."""
    if request.names:
        return find_two(folder, request)
    if len(folder.documents) == 2:
        one, other = sorted(folder.documents, key=lambda held: held.order)
        return one, other
    if talked := _talked_of(folder, history):
        family = _family_of(folder, talked[0])
        return (family[-2], family[-1]) if len(family) > 1 else None
    families = {tuple(_family_of(folder, one)) for one in folder.documents[: 4 * MANY]}
    large = [own for own in families if len(own) > 1 and any(one.version for one in own)]
    return (large[0][-2], large[0][-1]) if len(large) == 1 else None
