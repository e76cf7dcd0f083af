"""Public data sets, read from files that are already there, in one shape for every measurement.

In: paths. Out: `PublicSet` (documents by id, and questions with what answers them) or a tuple of
`Claim` (a statement, its evidence and whether that supports it). Refused: a row that is not of
its set's form, with a ValueError that names file and line. Downloads nothing.
"""

from evals.public.clapnq import load_clapnq
from evals.public.corpus import write_corpus
from evals.public.expertqa import load_claims_expertqa
from evals.public.hotpotqa import load_hotpotqa
from evals.public.mtrag import load_mtrag
from evals.public.nq import load_nq
from evals.public.quotesum import load_quotesum
from evals.public.registry import CLAIM_SETS, QUESTION_SETS, load_claims, load_set
from evals.public.squad import load_squad
from evals.public.values import Claim, PublicQuestion, PublicSet
from evals.public.wice import load_claims_wice

__all__ = [
    "CLAIM_SETS",
    "QUESTION_SETS",
    "Claim",
    "PublicQuestion",
    "PublicSet",
    "load_claims",
    "load_claims_expertqa",
    "load_claims_wice",
    "load_clapnq",
    "load_hotpotqa",
    "load_mtrag",
    "load_nq",
    "load_quotesum",
    "load_set",
    "load_squad",
    "write_corpus",
]
