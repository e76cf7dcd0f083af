"""The assistant as a model of chat completions, asked by OpenAI's own client."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import openai
import pytest
from browsing import serving
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from surface_fakes import TYPHOON, FakeAssistant, answer, cite, settings_anywhere, write

from assistant.errors import QuestionError
from assistant.serve.completions import MODEL, CompletionBody, annotate, link
from assistant.serve.completions import write as write_reply
from assistant.values import Citation, DocumentId, PageKind

TYPHOON_ASKED: list[Any] = [{"role": "user", "content": "typhoon"}]


@pytest.fixture(scope="module")
def fake() -> FakeAssistant:
    return FakeAssistant()


@pytest.fixture(scope="module")
def address(fake: FakeAssistant) -> Iterator[str]:
    with serving(fake) as (at, _):
        yield at


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{address}v1", api_key="any", max_retries=0) as made:
        yield made


def test_its_one_model_is_listed(client: openai.OpenAI) -> None:
    assert [one.id for one in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).owned_by == "assistant"
    with pytest.raises(openai.NotFoundError, match="no model 'gpt-5'"):
        client.models.retrieve("gpt-5")


def test_a_reply_has_its_sources_as_footnotes_and_as_annotations(
    client: openai.OpenAI, address: str, fake: FakeAssistant
) -> None:
    reply = client.chat.completions.create(model=MODEL, messages=TYPHOON_ASKED)
    (choice,) = reply.choices
    text = choice.message.content or ""
    asked = fake.ask("typhoon")
    assert text == write_reply(asked)
    assert choice.finish_reason == "stop"
    assert choice.message.annotations
    for one in choice.message.annotations:
        said = one.url_citation
        mark = text[said.start_index : said.end_index]
        number = int(mark.strip("[^]"))
        cited = asked.citations[number - 1]
        assert one.citation["quote"] == cited.quote == TYPHOON[cited.start : cited.end]  # type: ignore[attr-defined]
        assert f"[^{number}]: " in text
        assert httpx.get(said.url).text == fake.document(cited.document_id).text
    assert len(choice.message.annotations) == sum(len(s.citations) for s in asked.statements)
    assert reply.usage
    assert reply.usage.total_tokens == 0


@pytest.mark.parametrize("asked_at", ["assistant/", ""])
def test_under_a_path_that_a_proxy_passes_on_its_links_have_that_path(asked_at: str) -> None:
    beneath = FakeAssistant(settings=settings_anywhere(root_path="/assistant"))
    with serving(beneath) as (at, _):
        body = {"messages": TYPHOON_ASKED}
        reply = httpx.post(f"{at}{asked_at}v1/chat/completions", json=body).json()
        (choice,) = reply["choices"]
        assert choice["message"]["annotations"]
        for one in choice["message"]["annotations"]:
            url = one["url_citation"]["url"]
            assert url.startswith(f"{at}assistant/api/file?")
            assert httpx.get(url).text == TYPHOON


def test_a_stream_says_the_same_and_ends(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model=MODEL, messages=TYPHOON_ASKED)
    for options in ({}, {"stream_options": {"include_usage": True}}):
        pieces = list(
            client.chat.completions.create(  # type: ignore[call-overload]
                model=MODEL, messages=TYPHOON_ASKED, stream=True, **options
            )
        )
        said = "".join(c.choices[0].delta.content or "" for c in pieces if c.choices)
        assert said == whole.choices[0].message.content
        assert [c.choices[0].finish_reason for c in pieces if c.choices][-1] == "stop"
        assert len({c.id for c in pieces}) == 1
        assert bool(pieces[-1].usage) == bool(options)
        told = [c.choices[0].delta for c in pieces if c.choices]
        annotations = next(one.annotations for one in told if hasattr(one, "annotations"))
        assert annotations == [
            one.model_dump() for one in whole.choices[0].message.annotations or ()
        ]


def test_what_a_language_model_wrote_comes_sentence_by_sentence(client: openai.OpenAI) -> None:
    asked: list[Any] = [{"role": "user", "content": "written typhoon"}]
    pieces = list(client.chat.completions.create(model=MODEL, messages=asked, stream=True))
    told = [c.choices[0].delta.content for c in pieces if c.choices]
    said = [piece for piece in told if piece]
    whole = client.chat.completions.create(model=MODEL, messages=asked)
    assert "".join(said) == whole.choices[0].message.content
    assert len(said) > 2
    assert "\n---\n" not in "".join(said)
    assert whole.usage
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (1_234, 56)


def test_what_is_not_found_is_said_with_what_comes_nearest(client: openai.OpenAI) -> None:
    asked: list[Any] = [{"role": "user", "content": "What is the weather?"}]
    reply = client.chat.completions.create(model=MODEL, messages=asked)
    message = reply.choices[0].message
    assert (message.content or "").startswith("Nothing was found that says this")
    assert not message.annotations


def test_the_messages_before_are_the_history_and_what_the_system_says_is_not_read(
    client: openai.OpenAI, fake: FakeAssistant
) -> None:
    messages: list[Any] = [
        {"role": "system", "content": "You are a pirate."},
        {"role": "user", "content": [{"type": "text", "text": "leave"}]},
        {"role": "assistant", "content": "Two days."},
        {"role": "user", "content": [{"type": "text", "text": "typhoon"}]},
    ]
    client.chat.completions.create(
        model=MODEL,
        messages=messages,
        temperature=0.3,
        max_tokens=50,
        extra_body={"documents": ["news/typhoon.txt"]},
    )
    assert fake.histories[-1] == (("user", "leave"), ("assistant", "Two days."))
    assert fake.asked_of[-1] == ("news/typhoon.txt",)


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        ([], "messages"),
        ([{"role": "assistant", "content": "Hello."}], "the last message must be the user's"),
        ([{"role": "system", "content": "Hello."}], "the last message must be the user's"),
        ([{"role": "user", "content": " "}], "the question is empty"),
        ([{"role": "user", "content": None}], "the question is empty"),
        ([{"role": "wizard", "content": "x"}], "role"),
        ([{"role": "user", "content": [{"type": "image_url"}]}], "only text can be asked"),
        ([{"role": "user", "content": "x" * 4_001}], "4,000 are allowed"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_line(
    client: openai.OpenAI, messages: list[Any], says: str
) -> None:
    for is_streamed in (False, True):
        with pytest.raises(openai.UnprocessableEntityError) as refused:
            client.chat.completions.create(model=MODEL, messages=messages, stream=is_streamed)
        assert says in str(refused.value)


def test_another_model_and_several_replies_are_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="there is 'assistant'"):
        client.chat.completions.create(model="gpt-5", messages=TYPHOON_ASKED)
    with pytest.raises(openai.UnprocessableEntityError, match="n: "):
        client.chat.completions.create(model=MODEL, messages=TYPHOON_ASKED, n=2)


def test_a_defect_in_a_stream_is_told_as_an_error_without_its_secret(address: str) -> None:
    body = {"messages": [{"role": "user", "content": "bug"}], "stream": True}
    lines = httpx.post(f"{address}v1/chat/completions", json=body).text.strip().split("\n\n")
    assert lines[-1] == "data: [DONE]"
    failure = json.loads(lines[-2].removeprefix("data: "))["error"]
    assert failure["kind"] == "InternalError"
    assert "secret detail" not in "".join(lines)


def test_a_page_of_another_site_may_not_ask_and_a_user_must_be_known(address: str) -> None:
    body = {"messages": TYPHOON_ASKED}
    foreign = {"Origin": "https://evil.example"}
    url = f"{address}v1/chat/completions"
    assert httpx.post(url, json=body, headers=foreign).status_code == 403
    with serving(FakeAssistant(settings=settings_anywhere(users={"ann": "correct horse"}))) as (
        locked,
        _,
    ):
        assert httpx.get(f"{locked}v1/models").status_code == 401
        assert httpx.get(f"{locked}v1/models", auth=("ann", "correct horse")).status_code == 200


def test_a_service_asks_with_its_token_as_the_key() -> None:
    token = "s3cret-" * 4
    locked = FakeAssistant(settings=settings_anywhere(tokens={"webui": token}))
    with serving(locked) as (at, _):
        with openai.OpenAI(base_url=f"{at}v1", api_key=token, max_retries=0) as known:
            assert known.chat.completions.create(model=MODEL, messages=TYPHOON_ASKED).choices
        with openai.OpenAI(base_url=f"{at}v1", api_key=token[1:], max_retries=0) as unknown:
            with pytest.raises(openai.AuthenticationError) as refused:
                unknown.models.list()
            assert token[1:] not in str(refused.value)


def test_a_pdf_is_linked_at_its_page_and_any_name_is_one_of_a_file() -> None:
    source = FakeAssistant().document("news/typhoon.txt")
    quote = "The company denied them."
    cited = cite(1, source, quote, page=3)
    pdf = link(in_file(cited, "a & b/ü #1.PDF"), "http://h/")
    at = urlsplit(pdf)
    assert parse_qs(at.query) == {
        "document": ["a & b/ü #1.PDF"],
        "version": ["0" * 64],
        "inline": ["true"],
    }
    assert (at.path, at.fragment) == ("/api/file", "page=3")
    for name, kind in (("a.docx", PageKind.PAGE), ("b.pdf", PageKind.SLIDE)):
        assert "inline" not in link(in_file(cited, name, kind), "http://h/")


def in_file(cited: Citation, name: str, kind: PageKind = PageKind.PAGE) -> Citation:
    return replace(cited, document_id=DocumentId(name), page_kind=kind)


@given(
    st.lists(st.sampled_from(["The company denied them.", "Reactions", "Background"]), max_size=5)
)
def test_every_mark_is_annotated_where_it_stands_and_a_footnote_says_the_quote(
    quotes: list[str],
) -> None:
    source = FakeAssistant().document("news/typhoon.txt")
    cited = [cite(n, source, quote) for n, quote in enumerate(quotes, 1)]
    made = write(answer("q", *cited), *(f"So it is [^{n}] said." for n in range(len(cited))))
    text = write_reply(made)
    found = list(annotate(made, text, "http://h/"))
    marks = [text[a["url_citation"]["start_index"] : a["url_citation"]["end_index"]] for a in found]
    assert marks == [f"[^{n}]" for n in range(1, len(cited) + 1)]
    tokens = MarkdownIt("commonmark").parse(text)
    assert not any(token.type == "link_open" for t in tokens for token in t.children or ())


def test_a_history_longer_than_is_read_is_cut_at_its_beginning() -> None:
    messages = [{"role": "user", "content": str(n)} for n in range(300)]
    asked = CompletionBody.model_validate({"messages": messages}).to_question()
    assert asked.question == "299"
    assert [text for _, text in asked.history][-1] == "298"
    assert len(asked.history) == 100
    with pytest.raises(QuestionError):
        CompletionBody.model_validate({"messages": [{"role": "tool"}]}).to_question()
