"""The folder: which of its documents a name means, and what is asked of all of them.

A name means the documents whose file, folder, title or first lines have all of its words. What is
asked is answered from the ledger and the index: how many, which, the newest, those that changed
since a day, those that mention something, kinds, and what was skipped. Counts are exact, and said
to be counted here. Times are those of the files.
"""

import datetime
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from assistant.answer.understand import Intent, cut_kind, qualify, read_since
from assistant.cite import Draft, DraftStatement, Shape
from assistant.retrieve.named import Names, name_terms
from assistant.store.snapshot import Snapshot
from assistant.text.exact import MONTH_NAMES, find_day, find_exact, find_versions
from assistant.text.listing import ListedCell, Listing
from assistant.text.numbered import find_numbered
from assistant.text.terms import fold, function_words, query_terms, read_query, say_in, terms
from assistant.values import ECHOES, Passage, Sentence

MAX_ROWS = 200
"""Of a table; the rest is counted."""
MAX_MENTIONS = 5_000
"""Passages that are looked through for a word: reading them takes about a second."""
HEAD_CHARS = 400
"""Of a document, in which it may say what it is."""
MIN_STEM = 5
_GENERIC = frozenset(
    """document documents file files text paper pdf doc docx txt page copy dokument dokumente datei
    dateien unterlage fichier fichiers archivo archivos documento documentos documenti arquivo
    arquivos ficheiro called named version edition revision fassung versione versao""".split()
)
_MEETINGS = frozenset(
    """meeting meetings session sitzung treffen reunion seance riunione seduta reuniao sessao
    sesion""".split()
)
"""What minutes are of, and need not say."""
_LETTER = "letter "
_ALONE = re.compile(r"(?<=[^\W_] )([A-Za-z])(?![^\W_]|['’])")
"""A letter by itself behind a word, which tells documents apart: "offer A"."""
_MONTH = re.compile(r"(?<!\d)(?:19|20)\d\d[-_. ]?(0[1-9]|1[0-2])(?!\d)")
_STAMP = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.](0[1-9]|1[0-2])(?:[-_.]([0-2]\d|3[01]))?(?!\d)")


@dataclass(frozen=True, slots=True)
class Held:
    """A document of the folder: its id, title, suffix, content, and the time of its file."""

    document_id: str
    title: str
    suffix: str
    content_id: str
    changed: datetime.date | None

    @property
    def name(self) -> str:
        """What it is called in a sentence."""
        return self.title if self.title else self.document_id

    @property
    def version(self) -> tuple[int, ...] | None:
        """The number of its version, if its name or title tells one."""
        return next(iter(find_versions(self.spelt) + find_versions(self.title)), None)

    @property
    def day(self) -> tuple[int, ...] | None:
        """The date that its name or title tells, as numbers that compare."""
        if stamp := _STAMP.search(self.document_id):
            return tuple(int(part) for part in stamp.groups() if part)
        return find_day(self.spelt) or find_day(self.title)

    @property
    def spelt(self) -> str:
        """Its path as words."""
        return re.sub(r"[_/]|\.\w+$", " ", self.document_id)

    @property
    def order(self) -> tuple[tuple[int, ...], tuple[int, ...], datetime.date, str]:
        """By which older ones go before newer ones: version, date, time of the file."""
        day = self.changed or datetime.date.min
        return self.version or (), self.day or (), day, self.document_id

    def cell(self) -> ListedCell:
        """Return the cell that opens it."""
        return ListedCell(self.name, document_id=self.document_id)


