"""What a run of the command line is."""

from collections.abc import Callable

Run = Callable[..., tuple[int, str, str]]
