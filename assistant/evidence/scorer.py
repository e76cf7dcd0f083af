"""Judges a retrieval: how likely each sentence answers, and how likely the question is answered.

`EvidenceScorer` is the protocol. `LateInteractionScorer` weighs the features of token vectors, and
what a reader says of each sentence if there is one; it needs no second model. `CrossEncoderScorer`
adds a cross-encoder to it, or puts it in its place.
`Judge` is a scorer together with its calibration. Without sentences nothing is answerable.

`weights.json` and, with a reader, `reader-weights.json`, which ship with the package, name every
weight by its feature, and say on which data it was fitted, to which reader, when, and how well
(`python -m evals.evidence`). Weights for other features than those of the code raise `ModelError`.
"""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.errors import ModelError
from assistant.evidence.calibration import (
    Calibration,
    CalibrationReport,
    Logistic,
    calibrate,
    read_calibration,
    write_calibration,
)
from assistant.evidence.features import (
    ACROSS_FEATURES,
    QUESTION_FEATURES,
    READ_FEATURES,
    READ_QUESTION_FEATURES,
    SENTENCE_FEATURES,
    Column,
    Evidence,
    is_across,
    measure,
    measure_across,
    measure_question,
)
from assistant.evidence.gather import gather
from assistant.evidence.support import (
    READ_SUPPORT_FEATURES,
    SUPPORT_FEATURES,
    score_support,
)
from assistant.models.embed import Embedder, EmbedderInput, open_embedder, open_reader
from assistant.models.encoder import CachingEncoder, TokenEncoder
from assistant.models.export import open_cross_encoder
from assistant.models.reader import CachingReader, PassageReader
from assistant.retrieve.named import name_terms
from assistant.retrieve.retriever import Retrieval, cosine, idf
from assistant.settings import INSTALLED_MODEL, Settings
from assistant.text.cues import is_injection
from assistant.text.forms import (
    asks_of_mail,
    find_reply,
    is_courtesy,
    is_header,
    names_alone,
    read_form,
)
from assistant.text.terms import read_query, terms
from assistant.values import ECHOES, Passage, RankedPassage, Role, Sentence

