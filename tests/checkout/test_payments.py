"""What a provider holds for an order, and that it is given back when nothing comes of it (domain.md 9)."""

import asyncio
from typing import Any

import pytest

from app.orders.order import order_of_number
from app.orders.payment import payment_of, release_due_payments
from app.orders.states import cancel_order, confirm_order, return_order, ship_order
from app.sign_in.limits import MAILS_IN_AN_HOUR
from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage, visit
from tests.checkout.ordering import add, answer, number_on, open_shop, order, place
from tests.requisitions.asking import ask, company, id_of

pytestmark = pytest.mark.usefixtures("database")


async def state(number: str) -> str:
    payment = await payment_of((await order_of_number(number)).id)
    return str(payment.state) if payment is not None else ""


async def states() -> list[str]:
    return [row["state"] for row in await DB.fetch("SELECT state FROM payments ORDER BY id")]


async def reviewing(**fields: str) -> tuple[Person, SeenPage]:
    person = await visit("shop")
    await add(person)
    return person, await answer(person, **{"payment_method": "ledger", **fields})


async def time_passes() -> None:
    await DB.execute("UPDATE payments SET asked_at = asked_at - interval '16 minutes', due_at = now()")


async def test_the_test_provider_gives_back_what_it_held_for_a_cancelled_order():
    await open_shop()
    number = await order(await visit("shop"), payment_method="test")
    assert await state(number) == "held"
    await cancel_order(number)
    assert await state(number) == "releasing"
    assert await release_due_payments() == 1
    assert await state(number) == "released"
    assert await release_due_payments() == 0
    [entry] = await DB.fetch("SELECT after FROM audit_entries WHERE action = 'payment given back'")
    assert f'"number": "{number}"' in entry["after"]


async def test_an_order_by_invoice_holds_nothing_and_gives_nothing_back():
    await open_shop()
    number = await order(await visit("shop"))
    await cancel_order(number)
    assert await states() == []
    assert await release_due_payments() == 0


async def test_the_whole_amount_is_held_once_and_given_back_once(ledger: Any):
    await open_shop()
    number = await order(await visit("shop"), payment_method="ledger")
    assert list(ledger.held.values()) == [1785]
    await confirm_order(number)
    await cancel_order(number)
    assert ledger.held, "the provider is asked by the worker, not within the cancelling transaction"
    await asyncio.gather(*(release_due_payments() for _one in range(5)))
    assert (ledger.held, list(ledger.given_back.values())) == ({}, [1785])
    assert ledger.asked_to_release == 1


async def test_nothing_is_held_for_a_guest_whose_mailbox_has_had_enough_orders(ledger: Any):
    await open_shop()
    for _one in range(MAILS_IN_AN_HOUR):
        await order(await visit("shop"))
    person, review = await reviewing()
    page = await place(person, review)
    assert "There were several orders with this e-mail address within an hour." in page.main
    assert (ledger.held, await states()) == ({}, [])
    await DB.execute("UPDATE attempt_counters SET window_started_at = now() - interval '61 minutes'")
    number_on(await place(person, page))
    assert len(ledger.held) == 1


async def test_a_refused_cancelling_gives_nothing_back(ledger: Any):
    await open_shop()
    number = await order(await visit("shop"), payment_method="ledger")
    await confirm_order(number)
    await ship_order(number)
    done = await asyncio.gather(*(cancel_order(number) for _one in range(3)), return_exceptions=True)
    assert all(isinstance(one, Exception) for one in done)
    assert await release_due_payments() == 0
    assert await state(number) == "held"


async def test_a_provider_that_is_away_is_asked_until_it_agrees(ledger: Any):
    await open_shop()
    number = await order(await visit("shop"), payment_method="ledger")
    await cancel_order(number)
    ledger.is_away = True
    assert await release_due_payments() == 0
    assert await release_due_payments() == 0
    assert ledger.asked_to_release == 1, "not before a minute is over"
    staff = await (await people.staff_member("orders@example.com", ("orders",))).signed_in()
    page = await staff.get(f"/orders/{number}")
    assert "will be given back by the payment provider" in page.main
    assert "not agreed after one attempt" in page.main
    ledger.is_away = False
    await time_passes()
    assert await release_due_payments() == 1
    assert await state(number) == "released"
    assert "gave €17.85 back on" in (await staff.get(f"/orders/{number}")).main


async def test_an_answer_that_is_lost_on_the_way_gives_nothing_back_twice(ledger: Any):
    await open_shop()
    number = await order(await visit("shop"), payment_method="ledger")
    await cancel_order(number)
    ledger.answers = False
    assert await release_due_payments() == 0
    ledger.answers = True
    await time_passes()
    assert await release_due_payments() == 1
    assert ledger.asked_to_release == 2
    assert list(ledger.given_back.values()) == [1785]


async def test_a_worker_that_dies_before_the_note_leaves_something_that_is_asked_for_again(ledger: Any):
    await open_shop()
    number = await order(await visit("shop"), payment_method="ledger")
    await cancel_order(number)
    # What a worker leaves that is killed with the claim in its hands.
    await DB.execute("UPDATE payments SET due_at = now() + interval '2 minutes', attempts = 1")
    assert await release_due_payments() == 0
    await time_passes()
    assert await release_due_payments() == 1
    assert await state(number) == "released"


