"""What LibreOffice reads for us. A script stands for it, and does what a file might make it do."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ingest.formats.compound_made import compound
from ingest.formats.packages import pack
from ingest.formats.pdf_made import Sheet
from ingest.formats.test_odt import odt
from ingest.reading import refuses

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest import sniff
from assistant.ingest.formats.parsed import Limits, Parsed
from assistant.ingest.office import CONVERSIONS, find_office
from assistant.ingest.pool import Parsers

SENTENCE = "The lease ends on 30 June 2027."
PUBLISHER = compound({"Quill": b"x"})
SCRIPT = """#!/bin/bash
while [ $# -gt 1 ]; do
  case "$1" in
    --convert-to) target=$2 ;;
    --outdir) out=$2 ;;
    -env:UserInstallation=file://*) profile=${1#-env:UserInstallation=file://} ;;
  esac
  shift
done
here=$(dirname "$0")
mkdir -p "$out"
"""
COPY = 'cp "$here/made" "$out/document.$target"'
Convert = Callable[..., Parsers]


@pytest.fixture
def parsers(tmp_path: Path) -> Iterator[Convert]:
    """Return what makes parsers whose program, a script, does what a line of shell says.

    The file `made`, beside the script, holds a sentence.
    """
    (tmp_path / "bin").mkdir()
    opened: list[Parsers] = []

    def make(act: str = COPY, made: bytes = b"", timeout_s: float = 20.0) -> Parsers:
        program = tmp_path / "bin" / "soffice"
        program.write_text(SCRIPT + act)
        program.chmod(0o755)
        (program.parent / "made").write_bytes(made or odt(f"<text:p>{SENTENCE}</text:p>"))
        opened.append(Parsers(Limits(timeout_s=timeout_s, office=str(program))))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def read(parsers: Parsers, name: str, data: bytes) -> Parsed:
    kind, _ = sniff.media_type(name, data)
    return parsers.parse(data, kind)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.pub", PUBLISHER),
        ("a.wps", compound({"MatOST": b"x"})),
        ("a.vsd", compound({"VisioDocument": b"x"})),
        ("a.vsdx", pack({"[Content_Types].xml": b"ms-visio.drawing"})),
        ("a.wpd", b"\xffWPC\x10\0\0\0\x01\x0a\0\x01\0\0\0\0Text"),
        ("a.wri", b"1\xbe\0\0\0\xab\0\0Text"),
        ("a.lwp", b"WordPro\0\0\x10Text"),
        ("a.sxw", pack({"mimetype": sniff.SXW.encode(), "content.xml": b"<x/>"}, 0)),
        ("a.sxi", pack({"mimetype": sniff.SXI.encode(), "content.xml": b"<x/>"}, 0)),
    ],
)
def test_what_nothing_here_reads_is_read_as_the_program_converts_it(
    parsers: Convert, name: str, data: bytes
) -> None:
    parsed = read(parsers(), name, data)
    assert parsed.text == SENTENCE
    assert parsed.warnings == ("read as LibreOffice converts it",)


def test_each_kind_of_file_is_given_to_the_program_under_a_name_of_its_kind() -> None:
    kinds = {*sniff.UNREAD, sniff.DOC, sniff.DOCX, sniff.RTF, sniff.XLS, sniff.PPT, sniff.APPLE}
    assert kinds <= CONVERSIONS.keys()
    for kind, (suffix, targets) in CONVERSIONS.items():
        assert not suffix or sniff.SUFFIXES[suffix] == kind
        assert targets


def test_what_becomes_no_document_of_its_kind_becomes_a_pdf_file(parsers: Convert) -> None:
    only_pdf = 'if [ "$target" = pdf ]; then cp "$here/made" "$out/document.pdf"; fi'
    sheet = Sheet()
    sheet.line(50, 50, SENTENCE)
    parsed = read(parsers(only_pdf, sheet.bytes()), "a.pub", PUBLISHER)
    assert parsed.text == SENTENCE


def test_a_file_that_its_own_reader_refuses_is_read_and_the_reason_is_told(
    parsers: Convert,
) -> None:
    damaged = pack({"word/document.xml": b"<w:document"})
    parsed = read(parsers(), "a.docx", damaged)
    assert parsed.text == SENTENCE
    (told,) = parsed.warnings
    assert told.startswith("read as LibreOffice converts it, for it is damaged: ")
    word_95 = compound({"WordDocument": b"\xdc\xa5" + bytes(1_000), "0Table": b""})
    assert read(parsers(), "a.doc", word_95).text == SENTENCE


def test_without_the_program_a_file_is_refused_and_it_is_told_what_would_read_it() -> None:
    with Parsers(Limits()) as none:
        with refuses(Fault.UNSUPPORTED, "a Publisher document: save it as PDF; LibreOffice reads"):
            none.parse(PUBLISHER, sniff.PUBLISHER)
        with refuses(Fault.CORRUPT, "^damaged[^;]*$"):
            none.parse(b"PK", sniff.DOCX)


@pytest.mark.parametrize(
    ("act", "why"),
    [
        ("exit 1", "LibreOffice cannot convert it"),
        ("true", "LibreOffice cannot convert it"),
        (': > "$out/document.$target"', "LibreOffice cannot convert it"),
        ('ln -s /etc/passwd "$out/document.$target"', "LibreOffice cannot convert it"),
        ("kill -9 $$", "LibreOffice cannot convert it"),
        ('echo nonsense > "$out/document.$target"', "LibreOffice converts it: damaged"),
        ('head -c 300000000 /dev/zero > "$out/document.$target"', "LibreOffice"),
    ],
)
def test_what_the_program_does_not_convert_is_refused_for_both_reasons(
    parsers: Convert, act: str, why: str
) -> None:
    with pytest.raises(DocumentUnreadable, match=f"a Publisher document: save it as PDF; .*{why}"):
        read(parsers(act), "a.pub", PUBLISHER)


def test_a_program_that_is_gone_is_told(parsers: Convert, tmp_path: Path) -> None:
    opened = parsers()
    (tmp_path / "bin" / "soffice").unlink()
    with pytest.raises(DocumentUnreadable, match="LibreOffice cannot be started"):
        read(opened, "a.pub", PUBLISHER)


def test_a_program_that_hangs_is_ended_with_all_that_it_has_started(
    parsers: Convert, tmp_path: Path
) -> None:
    opened = parsers('(sleep 345 & sleep 345); echo $$ > "$here/ended"', timeout_s=2.0)
    with pytest.raises(DocumentUnreadable, match="LibreOffice takes too long over it"):
        read(opened, "a.pub", PUBLISHER)
    assert count_processes("sleep 345") == 0


def count_processes(command: str) -> int:
    def command_of(process: Path) -> str:
        try:
            return process.read_bytes().replace(b"\0", b" ").decode().strip()
        except OSError:
            return ""

    return sum(command_of(one) == command for one in Path("/proc").glob("[0-9]*/cmdline"))


def test_closing_ends_what_is_being_converted_at_once(parsers: Convert) -> None:
    opened = parsers("sleep 346")
    refused: list[str] = []

    def wait() -> None:
        try:
            read(opened, "a.pub", PUBLISHER)
        except DocumentUnreadable as error:
            refused.append(str(error))

    waiting = threading.Thread(target=wait)
    waiting.start()
    deadline = time.monotonic() + 10
    while not count_processes("sleep 346") and time.monotonic() < deadline:
        time.sleep(0.1)
    started = time.monotonic()
    opened.close()
    waiting.join(10)
    assert time.monotonic() - started < 8
    assert len(refused) == 1
    assert count_processes("sleep 346") == 0


def test_the_program_ends_with_the_process_that_asked_for_it(tmp_path: Path) -> None:
    program = tmp_path / "soffice"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/begun\nsleep 347\n")
    program.chmod(0o755)
    script = (
        "from assistant.ingest.formats.parsed import Limits\n"
        "from assistant.ingest.pool import Parsers\n"
        f"Parsers(Limits(office={str(program)!r})).parse(b'', 'application/x-mspublisher')\n"
    )
    with subprocess.Popen([sys.executable, "-c", script]) as parent:
        deadline = time.monotonic() + 20
        while not count_processes("sleep 347") and time.monotonic() < deadline:
            time.sleep(0.1)
        assert count_processes("sleep 347") == 1
        parent.kill()
    deadline = time.monotonic() + 10
    while count_processes("sleep 347") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert count_processes("sleep 347") == 0


def test_what_was_written_on_the_way_is_gone_afterwards(
    parsers: Convert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    read(parsers(), "a.pub", PUBLISHER)
    with pytest.raises(DocumentUnreadable, match="takes too long"):
        read(parsers('echo x > "$out/x"; sleep 30', timeout_s=1.0), "a.pub", PUBLISHER)
    assert not [*(tmp_path / "scratch").iterdir()]


SETTINGS = "profile/user/registrymodifications.xcu"


@pytest.mark.parametrize(
    "setting",
    ["MacroSecurityLevel.*<value>3<", "DisableMacrosExecution.*<value>true<", "Link.*<value>2<"],
)
def test_the_program_runs_no_macros_and_follows_no_links_in_a_profile_of_its_own(
    parsers: Convert, tmp_path: Path, setting: str
) -> None:
    assert answer_of(parsers, tmp_path, f'grep -q "{setting}" "$out/../{SETTINGS}"') == YES
    assert answer_of(parsers, tmp_path, '[ "$profile" -ef "$out/../profile" ]') == YES


SECRET = "an-old-secret"
YES = "It does."


def answer_of(parsers: Convert, tmp_path: Path, act: str) -> str:
    """Return whether a test of the shell holds in the program's place."""
    (tmp_path / "bin" / "yes").write_bytes(odt(f"<text:p>{YES}</text:p>"))
    choice = f"if {act}; then made=yes; else made=made; fi"
    opened = parsers(f'{choice}; cp "$here/$made" "$out/document.$target"')
    return read(opened, "a.pub", PUBLISHER).text


