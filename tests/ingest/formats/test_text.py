"""Plain text: which line breaks end a paragraph."""

import textwrap
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest.reading import within

from assistant.ingest.formats.text import (
    close_up,
    cut,
    find_blocks,
    find_hyphenations,
    locate,
    parse,
)

WRAPPED = """\
The project was begun in the spring of the year, when the first of the
volunteers had arrived from Dr.
Brown's office and the rooms of the house were still without furniture.
Nobody slept.

CHAPTER I

It was a long winter, and the snow lay deep upon the roofs of the town
until the end of April; the wells froze, and the
mill stood still from one new moon to the next, as the miller
had said that it would. They had:
- bread and a little salt from the store that the baker had left them
- wood
"""


def blocks(text: str) -> list[str]:
    return [text[start:end] for start, end in find_blocks(text)]


def test_one_paragraph_a_line_stays_one_a_line() -> None:
    lines = [
        "A long paragraph that goes on. " * 12,
        "Another one follows here. " * 9,
        "A short one",
    ]
    assert blocks("\n".join(lines)) == [line.strip() for line in lines]


def test_wrapped_lines_are_joined_and_short_ones_end_a_paragraph() -> None:
    assert blocks(WRAPPED) == [
        "The project was begun in the spring of the year, when the first of the\n"
        "volunteers had arrived from Dr.",
        "Brown's office and the rooms of the house were still without furniture.\nNobody slept.",
        "CHAPTER I",
        "It was a long winter, and the snow lay deep upon the roofs of the town\n"
        "until the end of April; the wells froze, and the",
        "mill stood still from one new moon to the next, as the miller\n"
        "had said that it would. They had:",
        "- bread and a little salt from the store that the baker had left them",
        "- wood",
    ]


@settings(max_examples=20)
@given(st.lists(st.lists(st.text("aeiou", min_size=1, max_size=12), min_size=60, max_size=99)))
def test_paragraphs_wrapped_by_machine_are_whole_again(paragraphs: list[list[str]]) -> None:
    wrapped = [textwrap.fill(" ".join(words), 72) for words in paragraphs]
    assert blocks("\n\n".join(wrapped)) == wrapped


def test_verse_and_addresses_keep_their_lines() -> None:
    address = "Acme Inc.\n12 Main Street\nSpringfield\nUSA"
    assert blocks(address) == address.split("\n")


def test_blank_lines_part_and_spaces_are_trimmed() -> None:
    assert blocks("  one \n \t \n\n two  ") == ["one", "two"]


def test_there_is_neither_title_nor_heading() -> None:
    parsed = parse(b"TITLE\n\nText.")
    assert (parsed.title, parsed.headings, parsed.warnings) == (None, (), ())


def test_a_million_blank_lines_take_moments() -> None:
    with within(5):
        assert blocks("\n" * 1_000_000 + "end") == ["end"]


PROSE = (
    "The committee of that year had no authority of its own, and so it was left to the members "
    "of the assembly to decide what was to be done with the records of the whole administration. "
)


def wrap(before: str, after: str, rest: str = "") -> str:
    """Return wrapped text in which a line ends with `before` and the next begins with `after`."""
    first = textwrap.wrap(PROSE, 70)
    line = f"{'x' * 5} {'yz ' * 20}"[: 69 - len(before)] + " " + before
    return "\n".join([*first, line, f"{after} {PROSE[:60]}", *textwrap.wrap(PROSE + rest, 70)])


def read(text: str) -> str:
    return parse(text.encode()).text


def test_a_word_that_stands_elsewhere_is_joined() -> None:
    text = read(wrap("inter-", "national", "It is International."))
    assert " international The" in text.replace("\n", " ")


@pytest.mark.parametrize(
    ("before", "after", "rest"),
    [
        ("inter-", "national", "It is internationally known."),
        ("well-", "known", "It is well known, and well-known."),
        ("mother-in-", "law", "The inlaw came."),
        ("pages 3-", "4", "There are 34."),
        ("yes -", "no", "The yesno."),
        ("inter-", "National", ""),
    ],
)
def test_a_hyphen_that_may_be_the_words_own_stays(before: str, after: str, rest: str) -> None:
    raw = wrap(before, after, rest)
    assert read(raw) == raw


