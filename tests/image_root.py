"""Runs the steps of deploy/Dockerfile in roots of their own, as a builder would, without one.

`test_image.py` starts it inside namespaces of its own, as their root. Two steps are stood in for:
what apt installs is this machine's /usr, and what pip installs by its hashes is a layer over the
packages of this environment, from which all that is not locked is taken out. All others are run as
they are written. What came of it is the last line of standard output, as JSON.
"""

import csv
import fcntl
import json
import os
import re
import shlex
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[1]
LINKS = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")
"""Folders of Debian that are links into /usr."""
ETC = ("alternatives", "group", "ld.so.cache", "login.defs", "nsswitch.conf", "passwd", "ssl")
SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1
"""Of Linux: what sets the flags of a network's interface, and the flag that it is in use."""
DEVICES = ("null", "random", "urandom", "zero")
PACKAGES = "opt/assistant/lib/python3.11/site-packages"
"""Of Debian 12's Python, where both stages have them."""
HEALTHY_WITHIN_S = 900.0
STOPPED_WITHIN_S = 60.0
TORCH = ("torch", "torchgen", "functorch")
QUESTION = "How deep is the harbour?"
TEXT = "The harbour is nine metres deep. It was dug in 1911.\n"
ASK = f"""
import json, urllib.request
body = json.dumps({{"question": {QUESTION!r}}}).encode()
asked = urllib.request.Request("http://127.0.0.1:7860/api/ask", body)
asked.add_header("Content-Type", "application/json")
print(urllib.request.urlopen(asked, timeout=300).read().decode())
"""
LOOK = """
import json, os
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
told = {name: status[name].split() for name in ("Uid", "Gid", "CapEff", "CapBnd", "NoNewPrivs")}
told["written"] = []
for top, folders, _ in os.walk("/"):
    folders[:] = [] if top in ("/proc", "/dev") else [one for one in folders if one != "usr"]
    try:
        with open(os.path.join(top, "written"), "x"):
            told["written"].append(top)
        os.unlink(os.path.join(top, "written"))
    except OSError:
        pass
print(json.dumps(told))
"""


