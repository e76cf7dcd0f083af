"""Chooses between editions of one document, and between documents, that say different things.

In: what was retrieved, and the sentences judged. Out: the judgement without what the question does
not ask for, and which sentences older ones were left out for. A question that names a version or a
year asks for that one, "now" for the newest, and so does one that says nothing of time, of
documents whose names differ in a year or a version alone; what was before, or what changed, is
asked of all of them.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from assistant.cite import Edition, Place, Read, are_alike, edition_of, place_of, shorten
from assistant.evidence.scorer import Judgement, place_terms
from assistant.ingest.formats.table import JOINT
from assistant.retrieve.retriever import Retrieval
from assistant.text.cues import asks_current, is_injection
from assistant.text.exact import find_exact, find_versions, is_asked
from assistant.text.numbers import YEAR
from assistant.text.terms import guess_language, query_terms, terms
from assistant.values import Document, Role, Sentence

MOST = 0.6
"""Share of a question's words, by weight, from which a sentence of its edition answers."""
_YEAR_OF_NAME = re.compile(rf"(?<!\d){YEAR}(?!\d)")
_OF_EDITIONS = frozenset(terms("version edition revision year"))
_MARKS = re.compile(
    r"(?<![^\W_])(?:v(?:er(?:sion)?)?[ ._-]?\d+(?:\.\d+)*|rev(?:ision)?[ ._-]?\d*|draft|final"
    r"|old|new|entwurf|alt|neu|ancien|nouveau|antiguo|nuevo"
    r"|(?P<year>(?:19|20)\d\d)(?:[ _/-](?P<next>\d\d|(?:19|20)\d\d)(?![ _/.-]?\d))?)"
    r"(?![^\W_]|[ _/.-]\d)",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"(?<![^\W_])(?:invoices?|bills?|receipts?|quotes?|offers?|orders?|tickets?|forms?|rooms?|cases?"
    r"|rfc|rechnung(?:en)?|angebote?|quittung|auftrag|bestellung|lieferschein|beleg|zimmer|vorgang"
    r"|factures?|devis|commandes?|facturas?|presupuestos?|pedidos?|recibos?)"
    r"[ _.-]?(?:no|nr|num)?[ _.-]*\d",
    re.IGNORECASE,
)
"""Things that are told apart by a number, which no year is."""
_BEFORE = {
    "en": r"was|were|did|had|used to|before|previous(?:ly)?|former(?:ly)?|older|earlier"
    r"|(?:until|since) \d+|(?:the|our|my|an) old|last (?:year|time|month|week)(?!['’]?s)"
    r"|histor\w+|chang\w+|differ\w*|compar\w+|(?:each|both|all) (?:editions?|versions?|years?)",
    "de": r"waren?|wurden?|hatten?|galt\w*|kostete\w*|früher\w*|vorher\w*|bisher\w*|bis \d+"
    r"|(?:die|der|das|den|dem|ein\w?) alte[nrsm]?|ehemal\w+|letzte[snm]? (?:jahr|mal|monat)"
    r"|geändert|änder\w+|unterschied\w*|vergleich\w*|(?:alle|beide)n? (?:fassung|ausgab|jahr)\w*",
    "fr": r"avant|était|étaient|ancien\w*|précéden\w+|jusqu\w+|chang\w+|différ\w+|compar\w+",
    "es": r"antes|era|eran|costaba\w?|anterior\w*|hasta|cambi\w+|difer\w+|compar\w+",
    "it": r"prima|era|erano|precedent\w+|fino|cambi\w+|differ\w+|confront\w+",
    "pt": r"antes|era|eram|anterior\w*|até|mud\w+|difer\w+|compar\w+",
}
"""What asks for another time than now, or for several."""
_OTHER_TIMES = {
    language: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for language, words in _BEFORE.items()
}


class Chosen(NamedTuple):
    """What is left of a judgement.

    Attributes:
        judgement: without what other editions say.
        older: the documents that say otherwise, by where the sentence stands that was preferred.
    """

    judgement: Judgement
    older: Mapping[Place, tuple[str, ...]] = MappingProxyType({})


