"""Addresses of the request pages."""

from django.urls import path

from portal.pages.requests.actions import request_answer, request_copy, request_nudge, request_withdraw
from portal.pages.requests.changes import changes_card
from portal.pages.requests.checking import request_check
from portal.pages.requests.costing import estimate_fragment
from portal.pages.requests.detail import request_detail
from portal.pages.requests.listing import requests_list
from portal.pages.requests.steps import request_new, request_step

urlpatterns = [
    path("requests/", requests_list, name="requests"),
    path("requests/new/", request_new, name="request-new"),
    path("requests/<int:pk>/", request_detail, name="request-detail"),
    path("requests/<int:pk>/changes/", changes_card, name="request-changes-card"),
    path("requests/<int:pk>/estimate/", estimate_fragment, name="request-estimate"),
    path("requests/<int:pk>/edit/<str:step>/", request_step, name="request-step"),
    path("requests/<int:pk>/check/", request_check, name="request-check"),
    path("requests/<int:pk>/withdraw/", request_withdraw, name="request-withdraw"),
    path("requests/<int:pk>/copy/", request_copy, name="request-copy"),
    path("requests/<int:pk>/answer/", request_answer, name="request-answer"),
    path("requests/<int:pk>/nudge/", request_nudge, name="request-nudge"),
]