class Folder:
    """The documents that a snapshot holds, or those that were chosen of them."""

    def __init__(
        self, snapshot: Snapshot, chosen: Collection[str] = (), today: datetime.date | None = None
    ) -> None:
        self.snapshot = snapshot
        self.chosen = frozenset(chosen)
        self.today = today or datetime.date.today()

    @cached_property
    def all_documents(self) -> tuple[Held, ...]:
        """Every document of the index, by name."""
        titles = self.snapshot.titles()
        return tuple(
            Held(
                row.document_id,
                titles.get(row.content_id) or PurePosixPath(row.document_id).name,
                PurePosixPath(row.document_id).suffix.lower(),
                row.content_id,
                _day_of(row.mtime_ns),
            )
            for row in self.snapshot.ledger()
            if row.content_id is not None
        )

    @cached_property
    def documents(self) -> tuple[Held, ...]:
        """Those that are asked: the chosen ones, if any are.

        Raises:
            CorpusError: the index does not hold one of them.
        """
        self.snapshot.rows_of(self.chosen)
        return tuple(
            one for one in self.all_documents if not self.chosen or one.document_id in self.chosen
        )

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages of the documents, that of most first."""
        return self.snapshot.languages()

    def find(self, name: str, language: str) -> tuple[Held, ...]:
        """Return the documents that a name means, oldest first; none that it does not name."""
        bare, way = qualify(name, language)
        found = self._find(bare, language)
        if not found and all(rest := cut_kind(bare)):
            of_kind = self._find(rest[0], language)
            found = tuple(one for one in of_kind if one.document_id.lower().endswith(rest[1]))
        if way and len(found) > 1:
            found = found[-1:] if way == "new" else found[:1]
        return found

    def _find(self, name: str, language: str) -> tuple[Held, ...]:
        files = Names.of([one.document_id for one in self.documents]).files_in(name)
        if files:
            return tuple(one for one in self.documents if one.document_id in files)
        versions = find_versions(name)
        codes = dict.fromkeys((language, *self.languages[:4]))
        wanted = {code: _content(name, code, language) for code in codes}
        if not any(wanted.values()) and not versions:
            return ()
        found = [
            one
            for one in self.documents
            if (not versions or one.version in versions)
            and any(wanted[code] <= _terms_of(one, code) for code in codes)
        ]
        is_exact = versions or any(one.kind == "code" for one in find_exact(name))
        is_exact = is_exact or bool(find_numbered(name, language))
        found = found or ([] if is_exact else self._find_in_heads(name, wanted, language))
        return tuple(sorted(found, key=lambda one: one.order))

    def _find_in_heads(
        self, name: str, wanted: Mapping[str, frozenset[str]], language: str
    ) -> list[Held]:
        """Return the documents whose first lines, or name and these together, have all words."""
        asked = sorted(set().union(*wanted.values()))
        rows = [row for row, _ in self.snapshot.bm25(asked, k=50)]
        heads = {
            one.document_id: one
            for one in self.snapshot.passages(rows, self.chosen).values()
            if one.start < HEAD_CHARS
        }
        found = []
        for one in self.documents:
            if (head := heads.get(one.document_id)) is None:  # type: ignore[call-overload]
                continue
            text = " ".join((*head.under, head.text[: HEAD_CHARS - head.start]))
            code = head.language
            words = wanted.get(code) or _content(name, code, language)
            if words and words <= frozenset(terms(text, code)) | _terms_of(one, code):
                found.append(one)
        return found


def _day_of(mtime_ns: int) -> datetime.date | None:
    if mtime_ns <= 0:
        return None
    try:
        return datetime.datetime.fromtimestamp(mtime_ns / 1e9).date()
    except (OverflowError, OSError, ValueError):
        return None


def _content(name: str, language: str, asked_in: str) -> frozenset[str]:
    """Return the terms in a language of a name that tell documents apart.

    A small word of that language alone is none where another is asked in: "mai" is "never" in
    Italian, and a month in French.
    """
    bare = re.sub(r"[_/]", " ", name)
    for version in find_versions(bare):
        bare = re.sub(rf"\bv?\s?{'[.]'.join(map(str, version))}\b", " ", bare)
    generic = {term for word in _GENERIC for term in terms(word, language)}
    light = {fold(word) for word in function_words(language)} | {"d", "l", "s"}
    small = function_words(language) - function_words(asked_in)
    named = (word for word in re.findall(r"[^\W\d_]{3,}", fold(bare)) if word in small)
    kept = {term for word in named for term in terms(word, language)}
    found = (set(query_terms(bare, language)) - light | kept) - generic
    meetings = {term for word in _MEETINGS for term in terms(word, language)}
    letters = {f"{_LETTER}{one.lower()}" for one in _ALONE.findall(bare)}
    return frozenset((found - meetings or found) | letters)


def _terms_of(one: Held, language: str) -> frozenset[str]:
    """Return the terms of a document's path and title, with the names of its month."""
    told = {*name_terms(one.document_id, [language]), *terms(one.title, language)}
    months = {int(month) for month in _MONTH.findall(one.document_id)}
    if one.day and len(one.day) > 1:
        months.add(one.day[1])
    spelt = f"{one.spelt.replace('-', ' ')} . {one.title}"
    told |= {f"{_LETTER}{word.lower()}" for word in _ALONE.findall(spelt)}
    names = (word for month in months for word in MONTH_NAMES[month].split())
    return frozenset(told | {term for word in names for term in terms(word, language)})


# --- What is asked of all documents


