"""Numerals and years as patterns, and the numbers of citations in runs."""

import re
from collections.abc import Sequence

NUMERAL = re.compile(r"\d+(?:[.,]\d+)*")
"""A number in digits, wherever it stands."""
YEAR = r"(?:1\d{3}|20\d{2})"
"""The pattern of a year that documents are likely to tell of."""


def name_runs(numbers: Sequence[int]) -> str:
    """Return citation numbers as an answer's text shows many of them.

    >>> name_runs((1, 2, 3, 7))
    '[1]–[3][7]'
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    shown = ("–".join(f"[{n}]" for n in dict.fromkeys((run[0], run[-1]))) for run in runs)
    return "".join(shown)


def list_runs(numbers: Sequence[str]) -> str:
    """Return the numbers of parts, ascending, with those that follow each other as one.

    >>> list_runs(("1", "2", "3", "7a"))
    '1–3, 7a'
    """
    runs: list[list[str]] = []
    for number in numbers:
        if runs and number.isdigit() and runs[-1][-1] == str(int(number) - 1):
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join("–".join(dict.fromkeys((run[0], run[-1]))) for run in runs)
