import json
from importlib.resources import files

import pytest

from assistant.errors import ModelError
from assistant.evidence.scorer import FEATURES, WEIGHTS_FILE, load_weights, parse_weights, to_json

SHIPPED = json.loads(files("assistant.evidence").joinpath(WEIGHTS_FILE).read_text(encoding="utf-8"))


def test_the_shipped_weights_say_how_they_came_to_be() -> None:
    fitted = SHIPPED["fitted"]
    assert {"date", "command", "questions", "held_out"} <= fitted.keys()
    assert all(len(figure) == 4 for figure in fitted["held_out"].values())


def test_weights_that_were_written_are_read_back() -> None:
    weights = load_weights()
    assert parse_weights(json.loads(json.dumps(to_json(weights)))) == weights


@pytest.mark.parametrize("name", FEATURES)
def test_a_weight_of_no_feature_and_a_feature_without_a_weight_are_refused(name: str) -> None:
    for change in ({"unheard_of": 1.0}, None):
        own = dict(SHIPPED[name])
        own.update(change) if change else own.pop("bias")
        with pytest.raises(ModelError, match="disagree"):
            parse_weights({**SHIPPED, name: own})


def test_other_weights_have_another_fingerprint() -> None:
    bias = SHIPPED["sentence"]["bias"]
    other = parse_weights({**SHIPPED, "sentence": {**SHIPPED["sentence"], "bias": bias + 1}})
    assert other.fingerprint != load_weights().fingerprint


def test_a_more_likely_question_is_refused_at_no_lower_share() -> None:
    bars = [bar for _, bar in load_weights().calibration.bars]
    assert bars == sorted(bars)
    assert all(0 < bar < 1 for bar in bars)
