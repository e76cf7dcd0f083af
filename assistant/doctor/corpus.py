"""The corpus folder -> findings, by names and sizes alone: no file is opened.

Refuses nothing: a folder that is missing or cannot be listed is a problem.
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from assistant.doctor.findings import Finding, count, ok, problem, warning
from assistant.errors import CorpusError
from assistant.ingest.sniff import SUFFIXES
from assistant.ingest.walk import FoundFile, SkippedFile, walk
from assistant.settings import Settings

SUBJECT = "corpus"
MAX_NAMED = 5


def examine_corpus(settings: Settings) -> Iterator[Finding]:
    """Yield what is found of the folder of documents."""
    folder = settings.corpus_dir
    try:
        entries = list(walk(folder, settings.index_dir))
    except CorpusError as error:
        yield problem(SUBJECT, str(error), f"mkdir -p {str(folder)!r}, or --corpus FOLDER")
        return
    found = [one for one in entries if isinstance(one, FoundFile)]
    if not found:
        yield warning(SUBJECT, f"no files in {str(folder)!r}", "put documents into it")
    else:
        n_bytes = sum(one.size for one in found)
        yield ok(
            SUBJECT, f"{count(len(found), 'file')} in {str(folder)!r}, {n_bytes / 1e6:,.1f} MB"
        )
    yield from _judge_kinds(found)
    yield from _judge_sizes(found, settings.max_file_bytes)
    yield from _judge_entries([one for one in entries if isinstance(one, SkippedFile)])
    if not os.access(folder, os.W_OK):
        yield warning(
            SUBJECT,
            "this user may not write into it: the chat cannot add files",
            f"chmod u+w {str(folder)!r}",
        )


def _judge_kinds(found: Sequence[FoundFile]) -> Iterator[Finding]:
    suffixes = [PurePosixPath(one.document_id).suffix.lower() for one in found]
    other = Counter(suffix or "no suffix" for suffix in suffixes if suffix not in SUFFIXES)
    if other:
        named = ", ".join(f"{n:,} {suffix}" for suffix, n in other.most_common(MAX_NAMED))
        more = len(other) - MAX_NAMED
        named += f" and {more} more kinds" if more > 0 else ""
        yield ok(
            SUBJECT, f"{count(other.total(), 'file')} skipped unless they hold plain text: {named}"
        )


def _judge_sizes(found: Sequence[FoundFile], max_bytes: int) -> Iterator[Finding]:
    large = [one for one in found if one.size > max_bytes]
    if large:
        largest = max(large, key=lambda one: one.size)
        yield warning(
            SUBJECT,
            f"{count(len(large), 'file')} skipped as larger than {max_bytes:,} bytes, such as "
            f"{largest.document_id!r}",
            f"part them, or set max_file_bytes to {largest.size} or more",
        )


def _judge_entries(skipped: Sequence[SkippedFile]) -> Iterator[Finding]:
    for reason, n in Counter(one.reason for one in skipped).most_common(MAX_NAMED):
        first = next(one.document_id for one in skipped if one.reason == reason)
        told = f"{n:,} skipped, such as {first!r}: {reason}"
        if reason.startswith("cannot be read"):
            yield warning(SUBJECT, told, "let this user read it")
        else:
            yield ok(SUBJECT, told)
