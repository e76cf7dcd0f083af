"""The chat as Gradio Blocks: layout and wiring, nothing else.

Comes in: the desk, which knows what everything does. Goes out: Blocks to mount. Everything shown is
HTML made by `surfaces.render`, set as the plain value of `gr.HTML`: never a template, whose output
Gradio evaluates as JavaScript. Nothing that the browser holds is believed: pages are known by their
session, which the gate has matched with its owner.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, cast

import gradio as gr

from assistant.answering import Answering
from assistant.serve.admission import Admission
from assistant.serve.chat.actions import Desk
from assistant.serve.chat.asking import Asking
from assistant.serve.chat.corpus import Corpus
from assistant.serve.chat.feedback import FeedbackBook
from assistant.serve.chat.history import Store
from assistant.serve.chat.pages import Page, Pages, Update
from assistant.serve.chat.render import part
from assistant.serve.chat.views import Views

MAX_EVENTS = 256
"""Events of all pages that wait in Gradio's queue; questions have a queue of their own."""
AT_ONCE = 64
"""Events of a kind handled at the same time: they wait for questions, or read the catalog."""

TITLE = "Ask your documents"
FONT = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "monospace")
PLAIN: dict[str, Any] = {"apply_default_css": False}
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
EACH: dict[str, Any] = QUIET | {"trigger_mode": "multiple"}
"""Every click counts: by default Gradio drops those that come while an earlier one is handled."""
HERE, AWAY = ["here"], ["away"]
"""Classes of a button that is seen or not: making it anew, as `visible` does, takes a while, and an
older state may win."""
Changes = list[Any]


@dataclass(frozen=True, slots=True)
class Parts:
    """The components of the page that events read or write."""

    address: gr.Textbox
    new: gr.Button
    search: gr.Textbox
    listed: gr.HTML
    talk: gr.HTML
    banner: gr.HTML
    status: gr.HTML
    question: gr.Textbox
    ask: gr.Button
    halt: gr.Button
    panel: gr.HTML

    @property
    def shown(self) -> list[Any]:
        """What an `Update` may change."""
        shown = [self.listed, self.talk, self.banner, self.status, self.question]
        return [*shown, self.ask, self.halt, self.panel]


def make_desk(
    assistant: Answering,
    store: Store,
    book: FeedbackBook,
    admission: Admission,
    ending: asyncio.Event,
) -> Desk:
    """Return the desk of an assistant; once `ending` is set, what runs ends with a notice."""
    corpus = Corpus(assistant)
    views = Views(assistant, store, corpus)
    asking = Asking(assistant, store, views, admission, ending)
    return Desk(store, book, views, corpus, asking, ending)


def build_chat(desk: Desk) -> gr.Blocks:
    """Return the chat page over a desk."""
    pages = Pages()
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        parts = _lay_out()
        _wire_asking(desk, pages, parts)
        _wire_acts(desk, pages, parts)
        _wire_opening(desk, pages, parts)

        async def on_load(address: str, request: gr.Request) -> AsyncIterator[Changes]:
            arrived = _page_of(pages, request)
            yield _changes(await asyncio.to_thread(desk.arrive, arrived, address or ""))
            for updates in (desk.watch(arrived), desk.follow_sync(arrived)):
                async for changes in _stream(updates):
                    yield changes

        # The address is read by the script, which no Python function can do.
        page.load(on_load, parts.address, parts.shown, js="() => location.hash.slice(1)", **QUIET)
    page.queue(max_size=MAX_EVENTS, default_concurrency_limit=AT_ONCE)
    return cast(gr.Blocks, page)


def page_options() -> dict[str, Any]:
    """Return what the mount needs: theme and styles, without anything from another origin."""
    theme = gr.themes.Base(font=FONT, font_mono=MONO)
    # In the head, because Gradio rewrites the selectors of what is given as `css`.
    return {"theme": theme, "head": f"<style>{_asset('page.css')}</style>"}


def _lay_out() -> Parts:
    links = _asset("links.js")
    address = gr.Textbox(visible=False)
    gr.HTML(str(part("masthead")), js_on_load=_asset("masthead.js"), **PLAIN)
    with gr.Row(elem_id="desk"):
        with gr.Column(elem_id="nav", min_width=200):
            new = gr.Button("New conversation", elem_id="new")
            search = gr.Textbox(
                elem_id="search",
                label="Search conversations",
                placeholder="Search conversations",
                show_label=False,
                container=False,
            )
            listed = gr.HTML("", elem_id="listed", js_on_load=links + _asset("list.js"), **PLAIN)
        with gr.Column(elem_id="talk", min_width=320):
            follow = links + _asset("follow.js")
            talk = gr.HTML("", elem_id="conversation", js_on_load=follow, **PLAIN)
            with gr.Column(elem_id="composer"):
                status = gr.HTML("", elem_id="status", js_on_load=_asset("status.js"), **PLAIN)
                banner = gr.HTML("", elem_id="banner", js_on_load=links, **PLAIN)
                with gr.Row():
                    question = gr.Textbox(
                        elem_id="question",
                        label="Your question",
                        placeholder="Ask a question",
                        show_label=False,
                        container=False,
                        lines=1,
                        max_lines=6,
                        autofocus=True,
                    )
                    ask = gr.Button("Ask", elem_id="ask", variant="primary", min_width=88)
                    halt = gr.Button("Stop", elem_id="stop", elem_classes=AWAY, min_width=88)
        with gr.Column(elem_id="side", min_width=320):
            beside = links + _asset("files.js") + _asset("turning.js")
            panel = gr.HTML("", elem_id="panel", js_on_load=beside, **PLAIN)
    return Parts(address, new, search, listed, talk, banner, status, question, ask, halt, panel)


