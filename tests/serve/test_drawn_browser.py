"""A source in a real browser is drawn as what it is, or as it is: its quote is the same."""

from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import IN_BROWSER, Visit, ask, is_in_view, keep_picture, place, serving, strong_text
from playwright.sync_api import Page, expect
from surface_fakes import FakeAssistant, answer, cite

from assistant.ingest.formats import markdown
from assistant.ingest.structure import arrange
from assistant.serve.chat.page import FONT, MONO
from assistant.values import Answer, Citation, Document, DocumentId, Origin

pytestmark = IN_BROWSER
GUIDE = """# Keeping bees

Bees are kept in hives of wood, of which each holds one colony. In spring the keeper looks at every
one of them in the warmth of noon, and notes what is found.

## In spring

Look for these:

- the queen, or her eggs
  - eggs stand upright for a day
  - brood lies curled
- food for two weeks

1. Light the smoker.
2. Open the hive from behind, slowly, and wait until the bees have gone down between the combs.

| Month | Hives | Yield in kg | Note |
|-------|------:|------------:|------|
| April |     4 |             | cold, no flight before noon |
| May   |     9 |          31 |      |
| June  |    11 |         120 | lime in bloom along the avenue |

> A swarm in May is worth a [load of hay](https://rhymes.example/swarm?in=may).

**What do the scales say?**

```python
for hive in hives:
    if hive.weight > 40:
        print("full", hive)
```
"""
FILLER = "\n\n".join(f"Winter {n} was quiet, and the bees stayed in." for n in range(60))
FILE = f"{GUIDE}\n\n{FILLER}\n".encode()
QUOTES = {
    "item": "brood lies curled",
    "row": "Month: June | Hives: 11 | Yield in kg: 120 | Note: lime in bloom along the avenue",
    "code": "if hive.weight > 40:",
    "heading": "In spring",
}


def guide() -> Document:
    parsed = markdown.parse(FILE)
    units = arrange(parsed.text, parsed.units)
    name = DocumentId("bees.md")
    return Document(name, "0" * 64, "Keeping bees", "text/markdown", parsed.text, (), units)


class Keeper(FakeAssistant):
    """Answers the keys of `QUOTES`, each with its quote."""

    def __init__(self) -> None:
        super().__init__()
        self.held[guide().document_id] = guide()

    def origin(self, citation: Citation) -> Origin:
        return markdown.locate(FILE, (citation.start, citation.end))

    def _answer(self, question: str) -> Answer:
        return answer(question, cite(1, guide(), QUOTES[question]))


def open_source(page: Page, question: str) -> None:
    ask(page, question).locator(".cite").first.click()
    page.wait_for_selector("#panel .source")


@pytest.mark.parametrize("question", QUOTES)
def test_a_quote_is_the_same_characters_however_the_text_is_drawn(
    visit: Visit, question: str
) -> None:
    with serving(Keeper()) as (at, _):
        page = visit(at)
        open_source(page, question)
        text = "document.querySelector('.source-text .text').textContent"
        for view in ("Text", "Source text", "Text"):
            page.click(f".seeing >> text='{view}'")
            assert strong_text(page) == QUOTES[question]
            assert page.evaluate(text) == guide().text
            assert is_in_view(page, "mark.strong >> nth=-1")


def test_a_text_is_drawn_as_headings_lists_tables_and_code(visit: Visit) -> None:
    with serving(Keeper()) as (at, _):
        page = visit(at)
        open_source(page, "row")
        source = page.locator(".source-text")
        expect(source.locator("h4")).to_have_text("In spring")
        expect(source.locator("li.depth-1")).to_have_count(2)
        for column in range(4):
            tops = [
                f".source-text tr >> nth={row} >> :is(th, td) >> nth={column}" for row in (0, 3)
            ]
            assert place(page, tops[0])["x"] == place(page, tops[1])["x"]
        expect(source.locator("pre")).to_contain_text("for hive in hives:")
        assert (
            source.locator("pre")
            .evaluate("node => getComputedStyle(node).fontFamily")
            .endswith("monospace")
        )
        page.click("text='Source text'")
        expect(source).to_contain_text("April | Hives: 4")
        style = "node => [getComputedStyle(node).display, getComputedStyle(node).fontFamily]"
        display, family = source.locator("h4").evaluate(style)
        assert display == "inline"
        assert family.endswith("monospace")


