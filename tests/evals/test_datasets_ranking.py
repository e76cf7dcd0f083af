"""Cranfield, MED and CISI on a few hand-written records of their form."""

from collections.abc import Callable
from pathlib import Path

import pytest
from dataset_rows import write_text

from evals.datasets import Dataset, load_cisi, load_cranfield, load_med, load_set
from evals.datasets.smart import Record, read_records

CRANFIELD = """.I 1
.T
flow past a
wing .
.A
holt,a.
.B
j. ae. 1, 1950.
.W
flow past a
wing .
  the wing was\x20\x20
tested .
.I 2
.T
heat .
.A
.B
.W
heat .
slabs grow warm .
.A
walls too
.B
by night .
.I 3
.T
.A
.B
.W
.I 4
.T
drag .
.W
the drag was small .
.I 5
.T
lift .
.W
the lift was great .
"""
CRANFIELD_QUERIES = ".I 001\n.W\nwhat of wings\nin flow .\n.I 004\n.W\nwhat of heat .\n"
CRANFIELD_JUDGED = "1 1 2 \n1 2 -1\n1 4 4\n1 5 5\n\n2 2 1 \n2 4 3\n2 3 3\n"

MED = ".I 1\n.W\nlens proteins .\n.I 2\n.W\nblood cysts .   \n  found in two .\n"
MED_QUERIES = ".I 1\n.W\n the lens.\n.I 2\n.W\n cysts of blood.\n"
MED_JUDGED = "1 0 1 1\n2 0 2 1\n2 0 1 0\n"

CISI = """.I 1
.T
Eighteen
Editions
.A
Holt, A.
.A\x20
Ives, B.
.W
The classes grew.
.X
1\t5\t1
92\t1\t1
.I 2
.T\x20
Use of Libraries
.W\x20
Readers came.
.K\x20
reading, halls
.C\x20
3.42
.X
2\t5\t2
.I 3
.T
Use of Libraries
.W
Readers came.
.X
3\t1\t3
"""
CISI_QUERIES = """.I 1
.W
Who reads?
.I 2
.T
Not judged
.W
Who writes?
.I 3
.T
Classes
.A
Kerr, D.
.W
What of classes
of books?
.B
(JASIS, 1970)
"""
CISI_JUDGED = "     1      2\t0\t0.000000\n     1      3\t0\t0.000000\n     3  1\t0\t0.000000\n"


def cranfield(folder: Path, judged: str = CRANFIELD_JUDGED) -> Dataset:
    write_text(folder / "cran.all.1400", CRANFIELD)
    write_text(folder / "cran.qry", CRANFIELD_QUERIES)
    write_text(folder / "cranqrel", judged)
    return load_cranfield(folder)


def med(folder: Path, judged: str = MED_JUDGED) -> Dataset:
    write_text(folder / "MED.ALL", MED)
    write_text(folder / "MED.QRY", MED_QUERIES)
    write_text(folder / "MED.REL", judged)
    return load_med(folder)


def cisi(folder: Path, judged: str = CISI_JUDGED) -> Dataset:
    write_text(folder / "CISI.ALL", CISI)
    write_text(folder / "CISI.QRY", CISI_QUERIES)
    write_text(folder / "CISI.REL", judged)
    return load_cisi(folder)


def test_cranfield_tells_the_title_once_and_leaves_out_a_document_without_text(
    tmp_path: Path,
) -> None:
    loaded = cranfield(tmp_path)
    assert loaded.texts == {
        "00000.txt": "flow past a wing .\n\nthe wing was\ntested .",
        "00001.txt": "heat .\n\nslabs grow warm .\nwalls too\nby night .",
        "00002.txt": "drag .\n\nthe drag was small .",
        "00003.txt": "lift .\n\nthe lift was great .",
    }
    assert (loaded.name, loaded.is_ranking) == ("cranfield", True)


def test_cranfield_counts_queries_by_their_order_and_grades_the_best_highest(
    tmp_path: Path,
) -> None:
    first, second = cranfield(tmp_path).questions
    assert (first.query_id, first.text) == ("1", "what of wings in flow .")
    assert first.grades == (("00000.txt", 3), ("00002.txt", 1))
    assert (second.query_id, second.text) == ("2", "what of heat .")
    assert second.grades == (("00001.txt", 4), ("00002.txt", 2))
    assert second.documents == ("00001.txt", "00002.txt")
    assert first.is_answerable
    assert not first.answers + first.gold


def test_med_gives_the_relevant_abstracts_ungraded(tmp_path: Path) -> None:
    loaded = med(tmp_path)
    assert loaded.texts == {
        "00000.txt": "lens proteins .",
        "00001.txt": "blood cysts .\n  found in two .",
    }
    assert [(q.query_id, q.text, q.documents, q.grades) for q in loaded.questions] == [
        ("1", "the lens.", ("00000.txt",), ()),
        ("2", "cysts of blood.", ("00001.txt",), ()),
    ]


def test_cisi_keeps_titles_and_abstracts_alone_and_pools_what_is_the_same(tmp_path: Path) -> None:
    assert cisi(tmp_path).texts == {
        "00000.txt": "Eighteen Editions\n\nThe classes grew.",
        "00001.txt": "Use of Libraries\n\nReaders came.",
    }


def test_cisi_leaves_out_a_query_without_judgements(tmp_path: Path) -> None:
    assert [(q.query_id, q.text, q.documents) for q in cisi(tmp_path).questions] == [
        ("1", "Who reads?", ("00001.txt",)),
        ("3", "What of classes of books?", ("00000.txt",)),
    ]


def test_a_query_is_left_out_when_what_is_relevant_to_it_has_no_text(tmp_path: Path) -> None:
    assert [q.query_id for q in cranfield(tmp_path, "1 3 1\n2 2 1\n").questions] == ["2"]


@pytest.mark.parametrize(
    ("load", "judged", "message"),
    [
        (cranfield, "1 1 2\n004 1 2\n", r"cranqrel:2: no query 4 or no document 1"),
        (cranfield, "1 1 2\n1 6 2\n", r"cranqrel:2: no query 1 or no document 6"),
        (cranfield, "1 1 0\n", r"cranqrel:1: code: Input should be '1'"),
        (cranfield, "1 1\n", r"cranqrel:1: 2 columns, expected query document code"),
        (med, "1 0 1 2\n", r"MED\.REL:1: gain: "),
        (med, "1 0 lens 1\n", r"MED\.REL:1: document: Input should be a valid integer"),
        (cisi, "1 2 0 0.0\n1 2 0\n", r"CISI\.REL:2: 3 columns, expected query document"),
    ],
)
def test_a_judgement_that_is_none_is_refused_with_its_line(
    tmp_path: Path, load: Callable[[Path, str], Dataset], judged: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        load(tmp_path, judged)


def test_a_judgement_that_is_not_text_is_refused_with_its_line(tmp_path: Path) -> None:
    med(tmp_path)
    (tmp_path / "MED.REL").write_bytes(b"1 0 1 1\n\xff 0 1 1\n")
    with pytest.raises(ValueError, match=r"MED\.REL:2: not UTF-8 text"):
        load_med(tmp_path)


def test_the_sets_are_loaded_by_their_names(tmp_path: Path) -> None:
    for name, write in (("cranfield", cranfield), ("med", med), ("cisi", cisi)):
        assert write(tmp_path / "ir_classic" / name) == load_set(name, tmp_path)


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
