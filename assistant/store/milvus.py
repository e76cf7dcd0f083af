"""Milvus as the assistant uses it: where it is, its collections, and how they are asked.

No other module imports pymilvus. What it raises becomes `StoreError`s that tell what to do and
hold no password. An expression holds numbers and digests only, and a server gets them bound;
milvus-lite knows no bound values, so that there they are written out.
"""

import logging
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from assistant.errors import SettingsError, StoreError

TIMEOUT_S = 20.0
N_KEYS = 400
"""Keys of one look-up, and rows of one write."""
N_SCANNED = 4_000
"""Rows that a scan takes at once; Milvus gives 16,384 at most."""
MAX_FOUND = 16_384
"""Rows that Milvus gives to one search."""
NO_ADDRESS = (
    "index_url: http(s)://user:password@host:19530/database?name=docs is needed, with special "
    "characters of the password as %XX, and names of Latin letters, digits and underscores"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,60}")
_DIGEST = re.compile(r"[0-9a-f]{1,64}")

Value = int | str | Sequence[int] | Sequence[str]


class MilvusUrl:
    """Where an index is: `http(s)://user:password@host:19530/database?name=docs`, or a file."""

    def __init__(self, url: str) -> None:
        """Read an `index_url`.

        Raises:
            SettingsError: it names no server and no file.
        """
        self.is_local = not url.startswith(("http://", "https://"))
        if self.is_local:
            self.uri, self.token, self.database = url, "", ""
            self.prefix, self.shown = "assistant", url
            return
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or 19530
        except ValueError:  # which may quote the password
            raise SettingsError(NO_ADDRESS) from None
        self.prefix = parse_qs(parts.query).get("name", ["assistant"])[0]
        self.database = parts.path.strip("/")
        is_cut = "@" in parts.path + parts.query + parts.fragment  # by a password's own character
        names = (self.prefix, self.database or "default")
        if not host or is_cut or not all(map(_NAME.fullmatch, names)):
            raise SettingsError(NO_ADDRESS)
        host = f"[{host}]" if ":" in host else host
        self.uri = f"{parts.scheme}://{host}:{port}"
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        self.token = f"{user}:{password}" if password else user
        self.shown = f"{self.uri}/{self.database}".rstrip("/") + f"?name={self.prefix}"

    def without_secrets(self, text: str) -> str:
        """Return a text of a vendor without this place's token and password."""
        secrets = (self.token, self.token.partition(":")[2])
        for secret in filter(None, secrets):
            text = text.replace(secret, "***")
        return text


