"""Whether the assistant answers where it should, and says what is right; `trusted` sums it up.

In: an outcome. Out: a figure over the statements, joined, after the normalisation of SQuAD. An
abstention is 0.0. None for an unanswerable question, and for one of which no string is accepted;
as in SQuAD, a string of which the normalisation leaves nothing is not accepted. Whoever says
everything contains the answer, so `contains_answer` reads beside the measures of evidence.

Of refusing: 1.0 or 0.0 for a question that the measure speaks of, so that the mean over a run is
the rate; None for the others. Recall alone is won by refusing everything: read all three. A
question that the documents answer in part, or that could mean several things, has no right side and
is left out of all.

Source: the evaluation script of SQuAD 2.0 (Rajpurkar et al. 2018); containment as the string
exact match of ALCE (Gao et al. 2023, section 3.2), here between words. As in MLQA's script (Lewis
et al. 2020) all that Unicode calls punctuation is left out, such as « » and an Arabic comma, and of
Chinese and Japanese each character is a word. Articles are English. Abstention precision and recall
as in AbstentionBench (Kirichenko et al. 2025); over-refusal is the false positive rate of the same
decision.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence

from assistant.evaluation.measures.citations import document_f1, evidence_f1
from assistant.evaluation.values import Outcome
from assistant.text.words import UNSPACED

UNDECIDED = frozenset({"partial", "underspecified"})
"""Kinds of question for which neither an answer nor an abstention is wrong."""
_ARTICLES = re.compile(r"\b(a|an|the)\b")


def contains_answer(outcome: Outcome) -> float | None:
    """Return 1.0 if the answer holds an accepted string, as whole words, else 0.0.

    >>> contains_answer(example("The moon with lakes is Titan."))
    1.0
    """
    return _holds_any(outcome, outcome.question.answers)


def holds_wrong(outcome: Outcome) -> float | None:
    """Return 1.0 if the answer holds a string that is known to be wrong, else 0.0.

    None where nothing is known to be wrong. The other half of the strict exact match of RAMDocs
    (Wang et al. 2025).

    >>> from assistant.evaluation.values import Question
    >>> asked = Question("lakes", "Which moon has lakes?", True, ("Titan",), wrong=("Io",))
    >>> holds_wrong(example("It is Titan or Io.", question=asked))
    1.0
    """
    return _holds_any(outcome, outcome.question.wrong)


def exact_match(outcome: Outcome) -> float | None:
    """Return 1.0 if the answer is an accepted string and nothing more, else 0.0.

    >>> exact_match(example("The Titan!"))
    1.0
    """
    if (sides := _sides(outcome, outcome.question.answers)) is None:
        return None
    said, accepted = sides
    return float(said in accepted)


def token_f1(outcome: Outcome) -> float | None:
    """Return the best F1 of the answer's words with those of an accepted string.

    >>> token_f1(example("It is the Titan."))
    0.5
    """
    if (sides := _sides(outcome, outcome.question.answers)) is None:
        return None
    said, accepted = sides
    return max(_overlap(said.split(), one.split()) for one in accepted)


def normalise(text: str) -> str:
    """Return the text in lower case without punctuation, articles and surplus whitespace.

    Of scripts without spaces each character is by itself.

    >>> normalise("The  U.S. Army"), normalise("首都は奈良。")
    ('us army', '首 都 は 奈 良')
    """
    plain = "".join(character for character in text.lower() if not _is_punctuation(character))
    return " ".join(UNSPACED.sub(_stand_alone, _ARTICLES.sub(" ", plain)).split())


def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character)[0] == "P"


def _stand_alone(found: re.Match[str]) -> str:
    return f" {found[0]} " if found[0].isalnum() else " "


def _holds_any(outcome: Outcome, strings: Sequence[str]) -> float | None:
    if (sides := _sides(outcome, strings)) is None:
        return None
    said, wanted = sides
    return float(any(f" {one} " in f" {said} " for one in wanted))


def _sides(outcome: Outcome, strings: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """Return what was said and the strings to be found in it, all normalised."""
    if outcome.answer is None or not outcome.question.is_answerable:
        return None
    wanted = tuple(filter(None, map(normalise, strings)))
    said = " ".join(statement.text for statement in outcome.answer.statements)
    return (normalise(said), wanted) if wanted else None


def _overlap(said: list[str], accepted: list[str]) -> float:
    n_shared = (Counter(said) & Counter(accepted)).total()
    return 2 * n_shared / (len(said) + len(accepted))


def trusted(outcome: Outcome) -> float | None:
    """Return how well an answer that was called for is right and cited, or an abstention is due.

    An unanswerable question: 1.0 for an abstention, else 0.0. An answerable one: 0.0 for an
    abstention, an answer without an accepted string or one that holds a wrong one; else
    `evidence_f1`; without gold `document_f1`; without either 1.0.

    >>> trusted(example("It is Titan.", cited=["Titan"], gold=[["Titan has lakes."]]))  # 2*5/(5+14)
    0.5263157894736842
    >>> trusted(example("It is Io.", cited=["Titan"], gold=[["Titan has lakes."]]))
    0.0
    >>> trusted(example(question=RINGS))
    1.0
    """
    question, answer = outcome.question, outcome.answer
    if answer is None or question.kind in UNDECIDED:
        return None
    if not question.is_answerable:
        return float(answer.kind != "answer")
    if answer.kind != "answer" or contains_answer(outcome) == 0.0 or holds_wrong(outcome) == 1.0:
        return 0.0
    for cited_rightly in (evidence_f1(outcome), document_f1(outcome)):
        if cited_rightly is not None:
            return cited_rightly
    return 1.0


def refusal_precision(outcome: Outcome) -> float | None:
    """Return, of an abstention, 1.0 if the question is unanswerable, else 0.0.

    >>> refusal_precision(example(question=LAKES))
    0.0
    """
    return float(not outcome.question.is_answerable) if _abstains(outcome) else None


def refusal_recall(outcome: Outcome) -> float | None:
    """Return, of an unanswerable question, 1.0 if the assistant abstained, else 0.0.

    >>> refusal_recall(example(question=RINGS))
    1.0
    """
    abstains = _abstains(outcome)
    return None if abstains is None or outcome.question.is_answerable else float(abstains)


def over_refusal(outcome: Outcome) -> float | None:
    """Return, of an answerable question, 1.0 if the assistant abstained, else 0.0.

    >>> over_refusal(example("It is Titan.", question=LAKES))
    0.0
    """
    abstains = _abstains(outcome)
    return float(abstains) if abstains is not None and outcome.question.is_answerable else None


def _abstains(outcome: Outcome) -> bool | None:
    """Return whether the assistant abstained; None where that is neither right nor wrong."""
    if outcome.answer is None or outcome.question.kind in UNDECIDED:
        return None
    return outcome.answer.kind != "answer"
