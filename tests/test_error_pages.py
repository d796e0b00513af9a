"""Error pages: what happened and what to do, in the look of the shop, with a request id and nothing secret."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from lxml import html as lxml_html

from app.applications import all_applications
from app.errors import EXPLANATIONS, HEADINGS, TooManyTries, error_page
from app.languages import current_language, translations
from app.main import LONGEST_LOGGED
from app.request_id import current_request_id
from app.visitor import Visitor
from tests.browser_like import patron, visit
from tests.databases import TestDatabases
from tests.patron_process import PatronProcess, demo_data, patron_serving
from tests.people import shopper, staff_member
from tests.raw_requests import LOCAL, raw_request

INSIDE = ("Traceback", "asyncpg", "SELECT", "INSERT", "site-packages", ".py", "Exception", "litestar")


def assert_tells_nothing_of_the_inside(html: str) -> None:
    assert not [word for word in INSIDE if word in html]


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("status", sorted(HEADINGS))
def test_every_error_has_a_page_in_the_look_of_each_application(status: int, language: str) -> None:
    patron()
    for application in all_applications():
        scope: Any = {
            "type": "http",
            "method": "GET",
            "path": f"{application.prefix}/somewhere",
            "root_path": application.prefix,
            "query_string": b"",
            "headers": [],
            "visitor": Visitor(application=application, language=language),
        }
        id_token, language_token = current_request_id.set("0123456789abcdef"), current_language.set(language)
        try:
            answer = error_page(scope, status)
        finally:
            current_request_id.reset(id_token)
            current_language.reset(language_token)
        assert answer.status_code == status
        tree = lxml_html.fromstring(answer.content)
        catalog = translations(language)
        heading = catalog.gettext(HEADINGS[status])
        assert tree.get("lang") == language
        assert [one.text_content() for one in tree.iterfind(".//h1")] == [heading]
        assert catalog.gettext(EXPLANATIONS[status]) in tree.text_content()
        assert tree.findtext(".//title") == f"{heading} – {application.name}"
        assert "0123456789abcdef" in tree.text_content()
        assert tree.find(".//header") is not None
        assert tree.find(".//main//a").get("href") == f"{application.prefix}/", "the way on"
        assert tree.find(".//meta[@name='robots']").get("content") == "noindex"
        assert_tells_nothing_of_the_inside(answer.content)


def test_the_last_resort_needs_no_application() -> None:
    scope: Any = {"type": "http", "headers": []}
    answer = error_page(scope, 400)
    assert answer.status_code == 400
    assert "<h1>We could not read that</h1>" in answer.content
    assert error_page(scope, 418).status_code == 418, "a status without words of its own gets general ones"
    assert error_page(scope, 599).status_code == 599


@pytest.mark.usefixtures("database")
async def test_the_ways_to_an_error_page() -> None:
    person = await visit("shop")
    cases = {
        404: await person.get("/nothing-here"),
        405: await person.get("/sign-out"),
        403: await person.post("/sign-in", {"login": "a"}, token="wrong"),
    }
    # The page of the sign-in is for everybody: only its form is too old.
    headings = HEADINGS | {403: "Please try that once more"}
    for status, page in cases.items():
        assert page.status == status
        assert page.h1 == headings[status]
        assert page.title == f"{headings[status]} – Patron"
        assert page.response.headers["x-request-id"] in page.text
        assert_tells_nothing_of_the_inside(page.main)
    too_large = await raw_request("POST", "/sign-in", headers=[LOCAL, (b"content-length", b"9999999")])
    assert (too_large.status, HEADINGS[413] in too_large.text) == (413, True)
    unreadable = await raw_request("POST", "/sign-in", headers=[LOCAL, (b"content-length", b"many")])
    assert (unreadable.status, HEADINGS[400] in unreadable.text) == (400, True)


@pytest.mark.usefixtures("database")
async def test_a_page_that_needs_a_privilege_is_refused_in_the_look_of_the_back_office() -> None:
    person = await (await staff_member(privileges=())).signed_in()
    page = await person.get("/customers")
    assert page.status == 403
    assert page.h1 == HEADINGS[403]
    assert page.title.endswith("– Patron Back Office")


@pytest.mark.usefixtures("database")
async def test_a_signed_in_person_stays_recognised_on_error_pages() -> None:
    person = await (await shopper(first_name="Ines", last_name="Sol")).signed_in()
    page = await person.get("/nothing-here")
    assert page.status == 404
    assert "Ines Sol" in page.text


@pytest.mark.usefixtures("database")
async def test_a_staff_member_goes_on_from_an_error_page_as_from_any_other() -> None:
    person = await (await staff_member()).signed_in()
    page = await person.get("/nothing-here")
    assert page.status == 404
    assert {"/back-office/customers", "/back-office/audit"} <= set(page.links)
    stranger = await visit("back-office")
    page = await stranger.get("/nothing-here")
    assert page.status == 404
    assert "/back-office/customers" not in page.links


@pytest.mark.usefixtures("database")
async def test_too_many_tries_are_told_with_the_time_to_wait() -> None:
    person = await visit("shop", address="192.0.2.7")
    page = await person.get("/forgotten-password")
    for _ in range(21):
        page = await person.post("/forgotten-password", {"email": "a@example.com"}, follow=False)
    assert page.status == 429
    assert page.h1 == HEADINGS[429]
    seconds = int(page.response.headers["retry-after"])
    assert 0 < seconds <= 300
    assert "Please try again in" in page.main
    other = await visit("shop", address="192.0.2.8")
    page = await other.post("/forgotten-password", {"email": "a@example.com"}, follow=False)
    assert page.status == 303, "others are not held up"
    assert TooManyTries(5).seconds == 5


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("odd", ["%00", "a%00b", "%ff", "%ed%a0%80", "%F0%9F%8D%B7", "..%2f", "'%22;--"])
async def test_odd_signs_in_an_address_are_not_found_for_people_who_are_signed_in_too(database, odd):
    person, staff = await (await shopper()).signed_in(), await (await staff_member()).signed_in()
    for browser, paths in (
        (person, ("/account/orders/{}", "/account/orders/{}/withdraw", "/products/{}", "/categories/{}")),
        (
            staff,
            (
                *(
                    "/products/{}",
                    "/price-lists/{}",
                    "/price-lists/{}/entries",
                    "/promotions/{}",
                    "/segments/{}",
                ),
                *("/catalog-views/{}", "/orders/{}", "/customers/{}", "/customers/{}/orders"),
            ),
        ),
    ):
        for path in paths:
            page = await browser.get(path.format(odd))
            assert page.status in (400, 404), (path, odd, page.status)


@pytest.mark.parametrize("application", ["shop", "business", "back-office"])
async def test_error_pages_speak_german(application: str) -> None:
    person = await visit(application, language="de")
    page = await person.get("/gibt-es-nicht")
    assert page.status == 404
    assert page.tree.get("lang") == "de"
    assert page.h1 == translations("de").gettext(HEADINGS[404])
    assert page.h1 != HEADINGS[404]


@pytest.fixture(scope="module")
async def own_patron(
    databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[PatronProcess, asyncpg.Connection]]:
    """A `patron serve` with JSON logs on a database that may be broken, and its operator's connection."""
    folder = tmp_path_factory.mktemp("broken-patron")
    address = await databases.new_database()
    demo_data(folder, address)
    operator = await asyncpg.connect(databases.server)
    with patron_serving(folder, address, "--no-worker", PATRON_LOG="json") as process:
        yield process, operator
    await operator.close()


