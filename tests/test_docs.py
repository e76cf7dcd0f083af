"""What the README and the documentation promise exists and runs, and what exists is documented."""

import contextlib
import doctest
import functools
import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import typer
from playwright.sync_api import expect, sync_playwright
from pydantic import BaseModel
from selectolax.lexbor import LexborHTMLParser
from typer.testing import CliRunner

import assistant
from assistant import Settings
from assistant.settings import CollectionSettings, LanguageModel, VerifierSettings

ROOT = Path(__file__).parents[1]
MAX_WORDS = 900
README = "README.md"
PAGES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))
TOLD = [README, *PAGES]
"""What users read."""
FOREIGN = re.compile(r"\b(curl|pip|uv|docker|systemctl|ray start)\b")
"""What stands in lines with another program's options."""
MEASURED = {"docs/figures.md", "docs/experiments.md"}
"""Pages that name the options of `evals` programs."""
TEXT = {name: (ROOT / name).read_text(encoding="utf-8") for name in TOLD}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
APP = importlib.import_module(PROJECT["scripts"]["assistant"].partition(":")[0]).app
COMMAND: Any = typer.main.get_command(APP)
GROUPS: dict[str, type[BaseModel]] = {
    "llm": LanguageModel,
    "verifier": VerifierSettings,
    "collections.NAME": CollectionSettings,
}
FIELDS = {
    name: field
    for name, field in Settings.model_fields.items()
    if name not in {group.removesuffix(".NAME") for group in GROUPS}
} | {
    f"{group}.{name}": field
    for group, table in GROUPS.items()
    for name, field in table.model_fields.items()
}
NOT_RUN = re.compile(
    r"assistant chat|--llm-|--watch|--ray|~/|eval questions|calibrate|feedback|mine\.toml|/backup/"
)
"""Commands that stay, need a model, or need files of the reader's own: they are parsed only."""
CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"


def find_blocks(name: str, *languages: str) -> list[str]:
    """Return the fenced blocks of a page that are in these languages."""
    found = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT[name], flags=re.MULTILINE | re.DOTALL)
    return [block for language, block in found if language in languages]


def find_commands(name: str) -> list[tuple[str, str]]:
    """Return the lines of a page that a shell runs, each with the output that is shown."""
    shell = "".join(find_blocks(name, "sh")).replace("\\\n", " ").splitlines()
    shown = re.split(r"^\$ ", "".join(find_blocks(name, "console")), flags=re.MULTILINE)[1:]
    typed = [line.partition("#")[0].strip() for line in shell]
    return [(line, "") for line in typed] + [
        (line, output) for line, _, output in (one.partition("\n") for one in shown)
    ]


def arguments_of(line: str) -> list[str] | None:
    """Return what a line hands to `assistant`; None when it runs another program."""
    words = shlex.split(line.partition(" > ")[0])
    return words[1:] if words[:1] == ["assistant"] else None


