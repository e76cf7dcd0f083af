"""Markup that people write: what its page shows is the text, in order, without its marks."""

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingest.reading import blocks, headings, within

from assistant.ingest.formats import tex
from assistant.ingest.formats.markup import parse_adoc, parse_org, parse_rst
from assistant.ingest.formats.parsed import Limits
from assistant.ingest.sniff import media_type
from assistant.values import Role

PARSERS = {".rst": parse_rst, ".adoc": parse_adoc, ".org": parse_org, ".tex": tex.parse}
SOURCES = {
    ".rst": """
Kiln
====

The kiln needs :ref:`nine hours <hours>` and *wet* clay.

Loading
-------

#. Load it.
#. Close it.

- A bullet
  over two lines.

.. code-block:: sh

   fire --hot

=====  ====
Clay   Loss
=====  ====
Red    4 %
White  6 %
=====  ====

.. comment that nobody sees
""",
    ".adoc": """= Kiln

// nobody sees this
The kiln needs https://kiln.example[nine hours] and *wet* clay.

== Loading

1. Load it.
2. Close it.

* A bullet
over two lines.

----
fire --hot
----

|===
|Clay |Loss

|Red |4 %
|White |6 %
|===
""",
    ".org": """#+TITLE: Kiln
# nobody sees this

The kiln needs [[https://kiln.example][nine hours]] and *wet* clay.

** Loading :work:
1. Load it.
2. Close it.

- A bullet
  over two lines.

#+BEGIN_SRC sh
fire --hot
#+END_SRC

| Clay  | Loss |
|-------+------|
| Red   | 4 %  |
| White | 6 %  |
""",
    ".tex": r"""\documentclass{article}
\title{Kiln}
\begin{document}\maketitle
The kiln needs \href{https://kiln.example}{nine hours} and \emph{wet} clay. % nobody sees this

\section{Loading}
\begin{enumerate}\item Load it. \item Close it.\end{enumerate}
\begin{itemize}\item A bullet
over two lines.\end{itemize}
\begin{verbatim}
fire --hot
\end{verbatim}
\begin{tabular}{l|r}
\hline Clay & Loss \\ \hline
Red & 4\,\% \\ White & 6\,\% \\
\end{tabular}
\end{document}
""",
}


@pytest.mark.parametrize("suffix", PARSERS)
def test_the_parts_of_a_page_are_told_apart(suffix: str) -> None:
    parsed = PARSERS[suffix](SOURCES[suffix].encode())
    assert blocks(parsed) == [
        *(
            "Kiln",
            "The kiln needs nine hours and wet clay.",
            "Loading",
            "1. Load it.",
            "2. Close it.",
        ),
        *("A bullet over two lines.", "fire --hot", "Clay | Loss"),
        *("Clay: Red | Loss: 4 %", "Clay: White | Loss: 6 %"),
    ]
    assert parsed.title == "Kiln"
    assert [text for text, _ in headings(parsed)] == ["Kiln", "Loading"]
    assert [unit.role for unit in parsed.units][3:] == [
        *(Role.ITEM, Role.ITEM, Role.ITEM, Role.CODE, Role.NAMES, Role.ROW, Role.ROW)
    ]


@pytest.mark.parametrize("suffix", PARSERS)
def test_markup_is_told_by_its_name(suffix: str) -> None:
    kind, warning = media_type(f"a{suffix}", SOURCES[suffix].encode())
    assert kind.startswith("text/")
    assert kind != "text/plain"
    assert warning is None


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("See :class:`~pot.Clay` and ``x``.", "See Clay and x."),
        (".. versionadded:: 3.2\n   The lid locks.", "Added in version 3.2 The lid locks."),
        (".. note:: Never open it.", "Never open it."),
        (".. mystery:: cold\n\n   Inner words.", "Inner words."),
        (".. include:: /etc/passwd\n\nText.", "Text."),
        (".. raw:: html\n\n   <script>x</script>\n\nText.", "Text."),
        (":Author: Mina Ray", "Author: Mina Ray"),
        ("Clay [1]_.\n\n.. [1] Red.", "Clay 1.\n1 Red."),
        ("a. One\nb. Two", "a. One\nb. Two"),
    ],
)
def test_what_sphinx_adds_is_known_and_nothing_else_is_lost(source: str, text: str) -> None:
    assert text in parse_rst(source.encode()).text
    assert "root:" not in parse_rst(source.encode()).text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (":heat: 1200\n\nAt {heat} degrees, {unknown}.", "At 1200 degrees, {unknown}."),
        ("Cone:: a pyramid", "Cone: a pyramid"),
        (".Losses\nWet clay.", "Losses\nWet clay."),
        ("See <<hours,the hours>> and `x`.", "See the hours and x."),
        ("image::kiln.png[A kiln, 300]", "A kiln"),
        ('[cols="2*"]\n|===\n|Red\n|4 %\n|===', "Red | 4 %"),
        ("2 * 3 * 4 and a_b_c", "2 * 3 * 4 and a_b_c"),
    ],
)
def test_marks_of_asciidoc_are_taken_out(source: str, text: str) -> None:
    assert parse_adoc(source.encode()).text == text


