"""Web pages: menus, navigation and the page's footer are left out, and nothing else is."""

import time

import pytest
from ingest.reading import within

from assistant.ingest.formats.blocks import Blocks
from assistant.ingest.formats.html import parse, read_page
from assistant.ingest.formats.mail import parse as parse_mail

TEXT = """<h1>Care of the press</h1><p>The press is oiled every Friday before the shift ends, and
the guard is tested with the red key.</p><table><tr><th>Part<th>Oil<tr><td>Ram<td>ISO 68</table>
<ul><li>Stop the motor.<li>Lock the switch.</ul><pre>oilctl --week</pre>
<p>Questions go to <a href=/people/3>Marit Sund</a> or to the <a href=/desk>desk</a>.</p>"""
LINKS = """<ul><li><a href=/>Home</a><li><a href=/a>Machines and tools</a><li><a href=/b>Who we are
</a><li><a href=/c>Jobs</a></ul>"""
FOOT = "<p>© 2026 Sund Works. All rights reserved.</p><a href=/i>Imprint</a> <a href=/p>Privacy</a>"

SITES = {
    "marked": "<header>Sund Works<nav>{links}</nav></header><main>{text}</main>"
    "<aside><h3>See also</h3>{links}</aside><footer>{foot}</footer>",
    "by role": "<div role=navigation>{links}</div><div role=main>{text}</div>"
    "<div role=complementary>{links}</div><div role=contentinfo>{foot}</div>",
    "by name": "<div id=top-nav>{links}</div><div class='left-sidebar'>{links}</div>"
    "<div id=content>{text}</div><div id=footer>{foot}</div>",
    "by a name of another language": "<div id=hauptnavigation>{links}</div><div>{text}</div>"
    "<div class=seitenleiste>{links}</div><div id=fusszeile>{foot}</div>",
    "by a name made by a program": "<div class=Header_nav__x1>{links}</div><div>{text}</div>"
    "<div class=Footer_wrap__k2>{foot}</div>",
    "in a table that lays out the page": "<table><tr><td class=menu>{links}<td>{text}</table>",
    "a footer of the article beside the page's": "<article>{text}<footer>Checked by Ida Moe."
    "</footer></article><footer>{foot}</footer>",
    "contents of the page": "<div class=toc>{links}</div>{text}",
    "breadcrumbs": "<ol class=breadcrumb>{links}</ol>{text}",
    "what asks for consent": "<div id=cookie-banner>{foot}<button>Accept</button></div>{text}",
}


def fill(site: str, links: str, foot: str) -> bytes:
    return site.format(text=TEXT, links=links, foot=foot).encode()


def whole(data: bytes) -> str:
    blocks = Blocks()
    read_page(data, blocks)
    return blocks.finish(None).text


@pytest.mark.parametrize("name", SITES)
def test_the_text_of_a_page_of_a_site_is_that_of_the_page_without_the_site(name: str) -> None:
    headless = SITES[name].replace("<h3>See also</h3>", "").replace("<button>Accept</button>", "")
    assert parse(fill(SITES[name], LINKS, FOOT)).text == whole(fill(headless, "", ""))


def test_a_warning_says_how_many_words_are_left_out() -> None:
    site = "<nav><a href=/>Home</a> <a href=/x>Our machines</a></nav>{text}"
    assert parse(fill(site, "", "")).warnings == (
        "3 words of navigation, menus and footers left out",
    )
    assert not parse(TEXT.encode()).warnings


