"""Requests that other sites make in a person's name change nothing (security.md, Cross-site)."""

import pytest

from tables.engine import DB
from tests.browser_like import ORIGIN, Person, SeenPage, patron, visit
from tests.people import Known, shopper

pytestmark = pytest.mark.usefixtures("database")


async def change_language(person: Person, headers: dict[str, str], token: str | None = None) -> SeenPage:
    """A request that changes something visible: the language of the account."""
    return await person.post(
        "/language", {"language": "de", "next": "/"}, headers=headers, token=token, follow=False
    )


async def language_of(known: Known) -> str:
    return str(await DB.fetch_value("SELECT preferred_language FROM users WHERE id = $1", known.user_id))


async def test_a_form_of_this_site_is_accepted() -> None:
    known = await shopper()
    person = await known.signed_in()
    await person.get("/")
    assert (await change_language(person, {})).status == 303
    assert await language_of(known) == "de"


@pytest.mark.parametrize("site", ["cross-site", "same-site", "CROSS-SITE", "nonsense", ""])
async def test_a_request_that_the_browser_says_came_from_elsewhere_is_refused(site: str) -> None:
    known = await shopper()
    person = await known.signed_in()
    await person.get("/")
    page = await change_language(person, {"Sec-Fetch-Site": site})
    assert page.status == 403
    assert page.h1 == "Please try that once more"
    assert "came from another site" in page.main
    assert await language_of(known) == "en"
    assert person.cookie("csrf"), "another site cannot take the cookie away either"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://localhost.evil.example:8000",
        "https://localhost:8000",
        "http://localhost:8001",
        "http://[",
        "//localhost:8000",
        "localhost:8000",
        "",
    ],
)
async def test_a_foreign_origin_is_refused(origin: str) -> None:
    known = await shopper()
    person = await known.signed_in()
    await person.get("/")
    page = await person.post(
        "/language", {"language": "de"}, headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"}
    )
    assert page.status == 403
    assert await language_of(known) == "en"


async def test_a_hidden_origin_is_believed_only_of_our_own_pages() -> None:
    """The pages of links in mails hide their address, and with it the origin of their forms."""
    for site, status in (
        ("same-origin", 303),
        ("cross-site", 403),
        ("same-site", 403),
        ("none", 403),
        (None, 403),
    ):
        person = await visit("shop")
        page = await person.get("/")
        answer = await person.client.post(
            f"{ORIGIN}/language",
            data={"language": "de", "_csrf_token": page.csrf_token},
            headers={"Origin": "null"} | ({"Sec-Fetch-Site": site} if site else {}),
            follow_redirects=False,
        )
        assert answer.status_code == status, site


async def test_an_old_browser_without_sec_fetch_site_is_judged_by_its_origin() -> None:
    person = await visit("shop")
    page = await person.get("/")
    sent = {"language": "de", "next": "/", "_csrf_token": page.csrf_token}
    for origin, status in ((ORIGIN, 303), ("https://evil.example", 403)):
        answer = await person.client.post(
            f"{ORIGIN}/language", data=sent, headers={"Origin": origin}, follow_redirects=False
        )
        assert answer.status_code == status, origin


async def test_a_program_that_sends_neither_header_still_needs_the_token() -> None:
    person = await visit("shop")
    page = await person.get("/")
    for token, status in ((page.csrf_token, 303), ("wrong", 403)):
        answer = await person.client.post(
            f"{ORIGIN}/language", data={"language": "de", "_csrf_token": token}, follow_redirects=False
        )
        assert answer.status_code == status


@pytest.mark.parametrize("token", ["", "wrong", "0" * 128, "ä"])
async def test_a_missing_or_wrong_token_is_refused(token: str) -> None:
    known = await shopper()
    person = await known.signed_in()
    await person.get("/")
    page = await change_language(person, {}, token=token)
    assert page.status == 403
    assert await language_of(known) == "en"


async def test_a_token_without_its_cookie_is_refused() -> None:
    person = await visit("shop")
    page = await person.get("/sign-in")
    token = page.csrf_token
    person.client.cookies.clear()
    assert (await person.post("/sign-in", {"login": "a", "password": "b"}, token=token)).status == 403


