"""An OpenAI-compatible server that does as it is told, over real HTTP on the loopback.

    with ScriptedServer([error(500, "down"), Said(statements(([1], "It is so.")))]) as server:
        ask(server.url)
    assert len(server.chats) == 2

Raw sockets: a connection can be stalled, cut and reset at any byte, and a client's leaving is
noticed at once, whether the server is sending or silent.
"""

import json
import math
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from scripted_faults import Refused, error
from scripted_replies import Body, End, Pause, Received, Reply

HOST = "127.0.0.1"
CHAT = "/v1/chat/completions"
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
Script = Reply | Sequence[Reply] | Callable[[Received], Reply]


class ClientLeft(Exception):
    """The client closed its connection."""


class Stopped(Exception):
    """The server is to stop."""


def refused_url() -> str:
    """Return the address of a server that is not there: port 1, which no test can be given."""
    url = f"http://{HOST}:1/v1"
    with socket.socket() as probe:
        assert probe.connect_ex((HOST, 1)) != 0, f"something listens at {url}"
    return url


class ScriptedServer:
    """A server that replies by a script.

    Args:
        script: one reply, or replies that are used in turn of which the last repeats, or a
            function of the request.
        model_fields: what `GET /v1/models` tells of the model besides, such as `max_model_len`.
        n_ctx: what `GET /props` tells, as llama-server does; None and there is no such page.
        pages: further paths and their JSON.
        probe: what every GET is answered with instead.
    """

    def __init__(
        self,
        script: Script,
        *,
        model_fields: Mapping[str, Any] | None = None,
        n_ctx: int | None = None,
        pages: Mapping[str, Any] | None = None,
        probe: Reply | None = None,
    ) -> None:
        self.script = script
        self.probe = probe
        card = {"id": "scripted", "object": "model", "created": 0, "owned_by": "test"}
        listed = {"object": "list", "data": [{**card, **(model_fields or {})}]}
        self.pages: dict[str, Any] = {"/v1/models": listed, **(pages or {})}
        if n_ctx is not None:
            self.pages["/props"] = {
                "default_generation_settings": {"n_ctx": n_ctx},
                "total_slots": 1,
                "model_path": "scripted.gguf",
            }
        self.requests: list[Received] = []
        self.n_connections = 0
        self.n_open = 0
        self._n_replies = 0
        self._failures: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self._accepting: threading.Thread | None = None
        self.changed = threading.Condition()

    def __enter__(self) -> Self:
        self._listener = socket.socket()
        self._listener.bind((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}/v1"
        self.stopping, self._stop = socket.socketpair()
        if not isinstance(self.script, Refused):
            self._listener.listen(128)
            self._accepting = self._start(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self.stop()
        if self._failures and kind is None:
            raise self._failures[0]

    def stop(self) -> None:
        """End every connection, wherever its reply is."""
        self._stop.close()  # whoever waits on the other end wakes up
        if self._accepting:
            self._accepting.join(5)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)
            assert not thread.is_alive(), "a script holds the server up"
        self.stopping.close()

    @property
    def chats(self) -> list[Received]:
        """The requests for a completion, in the order they came."""
        return [one for one in self.requests if one.path == CHAT]

    @property
    def closed_at(self) -> float | None:
        """When a client last closed its connection during a reply, by `time.monotonic`."""
        return max((one.closed_at for one in self.requests if one.closed_at), default=None)

    def wait_closed(self, timeout_s: float = 5.0) -> float:
        """Wait until a client has closed its connection during a reply; return when it did."""
        self._wait(lambda: self.closed_at is not None, "a client that leaves", timeout_s)
        assert self.closed_at is not None
        return self.closed_at

    def wait_idle(self, timeout_s: float = 5.0) -> None:
        """Wait until no connection is open, as after a client that lets go of all it keeps."""
        self._wait(lambda: not self.n_open, "no open connection", timeout_s)

    def reply_to(self, request: Received) -> Reply:
        if request.method == "GET" and self.probe:
            return self.probe
        if request.path in self.pages:
            return Body(json.dumps(self.pages[request.path]))
        if request.path != CHAT:
            return error(404, f"no page {request.path}")
        if request.method != "POST":
            return error(405, "POST is expected")
        if not request.body:
            return error(400, "a JSON object is expected")
        if callable(self.script):
            return self.script(request)
        if not isinstance(self.script, Sequence):
            return self.script
        with self.changed:
            n, self._n_replies = self._n_replies, self._n_replies + 1
        return self.script[min(n, len(self.script) - 1)]

    def _wait(self, claim: Callable[[], bool], what: str, timeout_s: float) -> None:
        with self.changed:
            if not self.changed.wait_for(claim, timeout_s):
                raise AssertionError(f"waited {timeout_s} s for {what}")

    def _start(self, work: Callable[..., None], *args: object) -> threading.Thread:
        thread = threading.Thread(target=work, args=args, name="scripted-server", daemon=True)
        thread.start()
        return thread

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, READ)
            selector.register(self.stopping, READ)
            while all(key.fileobj is not self.stopping for key, _ in selector.select()):
                try:
                    client, _ = self._listener.accept()
                except ConnectionError:  # it left while it waited
                    continue
                with self.changed:
                    n, self.n_connections = self.n_connections, self.n_connections + 1
                    self.n_open += 1
                self._threads.append(self._start(self._serve, client, n))

    def _serve(self, client: socket.socket, n: int) -> None:
        try:
            with client, selectors.DefaultSelector() as selector:
                _Connection(self, client, selector, n).serve()
        except (ClientLeft, Stopped):
            pass
        except BaseException as failure:  # noqa: BLE001 - told when the server stops
            self._failures.append(failure)
        finally:
            with self.changed:
                self.n_open -= 1
                self.changed.notify_all()