def test_a_line_of_asciidoc_with_signs_below_it_is_a_heading_and_no_fence() -> None:
    parts = ("Kiln book\n=========", "Wet clay\n--------", "Cold\n~~~~~", "Old\n^^^", "Odd\n++++")
    said = "It is wet, said Ann.\nIt is cold."
    fenced = "The oven is lit by this:\n----\nlight()\n----"
    lists = "* one\n----\ntwo()\n----"
    parsed = parse_adoc("\n\n".join((*parts, said, "====\nShut.\n====", fenced, lists)).encode())
    names = [("Kiln book", 1), ("Wet clay", 2), ("Cold", 3), ("Old", 4), ("Odd", 5)]
    assert headings(parsed) == names
    assert blocks(parsed)[5:] == [
        *("It is wet, said Ann. It is cold.", "Shut.", "The oven is lit by this:", "light()"),
        *("one", "two()"),
    ]


def test_what_stands_above_a_table_of_asciidoc_is_about_that_table_alone() -> None:
    first = '[%header]\n[cols="1,1"]\n[[losses]]\n|===\n|Clay\n|Loss\n|Red\n|4 %\n|===\n\n'
    second = "|===\n|9 |10 |11\n|12 |13 |14\n|===\n"
    listed = "[source,header]\n----\nx = 1\n----\n"
    parsed = parse_adoc((first + listed + second).encode())
    assert parsed.text.split("\n") == [
        *("Clay | Loss", "Clay: Red | Loss: 4 %", "x = 1"),
        *("9 | 10 | 11", "12 | 13 | 14"),
    ]


def test_a_long_value_is_not_written_out_at_every_reference() -> None:
    with within(5):
        parsed = parse_adoc(f":a: {'clay ' * 1_900}\n\n{'{a}' * 60_000}".encode())
    assert parsed.text == "{a}" * 60_000


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("* TODO Order clay :shop:", "TODO Order clay"),
        ("- [X] ten bags\n- cone :: a pyramid", "ten bags\ncone: a pyramid"),
        ("* A\n  :PROPERTIES:\n  :ID: 7\n  :END:\n  Text.", "A\nText."),
        ("a = b and c = d, /usr/bin, 3*4*5", "a = b and c = d, /usr/bin, 3*4*5"),
        ("#+BEGIN_QUOTE\nWet clay.\n#+END_QUOTE", "Wet clay."),
    ],
)
def test_marks_of_org_are_taken_out(source: str, text: str) -> None:
    assert parse_org(source.encode()).text == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            r"Jos\'e Nu\~nez, \v{C}apek, G\"odel, na\"{\i}ve, \c{c}a",
            "José Nuñez, Čapek, Gödel, naïve, ça",
        ),
        (r"Stra\ss e, \O resund, 5\% \& \$3, a\_b", "Straße, Øresund, 5% & $3, a_b"),
        (r"``Wet'' --- 3--4~kg", "“Wet” — 3–4 kg"),
        (r"It is hot\footnote{Very.} here \cite{ray}.", "It is hot here [ray].\nVery."),
        (r"At $x^2$ it is \textbf{hot}.", "At $x^2$ it is hot."),
        ("\\begin{equation}\nE = mc^2\n\\end{equation}", "E = mc^2"),
        (r"\begin{description}\item[Cone] a pyramid\end{description}", "Cone: a pyramid"),
    ],
)
def test_latex_is_read_as_it_is_printed(source: str, text: str) -> None:
    assert tex.parse(source.encode()).text == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("| a |\n| b |\n* Next\nSaid.", "a\nb\nNext\nSaid."),
        ("| a |\nSaid.", "a\nSaid."),
        ("* A\n:PROPERTIES:\n:ID: 3\n:END:\n:note: that\nSaid.", "A\n:note: that Said."),
        ("* A\n:PROPERTIES:\n:ID: 3\nSaid.\n* B", "A\nSaid.\nB"),
    ],
)
def test_what_stands_right_below_a_table_or_properties_of_org_is_kept(
    source: str, text: str
) -> None:
    assert parse_org(source.encode()).text == text


