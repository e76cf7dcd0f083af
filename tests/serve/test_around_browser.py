"""What a mark shows while it is pointed at, in a real browser: its quote's surroundings."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import IN_BROWSER, Visit, ask, keep_picture, place, serving
from playwright.sync_api import FloatRect, Page, expect
from surface_fakes import FakeAssistant, answer, cite, document

from assistant.values import Answer

pytestmark = IN_BROWSER
SENTENCES = [
    f"Sentence {n} tells of the mill on the river and of all its wheels." for n in range(60)
]
SHORT = "Of wheels there were nine."


class Miller(FakeAssistant):
    """Answers `mill` with many sentences of a document, its first and its last among them."""

    def _answer(self, question: str) -> Answer:
        if "mill" not in question:
            return super()._answer(question)
        text = " ".join([*SENTENCES, SHORT])
        made = document("mill.txt", text, title="The mill")
        self.held[made.document_id] = made
        quotes = [*SENTENCES[::2], SHORT]
        return answer(question, *(cite(n, made, quote) for n, quote in enumerate(quotes, start=1)))


def apart(one: FloatRect, other: FloatRect) -> bool:
    return (
        one["y"] + one["height"] <= other["y"] + 1 or other["y"] + other["height"] <= one["y"] + 1
    )


def shown(page: Page, number: int) -> str:
    """Point at a mark and return what comes; it must cover neither mark nor sentence."""
    link = page.locator(f"#turn-1 a.cite >> nth={number}")
    link.scroll_into_view_if_needed()
    page.wait_for_timeout(100)
    page.mouse.move(2, 2)
    expect(page.locator("#around")).to_be_hidden()
    link.hover()
    expect(page.locator("#around")).to_be_visible()
    box = place(page, "#around")
    for selector in (f"#turn-1 a.cite >> nth={number}", f"#turn-1 .statement >> nth={number}"):
        assert apart(box, place(page, selector))
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= page.evaluate("innerHeight")
    return page.locator("#around").inner_text()


def test_pointing_at_a_mark_shows_the_sentences_around_and_not_the_same_again(visit: Visit) -> None:
    with serving(Miller()) as (at, _):
        page = visit(at)
        ask(page, "mill")
        said = shown(page, 2)
        assert said.splitlines()[0] == "The mill"
        assert SENTENCES[3] in said
        assert SENTENCES[5] in said
        assert SENTENCES[4] not in said, "it stands beside"
        expect(page.locator("#around mark")).to_have_text("Sentence 4 tells … all its wheels.")
        keep_picture(page, "around")
        assert shown(page, 30).endswith(SHORT), "so short that it is there whole"
        for number in (0, 1, 12, 29):
            assert f"Sentence {2 * number + 1}" in shown(page, number)


def test_what_a_model_wrote_is_shown_with_its_whole_quote(visit: Visit) -> None:
    page = visit()
    ask(page, "written typhoon")
    citation = FakeAssistant().ask("typhoon").citations[1]
    assert citation.quote in shown(page, 1)
    expect(page.locator("#around mark")).to_have_text(citation.quote)
    expect(page.locator("#around")).to_contain_text("The group's activities")


def test_it_goes_when_one_leaves_and_stays_while_it_is_read(visit: Visit) -> None:
    page = visit()
    turn = ask(page, "typhoon")
    shown(page, 1)
    page.hover("#around mark")
    page.wait_for_timeout(400)
    expect(page.locator("#around")).to_be_visible()
    page.mouse.move(5, 5)
    expect(page.locator("#around")).to_be_hidden()
    mark = turn.locator(".cite").nth(1)
    mark.focus()
    expect(page.locator("#around")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#around")).to_be_hidden()
    mark.hover()
    expect(page.locator("#around")).to_be_visible()
    mark.click()
    expect(page.locator("#around")).to_be_hidden()
    expect(page.locator("#panel .source")).to_be_visible()


def test_a_finger_opens_the_source_and_nothing_over_the_answer(visit: Visit) -> None:
    page = visit(viewport={"width": 390, "height": 800}, has_touch=True)
    ask(page, "typhoon").locator(".cite").first.tap()
    expect(page.locator("#panel .source")).to_be_visible()
    page.wait_for_timeout(400)
    expect(page.locator("#around")).to_be_hidden()


def test_of_a_document_that_has_changed_only_the_place_is_told(visit: Visit) -> None:
    fake = FakeAssistant()
    with serving(fake) as (at, _):
        page = visit(at)
        ask(page, "leave")
        page.route("**/api/around*", lambda route: route.fulfill(status=200, body=""))
        assert shown(page, 0).strip() == "Staff handbook"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1440])
def test_it_fits_any_window_and_any_reader(visit: Visit, width: int, scheme: str) -> None:
    with serving(Miller()) as (at, _):
        page = visit(at, color_scheme=scheme, viewport={"width": width, "height": 800})
        ask(page, "mill")
        shown(page, 3)
        box = place(page, "#around")
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        keep_picture(page, f"around-{scheme}-{width}")
        found = Axe().run(page).response["violations"]
        assert not [one["id"] for one in found if one["impact"] in {"serious", "critical"}]
