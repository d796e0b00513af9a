"""Addresses that crawlers and researchers look for."""

from urllib.robotparser import RobotFileParser

import pytest

from tests import people
from tests.browser_like import visit
from tests.own_applications import OwnApplications
from tests.raw_requests import raw_request

pytestmark = pytest.mark.usefixtures("database")


async def test_crawlers_read_the_catalog_and_no_page_of_a_person() -> None:
    page = await (await visit("shop")).get("/robots.txt")
    lines = page.response.text.splitlines()
    assert lines[0] == "User-agent: *"
    assert "Disallow: /account" in lines
    assert "Disallow: /sign-in" in lines
    assert "Disallow: /" not in lines
    assert "Sitemap: http://localhost:8000/sitemap.xml" in lines


async def rules_at(host: str) -> RobotFileParser:
    """What a crawler learns on a host: it asks for one address and no other (RFC 9309, 2.3)."""
    answer = await raw_request("GET", "/robots.txt", headers=[(b"host", host.encode())])
    assert (answer.status, answer.header("content-type")) == (200, "text/plain; charset=utf-8")
    rules = RobotFileParser()
    rules.parse(answer.text.splitlines())
    return rules


PAGES_OF_PEOPLE = (
    "/account",
    "/account/orders",
    "/sign-in",
    "/sign-in/code",
    "/register",
    "/forgotten-password",
)


async def test_the_file_at_the_root_speaks_for_every_application_of_the_host() -> None:
    rules = await rules_at("localhost")
    for prefix in ("", "/business"):
        for page in PAGES_OF_PEOPLE:
            assert not rules.can_fetch("Crawler", f"http://localhost:8000{prefix}{page}"), prefix + page
        assert rules.can_fetch("Crawler", f"http://localhost:8000{prefix}/")
        assert rules.can_fetch("Crawler", f"http://localhost:8000{prefix}/products/TEA")
    sitemaps = ["http://localhost:8000/sitemap.xml", "http://localhost:8000/business/sitemap.xml"]
    assert rules.site_maps() == sitemaps
    for address in sitemaps:
        assert (await (await visit("shop")).get(address)).status == 200


async def test_every_host_speaks_for_itself_also_where_no_application_lives_at_its_root(
    own_applications: OwnApplications,
) -> None:
    for path, address in (
        ("business/", "https://business.example/shop/"),
        ("back-office/", "https://office.example/"),
        ("", "https://shop.example/"),
    ):
        own_applications.replace(f"http://localhost:{{port}}/{path}", address)
    shop, business, office = [
        await rules_at(host) for host in ("shop.example", "business.example", "office.example")
    ]
    assert shop.site_maps() == ["https://shop.example/sitemap.xml"]
    assert not shop.can_fetch("Crawler", "https://shop.example/account")
    assert shop.can_fetch("Crawler", "https://shop.example/shop/account"), "that is another host's"
    assert business.site_maps() == ["https://business.example/shop/sitemap.xml"]
    assert not business.can_fetch("Crawler", "https://business.example/shop/account")
    assert business.can_fetch("Crawler", "https://business.example/shop/")
    assert office.can_fetch("Crawler", "https://office.example/sign-in"), (
        "it reads there that it keeps nothing"
    )
    assert office.site_maps() is None
    unknown = await raw_request("GET", "/robots.txt", headers=[(b"host", b"evil.example")])
    assert unknown.status == 400


async def test_no_file_tells_where_the_back_office_is_nor_keeps_crawlers_from_its_headers() -> None:
    answer = await raw_request("GET", "/robots.txt", headers=[(b"host", b"localhost")])
    assert "office" not in answer.text
    assert (await rules_at("localhost")).can_fetch("Crawler", "http://localhost:8000/back-office/sign-in")


async def test_no_search_engine_keeps_a_page_of_the_back_office_whoever_links_it() -> None:
    person = await visit("back-office")
    for path in ("/sign-in", "/forgotten-password", "/customers", "/there-is-no-such-page"):
        assert (await person.get(path)).response.headers["x-robots-tag"] == "noindex, nofollow"
    signed_in = await (await people.staff_member()).signed_in()
    assert (await signed_in.get("/")).response.headers["x-robots-tag"] == "noindex, nofollow"
    for shop in ("shop", "business"):
        assert "x-robots-tag" not in (await (await visit(shop)).get("/")).response.headers


async def test_security_txt_names_whom_the_shop_names(own_applications: OwnApplications) -> None:
    person = await visit("shop")
    assert (await person.get("/.well-known/security.txt")).status == 404
    own_applications.replace(
        'kind = "shop"', 'kind = "shop"\nsecurity_contact = "mailto:security@example.com"'
    )
    page = await (await visit("shop")).get("/.well-known/security.txt")
    assert "Contact: mailto:security@example.com" in page.response.text
    assert "Expires: " in page.response.text
