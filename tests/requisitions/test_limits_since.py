"""What the buyer spends, or may spend less, while an approver looks at a requisition is told before it is approved."""

import asyncio

import pytest

from app.requisitions.agreement import agreement_sent, agreement_to
from app.requisitions.budgets import Excess, Limit
from tables.engine import DB
from tests.browser_like import mails
from tests.checkout.ordering import place
from tests.other_connection import other_connection, until_somebody_waits
from tests.requisitions.asking import Company, ask, company, id_of, review
from tests.requisitions.test_budgets import limit
from tests.requisitions.test_deciding import orders, state

FURTHER = "It is further beyond the limits than you were shown."


async def asked_within(of: Company, amount: int = 10_000) -> str:
    """The id of a requisition of two teas (25.00 net) that is within the limits as of now: a budget for a month."""
    key = id_of(await ask(await of.buyer.signed_in()))
    await limit(of.buyer.membership_id, None, amount, "month")
    return key


async def test_what_the_buyer_spends_after_the_approver_has_looked_is_told_and_agreed_to_by_a_second_click(
    database,
):
    of = await company()
    key = await asked_within(of, amount=3000)
    approver = await of.approver.signed_in()
    page = await approver.get(f"/account/requisitions/{key}")
    assert "As of now the order is within the limits" in page.main
    buyer = await of.buyer.signed_in()
    await place(buyer, await review(buyer))
    assert await orders() == 1
    page = await approver.fill(page, {"remark": "Fine"}, form="review")
    assert (page.status, await orders(), await state()) == (409, 1, "pending")
    assert FURTHER in page.main
    assert "the order exceeds the budget of €30.00" in page.main
    assert "of which €15.00 are spent" in page.main
    assert page.typed("remark").strip() == "Fine"
    page = await approver.fill(page, {}, form="review")
    assert (page.status, await orders(), await state()) == (200, 2, "approved")
    kept = "SELECT after->>'exceeds' FROM audit_entries WHERE action = 'requisition approved'"
    assert await DB.fetch_value(kept) == '["budget"]'


async def test_a_limit_that_is_lowered_or_more_that_is_spent_is_told_again_each_time(database):
    of = await company()
    key = await asked_within(of)
    approver = await of.approver.signed_in()
    page = await approver.get(f"/account/requisitions/{key}")
    for order_limit, amount, said in (
        (2000, 10_000, "more than the limit of €20.00"),
        (1900, 10_000, "more than the limit of €19.00"),
        (1900, 2000, "exceeds the budget of €20.00"),
        (1900, 1900, "exceeds the budget of €19.00"),
    ):
        await limit(of.buyer.membership_id, order_limit, amount, "month")
        page = await approver.fill(page, {}, form="review")
        assert (page.status, await orders()) == (409, 0)
        assert FURTHER in page.main
        assert said in page.main
    assert (await approver.fill(page, {}, form="review")).status == 200


@pytest.mark.parametrize(
    "now", [(None, None, ""), (2000, None, ""), (None, 2400, "month"), (2100, 2400, "month")]
)
async def test_what_is_beyond_the_limits_by_less_than_was_shown_is_approved_at_once(database, now):
    of = await company()
    key = await asked_within(of)
    await limit(of.buyer.membership_id, 2000, 2300, "month")
    approver = await of.approver.signed_in()
    page = await approver.get(f"/account/requisitions/{key}")
    await limit(of.buyer.membership_id, *now)
    assert (await approver.fill(page, {}, form="review")).status == 200
    assert await orders() == 1


async def test_who_approves_unseen_agrees_to_the_limits_as_they_were_when_it_was_asked(database):
    of = await company(order_limit=2000)
    key = id_of(await ask(await of.buyer.signed_in()))
    approver = await of.approver.signed_in()
    await limit(of.buyer.membership_id, 1500)
    page = await approver.post(f"/account/requisitions/{key}/approve")
    assert (page.status, await orders()) == (409, 0)
    assert "more than the limit of €15.00" in page.main
    await limit(of.buyer.membership_id, 2000)
    assert (await approver.post(f"/account/requisitions/{key}/approve")).status == 200


async def test_the_link_of_the_mail_leads_to_the_same_review(database):
    of = await company()
    key = await asked_within(of)
    [link] = {one.link for one in await mails("requisition_asked")}
    approver = await of.approver.signed_in()
    page = await approver.get(link)
    await limit(of.buyer.membership_id, 1000)
    page = await approver.fill(page, {}, form="review")
    assert (page.status, await orders(), page.path.split("/")[-2]) == (409, 0, key)
    assert FURTHER in page.main
    assert (await approver.fill(page, {}, form="review")).status == 200


async def test_a_price_and_a_limit_that_both_changed_are_told_together(database):
    of = await company()
    key = await asked_within(of)
    approver = await of.approver.signed_in()
    page = await approver.get(f"/account/requisitions/{key}")
    await DB.execute("UPDATE price_entries SET amount = 1100 WHERE amount = 1000")
    await DB.execute("UPDATE data_versions SET number = number + 1 WHERE subject = 'prices'")
    await limit(of.buyer.membership_id, 2600)
    page = await approver.fill(page, {}, form="review")
    assert page.status == 409
    assert "has changed from €10.00 to €11.00" in page.main
    assert "The order comes to €27.00 excl. VAT, more than the limit of €26.00" in page.main
    assert (await approver.fill(page, {}, form="review")).status == 200


async def test_an_order_that_is_being_placed_beside_the_approval_is_told_first(database):
    of = await company()
    key = await asked_within(of, amount=3000)
    buyer, approver = await of.buyer.signed_in(), await of.approver.signed_in()
    order = await review(buyer)
    page = await approver.get(f"/account/requisitions/{key}")
    assert "As of now the order is within the limits" in page.main
    async with other_connection(database) as other:
        # Both have looked at the limits once when the first one is let go, and the second one waits for it.
        async with other.transaction():
            await other.execute("SELECT FROM products WHERE sku = 'TEA' FOR UPDATE")
            placing = asyncio.create_task(place(buyer, order))
            began = await until_somebody_waits(placing)
            approving = asyncio.create_task(approver.fill(page, {}, form="review"))
            await until_somebody_waits(approving, since=began)
        await placing
        page = await approving
    assert (page.status, await orders(), await state()) == (409, 1, "pending")
    assert "of which €15.00 are spent" in page.main
    assert (await approver.fill(page, {}, form="review")).status == 200


def test_what_is_agreed_to_is_read_as_it_was_sent_and_nonsense_agrees_to_nothing():
    excess = (
        Excess(Limit.ORDER, "EUR", 2000),
        Excess(Limit.BUDGET, "EUR", 1000, 1500),
        Excess(Limit.CURRENCY, "USD"),
    )
    agreement = agreement_to("f" * 32, excess)
    assert agreement_sent(agreement.sent) == agreement
    assert agreement.exceeded_further(excess) == ()
    assert len(agreement_to("f" * 32, (Excess(one, "EUR", 10**15, 2 * 10**17) for one in Limit)).sent) <= 200
    for sent in (
        "",
        " ",
        "f" * 32,
        "f order",
        "f order:",
        "f order:x",
        f"f order:{'9' * 30}",
        "f odd:1",
        "f order:²",
    ):
        assert agreement_sent(sent).exceeded_further(excess) == excess, sent
