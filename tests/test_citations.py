"""The promise: every citation of every answer is an exact span of the stored document."""

import random
import tempfile
from pathlib import Path

from corpora import settings_in, write_files
from hashing import HashingEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.pipeline import Assistant
from assistant.values import Answer

SENTENCES = [
    "The Danube flows through ten countries.",
    "The Danube flows through ten countries.",
    "Dr. Osei paid 3.5 per cent on 6 May 2021, i.e. too much!",
    "Flags 🇫🇷🇩🇪, families 👩‍👩‍👧‍👦 and thumbs 👍🏽 were seen.",
    "Cafe\u0301 n\u0303andu\u0301 a\u0323\u0308\u0304 composed.",
    "هل تدفق الدانوب عبر عشر دول؟ نعم، في عام 2021.",
    "הדנובה זורמת בעשר מדינות.",
    "多瑙河流经十个国家。数字経済は成長した。",
    "แม่น้ำดานูบไหลผ่านสิบประเทศ",
    "नदी दस देशों से होकर बहती है।",
    "Is 'quoted \"text\" [1]' <b>safe</b> &amp; sound?",
    "Zero\u200bwidth, soft\u00adhyphen, \u202eoverride\u202c and nul\x00.",
    "no capital no full stop",
    "A" * 300,
]
JOINTS = [" ", "\n", "\r\n", "\n\n", "\r\n\r\n", "\r", "\t", " \u2028", "\u00a0"]
QUESTIONS = st.sampled_from([*SENTENCES, "Danube countries?", "?!", "2021", "\u0301", "数字"])


@st.composite
def texts(draw: st.DrawFn) -> str:
    sentences = st.one_of(st.sampled_from(SENTENCES), st.text(max_size=40))
    parts = draw(st.lists(st.tuples(sentences, st.sampled_from(JOINTS)), min_size=1, max_size=25))
    return "".join(sentence + joint for sentence, joint in parts)


@st.composite
def corpora(draw: st.DrawFn) -> dict[str, bytes]:
    files = {}
    for n in range(draw(st.integers(1, 4))):
        text = draw(texts())
        kind = draw(st.sampled_from(["txt", "md", "html"]))
        if kind == "md":
            text = f"# Heading {n}\n\n* {text}\n\n## Deeper\n\n> {text}\n"
        if kind == "html":
            text = f"<title>T{n}</title><h1>H</h1><p>{text}</p><table><tr><td>{text}</td></table>"
        files[f"d{n}.{kind}"] = text.encode("utf-8", "surrogatepass")
    return files


def require_exact(assistant: Assistant, answer: Answer) -> None:
    """Assert what the assistant promises of every answer."""
    numbers = [citation.number for citation in answer.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    used = [number for statement in answer.statements for number in statement.citations]
    used += [number for one in answer.computed for number in one.citations]
    assert list(dict.fromkeys(used)) == numbers
    assert all(statement.citations for statement in answer.statements)
    assert answer.abstained == (not answer.statements)
    for citation in answer.citations:
        document = assistant.document(citation.document_id)
        assert document.text[citation.start : citation.end] == citation.quote
        assert citation.quote.strip() == citation.quote != ""
        assert citation.sha256 == document.sha256
    for statement in answer.statements:
        quotes = [answer.citations[number - 1].quote for number in statement.citations]
        assert statement.text.split() in [quote.split() for quote in quotes]
    for passage in answer.consulted:
        text = assistant.document(passage.document_id).text
        assert text[passage.start : passage.end] == passage.text
        for citation in answer.citations:
            assert (
                citation.document_id != passage.document_id
                or citation.end <= passage.start
                or passage.end <= citation.start
            )


@settings(max_examples=30, deadline=None)
@given(files=corpora(), questions=st.lists(QUESTIONS, min_size=1, max_size=3, unique=True))
def test_every_citation_is_an_exact_span(files: dict[str, bytes], questions: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        given_settings = settings_in(Path(folder), max_over_refusal=0.0, max_drop=100.0)
        write_files(given_settings.corpus_dir, files)
        with Assistant(given_settings, HashingEmbedder()) as assistant:
            assistant.sync()
            assert assistant.check() == ()
            for question in questions:
                require_exact(assistant, assistant.ask(question))


def test_every_citation_is_exact_in_one_line_of_a_megabyte(tmp_path: Path) -> None:
    random_ = random.Random(1)
    parts: list[str] = []
    while sum(map(len, parts)) < 1_000_000:
        parts.append(random_.choice(SENTENCES[:-1]) * random_.randint(1, 3))
        parts.append(random_.choice([" ", " ", "", "\u00a0"]))
    line = "".join(parts).replace("\n", " ")
    given_settings = settings_in(tmp_path, max_over_refusal=0.0, max_drop=100.0)
    write_files(given_settings.corpus_dir, {"line.txt": line, "solid.txt": "a" * 1_000_000})
    with Assistant(given_settings, HashingEmbedder(dimension=16)) as assistant:
        assistant.sync()
        for question in ("Danube countries?", "多瑙河", "a" * 300, "no capital"):
            answer = assistant.ask(question)
            assert answer.statements
            require_exact(assistant, answer)
