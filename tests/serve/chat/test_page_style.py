"""The page's style sheet keeps to one scale of sizes, one of distances, and two faces."""

import re
from importlib.resources import files

import pytest

SHEET = re.sub(
    r"/\*.*?\*/",
    "",
    files("assistant.serve.chat").joinpath("page.css").read_text(encoding="utf-8"),
    flags=re.S,
)
TOKENS = dict(re.findall(r"(--(?:text|space)-[\w]+): ([\d.]+rem);", SHEET))
DECLARED = [
    (name, value.removesuffix("!important").strip())
    for name, value in re.findall(r"(?<![\w-])([a-z-]+)\s*:\s*([^;{}]+)(?=[;}])", SHEET)
]
LENGTH = re.compile(r"(?<![\w.-])-?(?:\d*\.)?\d+(?:rem|px|pt)\b")


def test_sizes_and_distances_are_a_few_ascending_steps() -> None:
    sizes = [float(value[:-3]) for name, value in TOKENS.items() if "text" in name]
    distances = [float(value[:-3]) for name, value in TOKENS.items() if "space" in name]
    assert sizes == sorted(sizes)
    assert distances == sorted(distances)
    assert (len(sizes), len(distances)) == (6, 8)
    assert all(16 * value % 2 == 0 for value in distances), "whole pixels"


@pytest.mark.parametrize("kind", ["font-size", "margin", "padding", "gap"])
def test_what_is_set_is_on_the_scale_or_relative_to_its_text(kind: str) -> None:
    set_here = [(name, value) for name, value in DECLARED if re.search(rf"(^|-){kind}", name)]
    assert set_here
    assert [one for one in set_here if LENGTH.search(one[1])] == []


def test_every_step_is_used_and_no_other_is_named() -> None:
    used = set(re.findall(r"var\((--(?:text|space)-\w+)\)", SHEET))
    assert used == set(TOKENS)


def test_there_is_one_face_for_all_text_and_one_for_code() -> None:
    faces = {value for name, value in DECLARED if name in {"font-family", "font"}}
    assert faces == {"var(--font)", "var(--font-mono)", "inherit"}