def tell(folder: Folder, request: Intent) -> tuple[Draft, tuple[Sentence, ...], Listing]:
    """Return what a request about the folder asks for: a table, and the passages that it quotes."""
    if request.act == "mention":
        return _mention(folder, request)
    acts = {
        "count": _count,
        "list": _list,
        "newest": _order,
        "oldest": _order,
        "changed": _changed,
        "kinds": _count_kinds,
        "size": _count,
        "skipped": _skipped,
    }
    return Draft((), 1.0), (), acts[request.act](folder, request)


def _of_kind(folder: Folder, request: Intent) -> list[Held]:
    return [
        one for one in folder.documents if not request.suffixes or one.suffix in request.suffixes
    ]


def _table(documents: Sequence[Held], language: str, text: str) -> Listing:
    names = tuple(say_in(language, name) for name in ("Document", "File", "Kind", "Changed"))
    rows = tuple(
        (
            one.cell(),
            ListedCell(one.document_id),
            ListedCell(_kind(one)),
            ListedCell(one.changed.isoformat() if one.changed else ""),
        )
        for one in documents[:MAX_ROWS]
    )
    return Listing(text, names if rows else (), rows, max(0, len(documents) - MAX_ROWS))


def _kind(one: Held) -> str:
    return one.suffix.lstrip(".").upper() or "–"


def fill(language: str, said: str, *values: object) -> str:
    """Return what the assistant says itself in a language, with values for its `{}` in order."""
    text = say_in(language, said)
    for value in values:
        text = text.replace("{}", str(value), 1)
    return text


def _count(folder: Folder, request: Intent) -> Listing:
    documents, language = _of_kind(folder, request), request.language
    told = [fill(language, "Documents in the folder: {}, counted here.", f"{len(documents):,}")]
    if request.suffixes:
        return _table(documents, language, told[0])
    if n_same := len(documents) - len({one.content_id for one in documents}):
        told.append(fill(language, "Copies of another one among them: {}.", f"{n_same:,}"))
    if n_skipped := len(_skipped_rows(folder)):
        told.append(fill(language, "Files that could not be read: {}.", f"{n_skipped:,}"))
    return _count_kinds(folder, request, " ".join(told))


def _list(folder: Folder, request: Intent) -> Listing:
    documents = _of_kind(folder, request)
    said = "Documents in the folder: {}, counted here."
    return _table(documents, request.language, fill(request.language, said, f"{len(documents):,}"))


def _count_kinds(folder: Folder, request: Intent, text: str = "") -> Listing:
    language = request.language
    found = Counter(_kind(one) for one in folder.documents)
    rows = tuple(
        (ListedCell(kind), ListedCell(f"{n:,}"))
        for kind, n in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    )
    text = text or fill(language, "Kinds of files in the folder: {}, counted here.", len(found))
    return Listing(text, (say_in(language, "Kind"), say_in(language, "Documents")), rows)


def _order(folder: Folder, request: Intent) -> Listing:
    """Tell the newest or oldest file, and besides which is so by the dates in names."""
    documents, language = _of_kind(folder, request), request.language
    if not documents:
        return _list(folder, request)
    is_newest = request.act == "newest"
    ordered = sorted(
        documents,
        key=lambda one: (one.changed or datetime.date.min, one.day or ()),
        reverse=is_newest,
    )
    said = (
        "Changed last, by the times of the files: “{}”."
        if is_newest
        else "Unchanged for longest, by the times of the files: “{}”."
    )
    told = [fill(language, said, ordered[0].name)]
    dated = [one for one in documents if one.day]
    if dated:
        by_day = (max if is_newest else min)(dated, key=lambda one: one.day or ())
        day = "-".join(f"{part:02}" for part in by_day.day or ())
        if by_day != ordered[0] or ordered[0].changed == ordered[-1].changed:
            said = "By the dates in names and titles it is “{}” ({})."
            told.append(fill(language, said, by_day.name, day))
    return _table(ordered[:5], language, " ".join(told))


def _changed(folder: Folder, request: Intent) -> Listing:
    """Tell which files have changed since a day, the last first; without a day, all in order."""
    language = request.language
    since = read_since(request.when, folder.today) if request.when else None
    documents = [
        one
        for one in _of_kind(folder, request)
        if since is None or (one.changed and one.changed >= since)
    ]
    documents.sort(key=lambda one: one.changed or datetime.date.min, reverse=True)
    n = f"{len(documents):,}"
    if since is None:
        return _table(documents, language, fill(language, "By the times of the files: {}.", n))
    said = "Changed since {}, by the times of the files: {}."
    return _table(documents, language, fill(language, said, since.isoformat(), n))


def _skipped_rows(folder: Folder) -> list[tuple[str, str]]:
    return [
        (row.document_id, row.reason or "")
        for row in folder.snapshot.ledger()
        if row.content_id is None and (not folder.chosen or row.document_id in folder.chosen)
    ]


