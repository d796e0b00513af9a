"""Routes: each says who may call it, and everybody gets what it says.

`python -m tests.test_routes` rewrites tests/routes.txt.
"""

import os
import re
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from litestar.routes import HTTPRoute

from app.access import audience_of
from app.applications import all_applications
from app.back_office.privileges import ALL_PRIVILEGES, Privilege
from app.customers.permissions import BUILT_IN_ROLES, Permission
from app.settings import settings
from tables import ApprovalStatus
from tables.engine import DB
from tests.browser_like import Person, SeenPage, patron, visit
from tests.patron_process import production
from tests.people import Known, colleague, company, pending_company, shopper, staff_member

SNAPSHOT = Path(__file__).with_name("routes.txt")


@dataclass(frozen=True, order=True)
class Route:
    """One method of one address of one application."""

    application: str
    path: str
    method: str
    name: str
    audiences: tuple[str, ...]

    @property
    def audience(self) -> str:
        return self.audiences[0]


def routes() -> list[Route]:
    """Every route of every application. Litestar answers OPTIONS by itself."""
    found = []
    for application, litestar in patron().sites:
        for route in litestar.routes:
            assert isinstance(route, HTTPRoute), f"{route.path} is no HTTP route"
            for handler in route.route_handlers:
                declared = tuple(one.audience for one in handler.resolve_guards() if hasattr(one, "audience"))
                for method in sorted(handler.http_methods - {"OPTIONS"}):
                    found.append(Route(application.id, route.path, method, handler.name or "", declared))
    return sorted(found)


def snapshot() -> str:
    """All routes as text, one a line."""
    lines = ["# Every route and who may call it. Rewrite: python -m tests.test_routes", ""]
    for application in all_applications():
        lines.append(f"{application.id} ({application.url})")
        lines += [
            f"  {one.method:5} {one.path:66} {one.name:34} {one.audience}"
            for one in routes()
            if one.application == application.id
        ]
        lines.append("")
    return "\n".join(lines)


def test_every_route_declares_exactly_one_audience() -> None:
    for one in routes():
        assert len(one.audiences) == 1, f"{one.application} {one.method} {one.path}: {one.audiences}"


def test_every_route_has_a_name_of_its_own() -> None:
    for application in all_applications():
        names = [one.name for one in routes() if one.application == application.id]
        assert all(names)
        assert len(names) == len(set(names)), [one for one in names if names.count(one) > 1]


def test_no_route_vanishes_or_opens_by_accident() -> None:
    assert snapshot() == SNAPSHOT.read_text(encoding="utf-8"), (
        "If this change is wanted, rewrite the list: python -m tests.test_routes"
    )


def test_reading_and_changing_are_different_methods() -> None:
    assert {one.method for one in routes()} == {"GET", "POST"}


def test_every_privilege_of_a_route_can_be_given() -> None:
    for one in routes():
        if one.audience.startswith("staff: "):
            assert one.audience.removeprefix("staff: ").removesuffix(AGAIN) in ALL_PRIVILEGES, one


def test_pages_of_the_account_and_the_back_office_are_for_nobody_else() -> None:
    """What is open to anyone in the back office is the way in, and nothing more."""
    for one in routes():
        if one.path.startswith("/account"):
            assert one.audience.startswith("signed in"), one
        if one.application == "back-office" and one.audience == "anyone":
            assert re.match(
                r"/(?:sign-in|sign-out|forgotten-|reminder-sent|reset-password|language|static|health|metrics"
                r"|password-strength|mailbox|robots\.txt|\.well-known|address-fields)",
                one.path,
            ), one


def test_companies_have_pages_that_the_consumer_shop_has_not() -> None:
    of_shop, of_business = (
        {one.path for one in routes() if one.application == name} for name in ("shop", "business")
    )
    assert "/account/company" in of_business - of_shop
    assert not of_shop - of_business


# What a visitor meets at a route.
OPEN, SIGN_IN, REFUSED, NOT_PERMITTED, SET_UP = "open", "sign in", "refused", "not permitted", "set up"
PROVE_AGAIN = "prove again"
AGAIN = ", again within 5 minutes"


@dataclass(frozen=True)
class Kind:
    """A kind of visitor: how they come, and what each audience means for them."""

    name: str
    application: str
    arrive: Callable[[], Awaitable[Person]]
    # Audience -> what they meet; "" for all others.
    meets: dict[str, str]
    # Names of routes that are for anyone, and not for them.
    closed: frozenset[str] = frozenset()

    def expects(self, route: Route) -> str:
        """What they meet at a route."""
        if route.audience == "anyone":
            return NOT_PERMITTED if route.name in self.closed else OPEN
        return self.meets.get(route.audience, self.meets.get("", OPEN))


