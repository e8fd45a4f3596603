"""The index for words inside reference, title and summary, which PostgreSQL makes only with an extension: tried again at each start."""

import logging

from django.db import DatabaseError, connection, transaction

logger = logging.getLogger(__name__)

EXTENSION = "pg_trgm"
WORDS = ", ".join(f'upper("{name}"::text) gin_trgm_ops' for name in ("reference", "title", "summary"))
HELP = f"searches read every row; as an owner of the database: CREATE EXTENSION {EXTENSION}; the index is made at the next start"


def is_there() -> bool:
    """Whether searches use the index; SQLite has no need of it."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('incident_words') IS NOT NULL")
        return bool(cursor.fetchone()[0])


def ensure() -> bool:
    """Make the index where it is missing; False where this role may not create the extension, which harms nothing but speed."""
    if is_there():
        return True
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {EXTENSION}")
            cursor.execute(f'CREATE INDEX IF NOT EXISTS incident_words ON "incidents_incident" USING gin ({WORDS})')
    except DatabaseError as error:
        logger.warning("no index for searches, %s cannot be used: %s", EXTENSION, str(error).strip())
        return False
    return True
