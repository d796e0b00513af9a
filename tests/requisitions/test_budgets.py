"""What a company's user may spend and has spent (domain.md 10)."""

from datetime import UTC, datetime, timedelta

import pytest

from app.requisitions.budgets import SPENT, budget_of, budgets_of, period_of, spent_in_period
from tables.customers import BudgetPeriod
from tables.engine import DB
from tables.keys import new_key
from tests import people
from tests.customers.belonging import member_too
from tests.databases import known_to_the_planner

BERLIN = "Europe/Berlin"


async def limit(
    membership: object, order_limit: int | None = None, amount: int | None = None, period: str = ""
) -> None:
    await DB.execute(
        "UPDATE memberships SET order_limit = $2, budget_amount = $3, budget_period = $4 WHERE id = $1",
        membership,
        order_limit,
        amount,
        period,
    )


async def bought(by: people.Known, net: int, *, state: str = "new", at: str = "now()", **more: str) -> None:
    await DB.execute(
        f"""
        INSERT INTO orders (id, number, application, customer, "user", email, email_canonical, state, currency,
                            is_net, net_total, tax_total, gross_total, placed_at, version)
        VALUES ($1, $2, 'business', $3, $4, 'x', 'x', $5, $6, true, $7, 0, $7, {at}, 1)
        """,
        new_key(),
        str(new_key()),
        by.customer_id,
        by.user_id,
        state,
        more.get("currency", "EUR"),
        net,
    )


@pytest.mark.parametrize(
    ("period", "at", "begins", "ends"),
    [
        # A Sunday late in the evening in Berlin is still that week; in UTC it is, too.
        (BudgetPeriod.WEEK, "2026-11-22T22:59", "2026-11-15T23:00", "2026-11-22T23:00"),
        (BudgetPeriod.WEEK, "2026-11-22T23:00", "2026-11-22T23:00", "2026-11-29T23:00"),
        # The month begins at midnight of the shop, and has a change of the clock in it.
        (BudgetPeriod.MONTH, "2026-09-30T22:00", "2026-09-30T22:00", "2026-10-31T23:00"),
        (BudgetPeriod.MONTH, "2026-12-31T22:59", "2026-11-30T23:00", "2026-12-31T23:00"),
        (BudgetPeriod.QUARTER, "2026-11-22T12:00", "2026-09-30T22:00", "2026-12-31T23:00"),
        (BudgetPeriod.HALF_YEAR, "2026-06-30T21:59", "2025-12-31T23:00", "2026-06-30T22:00"),
        (BudgetPeriod.HALF_YEAR, "2026-06-30T22:00", "2026-06-30T22:00", "2026-12-31T23:00"),
        (BudgetPeriod.YEAR, "2026-12-31T23:00", "2026-12-31T23:00", "2027-12-31T23:00"),
    ],
)
def test_periods_begin_at_midnight_of_the_shop(period, at, begins, ends):
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    found = period_of(period, moment, BERLIN)
    assert [one.strftime("%Y-%m-%dT%H:%M") for one in found] == [begins, ends]


def test_no_period_has_no_time():
    with pytest.raises(ValueError, match="no period"):
        period_of(BudgetPeriod.NONE, datetime.now(UTC), BERLIN)


async def test_spent_is_what_the_orders_of_the_period_come_to(database):
    admin = await people.company()
    buyer = await people.colleague(admin, "paul@alfki.example")
    await limit(buyer.membership_id, amount=50_000, period="month")
    await bought(buyer, 12_000)
    await bought(buyer, 3_000, state="shipped")
    await bought(buyer, 999, at="now() - interval '40 days'")
    await bought(admin, 777)
    assert await spent_in_period(buyer.membership_id) == 15_000
    budget = await budget_of(buyer.membership_id)
    assert (budget.left, budget.order_limit, budget.currency) == (35_000, None, "EUR")
    assert budget.first_day.day == 1


async def test_cancelled_and_returned_orders_give_their_amount_back(database):
    buyer = await people.colleague(await people.company(), "paul@alfki.example")
    await limit(buyer.membership_id, amount=50_000, period="year")
    await bought(buyer, 12_000)
    await bought(buyer, 3_000, state="cancelled")
    await bought(buyer, 4_000, state="returned")
    assert await spent_in_period(buyer.membership_id) == 12_000
    await DB.execute("UPDATE orders SET state = 'cancelled'")
    assert await spent_in_period(buyer.membership_id) == 0


async def test_without_a_budget_nothing_counts(database):
    buyer = await people.colleague(await people.company(), "paul@alfki.example")
    await bought(buyer, 12_000)
    assert await spent_in_period(buyer.membership_id) == 0
    budget = await budget_of(buyer.membership_id)
    assert budget.is_unlimited
    assert (budget.left, budget.first_day, budget.last_day) == (None, None, None)


async def test_what_a_user_bought_for_another_company_does_not_count_here(database):
    """Nor does it once they are moved: tests/requisitions/test_budgets_of_moved_users.py."""
    buyer = await people.colleague(await people.company(), "paul@alfki.example")
    other = await people.company("other@elsewhere.example")
    there = await member_too(buyer, other)
    await limit(buyer.membership_id, amount=50_000, period="month")
    await limit(there, amount=50_000, period="month")
    await bought(buyer, 5_000)
    assert await spent_in_period(there) == 0
    staff = await (await people.staff_member()).signed_in()
    page = await staff.get(f"/users/{buyer.user_id}/move?leaves={buyer.number}")
    page = await staff.fill(page, {"customer": other.number}, form="customer")
    assert "is moved, with 1 order." in page.text
    assert await spent_in_period(there) == 0


async def test_many_budgets_are_read_at_once(database):
    admin = await people.company()
    buyers = [await people.colleague(admin, f"buyer{one}@alfki.example") for one in range(3)]
    for number, one in enumerate(buyers):
        await limit(one.membership_id, amount=1_000, period="week")
        await bought(one, 100 * number)
    found = await budgets_of([one.membership_id for one in (admin, *buyers)])
    assert [found[one.membership_id].spent for one in buyers] == [0, 100, 200]
    assert found[admin.membership_id].is_unlimited


async def test_what_is_spent_is_read_from_the_index_alone(database):
    buyer = await people.colleague(await people.company(), "paul@alfki.example")
    await bought(buyer, 100)
    await DB.execute(
        """
        INSERT INTO orders (id, number, application, customer, "user", email, email_canonical, state, currency,
                            is_net, net_total, tax_total, gross_total, placed_at, version)
        SELECT gen_random_uuid(), 'B' || n, application, customer, "user", email, email_canonical, state, currency,
               is_net, net_total, tax_total, gross_total, placed_at - n * interval '1 hour', 1
        FROM orders, generate_series(1, 3000) n
        """
    )
    await known_to_the_planner("orders")
    plan = await DB.fetch(
        f"EXPLAIN {SPENT}",
        [buyer.membership_id],
        [buyer.user_id],
        [buyer.customer_id],
        ["EUR"],
        [datetime.now(UTC) - timedelta(days=1)],
        [datetime.now(UTC)],
    )
    assert any("Index Only Scan using orders_that_are_spent" in line["QUERY PLAN"] for line in plan), plan
