"""A checksum of a row's fields, by which a row that the disk has altered is told."""

from zlib import crc32


def digest_row(*fields: object) -> int:
    """Return the CRC-32 of the fields and their kinds: text, bytes, or anything else.

    A change within 32 bits is always noticed, any other with a chance of all but one in four
    billion. It guards against accidents, for which a cryptographic digest would take three times
    as long and tell no more.
    """
    digest = 0
    for field in fields:
        if isinstance(field, str):
            digest = crc32(field.encode("utf-8", "surrogatepass"), crc32(b"text", digest))
        elif isinstance(field, bytes):
            digest = crc32(field, crc32(b"blob", digest))
        else:
            digest = crc32(str(field).encode(), crc32(b"number", digest))
    return digest
