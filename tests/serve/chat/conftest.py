"""Where conversations are kept: a file of SQLite, and a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres import empty, require_postgres, running_postgres

from assistant.serve.chat.database import ChatDatabase, Database


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a database in a running server."""
    require_postgres()
    with running_postgres() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ChatDatabase]:
    """An empty database of either kind."""
    if request.param == "sqlite":
        yield Database(tmp_path)
        return
    address = request.getfixturevalue("postgres")
    from assistant.serve.chat.postgres import PostgresDatabase

    empty(address)
    made = PostgresDatabase(address)
    yield made
    made.close()
