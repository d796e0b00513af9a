"""Guests type any e-mail, and every order is a mail: nobody's mailbox is flooded by that (security.md, Sign-in)."""

import asyncio

import pytest

from app.sign_in.limits import MAILS_IN_AN_HOUR
from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage, mails, visit
from tests.checkout.ordering import GUEST, add, answer, number_on, open_shop, order, place

pytestmark = pytest.mark.usefixtures("database")

FOREIGN = "victim@example.net"


async def ready(number: int, email: str = FOREIGN) -> tuple[Person, SeenPage]:
    """A guest at an address of their own who is one click away from ordering."""
    person = await visit("shop", address=f"10.6.0.{number}")
    await add(person)
    return person, await answer(person, email=email)


async def orders_of(email: str) -> int:
    return int(await DB.fetch_value("SELECT count(*) FROM orders WHERE email_canonical = $1", email))


async def test_more_orders_of_guests_for_one_mailbox_wait_for_an_hour_and_lose_nothing() -> None:
    await open_shop()
    for number in range(MAILS_IN_AN_HOUR):
        person, review = await ready(number)
        # However the address is written, it is one mailbox.
        number_on(await place(person, review))
    person, review = await ready(100, "Victim@Example.NET")
    page = await place(person, review)
    assert (page.status, page.h1) == (409, "Review your order")
    assert "There were several orders with this e-mail address within an hour." in page.main
    assert await orders_of(FOREIGN) == MAILS_IN_AN_HOUR
    assert len(await mails("order_placed")) == MAILS_IN_AN_HOUR
    assert await DB.fetch_value("SELECT stock FROM products WHERE sku = 'TEA'") == 50 - MAILS_IN_AN_HOUR
    assert "Tea" in (await person.get("/basket")).main
    assert (await person.get("/checkout")).typed("billing_first_name") == GUEST["billing_first_name"]
    other, review = await ready(101, "somebody.else@example.net")
    number_on(await place(other, review))
    await DB.execute("UPDATE attempt_counters SET window_started_at = now() - interval '61 minutes'")
    number_on(await place(person, page))


async def test_of_guests_who_order_at_once_for_one_mailbox_no_more_come_through() -> None:
    await open_shop()
    everybody = [await ready(number) for number in range(MAILS_IN_AN_HOUR + 3)]
    answers = await asyncio.gather(*(place(person, review) for person, review in everybody))
    assert sorted(one.status for one in answers) == [200] * MAILS_IN_AN_HOUR + [409] * 3
    assert len(await mails("order_placed", FOREIGN)) == MAILS_IN_AN_HOUR


async def test_orders_that_are_refused_do_not_count_nor_does_a_double_click() -> None:
    await open_shop()
    for number in range(MAILS_IN_AN_HOUR):
        person, review = await ready(number)
        await DB.execute("UPDATE products SET stock = 0 WHERE sku = 'TEA'")
        assert (await place(person, review)).status == 409
        await DB.execute("UPDATE products SET stock = 50 WHERE sku = 'TEA'")
    person, review = await ready(50)
    clicks = await asyncio.gather(*(place(person, review) for _ in range(4)))
    assert len({number_on(one) for one in clicks}) == 1
    for number in range(MAILS_IN_AN_HOUR - 1):
        person, review = await ready(60 + number)
        number_on(await place(person, review))
    assert await orders_of(FOREIGN) == MAILS_IN_AN_HOUR


async def test_who_is_signed_in_orders_as_often_as_they_like() -> None:
    await open_shop()
    person = await (await people.shopper(FOREIGN)).signed_in()
    for _ in range(MAILS_IN_AN_HOUR + 1):
        await order(person)
    assert await orders_of(FOREIGN) == MAILS_IN_AN_HOUR + 1
