"""All settings with their defaults and reasons, as one frozen value that is passed explicitly.

Precedence: arguments (flags) over environment variables (`ASSISTANT_*`) over `assistant.toml` in
the working folder over the defaults below. Unknown names and impossible values raise
`SettingsError`.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypedDict

import platformdirs
from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import (
    SettingsError as SourceError,
)

from assistant.errors import SettingsError
from assistant.settings.tables import (
    CollectionName,
    CollectionSettings,
    IndexUrl,
    LanguageModel,
    Place,
    StoreUrl,
    UserName,
    VerifierSettings,
    find_index,
    find_store,
)

__all__ = ["CollectionSettings", "LanguageModel", "Options", "Settings", "VerifierSettings"]

SETTINGS_FILE = "assistant.toml"
LOCAL_RAY = "local"
"""`ray` that starts one on this machine."""
INSTALLED_MODEL = "all-MiniLM-L6-v2"
"""Of a package of its own."""
SHIPPED_MODEL = "multilingual-reader"
"""Our own, which also reads: packed into a file of the assistant's package."""
PACKED_MODEL = Path(__file__).parents[1] / "models" / "reader.zip"
DEFAULT_MODEL = SHIPPED_MODEL if PACKED_MODEL.is_file() else INSTALLED_MODEL
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that only this machine can reach."""
BaseKind = Literal["signs", "chroma"]
Password = Annotated[SecretStr, Field(min_length=8)]
Token = Annotated[SecretStr, Field(min_length=24)]
"""Long enough that nobody guesses it: `openssl rand -base64 24` makes one."""


def _require_network(given: str) -> str:
    try:
        ipaddress.ip_network(given, strict=False)
    except ValueError:
        raise ValueError("an address or a network is needed, such as 10.0.0.0/8") from None
    return given


Network = Annotated[str, AfterValidator(_require_network)]
FrameOrigin = Annotated[
    str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?$", max_length=200)
]
"""Without a path, and without a wildcard: named origins only."""
SECRET = frozenset(("index_url", "store_url", "users", "tokens", "llm", "verifier"))
"""Settings, and groups of them, that hold passwords and keys."""
UNTOLD = frozenset(("missing", "extra_forbidden", "model_type", "dict_type"))
"""Kinds of faults, as pydantic names them, whose input is a whole table, or no setting."""


class Settings(BaseSettings):
    """All settings of a process. The end of a name is its unit, such as `_bytes` or `_s`."""

    model_config = SettingsConfigDict(
        env_prefix="ASSISTANT_",
        env_nested_delimiter="__",
        toml_file=SETTINGS_FILE,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,  # it may be a password
    )

    corpus_dir: Path = Field(Path("corpus"), description="The folder of documents.")
    index_dir: Path = Field(Path("index"), description="Where the built index is kept.")
    index_url: IndexUrl | None = Field(
        None,
        description="A Milvus server that keeps the index instead, such as "
        "http://user:password@host:19530/database?name=docs; needs `pip install "
        "'assistant[milvus]'`. Set it in the file or the environment.",
    )
    store_url: StoreUrl | None = Field(
        None,
        description="A PostgreSQL database that keeps conversations and feedback, such as "
        "postgresql://user:password@host/database; needs `pip install 'assistant[postgres]'`. "
        "By default SQLite beside the index. Set it in the file or the environment.",
    )
    cache_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("assistant", appauthor=False)),
        description="Where the prepared embedding model is kept, once per user.",
    )

    embedding_model: str = Field(
        DEFAULT_MODEL,
        min_length=1,
        description="The embedding model: one that comes with the assistant, or any "
        "sentence-transformers model by local folder or by a name that is already downloaded.",
    )

    cross_encoder: str | None = Field(
        None,
        min_length=1,
        description="A sentence-transformers CrossEncoder that scores sentences too, by local "
        "folder or by a name that is already downloaded, such as "
        "cross-encoder/ms-marco-MiniLM-L6-v2.",
    )
    cross_encoder_role: Literal["join", "replace"] = Field(
        "join", description="Whether it joins the embedded evidence scorer or replaces it."
    )

    max_file_bytes: int = Field(
        50_000_000, gt=0, description="Larger files are skipped (what Kendra allows)."
    )
    max_text_chars: int = Field(
        5_000_000, gt=0, description="Longer texts are skipped, never cut (what Kendra allows)."
    )
    max_pages: int = Field(
        2_000, gt=0, description="Documents of more pages or slides are skipped."
    )
    parse_timeout_s: float = Field(
        60.0, gt=0, description="A file that takes longer to parse is skipped (as in Apache Tika)."
    )
    max_parse_bytes: int = Field(
        1_610_612_736,
        ge=256_000_000,
        description="Memory that parsing one file may take; one that needs more is skipped.",
    )
    ocr: bool = Field(
        True,
        description="Read what pictures say: scanned pages and files of images. After a change, "
        "`assistant index --retry` reads the files again that were skipped.",
    )
    max_ocr_pages: int = Field(
        200,
        gt=0,
        description="Pages of a file that are read off pictures, each in some seconds; the rest "
        "is left out with a warning.",
    )
    office: str = Field(
        "auto",
        description="The program that converts documents that nothing else here reads: `auto` for "
        "LibreOffice's `soffice` where the PATH has it, `off` for none, or where it is.",
    )
    ray: str | None = Field(
        None,
        min_length=1,
        description="A Ray cluster whose workers read and embed files when the index is brought in "
        "step: its address, such as 10.0.0.1:6379, `auto` for the one of this machine, or `local` "
        "to start one here; needs `pip install 'assistant[ray]'`.",
    )
    ray_workers: int | None = Field(
        None,
        gt=0,
        description="Files that they read at once; by default as many as the cluster has "
        "processors.",
    )
    max_passage_tokens: int = Field(
        256, gt=16, description="Upper bound of a passage; the model's own limit holds as well."
    )

    n_candidates: int = Field(
        30,
        gt=0,
        description="How many passages each ranking proposes before fusion; 50 find no more.",
    )
    lexical_weight: float | None = Field(
        None,
        ge=0,
        description="Weight, beside the cosine, of BM25 as a share of the query's summed idf: so "
        "that it means the same in a corpus of any size. Unless set, 0.4, or 0.1 with the "
        "multilingual model, whose cosines lie closer together.",
    )
    n_passages: int = Field(
        8,
        gt=0,
        description="Passages read for an answer; on squad2 the right paragraph is among the first "
        "5 for .95 of the questions and among the first 10 for .98.",
    )
    max_passages_per_document: int = Field(
        4, gt=0, description="So that one long document does not crowd out the others."
    )
    max_tail_passages: int = Field(
        10_000,
        gt=0,
        description="Passages newer than the base that are searched exactly before the next sync "
        "builds a new base: exact search misses nothing, and of 100,000 passages takes 9 ms.",
    )
    vector_base: BaseKind = Field(
        "signs",
        description="What vectors are searched by above `max_tail_passages`: `signs` scans a bit "
        "of each of their numbers and scores the likeliest exactly, `chroma` walks its graph.",
    )

    max_question_chars: int = Field(4_000, gt=0, description="Longer questions are refused.")
    max_over_refusal: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Abstain where at most this share of answerable questions is refused, on the "
        "questions that the evidence scorer was calibrated on; 0 never abstains.",
    )
    max_drop: float = Field(
        1.0,
        ge=0,
        description="How far, in log-odds, a further sentence of an answer may lie under the best.",
    )
    max_statements: int = Field(4, gt=0, description="Upper bound of sentences in an answer.")

    llm: LanguageModel = Field(
        LanguageModel.model_validate({}),
        description="The language model that writes answers: a `[llm]` table.",
    )
    verifier: VerifierSettings = Field(
        VerifierSettings.model_validate({}),
        description="Who confirms what it wrote: a `[verifier]` table.",
    )
    n_asking: int = Field(
        2, gt=0, description="Questions answered at the same time: each keeps a core busy."
    )
    n_waiting: int = Field(
        16,
        ge=0,
        description="Questions that wait for their turn; further ones are told that the assistant "
        "is busy. Sixteen wait a few seconds.",
    )
    users: dict[UserName, Password] = Field(
        {},
        description="Names and passwords, as a `[users]` table or ASSISTANT_USERS__NAME=password; "
        "with any, nobody else gets in. Set it in the file or the environment.",
    )
    tokens: dict[UserName, Token] = Field(
        {},
        description="Names and bearer tokens, for programs: of a user, or of a service by a name "
        "of its own. With any, nobody else gets in without a password. Set it as `users`.",
    )
    allowed_hosts: tuple[str, ...] = Field(
        (),
        description="Further names that the server answers to, such as that of a proxy before it.",
    )
    trusted_proxies: tuple[Network, ...] = Field(
        (),
        description="Addresses or networks of proxies before the server whose X-Forwarded-Host and "
        "X-Forwarded-Proto are believed, such as 127.0.0.1; those of others are dropped.",
    )
    root_path: str = Field(
        "",
        pattern=r"^(/[A-Za-z0-9._~-]+)*$",
        description="The path under which the page is reached, such as /assistant, if a proxy "
        "passes it on; one that strips it needs no setting.",
    )
    frame_origins: tuple[FrameOrigin, ...] = Field(
        (),
        description="Origins whose pages may show the chat in a frame, such as "
        "https://intranet.example.org; nobody else's may.",
    )
    tracing: Literal["off", "stages", "texts"] = Field(
        "off",
        description="Tell OpenTelemetry of each question and sync, by OTLP: `stages` without what "
        "was asked and answered, `texts` with it; needs `pip install 'assistant[otel]'`.",
    )
    host: str = Field("127.0.0.1", description="Address the chat binds.")
    port: int = Field(7860, gt=0, lt=65536, description="Port the chat binds.")
    max_requests_per_minute: int | None = Field(
        None,
        gt=0,
        description="Requests that are taken in a minute from a user or service, or where nobody "
        "is named from an address; further ones are told when to come back. Unlimited unless set.",
    )
    log: Literal["text", "json"] = Field(
        "text",
        description="`json`: what the server logs is JSON, a line for each message and each "
        "request.",
    )

    collections: dict[CollectionName, CollectionSettings] = Field(
        {},
        description="Several folders in place of the one: a `[collections.NAME]` table each.",
    )
    collection: str | None = Field(
        None, description="The one of them that this process opens, as if there were no other."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        known = self.users.keys() | self.tokens.keys()
        if len(self.collections) > 1 and (self.index_url or self.store_url):
            raise ValueError("each of several collections has an index_url, store_url of its own")
        kept: dict[tuple[str, Place], str] = {}
        for name, one in self.collections.items():
            if unknown := set(one.readers or ()) - known:
                raise ValueError(
                    f"readers of collections.{name} are neither users nor tokens: "
                    f"{', '.join(sorted(unknown))}"
                )
            places = {
                "index_dir": ((str(self._index_of(name).resolve()),),),
                "index_url": find_index(one.index_url) if one.index_url else (),
                "store_url": find_store(one.store_url) if one.store_url else (),
            }
            for what, place in ((what, at) for what, found in places.items() for at in found):
                if (other := kept.setdefault((what, place), name)) != name:
                    raise ValueError(f"collections.{other} and .{name} have the same {what}")
        return self

    def _require_apart(self) -> None:
        """Check that no collection reads as documents what is kept beside the index of another.

        Raises:
            SettingsError: one would: conversations, what was removed, what programs added.
        """
        for name, reader in ((a, b) for a in self.collections for b in self.collections if a != b):
            index_dir = self._index_of(name)
            corpus_dir = self.collections[reader].corpus_dir
            if index_dir.resolve().is_relative_to(corpus_dir.resolve()):
                raise SettingsError(
                    f"settings cannot be used: the index_dir of collections.{name} ({index_dir}) "
                    f"lies in the corpus_dir of collections.{reader} ({corpus_dir}), which would "
                    "read its conversations and its trash as documents: set "
                    f"collections.{name}.index_dir to a folder outside of it"
                )

    @property
    def weight_of_words(self) -> float:
        """`lexical_weight`, or what suits the model."""
        if self.lexical_weight is not None:
            return self.lexical_weight
        return 0.1 if self.embedding_model == SHIPPED_MODEL else 0.4

    def _index_of(self, name: str) -> Path:
        return self.collections[name].index_dir or self.index_dir / name

    def of(self, collection: str) -> Self:
        """Return the settings of one collection: its folders, and none of the others.

        Raises:
            SettingsError: there is none of this name, or an index lies among another's documents.
        """
        if collection not in self.collections:
            raise SettingsError(f"there is no collection {collection!r}{self._list_collections()}")
        self._require_apart()
        index_dir = self._index_of(collection)
        one = self.collections[collection].model_copy(update={"index_dir": index_dir})
        own = {
            "corpus_dir": one.corpus_dir,
            "index_dir": index_dir,
            "index_url": one.index_url or self.index_url,
            "store_url": one.store_url or self.store_url,
        }
        return self.model_copy(update={**own, "collections": {collection: one}})

    def of_one(self) -> Self:
        """Return the settings of the one folder that they name.

        Raises:
            SettingsError: they name several collections.
        """
        if len(self.collections) > 1:
            raise SettingsError(f"name one of the collections{self._list_collections()}")
        return self.of(next(iter(self.collections))) if self.collections else self

    def _list_collections(self) -> str:
        how = "--collection NAME, or collection=... from Python"
        return f": {', '.join(self.collections)} ({how})" if self.collections else ": none is set"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the order is by position
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return arguments, environment and file, in order of precedence; no `.env`, no secrets."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @classmethod
    def load(cls, **given: Any) -> "Settings":
        """Return the settings of this process; arguments that are None count as not given.

        With `collection` they are those of that one; a folder as an argument leaves all of them
        out.

        Raises:
            SettingsError: a value cannot be used; the message names each one.
        """
        given = {name: value for name, value in given.items() if value is not None}
        try:
            found = cls(**given)
        except ValidationError as error:
            faults = "; ".join(map(_describe, error.errors()))
            # `from None`, because the error holds what was given, which may be a password.
            raise SettingsError(f"settings cannot be used: {faults}") from None
        except (SourceError, ValueError, OSError) as error:
            raise SettingsError(f"{SETTINGS_FILE} cannot be read: {error}") from error
        if {"corpus_dir", "index_dir"} & given.keys():
            if "collection" in given:
                raise SettingsError("name a collection or folders, not both")
            return found.model_copy(update={"collections": {}})
        found._require_apart()
        return found if found.collection is None else found.of(found.collection)


class Options(TypedDict, total=False):
    """The settings as arguments, so that an editor completes them; None counts as not given."""

    corpus_dir: Path | str | None
    index_dir: Path | str | None
    index_url: str | None
    store_url: str | None
    cache_dir: Path | str | None
    embedding_model: str | None
    cross_encoder: str | None
    cross_encoder_role: Literal["join", "replace"] | None
    max_file_bytes: int | None
    max_text_chars: int | None
    max_pages: int | None
    parse_timeout_s: float | None
    max_parse_bytes: int | None
    ocr: bool | None
    max_ocr_pages: int | None
    office: str | None
    ray: str | None
    ray_workers: int | None
    max_passage_tokens: int | None
    n_candidates: int | None
    lexical_weight: float | None
    n_passages: int | None
    max_passages_per_document: int | None
    max_tail_passages: int | None
    vector_base: BaseKind | None
    max_question_chars: int | None
    max_over_refusal: float | None
    max_drop: float | None
    max_statements: int | None
    llm: LanguageModel | Mapping[str, Any] | None
    verifier: VerifierSettings | Mapping[str, Any] | None
    n_asking: int | None
    n_waiting: int | None
    users: Mapping[str, str] | None
    tokens: Mapping[str, str] | None
    allowed_hosts: Sequence[str] | None
    trusted_proxies: Sequence[str] | None
    root_path: str | None
    frame_origins: Sequence[str] | None
    tracing: Literal["off", "stages", "texts"] | None
    host: str | None
    port: int | None
    max_requests_per_minute: int | None
    log: Literal["text", "json"] | None
    collections: Mapping[str, CollectionSettings | Mapping[str, Any]] | None
    collection: str | None


def _describe(fault: ErrorDetails) -> str:
    """Return which setting is wrong and why, without the values of secret ones.

    A table is not told either, nor what stands where none is known: both may hold a secret.
    """
    where, given = ".".join(map(str, fault["loc"])), fault["input"]
    is_secret = not fault["loc"] or not SECRET.isdisjoint(fault["loc"]) or fault["type"] in UNTOLD
    is_told = not is_secret and isinstance(given, (str, int, float, Path))
    return f"{where}: {fault['msg']}" + (f" (got {given!r})" if is_told else "")
