import re
from dataclasses import replace
from urllib.parse import parse_qsl

import pytest
from attacks import VECTORS
from dom import attribute, first, parse, present
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject, DrawFn
from rendered import answers, markup
from selectolax.lexbor import LexborNode
from surface_fakes import FakeAssistant, answer, cite, consult, document, write

from assistant.errors import Fault
from assistant.serve.chat.corpus import CorpusView, ListView, Order, list_rows, render_documents
from assistant.serve.chat.history import Summary
from assistant.serve.chat.render import (
    MAX_SOURCE_CHARS,
    CitationPosition,
    render_answer,
    render_notice,
    render_part,
    render_source,
)
from assistant.serve.chat.turns import Rating, Turn
from assistant.show.blocks import Code, Grid, Items, Prose, Title, list_blocks, list_quotes
from assistant.show.document import CITED_ID
from assistant.show.escape import html_text, terminal_safe
from assistant.show.provenance import describe_confidence, list_remarks, report_costs
from assistant.values import (
    Answer,
    Cell,
    Document,
    DocumentId,
    FileRecord,
    Role,
    Span,
    Statement,
    Status,
    Unit,
    Verdict,
)

OURS = {
    "article": {"class", "id"},
    "header": {"class"},
    "div": {"class", "dir", "role", "aria-label", "tabindex", "hidden"}
    | {"data-asked", "data-length", "data-marks", "data-start", "data-end"},
    "p": {"class", "dir", "role", "hidden"},
    "h2": {"class", "dir", "tabindex"},
    **{tag: {"class", "dir"} for tag in ("h3", "h4", "h5", "h6")},
    "span": {"class", "dir", "id", "role", "data-say"},
    "a": {"class", "href", "aria-label", "aria-describedby", "aria-current", "download"}
    | {"target", "rel", "data-around"},
    "ol": {"class"},
    "ul": {"class", "data-open"},
    "li": {"class", "value", "data-id", "dir", "style"},
    "mark": {"class", "id"},
    "details": {"class"},
    "bdi": {"class"},
    "h1": {"data-say"},
    **{tag: set() for tag in ("em", "dl", "dt", "dd", "strong")},
    **{tag: set() for tag in ("table", "thead", "tbody", "pre", "code")},
    "tr": {"class", "aria-hidden"},
    "th": {"scope", "dir", "class", "data-name"},
    "td": {"dir", "class", "colspan"},
    "summary": {"aria-label"},
    "label": {"class", "for"},
    "textarea": {"id", "rows", "maxlength", "dir"},
    "progress": {"aria-label", "max", "value"},
    "time": {"datetime"},
    "button": {"type", "class", "id", "title", "aria-label", "aria-pressed", "aria-controls"}
    | {"aria-expanded", "data-event", "data-act", "data-turn", "data-what", "data-question"}
    | {"data-copy", "data-rating", "data-citation", "data-rename", "data-confirm", "data-id"}
    | {"data-see", "data-turn-by", "data-zoom", "data-find", "data-more", "hidden"}
    | {"data-remove", "data-folder", "data-matching", "data-checked", "data-by"}
    | {"data-say", "data-say-aria-label", "data-say-title"},
    "input": {"type", "class", "multiple", "accept", "checked", "placeholder", "aria-label"}
    | {"maxlength", "data-words", "data-only", "data-only-folder", "data-max-bytes"},
    "select": {"class", "id", "aria-label"},
    "option": {"value", "selected", "lang"},
}
"""The tags and attributes that our templates write."""
HREF = re.compile(
    r"#(cite-\d+-\d+|read-\d+-\d+|doc-[A-Za-z0-9_.~%-]*|open-[\w-]+|close|leave)"
    r"|conversations/[\w-]+\.(md|html)"
    r"|api/file\?document=[A-Za-z0-9_.~%-]*&version=[0-9a-f]{64}(&inline=true)?"
    r"|api/file\?document=[A-Za-z0-9_.~%-]*"
)
FIXED = {
    "type": {"button", "checkbox", "file", "search"},
    "data-event": {"act", "ask", "sync"},
    "data-act": {
        "again",
        "all",
        "cancel-edit",
        "delete",
        "edit",
        "flag",
        "halt-sync",
        "rate",
        "comment",
    }
    | {"list", "only"},
    "data-what": {"query", "question"},
    "data-rating": {"up", "down", "unanswerable"},
    "role": {"group", "search", "status"},
    "dir": {"auto"},
    "style": {f"--depth: {n}" for n in range(9)},
}
"""The attributes that mean something to the page's script, and every value of them."""
CORPUS = CorpusView((".txt", ".md"), 1_000)


