"""Signs that nobody sees and the database does not store are no fault, wherever an address brings them."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlencode

import pytest
from litestar.connection import ASGIConnection
from litestar.datastructures import MultiDict
from litestar.routes import HTTPRoute

from app.access import audience_of
from app.back_office.privileges import ALL_PRIVILEGES
from app.segments.custom import create_segment
from tables.engine import DB
from tests.browser_like import Person, patron, visit
from tests.company_users.everything_of_a_company import everything_of_a_company
from tests.people import staff_member

# What the database refuses, and what ends lines, turns the direction of writing or rings a bell.
NUL = "te\0a"
OTHERS = "a\x01\x07\x0b\x1b\x7f\x85\u2028\u202e\ufeffb"
# What the addresses of the back office name, where the page reads more than that.
NAMED = {
    "/customers/{number:str}": "SELECT number FROM customers WHERE customer_type <> 'INDIVIDUAL' LIMIT 1",
    "/orders/{number:str}": "SELECT number FROM orders LIMIT 1",
    "/price-lists/{list_id:str}": "SELECT id FROM price_lists LIMIT 1",
    "/segments/{segment_id:str}": "SELECT id FROM segments LIMIT 1",
    "/users/{user_id:uuid}": 'SELECT "user" FROM memberships LIMIT 1',
}


class WatchedParameters(MultiDict):
    """The parameters of an address, which tell by what names they are asked for."""

    asked: ClassVar[set[str]] = set()

    def get(self, key: str, default: object = None) -> object:
        """As always."""
        self.asked.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> object:
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)


@pytest.fixture
def watched_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the parameters that pages read be known; what is read is the same."""
    as_always = ASGIConnection.query_params.fget
    assert as_always is not None
    monkeypatch.setattr(
        ASGIConnection, "query_params", property(lambda one: WatchedParameters(as_always(one)))
    )


@dataclass(frozen=True)
class ReadablePage:
    """The address of a page, who may read it, the function that answers, and the parameters that it declares."""

    path: str
    audience: str
    function: object
    declared: frozenset[str]


def pages_of(application: str) -> list[ReadablePage]:
    """Everything that is read with GET."""
    site = next(litestar for one, litestar in patron().sites if one.id == application)
    found = []
    for route in site.routes:
        assert isinstance(route, HTTPRoute)
        for handler in route.route_handlers:
            if "GET" in handler.http_methods:
                model = handler.create_kwargs_model(path_parameters=route.path_parameters)
                declared = frozenset(one.field_alias for one in model.expected_query_params)
                found.append(ReadablePage(route.path, audience_of(handler) or "", handler.fn, declared))
    return found


def address_of(path: str, ids: dict[str, str]) -> str:
    """An address of something that is there, where that is known."""
    for beginning in sorted(ids, key=len, reverse=True):
        path = path.replace(beginning, beginning.rpartition("/")[0] + "/" + ids[beginning], 1)
    return "/".join(
        (str(uuid.uuid4()) if ":uuid" in part else "x") if part.startswith("{") else part
        for part in path.split("/")
    )


async def names_read(person: Person, pages: Iterable[ReadablePage], ids: dict[str, str]) -> set[str]:
    """Sends odd signs in each parameter that a page reads, and gives the names of all that were."""
    names = set[str]()
    for page in pages:
        address, done = person.address(address_of(page.path, ids)), set[str]()
        WatchedParameters.asked = set(page.declared)
        await person.client.get(address, follow_redirects=False)
        # What is read only after something else was sent is found on the way.
        while to_try := sorted(WatchedParameters.asked - done):
            for asked in [*({one: NUL} for one in to_try), dict.fromkeys(to_try, OTHERS)]:
                answer = await person.client.get(f"{address}?{urlencode(asked)}", follow_redirects=False)
                assert answer.status_code < 500, (page.path, asked)
            done |= set(to_try)
        names |= done
    return names


@pytest.mark.usefixtures("database", "watched_parameters")
async def test_odd_signs_in_any_parameter_of_any_page_of_a_shop_are_no_fault() -> None:
    of = await everything_of_a_company()
    pages = pages_of("business")
    ids = of.ids | {
        "/categories/{slug:str}": str(await DB.fetch_value("SELECT slug FROM categories LIMIT 1"))
    }
    assert {"q", "state", "token", "next", "order"} <= await names_read(of.as_admin, pages, ids)
    # Strangers see other things where both come in.
    await names_read(await visit("business"), [one for one in pages if one.audience == "anyone"], ids)


def test_the_consumer_shop_has_no_page_that_the_shop_of_companies_has_not() -> None:
    """So that what holds for every parameter there holds here as well."""
    assert {one.function for one in pages_of("shop")} <= {one.function for one in pages_of("business")}


@pytest.mark.usefixtures("database", "watched_parameters")
async def test_odd_signs_in_any_parameter_of_any_page_of_the_back_office_are_no_fault() -> None:
    await everything_of_a_company()
    await create_segment("GOLD", "Gold")
    ids = {part: str(await DB.fetch_value(sql)) for part, sql in NAMED.items()}
    assert "None" not in ids.values()
    pages = pages_of("back-office")
    person = await (await staff_member(privileges=tuple(ALL_PRIVILEGES))).signed_in()
    assert {"q", "state", "sku", "customer", "other", "leaves"} <= await names_read(person, pages, ids)
