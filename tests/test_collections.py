"""Several folders in one process: how they are named, opened, and told apart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dom import present
from hashing import HashingEmbedder

from assistant import Assistant, open_collections
from assistant.errors import CorpusError, SettingsError
from assistant.models import embed
from assistant.settings import Settings

TEXTS = {
    "contracts": "The lease ends on 30 June 2027.\n",
    "minutes": "The board met in Oslo on Friday.\n",
}
TABLES = """
[users]
ann = "a long password"
[collections.contracts]
corpus_dir = "contracts"
readers = ["ann"]
[collections.minutes]
corpus_dir = "minutes"
index_dir = "elsewhere"
"""
STORE = 'store_url = "postgres://u:topsecret@h/d"\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two folders and the settings that name them, where the process runs."""
    monkeypatch.chdir(tmp_path)
    for name, text in TEXTS.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").write_text(text)
    (tmp_path / "assistant.toml").write_text(TABLES)
    return tmp_path


@pytest.fixture
def n_loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was loaded, each time a model was."""
    loaded: list[str] = []

    def open_embedder(model: str, _: Path) -> HashingEmbedder:
        loaded.append(model)
        return HashingEmbedder()

    monkeypatch.setattr(embed, "open_embedder", open_embedder)
    monkeypatch.setattr("assistant.pipeline.open_embedder", open_embedder)
    return loaded


def names(assistant: Assistant) -> list[str]:
    return [one.document_id for one in assistant.documents()]


class TestSettings:
    def test_one_folder_needs_no_collection(self, folder: Path) -> None:
        (folder / "assistant.toml").unlink()
        settings = Settings.load(corpus_dir=folder / "minutes")
        assert settings.of_one() is settings
        assert not settings.collections

    def test_a_collection_has_its_folders_and_knows_of_no_other(self, folder: Path) -> None:
        one = Settings.load(collection="contracts")
        assert (one.corpus_dir, one.index_dir) == (Path("contracts"), Path("index/contracts"))
        assert list(one.collections) == ["contracts"]
        assert one.of("contracts") == one == one.of_one()
        assert Settings.load().of("minutes").index_dir == Path("elsewhere")

    def test_it_may_be_named_in_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ASSISTANT_COLLECTION", "minutes")
        assert Settings.load().corpus_dir == Path("minutes")

    def test_where_one_is_needed_several_are_listed(self) -> None:
        with pytest.raises(SettingsError, match="contracts, minutes"):
            Assistant.open()
        with pytest.raises(SettingsError, match="no collection 'other': contracts, minutes"):
            Settings.load(collection="other")

    def test_folders_as_arguments_leave_collections_out(self, folder: Path) -> None:
        assert not Settings.load(corpus_dir=folder / "minutes").collections
        with pytest.raises(SettingsError, match="not both"):
            Settings.load(corpus_dir=folder / "minutes", collection="minutes")

    @pytest.mark.parametrize("name", ["", "..", "a/b", "Upper", "-", "a.b", "x" * 65, "ä"])
    def test_its_name_is_safe_in_an_address_and_as_a_folder(self, folder: Path, name: str) -> None:
        (folder / "assistant.toml").write_text(f'[collections."{name}"]\ncorpus_dir = "minutes"\n')
        with pytest.raises(SettingsError):
            Settings.load()

    def test_readers_are_known_and_no_two_share_an_index(self, folder: Path) -> None:
        (folder / "assistant.toml").write_text(TABLES.replace('["ann"]', '["ann", "bob"]'))
        with pytest.raises(SettingsError, match="contracts are neither users nor tokens: bob") as e:
            Settings.load()
        assert "a long password" not in str(e.value)
        (folder / "assistant.toml").write_text(TABLES.replace("elsewhere", "index/contracts"))
        with pytest.raises(SettingsError, match="have the same index_dir"):
            Settings.load()

    def test_each_has_servers_of_its_own_and_their_passwords_are_told_nowhere(
        self, folder: Path
    ) -> None:
        toml = folder / "assistant.toml"
        index_url, store_url = "http://u:topsecret@host:19530", "postgresql://u:topsecret@h/d"
        urls = f'index_url = "{index_url}"\nstore_url = "{store_url}"\n'
        toml.write_text(TABLES.replace("index_dir", f"{urls}index_dir"))
        settings = Settings.load()
        minutes, contracts = settings.of("minutes"), settings.of("contracts")
        assert present(minutes.index_url).get_secret_value() == index_url
        assert present(minutes.store_url).get_secret_value() == store_url
        assert contracts.index_url is contracts.store_url is None
        assert "topsecret" not in repr(settings)

    @pytest.mark.parametrize(
        ("before", "in_both", "match"),
        [
            ('index_url = "http://u:topsecret@host"\n', "", "each of several collections has"),
            ('store_url = "postgres://u:topsecret@h/d"\n', "", "each of several collections has"),
            ("", 'index_url = "http://u:topsecret@host"\n', "have the same index_url"),
            ("", 'store_url = "postgres://u:topsecret@h/d"\n', "have the same store_url"),
            ("", 'index_url = "topsecret"\n', "no address of such a server"),
        ],
    )
    def test_no_two_share_a_server_s_index_or_conversations(
        self, folder: Path, before: str, in_both: str, match: str
    ) -> None:
        toml = TABLES.replace("corpus_dir", f"{in_both}corpus_dir")
        (folder / "assistant.toml").write_text(before + toml)
        with pytest.raises(SettingsError, match=match) as caught:
            Settings.load()
        assert "topsecret" not in str(caught.value)

    @pytest.mark.parametrize(
        ("what", "one", "other"),
        [
            ("index_url", "http://u:topsecret@host", "http://v:topsecret2@host"),
            ("index_url", "http://host", "http://HOST.:19530/"),
            ("index_url", "http://host", "https://host/default?name=assistant"),
            ("index_url", "http://host/docs/", "http://host/docs?name=assistant&x=1"),
            ("index_url", "http://localhost:19530", "http://[::1]"),
            ("index_url", "http://[2001:db8::1]", "http://[2001:db8:0::1]:19530"),
            ("index_url", "http://u:topsecret/x@host", "http://u:topsecret/x@host"),
            ("index_url", "http://u:topsecret@[host", "http://u:topsecret@[host"),
            ("index_url", "a.db", "./a.db"),
            ("index_url", "a.db", "minutes/../a.db"),
            ("store_url", "postgres://u:topsecret@h/d", "postgresql://u:topsecret@h/d"),
            ("store_url", "postgresql://u:topsecret@h/d", "postgresql://v:topsecret2@H:5432/d/"),
            ("store_url", "postgresql://h/d", "postgresql://h/d?sslmode=require"),
            ("store_url", "postgresql://h/d", "postgresql:///d?host=h&port=5432"),
            ("store_url", "postgresql://h/d", "postgresql://h/other?dbname=d"),
            ("store_url", "postgresql:///d", "postgresql://127.0.0.1/d"),
            ("store_url", "postgresql://d@h", "postgresql://d:topsecret@h/"),
            ("store_url", "postgresql://d@h", "postgresql://h?user=d"),
            ("store_url", "postgresql://h/%64", "postgresql://h/d"),
            ("store_url", "postgresql://one,h:5433/d", "postgresql://h:5433,[::2]:9/d"),
            ("store_url", "postgresql://h,[::2]/d?port=1", "postgresql://[0::2]:1/d"),
            ("store_url", "postgresql://u:topsecret?x@h/d", "postgresql://h/d"),
            ("store_url", "postgresql://u@h:x/d", "postgresql://h:x/d"),
        ],
    )
    def test_no_two_share_a_server_s_place_however_it_is_written(
        self, folder: Path, what: str, one: str, other: str
    ) -> None:
        self.write_places(folder, what, one, other)
        with pytest.raises(SettingsError, match=f"have the same {what}") as caught:
            Settings.load()
        assert "topsecret" not in str(caught.value)

    @pytest.mark.parametrize(
        ("what", "one", "other"),
        [
            ("index_url", "http://host", "http://host:19531"),
            ("index_url", "http://host", "http://host2"),
            ("index_url", "http://host/a", "http://host/b"),
            ("index_url", "http://host", "http://host?name=docs"),
            ("index_url", "a.db", "minutes/a.db"),
            ("store_url", "postgresql://h/d", "postgresql://h/e"),
            ("store_url", "postgresql://h/d", "postgresql://h:5433/d"),
            ("store_url", "postgresql://h/d", "postgresql://h2/d"),
            ("store_url", "postgresql://d@h", "postgresql://e@h"),
            ("store_url", "postgresql:///d?host=/a", "postgresql:///d?host=/b"),
        ],
    )
    def test_one_server_may_have_the_places_of_several(
        self, folder: Path, what: str, one: str, other: str
    ) -> None:
        self.write_places(folder, what, one, other)
        assert len(Settings.load().collections) == 2

    @pytest.mark.parametrize(
        "place", ["contracts", "contracts/deep/index", "minutes/../contracts/i"]
    )
    def test_no_index_lies_among_the_documents_of_another(self, folder: Path, place: str) -> None:
        toml = folder / "assistant.toml"
        toml.write_text(TABLES.replace("elsewhere", place))
        told = "index_dir of collections.minutes .* corpus_dir of collections.contracts.*: set "
        with pytest.raises(SettingsError, match=told):
            Settings.load()
        with pytest.raises(SettingsError, match=told):
            Settings.load(collection="contracts")
        (folder / "linked").symlink_to(folder / "contracts")
        toml.write_text(TABLES.replace("elsewhere", f"linked/{place}"))
        with pytest.raises(SettingsError, match=told):
            Settings.load()

    def test_by_default_too_no_index_lies_among_the_documents_of_another(
        self, folder: Path
    ) -> None:
        toml = TABLES.replace('corpus_dir = "contracts"', 'corpus_dir = "index"')
        toml = toml.replace('index_dir = "elsewhere"', "")
        (folder / "assistant.toml").write_text(toml)
        with pytest.raises(SettingsError, match=r"set collections\.minutes\.index_dir"):
            Settings.load()

    def test_settings_that_were_made_in_python_are_held_to_that_too(self) -> None:
        folders = {"a": "contracts", "b": "minutes"}
        tables = {name: {"corpus_dir": at, "index_dir": f"{at}/i"} for name, at in folders.items()}
        tables["b"]["index_dir"] = "contracts/i/b"
        Path("assistant.toml").unlink()
        given: dict[str, Any] = {"collections": tables}
        settings = Settings(**given)
        with pytest.raises(SettingsError, match="lies in the corpus_dir"):
            settings.of("a")

    def test_an_index_may_lie_among_its_own_documents(self, folder: Path) -> None:
        toml = TABLES.replace("elsewhere", "minutes/index")
        (folder / "assistant.toml").write_text(toml)
        assert Settings.load().of("minutes").index_dir == Path("minutes/index")

    def test_where_folders_are_arguments_the_collections_are_not_looked_at(
        self, folder: Path
    ) -> None:
        given = {"corpus_dir": folder / "minutes", "index_dir": folder / "minutes" / "index"}
        assert not Settings.load(**given).collections

    def write_places(self, folder: Path, what: str, *urls: str) -> None:
        tables = (
            f'[collections.{name}]\ncorpus_dir = "{name}"\n{what} = "{url}"\n'
            for name, url in zip(TEXTS, urls, strict=True)
        )
        (folder / "assistant.toml").write_text("".join(tables))

    @pytest.mark.parametrize(
        ("toml", "match"),
        [
            ('api_key = "topsecret"\n', "api_key: Extra inputs"),
            ('[user]\nalice = "topsecret"\n', "user: Extra inputs"),
            (f"[collections.a]\n{STORE}", "collections.a.corpus_dir: Field required"),
            (f'[collections.a]\ncorpus_dir = "a"\n[collections.a.b]\n{STORE}', "a.b: Extra inputs"),
            (f'[[collections]]\ncorpus_dir = "a"\n{STORE}', "collections: Input should be"),
            (f"[collections]\n{STORE}", "collections.store_url: Input should be"),
            ('[collections]\na = "postgres://u:topsecret@h"\n', "collections.a: Input should be"),
            (f"[collections.a.corpus_dir]\n{STORE}", "collections.a.corpus_dir: Input is not"),
            (f"[port]\n{STORE}", "port: Input should be"),
            ('[users]\nann = ["topsecret"]\n', "users.ann: Input should be"),
            ("[collections.a]\nstore_url = ['topsecret']\n", "collections.a.store_url: Input"),
        ],
    )
    def test_what_is_wrong_with_them_is_told_without_a_password(
        self, folder: Path, toml: str, match: str
    ) -> None:
        (folder / "assistant.toml").write_text(toml)
        with pytest.raises(SettingsError, match=match) as caught:
            Settings.load()
        assert "topsecret" not in str(caught.value)

    def test_a_value_that_is_no_secret_is_told(self, folder: Path) -> None:
        (folder / "assistant.toml").write_text('port = "many"\n')
        with pytest.raises(SettingsError, match=r"port: .* \(got 'many'\)"):
            Settings.load()


class TestOpening:
    @pytest.fixture
    def opened(self, n_loaded: list[str]) -> Iterator[dict[str, Assistant]]:
        with open_collections() as opened:
            for one in opened.values():
                one.sync()
            yield opened

    def test_each_has_its_documents_and_one_model_serves_all(
        self, opened: dict[str, Assistant], n_loaded: list[str]
    ) -> None:
        assert {name: names(one) for name, one in opened.items()} == {
            name: [f"{name}.txt"] for name in TEXTS
        }
        assert len(n_loaded) == 1
        assert len({id(one.embedder) for one in opened.values()}) == 1
        with pytest.raises(CorpusError):
            opened["minutes"].document("contracts.txt")

    def test_without_any_there_is_nothing_to_open(self, folder: Path) -> None:
        (folder / "assistant.toml").unlink()
        with pytest.raises(SettingsError, match="no collections are set"), open_collections():
            pass

    def test_one_of_them_is_opened_by_its_name(self, n_loaded: list[str]) -> None:
        with Assistant.open(collection="minutes") as assistant:
            assistant.sync()
            assert names(assistant) == ["minutes.txt"]
