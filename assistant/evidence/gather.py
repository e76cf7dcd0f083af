"""Collects what is known of the retrieved sentences: their numbers, vectors and likeness.

Late interaction happens here: every word piece of the question looks for its nearest in every
sentence. Without sentences the evidence is empty.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from assistant.evidence.features import Evidence
from assistant.ingest.structure import contexts
from assistant.models.encoder import TokenEncoder, TokenVectors
from assistant.models.reader import PassageReader, ReadPassage, Spans
from assistant.retrieve.named import name_terms
from assistant.retrieve.retriever import Retrieval
from assistant.text import english as en
from assistant.text.exact import Exact, exact_terms, find_exact
from assistant.text.numbered import Numbered, find_numbered, names_any, tells_of_others
from assistant.text.terms import (
    DEFAULT,
    WORD_OF_SCRIPT,
    find_measures,
    fold,
    function_words,
    guess_language,
    is_unspaced,
    pairs,
    terms,
)
from assistant.text.words import LETTERS, may_be_name
from assistant.values import ECHOES, Passage, PassageId, Role, Sentence


@dataclass(frozen=True, slots=True)
class Tokens:
    """The n word pieces of one text, special ones left out.

    Attributes:
        vectors: (n, d) of unit length.
        spans: (n, 2) in characters of the text, ascending.
        words: (n,) the number of the word that each is a piece of, from 0; -1 for none.
        terms: (n,) the term of its word; "" for none.
        are_names: (n,) whether its word has a digit, or a capital and is not the text's first.
    """

    vectors: NDArray[np.float32]
    spans: NDArray[np.int64]
    words: NDArray[np.int64]
    terms: NDArray[np.str_]
    are_names: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.spans)


def read_tokens(
    text: str,
    encoded: TokenVectors,
    prefix: int = 0,
    *,
    language: str = DEFAULT,
    stems: Mapping[str, str] = MappingProxyType({}),
) -> Tokens:
    """Return the tokens of `text`.

    A word of a script without spaces is each of its characters, whose term is the pair that it
    begins.

    Args:
        text: the text that spans count in.
        encoded: the encoder's output for `prefix` characters followed by the text.
        prefix: how many characters stood before the text when it was encoded.
        language: of the text, by which its words are stemmed.
        stems: how the languages of texts stem the words of a question -> the question's term.
    """
    offsets = np.array(encoded.offsets, dtype=np.int64).reshape(-1, 2)
    inside = (offsets[:, 1] > offsets[:, 0]) & (offsets[:, 0] >= prefix)
    spans = offsets[inside] - prefix
    vectors = encoded.vectors[inside]
    n = len(spans)
    words = np.full(n, -1, dtype=np.int64)
    found, are_names = [""] * n, np.zeros(n, dtype=np.bool_)
    token = 0
    for number, (start, end, word, term) in enumerate(_list_words(text, language)):
        while token < n and spans[token, 0] < start:
            token += 1
        while token < n and spans[token, 0] < end:
            if spans[token, 1] <= end or is_unspaced(word):
                words[token] = number
                found[token] = stems.get(term, term)
                are_names[token] = may_be_name(word, is_first=number == 0)
            token += 1
    for start, end, term in find_measures(text):
        for piece in np.flatnonzero((spans[:, 0] >= start) & (spans[:, 1] <= end)):
            found[piece] = term
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return Tokens(
        vectors=(vectors / np.maximum(norms, 1e-6)).astype(np.float32),
        spans=spans,
        words=words,
        terms=np.array(found, dtype=np.str_),
        are_names=are_names,
    )


def weigh_tokens(tokens: Tokens, term_weights: Mapping[str, float]) -> NDArray[np.float64]:
    """Return the weight of each of a question's tokens, shape (n,), adding up to 1.

    A word weighs what its term does, nothing when that is no term of the query, and its pieces
    share it (on squad2 the best sentence holds the answer 1.3 points more often than when every
    piece weighs it whole). When no word weighs anything, all tokens weigh the same.
    """
    weights = np.array([term_weights.get(term, 0.0) for term in tokens.terms])
    inside = tokens.words >= 0
    pieces = np.bincount(tokens.words[inside]) if inside.any() else np.ones(1)
    weights[inside] /= pieces[tokens.words[inside]]
    total = weights.sum()
    return weights / total if total > 0 else np.full(len(tokens), 1 / max(1, len(tokens)))


def _list_words(text: str, language: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield the words of a text, each with its start, its end, and its term."""
    for match in WORD_OF_SCRIPT.finditer(text):
        word = match.group()
        if not is_unspaced(word):
            yield *match.span(), word, _term_of(word, language)
            continue
        for at, pair in enumerate((*pairs(word), word[-2:])[: len(word)], start=match.start()):
            yield at, at + 1, pair, _term_of(pair, language)


