"""The audience: all that decides what one visitor sees, found out by the one query of a request."""

import pytest

from app.segments.audience import audience_of_stranger
from app.segments.targets import aim
from tables.engine import DB, Database
from tables.segments import TargetKind
from tests import people
from tests.browser_like import visit
from tests.own_applications import OwnApplications
from tests.segments.looking import application, audience

pytestmark = pytest.mark.usefixtures("database")


async def test_visitors_of_whom_the_same_is_true_have_equal_audiences() -> None:
    one = await audience(await (await people.shopper()).signed_in())
    two = await audience(await (await people.shopper("two@example.com")).signed_in())
    assert one == two
    assert hash(one) == hash(two)
    assert one != await audience(await visit("shop"))


async def test_a_customer_has_an_audience_of_its_own_only_if_something_is_aimed_at_it() -> None:
    known = await people.shopper()
    person = await known.signed_in()
    assert (await audience(person)).customer_id is None
    await aim(TargetKind.PRICE_LIST, "Contract", customers=[known.customer_id])
    assert (await audience(person)).customer_id == known.customer_id


async def test_individuals_see_gross_prices_and_businesses_net_ones() -> None:
    assert not (await audience(await visit("shop"))).is_net
    assert (await audience(await visit("business"))).is_net
    assert not (await audience(await (await people.shopper()).signed_in())).is_net
    assert (await audience(await (await people.company()).signed_in())).is_net


async def test_what_a_person_has_chosen_comes_before_the_customer_type() -> None:
    known = await people.shopper()
    person = await known.signed_in()
    await DB.execute("UPDATE users SET price_display = 'net'")
    assert (await audience(person)).is_net
    # A stranger's choice lies in a cookie; nonsense in it is no choice.
    stranger = application("shop")
    assert audience_of_stranger(stranger, "net").is_net
    assert not audience_of_stranger(stranger, "gross").is_net
    assert not audience_of_stranger(stranger, "nonsense").is_net


async def test_in_a_mixed_shop_strangers_see_gross_prices(mixed_shop: None) -> None:
    assert not (await audience(await visit("shop"))).is_net
    company = await people.company()
    assert (await audience(await company.signed_in("shop"))).is_net


async def test_taxes_follow_the_preferred_shipping_address_else_the_application() -> None:
    known = await people.shopper()
    person = await known.signed_in()
    assert (await audience(person)).country == "DE"
    await DB.execute("UPDATE addresses SET country = 'AT'")
    assert (await audience(person)).country == "AT"
    await DB.execute("DELETE FROM addresses")
    assert (await audience(person)).country == application("shop").default_country


async def test_the_currency_is_the_applications() -> None:
    assert (await audience(await visit("shop"))).currency == "EUR"


async def test_the_audience_costs_no_query_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    known = await people.shopper()
    person = await known.signed_in()
    asked = []
    real = Database.fetch_row

    async def counting(self: Database, query: str, *arguments: object) -> object:
        asked.append(query)
        return await real(self, query, *arguments)

    monkeypatch.setattr(Database, "fetch_row", counting)
    await audience(person)
    assert len(asked) == 1


@pytest.fixture
def mixed_shop(own_applications: OwnApplications) -> None:
    """The shop admits both kinds of customers."""
    own_applications.replace('# login = ["INDIVIDUAL"]', 'login = ["INDIVIDUAL", "SMB"]')
