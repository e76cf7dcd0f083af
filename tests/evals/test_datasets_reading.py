"""Sets of questions over passages in several languages, and the articles that only report."""

import gzip
import json
from pathlib import Path

import pytest
from dataset_rows import squad, squad_paragraph, squad_question, write_json

from assistant.evaluation.values import Gold
from evals.datasets import load_set
from evals.datasets.reading import N_PASSAGES, load_reading
from evals.datasets.squad import load_reported
from evals.reader.rows import HELD_ARTICLES, digest

MILL = "Die Mühle steht am Bach. Sie mahlt seit 1804."


def row(question: str, answer: str = "", passage: str = MILL, **more: object) -> dict[str, object]:
    answers = [{"text": answer, "start": passage.index(answer)}] if answer else []
    return {
        "id": "1",
        "question": question,
        "passage": passage,
        "answers": answers,
        "answerable": bool(answer),
        **more,
    }


def write(path: Path, *rows: dict[str, object]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(one) + "\n" for one in rows)
    return path


def test_an_answer_counts_with_the_sentence_it_stands_in(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl.gz", row("Seit wann?", "1804"), row("Wer mahlt?"))
    since, who = load_reading(path, "xquad_de").questions
    assert (since.query_id, since.answers) == ("1", ("1804",))
    assert since.gold == ((Gold("00000.txt", "Sie mahlt seit 1804."),),)
    assert (who.query_id, who.is_answerable, who.documents) == ("2", False, ("00000.txt",))


def test_what_shows_nothing_is_no_part_of_what_a_document_says(tmp_path: Path) -> None:
    asked = row("Was steht am Bach?", "Mü\u200bhle", "\ufeffDie Mü\u200bhle steht am Bach.")
    loaded = load_reading(write(tmp_path / "x.jsonl.gz", asked), "xquad_de")
    assert loaded.questions[0].evidence == ("Die Mühle steht am Bach.",)
    assert loaded.questions[0].answers == ("Mühle",)


def test_of_many_passages_every_so_many_th_is_kept_with_its_questions(tmp_path: Path) -> None:
    rows = [row("Welche?", "Mühle", f"{n:04} Mühle.") for n in range(2 * N_PASSAGES + 1)]
    loaded = load_reading(write(tmp_path / "x.jsonl.gz", *rows), "norquad")
    assert list(loaded.texts.values()) == [f"{2 * n:04} Mühle." for n in range(N_PASSAGES)]
    assert [q.documents[0] for q in loaded.questions] == list(loaded.texts)


def test_a_page_that_trained_in_another_language_is_searched_but_not_asked(tmp_path: Path) -> None:
    titles = [f"Seite {n}" for n in range(12)]
    rows = [row(f"{t}?", "Mühle", f"{t} der Mühle.", title=t) for t in titles]
    path = write(tmp_path / "x.jsonl.gz", *rows)
    asked = {q.text.rstrip("?") for q in load_reading(path, "omosqa_de").questions}
    assert asked == {t for t in titles if digest(t) % 2 == 1}
    assert 0 < len(asked) < len(load_reading(path, "omosqa_de").texts) == 12


def test_an_answer_that_is_not_at_its_place_is_refused(tmp_path: Path) -> None:
    wrong = row("Seit wann?") | {"answers": [{"text": "1804", "start": 2}], "answerable": True}
    path = write(tmp_path / "x.jsonl.gz", row("Wer?", "Mühle"), wrong)
    with pytest.raises(ValueError, match=r"x\.jsonl\.gz:2: the answer '1804' is not at 2"):
        load_reading(path, "xquad_de")


def test_of_squad2_only_the_last_articles_by_title_report_among_all(tmp_path: Path) -> None:
    names = ["Dunes", "Ash", "Clay", "Bog", "Elm"]
    given = squad(*[[squad_paragraph(f"A {n}.", squad_question(f"{n}?", n))] for n in names])
    for article, name in zip(given["data"], names, strict=True):
        article["title"] = name
    path = write_json(tmp_path / "squad2.json", given)
    loaded = load_reported(path)
    assert {q.text for q in loaded.questions} == {f"{n}?" for n in sorted(names)[-HELD_ARTICLES:]}
    assert len(loaded.texts) == len(names)
    (tmp_path / "squad2").mkdir()
    path.rename(tmp_path / "squad2" / "squad2.json")
    assert load_set("squad2_reported", tmp_path) == loaded
