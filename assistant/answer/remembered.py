"""An encoder that keeps the token vectors of the texts it saw last.

The passages of a small folder, and those of a conversation, are read again and again: encoding
eight of them takes ten times as long as judging them. Vectors are kept as float16 and given so
the first time as well, so that an answer does not depend on what was asked before.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.answer.evidence import TokenEncoder
from assistant.index.encoder import TokenVectors

N_TEXTS = 256
"""Of 150 tokens and 384 dimensions they take 30 MB."""

_Kept = tuple[NDArray[np.float16], list[tuple[int, int]]]


class Remembered:
    """Encodes what it does not remember. Safe to share between threads."""

    def __init__(self, encoder: TokenEncoder, n_texts: int = N_TEXTS) -> None:
        self._encoder = encoder
        self._n_texts = n_texts
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Return the token vectors of each text, in order, rounded to float16."""
        with self._lock:
            found = {text: self._kept[text] for text in texts if text in self._kept}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        for text, tokens in zip(new, self._encoder.encode(new) if new else (), strict=True):
            found[text] = (tokens.vectors.astype(np.float16), tokens.offsets)
        with self._lock:
            for text in texts:
                self._kept[text] = found[text]
                self._kept.move_to_end(text)
            while len(self._kept) > self._n_texts:
                self._kept.popitem(last=False)
        return [
            TokenVectors(vectors.astype(np.float32), offsets)
            for vectors, offsets in (found[text] for text in texts)
        ]
