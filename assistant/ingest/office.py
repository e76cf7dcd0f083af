"""What nothing here reads, and LibreOffice does: it converts a file, in a process of its own.

`Office.convert` starts `python -m assistant.ingest.office`, which gives up the network, is shut out
of all files but those of programs and its own folder, where the system allows that, and runs the
program in bounds of time, memory and disk. Its profile is a new one each time, which runs no
macros and follows no links. It ends with its parent. `DocumentUnreadable` is raised with the reason
why there is no converted file.
"""

import ctypes
import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from assistant.errors import DocumentUnreadable, Fault
from assistant.ingest import sniff
from assistant.ingest.formats.parsed import Limits
from assistant.ingest.worker import PARENT_POLL_S, confine, list_environment

PROGRAMS = ("soffice", "libreoffice")
OFF = "off"
MAX_FILE_BYTES = 200_000_000
"""Of what is written: a converted file, or one on the way to it."""
MIN_MEMORY_BYTES = 3 << 30
"""Address space of the program, which reserves far more than it uses."""
MAX_OPEN_FILES = 512
GRACE_S = 5.0
"""How much later than the time is up the process may end that sees to it."""
MENDABLE = frozenset({Fault.UNSUPPORTED, Fault.CORRUPT, Fault.CRASH})
"""Faults of a file that another program may still read."""
HINT = "; LibreOffice reads it where it is installed: then `assistant index --retry`"
CONVERTED = "read as LibreOffice converts it"
_TEXT, _SHEET, _SLIDES, _DRAWING = ("odt", "pdf"), ("xlsx", "pdf"), ("odp", "pdf"), ("odg", "pdf")
CONVERSIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    **dict.fromkeys((sniff.DOC, sniff.RTF, sniff.DOCX, sniff.ODT), ("", _TEXT)),
    **dict.fromkeys((sniff.XLS, sniff.XLSX, sniff.XLSB, sniff.ODS), ("", _SHEET)),
    **dict.fromkeys((sniff.PPT, sniff.PPTX, sniff.ODP), ("", _SLIDES)),
    sniff.ODG: ("", _DRAWING),
    sniff.APPLE: ("", ("pdf",)),
    sniff.PUBLISHER: (".pub", _DRAWING),
    sniff.VISIO: (".vsd", _DRAWING),
    sniff.WORKS: (".wps", ("odt", "xlsx", "pdf")),
    sniff.WORDPERFECT: (".wpd", _TEXT),
    sniff.WRITE: (".wri", _TEXT),
    sniff.WORDPRO: (".lwp", _TEXT),
    sniff.LOTUS: (".123", _SHEET),
    sniff.SXW: (".sxw", _TEXT),
    sniff.SXC: (".sxc", _SHEET),
    sniff.SXI: (".sxi", _SLIDES),
    sniff.SXD: (".sxd", _DRAWING),
}
"""Of each media type how a file is called that the program is given, "" as its first suffix here,
and what it is converted to, one after the other until one comes of it."""
_TYPES = {
    "odt": sniff.ODT,
    "xlsx": sniff.XLSX,
    "odp": sniff.ODP,
    "odg": sniff.ODG,
    "pdf": sniff.PDF,
}
_FAILED, _OVERDUE, _MISSING = 3, 4, 5
_REASONS = {
    _FAILED: "LibreOffice cannot convert it",
    _OVERDUE: "LibreOffice takes too long over it",
    _MISSING: "LibreOffice cannot be started",
}
_PROFILE = {
    "Office.Common/Security/Scripting": {
        "MacroSecurityLevel": "3",
        "DisableMacrosExecution": "true",
        "BlockUntrustedRefererLinks": "true",
        "DisableActiveContent": "true",
    },
    "Office.Writer/Content/Update": {"Link": "2"},
    "Office.Calc/Content/Update": {"Link": "2"},
}
_ITEM = (
    '<item oor:path="/org.openoffice.{}"><prop oor:name="{}" oor:op="fuse"><value>{}</value>'
    "</prop></item>"
)
_ITEMS = '<oor:items xmlns:oor="http://openoffice.org/2001/registry">{}</oor:items>'
_OPTIONS = "--headless --invisible --nologo --nodefault --norestore --nolockcheck".split()
_READABLE = (
    "/usr /lib /lib32 /lib64 /bin /sbin /opt /nix /snap /app /etc/fonts /etc/libreoffice "
    "/etc/alternatives /etc/ld.so.cache /etc/ld.so.conf /etc/ld.so.conf.d /etc/localtime "
    "/etc/passwd /etc/group /etc/nsswitch.conf /etc/locale.alias /etc/java /var/cache/fontconfig "
    "/var/lib/libreoffice /var/spool/libreoffice /proc/filesystems /proc/cpuinfo /proc/meminfo "
    "/Applications"
).split()
"""Where programs are, and what they look up; no files of people."""
_SOCKETS = "/tmp"
"""Where the program lays a socket by which a second one would find it, and takes it away."""
_CREATE_RULES, _ADD_RULE, _RESTRICT_SELF, _NO_NEW_PRIVILEGES = 444, 445, 446, 38
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_FOLDER, _REMOVE_FILE, _MAKE_SOCKET = 1, 2, 4, 8, 32, 512
_RIGHTS = (0, 13, 14, 15, 15, 16)
"""How many rights over files a version of Landlock knows; later ones know as many as the last."""


