import dataclasses
import json
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from corpora import FILES, replace_files, settings_in, write_files
from hashing import HashingEmbedder

from assistant import cite as citing
from assistant.cite import Draft, DraftStatement
from assistant.errors import AssistantError, CorpusError, QuestionError
from assistant.pipeline import Assistant, ask
from assistant.settings import Settings
from assistant.values import Answer, Sentence, Stage

ROOT = Path(__file__).parents[1]


def test_a_missing_index_is_built_by_the_first_question(assistant: Assistant) -> None:
    assert not assistant.has_index
    *stages, answer = assistant.stream("Where does the Danube rise?")
    assert [s.name for s in stages if isinstance(s, Stage)] == [
        "indexing",
        "searching",
        "reading",
        "checking",
    ]
    assert isinstance(answer, Answer)
    assert "[1]" in answer.text
    assert answer.timings.keys() == {"index", "retrieve", "answer", "cite"}


def test_a_missing_index_is_built_by_the_first_search(assistant: Assistant) -> None:
    assert assistant.search("Danube")[0].passage.document_id == "rivers.txt"


def test_stream_yields_the_stages_in_order_and_then_the_answer(assistant: Assistant) -> None:
    assistant.sync()
    *stages, answer = assistant.stream("Where does the Danube rise?")
    told = [stage for stage in stages if isinstance(stage, Stage)]
    assert len(told) == len(stages)
    assert [stage.name for stage in told] == ["searching", "reading", "checking"]
    assert told[1].detail == "Reading 4 passages"
    assert isinstance(answer, Answer)
    assert dataclasses.replace(answer, timings={}) == dataclasses.replace(
        assistant.ask("Where does the Danube rise?"), timings={}
    )


def test_an_answer_is_json_that_reads_back_as_it_was(assistant: Assistant) -> None:
    for question in ("Where does the Danube rise?", "?!", 'quote " \\ \u2028 数字'):
        answer = assistant.ask(question)
        data = answer.to_dict()
        assert json.loads(json.dumps(data)) == json.loads(json.dumps(data, ensure_ascii=False))
        assert json.loads(json.dumps(data)) == as_json(data)
        assert data["text"] == answer.text
        fields = {"text", "abstained"}
        assert set(data) == fields | {*(field.name for field in dataclasses.fields(answer))}


def as_json(value: object) -> object:
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, (list, tuple)) else value


def test_an_answer_under_the_bar_is_an_abstention_with_what_was_read(
    assistant: Assistant, settings: Settings, embedder: HashingEmbedder
) -> None:
    assistant.sync()
    strict = Assistant(settings.model_copy(update={"max_over_refusal": 1.0}), embedder)
    answer = strict.ask("What does the committee think of chess?")
    assert answer.abstained
    assert answer.reason == answer.text == "Nothing was found in the documents that answers this."
    assert (answer.statements, answer.citations) == ((), ())
    assert len(answer.consulted) == 4
    assert 0 <= answer.confidence < 1


@pytest.mark.parametrize("question", ["", " \n\t", "\x00", "\u200b\ud800"])
def test_an_empty_question_is_refused(assistant: Assistant, question: str) -> None:
    for use in (assistant.ask, assistant.search, lambda q: list(assistant.stream(q))):
        with pytest.raises(QuestionError, match="empty"):
            use(question)
    assert not assistant.has_index, "nothing was built for it"


def test_an_over_long_question_is_refused_and_one_at_the_limit_is_not(
    assistant: Assistant, settings: Settings
) -> None:
    n = settings.max_question_chars
    with pytest.raises(QuestionError, match="4,001 characters, over the limit of 4,000"):
        assistant.ask("a" * (n + 1))
    assert assistant.ask("a" * n)


