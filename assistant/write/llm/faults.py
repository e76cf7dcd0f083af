"""What went wrong with a language model and what to do about it, in words.

The exceptions of the OpenAI SDK and of httpx are known by their shape, so that neither library is
imported here; any other exception is told as it is.
"""

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from assistant.text.normalize import normalize

MAX_CHARS = 200
_REMEDIES = {
    400: "it refuses the request; see `assistant doctor`",
    401: "it wants a key: set ASSISTANT_LLM__API_KEY",
    403: "it does not accept the key in ASSISTANT_LLM__API_KEY",
    404: "it does not know this model or path; check llm.model and llm.base_url",
    413: "the prompt is too long for it; lower llm.max_prompt_tokens",
    429: "it has too many requests; try again later",
}
_ABOUT_SCHEMA = re.compile(r"response_format|json_schema|schema|grammar|structured", re.IGNORECASE)
_ABOUT_LENGTH = re.compile(r"context.{0,20}(?:size|length|window)|too long|exceed", re.IGNORECASE)


def describe(name: str, error: BaseException) -> str:
    """Return what went wrong with the model, and what to do."""
    status = _status(error)
    kind = type(error).__name__
    if status is not None:
        told = _REMEDIES.get(status, "it failed")
        if status in (400, 422) and _ABOUT_LENGTH.search(str(error)):
            told = "the prompt is longer than its context; set llm.context_tokens"
        return f"the language model {name!r} replied with status {status}: {told}"
    if "Connect" in kind or isinstance(error, ConnectionError):
        return f"the language model {name!r} cannot be reached; is its server running?"
    if "Timeout" in kind:
        return f"the language model {name!r} did not reply in time"
    said = " ".join(normalize(str(error))[0].split())[:MAX_CHARS]
    return f"the reply of the language model {name!r} cannot be read ({kind}: {said})"


def is_passing(error: BaseException) -> bool:
    """Whether the same request may succeed a moment later."""
    status = _status(error)
    if status is not None:
        return status in (408, 409, 425, 429) or status >= 500
    return "Connect" in type(error).__name__ or isinstance(error, (ConnectionError, OSError))


def refuses_schema(error: BaseException) -> bool:
    """Whether a server refuses the request for its JSON schema."""
    status = _status(error)
    return status in (400, 404, 422, 500, 501) and bool(_ABOUT_SCHEMA.search(str(error)))


def told_wait_s(error: BaseException) -> float:
    """Return the seconds that a server asks to be left alone for (`Retry-After`), else 0."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    told = str(headers.get("retry-after", "")) if headers is not None else ""
    try:
        seconds = float(told)
    except ValueError:
        seconds = _seconds_until(told)
    return 0.0 if math.isnan(seconds) else max(0.0, seconds)


def _seconds_until(date: str) -> float:
    """Return the seconds until a date as HTTP writes it, 0 when it is none."""
    try:
        told = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return (told.replace(tzinfo=told.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


def _status(error: BaseException) -> int | None:
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None
