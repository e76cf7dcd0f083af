"""Places that a question names are read out, and so is the answer to a document's own question."""

from collections.abc import Iterator

import pytest
from corpora import replace_files, settings_in
from hashing import HashingEmbedder

from assistant.pipeline import Assistant
from assistant.text.exact import read_place
from assistant.text.terms import guess_language
from assistant.values import Answer

FILES = {
    "berth contract.txt": """BERTH CONTRACT

Clause 1. The berth
The harbour lets berth 14 to Ms Lindqvist. It is nine metres long.

Clause 2. The rent
The rent is 610 crowns a season.

Clause 3. Winter
Boats leave the water by 15 October:
- masts are laid down
- batteries go ashore

Clause 4. Ending
Either side may end the contract by letter.
""",
    "hausordnung.md": "# Hausordnung\n\n## § 5 Ruhezeiten\n\nVon 22 bis 6 Uhr ist Ruhe.\n\n"
    "## § 6 Keller\n\nFahrräder stehen im Keller.\n",
    "statuts.md": "# Statuts du club\n\n## Article 7. Cotisation\n\nElle est de 35 euros.\n\n"
    "## Article 8. Bureau\n\nLe bureau compte cinq membres.\n",
    "rigging guide.md": "# Rigging guide\n\n## 2.1 Before you start\n\nDry the sail.\n\n"
    "## 2.2 Hoisting\n\nFollow these steps:\n\n1. Untie the boom.\n2. Clip on the halyard.\n"
    "3. Pull until the luff is tight.\n\n## 2.3 Lowering\n\nLet the halyard run.\n",
    "board.txt": """BOARD

3 April 2025
The crane is out of order until Easter.

9 April 2025
Lost: a blue oar. Please tell the office.
""",
    "pumps.log": "2025-04-01 06:10 pump A started\n2025-04-02 06:12 pump B failed, fuse 3 blown\n",
    "desk.md": "# At the desk\n\n**Is there a shower?**\n\nYes, behind the sail loft.\n\n"
    "**How do I log out of the locker?**\n\nHold the key for three seconds.\n\n"
    "**Who may use the slipway?**\n\n- members\n- guests who paid\n",
    "faq.html": "<h1>Visitors</h1>"
    "<h3>Where can I leave my windsurfer?</h3><p>On the gravel. It costs "
    "4 crowns.</p><h3>Wann wird geputzt?</h3><p>Freitags.</p>",
    "short.txt": "Q: Do you lend oars? A: Only to members.\n\nQ: Is there ice? A: At the kiosk.\n",
    "act.txt": "THE MOORING ACT\n\nArticle 17.\nNobody moors at the red buoy.\n\nArticle 18.\n"
    "Whoever does pays 90 crowns.\n\nAnnex B\nOars cost nothing.\nIce is free.\n",
    "prices.csv": "Item,Name,Price\n12,Shackle,4.50\n13,Cleat,6.10\n",
    "answers.csv": "Question,Answer\nMay I cook on board?,Only while moored.\n"
    "Is fishing allowed?,From the outer pier.\n",
}


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    settings = settings_in(tmp_path_factory.mktemp("harbour"))
    replace_files(settings.corpus_dir, FILES)
    with Assistant(settings, HashingEmbedder()) as assistant:
        assistant.sync()
        yield assistant


def said(answer: Answer) -> list[str]:
    return [one.text for one in answer.statements]


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("What does clause 2 say?", "Clause 2. The rent", "The rent is 610 crowns a season."),
        ("what's in clause 3", "Clause 3. Winter", "- batteries go ashore"),
        ("what does clause 2 of berth contract.txt say", "Clause 2. The rent", "610 crowns"),
        ("clause 4 of the berth contract", "Clause 4. Ending", "Either side may end the contract"),
        ("what is in section 2.3", "2.3 Lowering", "Let the halyard run."),
        ("read me step 2", "2.2 Hoisting", "Clip on the halyard."),
        ("the third step", "2.2 Hoisting", "Pull until the luff is tight."),
        ("was steht in Paragraph 5?", "§ 5 Ruhezeiten", "Von 22 bis 6 Uhr ist Ruhe."),
        ("Was sagt § 6?", "§ 6 Keller", "Fahrräder stehen im Keller."),
        ("que dit l'article 8 ?", "Article 8. Bureau", "Le bureau compte cinq membres."),
        ("what does article 18 say", "Article 18.", "Whoever does pays 90 crowns."),
        ("Annex B", "Annex B", "Ice is free."),
        ("¿Qué dice el artículo 7?", "Article 7. Cotisation", "Elle est de 35 euros."),
        ("What does the notice of 2025-04-09 say?", "9 April 2025", "Please tell the office."),
        ("what did the board say on 3 April 2025", "3 April 2025", "out of order until Easter."),
        ("log entry of 2 April 2025", "2025-04-02 06:12", "fuse 3 blown"),
    ],
)
def test_a_place_is_shown_whole(harbour: Assistant, question: str, first: str, last: str) -> None:
    statements = said(harbour.ask(question))
    assert statements[0].startswith(first)
    assert statements[-1].endswith(last) or last in statements[-1]
    assert len(statements) <= 5