class Milvus:
    """Collections in one place. Safe to share between threads; connects when it is first asked."""

    def __init__(self, url: str) -> None:
        self.url = MilvusUrl(url)
        self._lock = threading.Lock()
        self._client: Any = None
        self._loaded: set[str] = set()

    def _ready(self, name: str) -> Any:
        """Return the client, with a collection in memory: elsewhere it may have been let go of."""
        client = self._connected
        if name not in self._loaded:
            client.load_collection(name, timeout=TIMEOUT_S)
            self._loaded.add(name)
        return client

    @property
    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                try:
                    from pymilvus import MilvusClient
                except ImportError as error:
                    raise SettingsError(
                        "index_url needs pymilvus: pip install 'assistant[milvus]'"
                    ) from error
                # It logs whatever it raises, with what it was given.
                logging.getLogger("pymilvus").setLevel(logging.CRITICAL + 1)
                url = self.url
                if url.is_local:  # it logs each call that it lacks, which the client does without
                    logging.getLogger("grpc._server").setLevel(logging.CRITICAL + 1)
                given = {"token": url.token, "db_name": url.database} if not url.is_local else {}
                self._client = MilvusClient(url.uri, timeout=TIMEOUT_S, **given)
            return self._client

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (SettingsError, StoreError):
            raise
        except Exception as error:  # noqa: BLE001 - gRPC and the file's own raise kinds of theirs
            told = " ".join(self.url.without_secrets(str(error)).split())[:300]
            remedy = (
                "one process at a time can open this file, and milvus-lite must be installed"
                if self.url.is_local
                else "see that the server runs and can be reached from here, and that index_url "
                "names it with the right user and password"
            )
            # `from None`: what it holds may be a password.
            raise StoreError(
                f"the index in Milvus at {self.url.shown} cannot be used ({told}): {remedy}"
            ) from None

    def collections(self) -> list[str]:
        """Return the names of the collections that there are."""
        with self._explained():
            return list(self._connected.list_collections())

    def create(self, name: str, fields: Mapping[str, Any], dimension: int) -> None:
        """Make a collection, unless it is there.

        Args:
            name: of the collection.
            fields: the kind of each field: `int`, the most characters of a text, or "terms", which
                BM25 searches; the first is the key.
            dimension: of the vectors that are searched.
        """
        with self._explained():
            client = self._connected
            if client.has_collection(name):
                return
            from pymilvus import DataType, Function, FunctionType

            schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
            indexes = client.prepare_index_params()
            for place, (field, kind) in enumerate(fields.items()):
                if kind is int:
                    schema.add_field(field, DataType.INT64, is_primary=place == 0)
                    continue
                is_searched = kind == "terms"
                given = {"max_length": 65_535 if is_searched else kind, "is_primary": place == 0}
                schema.add_field(field, DataType.VARCHAR, enable_analyzer=is_searched, **given)
                if is_searched:
                    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
                    function = {"input_field_names": [field], "output_field_names": ["sparse"]}
                    bm25 = Function(name="bm25", function_type=FunctionType.BM25, **function)
                    schema.add_function(bm25)
                    weights = {"bm25_k1": 1.2, "bm25_b": 0.75}
                    indexes.add_index(
                        "sparse", "SPARSE_INVERTED_INDEX", metric_type="BM25", params=weights
                    )
                elif place:
                    indexes.add_index(field, "INVERTED") if kind <= 64 else None
            schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
            indexes.add_index("vector", **self.vector_index)
            client.create_collection(
                name, schema=schema, index_params=indexes, consistency_level="Strong"
            )

    @property
    def vector_index(self) -> dict[str, Any]:
        """How vectors are searched: on a server by a graph, in a file exactly."""
        if self.url.is_local:
            return {"index_type": "FLAT", "metric_type": "IP"}
        params = {"M": 16, "efConstruction": 200}
        return {"index_type": "HNSW", "metric_type": "IP", "params": params}

    def drop(self, name: str) -> None:
        """Delete a collection; nothing if there is none."""
        with self._explained():
            self._loaded.discard(name)
            self._connected.drop_collection(name)

    def put(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows, in place of those with the same keys."""
        with self._explained():
            for start in range(0, len(rows), N_KEYS):
                self._ready(name).upsert(
                    name, list(rows[start : start + N_KEYS]), timeout=TIMEOUT_S
                )

    def delete(self, name: str, where: str, **values: Value) -> None:
        """Delete the rows that meet an expression."""
        with self._explained():
            self._ready(name).delete(name, **self._bound(where, values), timeout=TIMEOUT_S)

    def find(
        self, name: str, fields: Sequence[str], where: str, **values: Value
    ) -> list[dict[str, Any]]:
        """Return some fields of the few rows that meet an expression."""
        with self._explained():
            given = self._bound(where, values)
            found = self._ready(name).query(
                name, output_fields=list(fields), timeout=TIMEOUT_S, **given
            )
            return [dict(one) for one in found]

    def scan(
        self, name: str, fields: Sequence[str], where: str, **values: Value
    ) -> Iterator[dict[str, Any]]:
        """Yield some fields of all rows that meet an expression, however many they are."""
        with self._explained():
            # pymilvus binds nothing here.
            scanning = self._ready(name).query_iterator(
                name,
                batch_size=N_SCANNED,
                filter=write_out(where, values),
                output_fields=list(fields),
            )
            try:
                while batch := scanning.next():
                    yield from (dict(one) for one in batch)
            finally:
                scanning.close()

    def count(self, name: str, where: str, **values: Value) -> int:
        """Return how many rows meet an expression."""
        (found,) = self.find(name, ["count(*)"], where, **values)
        return int(found["count(*)"])

    def search(
        self, name: str, query: Any, k: int, where: str, **values: Value
    ) -> list[tuple[int, float]]:
        """Return the keys of the k best rows for a vector or for terms, best first, with scores."""
        is_text = isinstance(query, str)
        k = min(k, MAX_FOUND)
        params = {} if is_text or self.url.is_local else {"ef": max(200, k)}
        with self._explained():
            (found,) = self._ready(name).search(
                name,
                data=[query],
                anns_field="sparse" if is_text else "vector",
                limit=k,
                search_params={"metric_type": "BM25" if is_text else "IP", "params": params},
                output_fields=["row"],
                timeout=TIMEOUT_S,
                **self._bound(where, values),
            )
            return [(int(one["row"]), float(one["distance"])) for one in found]

    def close(self) -> None:
        """Let go of the connection; the next call connects again."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None
                self._loaded.clear()

    def _bound(self, where: str, values: Mapping[str, Value]) -> dict[str, Any]:
        if self.url.is_local:
            return {"filter": write_out(where, values)}
        return {"filter": where, **({"filter_params": dict(values)} if values else {})}


def write_out(where: str, values: Mapping[str, Value]) -> str:
    """Return an expression with its values in it: numbers and digests, and nothing else.

    Raises:
        ValueError: a value is another text, which could be part of the expression.

    >>> write_out("row in {rows} and first == {first}", {"rows": [1, 2], "first": "0af"})
    'row in [1, 2] and first == "0af"'
    """
    return where.format(**{name: _write_out(value) for name, value in values.items()})


def _write_out(value: Value) -> str:
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, str):
        if not _DIGEST.fullmatch(value):
            raise ValueError(f"{value!r} is no digest")
        return f'"{value}"'
    return f"[{', '.join(_write_out(one) for one in value)}]"