WEIGHTS_FILE = "weights.json"
READER_WEIGHTS_FILE = "reader-weights.json"
REPEATED = 0.8
"""Of a note's terms, so many in one sentence elsewhere say the same."""
FAR_BEHIND = 3.0
"""Log-odds: a line of a form whose label is asked for answers though another is so much likelier,
and is then shown without that one."""
REPLIED = 2.0
"""Log-odds of a question to be answered that a document asks itself, with a reply."""
Features = Mapping[str, Sequence[Callable[..., Any]]]
FEATURES: Features = {
    "sentence": SENTENCE_FEATURES,
    "question": QUESTION_FEATURES,
    "support": SUPPORT_FEATURES,
}
FEATURES_WITH_READER: Features = {
    **FEATURES,
    "sentence": READ_FEATURES,
    "question": READ_QUESTION_FEATURES,
    "across": ACROSS_FEATURES,
    "support": READ_SUPPORT_FEATURES,
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """The sentences of a retrieval, judged.

    Attributes:
        sentences: all of them, numbered.
        scores: the log-odds of each one to answer, shape (n_sentences,).
        evidence: what is known of them.
        log_odds: of the question to be answered by them; None without sentences.
    """

    sentences: tuple[Sentence, ...]
    scores: Column
    evidence: Evidence
    log_odds: float | None


class EvidenceScorer(Protocol):
    """Judges sentences; log-odds are comparable between questions."""

    @property
    def calibration(self) -> Calibration:
        """How its log-odds become a probability."""

    @property
    def fingerprint(self) -> str:
        """What must be equal for a calibration to hold."""

    def judge(self, retrieval: Retrieval) -> Judgement:
        """Return the judgement of a retrieval."""

    def support(self, statement: str, quotes: Sequence[str]) -> float:
        """Return the probability that quotes support all of a statement."""


@dataclass(frozen=True, slots=True)
class EvidenceWeights:
    """All that was fitted: for a sentence to answer, a question to be answered, a statement to be
    supported, and where to abstain. `reader` is the SHA-256 of the reader that they were fitted to,
    "" without one; only with one there are weights `across`, for a question in another language
    than the sentences. The fingerprint tells these weights from others.
    """

    sentence: Logistic
    question: Logistic
    support: Logistic
    calibration: Calibration
    reader: str = ""
    fingerprint: str = ""
    across: Logistic | None = None


class LateInteractionScorer:
    """Two logistic regressions: of each sentence, and of the question on the best of them."""

    def __init__(
        self,
        encoder: TokenEncoder,
        weights: EvidenceWeights | None = None,
        reader: PassageReader | None = None,
    ) -> None:
        self._encoder = CachingEncoder(encoder)
        self._reader = reader and CachingReader(reader)
        self._weights = weights or load_weights()
        self.calibration = self._weights.calibration
        self.fingerprint = self._weights.fingerprint

    def judge(self, retrieval: Retrieval) -> Judgement:
        """See `EvidenceScorer`."""
        sentences, evidence = gather(retrieval, self._encoder, self._reader)
        return weigh(sentences, evidence, self._weights)

    def support(self, statement: str, quotes: Sequence[str]) -> float:
        """See `EvidenceScorer`."""
        weights = self._weights.support
        return score_support(statement, quotes, self._encoder, weights, self._reader)


def weigh(
    sentences: tuple[Sentence, ...], evidence: Evidence, weights: EvidenceWeights
) -> Judgement:
    """Return the judgement that the weights give."""
    if not sentences:
        return Judgement((), np.zeros(0), evidence, None)
    scores = weights.sentence.log_odds(measure(evidence))
    if evidence.beside is not None:
        scores = _put_below(scores, evidence.beside)
    judge, features = weights.question, measure_question(evidence, scores)
    if weights.across and is_across(evidence):
        judge, features = weights.across, measure_across(evidence, scores)
    log_odds = float(judge.log_odds(features[None, :])[0])
    scores = _hold_back(sentences, evidence, scores)
    originals = _find_originals(sentences)
    for n, original in originals.items():
        scores[original] = max(scores[original], scores[n])
    scores = _put_below(scores, _find_idle(sentences, evidence, originals))
    scores = _prefer_labels(sentences, evidence, scores)
    if replies := _find_replies(sentences, evidence):
        best = scores.max() + FAR_BEHIND
        scores[replies] = best - 0.01 * np.arange(len(replies))
        log_odds = max(log_odds, REPLIED)
    return Judgement(sentences, scores, evidence, log_odds)


def _hold_back(sentences: Sequence[Sentence], evidence: Evidence, scores: Column) -> Column:
    """Return the scores, those of what does not answer below all others, if there are any.

    That is what only says what comes next, and what tells of another code, date or year.
    """
    echoes = np.array([sentence.role in ECHOES for sentence in sentences])
    if evidence.beside is not None:
        echoes |= evidence.beside
    return _put_below(scores, echoes)


def _put_below(scores: Column, chosen: NDArray[np.bool_]) -> Column:
    if chosen.all() or not chosen.any():
        return scores
    return np.where(chosen, np.minimum(scores, scores[~chosen].min()) - 1.0, scores)


def _prefer_labels(sentences: Sequence[Sentence], evidence: Evidence, scores: Column) -> Column:
    """Return the scores, those of a form's lines below the line whose label is asked for.

    A line that only names what is asked about comes below all others of its form. A label counts
    where its line is not far behind.
    """
    scores = scores.copy()
    for number in dict.fromkeys(evidence.passages):
        own = np.flatnonzero(evidence.passages == number).tolist()
        first = sentences[own[0]]
        if first.role is Role.ROW:
            continue
        lines, language = [sentences[n].text for n in own], first.passage.language
        form = read_form(evidence.question, lines, place_terms(first), language)
        asked, naming, others = ([own[n] for n in part] for part in form)
        if naming and (asked or others):
            scores[naming] = scores[asked + others].min() - 1.0
        if asked and others and scores[others].max() - scores[asked].max() <= FAR_BEHIND:
            below = scores[asked].max() - FAR_BEHIND
            scores[others] = np.minimum(scores[others], below)
    return scores


def _find_replies(sentences: Sequence[Sentence], evidence: Evidence) -> list[int]:
    """Return the sentences that reply to the question where a document asks it itself.

    None of them tells whoever answers what to say.
    """
    for number in dict.fromkeys(evidence.passages):
        own = np.flatnonzero(evidence.passages == number).tolist()
        first = sentences[own[0]]
        lines, language = [sentences[n].text for n in own], first.passage.language
        heads = {place for place, n in enumerate(own) if sentences[n].role is Role.QUESTION}
        reply = find_reply(evidence.question, lines, heads, place_terms(first), language)
        if reply and not any(is_injection(lines[n]) for n in reply):
            return [own[n] for n in reply]
    return []


def _find_idle(
    sentences: Sequence[Sentence], evidence: Evidence, repeats: Collection[int]
) -> NDArray[np.bool_]:
    """Tell of each sentence whether others say more than it whatever is asked.

    It says nothing but a name that was asked about, it is one of a mail's headers or greets, or
    takes its leave, and nothing is asked of them, or it repeats another.
    """
    asked = set(terms(evidence.question))
    is_of_mail = asks_of_mail(evidence.question)
    return np.array(
        [
            n in repeats
            or (not is_of_mail and (_is_header(one) or _is_courtesy(one)))
            or (names_alone(one.text) and asked.issuperset(terms(one.text)))
            for n, one in enumerate(sentences)
        ],
        dtype=np.bool_,
    )


def _is_courtesy(sentence: Sentence) -> bool:
    return sentence.role is Role.PARAGRAPH and is_courtesy(sentence.text)


def _is_header(sentence: Sentence) -> bool:
    is_mail = sentence.passage.document_id.casefold().endswith((".eml", ".msg"))
    return is_mail and sentence.role is Role.PARAGRAPH and is_header(sentence.text)


def _find_originals(sentences: Sequence[Sentence]) -> dict[int, int]:
    """Return for each note that repeats a sentence of another document which one that is.

    So a mail is quoted by those that answer it.
    """
    notes = [n for n, one in enumerate(sentences) if one.role is Role.NOTE]
    if not notes:
        return {}
    said = [frozenset(terms(one.text)) for one in sentences]
    found: dict[int, int] = {}
    for n in notes:
        for m, other in enumerate(sentences):
            is_elsewhere = other.passage.document_id != sentences[n].passage.document_id
            is_original = is_elsewhere and other.role is not Role.NOTE
            if is_original and said[n] and len(said[n] & said[m]) >= REPEATED * len(said[n]):
                found.setdefault(n, m)
    return found


def probability(judgement: Judgement, calibration: Calibration) -> float:
    """Return the probability that the judged sentences answer, 0 when there are none."""
    if judgement.log_odds is None:
        return 0.0
    return calibration.probability(judgement.log_odds)


Part = Literal["join", "replace"]

EVEN_ODDS = Calibration(1.0, 0.0, ((0.1, 0.5),))
"""Until it is calibrated: abstain where the cross-encoder finds an answer unlikely."""


PairScorer = Callable[[Sequence[tuple[str, str]]], Column]
"""Pairs of texts -> the log-odds that the second answers the first, shape (n_pairs,)."""


class CrossEncoderScorer:
    """Scores sentences by a cross-encoder: alone, or by the mean with another scorer's log-odds."""

    def __init__(self, base: EvidenceScorer, score: PairScorer, role: Part, name: str) -> None:
        self._base = base
        self._score = score
        self._role = role
        self.calibration = EVEN_ODDS
        self.fingerprint = f"{base.fingerprint} {role} {name}"

    def judge(self, retrieval: Retrieval) -> Judgement:
        """See `EvidenceScorer`."""
        base = self._base.judge(retrieval)
        if base.log_odds is None:
            return base
        scores = self._score([(retrieval.query, sentence.text) for sentence in base.sentences])
        best = float(scores.max())
        if self._role == "join":
            scores, best = np.asarray((base.scores + scores) / 2), (base.log_odds + best) / 2
        return replace(base, scores=scores, log_odds=best)

    def support(self, statement: str, quotes: Sequence[str]) -> float:
        """See `EvidenceScorer`: a cross-encoder of questions and answers knows nothing of this."""
        return self._base.support(statement, quotes)


def open_scorer(settings: Settings, embedder: Embedder) -> EvidenceScorer:
    """Return the scorer of the settings.

    Its weights are fitted to one model: to the reader that finds the passages, if it does and they
    are, else to the installed model.
    """
    scorer: EvidenceScorer
    reader = open_reader(embedder)
    if reader and (weights := load_reader_weights(reader.sha256)):
        scorer = LateInteractionScorer(embedder, weights, reader)
    else:
        if settings.embedding_model != INSTALLED_MODEL:
            embedder = open_embedder(INSTALLED_MODEL, settings.cache_dir)
        scorer = LateInteractionScorer(embedder)
    if not settings.cross_encoder:
        return scorer
    name = settings.cross_encoder
    return CrossEncoderScorer(scorer, open_cross_encoder(name), settings.cross_encoder_role, name)


def rate_passages(
    scorer: EvidenceScorer, embedder: Embedder, query: str, passages: Sequence[Passage]
) -> list[float]:
    """Return the log-odds of each passage's best sentence to answer a query; -inf without one.

    The passages may be of any source: how rare a word is, is counted over them alone.
    """
    languages = Counter(one.language for one in passages).most_common()
    asked = read_query(query, tuple(language for language, _ in languages))
    said = [set(terms(one.text, one.language)) for one in passages]
    counts = Counter(asked.stems.get(term, term) for one in said for term in one)
    weights = idf(asked.own, counts, len(passages))
    vector = embedder.embed_query(query)
    inputs = [
        EmbedderInput(
            one.text, tuple((start - one.start, end - one.start) for start, end in one.sentences)
        )
        for one in passages
    ]
    embedded = embedder.embed_passages(inputs)
    ranking = []
    for n, (one, vectors, own) in enumerate(zip(passages, embedded, said, strict=True), start=1):
        near = cosine(vector, vectors) if one.sentences else 0.0
        words = sum(weights.get(asked.stems.get(term, term), 0.0) for term in own)
        ranking.append(RankedPassage(one, n, near, near, words))
    retrieval = Retrieval(
        query,
        vector,
        weights,
        tuple(ranking),
        tuple(vectors.sentences for vectors in embedded),
        terms=asked,
    )
    judgement = scorer.judge(retrieval)
    best = dict.fromkeys((one.passage_id for one in passages), -math.inf)
    for sentence, score in zip(judgement.sentences, judgement.scores, strict=True):
        name = sentence.passage.passage_id
        best[name] = max(best[name], float(score))
    return [best[one.passage_id] for one in passages]


class Judge:
    """A scorer with the calibration that holds for it: one's own, kept beside the index, if any."""

    def __init__(self, scorer: EvidenceScorer, embedder: Embedder, index_dir: Path) -> None:
        self.scorer = scorer
        self.fingerprint = f"{scorer.fingerprint} {embedder.fingerprint}"
        self._index_dir = index_dir
        self.calibration = read_calibration(index_dir, self.fingerprint) or scorer.calibration

    def calibrate(
        self,
        log_odds: Sequence[float | None],
        are_answerable: Sequence[bool],
        max_over_refusal: float,
    ) -> CalibrationReport:
        """Fit the calibration to judged questions and keep it beside the index.

        Raises:
            QuestionError: there are too few questions of a kind.
        """
        after, report = calibrate(log_odds, are_answerable, self.calibration, max_over_refusal)
        path = write_calibration(self._index_dir, after, self.fingerprint)
        self.calibration = after
        return replace(report, path=str(path))


@cache
def load_weights() -> EvidenceWeights:
    """Return the weights that ship with the assistant."""
    text = files("assistant.evidence").joinpath(WEIGHTS_FILE).read_text(encoding="utf-8")
    return parse_weights(json.loads(text))


@cache
def load_reader_weights(sha256: str) -> EvidenceWeights | None:
    """Return the weights that were fitted to a reader; None if they were to none, or another."""
    path = files("assistant.evidence").joinpath(READER_WEIGHTS_FILE)
    if not path.is_file():
        return None
    weights = parse_weights(json.loads(path.read_text(encoding="utf-8")))
    return weights if weights.reader == sha256 else None


def parse_weights(data: Mapping[str, Any]) -> EvidenceWeights:
    """Return the weights of a parsed file.

    Raises:
        ModelError: a weight is missing, or belongs to no feature.
    """
    reader = str(data.get("reader", ""))
    wanted = FEATURES_WITH_READER if reader else FEATURES
    logistic = {name: _parse(name, wanted[name], data.get(name, {})) for name in wanted}
    facts = json.dumps([data[name] for name in wanted], sort_keys=True)
    return EvidenceWeights(
        **logistic,
        calibration=Calibration(1.0, 0.0, tuple((float(s), b) for s, b in data["bars"].items())),
        reader=reader,
        fingerprint=hashlib.sha256(facts.encode()).hexdigest()[:16],
    )


def to_json(weights: EvidenceWeights) -> dict[str, Any]:
    """Return what `parse_weights` reads."""
    found: dict[str, Any] = {"reader": weights.reader} if weights.reader else {}
    for name, features in (FEATURES_WITH_READER if weights.reader else FEATURES).items():
        logistic: Logistic = getattr(weights, name)
        own = zip((feature.__name__ for feature in features), logistic.weights, strict=True)
        found[name] = {"bias": logistic.bias, **dict(own)}
    return {**found, "bars": {str(share): bar for share, bar in weights.calibration.bars}}


def _parse(
    name: str, features: Sequence[Callable[..., Any]], data: Mapping[str, float]
) -> Logistic:
    names = [feature.__name__ for feature in features]
    if unknown := set(data) ^ {"bias", *names}:
        raise ModelError(
            f"weights of evidence: {name!r} and its features disagree about {sorted(unknown)}"
        )
    return Logistic(data["bias"], tuple(data[name] for name in names))


# --- Sources that may disagree


def place_terms(sentence: Sentence) -> set[str]:
    """Return the terms of what a sentence stands under, and of its file's name."""
    passage = sentence.passage
    over = (term for text in passage.under for term in terms(text, passage.language))
    return {*over, *name_terms(passage.document_id, [passage.language])}
