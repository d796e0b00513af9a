"""Every rule of approval (domain.md 4, Approval)."""

import asyncio
from datetime import timedelta

import pytest

from app.customers.approval import (
    BulkDecision,
    approve,
    approve_pending,
    open_request,
    reject,
    reject_pending,
)
from app.errors import Conflict
from app.visitor import Visitor
from tables import ApprovalRequest, ApprovalStatus, Customer
from tables.engine import DB
from tests import people
from tests.back_office.acting import visitor_of
from tests.browser_like import mails, patron, visit
from tests.people import Known

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def staff(database: str) -> Visitor:
    """A staff member at work."""
    patron()
    return await visitor_of(await people.staff_member())


async def stored(known: Known) -> Customer:
    customer = await Customer.objects().get(Customer.id == known.customer_id)
    assert customer is not None
    return customer


async def approve_now(known: Known, staff: Visitor) -> None:
    customer = await stored(known)
    await approve(customer.id, version=customer.version, visitor=staff)


async def reject_now(known: Known, staff: Visitor, comment: str = "") -> None:
    customer = await stored(known)
    await reject(customer.id, version=customer.version, comment=comment, visitor=staff)


async def rejected_company(staff: Visitor) -> Known:
    known = await people.pending_company()
    await reject_now(known, staff)
    await DB.execute("DELETE FROM outbox_mails")
    return known


async def test_a_pending_customer_can_be_approved(staff: Visitor) -> None:
    known = await people.pending_company()
    await approve_now(known, staff)
    assert (await stored(known)).approval_status == ApprovalStatus.APPROVED


async def test_a_pending_customer_can_be_rejected(staff: Visitor) -> None:
    known = await people.pending_company()
    await reject_now(known, staff)
    assert (await stored(known)).approval_status == ApprovalStatus.REJECTED


async def test_a_rejected_customer_can_be_approved(staff: Visitor) -> None:
    known = await rejected_company(staff)
    await approve_now(known, staff)
    assert (await stored(known)).approval_status == ApprovalStatus.APPROVED


async def test_an_approved_customer_can_be_rejected(staff: Visitor) -> None:
    known = await people.company()
    await reject_now(known, staff)
    assert (await stored(known)).approval_status == ApprovalStatus.REJECTED


async def test_a_decision_that_stands_cannot_be_made_again(staff: Visitor) -> None:
    known = await people.company()
    with pytest.raises(Conflict):
        await approve_now(known, staff)
    await reject_now(known, staff)
    with pytest.raises(Conflict):
        await reject_now(known, staff)
    assert [one.kind for one in await mails()] == ["rejected"]


async def test_a_corrected_application_is_pending_again_with_a_new_request(staff: Visitor) -> None:
    known = await rejected_company(staff)
    await open_request((await stored(known)).id)
    assert (await stored(known)).approval_status == ApprovalStatus.PENDING
    requests = await ApprovalRequest.objects().order_by(ApprovalRequest.opened_at)
    assert [one.decision for one in requests] == ["rejected", None]


async def test_an_approved_customer_never_goes_back_to_pending(staff: Visitor) -> None:
    known = await people.company()
    with pytest.raises(Conflict):
        await open_request((await stored(known)).id)
    assert (await stored(known)).approval_status == ApprovalStatus.APPROVED


async def test_a_customer_has_one_open_request_at_most(staff: Visitor) -> None:
    known = await people.pending_company()
    with pytest.raises(Conflict):
        await open_request((await stored(known)).id)
    assert await ApprovalRequest.count() == 1


async def test_approval_and_active_are_independent(staff: Visitor) -> None:
    known = await people.pending_company(customer_is_active=False)
    await approve_now(known, staff)
    assert not (await stored(known)).is_active
    await reject_now(known, staff)
    assert not (await stored(known)).is_active


async def test_only_approved_and_active_customers_sign_in(staff: Visitor) -> None:
    known = await people.pending_company()
    page = await (await visit("business")).sign_in(known.login, known.password)
    assert page.status == 403
    await approve_now(known, staff)
    page = await (await visit("business")).sign_in(known.login, known.password)
    assert page.status == 200
    await DB.execute("UPDATE customers SET is_active = false")
    page = await (await visit("business")).sign_in(known.login, known.password)
    assert page.status == 403


async def test_of_two_decisions_at_once_one_counts_and_the_other_is_told(staff: Visitor) -> None:
    known = await people.pending_company()
    customer = await stored(known)
    results = await asyncio.gather(
        approve(customer.id, version=customer.version, visitor=staff),
        reject(customer.id, version=customer.version, comment="No", visitor=staff),
        approve(customer.id, version=customer.version, visitor=staff),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in results) == ["Conflict", "Conflict", "NoneType"]
    assert len(await mails()) == 1
    assert await ApprovalRequest.count() == 1


async def test_the_users_are_mailed_on_approval_in_their_language(staff: Visitor) -> None:
    known = await people.pending_company(preferred_language="de")
    await approve_now(known, staff)
    (mail,) = await mails("approved", to=known.email)
    assert mail.language == "de"
    assert "New Owner Ltd" in mail.text
    assert "http://localhost:8000/business/sign-in" in mail.links