def listed(records: list[FileRecord], corpus: CorpusView = CORPUS) -> str:
    n = len(records)
    return render_documents(
        list_rows(records, ListView(corpus.words)), replace(corpus, n_documents=n, n_found=n)
    )


@st.composite
def documents_with_spans(draw: DrawFn) -> tuple[Document, list[Span]]:
    alphabet = st.sampled_from("ab <&>\"'\n\n\r\té漢א\u202e🙂")
    text = draw(st.text(alphabet, min_size=1, max_size=80)) + draw(markup)
    cut = st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))
    pairs = draw(st.lists(cut.filter(lambda c: c[0] < c[1]), min_size=1, max_size=6))
    headings = draw(st.lists(cut.filter(lambda c: c[0] < c[1]), max_size=3))
    made = Document(
        DocumentId("a.txt"),
        "0" * 64,
        draw(markup),
        "text/plain",
        text,
        (),
        tuple(
            Unit(start, end, Role.HEADING, draw(st.integers(1, 7)))
            for start, end in sorted(headings)
        ),
    )
    return made, [Span(made.document_id, *pair) for pair in pairs]


def assert_ours(html: str) -> LexborNode:
    """Assert that a page parses to our tags and attributes only, links being references."""
    body = parse(html)
    for node in body.css("*"):
        if node.tag == "body":
            assert not node.attributes
            continue
        assert set(node.attributes) <= OURS[present(node.tag)], (node.tag, node.attributes)
        if "href" in node.attributes:
            assert HREF.fullmatch(attribute(node, "href"))
        for name, allowed in FIXED.items():
            assert name not in node.attributes or node.attributes[name] in allowed
        own_id = node.attributes.get("id", "")
        ours = r"|turn-\d+|tip-\d+-\d+|said-\d+|cited-span|toggle-(nav|side)|language"
        assert re.fullmatch(ours, present(own_id))
    return body


def marked(body: LexborNode, kind: str) -> str:
    return "".join(node.text() for node in body.css(kind))


@settings(max_examples=60)
@given(documents_with_spans(), st.data())
def test_a_source_shows_the_document_itself_and_marks_exactly_the_clicked_span(
    made: tuple[Document, list[Span]], data: DataObject
) -> None:
    source, spans = made
    strong = data.draw(st.sampled_from(spans))
    body = assert_ours(render_source(source, spans, strong))
    assert first(body, ".text").text() == source.text
    assert marked(body, "mark.strong") == source.text[strong.start : strong.end]
    assert len(body.css(f"#{CITED_ID}")) == 1
    covered = {place for span in spans for place in range(span.start, span.end)}
    assert marked(body, "mark") == "".join(source.text[place] for place in sorted(covered))


@settings(max_examples=40)
@given(documents_with_spans(), st.integers(1, 9), st.booleans())
def test_the_head_of_a_source_leaves_no_unescaped_markup(
    made: tuple[Document, list[Span]], number: int, is_flagged: bool
) -> None:
    source, spans = made
    step = CitationPosition(3, number, 9, is_flagged)
    body = assert_ours(render_source(source, spans, spans[0], step))
    assert first(body, "h2").text() == source.title
    assert first(body, ".at").text() == f"Citation {number} of 9"
    ways = [node.attributes.get("href") for node in body.css(".previous, .next")]
    assert ways == [
        f"#cite-3-{number - 1}" if number > 1 else None,
        f"#cite-3-{number + 1}" if number < 9 else None,
    ]
    assert first(body, ".steps button").attributes["aria-pressed"] == str(is_flagged).lower()


