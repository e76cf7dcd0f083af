"""Build the documentation: `python docs/build.py SITE`.

The pages of `docs/`, with what the code tells laid in at each `<!-- insert: NAME -->`, become the
site in the folder SITE, which is made anew. Fails when zensical warns, of a link that leads
nowhere for instance.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from reference import render_commands, render_group, render_python, render_settings

HERE = Path(__file__).parent
PLACE = re.compile(r"<!-- insert: (\w+) -->")
INSERTS: dict[str, Callable[[], str]] = {
    "settings": render_settings,
    "llm": partial(render_group, "llm"),
    "verifier": partial(render_group, "verifier"),
    "collections": partial(render_group, "collections"),
    "commands": render_commands,
    "python": render_python,
}


def main(site: Path) -> None:
    """Build the site."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        write_pages(work / "pages")
        shutil.copy(HERE / "zensical.toml", work)
        command = [sys.executable, "-m", "zensical", "build", "--strict"]
        built = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
        if built.returncode:
            sys.exit(built.stdout + built.stderr)
        shutil.rmtree(site, ignore_errors=True)
        shutil.move(work / "site", site)


def write_pages(to: Path) -> None:
    """Write the pages as they are to be rendered, with their pictures."""
    to.mkdir()
    for page in HERE.glob("*.md"):
        text = PLACE.sub(lambda place: INSERTS[place[1]](), page.read_text(encoding="utf-8"))
        (to / page.name).write_text(text, encoding="utf-8")
    shutil.copytree(HERE / "pictures", to / "pictures")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
