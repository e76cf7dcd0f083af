"""Hosts of the Model Context Protocol, by the SDK's client: in memory, over HTTP and stdio."""

import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from browsing import serving
from dom import present
from mcp import Client, MCPError, StdioServerParameters
from mcp.types import CallToolResult, TextContent, TextResourceContents
from surface_fakes import HANDBOOK, HOSTILE, TYPHOON, FakeAssistant, settings_anywhere
from typer.testing import CliRunner

from assistant.cli.main import app as command_line
from assistant.serve import reading
from assistant.serve.background import Admission
from assistant.serve.mcp import (
    CALLS,
    MAX_RESOURCE_CHARS,
    N_RESOURCES,
    PATH,
    SCHEME,
    Room,
    build_server,
)
from assistant.serve.reading import MAX_WAITING, SEARCHING, Turns
from assistant.values import DocumentId, RankedPassage

pytestmark = pytest.mark.anyio


@pytest.fixture
def fake() -> FakeAssistant:
    return FakeAssistant()


@pytest.fixture
async def host(fake: FakeAssistant) -> AsyncIterator[Client]:
    async with connected(fake) as made:
        yield made


@asynccontextmanager
async def connected(fake: FakeAssistant, n_waiting: int = 1) -> AsyncIterator[Client]:
    room = Room(Admission(at_once=1, waiting=n_waiting), Turns(1, SEARCHING))
    server = build_server(fake, room)
    async with Client(server) as made:
        yield made


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


async def test_its_tools_say_what_they_take_and_that_they_change_nothing(host: Client) -> None:
    tools = {one.name: one for one in (await host.list_tools()).tools}
    assert tools.keys() == CALLS.keys() == {"ask", "search", "read_document", "list_documents"}
    for one in tools.values():
        hints = present(one.annotations)
        assert (hints.read_only_hint, hints.destructive_hint) == (True, False)
        assert one.description
        properties = one.input_schema["properties"]
        assert all(property_["description"] for property_ in properties.values())
        assert one.input_schema["additionalProperties"] is False
    assert tools["ask"].input_schema["required"] == ["question"]


async def test_an_answer_is_said_with_its_sources_and_structured_with_their_spans(
    host: Client, fake: FakeAssistant
) -> None:
    told: list[str | None] = []

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        assert (progress, total) == (len(told) + 1, None)
        told.append(message)

    given = {"question": "typhoon", "documents": ["news/typhoon.txt"]}
    result = await host.call_tool("ask", given, progress_callback=tell)
    assert not result.is_error
    data: Any = result.structured_content
    assert data["abstained"] is False
    for cited in data["citations"]:
        assert TYPHOON[cited["start"] : cited["end"]] == cited["quote"]
        assert f"[{cited['number']}] news/typhoon.txt" in text_of(result)
    assert "Searching 3 documents" in told
    assert fake.asked_of[-1] == ("news/typhoon.txt",)


async def test_a_question_may_come_with_the_conversation_before_it(
    host: Client, fake: FakeAssistant
) -> None:
    history = [["user", "leave"], ["assistant", "Two days."]]
    await host.call_tool("ask", {"question": "typhoon", "history": history})
    assert fake.histories[-1] == (("user", "leave"), ("assistant", "Two days."))


async def test_what_is_not_found_is_no_error_and_says_so(host: Client) -> None:
    result = await host.call_tool("ask", {"question": "What is the weather?"})
    assert not result.is_error
    assert present(result.structured_content)["abstained"] is True
    assert text_of(result).startswith("Nothing was found that says this")


