"""Withdrawal of consumers (directive 2011/83, article 11a)."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from app.languages import date_text
from app.orders.states import cancel_order
from tables.engine import DB
from tests import people
from tests.browser_like import mails, visit
from tests.checkout.ordering import open_shop, order


async def test_a_shopper_withdraws_by_a_button_and_gets_a_receipt(database):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    number = await order(person)
    page = await person.get(f"/account/orders/{number}")
    assert "Withdraw from the contract" in page.main
    page = await person.get(f"/account/orders/{number}/withdraw")
    assert "1 × Tea" in page.main
    page = await person.fill(page, {}, form="_csrf_token")
    assert page.path == f"/account/orders/{number}"
    assert "received your withdrawal" in page.main
    assert "Withdraw from the contract" not in page.main
    [mail] = await mails("order_withdrawn", "ines@example.com")
    assert number in mail.subject
    assert re.search(r"\bCES?T\b", mail.text)
    assert "1 x Tea" in mail.text


async def test_a_withdrawn_order_says_so_in_the_lists_of_who_has_ordered(database):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    number = await order(person)
    for path in ("/account/orders", "/account"):
        assert "withdrawn" not in (await person.get(path)).main
    await person.post(f"/account/orders/{number}/withdraw")
    for path in ("/account/orders", "/account"):
        assert "New, withdrawn" in (await person.get(path)).main


async def test_a_second_withdrawal_changes_nothing(database):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    number = await order(person)
    await person.get("/account/orders")
    await person.post(f"/account/orders/{number}/withdraw")
    first = await DB.fetch_value("SELECT withdrawn_at FROM orders")
    await person.post(f"/account/orders/{number}/withdraw")
    assert await DB.fetch_value("SELECT withdrawn_at FROM orders") == first
    assert len(await mails("order_withdrawn")) == 1


async def test_companies_and_cancelled_orders_have_no_withdrawal(database):
    await open_shop()
    business = await (await people.company()).signed_in()
    number = await order(business)
    page = await business.get(f"/account/orders/{number}")
    assert "Withdraw from the contract" not in page.main
    assert (await business.get(f"/account/orders/{number}/withdraw")).status == 404
    assert (await business.post(f"/account/orders/{number}/withdraw")).status == 404
    page = await business.get("/withdrawal")
    assert "for businesses" in page.main
    private = await (await people.shopper()).signed_in()
    number = await order(private)
    await cancel_order(number)
    assert (await private.get(f"/account/orders/{number}/withdraw")).status == 404


async def test_a_guest_withdraws_by_number_and_email(database):
    await open_shop()
    number = await order(await visit("shop"))
    person = await visit("shop")
    page = await person.fill(
        await person.get("/withdrawal"), {"number": f" {number} ", "email": "GUEST@example.com"}
    )
    assert "received your withdrawal" in page.main
    assert await DB.fetch_value("SELECT withdrawn_at IS NOT NULL FROM orders")
    [mail] = await mails("order_withdrawn")
    assert mail.to == "guest@example.com"


async def test_the_way_to_the_withdrawal_stands_on_every_page_where_consumers_shop(database):
    assert "/withdrawal" in (await (await visit("shop")).get("/")).links
    assert "/business/withdrawal" not in (await (await visit("business")).get("/")).links


async def test_wrong_number_and_wrong_email_are_the_same_answer(database):
    await open_shop()
    number = await order(await visit("shop"))
    person = await visit("shop")
    answers = []
    for fields in (
        {"number": number, "email": "somebody@example.com"},
        {"number": "999999", "email": "guest@example.com"},
    ):
        page = await person.fill(await person.get("/withdrawal"), fields)
        assert page.status == 422
        answers.append(page.errors)
    assert answers[0] == answers[1]
    assert await DB.fetch_value("SELECT withdrawn_at FROM orders") is None
    assert not await mails("order_withdrawn")


async def shipped(number: str, days_ago: int, time: str) -> None:
    """As if the order had been shipped so many days ago, at a time of that day (UTC)."""
    await DB.execute(
        "UPDATE orders SET state = 'shipped', shipped_at ="
        " ((now() AT TIME ZONE 'UTC')::date - $2::int + $3::text::time) AT TIME ZONE 'UTC' WHERE number = $1",
        number,
        days_ago,
        time,
    )


@pytest.mark.parametrize("time", ["00:00:00", "23:59:59.999"])
async def test_the_fourteenth_day_after_shipping_is_the_last_one(database, time):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    number = await order(person)
    await shipped(number, 14, time)
    today = date_text(datetime.now(UTC).date(), "en")
    page = await person.get(f"/account/orders/{number}")
    assert "Withdraw from the contract" in page.main
    assert f"until {today}" in page.main
    page = await person.get(f"/account/orders/{number}/withdraw")
    assert f"until {today}" in page.main
    await person.fill(page, {}, form="_csrf_token")
    assert await DB.fetch_value("SELECT withdrawn_at IS NOT NULL FROM orders")


@pytest.mark.parametrize("time", ["00:00:00", "23:59:59.999"])
async def test_after_the_last_day_the_pages_say_so_and_nothing_is_recorded(database, time):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    number = await order(person)
    await shipped(number, 15, time)
    said = f"The last day to withdraw from this order here was {date_text(yesterday(), 'en')}."
    page = await person.get(f"/account/orders/{number}")
    assert said in page.main
    assert f"/account/orders/{number}/withdraw" not in page.html
    page = await person.get(f"/account/orders/{number}/withdraw")
    assert said in page.main
    page = await person.post(f"/account/orders/{number}/withdraw")
    assert page.status == 409
    assert said in page.main
    guest = await visit("shop")
    page = await guest.fill(await guest.get("/withdrawal"), {"number": number, "email": "ines@example.com"})
    assert page.status == 422
    assert said in page.errors[""]
    assert await DB.fetch_value("SELECT withdrawn_at FROM orders") is None
    assert not await mails("order_withdrawn")


async def test_before_shipping_there_is_no_last_day(database):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    number = await order(person)
    await DB.execute("UPDATE orders SET placed_at = now() - interval '1 year'")
    page = await person.get(f"/account/orders/{number}")
    assert "until 14 days after we have shipped the goods" in page.main
    page = await person.get(f"/account/orders/{number}/withdraw")
    page = await person.fill(page, {}, form="_csrf_token")
    assert "received your withdrawal" in page.main


def yesterday() -> date:
    return datetime.now(UTC).date() - timedelta(days=1)