async def _signed_in_then(known_of: str, change: str) -> Person:
    """Somebody who was let in and of whom something has changed since."""
    known = await (shopper() if known_of == "shop" else company())
    person = await known.signed_in()
    await DB.execute(change)
    return person


def then(known_of: str, change: str) -> Callable[[], Awaitable[Person]]:
    return lambda: _signed_in_then(known_of, change)


async def _with_role(role: str) -> Person:
    return await (await colleague(await company(), "paul@alfki.example", (role,))).signed_in()


async def _pending_since() -> Person:
    known = await pending_company(approval_status=ApprovalStatus.APPROVED)
    person = await known.signed_in()
    await DB.execute("UPDATE customers SET approval_status = 'pending'")
    return person


async def _with_session_of_the_shop() -> Person:
    at_shop = await (await shopper()).signed_in()
    person = await visit("business")
    person.client.cookies.set(
        "patron-business-session",
        at_shop.cookie("session") or "",
        domain="localhost.local",
        path="/business/",
    )
    return person


async def _staff(*privileges: str) -> Person:
    return await (await staff_member(privileges=privileges)).signed_in()


async def _staff_since_a_while() -> Person:
    person = await _staff(*ALL_PRIVILEGES)
    await DB.execute("UPDATE sessions SET authenticated_at = now() - interval '6 minutes'")
    return person


async def _half_signed_in(cast: Callable[[], Awaitable[Known]]) -> Person:
    """A session that was begun by the password and waits for the second factor."""
    known = await cast()
    person = await known.signed_in()
    await DB.execute("UPDATE sessions SET signed_in_at = NULL")
    await DB.execute(
        'INSERT INTO second_factors (id, "user", secret_encrypted, confirmed_at, last_time_step, created_at)'
        " VALUES ($1, $2, 'not used here', now(), 0, now())",
        uuid.uuid4(),
        known.user_id,
    )
    return person


async def _former_staff() -> Person:
    person = await (await staff_member()).signed_in()
    await DB.execute("UPDATE staff_members SET is_active = false")
    return person


async def _stranger(application: str) -> Person:
    return await visit(application)


GATE_OF_STRANGERS = {"": SIGN_IN}
GATE_OF_REFUSED = {"": REFUSED}
CUSTOMER = {
    "signed in": OPEN,
    "signed in, again within 5 minutes": OPEN,
    "signed in: company": OPEN,
    "signed in: group": OPEN,
    "showing a second factor": SIGN_IN,
}
# A member of a company meets more or less of it by the permissions of their roles.
ADMINISTRATOR = CUSTOMER | {f"signed in: may {one}": OPEN for one in Permission}
ADMINISTRATOR |= {f"signed in: may {one}, again within 5 minutes": OPEN for one in Permission}


def of_role(role: str) -> dict[str, str]:
    """What somebody with one built-in role meets."""
    return CUSTOMER | {
        f"signed in: may {one}{again}": OPEN if one in BUILT_IN_ROLES[role] else NOT_PERMITTED
        for one in Permission
        for again in ("", ", again within 5 minutes")
    }


BUYER = of_role("buyer")
STAFF = {
    "signed in": OPEN,
    "signed in, again within 5 minutes": OPEN,
    "showing a second factor": SIGN_IN,
    "setting up a second factor": OPEN,
}

