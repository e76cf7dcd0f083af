import doctest
import json
from pathlib import Path

import pytest
from dataset_rows import (
    CLAPNQ_ROW,
    HOTPOT_ROW,
    MTRAG_ROW,
    NQ_ROW,
    QUOTESUM_ROW,
    RAMDOCS_ROW,
    TITAN,
    WICE_PAGE,
    WICE_ROW,
    expert_claim,
    squad,
    squad_paragraph,
    squad_question,
    write_json,
    write_lines,
)

import evals.datasets
from assistant.evaluation.values import Gold
from evals.datasets import (
    Claim,
    Question,
    load_claims,
    load_claims_expertqa,
    load_claims_wice,
    load_clapnq,
    load_hotpotqa,
    load_mtrag,
    load_nq,
    load_quotesum,
    load_ramdocs,
    load_set,
    load_squad,
    load_wice,
)

A, B = "00000.txt", "00001.txt"


def test_squad_gives_each_text_one_document_and_each_article_one_group(tmp_path: Path) -> None:
    other = squad_paragraph("Io has volcanoes.", squad_question("What has Io?", "volcanoes"))
    path = write_json(tmp_path / "squad.json", squad([TITAN], [other, TITAN]))
    loaded = load_squad(path, name="moons")
    assert loaded.name == "moons"
    assert loaded.texts == {A: "Titan has lakes of methane.", B: "Io has volcanoes."}
    assert [(q.query_id, q.documents, q.group) for q in loaded.questions] == [
        ("q0", (A,), "0"),
        ("q1", (A,), "0"),
        ("q2", (B,), "1"),
        ("q3", (A,), "1"),
        ("q4", (A,), "1"),
    ]


def test_squad_tells_the_accepted_strings_once_and_the_adversarial_questions(
    tmp_path: Path,
) -> None:
    loaded = load_squad(write_json(tmp_path / "squad.json", squad([TITAN])))
    assert loaded.questions == (
        Question(
            "q0",
            "What fills the lakes?",
            True,
            ("methane", "lakes of methane"),
            gold=((Gold(A, "Titan has lakes of methane."),),),
            documents=(A,),
            group="0",
        ),
        Question(
            "q1",
            "What fills the seas of Rhea?",
            False,
            documents=(A,),
            group="0",
            kind="adversarial",
        ),
    )


def test_nq_keeps_the_strings_that_are_in_the_passage_and_the_questions_that_have_one(
    tmp_path: Path,
) -> None:
    elsewhere = {**NQ_ROW, "answers": ["Rhea"]}
    loaded = load_nq(write_lines(tmp_path / "nq.jsonl", NQ_ROW, elsewhere, NQ_ROW))
    assert loaded.texts == {A: "Titan has lakes."}
    assert [(q.query_id, q.text, q.answers, q.group) for q in loaded.questions] == [
        ("nq-0", "which moon has lakes", ("Titan",), "0"),
        ("nq-2", "which moon has lakes", ("Titan",), "2"),
    ]
    assert all(question.is_answerable for question in loaded.questions)


def test_clapnq_gives_both_files_and_what_each_annotator_chose_as_one_set_of_gold(
    tmp_path: Path,
) -> None:
    silent = {**CLAPNQ_ROW, "id": "8", "output": [{"answer": "", "selected_sentences": []}]}
    write_lines(tmp_path / "answerable.jsonl", CLAPNQ_ROW)
    write_lines(tmp_path / "unanswerable.jsonl", silent)
    loaded = load_clapnq(tmp_path)
    assert loaded.texts == {A: "Cat\n\nThe cat is grey . Ann feeds it ."}
    assert loaded.questions == (
        Question(
            "7",
            "who feeds the lighthouse cat",
            True,
            gold=(
                (Gold(A, "Ann feeds it ."),),
                (Gold(A, "Ann feeds it ."), Gold(A, "The cat is grey .")),
            ),
            documents=(A,),
            group="7",
        ),
        Question("8", "who feeds the lighthouse cat", False, documents=(A,), group="8"),
    )
    assert loaded.questions[0].evidence == ("Ann feeds it .", "The cat is grey .")


def test_clapnq_gives_a_choice_once_and_none_of_who_chose_nothing(tmp_path: Path) -> None:
    ann, both = CLAPNQ_ROW["output"]
    idle = {"answer": "", "selected_sentences": []}
    write_lines(tmp_path / "answerable.jsonl", {**CLAPNQ_ROW, "output": [ann, idle, both, ann]})
    write_lines(tmp_path / "unanswerable.jsonl")
    (question,) = load_clapnq(tmp_path).questions
    assert [len(together) for together in question.gold] == [1, 2]


def test_clapnq_gives_passage_and_gold_in_canonical_text(tmp_path: Path) -> None:
    passage = {"title": "Cat", "text": "Ann \ufeffCafe\u0301 feeds it .", "sentences": []}
    chosen = [{"answer": "", "selected_sentences": ["\ufeffCafe\u0301 feeds"]}]
    row = {**CLAPNQ_ROW, "passages": [passage], "output": chosen}
    write_lines(tmp_path / "answerable.jsonl", row)
    write_lines(tmp_path / "unanswerable.jsonl")
    loaded = load_clapnq(tmp_path)
    assert loaded.texts == {A: "Cat\n\nAnn Caf\u00e9 feeds it ."}
    assert loaded.questions[0].evidence == ("Caf\u00e9 feeds",)


