"""The headers of every kind of answer (security.md, Input and output)."""

import re

import pytest

from app.applications import all_applications
from app.headers import CONTENT_SECURITY_POLICY
from tests.browser_like import ORIGIN, visit
from tests.own_applications import OwnApplications
from tests.people import shopper, staff_member
from tests.raw_requests import LOCAL, Answer, raw_request

pytestmark = pytest.mark.usefixtures("database")

# Word for word as in security.md.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


async def stylesheet() -> str:
    page = await raw_request("GET", "/sign-in")
    return re.findall(r'href="(/static/css/site\.[0-9a-f]+\.css)"', page.text)[0]


async def answers() -> dict[str, Answer]:
    """One answer of each kind."""
    return {
        "page": await raw_request("GET", "/sign-in"),
        "redirect": await raw_request("GET", "/account"),
        "unknown page": await raw_request("GET", "/nothing-here"),
        "wrong method": await raw_request("GET", "/sign-out"),
        "no token": await raw_request("POST", "/sign-in"),
        "too large": await raw_request(
            "POST", "/sign-in", headers=[LOCAL, (b"content-length", b"99999999999")]
        ),
        "unknown host": await raw_request("GET", "/", headers=[(b"host", b"evil.example")]),
        "static file": await raw_request("GET", await stylesheet()),
        "unknown static file": await raw_request("GET", "/static/css/site.css"),
        "health": await raw_request("GET", "/health/live"),
        "options": await raw_request("OPTIONS", "/sign-in"),
        "head": await raw_request("HEAD", "/sign-in"),
    }


async def test_every_kind_of_answer_has_the_security_headers() -> None:
    for kind, answer in (await answers()).items():
        assert answer.header("content-security-policy") == POLICY, kind
        assert answer.header("x-content-type-options") == "nosniff", kind
        assert answer.header("cross-origin-opener-policy") == "same-origin", kind
        assert "camera=()" in answer.header("permissions-policy"), kind
        assert answer.header("x-frame-options") == "DENY", kind
        assert answer.header("referrer-policy"), kind
        assert re.fullmatch(r"[0-9a-f]{16}", answer.header("x-request-id")), kind
        assert answer.header("cache-control"), kind
        assert not answer.header("server"), kind
        assert not answer.header("strict-transport-security"), f"{kind}: not on http"


def test_the_policy_allows_nothing_inline() -> None:
    assert CONTENT_SECURITY_POLICY == POLICY


async def test_every_request_has_an_id_of_its_own() -> None:
    ids = {(await raw_request("GET", "/health/live")).header("x-request-id") for _ in range(20)}
    assert len(ids) == 20


async def test_pages_of_a_signed_in_person_are_kept_nowhere() -> None:
    known = await shopper()
    person = await known.signed_in()
    for path in ("/", "/account", "/sign-in", "/nothing-here"):
        page = await person.get(path, follow=False)
        assert page.response.headers["cache-control"] == "no-store", path
    staff = await (await staff_member()).signed_in()
    for path in ("/", "/customers"):
        page = await staff.get(path)
        assert page.response.headers["cache-control"] == "no-store", path


async def test_pages_of_strangers_are_kept_by_nobody_else() -> None:
    person = await visit("shop")
    page = await person.get("/")
    assert page.response.headers["cache-control"] == "private, no-cache"
    varies = {one.strip() for one in page.response.headers["vary"].split(",")}
    assert {"Cookie", "Accept-Language", "HX-Request", "HX-Request-Type"} <= varies


@pytest.mark.parametrize("path", ["/reset-password?token=abc", "/verify-email?token=abc", "/?x=1&token=abc"])
async def test_the_address_of_a_page_with_a_token_is_told_to_nobody(path: str) -> None:
    answer = await raw_request("GET", path)
    assert answer.header("referrer-policy") == "no-referrer"
    assert answer.header("cache-control") == "no-store"


