"""Questions asked of an assistant, and how often it cites, answers and refuses rightly.

from assistant.evaluation import evaluate
assert evaluate(assistant, "questions.jsonl").figure("trusted").low > 0.6
"""

from assistant.evaluation.report import Report
from assistant.evaluation.run import evaluate, read_questions
from assistant.evaluation.values import Gold, Question

__all__ = ["Gold", "Question", "Report", "evaluate", "read_questions"]