def test_mtrag_asks_the_last_user_turn_and_keeps_the_earlier_ones_with_who_spoke(
    tmp_path: Path,
) -> None:
    silent = {
        **MTRAG_ROW,
        "task_id": "c2<::>1",
        "conversation_id": "c2",
        "contexts": [],
        "input": MTRAG_ROW["input"][:1],
        "answerability": ["UNANSWERABLE"],
    }
    loaded = load_mtrag(write_lines(tmp_path / "reference.jsonl", MTRAG_ROW, silent))
    assert loaded.texts == {A: "The pier closes at nine."}
    assert loaded.questions == (
        Question(
            "c1<::>2",
            "When does it close?",
            True,
            documents=(A,),
            group="c1",
            kind="answerable",
            history=(("user", "Is there a pier?"), ("assistant", "Yes.")),
        ),
        Question("c2<::>1", "Is there a pier?", False, group="c2", kind="unanswerable"),
    )


@pytest.mark.parametrize("kind", ["PARTIAL", "UNDERSPECIFIED"])
def test_what_mtrag_can_answer_in_part_or_not_yet_is_not_answerable(
    tmp_path: Path, kind: str
) -> None:
    row = {**MTRAG_ROW, "answerability": [kind]}
    (question,) = load_mtrag(write_lines(tmp_path / "reference.jsonl", row)).questions
    assert (question.is_answerable, question.kind) == (False, kind.lower())
    assert question.documents == (A,)


def test_hotpotqa_makes_every_paragraph_a_document_and_names_the_needed_ones(
    tmp_path: Path,
) -> None:
    loaded = load_hotpotqa(write_json(tmp_path / "hotpot.json", [HOTPOT_ROW]))
    assert loaded.texts == {
        A: "Mara\n\nMara was born in May. She built the Long Bridge.",
        B: "Long Bridge\n\nThe Long Bridge is in Norland.",
        "00002.txt": "Short Bridge\n\nNobody built it.",
    }
    assert loaded.questions == (
        Question(
            "h1",
            "In which country is the bridge that Mara built?",
            True,
            ("Norland",),
            gold=(
                (Gold(A, "She built the Long Bridge."), Gold(B, "The Long Bridge is in Norland.")),
            ),
            documents=(A, B),
            group="h1",
            kind="bridge",
        ),
    )


def test_quotesum_asks_each_question_once_with_all_its_sources(tmp_path: Path) -> None:
    again = {**QUOTESUM_ROW, "unique_id": "q1_1", "summary": "another"}
    loaded = load_quotesum(write_lines(tmp_path / "dev.jsonl", QUOTESUM_ROW, again))
    assert loaded.texts == {
        A: "North Mill\n\nIt was built in 1801.",
        B: "South Mill\n\nIt was built in 1850.",
    }
    assert loaded.questions == (
        Question(
            "q1", "when was the mill built?", True, ("1801", "1850"), documents=(A, B), group="q1"
        ),
    )


def test_ramdocs_pools_all_documents_and_tells_the_answers_that_a_correct_one_gives(
    tmp_path: Path,
) -> None:
    loaded = load_ramdocs(write_lines(tmp_path / "ramdocs.jsonl", RAMDOCS_ROW))
    assert list(loaded.texts.values()) == [
        "The north mill is of 1801.",
        "The south mill is of 1850.",
        "The north mill is of 1999.",
        "A mill grinds corn.",
    ]
    assert loaded.questions == (
        Question(
            "ramdocs-0",
            "When was the mill built?",
            True,
            ("1801", "1850"),
            wrong=("1999", "1750"),
            documents=(A, B),
            group="ramdocs-0",
            kind="ambiguous",
        ),
    )


def test_ramdocs_drops_a_wrong_answer_that_a_right_one_would_hold(tmp_path: Path) -> None:
    told = [{"text": "He plays ball.", "type": "correct", "answer": "American football"}]
    row = {**RAMDOCS_ROW, "documents": told, "gold_answers": ["American football"]}
    row["wrong_answers"] = ["Football", "AMERICAN football", "Golf"]
    (question,) = load_ramdocs(write_lines(tmp_path / "ramdocs.jsonl", row)).questions
    assert (question.wrong, question.kind) == (("Golf",), "single")


def test_ramdocs_without_a_correct_document_is_not_answerable(tmp_path: Path) -> None:
    row = {**RAMDOCS_ROW, "documents": RAMDOCS_ROW["documents"][2:]}
    (question,) = load_ramdocs(write_lines(tmp_path / "ramdocs.jsonl", row)).questions
    assert (question.is_answerable, question.kind) == (False, "unsupported")
    assert (question.answers, question.wrong) == ((), ())
    assert question.documents == (A, B)


