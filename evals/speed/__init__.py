"""The sections of `python -m evals.bench`: what each one measures, and how it is measured."""
