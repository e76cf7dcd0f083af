"""The rules of DESIGN and STYLE that a tool can check, read off the source."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import assistant
from evals.mixed import MAKERS, make_files

ROOT = Path(assistant.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if path.read_text(encoding="utf-8").strip())
FLOORS = (
    ("errors", "text"),
    ("settings", "values", "models"),
    ("cite", "show", "ingest", "tracing"),
    ("llama", "store"),
    ("retrieve", "answering"),
    ("evidence",),
    ("answer",),
    ("write", "serve"),
    ("doctor", "pipeline", "collections", "langchain", "haystack"),
    ("evaluation", "testing"),
    ("cli",),
    ("__main__",),
)
"""From the ground up, as CONTRIBUTING draws the house: a room imports from lower floors only, and
rooms of one floor import each other one way."""
FLOOR_OF = {name: n for n, names in enumerate(FLOORS) for name in names}
WRAPPERS = {
    "chromadb": ("store/chroma.py",),
    "pymilvus": ("store/milvus.py",),
    "ray": ("store/workers.py",),
    "psycopg": ("serve/chat/postgres.py",),
    "sentence_transformers": ("models/export.py",),
    "torch": ("models/export.py",),
    "transformers": ("models/export.py",),
    "onnx": ("models/export.py",),
    "huggingface_hub": ("models/prepare.py",),
    "onnxruntime": ("models/encoder.py", "models/export.py", "ingest/formats/ocr.py"),
    "tokenizers": ("models/encoder.py",),
    "sqlite3": ("store/", "serve/chat/", "doctor/"),
    "Stemmer": ("text/terms.py",),
    "llama_index": (
        "store/index.py",
        "ingest/added.py",
        "llama.py",
        "write/llm/",
        "pipeline.py",
        "collections.py",
    ),
    "httpx": ("write/llm/",),
    "mcp": ("serve/mcp.py",),
    "prometheus_client": ("serve/metrics.py",),
    "llama_index_instrumentation": ("tracing.py",),
    "opentelemetry": ("tracing.py",),
    "pytest": ("testing.py",),
    "langchain_core": ("langchain.py",),
    "haystack": ("haystack.py",),
    "xllamacpp": ("write/llm/serve.py",),
    "gradio": ("serve/",),
    "jinja2": ("show/", "serve/chat/", "evaluation/"),
    "matplotlib": ("evaluation/",),
    "rapidfuzz": ("retrieve/query.py",),
    "packaging": ("doctor/machine.py",),
    "fastapi": ("serve/",),
    "starlette": ("serve/",),
    "uvicorn": ("serve/",),
    "typer": ("cli/",),
    "rich": ("cli/",),
    "selectolax": ("ingest/",),
    "lxml": ("ingest/formats/",),
    "docx": ("ingest/formats/docx.py",),
    "pptx": ("ingest/formats/pptx.py",),
    "openpyxl": ("ingest/formats/xlsx.py", "ingest/formats/flat.py"),
    "python_calamine": ("ingest/formats/xlsx.py",),
    "docutils": ("ingest/formats/markup.py",),
    "striprtf": ("ingest/formats/rtf.py",),
    "pypdfium2": ("ingest/formats/pdf/",),
    "scipy": ("ingest/formats/ocr.py",),
    "olefile": tuple(f"ingest/formats/{name}.py" for name in ("outlook", "legacy", "xlsx")),
    "markdown_it": ("ingest/",),
    "charset_normalizer": ("ingest/",),
    "sentencex": ("text/sentences.py",),
    "watchfiles": ("ingest/walk.py",),
    "subprocess": ("store/chroma.py", "ingest/pool.py", "ingest/office.py", "write/llm/local.py"),
}
HEAVY = {"torch", "chromadb", "gradio", "llama_index", "onnxruntime", "transformers"} | {
    "sentence_transformers",
    "numpy",
    "fastapi",
}
MAX_LINES = 500
FOLDED_UNDER = 80
"""Lines below which a module with one importer belongs into that."""
MAX_MODULES = 197
"""The 165 of the house as drawn; flat files of office programs and a converter of others, the words
of the page, the page before Gradio's, who visits it, the upgrade of an index, what a number names,
editions of a document, lines of letters, doors to others (completions, MCP, metrics, a backup,
LangChain, Haystack, OpenTelemetry, other people's tests), collections, tables of settings, what is
kept of requests, what the server tells of itself; what is asked of an index engine, SQLite's and
the embedded one, Milvus's client, versions and writer, PostgreSQL; what searches vectors by their
signs, and the door to it and to Chroma; the workers of Ray, and what they make of files."""
SEAMS = ("assistant.ingest.formats.", "assistant.evaluation.measures.", "assistant.doctor.")
"""Where modules are pieces of one kind behind one door: a format, a measure, an examination."""
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc|chunks?)(_|$)", re.IGNORECASE)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def imports_of(path: Path) -> tuple[tuple[str, bool], ...]:
    """Return every imported module, and whether it is imported when the module itself is."""
    return tuple(_imports(ast.parse(path.read_text(encoding="utf-8")), at_once=True))


def _imports(node: ast.AST, *, at_once: bool) -> Iterator[tuple[str, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name, at_once) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            yield child.module or "", at_once
            yield from ((f"{child.module}.{alias.name}", at_once) for alias in child.names)
        else:
            is_later = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)) or (
                isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            )
            yield from _imports(child, at_once=at_once and not is_later)


def rooms_imported(path: Path) -> set[str]:
    found = [name for name, _ in imports_of(path)]
    assert not {name for name in found if name.split(".")[0] in ("evals", "tests")}
    return {name.split(".")[1] for name in found if name.startswith("assistant.")} & set(FLOOR_OF)


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_from_its_own_floor_and_those_below(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        at_once = {name for name, now in imports_of(path) if now and name.startswith("assistant.")}
        assert {name.split(".")[1] for name in at_once} <= {"errors", "settings", "values"}
        return
    assert room in FLOOR_OF, f"{room} has no place in the house"
    assert not {name for name in rooms_imported(path) if FLOOR_OF[name] > FLOOR_OF[room]}


def test_rooms_of_one_floor_import_each_other_one_way() -> None:
    needed: dict[str, set[str]] = {name: set() for name in FLOOR_OF}
    for path in MODULES:
        if (room := room_of(path)) in FLOOR_OF:
            same = {name for name in rooms_imported(path) if FLOOR_OF[name] == FLOOR_OF[room]}
            needed[room] |= same - {room}
    take_away_in_order(needed)


def test_no_modules_import_each_other() -> None:
    take_away_in_order(module_imports())


def take_away_in_order(needed: dict[str, set[str]]) -> None:
    """Take away what needs nothing that is left, again and again; fail if that stops before."""
    while needed:
        free = {name for name, others in needed.items() if not others & needed.keys()}
        assert free, f"these import each other: {sorted(needed)}"
        needed = {name: others for name, others in needed.items() if name not in free}


def module_imports() -> dict[str, set[str]]:
    """Return the modules of the package that each of them imports when it is imported itself."""
    names = {f"assistant.{name_of(p).removesuffix('.py').replace('/', '.')}": p for p in MODULES}
    return {
        name: {other for other, now in imports_of(path) if now and other in names and other != name}
        for name, path in names.items()
    }


def test_a_small_module_with_one_importer_is_part_of_that() -> None:
    needed = module_imports()
    importers = {name: [o for o, others in needed.items() if name in others] for name in needed}
    small = {
        name: importers[name]
        for name, path in ((f"assistant.{name_of(p)[:-3].replace('/', '.')}", p) for p in MODULES)
        if len(path.read_text(encoding="utf-8").splitlines()) < FOLDED_UNDER
        and len(importers[name]) == 1
        and not name.startswith(SEAMS)
    }
    assert not small


def test_the_house_has_no_more_rooms_than_are_lived_in() -> None:
    assert len(MODULES) <= MAX_MODULES


def test_no_two_classes_have_the_same_name() -> None:
    found: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, []).append(name_of(path))
    assert not {name: places for name, places in found.items() if len(places) > 1}


@pytest.mark.parametrize("vendor", WRAPPERS)
def test_a_vendor_is_imported_by_its_wrapper_only(vendor: str) -> None:
    users = {
        name_of(path)
        for path in MODULES
        if any(name.split(".")[0] == vendor for name, _ in imports_of(path))
    }
    assert not {user for user in users if not user.startswith(WRAPPERS[vendor])}


def test_importing_the_package_loads_nothing_heavy() -> None:
    script = "import sys, assistant; print(*sorted(m.split('.')[0] for m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT.parent
    )
    assert not HEAVY & set(done.stdout.split())


def test_opening_an_assistant_loads_no_library_that_it_does_not_need() -> None:
    script = "import sys, assistant.pipeline; print(*sorted(m.split('.')[0] for m in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT.parent
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"torch", "chromadb", "gradio", "llama_index", "sentence_transformers"}


def test_the_process_that_answers_loads_no_parser(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, (suffix, data) in enumerate(make_files(len(MAKERS), seed=1)):
        (corpus / f"{number}{suffix}").write_bytes(data)
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from corpora import settings_in
from hashing import HashingEmbedder
from pathlib import Path
from assistant.pipeline import Assistant
with Assistant(settings_in(Path({str(tmp_path)!r})), HashingEmbedder()) as assistant:
    assert assistant.sync().n_skipped == 0
    for record in assistant.documents():
        assistant.ask("Which document?", documents=[record.document_id])
print(*sorted(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT.parent
    )
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    parsers = {vendor for vendor, files in WRAPPERS.items() if files[0].startswith("ingest/format")}
    assert len(parsers) >= 6
    assert not loaded & (parsers | {"selectolax", "markdown_it", "charset_normalizer"})


def test_importing_the_command_line_loads_no_chat_and_sets_nothing_in_the_environment() -> None:
    script = (
        "import os, sys; before = dict(os.environ); import assistant.cli.main;"
        "print(before == dict(os.environ), *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT.parent
    )
    is_untouched, *loaded = done.stdout.split()
    assert is_untouched == "True"
    assert "assistant.cli.main" in loaded
    assert not {name for name in loaded if name.startswith(("gradio", "assistant.serve"))}


def test_the_exports_are_sorted_and_exist() -> None:
    assert assistant.__all__ == sorted(assistant.__all__)
    assert set(assistant.__all__) <= set(dir(assistant))
    for name in assistant.__all__:
        assert getattr(assistant, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        assistant.nothing  # noqa: B018


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is_and_is_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(source)), "every module has a docstring"
    assert len(source.splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_has_a_vague_name(path: Path) -> None:
    named = [part.removesuffix(".py") for part in path.relative_to(ROOT).parts]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    named += [node.name for node in ast.walk(tree) if isinstance(node, kinds)]
    words = [re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name) for name in named]
    assert not [word for word in words if VAGUE.search(word)]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_broad_except_stands_only_where_it_raises_again_or_at_the_edge(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            kind = ast.unparse(node.type) if node.type else "BaseException"
            if kind in ("Exception", "BaseException"):
                is_raised = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
                assert is_raised or name_of(path).startswith(("serve/", "cli/", "doctor/")), (
                    f"line {node.lineno}"
                )
