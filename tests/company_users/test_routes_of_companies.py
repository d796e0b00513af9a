"""Every route of a company: nobody without its permission comes in, and nobody sees another company's things.

Both are derived from the routes, so that a new one is tried, or asks to be put into a list here.
"""

import re
import uuid

import pytest

from app.customers.permissions import Permission
from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage
from tests.company_users.everything_of_a_company import everything_of_a_company, rows_of
from tests.company_users.managing import own_role
from tests.customers.belonging import template
from tests.test_routes import NOT_PERMITTED, OPEN, Route, look, met, path_of, routes

pytestmark = pytest.mark.usefixtures("database")

# Parameters that name nothing of a customer's.
OF_THE_SHOP = re.compile(r"/(?:categories|mailbox|pictures|products|register|static)/\{")
# Sent with every form: enough for each to be read as far as what it is about.
TYPED = {
    "kind": "billing",
    "version": "1",
    "comment": "No",
    "roles": "buyer",
    "name": "New",
    "quantity": "2",
    "sku": "TEA",
    "first_name": "X",
    "last_name": "Y",
    "replacement": "buyer",
    "street": "Ring 1",
    "postal_code": "10115",
    "city": "Berlin",
    "country": "DE",
    "permissions": "purchase",
}


def of_companies() -> list[Route]:
    """The routes of the shop for companies."""
    return [one for one in routes() if one.application == "business"]


def needed(route: Route) -> Permission | None:
    """The permission that a route says it is for."""
    found = re.match(r"signed in: may (\w+)", route.audience)
    return Permission(found[1]) if found else None


async def member_who_may(*permissions: Permission) -> Person:
    """A colleague with exactly these permissions, by a role of the company's own."""
    boss = await people.company()
    role = await own_role(boss, "Some", *permissions)
    return await (await people.colleague(boss, "paul@alfki.example", (role,))).signed_in()


EACH = list(Permission)
SETS = {
    "nothing": (),
    **{f"only {one}": (one,) for one in EACH},
    **{f"all but {one}": tuple(other for other in EACH if other is not one) for one in EACH},
}


@pytest.mark.parametrize("permissions", SETS.values(), ids=SETS.keys())
async def test_a_route_is_open_to_who_has_its_permission_and_to_nobody_else(
    permissions: tuple[Permission, ...],
) -> None:
    person = await member_who_may(*permissions)
    for route in of_companies():
        permission = needed(route)
        if permission is None:
            continue
        if permission not in permissions:
            page = await sent(person, route, path_of(route, {}))
            assert met(page, person.prefix) == NOT_PERMITTED, f"{route.method} {route.path}: {page.status}"
        elif route.method == "GET":
            page = await look(person, path_of(route, {}))
            assert met(page, person.prefix) == OPEN, f"{route.path}: {page.status}"


async def sent(person: Person, route: Route, path: str) -> SeenPage:
    """What a route answers: a page that is looked at, or a form that is sent."""
    if route.method == "GET":
        return await look(person, path)
    return await person.post(path, TYPED, follow=False)


def places_of(route: Route) -> list[str]:
    """The parts of an address that end in a parameter, which the lists of ids are by."""
    return [route.path[: found.end()] for found in re.finditer(r"\{[^}]+\}", route.path)]


def with_parameters() -> list[Route]:
    """The routes whose address names something of a customer's."""
    return [one for one in of_companies() if places_of(one) and not OF_THE_SHOP.match(one.path)]


def filled_in(route: Route, ids: dict[str, str]) -> str:
    """The address with these ids."""
    path, done = "", 0
    for place in places_of(route):
        path += route.path[done : place.rindex("{")] + ids[place]
        done = len(place)
    return path + route.path[done:]


def seen(page: SeenPage) -> tuple[int, str]:
    """An answer without what differs each time."""
    return page.status, re.sub(r"[0-9a-f]{16}", "", page.main if page.tree is not None else page.html)


async def test_something_of_another_company_is_as_missing_as_what_never_was() -> None:
    theirs = await everything_of_a_company()
    mine = await people.company("eve@other.example", company_name="Other Ltd")
    await template(mine, "My own")
    own_template = str(
        await DB.fetch_value("SELECT id FROM order_templates WHERE customer = $1", mine.customer_id)
    )
    eve = await mine.signed_in()
    owners = [theirs.admin.user_id, theirs.buyer.user_id]
    before = await rows_of(owners)
    tried = set()
    for route in with_parameters():
        *above, last = places_of(route)
        # What is theirs, also below something of one's own; and what never was.
        for own in ({}, dict.fromkeys(above, own_template)):
            foreign = theirs.ids | own
            missing = foreign | {last: str(uuid.uuid4())}
            answers = [seen(await sent(eve, route, filled_in(route, ids))) for ids in (foreign, missing)]
            assert answers[0][0] == 404, f"{route.method} {route.path}: {answers[0]}"
            assert answers[0] == answers[1], f"{route.method} {route.path}: the two answers can be told apart"
        tried.add(last)
    assert tried == set(theirs.ids), "something of theirs that no address leads to"
    assert await rows_of(owners) == before, "something of theirs has changed"


async def test_what_others_do_not_see_is_there_for_its_owners() -> None:
    """Else the test above would be content with ids of nothing."""
    theirs = await everything_of_a_company()
    reached = set()
    # Pages first: forms change things, and some take them away.
    for route in sorted(with_parameters(), key=lambda one: one.method):
        place = places_of(route)[-1]
        if place not in reached:
            page = await sent(theirs.owner_of(place), route, filled_in(route, theirs.ids))
            if page.status != 404:
                assert met(page, "/business") == OPEN, f"{route.path}: {page.status}"
                reached.add(place)
    assert reached == set(theirs.ids)
