"""Reading notifications: one's own, and how mail is doing."""

from django.db.models import QuerySet

from grants.directory.standing import Standing
from portal.notify.models import Notification


def notifications_of(viewer: Standing) -> QuerySet[Notification]:
    """What this person was told, newest first; nobody reads somebody else's."""
    return Notification.objects.filter(recipient=viewer.person).order_by("-created_at", "-pk")


def unread_count(viewer: Standing) -> int:
    """How many of them are unread."""
    return notifications_of(viewer).filter(read_at=None).count()


def failing_mail() -> QuerySet[Notification]:
    """Notifications whose mail could not be sent so far; each is tried again."""
    return Notification.objects.filter(mail_state="failing")
