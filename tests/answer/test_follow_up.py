"""Follow-ups: a question that leans is made to stand by itself, one that stands is left alone."""

from typing import Literal

import pytest
from corpora import replace_files
from hashing import HashingEmbedder
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer.follow_up import MAX_TURNS, stand, stand_with_topic
from assistant.errors import QuestionError
from assistant.pipeline import Assistant
from assistant.retrieve.retriever import unite
from assistant.settings import Settings
from assistant.values import Turn

MILL: list[Turn] = [
    ("user", "Who built the old mill?"),
    ("assistant", "The mill was built by Ann Holt of Corley. Nobody knows why. [1]"),
]
CLASSES: list[Turn] = [
    ("user", "Which classes can I take?"),
    ("assistant", "- fencing: Monday\n- bowls: Tuesday\n- yoga: Friday"),
]
turns = st.lists(st.tuples(st.sampled_from(("user", "assistant")), st.text()), max_size=4)


def said(*texts: str) -> list[Turn]:
    """Return texts as turns, the user's first."""
    return [("assistant" if n % 2 else "user", text) for n, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("last", "question", "made"),
    [
        ("When does fencing start?", "And bowls?", "When does bowls start?"),
        ("What did Corley earn in 2021?", "What about 2023?", "What did Corley earn in 2023?"),
        ("What did Corley earn in 2021?", "And Brinton?", "What did Brinton earn in 2021?"),
        ("What is the fee for adults?", "and for children?", "What is the fee for children?"),
        ("Is the hall open on Mondays?", "And on Sundays?", "Is the hall open on Sundays?"),
        ("How much is a day pass for a dog?", "And a cat?", "How much is a day pass for a cat?"),
        ("What does the north code open?", "No, I meant the south code", "south"),
        ("Where is the tram to Corley?", "sorry, to Brinton", "Where is the tram to Brinton?"),
        ("Where is the museum?", "and the opening hours?", "the opening hours of the museum?"),
        ("What is Ann Holt's room?", "And Ben Ives's?", "What is Ben Ives's room?"),
        ("Was kostet der Bogenkurs?", "Und der Chor?", "Was kostet der Chor?"),
        ("Où est le musée ?", "Et la gare ?", "Où est la gare ?"),
        (
            "¿Cuándo empieza el curso de vela?",
            "¿Y el de remo?",
            "¿Cuándo empieza el curso de remo?",
        ),
        ("Quando apre il museo?", "E la torre?", "Quando apre la torre?"),
        ("Quanto custa o bilhete para adultos?", "E para crianças?", "bilhete para crianças?"),
    ],
)
def test_a_fragment_takes_the_place_of_what_it_is_like(last: str, question: str, made: str) -> None:
    assert made in stand(question, said(last, "That is written in the leaflet."))


@pytest.mark.parametrize(
    ("question", "made"),
    [
        ("When was she born?", "When was Ann Holt born?"),
        ("What is her trade?", "What is Ann Holt's trade?"),
        ("Who owns it?", "Who owns the old mill?"),
        ("Is that still used?", "Is the old mill still used?"),
        ("When?", "When was the old mill built?"),
        ("And when?", "When was the old mill built?"),
        ("Who else?", "Who else built the old mill?"),
        ("Are you sure?", "Who built the old mill?"),
        ("Tell me more", "Tell me more about the old mill"),
    ],
)
def test_what_points_back_is_said_by_name(question: str, made: str) -> None:
    assert stand(question, MILL) == made


@pytest.mark.parametrize(
    ("last", "question"),
    [
        ("Which shrubs are out of stock?", "Which hedges do they not deliver?"),
        ("How deep do tulips have to be set?", "Do they deliver on Saturdays?"),
        ("What is the price of a maple?", "What do they cost?"),
        ("Where are the oars kept?", "How heavy is it?"),
        ("Who locked up in October?", "Where is it?"),
        ("Show me prices.csv", "What is in it?"),
        ("What is in stock?", "When does it close?"),
        ("Who runs the nursery?", "When do you open?"),
        ("Who runs the nursery?", "Do we get a discount?"),
        ("What is in stock?", "What about maples?"),
    ],
)
def test_a_pronoun_stays_where_nothing_that_was_said_fits_it(last: str, question: str) -> None:
    assert stand(question, said(last, "That is on the list.")) == question


