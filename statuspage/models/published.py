"""The public page as it was last made: its files, and how far they have come."""

from django.db import models

from lib.leases import Leased


class Edition(Leased):
    """What the published files were made of. One row; its lease says who is making them."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    revision = models.PositiveBigIntegerField(default=0)
    maker = models.CharField(max_length=64, blank=True)  # digest of the code and settings that shaped the files
    digest = models.CharField(max_length=64, blank=True)  # of all files, so that a folder is compared with one look
    made_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)  # in real time, as heartbeats are: no test moves it
    begun_at = models.DateTimeField()  # when the first one was asked for, in real time

    def __str__(self) -> str:
        return f"revision {self.revision}"


class PublishedFile(models.Model):
    """One file of the public page, the source of every copy. Written only when its bytes change."""

    path = models.CharField(max_length=200, unique=True)  # below the published folder
    content = models.BinaryField()
    etag = models.CharField(max_length=64)  # SHA-256 of the content
    content_type = models.CharField(max_length=60)
    revision = models.PositiveBigIntegerField()  # at which it became what it is
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["path"]

    def __str__(self) -> str:
        return self.path
