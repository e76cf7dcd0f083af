"""Hypothesis without a deadline: the machine's other work must not fail a property."""

from hypothesis import settings

settings.register_profile("assistant", deadline=None)
settings.load_profile("assistant")
