"""Hypothesis without a deadline (the machine's other work must not fail a property); a browser."""

from collections.abc import Iterator

import pytest
from browsing import ARGUMENTS, CHROMIUM, Visit, serving
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright
from surface_fakes import FakeAssistant

settings.register_profile("assistant", deadline=None)
settings.load_profile("assistant")


@pytest.fixture
def anyio_backend() -> str:
    """The loop that tests of coroutines run in: asyncio alone, as the server's."""
    return "asyncio"


@pytest.fixture(scope="module")
def fake() -> FakeAssistant:
    return FakeAssistant(pause_s=0.05)


@pytest.fixture(scope="module")
def address(fake: FakeAssistant) -> Iterator[str]:
    with serving(fake) as (at, _):
        yield at


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """Open pages, and check at the end that nothing happened on them that should not."""
    opened = Visit(browser, address)
    yield opened
    opened.close()
    assert opened.faults == []
