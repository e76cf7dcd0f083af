"""What is taken along: Markdown, a page and plain text hold every word, and no markup of others."""

import re
from dataclasses import replace

import pytest
from attacks import VECTORS
from dom import first, present
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from rendered import answers, markup
from selectolax.lexbor import LexborHTMLParser
from surface_fakes import NOTICE, WROTE, FakeAssistant, answer, cite, consult, document, write

from assistant.serve.chat.render import render_answer
from assistant.serve.chat.turns import Turn
from assistant.show.blocks import Code, Grid, Items, Title, list_blocks, list_near, list_quotes
from assistant.show.escape import markdown_text
from assistant.show.export import copy_answer, export_html, export_markdown, plain_answer
from assistant.show.provenance import MAX_NEAREST, describe_sources, list_remarks
from assistant.show.wording import Wording
from assistant.values import Answer, DocumentId, PageKind, Verdict

TAGS = {
    **{tag: set() for tag in ("head", "title", "style", "body", "article", "sup", "ol")},
    **{tag: set() for tag in ("strong", "table", "thead", "tbody", "pre", "code", "summary")},
    "html": {"lang"},
    "meta": {"charset", "name", "content", "http-equiv"},
    "h1": {"dir"},
    "h2": {"dir"},
    "p": {"class", "dir"},
    "li": {"value", "class", "dir"},
    "span": {"class", "dir"},
    "div": {"class", "role", "aria-label", "tabindex"},
    "ul": {"class"},
    "details": {"class"},
    "tr": {"class"},
    "th": {"scope", "dir", "class"},
    "td": {"dir", "class", "colspan"},
    "blockquote": {"dir"},
}
CHARACTERS = "ab1 9.)(*_`~#>+-=[]!|\\<&;:/'\"$\t\n\r\u00a0\u2028\0漢"
texts = st.text(st.sampled_from(CHARACTERS), max_size=25) | markup
turns = st.lists(
    st.builds(Turn, st.integers(1, 9), texts, st.none() | markup | answers()), max_size=3
)


