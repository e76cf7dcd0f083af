r"""Decoding the bytes of a text file, with a warning where the encoding had to be guessed.

No byte is dropped: one that cannot be read stands in the text as `\xNN` and is counted.
`DocumentUnreadable` is raised for binary data.
"""

import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

from assistant.errors import DocumentUnreadable
from assistant.ingest.sniff import MARKS, binary_kind, is_text_in, utf16_by_zeros
from assistant.text.terms import guess_language

_SAMPLE_BYTES = 1 << 18

_ENCODINGS = (
    "cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 iso8859_2 iso8859_5 iso8859_7 "
    "iso8859_15 koi8_r koi8_u cp866 cp437 cp850 mac_roman cp932 euc_jp iso2022_jp gb18030 big5 "
    "cp949 tis_620"
).split()
"""What files of unknown encoding are in, in practice: short texts fit a hundred others as well."""
_SHIFT, _SHIFTED = re.compile(rb"\x1b\$[@B]"), "iso2022_jp"
_CENTRAL_EUROPEAN = ("cs", "pl")
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
    matches = from_bytes(sample, cp_isolation=_ENCODINGS)
    best = matches.best()
    if best is None:
        return None
    equals = {
        name
        for match in matches
        if (match.chaos, match.coherence) == (best.chaos, best.coherence)
        for name in (match.encoding, *match.could_be_from_charset)
    }
    # The library breaks ties by the alphabet; the web's statistics, and the words, know better.
    is_central = guess_language(str(best)) in _CENTRAL_EUROPEAN
    preferred = "cp1250" if is_central else "cp1252"
    return preferred if preferred in equals else best.encoding
