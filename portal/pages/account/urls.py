"""Routes of one's own account."""

from django.urls import path

from portal.pages.account import devices, views

urlpatterns = [
    path("account/", views.account, name="account"),
    path("device/", devices.device, name="device"),
    path("account/tokens/", views.token_create, name="token-create"),
    path("account/tokens/<int:pk>/revoke/", views.token_revoke, name="token-revoke"),
    path("account/pull-tokens/", views.credential_create, name="credential-create"),
    path("account/pull-tokens/<int:pk>/revoke/", views.credential_revoke, name="credential-revoke"),
]
