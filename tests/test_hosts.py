"""Hosts and paths: which application a request reaches, whatever its headers pretend."""

import pytest

from tests.browser_like import visit
from tests.raw_requests import LOCAL, raw_request

pytestmark = pytest.mark.usefixtures("database")

SIGN_IN = "/sign-in"


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:8000",
        "localhost@evil.example",
        "localhost, evil.example",
        "localhost/evil",
        "",
        "local host",
        "[::1",
        "localhost\x00",
        "\xff",
    ],
)
async def test_an_unknown_host_is_refused(host: str) -> None:
    answer = await raw_request("GET", "/", headers=[(b"host", host.encode("latin-1"))])
    assert answer.status == 400
    assert answer.is_error_page
    if len(host) > 2:
        assert host not in answer.text


async def test_a_request_without_a_host_or_with_two_is_refused() -> None:
    assert (await raw_request("GET", SIGN_IN, headers=[])).status == 400
    assert (await raw_request("GET", SIGN_IN, headers=[LOCAL, LOCAL])).status == 400
    assert (await raw_request("GET", SIGN_IN, headers=[LOCAL, (b"host", b"evil.example")])).status == 400


@pytest.mark.parametrize("host", [b"localhost", b"localhost:8000", b"LOCALHOST:1234", b"127.0.0.1:8000"])
async def test_the_hosts_of_development_are_known_with_any_port(host: bytes) -> None:
    answer = await raw_request("GET", SIGN_IN, headers=[(b"host", host)])
    assert answer.status == 200


@pytest.mark.parametrize(
    "header", [b"x-forwarded-host", b"x-host", b"forwarded", b"x-original-url", b"x-rewrite-url"]
)
async def test_a_forged_host_changes_nothing(header: bytes) -> None:
    forged = b"host=evil.example" if header == b"forwarded" else b"evil.example"
    answer = await raw_request("GET", SIGN_IN, headers=[LOCAL, (header, forged)])
    assert answer.status == 200
    assert "evil.example" not in answer.text
    assert not any("evil.example" in value for value in answer.all("set-cookie"))
    assert not answer.header("location")


async def test_a_forwarded_host_does_not_replace_an_unknown_one() -> None:
    answer = await raw_request(
        "GET", SIGN_IN, headers=[(b"host", b"evil.example"), (b"x-forwarded-host", b"localhost")]
    )
    assert answer.status == 400


async def test_the_longest_path_wins() -> None:
    shop, business, back_office = [
        await raw_request("GET", path) for path in (SIGN_IN, "/business/sign-in", "/back-office/sign-in")
    ]
    assert "– Patron</title>" in shop.text
    assert "– Patron Business</title>" in business.text
    assert "– Patron Back Office</title>" in back_office.text


@pytest.mark.parametrize("path", ["/business-news", "/businessx/", "/back-officer", "/Business/"])
async def test_a_path_that_only_begins_like_another_application_is_a_page_of_the_shop(path: str) -> None:
    answer = await raw_request("GET", path)
    assert answer.status == 404
    assert "– Patron</title>" in answer.text


async def test_an_application_is_found_without_the_slash_at_the_end_too() -> None:
    for path in ("/business", "/business/"):
        answer = await raw_request("GET", path)
        assert answer.status == 200, path
        assert "– Patron Business</title>" in answer.text


async def test_encoded_letters_reach_the_same_application() -> None:
    answer = await raw_request("GET", "/%62usiness/sign-in")
    assert "– Patron Business</title>" in answer.text


@pytest.mark.parametrize(
    "path", ["/business/../sign-in", "/business/..", "//business/sign-in", "/./sign-in", "/%2e%2e/etc/passwd"]
)
async def test_dots_and_double_slashes_lead_nowhere(path: str) -> None:
    answer = await raw_request("GET", path)
    assert answer.status == 404
    assert answer.is_error_page


@pytest.mark.parametrize("path", ["/%00", "/%ff%fe", "/sign-in%0d%0aSet-Cookie:a=b", "/" + "a" * 20_000, "*"])
async def test_odd_paths_are_not_found(path: str) -> None:
    answer = await raw_request("GET", path)
    assert answer.status in (400, 404)
    assert answer.is_error_page
    assert not [value for value in answer.all("set-cookie") if value.startswith("a=")]


@pytest.mark.parametrize(
    "cookie", [b"=", b";;;", b"patron-shop-session", b"a=b=c", b"\xff=\xff", b"a" * 8000]
)
async def test_odd_cookies_are_no_harm(cookie: bytes) -> None:
    answer = await raw_request("GET", SIGN_IN, headers=[LOCAL, (b"cookie", cookie)])
    assert answer.status == 200


@pytest.mark.parametrize("session", ["", "%00", "%ff", "x" * 5000, "' OR 1=1 --", "%ed%a0%80"])
async def test_an_odd_session_cookie_is_no_session(session: str) -> None:
    headers = [LOCAL, (b"cookie", f"patron-shop-session={session}".encode())]
    answer = await raw_request("GET", SIGN_IN, headers=headers)
    assert answer.status == 200


async def test_a_session_of_one_application_is_none_in_another() -> None:
    from tests.people import shopper

    known = await shopper()
    person = await known.signed_in()
    session = person.cookie("session")
    stranger = await visit("business")
    stranger.client.cookies.set("patron-business-session", session or "", domain="localhost.local", path="/")
    page = await stranger.get("/sign-in", follow=False)
    assert page.status == 200, "still asks who is there"
