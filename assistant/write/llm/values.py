"""What is asked of a language model, what comes back, and the protocol that any model is behind.

A `Model` is any object of that shape: a server, a local file, a llama-index LLM, a script in a
test. Nothing that it says is believed here; what it wrote is verified before it is shown.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a model, whose reply must have the JSON schema, if there is one.

    What `system` tells it to do is the same for every question, so that its reading is kept.
    """

    system: str
    user: str
    max_tokens: int
    schema: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a reply: what it cost. Tokens that the server does not count are estimated.

    `is_cut` tells that the bound of the reply cut it off.
    """

    prompt_tokens: int
    completion_tokens: int
    first_token_s: float
    total_s: float
    is_estimated: bool
    is_cut: bool = False


class Model(Protocol):
    """A language model that writes. Safe to share between threads."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def prompt_tokens(self) -> int:
        """How many tokens a prompt may have, the room for the reply already taken off."""

    @property
    def reply_tokens(self) -> int:
        """How many tokens a reply may have, thoughts included."""

    @property
    def is_small(self) -> bool:
        """Whether it is asked in the short form, since it could not keep to the long one."""

    def count(self, text: str) -> int:
        """Return how many tokens a text has at most, as far as can be told."""

    def stream(self, request: Request) -> Generator[str | Finished | None]:
        """Yield the reply's pieces as they come and `Finished` at its end.

        While nothing comes, None is yielded at least twice a second, so that the one who waits
        can leave: closing the generator ends the model's work.

        Raises:
            ModelUnavailable: it cannot be reached, is too slow, or breaks off; says what to do.
        """

    def close(self) -> None:
        """Let go of what the model keeps open."""