async def test_passages_are_found_and_a_document_is_read_in_parts(host: Client) -> None:
    found = present((await host.call_tool("search", {"query": "leave"})).structured_content)
    (one,) = found["results"]
    passage = one["passage"]
    asked = {"document_id": passage["document_id"], "start": passage["start"], "n_chars": 12}
    read = await host.call_tool("read_document", asked)
    part = present(read.structured_content)
    assert part["text"] == passage["text"] == HANDBOOK[:12]
    assert (part["end"], part["n_chars"]) == (12, len(HANDBOOK))
    assert f"characters 0 to 12 of {len(HANDBOOK):,}" in text_of(read)
    beyond = await host.call_tool("read_document", {**asked, "start": 10_000_000})
    assert present(beyond.structured_content)["text"] == ""


async def test_documents_are_listed_with_what_became_of_them(host: Client) -> None:
    whole = await host.call_tool("list_documents", {})
    data = present(whole.structured_content)
    assert data["total"] == len(data["documents"]) == 4
    assert "scan.pdf, skipped (no text: it may be a scan)" in text_of(whole)
    some = await host.call_tool("list_documents", {"words": "typhoon", "n": 1})
    assert [d["document_id"] for d in present(some.structured_content)["documents"]] == [
        "news/typhoon.txt"
    ]


@pytest.mark.parametrize(
    ("tool", "given", "says"),
    [
        ("ask", {}, "question: "),
        ("ask", {"question": " "}, "the question is empty"),
        ("ask", {"question": 3}, "question: "),
        ("ask", {"question": "x", "documents": ["none.txt"]}, "no document 'none.txt'"),
        ("ask", {"question": "x", "shell": "rm"}, "shell: "),
        ("search", {"query": "x", "k": 0}, "k: "),
        ("read_document", {"document_id": "../../etc/passwd"}, "no document"),
        ("read_document", {"document_id": "handbook.md", "n_chars": 10**9}, "n_chars: "),
        ("list_documents", {"n": 100_000}, "n: "),
    ],
)
async def test_what_cannot_be_done_is_an_error_of_one_line(
    host: Client, tool: str, given: dict[str, Any], says: str
) -> None:
    result = await host.call_tool(tool, given)
    assert result.is_error
    assert says in text_of(result)
    assert "\n" not in text_of(result)


async def test_a_defect_is_told_without_its_secret_and_the_host_goes_on(host: Client) -> None:
    result = await host.call_tool("ask", {"question": "bug"})
    assert result.is_error
    assert "secret detail" not in text_of(result)
    assert not (await host.call_tool("ask", {"question": "typhoon"})).is_error


async def test_a_tool_that_there_is_not_is_refused(host: Client) -> None:
    with pytest.raises(MCPError, match="no tool 'delete'"):
        await host.call_tool("delete", {})


async def test_more_questions_than_may_wait_are_told_to_come_back(fake: FakeAssistant) -> None:
    async with connected(fake, n_waiting=0) as host:
        first = asyncio.create_task(host.call_tool("ask", {"question": "wait typhoon"}))
        while not fake.n_begun:
            await asyncio.sleep(0.01)
        result = await host.call_tool("ask", {"question": "typhoon"})
        assert result.is_error
        assert "busy" in text_of(result)
        fake.let_go.set()
        assert not (await first).is_error


async def test_questions_that_wait_hold_no_thread_that_others_need(fake: FakeAssistant) -> None:
    n_waiting = 40  # more than the loop's own threads
    async with connected(fake, n_waiting=n_waiting) as host:
        asked = {"question": "wait typhoon"}
        calls = [asyncio.create_task(host.call_tool("ask", asked)) for _ in range(n_waiting + 1)]
        while not fake.n_begun:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        began = time.monotonic()
        for _ in range(5):
            await host.call_tool("list_documents", {})
        assert time.monotonic() - began < 1.0
        fake.let_go.set()
        assert not any(one.is_error for one in await asyncio.gather(*calls))


class Searching(FakeAssistant):
    """Searches until it is let go."""

    def search(self, *args: Any, **kwargs: Any) -> tuple[RankedPassage, ...]:
        self.n_begun += 1
        self.let_go.wait(20)
        return super().search(*args, **kwargs)