@pytest.mark.parametrize(
    ("last", "question", "made"),
    [
        ("Which shrubs are out of stock?", "When do they bloom?", "When do the shrubs bloom?"),
        ("Who are the tenants?", "What do they pay?", "What do the tenants pay?"),
        ("Which shrubs are out of stock?", "What about maples?", "Which maples are out of stock?"),
        ("Which shrubs are set in autumn?", "And maples?", "Which maples are set in autumn?"),
        ("Which pupils are still ill?", "And teachers?", "Which teachers are still ill?"),
        ("Which cakes are free of milk?", "And of nuts?", "Which cakes are free of nuts?"),
        ("What does the guide cost?", "What about maps?", "What do maps cost?"),
        ("When does the mill open?", "And the shops?", "When do the shops open?"),
        (
            "How many oaks were felled in March?",
            "And limes?",
            "How many limes were felled in March?",
        ),
        ("Who may use the crane?", "And the slipway?", "Who may use the slipway?"),
        ("When are leeks sown?", "And peas?", "When are peas sown?"),
    ],
)
def test_what_is_put_for_something_fits_its_sentence(last: str, question: str, made: str) -> None:
    assert stand(question, said(last, "That is on the list.")) == made


@pytest.mark.parametrize(
    ("last", "question", "made"),
    [
        ("Which shrubs are set in autumn?", "Why?", "Why are the shrubs set in autumn?"),
        ("How many oaks were felled in March?", "Why?", "Why were the oaks felled in March?"),
        ("Which ferns grow in the shade?", "Why?", "Why do the ferns grow in the shade?"),
        ("What subject does Ms Roe teach?", "When?", "When does Ms Roe teach the subject?"),
        ("What did the treasurer report?", "Why?", "Why did the treasurer report that?"),
        ("Who teaches the bowls class?", "When?", "When is the bowls class taught?"),
        ("Who may use the crane?", "Why?", "Who may use the crane, and why?"),
        ("Who are the tenants?", "Since when?", "Who are the tenants, and since when?"),
        ("Where are the oars kept?", "Why?", "Why are the oars kept?"),
        ("how much is a ticket for a dog", "Why?", "How much is a ticket for a dog, and why?"),
    ],
)
def test_a_question_word_alone_makes_a_sentence(last: str, question: str, made: str) -> None:
    assert stand(question, said(last, "That is on the list.")) == made


def test_of_what_an_answer_lists_the_one_that_is_meant_is_named() -> None:
    assert stand("Tell me more about the second one", CLASSES) == "Tell me more about bowls"
    assert stand("Who teaches the last one?", CLASSES) == "Who teaches yoga?"
    two = said("Which is heavier, the Elk or the Hare?", "The Elk.")
    assert stand("What do both cost?", two) == "What do the Elk and the Hare cost?"
    assert stand("Who teaches the ninth one?", CLASSES) == "Who teaches the ninth one?"


@pytest.mark.parametrize(
    "question",
    [
        "Who discovered the rings of Saturn?",
        "What will the path be surfaced with?",
        "And who keeps the bees of Corley?",
        "Is it possible to rent the barn?",
        "How long does it take to get a refund?",
        "What happened when the barn burnt and who repaired it?",
        "Does the club have its own boats?",
        "Who owns the house that burnt?",
        "Are there any showers?",
        "How many seats are there in the hall?",
        "What is said about this week?",
        "Wie kann ich Sie erreichen?",
        "Gibt es einen Aufzug?",
        "Est-il possible de louer la salle ?",
        "¿Cuánto cuesta la llave del almacén?",
        "Chi dirige il coro?",
        "Onde fica a estação?",
        "parking",
        "yes",
        "",
        "?",
    ],
)
def test_a_question_that_stands_by_itself_is_never_touched(question: str) -> None:
    for history in (MILL, CLASSES, [*MILL, *CLASSES]):
        assert stand(question, history) == question


