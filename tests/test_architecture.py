"""The rules of DESIGN and STYLE that a tool can check, read off the source."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import assistant
from evals.mixed import MAKERS, make_files

ROOT = Path(assistant.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if path.read_text(encoding="utf-8").strip())
LAYERS = (
    ("errors", "findings", "places"),
    ("values",),
    ("ledger",),
    ("settings",),
    ("ingest",),
    ("index",),
    ("retrieve",),
    ("llm",),
    ("answer",),
    ("cite",),
    ("llama", "reading", "writing"),
    ("pipeline",),
    ("evaluation",),
    ("surfaces",),
    ("__main__",),
)
LAYER_OF = {name: n for n, names in enumerate(LAYERS) for name in names}
WRAPPERS = {
    "chromadb": ("store/chroma.py",),
    "sentence_transformers": ("models/prepare.py", "models/cross_encoder.py"),
    "torch": ("models/prepare.py", "models/cross_encoder.py"),
    "transformers": ("models/prepare.py", "models/cross_encoder.py"),
    "huggingface_hub": ("models/prepare.py",),
    "onnxruntime": ("models/encoder.py",),
    "tokenizers": ("models/encoder.py",),
    "sqlite3": ("index/", "serve/chat/database.py", "serve/chat/history.py"),
    "Stemmer": ("text/terms.py",),
    "llama_index": (
        "store/index.py",
        "ingest/added.py",
        "llama.py",
        "llama.py",
        "llm/",
        "pipeline.py",
    ),
    "httpx": ("llm/",),
    "xllamacpp": ("write/llm/serve.py",),
    "gradio": ("surfaces/",),
    "jinja2": ("surfaces/",),
    "rapidfuzz": ("retrieve/query.py",),
    "packaging": ("doctor/environment.py",),
    "fastapi": ("surfaces/",),
    "starlette": ("surfaces/",),
    "uvicorn": ("surfaces/",),
    "typer": ("surfaces/",),
    "rich": ("surfaces/",),
    "selectolax": ("ingest/",),
    "lxml": ("ingest/formats/",),
    "docx": ("ingest/formats/docx.py",),
    "pptx": ("ingest/formats/pptx.py",),
    "openpyxl": ("ingest/formats/xlsx.py",),
    "striprtf": ("ingest/formats/rtf.py",),
    "pypdfium2": ("ingest/formats/",),
    "oxmsg": ("ingest/formats/outlook.py",),
    "olefile": ("ingest/formats/outlook.py",),
    "markdown_it": ("ingest/",),
    "charset_normalizer": ("ingest/",),
    "sentencex": ("ingest/",),
    "watchfiles": ("store/watch.py",),
    "subprocess": ("store/chroma.py", "ingest/pool.py", "write/llm/local.py", "cli/main.py"),
}
HEAVY = {"torch", "chromadb", "gradio", "llama_index", "onnxruntime", "transformers"} | {
    "sentence_transformers",
    "numpy",
    "fastapi",
}
MAX_LINES = 300
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc|chunks?)(_|$)", re.IGNORECASE)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports_of(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield every imported module, and whether it is imported when the module itself is."""
    yield from _imports(ast.parse(path.read_text(encoding="utf-8")), at_once=True)


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


def parts_imported(path: Path, *, at_once: bool) -> set[str]:
    found = [name for name, now in imports_of(path) if now or not at_once]
    return {name.split(".")[1] for name in found if name.startswith("assistant.")} & set(LAYER_OF)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_from_its_own_layer_and_those_before(path: Path) -> None:
    layer = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if layer == "__init__":
        assert parts_imported(path, at_once=True) <= {"errors", "settings", "values"}
        return
    assert layer in LAYER_OF, f"{layer} has no place in the order"
    later = {
        name for name in parts_imported(path, at_once=False) if LAYER_OF[name] > LAYER_OF[layer]
    }
    assert not later


def test_imports_within_a_layer_run_one_way() -> None:
    names = {f"assistant.{name_of(p).removesuffix('.py').replace('/', '.')}": p for p in MODULES}
    graph = {
        name: {other for other, now in imports_of(path) if now and other in names and other != name}
        for name, path in names.items()
    }
    while graph:
        free = {name for name, needed in graph.items() if not needed & graph.keys()}
        assert free, f"these import each other: {sorted(graph)}"
        graph = {name: needed for name, needed in graph.items() if name not in free}


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


def test_the_exports_are_few_and_sorted_and_exist() -> None:
    assert assistant.__all__ == sorted(assistant.__all__)
    assert len(assistant.__all__) <= 8
    for name in assistant.__all__:
        assert getattr(assistant, name).__module__.startswith("assistant.")
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
                assert is_raised or name_of(path).startswith("surfaces/"), f"line {node.lineno}"
