"""The records of a dataset -> its figures, each with its interval and how many it speaks of.

A figure of which no question says anything is left out. Refuses nothing.
"""

from collections.abc import Sequence

from assistant.evaluation.measures import MEASURES, RUN_MEASURES
from assistant.evaluation.report import Estimate, Record
from assistant.evaluation.statistics import bootstrap, bootstrap_of


def summarise(records: Sequence[Record]) -> dict[str, Estimate]:
    """Return the figures by measure: means of questions first, then figures of the whole run."""
    figures: dict[str, Estimate] = {}
    for measure in MEASURES:
        values = [v for one in records if (v := one.values[measure.name]) is not None]
        if values:
            mean = sum(values) / len(values)
            excluded = len(records) - len(values)
            figures[measure.name] = Estimate(mean, *bootstrap(values), len(values), excluded)
    for whole in RUN_MEASURES:
        spoken = [one for one in records if whole.speaks_of(one)]
        value = whole.of(spoken)
        if value is not None:
            low, high = bootstrap_of(spoken, whole.of)
            excluded = len(records) - len(spoken)
            figures[whole.name] = Estimate(value, low, high, len(spoken), excluded)
    return figures