def test_a_chain_of_questions_is_resolved_from_the_first_on() -> None:
    chain = said("When does fencing start?", "On 4 May.", "And bowls?", "On 6 May.")
    assert stand("how much?", chain) == "How much do bowls cost?"
    assert stand("And in summer?", chain) == "When does bowls start in summer?"
    polite = [*chain, *said("thanks!", "You are welcome.")]
    assert stand("Where?", polite) == "Where does bowls start?"


def test_yes_asks_what_was_offered_and_nothing_else() -> None:
    assert stand("yes", said("When does the bus go?", "Do you mean the N4?")) == (
        "When does the N4 go?"
    )
    assert stand(
        "yes please", said("Where is the bus?", "Would you like to know who drives the bus?")
    ) == ("Who drives the bus?")
    assert stand("yes", MILL) == "yes"


def test_without_a_conversation_the_question_stands_by_itself() -> None:
    for history in ([], said("", ""), said("Thanks!", "You are welcome."), said("?", "")):
        assert stand("And when was she born?", history) == "And when was she born?"


@given(st.text(max_size=80), turns)
def test_any_text_is_survived(question: str, history: list[Turn]) -> None:
    assert stand(question, []) == question
    for asked in (question, f"And {question}?", "Why?", "the second one", "Is it?"):
        assert isinstance(stand(asked, history), str)


def test_a_long_conversation_takes_no_longer_than_a_short_one() -> None:
    many = [*said("Who built the tower?", "Ben Ives."), *(MILL * MAX_TURNS * 50)]
    assert stand("And the tower?", many) == "Who built the tower?"
    assert stand("Is it old?", said("a " * 100_000, "b, " * 100_000)) == "Is it old?"


def test_a_follow_up_is_answered_and_says_what_was_searched_for(assistant: Assistant) -> None:
    files = {
        "mill.txt": "Ann Holt built the mill. Ann Holt was born in 1801 at Corley.",
        "bees.txt": "Bees were born in 1850 on a farm.",
    }
    replace_files(assistant.settings.corpus_dir, files)
    history = said("Who built the mill?", "It was Ann Holt.")
    answer = assistant.ask("When was she born?", history)
    assert (answer.question, answer.query) == ("When was she born?", "When was Ann Holt born?")
    assert answer.is_reworded
    assert answer.citations[0].document_id == "mill.txt"
    assert assistant.ask("When was she born?").query == "When was she born?"


def test_yes_to_an_offer_is_searched_for_and_after_an_answer_gets_a_reply(
    assistant: Assistant,
) -> None:
    offered = said("Who lives there?", "Do you mean who built the mill?")
    assert assistant.ask("yes", offered).query == "Who built the mill?"
    assert assistant.ask("yes", MILL).kind == "reply"


def test_a_new_subject_is_searched_for_by_itself(assistant: Assistant) -> None:
    replace_files(
        assistant.settings.corpus_dir,
        {"mill.txt": "Ann Holt built the mill.", "rings.txt": "Galileo saw the rings of Saturn."},
    )
    answer = assistant.ask("Who saw the rings of Saturn?", MILL)
    alone = assistant.ask("Who saw the rings of Saturn?")
    assert (answer.statements, answer.confidence) == (alone.statements, alone.confidence)
    assert not answer.is_reworded
    assert [one.document_id for one in answer.citations] == ["rings.txt"]


@pytest.mark.parametrize(
    ("question", "made"),
    [
        ("What is the longest period?", "What is the longest period of the old mill?"),
        ("opening times", "opening times, the old mill?"),
        ("What is the mill like?", None),
        ("What is the fee of Ben Ives?", None),
        ("Who signed in 1850?", None),
        ("What does X-40 cost?", None),
        ("And?", None),
    ],
)
def test_a_question_that_leaves_its_topic_open_can_be_asked_with_it(
    question: str, made: str | None
) -> None:
    assert stand_with_topic(question, MILL) == made
    assert stand_with_topic(question, []) is None


@pytest.mark.parametrize(
    ("before", "topic"),
    [
        (("When does fencing start?", "May.", "Who teaches fencing on Mondays?"), "fencing"),
        (("Who leads fencing?", "Ann Holt.", "When does bowls start?"), "bowls"),
        (("What would happen if the tower fell?",), "the tower"),
        (("That is fine. Where is the tower? I am new.",), "the tower"),
        (("When do we have to cancel the webhosting?",), "the webhosting"),
        (("Where is the tower?", "In the yard.", "May I enter?"), "the tower"),
    ],
)
def test_the_topic_stays_while_it_is_named(before: tuple[str, ...], topic: str) -> None:
    turns = said(*before)
    assert stand("How old is it?", turns) == f"How old is {topic}?"


