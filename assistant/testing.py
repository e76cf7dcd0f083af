"""Tests of one's own documents, with pytest: a question is rightly answered, or refused.

    # pytest.ini: assistant_corpus = docs/handbook

    def test_the_deposit_is_told(ask_documents):
        ask_documents("How high is the deposit?").cites("office-lease.pdf", "three monthly rents")

    def test_what_the_documents_do_not_say_is_refused(ask_documents):
        ask_documents("Is there a sauna?").is_refused()

pytest finds this module by its entry point (`pip install 'assistant[test]'`). Of every answer it is
tried that each quote stands, word for word, at the cited place of a document as it is now. A test
that fails says what was shown, where that stands, and where what was wanted stands.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Self

import pytest

from assistant.errors import IndexLocked, SettingsError

if TYPE_CHECKING:
    from assistant.pipeline import Assistant
    from assistant.values import Answer, Citation, Turn

CORPUS, INDEX = "assistant_corpus", "assistant_index"
SYNC_WITHIN_S = 600.0
"""How long a worker waits while another one makes the index of all."""
MAX_NEAREST, MAX_PLACES = 3, 3


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the names of the two folders to pytest's own settings."""
    parser.addini(CORPUS, "folder of the documents that tests ask; else that of the settings")
    parser.addini(INDEX, "folder of the index that tests make of them; else in pytest's cache")


@pytest.fixture(scope="session")
def documents_assistant(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[Assistant]":
    """An `Assistant` over one's own documents, its index in step with them."""
    from assistant.pipeline import Assistant

    folders = {"corpus_dir": _folder(pytestconfig, CORPUS)}
    folders["index_dir"] = _folder(pytestconfig, INDEX) or _find_cache(
        pytestconfig, tmp_path_factory
    )
    with Assistant.open(**folders) as opened:  # type: ignore[arg-type]
        _bring_in_step(opened)
        yield opened


@pytest.fixture(scope="session")
def ask_documents(documents_assistant: "Assistant") -> "Callable[..., AskedDocuments]":
    """Asks one's own documents; takes what `Assistant.ask` does."""

    def ask(
        question: str, history: "Sequence[Turn]" = (), *, documents: Sequence[str] = ()
    ) -> AskedDocuments:
        __tracebackhide__ = True
        answer = documents_assistant.ask(question, history, documents=documents)
        asked = AskedDocuments(answer, documents_assistant)
        asked.quotes_exactly()
        return asked

    return ask


def _folder(config: pytest.Config, name: str) -> Path | None:
    """Return a folder of pytest's settings, below the project's."""
    given = str(config.getini(name))
    if not given:
        return None
    folder = config.rootpath / given
    if name == CORPUS and not folder.is_dir():
        raise SettingsError(f"{CORPUS} names no folder: {str(folder)!r}; it begins at rootdir")
    return folder


def _find_cache(config: pytest.Config, made: pytest.TempPathFactory) -> Path:
    cache: pytest.Cache | None = getattr(config, "cache", None)
    return made.mktemp("assistant-index") if cache is None else cache.mkdir("assistant-index")


def _bring_in_step(assistant: "Assistant") -> None:
    """Bring the index in step, after another worker of the same tests if one does so now."""
    until = time.monotonic() + SYNC_WITHIN_S
    while True:
        try:
            assistant.sync()
        except IndexLocked:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
        else:
            return


@dataclass(frozen=True)
class AskedDocuments:
    """An answer, and what a test can want of it: methods that fail, or return it again."""

    answer: "Answer"
    assistant: "Assistant"

    def cites(self, document: str, quote: str = "", *, page: int | None = None) -> Self:
        """Fail unless a quote of that document, on that page, holds these words.

        Args:
            document: its path in the folder, or the end of that, such as the file's name.
            quote: words of the quote; how they are broken into lines does not count.
            page: the number of the page, slide or sheet where the quote begins.
        """
        __tracebackhide__ = True
        for one in self.answer.citations:
            is_place = _is_named(one, document) and page in (None, one.page)
            if is_place and _fold(quote) in _fold(one.quote):
                return self
        on = f" on page {page}" if page is not None else ""
        wanted = f" with the words {quote!r}" if quote else ""
        return self._fail(f"no quote of {document!r}{on}{wanted}", quote)

    def cites_only(self, *documents: str) -> Self:
        """Fail if there is no quote, or one of another document than these."""
        __tracebackhide__ = True
        if not self.answer.citations:
            self._fail("nothing was quoted")
        for one in self.answer.citations:
            if not any(_is_named(one, name) for name in documents):
                self._fail(f"[{one.number}] is a quote of another document than {documents}")
        return self

    def says(self, *texts: str) -> Self:
        """Fail unless the answer holds each of these texts; capitals and lines do not count."""
        __tracebackhide__ = True
        for text in texts:
            if self.answer.kind != "answer" or _fold(text) not in _fold(self.answer.text):
                self._fail(f"the answer does not say {text!r}", text)
        return self

    def is_refused(self) -> Self:
        """Fail if the question was answered."""
        __tracebackhide__ = True
        if not self.answer.abstained:
            self._fail("it was answered, and should have been refused")
        return self

    def quotes_exactly(self) -> Self:
        """Fail unless each quote stands at its place in its document as it is now."""
        __tracebackhide__ = True
        for one in self.answer.citations:
            document = self.assistant.document(one.document_id)
            if document.sha256 != one.sha256:
                self._fail(f"[{one.number}] is of another version of {one.document_id!r}")
            if document.text[one.start : one.end] != one.quote:
                self._fail(f"[{one.number}] does not stand at its place in {one.document_id!r}")
        return self

    def _fail(self, what: str, wanted: str = "") -> NoReturn:
        __tracebackhide__ = True
        pytest.fail("\n".join([what, *self._describe(), *self._look_for(wanted)]), pytrace=True)

    def _describe(self) -> Iterator[str]:
        """Yield what was shown, and where it stands; of a refusal, what came nearest."""
        from assistant.show.provenance import describe_place

        answer = self.answer
        yield f"  asked:    {answer.question}"
        yield f"  {'refused: ' if answer.abstained else 'answered:'} {_flatten(answer.text)}"
        for one in answer.citations:
            yield f"  [{one.number}] {describe_place(one)}"
            yield f"      {_flatten(one.quote)}"
        for passage in answer.consulted[:MAX_NEAREST] if answer.abstained else ():
            yield f"  nearest:  {describe_place(passage)}"
            yield f"      {_flatten(passage.text)}"

    def _look_for(self, wanted: str) -> Iterator[str]:
        """Yield where the words that were wanted stand in the documents."""
        if not wanted.strip():
            return
        pattern = re.compile(r"\s+".join(map(re.escape, wanted.split())), re.IGNORECASE)
        n_found = 0
        for record in self.assistant.documents():
            if not record.n_passages:
                continue
            text = self.assistant.document(record.document_id).text
            for found in pattern.finditer(text):
                if n_found == MAX_PLACES:
                    yield "  and elsewhere"
                    return
                n_found += 1
                place = f"characters {found.start()}-{found.end()}"
                yield f"  it stands in {record.document_id}, {place}"
        if not n_found:
            yield f"  {wanted!r} stands in no document"


def _is_named(citation: "Citation", document: str) -> bool:
    """Tell whether a citation is of a document, or a copy of it, by the end of its path."""
    names = (citation.document_id, *citation.copies)
    return any(f"/{name}".endswith(f"/{document}") for name in names)


def _fold(text: str) -> str:
    return _flatten(text).casefold()


def _flatten(text: str) -> str:
    return " ".join(text.split())