OWN = {
    "three lines": "<p>The kiln is in hall 2.</p><p>Key at the desk.</p><p>Call 4417.</p>",
    "a line in a page of links": f"<nav>{LINKS}{LINKS}</nav><p>Hall 4 seats twelve.</p>",
    "an index of links in a nav": "<nav><h1>Manuals</h1><a href=1>Lathe</a> <a href=2>Saw</a>",
    "an index in what is called nav": "<div class=nav-content><h1>Sund API</h1><p>Reads gauges."
    f"</p><h2>Parts</h2>{LINKS}</div>",
    "all in an aside": "<aside><p>Open from eight to four, and on Saturdays to noon.</p></aside>",
    "all in a footer": "<footer><p>Sund Works, Havnegade 12, phone 4400.</p></footer>",
    "a nav that was not closed": f"<nav>{LINKS}{TEXT}",
    "a nav with the title": f"<nav><h1>Care of the press</h1>{LINKS}</nav>{TEXT}",
    "notes beside the text": "<main><p>Light it with key 4, then wait for ten minutes or more.</p>"
    "<aside><p>Open the valve first.</p></aside><p>Then open the door.</p></main>",
    "a note of a page without main": "<p>Light it with key 4, then wait for ten minutes or more."
    "</p><aside class=note><p>Open the valve first.</p></aside>",
    "footers of articles": "<article><p>An oak table of 2019, made of one log that fell in March."
    "</p><footer>Lent by the <a href=1>Marsh</a> family.</footer></article>",
    "footnotes": f"{TEXT}<ol class=footnotes><li>See <a href=1>the manual</a>, <a href=2>part 2</a>"
    "</ol>",
    "terms in what is called a footer": f"{TEXT}<div class=footer><p>Pay within 14 days.</p></div>",
    "a menu of dishes": f"{TEXT}<div id=menu><h2>Mains</h2><ul><li>Lasagne 13.50<li>Bream 21.00"
    "</ul></div>",
    "dishes with links": f"{TEXT}<div class=menu><p><a href=1>Soup</a> of the day, with rye bread"
    "</p><p><a href=2>Duck</a> with red cabbage and dumplings</p></div>",
    "navigation as the subject": f"{TEXT}<div class=navigation><p>Take the bearing of two"
    " landmarks.</p></div>",
    "numbers to call": f"{TEXT}<div id=sidebar><a href=mailto:a@b.c>Payroll</a> <a href=tel:44>"
    "Stores</a></div>",
    "prices beside": f"{TEXT}<div id=sidebar><p>Half a day costs 140.</p></div>",
    "cookies to eat": f"{TEXT}<div class=cookie-recipe><p>Bake for <a href=1>12</a> minutes.</p>"
    "</div>",
    "a list of links": f"{TEXT}<h2>Read these</h2>{LINKS}",
    "links in a table": f"{TEXT}<table class=files><tr><td><a href=1>Plan</a><td>2026</table>",
    "buttons that open the text": f"{TEXT}<h3><button>How do I pay?</button></h3><p>By card.</p>",
}  # fmt: skip


@pytest.mark.parametrize("name", OWN)
def test_what_is_the_pages_own_is_kept(name: str) -> None:
    parsed = parse(OWN[name].encode())
    assert (parsed.text, parsed.warnings) == (whole(OWN[name].encode()), ())


def test_links_that_names_alone_call_a_menu_stay_on_a_page_with_little_else() -> None:
    little = f"<h1>Sund Works, the list of all our manuals by their number</h1>{{}}{LINKS}{LINKS}"
    named = little.format("<div class=toc>") + "</div>"
    assert parse(named.encode()).text == whole(named.encode())


def test_a_mail_keeps_all_and_a_page_that_a_browser_saved_does_not() -> None:
    page = fill(SITES["marked"], LINKS, FOOT).decode()
    mail = f"From: {{}}\nContent-Type: text/html; charset=utf-8\n\n{page}"
    sent = parse_mail(mail.format("ida@sund.example").encode())
    saved = parse_mail(mail.format("<Saved by Blink>").encode())
    assert "Machines and tools" in sent.text
    assert not sent.warnings
    assert "Machines and tools" not in saved.text
    assert "Care of the press" in saved.text
    assert saved.warnings == parse(page.encode()).warnings


@pytest.mark.parametrize(
    "opened", ["<nav>", "<ul class=menu><li><a href=1>x</a>", "<div class=nav><aside>", "<footer>"]
)
def test_parts_nested_deep_take_linear_time(opened: str) -> None:
    with within(5):
        text = parse((opened * 50_000 + "<p>The tail.").encode()).text
    assert text.endswith("The tail.")


@pytest.mark.parametrize("name", ["cookie", "nav", "foot", "page", "main-", "table-of", "share"])
def test_a_long_name_takes_no_time(name: str) -> None:
    with within(5):
        parse(f"<div class='{name * 500_000}'>{TEXT}</div>".encode())


def test_a_page_of_ten_megabytes_takes_little_longer_than_its_text_alone() -> None:
    data = b"<div class='nav menu'><a href=1>a b</a></div>" * 50_000 + TEXT.encode()
    started = time.perf_counter()
    whole(data)
    read = time.perf_counter()
    parse(data)
    assert time.perf_counter() - read < 4 * (read - started) + 1
