"""The settings of the server -> findings: who could get in, and who could read the passwords.

Prints no password and no key. Refuses nothing.
"""

import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path

from assistant.findings import Finding, count, ok, warning
from assistant.settings import LOOPBACK, SETTINGS_FILE, Settings

SUBJECT = "server"


def examine_server(settings: Settings) -> Iterator[Finding]:
    """Yield what is found of the server's settings."""
    n_users = len(settings.users)
    at = f"{settings.host}:{settings.port}"
    if settings.host in LOOPBACK:
        yield ok(SUBJECT, f"the chat is at {at}, for this machine alone")
    elif n_users:
        yield ok(SUBJECT, f"the chat is at {at}, for {count(n_users, 'user')}")
    else:
        yield warning(
            SUBJECT,
            f"everybody who reaches {settings.host} can ask and add files",
            f"set users in {SETTINGS_FILE}, or host to 127.0.0.1",
        )
    if "*" in settings.allowed_hosts:
        yield warning(
            SUBJECT,
            "the server answers to every name, so pages of other sites may reach it",
            "set allowed_hosts to its names, unless a proxy before it checks them",
        )
    yield from _judge_file(Path(SETTINGS_FILE))


def _judge_file(path: Path) -> Iterator[Finding]:
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        mode = path.stat().st_mode
    except (OSError, ValueError):  # without one there is nothing to read; a bad one was refused
        return
    llm = given.get("llm")
    secrets = ["passwords"] * bool(given.get("users"))
    secrets += ["a key"] * bool(isinstance(llm, dict) and llm.get("api_key"))
    if secrets and mode & stat.S_IROTH:
        yield warning(
            SUBJECT,
            f"{SETTINGS_FILE} holds {' and '.join(secrets)}, and everybody here can read it",
            f"chmod 600 {SETTINGS_FILE}",
        )
