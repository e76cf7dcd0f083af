"""Why a child process that ran a model ended, in words that say what to do.

In: its exit status and the last lines of its stderr, which a foreign file may have had a say in.
Out: one line, short and printable.
"""

import re
import signal
from collections.abc import Sequence

MAX_SAID_CHARS = 300
LESS_MEMORY = "take a smaller model or fewer llm.context_tokens"
STAMP = re.compile(r"^\d+\.\d+\.\d+\.\d+ (?P<error>E )?\s*")
"""How llama.cpp begins a line, and marks those that tell of errors."""
SHORT_OF_MEMORY = re.compile(
    r"bad_alloc|MemoryError|(allocate|insufficient|out of) memory|fail\w* to alloc|alloc\w* .*fail"
    r"|ASSERT\(\S*(buf|mem|ptr)\w* != (NULL|nullptr)\)",
    re.IGNORECASE,
)


def explain(status: int, lines: Sequence[str]) -> str:
    """Say why a child ended.

    Args:
        status: as `Popen.returncode`, negative for a signal.
        lines: the end of its stderr.
    """
    if status == -signal.SIGKILL:
        return f"the system ended it, most likely since memory ran out: {LESS_MEMORY}"
    said = _choose(status, lines)
    if SHORT_OF_MEMORY.search(said):
        return f"there is not enough memory ({said}): {LESS_MEMORY}"
    if "libgomp" in said:
        return f"a system library is missing ({said}): install it (Debian: libgomp1)"
    ended = f"exit status {status}" if status >= 0 else signal.strsignal(-status)
    return f"{said or 'it said nothing'} ({ended}); if the file may be damaged, get it anew"


def _choose(status: int, lines: Sequence[str]) -> str:
    """Choose what tells most: of marked errors the first, since the others follow from it."""
    marks = [STAMP.match(line) for line in lines]
    causes = [m.string for m in marks if m and m["error"]][:1] if status > 0 else []
    bare = [STAMP.sub("", line).strip() for line in causes or lines[-3:]]
    said = " / ".join(line for line in bare if line)
    printable = "".join(c if c.isprintable() else " " for c in said)
    return " ".join(printable.split())[-MAX_SAID_CHARS:]
