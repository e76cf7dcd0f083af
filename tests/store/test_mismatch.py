"""An index that was made otherwise is refused, with both makings named, until it is made anew."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hashing import HashingEmbedder

from assistant.errors import IndexMismatch
from assistant.pipeline import Assistant
from assistant.settings import Settings
from assistant.store import catalog
from assistant.store import sync as recover
from assistant.store import sync as syncing

QUESTION = "Where does the Danube rise?"
OTHERS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, str, str]]] = {
    "another model of the same dimension": (
        {"fingerprint": "other-model 64"},
        {"embedding_model": "other-model"},
        ("model", "'all-MiniLM-L6-v2'", "'other-model'"),
    ),
    "another model of another dimension": (
        {"fingerprint": "wide-model 96", "dimension": 96},
        {"embedding_model": "wide-model"},
        ("model", "'all-MiniLM-L6-v2'", "'wide-model'"),
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
    "a model that reads less": (
        {"max_tokens": 48},
        {},
        ("max_passage_tokens", "'128'", "'48'"),
    ),
}
Use = Callable[[Assistant], object]
USES: dict[str, Use] = {
    "sync": Assistant.sync,
    "check": Assistant.check,
    "documents": Assistant.documents,
    "document": lambda assistant: assistant.document("rivers.txt"),
    "search": lambda assistant: assistant.search("Danube"),
    "ask": lambda assistant: assistant.ask(QUESTION),
}


def require_refused(assistant: Assistant, named: tuple[str, ...]) -> None:
    inode = catalog.find_inode(assistant.settings.index_dir)
    for use in USES.values():
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
        (syncing, "SPLITTER_VERSION", ("splitter", "'2'", "'3'")),
        (catalog, "SCHEMA_VERSION", ("schema", "'4'", "'5'")),
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


def test_a_mismatch_is_not_damage(
    assistant: Assistant, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant.sync()

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("an index that is whole was made anew")

    monkeypatch.setattr(recover, "rebuild_damaged", fail)
    config = syncing.index_config_of(HashingEmbedder(), settings)
    assert replace(config, model="x").facts() != config.facts()
    with Assistant(settings, HashingEmbedder(fingerprint="x")) as changed:
        for use in USES.values():
            with pytest.raises(IndexMismatch):
                use(changed)