@lru_cache(maxsize=65_536)
def _term_of(word: str, language: str) -> str:
    return next(iter(terms(word, language)), "")


EXACT_WEIGHT = 3.0
"""What is exact tells more of a question than its other words."""
EXACT_LIKENESS = 0.95
"""Of tokens to what is the same and written in another way."""
ASKS_THE_SAME = -3.0
"""Log-odds of a document's own question, as a reader gives them. Of 20 questions to such texts it
was -2.8 or more where it asks the same, else -3.5 or less, and the reply's 1 to 8 lower."""
HEAD_CHARS = 120
"""What a document begins with: its name, once more."""
MAX_PREFIX_CHARS = 300
"""Of what stands above a passage, as it is encoded with it: the nearest."""
TERSE = frozenset((Role.ITEM, Role.ROW, Role.CODE))
"""What says little without what it stands under."""


def gather(
    retrieval: Retrieval, encoder: TokenEncoder, reader: PassageReader | None = None
) -> tuple[tuple[Sentence, ...], Evidence]:
    """Return the retrieved sentences, numbered from 1, and what is known of each.

    With a reader the tokens are its own, and it says how each sentence answers.
    """
    passages = [ranked.passage for ranked in retrieval.ranking]
    prefixes = ["\n".join([*passage.under, ""])[-MAX_PREFIX_CHARS:] for passage in passages]
    texts = [prefix + passage.text for prefix, passage in zip(prefixes, passages, strict=True)]
    if reader:
        question, read = reader.encode_question(retrieval.query), reader.encode_passages(texts)
        encoded_query, *encoded = (one.vectors for one in (question.tokens, *read))
    else:
        encoded_query, *encoded = encoder.encode([retrieval.query, *texts])
    asked = retrieval.terms
    query = read_tokens(retrieval.query, encoded_query, language=asked.language)
    tokens = [
        read_tokens(
            passage.text, vectors, len(prefix), language=passage.language, stems=asked.stems
        )
        for passage, vectors, prefix in zip(passages, encoded, prefixes, strict=True)
    ]
    over = [
        read_tokens(
            prefix,
            _first(vectors, len(prefix)),
            language=passage.language,
            stems=asked.stems,
        )
        for passage, vectors, prefix in zip(passages, encoded, prefixes, strict=True)
    ]
    places = [(passage, start, end) for passage in passages for start, end in passage.sentences]
    sentences = tuple(Sentence(number, *place) for number, place in enumerate(places, start=1))
    evidence = compare(retrieval, sentences, query, tokens, over)
    if not reader:
        return sentences, evidence
    spans = [_spans_after(prefix, one) for prefix, one in zip(prefixes, passages, strict=True)]
    evidence = _add_reading(evidence, reader.read(question, read, spans), spans)
    return sentences, _read_replies(evidence, sentences)


def _spans_after(prefix: str, passage: Passage) -> list[tuple[int, int]]:
    """Return the spans of a passage's sentences in its text behind a prefix."""
    shift = len(prefix) - passage.start
    return [(start + shift, end + shift) for start, end in passage.sentences]


def _add_reading(
    evidence: Evidence, readings: Sequence[ReadPassage], spans: Sequence[Spans]
) -> Evidence:
    """Add what a reader says of the sentences of passages, whose spans it counts in."""
    words = [one for reading in readings for one in reading.words]
    starts = [start for own in spans for start, _ in own]
    found = zip(words, starts, strict=True)
    return replace(
        evidence,
        reading=np.concatenate([np.zeros(0), *(reading.log_odds for reading in readings)]),
        words={
            number: (max(0, word[0] - start), word[1] - start)
            for number, (word, start) in enumerate(found, start=1)
            if word
        },
    )


