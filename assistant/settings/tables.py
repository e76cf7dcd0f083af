"""The tables of settings: a language model, who verifies what it wrote, and collections."""

import ipaddress
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)

UserName = Annotated[str, StringConstraints(pattern=r"^[^:\x00-\x1f\x7f]+$", max_length=200)]
"""Without a colon: HTTP Basic splits name and password at the first one."""
CollectionName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=64)]
"""It stands in addresses, and may be the name of a folder."""


def _require_url(pattern: str) -> Callable[[SecretStr], SecretStr]:
    """Return what refuses an address of another form, and tells nothing of it."""

    def require(given: SecretStr) -> SecretStr:
        if not re.fullmatch(pattern, given.get_secret_value()):
            raise ValueError("it is no address of such a server")
        return given

    return require


IndexUrl = Annotated[SecretStr, AfterValidator(_require_url(r"https?://[^/?#\s]+\S*|[^:\s]+\.db"))]
StoreUrl = Annotated[SecretStr, AfterValidator(_require_url(r"postgres(ql)?://\S+"))]
"""Which may hold a password."""
_POSTGRES = re.compile(
    r"postgres(?:ql)?://(?:(?P<who>[^@/]*)@)?(?P<hosts>[^/?]*)/?(?P<name>[^?]*)\??(?P<more>.*)"
)
"""As libpq reads it: what is before an @ may hold a question mark."""

Place = tuple[str, ...]
"""Where something is kept, whoever asks for it there and however that is written."""


def find_index(url: SecretStr) -> tuple[Place, ...]:
    """Return the place of an `index_url`: host, port, database and name, or a file."""
    given = url.get_secret_value()
    if not given.startswith(("http://", "https://")):
        return ((str(Path(given).resolve()),),)
    try:
        parts = urlsplit(given)
        host, port = _plain_host(parts.hostname or ""), parts.port or 19530
    except ValueError:  # which may quote a password; that it is no address is told at its use
        return ((given,),)
    name = parse_qs(parts.query).get("name", ["assistant"])[0]
    return ((host, str(port), parts.path.strip("/") or "default", name),)


def find_store(url: SecretStr) -> tuple[Place, ...]:
    """Return the places of a `store_url`: each of its hosts, with its port and the database.

    What the environment adds is not looked at, such as PGHOST.
    """
    given = url.get_secret_value()
    found = _POSTGRES.fullmatch(given)
    if not found:
        return ((given,),)
    pairs = (one.partition("=")[::2] for one in found["more"].split("&"))
    more = {key: unquote(value) for key, value in pairs}
    hosts, ports = zip(*map(_split_port, found["hosts"].split(",")), strict=True)
    if named := more.get("hostaddr") or more.get("host"):
        hosts = tuple(named.split(","))
    if "port" in more:
        ports = tuple(more["port"].split(","))
    if len(ports) != len(hosts):  # one is for all of them
        ports = ports[:1] * len(hosts)
    user = more.get("user") or unquote((found["who"] or "").partition(":")[0])
    database = more.get("dbname") or unquote(found["name"].strip("/")) or user
    where = zip(map(_plain_host, hosts), ports, strict=True)
    return tuple((host, port or "5432", database) for host, port in where)


def _split_port(given: str) -> tuple[str, str]:
    """Return a host and its port, which may be absent; an IPv6 address stands in brackets."""
    host, colon, port = given.rpartition(":")
    return (unquote(host), port) if colon and "]" not in port else (unquote(given), "")


def _plain_host(name: str) -> str:
    """Return the one spelling of a host; no name is this machine, as libpq has it."""
    if name.startswith("/"):  # the folder of a socket
        return name
    name = name.strip("[]").rstrip(".").lower()
    with suppress(ValueError):
        name = str(ipaddress.ip_address(name))
    return "localhost" if name in ("", "127.0.0.1", "::1") else name