ASSISTANT_LINES = [
    (name, line, output)
    for name in TOLD
    for line, output in find_commands(name)
    if arguments_of(line) is not None
]


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand where a reader of the examples stands: by the demo folder, with an index to make."""
    shutil.copytree(ROOT / "docs" / "demo", tmp_path / "docs" / "demo")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASSISTANT_CORPUS_DIR", "docs/demo")
    monkeypatch.setenv("ASSISTANT_INDEX_DIR", "index")
    return tmp_path


def put_aside(text: str, folder: Path) -> str:
    """Return an example whose index is in the reader's own folder."""
    return text.replace("/tmp/demo", str(folder / "index"))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site; a link that leads nowhere fails it."""
    site = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, str(ROOT / "docs" / "build.py"), str(site)]
    built = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return site


@pytest.fixture(scope="session")
def built(site: Path) -> dict[str, LexborHTMLParser]:
    return {path.name: LexborHTMLParser(path.read_text("utf-8")) for path in site.glob("*.html")}


def test_the_readme_is_one_screen() -> None:
    assert len(TEXT[README].split()) <= MAX_WORDS


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in TOLD if find_blocks(name, "python")])
def test_every_python_example_runs(name: str, reader: Path) -> None:
    if questions := find_blocks(name, "json"):
        (reader / "questions.jsonl").write_text(questions[0], encoding="utf-8")
    namespace: dict[str, Any] = {}
    for block in find_blocks(name, "python"):
        exec(compile(put_aside(block, reader), name, "exec"), namespace)


@pytest.mark.parametrize(("name", "line"), [(name, line) for name, line, _ in ASSISTANT_LINES])
def test_every_command_line_is_spelt_as_the_command_wants_it(name: str, line: str) -> None:
    asked = CliRunner().invoke(APP, [*(arguments_of(line) or []), "--help"])
    assert asked.exit_code == 0, f"{name}: {line}\n{asked.output}"


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({name for name, line, _ in ASSISTANT_LINES}))
def test_every_command_line_gives_the_output_that_is_shown(name: str, reader: Path) -> None:
    for line, output in [(line, output) for at, line, output in ASSISTANT_LINES if at == name]:
        if NOT_RUN.search(line):
            continue
        arguments = arguments_of(put_aside(line, reader)) or []
        ran = CliRunner().invoke(APP, arguments, catch_exceptions=False)
        assert ran.exit_code == 0, f"{line}\n{ran.output}"
        as_shown = doctest.OutputChecker().check_output(output, ran.stdout, doctest.ELLIPSIS)
        assert as_shown or not output, f"{line}\n{ran.stdout}"


@pytest.mark.slow
def test_the_suite_that_is_shown_runs_and_keeps_its_bars(reader: Path) -> None:
    name = "docs/evaluating.md"
    (reader / "questions.jsonl").write_text(find_blocks(name, "json")[0], encoding="utf-8")
    (reader / "mine.toml").write_text(find_blocks(name, "toml")[0], encoding="utf-8")
    ran = CliRunner().invoke(APP, ["eval", "--suite", "mine.toml"], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output


def test_every_command_is_documented_and_the_reverse(built: dict[str, LexborHTMLParser]) -> None:
    commands = set(COMMAND.commands)
    assert commands <= ids_of(built["commands.html"])
    named = re.compile(r"(?:`|^|\$ )assistant ([a-z]+)", re.MULTILINE)
    assert {word for text in TEXT.values() for word in named.findall(text)} <= commands


def test_every_option_that_is_named_exists() -> None:
    parameters = [*COMMAND.params]
    for command in COMMAND.commands.values():
        parameters += command.params
    options = {option for one in parameters for option in one.opts} | {"--help"}
    for name in set(TOLD) - MEASURED:
        own = "\n".join(line for line in TEXT[name].splitlines() if not FOREIGN.search(line))
        assert set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", own)) <= options, name


def test_every_setting_is_documented_with_its_default(built: dict[str, LexborHTMLParser]) -> None:
    rows = [
        [cell.text().strip() for cell in row.css("td")]
        for row in built["settings.html"].css("table tr")
    ]
    shown = {row[0]: row[1:] for row in rows if row}
    assert shown.keys() == FIELDS.keys()
    for name, field in FIELDS.items():
        default = '""' if field.default == "" else str(field.default)
        default = "none" if field.is_required() else default
        if name != "cache_dir":  # depends on the machine
            assert shown[name][0] == default, name
            assert shown[name][1] == (field.description or "").replace("`", ""), name


def test_every_environment_variable_that_is_named_is_a_setting() -> None:
    known = {name.upper().replace(".", "__") for name in FIELDS}
    named = set(re.findall(r"ASSISTANT_([A-Z_]*[A-Z])", "".join(TEXT.values())))
    assert {name for name in named if not name.startswith("USERS__")} <= known


@pytest.mark.parametrize("name", [name for name in PAGES if find_blocks(name, "toml")])
def test_every_settings_file_that_is_shown_is_accepted(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for block in find_blocks(name, "toml"):
        if "[[set]]" not in block:  # that is a suite
            (tmp_path / "assistant.toml").write_text(block, encoding="utf-8")
            Settings.load()


def test_every_make_target_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    for text in TEXT.values():
        assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets


def test_every_route_is_documented_and_the_reverse(assistant: assistant.Assistant) -> None:
    from starlette.routing import Mount

    from assistant.serve.app import build_app

    told = (route for route in build_app(assistant).routes if not isinstance(route, Mount))
    routes = {getattr(route, "path", "") for route in told}
    ours = {path for path in routes if re.match(r"/(api|v1|livez|readyz|conversations)\b", path)}
    page = TEXT["docs/http.md"]
    named = set(re.findall(r"`(?:GET|POST|PATCH|DELETE) (/[\w/]+)", page))
    called = {
        "document:path": "ID",
        "key": "KEY",
        "conversation_id": "ID",
        "number": "N",
        "name": "NAME",
    }
    assert named == {
        re.sub(r"\{(.*?)\}", lambda part: called[part[1]], path.removesuffix(".{form}"))
        for path in ours
    }


def test_everything_that_is_exported_is_documented(built: dict[str, LexborHTMLParser]) -> None:
    anchors = ids_of(built["python.html"])
    assert {name.lower() for name in assistant.__all__} <= anchors
    methods = {name for name in vars(assistant.Assistant) if name[0] != "_"}
    assert {f"assistant{name}" for name in methods} <= anchors


def test_the_published_figures_are_those_of_the_published_run() -> None:
    results = (ROOT / "evals" / "results" / "seed.json").read_text(encoding="utf-8")
    figures = json.loads(results)["summary"]["seed"]
    row = r"^\| `(\w+)` \| [^|]+ \| ([\d.]+) \(([\d.]+) to ([\d.]+)\) \| (\d+) \|$"
    shown = re.findall(row, TEXT["docs/figures.md"], re.MULTILINE)
    assert len(shown) == 13
    for measure, *figure in shown:
        told = figures[measure]
        rounded = [f"{told[key]:.2f}" for key in ("value", "low", "high")]
        assert figure == [*rounded, str(told["n"])], measure
    for measure in ("trusted", "over_refusal"):
        assert f"{figures[measure]['value']:.0%}" in TEXT[README], measure


@pytest.mark.parametrize("name", [*TOLD, "CONTRIBUTING.md", "evals/README.md"])
def test_every_path_and_link_exists(name: str) -> None:
    folder = (ROOT / name).parent
    text = (ROOT / name).read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    linked = re.findall(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)", prose)
    linked += re.findall(r'src="([^"]+)"', prose)
    named = re.findall(r"`((?:assistant|tests|evals|docs|corpus)/[\w./-]*)`", text)
    missing = [path for path in linked if not (folder / path).exists()]
    missing += [path for path in named if not (ROOT / path).exists()]
    assert not missing


def test_every_module_on_the_walks_exists() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w/.])((?:\w+/)+(?:\w+\.py)?)", text))
    places = (ROOT / "assistant", ROOT)
    assert not {path for path in named if not any((place / path).exists() for place in places)}


def test_every_page_is_in_the_navigation_and_every_link_leads_somewhere(
    site: Path, built: dict[str, LexborHTMLParser]
) -> None:
    listed = {link.attributes["href"] or "" for link in built["index.html"].css("nav a[href]")}
    named = {path.removeprefix("./") for path in listed} | {"index.html"}
    assert {Path(name).with_suffix(".html").name for name in PAGES} <= named
    for name, page in built.items():
        for link in page.css("a[href], img[src], script[src], link[href]"):
            to = link.attributes.get("href") or link.attributes.get("src") or ""
            if name == "404.html" or re.match(r"https?:|data:|mailto:", to):
                continue
            path, _, anchor = to.partition("#")
            assert not path or (site / path).exists(), f"{name}: {to}"
            if anchor:
                assert anchor in ids_of(built[path or name]), f"{name}: {to}"


def test_the_pages_load_nothing_from_elsewhere(
    site: Path, built: dict[str, LexborHTMLParser]
) -> None:
    loaded = "script[src], link[href], img[src], iframe[src], source[src], object[data]"
    for name, page in built.items():
        for element in page.css(loaded):
            found = element.attributes
            to = found.get("src") or found.get("href") or found.get("data") or ""
            assert not re.match(r"\w*:?//", to), f"{name}: {to}"
    styles = [path.read_text(encoding="utf-8") for path in site.rglob("*.css")]
    styles += [style.text() for page in built.values() for style in page.css("style")]
    assert styles
    for style in styles:
        assert not re.search(r"(?:url\(\s*|@import\s+)[\"']?\w*:?//", style)


@pytest.mark.slow
@pytest.mark.skipif(
    not shutil.which(CHROMIUM) and "NEED_BROWSER" not in os.environ,
    reason=f"no chromium at {CHROMIUM}; install it or set $CHROMIUM",
)
def test_a_browser_asks_only_the_site_itself_and_can_search_it(site: Path) -> None:
    with serving(site) as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        asked: list[str] = []
        faults: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        for path in site.glob("*.html"):
            page.goto(home + path.name, wait_until="networkidle")
        page.goto(home + "index.html")
        page.keyboard.press("/")
        page.get_by_role("combobox").fill("proxy")
        expect(page.get_by_text("Behind a proxy").first).to_be_visible()
        browser.close()
    assert [url for url in asked if not url.startswith((home, "data:", "blob:"))] == []
    assert not faults


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine for the length of the block."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ids_of(page: LexborHTMLParser) -> set[str]:
    """Return what links can lead to on a page."""
    return {element.attributes["id"] or "" for element in page.css("[id]")}
