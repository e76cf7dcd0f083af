"""Says in words how an answer was made, by whom, at what cost, and what it cites from where.

Returns plain text, which each surface escapes (`cli.terminal` for the command line). Sentences that
failed their check are counted with the reason; their text is never shown.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.show.blocks import list_quotes
from assistant.text.english import MEASURES
from assistant.text.exact import read_place
from assistant.text.listing import SEARCHED
from assistant.text.numbers import name_runs
from assistant.text.terms import fold, guess_language, query_terms, say_in, terms
from assistant.text.words import content
from assistant.values import (
    WRITTEN,
    Answer,
    Citation,
    Consulted,
    PageKind,
    Statement,
    Usage,
    Verdict,
)

STOPPED_PARTLY = "Stopped; what is shown was verified."
CLOSING_PARTLY = "The assistant is being stopped; what is shown was verified."
MAX_NEAREST = 3
"""Passages shown with an abstention."""
MAX_MISSING = 3
"""Words named that none of the passages has; where more are missing, they are but unlike."""
MAX_WORD_CHARS = 40
MAX_NAME_CHARS = 100
"""Characters of a model's name, which comes from a path or a server."""
MAX_NOTICE_CHARS = 500
MAX_WHY_CHARS = 300
"""Characters of the reason why a sentence was dropped."""
STAGES = {
    "index": "Building the index",
    "rewrite": "Rewriting the question",
    "retrieve": "Searching",
    "answer": "Reading",
    "cite": "Checking quotes",
    "write": "Writing",
}
"""The keys of `Answer.timings` in words; an unknown key is shown as it is."""
_SHORT = {PageKind.PAGE: "p."}


@dataclass(frozen=True, slots=True)
class CostReport:
    """What an answer cost and how its checks went; `dropped` are the reasons for each sentence."""

    title: str
    rows: tuple[tuple[str, str], ...]
    dropped: tuple[str, ...]


def name_model(name: str) -> str:
    """Return a language model's name on one line of at most `MAX_NAME_CHARS`."""
    return _shorten(name, MAX_NAME_CHARS)


def list_remarks(answer: Answer) -> tuple[str, ...]:
    """Return remarks on an answer: which model wrote it, what it leaves out, and its notice."""
    said = (
        describe_author(answer),
        describe_rest(answer),
        _shorten(answer.notice or "", MAX_NOTICE_CHARS),
    )
    return tuple(one for one in said if one)


SURE_FROM, LIKELY_FROM, UNSURE_FROM = 0.8, 0.5, 0.25
"""Estimated probabilities that the documents answer a question. Of the answers that are shown in
`evals.everyday` 97 of 104 from the first on were right, and 42 of 56 from the second; of the
folders written blind 27 of 46 and 71 of 113, which the estimate does not tell apart; from the third
on 3 of 9 and 23 of 44. Below it an answer is only shown for a code or name that it has, of which
the estimate knows nothing."""


def describe_confidence(answer: Answer) -> str | None:
    """Say how likely it is that what is quoted answers the question.

    None where the estimate says nothing: of what was not searched for, of places asked for by name
    (which are certain), and of a model's words, each of which has its own verdict.
    """
    is_estimated = answer.kind == "answer" and answer.reading in SEARCHED and not answer.computed
    if not is_estimated or answer.answerer == WRITTEN or answer.confidence >= 1:
        return None
    if answer.confidence >= SURE_FROM:
        return "Very likely answers the question."
    if answer.confidence >= LIKELY_FROM:
        return "Probably answers the question."
    if answer.confidence >= UNSURE_FROM:
        return "May not answer the question: see where it stands."
    return None


_TAKEN = {
    "folder": "Taken as a question about the folder.",
    "document": "Taken as a question about a whole document.",
    "comparison": "Taken as a question about two documents.",
}


def describe_reading(answer: Answer) -> str | None:
    """Say what a question was taken for, if it was not searched for."""
    return _TAKEN.get(answer.reading)


def describe_rest(answer: Answer) -> str | None:
    """Say how many rows or items that say as much are not shown; None where there are none."""
    if not answer.n_more:
        return None
    what = "row or item says" if answer.n_more == 1 else "rows or items say"
    return f"At least {answer.n_more:,} more {what} as much, not shown here."