def test_lines_that_are_not_wrapped_keep_their_hyphens() -> None:
    raw = "international\ninter-\nnational\n"
    assert read(raw) == raw


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\u2028", "\n  "])
def test_a_soft_hyphen_at_a_line_end_always_joins(newline: str) -> None:
    parsed = parse(f"one un\u00ad{newline}seen two\n\nthree".encode())
    assert parsed.text == "one unseen two\n\nthree"
    assert [parsed.text[start:end] for start, end in parsed.blocks] == ["one unseen two", "three"]


@pytest.mark.parametrize(
    "raw", ["a\u00ad\n\nb", "a\u00ad\n- b", "a\u00ad\n", "\u00ad\nb", "a\u00ad"]
)
def test_a_soft_hyphen_beside_no_letter_joins_nothing(raw: str) -> None:
    assert read(raw) == raw.replace("\u00ad", "")


SPANS = st.lists(st.integers(0, 30), unique=True).map(sorted)


@given(st.text("ab", min_size=30, max_size=30), SPANS, SPANS)
def test_spans_around_cuts_hold_the_same_text_but_for_the_cuts(
    text: str, ends: list[int], others: list[int]
) -> None:
    cuts = list(zip(ends[::2], ends[1::2], strict=False))
    spans = [
        span
        for span in zip(others[::2], others[1::2], strict=False)
        if not any(start < place < end for start, end in cuts for place in span)
    ]
    for (start, end), (new_start, new_end) in zip(spans, close_up(spans, cuts), strict=True):
        inner = [(a - start, b - start) for a, b in cuts if start <= a and b <= end]
        assert cut(text, cuts)[new_start:new_end] == cut(text[start:end], inner)


@given(st.lists(st.sampled_from(["inter-\n", "national ", "international ", "a\u00ad\n", "b\n\n"])))
def test_every_block_leads_to_bytes_that_begin_and_end_as_it_does(parts: list[str]) -> None:
    data = (wrap("inter-", "national", "international ") + "".join(parts)).encode()
    parsed = parse(data)
    for start, end in parsed.blocks:
        found = data[slice(*(locate(data, (start, end)).bytes or ()))].decode()
        joined = found.replace("\u00ad\n", "").replace("\u00ad", "")
        assert (joined[0], joined[-1]) == (parsed.text[start], parsed.text[end - 1])
        assert joined.replace("-\n", "") == parsed.text[start:end].replace("-\n", "")


def test_many_hyphens_take_linear_time() -> None:
    def measure(n: int) -> float:
        text = "exempli-\n  fication\n" * n
        breaks = [(n + 8, n + 11) for n in range(0, len(text), 20)]
        started = time.thread_time()
        assert find_hyphenations(text, breaks) == ()
        return time.thread_time() - started

    measure(1_000)
    assert measure(40_000) < 6 * measure(10_000) + 0.2


NARROW = (
    "The boat house is open\nfor members from April\nuntil October. Mrs Anna\nPohl keeps the key."
)
CLAUSED = (
    "Rule 1. Noise\nNo saw is used before eight in the morning, and none at all on the\n"
    "days of rest.\n\nRule 2. Dogs\nDogs stay on a lead in the yard and in the garden behind the\n"
    "wash house.\n\nRule 3. Bins\nOnly cold ash goes into the bins."
)
POEM = "The moon is up\nThe geese are gone\nThe pond is still\nThe night is long"
SETTINGS = "name = the long name of it\nport = eighty and some more\nhost = the one in the hall"


def test_sentences_of_short_or_narrow_texts_that_are_wrapped_are_whole() -> None:
    assert blocks(NARROW) == [NARROW]
    assert blocks(CLAUSED)[:2] == [
        "Rule 1. Noise",
        "No saw is used before eight in the morning, and none at all on the\ndays of rest.",
    ]


@pytest.mark.parametrize("text", [POEM, SETTINGS, "milk\nbread\ncheese", "one two\nthree four"])
def test_lines_that_are_meant_to_end_do(text: str) -> None:
    assert blocks(text) == text.split("\n")