@settings(max_examples=60)
@given(answers(), st.integers(1, 99), st.lists(markup, max_size=2))
def test_an_answer_leaves_no_unescaped_markup(made: Answer, turn: int, tried: list[str]) -> None:
    body = assert_ours(render_answer(made, turn, tried, {1}))
    if made.abstained:
        asked = [node.attributes["data-question"] or "" for node in body.css(".suggestions button")]
        assert asked == tried
        assert [node.text() for node in body.css(".suggestions button")] == tried
        return
    assert {asked_around(node) for node in body.css("a.cite")} == {
        (c.document_id, c.sha256, c.start, c.end, c.number in list_quotes(made))
        for c in made.citations
    }
    assert_said(body, made)
    quoted = [c.quote for c in made.citations if c.number not in list_quotes(made)]
    assert [node.text() for node in body.css(".sources .quote")] == quoted


def asked_around(mark: LexborNode) -> tuple[str, str, int, int, bool]:
    """Return what a mark asks for when it is pointed at, and whether its quote stands beside."""
    asked = dict(parse_qsl(attribute(mark, "data-around"), keep_blank_values=True))
    beside = asked.get("beside") == "true"
    return asked["document"], asked["version"], int(asked["start"]), int(asked["end"]), beside


def assert_said(body: LexborNode, made: Answer) -> None:
    """Assert that a page shows exactly the blocks of an answer, with what is emphasised."""
    told: list[str] = []
    for block in list_blocks(made):
        match block:
            case Prose():
                told += [one.text for one in block.said]
            case Title():
                told.append(block.said.text)
            case Items():
                told += [item.said.text for item in block.items]
            case Code():
                told += [line.text for line in block.lines]
            case Grid():
                told += ["".join(cell.text for cell in row.cells) for row in block.rows]
    found = [
        "".join(cell.text() for cell in node.css("td:not(.cites)"))
        if node.tag in ("tr", "tbody")
        else node.text()
        for node in body.css(".statements:not(.near) .statement")
    ]
    assert found == told
    bold = [node.text() for node in body.css(".statements:not(.near) strong")]
    assert len(bold) <= sum(len(one.answering) for one in made.statements)
    assert all(any(text in one.text for one in made.statements) for text in bold)


@settings(max_examples=60)
@given(answers())
def test_who_wrote_an_answer_and_what_it_cost_leave_no_unescaped_markup(made: Answer) -> None:
    shown = assert_ours(render_answer(made, 1))
    assert [node.text() for node in shown.css(".remark")] == list(list_remarks(made))
    assert [node.text() for node in shown.css(".how-sure")] == [
        said for said in (describe_confidence(made),) if said
    ]
    account = report_costs(made)
    body = assert_ours(render_part("costs", account))
    assert [node.text() for node in body.css("dd bdi")] == [said for _, said in account.rows]
    assert [node.text() for node in body.css("dt")] == [name for name, _ in account.rows]
    assert [node.text() for node in body.css("li")] == list(account.dropped)
    assert "Elvis" not in present(body.html)


def test_an_answer_that_cost_nothing_has_no_account() -> None:
    courtesy = replace(answer("hi"), answerer="courtesy", reason="Hello!", timings={})
    assert render_part("costs", report_costs(courtesy)) == ""


@settings(max_examples=40)
@given(
    answers(),
    markup,
    st.lists(markup.map(DocumentId), max_size=2),
    st.sampled_from(["up", "down", None]),
)
def test_a_turn_with_its_actions_leaves_no_unescaped_markup(
    made: Answer, question: str, names: list[DocumentId], rating: Rating | None
) -> None:
    turn = Turn(7, question, made, documents=tuple(names), rating=rating)
    can_copy = made.kind == "answer"
    shown = render_part(
        "turn", turn, question, render_answer(made, 7), can_copy, False, True, names, names
    )
    body = assert_ours(shown)
    assert first(body, "h2.question").text() == question
    assert [node.text() for node in body.css(".asked-of bdi")] == names
    assert [node.text() for node in body.css(".changed bdi")] == names
    copies = [node.attributes["data-copy"] for node in body.css("button[data-copy]")]
    assert copies == (["sources", "text", "markdown", "sources"] if can_copy else [])
    votes = body.css("button.up, button.down")
    assert [node.attributes["aria-pressed"] for node in votes] == [
        str(rating == "up").lower(),
        str(rating == "down").lower(),
    ]


