"""`assistant chat`: the index brought in step, then the page served.

Comes in: an open assistant. Refuses, with `SettingsError`, to ask for passwords that are not set.
"""

from typing import TYPE_CHECKING

from assistant.errors import SettingsError
from assistant.settings import LOOPBACK, Settings
from assistant.surfaces.account import name_model
from assistant.surfaces.index_command import bring_in_step
from assistant.surfaces.terminal import say

if TYPE_CHECKING:
    from assistant.pipeline import Assistant


def run_chat(assistant: "Assistant", *, must_have_users: bool) -> None:
    """Serve the chat until it is stopped."""
    settings = assistant.settings
    _require_users(settings, must_be=must_have_users)
    bring_in_step(assistant)
    if model := name_model(assistant.language_model):
        say(f"answers are written by {model}, and checked against the quotes that they cite")
    say("starting the chat")
    from assistant.surfaces.http import serve

    serve(
        assistant,
        settings.host,
        settings.port,
        ready=lambda address: say(f"the chat is at {address} (stop it with Ctrl-C)"),
    )


def _require_users(settings: Settings, *, must_be: bool) -> None:
    if must_be and not settings.users:
        raise SettingsError(
            "--auth needs users: set them in assistant.toml, as a [users] table of names and "
            "passwords, or as ASSISTANT_USERS__NAME=password"
        )
    if not settings.users and settings.host not in LOOPBACK:
        say(f"warning: everybody who reaches {settings.host} can ask and add files; set users")
