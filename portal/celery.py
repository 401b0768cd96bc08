"""The Celery application: it wakes workers and keeps schedules; due rows in the database are the queue."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("purser")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.autodiscover_tasks(["portal.pages.health"])
app.autodiscover_tasks(["grants.delivery"], related_name="drift_tasks")
