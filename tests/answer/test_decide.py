"""Which of a question's queries is answered, and which words say how well."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from corpora import replace_files

from assistant.answer.follow_up import CARRIED_DOUBT, LEANING, decide
from assistant.evidence.scorer import Judgement
from assistant.pipeline import Assistant
from assistant.retrieve.retriever import Retrieval

Found = tuple[Assistant, list[Retrieval]]


class ScriptedScorer:
    """Judges by the query; notes the weights that it was given."""

    def __init__(self, assistant: Assistant, log_odds: dict[str, float]) -> None:
        self._scorer = assistant.judge.scorer
        self._log_odds = log_odds
        self.weights: list[dict[str, float]] = []

    calibration = property(lambda self: self._scorer.calibration)
    fingerprint = property(lambda self: self._scorer.fingerprint)

    def support(self, statement: str, quotes: Sequence[str]) -> float:
        return self._scorer.support(statement, quotes)

    def judge(self, retrieval: Retrieval) -> Judgement:
        self.weights.append(retrieval.term_weights)
        judged = self._scorer.judge(retrieval)
        return Judgement(
            judged.sentences, judged.scores, judged.evidence, self._log_odds[retrieval.query]
        )


@pytest.fixture
def found(assistant: Assistant) -> Iterator[Found]:
    text = "Ann Holt built the mill. It was sold later."
    replace_files(assistant.settings.corpus_dir, {"a.txt": text})
    assistant.sync()
    with assistant.index.open() as snapshot:
        retrieve = assistant._retriever.retrieve
        yield assistant, [retrieve(snapshot, q, 3) for q in ("sold?", "sold? Ann Holt")]


def test_the_question_by_itself_is_answered_when_it_has_as_much_evidence(found: Found) -> None:
    assistant, retrievals = found
    scorer = ScriptedScorer(assistant, {"sold?": 1.0, "sold? Ann Holt": 1.0 - LEANING})
    retrieval, judgement = decide(retrievals, scorer)
    assert retrieval is retrievals[0]
    assert judgement.log_odds == 1.0
    assert len(scorer.weights) == 2


def test_carried_words_find_the_passages_and_the_own_words_judge_the_sentences(
    found: Found,
) -> None:
    assistant, retrievals = found
    scorer = ScriptedScorer(assistant, {"sold?": 0.0, "sold? Ann Holt": 3.0})
    retrieval, judgement = decide(retrievals, scorer)
    assert retrieval.query == retrievals[1].query
    assert retrieval.ranking == retrievals[1].ranking, "it has all that the other one has"
    assert judgement.log_odds == 3.0 - CARRIED_DOUBT
    *_, before, last = scorer.weights
    assert last["holt"] < before["holt"]
    assert last["sold"] == before["sold"]
    assert np.isfinite(judgement.scores).all()


def test_what_the_question_finds_by_itself_is_read_too(assistant: Assistant) -> None:
    files = {
        "a.txt": "Ann Holt built the mill.",
        "b.txt": "The tower was sold in 1901.",
        "c.txt": "Ann Holt was born in Corley.",
    }
    replace_files(assistant.settings.corpus_dir, files)
    assistant.sync()
    with assistant.index.open() as snapshot:
        retrieve = assistant._retriever.retrieve
        alone = retrieve(snapshot, "tower sold?", 1)
        carried = retrieve(snapshot, "tower sold? Ann Holt Corley born", 1)
    assert [one.passage.document_id for one in alone.ranking] == ["b.txt"]
    assert [one.passage.document_id for one in carried.ranking] == ["c.txt"]
    scorer = ScriptedScorer(assistant, {alone.query: 0.0, carried.query: 3.0})
    retrieval, judgement = decide([alone, carried], scorer)
    assert retrieval.query == carried.query
    assert [one.passage.document_id for one in retrieval.ranking] == ["c.txt", "b.txt"]
    assert [one.rank for one in retrieval.ranking] == [1, 2]
    assert judgement.sentences[int(np.argmax(judgement.scores))].text == files["b.txt"]
