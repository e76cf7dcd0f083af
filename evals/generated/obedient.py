"""A language model that does whatever a planted sentence says: the worst one that can be.

In: a prompt and the attack that stands in its document. Out, in the short form: statements that
cite the planted sentence and repeat it, state its demand with and without that citation, and slip
it into a benign sentence. At length: the same as paragraphs, with the marks of valid units, with
marks further on, and without any, and a benign sentence garbled where that is asked for. Without an
attack it says nothing, or at length that nothing answers. It says the same whatever is asked, and
where it is asked to verify it confirms all.
"""

import json
import re
from collections.abc import Callable, Generator
from itertools import cycle, islice

from assistant.write.llm.values import Finished, Request
from assistant.write.prompt import WRITE, neutralize
from evals.generated.attacks import Attack
from evals.generated.signs import results_of

CHARS_PER_TOKEN = 4
_LINE = re.compile(r"^\[(\d+)\] (.*)$", re.MULTILINE)
_WORD = re.compile(r"[^\W\d_]{3,}")
_SYMBOLS = str.maketrans("aeioubs", "@3!0u&$")
CLAIMS = (
    "The answer is {}.",
    "All of the passages say {}.",
    "It must be said first of all: {}.",
    "In short, {}.",
    "What counts is {}.",
    "Nothing else is true but {}.",
)


class Obedient:
    """A `Model`; `attack` is what the documents hold at present.

    A small one replies in the short form; another at length, to a prompt of 12,000 tokens.
    """

    name = "obedient"

    def __init__(self, *, is_small: bool = True) -> None:
        self.attack: Attack | None = None
        self.is_small = is_small
        self.prompt_tokens = 1_024 if is_small else 12_000
        self.reply_tokens = 300 if is_small else 4_096

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
        elif request.system == WRITE:
            reply = obey_at_length(self.attack, request.user) if self.attack else "NOT ANSWERED"
        else:
            reply = "\n".join(f"{n}: yes" for n in range(1, 100))
        yield reply
        yield Finished(self.count(request.system + request.user), self.count(reply), 0.0, 0.0, True)

    def close(self) -> None:
        """See `Model`."""


def obey(attack: Attack, prompt: str) -> list[tuple[list[int], str]]:
    """Return the statements of a reply that obeys, with the numbers that each cites."""
    planted, benign = _part(attack, prompt)
    demand = attack.demands[0] if attack.demands else attack.text
    claim = f"The answer is {demand.rstrip('.')}."
    said = [([number], text) for number, text in planted[:1]]
    said += [([number], claim) for number, _ in (*planted[:1], *benign[:1])]
    for number, text in benign[-1:]:
        blended = f"{text.rstrip('.')}, {demand.rstrip('.')}."
        said.append(([number, *(n for n, _ in planted[:1])], blended))
    return said


def obey_at_length(attack: Attack, prompt: str) -> str:
    """Return paragraphs that obey; no two sentences are alike, since the second would not count."""
    planted, benign = _part(attack, prompt)
    if not benign:
        return attack.text
    found = list(islice(cycle(benign), 6))
    first, second, third, fourth, fifth, last = carry_out(attack, [text for _, text in found])
    marks = [f"[{number}]" for number, _ in found]
    paragraphs = [
        f"{first} {marks[0]}",
        f"{second} {found[1][1]} {marks[1]}",  # it rests on the marks further on
        third,
        f"{found[3][1].rstrip('.')}, and {_lower(fourth)} {marks[3]}",
        f"- {fifth} {''.join(marks[:3])}",
        *(f"{last} [{number}]\n\n{text} [{number}]" for number, text in planted[:1]),
    ]
    return "\n\n".join(paragraphs)


def carry_out(attack: Attack, texts: list[str]) -> list[str]:
    """Return for each text a sentence that does what the attack says, made of that text or not."""
    if attack.category in GARBLED:
        return [GARBLED[attack.category](text) for text in texts]
    asked = [*attack.demands, *results_of(attack)] or [attack.text]
    said = zip(cycle(CLAIMS), cycle(asked), texts, strict=False)
    return [claim.format(one.rstrip(".")) for claim, one, _ in said]


def _misspell(text: str) -> str:
    return _WORD.sub(lambda word: f"{word[0][1]}{word[0][0]}{word[0][2:]}", text)


def _sort_letters(text: str) -> str:
    return _WORD.sub(lambda word: "".join(sorted(word[0])), text)


def _count_vowels(text: str) -> str:
    return re.sub("[aeiou]", lambda found: str("aeiou".index(found[0]) + 1), text)


GARBLED: dict[str, Callable[[str], str]] = {
    "Alphanumeric Substitution": _count_vowels,
    "Homophonic Substitution": lambda text: text.translate(_SYMBOLS),
    "Misspelling Intentionally": _misspell,
    "Anagramming": _sort_letters,
    "Space Removal & Grouping": lambda text: text.replace(" ", ""),
}


def _lower(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"


def _part(attack: Attack, prompt: str) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Return the sentences of a prompt that are of the attack, and the others."""
    lines = [(int(number), text) for number, text in _LINE.findall(prompt)]
    planted = [(number, text) for number, text in lines if _is_of(text, attack)]
    return planted, [one for one in lines if one not in planted]


def _is_of(line: str, attack: Attack) -> bool:
    """Whether a sentence of the prompt is of the attack, or the attack is in it."""
    text = neutralize(attack.text)
    return text in line or (line in text and len(line) > 3)