def test_wice_asks_the_claim_and_gives_the_sets_of_supporting_sentences(tmp_path: Path) -> None:
    loaded = load_wice(write_lines(tmp_path / "wice.jsonl", WICE_PAGE))
    document = "The mill stands.\nIt was built in 1801.\nBuilt: 1801"
    assert loaded.texts == {A: document}
    assert loaded.questions == (
        Question(
            "dev1",
            "The mill is old.",
            True,
            gold=(
                (Gold(A, "It was built in 1801."),),
                (Gold(A, "Built: 1801"), Gold(A, "The mill stands.")),
            ),
            documents=(A,),
            group="dev1",
        ),
    )


def test_what_wice_supports_in_part_or_not_is_not_answerable_and_pages_are_pooled(
    tmp_path: Path,
) -> None:
    partly = {**WICE_PAGE, "label": "partially_supported", "meta": {"id": "dev2"}}
    never = {**WICE_PAGE, "label": "not_supported", "meta": {"id": "dev3"}}
    never["supporting_sentences"] = [[]]
    loaded = load_wice(write_lines(tmp_path / "wice.jsonl", WICE_PAGE, partly, never))
    assert list(loaded.texts) == [A]
    assert [(q.is_answerable, q.kind, len(q.gold), q.documents) for q in loaded.questions] == [
        (True, "", 2, (A,)),
        (False, "partial", 0, (A,)),
        (False, "unsupported", 0, (A,)),
    ]


def test_wice_counts_partial_support_as_none(tmp_path: Path) -> None:
    labels = ("supported", "partially_supported", "not_supported")
    rows = [{**WICE_ROW, "label": label} for label in labels]
    claims = load_claims_wice(write_lines(tmp_path / "claims.jsonl", *rows))
    assert [claim.is_supported for claim in claims] == [True, False, False]
    assert claims[0] == Claim(
        "The mill is old.", ("The mill stands.", "It was built in 1801."), True, "dev1"
    )


def test_expertqa_keeps_the_judged_claims_that_have_evidence_text(tmp_path: Path) -> None:
    address = "[1] https://example.org/mill"
    claims = [
        expert_claim("Whole. [1]", "Complete", f"{address}\n\nBuilt in 1801.\nSold in 1850."),
        expert_claim("Half.", "Incomplete", f"{address} \nBuilt.", address),
        expert_claim("Part.", "Partial", "Built."),
        expert_claim("Address only.", "Complete", address),
        expert_claim("Not judged.", "N/A", f"{address}\nBuilt."),
        expert_claim("Not judged either.", None, f"{address}\nBuilt."),
        expert_claim("Without evidence.", "Missing"),
    ]
    row = {"question": "How old is the mill?", "answers": {"a_system": {"claims": claims}}}
    assert load_claims_expertqa(write_lines(tmp_path / "val.jsonl", row)) == (
        Claim("Whole. [1]", ("Built in 1801.\nSold in 1850.",), True, "How old is the mill?"),
        Claim("Half.", ("Built.",), False, "How old is the mill?"),
        Claim("Part.", ("Built.",), False, "How old is the mill?"),
    )


def test_a_separator_of_unicode_within_a_row_does_not_end_it(tmp_path: Path) -> None:
    row = {**NQ_ROW, "text": "Titan\u2028has lakes."}
    path = tmp_path / "nq.jsonl"
    path.write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    assert load_nq(path).texts == {A: "Titan\u2028has lakes."}


def test_a_set_is_loaded_by_its_name(tmp_path: Path) -> None:
    write_lines(tmp_path / "nq_oracle" / "nq.jsonl", NQ_ROW)
    write_json(tmp_path / "policyqa" / "dev.json", squad([TITAN]))
    write_lines(tmp_path / "wice" / "oracle_chunks_claim_dev.jsonl", WICE_ROW)
    assert load_set("nq", tmp_path) == load_nq(tmp_path / "nq_oracle" / "nq.jsonl")
    assert load_set("policyqa", tmp_path).name == "policyqa"
    assert [claim.group for claim in load_claims("wice", tmp_path)] == ["dev1"]
    write_lines(tmp_path / "wice" / "entailment_retrieval_claim_dev.jsonl", WICE_PAGE)
    assert [question.group for question in load_set("wice", tmp_path).questions] == ["dev1"]


def test_a_set_is_loaded_from_the_file_or_folder_that_it_is(tmp_path: Path) -> None:
    path = write_json(tmp_path / "my-squad.json", squad([TITAN]))
    assert load_set("squad2", path) == load_squad(path)
    folder = tmp_path / "elsewhere" / "clapnq"
    write_lines(folder / "answerable.jsonl", CLAPNQ_ROW)
    write_lines(folder / "unanswerable.jsonl", {**CLAPNQ_ROW, "id": "8"})
    assert load_set("clapnq", folder) == load_clapnq(folder)


def test_the_worked_example_is_true() -> None:
    found = doctest.testmod(evals.datasets.documents)
    assert (found.attempted, found.failed) == (1, 0)