def find_office(wanted: str) -> str:
    """Return the program that converts, "" for none.

    Args:
        wanted: where it is, or `auto` for wherever the PATH has it, or `off`.
    """
    if wanted == OFF:
        return ""
    names = PROGRAMS if wanted == "auto" else (wanted,)
    return next(filter(None, map(shutil.which, names)), "")


@dataclass(frozen=True, slots=True)
class _Request:
    """What to convert, in which folder: the `n_bytes` of a file, which follow it."""

    program: str
    folder: str
    suffix: str
    targets: tuple[str, ...]
    n_bytes: int
    timeout_s: float
    memory_bytes: int


class Office:
    """Converts files, one at a time. Safe to share between threads."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    def mend(self, media_type: str, data: bytes, error: DocumentUnreadable) -> tuple[str, bytes]:
        """Return a file that could not be read as another, and of which media type that is.

        Raises:
            DocumentUnreadable: there is none; it says what was said before, and why.
        """
        if media_type not in CONVERSIONS or error.fault not in MENDABLE:
            raise error
        if not self._limits.office:
            is_damaged = error.fault is not Fault.UNSUPPORTED
            raise error if is_damaged else DocumentUnreadable(f"{error}{HINT}", error.fault)
        with self._lock:
            if self._is_closed:
                raise error
            target, converted = self._convert(media_type, data)
        if target in _TYPES:
            return _TYPES[target], converted
        raise DocumentUnreadable(f"{error}; {target}", error.fault)

    def _convert(self, media_type: str, data: bytes) -> tuple[str, bytes]:
        """Return to what a file was converted, and that; or why it was not."""
        suffix, targets = CONVERSIONS[media_type]
        suffix = suffix or next(one for one, kind in sniff.SUFFIXES.items() if kind == media_type)
        limits = self._limits
        memory_bytes = max(limits.memory_bytes, MIN_MEMORY_BYTES)
        with tempfile.TemporaryDirectory(
            prefix="assistant-office-", ignore_cleanup_errors=True
        ) as folder:
            request = _Request(
                limits.office, folder, suffix, targets, len(data), limits.timeout_s, memory_bytes
            )
            return self._run(request, data)

    def _run(self, request: _Request, data: bytes) -> tuple[str, bytes]:
        with subprocess.Popen(
            # -P: a file of the working folder must not pass for a library
            [sys.executable, "-P", "-m", "assistant.ingest.office"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=list_environment(),
        ) as process:
            self._process = process
            if self._is_closed:
                self._end()
            try:
                made, _ = process.communicate(
                    json.dumps(asdict(request)).encode() + b"\n" + data,
                    request.timeout_s + 2 * GRACE_S,
                )
            except subprocess.TimeoutExpired:
                self._end()
                return _REASONS[_OVERDUE], b""
        target, _, converted = made.partition(b"\n")
        if process.returncode == 0 and converted:
            return target.decode("ascii", "replace"), converted
        return _REASONS.get(process.returncode, _REASONS[_FAILED]), b""

    def close(self) -> None:
        """End what is being converted; nothing is converted any more."""
        self._is_closed = True
        self._end()

    def _end(self) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()  # it ends the program first
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


class _Conversion:
    """One run of the program."""

    def __init__(self, request: _Request) -> None:
        self._request = request
        self._folder = Path(request.folder)
        self._deadline = time.monotonic() + request.timeout_s
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, data: bytes) -> tuple[str, bytes]:
        """Return the first suffix that the program makes of a file, and what it has made.

        Raises:
            OSError: the program cannot be started.
            TimeoutError: the time is up.
        """
        source = self._folder / f"document{self._request.suffix}"
        source.write_bytes(data)
        self._write_profile()
        for target in self._request.targets:
            self._make(source, target)
            for made in sorted((self._folder / target).glob(f"*.{target}")):
                if not made.is_symlink() and (converted := made.read_bytes()):
                    return target, converted
        return "", b""

    def _write_profile(self) -> None:
        items = (
            _ITEM.format(path, name, value)
            for path, values in _PROFILE.items()
            for name, value in values.items()
        )
        user = self._folder / "profile" / "user"
        user.mkdir(parents=True)
        (user / "registrymodifications.xcu").write_text(_ITEMS.format("".join(items)))

    def _make(self, source: Path, target: str) -> None:
        profile = (self._folder / "profile").as_uri()
        home = {name: str(self._folder) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        command = [
            *(self._request.program, *_OPTIONS, f"-env:UserInstallation={profile}"),
            *("--convert-to", target, "--outdir", str(self._folder / target), str(source)),
        ]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder,
            env={**kept, **home, "SAL_USE_VCLPLUGIN": "svp"},
            process_group=0,
        )
        try:
            self._process.wait(max(self._deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired as error:
            raise TimeoutError from error
        finally:
            self.end()

    def end(self) -> None:
        """End the program and whatever it has started."""
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)


def main() -> None:
    """Convert the file that stdin holds, and write to stdout what it was made, and that."""
    request = _Request(**json.loads(sys.stdin.buffer.readline()))
    data = sys.stdin.buffer.read(request.n_bytes)
    conversion = _Conversion(request)

    def give_up(*_: object) -> None:
        conversion.end()
        os._exit(_OVERDUE)

    def end_with_parent(parent: int) -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_POLL_S)
        conversion.end()
        shutil.rmtree(request.folder, ignore_errors=True)
        os._exit(_OVERDUE)

    confine(MAX_FILE_BYTES, MAX_OPEN_FILES)
    _bound(request)
    program = os.path.realpath(request.program)
    shut_out([*_READABLE, os.path.dirname(program)], [request.folder])
    signal.signal(signal.SIGTERM, give_up)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, args=(os.getppid(),), daemon=True).start()
    status, made = _MISSING, b""
    try:
        target, converted = conversion.run(data)
        status, made = (0, target.encode() + b"\n" + converted) if target else (_FAILED, b"")
    except TimeoutError:
        status = _OVERDUE
    except OSError:
        pass
    sys.stdout.buffer.write(made)
    sys.stdout.buffer.flush()
    os._exit(status)


def _bound(request: _Request) -> None:
    """Bound the memory and the processor time of the program."""
    cpu_s = int(request.timeout_s) + 1
    for limit, value in (
        (resource.RLIMIT_AS, request.memory_bytes),
        (resource.RLIMIT_CPU, cpu_s),
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))


def shut_out(readable: Iterable[str], writable: Iterable[str]) -> bool:
    """Give up all files and folders but some, for this process and those that it starts.

    Returns:
        Whether the system, a Linux with Landlock, has done so.
    """
    if not sys.platform.startswith("linux"):
        return False
    system = ctypes.CDLL(None)
    version = system.syscall(_CREATE_RULES, None, 0, 1)
    if version < 1:
        return False
    n_rights = _RIGHTS[min(version, len(_RIGHTS) - 1)]
    everything = (1 << n_rights) - 1
    rules = system.syscall(_CREATE_RULES, struct.pack("<Q", everything), 8, 0)
    if rules < 0:
        return False
    read = _EXECUTE | _READ_FILE | _READ_FOLDER
    for path, rights in (
        *((path, read) for path in readable),
        *((path, everything) for path in writable),
        ("/dev", read & ~_EXECUTE | _WRITE_FILE),
        (_SOCKETS, _REMOVE_FILE | _MAKE_SOCKET),
    ):
        for place, allowed in _open_place(path, rights & everything):
            system.syscall(_ADD_RULE, rules, 1, struct.pack("<Qi", allowed, place), 0)
            os.close(place)
    system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    is_done: bool = system.syscall(_RESTRICT_SELF, rules, 0) == 0
    os.close(rules)
    return is_done


def _open_place(path: str, rights: int) -> Iterator[tuple[int, int]]:
    """Yield a place, if it is there, with the rights that may be given over it."""
    with suppress(OSError):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        is_folder = os.path.isdir(path)
        yield place, rights if is_folder else rights & (_EXECUTE | _READ_FILE | _WRITE_FILE)


if __name__ == "__main__":
    main()
