"""Withdrawal of consumers (directive 2011/83, article 11a)."""

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
    assert "UTC" in mail.text
    assert "1 x Tea" in mail.text


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
