"""A contract counts what was ordered for its company, not what a moved user has brought along (domain.md 9, 12)."""

from datetime import UTC, date, datetime

import pytest

from app.contracts.contract import contract_of_id
from app.contracts.progress import orders_of_contract, progress_of
from tests import people
from tests.back_office.test_merge_customers import merged
from tests.contracts.test_contract import ContractDetails, create_contract, ordered
from tests.people import Known
from tests.requisitions.test_budgets_of_moved_users import at, moved_on

pytestmark = pytest.mark.usefixtures("database")

DETAILS = ContractDetails(name="Frame", starts_on=date(2026, 1, 1), target_revenue=1000_00)


async def counted(company: Known) -> tuple[int, list[str]]:
    """What the orders of a company come to under a new contract, and the numbers of these orders, newest first."""
    contract = await contract_of_id(await create_contract(company.customer_id, DETAILS))
    progress = (await progress_of([contract]))[contract.id]
    related = [one.number for one in await orders_of_contract(contract)]
    assert progress.orders == len(related)
    return progress.revenue, related


async def test_what_a_moved_user_has_ordered_for_another_company_does_not_count_towards_a_target() -> None:
    staff = await (await people.staff_member()).signed_in()
    company, other = await people.company(), await people.company("o@other.example", company_name="Other Ltd")
    buyer = await people.colleague(company, "buyer@alfki.example")
    before = await ordered(buyer, 300_00, datetime.now(UTC).isoformat())
    assert await counted(company) == (300_00, [before])
    await moved_on(staff, buyer, other)
    assert await counted(other) == (0, [])
    after = await ordered(at(buyer, other), 20_00, datetime.now(UTC).isoformat())
    assert await counted(other) == (20_00, [after])
    await moved_on(staff, buyer, company)
    assert await counted(company) == (300_00, [before])


async def test_what_both_records_of_a_company_have_ordered_counts_once_they_are_merged() -> None:
    staff = await (await people.staff_member()).signed_in()
    company, other = await people.company(), await people.company("o@other.example", company_name="Other Ltd")
    first = await ordered(company, 300_00, "2026-02-01T12:00:00Z")
    second = await ordered(other, 20_00, "2026-02-02T12:00:00Z")
    await merged(staff, other, company)
    assert await counted(other) == (320_00, [second, first])