async def logged_of(process: PatronProcess, request_id: str) -> list[dict[str, Any]]:
    """All records of a request. The last one is written when the answer is on its way already."""
    async with asyncio.timeout(60):
        while True:
            lines = process.said().split("\n")[:-1]
            records = [json.loads(line) for line in lines if line.startswith("{")]
            logged = [one for one in records if one.get("request_id") == request_id]
            if any(one.get("event") == "request" for one in logged):
                return logged
            await asyncio.sleep(0.02)


async def test_of_a_long_address_a_record_shows_no_more_than_pages_have(
    own_patron: tuple[PatronProcess, asyncpg.Connection],
) -> None:
    process, _operator = own_patron
    asked = "/" + "a" * 25_000 + "@" + "b-" * 12_000
    async with httpx.AsyncClient(base_url=process.url, timeout=60) as client:
        answer = await client.get(asked)
    assert answer.status_code == 404
    logged = await logged_of(process, answer.headers["x-request-id"])
    assert [one["path"] for one in logged if one["event"] == "request"] == [asked[:LONGEST_LOGGED]]


async def test_a_fault_of_the_program_is_a_page_for_the_person_and_a_trace_in_the_log(
    own_patron: tuple[PatronProcess, asyncpg.Connection],
) -> None:
    process, _operator = own_patron
    connection = await asyncpg.connect(process.database_url)
    try:
        # Once before Litestar, where the visitor is recognised, and once in a page.
        for table, path in (("data_versions", "/sign-in"), ("categories", "/")):
            await connection.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
            try:
                async with httpx.AsyncClient(base_url=process.url, timeout=60) as client:
                    answer = await client.get(path, headers={"Accept-Language": "de"})
            finally:
                await connection.execute(f"ALTER TABLE {table}_away RENAME TO {table}")
            assert answer.status_code == 500, table
            assert f"<h1>{translations('de').gettext(HEADINGS[500])}</h1>" in answer.text
            assert_tells_nothing_of_the_inside(lxml_html.fromstring(answer.text).text_content())
            request_id = answer.headers["x-request-id"]
            assert request_id in answer.text
            logged = await logged_of(process, request_id)
            assert any("UndefinedTableError" in one.get("exception", "") for one in logged)
            assert any(one.get("event") == "request" and one.get("status") == 500 for one in logged)
    finally:
        await connection.close()
    assert httpx.get(process.url + "/", timeout=60).status_code == 200


