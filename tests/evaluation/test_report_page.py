import math
import os
import re
import shutil
import time
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from attacks import VECTORS
from evaluation.reports import empty_report, fake_report, with_text
from hypothesis import given, settings
from hypothesis import strategies as st
from rendered import markup
from selectolax.lexbor import LexborHTMLParser, LexborNode

from assistant.evaluation import charts
from assistant.evaluation.failures import WRONGS, wrong_of
from assistant.evaluation.report import Estimate, Record, Report
from assistant.evaluation.report_page import MAX_SHOWN, render_report
from assistant.evidence.calibration import reliability

CHROMIUM = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
BLOCKS = "div p h1 h2 h3 h4 h5 dl dt dd nav header main section aside ol li q figure figcaption"
INLINE = "bdi code strong span a details summary title table caption thead tbody tfoot tr th td"
DRAWN = "svg desc line circle rect polyline text"
TAGS = set(f"{BLOCKS} {INLINE} {DRAWN} html head body meta style article".split())
PLACES = set("x y x1 y1 x2 y2 cx cy r width height points viewBox".split())
NAMES = set(
    "id class dir lang role scope colspan href open tabindex charset name content http-equiv "
    "aria-label aria-labelledby aria-hidden".split()
)
FULL = fake_report()
WRONG = [record for record in FULL.records if wrong_of(record)]
ODD = (math.nan, math.inf, -math.inf, -1.0, 0.0, 1e308, 5e-324, 1.5)

probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=40)


def parse(html: str) -> LexborNode:
    html.encode()
    return LexborHTMLParser(html).root


def assert_ours(html: str) -> LexborNode:
    """Assert that a page parses to our tags and attributes only, and refers to itself only."""
    root = parse(html)
    ids = [node.attributes["id"] for node in root.css("[id]")]
    assert len(ids) == len(set(ids))
    for node in root.css("*"):
        assert node.tag in TAGS, node.tag
        assert set(node.attributes) <= NAMES | PLACES, (node.tag, node.attributes)
        if "href" in node.attributes:
            assert node.attributes["href"].removeprefix("#") in ids
    assert not re.search(r"url\(|@import|//", root.css_first("style").text())
    return root


def shown(text: str) -> str:
    """Return a text as a page shows it."""
    return re.sub("[\0\ud800-\udfff]", "\ufffd", text).replace("\r\n", "\n").replace("\r", "\n")


def record_of(**changes: object) -> Record:
    right = {"contains_answer": 1.0, "evidence_f1": 1.0, "pointer_validity": 1.0, "verbatim": 1.0}
    answered = next(one for one in FULL.records if one.said and one.kind == "fact")
    values = {**right, **changes.pop("values", {})}
    return replace(answered, is_answerable=True, values=values, **changes)


def inside(drawing: str) -> LexborNode:
    """Assert that every place of a drawing lies in its view box."""
    root = parse(str(drawing))
    _, _, width, height = map(float, root.css_first("svg").attributes["viewBox"].split())
    for node in root.css("svg *"):
        at = {name: float(v) for name, v in node.attributes.items() if name in PLACES - {"points"}}
        for pair in node.attributes.get("points", "").split():
            x, y = map(float, pair.split(","))
            at |= {f"x of {pair}": x, f"y of {pair}": y}
        r = at.pop("r", 0.0)
        x_end, y_end = at.get("x", 0) + at.get("width", 0), at.get("y", 0) + at.get("height", 0)
        assert r <= at.get("cx", r) <= width - r
        assert r <= at.get("cy", r) <= height - r
        assert x_end <= width
        assert y_end <= height
        assert all(0 <= place <= (width if "x" in name else height) for name, place in at.items())
    return root


@settings(max_examples=40)
@given(markup | st.text(max_size=40) | st.sampled_from(["\0", "\ud800", "\u202e\r\n<b>"]))
def test_no_markup_of_a_value_survives_and_every_failure_is_there(text):
    report = with_text(fake_report(20), text)
    root = assert_ours(render_report(report))
    wrong = [record for record in report.records if wrong_of(record)]
    assert [node.text() for node in root.css("article h5")] == [shown(text)] * len(wrong)
    assert root.css_first("h1").text() == (shown(text) or "Without a name")


