"""The pages that are open in browsers, and what changes on them.

A page is known by its session, which the browser made up, and belongs to the owner who came with it
first: the same session of another owner is another page.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from markupsafe import Markup

from assistant.values import DocumentId

MAX_PAGES = 10_000
"""Open pages remembered; the one that was used longest ago is forgotten first."""
DOCUMENTS = "close"
"""The reference of the list of documents."""


@dataclass(slots=True)
class Page:
    """What one open page shows now: a conversation, and a source or the documents beside it.

    `only` are the documents that it asks; `replaces` is the turn whose question is being edited;
    `n_opened` counts what was opened beside it, one after the other (`opening`); `search` is what
    its list of conversations is searched for.
    """

    owner: str
    conversation_id: str | None = None
    reference: str = DOCUMENTS
    n_opened: int = 0
    only: frozenset[DocumentId] = frozenset()
    replaces: int | None = None
    search: str = ""
    opening: asyncio.Lock = field(default_factory=asyncio.Lock, compare=False)


@dataclass(frozen=True, slots=True)
class Update:
    """What changes on a page; None leaves a part as it is."""

    talk: Markup | None = None
    status: str | None = None
    question: str | None = None
    is_running: bool | None = None
    listed: Markup | None = None
    panel: Markup | None = None
    banner: Markup | None = None


class Pages:
    """The open pages by session."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, Page] = OrderedDict()

    def page(self, owner: str, session: str) -> Page:
        """Return the owner's page of a session, a new one when there is none."""
        page = self._pages.get(session)
        if page is None or page.owner != owner:
            page = self._pages[session] = Page(owner)
        self._pages.move_to_end(session)
        if len(self._pages) > MAX_PAGES:
            self._pages.popitem(last=False)
        return page
