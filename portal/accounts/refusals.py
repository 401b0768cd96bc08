"""The page of a refused sign-in: why, and who can help."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from grants.directory.models import Person
from grants.directory.roles import ADMINISTRATOR
from portal.pages.shellviews import problem_page

HELPERS = 5


def refused_page(request: HttpRequest, *, code: str, message: str) -> HttpResponse:
    """403: the account is switched off, or it is not certain who signs in; names administrators."""
    if code == "person_disabled":
        return render(request, "account/account_inactive.html", status=403)
    return problem_page(
        request, status=403, title=_("You cannot be signed in yet"), text=message, people=administrators()
    )


def administrators() -> list[str]:
    """The names of up to five active administrators."""
    people = Person.objects.filter(active=True, roles__role=ADMINISTRATOR).order_by("folded_name", "pk")
    return list(people.values_list("name", flat=True)[:HELPERS])
