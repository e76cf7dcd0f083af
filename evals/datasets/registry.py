"""The sets by name: where each lies in the data folder, and what reads it.

In: a name and the folder. Out: the set. Refused: a name that is not listed, a path that is absent.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from assistant.evaluation.values import Dataset
from evals.datasets.clapnq import load_clapnq
from evals.datasets.documents import Claim
from evals.datasets.expertqa import load_claims_expertqa
from evals.datasets.hotpotqa import load_hotpotqa
from evals.datasets.ir_classic import load_cisi, load_cranfield, load_med
from evals.datasets.mtrag import load_mtrag
from evals.datasets.nq import load_nq
from evals.datasets.quotesum import load_quotesum
from evals.datasets.ramdocs import load_ramdocs
from evals.datasets.reading import load_reading
from evals.datasets.squad import load_reported, load_squad
from evals.datasets.wice import load_claims_wice, load_wice

T = TypeVar("T")
Sources = Mapping[str, tuple[str, Callable[[Path], T]]]

IN_LANGUAGES = (*(f"xquad_{lang}" for lang in ("de", "es", "ru", "zh", "ar")), "norquad")
IN_LANGUAGES += ("jaquad_dev", "omosqa_de")

QUESTION_SETS: Sources[Dataset] = MappingProxyType(
    {
        "squad2": ("squad2/squad2.json", load_squad),
        "squad2_reported": ("squad2/squad2.json", load_reported),
        "covidqa": ("covidqa/covidqa.json", partial(load_squad, name="covidqa")),
        "policyqa": ("policyqa/dev.json", partial(load_squad, name="policyqa")),
        "nq": ("nq_oracle/nq.jsonl", load_nq),
        "clapnq": ("clapnq", load_clapnq),
        "mtrag": ("mtrag/reference.jsonl", load_mtrag),
        "hotpotqa": ("hotpotqa/distractor.json", load_hotpotqa),
        "quotesum": ("quotesum/dev.jsonl", load_quotesum),
        "ramdocs": ("ramdocs/ramdocs.jsonl", load_ramdocs),
        "wice": ("wice/entailment_retrieval_claim_dev.jsonl", load_wice),
        "cranfield": ("ir_classic/cranfield", load_cranfield),
        "med": ("ir_classic/med", load_med),
        "cisi": ("ir_classic/cisi", load_cisi),
        **{
            name: (f"reading/multilingual/{name}.jsonl.gz", partial(load_reading, name=name))
            for name in IN_LANGUAGES
        },
    }
)
CLAIM_SETS: Sources[tuple[Claim, ...]] = MappingProxyType(
    {
        "wice": ("wice/oracle_chunks_claim_dev.jsonl", load_claims_wice),
        "expertqa": ("expertqa/domain_val.jsonl", load_claims_expertqa),
    }
)


def load_set(name: str, folder: Path) -> Dataset:
    """Load the set from its place in a folder of public sets, or from the file or folder it is."""
    return _load(QUESTION_SETS, name, folder)


def load_claims(name: str, folder: Path) -> tuple[Claim, ...]:
    """Load the claims of the set from its place in the data folder."""
    return _load(CLAIM_SETS, name, folder)


def _load(sources: Sources[T], name: str, folder: Path) -> T:
    if name not in sources:
        raise ValueError(f"no set is named {name!r}; there are {', '.join(sources)}")
    place, load = sources[name]
    if folder.is_file() or folder.name == Path(place).name:
        return load(folder)
    path = folder / place
    if not path.exists():
        raise FileNotFoundError(f"the set {name!r} is read from {path}, which does not exist")
    return load(path)