async def test_the_users_are_mailed_on_rejection_with_the_comment_and_a_link_to_correct(
    staff: Visitor,
) -> None:
    known = await people.pending_company()
    await reject_now(known, staff, "Please send us your register number.")
    (mail,) = await mails("rejected", to=known.email)
    assert "Please send us your register number." in mail.text
    assert mail.link.startswith("http://localhost:8000/business/register/correct?token=")
    token = await DB.fetch_row("SELECT * FROM link_tokens")
    assert token is not None
    assert token["purpose"] == "correct-application"
    assert token["customer"] == known.customer_id
    assert token["expires_at"] - token["created_at"] == timedelta(days=7)


async def test_every_enabled_user_is_mailed_and_no_other(staff: Visitor) -> None:
    known = await people.pending_company()
    await people.colleague(known, "second@alfki.example")
    await people.colleague(known, "disabled@alfki.example")
    left = await people.colleague(known, "left@alfki.example")
    await DB.execute("UPDATE users SET is_active = false WHERE email = 'disabled@alfki.example'")
    await DB.execute("UPDATE memberships SET is_active = false WHERE id = $1", left.membership_id)
    await approve_now(known, staff)
    assert sorted(one.to for one in await mails()) == sorted([known.email, "second@alfki.example"])


async def test_a_decision_is_in_the_audit_log_and_in_its_request(staff: Visitor) -> None:
    known = await people.pending_company()
    await reject_now(known, staff, "Incomplete")
    entry = await DB.fetch_row("SELECT * FROM audit_entries")
    assert entry is not None
    assert entry["action"] == "customer rejected"
    assert entry["actor_name"] == staff.name
    assert (entry["before"], entry["after"]) == (
        '{"approval_status": "pending"}',
        '{"approval_status": "rejected"}',
    )
    assert entry["reason"] == "Incomplete"
    request = await ApprovalRequest.objects().first()
    assert request is not None
    assert (request.decision, request.comment) == ("rejected", "Incomplete")
    assert staff.account is not None
    assert request.decided_by == staff.account.user_id


async def test_a_changed_decision_leaves_the_earlier_one_in_the_history(staff: Visitor) -> None:
    known = await people.pending_company()
    await approve_now(known, staff)
    await reject_now(known, staff, "Never paid")
    requests = await ApprovalRequest.objects().order_by(ApprovalRequest.decided_at)
    assert [one.decision for one in requests] == ["approved", "rejected"]


async def test_decision_and_mail_happen_both_or_neither(staff: Visitor) -> None:
    known = await people.pending_company()
    # The database refuses the mail, whatever the reason.
    await DB.execute("ALTER TABLE outbox_mails ADD CONSTRAINT full_up CHECK (false) NOT VALID")
    try:
        with pytest.raises(Exception, match="full_up"):
            await approve_now(known, staff)
    finally:
        await DB.execute("ALTER TABLE outbox_mails DROP CONSTRAINT full_up")
    assert (await stored(known)).approval_status == ApprovalStatus.PENDING
    assert await DB.fetch_value("SELECT count(*) FROM audit_entries") == 0


async def test_bulk_approval_acts_on_pending_customers_only(staff: Visitor) -> None:
    pending = await people.pending_company()
    approved = await people.company("a@a.example")
    rejected = await people.pending_company("r@r.example")
    await reject_now(rejected, staff)
    await DB.execute("DELETE FROM outbox_mails")
    done = await approve_pending([pending.number, approved.number, rejected.number, "nobody"], visitor=staff)
    assert done == BulkDecision(1, (approved.number, rejected.number, "nobody"))
    assert (await stored(rejected)).approval_status == ApprovalStatus.REJECTED
    assert [one.to for one in await mails()] == [pending.email]


async def test_bulk_rejection_acts_on_pending_customers_only(staff: Visitor) -> None:
    pending = [await people.pending_company(f"{n}@n.example") for n in range(3)]
    approved = await people.company("a@a.example")
    done = await reject_pending(
        [*(one.number for one in pending), approved.number], comment="Sorry", visitor=staff
    )
    assert done == BulkDecision(3, (approved.number,))
    assert (await stored(approved)).approval_status == ApprovalStatus.APPROVED
    assert ["Sorry" in one.text for one in await mails("rejected")] == [True] * 3


async def test_two_bulk_decisions_at_once_decide_each_customer_once(staff: Visitor) -> None:
    numbers = [(await people.pending_company(f"{n}@n.example")).number for n in range(8)]
    one, other = await asyncio.gather(
        approve_pending(numbers, visitor=staff),
        reject_pending(list(reversed(numbers)), comment="", visitor=staff),
    )
    assert one.decided + other.decided == 8
    assert len(await mails()) == 8


async def test_a_rejected_applicant_corrects_and_waits_anew_until_approved(staff: Visitor) -> None:
    known = await rejected_company(staff)
    await open_request((await stored(known)).id)
    done = await approve_pending([known.number], visitor=staff)
    assert done.decided == 1
    assert await ApprovalRequest.count() == 2