class LanguageModel(BaseModel):
    """The language model that writes answers, if any: an OpenAI-compatible server or a GGUF file.

    Timeouts are in seconds. A local file is slow to begin, so it has longer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s@#]+$",
        description="An OpenAI-compatible server (OpenAI, Ollama, vLLM, llama-server, LM Studio), "
        "such as http://localhost:11434/v1; an ?api-version=… at its end stays.",
    )
    model: str = Field("", max_length=200, description="The model's name on that server.")
    api_key: SecretStr | None = Field(
        None, description="The server's key, if it wants one. Set it in the environment."
    )
    path: Path | None = Field(
        None, description="A GGUF file instead of a server; needs `pip install 'assistant[local]'`."
    )
    context_tokens: int | None = Field(
        None, ge=1024, description="The model's context; asked of the server when it tells."
    )
    max_prompt_tokens: int | None = Field(
        None,
        ge=512,
        description="Tokens of a prompt: at most what fits into the context; 12,000 by default, "
        "1,024 in the short form, since two cores read 40 to 65 tokens/s.",
    )
    max_reply_tokens: int | None = Field(
        None,
        ge=32,
        description="Longer replies are cut, thoughts included: 4,096 by default, 300 in the short "
        "form, and at most a quarter of the context.",
    )
    max_calls: int = Field(
        12,
        ge=2,
        description="Calls that read and write one answer about whole documents which do not fit "
        "into a prompt; what is left unread is told. One more verifies.",
    )
    short_form: bool | None = Field(
        None,
        description="Ask for a few short sentences as JSON, which suits small models: by default "
        "of a local file alone.",
    )
    json_schema: bool = Field(
        True,
        description="Bind the reply to a JSON schema; a server that refuses it is asked without.",
    )
    connect_timeout_s: float = Field(3.0, gt=0, description="Until the server is connected.")
    first_token_timeout_s: float | None = Field(
        None, gt=0, description="Until the reply begins: 60, with a local file 120."
    )
    token_timeout_s: float = Field(10.0, gt=0, description="Between two pieces of the reply.")
    total_timeout_s: float | None = Field(
        None, gt=0, description="Until the reply is whole, thoughts included: 180."
    )
    n_threads: int | None = Field(
        None, gt=0, description="Cores that a local file uses; all when not given."
    )

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.base_url and self.path:
            raise ValueError("name a base_url or a path, not both")
        if self.base_url and not self.model:
            raise ValueError("a base_url needs a model: its name on the server")
        if self.model and not self.base_url:
            raise ValueError("a model needs a base_url: the server that has it")
        return self

    @property
    def is_configured(self) -> bool:
        """Whether there is a language model."""
        return bool(self.base_url or self.path)

    @property
    def is_short_form(self) -> bool:
        """Whether the model is asked in the short form, as a small one should be."""
        return bool(self.path) if self.short_form is None else self.short_form

    @property
    def first_token_s(self) -> float:
        """Seconds within which the reply must begin."""
        return self.first_token_timeout_s or (120.0 if self.path else 60.0)

    @property
    def total_s(self) -> float:
        """Seconds within which the reply must be whole."""
        return self.total_timeout_s or 180.0


class VerifierSettings(BaseModel):
    """Who confirms what a language model wrote; see `docs/written.md`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    by: Literal["model", "server", "local", "off"] | None = Field(
        None,
        description="`model`: the same, in a call of its own; `server`: another one; `local`: this "
        "machine, without a call; `off`: nobody. By default the model, of the short form `local`; "
        "`server` where a base_url is given, `local` where a cross_encoder is.",
    )
    cross_encoder: str | None = Field(
        None,
        min_length=1,
        description="A sentence-transformers CrossEncoder for entailment that judges instead of "
        "the embedded score of `local`, by local folder or by a name that is already downloaded.",
    )
    base_url: str | None = Field(
        None, pattern=r"^https?://[^\s@#]+$", description="The other model's server."
    )
    model: str = Field("", max_length=200, description="The other model's name there.")
    api_key: SecretStr | None = Field(
        None, description="Its key, if it wants one. Set it in the environment."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.by == "server" or self.model or self.base_url) and not (
            self.model and self.base_url
        ):
            raise ValueError("another model needs a base_url and a model: its name there")
        if self.cross_encoder and self.by not in (None, "local"):
            raise ValueError(f"a cross_encoder is `local`, not by `{self.by}`")
        if self.cross_encoder and self.base_url:
            raise ValueError("name a cross_encoder or another model, not both")
        if self.base_url and self.by not in (None, "server"):
            raise ValueError(f"with a base_url it is by `server`, not by `{self.by}`")
        return self


class CollectionSettings(BaseModel):
    """One of several folders of documents; see `docs/operations.md`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    corpus_dir: Path = Field(description="The collection's folder of documents.")
    index_dir: Path | None = Field(
        None,
        description="Where its index and its conversations are kept: by default a folder of the "
        "collection's name in the `index_dir` of all.",
    )
    index_url: IndexUrl | None = Field(
        None, description="As the setting of all, of this collection alone."
    )
    store_url: StoreUrl | None = Field(
        None, description="As the setting of all, of this collection alone."
    )
    readers: tuple[UserName, ...] | None = Field(
        None,
        description="The users and services that may read it, by the names that they have among "
        "`users` or `tokens`. Unless set, all that get in.",
    )
