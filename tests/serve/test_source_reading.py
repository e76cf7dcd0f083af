"""Pages, text and files of documents over HTTP: who gets which, and what is refused."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest
from browsing import serving
from dom import first, parse
from fastapi.testclient import TestClient
from httpx2 import Response
from hypothesis import given
from hypothesis import strategies as st
from paged import PagedAssistant, report
from starlette.types import Message
from surface_fakes import document, settings_anywhere

from assistant.errors import Busy, DocumentUnreadable
from assistant.serve import reading
from assistant.serve.app import build_app
from assistant.serve.background import RETRY_AFTER_S
from assistant.serve.chat.render import render_source
from assistant.serve.reading import WIDTHS, PictureCache, choose_width, find_links, find_words
from assistant.values import Citation, Origin, Span

REPORT = report()


@pytest.fixture
def fake() -> PagedAssistant:
    return PagedAssistant()


@pytest.fixture
def client(fake: PagedAssistant) -> Iterator[TestClient]:
    with TestClient(build_app(fake), base_url="http://127.0.0.1") as client:
        yield client


def ask_for(
    client: TestClient, headers: dict[str, str] | None = None, **given: str | int
) -> Response:
    asked: dict[str, str | int] = {"document": REPORT.document_id, "page": 3}
    return client.get("/api/page", params=asked | given, headers=headers)


def test_a_page_is_a_picture_that_the_browser_asks_for_anew(
    client: TestClient, fake: PagedAssistant
) -> None:
    reply = ask_for(client, width=800)
    assert reply.status_code == 200
    assert reply.content.startswith(b"\x89PNG")
    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "private, no-cache"
    assert reply.headers["etag"] == f'"{REPORT.sha256}"'
    again = ask_for(client, {"If-None-Match": reply.headers["etag"]}, width=800)
    assert (again.status_code, again.content) == (304, b"")
    assert ask_for(client, width=800).content == reply.content
    assert fake.drawn == [(REPORT.document_id, 3, 800)], "it is drawn once"


@given(wanted=st.integers())
def test_a_width_is_one_of_a_few_and_never_smaller_than_asked_for_within_them(wanted: int) -> None:
    width = choose_width(wanted)
    assert width in WIDTHS
    assert width >= min(wanted, WIDTHS[-1])


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"document": "nothing.pdf"}, 404),
        ({"document": "../../etc/passwd"}, 404),
        ({"document": "a\0b"}, 404),
        ({"document": "handbook.md"}, 415),
        ({"page": 6}, 404),
        ({"page": 0}, 422),
        ({"page": -1}, 422),
        ({"page": "x"}, 422),
        ({"width": "x"}, 422),
        ({"page": 2}, 415),
        ({"version": "b" * 64}, 409),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(
    client: TestClient, given: dict[str, int] | dict[str, str], status: int
) -> None:
    reply = ask_for(client, **given)
    assert reply.status_code == status
    assert reply.json()["error"]["message"]
    assert "\n" not in reply.text
    assert "etag" not in reply.headers


def test_a_file_that_has_changed_is_not_shown(client: TestClient, fake: PagedAssistant) -> None:
    fake.is_changed = True
    for reply in (ask_for(client), get(client, "file", document=REPORT.document_id)):
        assert reply.status_code == 409
        assert reply.json()["error"]["kind"] == "DocumentChanged"


def test_a_page_of_another_site_gets_none(client: TestClient, fake: PagedAssistant) -> None:
    assert ask_for(client, {"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert ask_for(client, {"Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert len(fake.drawn) == 1


def test_users_alone_get_pictures() -> None:
    fake = PagedAssistant()
    fake.settings = settings_anywhere(users={"alice": "a long password"})
    with TestClient(build_app(fake), base_url="http://127.0.0.1") as client:
        assert ask_for(client).status_code == 401
        client.auth = ("alice", "a long password")
        assert ask_for(client).status_code == 200


def test_two_are_drawn_at_once_and_the_others_wait_or_are_told_to_come_back(
    fake: PagedAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.draw_s = 0.2
    drawer = PictureCache(fake.draw)
    outcomes: list[object] = []

    def run(page: int, width: int) -> None:
        try:
            outcomes.append(len(drawer.draw(REPORT, page, width)) > 0)
        except Busy:
            outcomes.append("busy")

    def run_all(asked: list[tuple[int, int]]) -> None:
        with ThreadPoolExecutor(len(asked)) as pool:
            list(pool.map(run, *zip(*asked, strict=True)))

    asked = [(page, width) for page in (1, 3, 4, 5) for width in WIDTHS[:3]]
    run_all(asked)
    most = reading.MAX_DRAWING + reading.MAX_WAITING
    assert fake.most_drawing == reading.MAX_DRAWING
    assert sorted(map(str, outcomes)) == ["True"] * most + ["busy"] * (len(asked) - most)
    monkeypatch.setattr(reading, "WAIT_S", 0.01)
    fake.draw_s = 0.5
    outcomes.clear()
    run_all([(page, 2_000) for page in (1, 3, 4)])
    assert sorted(map(str, outcomes)) == ["True", "True", "busy"]


def test_a_failure_gives_its_place_back(fake: PagedAssistant) -> None:
    drawer = PictureCache(fake.draw)
    for _ in range(20):
        with pytest.raises(DocumentUnreadable):
            drawer.draw(REPORT, 2, 400)
    assert drawer.draw(REPORT, 1, 400)


def test_few_pictures_are_kept_and_never_those_of_another_version(
    fake: PagedAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawer = PictureCache(fake.draw)
    first = drawer.draw(REPORT, 1, 400)
    monkeypatch.setattr(reading, "MAX_KEPT_BYTES", int(2.5 * len(first)))
    for page in (3, 4, 1, 4):
        drawer.draw(REPORT, page, 400)
    assert [page for _, page, _ in fake.drawn] == [1, 3, 4, 1]
    drawer.draw(replace(REPORT, sha256="c" * 64), 1, 400)
    assert len(fake.drawn) == 5


def get(client: TestClient, path: str, site: str = "same-origin", **given: str) -> Response:
    asked: dict[str, str] = {"document": "handbook.md"}
    headers = {"Sec-Fetch-Site": site}
    return client.get(f"/api/{path}", params=asked | given, headers=headers)


def test_a_part_of_a_text_is_its_own_characters_with_the_spans_asked_for_marked(
    client: TestClient, fake: PagedAssistant
) -> None:
    text = fake.document("handbook.md").text
    body = parse(get(client, "text", start="0", end="400", marks="14-20;30-41 3-9999999").text)
    part = first(body, ".part")
    start, end = int(str(part.attributes["data-start"])), int(str(part.attributes["data-end"]))
    assert part.text() == text[start:end]
    assert (start, text[end - 1]) == (0, "\n"), "no line is cut"
    assert first(body, "mark.strong").text() == text[14:20]
    assert [one.text() for one in body.css("mark:not(.strong)")] == [text[30:41]]
    assert parse(get(client, "text", start="99999", end="100000").text).text() == ""
    assert parse(get(client, "text", start="99999", end="0").text).text() == ""
    hostile = get(client, "text", document="hostile.txt", start="0", end="999")
    assert "<script" not in hostile.text
    assert "<img" not in hostile.text


@pytest.mark.parametrize("line", ["Line {}: the mill turned for hours.\n", "Word {}. "])
def test_parts_of_a_text_meet_whatever_comes_first(fake: PagedAssistant, line: str) -> None:
    text = "".join(line.format(n) for n in range(20_000))
    long = document("long.txt", text)
    fake.held[long.document_id] = long

    def spans_in(html: str) -> tuple[int, int]:
        told = first(parse(html), ".part").attributes
        return int(str(told["data-start"])), int(str(told["data-end"]))

    with TestClient(build_app(fake), base_url="http://127.0.0.1") as client:
        for at in (0, 900, 100_007, len(text) - 5):
            strong = Span(long.document_id, at, at + 3)
            start, end = spans_in(render_source(long, (strong,), strong))
            asked = {"document": long.document_id, "start": str(end), "end": str(end + 40_000)}
            assert spans_in(get(client, "text", **asked).text)[0] == end
            asked |= {"start": str(max(0, start - 40_000)), "end": str(start)}
            assert spans_in(get(client, "text", **asked).text)[1] == start


def test_words_are_found_whatever_their_case_and_the_space_between_them(
    client: TestClient, fake: PagedAssistant
) -> None:
    text = fake.document("handbook.md").text
    ((start, end, page),) = get(client, "find", words=" TWO   days ").json()["places"]
    assert (text[start:end], page) == ("two days", 0)
    assert get(client, "find", words="  ").json() == {"places": [], "is_more": False}
    assert get(client, "find", words="x" * 201).status_code == 422
    places = get(client, "find", document=REPORT.document_id, words="line 7:").json()["places"]
    assert [page for *_, page in places] == [1, 2, 3, 4, 5]
    assert get(client, "find", words=".*").json()["places"] == []


def test_no_search_takes_long_in_a_large_text() -> None:
    large = replace(REPORT, text=("a " * 50 + "\n" * 50) * 20_000)
    begun = time.process_time()
    assert len(find_words(large, "a")) == reading.MAX_PLACES + 1
    assert find_words(large, "a " * 80 + "b") == []
    assert time.process_time() - begun < 5


def test_a_file_is_sent_to_be_kept_and_only_a_pdf_may_be_opened(
    client: TestClient, fake: PagedAssistant
) -> None:
    text = fake.document("hostile.txt").text
    reply = get(client, "file", document="hostile.txt", inline="true")
    assert (reply.status_code, reply.text) == (200, text)
    assert reply.headers["content-type"] == "application/octet-stream"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["content-disposition"] == "attachment; filename*=UTF-8''hostile.txt"
    name = "filename*=UTF-8''annual%20%26%20%3Cb%3E.pdf"
    for inline, how in (("true", "inline"), ("false", "attachment")):
        reply = get(client, "file", document=REPORT.document_id, inline=inline)
        assert reply.headers["content-type"] == "application/pdf"
        assert reply.headers["content-disposition"] == f"{how}; {name}"


@pytest.mark.parametrize(("n_waiting", "wait_s"), [(8, 0.0), (0, 60.0)])
def test_a_file_keeps_its_turn_until_it_is_sent_and_few_wait_for_theirs(
    n_waiting: int, wait_s: float, fake: PagedAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_LOADING", 1)
    monkeypatch.setattr(reading, "MAX_WAITING", n_waiting)
    monkeypatch.setattr(reading, "WAIT_S", wait_s)
    monkeypatch.setattr(fake, "original", lambda _: b"x" * (3 * reading.PIECE_BYTES))
    app = build_app(fake)
    taken, goes_on, sent = threading.Event(), threading.Event(), list[int]()

    async def send(message: Message) -> None:
        if body := message.get("body"):
            sent.append(len(body))
            taken.set()
            await asyncio.to_thread(goes_on.wait, 10)

    async def receive() -> Message:
        await asyncio.to_thread(goes_on.wait, 10)
        return {"type": "http.request", "body": b"", "more_body": False}

    path = {"path": "/api/file", "query_string": b"document=handbook.md", "method": "GET"}
    scope = {"type": "http", "headers": [(b"host", b"127.0.0.1")], **path}
    with TestClient(app, base_url="http://127.0.0.1") as client, ThreadPoolExecutor(1) as slow:
        first_one = slow.submit(lambda: asyncio.run(app(scope, receive, send)))
        assert taken.wait(10)
        reply = get(client, "file")
        goes_on.set()
        first_one.result()
        assert reply.status_code == 503
        assert "files are being sent" in reply.json()["error"]["message"]
        assert sent == [reading.PIECE_BYTES] * 3
        assert get(client, "file").status_code == 200


def test_a_reader_that_takes_nothing_more_gives_its_turn_back_and_is_cut_off(
    fake: PagedAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_LOADING", 1)
    monkeypatch.setattr(reading, "WAIT_S", 20.0)
    monkeypatch.setattr(reading, "PIECE_S", 0.3)
    data = b"x" * (64 * reading.PIECE_BYTES)
    monkeypatch.setattr(fake, "original", lambda _: data)
    with serving(fake) as (address, _):
        host, port = address.removeprefix("http://").rstrip("/").split(":")
        path = "/api/file?document=handbook.md"
        with socket.create_connection((host, int(port))) as stalled:
            stalled.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert stalled.recv(10)
            reply = httpx.get(f"{address.rstrip('/')}{path}", timeout=20)
            assert (reply.status_code, len(reply.content)) == (200, len(data))
            n_received = 0
            stalled.settimeout(20)
            while part := stalled.recv(1_000_000):
                n_received += len(part)
            assert n_received < len(data)


def test_what_stands_around_a_quote_is_told_and_a_quote_that_stands_beside_shortened(
    client: TestClient,
) -> None:
    text = REPORT.text
    start = text.index("Page 3 line 8")
    end = text.index("\n", start)
    given = {"document": REPORT.document_id, "start": str(start), "end": str(end)}
    body = parse(get(client, "around", **given).text)
    assert first(body, "mark").text() == "Page 3 line 8: the river rose again over the night."
    assert body.text().startswith("Page 3 line 6")
    assert body.text().endswith("Page 3 line 10: the river rose again over the night.")
    body = parse(get(client, "around", **given, beside="true").text)
    assert first(body, "mark").text() == "Page 3 line … over the night."
    for start, end in ((9, 9), (0, 10**9)):
        assert get(client, "around", start=str(start), end=str(end)).text == ""
    assert get(client, "around", start="-1", end="2").status_code == 422


class Linked(PagedAssistant):
    """Looks long for the links of its file."""

    def origin(self, citation: Citation) -> Origin:
        self._require()
        with self._lock:
            self.n_drawing += 1
            self.most_drawing = max(self.most_drawing, self.n_drawing)
        time.sleep(0.3)
        with self._lock:
            self.n_drawing -= 1
        return Origin(links=((citation.start, citation.start + 4, "https://x.example/"),))


def test_links_of_a_text_are_looked_for_by_few_at_once_and_a_text_is_shown_without_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "LINKS_WAIT_S", 0.01)
    fake = Linked()
    made = replace(fake.document("handbook.md"), media_type="text/markdown")

    def find(_: int) -> int:
        return len(find_links(fake, made, (0, 90)))

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(find, range(6)))
    assert fake.most_drawing == reading.MAX_LINKING
    assert sorted(found) == [0, 0, 0, 0, 1, 1]
    assert find_links(fake, replace(made, media_type="text/plain"), (0, 90)) == ()
    long = replace(made, text="a " * reading.MAX_LINKED_CHARS)
    assert find_links(fake, long, (0, 90)) == (), "its file is not read again for each part"
    fake.is_changed = True
    assert find(0) == 0


def test_places_of_a_text_are_told_as_boxes_on_its_pages(
    client: TestClient, fake: PagedAssistant
) -> None:
    start = REPORT.text.index("Page 3 line 8")
    places = f"{start}-{start + 13} 9-9 0-{10**9} {start}-{start + 4}"
    reply = get(client, "boxes", document=REPORT.document_id, places=places)
    (one,), (other,) = reply.json()["places"]
    assert (one[0], other[0]) == (3, 3)
    assert one[1] == other[1]
    assert one[3] > other[3]
    many = " ".join(f"{n}-{n + 1}" for n in range(reading.MAX_BOXED + 9))
    told = get(client, "boxes", document=REPORT.document_id, places=many).json()["places"]
    assert len(told) == reading.MAX_BOXED
    assert get(client, "boxes", places=places).status_code == 415, "it has no pages"
    fake.is_changed = True
    assert get(client, "boxes", document=REPORT.document_id, places="0-4").status_code == 409


class Boxed(PagedAssistant):
    """Looks for places until it is let go."""

    def origins(self, citations: Sequence[Citation]) -> tuple[Origin, ...]:
        self.n_begun += 1
        self.let_go.wait(20)
        return super().origins(citations)


def test_places_are_looked_for_by_few_at_once_and_few_wait_for_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "MAX_DRAWING", 1)
    monkeypatch.setattr(reading, "MAX_WAITING", 0)
    fake = Boxed()
    asked = {"document": REPORT.document_id, "places": "0-4 5-9"}
    with (
        TestClient(build_app(fake), base_url="http://127.0.0.1") as client,
        ThreadPoolExecutor(1) as slow,
    ):
        looking = slow.submit(lambda: get(client, "boxes", **asked))
        while not fake.n_begun:
            time.sleep(0.01)
        refused = get(client, "boxes", **asked)
        fake.let_go.set()
        assert looking.result().status_code == 200
        assert refused.status_code == 503
        assert refused.headers["Retry-After"] == str(RETRY_AFTER_S)
        assert get(client, "boxes", **asked).status_code == 200
    assert fake.n_begun == 2, "all places of a request are looked for at once"


@pytest.mark.parametrize("path", ["text", "around", "find", "boxes", "file"])
def test_what_is_read_has_the_checks_of_the_other_routes(path: str) -> None:
    fake = PagedAssistant()
    fake.settings = settings_anywhere(users={"alice": "a long password"})
    given = {"start": "0", "end": "9", "words": "leave", "places": "0-9"}
    given |= {"document": REPORT.document_id}
    with TestClient(build_app(fake), base_url="http://127.0.0.1") as client:
        assert get(client, path, **given).status_code == 401
        client.auth = ("alice", "a long password")
        assert get(client, path, **given).status_code == 200
        assert get(client, path, "cross-site", **given).status_code == 403
        for name in ("nothing.pdf", "../../etc/passwd", "a\0b"):
            assert get(client, path, **given | {"document": name}).status_code == 404
        assert get(client, path, version="b" * 64, **given).status_code == 409
