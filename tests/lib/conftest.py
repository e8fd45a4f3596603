"""Tables that only these tests need."""

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import connection, models

from lib import append_only
from lib.leases import Leased
from lib.vault import EncryptedTextField


class Page(models.Model):
    """An append-only row that may be crossed out."""

    text = models.CharField(max_length=50)
    is_out = models.BooleanField(default=False, null=True)

    class Meta:
        app_label = "lib"


class Job(Leased):
    """Work for a sweep."""

    name = models.CharField(max_length=50)

    class Meta:
        app_label = "lib"


class Safe(models.Model):
    """A row with a secret."""

    password = EncryptedTextField(blank=True)

    class Meta:
        app_label = "lib"


for model in (Page, Job, Safe):  # known to these tests' own tables only, not to migrations and flush
    apps.all_models["lib"].pop(model._meta.model_name, None)
apps.clear_cache()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    """With these tables."""
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        editor.create_model(Page)
        editor.create_model(Job)
        editor.create_model(Safe)
    yield


@pytest.fixture
def page_model(db: None) -> Iterator[type[Page]]:
    """A protected table: a page may only be crossed out, with its text kept."""
    append_only.protect(Page, allow_update="OLD.is_out = {false} AND NEW.is_out = {true} AND NEW.text = OLD.text")
    append_only.install()
    yield Page
    del append_only.PROTECTED[Page]


@pytest.fixture
def job_model() -> type[Job]:
    """A table of leased rows."""
    return Job


@pytest.fixture
def safe_model() -> type[Safe]:
    """A table with a sealed column."""
    return Safe