def test_a_turn_that_is_being_answered_offers_no_actions() -> None:
    body = assert_ours(render_part("turn", Turn(1, "Why?"), "Why?", "", "", True, False, [], []))
    assert not body.css("button")


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(markup, markup, st.none() | markup, st.sampled_from(Status)),
        max_size=4,
        unique_by=lambda row: row[0],
    ),
    st.booleans(),
    markup,
    st.sampled_from(["", *VECTORS]),
)
def test_a_list_of_documents_leaves_no_unescaped_markup(
    rows: list[tuple[str, str, str | None, Status]],
    is_chosen: bool,
    said: str,
    progress: str,
) -> None:
    records = [
        FileRecord(
            DocumentId(name),
            status,
            reason,
            title,
            3,
            9,
            fault=Fault.ENCRYPTED if status == Status.SKIPPED else None,
            copies=(DocumentId(title),),
            near=(DocumentId(name),) * 5,
        )
        for name, title, reason, status in rows
    ]
    only = frozenset(record.document_id for record in records if is_chosen)
    corpus = CorpusView((".txt",), 9, None, only, progress, 0.5, said, said, is_chosen, words=said)
    for view in (corpus, replace(corpus, words="", order=Order.NEWEST, n_more=3)):
        body = assert_ours(listed(records, view))
        files = [one for one in body.css("li") if one.attributes["class"] != "folder"]
        assert len(files) == len(records)
        boxes = [node.attributes for node in body.css("input[data-only]")]
        indexed = [one for one in records if one.status != Status.SKIPPED and len(records) > 1]
        assert [box["data-only"] or "" for box in boxes] == [one.document_id for one in indexed]
        assert all(("checked" in box) == is_chosen for box in boxes)
        assert [node.text() for node in body.css(".notice")] == ([said] if said else [])


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("encrypted: save it without a password", "skipped: encrypted: save it without a password"),
        ("save it without a password", "skipped (encrypted): save it without a password"),
        (None, "skipped (encrypted)"),
    ],
)
def test_a_skipped_file_says_of_which_kind_the_reason_is_and_says_it_once(
    reason: str | None, told: str
) -> None:
    name = DocumentId("a.pdf")
    record = FileRecord(name, Status.SKIPPED, reason, "a", 0, 9, fault=Fault.ENCRYPTED)
    why = first(parse(listed([record])), ".why").text()
    assert why == told


def test_of_many_kinds_of_files_those_that_people_look_for_are_named() -> None:
    corpus = replace(CORPUS, suffixes=(".f90", ".txt", ".pdf", ".ml"))
    body = parse(listed([], corpus))
    assert ".pdf .txt and 2 other kinds, at most" in first(body, ".drop .facts").text()
    assert first(body, ".drop input").attributes["accept"] == ".f90,.txt,.pdf,.ml"
    few = parse(listed([], replace(CORPUS, suffixes=(".f90",))))
    assert first(few, ".drop .facts").text().startswith(".f90, at most")


def test_the_panel_says_when_the_last_sync_ended_or_how_far_one_is() -> None:
    stamp = "2026-01-02T03:04:05+00:00"
    rested = parse(listed([], replace(CORPUS, synced_at=stamp)))
    assert first(rested, "time").attributes["datetime"] == stamp
    assert "January 2026" in first(rested, "time").text()
    running = parse(listed([], replace(CORPUS, progress="Reading", share=1 / 3)))
    bar = first(running, "progress").attributes
    assert (bar["value"], bar["max"]) == ("0.333", "1")
    assert first(running, "button").attributes["data-act"] == "halt-sync"
    assert "Not synced yet" in parse(listed([])).text()


titles = markup.filter(str.strip)


@settings(max_examples=40)
@given(st.lists(titles, min_size=1, max_size=4), st.integers(0, 4))
def test_a_list_of_conversations_leaves_no_unescaped_markup(
    given_titles: list[str], at: int
) -> None:
    found = [Summary(f"id_{n}-x", title) for n, title in enumerate(given_titles)]
    body = assert_ours(render_part("conversations", found, f"id_{at}-x", False))
    assert [node.text() for node in body.css("bdi")] == given_titles
    renamed = [node.attributes["data-rename"] for node in body.css("button[data-rename]")]
    assert renamed == given_titles
    current = [node.attributes["data-id"] for node in body.css("li.current")]
    assert current == [one.conversation_id for one in found if one.conversation_id == f"id_{at}-x"]