KINDS = [
    *(
        Kind(f"a stranger in {one}", one, lambda one=one: _stranger(one), GATE_OF_STRANGERS)  # type: ignore[misc]
        for one in ("shop", "business", "back-office")
    ),
    Kind("a shopper", "shop", lambda: _signed_in_then("shop", "SELECT 1"), CUSTOMER),
    Kind(
        "a shopper who proved some time ago who they are",
        "shop",
        then("shop", "UPDATE sessions SET authenticated_at = now() - interval '6 minutes'"),
        CUSTOMER | {"signed in, again within 5 minutes": PROVE_AGAIN},
    ),
    Kind(
        "an account administrator", "business", lambda: _signed_in_then("business", "SELECT 1"), ADMINISTRATOR
    ),
    Kind(
        "an account administrator who proved some time ago who they are",
        "business",
        then("business", "UPDATE sessions SET authenticated_at = now() - interval '6 minutes'"),
        {
            audience: PROVE_AGAIN if audience.endswith("again within 5 minutes") else meets
            for audience, meets in ADMINISTRATOR.items()
        },
    ),
    *(
        Kind(
            f"a company's {role}",
            "business",
            lambda role=role: _with_role(role),  # type: ignore[misc]
            of_role(role),
            # Strangers order as guests; of a company's users only those who may.
            frozenset() if Permission.PURCHASE in permissions else frozenset({"checkout", "checkout_review"}),
        )
        for role, permissions in BUILT_IN_ROLES.items()
    ),
    *(
        Kind(
            f"{who} who has yet to show the second factor",
            application,
            lambda cast=cast: _half_signed_in(cast),  # type: ignore[misc]
            {"showing a second factor": OPEN, "": REFUSED},
        )
        for who, application, cast in (
            ("a shopper", "shop", shopper),
            ("an administrator of a company", "business", company),
            ("a staff member", "back-office", staff_member),
        )
    ),
    Kind("a company that awaits approval", "business", _pending_since, GATE_OF_REFUSED),
    Kind(
        "a rejected company",
        "business",
        then("business", "UPDATE customers SET approval_status = 'rejected'"),
        GATE_OF_REFUSED,
    ),
    Kind(
        "a shopper whose e-mail is not verified",
        "shop",
        then("shop", "UPDATE users SET email_verified_at = NULL"),
        GATE_OF_REFUSED,
    ),
    Kind("a deactivated user", "shop", then("shop", "UPDATE users SET is_active = false"), GATE_OF_REFUSED),
    Kind(
        "a user of a deactivated customer",
        "business",
        then("business", "UPDATE customers SET is_active = false"),
        GATE_OF_REFUSED,
    ),
    Kind(
        "a deactivated member",
        "business",
        then("business", "UPDATE memberships SET is_active = false"),
        GATE_OF_REFUSED,
    ),
    Kind(
        "a customer of a type that is no longer admitted",
        "business",
        then("business", "UPDATE customers SET customer_type = 'INDIVIDUAL'"),
        GATE_OF_REFUSED,
    ),
    Kind("the holder of another shop's session", "business", _with_session_of_the_shop, GATE_OF_STRANGERS),
    Kind(
        "somebody whose sessions were ended",
        "shop",
        then("shop", "UPDATE users SET session_epoch = session_epoch + 1"),
        GATE_OF_STRANGERS,
    ),
    Kind(
        "somebody whose session is too old",
        "shop",
        then("shop", "UPDATE sessions SET expires_at = now() - interval '1 second'"),
        GATE_OF_STRANGERS,
    ),
    Kind(
        "somebody who was away for too long",
        "shop",
        then("shop", "UPDATE sessions SET last_used_at = now() - interval '15 days'"),
        GATE_OF_STRANGERS,
    ),
    Kind("staff without a privilege", "back-office", lambda: _staff(), STAFF | {"": NOT_PERMITTED}),
    Kind(
        "staff with one privilege",
        "back-office",
        lambda: _staff("customers"),
        STAFF | {"staff: customers": OPEN, "staff: customers" + AGAIN: OPEN, "": NOT_PERMITTED},
    ),
    Kind("staff with all privileges", "back-office", lambda: _staff(*ALL_PRIVILEGES), STAFF | {"": OPEN}),
    Kind(
        "staff who proved some time ago who they are",
        "back-office",
        _staff_since_a_while,
        STAFF
        | {"signed in" + AGAIN: PROVE_AGAIN, "": OPEN}
        | {f"staff: {one}{AGAIN}": PROVE_AGAIN for one in (Privilege.STAFF, Privilege.CUSTOMERS)}
        | {"setting up a second factor": PROVE_AGAIN},
    ),
    Kind("a former staff member", "back-office", _former_staff, GATE_OF_REFUSED),
]


async def addresses() -> dict[str, str]:
    """Parts of addresses that lead to something that exists, where the visitor may see it."""
    number = await DB.fetch_value("SELECT number FROM customers ORDER BY created_at LIMIT 1")
    return {"number": number or "T1", "customer_type": "individual", "slug": "produce", "name": "x.css"}


def met(page: SeenPage, prefix: str) -> str:
    """What a visitor met."""
    where = page.response.headers.get("location", "")
    if page.status == 303 and where.partition("?")[0] == f"{prefix}/sign-in":
        return SIGN_IN
    if page.status == 303 and where.partition("?")[0] == f"{prefix}/sign-in/again":
        return PROVE_AGAIN
    if page.status == 303 and where.endswith("/set-up"):
        return SET_UP
    if page.status == 303 and "/sign-in/second-factor" in where:
        return REFUSED
    if page.status == 403:
        return NOT_PERMITTED if page.h1 == "This page is not for you" else REFUSED
    # A page of something that is not there, or of a link that no longer works, was open to the visitor.
    assert page.status in (200, 303, 404, 410), f"{page.path}: {page.status}"
    return OPEN


def path_of(route: Route, parts: dict[str, str]) -> str:
    return re.sub(
        r"\{(\w+):(\w+)\}",
        lambda found: parts.get(found[1], str(uuid.uuid4()) if found[2] == "uuid" else "x"),
        route.path,
    )


