"""The chat page as Gradio Blocks: layout and the wiring of its events.

All content is HTML from `render`, set as the plain value of `gr.HTML` and never as its template,
because Gradio evaluates a template's output as JavaScript. Nothing that a browser sends is trusted:
a request's session is looked up under the owner that `AccessMiddleware` has established.
"""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any, cast

import gradio as gr
from markupsafe import Markup

from assistant.answering import Answering
from assistant.serve.background import Admission
from assistant.serve.chat.actions import Chat
from assistant.serve.chat.asking import RunningAnswers
from assistant.serve.chat.corpus import Corpus
from assistant.serve.chat.feedback import FeedbackStore
from assistant.serve.chat.history import ConversationStore
from assistant.serve.chat.render import render_part
from assistant.serve.chat.sessions import SentPanel, Session, Sessions, Update
from assistant.serve.chat.views import Views
from assistant.show.wording import LANGUAGES, Wording, texts_of

MAX_EVENTS = 256
"""Events of all pages that may wait in Gradio's queue; questions have their own queue."""
MAX_CONCURRENT = 64
"""Events of one kind handled at the same time: most wait for an answer or read from disk."""

TITLE = "Ask your documents"
SCRIPTS = tuple(
    "around files follow header language links list menus panel renew reveal status text turning"
    " turns".split()
)
FONT = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "monospace")
UNSTYLED: dict[str, Any] = {"apply_default_css": False}
NO_PROGRESS: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
EVERY_CLICK: dict[str, Any] = NO_PROGRESS | {"trigger_mode": "multiple"}
"""By default Gradio drops a click that comes while an earlier one is handled."""
VISIBLE, HIDDEN = ["here"], ["away"]
"""CSS classes of a button. Gradio's `visible` creates it anew, which is slow: an older state may
arrive last."""
Changes = list[Any]


@dataclass(frozen=True, slots=True)
class Components:
    """The components that events read or write."""

    address: gr.Textbox
    new: gr.Button
    search: gr.Textbox
    conversations: gr.HTML
    conversation: gr.HTML
    ready: gr.HTML
    banner: gr.HTML
    status: gr.HTML
    question: gr.Textbox
    ask: gr.Button
    stop: gr.Button
    panel: gr.HTML
    examples: gr.HTML
    collections: gr.HTML

    @property
    def worded(self) -> list[Any]:
        """The components whose own words depend on the language."""
        return [self.new, self.search, self.question, self.ask, self.stop]

    @property
    def outputs(self) -> list[Any]:
        """The components that an `Update` may change."""
        outputs = [self.conversations, self.conversation, self.ready, self.banner, self.status]
        others = [self.panel, self.examples, self.collections]
        return [*outputs, self.question, self.ask, self.stop, *others]


def make_chat(
    assistant: Answering,
    conversations: ConversationStore,
    feedback: FeedbackStore,
    admission: Admission,
    ending: asyncio.Event,
) -> Chat:
    """Return the chat of an assistant; once `ending` is set, running work ends with a notice."""
    corpus = Corpus(assistant)
    views = Views(assistant, conversations, corpus)
    answers = RunningAnswers(assistant, conversations, views, admission, ending)
    return Chat(conversations, feedback, views, corpus, answers, ending)


def build_page(chat: Chat, collection: str = "") -> gr.Blocks:
    """Return the page of a collection, with its events wired to the chat."""
    sessions = Sessions()
    with gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as page:
        parts = _lay_out()
        _wire_asking(chat, sessions, parts)
        _wire_actions(chat, sessions, parts)
        _wire_opening(chat, sessions, parts)

        async def on_load(address: str, request: gr.Request) -> AsyncIterator[Changes]:
            session = _session_of(sessions, request)
            names = _readable(request)
            others = render_part("collections", names, collection, say=session.say)
            yield [*_changes(session, Update(collections=others)), *_word(session.say)]
            shown = await asyncio.to_thread(chat.load, session, address or "")
            if chat.answers.is_running(session):  # asked meanwhile: its own events are newer
                shown = replace(shown, conversation=None, conversations=None, is_running=None)
            said = [gr.skip()] * len(parts.worded)
            yield [*_changes(session, shown), *said]
            for updates in (chat.answers.watch(session), chat.follow_sync(session)):
                async for changes in _stream(session, updates):
                    yield [*changes, *said]

        # Only a script can read the address.
        address = "() => location.hash.slice(1)"
        everything = [*parts.outputs, *parts.worded]
        page.load(on_load, parts.address, everything, js=address, **NO_PROGRESS)

        def on_examples(request: gr.Request) -> Changes:
            session = _session_of(sessions, request)
            return _changes(session, chat.examples(session))

        page.load(on_examples, None, parts.outputs, **NO_PROGRESS)
    page.queue(max_size=MAX_EVENTS, default_concurrency_limit=MAX_CONCURRENT)
    return cast(gr.Blocks, page)