def test_an_empty_list_of_conversations_tells_a_search_from_a_beginning() -> None:
    assert "No conversation has these words." in render_part("conversations", [], None, True)
    assert "will be kept here" in render_part("conversations", [], None, False)


@settings(max_examples=40)
@given(st.lists(markup, max_size=5))
def test_what_stands_above_the_question_leaves_no_unescaped_markup(names: list[str]) -> None:
    body = assert_ours(render_part("only", names))
    assert [node.text() for node in body.css("bdi")] == names[:3]
    assert (f" and {len(names) - 3} more" in body.text()) or len(names) <= 3
    assert bool(names) == bool(body.css("button"))
    welcome = assert_ours(render_part("suggestions", names, "For example"))
    assert [node.attributes["data-question"] or "" for node in welcome.css("button")] == names


@pytest.mark.parametrize("replaces", [True, False])
def test_an_edit_says_whether_it_replaces_the_answer(replaces: bool) -> None:
    assert ("replaces its answer" in render_part("editing", replaces)) == replaces


def test_the_header_is_ours() -> None:
    assert_ours(render_part("header"))


@given(st.text())
def test_escaped_text_reads_back_as_it_was_in_an_element_and_an_attribute(text: str) -> None:
    shown = re.sub("[\0\ud800-\udfff]", "\ufffd", text)
    body = parse(f'<p title="{html_text(text)}">{html_text(text)}</p>')
    assert first(body, "p").text() == shown
    assert (first(body, "p").attributes["title"] or "") == shown


@pytest.mark.parametrize("vector", VECTORS)
def test_an_attack_is_shown_as_the_text_it_is(vector: str) -> None:
    source = document("a.txt", f"Before. {vector} After.", title=vector)
    shown = vector.replace("\0", "\ufffd")
    made = answer(vector, cite(1, source, vector), consulted=(consult(source, vector),))
    assert shown in first(assert_ours(render_answer(made, 1)), ".statement").text()
    abstained = answer(vector, consulted=(consult(source, vector),))
    assert_ours(render_answer(abstained, 1))
    span = Span(source.document_id, 8, 8 + len(vector))
    assert marked(assert_ours(render_source(source, (span,), span)), "mark.strong") == shown
    words = write(made, vector, model=vector, why=vector)
    written = replace(words, notice=vector)
    line = " ".join(shown.split())
    body = assert_ours(render_answer(written, 1) + render_part("costs", report_costs(written)))
    assert first(body, ".statement").text() == shown
    assert [line in node.text() for node in body.css(".remark")] == [True, True]
    assert first(body, "dd").text() == first(body, ".account li").text() == line
    assert "Elvis" not in present(body.html)
    welcome = assert_ours(render_part("welcome", vector))
    assert first(welcome, "bdi").text() == shown
    for html in (render_notice(vector), render_part("progress", vector)):
        assert assert_ours(html).text() == shown
    records = [FileRecord(DocumentId(vector), status, vector, vector, 1, 1) for status in Status]
    assert_ours(listed(records))
    kept = assert_ours(
        render_part("conversations", [Summary("x", vector)], "x", True, 0, False, vector)
    )
    assert first(kept, "bdi").text() == shown
    turn = Turn(1, vector, made, documents=(DocumentId(vector),))
    assert_ours(
        render_part("turn", turn, vector, render_answer(made, 1), True, False, True, [vector], [])
    )


def test_lone_surrogates_of_file_names_become_replacement_characters() -> None:
    name = "caf\udce9.txt"
    html = listed([FileRecord(DocumentId(name), Status.INDEXED, None, name, 1, 1)])
    assert html.encode()
    assert "caf\ufffd.txt" in html


def test_a_span_across_paragraphs_and_a_heading_stays_whole() -> None:
    source = document("a.txt", "One.\n\nTwo\n\nThree.", "Two")
    span = Span(source.document_id, 2, 15)
    body = assert_ours(render_source(source, (span,), span))
    assert marked(body, "mark.strong") == "e.\n\nTwo\n\nThre"
    assert first(body, "h3.heading").text() == "Two"
    assert [node.text() for node in body.css(".part > p")] == ["One.", "Three."]


