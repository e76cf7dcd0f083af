"""Compound files made at test time, as [MS-CFB] says: Outlook's, and old office programs'."""

import struct
from typing import Any

SECTOR, MINI, CUTOFF = 512, 64, 4_096
END, FREE, FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
Tree = dict[str, "bytes | Tree"]


def compound(tree: Tree) -> bytes:
    """Return a compound file; its small streams are in the mini stream, as they have to be."""
    entries: list[list[Any]] = []
    small, chains = bytearray(), list[int]()
    large: list[tuple[list[Any], bytes]] = []

    def lay(name: str, node: "bytes | Tree") -> int:
        number = len(entries)
        entries.append([name, node, FREE, FREE, 0])
        if isinstance(node, dict):
            kids = [lay(inner, node[inner]) for inner in node]
            for kid, following in zip(kids, [*kids[1:], FREE], strict=True):
                entries[kid][2] = following
            entries[number][3] = kids[0] if kids else FREE
        elif len(node) >= CUTOFF:
            large.append((entries[number], node))
        else:
            n_used = -(-len(node) // MINI)
            first = len(chains)
            chains.extend([*range(first + 1, first + n_used), END] if n_used else [])
            small.extend(node.ljust(n_used * MINI, b"\0"))
            entries[number][4] = first if n_used else END
        return number

    lay("Root Entry", tree)
    entries[0][1:2], entries[0][4] = [tree], 0
    n_directory = -(-len(entries) * 128 // SECTOR)
    counts = [-(-len(small) // SECTOR), n_directory, -(-4 * len(chains) // SECTOR)]
    counts += [-(-len(node) // SECTOR) for _, node in large]
    n_tables = 1
    while n_tables + sum(counts) > n_tables * SECTOR // 4:
        n_tables += 1
    table, firsts = [FAT] * n_tables, []
    for n_used in counts:
        firsts.append(len(table))
        table += [*range(len(table) + 1, len(table) + n_used), END] if n_used else []
    for (entry, _), first in zip(large, firsts[3:], strict=True):
        entry[4] = first
    directory = b"".join(
        struct.pack(
            "<64sHBBIII36xIQ", name.encode("utf-16-le"), 2 * len(name) + 2,
            5 if not number else 1 if isinstance(node, dict) else 2, 1, FREE, right, child,
            (firsts[0] if number == 0 else 0) if isinstance(node, dict) else first,
            len(small) if not number else 0 if isinstance(node, dict) else len(node),
        )
        for number, (name, node, right, child, first) in enumerate(entries)
    )  # fmt: skip
    parts = [bytes(small), directory, struct.pack(f"<{len(chains)}I", *chains)]
    fillings = [b"\0", b"\0", b"\xff", *(b"\0" for _ in large)]
    sectors = b"".join(
        part.ljust(n_used * SECTOR, filling)
        for part, n_used, filling in zip(
            [*parts, *(node for _, node in large)], counts, fillings, strict=True
        )
    )
    table += [FREE] * (n_tables * SECTOR // 4 - len(table))
    header = struct.pack(
        f"<8s16xHHHHH6xIIIIIIIII{n_tables}I",
        *(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 0, n_tables, firsts[1]),
        *(0, CUTOFF, firsts[2], counts[2], END, 0, *range(n_tables)),
    ).ljust(SECTOR, b"\xff")
    return header + struct.pack(f"<{n_tables * SECTOR // 4}I", *table) + sectors
