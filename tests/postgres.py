"""A real PostgreSQL of Debian's package in a temporary folder, for tests of what is kept in it."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
NAME = "docs"


def require_postgres() -> Path:
    """Return where the server's programs are; skip the test, with the reason, without them."""
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    if not PROGRAMS:
        pytest.skip("no PostgreSQL: Debian's package `postgresql` has it")
    return PROGRAMS[-1]


@contextmanager
def running_postgres() -> Iterator[str]:
    """Run a server that only this machine reaches; yield the address of a database in it."""
    programs = require_postgres()
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path is short
    user: str | None = None
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        user = "postgres"
        owner = pwd.getpwnam(user)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data, log = folder / "data", folder / "log"

    def run(program: str, *given: str) -> None:
        command = [str(programs / program), "-D", str(data), *given]
        subprocess.run(command, check=True, capture_output=True, user=user, cwd=folder, timeout=120)

    try:
        run("initdb", "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-w", "-l", str(log), "-o", options, "start")
        try:
            address = f"postgresql://owner@/postgres?host={folder}"
            import psycopg

            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {NAME}".encode())
            yield f"postgresql://owner@/{NAME}?host={folder}"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def empty(address: str) -> None:
    """Remove all that the assistant has made in a database."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SET client_min_messages = error")
        connection.execute("DROP SCHEMA IF EXISTS assistant CASCADE")
