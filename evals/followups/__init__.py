"""How questions with a conversation before them fare, beside the same questions without it."""