async def look(person: Person, path: str) -> SeenPage:
    """What an address answers, be it a page or a part of one."""
    return SeenPage(await person.client.get(person.address(path), follow_redirects=False))


def test_the_table_of_routes_and_people_covers_every_route() -> None:
    """Somebody of the table comes through every route, and somebody is kept out of each that is not for anyone."""
    for one in routes():
        kinds = [kind for kind in KINDS if kind.application == one.application]
        expected = {kind.expects(one) for kind in kinds}
        assert OPEN in expected, one
        assert one.audience == "anyone" or len(expected) > 1, one


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("kind", KINDS, ids=lambda one: one.name)
async def test_everybody_meets_what_the_audience_says(kind: Kind) -> None:
    person = await kind.arrive()
    parts = await addresses()
    for route in routes():
        if route.application != kind.application or route.method != "GET":
            continue
        page = await look(person, path_of(route, parts))
        if route.name in ("sign_in", "change_password_address") and page.status == 303:
            continue  # who is signed in already is sent on
        assert met(page, person.prefix) == kind.expects(route), (
            f"{kind.name}: {route.path} answers {page.status}"
        )


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "kind",
    [one for one in KINDS if one.name.startswith(("a stranger", "a shopper", "staff"))],
    ids=lambda one: one.name,
)
async def test_nobody_changes_anything_without_a_token(kind: Kind) -> None:
    person = await kind.arrive()
    parts = await addresses()
    await person.get("/sign-in")
    for route in routes():
        if route.name == "unsubscribe_post":
            continue  # pressed by mail programs; the signed token is the authority (tests/newsletter)
        if route.application == kind.application and route.method == "POST":
            page = await person.post(path_of(route, parts), token="", follow=False)
            assert page.status == 403, f"{kind.name}: {route.path}"
            assert "reload the page" in page.main


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("kind", KINDS, ids=lambda one: one.name)
async def test_changing_asks_the_same_gate_as_reading(kind: Kind) -> None:
    person = await kind.arrive()
    parts = await addresses()
    for route in routes():
        if route.application != kind.application or route.method != "POST" or route.audience == "anyone":
            continue
        expected = kind.expects(route)
        if expected is OPEN:
            continue
        token = person.last.csrf_token if person.last is not None else ""
        if not token:
            await person.get("/forgotten-password")
        page = await person.post(path_of(route, parts), follow=False)
        assert met(page, person.prefix) == expected, f"{kind.name}: {route.path} answers {page.status}"


@pytest.mark.usefixtures("database")
async def test_in_production_staff_without_a_second_factor_can_only_set_one_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person = await _staff(*ALL_PRIVILEGES)
    parts = await addresses()
    with monkeypatch.context() as changed:
        keys = settings().secret_keys[0].removeprefix("development-only-")
        for name, value in production(PATRON_SECRET_KEYS=keys).items():
            changed.setitem(os.environ, name, value)
        settings.cache_clear()
        try:
            for route in routes():
                if (
                    route.application == "back-office"
                    and route.method == "GET"
                    and route.audience != "anyone"
                ):
                    page = await look(person, path_of(route, parts))
                    expected = OPEN if route.audience.endswith("second factor") else SET_UP
                    assert met(page, person.prefix) == expected, route.path
        finally:
            changed.undo()
            settings.cache_clear()


@pytest.mark.usefixtures("database")
async def test_something_of_somebody_else_is_as_missing_as_something_that_never_was() -> None:
    mine, theirs = await shopper(), await shopper("other@example.com")
    foreign = await DB.fetch_value("SELECT id FROM addresses WHERE customer = $1", theirs.customer_id)
    person = await mine.signed_in()
    pages = [await person.get(f"/account/addresses/{one}") for one in (foreign, uuid.uuid4())]
    assert [one.status for one in pages] == [404, 404]
    texts = {re.sub(r"[0-9a-f]{16}", "", one.main) for one in pages}
    assert len(texts) == 1, "the two answers cannot be told apart"
    for action in ("", "/delete", "/prefer"):
        page = await person.post(f"/account/addresses/{foreign}{action}", {"kind": "billing"}, follow=False)
        assert page.status == 404
    assert await DB.fetch_value("SELECT count(*) FROM addresses WHERE customer = $1", theirs.customer_id) == 1


def test_a_route_says_its_audience_by_its_guard() -> None:
    for _application, litestar in patron().sites:
        for route in litestar.routes:
            for handler in route.route_handlers:  # type: ignore[union-attr]  # all are HTTP routes, see above
                if "OPTIONS" not in handler.http_methods:
                    assert audience_of(handler)


if __name__ == "__main__":
    import tests.conftest  # noqa: F401  # the settings of the tests

    SNAPSHOT.write_text(snapshot(), encoding="utf-8")
