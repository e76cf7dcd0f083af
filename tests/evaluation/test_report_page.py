"""The page of a report: what it shows, and that no word of a document becomes part of it."""

import base64
import math
import os
import re
import shutil
import sys
import time
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from attacks import VECTORS
from evaluation.reports import EMPTY, fake_report, with_text
from hypothesis import given, settings
from hypothesis import strategies as st
from rendered import markup
from selectolax.lexbor import LexborHTMLParser, LexborNode

from assistant.evaluation import report_page
from assistant.evaluation.report import Bar, Estimate, Record, Report
from assistant.evaluation.report_page import (
    MAX_SHOWN,
    WRONGS,
    render_report,
    trade_refusals,
    wrong_of,
)

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
TAGS = set(
    "html head meta title style body header h1 h2 h3 h4 h5 p nav a main section div ol li q bdi "
    "code strong span details summary article table thead tbody tr th td figure img figcaption"
    "".split()
)
NAMES = set(
    "id class dir lang role scope href src alt open tabindex charset name content http-equiv "
    "aria-label aria-labelledby".split()
)
SVG = "data:image/svg+xml;base64,"
FULL = fake_report()
WRONG = [record for record in FULL.records if wrong_of(record)]
ODD = (math.nan, math.inf, -math.inf, -1.0, 0.0, 1e308, 5e-324, 1.5)

probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=40)


def parse(html: str) -> LexborNode:
    html.encode()
    root = LexborHTMLParser(html).root
    assert root is not None
    return root


def first(root: LexborNode, css: str) -> LexborNode:
    found = root.css_first(css)
    assert found is not None, css
    return found


def text(root: LexborNode, css: str) -> str:
    return first(root, css).text()


def assert_ours(html: str) -> LexborNode:
    """Assert that a page parses to our tags and attributes only, and refers to itself only."""
    root = parse(html)
    ids = [node.attributes["id"] for node in root.css("[id]")]
    assert len(ids) == len(set(ids))
    for node in root.css("*"):
        assert node.tag in TAGS, node.tag
        assert set(node.attributes) <= NAMES, (node.tag, node.attributes)
        if "href" in node.attributes:
            assert (node.attributes["href"] or "").removeprefix("#") in ids
        if "src" in node.attributes:
            assert (node.attributes["src"] or "").startswith(SVG)
    assert not re.search(r"url\(|@import|//", text(root, "style"))
    return root


def plots_of(root: LexborNode) -> list[str]:
    """The source of each plot."""
    images = [(node.attributes["src"] or "") for node in root.css("figure img[alt]")]
    return [base64.b64decode(image.removeprefix(SVG)).decode() for image in images]


def shown(value: str) -> str:
    """Return a text as a page shows it."""
    return re.sub("[\0\ud800-\udfff]", "\ufffd", value).replace("\r\n", "\n").replace("\r", "\n")


def record_of(values: dict[str, float | None] | None = None, **changes: Any) -> Record:
    """An answered question that went right, but for the changes."""
    right: dict[str, float | None] = dict.fromkeys(
        ("contains_answer", "evidence_f1", "pointer_validity", "verbatim"), 1.0
    )
    answered = next(one for one in FULL.records if one.said and one.is_answerable)
    return replace(answered, kind="fact", values={**right, **(values or {})}, **changes)


@settings(max_examples=40)
@given(markup | st.text(max_size=40) | st.sampled_from(["\0", "\ud800", "\u202e\r\n<b>"]))
def test_no_markup_of_a_value_survives_and_every_failure_is_there(value: str) -> None:
    report = with_text(fake_report(20), value)
    with patch.object(report_page, "can_plot", return_value=False):  # what is tested is faster
        root = assert_ours(render_report(report))
    wrong = [record for record in report.records if wrong_of(record)]
    assert [node.text() for node in root.css("article h5")] == [shown(value)] * len(wrong)
    assert text(root, "h1") == (shown(value) or "Without a name")


@pytest.mark.parametrize("vector", VECTORS)
def test_an_attack_is_shown_as_the_text_it_is(vector: str) -> None:
    root = assert_ours(render_report(with_text(FULL, vector)))
    for place in ("h1", "h2 + .facts", "article h5", ".statement", ".quote", ".where", ".accepted"):
        assert root.css_first(place), place
    assert shown(vector) in text(root, ".statement")
    assert shown(vector) in text(root, "article .facts")


