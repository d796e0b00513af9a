"""States of an order (domain.md 9)."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.languages import date_text
from app.orders.order import OrderMissing, order_of_number
from app.orders.states import (
    StateRefused,
    cancel_order,
    confirm_order,
    next_states,
    return_order,
    ship_order,
)
from app.orders.withdrawal import withdraw
from tables.engine import DB
from tables.orders import OrderState
from tests import people
from tests.browser_like import mails, visit
from tests.checkout.ordering import add, code_for_one_order, open_shop, order

MOVES = {
    OrderState.CONFIRMED: confirm_order,
    OrderState.SHIPPED: ship_order,
    OrderState.CANCELLED: cancel_order,
    OrderState.RETURNED: return_order,
}


async def ordered(quantity: int = 3) -> str:
    await open_shop()
    person = await visit("shop")
    await add(person, "TEA", quantity - 1)
    return await order(person, "TEA")


async def state(number: str) -> str:
    return str((await order_of_number(number)).state)


async def stock() -> int:
    return int(await DB.fetch_value("SELECT stock FROM products WHERE sku = 'TEA'"))


async def test_an_order_is_confirmed_shipped_and_returned(database):
    number = await ordered()
    for move, name in ((confirm_order, "confirmed"), (ship_order, "shipped"), (return_order, "returned")):
        await move(number)
        assert await state(number) == name
    assert await stock() == 47, "people judge whether it can be sold again"
    actions = await DB.fetch("SELECT action FROM audit_entries WHERE action LIKE 'order %' ORDER BY id")
    assert [row["action"] for row in actions] == ["order confirmed", "order shipped", "order returned"]


async def test_a_cancelled_order_is_in_stock_again(database):
    number = await ordered()
    assert await stock() == 47
    await cancel_order(number, reason="customer called")
    assert await stock() == 50
    assert await state(number) == "cancelled"
    entry = await DB.fetch_row("SELECT * FROM audit_entries WHERE action = 'order cancelled'")
    assert entry["reason"] == "customer called"


async def test_returned_pieces_go_back_into_stock_where_staff_say_so(database):
    number = await ordered()
    await confirm_order(number)
    await ship_order(number)
    await return_order(number, back_to_stock=True)
    assert await stock() == 50
    with pytest.raises(StateRefused):
        await return_order(number, back_to_stock=True)
    assert await stock() == 50
    entry = await DB.fetch_row("SELECT after FROM audit_entries WHERE action = 'order returned'")
    assert '"back_to_stock": true' in entry["after"]


async def test_the_buyer_is_told_of_every_state_by_mail(database):
    number = await ordered()
    for move, kind, subject in (
        (confirm_order, "order_confirmed", f"Your order {number} is confirmed"),
        (ship_order, "order_shipped", f"Your order {number} is on its way"),
        (return_order, "order_returned", f"The goods of your order {number} are back"),
    ):
        await move(number)
        [mail] = await mails(kind, "guest@example.com")
        assert mail.subject == subject
        assert "3 x Tea (TEA)" in mail.text
        assert "/account/" not in mail.text, "a guest has no page of the order"
    assert not await mails("order_cancelled")


async def test_the_buyer_reads_of_a_cancelled_order_in_their_own_language(database):
    await open_shop()
    number = await order(await (await people.shopper()).signed_in())
    await DB.execute("UPDATE orders SET language = 'de'")
    await cancel_order(number)
    [mail] = await mails("order_cancelled", "ines@example.com")
    assert mail.language == "de"
    assert mail.subject == f"Ihre Bestellung {number} ist storniert"
    assert f"/account/orders/{number}" in mail.text


async def test_a_state_that_is_refused_sends_no_mail(database):
    number = await ordered()
    with pytest.raises(StateRefused):
        await return_order(number)
    assert [mail.kind for mail in await mails()] == ["order_placed"]


async def test_nobody_is_written_to_whose_address_was_deleted(database):
    number = await ordered()
    await DB.execute("UPDATE orders SET email = 'deleted@deleted.invalid', buyer_name = ''")
    await cancel_order(number)
    assert await state(number) == "cancelled"
    assert not await mails("order_cancelled")


async def test_a_consumer_reads_until_when_what_was_shipped_may_be_sent_back_and_a_company_does_not(database):
    number = await ordered()
    await confirm_order(number)
    await ship_order(number)
    [mail] = await mails("order_shipped")
    assert date_text(datetime.now(UTC).date() + timedelta(days=14), "en") in mail.text
    assert "http://localhost:8000/withdrawal" in mail.links
    number = await order(await (await people.company()).signed_in())
    await confirm_order(number)
    await ship_order(number)
    [mail] = [one for one in await mails("order_shipped") if number in one.subject]
    assert "withdraw" not in mail.text


@pytest.mark.parametrize("current", list(OrderState))
@pytest.mark.parametrize("wanted", list(MOVES))
async def test_only_the_offered_states_can_be_reached(database, current, wanted):
    number = await ordered()
    await DB.execute("UPDATE orders SET state = $1", current.value)
    offered = next_states(await order_of_number(number))
    if wanted in offered:
        await MOVES[wanted](number)
        assert await state(number) == wanted.value
    else:
        with pytest.raises(StateRefused):
            await MOVES[wanted](number)
        assert await state(number) == current.value
        assert await stock() == 47


async def test_cancelled_ten_times_at_once_the_stock_returns_once(database):
    number = await ordered()
    answers = await asyncio.gather(*(cancel_order(number) for _ in range(10)), return_exceptions=True)
    assert sum(one is None for one in answers) == 1
    assert sum(isinstance(one, StateRefused) for one in answers) == 9
    assert await stock() == 50


async def test_a_cancelled_order_gives_its_promotion_back(database):
    await open_shop()
    await code_for_one_order()
    person = await visit("shop")
    await add(person)
    await person.post("/basket/promotion-code", {"code": "ONCE"})
    number = await order(person)
    assert await DB.fetch_value("SELECT used FROM promotions") == 1
    await cancel_order(number)
    assert await DB.fetch_value("SELECT used FROM promotions") == 0


async def test_an_unknown_order_is_missing(database):
    with pytest.raises(OrderMissing):
        await confirm_order("4711")


async def test_what_was_withdrawn_from_is_neither_confirmed_nor_shipped_any_more(database):
    number = await ordered()
    await withdraw(await order_of_number(number))
    for move in (confirm_order, ship_order):
        with pytest.raises(StateRefused):
            await move(number)
    assert next_states(await order_of_number(number)) == [OrderState.CANCELLED]
    await cancel_order(number)
    assert await state(number) == "cancelled"


async def test_what_was_withdrawn_from_after_shipping_comes_back(database):
    number = await ordered()
    await confirm_order(number)
    await ship_order(number)
    await withdraw(await order_of_number(number))
    assert next_states(await order_of_number(number)) == [OrderState.RETURNED]


async def test_of_a_withdrawal_and_shipping_at_once_each_is_seen_by_the_other(database):
    number = await ordered()
    await confirm_order(number)
    done = await asyncio.gather(
        withdraw(await order_of_number(number)), ship_order(number), return_exceptions=True
    )
    now = await order_of_number(number)
    assert now.withdrawn_at is not None
    assert (now.state is OrderState.SHIPPED) == (done[1] is None)