def squeezed(text: str) -> str:
    """Return a text as Markdown can show it: without control characters, on one line."""
    return " ".join(re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", text).split())


def parsed(markdown: str) -> list[Token]:
    """Return the tokens that Markdown with tables and struck text makes, nested ones too."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    return [one for token in tokens for one in (token, *(token.children or ()))]


def count(tokens: list[Token], kind: str) -> int:
    return sum(token.type == kind for token in tokens)


def assert_ours(page: LexborHTMLParser) -> None:
    """Assert that a page has no tags and attributes but ours."""
    for node in page.css("*"):
        assert set(node.attributes) <= TAGS[present(node.tag)], (node.tag, node.attributes)


def shown(markdown: str) -> str:
    return "".join(
        " " if token.type == "softbreak" else token.content
        for token in parsed(markdown)
        if token.type in {"text", "text_special", "softbreak", "code_inline"}
    )


@given(texts)
@example("1. A list")
@example("12) A list")
@example("- A list")
@example("+ A list")
@example("=\n===")
@example("http://example.org/_a_")
@example("&lt;b&gt; &copy; &#60;")
def test_text_in_markdown_reads_back_as_it_was_but_for_whitespace(text: str) -> None:
    assert shown(markdown_text(text)) == squeezed(text)
    kinds = {token.type for token in parsed(markdown_text(text))}
    assert kinds <= {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}


@given(texts, turns)
@settings(max_examples=60)
def test_no_text_in_an_exported_conversation_becomes_markup(
    title: str, given_turns: list[Turn]
) -> None:
    tokens = parsed(export_markdown(title, given_turns))
    kinds = {token.type for token in tokens}
    assert not kinds & {"link_open", "image", "html_inline", "html_block", "code_inline"}
    assert not kinds & {"code_block", "hr", "s_open"}
    made = [turn.outcome for turn in given_turns if isinstance(turn.outcome, Answer)]
    near = [one for answer in made if answer.abstained for one in answer.consulted[:MAX_NEAREST]]
    blocks = [block for one in made for block in list_blocks(one)]
    blocks += [block for one in near for block in list_near(one)]
    assert count(tokens, "table_open") == sum(isinstance(block, Grid) for block in blocks)
    code = [squeezed(one.content) for one in tokens if one.type == "fence"]
    lines = [[line.text for line in block.lines] for block in blocks if isinstance(block, Code)]
    assert code == [squeezed(" ".join(one)) for one in lines]
    n_lists = sum(isinstance(block, Items) for block in blocks)
    assert n_lists or not kinds & {"bullet_list_open", "ordered_list_open"}
    said = [one for answer in made for one in answer.statements]
    said += [one for passage in near for one in passage.near]
    # Words that answer may lie in several cells of a row.
    n_spans = sum(len(one.answering) * max(1, len(one.cells)) for one in said)
    titles = sum(isinstance(block, Title) for block in blocks)
    assert count(tokens, "strong_open") <= n_spans + titles
    levels = [token.tag for token in tokens if token.type == "heading_open"]
    assert levels == ["h1", *["h2"] * len(given_turns)]


@given(answers().filter(lambda made: not made.abstained))
@settings(max_examples=60)
def test_quotes_in_an_exported_conversation_read_back_as_the_text(made: Answer) -> None:
    tokens = parsed(export_markdown("Title", [Turn(1, "Why?", made)]))
    opened = [n for n, token in enumerate(tokens) if token.type == "blockquote_open"]
    quoted = [one for one in made.citations if one.number not in list_quotes(made)]
    assert len(opened) == len(quoted)
    for at, citation in zip(opened, quoted, strict=True):
        inline = [token for token in tokens[at:] if token.type == "inline"]
        quote = [token for token in inline if squeezed(citation.quote)][:1]
        assert "".join(shown(token.content) for token in quote) == squeezed(citation.quote)


@given(texts, turns)
@settings(max_examples=60)
def test_an_exported_page_holds_our_tags_only_and_asks_nothing_of_a_server(
    title: str, given_turns: list[Turn]
) -> None:
    page = LexborHTMLParser(export_html(title, given_turns))
    assert_ours(page)
    policy = first(page, "meta[http-equiv]").attributes["content"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    held = title.replace("\0", "\ufffd")
    assert first(page, "h1").text() == held
    assert len(page.css("article")) == len(given_turns)
    for turn, node in zip(given_turns, page.css("article"), strict=True):
        assert first(node, "h2").text() == turn.question.replace("\0", "\ufffd")
        if turn.outcome and not isinstance(turn.outcome, str):
            quotes = [one.text() for one in node.css("blockquote")]
            shown_above = list_quotes(turn.outcome)
            cited = [c for c in turn.outcome.citations if c.number not in shown_above]
            assert quotes == [c.quote for c in cited]


def test_an_exported_quote_names_its_document_and_place() -> None:
    source = document("a/b.txt", "Before. Some fact.", title="A title")
    made = answer("Why?", cite(1, source, "Some fact.", heading="Facts", page=3))
    told = "a/b.txt · A title · Facts · p. 3 · characters 8-18"
    assert told in shown(export_markdown("T", [Turn(1, "Why?", made)]))
    assert told in export_html("T", [Turn(1, "Why?", made)])
    assert plain_answer(made) == f"Some fact. [1]\n\n[1] {told}: “Some fact.”"


def test_a_quote_names_the_other_files_that_have_it_wherever_it_is_shown() -> None:
    cited = cite(1, document("a.txt", "Before. Some fact."), "Some fact.")
    made = answer("Why?", replace(cited, copies=(DocumentId("b <i>.txt"), DocumentId("c.txt"))))
    told = "characters 8-18 · also: b <i>.txt, c.txt"
    assert told in shown(export_markdown("T", [Turn(1, "Why?", made)]))
    page = LexborHTMLParser(export_html("T", [Turn(1, "Why?", made)]))
    assert first(page, ".where").text().endswith(told)
    assert told in plain_answer(made)
    assert describe_sources(made) == "[1] a.txt, characters 8-18, also: b <i>.txt, c.txt"
    sources = first(LexborHTMLParser(str(render_answer(made, 1))), ".sources .where")
    assert sources.text() == "a.txt · also: b <i>.txt, c.txt"


def test_a_models_words_are_exported_with_their_quotes_and_who_wrote_them() -> None:
    made = replace(FakeAssistant().ask("written typhoon"), notice=NOTICE)
    markdown = export_markdown("T", [Turn(1, "Why?", made)])
    page = LexborHTMLParser(export_html("T", [Turn(1, "Why?", made)]))
    copied = plain_answer(made)
    for text in (shown(markdown), present(page.body).text(), copied):
        for part in (made.statements[0].text, made.statements[1].text, WROTE, NOTICE):
            assert text.count(part) == 1
        assert all(citation.quote in text for citation in made.citations)
        assert "Elvis" not in text
        assert "A sentence that was named." not in text
    assert copied.endswith(f"{WROTE}\n{NOTICE}")
    assert [node.text() for node in page.css("p.notice")] == [WROTE, NOTICE]


def test_a_sentence_that_nobody_confirmed_says_so_in_every_export() -> None:
    made = FakeAssistant().ask("written typhoon")
    statements = tuple(
        replace(one, verdict=Verdict.NOT_CONFIRMED, confirmed_by="") for one in made.statements
    )
    made = replace(made, statements=statements)
    page = LexborHTMLParser(export_html("T", [Turn(1, "Why?", made)]))
    assert [one.text() for one in page.css(".verdict")] == ["not confirmed"] * len(statements)
    assert shown(export_markdown("T", [Turn(1, "Why?", made)])).count("(not confirmed)") == 2
    chat = LexborHTMLParser(str(render_answer(made, 1)))
    assert len(chat.css(".statements .verdict")) == len(statements)


def test_a_refusal_is_exported_with_its_notice() -> None:
    refused = replace(answer("?"), notice=NOTICE)
    assert NOTICE in shown(export_markdown("T", [Turn(1, "?", refused)]))
    assert NOTICE in export_html("T", [Turn(1, "?", refused)])


@pytest.mark.parametrize("vector", VECTORS)
def test_no_model_name_or_notice_becomes_markup_in_an_export(vector: str) -> None:
    source = document("a.txt", "Some fact.")
    words = write(answer("?", cite(1, source, "Some fact.")), vector, model=vector, why=vector)
    made = replace(words, notice=vector)
    kinds = {one.type for one in parsed(export_markdown("T", [Turn(1, "?", made)]))}
    assert not kinds & {"link_open", "image", "html_inline", "html_block", "code_inline"}
    page = LexborHTMLParser(export_html("T", [Turn(1, "?", made)]))
    assert_ours(page)
    held = [one.replace("\0", "\ufffd") for one in list_remarks(made)]
    assert [node.text() for node in page.css("p.notice")] == held


def test_what_was_not_answered_is_exported_with_its_notice_or_reason() -> None:
    exported = [Turn(1, "A?", "Stopped."), Turn(2, "B?", answer("B?")), Turn(3, "C?")]
    markdown = export_markdown("T", exported)
    assert markdown == (
        "# T\n\n## A?\n\n*Stopped.*\n\n## B?\n\nNothing was found that says this.\n\n## C?\n"
    )
    page = LexborHTMLParser(export_html("T", exported))
    assert first(page, "p.notice").text() == "Stopped."
    assert [len(node.css("p")) for node in page.css("article")] == [1, 1, 0]


def test_an_abstention_is_exported_with_what_was_searched_for_and_the_nearest_places() -> None:
    source = document("a.txt", "One *fact*. Two. Three. Four.")
    texts = ("One *fact*.", "Two.", "Three.", "Four.")
    made = replace(
        answer("Wo is gyms?", consulted=tuple(consult(source, text) for text in texts)),
        query="Who is gym?",
    )
    places = ["characters 0-11", "characters 12-16", "characters 17-23"]
    lines = ["Searched for: Who is gym?", "The nearest passages, none of which has “gym”:"]
    shown = (
        export_markdown("T", [Turn(1, "?", made)]).replace("\\", ""),
        "\n".join(one.text() for one in LexborHTMLParser(
            export_html("T", [Turn(1, "?", made)])
        ).css("p.where")),
        plain_answer(made),
    )  # fmt: skip
    for text in shown:
        assert [line in text for line in (*lines, *places)] == [True] * 5
        assert "24-29" not in text, "three are enough"
    told = ["fact" in text for text in shown]
    assert told == [True, False, False], "what is near, in a page below its place"
    page = LexborHTMLParser(export_html("T", [Turn(1, "?", made)]))
    assert [one.text() for one in page.css("p.sentences")] == list(texts[:3])
    unchanged = replace(made, query=made.question)
    assert "Searched for" not in plain_answer(unchanged)


def test_text_for_the_clipboard_holds_each_quote_on_one_line() -> None:
    source = document("a.txt", "One\n fact.")
    assert plain_answer(answer("?", cite(1, source, "One\n fact."))).endswith("“One fact.”")
    assert plain_answer(answer("?")) == "Nothing was found that says this."


def test_every_attack_stays_text_when_exported() -> None:
    for vector in VECTORS:
        assert shown(markdown_text(vector)) == squeezed(vector)


def test_an_answer_is_copied_as_its_words_as_markdown_or_with_its_sources() -> None:
    source = document("a [1].txt", "It has [2] *parts*. And more.")
    made = answer("?", cite(1, source, "It has [2] *parts*."), cite(2, source, "And more."))
    assert copy_answer(made, "text") == "It has [2] *parts*. And more."
    assert copy_answer(made, "sources") == plain_answer(made)
    copied = copy_answer(made, "markdown")
    assert copied in export_markdown("T", [Turn(1, "?", made)])
    assert "#" not in copied


def test_what_the_program_says_itself_is_in_the_readers_language() -> None:
    source = document("a/b.txt", "Before. Some fact.", title="A title")
    cited = cite(1, source, "Some fact.", heading="Facts", page=3, page_kind=PageKind.SLIDE)
    made = answer("Why?", replace(cited, copies=(DocumentId("c.txt"),)))
    told = "a/b.txt · A title · Facts · Folie 3 · Zeichen 8-18 · auch: c.txt"
    say = Wording("de")
    assert told in shown(export_markdown("T", [Turn(1, "Why?", made)], say))
    page = export_html("T", [Turn(1, "Why?", made)], say)
    assert told in page
    assert '<html lang="de">' in page
    assert plain_answer(made, say) == f"Some fact. [1]\n\n[1] {told}: “Some fact.”"
    stopped = [Turn(1, "Why?", "Stopped. Nothing was answered.")]
    for text in (shown(export_markdown("T", stopped, say)), export_html("T", stopped, say)):
        assert "Angehalten. Es wurde nichts beantwortet." in text
