"""Public data sets, read from files that are already there, in one shape for every measurement.

In: paths. Out: `Dataset` (documents by id, and questions with what answers them) or a tuple of
`Claim` (a statement, its evidence and whether that supports it). Refused: a row that is not of
its set's form, with a ValueError that names file and line. Downloads nothing.
"""

from assistant.evaluation.runner import write_corpus
from assistant.evaluation.values import Dataset, Question
from evals.datasets.clapnq import load_clapnq
from evals.datasets.documents import Claim
from evals.datasets.expertqa import load_claims_expertqa
from evals.datasets.hotpotqa import load_hotpotqa
from evals.datasets.ir_classic import load_cisi, load_cranfield, load_med
from evals.datasets.mtrag import load_mtrag
from evals.datasets.nq import load_nq
from evals.datasets.quotesum import load_quotesum
from evals.datasets.ramdocs import load_ramdocs
from evals.datasets.registry import CLAIM_SETS, QUESTION_SETS, load_claims, load_set
from evals.datasets.squad import load_squad
from evals.datasets.wice import load_claims_wice, load_wice

__all__ = [
    "CLAIM_SETS",
    "QUESTION_SETS",
    "Claim",
    "Dataset",
    "Question",
    "load_cisi",
    "load_claims",
    "load_claims_expertqa",
    "load_claims_wice",
    "load_clapnq",
    "load_cranfield",
    "load_hotpotqa",
    "load_med",
    "load_mtrag",
    "load_nq",
    "load_quotesum",
    "load_ramdocs",
    "load_set",
    "load_squad",
    "load_wice",
    "write_corpus",
]