def test_the_page_asks_nothing_of_any_server_and_runs_nothing() -> None:
    root = assert_ours(render_report(FULL))
    policy = first(root, "meta[http-equiv]").attributes["content"] or ""
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert "script-src" not in policy
    assert all(node.attributes.get("scope") for node in root.css("th"))
    levels = [int(node.tag[1]) for node in root.css("h1, h2, h3, h4, h5") if node.tag]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_failure_stands_in_one_group_and_what_went_right_in_none() -> None:
    root = parse(render_report(FULL))
    names = Counter(text(node, "bdi") for node in root.css("article > .facts"))
    assert names == Counter(record.query_id for record in WRONG)
    assert {wrong_of(record) for record in WRONG} == set(WRONGS)
    counts = [int(node.text()) for node in root.css(".group > summary .count")]
    assert sum(counts) == len(WRONG)


ABSTAINED: dict[str, Any] = {"abstained": True, "said": ()}
UNANSWERABLE: dict[str, Any] = {"is_answerable": False}
NOTHING = dict.fromkeys(("contains_answer", "evidence_f1", "verbatim"))
NO_NUMBER = dict.fromkeys(NOTHING, math.nan)


@pytest.mark.parametrize(
    ("record", "wrong"),
    [
        (record_of(), None),
        (record_of({"verbatim": 0.5, "contains_answer": 0.0}), "quote"),
        (replace(record_of({"pointer_validity": 0.9}), kind="partial"), "quote"),
        (record_of({"contains_answer": 0.0, "evidence_f1": 0.0}), "wrong"),
        (record_of({"contains_answer": 1.0, "holds_wrong": 1.0}), "wrong"),
        (record_of({"contains_answer": None, "evidence_f1": 0.49}), "evidence"),
        (record_of({"evidence_f1": 0.5}), None),
        (record_of({**NOTHING}), None),
        (record_of({**NO_NUMBER}), None),
        (record_of({"contains_answer": 0.0}, **ABSTAINED), "refused"),
        (replace(record_of(**ABSTAINED), kind="underspecified"), None),
        (record_of({"contains_answer": 0.0}, said=()), None),
        (record_of(**UNANSWERABLE), "unanswerable"),
        (replace(record_of(**UNANSWERABLE), kind="partial"), None),
        (record_of(**UNANSWERABLE, **ABSTAINED), None),
    ],
)
def test_a_question_counts_under_the_most_serious_thing_that_went_wrong(
    record: Record, wrong: str | None
) -> None:
    assert wrong_of(record) == wrong


def test_more_failures_than_anybody_reads_are_counted() -> None:
    refused = record_of(**ABSTAINED, dataset="handbook")
    records = tuple(replace(refused, query_id=str(k)) for k in range(MAX_SHOWN + 30))
    root = parse(render_report(replace(FULL, records=records)))
    assert len(root.css("article")) == MAX_SHOWN
    assert text(root, ".more") == "30 more are in the JSON of this run."


def test_a_failure_shows_what_was_said_cited_and_gold() -> None:
    record = record_of({"evidence_f1": 0.2}, query="other words")
    cited, gold = record.cited[0], replace(record.cited[0], start=9000, end=9009, text="Gold.")
    record = replace(record, said=(("In other words.", (1, 7)),), gold=(gold,), read=(gold,))
    root = parse(render_report(replace(FULL, records=(record,))))
    said, due = root.css("article .sides > div")
    assert text(said, ".statement") == "In other words.17"
    assert [node.text() for node in said.css(".lost")] == ["7"]
    assert text(said, ".quote") == cited.text
    assert f"characters {cited.start:,}–{cited.end:,}" in text(said, ".where")
    assert text(said, ".fate") == "not gold"
    assert text(due, ".quote") == "Gold."
    assert text(due, ".fate") == "read, not cited"
    assert text(root, ".searched") == "Searched for: other words"
    assert "Also read: 1 passage" in text(root, "article summary")


def test_figures_stand_with_their_interval_what_they_leave_out_and_their_bar() -> None:
    summary = {"set": {"contains_answer": Estimate(0.5, 0.25, 0.75, 8, 3)}}
    bars = (
        Bar("set", "contains_answer", 0.6, True, False),
        Bar("set", "over_refusal", 0.1, False, True),
    )
    root = parse(render_report(replace(EMPTY, summary=summary, bars=bars)))
    rows = [[cell.text() for cell in row.css("td")] for row in root.css(".figures tbody tr")]
    assert rows == [
        ["0.500", "0.250 – 0.750", "8", "3", "≥ 0.600 ✗ missed"],
        ["–", "–", "–", "–", "≤ 0.100 ✓ kept"],
    ]


