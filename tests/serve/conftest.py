"""Hypothesis without a deadline: the machine's other work must not fail a property."""

import pytest
from hypothesis import settings

settings.register_profile("assistant", deadline=None)
settings.load_profile("assistant")


@pytest.fixture
def anyio_backend() -> str:
    """The loop that tests of coroutines run in: asyncio alone, as the server's."""
    return "asyncio"