async def test_more_searches_than_may_wait_are_told_to_come_back_and_starve_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "WAIT_S", 60.0)
    fake, n_too_many = Searching(), 3
    async with connected(fake) as host:
        asked = {"query": "leave"}
        calls = [
            asyncio.create_task(host.call_tool("search", asked))
            for _ in range(1 + MAX_WAITING + n_too_many)
        ]
        refused = [await one for one in islice(asyncio.as_completed(calls), n_too_many)]
        assert all(one.is_error and "too many searches" in text_of(one) for one in refused)
        assert fake.n_begun == 1
        assert not (await host.call_tool("list_documents")).is_error
        assert not (await host.call_tool("ask", {"question": "typhoon"})).is_error
        fake.let_go.set()
        found = await asyncio.gather(*calls)
        assert sum(one.is_error or False for one in found) == n_too_many


async def test_over_http_searches_have_the_room_of_the_api() -> None:
    settings = settings_anywhere(n_asking=1)
    with serving(Searching(settings=settings)) as (at, app), ExitStack() as held:
        for _ in range(1 + MAX_WAITING):
            held.enter_context(app.state.searching._hold(app.state.searching._places, 0.0))
        async with Client(f"{at}mcp") as host:
            assert "too many searches" in text_of(await host.call_tool("search", {"query": "x"}))


async def test_a_cancelled_question_keeps_its_place_until_its_present_step_has_ended(
    fake: FakeAssistant,
) -> None:
    async with connected(fake, n_waiting=0) as host:
        left = asyncio.create_task(host.call_tool("ask", {"question": "wait typhoon"}))
        while not fake.n_begun:
            await asyncio.sleep(0.01)
        left.cancel()
        with suppress(asyncio.CancelledError):
            await left
        await asyncio.sleep(0.2)
        assert "busy" in text_of(await host.call_tool("ask", {"question": "typhoon"}))
        fake.let_go.set()
        while (again := await host.call_tool("ask", {"question": "typhoon"})).is_error:
            assert "busy" in text_of(again)
            await asyncio.sleep(0.05)


async def test_a_tool_whose_arguments_may_all_be_left_out_needs_none(host: Client) -> None:
    listed = await host.call_tool("list_documents")
    assert present(listed.structured_content)["total"] == 4
    asked = await host.call_tool("ask")
    assert text_of(asked).startswith("question: ")


async def test_a_document_that_is_read_from_beyond_its_end_says_where_that_is(
    host: Client,
) -> None:
    read = await host.call_tool("read_document", {"document_id": "handbook.md", "start": 10**9})
    part = present(read.structured_content)
    assert (part["start"], part["end"], part["text"]) == (len(HANDBOOK), len(HANDBOOK), "")


async def test_documents_are_resources_whose_text_is_read(
    host: Client, fake: FakeAssistant
) -> None:
    listed = {one.name: one for one in (await host.list_resources()).resources}
    assert listed.keys() == fake.held.keys()  # what was skipped cannot be read
    for name, one in listed.items():
        (contents,) = (await host.read_resource(one.uri)).contents
        assert isinstance(contents, TextResourceContents)
        assert contents.text == fake.held[DocumentId(name)].text
    assert HOSTILE in {one.title for one in listed.values()}


async def test_thousands_of_resources_are_listed_page_by_page(
    host: Client, fake: FakeAssistant
) -> None:
    one = fake.held[DocumentId("handbook.md")]
    names = [f"ä {n:04}/b #%?.md" for n in range(2 * N_RESOURCES + 1)]
    fake.held = {DocumentId(n): replace(one, document_id=DocumentId(n)) for n in names}
    found, cursor = [], None
    for _ in range(3):
        page = await host.list_resources(cursor=cursor)
        found += page.resources
        cursor = page.next_cursor
    assert [one.name for one in found] == names
    assert cursor is None
    assert (await host.read_resource(found[-1].uri)).contents