def _wire_asking(desk: Desk, pages: Pages, parts: Parts) -> None:
    async def on_ask(text: str | None, request: gr.Request) -> AsyncIterator[Changes]:
        async for changes in _stream(desk.ask(_page_of(pages, request), text or "")):
            yield changes

    async def on_button(request: gr.Request, event: gr.EventData) -> AsyncIterator[Changes]:
        async for changes in _stream(desk.ask_again(_page_of(pages, request), _sent(event))):
            yield changes

    async def on_stop(request: gr.Request) -> None:
        desk.stop(_page_of(pages, request))

    asked = [parts.question.submit, parts.ask.click]
    gr.on(asked, on_ask, parts.question, parts.shown, **EACH)
    for place in (parts.talk, parts.banner):
        place.ask(on_button, None, parts.shown, **EACH)
    parts.halt.click(on_stop, None, None, **QUIET)


def _wire_acts(desk: Desk, pages: Pages, parts: Parts) -> None:
    def on_act(request: gr.Request, event: gr.EventData) -> Changes:
        return _changes(desk.act(_page_of(pages, request), _sent(event)))

    def on_new(request: gr.Request) -> Changes:
        return _changes(desk.act(_page_of(pages, request), {"act": "new"}))

    def on_search(text: str | None, request: gr.Request) -> Changes:
        sent = {"act": "search", "text": text or ""}
        return _changes(desk.act(_page_of(pages, request), sent))

    for place in (parts.talk, parts.panel, parts.listed, parts.banner):
        place.act(on_act, None, parts.shown, **EACH)
    parts.new.click(on_new, None, parts.shown, **QUIET)
    parts.search.change(on_search, parts.search, parts.shown, trigger_mode="always_last", **QUIET)


def _wire_opening(desk: Desk, pages: Pages, parts: Parts) -> None:
    async def on_open(request: gr.Request, event: gr.EventData) -> AsyncIterator[Changes]:
        page, sent = _page_of(pages, request), _sent(event)
        reference = str(sent.get("reference"))
        async with page.opening:  # held until it is sent: what was clicked first comes first
            yield _changes(await asyncio.to_thread(desk.open, page, reference, sent.get("order")))
        if reference.startswith("open-"):  # a source is in view only once this has ended
            async for changes in _stream(desk.watch(page)):
                yield changes
        yield _changes(Update())  # as in `_stream`: a later click may have been answered since

    async def on_sync(request: gr.Request) -> AsyncIterator[Changes]:
        async for changes in _stream(desk.sync(_page_of(pages, request))):
            yield changes

    for place in (parts.talk, parts.panel, parts.listed):
        opened = place.open(on_open, None, parts.shown, **EACH)
        opened.then(None, js=_asset("reveal.js"), **QUIET)
    parts.panel.sync(on_sync, None, parts.shown, **QUIET)


def _page_of(pages: Pages, request: gr.Request) -> Page:
    """Return the page of a request: the gate has written its owner on it."""
    assert request.request is not None
    return pages.page(str(request.request.state.owner), str(request.session_hash))


def _sent(event: gr.EventData) -> dict[str, Any]:
    """Return what the browser chose to send."""
    sent = event._data
    return sent if isinstance(sent, dict) else {}


async def _stream(updates: AsyncGenerator[Update]) -> AsyncIterator[Changes]:
    """Yield the changes, and at last none: Gradio sends the last ones again when all is done."""
    async with aclosing(updates):
        async for update in updates:
            yield _changes(update)
    yield _changes(Update())


def _changes(update: Update) -> list[Any]:
    """Return what Gradio makes of an update, in the order of `Parts.shown`."""
    texts = [update.listed, update.talk, update.banner, update.status, update.question]
    is_running = update.is_running
    buttons = (None, None) if is_running is None else (not is_running, is_running)
    return [
        *(gr.skip() if text is None else str(text) for text in texts),
        *(
            gr.skip() if is_seen is None else gr.update(elem_classes=HERE if is_seen else AWAY)
            for is_seen in buttons
        ),
        gr.skip() if update.panel is None else str(update.panel),
    ]


def _asset(name: str) -> str:
    return files("assistant.serve.chat").joinpath(name).read_text(encoding="utf-8")
