"""Files are read and embedded in the workers of a Ray cluster, one file a task.

The process that syncs reads each file once and sends its bytes: a worker needs no view of the
folder, and can embed no other bytes than those that were digested. What comes back is a partition.
A task whose worker or machine was lost is given to another one. The index is written here alone.

No other module imports ray. What it raises becomes a `SettingsError` or an `AssistantError` that
tells what to do. Without an address a Ray is started on this machine for the length of the sync,
which listens on the loopback interface only; neither sends anything about its use.
"""

import json
import logging
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from assistant.errors import (
    AssistantError,
    DocumentUnreadable,
    EmbedderMissing,
    Fault,
    SettingsError,
)
from assistant.ingest.formats.parsed import Limits
from assistant.ingest.office import find_office
from assistant.ingest.pool import Parsers
from assistant.models.embed import Embedder, embed_in_batches, open_embedder
from assistant.settings import LOCAL_RAY, Settings
from assistant.store.catalog import IndexConfig
from assistant.store.content import SPLITTER_VERSION, FileVersion, make_content
from assistant.store.partitions import EmbeddedContent, Partition, PartitionFolder, pack

if TYPE_CHECKING:
    from types import ModuleType

AHEAD_PER_WORKER = 2
"""Tasks for each processor of the cluster, so that none waits for the next file."""
N_AHEAD = 10_000
"""Files that may be finished before their turn: they wait on the disk."""
TRIES = 8
"""After so many lost workers it is the file that they were lost by."""
WAIT_S = 0.25
ANSWER_S = 5.0
TEMPORARY = "/tmp"
"""Where a local Ray keeps its sockets, whose paths may not be longer than 107 bytes."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker needs to know: how an index is made. No secret, and no path of the folder.

    Jobs of one `key` are equal.
    """

    key: str
    config: IndexConfig = field(compare=False)
    limits: Limits = field(compare=False)
    office: str = field(compare=False)
    open_embedder: Callable[[], Embedder] = field(compare=False)

    @classmethod
    def of(cls, settings: Settings, config: IndexConfig, limits: Limits) -> "Job":
        """Return the job of an index that is made so."""
        given = settings.embedding_model, settings.cache_dir
        key = json.dumps([config.facts(), asdict(limits), settings.office, *map(str, given)])
        return cls(key, config, limits, settings.office, partial(open_embedder, *given, 1))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a worker made nothing of a file; without a fault, why it can make nothing of any."""

    reason: str
    fault: Fault | None = None


def make_partition(job: Job, version: FileVersion, data: bytes) -> bytes | Refusal:
    """Return a file parsed, split and embedded, as the bytes of a partition: what a worker does."""
    try:
        parsers, embedder = _open_tools(job)
    except EmbedderMissing as error:
        return Refusal(str(error))
    started = time.perf_counter()
    try:
        parsed = parsers.parse(data, version.media_type)
        seconds = time.perf_counter() - started
        content = make_content(
            version,
            parsed,
            count_tokens=embedder.count_tokens,
            max_tokens=job.config.max_passage_tokens,
        )
    except DocumentUnreadable as error:
        return Refusal(str(error), error.fault)
    vectors = embed_in_batches(embedder, content.inputs)
    return pack(EmbeddedContent(content, vectors, seconds))


@lru_cache(maxsize=1)
def _open_tools(job: Job) -> tuple[Parsers, Embedder]:
    """Return what a worker reads and embeds with, for as long as it lives.

    Raises:
        EmbedderMissing: it has another model, or none.
    """
    embedder, wanted = job.open_embedder(), job.config
    if (embedder.fingerprint, SPLITTER_VERSION) != (wanted.fingerprint, wanted.splitter):
        raise EmbedderMissing(
            f"it has another version of {wanted.model!r} or of the assistant; install the same on "
            "every machine of the cluster"
        )
    return Parsers(replace(job.limits, office=find_office(job.office))), embedder


class RayParsing:
    """Has files read and embedded by the workers of a cluster that is connected."""

    def __init__(self, settings: Settings, job: Job, n_files: int) -> None:
        ray = self._ray = _load_ray()
        self.n_files, self.n_ahead = n_files, N_AHEAD
        self._partitions = PartitionFolder(settings.index_dir, job.key)
        self._job = ray.put(job)
        self._make = ray.remote(num_cpus=1, max_retries=0)(make_partition)
        self._is_closed = threading.Event()

    def parse(self, version: FileVersion, data: bytes) -> Partition:
        """Return what a worker makes of a file, or has made of it before.

        Raises:
            DocumentUnreadable: with the reason.
            AssistantError: the workers can make nothing of any file.
        """
        if (found := self._partitions.find(version.content_id)) is not None:
            return found
        made = self._ask(version, data)
        if isinstance(made, Refusal):
            if made.fault is None:
                raise EmbedderMissing(
                    f"a worker of the Ray cluster can embed nothing: {made.reason}"
                )
            raise DocumentUnreadable(made.reason, made.fault)
        return self._partitions.keep(version.content_id, made)

    def close(self) -> None:
        """Give up what is asked for."""
        self._is_closed.set()

    def _ask(self, version: FileVersion, data: bytes) -> bytes | Refusal:
        """Return what one of the workers makes of a file."""
        sent = self._ray.put(data)
        for n_lost in range(TRIES):
            if n_lost:
                logger.info("a worker was lost while it read a file; another one reads it")
                self._is_closed.wait(WAIT_S * n_lost)
            try:
                return self._await(self._make.remote(self._job, version, sent))
            except self._ray.exceptions.RayTaskError as error:
                raise AssistantError(
                    f"a worker of the Ray cluster failed ({type(error.cause).__name__}: "
                    f"{error.cause}); install the same version of the assistant on every machine "
                    "of the cluster"
                ) from None
            except self._ray.exceptions.RayError as error:
                logger.info("%s", type(error).__name__)
        raise DocumentUnreadable(
            f"{TRIES} workers were lost while they read it: memory may have run out",
            Fault.CRASH,
        )

    def _await(self, asked: Any) -> bytes | Refusal:
        while not self._ray.wait([asked], timeout=WAIT_S)[0]:
            if self._is_closed.is_set():
                self._ray.cancel(asked, force=True)
                raise DocumentUnreadable("reading was ended", Fault.CRASH)
        made: bytes | Refusal = self._ray.get(asked)
        return made


@contextmanager
def open_workers(settings: Settings, config: IndexConfig, limits: Limits) -> Iterator[RayParsing]:
    """Be connected to the cluster that the settings name for the length of the block.

    Raises:
        SettingsError: Ray is not installed, or the cluster does not answer.
    """
    with connect(settings.ray or LOCAL_RAY, settings.ray_workers) as n_files:
        yield RayParsing(settings, Job.of(settings, config, limits), n_files)


@contextmanager
def connect(address: str, n_workers: int | None) -> Iterator[int]:
    """Be connected to a cluster for the length of the block; yield how many tasks to give it.

    One that the process is connected to already is used, whatever the address, and kept.

    Raises:
        SettingsError: Ray is not installed, or the cluster does not answer.
    """
    ray = _load_ray()
    if ray.is_initialized():
        yield _count_tasks(ray, n_workers)
        return
    folder = tempfile.mkdtemp(prefix="assistant-ray-", dir=TEMPORARY)
    try:
        with _explained(address), _without_secrets():
            given: dict[str, Any] = {}
            if address == LOCAL_RAY:
                n_cpus = n_workers or os.cpu_count()
                given = {"num_cpus": n_cpus, "include_dashboard": False, "_temp_dir": folder}
                given["_node_ip_address"] = "127.0.0.1"
            else:
                _require_answer(address)
            ray.init(address=address, log_to_driver=False, configure_logging=False, **given)
        yield _count_tasks(ray, n_workers if address != LOCAL_RAY else None)
    finally:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def _load_ray() -> "ModuleType":
    """Return Ray, which is to send nothing about its use."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
    except ImportError as error:
        raise SettingsError("`ray` needs Ray: pip install 'assistant[ray]'") from error
    logging.getLogger("ray").setLevel(logging.ERROR)
    return ray