def page_options() -> dict[str, Any]:
    """Return the theme for the mount; nothing in it comes from another origin."""
    return {"theme": gr.themes.Base(font=FONT, font_mono=MONO)}


def list_script_texts() -> set[str]:
    """Return the texts of the page's scripts, and of what stands on it before they run."""
    scripts = "".join(_asset(f"{name}.js") for name in (*SCRIPTS, "shell"))
    said = re.findall(r"assistantSay\(\s*'((?:[^'\\]|\\.)*)'", scripts)
    parts = str(render_part("header")) + str(render_part("shell", *[""] * 7))
    return {*said, *re.findall(r'data-say(?:-[a-z-]+)?="([^"]+)"', parts)}


def write_language_script() -> str:
    """Return the script that says the page's words in its reader's language."""
    texts = json.dumps({"languages": [*LANGUAGES], "texts": texts_of(list_script_texts())})
    return _asset("language.js").replace("TEXTS", texts.replace("<", "\\u003c"))


def _word(say: Wording) -> list[Any]:
    """Return the words of `Components.worded` in a language, in their order."""
    search, ask = say("Search conversations"), say("Ask a question")
    return [
        gr.update(value=say("New conversation")),
        gr.update(label=search, placeholder=search),
        gr.update(label=say("Your question"), placeholder=ask),
        gr.update(value=say("Ask")),
        gr.update(value=say("Stop")),
    ]


def _lay_out() -> Components:
    links, menus = _asset("links.js"), _asset("menus.js")
    address = gr.Textbox(visible=False)
    gr.HTML(str(render_part("header")), js_on_load=_asset("header.js"), **UNSTYLED)
    with gr.Row(elem_id="desk"):
        with gr.Column(elem_id="nav", min_width=200):
            collections = gr.HTML("", elem_id="collections", **UNSTYLED)
            new = gr.Button("New conversation", elem_id="new")
            search = gr.Textbox(
                elem_id="search",
                label="Search conversations",
                placeholder="Search conversations",
                show_label=False,
                container=False,
            )
            conversations = gr.HTML(
                "", elem_id="listed", js_on_load=links + menus + _asset("list.js"), **UNSTYLED
            )
        with gr.Column(elem_id="talk", min_width=320):
            follow = (
                links
                + menus
                + _asset("renew.js")
                + _asset("turns.js")
                + _asset("follow.js")
                + _asset("around.js")
            )
            conversation = gr.HTML(
                "",
                html_template='<div class="said"></div>',
                elem_id="conversation",
                js_on_load=follow,
                **UNSTYLED,
            )
            examples = gr.HTML("", elem_id="examples", js_on_load=links, **UNSTYLED)
            with gr.Column(elem_id="composer"):
                status = gr.HTML("", elem_id="status", js_on_load=_asset("status.js"), **UNSTYLED)
                ready = gr.HTML("", elem_id="ready", **UNSTYLED)
                banner = gr.HTML("", elem_id="banner", js_on_load=links, **UNSTYLED)
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
                    stop = gr.Button("Stop", elem_id="stop", elem_classes=HIDDEN, min_width=88)
        with gr.Column(elem_id="side", min_width=320):
            names = ("renew", "panel")
            drawn = "".join(_asset(f"{name}.js") for name in names)
            used = "".join(_asset(f"{name}.js") for name in ("files", "turning", "text"))
            panel = gr.HTML(
                "",
                html_template='<div class="shown"></div>',
                elem_id="panel",
                js_on_load=drawn + links + menus + used,
                **UNSTYLED,
            )
    return Components(
        address,
        new,
        search,
        conversations,
        conversation,
        ready,
        banner,
        status,
        question,
        ask,
        stop,
        panel,
        examples,
        collections,
    )


def _wire_asking(chat: Chat, sessions: Sessions, parts: Components) -> None:
    async def on_ask(text: str | None, request: gr.Request) -> AsyncIterator[Changes]:
        session = _session_of(sessions, request)
        async for changes in _stream(session, chat.answers.ask(session, text or "")):
            yield changes

    async def on_button(request: gr.Request, event: gr.EventData) -> AsyncIterator[Changes]:
        session = _session_of(sessions, request)
        async for changes in _stream(session, chat.answers.ask_again(session, _payload(event))):
            yield changes

    async def on_stop(request: gr.Request) -> None:
        chat.answers.stop(_session_of(sessions, request))

    asked = [parts.question.submit, parts.ask.click]
    gr.on(asked, on_ask, parts.question, parts.outputs, **EVERY_CLICK)
    for place in (parts.conversation, parts.banner, parts.examples):
        place.ask(on_button, None, parts.outputs, **EVERY_CLICK)
    parts.stop.click(on_stop, None, None, **NO_PROGRESS)


