"""`assistant chat`: the page opens at once, while files are read, until the chat is stopped.

An index that was made by another version, or with another model, is set aside by `upgrade`, which
returns what answers from it while a sync makes the new one: any assistant as the surfaces know it.
Where this version cannot read the former index, or its model is gone, answers come from what of the
new one is ready, as at the first sync. A process that is killed goes on at its next start.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.answering import Answering, Collection, lay_over
from assistant.cli.index import RunningSync, require_index
from assistant.cli.terminal import say, write_json
from assistant.errors import (
    AssistantError,
    IndexDamaged,
    IndexMismatch,
    IndexMissing,
    IndexReadOnly,
    SettingsError,
)
from assistant.settings import LOOPBACK, Settings
from assistant.show.provenance import name_model

if TYPE_CHECKING:
    from assistant.pipeline import Assistant
    from assistant.store.sync import Progress, SyncReport

logger = logging.getLogger(__name__)


def run_chat(opened: Mapping[str, "Assistant"], *, must_have_users: bool, as_json: bool) -> None:
    """Serve the chat of all collections until it is stopped; the one folder without any is ""."""
    settings = next(iter(opened.values())).settings
    if must_have_users and not settings.users:
        raise SettingsError(
            "--auth needs users: set them in assistant.toml, as a [users] table of names and "
            "passwords, or as ASSISTANT_USERS__NAME=password"
        )
    if not (settings.users or settings.tokens) and settings.host not in LOOPBACK:
        say(f"warning: everybody who reaches {settings.host} can ask and add files; set users")
    served, sync = _begin(opened)
    if model := name_model(next(iter(opened.values())).language_model):
        say(f"answers are written by {model}, and checked against the quotes that they cite")
    say("starting the chat")
    from assistant.serve.app import serve

    def tell(address: str) -> None:
        said = "; it answers from what has been read by then" if sync and sync.is_alive else ""
        say(f"the chat is at {address} (stop it with Ctrl-C){said}")
        if as_json:
            write_json({"address": address}, is_line=True)

    try:
        whole = served if settings.collections else served[0].assistant
        serve(whole, settings.host, settings.port, ready=tell)
    finally:
        if sync:
            sync.stop()


def _begin(opened: Mapping[str, "Assistant"]) -> tuple[list[Collection], RunningSync | None]:
    """Return what is served, and the sync that makes it newer; none where nothing can be written.

    Raises:
        AssistantError: the only folder, or its index, cannot be used.
    """
    served: list[Collection] = []
    syncing: list[Assistant] = []
    for name, assistant in opened.items():
        answering: Answering = assistant
        try:
            answering = upgrade(assistant)
            syncing.append(assistant)
        except IndexReadOnly as error:
            require_index(assistant)
            say(f"{error}")
        except AssistantError as error:
            if len(opened) == 1:
                raise
            say(f"{name}: {error}")
        table = assistant.settings.collections.get(name)
        readers = None if table is None or table.readers is None else frozenset(table.readers)
        served.append(Collection(name, answering, readers))
    sync = RunningSync(syncing)
    try:
        sync.begin()
    except IndexReadOnly as error:
        require_index(syncing[0])
        say(f"{error}")
        return served, None
    return served, sync


def upgrade(assistant: "Assistant") -> Answering:
    """Set an index aside that was made differently; return what answers until it is replaced.

    Raises:
        IndexLocked: another process is writing the index.
        IndexMismatch: it is on a server, where a rebuild has to be asked for.
        IndexReadOnly: nothing can be written beside it.
        StoreError: the disk does not let it be moved.
    """
    from assistant.store.sync import forget_former, set_former_aside

    settings = assistant.settings
    try:
        with assistant.index.open():
            pass
    except IndexMismatch as error:
        if settings.index_url:  # others may read it; a rebuild replaces it when it is done
            raise
        say(f"{str(error).partition('. Make it')[0]}; it is made anew")
        set_former_aside(settings)
    except (IndexMissing, IndexDamaged):  # the sync sees to it
        pass
    if assistant.index.exists:
        forget_former(settings.index_dir)
        return assistant
    former = _open_former(assistant)
    if former is None:
        return assistant
    say("the former index answers until then")
    upgrading = _Upgrading(assistant, former)
    return lay_over(upgrading, upgrading.find_present)


def _open_former(assistant: "Assistant") -> "Assistant | None":
    """Return an assistant of the former index; None where there is none that can be read."""
    from assistant.evidence.scorer import open_scorer
    from assistant.models.embed import open_embedder
    from assistant.pipeline import Assistant
    from assistant.store.index import Index
    from assistant.store.sync import FORMER_FOLDER, read_former

    settings = assistant.settings
    try:
        if (config := read_former(settings.index_dir)) is None:
            return None
        made: Settings = settings.model_copy(
            update={
                "index_dir": settings.index_dir / FORMER_FOLDER,
                "embedding_model": config.model,
            }
        )
        embedder = assistant.embedder
        if embedder.fingerprint != config.fingerprint:
            embedder = open_embedder(config.model, settings.cache_dir)
        if embedder.fingerprint != config.fingerprint:
            return None
        is_same = embedder is assistant.embedder
        scorer = assistant.judge.scorer if is_same else open_scorer(made, embedder)
        former = Assistant(made, embedder, scorer)
        former.index = Index(made, embedder, config)
        former.writer = assistant.writer
        return former if former.index.exists else None
    except AssistantError as error:
        logger.warning("the former index cannot be read: %s", error)
        return None


class _Upgrading:
    """What is the new index's own while the former one answers, until it has been in step once."""

    def __init__(self, assistant: "Assistant", former: "Assistant") -> None:
        self._assistant = assistant
        self._former: Assistant | None = former
        self.settings = assistant.settings
        self.language_model = assistant.language_model
        self.stop_sync = assistant.stop_sync

    def find_present(self) -> "Assistant":
        """Return the assistant of the index that answers."""
        former = self._former
        if former is None:
            return self._assistant
        if not self._assistant.index.exists:
            return former
        from assistant.store.sync import forget_former

        self._former = None
        forget_former(self.settings.index_dir)
        return self._assistant

    @property
    def is_upgrading(self) -> bool:
        """Whether the former index answers."""
        return self.find_present() is not self._assistant

    @property
    def progress(self) -> "Progress | None":
        """How far the sync is that makes the new index."""
        progress = self._assistant.progress
        return replace(progress, is_upgrade=self.is_upgrading) if progress else None

    def sync(self, *, on_progress: Callable[["Progress"], None] = lambda _: None) -> "SyncReport":
        """Bring the new index in step."""
        return self._assistant.sync(on_progress=on_progress)