def _read_replies(evidence: Evidence, sentences: Sequence[Sentence]) -> Evidence:
    """Let what stands under a question of the document answer as that question does.

    "Once a month" says nothing to a reader that does not know what it replies to.
    """
    assert evidence.reading is not None
    reading, first = evidence.reading.copy(), 0
    for _, group in groupby(sentences, _passage_of):
        roles = [sentence.role for sentence in group]
        for n, under in enumerate(contexts(roles)):
            asked = (reading[first + m] for m in under if roles[m] is Role.QUESTION)
            same = [one for one in asked if one >= ASKS_THE_SAME]
            reading[first + n] = max([reading[first + n], *same])
        first += len(roles)
    return replace(evidence, reading=reading)


def compare(
    retrieval: Retrieval,
    sentences: Sequence[Sentence],
    query: Tokens,
    tokens: Sequence[Tokens],
    over: Sequence[Tokens] = (),
) -> Evidence:
    """Return the evidence of a retrieval, given its sentences and its passages' tokens.

    A sentence has the likeness and the matches of what it stands under, too: of the units of its
    passage, and of what stands above that, whose tokens are `over`.
    """
    weights = weigh_tokens(query, retrieval.term_weights)
    counts = [len(ranked.passage.sentences) for ranked in retrieval.ranking]
    likeness = np.zeros((len(sentences), len(query)))
    matches = np.zeros((len(sentences), len(query)), dtype=np.bool_)
    row = 0
    for number, (ranked, own) in enumerate(zip(retrieval.ranking, tokens, strict=True)):
        cosines, equal = _meet(own, query)
        first = row
        for inside in _tokens_of_sentences(ranked.passage, own):
            if inside.any():
                likeness[row] = cosines[inside].max(axis=0)
                matches[row] = equal[inside].any(axis=0)
            row += 1
        if ranked.passage.under and over and len(over[number]):
            _lift(
                ranked.passage, likeness[first:row], matches[first:row], _meet(over[number], query)
            )
    _match_names(retrieval.terms.language, sentences, query, likeness, matches)
    beside, is_named = _match_exact(retrieval, sentences, query, likeness, matches, weights)
    total = sum(retrieval.term_weights.values())
    return Evidence(
        question=retrieval.query,
        likeness=likeness,
        matches=matches,
        weights=weights,
        passages=np.repeat(np.arange(len(counts)), counts),
        texts=tuple(sentence.text for sentence in sentences),
        cosines=_cosines(retrieval),
        dense=np.array([ranked.dense for ranked in retrieval.ranking]),
        lexical=np.array([ranked.lexical / (total or 1) for ranked in retrieval.ranking]),
        fused=np.array([ranked.score for ranked in retrieval.ranking]),
        beside=beside,
        is_named=is_named,
        over=tuple(_over(retrieval, sentences)),
        across=_find_across(retrieval.query, sentences),
    )


def _find_across(question: str, sentences: Sequence[Sentence]) -> NDArray[np.bool_]:
    """Tell of each sentence whether the question is in another language than its document."""
    codes = [sentence.passage.language for sentence in sentences]
    other = {code: guess_language(question, code) != code for code in set(codes)}
    return np.array([other[code] for code in codes], dtype=np.bool_)


def _over(retrieval: Retrieval, sentences: Sequence[Sentence]) -> Iterator[str]:
    """Yield what each sentence stands under, if the question has a number that may be there."""
    if not any(map(str.isdigit, retrieval.query)):
        return
    for _, group in groupby(sentences, _passage_of):
        own = list(group)
        roles = [sentence.role for sentence in own]
        passage = own[0].passage
        for under in contexts(roles):
            inside = (own[number].text for number in under)
            yield "\n".join((passage.document_id, *passage.under, *inside))


