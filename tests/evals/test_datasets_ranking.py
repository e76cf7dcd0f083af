"""Cranfield, MED and CISI on a few hand-written records of their form (`ir_classic/`)."""

import shutil
from pathlib import Path

import pytest
from dataset_rows import write_text

from evals.datasets import Dataset, load_cisi, load_cranfield, load_med, load_set
from evals.datasets.smart import Record, read_records

FILES = Path(__file__).with_name("ir_classic")


def judged_by(judgements: str, file: str, tmp_path: Path) -> Dataset:
    """The collection of that file with other judgements."""
    name, judged = file.split("/")
    shutil.copytree(FILES / name, tmp_path / name)
    write_text(tmp_path / name / judged, judgements)
    return load_set(name, tmp_path / name)


def test_cranfield_tells_the_title_once_and_leaves_out_a_document_without_text() -> None:
    loaded = load_cranfield(FILES / "cranfield")
    assert loaded.texts == {
        "00000.txt": "flow past a wing .\n\nthe wing was\ntested .",
        "00001.txt": "heat .\n\nslabs grow warm .\nwalls too\nby night .",
        "00002.txt": "drag .\n\nthe drag was small .",
        "00003.txt": "lift .\n\nthe lift was great .",
    }
    assert (loaded.name, loaded.is_ranking) == ("cranfield", True)


def test_cranfield_counts_queries_by_their_order_and_grades_the_best_highest() -> None:
    first, second = load_cranfield(FILES / "cranfield").questions
    assert (first.query_id, first.text) == ("1", "what of wings in flow .")
    assert first.grades == (("00000.txt", 3), ("00002.txt", 1))
    assert (second.query_id, second.text) == ("2", "what of heat .")
    assert second.grades == (("00001.txt", 4), ("00002.txt", 2))
    assert second.documents == ("00001.txt", "00002.txt")
    assert first.is_answerable
    assert not first.answers + first.gold


def test_med_gives_the_relevant_abstracts_ungraded() -> None:
    loaded = load_med(FILES / "med")
    assert loaded.texts == {
        "00000.txt": "lens proteins .",
        "00001.txt": "blood cysts .\n  found in two .",
    }
    assert [(q.query_id, q.text, q.documents, q.grades) for q in loaded.questions] == [
        ("1", "the lens.", ("00000.txt",), ()),
        ("2", "cysts of blood.", ("00001.txt",), ()),
    ]


def test_cisi_keeps_titles_and_abstracts_alone_and_pools_what_is_the_same() -> None:
    assert load_cisi(FILES / "cisi").texts == {
        "00000.txt": "Eighteen Editions\n\nThe classes grew.",
        "00001.txt": "Use of Libraries\n\nReaders came.",
    }


def test_cisi_leaves_out_a_query_without_judgements() -> None:
    loaded = load_cisi(FILES / "cisi")
    assert [(q.query_id, q.text, q.documents) for q in loaded.questions] == [
        ("1", "Who reads?", ("00001.txt",)),
        ("3", "What of classes of books?", ("00000.txt",)),
    ]


def test_a_query_is_left_out_when_what_is_relevant_to_it_has_no_text(tmp_path: Path) -> None:
    loaded = judged_by("1 3 1\n2 2 1\n", "cranfield/cranqrel", tmp_path)
    assert [question.query_id for question in loaded.questions] == ["2"]


@pytest.mark.parametrize(
    ("file", "judged", "message"),
    [
        ("cranfield/cranqrel", "1 1 2\n004 1 2\n", r"cranqrel:2: no query 4 or no document 1"),
        ("cranfield/cranqrel", "1 1 2\n1 6 2\n", r"cranqrel:2: no query 1 or no document 6"),
        ("cranfield/cranqrel", "1 1 0\n", r"cranqrel:1: code: Input should be '1'"),
        ("cranfield/cranqrel", "1 1\n", r"cranqrel:1: 2 columns, expected query document code"),
        ("med/MED.REL", "1 0 1 2\n", r"MED\.REL:1: gain: "),
        ("med/MED.REL", "1 0 lens 1\n", r"MED\.REL:1: document: Input should be a valid integer"),
        ("cisi/CISI.REL", "1 2 0 0.0\n1 2 0\n", r"CISI\.REL:2: 3 columns, expected query document"),
    ],
)
def test_a_judgement_that_is_none_is_refused_with_its_line(
    tmp_path: Path, file: str, judged: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        judged_by(judged, file, tmp_path)


def test_a_judgement_that_is_not_text_is_refused_with_its_line(tmp_path: Path) -> None:
    folder = shutil.copytree(FILES / "med", tmp_path / "med")
    (folder / "MED.REL").write_bytes(b"1 0 1 1\n\xff 0 1 1\n")
    with pytest.raises(ValueError, match=r"MED\.REL:2: not UTF-8 text"):
        load_med(folder)


def test_the_sets_are_loaded_by_their_names() -> None:
    for name, load in (("cranfield", load_cranfield), ("med", load_med), ("cisi", load_cisi)):
        assert load_set(name, FILES.parent) == load(FILES / name)


def test_a_record_is_its_sections_in_order(tmp_path: Path) -> None:
    text = ".I 7\n.T\nOne \n\ntwo.\n.W\n.5 inch\n.AB\n.T\nThree.\n"
    (record,) = read_records(write_text(tmp_path / "x", text))
    assert record == Record(7, (("T", "One\n\ntwo."), ("W", ".5 inch\n.AB"), ("T", "Three.")))
    assert record.text_of("T") == "One\n\ntwo.\nThree."
    assert record.text_from("W") == ".5 inch\n.AB\nThree."
    assert record.text_of("X") == record.text_from("X") == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Text.\n", r"x:1: 'Text\.' is in no section of a record"),
        (".W\nText.\n", r"x:1: '\.W' is in no section of a record"),
        (".I 1\nText.\n", r"x:2: 'Text\.' is in no section of a record"),
        (".I one\n", r"x:1: 'one' is no number of a record"),
        (".I 1\n.W\na\n.I 01\n", r"x:4: record 1 was there before"),
    ],
)
def test_a_file_of_another_form_is_refused_with_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        read_records(write_text(tmp_path / "x", text))
