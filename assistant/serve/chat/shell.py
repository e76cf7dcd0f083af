"""The page before Gradio's: painted at once, with a field to ask in, and Gradio loaded behind it.

Gradio's own page is one script of its configuration and some megabytes of modules, without which it
paints nothing. `add_shell` puts a page of ours in its place, which loads the same parts in the
background: the configuration as a file of its own, which browsers keep. What is typed or asked
meanwhile is handed over. All addresses in it are relative, so that it works under any path. Raises
nothing: a Gradio whose page has other parts gets our styles, and is sent as it is.
"""

import gzip
import hashlib
import logging
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from fastapi import FastAPI, Request
from fastapi.responses import Response
from markupsafe import Markup
from starlette.routing import Mount
from starlette.types import ASGIApp, Message

from assistant.serve.access import FOR_GOOD
from assistant.serve.chat.page import write_language_script
from assistant.serve.chat.render import render_part

START_PATH = "/start-{digest}.js"
REVALIDATE = "no-cache"
CONFIGURATION = re.compile(r"<script>(window\.gradio_config = .*?)</script>", re.DOTALL)
API = re.compile(r"<script>(window\.gradio_api_info = .*?)</script>", re.DOTALL)
MODULE = re.compile(r'<script type="module"[^>]* src="\./(assets/[\w.-]+\.js)"></script>')
STYLESHEET = re.compile(r'<link rel="stylesheet"[^>]* href="\./(assets/[\w.-]+\.css)">')
ROOT = "window.gradio_config.root = new URL('.', document.baseURI).href.replace(/\\/$/, '');"
"""Where the browser found the page: what a proxy made of the address only the browser knows."""
_WISHES_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shell:
    """The page as it is sent, and the script by which Gradio starts; `digest` names that."""

    page: str
    start: str = ""
    digest: str = ""


def add_shell(app: FastAPI) -> None:
    """Add the page at `/`, before what is mounted there, and the script that it starts with."""
    made: list[Shell] = []

    async def get(request: Request) -> Shell:
        if not made:
            made.append(make_shell(await _fetch_page(app, request)))
        return made[0]

    @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def page(request: Request) -> Response:
        shell = await get(request)
        return _send(request, shell.page, "text/html", REVALIDATE)

    @app.get(START_PATH, include_in_schema=False)
    async def start(digest: str, request: Request) -> Response:
        shell = await get(request)
        # Of an earlier version of the page, still open: it gets what there is now.
        kept = FOR_GOOD if digest == shell.digest else REVALIDATE
        return _send(request, shell.start, "text/javascript", kept)


def make_shell(gradio: str) -> Shell:
    """Return our page around the parts of Gradio's."""
    found = [one.search(gradio) for one in (CONFIGURATION, API, MODULE, STYLESHEET)]
    if not all(found):
        logger.warning("Gradio's page is not as it was known; it is sent without our own before it")
        added = f"<style>{_asset('page.css')}</style><script>{write_language_script()}</script>"
        return Shell(gradio.replace("</head>", f"{added}</head>"))
    configuration, api, module, stylesheet = (str(one and one[1]) for one in found)
    start = f"window.__gradio_mode__ = 'app';\n{configuration}\n{api}\n{ROOT}\n"
    digest = hashlib.sha256(start.encode()).hexdigest()[:16]
    styles = [Markup(_asset(name)) for name in ("page.css", "shell.css")]
    own = (*styles, Markup(write_language_script()), Markup(_asset("shell.js")))
    names = (START_PATH[1:].format(digest=digest), module, stylesheet)
    return Shell(str(render_part("shell", *names, *own)), start, digest)


def _send(request: Request, text: str, media_type: str, kept: str) -> Response:
    """Return one of the two texts of a page, compressed if the browser wishes so."""
    headers = {"Cache-Control": kept, "Vary": "Accept-Encoding"}
    if not _WISHES_GZIP.search(request.headers.get("Accept-Encoding", "")):
        return Response(text, media_type=media_type, headers=headers)
    return Response(
        _compress(text),
        media_type=media_type,
        headers={**headers, "Content-Encoding": "gzip"},
    )


@lru_cache(maxsize=8)
def _compress(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


async def _fetch_page(app: FastAPI, request: Request) -> str:
    """Return the page that Gradio makes, which is mounted in the app."""
    mounted = (one for one in app.routes if isinstance(one, Mount))
    gradio: ASGIApp = next(one.app for one in mounted if not one.path)
    body = bytearray()

    async def send(message: Message) -> None:
        body.extend(message.get("body", b""))

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "path": "/", "raw_path": b"/", "query_string": b"", "method": "GET"}
    await gradio({**request.scope, **scope}, receive, send)
    return body.decode()


def _asset(name: str) -> str:
    return files("assistant.serve.chat").joinpath(name).read_text(encoding="utf-8")