def _match_names(
    language: str,
    sentences: Sequence[Sentence],
    query: Tokens,
    likeness: NDArray[np.float64],
    matches: NDArray[np.bool_],
) -> None:
    """Count the words of a file's name for all that stands in it.

    Unless something there says them; the lines that it begins with, which name it, do not count.
    """
    documents = np.array([sentence.passage.document_id for sentence in sentences])
    is_inside = np.array([sentence.start >= HEAD_CHARS for sentence in sentences], dtype=np.bool_)
    for document_id in np.unique(documents):
        named = _terms_of_name(str(document_id), language)
        rows = documents == document_id
        columns = np.array([term in named for term in query.terms], dtype=np.bool_)
        columns &= ~matches[rows & is_inside].any(axis=0)
        if columns.any():
            likeness[np.ix_(rows, columns)] = EXACT_LIKENESS
            matches[np.ix_(rows, columns)] = True


def _match_exact(
    retrieval: Retrieval,
    sentences: Sequence[Sentence],
    query: Tokens,
    likeness: NDArray[np.float64],
    matches: NDArray[np.bool_],
    weights: NDArray[np.float64],
) -> tuple[NDArray[np.bool_], bool]:
    """Match codes, dates and numbers by their forms; return which sentences tell of others.

    Besides, whether the question asks of one of them alone and some sentence has it: that answers.

    The tokens of what is asked for exactly match a sentence that has it, or stands under it,
    however either is written, and no other that has something of its kind; where one has it, they
    weigh more.
    """
    beside = np.zeros(len(sentences), dtype=np.bool_)
    has = np.zeros(len(sentences), dtype=np.bool_)
    asked = [one for one in find_exact(retrieval.query) if one.kind != "number"]
    numbers = [one for one in find_exact(retrieval.query) if one.kind == "number"]
    language = retrieval.terms.language
    named = find_numbered(retrieval.query, language)
    numbers = [one for one in numbers if not any(_holds(other, one) for other in named)]
    if not asked and not numbers and not named:
        return beside, False
    told = [told for _, group in groupby(sentences, _passage_of) for told in _tell(list(group))]
    for one in (*asked, *numbers):
        columns = (query.spans[:, 0] < one.end) & (query.spans[:, 1] > one.start)
        forms = {*one.forms, *(one.also if one.kind == "date" else ())}
        for row, (own, kinds, over, led) in enumerate(told):
            if not own.isdisjoint(one.forms) or not over.isdisjoint(one.forms):
                has[row] |= one.kind != "number" and not led.isdisjoint(one.forms)
                likeness[row, columns] = np.maximum(likeness[row, columns], EXACT_LIKENESS)
                matches[row, columns] = True
            elif one.kind in kinds and own.isdisjoint(forms):
                beside[row] |= one.kind != "number"
                matches[row, columns] = False
        if matches[:, columns].any():
            weights[columns] *= EXACT_WEIGHT
    for numbered in named:
        columns = (query.spans[:, 0] < numbered.end) & (query.spans[:, 1] > numbered.start)
        columns &= np.array([term[:1].isdigit() for term in query.terms], dtype=np.bool_)
        holds, others = _tell_numbered(numbered, sentences, language)
        has |= holds & np.array([one.role not in ECHOES for one in sentences])
        beside |= others
        likeness[np.ix_(holds, columns)] = np.maximum(
            likeness[np.ix_(holds, columns)], EXACT_LIKENESS
        )
        matches[np.ix_(others, columns)] = False
        if matches[:, columns].any():
            weights[columns] *= EXACT_WEIGHT
    weights /= weights.sum() or 1.0
    if has.any() and _asks_of(retrieval, (*asked, *named)):
        return ~has, True
    return beside, False