async def test_while_the_database_is_away_people_are_told_so_and_then_all_goes_on(
    own_patron: tuple[PatronProcess, asyncpg.Connection],
) -> None:
    process, operator = own_patron
    name = process.database_url.partition("?")[0].rpartition("/")[2]
    said_before = len(process.said())
    async with httpx.AsyncClient(base_url=process.url, timeout=60) as client:
        home = await client.get("/")
        assert home.status_code == 200
        stylesheet = lxml_html.fromstring(home.text).find(".//link[@rel='stylesheet']").get("href")
        await operator.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        try:
            await operator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
            )
            for path in ("/", "/sign-in", "/business/", "/back-office/", "/nothing-here"):
                answer = await client.get(path, headers={"Accept-Language": "de"})
                assert answer.status_code == 503, path
                assert answer.headers["retry-after"] == "5"
                tree = lxml_html.fromstring(answer.text)
                assert tree.get("lang") == "de"
                assert tree.findtext(".//h1") == translations("de").gettext(HEADINGS[503])
                assert tree.find(".//link[@rel='stylesheet']") is not None, "in the look of the shop"
                assert answer.headers["x-request-id"] in answer.text
                assert_tells_nothing_of_the_inside(tree.text_content())
            posted = await client.post("/sign-in", data={"login": "a", "password": "b"})
            assert posted.status_code == 503
            assert (await client.get(stylesheet)).status_code == 200
            assert (await client.get("/health/live")).status_code == 200
            ready = await client.get("/health/ready")
            assert (ready.status_code, ready.json()) == (503, {"status": "database unavailable"})
        finally:
            await operator.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
        for path in ("/health/ready", "/", "/business/", "/sign-in"):
            assert (await client.get(path)).status_code == 200, path
    assert "Traceback" not in process.said()[said_before:], "a database that is away is one line, not a trace"
