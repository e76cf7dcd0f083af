"""`assistant feedback`: what readers said in the chat, as lines that `assistant eval` reads.

Refuses an index folder that is not there with `IndexMissing`.
"""

import json
from pathlib import Path

from assistant.errors import IndexMissing
from assistant.surfaces.chat.feedback import list_questions, read_feedback
from assistant.surfaces.terminal import say, write


def print_questions(index_dir: Path) -> None:
    """Print the judged answers as questions, a line each."""
    if not index_dir.is_dir():
        raise IndexMissing(f"there is no index in {str(index_dir)!r}, so no feedback")
    questions = list(list_questions(read_feedback(index_dir)))
    for question in questions:
        write(json.dumps(question, ensure_ascii=False))
    say(f"{len(questions)} answers were judged")
