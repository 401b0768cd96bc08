"""The frame's pages through the whole middleware: routes, headers, language, errors."""

import pytest
from django.conf import settings
from django.test import Client

pytestmark = pytest.mark.django_db
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "font-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}


def test_sign_in_page_is_ours_with_the_strict_policy(client):
    answer = client.get("/accounts/login/?next=/grants/7/")
    assert answer.status_code == 200
    assert set(answer["Content-Security-Policy"].split("; ")) == POLICY
    assert '<h1 id="page-title" tabindex="-1">Sign in</h1>' in answer.content.decode()


@pytest.mark.parametrize("path", ["/help/", "/help/keyboard/", "/accessibility/"])
def test_public_page_opens_without_a_sign_in(client, path):
    assert client.get(path).status_code == 200


def test_chosen_language_is_used_from_the_next_page_on():
    client = Client(enforce_csrf_checks=True)
    client.get("/help/")
    token = client.cookies[settings.CSRF_COOKIE_NAME].value
    answer = client.post(
        "/preferences/", {"language": "zh-hans", "next": "/help/", "csrfmiddlewaretoken": token}
    )
    assert (answer.status_code, answer["Location"]) == (302, "/help/")
    assert '<html lang="zh-Hans"' in client.get("/help/").content.decode()


def test_form_without_its_token_gets_our_page():
    answer = Client(enforce_csrf_checks=True).post("/preferences/", {"theme": "dark"})
    assert answer.status_code == 403
    assert "This form is too old to send" in answer.content.decode()


def test_unknown_address_gets_our_page(client):
    answer = client.get("/no/such/page/")
    assert answer.status_code == 404
    assert "We could not find this page" in answer.content.decode()


def test_style_guide_asks_for_a_sign_in(client):
    assert client.get("/styleguide/")["Location"] == "/accounts/login/?next=/styleguide/"
