"""Take the pictures of the chat anew: `python docs/pictures.py`.

Serves the chat over `docs/demo` on a free port, as one folder and as two collections, drives it in
a headless Chromium (`$CHROMIUM`, else /usr/bin/chromium) and writes the PNG files of
`docs/pictures/`. Look at each of them.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

HERE = Path(__file__).parent
CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
WIDE = {"width": 1280, "height": 720}
PHONE = {"width": 390, "height": 780}
COLLECTIONS = {
    "office": ("board-minutes-2026-03.txt", "office-lease.pdf", "suppliers.csv"),
    "staff": ("employee-handbook.md", "incident-report-2026-02.txt", "security-policy.docx"),
}
START_S = 120
"""Seconds that the chat may take to index the folder and start."""


def main() -> None:
    """Take all pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with _serve_chat({}) as address:
            _take_one_folder(browser, address)
        with _serve_chat(COLLECTIONS) as address:
            _take_collections(browser, address)
        browser.close()


def _take_one_folder(browser: Browser, address: str) -> None:
    page = _open(browser, address, viewport=WIDE)
    _ask(page, "How long must passwords be?")
    _begin(page)
    _ask(page, "May I work from abroad?")
    _take(page, "answer")
    _begin(page)
    _ask(page, "By when must the tenant say that it wants to extend the lease?")
    page.locator(".cite").last.click()
    expect(page.locator("#panel img").first).to_be_visible()
    _take(page, "source")
    page.locator(".source a.close").click()
    _begin(page)
    _ask(page, "Does the company pay for a sauna?")
    _take(page, "abstention")
    page = _open(browser, address, viewport=PHONE, color_scheme="dark", device_scale_factor=2)
    _ask(page, "What happens when a laptop is lost?")
    _take(page, "phone")


def _take_collections(browser: Browser, address: str) -> None:
    page = _open(browser, f"{address}collections/office/", viewport=WIDE)
    _ask(page, "By when must the tenant say that it wants to extend the lease?")
    page.locator(".collections summary").click()
    expect(page.get_by_role("link", name="staff")).to_be_visible()
    _take(page, "collections")


@contextmanager
def _serve_chat(collections: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Serve the chat in a process of its own; yield its address once it answers.

    The demo is one folder, or lies in collections, each of which has some of its files.
    """
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with tempfile.TemporaryDirectory() as own:
        command = [sys.executable, "-m", "assistant", "chat", "--port", str(port)]
        if not collections:
            command += ["--corpus", str(HERE / "demo"), "--index", own]
        for name, files in collections.items():
            folder = Path(own, name)
            folder.mkdir()
            for file in files:
                shutil.copy(HERE / "demo" / file, folder)
            with Path(own, "assistant.toml").open("a", encoding="utf-8") as settings:
                settings.write(f"[collections.{name}]\ncorpus_dir = {str(folder)!r}\n")
        path = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])
        chat = subprocess.Popen(command, cwd=own, env={**os.environ, "PYTHONPATH": path})
        try:
            _wait_for(f"http://127.0.0.1:{port}/readyz", chat)
            yield f"http://127.0.0.1:{port}/"
        finally:
            chat.terminate()
            chat.wait()


def _wait_for(address: str, chat: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and chat.poll() is None:
        try:
            urlopen(address).close()
            return
        except URLError:
            time.sleep(0.2)
    sys.exit("the chat did not start")


def _open(browser: Browser, address: str, **options: object) -> Page:
    page = browser.new_context(**options).new_page()  # type: ignore[arg-type]
    page.goto(address)
    page.wait_for_selector("#panel :is(.documents, .notice)", state="attached")
    page.wait_for_timeout(1_000)  # what the page loads late must not wipe the first answer
    return page


def _begin(page: Page) -> None:
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".turn")).to_have_count(0)


def _ask(page: Page, question: str) -> None:
    before = page.locator(".turn").count()
    page.fill("#question textarea", question)
    page.keyboard.press("Enter")
    expect(page.locator(".turn")).to_have_count(before + 1)
    expect(page.locator(".turn").last.locator(".actions")).to_be_visible()


def _take(page: Page, name: str) -> None:
    page.mouse.move(5, 5)
    page.wait_for_timeout(1_500)  # pictures of pages, and what fades
    taken = Image.open(BytesIO(page.screenshot())).convert("RGB")
    taken.quantize(256).save(HERE / "pictures" / f"{name}.png", optimize=True)  # a third of it


if __name__ == "__main__":
    main()
