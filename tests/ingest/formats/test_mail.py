"""Mail: its headers and text whole, and what is attached named."""

import re
from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.formats.packages import pack
from ingest.reading import blocks_by, within

from assistant.errors import DocumentUnreadable
from assistant.ingest.formats.mail import parse
from assistant.text.normalize import normalize
from assistant.values import Role

blocks = blocks_by(parse)

SPOKEN = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co")), min_size=1)


def write(subject: str = "Plan", body: str = "We meet at ten.\n") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Ada Lovelace <ada@mail.example>"
    message["To"] = "Bob <bob@mail.example>"
    message["Date"] = "Mon, 03 Mar 2025 10:00:00 +0000"
    message["Subject"] = subject
    message.set_content(body)
    return message


def test_headers_come_first_and_the_subject_is_the_title() -> None:
    data = write("Größe des Plans", "We meet at ten.\n\n> Where do\n> we meet?\n").as_bytes()
    assert blocks(data) == [
        "From: Ada Lovelace <ada@mail.example>",
        "To: Bob <bob@mail.example>",
        "Date: Mon, 03 Mar 2025 10:00:00 +0000",
        "Subject: Größe des Plans",
        "We meet at ten.",
        "Where do",
        "we meet?",
    ]
    assert parse(data).title == "Größe des Plans"
    assert parse(data).warnings == ()


@given(SPOKEN, SPOKEN)
def test_what_was_written_is_read(subject: str, body: str) -> None:
    parsed = parse(write(subject, body).as_bytes())
    shown = " ".join(parsed.text.split())
    unmarked = re.sub(r"(?m)^(?:> ?)+", "", normalize(body)[0])  # marks of quoting are left out
    for said in (normalize(subject)[0], unmarked):
        assert all(word in shown for word in said.split())


GROUND = "The boat house is closed for the whole of May while the roof is mended by\n"


@pytest.mark.parametrize(
    ("wrote", "shown"),
    [
        ("On Mon, 17 Feb 2025 Ida Blom wrote:\n", "On Mon, 17 Feb 2025 Ida Blom wrote:"),
        (
            "On Mon, 17 Feb 2025 at 10:05, Ida Blom <ida.blom@harbour.example>\nwrote:\n\n",
            "On Mon, 17 Feb 2025 at 10:05, Ida Blom <ida.blom@harbour.example> wrote:",
        ),
        ("Am 17. Feb. 2025 um 10:05 schrieb Ida Blom:\n", "Am 17. Feb. 2025 um 10:05 schrieb"),
        ("Le 17 févr. 2025, Ida Blom a écrit :\n", "Le 17 févr. 2025, Ida Blom a écrit :"),
    ],
)
def test_what_a_mail_quotes_stands_apart_and_without_its_marks(wrote: str, shown: str) -> None:
    body = f"Thank you.\n\n{wrote}> {GROUND}> two roofers from Kiel.\n>> Until when?\n\nBob\n"
    parsed = parse(write("Re: Roof", body).as_bytes())
    told = [(parsed.text[one.start : one.end], one.role) for one in parsed.units][4:]
    assert told[0] == ("Thank you.", Role.PARAGRAPH)
    assert told[1][0].startswith(shown)
    assert told[1][1] is Role.LEAD_IN
    assert told[2] == (GROUND.replace("\n", " ") + "two roofers from Kiel.", Role.NOTE)
    assert told[3:] == [("Until when?", Role.NOTE), ("Bob", Role.PARAGRAPH)]


def test_a_mail_that_is_quoted_whole_or_as_a_page_stands_apart_too() -> None:
    whole = write(body="Yes.\n\n-----Original Message-----\nFrom: Ida\n\nIs it mended?\n")
    parsed = parse(whole.as_bytes())
    assert [one.role for one in parsed.units][4:] == [Role.PARAGRAPH, Role.NOTE, Role.NOTE]
    page = write(body=" \n")
    page.add_alternative("<p>Yes.</p><blockquote><p>Is it?</p></blockquote>", subtype="html")
    assert [one.role for one in parse(page.as_bytes()).units][4:] == [Role.PARAGRAPH, Role.NOTE]
    plain = parse(write(body="More than 5 > 3 is not said here.\n").as_bytes())
    assert plain.units[-1].role is Role.PARAGRAPH