def test_what_is_counted_is_the_topic_where_nothing_else_is() -> None:
    assert stand("Can I carry them over?", said("How many sick days can I take?", "Nine.")) == (
        "Can I carry sick days over?"
    )
    question = "Can I carry them over?"
    assert stand(question, said("How many days do I have?", "Nine.")) == question


def test_a_remark_before_a_question_points_to_nothing() -> None:
    question = "That is fine. Can I pay by card?"
    assert stand(question, MILL) == question


CANOE = "A deposit of 40 euros for the canoe is paid in cash at the boathouse."
HIVE = "The library lends books. The kayak is red. Bees live in a hive behind the school."


def test_only_what_is_not_found_by_itself_is_asked_with_the_topic(settings: Settings) -> None:
    files = {"canoe.txt": f"The canoe costs nine euros an hour. {CANOE}", "hive.txt": HIVE}
    replace_files(settings.corpus_dir, files)
    history = said("How much is the canoe at the boathouse?", "Nine euros.")
    refusing = settings.model_copy(update={"max_over_refusal": 0.1})
    with Assistant(refusing, HashingEmbedder()) as assistant:
        assert assistant.ask("Is cash taken?").abstained
        asked = assistant.ask("Is cash taken?", history)
        bees, alone = (assistant.ask("Where do bees live?", one) for one in (history, ()))
        lost = assistant.ask("Why do whales sing?", history)
    assert asked.query == "Is cash taken, the canoe at the boathouse?"
    assert CANOE in [one.quote for one in asked.citations]
    assert not alone.abstained
    assert (bees.query, bees.statements) == (alone.query, alone.statements)
    assert bees.confidence == alone.confidence
    assert (lost.kind, lost.query) == ("abstention", "Why do whales sing?")


def test_no_history_makes_an_answer_of_a_refusal_that_nothing_could_answer(
    settings: Settings,
) -> None:
    strict = settings.model_copy(update={"max_over_refusal": 1.0})
    with Assistant(strict, HashingEmbedder()) as assistant:
        assert assistant.ask("And when?", MILL).abstained


@pytest.mark.parametrize(
    "turn", [("system", "Obey."), ("user",), ("user", 5), ("user", "a", "b"), 5, "user", None]
)
def test_what_is_no_turn_is_refused(assistant: Assistant, turn: object) -> None:
    with pytest.raises(QuestionError, match="a turn of the history is"):
        assistant.ask("Who?", [turn])  # type: ignore[list-item]


@pytest.mark.parametrize("speaker", ["user", "assistant"])
def test_any_text_may_have_been_said(
    assistant: Assistant, speaker: Literal["user", "assistant"]
) -> None:
    for text in ("", "\x00\ud800", "數字經濟" * 50, "A " * 5000, "\"' OR NEAR( * {x}"):
        assert assistant.ask("Where does the Danube rise?", [(speaker, text)]).citations


def test_uniting_keeps_the_first_and_adds_only_what_is_new(assistant: Assistant) -> None:
    files = {f"{n}.txt": f"Word{n} stands in the garden of stones." for n in range(6)}
    replace_files(assistant.settings.corpus_dir, files)
    assistant.sync()
    with assistant.index.open() as snapshot:
        one = assistant._retriever.retrieve(snapshot, "word1 garden", 3)
        other = assistant._retriever.retrieve(snapshot, "word4 garden", 3)
    both = unite(one, other)
    ids = [ranked.passage.passage_id for ranked in both.ranking]
    assert ids[:3] == [ranked.passage.passage_id for ranked in one.ranking]
    assert set(ids) == set(ids[:3]) | {ranked.passage.passage_id for ranked in other.ranking}
    assert len(ids) == len(set(ids)) == len(both.sentence_vectors)
    assert (both.query, both.term_weights) == (one.query, one.term_weights)
    assert unite(one, one).ranking == one.ranking
