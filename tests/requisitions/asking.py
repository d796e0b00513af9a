"""A company whose buyer has limits: what the tests of requisitions begin with."""

from dataclasses import dataclass

from tests import people
from tests.browser_like import Person, SeenPage
from tests.catalog.shelf import Shelf
from tests.checkout.ordering import add, answer, open_shop, place
from tests.requisitions.test_budgets import limit


@dataclass
class Company:
    """The people of a company, and the shop where they buy."""

    shop: Shelf
    admin: people.Known
    approver: people.Known
    buyer: people.Known


async def company(order_limit: int | None = 2000, amount: int | None = None, period: str = "") -> Company:
    """A company with an administrator, an approver and a buyer with limits (net, cents): one tea is 15.00."""
    shop = await open_shop()
    admin = await people.company()
    approver = await people.colleague(admin, "anna@alfki.example", ("approver",))
    buyer = await people.colleague(admin, "paul@alfki.example")
    await limit(buyer.membership_id, order_limit, amount, period)
    return Company(shop, admin, approver, buyer)


async def review(person: Person, sku: str = "TEA", quantity: int = 1) -> SeenPage:
    """The last page before ordering."""
    await add(person, sku, quantity)
    page = await answer(person)
    assert page.h1 == "Review your order", page.main
    return page


async def ask(person: Person, sku: str = "TEA", quantity: int = 2, **fields: str) -> SeenPage:
    """Orders more than the limit allows: the page of the requisition."""
    page = await place(person, await review(person, sku, quantity), **fields)
    assert page.h1.startswith("Requisition R-"), page.main
    return page


def id_of(page: SeenPage) -> str:
    """The id in the address of a requisition's page."""
    return page.path.split("/requisitions/")[1].split("/")[0].split("?")[0]