@pytest.mark.parametrize("vector", VECTORS)
def test_an_attack_is_shown_as_the_text_it_is(vector):
    root = assert_ours(render_report(with_text(FULL, vector)))
    for place in ("h1", "h2 + .facts", "article h5", ".statement", ".quote", ".where", ".accepted"):
        assert root.css_first(place), place
    assert shown(vector) in root.css_first(".statement").text()
    assert shown(vector) in root.css_first("article .facts").text()


def test_the_page_asks_nothing_of_any_server_and_runs_nothing():
    root = assert_ours(render_report(FULL))
    policy = root.css_first("meta[http-equiv]").attributes["content"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "script-src" not in policy


def test_every_failure_stands_in_one_group_and_what_went_right_in_none():
    root = parse(render_report(FULL))
    names = Counter(node.css_first("bdi").text() for node in root.css("article > .facts"))
    assert names == Counter(record.query_id for record in WRONG)
    assert {wrong_of(record) for record in WRONG} == set(WRONGS)
    counts = [int(node.text()) for node in root.css(".group > summary .count")]
    assert sum(counts) == len(WRONG)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, None),
        ({"values": {"verbatim": 0.5, "contains_answer": 0.0}}, "quote"),
        ({"values": {"pointer_validity": 0.9}, "kind": "partial"}, "quote"),
        ({"values": {"contains_answer": 0.0, "evidence_f1": 0.0}}, "wrong"),
        ({"values": {"contains_answer": 1.0, "holds_wrong": 1.0}}, "wrong"),
        ({"values": {"contains_answer": None, "evidence_f1": 0.49}}, "evidence"),
        ({"values": {"evidence_f1": 0.5}}, None),
        ({"values": dict.fromkeys(("contains_answer", "evidence_f1", "verbatim"))}, None),
        ({"values": dict.fromkeys(("contains_answer", "evidence_f1", "verbatim"), math.nan)}, None),
        ({"values": {"contains_answer": 0.0}, "abstained": True, "said": ()}, "refused"),
        ({"kind": "underspecified", "abstained": True, "said": ()}, None),
        ({"values": {"contains_answer": 0.0}, "said": ()}, None),
    ],
)
def test_a_question_counts_under_the_most_serious_thing_that_went_wrong(changes, wrong):
    assert wrong_of(record_of(**changes)) == wrong


def test_an_unanswerable_question_is_wrong_when_answered_and_right_when_not():
    answered = replace(record_of(), is_answerable=False)
    assert wrong_of(answered) == "unanswerable"
    assert wrong_of(replace(answered, kind="partial")) is None
    assert wrong_of(replace(answered, abstained=True, said=())) is None


def test_more_failures_than_anybody_reads_are_counted():
    refused = record_of(abstained=True, said=(), dataset="handbook")
    records = tuple(replace(refused, query_id=str(k)) for k in range(MAX_SHOWN + 30))
    root = parse(render_report(replace(FULL, records=records)))
    assert len(root.css("article")) == MAX_SHOWN
    assert root.css_first(".more").text() == "30 more are in the JSON of this run."


def test_a_failure_shows_what_was_said_cited_and_gold():
    record = record_of(values={"evidence_f1": 0.2}, query="other words")
    cited, gold = record.cited[0], replace(record.cited[0], start=9000, end=9009, text="Gold.")
    record = replace(record, said=(("In other words.", (1, 7)),), gold=(gold,), read=(gold,))
    root = parse(render_report(replace(FULL, records=(record,))))
    said, due = root.css("article .sides > div")
    assert said.css_first(".statement").text() == "In other words.17"
    assert [node.text() for node in said.css(".lost")] == ["7"]
    assert said.css_first(".quote").text() == cited.text
    assert f"characters {cited.start:,}–{cited.end:,}" in said.css_first(".where").text()
    assert said.css_first(".fate").text() == "not gold"
    assert due.css_first(".quote").text() == "Gold."
    assert due.css_first(".fate").text() == "read, not cited"
    assert root.css_first(".searched").text() == "Searched for: other words"
    assert "Also read: 1 passage" in root.css_first("article summary").text()


def test_figures_stand_with_their_interval_and_what_they_leave_out():
    summary = {"set": {"contains_answer": Estimate(0.5, 0.25, 0.75, 8, 3)}}
    root = parse(render_report(replace(empty_report(), summary=summary)))
    cells = [node.text() for node in root.css(".figures tbody tr:last-child td:not(.drawn)")]
    assert cells == ["0.500", "0.250 – 0.750", "8", "3"]


