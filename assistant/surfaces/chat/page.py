"""The chat as Gradio Blocks: layout and wiring, nothing else.

Comes in: the assistant. Goes out: Blocks to mount. Everything shown is HTML made by
`surfaces.render`, set as the plain value of `gr.HTML`: never a template, whose output
Gradio evaluates as JavaScript. The turns live in `gr.State`, on the server.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Generator
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, cast

import gradio as gr

from assistant.surfaces.chat.conversation import Turn, View, converse, render_conversation, stop
from assistant.surfaces.chat.role import Answering
from assistant.surfaces.chat.sources import list_documents, show

MAX_WAITING = 32
"""Events in the queue; beyond it Gradio says that it is busy. About a minute of answers."""
ASKING_AT_ONCE = 2
"""Answers computed at the same time: each keeps a core busy."""
OPENING_AT_ONCE = 8
"""Sources opened at the same time: a read from the catalog."""

TITLE = "Ask your documents"
HEADER = """<header class="masthead"><h1>Ask your documents</h1>
<p>Every sentence of an answer rests on an exact quote, one click away.
What the documents do not say is not answered.</p></header>"""
WELCOME = """<div class="welcome"><p>Ask a question about the documents listed here.</p>
<p>Each answer carries small numbers. A number opens its source at the very words it quotes.</p>
</div>"""
FONT = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "monospace")
PLAIN: dict[str, Any] = {"apply_default_css": False}
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True, slots=True)
class Parts:
    """The components of the page that events read or write."""

    turns: gr.State
    said: gr.HTML
    status: gr.HTML
    question: gr.Textbox
    ask: gr.Button
    halt: gr.Button
    panel: gr.HTML


def build_chat(assistant: Answering) -> gr.Blocks:
    """Return the chat page over an assistant."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        parts = _lay_out()
        _wire_asking(assistant, parts)
        _wire_opening(assistant, parts)
        page.load(lambda: list_documents(assistant), None, parts.panel, **QUIET)
    page.queue(max_size=MAX_WAITING, default_concurrency_limit=OPENING_AT_ONCE)
    return cast(gr.Blocks, page)


def page_options() -> dict[str, Any]:
    """Return what the mount needs: theme and styles, without anything from another origin."""
    theme = gr.themes.Base(font=FONT, font_mono=MONO)
    # In the head, because Gradio rewrites the selectors of what is given as `css`.
    return {"theme": theme, "head": f"<style>{_asset('page.css')}</style>"}


def _lay_out() -> Parts:
    turns = gr.State(())
    gr.HTML(HEADER, js_on_load=None, **PLAIN)
    with gr.Row(elem_id="desk"):
        with gr.Column(elem_id="talk", min_width=320):
            follow = _asset("links.js") + _asset("follow.js")
            said = gr.HTML(WELCOME, elem_id="conversation", js_on_load=follow, **PLAIN)
            with gr.Column(elem_id="composer"):
                status = gr.HTML("", elem_id="status", js_on_load=_asset("status.js"), **PLAIN)
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
                    halt = gr.Button("Stop", elem_id="stop", visible=False, min_width=88)
        with gr.Column(elem_id="side", min_width=320):
            panel = gr.HTML("", elem_id="panel", js_on_load=_asset("links.js"), **PLAIN)
    return Parts(turns, said, status, question, ask, halt, panel)


def _wire_asking(assistant: Answering, parts: Parts) -> None:
    max_chars = assistant.settings.max_question_chars

    def updates(view: View) -> dict[Any, Any]:
        return {
            parts.turns: view.turns,
            parts.said: render_conversation(view, max_chars) or WELCOME,
            parts.status: view.status,
            parts.ask: gr.update(visible=not view.running),
            parts.halt: gr.update(visible=view.running),
        }

    async def on_ask(text: str | None, held: tuple[Turn, ...]) -> AsyncIterator[dict[Any, Any]]:
        async for view in _aside(converse(assistant, text or "", held)):
            cleared = {parts.question: ""} if view.running else {}
            yield updates(view) | cleared

    def on_stop(held: tuple[Turn, ...]) -> dict[Any, Any]:
        return updates(stop(held))

    outputs = [parts.turns, parts.said, parts.status, parts.question, parts.ask, parts.halt]
    asking = gr.on(
        [parts.question.submit, parts.ask.click],
        on_ask,
        [parts.question, parts.turns],
        outputs,
        concurrency_limit=ASKING_AT_ONCE,
        **QUIET,
    )
    parts.halt.click(on_stop, parts.turns, outputs, cancels=[asking], **QUIET)


def _wire_opening(assistant: Answering, parts: Parts) -> None:
    def on_open(held: tuple[Turn, ...], event: gr.EventData) -> str:
        sent = event._data  # whatever the browser chose to send
        reference = sent.get("reference") if isinstance(sent, dict) else None
        return show(assistant, str(reference), held)

    for place in (parts.said, parts.panel):
        opened = place.open(on_open, parts.turns, parts.panel, **QUIET)
        opened.then(None, js=_asset("reveal.js"), **QUIET)


async def _aside(views: Generator[View]) -> AsyncIterator[View]:
    """Yield what a blocking generator gives, running it in one thread of its own.

    A cancel arrives at once and leaves the thread behind, which ends after its running
    step. Given the generator itself, Gradio would answer a cancel only then.
    """
    loop = asyncio.get_running_loop()
    given: asyncio.Queue[View | None] = asyncio.Queue()
    left = threading.Event()

    def put(view: View | None) -> None:
        with suppress(RuntimeError):  # the loop has closed: nobody waits any more
            loop.call_soon_threadsafe(given.put_nowait, view)

    def run() -> None:
        with closing(views):
            for view in views:
                if left.is_set():
                    break
                put(view)
        put(None)

    threading.Thread(target=run, daemon=True).start()
    try:
        while (view := await given.get()) is not None:
            yield view
    finally:
        left.set()


def _asset(name: str) -> str:
    return files("assistant.surfaces.chat").joinpath(name).read_text(encoding="utf-8")
