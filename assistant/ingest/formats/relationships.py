"""A Word package with references to parts that are not in it; one that can be opened, out.

Converters leave such references behind (`Target="../NULL"` for a picture is the best known). Word
passes over them, and python-docx cannot. Refuses nothing.
"""

import io
import posixpath
import zipfile

from lxml import etree

from assistant.ingest.formats.archive import Archive
from assistant.ingest.formats.ooxml import name_of, parse_xml


def drop_dangling(archive: Archive) -> tuple[bytes, int]:
    """Return the package without the references that lead nowhere, and how many those were."""
    n_dropped = 0
    mended = io.BytesIO()
    with zipfile.ZipFile(mended, "w") as package:
        for name in sorted(archive.names):
            data = archive.read(name)
            if name.endswith(".rels"):
                root = parse_xml(data)
                dangling = [r for r in root if name_of(r) and not _leads_to(r, name, archive)]
                for relation in dangling:
                    root.remove(relation)
                n_dropped += len(dangling)
                data = etree.tostring(root)
            package.writestr(name, data)
    return mended.getvalue(), n_dropped


def _leads_to(relation: etree._Element, name: str, archive: Archive) -> bool:
    """Tell whether a relationship in a member leads out of the package or to a part of it."""
    if relation.get("TargetMode") == "External":
        return True
    # Targets are relative to the folder of the part, which is above that of its relationships.
    folder = posixpath.dirname(posixpath.dirname(name))
    path = posixpath.normpath(posixpath.join("/", folder, relation.get("Target") or ""))
    return path.lstrip("/") in archive.names
