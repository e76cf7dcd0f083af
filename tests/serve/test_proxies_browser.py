"""The chat behind nginx, Caddy and haproxy with their defaults, under a path, in a real browser.

Each proxy is the real one, with a configuration that says where the server is and nothing else;
they are those that docs/operations.md shows. Traefik is told by the headers that it sends.
"""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from browsing import IN_BROWSER, Visit, ask, ended, serving
from playwright.sync_api import FrameLocator, expect
from surface_fakes import FakeAssistant, settings_anywhere

from assistant.settings import Settings

pytestmark = IN_BROWSER

NGINX = """
daemon off; pid {folder}/pid; error_log stderr; events {{}}
http {{
    access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;
    fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    server {{
        listen 127.0.0.1:{port};
        location {path}/ {{ proxy_pass http://127.0.0.1:{inner}/; }}
    }}
}}
"""
CADDY = """
{{
    admin off
    auto_https off
    storage file_system {folder}
}}
http://127.0.0.1:{port} {{
    bind 127.0.0.1
    handle_path {path}/* {{
        reverse_proxy 127.0.0.1:{inner}
    }}
}}
"""
HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
frontend page
    bind 127.0.0.1:{port}
    http-request replace-path {path}/(.*) /\\1
    default_backend assistant
backend assistant
    server one 127.0.0.1:{inner}
