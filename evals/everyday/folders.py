"""The folders that are asked, by name: documents made at run time, none of them a real one."""

from collections.abc import Callable
from pathlib import Path

from evals.everyday import home, printed, town, work
from evals.everyday.work import Files

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


def write(name: str, folder: Path) -> None:
    """Write the files of a folder into `folder`, which is made if it is not there."""
    for path, data in FOLDERS[name]().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
