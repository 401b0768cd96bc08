"""Addresses of the approver's pages."""

from django.urls import path

from portal.pages.inbox.views import decide, inbox, inbox_detail

urlpatterns = [
    path("approvals/", inbox, name="inbox"),
    path("approvals/<int:pk>/", inbox_detail, name="inbox-detail"),
    path("approvals/<int:pk>/decide/", decide, name="decide"),
]
