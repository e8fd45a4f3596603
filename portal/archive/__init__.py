"""One portable archive of everything: rows as JSON lines, and a manifest with hashes; from and into either database.

A ZIP file: `rows/<app>.<model>.jsonl` with one row a line, `uploads/…`, and last `manifest.json`, which says of each file how many
bytes and rows it has and their SHA-256. Sealed values stay sealed: without `VAULT_KEYS` an archive tells no secret.
"""

from portal.archive.reading import ArchiveError, restore
from portal.archive.writing import write

__all__ = ["ArchiveError", "restore", "write"]