def describe_nearest(answer: Answer) -> str:
    """Say what the passages under an abstention are, and which words of the question none has."""
    told = " ".join(f"{one.title} {one.heading or ''} {one.text}" for one in answer.consulted)
    language, of_told = guess_language(answer.query), guess_language(told)
    read = {code: set(terms(told, code)) for code in (language, of_told)}
    wanted = set(query_terms(answer.query, language))
    asked = dict.fromkeys(
        word
        for word in content(answer.query)
        if fold(word) not in MEASURES and wanted.intersection(terms(word, language))
    )
    missing = [
        word for word in asked if not any(read[code] & set(terms(word, code)) for code in read)
    ]
    is_told = read_place(answer.query, language) is not None  # by the reason
    is_long = any(len(word) > MAX_WORD_CHARS for word in missing)
    named = [] if is_told or is_long else missing
    if not 0 < len(named) <= MAX_MISSING:
        return say_in(language, "The nearest passages")
    said = say_in(language, "The nearest passages, none of which has {}")
    return said.replace("{}", _list_either(named, say_in(language, "or")))


def _list_either(words: Sequence[str], joint: str = "or") -> str:
    """Return words as alternatives.

    >>> _list_either(["gym", "pool", "sauna"])
    '“gym”, “pool” or “sauna”'
    """
    *others, last = (f"“{word}”" for word in words)
    return f"{', '.join(others)} {joint} {last}" if others else last


def describe_author(answer: Answer) -> str | None:
    """Say which language model wrote an answer and that it was checked; None of quotes alone."""
    if answer.answerer != WRITTEN or answer.kind != "answer":
        return None
    model = (name_model(answer.usage.model) if answer.usage else "") or "a language model"
    found = Counter(one.verdict for one in answer.statements)
    n_quoted = found[Verdict.QUOTED]
    if n_quoted == len(answer.statements):
        return f"Chosen by {model}; every sentence is an exact quote."
    by = dict.fromkeys(one.confirmed_by for one in answer.statements if one.confirmed_by)
    names = [name_model(name) for name in by]
    own = "the same model, asked apart" if names == [model] else " and ".join(names)
    said = (
        (_UNASKED_PARTLY if n_quoted else _UNASKED)
        if found[Verdict.NOT_CONFIRMED]
        else (_CONFIRMED_PARTLY if n_quoted else _CONFIRMED)
    )
    return said.format(model=model, what=own)


_UNASKED = "Written by {model}; nobody was asked to confirm its sentences."
_UNASKED_PARTLY = (
    "Written in part by {model}; nobody was asked to confirm its sentences; "
    "the rest are exact quotes."
)
_CONFIRMED = "Written by {model}; each of its sentences was confirmed by {what}."
_CONFIRMED_PARTLY = (
    "Written in part by {model}; each of its sentences was confirmed by {what}; "
    "the rest are exact quotes."
)


def is_quote(answer: Answer, statement: Statement) -> bool:
    """Whether a statement is word for word one of the quotes that it cites."""
    return any(
        citation.quote == statement.text
        for citation in answer.citations
        if citation.number in statement.citations
    )


def report_costs(answer: Answer) -> CostReport:
    """Return what an answer cost and how its checks went; the timings alone without a model."""
    is_model_used = bool(answer.usage or answer.dropped or answer.answerer == WRITTEN)
    rows = list(_list_usage(answer.usage)) if answer.usage else []
    rows += _list_checks(answer) if is_model_used else ()
    rows += ((STAGES.get(key, key), _seconds(taken)) for key, taken in answer.timings.items())
    return CostReport(
        "Cost and checks" if is_model_used else "Timings",
        tuple(rows),
        tuple(_shorten(one.why, MAX_WHY_CHARS) for one in answer.dropped),
    )


def _list_usage(usage: Usage) -> Iterator[tuple[str, str]]:
    about = "about " if usage.is_estimated else ""
    read, written = f"{usage.prompt_tokens:,}", f"{usage.completion_tokens:,}"
    came = "none came" if usage.first_token_s is None else f"after {_seconds(usage.first_token_s)}"
    yield "Model", name_model(usage.model)
    yield "Calls", f"{usage.n_calls:,}"
    yield "Tokens", f"{about}{read} read, {about}{written} written"
    yield "First token", came
    yield "Whole reply", f"after {_seconds(usage.total_s)}"
    if usage.completion_tokens and usage.total_s > 0:
        yield "Speed", f"{about}{usage.completion_tokens / usage.total_s:,.1f} tokens/s, all in all"


