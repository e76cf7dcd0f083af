"""Any one-output CrossEncoder can join the evidence scorer or replace it: a tiny one made here."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hashing import HashingEmbedder
from retrievals import passage, retrieve

from assistant.errors import ModelError
from assistant.evidence.scorer import EVEN_ODDS, CrossEncoderScorer, LateInteractionScorer, Part
from assistant.models.prepare import open_cross_encoder
from assistant.pipeline import Assistant
from assistant.settings import Settings

RIVERS = passage("The Danube rises in Germany.", "It is long.", "The Nile rises in Burundi.")
BASE = LateInteractionScorer(HashingEmbedder())


def by_length(pairs: Sequence[tuple[str, str]]) -> np.ndarray:
    return np.array([float(len(text)) for _, text in pairs])


def save_tiny(folder: Path, n_outputs: int = 1) -> Path:
    """Save a random BERT of 2 layers as a CrossEncoder."""
    import torch
    from transformers import (  # type: ignore[attr-defined]
        BertConfig,
        BertForSequenceClassification,
        BertTokenizerFast,
    )

    torch.manual_seed(0)
    folder.mkdir()
    words = "[PAD] [UNK] [CLS] [SEP] [MASK] the danube nile rises in germany burundi where".split()
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(  # type: ignore[call-arg]
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        num_labels=n_outputs,
    )
    BertForSequenceClassification(config).save_pretrained(folder, safe_serialization=True)
    return folder


@pytest.mark.parametrize("role", ["join", "replace"])
def test_a_cross_encoder_joins_or_replaces_the_embedded_scorer(role: Part) -> None:
    retrieval = retrieve("Where does the Nile rise?", RIVERS)
    base = BASE.judge(retrieval)
    found = CrossEncoderScorer(BASE, by_length, role, "tiny").judge(retrieval)
    own = [float(len(sentence.text)) for sentence in found.sentences]
    wanted = own if role == "replace" else ((base.scores + own) / 2).tolist()
    assert found.sentences == base.sentences
    assert found.scores.tolist() == pytest.approx(wanted)
    assert base.log_odds is not None
    best = max(own) if role == "replace" else (base.log_odds + max(own)) / 2
    assert found.log_odds == pytest.approx(best)
    assert CrossEncoderScorer(BASE, by_length, role, "t").judge(retrieve("?")).log_odds is None


def test_a_calibration_of_another_cross_encoder_does_not_hold() -> None:
    prints = {BASE.fingerprint} | {
        CrossEncoderScorer(BASE, by_length, role, name).fingerprint
        for role in ("join", "replace")
        for name in ("one", "two")
    }
    assert len(prints) == 5
    assert CrossEncoderScorer(BASE, by_length, "join", "one").calibration == EVEN_ODDS


@pytest.mark.slow
def test_a_model_on_disk_scores_pairs_and_answers_questions(
    settings: Settings, tmp_path: Path
) -> None:
    folder = save_tiny(tmp_path / "tiny")
    score = open_cross_encoder(str(folder))
    pairs = [("where rises the danube", "the nile"), ("where", "danube in germany")]
    together, alone = score(pairs), np.concatenate([score([pair]) for pair in pairs])
    assert together == pytest.approx(alone, abs=1e-5)
    assert together.shape == (2,)
    named = {"cross_encoder": str(folder), "cross_encoder_role": "replace"}
    prepared = Settings.load().cache_dir
    given = settings.model_copy(update={**named, "cache_dir": prepared})
    with Assistant.open(given) as assistant:
        answer = assistant.ask("Where does it rise?")
        assert answer.citations
        for citation in answer.citations:
            text = assistant.document(citation.document_id).text
            assert text[citation.start : citation.end] == citation.quote


@pytest.mark.slow
def test_a_model_that_has_several_outputs_or_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="3 numbers"):
        open_cross_encoder(str(save_tiny(tmp_path / "nli", n_outputs=3)))
    with pytest.raises(ModelError, match="hf download"):
        open_cross_encoder(str(tmp_path / "absent"))