async def test_other_addresses_are_told_to_other_sites_without_their_path() -> None:
    answer = await raw_request("GET", "/")
    assert answer.header("referrer-policy") == "strict-origin-when-cross-origin"


async def test_cookies_are_closed_to_scripts_and_other_sites() -> None:
    known = await shopper()
    person = await visit("shop")
    page = await person.get("/sign-in")
    set_by_page = page.response.headers.get_list("set-cookie")
    answer = await person.client.post(
        f"{ORIGIN}/sign-in",
        data={"login": known.login, "password": known.password, "_csrf_token": page.csrf_token},
        headers={"Origin": ORIGIN},
        follow_redirects=False,
    )
    assert answer.status_code == 303
    cookies = [*set_by_page, *answer.headers.get_list("set-cookie")]
    assert {one.split("=")[0] for one in cookies} == {
        "patron-shop-csrf",
        "patron-shop-session",
        "patron-shop-device",
    }
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert re.search(r"SameSite=lax", cookie, re.IGNORECASE)
        assert re.search(r"Path=/(;|$)", cookie)
        assert "Domain" not in cookie
        assert "Secure" not in cookie


async def test_cookies_of_the_back_office_go_with_no_request_from_outside() -> None:
    person = await (await staff_member()).signed_in()
    for response in [await person.client.get(f"{ORIGIN}/back-office/sign-in", follow_redirects=False)]:
        for cookie in response.headers.get_list("set-cookie"):
            assert re.search(r"SameSite=strict", cookie, re.IGNORECASE), cookie
    session = next(one for one in person.client.cookies.jar if one.name == "patron-back-office-session")
    assert session.path == "/back-office/"
    assert session._rest.get("SameSite", "").lower() == "strict"


@pytest.fixture
def on_https(own_applications: OwnApplications) -> None:
    """Patron with the addresses of production."""
    own_applications.replace("http://localhost:{port}", "https://shop.example")


@pytest.mark.usefixtures("on_https")
async def test_https_is_remembered_and_cookies_keep_to_it() -> None:
    assert all(one.is_secure for one in all_applications())
    known = await shopper()
    person = await visit("shop", host="https://shop.example")
    page = await person.get("/sign-in")
    assert page.response.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    answer = await person.client.post(
        "https://shop.example/sign-in",
        data={"login": known.login, "password": known.password, "_csrf_token": page.csrf_token},
        headers={"Origin": "https://shop.example", "Sec-Fetch-Site": "same-origin"},
        follow_redirects=False,
    )
    assert answer.status_code == 303
    cookies = [*page.response.headers.get_list("set-cookie"), *answer.headers.get_list("set-cookie")]
    assert {one.split("=")[0] for one in cookies} == {
        "__Host-patron-shop-csrf",
        "__Host-patron-shop-session",
        "__Host-patron-shop-device",
    }
    for cookie in cookies:
        assert "Secure" in cookie
        assert re.search(r"Path=/(;|$)", cookie)
        assert "Domain" not in cookie
    page = await person.get("/account")
    assert page.path == "/account", "and the browser is recognised by them"
    below = await raw_request("GET", "/business/sign-in", headers=[(b"host", b"shop.example")])
    (cookie,) = below.all("set-cookie")
    assert cookie.startswith("patron-business-csrf=")
    assert "Secure" in cookie
    for kind in ("/nothing-here", "/static/x.css", "/health/live"):
        answer_of_kind = await raw_request("GET", kind, headers=[(b"host", b"shop.example")])
        assert answer_of_kind.header("strict-transport-security"), kind


@pytest.mark.usefixtures("on_https")
async def test_plain_http_is_no_origin_of_a_shop_on_https() -> None:
    person = await visit("shop", host="https://shop.example")
    page = await person.get("/sign-in")
    for origin, status in (("https://shop.example", 422), ("http://shop.example", 403)):
        answer = await person.client.post(
            "https://shop.example/sign-in",
            data={"login": "a@example.com", "password": "b", "_csrf_token": page.csrf_token},
            headers={"Origin": origin},
        )
        assert answer.status_code == status