def _list_checks(answer: Answer) -> Iterator[tuple[str, str]]:
    counts = Counter(one.verdict for one in answer.statements)
    by = ", ".join(
        dict.fromkeys(name_model(one.confirmed_by) for one in answer.statements if one.confirmed_by)
    )
    if answer.kind == "answer":
        yield "Sentences quoted", f"{counts[Verdict.QUOTED]}"
    if counts[Verdict.CONFIRMED]:
        yield "Confirmed", f"{counts[Verdict.CONFIRMED]}, by {by}"
    if counts[Verdict.NOT_CONFIRMED]:
        yield "Not confirmed", f"{counts[Verdict.NOT_CONFIRMED]}: no verifier is asked"
    if n_instead := sum(one.stands_in for one in answer.statements):
        yield "Quoted instead", f"{n_instead}, in place of what was not confirmed"
    yield "Sentences dropped", str(len(answer.dropped))


def _seconds(taken: float) -> str:
    """Return a duration in milliseconds or seconds.

    >>> _seconds(0.0123), _seconds(2.345)
    ('12 ms', '2.3 s')
    """
    return f"{taken * 1000:.0f} ms" if taken < 1 else f"{taken:,.1f} s"


def _shorten(text: str, max_chars: int) -> str:
    line = " ".join(text[: 4 * max_chars].split())
    return line if len(line) <= max_chars else line[: max_chars - 1].rstrip() + "…"


def name_page(number: int, kind: PageKind = PageKind.PAGE) -> str:
    """Return what a citation calls a part.

    >>> name_page(12), name_page(3, PageKind.SLIDE)
    ('p. 12', 'slide 3')
    """
    return f"{_SHORT.get(kind, kind.value)} {number}"


def describe_sources(answer: Answer) -> str:
    """Return what stands under an answer: the place of each quote, and what it does not show."""
    if answer.kind != "answer":
        return ""
    wrote = describe_author(answer)
    shown = list_quotes(answer)
    compared = answer.compared
    places = [
        f"[{one.number}] {describe_place(one)}"
        + ("" if one.number in shown else f"\n{indent(one.quote)}\n")
        for one in answer.citations
        if one not in compared
    ]
    rest = [_describe_compared(compared)] if compared else []
    remark = [f"\n({wrote})"] if wrote else []
    return re.sub("\n\n+", "\n\n", "\n".join([*places, *rest, *remark])).strip("\n")


def describe_costs(answer: Answer) -> str:
    """Return what an answer cost and why sentences were dropped, a line each; not their text."""
    report = report_costs(answer)
    lines = [f"{name}: {said}" for name, said in report.rows]
    return "\n".join([*lines, *(f"Dropped, because {why}" for why in report.dropped)])


def indent(text: str) -> str:
    """Return the text with each line indented by four spaces."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def count(n: int, noun: str) -> str:
    """Return a number with its noun in the singular or plural.

    >>> count(1, "file"), count(1200, "file")
    ('1 file', '1,200 files')
    """
    return f"{n:,} {noun}{'s' * (n != 1)}"


def _describe_compared(compared: Sequence[Citation]) -> str:
    """Name the rows that were only compared, which may be hundreds."""
    names = ", ".join(dict.fromkeys(one.document_id for one in compared))
    numbers = name_runs([one.number for one in compared])
    return f"{numbers} {count(len(compared), 'other row')} of {names}"


def describe_place(where: Citation | Consulted) -> str:
    """Name where a quote or a passage stands: its document, page, heading and characters."""
    page = f", {name_page(where.page, where.page_kind)}" if where.page else ""
    heading = f", {where.heading!r}" if where.heading else ""
    copies = where.copies if isinstance(where, Citation) else ()
    also = f", also: {', '.join(copies)}" if copies else ""
    return f"{where.document_id}{page}{heading}, characters {where.start}-{where.end}{also}"
