"""What the tests of signing in share."""

import pytest

from tests.own_applications import OwnApplications


@pytest.fixture
def in_production(own_applications: OwnApplications, monkeypatch: pytest.MonkeyPatch) -> None:
    """The applications as in production, on https://shop.example."""
    monkeypatch.setenv("PATRON_ENV", "production")
    monkeypatch.setenv("PATRON_SECRET_KEYS", "k8Xw2vQz6Rm4Tn1Yb7Lc3Hd9Jf5Gs0Pa")
    monkeypatch.setenv("PATRON_SMTP_URL", "smtp://127.0.0.1:2525")
    monkeypatch.setenv("PATRON_MAIL_FROM", "Patron <shop@shop.example>")
    own_applications.replace("http://localhost:{port}", "https://shop.example")
