"""Topic versions: what a page shows has changed since it was drawn."""

from django.db import models


class Topic(models.Model):
    """A thing pages follow, and how often it has changed. Holds no content, so it can leak none."""

    name = models.CharField(max_length=80, unique=True)
    version = models.BigIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"