class _Connection:
    """One connection of a client, and the requests that come on it one after the other."""

    def __init__(
        self,
        server: ScriptedServer,
        client: socket.socket,
        selector: selectors.BaseSelector,
        number: int,
    ) -> None:
        self.server, self.client, self.selector, self.number = server, client, selector, number
        self.unread = b""
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(client, READ)
        selector.register(server.stopping, READ)

    def serve(self) -> None:
        while self._reply(self._request()):
            pass

    def _request(self) -> Received:
        while b"\r\n\r\n" not in self.unread:
            self._watch(until_read=True)
        first, _, self.unread = self.unread.partition(b"\r\n\r\n")
        line, *lines = first.decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (one.partition(":") for one in lines)
        }
        size = int(headers.get("content-length", 0))
        while len(self.unread) < size:
            self._watch(until_read=True)
        sent, self.unread = self.unread[:size], self.unread[size:]
        path = target.partition("?")[0]
        request = Received(method, path, headers, _parsed(sent), self.number, time.monotonic())
        with self.server.changed:
            self.server.requests.append(request)
            self.server.changed.notify_all()
        return request

    def _reply(self, request: Received) -> bool:
        """Do what the script says; whether the connection may be used again."""
        try:
            for step in self.server.reply_to(request).steps(request):
                match step:
                    case Pause(seconds):
                        self._watch(seconds)
                    case End(how):
                        self._end(how)
                        return False
                    case _:
                        self._send(step)
        except ClientLeft:
            with self.server.changed:
                request.closed_at = time.monotonic()
            raise
        with self.server.changed:
            request.answered_at = time.monotonic()
            self.server.changed.notify_all()
        return True

    def _send(self, data: bytes) -> None:
        self._watch(0)
        left = memoryview(data)
        while left:
            try:
                left = left[self.client.send(left) :]
            except BlockingIOError:
                self._watch(until_room=True)
            except OSError as gone:
                raise ClientLeft from gone

    def _watch(
        self, seconds: float = math.inf, *, until_read: bool = False, until_room: bool = False
    ) -> None:
        """Wait for what is said or the seconds; raise when the client leaves or all is to stop."""
        self.selector.modify(self.client, READ | WRITE if until_room else READ)
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            ready = self.selector.select(None if left == math.inf else max(left, 0))
            masks = {key.fileobj: mask for key, mask in ready}
            if self.server.stopping in masks:
                raise Stopped
            mask = masks.get(self.client, 0)
            if mask & READ:
                self._read()
            if (until_read and mask & READ) or mask & WRITE or left <= 0:
                return

    def _read(self) -> None:
        try:
            data = self.client.recv(65_536)
        except BlockingIOError:
            return
        except OSError as gone:
            raise ClientLeft from gone
        if not data:
            raise ClientLeft
        self.unread += data

    def _end(self, how: str) -> None:
        if how == "reset":
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.client.close()


def _parsed(sent: bytes) -> dict[str, Any]:
    """Return the JSON object of a body; an empty one for anything else."""
    try:
        body = json.loads(sent)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