TIMETABLE = """\
Central station   6:10  6:40  7:10  7:40  8:10
Market square     6:16  6:46  7:16  7:46  8:16
Hospital          6:25  6:55  7:25  7:55  8:25
No bus leaves on Sundays and public holidays, as
from next May, when the line is extended.
"""


CHAT = """\
[02/05/2025, 18:05:31] Ada: no that is the day of the fair. SATURDAY
[02/05/2025, 18:11:57] Jo: I have booked the club from 1 till 6, which
[02/05/2025, 18:12:20] Jo: the bar opens at 2, as they said when I was there
[02/05/2025, 18:14:03] Cal: can we bring our own, or is that not done there
"""
SHEET = """\
Known as .................... Maisie, as her gran was called
School ...................... Saint Aldhelm's Primary, year 4
Squad offered . . . . . . . . Dolphins, Tuesdays and Saturdays
"""


@pytest.mark.parametrize("text", [CHAT, CHAT.replace("[", "").replace("] ", " - "), SHEET])
def test_what_is_led_by_a_time_or_to_by_points_is_a_line_each(text: str) -> None:
    assert blocks(text) == text.split("\n")[:-1]


JUSTIFIED = (
    "The  mill  stood  on  the river for many years before it was\n"
    "sold  to  the  brothers,  who  let  the  wheel  rot  and the\n"
    "weir fall in, as anybody might have told them it would."
)


def test_columns_that_spaces_lay_out_are_a_line_each() -> None:
    assert blocks(TIMETABLE)[:3] == TIMETABLE.split("\n")[:3]
    assert blocks(TIMETABLE)[3].startswith("No bus")
    assert blocks(JUSTIFIED) == [JUSTIFIED]


MAIL = """\
Dear all,
the hall is let on 3 May.
Sum: 212.40 pounds. Please transfer it by 20 June 2025. We charge
nothing for the chairs that broke.
Kind regards
Oona Reyes
"""


def test_a_single_line_of_a_mail_that_goes_on_does() -> None:
    said = "Sum: 212.40 pounds. Please transfer it by 20 June 2025. We charge\nnothing"
    assert f"{said} for the chairs that broke." in blocks(MAIL)
    assert len(blocks(MAIL)) == 5
    notes = MAIL.lower()
    assert blocks(notes) == notes.split("\n")[:-1]


SHED = """\
shed padlock 4471, spare key under the blue pot
water butt leaks at tap
Plot 9 rent due 1 Oct, 38 pounds to Wilf (treasurer)
swap 2 courgettes w/ Doreen for rhubarb crown
Onion sets: Sturon, 4 rows planted 12 March, netted
hose too short??
bonfire only after 18:00, see rules on gate
"""
ZETTEL = """\
Heizung: Druck bei 1,4 bar, nachfüllen ab 1,0
Keller abschließen!
Frau Öztürk hat den Zweitschlüssel (Tel. 0341 55512)
Mülltonnen raus: Papier Di, Bio Do, Rest jeden 2. Fr
Ablesung Strom 30.6., Zählernummer 88-1204
neue Sicherungen gekauft, liegen links im Schrank
"""
HAND = """\
The allotment was laid out when my grandfather came back
from the sea, and for years nobody else had
wanted the strip that lies under the poplars,
so he grew potatoes there until the council asked him
to stop. My mother kept the old tool shed
and the pump in order, and she wrote down in a book
what each year had brought.
"""


@pytest.mark.parametrize("text", [SHED, ZETTEL, SHED.title()])
def test_notes_of_about_one_length_are_a_paragraph_each(text: str) -> None:
    assert blocks(text) == text.split("\n")[:-1]


@pytest.mark.parametrize("text", [HAND, textwrap.fill(" ".join(HAND.split()), 52)])
def test_text_that_is_wrapped_by_hand_is_whole(text: str) -> None:
    assert [one.replace("\n", " ") for one in blocks(text)] == [" ".join(text.split())]


@pytest.mark.parametrize("unit", ["  1", " ", "x   ", ". "])
def test_columns_of_a_line_without_end_take_moments(unit: str) -> None:
    wrapped = "This line is as long as others are that go on in the next one\n" * 3
    started = time.perf_counter()
    blocks(f"{wrapped}a{unit * 100_000}z\nand it goes on here.\n{wrapped}")
    assert time.perf_counter() - started < 2.0