@pytest.mark.parametrize("uri", ["file:///etc/passwd", f"{SCHEME}none.txt", f"{SCHEME}..%2Fa"])
async def test_other_addresses_are_no_resources(host: Client, uri: str) -> None:
    with pytest.raises(MCPError):
        await host.read_resource(uri)
    with pytest.raises(MCPError, match="cursor"):
        await host.list_resources(cursor="-1")


async def test_a_very_long_document_says_how_it_is_read_on(
    host: Client, fake: FakeAssistant
) -> None:
    one = fake.held[DocumentId("handbook.md")]
    fake.held = {one.document_id: replace(one, text="x" * (MAX_RESOURCE_CHARS + 5))}
    (contents,) = (await host.read_resource(f"{SCHEME}handbook.md")).contents
    assert isinstance(contents, TextResourceContents)
    assert contents.text.endswith(
        "[the document has 1,000,005 characters; read on with read_document]"
    )


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(FakeAssistant()) as (at, _):
        yield at


async def test_over_http_hosts_ask_as_in_memory(address: str) -> None:
    for _ in range(2):
        async with Client(f"{address}mcp") as host:
            result = await host.call_tool("ask", {"question": "typhoon"})
            assert "[1] news/typhoon.txt" in text_of(result)
            assert (await host.list_resources()).resources


async def test_over_http_another_site_and_the_unknown_are_refused(address: str) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    headers = {"Accept": "application/json, text/event-stream"}
    foreign = httpx.post(
        f"{address}mcp", json=call, headers=headers | {"Origin": "https://evil.example"}
    )
    assert foreign.status_code == 403
    token = "s3cret-" * 4
    with serving(FakeAssistant(settings=settings_anywhere(tokens={"host": token}))) as (locked, _):
        assert httpx.post(f"{locked}mcp", json=call, headers=headers).status_code == 401
        known = headers | {"Authorization": f"Bearer {token}"}
        assert httpx.post(f"{locked}mcp", json=call, headers=known).status_code != 401


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_over_http_nothing_but_messages_is_taken_and_no_stream_is_held_open(
    address: str, method: str
) -> None:
    for more in ({}, {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}):
        headers = {"Accept": "text/event-stream"} | more
        reply = httpx.request(method, f"{address}mcp", headers=headers, timeout=60)
        assert reply.status_code == (403 if more and method != "GET" else 405)
        assert reply.json()["error"]["kind"] in ("OriginError", "RequestError")
        assert reply.status_code == 403 or reply.headers["allow"] == "POST"


def test_what_the_manual_tells_hosts_to_run_and_to_ask_is_there() -> None:
    text = (Path(__file__).parents[2] / "docs/mcp.md").read_text(encoding="utf-8")
    started, reached = map(json.loads, re.findall(r"^```json\n(.*?)^```$", text, re.M | re.S))
    (run,) = started["mcpServers"].values()
    told = StdioServerParameters(**run)
    assert Path(told.command).name == "assistant"
    asked = CliRunner().invoke(command_line, [*told.args, "--help"])
    assert asked.exit_code == 0, asked.output
    (server,) = reached["servers"].values()
    assert server["type"] == "http"
    assert urlsplit(server["url"]).path == PATH


async def test_assistant_mcp_serves_a_host_over_stdio(tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    text = "The pool opens at seven. It costs four euros."
    (tmp_path / "corpus" / "pool.txt").write_text(text)
    command = ["-m", "assistant", "mcp", "--sync"]
    folders = ["--corpus", str(tmp_path / "corpus"), "--index", str(tmp_path / "index")]
    served = StdioServerParameters(command=sys.executable, args=[*command, *folders])
    async with Client(served) as host:
        result = await host.call_tool("ask", {"question": "When does the pool open?"})
        cited = present(result.structured_content)["citations"][0]
        assert text[cited["start"] : cited["end"]] == "The pool opens at seven."
        assert [one.name for one in (await host.list_resources()).resources] == ["pool.txt"]
