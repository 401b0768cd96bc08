"""Sums of whole days that pages of the organisation read: few rows a day, made from the sums of keys."""

from typing import ClassVar

from django.db import models

from audit.costs.models.usage import Measures


class TeamTotal(Measures):
    """The usage of one team on one day, whatever it used. `loose_cost` is the part without a project."""

    day = models.DateField()
    team = models.CharField(max_length=60, blank=True)
    loose_cost = models.DecimalField(max_digits=20, decimal_places=6, default=0)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["day", "team"], name="each_team_total_once")]
        indexes: ClassVar = [models.Index(fields=["team", "day"], name="team_totals_of_team")]

    def __str__(self) -> str:
        return f"{self.team} {self.day}"


class PlaceDay(Measures):
    """The usage of all teams on one day by what was used and how its activity was measured."""

    day = models.DateField()
    gpu_type = models.CharField(max_length=60)
    cluster = models.CharField(max_length=80)
    pricing_class = models.CharField(max_length=20)
    metric = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["day", "gpu_type", "cluster", "pricing_class", "metric"], name="each_place_day_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.cluster} {self.gpu_type} {self.day}"


class ImageDay(Measures):
    """The usage of all teams on one day by image; `image` is one of the names it ran under."""

    day = models.DateField()
    repository = models.CharField(max_length=300, blank=True)
    digest = models.CharField(max_length=80, blank=True)
    image = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "repository", "digest"], name="each_image_day_once")
        ]

    def __str__(self) -> str:
        return f"{self.repository} {self.day}"
