"""Several folders of documents in one process: each has its index, all have the same models."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Unpack

from assistant.errors import SettingsError
from assistant.settings import Options, Settings

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

    from assistant.pipeline import Assistant


@contextmanager
def open_collections(
    settings: Settings | None = None,
    *,
    language_model: "LLM | None" = None,
    **given: Unpack[Options],
) -> Iterator[dict[str, "Assistant"]]:
    """Open an assistant for each collection of the settings, by name, for the length of a block.

    The models are loaded once for all of them. Who may read which is not looked at: that is for
    those who come in over HTTP.

    Args:
        settings: all settings; by default those of `assistant.toml` and the environment.
        language_model: any llama-index LLM, to write the answers; by default `settings.llm`.
        given: single settings, as for `Assistant.open`.

    Raises:
        SettingsError: a setting has a value that cannot be used, or there are no collections.
        EmbedderMissing: the embedding model is absent, altered or unusable.
    """
    settings = settings or Settings.load(**given)
    if not settings.collections:
        raise SettingsError("no collections are set: name each in a [collections.NAME] table")
    from assistant.evidence.scorer import open_scorer
    from assistant.models.embed import open_embedder
    from assistant.pipeline import Assistant
    from assistant.write.llm.client import open_model

    embedder = open_embedder(settings.embedding_model, settings.cache_dir)
    scorer = open_scorer(settings, embedder)
    model = open_model(settings.llm, language_model)
    with ExitStack() as opened:
        yield {
            name: opened.enter_context(Assistant(settings.of(name), embedder, scorer, model))
            for name in settings.collections
        }
