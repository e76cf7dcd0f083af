import pytest
from hashing import HashingEmbedder

from evals import retrieval
from evals.datasets import Dataset, Question

TEXTS = {
    "00000.txt": "Titan has lakes of methane.",
    "00001.txt": "The Danube rises in the Black Forest.",
}
ASKED = Question(
    query_id="q0",
    text="Which lakes has Titan?",
    is_answerable=True,
    answers=("methane",),
    documents=("00000.txt",),
)
UNANSWERED = Question(
    query_id="q1",
    text="Where in the Black Forest is the delta?",
    is_answerable=False,
    documents=("00001.txt",),
)


@pytest.fixture(autouse=True)
def without_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "open_embedder", lambda *_: HashingEmbedder())


def test_a_question_is_looked_for_in_its_own_document(capsys: pytest.CaptureFixture[str]) -> None:
    public_set = Dataset("moons", TEXTS, (ASKED, UNANSWERED))
    retrieval.run(public_set, max_passage_tokens=64, weights=[0.4])
    printed = capsys.readouterr().out.splitlines()
    assert printed[1].startswith("moons: 2 documents, 2 passages of at most 64 tokens, 2 questions")
    found = "1.000 1.000 1.000 1.000"
    assert printed[-1].split(maxsplit=1)[1] == f"all {found}   answerable {found}"


def test_a_question_of_several_documents_is_refused() -> None:
    asked = Question("q0", "Which?", is_answerable=True, answers=("a",), documents=tuple(TEXTS))
    with pytest.raises(ValueError, match="too many values"):
        retrieval.run(Dataset("moons", TEXTS, (asked,)), max_passage_tokens=64, weights=[])
