"""Partitions give back what was packed, and nothing that was changed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from corpora import FILES
from hashing import HashingEmbedder
from hypothesis import given
from hypothesis import strategies as st

from assistant.ingest.formats.parsed import DEFAULT_LIMITS
from assistant.ingest.parse import parse
from assistant.ingest.sniff import media_type
from assistant.models.embed import embed_in_batches
from assistant.store.content import FileVersion, make_content
from assistant.store.partitions import EmbeddedContent, PartitionFolder, pack, unpack
from assistant.values import DocumentId, SeenWord
from evals.mixed import MAKERS, make_files

SUFFIXES = list(MAKERS)


def embed(name: str, data: bytes) -> tuple[FileVersion, EmbeddedContent]:
    """Parse, split and embed a file, as a worker does."""
    kind, _ = media_type(DocumentId(name), data)
    version, embedder = FileVersion.of(DocumentId(name), data, kind), HashingEmbedder()
    parsed = parse(data, kind, DEFAULT_LIMITS)
    parsed = replace(parsed, words=(SeenWord(0, 2, 1, 0.1, 0.2, 0.3, 0.4, 0.95),))
    content = make_content(version, parsed, count_tokens=embedder.count_tokens, max_tokens=64)
    return version, EmbeddedContent(content, embed_in_batches(embedder, content.inputs), 0.25)


RIVERS = embed("rivers.txt", FILES["rivers.txt"].encode())
PACKED = pack(RIVERS[1])


@pytest.mark.parametrize("n", range(len(SUFFIXES)), ids=SUFFIXES)
def test_what_is_packed_is_unpacked(n: int) -> None:
    suffix, data = list(make_files(len(SUFFIXES), seed=5))[n]
    version, embedded = embed(f"file{suffix}", data)
    again = unpack(pack(embedded), version)
    assert again.content == replace(embedded.content, inputs=())
    assert again.seconds == embedded.seconds
    for one, other in zip(again.vectors, embedded.vectors, strict=True):
        assert np.array_equal(one.passage, other.passage)
        assert np.array_equal(one.sentences.astype(np.float16), other.sentences.astype(np.float16))


def test_the_same_content_is_packed_alike_and_unpacked_as_that_of_a_copy() -> None:
    version, embedded = RIVERS
    assert pack(embedded) == PACKED
    copy = replace(version, document_id=DocumentId("copy.txt"))
    content = unpack(PACKED, copy).content
    assert content.document == replace(embedded.content.document, document_id=copy.document_id)


@given(st.integers(0, len(PACKED) - 1), st.integers(1, 255))
def test_no_changed_byte_is_taken(place: int, change: int) -> None:
    changed = bytearray(PACKED)
    changed[place] ^= change
    with pytest.raises(ValueError, match="not what was written"):
        unpack(bytes(changed), RIVERS[0])


def test_a_folder_finds_only_what_was_made_the_same_way_and_is_whole(tmp_path: Path) -> None:
    version, embedded = RIVERS
    folder = PartitionFolder(tmp_path, "one way")
    assert folder.find(version.content_id) is None
    kept = folder.keep(version.content_id, PACKED)
    assert folder.find(version.content_id) == kept
    assert kept.read(version).content == replace(embedded.content, inputs=())
    assert PartitionFolder(tmp_path, "another way").find(version.content_id) is None
    kept.path.write_bytes(PACKED[:-1])
    assert folder.find(version.content_id) is None
