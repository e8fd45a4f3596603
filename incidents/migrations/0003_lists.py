"""What keeps the list quick: an index of open incidents by age, and on PostgreSQL one for words inside reference, title and summary."""

import logging

from django.db import DatabaseError, migrations, models, transaction

logger = logging.getLogger(__name__)
OPEN = ["declared", "confirmed", "diagnosing", "fixing", "rolling_back", "verifying", "watching"]
WORDS = ", ".join(f'upper("{name}"::text) gin_trgm_ops' for name in ("reference", "title", "summary"))


def add_words(apps, schema_editor):
    """Without the extension, which this role may not be allowed to create, a search reads every row and finds the same."""
    connection = schema_editor.connection
    if connection.vendor != "postgresql":
        return
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            cursor.execute(f'CREATE INDEX incident_words ON "incidents_incident" USING gin ({WORDS})')
    except DatabaseError as error:
        logger.warning("no index for searches, pg_trgm cannot be used: %s", str(error).strip())


def remove_words(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS incident_words")


class Migration(migrations.Migration):
    dependencies = [("incidents", "0002_picture")]

    operations = [
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["-declared_at", "-id"], name="incident_open_newest", condition=models.Q(("state__in", OPEN))),
        ),
        migrations.RunPython(add_words, remove_words),
    ]
