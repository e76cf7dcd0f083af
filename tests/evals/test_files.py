"""What becomes of a folder's files is counted, with reasons, and their words compared."""

from pathlib import Path

from evals.files import examine, find_files, report
from evals.mixed import MAKERS

SAID = "The kiln in the yard is cold by dawn."


def test_files_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    for number, suffix in enumerate((".docx", ".pdf", ".xlsx", ".odt", ".pptx", ".epub", ".txt")):
        (tmp_path / f"{number}{suffix}").write_bytes(MAKERS[suffix]("Kiln", [SAID]))
    (tmp_path / "damaged.docx").write_bytes(b"PK\x03\x04")
    (tmp_path / "warned.txt").write_bytes(
        "Größe der Öfen im Hof und in den Höhlen".encode("cp1252")
    )
    (tmp_path / "passed.over").write_bytes(b"x")
    findings = examine(find_files([tmp_path]))
    assert findings.formats[".docx"].n_refused == 1
    assert findings.formats[".txt"].n_warned == 1
    for suffix in (".docx", ".pdf", ".xlsx", ".odt", ".pptx", ".epub", ".txt"):
        assert findings.formats[suffix].n_read == 1
        assert max(findings.formats[suffix].shares)[0] == 1.0
    lines = list(report(findings))
    assert any(line.startswith("| .docx | 2 | 1 | 0 | 1 | 1.00 |") for line in lines)
    assert any("table of contents is missing (damaged.docx)" in line for line in lines)
    assert any("read as cpN by its letters (warned.txt)" in line for line in lines)