@dataclass
class Stage:
    """A stage of a Dockerfile: its instructions in order, and what they have set so far."""

    root: Path
    instructions: list[tuple[str, str]]
    environment: dict[str, str] = field(
        default_factory=lambda: {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    )
    folder: str = "/"
    user: str = "0:0"
    told: dict[str, list[str]] = field(default_factory=dict)
    """The commands of HEALTHCHECK, ENTRYPOINT and CMD."""

    def steps(self) -> Iterator[tuple[str, str]]:
        """Yield what is to be done; what is only set is taken in before the next one."""
        for name, given in self.instructions:
            if name in ("ENV", "ARG"):
                for one in shlex.split(given):
                    key, _, value = one.partition("=")
                    self.environment[key] = value.replace("$PATH", self.environment["PATH"])
            elif name == "WORKDIR":
                self.folder = given
            elif name == "USER":
                self.user = given
            elif name in ("HEALTHCHECK", "ENTRYPOINT", "CMD"):
                self.told[name] = json.loads(given[given.index("[") :])
            else:
                yield name, given

    def command(self, *command: str, **more: str) -> list[str]:
        """Return what runs a command here, with what was set and nothing else of this machine.

        As another user than root it has no right of root's and can get none, as with `--cap-drop
        ALL` and `no-new-privileges`.
        """
        uid, gid = self.user.split(":")
        home = "/root" if uid == "0" else "/nonexistent"
        environment = {"HOME": home, **self.environment, **more}
        who = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
        if uid != "0":
            who += ["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
        inside = ["env", "-i", "-C", self.folder, *(f"{k}={v}" for k, v in environment.items())]
        return ["chroot", str(self.root), *who, *inside, *command]

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command here."""
        return subprocess.run(
            self.command(*command, **more), capture_output=True, text=True, check=False
        )

    def do(self, step: str, **more: str) -> None:
        """Run a step here, which must succeed."""
        done = self.run("sh", "-ec", step, **more)
        if done.returncode:
            sys.exit(f"{step}\n{done.stdout}\n{done.stderr}")


def read_stages(text: str, *roots: Path) -> list[Stage]:
    """Return the stages of a Dockerfile, each with the root that it is to have."""
    stages: list[Stage] = []
    for line in re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text, flags=re.M)).splitlines():
        name, _, given = line.partition(" ")
        if name == "FROM":
            stages.append(Stage(roots[len(stages)], []))
        elif name:
            stages[-1].instructions.append((name, given.strip()))
    return stages


def mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *arguments], check=True)


def bind(source: Path, target: Path, *, is_read_only: bool = True) -> None:
    """Show a folder or a file at another place as well."""
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount("--bind", source, target)
    if is_read_only:
        mount("-o", "remount,bind,ro", target)


def raise_loopback() -> None:
    """Let this network, which has nothing else, reach itself."""
    with socket.socket() as any_one:
        fcntl.ioctl(any_one, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def make_root(at: Path) -> None:
    """Make a root of Debian's own programs, and of nothing else that this machine has."""
    at.mkdir()
    mount("--bind", at, at)
    bind(Path("/usr"), at / "usr")
    mount("-t", "tmpfs", "tmpfs", at / "usr/local")  # which is empty in Debian's own image
    for name in LINKS:
        if (here := Path("/", name)).is_symlink():
            (at / name).symlink_to(here.readlink())
    for name in ("etc", "root"):
        (at / name).mkdir()
    for here in (Path("/etc", name) for name in ETC):
        if here.is_dir():
            shutil.copytree(here, at / "etc" / here.name, symlinks=True)
        elif here.exists():
            shutil.copy(here, at / "etc")
    (at / "etc/hosts").write_text("127.0.0.1 localhost\n", encoding="utf-8")
    for name in DEVICES:
        bind(Path("/dev", name), at / "dev" / name, is_read_only=False)
    (at / "dev/fd").symlink_to("/proc/self/fd")
    for name, kind in (("proc", "proc"), ("tmp", "tmpfs"), ("dev/shm", "tmpfs")):
        (at / name).mkdir()
        mount("-t", kind, *(["-o", "mode=1777"] if kind == "tmpfs" else []), kind, at / name)


def copy_in(stage: Stage, given: str) -> None:
    """Copy files of the repository into a root, as COPY does with what .dockerignore lets in."""
    *sources, target = given.split()
    at = stage.root / stage.folder.lstrip("/") / target
    at = stage.root / target.lstrip("/") if target.startswith("/") else at
    for one in (REPOSITORY / source for source in sources):
        if one.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(one, at, ignore=ignored, dirs_exist_ok=True)
        else:
            at.mkdir(parents=True, exist_ok=True)
            shutil.copy(one, at)


def lay_packages(packages: Path, own: Path, at: Path) -> None:
    """Lay packages at a place where some can be taken out; pip would have compiled none."""
    for name in ("upper", "work"):
        (own / name).mkdir()
    layers = f"lowerdir={packages},upperdir={own / 'upper'},workdir={own / 'work'}"
    mount("-t", "overlay", "-o", layers, "overlay", at)
    for folder in list(at.rglob("__pycache__")):
        shutil.rmtree(folder)


def take_out_unlocked(at: Path) -> None:
    """Take out each package that no lock has, by the list of its files."""
    locks = [REPOSITORY / name for name in ("requirements.lock", "torch.lock")]
    pins = "".join(one.read_text("utf-8") for one in locks)
    kept = {canonicalize_name(one) for one in re.findall(r"^([\w.-]+)==", pins, re.M)}
    for told in list(at.glob("*.dist-info")):
        if canonicalize_name(told.name.split("-")[0]) in kept | {"assistant", "pip"}:
            continue
        with (told / "RECORD").open(encoding="utf-8", newline="") as lines:
            for name, *_ in csv.reader(lines):
                file = (at / name).resolve()
                if file.is_relative_to(at) and file.is_file():
                    file.unlink()
        shutil.rmtree(told, ignore_errors=True)
    for folder, _, _ in os.walk(at, topdown=False):
        with suppress(OSError):  # it has something left
            os.rmdir(folder)


def build(stage: Stage, own: Path, packages: Path) -> list[str]:
    """Run the first stage; return the steps that were stood in for."""
    stood_in, at = [], stage.root / PACKAGES
    for name, given in stage.steps():
        if name == "COPY":
            copy_in(stage, given)
        elif given.startswith("apt-get"):
            stood_in.append(given)
        elif "--require-hashes" in given:
            stood_in.append(given)
            lay_packages(packages, own, at)
        elif given.startswith("pip install"):
            # What builds the wheel is here already: nothing is fetched
            stage.do("pip uninstall --yes assistant")
            stage.do(given, PIP_NO_BUILD_ISOLATION="0")
            take_out_unlocked(at)
        else:
            stage.do(given)
    return stood_in


def finish(stage: Stage, built: Path, own: Path) -> list[str]:
    """Run the last stage, and start its container; return the steps that were stood in for."""
    stood_in = []
    for name, given in stage.steps():
        if name == "COPY":
            _, source, target = given.split()
            bind(built / source.lstrip("/"), stage.root / target.lstrip("/"))
        elif name == "RUN":
            apart = [one.strip() for one in given.split("&&")]
            apt = [one for one in apart if one.startswith(("apt-get", "rm -rf /var"))]
            stood_in += apt
            stage.do(" && ".join(one for one in apart if one not in apt))
    bind(built / PACKAGES, stage.root / PACKAGES)
    (own / "corpus").mkdir()
    (own / "corpus/harbour.txt").write_text(TEXT, encoding="utf-8")
    bind(own / "corpus", stage.root / "corpus")
    shutil.copytree(stage.root / "index", own / "index")
    shutil.chown(own / "index", *map(int, stage.user.split(":")))
    bind(own / "index", stage.root / "index", is_read_only=False)
    mount("-o", "remount,bind,ro", stage.root)
    return stood_in


def try_out(stage: Stage) -> dict[str, Any]:
    """Return what a container of the image says and does, until it is stopped."""
    command = [*stage.told["ENTRYPOINT"], *stage.told["CMD"]]
    began = time.monotonic()
    serving = subprocess.Popen(stage.command(*command), stdout=sys.stderr)
    while (health := stage.run(*stage.told["HEALTHCHECK"])).returncode:
        if serving.poll() is not None or time.monotonic() - began > HEALTHY_WITHIN_S:
            sys.exit(f"not healthy: {health.stderr}")
        time.sleep(1)
    healthy_s = time.monotonic() - began
    asked, looked = stage.run("python", "-c", ASK), stage.run("python", "-c", LOOK)
    doctor = stage.run(*stage.told["ENTRYPOINT"], "doctor", "--json")
    serving.terminate()
    ended = serving.wait(STOPPED_WITHIN_S)
    return {
        "healthy_s": healthy_s,
        "answer": json.loads(asked.stdout or "null"),
        "user": json.loads(looked.stdout or "null"),
        "doctor": json.loads(doctor.stdout or "null"),
        "ended": ended,
        "healthy_after": stage.run(*stage.told["HEALTHCHECK"]).returncode == 0,
        "faults": [one.stderr for one in (asked, looked, doctor) if one.returncode],
    }


def weigh(root: Path) -> dict[str, int]:
    """Return the bytes of what the image has beside Debian, by part."""
    parts: dict[str, int] = defaultdict(int)
    for file in (root / "opt").rglob("*"):
        if file.is_file() and not file.is_symlink():
            parts[_part_of(file, root)] += file.stat().st_size
    return parts


def _part_of(file: Path, root: Path) -> str:
    if file.suffix == ".pyc":
        return "bytecode"
    if file.is_relative_to(root / "opt/model"):
        return "model"
    top = file.relative_to(root / PACKAGES).parts[0] if file.is_relative_to(root / PACKAGES) else ""
    return {"assistant": top, **dict.fromkeys(TORCH, "torch")}.get(top, "packages")


def main(own: Path, packages: Path) -> None:
    """Build the image's files below a folder of its own, try them out and tell what came of it."""
    raise_loopback()
    text = (REPOSITORY / "deploy/Dockerfile").read_text(encoding="utf-8")
    first, last = read_stages(text, own / "build", own / "image")
    for stage in (first, last):
        make_root(stage.root)
    stood_in = build(first, own, packages) + finish(last, first.root, own)
    told = {"stood_in": stood_in, "bytes": weigh(last.root), **try_out(last)}
    sys.stdout.write(f"\n{json.dumps(told)}\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