def test_plain_text_goes_before_a_page_and_a_page_before_nothing() -> None:
    message = write()
    message.add_alternative("<p>We meet <b>at eleven</b>.<script>x</script>", subtype="html")
    assert blocks(message.as_bytes())[4:] == ["We meet at ten."]
    message = write(body=" \n")
    message.add_alternative("<h1>Meeting</h1><p>We meet <b>at eleven</b>.", subtype="html")
    parsed = parse(message.as_bytes())
    assert blocks(message.as_bytes())[4:] == ["Meeting", "We meet at eleven."]
    assert [parsed.text[h.start : h.end] for h in parsed.headings] == ["Meeting"]


TIDES = (
    "<p>Dear members,</p><p>the slipway is shut from 4 to 9 May for dredging.</p>"
    "<table><tr><th>Berth</th><th>Fee</th></tr><tr><td>North quay</td><td>£340</td></tr></table>"
    "<p>Please move dinghies by <b>Friday</b>; Ansel has the key to the shed.</p>"
)
POINTERS = (
    "This message needs a mail program that shows HTML.\n",
    "Diese Nachricht ist nur im HTML-Format lesbar.\n",
    "View it in your browser: https://mail.example/v?u=8f3a&id=77c1&e=b2&k=slipway-dredging-may\n",
    "[image: logo]\n",
    "-- \n",
    "\u00a0\n\n",
)


@pytest.mark.parametrize("plain", POINTERS)
@pytest.mark.parametrize("shape", ["bare", "related", "mixed", "in a mail"])
def test_a_page_is_read_where_the_plain_text_only_points_to_it(plain: str, shape: str) -> None:
    message = write(body=plain)
    message.add_alternative(TIDES, subtype="html")
    page = message.get_payload(1)
    assert isinstance(page, EmailMessage)
    if shape == "related":
        page.add_related(b"SECRET", "image", "png", cid="<logo>")
    elif shape == "mixed":
        page.add_attachment("Bring a lamp.\n", filename="night.txt")
    elif shape == "in a mail":
        inner, message = message, write()
        message.add_attachment(inner)
    shown = blocks(message.as_bytes())
    assert "the slipway is shut from 4 to 9 May for dredging." in shown
    assert "Berth: North quay | Fee: £340" in shown
    assert not plain.strip() or plain.strip() not in shown
    assert ("Bring a lamp." in shown) == (shape == "mixed")


@pytest.mark.parametrize(
    "plain",
    [
        "Dear members,\n\nthe slipway is shut from 4 to 9 May for dredging.\n\nBerth Fee\n"
        "North quay £340\n\nPlease move dinghies by Friday; Ansel has the key to the shed.\n",
        "The slipway is shut 4-9 May, dredging. North quay is 340. Dinghies away by Friday.\n",
    ],
)
def test_plain_text_that_says_the_same_or_most_of_it_goes_before_the_page(plain: str) -> None:
    message = write(body=plain)
    message.add_alternative(TIDES, subtype="html")
    assert blocks(message.as_bytes()) == blocks(write(body=plain).as_bytes())


def test_a_page_that_is_no_text_leaves_the_plain_text_and_tells_nothing() -> None:
    message = write(body="See the page.\n")
    message.add_alternative(b"\x89PNG\0\1\2\3" * 40, "text", "html")
    parsed = parse(message.as_bytes())
    assert parsed.text.endswith("See the page.")
    assert parsed.warnings == ()


def test_what_is_attached_beside_a_page_is_read_with_the_plain_text() -> None:
    message = write()
    message.add_alternative("<p>We meet at ten.</p>", subtype="html")
    page = message.get_payload(1)
    assert isinstance(page, EmailMessage)
    page.add_attachment("Bring a lamp.\n", filename="night.txt")
    page.add_attachment(b"SECRET", maintype="image", subtype="png", disposition="inline")
    assert blocks(message.as_bytes())[4:] == ["We meet at ten.", "night.txt", "Bring a lamp."]