def prefer_edition(retrieval: Retrieval, judgement: Judgement, read: Read) -> Chosen:
    """Leave out what is said in other editions than the one that the question asks for.

    "Version 2" asks for the one of that number and "current" for the newest: what another says
    alike is left out. "In 2022" asks for what stands under that year, as a heading or a file's
    name: what stands under other years is left out. A sentence of the edition that says most of the
    rest of the question is named by it.
    """
    query = retrieval.query
    wanted = {shorten(one) for one in find_versions(query)}
    years = {o.text for o in find_exact(query) if o.kind == "year" and is_asked(query, o)}
    if not wanted and not years:
        return _prefer_newest(query, judgement, read)
    sentences = judgement.sentences
    editions = [edition_of(read(one.passage.document_id), one.passage.under) for one in sentences]
    over = [_years_over(one) for one in sentences]
    has_year = any(years & own for own in over)

    def is_replaced(i: int) -> bool:
        own = sentences[i]
        if has_year and over[i] and not years & (over[i] | set(_YEAR_OF_NAME.findall(own.text))):
            return True
        return bool(wanted) and any(
            shorten(other.version) in wanted and shorten(editions[i].version) not in wanted
            for j, other in enumerate(editions)
            if sentences[j].passage.document_id != own.passage.document_id
            and are_alike(own.text, sentences[j].text)
        )

    kept = [i for i in range(len(sentences)) if not is_replaced(i)]
    if not kept:
        return Chosen(_keep(judgement, kept))
    best = max(kept, key=lambda i: judgement.scores[i])
    chosen = _keep(judgement, kept)
    is_of_it = shorten(editions[best].version) in wanted or bool(years & over[best])
    if is_of_it and _share_said(retrieval, sentences[best].text) >= MOST:
        return Chosen(replace(chosen, evidence=replace(chosen.evidence, is_named=True)))
    less = float(judgement.scores.max() - judgement.scores[best])
    log_odds = None if chosen.log_odds is None else chosen.log_odds - less
    return Chosen(replace(chosen, log_odds=log_odds))


def _prefer_newest(query: str, judgement: Judgement, read: Read) -> Chosen:
    """Leave out what a newer edition of the same document says in other words or numbers."""
    if asks_other_times(query):
        return Chosen(judgement)
    sentences = judgement.sentences
    is_of_any = asks_current(query)
    works = ["" if is_of_any else work_of(one.passage.document_id) for one in sentences]
    names: dict[str, set[str]] = defaultdict(set)
    for one, work in zip(sentences, works, strict=True):
        names[work].add(one.passage.document_id)
    editions = {
        i: edition_of(read(one.passage.document_id), one.passage.under)
        for i, one in enumerate(sentences)
        if len(names[works[i]]) > 1
    }
    asked = set(query_terms(query))
    newer = {i: _find_newer(i, sentences, works, editions, asked) for i in editions}
    older: dict[Place, tuple[str, ...]] = {}
    for i, j in newer.items():
        if j is not None and sentences[i].text != sentences[j].text:
            place, name = place_of(sentences[j]), sentences[i].passage.document_id
            older[place] = tuple(dict.fromkeys((*older.get(place, ()), name)))
    kept = [i for i in range(len(sentences)) if newer.get(i) is None]
    return Chosen(_keep(judgement, kept) if len(kept) < len(works) else judgement, older)


def find_older(query: str, told: Sequence[tuple[Document, str]]) -> dict[str, bool]:
    """Return which of some documents are older editions of others, if the newest is asked.

    Args:
        query: what is asked.
        told: documents, each with what it tells of that; one may be there several times.

    Returns:
        The older ones, each with whether it tells what the newest edition does not.
    """
    if find_versions(query) or asks_other_times(query):
        return {}
    editions = [(work_of(one.document_id), edition_of(one)) for one, _ in told]
    is_older = [
        any(other == work and newer.is_newer(edition) for other, newer in editions)
        for work, edition in editions
    ]
    both = list(zip(told, editions, is_older, strict=True))
    newest = {(work, said) for (_, said), (work, _), is_it in both if not is_it}
    older: dict[str, bool] = {}
    for (document, said), (work, _), is_it in both:
        if is_it:
            name = document.document_id
            older[name] = older.get(name, False) or (work, said) not in newest
    return older


def asks_other_times(question: str) -> bool:
    """Whether a question asks for what was, what has changed, or what holds at a time it names.

    >>> asks_other_times("What did it cost?"), asks_other_times("Was kostet es?")
    (True, False)
    """
    if asks_current(question):
        return False
    if any(one.kind in ("year", "month", "date") for one in find_exact(question)):
        return True
    words = _OTHER_TIMES.get(guess_language(question), _OTHER_TIMES["en"])
    return words.search(question) is not None