@pytest.mark.parametrize("question", ["\ud800Danube\udfff", "Dan\x00ube", "\u202eDanube\u200b?"])
def test_characters_that_are_no_text_are_harmless_in_a_question(
    assistant: Assistant, question: str
) -> None:
    answer = assistant.ask(question)
    assert answer.citations[0].document_id == "rivers.txt"
    json.dumps(answer.to_dict(), ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize(
    "document_id", ["", "no.txt", "../rivers.txt", "\ud800", "a\x00", "a" * 9999]
)
def test_a_document_that_is_not_held_is_a_corpus_error(
    assistant: Assistant, document_id: str
) -> None:
    assistant.sync()
    with pytest.raises(CorpusError):
        assistant.document(document_id)


@pytest.mark.parametrize("k", [0, -1])
def test_search_refuses_a_number_of_passages_that_is_none(assistant: Assistant, k: int) -> None:
    with pytest.raises(ValueError, match="k >= 1"):
        assistant.search("Danube", k=k)


def test_nothing_that_cite_refuses_is_shown(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    original = citing.cite

    def lie(draft: Draft, sentences: tuple[Sentence, ...], read: citing.Read) -> citing.Checked:
        wrong = tuple(DraftStatement(f"Not so: {s.text}", s.sentences) for s in draft.statements)
        return original(Draft(wrong, draft.confidence), sentences, read)

    monkeypatch.setattr("assistant.pipeline.cite", lie)
    with caplog.at_level(logging.WARNING):
        answer = assistant.ask("Where does the Danube rise?")
    assert answer.abstained
    assert answer.reason
    assert "Not so" not in json.dumps(answer.to_dict())
    assert "was dropped (it is not the sentence that it cites)" in caplog.text


def test_no_draft_reaches_a_surface(assistant: Assistant) -> None:
    def values(value: object) -> Iterator[object]:
        yield value
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            for field in dataclasses.fields(value):
                yield from values(getattr(value, field.name))
        elif isinstance(value, tuple):
            for item in value:
                yield from values(item)

    for event in assistant.stream("Where does the Danube rise?"):
        assert not [v for v in values(event) if isinstance(v, (Draft, DraftStatement))]
    statements = {field.name for field in dataclasses.fields(Answer)}
    assert "draft" not in statements


def test_documents_lists_every_file_with_what_became_of_it(
    assistant: Assistant, settings: Settings
) -> None:
    write_files(settings.corpus_dir, {"no.png": b"\x89PNG\r\n\x1a\n"})
    assistant.sync()
    listed = {str(record.document_id): record for record in assistant.documents()}
    assert set(listed) == {*FILES, "no.png"}
    assert listed["space/moons.md"].n_passages == 2
    assert listed["law.html"].title == "Leave"
    assert listed["no.png"].reason


def station_files(round_: int) -> dict[str, str]:
    """Return the files of a round; no text of it is one of another round."""
    return {
        f"{n}.txt": f"The Danube has {round_ * n} locks. Station {n} counted {round_} of them."
        for n in range(round_ % 3, 20)
    }


@pytest.mark.slow
def test_eight_threads_ask_while_a_sync_edits_and_every_quote_is_exact(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, max_over_refusal=0.0, max_drop=100.0, max_tail_passages=10)
    replace_files(settings.corpus_dir, station_files(1))
    is_over = threading.Event()

    def ask_on(assistant: Assistant) -> list[Answer]:
        answers: list[Answer] = []
        while not is_over.is_set():
            answers.append(assistant.ask(f"How many locks has station {len(answers) % 20}?"))
            time.sleep(0.1)
        return answers

    versions: dict[str, str] = {}  # sha256 -> text
    with Assistant(settings, HashingEmbedder()) as assistant, ThreadPoolExecutor(8) as threads:
        assistant.sync()
        asking = [threads.submit(ask_on, assistant) for _ in range(8)]
        for round_ in range(1, 5):
            replace_files(settings.corpus_dir, station_files(round_))
            assistant.sync()
            for record in assistant.documents():
                document = assistant.document(record.document_id)
                versions[document.sha256] = document.text
        is_over.set()
        answers = [answer for one in asking for answer in one.result()]
        assert assistant.check() == ()
    assert len({answer.index_version for answer in answers}) > 1
    for answer in answers:
        for citation in answer.citations:
            assert versions[citation.sha256][citation.start : citation.end] == citation.quote


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """The delivered corpus with the real model."""
    index_dir = tmp_path_factory.mktemp("real")
    with Assistant.open(corpus_dir=ROOT / "corpus", index_dir=index_dir) as opened:
        yield opened


@pytest.mark.slow
def test_the_delivered_corpus_answers_with_the_sentence_that_says_it(real: Assistant) -> None:
    answer = real.ask("Since when has Flax Typhoon been active?")
    assert not answer.abstained
    assert any("active since at least 2021" in citation.quote for citation in answer.citations)
    for citation in answer.citations:
        text = real.document(citation.document_id).text
        assert text[citation.start : citation.end] == citation.quote
    assert real.check() == ()


@pytest.mark.slow
@pytest.mark.parametrize(
    "question", ["How do I bake sourdough bread?", "Who won the 1998 World Cup final?"]
)
def test_the_delivered_corpus_abstains_from_what_it_does_not_say(
    real: Assistant, question: str
) -> None:
    answer = real.ask(question)
    assert answer.abstained
    assert answer.reason
    assert answer.consulted
    assert answer.citations == ()


@pytest.mark.slow
def test_the_function_ask_answers_from_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path / "corpus", FILES)
    answer = ask("Where does the Danube rise?")
    assert answer.citations[0].quote == "The Danube rises in the Black Forest."
    assert (tmp_path / "index" / "catalog.sqlite").is_file()
    with pytest.raises(AssistantError, match="missing"):
        ask("Where?", corpus_dir=tmp_path / "no", index_dir=tmp_path / "other")


def test_calibrating_moves_the_bar_and_is_kept_beside_the_index(assistant: Assistant) -> None:
    asked = [(f"typhoon {n}", True) for n in range(10)]
    asked += [(f"unheard {n} of", False) for n in range(10)]
    seen: list[int] = []
    report = assistant.calibrate(asked, on_question=seen.append)
    assert seen == list(range(1, 21))
    assert (report.n_answerable, report.n_unanswerable) == (10, 10)
    settings = assistant.settings
    kept = Path(report.path)
    assert kept.parent == settings.index_dir
    confidence = assistant.ask("typhoon").confidence
    with Assistant(settings, HashingEmbedder()) as again:
        assert again.ask("typhoon").confidence == confidence
    kept.unlink()
    with Assistant(settings, HashingEmbedder()) as without:
        assert without.ask("typhoon").confidence != confidence


def test_a_calibration_survives_a_sync_and_a_check(assistant: Assistant) -> None:
    asked = [("typhoon", True)] * 10 + [("unheard of", False)] * 10
    kept = Path(assistant.calibrate(asked).path)
    assistant.sync(rebuild=True)
    assert kept.exists()
    assert assistant.check() == ()


def test_too_few_questions_leave_the_calibration_as_it_was(assistant: Assistant) -> None:
    assistant.sync()
    with pytest.raises(QuestionError, match="at least 10"):
        assistant.calibrate([("typhoon", True)])
    assert not (assistant.settings.index_dir / "calibration.json").exists()


def test_a_calibration_made_with_another_embedding_model_is_not_used(
    assistant: Assistant, caplog: pytest.LogCaptureFixture
) -> None:
    assistant.calibrate([("typhoon", True)] * 10 + [("unheard of", False)] * 10)
    with Assistant(assistant.settings, HashingEmbedder(fingerprint="another")) as other:
        assert other.judge.calibration == other.judge.scorer.calibration
    assert "another evidence scorer or embedding model" in caplog.text
