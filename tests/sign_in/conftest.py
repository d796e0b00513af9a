"""What the tests of signing in share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser_like import forget_patron


@pytest.fixture
def user_name_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All applications with user names instead of e-mails as login."""
    text = Path("app/applications.toml").read_text(encoding="utf-8").replace('= "email"', '= "username"')
    (tmp_path / "applications.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("PATRON_CONFIG", str(tmp_path / "applications.toml"))
    forget_patron()
    yield
    monkeypatch.undo()
    forget_patron()


@pytest.fixture
def in_production(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The applications as in production, on https://shop.example."""
    text = Path("app/applications.toml").read_text(encoding="utf-8")
    text = text.replace("http://localhost:{port}", "https://shop.example")
    (tmp_path / "applications.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("PATRON_CONFIG", str(tmp_path / "applications.toml"))
    monkeypatch.setenv("PATRON_ENV", "production")
    monkeypatch.setenv("PATRON_SECRET_KEYS", "k8Xw2vQz6Rm4Tn1Yb7Lc3Hd9Jf5Gs0Pa")
    monkeypatch.setenv("PATRON_SMTP_URL", "smtp://127.0.0.1:2525")
    monkeypatch.setenv("PATRON_MAIL_FROM", "Patron <shop@shop.example>")
    forget_patron()
    yield
    monkeypatch.undo()
    forget_patron()
