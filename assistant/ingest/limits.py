"""How much of the machine one file may take, wherever it comes from.

The bounds that a user can change are in `Limits`; the constants are those of others: Apache Tika's
for archives and nesting, Alibaba's and Kendra's for pages and text.
"""

from dataclasses import dataclass

MAX_EXPANDED_BYTES = 200_000_000
"""Of an archive's members together, counted while they are unpacked and not as it says itself."""
MAX_RATIO = 100
"""How much larger than its file an archive may become, once it is over a megabyte."""
MAX_MEMBERS = 10_000
MAX_DEPTH = 100
"""Of XML elements and JSON brackets inside each other."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of reading one file.

    Attributes:
        max_chars: of its text; a longer one is refused, never cut.
        max_pages: pages, slides or sheets.
        timeout_s: wall and processor time.
        memory_bytes: address space of the process that parses it.
    """

    max_chars: int = 5_000_000
    max_pages: int = 2_000
    timeout_s: float = 60.0
    memory_bytes: int = 1_610_612_736


DEFAULT_LIMITS = Limits()
"""Those of a file that nothing was set for."""
