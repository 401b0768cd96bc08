"""Routes of the frame's own pages."""

from django.urls import path

from portal.pages import shellviews

urlpatterns = [
    path("preferences/", shellviews.set_preferences, name="set-preferences"),
    path("counts/", shellviews.counts, name="shell-counts"),
    path("help/", shellviews.help_page, name="help"),
    path("help/keyboard/", shellviews.keyboard, name="help-keyboard"),
    path("accessibility/", shellviews.accessibility, name="accessibility"),
    path("styleguide/", shellviews.styleguide, name="styleguide"),
]
