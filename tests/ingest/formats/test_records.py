"""Subtitles, calendars, cards and XML: what people read in them, and not how it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import blocks, headings, within

from assistant.ingest.formats.records import parse_cues, parse_entries, parse_xml
from assistant.ingest.sniff import media_type
from assistant.values import Role


def test_cues_are_joined_to_what_a_speaker_says() -> None:
    source = """WEBVTT - a head

NOTE nobody sees this

1
00:01.000 --> 00:03.000 align:start
<v Ada>The kiln &amp; the shed
are <i>cold</i>

00:03.100 --> 00:05.000
<v Ada>by dawn.

00:05.000 --> 00:06.000
<v Bob>Are they?

01:00:10.000 --> 01:00:12.000
They are.
"""
    assert blocks(parse_cues(source.encode())) == [
        *("Ada (0:01): The kiln & the shed are cold by dawn.", "Bob (0:05): Are they?"),
        "(1:00:10) They are.",
    ]


def test_subtitles_of_films_are_read_with_any_line_ends() -> None:
    source = (
        "1\r\n00:00:01,000 --> 00:00:02,500\r\n{\\an8}Es ist kalt,\r\n\r\n"
        "2\r\n00:00:02,600 --> 00:00:04,000\r\nsagt sie.\r\n\r\n"
        "3\r\n00:00:09,000 --> 00:00:10,000\r\nUnd still.\r\n"
    )
    parsed = parse_cues(source.encode("cp1252"))
    assert blocks(parsed) == ["(0:01) Es ist kalt, sagt sie.", "(0:09) Und still."]
    assert media_type("film.srt", source.encode()) == ("text/vtt", None)


def test_speech_without_a_full_stop_is_cut_at_a_pause_or_where_it_is_very_long() -> None:
    def cue(second: int) -> str:
        minutes, seconds = divmod(second, 60)
        time = f"{minutes:02}:{seconds:02}"
        return f"{time}.000 --> {time}.900\nand then the clay goes into the kiln\n"

    seconds = [*range(20), *range(100, 300)]  # 720 characters before the pause
    parsed = parse_cues(("WEBVTT\n\n" + "\n".join(map(cue, seconds))).encode())
    rolled = parse_cues(("WEBVTT\n\n" + "\n".join(map(cue, range(5)))).encode())
    assert blocks(rolled) == ["(0:00) and then the clay goes into the kiln"]
    starts = [block.partition(" ")[0] for block in blocks(parsed)]
    assert starts == ["(0:00)", "(1:40)", "(2:31)", "(3:22)", "(4:13)"]


def test_an_event_is_a_row_under_its_summary() -> None:
    source = (
        "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nDTSTART:19700101T000000\r\nEND:VTIMEZONE\r\n"
        "BEGIN:VEVENT\r\nSUMMARY:Orchard walk\\, part 2\r\nLOCATION:North\r\n  gate\r\n"
        "DTSTART;TZID=Europe/Paris:20260412T100000\r\nDTEND:20260412T093000Z\r\n"
        "ORGANIZER;CN=Mina Ray:mailto:mina@orchard.example\r\n"
        "DESCRIPTION:Bring boots.\\nWe\u2028prune.\r\n"
        "BEGIN:VALARM\r\nDESCRIPTION:Beep\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    parsed = parse_entries(source.encode())
    assert blocks(parsed) == [
        "Orchard walk, part 2",
        "Location: North gate | Start: 2026-04-12 10:00 Europe/Paris | End: 2026-04-12 09:30 UTC"
        " | Organizer: Mina Ray <mina@orchard.example>",
        *("Bring boots.", "We prune."),
    ]
    assert headings(parsed) == [("Orchard walk, part 2", 1)]
    assert parsed.units[1].role is Role.ROW


def test_a_card_is_a_row_under_its_name_in_any_version() -> None:
    source = (
        "BEGIN:VCARD\nVERSION:2.1\n"
        "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Jana M=C3=BCl=\nler\n"
        "item1.TEL;TYPE=WORK:+49 30 1234\nADR;TYPE=HOME:;;Am Markt 3;Jena;;07743;Germany\n"
        "PHOTO;ENCODING=b:AAAA=\n\nBDAY:1984-02-03\nEND:VCARD\n"
        "BEGIN:VCARD\nVERSION:4.0\nN:Ray;Mina;;;\nEMAIL:mina@orchard.example\nEND:VCARD\n"
    )
    assert blocks(parse_entries(source.encode())) == [
        "Jana Müller",
        "Name: Jana Müller | Phone (work): +49 30 1234 | Address (home): Am Markt 3, Jena, 07743, "
        "Germany | Birthday: 1984-02-03",
        *("Ray Mina", "Name: Ray Mina | Email: mina@orchard.example"),
    ]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "<pots><pot id='7'><name>Jug</name><height unit='cm'>40</height></pot>"
            "<pot id='8'><name>Cup</name><height unit='cm'>9</height></pot></pots>",
            "id: 7 | name: Jug | height: 40 (cm)\nid: 8 | name: Cup | height: 9 (cm)",
        ),
        (
            "<article><sec><title>Firing</title><p>It is <b>cold</b> by dawn.</p>"
            "<table><thead><tr><th>Clay</th><th>Loss</th></tr></thead>"
            "<tr><td>Red</td><td>4 %</td></tr></table></sec></article>",
            "Firing\nIt is cold by dawn.\nClay | Loss\nClay: Red | Loss: 4 %",
        ),
        (
            "<FictionBook><description><title-info><book-title>Kiln</book-title></title-info>"
            "</description><body><section><title><p>One</p></title><p>Ash.</p></section></body>"
            "<binary>AAAA</binary></FictionBook>",
            "One\nAsh.",
        ),
        ("<a><b x='1'/><!-- nobody --><?do it?><c>Text</c></a>", "b: 1 | c: Text"),
    ],
    ids=["records", "article", "book", "rest"],
)
def test_xml_is_read_as_what_it_says(source: str, text: str) -> None:
    assert parse_xml(source.encode()).text == text


def test_xml_that_is_not_well_formed_is_read_as_source_and_told_of() -> None:
    parsed = parse_xml(b"<a><b>It is cold.</a>")
    assert parsed.text == "<a><b>It is cold.</a>"
    assert parsed.warnings == ("not well-formed XML: read as source",)


def test_no_entity_is_expanded() -> None:
    declared = "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'><!ENTITY y 'ha'>]>"
    parsed = parse_xml(f"{declared}<a><p>Cold &x; clay.</p></a>".encode())
    assert "root:" not in parsed.text
    assert parsed.text.startswith("Cold ")
    assert parsed.warnings == ("1 entity reference not resolved",)


@pytest.mark.parametrize("parse", [parse_cues, parse_entries])
@pytest.mark.parametrize(
    "unit",
    ["BEGIN:VEVENT\nX", "00:01.0 --> 00:02.0\nx\n\n", 'A;B="', "=\nQUOTED-PRINTABLE=", "<v ", ";"],
)
def test_records_take_linear_time(parse: object, unit: str) -> None:
    with within(5):
        parse((unit * (200_000 // len(unit))).encode())  # type: ignore[operator]


@given(st.text("<>ab=' \n/!-?:;", max_size=100))
def test_any_text_is_read_or_refused(source: str) -> None:
    for parse in (parse_cues, parse_entries):
        parse(source.encode())
