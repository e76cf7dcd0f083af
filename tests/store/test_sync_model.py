"""Any run of changes and syncs, against a dict: the index holds what the folder holds."""

import shutil
import tempfile
from pathlib import Path

from corpora import set_age, settings_in, write_files
from hashing import HashingEmbedder
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from assistant.pipeline import Assistant
from assistant.values import Status

NAMES = st.sampled_from(["a.txt", "b.txt", "c.txt", "in/d.txt", "in/e.txt", "ü.txt"])
TEXTS = st.lists(
    st.sampled_from(["The Danube is long.", "The Nile is longer.", "Io has 400 volcanoes."]),
    min_size=1,
    max_size=4,
).map(" ".join)
BINARY = bytes(range(256)) * 4


class Corpus(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.settings = settings_in(self.folder, max_over_refusal=0.0)
        self.settings.corpus_dir.mkdir()
        self.assistant = Assistant(self.settings, HashingEmbedder(dimension=16))
        self.files: dict[str, bytes] = {}
        self.age = 1_000_000
        self.is_in_step = False

    @initialize()
    def start(self) -> None:
        self.sync()

    def write(self, name: str, data: bytes) -> None:
        write_files(self.settings.corpus_dir, {name: data})
        self.age -= 10
        set_age(self.settings.corpus_dir / name, self.age)
        self.files[name] = data
        self.is_in_step = False

    @rule(name=NAMES, text=TEXTS)
    def add_or_edit(self, name: str, text: str) -> None:
        self.write(name, text.encode())

    @rule(name=NAMES)
    def make_unreadable(self, name: str) -> None:
        self.write(name, BINARY)

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.files)))
        (self.settings.corpus_dir / name).unlink()
        del self.files[name]
        self.is_in_step = False

    @precondition(lambda self: self.files)
    @rule(data=st.data(), to=NAMES)
    def rename(self, data: st.DataObject, to: str) -> None:
        name = data.draw(st.sampled_from(sorted(self.files)))
        target = self.settings.corpus_dir / to
        target.parent.mkdir(exist_ok=True)
        (self.settings.corpus_dir / name).replace(target)
        self.files[to] = self.files.pop(name)
        self.is_in_step = False

    @precondition(lambda self: self.files)
    @rule(data=st.data(), to=NAMES)
    def copy(self, data: st.DataObject, to: str) -> None:
        self.write(to, self.files[data.draw(st.sampled_from(sorted(self.files)))])

    @precondition(lambda self: self.files)
    @rule(data=st.data())
    def touch(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.files)))
        self.write(name, self.files[name])

    @rule(rebuild=st.sampled_from([False, False, False, True]))
    def sync(self, rebuild: bool = False) -> None:
        before = self.assistant.index_version if self.assistant.has_index else -1
        self.assistant.sync(rebuild=rebuild)
        after = self.assistant.index_version
        assert after >= before
        assert after == before or not self.is_in_step or rebuild
        self.is_in_step = True

    @invariant()
    def the_index_is_clean(self) -> None:
        if self.assistant.has_index:
            assert self.assistant.check() == ()

    @invariant()
    def the_index_holds_what_the_folder_holds(self) -> None:
        if not self.is_in_step:
            return
        texts = {name: data.decode() for name, data in self.files.items() if data != BINARY}
        records = {record.document_id: record for record in self.assistant.documents()}
        assert records.keys() == self.files.keys()
        skipped = {name for name, record in records.items() if record.status == Status.SKIPPED}
        assert skipped == {name for name, data in self.files.items() if data == BINARY}
        assert {name: self.assistant.document(name).text for name in texts} == texts
        found = self.assistant.search("Danube Nile Io volcanoes", k=50)
        assert {ranked.passage.text for ranked in found} == set(texts.values())
        for ranked in found:
            assert texts[ranked.passage.document_id] == ranked.passage.text

    def teardown(self) -> None:
        shutil.rmtree(self.folder)


Corpus.TestCase.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
TestSyncFollowsTheFolder = Corpus.TestCase
