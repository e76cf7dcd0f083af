"""What `assistant doctor` finds of language models that behave in one way or another."""

import pytest
from scripted_faults import RefusesSchema, SlowStart, error
from scripted_replies import Reply, Said
from scripted_server import ScriptedServer, refused_url

from assistant.doctor.findings import Finding, State
from assistant.doctor.models import FEW_TOKENS, probe
from assistant.settings import LanguageModel
from assistant.write.llm.client import Client
from assistant.write.llm.server import ServerBackend

COUNTED = Said("one, two, three, four, five, six, seven, eight", piece_chars=4, pause_s=0.01)
CHOSEN = Said('{"sentences": [2]}')


def examine(url: str, **given: object) -> list[Finding]:
    settings = LanguageModel.model_validate(
        {"base_url": url, "model": "scripted", "short_form": True, **given}
    )
    names = ("first_token_timeout_s", "token_timeout_s", "total_timeout_s")
    limits = dict(zip(names, (8.0, 8.0, 20.0), strict=True))
    model = Client(ServerBackend(settings), settings.model_copy(update=limits))
    return [found for found in probe(model, settings) if found is not None]


def ask(*replies: Reply, **given: object) -> list[Finding]:
    with ScriptedServer(list(replies), n_ctx=8192) as server:
        return examine(server.url, **given)


def tell(found: list[Finding], state: State) -> str:
    return "\n".join(f"{one.told} -> {one.remedy}" for one in found if one.state == state)


def test_a_model_without_a_fault_has_no_warning() -> None:
    found = ask(COUNTED, CHOSEN, first_token_timeout_s=9e5, total_timeout_s=9e5)
    assert {one.state for one in found} == {State.OK}
    assert all(fact in tell(found, State.OK) for fact in ("replies", "tokens/s", "JSON schema"))


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (error(401, "no"), "ASSISTANT_LLM__API_KEY"),
        (error(404, "no such model"), "llm.model"),
        (error(500, "oops"), "status 500"),
        (SlowStart(30.0, "late"), "too slow"),
        (Said(""), "empty"),
    ],
)
def test_a_model_that_does_not_reply_is_a_problem_with_a_remedy(reply: Reply, told: str) -> None:
    (found,) = ask(reply)
    assert found.state == State.PROBLEM
    assert told in f"{found.told} {found.remedy}"
    assert found.remedy


def test_a_server_that_is_not_there_is_a_problem_and_a_proxy_named_as_its_cause_stays_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", f"{refused_url().replace('//', '//me:hunter22@')}")
    monkeypatch.setenv("no_proxy", "example.org")
    (found,) = examine(refused_url())
    assert found.remedy.startswith("export no_proxy=127.0.0.1,example.org")
    assert "hunter22" not in str(found)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    (found,) = examine(refused_url())
    assert "llm.base_url" in found.remedy
    assert (found.state, "is its server running?" in found.told) == (State.PROBLEM, True)


@pytest.mark.parametrize(
    ("replies", "given", "told"),
    [
        ((Said("one, two", piece_chars=1000), CHOSEN), {}, "one piece"),
        ((COUNTED, RefusesSchema(CHOSEN)), {}, "not bound to a JSON schema"),
        ((COUNTED, Said("The bridge was of oak.")), {}, "not bound to a JSON schema"),
        ((COUNTED, CHOSEN), {"context_tokens": FEW_TOKENS + 100}, "few passages fit in"),
    ],
)
def test_what_works_less_well_is_a_warning(
    replies: tuple[Reply, ...], given: dict[str, object], told: str
) -> None:
    assert told in tell(ask(*replies, **given), State.WARNING)


def test_a_context_that_is_not_told_is_a_warning() -> None:
    with ScriptedServer([COUNTED, CHOSEN]) as server:
        assert "does not tell its context" in tell(examine(server.url), State.WARNING)


def test_deadlines_that_a_slow_model_cannot_keep_are_a_warning_with_the_setting() -> None:
    slow = SlowStart(1.0, "one, two, three", shown="headers")
    found = ask(slow, CHOSEN, first_token_timeout_s=2.0, total_timeout_s=3.0)
    told = tell(found, State.WARNING)
    assert "llm.first_token_timeout_s" in told
    assert "llm.total_timeout_s" in told
