r"""The bytes of a file that a span of its decoded text stands for.

No map is stored: an incremental decoder goes over the bytes again, in blocks, and byte by byte
where a span begins or ends. A character of several bytes is covered whole, and so is a byte that
stands in the text as `\xNN`. In an encoding with states (ISO 2022) the bytes are to be read in the
state that the bytes before them leave.
"""

import codecs
from collections.abc import Iterator

from assistant.ingest.decode import Decoded
from assistant.values import Origin

_BLOCK_BYTES = 4_096


def find_origin(data: bytes, decoded: Decoded, span: tuple[int, int]) -> Origin:
    """Return where in a file the bytes of a span of its decoded text are."""
    start, _ = _find_place(data, decoded, span[0])
    _, end = _find_place(data, decoded, span[1])
    return Origin((start, max(start, end)))


def _find_place(data: bytes, decoded: Decoded, place: int) -> tuple[int, int]:
    """Return the last offset in the bytes up to a place in the text, and the first from there."""
    before = decoded.n_mark_bytes
    if place <= 0:
        return before, before
    for n_chars, offset in _find_ends(data, decoded, place):
        if n_chars >= place:
            return (offset if n_chars == place else before), offset
        before = offset
    return len(data), len(data)


def _find_ends(data: bytes, decoded: Decoded, near: int) -> Iterator[tuple[int, int]]:
    """Yield where characters end, in characters and bytes, from shortly before a place on."""
    decoder = codecs.getincrementaldecoder(decoded.encoding)("backslashreplace")
    n_chars = 0
    for first in range(decoded.n_mark_bytes, len(data), _BLOCK_BYTES):
        state = decoder.getstate()
        block = data[first : first + _BLOCK_BYTES]
        n_read = len(decoder.decode(block, first + len(block) == len(data)))
        if n_chars + n_read < near:
            n_chars += n_read
            continue
        decoder.setstate(state)
        yield from _step(data, decoder, first, n_chars)
        return


def _step(
    data: bytes, decoder: codecs.IncrementalDecoder, first: int, n_chars: int
) -> Iterator[tuple[int, int]]:
    """Yield where characters end, byte by byte from `first` on."""
    pending, flag = decoder.getstate()
    start = first - len(pending)
    for offset in range(first, len(data)):
        read = decoder.decode(data[offset : offset + 1], offset + 1 == len(data))
        if not read:
            continue
        pending, next_flag = decoder.getstate()
        end = offset + 1 - len(pending)
        if len(read) > 1 and end - start > 1:
            state = decoder.getstate()
            yield from _part(data[start:end], read, decoder, flag, (n_chars, start))
            decoder.setstate(state)
        n_chars += len(read)
        yield n_chars, end
        start, flag = end, next_flag


def _part(
    group: bytes, read: str, decoder: codecs.IncrementalDecoder, flag: int, at: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    """Yield where the characters end that came all at once, as behind a torn character."""
    for n_bytes in range(1, len(group)):
        halves = []
        for half in (group[:n_bytes], group[n_bytes:]):
            decoder.setstate((b"", flag))
            halves.append(decoder.decode(half, True))
        # Either half by itself may read otherwise: the first is torn, or the second is.
        if halves[0] and read.startswith(halves[0]):
            yield at[0] + len(halves[0]), at[1] + n_bytes
        elif halves[1] and read.endswith(halves[1]):
            yield at[0] + len(read) - len(halves[1]), at[1] + n_bytes
