"""An index that was made otherwise is refused, with both makings named, until it is made anew."""

from collections.abc import Callable
from typing import Any

import pytest
from hashing import HashingEmbedder

from assistant.errors import IndexMismatch
from assistant.pipeline import Assistant
from assistant.settings import DEFAULT_MODEL, Settings
from assistant.store import catalog, index
from assistant.store import sync as syncing

QUESTION = "Where does the Danube rise?"
OTHERS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, str, str]]] = {
    "another model of the same dimension": (
        {"fingerprint": "other-model 64"},
        {"embedding_model": "other-model"},
        ("model", repr(DEFAULT_MODEL), "'other-model'"),
    ),
    "another model of another dimension": (
        {"fingerprint": "wide-model 96", "dimension": 96},
        {"embedding_model": "wide-model"},
        ("model", repr(DEFAULT_MODEL), "'wide-model'"),
    ),
    "the same vectors under another name": (
        {},
        {"embedding_model": "x"},
        ("model", repr(DEFAULT_MODEL), "'x'"),
    ),
    "the same model with altered weights": (
        {"fingerprint": "altered"},
        {},
        ("fingerprint", "'hashing'", "'altered'"),
    ),
    "another limit of passages": (
        {},
        {"max_passage_tokens": 32},
        ("max_passage_tokens", "'128'", "'32'"),
    ),
    "a model that reads less": ({"max_tokens": 48}, {}, ("max_passage_tokens", "'128'", "'48'")),
}
USES: tuple[Callable[[Assistant], object], ...] = (
    Assistant.sync,
    Assistant.check,
    Assistant.documents,
    lambda assistant: assistant.document("rivers.txt"),
    lambda assistant: assistant.search("Danube"),
    lambda assistant: assistant.ask(QUESTION),
)


def require_refused(assistant: Assistant, named: tuple[str, ...]) -> None:
    inode = catalog.find_inode(assistant.settings.index_dir)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(index, "rebuild_damaged", lambda *_: pytest.fail("taken for damage"))
        for use in USES:
            with pytest.raises(IndexMismatch) as caught:
                use(assistant)
            assert all(name in str(caught.value) for name in (*named, "assistant index --rebuild"))
    assert catalog.find_inode(assistant.settings.index_dir) == inode, "nothing is made by itself"
    assistant.sync(rebuild=True)
    assert assistant.check() == ()
    assert assistant.ask(QUESTION).citations[0].quote == "The Danube rises in the Black Forest."


@pytest.mark.parametrize(("other", "given", "named"), OTHERS.values(), ids=OTHERS)
def test_an_index_made_otherwise_is_refused_until_it_is_made_anew(
    assistant: Assistant,
    settings: Settings,
    other: dict[str, Any],
    given: dict[str, Any],
    named: tuple[str, ...],
) -> None:
    assistant.sync()
    with Assistant(settings.model_copy(update=given), HashingEmbedder(**other)) as changed:
        require_refused(changed, named)


@pytest.mark.parametrize(
    ("owner", "name", "named"),
    [
        (syncing, "SPLITTER_VERSION", ("splitter", "'12'", "'13'")),
        (catalog, "SCHEMA_VERSION", ("schema", "'7'", "'8'")),
    ],
    ids=["another splitter", "another schema"],
)
def test_an_index_of_another_program_is_refused_until_it_is_made_anew(
    assistant: Assistant,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    named: tuple[str, ...],
) -> None:
    assistant.sync()
    monkeypatch.setattr(owner, name, getattr(owner, name) + 1)
    with Assistant(settings, HashingEmbedder()) as changed:
        require_refused(changed, named)