"""
PROXIES: dict[str, tuple[str, Callable[[str], list[str]]]] = {
    "nginx": (NGINX, lambda file: ["-c", file, "-p", str(Path(file).parent)]),
    "caddy": (CADDY, lambda file: ["run", "--adapter", "caddyfile", "--config", file]),
    "haproxy": (HAPROXY, lambda file: ["-f", file]),
}


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def port_of(address: str) -> int:
    return int(address.rstrip("/").rpartition(":")[2])


@contextmanager
def proxy(name: str, inner: str, path: str, folder: Path, configuration: str = "") -> Iterator[str]:
    """Run a proxy before a server; yield the address of the page."""
    program = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip(f"{name} is not installed (apt-get install {name})")
    port, file = free_port(), folder / "configuration"
    written, arguments = PROXIES[name]
    places = {"port": port, "inner": port_of(inner), "path": path, "folder": folder}
    file.write_text((configuration or written).format(**places))
    environment = {"HOME": str(folder), "PATH": "/usr/sbin:/usr/bin:/bin"}
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(
            [program, *arguments(str(file))], stdout=log, stderr=log, env=environment, cwd=folder
        )
    address = f"http://127.0.0.1:{port}{path}/"
    ended.discard(address)
    try:
        for _ in range(200):
            assert running.poll() is None, (folder / "log").read_text()
            try:
                httpx.get(f"{address}livez", timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield address
    finally:
        ended.add(address)
        running.terminate()
        running.wait(10)


@pytest.fixture(scope="module")
def fake() -> FakeAssistant:
    return FakeAssistant(pause_s=0.4)


@pytest.fixture(scope="module")
def address(fake: FakeAssistant) -> Iterator[str]:
    with serving(fake) as (at, _):
        yield at


@pytest.mark.parametrize("path", ["", "/deep/assistant"])
@pytest.mark.parametrize("name", PROXIES)
def test_the_page_works_behind_a_proxy_with_its_defaults(
    visit: Visit, address: str, name: str, path: str, tmp_path: Path
) -> None:
    with proxy(name, address, path, tmp_path) as outer:
        page = visit(outer)
        ask(page, "typhoon")
        expect(page.locator(".turn")).to_have_count(1)
        page.click(".turn .cite >> nth=0")
        page.wait_for_selector("#cited-span")
        page.reload()
        expect(page.locator(".turn")).to_have_count(1)  # the browser is known again
        with page.expect_download() as download:
            page.locator(".conversations summary").first.click()
            page.click("text=Export as Markdown")
        assert "Flax Typhoon" in Path(download.value.path()).read_text()


@pytest.mark.parametrize("name", PROXIES)
def test_an_answer_comes_piece_by_piece_through_a_proxy(
    address: str, name: str, tmp_path: Path
) -> None:
    with proxy(name, address, "/assistant", tmp_path) as outer:
        came: list[float] = []
        began = time.monotonic()
        accept = {"Accept": "text/event-stream"}
        asked = {"question": "typhoon"}
        with httpx.stream("POST", f"{outer}api/ask", json=asked, headers=accept) as reply:
            assert reply.status_code == 200
            came.extend(time.monotonic() - began for _ in reply.iter_raw())
        assert came[-1] - came[0] > 0.8, "the first piece does not wait for the last one"


def with_settings(**given: object) -> FakeAssistant:
    settings: Settings = settings_anywhere(**given)
    return FakeAssistant(pause_s=0.02, settings=settings)


def test_as_traefik_sends_them_headers_are_believed_of_a_named_proxy_only() -> None:
    """Traefik strips the path, keeps the Host, and tells of both; and of TLS."""
    told = {
        "Host": "docs.example.org",
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Host": "docs.example.org",
        "X-Forwarded-Port": "443",
        "X-Forwarded-Prefix": "/assistant",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Server": "traefik",
        "X-Real-Ip": "203.0.113.9",
    }
    for trusted in ((), ("127.0.0.1",)):
        assistant = with_settings(trusted_proxies=trusted, allowed_hosts=("docs.example.org",))
        with serving(assistant) as (at, _), httpx.Client(base_url=at, headers=told) as client:
            page = client.get("/")
            assert page.status_code == 200
            assert ("Secure" in page.headers["set-cookie"]) == bool(trusted)
            sent = {"Origin": "https://docs.example.org"}
            reply = client.post("/api/ask", json={"question": "leave"}, headers=sent)
            assert reply.status_code == 200


def test_a_proxy_that_passes_the_path_on_needs_it_in_the_settings(
    visit: Visit, tmp_path: Path
) -> None:
    kept = NGINX.replace("{inner}/;", "{inner};")
    with (
        serving(with_settings(root_path="/assistant")) as (at, _),
        proxy("nginx", at, "/assistant", tmp_path, kept) as outer,
    ):
        ask(visit(outer), "typhoon")


def test_without_the_slash_at_its_end_the_page_finds_itself(visit: Visit) -> None:
    with serving(with_settings(root_path="/assistant")) as (at, _):
        page = visit(at, path="assistant?x=1")
        assert page.url.startswith(f"{at}assistant/")
        ask(page, "typhoon")


FRAME = "<!doctype html><iframe src='{at}' style='width: 1200px; height: 700px'></iframe>"
TLS = "proxy_set_header X-Forwarded-Proto https; proxy_pass"


@contextmanager
def framing(port: int, at: str) -> Iterator[None]:
    """Serve a page that has the chat in a frame, at a port of this machine."""

    class Outer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(FRAME.format(at=at).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Outer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def show_in_frame(visit: Visit, at: str, origin: str) -> FrameLocator:
    """Open a page of an origin that has the chat in a frame, in a browser that is new to it."""
    page = visit(at)
    page.context.clear_cookies()
    page.goto(f"{origin}/")
    return page.frame_locator("iframe")


def ask_in(frame: FrameLocator) -> None:
    frame.locator("#panel .documents").wait_for(state="attached")
    frame.locator("#question textarea").fill("typhoon")
    frame.locator("#question textarea").press("Enter")
    expect(frame.locator(".turn .actions")).to_be_visible()


def test_the_page_is_in_the_frame_of_a_named_origin(visit: Visit) -> None:
    origin = f"http://127.0.0.1:{free_port()}"  # another origin, the same site
    assistant = with_settings(frame_origins=(origin,))
    with serving(assistant) as (at, _), framing(port_of(origin), at):
        ask_in(show_in_frame(visit, at, origin))
    visit.faults.clear()  # the requests of the page around it


def test_over_tls_it_is_in_the_frame_of_another_site_too(visit: Visit, tmp_path: Path) -> None:
    origin = f"http://localhost:{free_port()}"  # another site, and not that of 127.0.0.1
    given = {"frame_origins": (origin,), "trusted_proxies": ("127.0.0.1",)}
    with (
        serving(with_settings(**given)) as (at, _),
        proxy("nginx", at, "", tmp_path, NGINX.replace("proxy_pass", TLS)) as outer,
        framing(port_of(origin), outer),
    ):
        ask_in(show_in_frame(visit, outer, origin))
    visit.faults.clear()  # the requests of the page around it


def test_the_page_is_in_no_other_frame(visit: Visit) -> None:
    origin = f"http://127.0.0.1:{free_port()}"
    assistant = with_settings(frame_origins=("http://other.example",))
    with serving(assistant) as (at, _), framing(port_of(origin), at):
        frame = show_in_frame(visit, at, origin)
        time.sleep(2)
        expect(frame.locator("#shell, #question")).to_have_count(0)
        visit.faults.clear()  # the browser says that it refuses
