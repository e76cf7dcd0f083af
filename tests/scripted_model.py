"""A language model that says what it is told to say, piece by piece, without a server."""

import re
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field

from assistant.write.llm.values import Finished, Request
from assistant.write.prompt import WRITE, WRITE_SHORT

Piece = str | Finished | Exception | None
Script = Callable[[Request], str | Sequence[Piece]]


@dataclass
class ScriptedModel:
    """A `Model`: any object of the shape will do.

    Attributes:
        say: returns the reply to a request, whole or in pieces; an exception among them is raised.
        requests: what was asked.
        n_open: streams that were neither read to their end nor closed.
        n_left: streams that were closed before their end.
    """

    say: Script
    name: str = "scripted"
    prompt_tokens: int = 4_000
    reply_tokens: int = 300
    is_small: bool = True
    requests: list[Request] = field(default_factory=list)
    n_open: int = 0
    n_left: int = 0
    is_closed: bool = False

    def count(self, text: str) -> int:
        return len(text.split())

    def stream(self, request: Request) -> Generator[str | Finished | None]:
        self.requests.append(request)
        self.n_open += 1
        piece: Piece = None
        try:
            said = self.say(request)
            yield None
            pieces: Iterable[Piece] = [said, finished()] if isinstance(said, str) else said
            for piece in pieces:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        except GeneratorExit:
            self.n_left += not isinstance(piece, Finished)
            raise
        finally:
            self.n_open -= 1

    def close(self) -> None:
        self.is_closed = True

    @property
    def writing(self) -> list[Request]:
        """The requests to write an answer."""
        return [one for one in self.requests if one.system in (WRITE, WRITE_SHORT)]


def numbers_in(request: Request) -> dict[str, int]:
    """Return the number of each sentence that a request shows."""
    found = re.findall(r"^\[(\d+)\] (.*)$", request.user, re.MULTILINE)
    return {text: int(number) for number, text in found}


def finished(prompt: int = 100, completion: int = 20, first_s: float = 0.5) -> Finished:
    return Finished(prompt, completion, first_s, 2.0, is_estimated=False)