def test_several_kinds_of_question_are_told_apart() -> None:
    right, wrong = record_of({"trusted": 1.0}), record_of({"trusted": 0.0})
    records = (right, right, replace(wrong, kind="list"))
    root = parse(render_report(replace(EMPTY, records=records)))
    rows = [(text(row, ".means"), text(row, ".value")) for row in root.css(".figures tbody tr")]
    assert rows == [("of the kind fact", "1.000"), ("of the kind list", "0.000")]
    assert not parse(render_report(replace(EMPTY, records=(right,)))).css(".figures")


def test_only_searched_questions_have_neither_plots_nor_failures() -> None:
    ranked = tuple(record for record in FULL.records if record.dataset == "abstracts")
    summary = {"abstracts": FULL.summary["abstracts"]}
    root = parse(render_report(replace(FULL, summary=summary, records=ranked, bars=())))
    assert "4 only searched for" in text(root, "h2 + .facts")
    assert not root.css("figure, article, .group")


def test_an_empty_report_is_a_page() -> None:
    root = assert_ours(render_report(EMPTY))
    assert text(root, "h1") == "Without a name"
    assert not root.css("figure, article, .figures")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(ODD) | st.floats(), min_size=4, max_size=4))
def test_no_number_is_too_odd(numbers: list[float]) -> None:
    a, b, c, d = numbers
    records = tuple(
        replace(one, confidence=a, seconds=numbers[k % 4], values=dict.fromkeys(one.values, c))
        for k, one in enumerate(FULL.records)
        if one.dataset == "handbook"
    )
    bars = tuple(replace(bar, bound=d) for bar in FULL.bars)
    summary = {"handbook": dict.fromkeys(FULL.summary["handbook"], Estimate(a, b, c, 3, 1))}
    html = render_report(Report("x", "", b, "", {"n": a}, summary, bars, records))
    assert_ours(html)
    told = re.sub(r"<section id=.about.*|<img [^>]*>", "", html, flags=re.S)
    assert not re.search(r"\b(nan|inf)\b", told)


def test_each_set_that_was_answered_has_three_plots_with_a_name_and_a_caption() -> None:
    root = parse(render_report(FULL))
    names = [node.attributes["alt"] for node in root.css("#set-1 figure img")]
    assert names == ["Headline figures", "Reliability", "Refusal trade-off"]
    assert len(root.css("figure img")) == len(root.css("figcaption")) == 6
    assert not root.css(".note code")


def test_a_plot_is_drawn_alike_each_time_and_leads_nowhere() -> None:
    plots = plots_of(parse(render_report(FULL)))
    assert plots == plots_of(parse(render_report(FULL)))
    for plot in plots:
        assert plot.count("<svg") == 1
        assert not re.search(r"<script|<a |<image| on\w+=|url\((?!#)|href=\"(?!#)", plot)


def test_no_word_of_a_report_is_drawn() -> None:
    plots = plots_of(parse(render_report(with_text(FULL, "$evil$"))))
    assert len(plots) == 2, "its one measure is none that is drawn"
    assert all("confidence" in plot or "refused" in plot for plot in plots), "words can be found"
    assert not any("evil" in plot for plot in plots)


def test_without_matplotlib_the_page_says_how_to_get_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    root = assert_ours(render_report(FULL))
    assert not root.css("figure")
    assert text(root, ".note code") == "pip install 'assistant[eval]'"
    assert len(root.css("article")) == len(WRONG)


@given(probabilities, probabilities)
def test_a_trade_off_rises_from_none_to_all(ours: list[float], others: list[float]) -> None:
    curve = trade_refusals(ours, others)
    assert curve[0] == (0, 0)
    assert curve[-1] == (1, 1)
    for before, after in pairwise(curve):
        assert before[0] <= after[0]
        assert before[1] <= after[1]


def test_a_large_run_is_a_page_of_some_megabytes_within_seconds() -> None:
    report = fake_report(3000)
    started = time.perf_counter()
    html = render_report(report)
    assert time.perf_counter() - started < 5
    assert len(html.encode()) < 5e6


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which(CHROMIUM), reason=f"no chromium at {CHROMIUM}")
@pytest.mark.parametrize("width", [360, 1280])
def test_a_browser_asks_for_nothing_and_the_page_fits(tmp_path: Path, width: int) -> None:
    from playwright.sync_api import sync_playwright

    path = tmp_path / "report.html"
    path.write_text(render_report(FULL), encoding="utf-8")
    asked: list[str] = []
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: asked.append(message.text))
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") == width
        drawn = "[...document.images].filter(image => image.naturalWidth).length"
        assert page.evaluate(drawn) == 6
        browser.close()
    assert [url for url in asked if not url.startswith(SVG)] == [path.as_uri()]
