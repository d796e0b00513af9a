"""Orders beyond the buyer's limits wait for approval (domain.md 10)."""

import asyncio
from dataclasses import replace

from app.applications import Application, application_by_id
from app.basket.basket import basket_of
from app.basket.lines import add_to_basket
from app.basket.owner import BasketOwner
from app.basket.reckoning import Delivery
from app.checkout.payments import Invoice
from app.customers.addresses import AddressDetails
from app.orders.placing import place_order
from app.orders.wish import OrderWish
from app.requisitions.budgets import Limit, budget_of, excess_of, spent_in_period
from app.visitor import recognise
from tables.engine import DB
from tests import people
from tests.browser_like import mails, visit
from tests.checkout.ordering import number_on, place
from tests.requisitions.asking import ask, company, id_of, review
from tests.requisitions.test_budgets import limit


async def orders() -> int:
    return int(await DB.fetch_value("SELECT count(*) FROM orders"))


def application(name: str) -> Application:
    found = application_by_id(name)
    assert found is not None
    return found


async def requisitions() -> int:
    return int(await DB.fetch_value("SELECT count(*) FROM requisitions"))


async def test_an_order_within_the_limits_is_placed(database):
    of = await company(order_limit=1500)
    person = await of.buyer.signed_in()
    page = await review(person)
    assert "needs approval" not in page.main
    # Exactly the limit: 10.00 and 5.00 for the delivery.
    number_on(await place(person, page))
    assert (await orders(), await requisitions()) == (1, 0)


async def test_an_order_beyond_the_limit_asks_for_approval_and_says_so_before(database):
    of = await company(order_limit=2000)
    person = await of.buyer.signed_in()
    page = await review(person, quantity=2)
    assert "This order needs approval." in page.main
    assert "comes to €25.00 excl. VAT, more than the limit of €20.00" in page.main
    assert "Maria Anders" in page.main
    assert "Ask for approval" in page.main
    page = await place(person, page, approval_comment="For the fair")
    assert page.h1 == "Requisition R-100001"
    assert "waits for approval" in page.text
    assert "For the fair" in page.main
    assert (await orders(), await requisitions()) == (0, 1)
    assert "Your basket is empty." in (await person.get("/basket")).main
    # Nothing is taken off the stock, and nothing is spent.
    assert await DB.fetch_value("SELECT stock FROM products WHERE sku = 'TEA'") == 50


async def test_everybody_who_may_approve_is_mailed_and_the_link_leads_to_the_decision(database):
    of = await company()
    page = await ask(await of.buyer.signed_in(), approval_comment="For the fair")
    sent = await mails("requisition_asked")
    assert {one.to for one in sent} == {of.admin.email, of.approver.email}
    assert "€29.75" in sent[0].text
    assert "For the fair" in sent[0].text
    approver = await visit("business")
    asked = await approver.get(sent[0].link)
    assert asked.h1 == "Sign in"
    decision = await approver.fill(asked, {"login": of.approver.login, "password": of.approver.password})
    assert decision.h1 == page.h1
    assert "Your decision" in decision.main


async def test_the_same_key_twice_makes_one_requisition(database):
    of = await company()
    person = await of.buyer.signed_in()
    page = await review(person, quantity=2)
    first = await place(person, page)
    second = await place(person, page)
    assert first.path == second.path
    assert await requisitions() == 1
    assert len(await mails("requisition_asked")) == 2


async def test_the_same_key_at_once_makes_one_requisition(database):
    of = await company()
    person = await of.buyer.signed_in()
    page = await review(person, quantity=2)
    answers = await asyncio.gather(*(place(person, page) for _ in range(6)))
    assert len({one.path for one in answers}) == 1
    assert await requisitions() == 1


async def test_a_budget_counts_what_was_ordered_in_its_period(database):
    of = await company(order_limit=None, amount=4000, period="month")
    person = await of.buyer.signed_in()
    number_on(await place(person, await review(person)))
    number_on(await place(person, await review(person)))
    page = await review(person)
    assert "exceeds the budget of €40.00" in page.main
    assert "of which €30.00 are spent" in page.main
    page = await place(person, page)
    assert page.h1.startswith("Requisition")
    await DB.execute("UPDATE orders SET placed_at = placed_at - interval '32 days'")
    number_on(await place(person, await review(person)))