def _find_newer(
    i: int,
    sentences: tuple[Sentence, ...],
    works: list[str],
    editions: Mapping[int, Edition],
    asked: set[str],
) -> int | None:
    """Return the sentence of the newest edition that says what the i-th one says, if there is."""
    own = sentences[i]
    said = asked & _told(own)
    found = [
        j
        for j, edition in editions.items()
        if works[j] == works[i]
        and sentences[j].passage.document_id != own.passage.document_id
        and edition.is_newer(editions[i])
        and _is_of_one_thing(own, sentences[j])
        and said <= _told(sentences[j])
    ]
    newest = [j for j in found if not any(editions[k].is_newer(editions[j]) for k in found)]
    return newest[0] if newest else None


def _told(sentence: Sentence) -> set[str]:
    """Return the terms of a sentence, of what it stands under, and of its file's name."""
    return set(terms(sentence.text, sentence.passage.language)) | place_terms(sentence)


def _is_of_one_thing(one: Sentence, other: Sentence) -> bool:
    if Role.ROW in (one.role, other.role):
        first, second = (text.split(JOINT)[0].strip() for text in (one.text, other.text))
        return one.role is other.role and first == second
    return are_alike(one.text, other.text)


def work_of(document_id: str) -> str:
    """Return what the names of a document's editions have in common.

    >>> work_of("fees 2023.md") == work_of("fees_v2.odt"), work_of("bill 7731.pdf")
    (True, 'bill 7731')
    """
    name = re.sub(r"\.\w{1,5}$", "", document_id)
    bare = name if _COUNTED.search(name) else _MARKS.sub(_leave, name)
    return " ".join(re.findall(r"\w+", bare.replace("_", " "))).casefold()


def _leave(mark: re.Match[str]) -> str:
    """Return what is left of a mark of an edition: of a year's month that month."""
    year, behind = mark["year"], mark["next"]
    is_season = not behind or int(behind[-2:]) == (int(year[-2:]) + 1) % 100
    return " " if not year or is_season else mark[0]


def _keep(judgement: Judgement, kept: list[int]) -> Judgement:
    sentences = tuple(judgement.sentences[i] for i in kept)
    return replace(judgement, sentences=sentences, scores=judgement.scores[kept])


def _years_over(sentence: Sentence) -> set[str]:
    """Return the years of the headings above a sentence and of its file's name."""
    return set(
        _YEAR_OF_NAME.findall("\n".join((sentence.passage.document_id, *sentence.passage.under)))
    )


def _share_said(retrieval: Retrieval, said: str) -> float:
    """Return the weight of a query's words, without numbers, that a text has, as a share."""
    words = {t: w for t, w in retrieval.term_weights.items() if not any(map(str.isdigit, t))}
    words = {t: w for t, w in words.items() if t not in _OF_EDITIONS}
    found = sum(words[term] for term in set(terms(said)) if term in words)
    return found / (sum(words.values()) or 1.0) if len(words) > 1 else 0.0


# --- What other documents say

DIFFERING_DROP = 3.0
"""Log-odds below the best sentence down to which another document may say something else. With it
.39 of RAMDocs' questions (n=238) have every right value and no wrong one unmarked, without .22."""
MAX_SOURCES = 8
_PLAIN = (Role.PARAGRAPH, Role.ITEM)
MIN_SHARE = 0.6
"""Of the question's terms, which such a sentence has itself."""


def find_beside(
    query: str,
    judgement: Judgement,
    chosen: Sequence[int],
    is_same: Callable[[Sentence, Sentence], bool],
) -> list[int]:
    """Return sentences of other documents than the chosen ones that say as much of a question.

    One of each, so that sources which disagree are all shown, however many say one thing. None
    where the question names the document that answers, or what stands under a heading of it.
    """
    sentences, scores = judgement.sentences, judgement.scores
    best = chosen[0]
    if judgement.evidence.is_named or sentences[best].role not in _PLAIN or asks_current(query):
        return []
    if find_versions(query) or any(one.kind == "year" for one in find_exact(query)):
        return []
    language = sentences[best].passage.language
    asked = set(query_terms(query, language))
    placed = asked & place_terms(sentences[best])
    floor = scores[best] - DIFFERING_DROP
    have = {sentences[i].passage.document_id for i in chosen}
    found: list[int] = []
    for i in sorted(range(len(sentences)), key=lambda i: -scores[i]):
        one = sentences[i]
        if scores[i] < floor or len(have) >= MAX_SOURCES:
            break
        if one.passage.document_id in have or one.role not in _PLAIN or is_injection(one.text):
            continue
        told = set(terms(one.text, language))
        if len(asked & told) < MIN_SHARE * len(asked) or not placed <= told | place_terms(one):
            continue
        have.add(one.passage.document_id)
        if not any(is_same(one, sentences[j]) for j in (*chosen, *found)):
            found.append(i)
    return found
