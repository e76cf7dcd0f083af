"""From which passages questions to try are made."""

from corpora import replace_files

from assistant.answer.suggest import read_all_over, read_near, spread
from assistant.pipeline import Assistant


def test_rows_are_spread_over_contents_and_over_each() -> None:
    contents = [list(range(1, 101)), [200], [300, 301]]
    assert spread(contents, 3) == [1, 200, 300]
    assert sorted(spread(contents, 999)) == [*range(1, 101), 200, 300, 301]
    of_first = [row for row in spread(contents, 12) if row <= 100]
    assert {row // 34 for row in of_first} == {0, 1, 2}, "from every third of it"
    assert spread([], 4) == []


def test_sources_of_a_whole_index_are_its_passages_sentence_by_sentence(
    assistant: Assistant,
) -> None:
    assistant.sync()
    with assistant.index.open() as snapshot:
        sources = read_all_over(snapshot, 99)
        assert len(sources) == snapshot.n_passages
        assert len(read_all_over(snapshot, 2)) == 2
    (titan,) = (one for one in sources if "Titan is" in one.text)
    assert "It has lakes of methane." in titan.sentences
    assert titan.heading == "Moons"


def test_what_was_consulted_comes_first_and_then_more_of_its_document(assistant: Assistant) -> None:
    answer = assistant.ask("Who counted 400 volcanoes on Io?", documents=["space/moons.md"])
    (consulted,) = answer.consulted
    with assistant.index.open() as snapshot:
        texts = [one.text for one in read_near(snapshot, answer)]
    assert texts[0] == consulted.text
    assert {"Europa" in text or "Titan" in text for text in texts} == {True}
    assert len(set(texts)) == 2, "the other section of it too"


def test_a_document_that_is_gone_is_still_the_text_that_was_consulted(assistant: Assistant) -> None:
    answer = assistant.ask("Who counted 400 volcanoes on Io?", documents=["space/moons.md"])
    replace_files(assistant.settings.corpus_dir, {"other.txt": "Nothing to see."})
    assistant.sync()
    with assistant.index.open() as snapshot:
        sources = read_near(snapshot, answer)
    assert [one.text for one in sources] == [one.text for one in answer.consulted]