async def test_parallel_orders_never_overspend(database):
    """A user has a basket in each application of the company, and all of them share the budget."""
    of = await company(order_limit=None, amount=4000, period="month")
    person = await of.buyer.signed_in()
    here = await recognise(application("business"), person.cookie("session"), "en")
    wish = OrderWish(
        email=of.buyer.email,
        buyer_name="Paul",
        billing=AddressDetails(street="Ring 1", country="DE"),
        shipping=AddressDetails(street="Ring 1", country="DE"),
        delivery=Delivery(id="parcel", name="Parcel", price=500, free_from=20000),
        payment=Invoice(),
    )
    ready = []
    # An application of the shop's, as far as a basket knows: three orders of 25.00 each want the 40.00.
    for name in ("business", "business-two", "business-three"):
        visitor = replace(here, application=replace(here.application, id=name))
        owner = BasketOwner(application_id=name, user_id=of.buyer.user_id, customer_id=of.buyer.customer_id)
        await add_to_basket(visitor, owner, "TEA", 2)
        basket = await basket_of(visitor, owner, country="DE", delivery=wish.delivery)
        ready.append((replace(visitor, application=here.application), owner, basket.reckoning.fingerprint))

    async def order(visitor, owner, fingerprint):
        return await place_order(visitor, owner, wish, idempotency_key="k", fingerprint=fingerprint)

    done = await asyncio.gather(*(order(*one) for one in ready), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["ApprovalNeeded", "ApprovalNeeded", "str"]
    assert await spent_in_period(of.buyer.membership_id) == 2500


async def test_an_order_in_another_currency_than_the_limits_needs_approval(database):
    of = await company()
    budget = await budget_of(of.buyer.membership_id)
    assert [one.limit for one in excess_of(budget, 1, "CHF")] == [Limit.CURRENCY]
    assert excess_of(budget, 1, "EUR") == ()
    await limit(of.buyer.membership_id)
    assert excess_of(await budget_of(of.buyer.membership_id), 1, "CHF") == ()


async def test_who_may_not_approve_their_own_is_not_asked_to(database):
    of = await company()
    await limit(of.approver.membership_id, 0)
    page = await ask(await of.approver.signed_in(), quantity=1)
    assert {one.to for one in await mails("requisition_asked")} == {of.admin.email}
    assert "Your decision" not in page.main


async def test_without_anybody_who_may_decide_the_buyer_is_told(database):
    of = await company()
    await DB.execute("UPDATE memberships SET roles = '{buyer}'")
    page = await review(await of.buyer.signed_in(), quantity=2)
    assert "nobody in your company may decide" in page.main


async def test_limits_do_not_concern_shoppers(database):
    await company()
    shopper = await (await people.shopper()).signed_in()
    page = await review(shopper, quantity=40)
    assert "approval" not in page.main
    number_on(await place(shopper, page))


async def test_requisitions_are_only_where_customers_have_many_users(database):
    shopper = await (await people.shopper()).signed_in()
    assert (await shopper.get("/account/requisitions")).status == 404


async def test_another_company_finds_no_requisition(database):
    of = await company()
    key = id_of(await ask(await of.buyer.signed_in()))
    stranger = await (await people.company("x@elsewhere.example", company_name="Elsewhere")).signed_in()
    missing = "00000000-0000-7000-8000-000000000000"
    for one in (key, missing):
        assert (await stranger.get(f"/account/requisitions/{one}")).status == 404
        for verb in ("approve", "reject", "withdraw"):
            page = await stranger.post(f"/account/requisitions/{one}/{verb}", {"comment": "x"})
            assert page.status == 404
    assert key not in (await stranger.get("/account/requisitions?show=all")).html


async def test_a_colleague_who_may_not_approve_finds_no_requisition(database):
    of = await company()
    key = id_of(await ask(await of.buyer.signed_in()))
    other = await (await people.colleague(of.admin, "carl@alfki.example")).signed_in()
    assert (await other.get(f"/account/requisitions/{key}")).status == 404
    assert "no requisitions" in (await other.get("/account/requisitions")).main
    assert (await other.post(f"/account/requisitions/{key}/approve")).status == 403
    assert (await other.post(f"/account/requisitions/{key}/reject", {"comment": "x"})).status == 403