def test_hard_wrapped_lines_stay_in_their_paragraph_and_long_lines_end_one() -> None:
    wrapped = document("a.txt", "one line\nand the next\n\nnew paragraph")
    assert len(parse(render_source(wrapped, (), None)).css(".part > p")) == 2
    long = document("b.txt", f"{'word ' * 40}\n{'term ' * 40}")
    assert len(parse(render_source(long, (), None)).css(".part > p")) == 2


def test_a_huge_document_comes_first_around_the_clicked_span_and_offers_the_rest() -> None:
    source = document("a.txt", "a" * 300_000 + "needle" + "b" * 300_000)
    span = Span(source.document_id, 300_000, 300_006)
    body = parse(render_source(source, (span,), span))
    assert marked(body, "mark.strong") == "needle"
    assert len(first(body, ".text").text()) == MAX_SOURCE_CHARS
    part = first(body, ".part").attributes
    assert (part["data-start"], part["data-end"]) == ("270003", "330003")
    assert first(body, ".source-text").attributes["data-length"] == "600006"
    assert [node.text() for node in body.css(".folded:not([hidden])")] == [
        "Earlier text",
        "Later text",
    ]
    whole = parse(render_source(document("b.txt", "A short one."), (), None))
    assert not whole.css(".folded:not([hidden])")


def test_a_span_larger_than_the_window_is_shown_whole() -> None:
    source = document("a.txt", "a" * (3 * MAX_SOURCE_CHARS))
    span = Span(source.document_id, 10, 2 * MAX_SOURCE_CHARS)
    body = parse(render_source(source, (span,), span))
    assert len(marked(body, "mark.strong")) == 2 * MAX_SOURCE_CHARS - 10


def test_an_abstention_shows_its_reason_and_the_three_nearest_passages() -> None:
    source = document("a.txt", "A first. A second. A third. A fourth.")
    read = tuple(consult(source, f"A {n}.") for n in ("first", "second", "third", "fourth"))
    body = parse(render_answer(answer("?", consulted=read), 4))
    assert first(body, ".abstention .reason").text() == "Nothing was found that says this."
    links = [node.attributes["href"] for node in body.css(".abstention a")]
    assert links == ["#read-4-1", "#read-4-2", "#read-4-3"]


def test_what_was_searched_for_is_shown_when_it_is_not_what_was_asked() -> None:
    asked = answer("Who was  Bismark?")
    reworded = replace(asked, query="Who was Bismarck?")
    body = parse(render_answer(reworded, 1))
    assert first(body, ".searched bdi").text() == "Who was Bismarck?"
    assert first(body, ".searched button").attributes["data-what"] == "query"
    assert "searched" not in render_answer(replace(asked, query="Who was Bismark?"), 1)


def test_marks_name_their_source_for_people_who_cannot_see_it() -> None:
    source = document("a.txt", "Some fact.", title="A title")
    body = parse(render_answer(answer("?", cite(1, source, "Some fact.")), 1))
    mark = first(body, "a.cite")
    assert mark.attributes["aria-label"] == "Citation 1: A title. Opens the source."
    tip = first(body, f"#{mark.attributes['aria-describedby']}")
    assert tip.text() == "A title"


def test_the_welcome_names_the_model_that_writes_and_promises_quotes_only_without_one() -> None:
    without = parse(render_part("welcome", "")).text()
    assert "Every sentence of an answer is an exact quote" in without
    written = parse(render_part("welcome", "tiny")).text()
    assert "written by tiny, a language model" in written
    assert "checked against the exact quotes" in written
    assert "Every sentence of an answer is an exact quote" not in written


def test_marks_of_a_models_words_ask_for_the_whole_quotes() -> None:
    made = FakeAssistant().ask("written typhoon")
    body = parse(render_answer(made, 1))
    assert [node.text() for node in body.css(".statements:not(.near) .statement")] == [
        s.text for s in made.statements
    ]
    assert [asked_around(node)[2:] for node in body.css("a.cite")] == [
        (c.start, c.end, False) for c in made.citations
    ]


