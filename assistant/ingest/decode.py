r"""Decoding the bytes of a text file, with a warning where its encoding is guessed; and back.

No byte is dropped: one that cannot be read stands in the text as `\xNN` and is counted. The bytes
that a span of the text stands for are found without a map: an incremental decoder goes over them
again, in blocks, and byte by byte where a span begins or ends. A character of several bytes is
covered whole, and so is a byte that stands in the text as `\xNN`. In an encoding with states (ISO
2022) the bytes are to be read in the state that the bytes before them leave.
`DocumentUnreadable` is raised for binary data.
"""

import codecs
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from charset_normalizer import from_bytes

from assistant.errors import DocumentUnreadable
from assistant.ingest.sniff import MARKS, binary_kind, is_text_in, utf16_by_zeros
from assistant.text.normalize import normalize
from assistant.values import Link, Origin

_SAMPLE_BYTES = 1 << 18

_ENCODINGS = (
    "cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 iso8859_2 iso8859_5 iso8859_7 "
    "iso8859_15 koi8_r koi8_u cp866 cp437 cp850 mac_roman cp932 euc_jp iso2022_jp gb18030 big5 "
    "cp949 tis_620"
).split()
"""What files of unknown encoding are in, in practice: short texts fit a hundred others as well."""
_SHIFT, _SHIFTED = re.compile(rb"\x1b\$[@B]"), "iso2022_jp"
_LATIN = "cp1252 cp1250 iso8859_2 cp1254 cp1257 iso8859_15".split()
_LATIN_TOO = ("mac_roman", "cp437", "cp850")
"""Encodings of Latin letters, of which those that are more usual come first."""
_ALPHABETS = tuple(
    map(
        frozenset,
        (
            *("äöüß", "àâæçéèêëîïôœùûüÿ", "áéíóúñüºª", "ãõáâàçéêíóôúü", "àèéìíòóù", "åäöæøé"),
            *("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "čšžćđ"),
            *("ăâîșțşţ", "çğıöşüâîûi̇", "äöõüšž", "āčēģīķļņšūž", "ąčęėįšųūž", "áðéíóúýþæö"),
        ),
    )
)
"""The letters beyond ASCII of languages: of the west, of the middle, of the rest."""
_WESTERN, _MIXED_SHARE = frozenset().union(*_ALPHABETS[:6]), 0.95
"""What texts in several languages of the west have, and how much less that explains."""
_SIGNS = frozenset("„“”‘’‚«»‹›–—…€£§°·•´\u00a0©®™½²³×±¿¡")
_INSIDE_WORD = re.compile(r"(?<=[^\W\d_])[„“”‘‚«»‹›…€£§°•©®™½²³¹¾×±¿¡¨¸](?=[^\W\d_])")
_MIN_FIT = 0.9
"""The share of characters beyond ASCII that one language explains, to believe an encoding."""
_MULTIBYTE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file as text without its byte-order mark, and Python's name of its encoding.

    `warning` says what had to be guessed or could not be read.
    """

    text: str
    encoding: str
    n_mark_bytes: int = 0
    warning: str | None = None


def decode(data: bytes) -> Decoded:
    """Return the text and the encoding that it was read in.

    Tried in order: byte-order mark, UTF-8, UTF-16 by the place of its zero bytes, nearly
    UTF-8 (more well-formed multi-byte characters than stray bytes), the best guess.

    Raises:
        DocumentUnreadable: the bytes are not text.
    """
    for mark, encoding in MARKS.items():
        if data.startswith(mark):
            return _decode_as(data[len(mark) :], encoding, n_mark_bytes=len(mark))
    if kind := binary_kind(data):
        raise DocumentUnreadable(f"{kind}, not text")
    if b"\0" in data:
        encoding = utf16_by_zeros(data)
        return _decode_as(data, encoding, f"no byte-order mark; read as {encoding.upper()}")
    if _SHIFT.search(data) and is_text_in(data, _SHIFTED):  # it is all ASCII, like UTF-8
        return _decode_as(data, _SHIFTED, f"read as {_SHIFTED}, by its escape sequences")
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        nearly = _decode_as(data, "utf-8")
    if len(_MULTIBYTE.findall(data)) > _count_strays(data):
        return nearly
    guess = _guess(data)
    if guess is None:
        return nearly
    return _decode_as(data, guess, f"not UTF-8; read as {guess}, by its letters")


def _decode_as(
    data: bytes, encoding: str, warning: str | None = None, n_mark_bytes: int = 0
) -> Decoded:
    r"""Decode; a byte that cannot be read becomes `\xNN` and is counted in the warning."""
    try:
        return Decoded(data.decode(encoding), encoding, n_mark_bytes, warning)
    except UnicodeDecodeError:
        text = data.decode(encoding, "backslashreplace")
    strays = _count_strays(data, encoding)
    counted = f"{strays:,} byte{'s' * (strays != 1)} could not be read as {encoding.upper()}"
    shown = f"{counted} and stand{'s' * (strays == 1)} in the text as \\xNN"
    return Decoded(text, encoding, n_mark_bytes, f"{warning}; {shown}" if warning else shown)


def _count_strays(data: bytes, encoding: str = "utf-8") -> int:
    """Count the bytes that do not decode, as those that `ignore` would have dropped."""
    kept = data.decode(encoding, "ignore").encode(encoding)
    return len(data) - len(kept)


def _guess(data: bytes) -> str | None:
    sample = data[:_SAMPLE_BYTES]
    if len(data) > len(sample):
        # Whole lines, so that no multi-byte character is cut.
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    best = from_bytes(sample, cp_isolation=_ENCODINGS).best()
    if best is not None and best.encoding not in (*_LATIN, *_LATIN_TOO):
        return best.encoding
    names = [*_LATIN, best.encoding] if best is not None else _LATIN
    fits = {name: fit for name in names if (fit := _fit(sample, name)) is not None}
    fitting = max(fits, key=lambda name: fits[name], default=None)
    if fitting is not None and fits[fitting] >= _MIN_FIT:
        return fitting
    return None if best is None else best.encoding


def _fit(sample: bytes, encoding: str) -> float | None:
    """Return the share of characters beyond ASCII that the language explains which does so best.

    A sign between two letters is no such character. None if there are none, or bytes without one.
    """
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return None
    counts = Counter(c for c in text.lower() if c > "\x7f")
    if not counts or any("\x80" <= c < "\xa0" for c in counts):
        return None
    n_signs = sum(n for c, n in counts.items() if c in _SIGNS) - len(_INSIDE_WORD.findall(text))
    explained = max(
        *(sum(counts[c] for c in alphabet) for alphabet in _ALPHABETS),
        _MIXED_SHARE * sum(counts[c] for c in _WESTERN),
    )
    return (explained + n_signs) / counts.total()


_BLOCK_BYTES = 4_096


def find_origin(data: bytes, decoded: Decoded, span: tuple[int, int]) -> Origin:
    """Return where in a file the bytes of a span of its decoded text are."""
    start, _ = _find_place(data, decoded, span[0])
    _, end = _find_place(data, decoded, span[1])
    return Origin((start, max(start, end)))


MAX_LINKS = 5_000
MAX_ADDRESS_CHARS = 500
SURE_CHARS = 24
"""Words that are as long are found again further on, where something was left out between."""
_NEAR, _FAR = 200, 4_000


def find_links(
    text: str, runs: Iterable[tuple[str, str]], span: tuple[int, int]
) -> tuple[Link, ...]:
    """Return the links of a file that reach into a span of its canonical text.

    Args:
        text: canonical.
        runs: the file's visible text in reading order, each part with the address to which it
            leads, "" for none; what the text does not have is passed over.
        span: of the text.
    """
    found: list[Link] = []
    at = 0
    for said, address in runs:
        line = " ".join(normalize(said)[0].split())
        reach = len(line) + (_FAR if len(line) >= SURE_CHARS else _NEAR)
        start = text.find(line, at, at + reach) if line else -1
        if start < 0:
            continue
        at = start + len(line)
        if start >= span[1] or len(found) >= MAX_LINKS:
            break
        shown = " ".join(normalize(address)[0].split())[:MAX_ADDRESS_CHARS]
        if at > span[0] and shown and shown != line and not shown.startswith("#"):
            found.append((start, at, shown))
    return tuple(found)


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