def _count_tasks(ray: "ModuleType", n_workers: int | None) -> int:
    """Return how many files are given out at once."""
    n_cpus = int(ray.cluster_resources().get("CPU", 1))
    return n_workers or max(1, n_cpus) * AHEAD_PER_WORKER


def _require_answer(address: str) -> None:
    """Look whether anything listens at an address, before Ray tries to for minutes.

    Raises:
        OSError, ValueError: nothing does, or it is no address.
    """
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or "/" in host:
        raise ValueError("an address is `auto`, or a host and a port, such as 10.0.0.1:6379")
    socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_S).close()


@contextmanager
def _explained(address: str) -> Iterator[None]:
    """Turn whatever connecting raises, of which some is of no kind of its own, into one error."""
    try:
        yield
    except Exception as error:
        if address == LOCAL_RAY:
            raise SettingsError(
                f"no Ray can be started on this machine ({error}): try it with fewer ray_workers, "
                "or without --ray"
            ) from error
        raise SettingsError(
            f"the Ray cluster {address!r} cannot be reached ({error}): run this on a machine of "
            "the cluster (`ray start`), with its address and its token; without an address, "
            "`--ray` works on this machine alone"
        ) from error


@contextmanager
def _without_secrets() -> Iterator[None]:
    """Take the settings out of the environment, which the processes of a local Ray inherit."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("ASSISTANT_")}
    try:
        for name in kept:
            del os.environ[name]
        yield
    finally:
        os.environ.update(kept)
