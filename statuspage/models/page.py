"""How the public page looks, and the count of its changes."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PublicPage(models.Model):
    """Name and looks of the page; where users find help is the playbook's (`product`). One row, made when somebody first saves it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    name = models.CharField(_("company"), max_length=80, blank=True)
    accent = models.CharField(_("accent colour"), max_length=7, blank=True)  # "#1f6feb"
    logo = models.BinaryField(null=True)  # as cleaned at its upload
    logo_type = models.CharField(max_length=20, blank=True)  # "image/png"
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Revision(models.Model):
    """How often what the public reads has changed; raised in the transaction of each change (`changes.touch`). One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.PositiveBigIntegerField(default=0)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.number)
