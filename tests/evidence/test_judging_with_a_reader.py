"""With a reader, what it says of each sentence is weighed too; without one, nothing changes."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from corpora import settings_in, write_files
from hashing import HashingEmbedder
from retrievals import passage, retrieve

from assistant.answer import compose
from assistant.evidence import gather as gathering
from assistant.evidence import scorer as judging
from assistant.evidence.calibration import Calibration, Logistic
from assistant.evidence.features import (
    ACROSS_FEATURES,
    FAR,
    QUESTION_FEATURES,
    READ_FEATURES,
    READ_QUESTION_FEATURES,
    SENTENCE_FEATURES,
    measure,
    measure_question,
    reading,
    reading_lead,
    reading_of_passage,
)
from assistant.evidence.gather import gather
from assistant.evidence.scorer import (
    FEATURES_WITH_READER,
    EvidenceWeights,
    LateInteractionScorer,
    load_reader_weights,
    load_weights,
    open_scorer,
    parse_weights,
    to_json,
    weigh,
)
from assistant.evidence.support import READ_SUPPORT_FEATURES
from assistant.models.reader import CachingReader, Encoded, QuestionTokens, ReadPassage, Spans
from assistant.pipeline import Assistant
from assistant.settings import PACKED_MODEL
from assistant.values import Passage, Role

MILL = passage("The mill stands by the river.", "Ada Fenn built it in 1834.", name="mill.txt")
INN = passage("The inn was opened by Tom Hay.", "It has two rooms.", name="inn.txt")
QUESTION = "Who built the mill?"
ACROSS = -0.75
"""The log-odds of every question in another language than what answers."""


class ScriptedReader:
    """Gives each sentence its number of capitals as log-odds, and its names as what answers."""

    sha256 = "f" * 64
    knows_support = False

    def __init__(self) -> None:
        self.n_encoded = 0
        self.seen: list[str] = []

    def encode_question(self, text: str) -> QuestionTokens:
        tokens = self._encode(text)
        n = len(tokens.spans)
        return QuestionTokens(tokens, np.ones(n, np.float32), np.ones(n, np.float32))

    def encode_passages(self, texts: Sequence[str]) -> list[Encoded]:
        self.n_encoded += len(texts)
        self.seen += texts
        return [self._encode(text) for text in texts]

    def _encode(self, text: str) -> Encoded:
        (said,) = HashingEmbedder().encode([text])
        spans = np.array(said.offsets, dtype=np.int64).reshape(-1, 2)
        letters = np.array([[ord(text[a])] for a, _ in said.offsets], dtype=np.float32)
        return Encoded(said.vectors, letters.reshape(-1, 1), spans)

    def read(
        self, question: QuestionTokens, passages: Sequence[Encoded], sentences: Sequence[Spans]
    ) -> list[ReadPassage]:
        return [self._read(one, spans) for one, spans in zip(passages, sentences, strict=True)]

    def _read(self, passage: Encoded, sentences: Spans) -> ReadPassage:
        log_odds, words = [], []
        for start, end in sentences:
            inside = passage.inside(start, end)
            capitals = [i for i in inside if 65 <= passage.lower[i, 0] <= 90]
            log_odds.append(float(len(capitals)) if len(inside) else -1e4)
            names = passage.spans[capitals]
            words.append((int(names[0, 0]), int(names[-1, 1])) if len(names) > 1 else None)
        return ReadPassage(np.array(log_odds), tuple(words))

    def support(self, statement: Encoded, quotes: Encoded) -> float:
        raise AssertionError("it has not learned to compare")


def weights_that_trust_the_reader(*, reader: str = ScriptedReader.sha256) -> EvidenceWeights:
    def of(features: Sequence[object], trusted: object) -> Logistic:
        return Logistic(0.0, tuple(float(feature is trusted) for feature in features))

    return EvidenceWeights(
        of(READ_FEATURES, reading),
        of(READ_QUESTION_FEATURES, READ_QUESTION_FEATURES[-1]),
        of(READ_SUPPORT_FEATURES, None),
        Calibration(1.0, 0.0, ((0.1, 0.5),)),
        reader,
        across=Logistic(ACROSS, (0.0,) * len(ACROSS_FEATURES)),
    )


@pytest.mark.parametrize(
    ("question", "log_odds"), [(QUESTION, 3.0), ("Wer hat sie gebaut, und wann?", ACROSS)]
)
def test_a_question_in_another_language_than_the_sentences_is_judged_by_weights_of_its_own(
    question: str, log_odds: float
) -> None:
    weights = weights_that_trust_the_reader()
    scorer = LateInteractionScorer(HashingEmbedder(), weights, ScriptedReader())
    assert scorer.judge(retrieve(question, MILL, INN)).log_odds == log_odds


def test_each_sentence_gets_the_log_odds_and_the_words_of_its_own_passage() -> None:
    sentences, evidence = gather(retrieve(QUESTION, MILL, INN), HashingEmbedder(), ScriptedReader())
    assert evidence.reading is not None
    assert evidence.reading.tolist() == [1.0, 2.0, 3.0, 1.0]
    words = {n: sentences[n - 1].text[a:b] for n, (a, b) in evidence.words.items()}
    assert words == {2: "Ada Fenn", 3: "The inn was opened by Tom Hay"}


def test_what_stands_above_a_passage_is_read_with_it_and_moves_no_span() -> None:
    above = replace(passage("Ada Fenn built it.", name="a.txt"), under=("The Old Mill",))
    reader = ScriptedReader()
    sentences, evidence = gather(retrieve(QUESTION, above), HashingEmbedder(), reader)
    assert reader.seen == ["The Old Mill\nAda Fenn built it."]
    assert evidence.reading is not None
    assert evidence.reading.tolist() == [2.0]
    (start, end) = evidence.words[1]
    assert sentences[0].text[start:end] == "Ada Fenn"


def test_a_reply_is_read_with_the_question_that_it_stands_under(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = ("May the Ada Club Come?", "twice a month.", "Is it Far?", "it is. Ask Tom.")
    roles = (Role.QUESTION, Role.PARAGRAPH, Role.QUESTION, Role.PARAGRAPH)
    asked = replace(passage(*lines, name="club.txt"), roles=roles)

    def read(one: Passage) -> list[float]:
        _, evidence = gather(retrieve(QUESTION, one), HashingEmbedder(), ScriptedReader())
        assert evidence.reading is not None
        return list(evidence.reading)

    monkeypatch.setattr(gathering, "ASKS_THE_SAME", 3.0)
    assert read(asked) == [4.0, 4.0, 2.0, 2.0], "the second question is another one"
    assert read(replace(asked, roles=(Role.PARAGRAPH,) * 4)) == [4.0, 0.0, 2.0, 2.0]


def test_without_passages_there_is_nothing_to_read() -> None:
    sentences, evidence = gather(retrieve(QUESTION), HashingEmbedder(), ScriptedReader())
    assert (sentences, evidence.words) == ((), {})
    assert measure(evidence).shape == (0, len(READ_FEATURES))


def test_the_features_are_as_they_were_with_three_and_three_more() -> None:
    retrieval = retrieve(QUESTION, MILL, INN)
    _, plain = gather(retrieval, HashingEmbedder())
    _, read = gather(retrieval, HashingEmbedder(), ScriptedReader())
    before, after = measure(plain), measure(read)
    assert np.allclose(after[:, : len(SENTENCE_FEATURES)], before, atol=1e-6)
    assert after[:, len(SENTENCE_FEATURES) :].tolist() == [
        [1.0, 2.0, -2.0],
        [2.0, 2.0, -1.0],
        [3.0, 3.0, 0.0],
        [1.0, 3.0, -2.0],
    ]
    scores = np.array([0.0, 5.0, 1.0, 0.0])
    whole = measure_question(read, scores)
    assert np.allclose(whole[: len(QUESTION_FEATURES)], measure_question(plain, scores))
    assert whole[len(QUESTION_FEATURES) :].tolist() == [0.0, 3.0, 2.0]


def test_a_heading_that_answers_best_speaks_for_the_question_and_is_put_below_all_others() -> None:
    """What stands below it answers, though read by itself it says little."""
    told = passage("Opening hours by Ada Fenn", "Monday to friday.")
    told = replace(told, roles=(Role.HEADING, Role.PARAGRAPH))
    sentences, evidence = gather(retrieve(QUESTION, told), HashingEmbedder(), ScriptedReader())
    assert evidence.reading is not None
    assert evidence.reading.tolist() == [3.0, 1.0]
    judgement = weigh(sentences, evidence, weights_that_trust_the_reader())
    assert judgement.log_odds == 3.0
    assert judgement.scores.argmax() == 1


def test_a_sentence_that_was_cut_off_is_not_infinitely_bad() -> None:
    _, evidence = gather(retrieve(QUESTION, MILL), HashingEmbedder(), ScriptedReader())
    assert evidence.reading is not None
    evidence.reading[0] = -1e4
    assert reading(evidence).tolist() == [-FAR, 2.0]
    assert reading_of_passage(evidence).tolist() == [2.0, 2.0]
    assert reading_lead(evidence).tolist() == [-FAR - 2.0, 0.0]


def test_the_scorer_follows_the_weights_of_the_reader() -> None:
    scorer = LateInteractionScorer(
        HashingEmbedder(), weights_that_trust_the_reader(), ScriptedReader()
    )
    judgement = scorer.judge(retrieve(QUESTION, MILL, INN))
    assert judgement.scores.tolist() == [1.0, 2.0, 3.0, 1.0]
    assert judgement.log_odds == 3.0


def test_a_passage_is_encoded_once_and_few_are_remembered() -> None:
    scripted = ScriptedReader()
    reader = CachingReader(scripted, n_texts=2)
    once = reader.encode_passages(["The mill.", "The inn."])
    again = reader.encode_passages(["The inn.", "The mill.", "The inn."])
    assert scripted.n_encoded == 2
    assert [one.late.dtype for one in again] == [np.float32] * 3
    assert np.array_equal(once[1].late, again[0].late)
    assert np.array_equal(once[0].spans, again[1].spans)
    reader.encode_passages(["Two rooms."])  # the one that was asked for longest ago is forgotten
    reader.encode_passages(["The inn.", "Two rooms."])
    assert scripted.n_encoded == 3
    reader.encode_passages(["The mill."])
    assert scripted.n_encoded == 4


def test_weights_are_read_as_they_were_written_with_the_reader_they_were_fitted_to() -> None:
    weights = weights_that_trust_the_reader()
    again = parse_weights(json.loads(json.dumps(to_json(weights))))
    assert (again.sentence, again.question, again.reader) == (
        weights.sentence,
        weights.question,
        ScriptedReader.sha256,
    )
    assert "reader" not in to_json(load_weights())
    assert load_weights().reader == ""
    names = {feature.__name__ for feature in FEATURES_WITH_READER["sentence"]}
    assert len(names) == len(READ_FEATURES)


@pytest.mark.parametrize("fitted_to", [ScriptedReader.sha256, "another", None])
def test_a_reader_judges_if_weights_were_fitted_to_it(
    fitted_to: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if fitted_to:
        data = to_json(weights_that_trust_the_reader(reader=fitted_to))
        (tmp_path / "reader-weights.json").write_text(json.dumps(data))
    monkeypatch.setattr(judging, "files", lambda _: tmp_path)
    monkeypatch.setattr(judging, "load_weights", load_weights)
    monkeypatch.setattr(judging, "open_reader", lambda _: ScriptedReader())
    opened: list[str] = []

    def reopen(model: str, cache_dir: Path) -> HashingEmbedder:
        opened.append(model)
        return HashingEmbedder()

    monkeypatch.setattr(judging, "open_embedder", reopen)
    load_weights()  # the real ones, before the folder is another
    load_reader_weights.cache_clear()
    settings = settings_in(tmp_path, embedding_model="one-that-reads")
    scorer = open_scorer(settings, HashingEmbedder())
    load_reader_weights.cache_clear()
    is_its_own = fitted_to == ScriptedReader.sha256
    assert opened == ([] if is_its_own else ["all-MiniLM-L6-v2"])
    assert (scorer.fingerprint == load_weights().fingerprint) == (not is_its_own)


def test_what_ships_is_judged_by_weights_that_were_fitted_to_it() -> None:
    if not PACKED_MODEL.is_file():
        assert load_reader_weights("0" * 64) is None
        return
    digest = PACKED_MODEL.with_suffix(".sha256").read_text().split()[0]
    assert load_reader_weights(digest), "run python -m evals.evidence --data FOLDER --write"


@pytest.mark.parametrize("reader", [None, ScriptedReader()])
def test_the_words_that_the_reader_marks_are_emphasised(
    reader: ScriptedReader | None, tmp_path: Path
) -> None:
    settings = settings_in(tmp_path, max_over_refusal=0.0)
    told = "The mill stands by a river. It was built by one\nAda Fenn of\nHay, they say."
    write_files(settings.corpus_dir, {"mill.txt": told})
    weights = weights_that_trust_the_reader() if reader else None
    scorer = LateInteractionScorer(HashingEmbedder(), weights, reader)
    with Assistant(settings, HashingEmbedder(), scorer) as assistant:
        answer = assistant.ask("Was the mill built by one of Hay?")
    marked = [s.text[a:b] for s in answer.statements for a, b in s.answering]
    assert marked == (["Ada Fenn"] if reader else [])


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("It opened\n in  1834, they say.", "in  1834", "in 1834"),
        ("It opened in 1834.", "It opened in 1834", None),
        ("1834.", "1834", None),
        ("In 1834 it opened in 1835.", "1835", "1835"),
    ],
)
def test_what_answers_is_found_again_on_one_line(text: str, words: str, shown: str | None) -> None:
    start = text.index(words)
    spans = compose._on_one_line(text, (start, start + len(words)))
    line = " ".join(text.split())
    assert [line[a:b] for a, b in spans] == ([shown] if shown else [])
