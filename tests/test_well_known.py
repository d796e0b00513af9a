"""Addresses that crawlers and researchers look for."""

from pathlib import Path

import pytest

from tests.browser_like import forget_patron, visit

pytestmark = pytest.mark.usefixtures("database")


async def test_crawlers_read_the_catalog_and_no_page_of_a_person() -> None:
    page = await (await visit("shop")).get("/robots.txt")
    lines = page.response.text.splitlines()
    assert lines[0] == "User-agent: *"
    assert "Disallow: /account" in lines
    assert "Disallow: /sign-in" in lines
    assert "Disallow: /" not in lines
    assert "Sitemap: http://localhost:8000/sitemap.xml" in lines


async def test_crawlers_read_nothing_of_the_back_office() -> None:
    page = await (await visit("back-office")).get("/robots.txt")
    assert page.response.text.splitlines() == ["User-agent: *", "Disallow: /back-office/"]


async def test_security_txt_names_whom_the_shop_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await visit("shop")
    assert (await person.get("/.well-known/security.txt")).status == 404
    text = Path("app/applications.toml").read_text(encoding="utf-8")
    text = text.replace('kind = "shop"', 'kind = "shop"\nsecurity_contact = "mailto:security@example.com"')
    (tmp_path / "applications.toml").write_text(text, encoding="utf-8")
    with monkeypatch.context() as changed:
        changed.setenv("PATRON_CONFIG", str(tmp_path / "applications.toml"))
        forget_patron()
        page = await (await visit("shop")).get("/.well-known/security.txt")
        assert "Contact: mailto:security@example.com" in page.response.text
        assert "Expires: " in page.response.text
    forget_patron()