def test_a_courtesy_is_a_reply_without_sources_or_refusal() -> None:
    made = replace(answer("hi"), kind="reply", answerer="courtesy", reason="Hello!", consulted=())
    body = assert_ours(render_answer(made, 1, ("Why?",)))
    assert first(body, "p.reply").text() == "Hello!"
    assert len(body.css("body > *")) == 1


def test_a_citation_that_was_marked_as_wrong_says_so_wherever_it_stands() -> None:
    source = document("a.txt", "One fact. Another fact.")
    made = answer("?", cite(1, source, "One fact."), cite(2, source, "Another fact."))
    body = parse(render_answer(made, 1, (), {2}))
    for places in (body.css(".tip"), body.css(".sources .where")):
        assert ["marked as wrong" in node.text() for node in places] == [False, True]


@given(st.text())
def test_terminal_text_keeps_no_control_characters(text: str) -> None:
    safe = terminal_safe(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", safe)
    safe.encode()


def test_terminal_text_keeps_everything_else() -> None:
    assert terminal_safe("a\tb\n\x1b[31mred\x1b[0m\r\x9b2J漢") == "a\tb\n[31mred[0m2J漢"


def test_rows_and_items_of_a_passage_that_is_near_are_drawn_as_what_they_are() -> None:
    source = document("a.md", "Tool: Adze <b> | Shelf: A and more")
    cells = (Cell("Tool", "Adze <b>", 6), Cell("Shelf", "A", 24))
    near = (
        Statement(source.text[:25], (), Verdict.QUOTED, role=Role.ROW, cells=cells),
        Statement("Oil it.", (), Verdict.QUOTED, role=Role.ITEM),
    )
    passage = replace(consult(source, "Tool: Adze <b> | Shelf: A"), near=near)
    body = parse(render_answer(answer("?", consulted=(passage,)), 1))
    assert [node.text() for node in body.css(".near th")] == ["Tool", "Shelf"]
    assert [node.text() for node in body.css(".near td:not(.cites)")] == ["Adze <b>", "A"]
    assert [node.text() for node in body.css(".near li")] == ["Oil it."]
    assert "and more" not in body.text()


@pytest.mark.parametrize(
    ("name", "pages", "told"),
    [
        ("a.pdf", (1, 1), ["1", "2", "a.pdf · H · p. 1"]),
        ("a.pdf", (1, 2), ["1 p. 1", "2 p. 2", "a.pdf · H"]),
        ("a.pdf", (None, 2), ["1", "2", "a.pdf · H · p. 2"]),
        ("a.PNG", (1, 1), ["1", "2", "a.PNG · H"]),
    ],
)
def test_quotes_of_one_section_stand_before_its_title_and_a_shared_page_is_said_once(
    name: str, pages: tuple[int | None, int], told: list[str]
) -> None:
    source = document(name, "One. Two.")
    texts_in = zip((1, 2), ("One.", "Two."), pages, strict=True)
    cited = [cite(n, source, text, heading="H", page=page) for n, text, page in texts_in]
    together = first(parse(render_answer(answer("?", *cited), 1)), ".together")
    assert [" ".join(one.text().split()) for one in together.css("a, .where")] == told


@pytest.mark.parametrize(
    ("reason", "is_warned"),
    [
        ("9 words of navigation, menus and footers left out", False),
        ("1 slide footer left out; 1,200 words of navigation, menus and footers left out", False),
        ("1 slide footer left out; 2 hidden slides left out", True),
        ("", True),
    ],
)
def test_what_is_left_out_of_a_healthy_file_is_no_warning(reason: str, is_warned: bool) -> None:
    record = FileRecord(DocumentId("a.html"), Status.WARNING, reason, "a", 1, 9)
    row = parse(listed([record]))
    assert bool(row.css(".files .why")) is is_warned
    assert reason in row.text()


def test_what_the_program_adds_to_a_quote_is_set_apart_from_it() -> None:
    made = answer("?", cite(1, document("a.txt", "It is open."), "It is open."))
    told = replace(made, statements=(replace(made.statements[0], apart="a.txt: 2025-03-11"),))
    said = first(parse(render_answer(told, 1)), ".statement")
    assert said.text() == "It is open. (a.txt: 2025-03-11)"
    assert first(said, ".apart").text() == " (a.txt: 2025-03-11)"
