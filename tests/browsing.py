"""A real browser on the chat page: serving it, opening pages that record their faults, asking."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from dom import present
from fastapi import FastAPI
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FloatRect,
    Locator,
    Page,
    Request,
    expect,
)
from surface_fakes import FakeAssistant

from assistant import Assistant
from assistant.answering import Collection
from assistant.serve.app import build_app

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCREENSHOTS = os.environ.get("SCREENSHOTS")
"""A folder to keep screenshots in, for people to look at."""
PATIENCE_MS = int(os.environ.get("PATIENCE_MS", "10000"))
"""Milliseconds that is waited for a page: more where the machine is busy with other work."""
expect.set_options(timeout=PATIENCE_MS)
IN_BROWSER = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which(CHROMIUM) and "NEED_BROWSER" not in os.environ,
        reason=f"no chromium at {CHROMIUM}; install it or set $CHROMIUM",
    ),
]


ended: set[str] = set()
"""Where servers and proxies that have ended served pages, which may still ask for news."""


@contextmanager
def serving(
    assistant: Assistant | FakeAssistant | Sequence[Collection],
) -> Iterator[tuple[str, FastAPI]]:
    """Serve the chat of an assistant, or of collections, for the length of the block."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        app = build_app(assistant)
        config = uvicorn.Config(  # as `serve` has it
            app, log_config=None, proxy_headers=False, timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        ended.discard(address)
        try:
            yield address, app
        finally:
            ended.add(address)
            server.should_exit = True
            thread.join(timeout=10)


LEAVING = (
    "AbortError: signal is aborted",
    "AbortError: BodyStreamBuffer was aborted",
    "TypeError: network error",
    "Unexpected error Connection errored out",
)
"""What Gradio says on the console when a page that listens is left: reloaded, or closed."""
PARTING_S = 2.0
"""A page says so this much before the request that leaves it, at most."""
ALONE = (
    "Failed to load resource: net::ERR_",
    "TypeError: Failed to fetch",
    "Unexpected error Cancelled via cancel scope",
)
"""What a page says, beside that, when its server has ended."""


class Visit:
    """Opens pages that record whatever should not happen on them."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser, self.address = browser, address
        self.faults: list[str] = []
        self.contexts: list[BrowserContext] = []
        self._left: set[Page] = set()
        """Pages that are being reloaded, or closed."""
        self._parting: list[tuple[Page, float, str]] = []
        """What pages said that only one that is being left may say, and when."""

    def close(self) -> None:
        """Close what was opened."""
        for context in self.contexts:
            self._left.update(context.pages)
            context.close()

    def __call__(
        self,
        at: str | None = None,
        context: BrowserContext | None = None,
        path: str = "",
        **options: Any,
    ) -> Page:
        at = at or self.address
        if context is None:
            options = {"viewport": {"width": 1400, "height": 800}} | options
            context = self.browser.new_context(**options)
            self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        self.watch(page, at)
        page.goto(at + path)
        page.wait_for_selector("#panel :is(.documents, .notice)", state="attached")
        return page

    def watch(self, page: Page, home: str) -> None:
        def check_request(request: Request) -> None:
            if request.is_navigation_request() and request.frame == page.main_frame:
                leave()
            if not request.url.startswith((home, "data:", "blob:")):
                self.faults.append(f"request to {request.url}")

        def check_console(message: ConsoleMessage) -> None:
            is_parting = any(one in message.text for one in LEAVING)
            is_alone = home in ended and any(one in message.text for one in (*LEAVING, *ALONE))
            if message.type != "error" or is_alone or (is_parting and page in self._left):
                return
            self.faults.append(f"console: {message.text}")
            if is_parting:
                self._parting.append((page, time.monotonic(), self.faults[-1]))

        def leave() -> None:
            """Take back what the page said of it just before it was left."""
            self._left.add(page)
            for own, at, said in self._parting:
                if own is page and time.monotonic() - at < PARTING_S and said in self.faults:
                    self.faults.remove(said)

        page.on("request", check_request)
        page.on("load", lambda _: self._left.discard(page))
        page.on("console", check_console)
        page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))


def begin(page: Page, question: str) -> None:
    page.fill("#question textarea", question)
    page.keyboard.press("Enter")


def ask(page: Page, question: str) -> Locator:
    """Ask and return the new turn once it is answered."""
    before = page.locator(".turn").count()
    begin(page, question)
    expect(page.locator(".turn")).to_have_count(before + 1)
    turn = page.locator(".turn").last
    expect(turn.locator(".actions")).to_be_visible()
    return turn


def strong_text(page: Page) -> str:
    page.wait_for_selector("#cited-span")
    return "".join(page.locator("mark.strong").all_text_contents())


def is_in_view(page: Page, selector: str) -> bool:
    page.wait_for_timeout(200)
    box, size = place(page, selector), present(page.viewport_size)
    return box["y"] >= 0 and box["y"] + box["height"] <= size["height"]


def keep_picture(page: Page, name: str) -> None:
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")


def place(page: Page, selector: str) -> FloatRect:
    return present(page.locator(selector).bounding_box())


def wait_until(page: Page, holds: Callable[[], bool]) -> None:
    """Wait for ten seconds at most until something holds that no locator tells."""
    for _ in range(200):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never came to hold")


def wait_for_picture(page: Page) -> None:
    page.wait_for_function(
        """() => {
            const picture = document.querySelector('.page-view img');
            return picture && picture.complete && picture.naturalWidth > 0;
        }"""
    )
