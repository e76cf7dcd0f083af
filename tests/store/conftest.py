"""What tests of the index may use besides: children to be killed, and quick parsers."""

from collections.abc import Iterator

import pytest
from store.zygote import InlineParsers
from torture import Zygote

from assistant.store import sync as syncing


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    with Zygote(tmp_path_factory.mktemp("zygote")) as started:
        yield started


@pytest.fixture
def inline_parsers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files be parsed in this process, which saves the start of others."""
    monkeypatch.setattr(syncing, "Parsers", InlineParsers)
