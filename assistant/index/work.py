"""One sync's way from its plan to the catalog: read, parse, embed, write.

Passages are embedded in groups, by length across documents; a document is written when all of its
passages have vectors. Refuses nothing: every file is settled with its content or its reason.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from assistant.errors import DocumentUnreadable, Fault
from assistant.index.content import Content, Cutting, make_content
from assistant.index.embed import Embedder, PassageVectors
from assistant.index.intake import Intake, Taken
from assistant.index.plan import Moves, Plan
from assistant.index.settled import Known, Settled
from assistant.index.sketch import Sketches
from assistant.index.writer import Writer
from assistant.ingest.pool import Parsers
from assistant.values import DocumentId

GROUP_PASSAGES = 512
"""Passages that wait for each other, so that sorting them by length pays."""
REPORT_PASSAGES = 64
"""Passages embedded between two reports of progress."""

Report = Callable[[Literal["reading", "embedding"], int], None]
READ_AGAIN = {Fault.UNREADABLE, Fault.CHANGED}
"""What may be otherwise at the next sync although the file is the same."""


@dataclass(frozen=True, slots=True)
class _New:
    """A content that the index lacks, and the files that have it."""

    content: Content
    files: list[Taken]


class Work:
    """Applies one plan."""

    def __init__(
        self,
        writer: Writer,
        embedder: Embedder,
        parsers: Parsers,
        max_passage_tokens: int,
        report: Report,
    ) -> None:
        self._writer = writer
        self._embedder = embedder
        self._parsers = parsers
        self._cutting = Cutting(embedder.count_tokens, max_passage_tokens)
        self._report = report
        self._group: dict[str, _New] = {}
        self._moves = Moves((), {})
        self._n_settled = 0
        names = ("n_added", "n_changed", "n_moved", "n_removed", "n_unchanged")
        self.counts = dict.fromkeys(names, 0)
        self.n_embedded = 0

    def apply(self, plan: Plan, known: Mapping[DocumentId, Known], max_file_bytes: int) -> None:
        """Apply every difference between the files and the ledger."""
        self._moves = Moves(plan.gone, known)
        self.counts["n_unchanged"] = plan.n_unchanged
        for file in plan.refused:
            self._writer.skip(file.document_id, file.reason, Fault.UNREADABLE, Settled())
        contents = {one.content_id for one in known.values() if one.content_id}
        intake = Intake(self._parsers, max_file_bytes, contents)
        with closing(intake.take(plan.due)) as taken:
            for one in taken:
                self._report("reading", self._n_settled)
                if one is not None:
                    self._settle(intake, one)
                if sum(len(new.content.inputs) for new in self._group.values()) >= GROUP_PASSAGES:
                    self._embed()
        self._embed()
        self._report("reading", self._n_settled)
        self._writer.remove(plan.gone)
        self.counts["n_removed"] = len(plan.gone) - self.counts["n_moved"]

    @cached_property
    def _sketches(self) -> Sketches:
        """The texts that the index holds; looked at only when a new one comes."""
        return Sketches(self._writer.sketches())

    def _settle(self, intake: Intake, taken: Taken) -> None:
        """Settle the file when its content is known or cannot be had; else add it to the group."""
        source, name = taken.source, taken.due.file.document_id
        if taken.error is not None:
            self._skip(taken, taken.error)
            return
        assert source is not None
        content = source.content_id
        if content in self._group:
            self._group[content].files.append(taken)
        elif taken.parsed is None and self._writer.adopt(name, content, _settled(taken)):
            self._count(taken, content)
        else:
            try:
                parsed = taken.parsed or intake.parse(taken)
                made = make_content(source, parsed, self._cutting)
            except DocumentUnreadable as error:
                self._skip(taken, error)
                return
            self._group[content] = _New(made, [replace(taken, parsed=None)])

    def _embed(self) -> None:
        """Embed the group's passages, by length across its contents; write content by content."""
        group, self._group = list(self._group.values()), {}
        inputs = [given for new in group for given in new.content.inputs]
        order = sorted(range(len(inputs)), key=lambda i: -len(inputs[i].text))
        vectors: dict[int, PassageVectors] = {}
        for batch in _slices(order, REPORT_PASSAGES):
            n_near = int(len(vectors) / len(inputs) * len(group))
            self._report("embedding", self._n_settled + n_near)
            embedded = self._embedder.embed_passages([inputs[i] for i in batch])
            vectors.update(zip(batch, embedded, strict=True))
        first = 0
        for new in group:
            last = first + len(new.content.inputs)
            self._put(new, [vectors[i] for i in range(first, last)])
            first = last
        self.n_embedded += len(inputs)

    def _put(self, new: _New, vectors: Sequence[PassageVectors]) -> None:
        content = new.content
        near = self._sketches.near(content.sketch)
        for taken in new.files:
            name = taken.due.file.document_id
            self._writer.put(name, content, vectors, near, _settled(taken))
            self._count(taken, content.content_id)
        self._sketches.add(content.content_id, content.sketch)

    def _skip(self, taken: Taken, error: DocumentUnreadable) -> None:
        settled = _settled(taken)
        if error.fault in READ_AGAIN:
            settled = Settled(seconds=taken.seconds)
        self._writer.skip(taken.due.file.document_id, str(error), error.fault, settled)
        self._count(taken, None)

    def _count(self, taken: Taken, content: str | None) -> None:
        self._n_settled += 1
        known = taken.due.known
        if known is None:
            has_moved = content is not None and self._moves.take(content) is not None
            self.counts["n_moved" if has_moved else "n_added"] += 1
        else:
            self.counts["n_unchanged" if known.content_id == content else "n_changed"] += 1


def _settled(taken: Taken) -> Settled:
    return Settled(taken.due.stamp, taken.note, taken.seconds)


def _slices(order: Sequence[int], n: int) -> Iterator[Sequence[int]]:
    for first in range(0, len(order), n):
        yield order[first : first + n]
