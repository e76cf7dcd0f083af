"""The folders that are asked, by name: documents made at run time, none of them a real one.

The ten of FRESH and their questions were written by somebody who had read neither the program nor
its tests of answers. The odd ones (first, third, ...) are fitted on. The even ones are reported: no
rule is made for what is seen to fail in them.

SHEETS are plain texts as they lie about: forms, price lists, questions with answers, talks, papers
of a life, timetables. `household` was written by somebody who had not read the program; what failed
in all of them was mended by its kind. Nothing is fitted on them.

ACROSS are four folders whose questions are in other languages than the documents, twelve in all.
They were written by somebody who had not read the program; nothing is fitted on them and no rule is
made for what fails in them.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from evals.everyday import (
    german,
    home,
    neighbours,
    papers,
    printed,
    romance,
    staff,
    town,
    twinning,
    work,
)
from evals.everyday.work import Files


def _read(folder: Path) -> Files:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


FOLDERS: dict[str, Callable[[], Files]] = {
    maker.__name__: maker
    for maker in (
        work.joinery,
        work.theatre,
        work.nursery,
        work.vehicles,
        work.stage,
        home.flat,
        home.kitchen,
        home.boiler,
        home.trailer,
        home.allotment,
        town.ferry,
        town.band,
        town.school,
        town.workshop,
        town.stoves,
        printed.museum,
        printed.parish,
    )
}

FRESH: dict[str, Callable[[], Files]] = {
    maker.__name__: maker
    for maker in (
        neighbours.housing,
        staff.clinic,
        neighbours.rowing,
        papers.papers,
        staff.onboarding,
        german.kita,
        german.elektro,
        romance.immeuble,
        romance.posada,
        twinning.twinning,
    )
}


def _written(kind: str, *names: str) -> dict[str, Callable[[], Files]]:
    return {name: partial(_read, Path(__file__).with_name(kind) / name) for name in names}


SHEETS = _written("sheets", "forms", "slips", "layouts", "household")
ACROSS = _written("across", "hotel", "praxis", "atelier", "almacen")
UNSEEN = _written("unseen", "vet", "schule", "verhuur", "coop", "copro", "lab")
"""Written blind when the reader had learned: nothing was fitted to them."""

FITTED = frozenset((*FOLDERS, *list(FRESH)[::2]))
"""Those whose questions fit what judges."""


def write(name: str, folder: Path) -> None:
    """Write the files of a folder into `folder`, which is made if it is not there."""
    for path, data in (FOLDERS | FRESH | SHEETS | ACROSS | UNSEEN)[name]().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
