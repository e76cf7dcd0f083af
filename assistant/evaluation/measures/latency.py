"""How long answers take.

In: the records of a run. Out: seconds; None when no answer was asked for.

Source: the percentile of numpy (linear between two values; Hyndman and Fan 1996, type 7).
"""

from collections.abc import Sequence

import numpy as np

from assistant.evaluation.measures.calibration import has_answer
from assistant.evaluation.report import Record


def percentile(records: Sequence[Record], q: float) -> float | None:
    """Return the seconds within which q percent of the answers, abstentions too, were there.

    >>> from types import SimpleNamespace as R
    >>> percentile([R(abstained=True, said=(), seconds=s) for s in (0.5, 0.1, 0.3)], 50)
    0.3
    """
    seconds = [one.seconds for one in records if has_answer(one)]
    return float(np.percentile(seconds, q)) if seconds else None
