"""A sentence-transformers CrossEncoder on this machine, as a function that scores pairs of texts.

Nothing is downloaded and no code of the model's is run. `ModelError` is raised for a model that is
not there, is not stored as safetensors, or gives more than one number for a pair.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.errors import ModelError


def open_cross_encoder(name: str) -> Callable[[Sequence[tuple[str, str]]], NDArray[np.float64]]:
    """Return a function from n pairs of texts to their log-odds, shape (n,).

    Args:
        name: a folder, or the name of a model that is already downloaded.

    Raises:
        ModelError: the model cannot be used.
    """
    import torch
    from sentence_transformers import CrossEncoder
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model: Any = CrossEncoder(
            name,
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except Exception as error:  # the libraries raise kinds of their own
        raise ModelError(
            f"the cross-encoder {name!r} cannot be loaded: {error}. Give the path of a "
            f"sentence-transformers CrossEncoder, or download it first: hf download {name}"
        ) from error
    if (n_outputs := int(model.num_labels)) != 1:
        raise ModelError(
            f"the cross-encoder {name!r} gives {n_outputs} numbers for a pair; one is expected, "
            "as of a model for ranking"
        )

    def score(pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        found = model.predict(
            list(pairs), activation_fn=torch.nn.Identity(), show_progress_bar=False
        )
        return np.asarray(found, dtype=np.float64)

    return score