def test_what_one_reads_stays_where_it_is_when_the_view_changes(visit: Visit) -> None:
    with serving(Keeper()) as (at, _):
        page = visit(at)
        open_source(page, "row")
        page.locator(".source-text p", has_text="Winter 30 ").scroll_into_view_if_needed()
        middle = """() => {
            const frame = document.getElementById('side').getBoundingClientRect();
            const node = document.elementFromPoint(frame.left + 150, frame.top + frame.height / 2);
            return node.textContent.slice(0, 12);
        }"""
        before = page.evaluate(middle)
        assert before.startswith("Winter")
        page.click("text='Source text'")
        page.wait_for_timeout(100)
        n_before, n_after = (int(one.split()[1]) for one in (before, page.evaluate(middle)))
        assert abs(n_before - n_after) <= 1


def test_what_is_found_in_a_wide_table_comes_into_view(visit: Visit) -> None:
    keeper = Keeper()
    names = "|".join(f"column {n}" for n in range(14))
    cells = "|".join(f"some value {n}" for n in range(14))
    data = f"{GUIDE}\n|{names}|\n|{'---|' * 14}\n|{cells}|\n".encode()
    parsed = markdown.parse(data)
    units = arrange(parsed.text, parsed.units)
    keeper.held[guide().document_id] = replace(guide(), text=parsed.text, units=units)
    with serving(keeper) as (at, _):
        page = visit(at)
        open_source(page, "heading")
        page.fill(".finding input", "some value 12")
        cell = page.locator(".source-text td", has_text="some value 12")
        expect(cell).to_be_in_viewport(ratio=0.9)
        box, frame = place(page, ".source-text td >> text='some value 12'"), place(page, "#side")
        assert frame["x"] < box["x"] < frame["x"] + frame["width"] - box["width"]
        assert page.evaluate("document.documentElement.scrollWidth") <= 1400


def test_a_link_tells_its_address_on_demand_and_leads_nowhere(visit: Visit) -> None:
    with serving(Keeper()) as (at, _):
        page = visit(at)
        open_source(page, "row")
        link = page.locator(".source-text .link")
        expect(link).to_have_text("load of hay")
        expect(link).to_have_attribute("title", "https://rhymes.example/swarm?in=may")
        shown = "node => getComputedStyle(node, '::after').content"
        assert link.evaluate(shown) == "none"
        link.click()
        assert link.evaluate(shown) == '"https://rhymes.example/swarm?in=may"'
        keep_picture(page, "link")
        assert page.url.startswith(at)
        assert strong_text(page) == QUOTES["row"]


FACES = """() => [...document.querySelectorAll('body *')].filter((node) =>
    node.checkVisibility() && (['INPUT', 'TEXTAREA'].includes(node.tagName)
        || [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim()))).map((node) =>
    [getComputedStyle(node).fontFamily.split(',')[0],
        Boolean(node.closest('pre, .code, .raw .part'))])"""


def test_all_is_set_in_one_face_and_code_alone_in_another(visit: Visit) -> None:
    with serving(Keeper()) as (at, _):
        page = visit(at)
        seen: list[tuple[str, bool]] = page.evaluate(FACES)
        open_source(page, "code")
        seen += page.evaluate(FACES)
        page.mouse.move(2, 2)
        page.locator("a.cite").first.hover()
        expect(page.locator("#around")).to_be_visible()
        page.click("text='Source text'")
        seen += page.evaluate(FACES)
        assert {face for face, is_code in seen if not is_code} == {FONT[0]}
        assert {face for face, is_code in seen if is_code} == {MONO[0]}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1440])
def test_it_fits_any_window(visit: Visit, width: int, scheme: str) -> None:
    with serving(Keeper()) as (at, _):
        page = visit(at, color_scheme=scheme, viewport={"width": width, "height": 800})
        open_source(page, "row")
        page.wait_for_timeout(400)
        keep_picture(page, f"drawn-{scheme}-{width}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page).response["violations"]
        assert not [one["id"] for one in found if one["impact"] in {"serious", "critical"}]
        page.click("text='Source text'")
        page.wait_for_timeout(200)
        keep_picture(page, f"raw-{scheme}-{width}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