def test_attachments_are_read_under_their_names() -> None:
    message = write()
    message.add_attachment("The tea is green.\n", filename="b\u202e.txt")
    message.add_attachment("Tea,Price\nGreen,4\nBlack,3\n", subtype="csv", filename="prices.csv")
    parsed = parse(message.as_bytes())
    assert blocks(message.as_bytes())[5:] == [
        *("b.txt", "The tea is green."),
        *("prices.csv", "Tea | Price", "Tea: Green | Price: 4", "Tea: Black | Price: 3"),
    ]
    assert [parsed.text[h.start : h.end] for h in parsed.headings] == ["b.txt", "prices.csv"]


def test_attachments_that_cannot_be_read_are_named() -> None:
    message = write()
    damaged = b"%PDF-1.4 SECRET"
    message.add_attachment(damaged, maintype="application", subtype="pdf", filename="Größe.pdf")
    message.add_attachment(b"\x7fELF SECRET", maintype="application", subtype="x-program")
    message.add_attachment(b"SECRET", maintype="image", subtype="png", disposition="inline")
    parsed = parse(message.as_bytes())
    assert "SECRET" not in parsed.text
    assert parsed.warnings == (
        "3 attachments not read: Größe.pdf, application/x-program, image/png",
    )


def test_an_archive_in_an_archive_is_opened_only_so_deep() -> None:
    inner = b"The tea is green."
    name = "tea.txt"
    for number in range(4):
        inner, name = pack({name: inner}), f"{number}.zip"
        message = write()
        message.add_attachment(inner, maintype="application", subtype="zip", filename=name)
        assert ("green" in parse(message.as_bytes()).text) == (number < 2)


def test_a_mail_inside_a_mail_follows_behind_a_line_that_says_so() -> None:
    outer = write()
    outer.add_attachment(write("Old plan", "We meet at nine.\n"))
    assert blocks(outer.as_bytes())[4:] == [
        "We meet at ten.",
        "Attached message",
        "From: Ada Lovelace <ada@mail.example>",
        "To: Bob <bob@mail.example>",
        "Date: Mon, 03 Mar 2025 10:00:00 +0000",
        "Subject: Old plan",
        "We meet at nine.",
    ]


def test_a_saved_page_is_its_text() -> None:
    data = (
        b"From: <Saved by a browser>\r\nSubject: Tea\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/related; type="text/html"; boundary="x"\r\n\r\n'
        b"--x\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"<p>Gr=C3=BCner Tee.<p>Long=\r\ner.\r\n"
        b"--x\r\nContent-Type: text/css\r\nContent-Location: a.css\r\n"
        b"Content-Disposition: attachment\r\n\r\np {}\r\n--x--\r\n"
    )
    assert blocks(data)[2:] == ["Grüner Tee.", "Longer."]
    assert parse(data).warnings == ("1 attachment not read: text/css",)


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        (b"=?utf-8?b?R3LDtsOfZQ==?= =?utf-8?q?_x?=", "Größe x"),
        (b"=?iso-8859-1?q?Gr=F6=DFe?=\r\n and more", "Größe and more"),
        (b"=?utf-8?b?broken", "=?utf-8?b?broken"),
        (b"=?nothing?q?abc?=", "abc"),
        (b"=?idna?q?abc?=", "abc"),
        ("Größe".encode(), "Größe"),
        (b"caf\xe9 zentral", "café zentral"),
        (b"a\r\n\tb", "a b"),
    ],
)
def test_subjects_of_every_kind_are_read(header: bytes, shown: str) -> None:
    assert parse(b"From: a@b.example\r\nSubject: " + header + b"\r\n\r\nText.").title == shown