async def test_a_payment_without_an_order_is_given_back_after_a_while(ledger: Any):
    await open_shop()
    person, page = await reviewing()
    await DB.execute("ALTER TABLE order_lines ADD CONSTRAINT none_today CHECK (false) NOT VALID")
    try:
        page = await place(person, page)
    finally:
        await DB.execute("ALTER TABLE order_lines DROP CONSTRAINT none_today")
    assert page.status == 500
    assert await DB.fetch_value("SELECT count(*) FROM orders") == 0
    assert list(ledger.held.values()) == [1785]
    assert await release_due_payments() == 0, "somebody may still be at it"
    await time_passes()
    assert await release_due_payments() == 1
    assert ledger.held == {}


async def test_an_order_that_is_refused_gives_its_payment_back_at_once(ledger: Any):
    await open_shop()
    person, page = await reviewing()
    reached = asyncio.Event()
    authorise = ledger.authorise

    async def sold_out_meanwhile(*asked: Any) -> str:
        reference = str(await authorise(*asked))
        await DB.execute("UPDATE products SET stock = 0")
        reached.set()
        return reference

    ledger.authorise = sold_out_meanwhile
    page = await place(person, page)
    del ledger.authorise
    assert reached.is_set()
    assert page.status == 409
    assert await release_due_payments() == 1
    assert ledger.held == {}
    # The next try is another payment: the key of the first one never counts again.
    await DB.execute("UPDATE products SET stock = 5")
    number = number_on(await place(person, await person.get("/checkout/review")))
    assert await state(number) == "held"
    assert list(ledger.held.values()) == [1785]


async def test_a_payment_that_was_let_go_meanwhile_places_nothing(ledger: Any):
    await open_shop()
    person, page = await reviewing()
    authorise = ledger.authorise

    async def slowly(*asked: Any) -> str:
        reference = str(await authorise(*asked))
        await time_passes()
        await release_due_payments()
        return reference

    ledger.authorise = slowly
    page = await place(person, page)
    del ledger.authorise
    assert page.status == 409
    assert "took too long and was given back" in page.main
    assert await DB.fetch_value("SELECT count(*) FROM orders") == 0
    assert ledger.held == {}


async def test_a_provider_without_an_answer_is_a_refused_payment_that_is_given_back(ledger: Any):
    await open_shop()
    person, page = await reviewing()
    ledger.answers = False
    page = await place(person, page)
    assert page.status == 409
    assert "payment was refused" in page.main
    ledger.answers = True
    assert await release_due_payments() == 1
    assert ledger.held == {}


async def test_the_last_click_five_times_at_once_holds_one_payment(ledger: Any):
    await open_shop()
    person, page = await reviewing()
    pages = await asyncio.gather(*(place(person, page) for _one in range(5)))
    assert len({number_on(one) for one in pages}) == 1
    assert len(ledger.held) == 1
    await time_passes()
    await release_due_payments()
    assert len(ledger.held) == 1
    assert (await states()).count("held") == 1


async def test_returned_goods_are_paid_back_where_staff_say_so(ledger: Any):
    await open_shop()
    person = await visit("shop")
    staff = await (await people.staff_member("orders@example.com", ("orders",))).signed_in()
    for wanted in ("released", "held"):
        number = await order(person, payment_method="ledger")
        await confirm_order(number)
        await ship_order(number)
        page = await staff.get(f"/orders/{number}")
        assert "The payment provider holds €17.85" in page.main
        await staff.post(f"/orders/{number}/returned", {"pay_back": "on"} if wanted == "released" else {})
        await release_due_payments()
        assert await state(number) == wanted


async def test_a_return_without_a_word_about_the_payment_leaves_it(ledger: Any):
    await open_shop()
    number = await order(await visit("shop"), payment_method="ledger")
    await confirm_order(number)
    await ship_order(number)
    await return_order(number)
    assert await release_due_payments() == 0


async def test_an_approved_requisition_holds_its_payment_and_a_rejected_one_never_did(ledger: Any):
    of = await company()
    for decision in ("approve", "reject"):
        page = await ask(await of.buyer.signed_in())
        key = id_of(page)
        await DB.execute(
            "UPDATE requisitions SET checkout = jsonb_set(checkout, '{payment}', '\"ledger\"') WHERE id = $1::uuid",
            key,
        )
        approver = await of.approver.signed_in()
        await approver.post(f"/account/requisitions/{key}/{decision}", {"comment": "because"})
    assert await states() == ["held"]
    number = await DB.fetch_value("SELECT number FROM orders")
    await cancel_order(number)
    assert await release_due_payments() == 1
    assert ledger.held == {}


async def test_of_two_approvals_at_once_one_payment_stays(ledger: Any):
    of = await company()
    key = id_of(await ask(await of.buyer.signed_in()))
    await DB.execute("UPDATE requisitions SET checkout = jsonb_set(checkout, '{payment}', '\"ledger\"')")
    approvers = [await of.approver.signed_in(), await of.admin.signed_in()]
    await asyncio.gather(*(one.post(f"/account/requisitions/{key}/approve") for one in approvers))
    assert await DB.fetch_value("SELECT count(*) FROM orders") == 1
    await time_passes()
    await release_due_payments()
    assert len(ledger.held) == 1