def test_the_program_knows_no_secrets_of_the_process_that_asks(
    parsers: Convert, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_LLM__API_KEY", SECRET)
    assert answer_of(parsers, tmp_path, "true") == YES
    assert answer_of(parsers, tmp_path, f"env | grep -q {SECRET}") == SENTENCE


def test_the_program_reads_and_writes_no_files_of_people_where_the_system_shuts_it_out(
    parsers: Convert, tmp_path: Path
) -> None:
    probe = "from assistant.ingest.office import shut_out; raise SystemExit(not shut_out([], []))"
    if subprocess.run([sys.executable, "-c", probe], check=False).returncode:
        pytest.skip("this system shuts no process out of files")
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    assert answer_of(parsers, tmp_path, f"cat {secret}") == SENTENCE
    assert answer_of(parsers, tmp_path, f"ls {tmp_path}") == SENTENCE
    assert answer_of(parsers, tmp_path, f"cat /proc/{os.getpid()}/environ") == SENTENCE
    assert answer_of(parsers, tmp_path, f"echo x > {tmp_path}/written") == SENTENCE
    assert not (tmp_path / "written").exists()
    assert secret.read_text() == SECRET


def test_the_program_reaches_no_network_where_the_system_takes_it_away(
    parsers: Convert, tmp_path: Path
) -> None:
    unshare = "import ctypes; raise SystemExit(ctypes.CDLL(None).unshare(0x50000000) != 0)"
    if subprocess.run([sys.executable, "-c", unshare], check=False).returncode:
        pytest.skip("this system lets no process give up its network")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        reach = f"(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null"
        assert answer_of(parsers, tmp_path, reach) == SENTENCE


def test_it_is_found_on_the_path_or_where_it_is_said_to_be_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_office("auto") == ""
    program = tmp_path / "libreoffice"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find_office("auto") == str(program)
    assert find_office("off") == ""
    assert find_office(str(program)) == str(program)
    assert find_office(str(tmp_path / "nothing")) == ""


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
@pytest.mark.slow
def test_libreoffice_itself_reads_a_document_of_wordperfect() -> None:
    text = b"The WordPerfect lease ends on 30 June 2027.\x0aThe rent is 900 euros.\x0a"
    data = b"\xffWPC\x10\0\0\0\x01\x0a\0\x01\0\0\0\0" + text
    with Parsers(Limits(office=find_office("auto"))) as opened:
        parsed = read(opened, "a.wpd", data)
    assert parsed.text == text.decode().strip()
    assert parsed.warnings == ("read as LibreOffice converts it",)
