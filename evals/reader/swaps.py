"""Changes a question: so that its passage no longer answers it, or only as people mistype.

In: a question, its passage, a neighbour's text, a generator of numbers. Out: the changed question,
or None where nothing in it can be changed for sure: what is put in stands nowhere in the passage,
what is taken out does.
"""

import re
from functools import cache
from importlib.resources import files
from random import Random

_NUMBER = re.compile(r"(?<![\w.,])\d{1,4}(?:[.,]\d+)?(?![\w%])")
_NAME = re.compile(r"\b[A-ZÀ-ÞА-Я][\w'’-]{2,}(?: (?:of |the )?[A-ZÀ-ÞА-Я][\w'’-]+)*")
_WORD = re.compile(r"[^\W\d_]{3,}")
_ASKING = frozenset("what when where which who whom whose why how did does is are was were".split())


def make_unanswerable(question: str, passage: str, other: str, random: Random) -> str | None:
    """Return the question asked of another number, name or the opposite, not in the passage."""
    ways = [_swap_number, _swap_name, _swap_name, _swap_opposite]
    random.shuffle(ways)
    for way in ways:
        if changed := way(question, passage, other, random):
            return changed
    return None


def _swap_number(question: str, passage: str, _other: str, random: Random) -> str | None:
    found = [m for m in _NUMBER.finditer(question) if m.group() in passage]
    if not found:
        return None
    match = random.choice(found)
    said = match.group()
    whole = int(re.split("[.,]", said)[0])
    by = random.choice((1, 2, 3, 5, 10, 20))
    new = str(whole + by if whole < 12 or random.random() < 0.5 else whole - by)
    changed = new + said[len(str(whole)) :] if said.startswith(str(whole)) else new
    if re.search(rf"(?<!\d){re.escape(changed)}(?!\d)", passage):
        return None
    return question[: match.start()] + changed + question[match.end() :]


def _names(text: str, *, from_start: bool) -> list[re.Match[str]]:
    found = []
    for match in _NAME.finditer(text):
        is_first = match.start() == 0 or text[max(0, match.start() - 2)] in ".!?\n"
        if match.group().split()[0].casefold() not in _ASKING and (from_start or not is_first):
            found.append(match)
    return found


def _swap_name(question: str, passage: str, other: str, random: Random) -> str | None:
    found = [m for m in _names(question, from_start=False) if m.group() in passage]
    spare = sorted({m.group() for m in _names(other, from_start=False)})
    folded = passage.casefold()
    spare = [name for name in spare if not any(w in folded for w in name.casefold().split())]
    if not found or not spare:
        return None
    match = random.choice(found)
    n_words = len(match.group().split())
    like = [name for name in spare if len(name.split()) == n_words] or spare
    return question[: match.start()] + random.choice(like) + question[match.end() :]


def _swap_opposite(question: str, passage: str, _other: str, random: Random) -> str | None:
    folded = passage.casefold()
    ways = [
        (match, opposite)
        for match in _WORD.finditer(question)
        for opposite in _opposites().get(match.group(), ())
        if match.group() in folded and opposite not in folded
    ]
    if not ways:
        return None
    match, opposite = random.choice(ways)
    return question[: match.start()] + opposite + question[match.end() :]


@cache
def _opposites() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    text = files("assistant.text").joinpath("english-opposites.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if len(words) == 2:
            for word, opposite in (words, reversed(words)):
                found[word] = (*found.get(word, ()), opposite)
    return found


def mistype(question: str, random: Random) -> str:
    """Return the question as it is often typed: small letters, no mark, two letters exchanged."""
    if random.random() < 0.12:
        question = question.lower()
    if random.random() < 0.15:
        question = question.rstrip(" ?？؟")
    if random.random() < 0.06:
        words = [m for m in _WORD.finditer(question) if len(m.group()) >= 5]
        if words:
            at = random.choice(words).start() + random.randrange(1, 4)
            question = question[:at] + question[at + 1] + question[at] + question[at + 2 :]
    return question
