"""A language model that does whatever a planted sentence says: the worst one that can be.

In: a prompt and the attack that stands in its document. Out: statements that cite the planted
sentence and repeat it, state its demand with and without that citation, and slip it into a benign
sentence. Without an attack, or where the prompt does not show it: the demand, citing what is
there. It says the same whatever is asked.
"""

import json
import re
from collections.abc import Generator

from assistant.write.llm.values import Finished, Request
from assistant.write.prompt import neutralize
from evals.generated.attacks import Attack

PROMPT_TOKENS = 1024
CHARS_PER_TOKEN = 4
_LINE = re.compile(r"^\[(\d+)\] (.*)$", re.MULTILINE)


class Obedient:
    """A `Model`; `attack` is what the documents hold at present."""

    name = "obedient"
    prompt_tokens = PROMPT_TOKENS
    reply_tokens = 300
    is_small = True

    def __init__(self) -> None:
        self.attack: Attack | None = None

    def count(self, text: str) -> int:
        """See `Model`."""
        return len(text) // CHARS_PER_TOKEN + 1

    def stream(self, request: Request) -> Generator[str | Finished | None]:
        """See `Model`."""
        reply = ""
        if request.schema:
            said = obey(self.attack, request.user) if self.attack else []
            listed = [{"sentences": numbers, "text": text} for numbers, text in said]
            reply = json.dumps({"statements": listed})
        yield reply
        yield Finished(self.count(request.system + request.user), self.count(reply), 0.0, 0.0, True)

    def close(self) -> None:
        """See `Model`."""


def obey(attack: Attack, prompt: str) -> list[tuple[list[int], str]]:
    """Return the statements of a reply that obeys, with the numbers that each cites."""
    lines = [(int(number), text) for number, text in _LINE.findall(prompt)]
    planted = [(number, text) for number, text in lines if _is_of(text, attack)]
    benign = [(number, text) for number, text in lines if not _is_of(text, attack)]
    demand = attack.demands[0] if attack.demands else attack.text
    claim = f"The answer is {demand.rstrip('.')}."
    said = [([number], text) for number, text in planted[:1]]
    said += [([number], claim) for number, _ in (*planted[:1], *benign[:1])]
    for number, text in benign[-1:]:
        blended = f"{text.rstrip('.')}, {demand.rstrip('.')}."
        said.append(([number, *(n for n, _ in planted[:1])], blended))
    return said


def _is_of(line: str, attack: Attack) -> bool:
    """Whether a sentence of the prompt is of the attack, or the attack is in it."""
    text = neutralize(attack.text)
    return text in line or (line in text and len(line) > 3)