def test_two_places_that_are_asked_for_in_one_are_both_shown(harbour: Assistant) -> None:
    both = said(harbour.ask("What does clause 2 say and what does clause 4 say?"))
    assert [one for one in both if one.startswith("Clause")] == [
        "Clause 2. The rent",
        "Clause 4. Ending",
    ]


def test_several_places_are_shown_in_their_order(harbour: Assistant) -> None:
    both = said(harbour.ask("What do clauses 2 and 4 say?"))
    assert [one for one in both if one.startswith("Clause")] == [
        "Clause 2. The rent",
        "Clause 4. Ending",
    ]
    steps = said(harbour.ask("steps 1 to 3"))
    assert [one for one in steps if one[0].isdigit() and one[1] == "."][-1].startswith("3. Pull")


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("What does clause 9 say?", "No document has a clause 9. There are clauses 1–4."),
        ("What is in article 12?", "No document has an article 12. There are articles 7–8, 17–18."),
        ("what do clauses 8 and 9 say", "No document has clauses 8 and 9."),
        ("was steht in Artikel 12?", "Kein Dokument enthält “Artikel 12”. Es gibt: 7–8, 17–18."),
        ("What does § 9 say?", "No document has § 9. There are paragraphs 5–6."),
        ("What does annex C say?", "No document has an annex C."),
        (
            "What does clause 9 of the berth contract say?",
            "“berth contract.txt” has no clause 9. There are clauses 1–4.",
        ),
    ],
)
def test_a_place_that_does_not_exist_is_refused_by_its_name(
    harbour: Assistant, question: str, reason: str
) -> None:
    answer = harbour.ask(question)
    assert answer.abstained
    assert (answer.reason or "").startswith(reason)


@pytest.mark.parametrize(
    "question",
    [
        "How long is step 4?",
        "Who wrote chapter 3?",
        "Which chapter is about the tide?",
        "What is the rule a member must follow?",
        "What part did Ann play in 2019?",
        "When does clause 2 apply?",
        "What happened before 3 April 2025?",
        "Is there a page on sails?",
    ],
)
def test_a_question_that_asks_for_more_than_a_place_is_asked_as_ever(question: str) -> None:
    place = read_place(question, guess_language(question))
    assert place is None or (place.rest and not place.is_asked)


@pytest.mark.parametrize(
    "question", ["What is item 12?", "item 13", "What does step 1 of item 12 say?"]
)
def test_what_is_no_place_but_stands_in_a_document_is_not_refused_as_one(
    harbour: Assistant, question: str
) -> None:
    assert not (harbour.ask(question).reason or "").startswith("No document has")


def test_what_a_place_says_of_something_is_asked_as_ever(harbour: Assistant) -> None:
    place = read_place("What does clause 3 say about masts?")
    assert place
    assert place.rest == {"mast"}
    statements = said(harbour.ask("What does clause 3 say about masts?"))
    assert "- masts are laid down" in statements or not statements
    assert "Clause 3. Winter" not in statements[1:]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("is there a shower", ["Yes, behind the sail loft."]),
        ("Is there any SHOWER?!", ["Yes, behind the sail loft."]),
        ("Where can I leave my windsurfre", ["On the gravel.", "It costs 4 crowns."]),
        ("how can I log out of my locker", ["Hold the key for three seconds."]),
        ("who can use the slipway", ["members", "guests who paid"]),
        ("where do I leave a windsurfer", ["On the gravel.", "It costs 4 crowns."]),
        ("wann wird hier geputzt", ["Freitags."]),
        ("do you lend oars", ["A: Only to members."]),
        ("can I cook on board", ["Question: May I cook on board? | Answer: Only while moored."]),
    ],
)
def test_a_question_that_a_document_asks_itself_has_its_answer(
    harbour: Assistant, question: str, answer: list[str]
) -> None:
    found = harbour.ask(question)
    assert said(found)[-len(answer) :] == answer
    assert found.confidence == 1.0


@pytest.mark.parametrize(
    "question",
    [
        "is there a sauna",
        "do you lend out oars",
        "do you have oars",
        "how do I log in to the locker",
        "how do I log into the locker",
        "where is the shower",
        "when can I leave my windsurfer?",
        "is fishing not allowed?",
        "is fishing allowed at night",
        "who may use the crane",
    ],
)
def test_another_question_has_not(harbour: Assistant, question: str) -> None:
    assert harbour.ask(question).confidence < 1.0