def _wire_actions(chat: Chat, sessions: Sessions, parts: Components) -> None:
    def act(request: gr.Request, sent: dict[str, Any]) -> Changes:
        session = _session_of(sessions, request)
        return _changes(session, chat.act(session, sent))

    def on_act(request: gr.Request, event: gr.EventData) -> Changes:
        return act(request, _payload(event))

    def on_new(request: gr.Request) -> Changes:
        return act(request, {"act": "new"})

    def on_search(text: str | None, request: gr.Request) -> Changes:
        return act(request, {"act": "search", "text": text or ""})

    for place in (parts.conversation, parts.panel, parts.conversations, parts.banner):
        place.act(on_act, None, parts.outputs, **EVERY_CLICK)
    parts.new.click(on_new, None, parts.outputs, **NO_PROGRESS)
    parts.search.change(
        on_search, parts.search, parts.outputs, trigger_mode="always_last", **NO_PROGRESS
    )


def _wire_opening(chat: Chat, sessions: Sessions, parts: Components) -> None:
    async def on_open(request: gr.Request, event: gr.EventData) -> AsyncIterator[Changes]:
        session, sent = _session_of(sessions, request), _payload(event)
        reference = str(sent.get("reference"))
        async with session.opening:  # until it is sent, so that clicks are answered in order
            opened = await asyncio.to_thread(chat.open, session, reference, sent.get("order"))
            yield _changes(session, opened)
        if reference.startswith("open-"):  # not for a source: it is revealed when this ends
            async for changes in _stream(session, chat.answers.watch(session)):
                yield changes
        yield _changes(session, Update())  # see `_stream`

    async def on_follow(request: gr.Request) -> AsyncIterator[Changes]:
        session = _session_of(sessions, request)
        yield _changes(session, await asyncio.to_thread(chat.follow, session))
        if not session.n_watching:
            async for changes in _stream(session, chat.answers.watch(session)):
                yield changes
        yield _changes(session, Update())  # see `_stream`

    async def on_sync(request: gr.Request) -> AsyncIterator[Changes]:
        session = _session_of(sessions, request)
        async for changes in _stream(session, chat.sync(session)):
            yield changes

    for place in (parts.conversation, parts.panel, parts.conversations):
        opened = place.open(on_open, None, parts.outputs, **EVERY_CLICK)
        opened.then(None, js=_asset("reveal.js"), **NO_PROGRESS)
    parts.conversation.follow(on_follow, None, parts.outputs, **NO_PROGRESS)
    parts.panel.sync(on_sync, None, parts.outputs, **EVERY_CLICK)


def _session_of(sessions: Sessions, request: gr.Request) -> Session:
    """Return the session of a request, whose owner and language `AccessMiddleware` has set."""
    assert request.request is not None
    state = request.request.state
    session = sessions.get(str(state.owner), str(request.session_hash))
    session.say = Wording(state.language)
    return session


def _readable(request: gr.Request) -> tuple[str, ...]:
    """Return the collections that the one who asks may read, as `AccessMiddleware` found them."""
    assert request.request is not None
    return tuple(request.request.state.collections)


def _payload(event: gr.EventData) -> dict[str, Any]:
    """Return what the browser sent with an event; untrusted."""
    sent = event._data
    return sent if isinstance(sent, dict) else {}


async def _stream(session: Session, updates: AsyncGenerator[Update]) -> AsyncIterator[Changes]:
    """Yield the changes, and an empty one at the end: Gradio sends the last one twice."""
    async with aclosing(updates):
        async for update in updates:
            yield _changes(session, update)
    yield _changes(session, Update())


def _changes(session: Session, update: Update) -> list[Any]:
    """Return an update as Gradio's outputs, in the order of `Components.outputs`."""
    texts = [
        update.conversations,
        update.conversation,
        update.ready,
        update.banner,
        update.status and session.say.retell(update.status),
        update.question,
    ]
    is_running = update.is_running
    buttons = (None, None) if is_running is None else (not is_running, is_running)
    return [
        *(gr.skip() if text is None else str(text) for text in texts),
        *(
            gr.skip()
            if is_visible is None
            else gr.update(elem_classes=VISIBLE if is_visible else HIDDEN)
            for is_visible in buttons
        ),
        gr.skip() if update.panel is None else _send_panel(session, update.panel),
        gr.skip() if update.examples is None else str(update.examples),
        gr.skip() if update.collections is None else str(update.collections),
    ]


def _send_panel(session: Session, panel: Markup) -> str:
    """Return the panel as it is sent: while a sync runs, what has changed since it was last sent.

    The page asks for the whole if it does not hold what that is based on (`panel.js`).
    """
    before, session.sent = session.sent, None
    if not session.is_following:
        return str(panel)
    number = before.number + 1 if before else 1
    session.sent = SentPanel(number, tuple(panel.split("\n")))
    changes = session.sent.since(before) if before else None
    if before is None or changes is None:
        return f'<i hidden data-number="{number}"></i>\n{panel}'
    said = Markup('<i data-base="{}" data-number="{}" data-changes="{}"></i>')
    return str(said.format(before.number, number, changes))


def _asset(name: str) -> str:
    return files("assistant.serve.chat").joinpath(name).read_text(encoding="utf-8")