def _skipped(folder: Folder, request: Intent) -> Listing:
    language = request.language
    wanted = [fold(name) for name in request.names]
    found = [
        (name, why)
        for name, why in _skipped_rows(folder)
        if all(one in fold(name) for one in wanted)
    ]
    text = fill(language, "Files that could not be read: {}.", f"{len(found):,}")
    rows = tuple((ListedCell(name), ListedCell(why)) for name, why in found[:MAX_ROWS])
    names = (say_in(language, "File"), say_in(language, "Why")) if rows else ()
    return Listing(text, names, rows, max(0, len(found) - MAX_ROWS))


# --- Which mention something


def _mention(folder: Folder, request: Intent) -> tuple[Draft, tuple[Sentence, ...], Listing]:
    """Return the documents whose passages have all words of what is asked, each with one."""
    language = request.language
    found = _passages_with(folder, request.topic, is_near=False)
    said = "Documents that mention “{}”: {}, counted here."
    if not found:
        found = _passages_with(folder, request.topic, is_near=True)
        said = "Documents that mention “{}” or a word like it: {}, counted here." if found else said
    held = {one.document_id: one for one in folder.documents}
    kept = [
        (held[name], one)
        for name, one in sorted(found.items())
        if name in held and (not request.suffixes or held[name].suffix in request.suffixes)
    ]
    sentences = [
        Sentence(number, passage, *span)
        for number, (_, (passage, span)) in enumerate(kept[:MAX_ROWS], start=1)
    ]
    statements = tuple(
        DraftStatement(" ".join(one.text.split()), (one.number,), Shape()) for one in sentences
    )
    rows = tuple(
        (one.cell(), ListedCell(statements=(place,)))
        for place, (one, _) in enumerate(kept[:MAX_ROWS])
    )
    text = fill(language, said, request.topic, f"{len(kept):,}")
    names = (say_in(language, "Document"), say_in(language, "Passage")) if rows else ()
    listing = Listing(text, names, rows, max(0, len(kept) - MAX_ROWS))
    return Draft(statements, 1.0), tuple(sentences), listing


Found = tuple[Passage, tuple[int, int]]


def _passages_with(folder: Folder, topic: str, *, is_near: bool) -> dict[str, Found]:
    """Return for each document the first passage that has all words, and its best sentence."""
    asked = read_query(topic, folder.languages)
    words = [
        word
        for word in re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", topic)
        if _tells(word, asked.language)
    ]
    forms = [
        _near(folder, asked.forms_of(one)) if is_near else asked.forms_of(one) for one in words
    ]
    if not forms or not all(forms):
        return {}
    counts = folder.snapshot.count_passages_with(sorted(set().union(*forms)))
    rarest = min(forms, key=lambda own: sum(counts.get(form, 0) for form in own))
    rows = [row for row, _ in folder.snapshot.bm25(sorted(rarest), k=MAX_MENTIONS)]
    found: dict[str, Found] = {}
    passages = folder.snapshot.passages(sorted(rows), folder.chosen if folder.chosen else ())
    for passage in passages.values():
        told = set(terms(" ".join((*passage.under, passage.text)), passage.language))
        if passage.document_id in found or not all(own & told for own in forms):
            continue
        found[passage.document_id] = passage, max(passage.sentences, key=_weigher(passage, forms))
    return found


def _weigher(
    passage: Passage, forms: Sequence[Collection[str]]
) -> Callable[[tuple[int, int]], tuple[int, bool, int]]:
    """Return what weighs a sentence: how many of the words it has, no heading, the first."""

    def weigh(span: tuple[int, int]) -> tuple[int, bool, int]:
        sentence = Sentence(0, passage, *span)
        told = set(terms(sentence.text, passage.language))
        n_said = sum(bool(told.intersection(own)) for own in forms)
        return n_said, sentence.role not in ECHOES, -span[0]

    return weigh


def _tells(word: str, language: str) -> bool:
    return fold(word) not in function_words(language)


def _near(folder: Folder, forms: Collection[str]) -> set[str]:
    """Return the terms of the index that begin as a word does: "mediators" finds "mediation"."""
    return set(_begin_alike(folder, forms))


def _begin_alike(folder: Folder, forms: Collection[str]) -> Iterator[str]:
    for form in forms:
        stem = form[: max(MIN_STEM, len(form) - 3)]
        if len(stem) >= MIN_STEM and stem.isalpha():
            known = folder.snapshot.count_terms_from(stem[0])
            yield from (term for term in known if term.startswith(stem))