@pytest.mark.parametrize(
    ("charset", "body", "shown"),
    [
        ("iso-8859-1", b"5 \x80 \x93here\x94.", "5 € “here”."),
        ("gb2312", "今天天气很好。".encode("gb18030"), "今天天气很好。"),
        ("utf-8", b"It was the caf\xe9 of Ren\xe9e.", "It was the café of Renée."),
        ("no-such", b"Plain.", "Plain."),
        ("rot13", b"Plain.", "Plain."),
        ("unicode_escape", b"Plain \\q.", "Plain \\q."),
    ],
)
def test_a_charset_that_is_wrong_loses_no_text(charset: str, body: bytes, shown: str) -> None:
    head = f"From: a@b.example\r\nContent-Type: text/plain; charset={charset}\r\n\r\n".encode()
    assert blocks(head + body)[1:] == [shown]


@pytest.mark.parametrize(
    "broken",
    [
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nThe text.",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\nThe text.",
        b"Content-Type: multipart/mixed\r\n\r\nThe text.",
        b"Content-Type: ;;;\r\n\r\nThe text.",
        b"Content-Transfer-Encoding: base64\r\n\r\nThe text.",
        b"Content-Transfer-Encoding: x-uuencode\r\n\r\nThe text.",
        b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nThe text.",
        b"no header\r\nThe text.",
        b"Content-Type: text/plain; charset*=utf-8'en\r\n\r\nThe text.",
    ],
)
def test_a_broken_mail_is_read_as_far_as_it_goes(broken: bytes) -> None:
    parsed = parse(b"From: a@b.example\r\n" + broken)
    assert "From: a@b.example" in parsed.text
    assert "The text." in parsed.text or parsed.warnings


PIECES = (
    *(b"From: a\r\n", b"Subject: ", b"\r\n", b"--x\r\n", b"--x--", b"text", b" \n", b"\0"),
    *(b"=?", b"\xff", b"=?utf-8?q?=ff?=", b"Content-Type: text/html\r\n"),
    *(b"Content-Type: multipart/mixed; boundary=x\r\n", b"Content-Type: message/rfc822\r\n"),
    *(b"Content-Type: message/delivery-status\r\n", b"Content-Transfer-Encoding: base64\r\n"),
    b"Content-Disposition: attachment; filename*=a'b'c\r\n",
)


@given(st.lists(st.sampled_from(PIECES)).map(b"".join))
def test_any_mail_is_read_or_refused(data: bytes) -> None:
    try:
        parse(data)
    except DocumentUnreadable:
        return


def nest(depth: int) -> bytes:
    message: Message = MIMEText("Innermost.")
    for _ in range(depth):
        outer = MIMEMultipart()
        outer.attach(message)
        message = outer
    lines = [b"From: a@b.example"]
    for n in range(depth):
        lines += [b'Content-Type: multipart/mixed; boundary="%d"' % n, b"", b"--%d" % n]
    return b"\r\n".join([*lines, b"", b"Innermost."])


def test_parts_too_deep_are_counted_or_refused() -> None:
    assert "Innermost." in parse(nest(50)).text
    assert parse(nest(150)).warnings == ("1 part nested too deeply, left out",)
    with within(20), pytest.raises(DocumentUnreadable, match="nested too deeply"):
        parse(nest(5_000))


@pytest.mark.parametrize(
    "data",
    [
        b"Subject: " + b"=?a?q?" * 200_000 + b"\r\n\r\nText.",
        b"Subject: x\r\nTo: " + b"a@b.example, " * 100_000 + b"\r\n\r\nText.",
        b"X: y\r\n" * 200_000 + b"\r\nText.",
        b"Subject: x\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=\r\n" * 300_000,
        b"Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"QUJD\r\n" * 200_000,
        b"Subject: x\r\n\r\n" + b"> " * 500_000,
    ],
    ids=["words", "names", "headers", "quoted", "base64", "quotes"],
)
def test_a_large_mail_takes_seconds_at_most(data: bytes) -> None:
    with within(8):
        parse(data)


def test_parameters_made_to_take_time_are_refused() -> None:
    with pytest.raises(DocumentUnreadable, match="too long"):
        parse(b"Subject: x\r\nContent-Type: text/plain" + b';"' * 500_000 + b"\r\n\r\nText.")