def test_only_searched_questions_have_neither_charts_nor_failures():
    ranked = [record for record in FULL.records if record.dataset == "abstracts"]
    summary = {"abstracts": FULL.summary["abstracts"]}
    root = parse(render_report(replace(FULL, summary=summary, records=tuple(ranked), bars=())))
    assert "4 only searched for" in root.css_first("h2 + .facts").text()
    assert not root.css("figure, article, .kinds")


def test_an_empty_report_is_a_page():
    root = assert_ours(render_report(empty_report()))
    assert root.css_first("h1").text() == "Without a name"
    assert not root.css("figure, article, .figures")


@settings(max_examples=60)
@given(st.lists(st.sampled_from(ODD) | st.floats(), min_size=4, max_size=4))
def test_no_number_is_too_odd(numbers):
    a, b, c, d = numbers
    odd = Estimate(a, b, c, 3, 1)
    records = tuple(
        replace(one, confidence=a, seconds=numbers[k % 4], values=dict.fromkeys(one.values, c))
        for k, one in enumerate(FULL.records)
    )
    bars = tuple(replace(bar, bound=d) for bar in FULL.bars)
    summary = {name: dict.fromkeys(found, odd) for name, found in FULL.summary.items()}
    html = render_report(Report("x", "", b, "", {"n": a}, summary, bars, records))
    assert not re.search(r"\b(nan|inf)\b", re.sub("<section id=.about.*", "", html, flags=re.S))
    for drawing in assert_ours(html).css("svg"):
        inside(drawing.html)


def test_a_chart_has_a_name_a_description_and_a_table():
    root = parse(render_report(FULL))
    assert len(root.css("figure")) == 6
    for figure in root.css("figure"):
        drawing = figure.css_first("svg")
        names = [f"{drawing.css_first(tag).attributes['id']}" for tag in ("title", "desc")]
        assert drawing.attributes["aria-labelledby"].split() == names
        assert figure.css("table tbody tr")
    assert all(node.attributes.get("scope") for node in root.css("th"))
    levels = [int(node.tag[1]) for node in root.css("h1, h2, h3, h4, h5")]
    assert all(after <= before + 1 for before, after in pairwise(levels))


@given(probabilities, probabilities)
def test_a_trade_off_rises_from_none_to_all_within_the_drawing(ours, others):
    curve = charts.trade_refusals(ours, others)
    assert (curve[0].over_refusal, curve[0].refused) == (0, 0)
    assert (curve[-1].over_refusal, curve[-1].refused) == (1, 1)
    for before, after in pairwise(curve):
        assert before.over_refusal <= after.over_refusal
        assert before.refused <= after.refused
    inside(charts.draw_trade("k", curve, (ours[0], others[0])))


@given(probabilities, st.data())
def test_bins_lie_within_the_drawing_and_hold_every_question(given_to, data):
    outcomes = [data.draw(st.booleans()) for _ in given_to]
    root = inside(charts.draw_reliability("k", reliability(given_to, outcomes)))
    assert sum(int(node.text()) for node in root.css("text.count")) == len(given_to)


@given(st.lists(st.floats(0, 1e9) | st.floats(0, 2), min_size=1, max_size=60))
def test_a_histogram_holds_every_value_within_the_drawing(seconds):
    counted = charts.count_values(seconds)
    assert sum(counted.counts) == len(seconds)
    assert len(counted.counts) <= charts.N_BARS + 2
    inside(charts.draw_latency("k", counted, seconds[0], max(seconds)))


@given(st.floats(0, 1), st.floats(0, 1), st.none() | st.floats())
def test_an_interval_lies_within_the_drawing(low, high, bound):
    inside(charts.draw_interval((low + high) / 2, min(low, high), max(low, high), bound))


def test_a_chart_of_nothing_is_refused():
    with pytest.raises(ValueError, match="unanswerable"):
        charts.trade_refusals([0.5], [])
    with pytest.raises(ValueError, match="values"):
        charts.count_values([])


def test_a_large_run_is_a_page_of_some_megabytes_within_seconds():
    report = fake_report(3000)
    started = time.perf_counter()
    html = render_report(report)
    assert time.perf_counter() - started < 5
    assert len(html.encode()) < 5e6


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which(CHROMIUM), reason=f"no chromium at {CHROMIUM}")
@pytest.mark.parametrize("width", [360, 1280])
def test_a_browser_asks_for_nothing_and_the_page_fits(tmp_path, width):
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
        browser.close()
    assert asked == [path.as_uri()]
