"""Compound files made at test time, as [MS-CFB] says: Outlook's, and old office programs'."""

import struct
from typing import Any

SECTOR, MINI = 512, 64
END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
Tree = dict[str, "bytes | Tree"]


def compound(tree: Tree) -> bytes:
    """Return a compound file with all of its streams in the mini stream."""
    entries: list[list[Any]] = []
    small, chains = bytearray(), list[int]()

    def lay(name: str, node: "bytes | Tree") -> int:
        number = len(entries)
        entries.append([name, node, FREE, FREE, 0])
        if isinstance(node, dict):
            kids = [lay(inner, node[inner]) for inner in node]
            for kid, following in zip(kids, [*kids[1:], FREE], strict=True):
                entries[kid][2] = following
            entries[number][3] = kids[0] if kids else FREE
        else:
            n_used = -(-len(node) // MINI)
            first = len(chains)
            chains.extend([*range(first + 1, first + n_used), END] if n_used else [])
            small.extend(node.ljust(n_used * MINI, b"\0"))
            entries[number][4] = first if n_used else END
        return number

    lay("Root Entry", tree)
    entries[0][1:2], entries[0][4] = [tree], 0
    directory = b"".join(
        struct.pack(
            "<64sHBBIII36xIQ", name.encode("utf-16-le"), 2 * len(name) + 2,
            5 if not number else 1 if isinstance(node, dict) else 2, 1, FREE, right, child,
            (1 if number == 0 else 0) if isinstance(node, dict) else first,
            len(small) if not number else 0 if isinstance(node, dict) else len(node),
        )
        for number, (name, node, right, child, first) in enumerate(entries)
    )  # fmt: skip
    parts = [bytes(small), directory, struct.pack(f"<{len(chains)}I", *chains)]
    table, sectors, firsts = [FAT], b"", []
    for part, filling in zip(parts, (b"\0", b"\0", b"\xff"), strict=True):
        n_used = -(-len(part) // SECTOR)
        firsts.append(len(table))
        table += [*range(len(table) + 1, len(table) + n_used), END]
        sectors += part.ljust(n_used * SECTOR, filling)
    table += [FREE] * (SECTOR // 4 - len(table))
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6,
        0, 1, firsts[1], 0, 4096, firsts[2], -(-len(parts[2]) // SECTOR), END, 0, 0,
    ).ljust(SECTOR, b"\xff")  # fmt: skip
    return header + struct.pack(f"<{SECTOR // 4}I", *table) + sectors
