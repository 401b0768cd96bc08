"""Rows of the cost room. Dimensions are text: live data may go, what it cost stays."""

from audit.costs.models.budgets import Anomaly, Budget, BudgetNotice, Commitment, Outlook
from audit.costs.models.checks import Check, Violation
from audit.costs.models.money import (
    CostSettings,
    GpuType,
    Overhead,
    Rate,
    RateRevision,
    Reservation,
    Restatement,
)
from audit.costs.models.sources import ClusterClaim, HeldFile, Load, Slice, Source
from audit.costs.models.totals import CapacityDay, DayTotal, HourTotal, ReservationDay, TeamDay
from audit.costs.models.usage import ActivityWindow, Bill, Capacity, Usage, UsageKey, UsagePlace
from audit.costs.models.wholes import ImageDay, PlaceDay, TeamTotal

__all__ = [
    "ActivityWindow", "Anomaly", "Bill", "Budget", "BudgetNotice", "Capacity", "CapacityDay", "Check",
    "ClusterClaim", "Commitment", "CostSettings", "DayTotal", "GpuType", "HeldFile", "HourTotal", "ImageDay",
    "Load", "Outlook", "Overhead", "PlaceDay", "Rate", "RateRevision", "Reservation", "ReservationDay",
    "Restatement", "Slice", "Source", "TeamDay", "TeamTotal", "Usage", "UsageKey", "UsagePlace", "Violation",
]  # fmt: skip