@pytest.mark.parametrize(
    "source",
    [
        "Said.\n% \\section{Gone} \\item gone\n%\\begin{itemize}\nMore.",
        "%\\title{Gone}\n\\title{}\\begin{document}Said.%\\footnote{gone}\n More.\\end{document}",
        "Said. %\\input{gone}\nMore.",
    ],
)
def test_commands_in_comments_of_latex_are_comments(source: str) -> None:
    parsed = tex.parse(source.encode())
    assert "".join(parsed.text.split()) == "Said.More."
    assert parsed.warnings == ()
    assert tex.parse(rb"100\% \section{Kept}").text == "100%\nKept"
    assert tex.parse(b"a \\\\% gone\nb").text.split() == ["a", "b"]


@pytest.mark.parametrize(
    "kind", ["{tabular}{lr}", "{tabularx}{\\textwidth}{lX}", "{tabulary}{9cm}{lL}"]
)
def test_how_a_table_of_latex_looks_is_not_in_its_cells(kind: str) -> None:
    rows = r"\multicolumn{2}{c}{Clay} \\ \multirow{2}{*}{Red} & \multicolumn{1}{p{2cm}}{9} \\"
    source = f"\\begin{kind} A & B \\\\ {rows} \\end{kind.partition('}')[0]}}}"
    assert tex.parse(source.encode()).text.replace("\n", " ").split() == (
        "A | B A: Clay A: Red | B: 9".split()
    )


def test_files_that_are_included_are_told_of() -> None:
    assert tex.parse(rb"Text. \input{other}").warnings == ("1 file included in it not read",)
    assert parse_adoc(b"Text.\n\ninclude::x.adoc[]").warnings == ("1 file included in it not read",)


@pytest.mark.parametrize("suffix", [".adoc", ".org", ".tex"])
@pytest.mark.parametrize(
    "unit",
    ["*", "|", "= ", "[", "\\title{", "`a", "$", ": ", "- ", "|===\n", "{", "\\begin{a}", " "],
)
def test_markup_takes_linear_time(suffix: str, unit: str) -> None:
    with within(5):
        PARSERS[suffix]((unit * (200_000 // len(unit))).encode())


@given(st.sampled_from(sorted(PARSERS)), st.text("ab \n*=-|[]{}\\$_`:.#+1", max_size=200))
def test_any_text_is_read(suffix: str, source: str) -> None:
    parsed = PARSERS[suffix](source.encode())
    assert all(parsed.text[start:end].strip() for start, end in parsed.blocks)


BOMB = "".join(f".. |a{n}| replace:: |a{n + 1}| |a{n + 1}|\n" for n in range(40))
HOSTILE = {
    "replacements of replacements": BOMB + ".. |a40| replace:: x\n\n|a0|\n\nThe kiln is cold.\n",
    "emphasis without end": ("*a" + "b " * 20 + "\n") * 4_000,
    "a wide table": f"+{'---+' * 3_000}\n|{' a |' * 3_000}\n+{'---+' * 3_000}\n",
    "one replacement many times": ".. |a| replace:: x\n" * 4_000 + "\nThe kiln is cold.\n",
}


# What is raised while garbage is collected, where Hypothesis listens, is raised again.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", HOSTILE)
def test_markup_that_takes_too_long_is_read_as_plain_text_and_told_of(kind: str) -> None:
    source = HOSTILE[kind]
    with within(20):
        parsed = parse_rst(source.encode(), Limits(timeout_s=1.5))
    assert parsed.warnings == ("its markup takes too long to be understood: read as plain text",)
    assert parsed.text.split() == source.split()


def test_what_is_read_in_time_leaves_nothing_behind_that_would_stop_the_next() -> None:
    assert parse_rst(b"*Cold*", Limits(timeout_s=0.5)).text == "Cold"
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(parse_rst, b"*Cold*").result().text == "Cold"