def _tell_numbered(
    asked: Numbered, sentences: Sequence[Sentence], language: str
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which sentences name a thing that is asked for, and which others of its sort alone."""
    holds = np.array([names_any(one.text, asked, language) for one in sentences], dtype=np.bool_)
    others = [tells_of_others(one.text, asked, language) for one in sentences]
    return holds, ~holds & np.array(others, dtype=np.bool_)


def _holds(named: Numbered, one: Exact) -> bool:
    return named.start <= one.start and one.end <= named.end


def _asks_of(retrieval: Retrieval, asked: Sequence[Exact | Numbered]) -> bool:
    """Tell whether a question asks of what is exact alone: "What happened on 3 May?"."""
    spans = [(one.start, one.end) for one in asked]
    query, light = retrieval.query, en.ASKING_OF | function_words(retrieval.terms.language)
    words = (m for m in LETTERS.finditer(query) if not any(a <= m.start() < b for a, b in spans))
    return all(fold(match[0]) in light for match in words)


@lru_cache(maxsize=4096)
def _terms_of_name(document_id: str, language: str) -> frozenset[str]:
    """Return what a file's name and folders say of what stands in it."""
    return name_terms(document_id, [language])


def _passage_of(sentence: Sentence) -> PassageId:
    return sentence.passage.passage_id


def _tell(
    sentences: Sequence[Sentence],
) -> Iterator[tuple[set[str], set[str], set[str], set[str]]]:
    """Yield what is exact in each of a passage's sentences, and what each stands under.

    Last comes what it tells of: its own and its label's; nothing, if it only leads to others.
    """
    found = [_forms_of(sentence) for sentence in sentences]
    roles = [sentence.role for sentence in sentences]
    for (own, kinds, over), role, under in zip(found, roles, contexts(roles), strict=True):
        inside = {form for number in under for form in found[number][0]}
        labels = (found[n][0] for n in under if roles[n] is Role.LABEL)
        led = set() if role in ECHOES else own.union(*labels)
        yield own, kinds, over | inside, led


def _forms_of(sentence: Sentence) -> tuple[set[str], set[str], set[str]]:
    """Return the forms of what is exact in a sentence, their kinds, and those that it is under."""
    found = find_exact(sentence.text)
    own = {form for one in found for form in (*one.forms, *one.also)}
    own |= {form[1:5] for form in own if form[0] in "dm"}
    kinds = {str(one.kind) for one in found}
    if kinds & {"date", "month"}:
        kinds |= {"year", "date", "month"}
    above = (*sentence.passage.under, re.sub(r"[_/]", " ", sentence.passage.document_id))
    over = {form for text in above for form in exact_terms(text)}
    return own, kinds, over


def _meet(tokens: Tokens, query: Tokens) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the cosine of each token to each of the question's, and whether their terms agree."""
    equal = (tokens.terms[:, None] == query.terms[None, :]) & (query.terms != "")[None, :]
    return tokens.vectors @ query.vectors.T, equal


def _lift(
    passage: Passage,
    likeness: NDArray[np.float64],
    matches: NDArray[np.bool_],
    over: tuple[NDArray[np.float32], NDArray[np.bool_]],
) -> None:
    """Count what sentences stand under as if it stood in them."""
    roles = passage.roles or (Role.PARAGRAPH,) * len(passage.sentences)
    own_likeness, own_matches = likeness.copy(), matches.copy()
    for number, (role, under) in enumerate(zip(roles, contexts(roles), strict=True)):
        for other in under:
            likeness[number] = np.maximum(likeness[number], own_likeness[other])
            matches[number] |= own_matches[other]
        if number == 0 or role in TERSE or under:
            likeness[number] = np.maximum(likeness[number], over[0].max(axis=0))
            matches[number] |= over[1].any(axis=0)


def _first(encoded: TokenVectors, n_chars: int) -> TokenVectors:
    """Return the tokens of the first characters of an encoded text."""
    kept = [number for number, (_, end) in enumerate(encoded.offsets) if end <= n_chars]
    return TokenVectors(encoded.vectors[kept], [encoded.offsets[number] for number in kept])


def _cosines(retrieval: Retrieval) -> NDArray[np.float64]:
    found = [vectors @ retrieval.query_vector for vectors in retrieval.sentence_vectors]
    return np.concatenate(found).astype(np.float64) if found else np.zeros(0)


def _tokens_of_sentences(passage: Passage, tokens: Tokens) -> list[NDArray[np.bool_]]:
    """Return for each sentence which of the passage's tokens lie in it."""
    starts, ends = tokens.spans[:, 0] + passage.start, tokens.spans[:, 1] + passage.start
    return [(starts >= start) & (ends <= end) for start, end in passage.sentences]
