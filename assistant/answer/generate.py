"""A language model's reply -> draft statements and, of a follow-up, a question for the search.

Comes in: a model and what it is shown. Goes out: unverified statements, each as soon as it is
whole. A rewritten question is taken only when it adds nothing to what was said.
"""

import re
import time
from collections.abc import Generator, Sequence
from contextlib import closing

from assistant.answer.followup import content
from assistant.answer.prompt import Shown
from assistant.answer.reply import Reply
from assistant.index.terms import terms
from assistant.ingest.normalize import normalize
from assistant.llm.values import Finished, Model, Request
from assistant.values import DraftStatement, Turn

MAX_QUERY_CHARS = 300
MAX_REWRITTEN_CHARS = 2 * MAX_QUERY_CHARS
"""A question and its wrapping; a longer reply is something else."""
N_BEGINNING = 4
"""Letters that make two words forms of one: "built" and "build" have no stem in common."""
_PREFIX = re.compile(r"^(?:\W*(?:last |standalone |rewritten )?question\s*:)?[\s\"'“”*]*", re.I)
_SUFFIX = re.compile(r"[\s\"'“”*]*$")


def generate(model: Model, shown: Shown) -> Generator[DraftStatement | Finished | None]:
    """Yield the statements of the reply, None while nothing comes, its cost at the end.

    Raises:
        ModelUnavailable: see `Model.stream`.
    """
    reply, started, first_s = Reply(), time.monotonic(), 0.0
    with closing(model.stream(shown.request)) as pieces:
        for piece in pieces:
            if isinstance(piece, Finished):
                yield from reply.end()
                yield piece
                return
            if piece:
                first_s = first_s or time.monotonic() - started
                yield from reply.add(piece)
                if reply.is_full:
                    break
            else:
                yield None
    yield _estimate(model, shown.request, reply.text, first_s, time.monotonic() - started)


def read_rewritten(reply: str, question: str, history: Sequence[Turn]) -> str | None:
    """Return the question that a model made of a follow-up, None when it is not to be used.

    It keeps the question's own words and has no other ones than those of the conversation: what
    is searched for is never of the model's own making.

    >>> history = [("user", "Who built the mill?"), ("assistant", "Ann Holt built it.")]
    >>> read_rewritten('"When did Ann Holt build the mill?"', "When did she?", history)
    'When did Ann Holt build the mill?'
    >>> read_rewritten("When was the king crowned?", "When?", history)
    """
    if len(reply) > MAX_REWRITTEN_CHARS:
        return None
    lines = [line for line in normalize(reply)[0].splitlines() if line.strip()]
    if len(lines) != 1:
        return None
    query = " ".join(_SUFFIX.sub("", _PREFIX.sub("", lines[0])).split())
    if not query or len(query) > MAX_QUERY_CHARS:
        return None
    found, own = _terms(query), _terms(question)
    said = {term for _, text in history for term in terms(text)}
    beginnings = {term[:N_BEGINNING] for term in own | said}
    is_said = all(term[:N_BEGINNING] in beginnings for term in found)
    return query if own <= found and is_said else None


def _terms(text: str) -> set[str]:
    return {term for word in content(text) for term in terms(word)}


def _estimate(
    model: Model, request: Request, reply: str, first_s: float, total_s: float
) -> Finished:
    """Return the cost of a reply that was left before its end."""
    prompt = model.count(request.system + request.user)
    return Finished(prompt, model.count(reply), first_s, total_s, is_estimated=True)