async def test_after_a_stale_cookie_the_next_page_works() -> None:
    person = await visit("shop")
    await person.get("/sign-in")
    name = "patron-shop-csrf"
    domain = next(one.domain for one in person.client.cookies.jar if one.name == name)
    person.client.cookies.set(name, "stale" * 20, domain=domain, path="/")
    page = await person.get("/sign-in")
    refused = await person.post("/sign-in", {"login": "a", "password": "b"}, token=page.csrf_token or "x")
    assert refused.status == 403
    assert "reload the page" in refused.main
    assert person.cookie("csrf") is None, "the answer deletes the cookie"
    page = await person.get("/sign-in")
    again = await person.fill(page, {"login": "a@example.com", "password": "b"})
    assert again.status == 422
    assert "do not match" in again.text


async def test_the_token_of_another_application_is_refused() -> None:
    shop, business = await visit("shop"), await visit("business")
    foreign = (await shop.get("/sign-in")).csrf_token
    await business.get("/sign-in")
    page = await business.post("/sign-in", {"login": "a", "password": "b"}, token=foreign)
    assert page.status == 403
    cookie = shop.cookie("csrf")
    other = await visit("business")
    other.client.cookies.set(
        "patron-business-csrf", cookie or "", domain="localhost.local", path="/business/"
    )
    page = await other.post("/sign-in", {"login": "a", "password": "b"}, token=foreign)
    assert page.status == 403, "cookie and token of the shop do not open the business shop"


def changing_routes() -> list[tuple[str, str]]:
    """(application, path) of every route that changes something and shows nothing."""
    found = []
    for application, litestar in patron().sites:
        for route in litestar.routes:
            methods = set(getattr(route, "methods", ()))
            if "POST" in methods and "GET" not in methods:
                path = route.path
                for part in ("{number:str}", "{address_id:uuid}", "{customer_id:uuid}"):
                    path = path.replace(part, "00000000-0000-7000-8000-000000000000")
                if "{" not in path:
                    found.append((application.id, path))
    return sorted(found)


async def test_reading_never_changes_anything() -> None:
    known = await shopper()
    for application, path in changing_routes():
        person = await known.signed_in() if application == "shop" else await visit(application)
        page = await person.get(path)
        assert page.status == 405, f"{application} {path}"
        assert "POST" in page.response.headers["allow"]
        answer = await person.client.head(person.address(path))
        assert answer.status_code == 405
        assert answer.content == b""


async def test_signing_out_needs_the_token_too() -> None:
    known = await shopper()
    person = await known.signed_in()
    refused = await person.post("/sign-out", token="wrong")
    assert refused.status == 403
    assert (await person.get("/account")).path.startswith("/account")
    assert await DB.fetch_value("SELECT count(*) FROM sessions") == 1


async def test_asking_for_the_head_of_a_page_gives_its_headers_without_a_body() -> None:
    for path in ("/", "/sign-in", "/forgotten-password"):
        person = await visit("shop")
        whole = await person.client.get(f"{ORIGIN}{path}")
        head = await person.client.head(f"{ORIGIN}{path}")
        assert head.status_code == whole.status_code == 200
        assert head.content == b""
        ignored = {"x-request-id", "set-cookie", "content-length"}
        assert {k: v for k, v in head.headers.items() if k not in ignored} == {
            k: v for k, v in whole.headers.items() if k not in ignored
        }
        assert abs(int(head.headers["content-length"]) - len(whole.content)) < 100
    missing = await person.client.head(f"{ORIGIN}/nothing-here")
    assert missing.status_code == 404
    assert missing.content == b""


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "POST", "LONGEST"])
async def test_methods_that_a_page_does_not_know_are_told_so(method: str) -> None:
    person = await visit("shop")
    page = await person.get("/")
    answer = await person.client.request(
        method, f"{ORIGIN}/", headers={"Origin": ORIGIN, "X-CSRFToken": page.csrf_token}
    )
    assert answer.status_code == 405
    assert "That is not possible here" in answer.text
