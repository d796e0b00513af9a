"""Approval: staff decide which customers may shop (domain.md 4).

Pending becomes approved or rejected, rejected becomes approved, approved becomes rejected. Nothing goes back
to pending, except that a rejected applicant corrects the application and sends it again (`open_request`).
Whether a customer is active is another matter (`app.customers.activation`): only approved **and** active may
log in.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from app.applications import Application, application_by_id, application_for_type
from app.audit import record
from app.customers.extensions import display_name_of
from app.customers.types import Extension, customer_type_of, installed_type, type_applies
from app.errors import Conflict
from app.links import links_of
from app.mail.people import queue_mail_to
from app.sign_in.link_tokens import Purpose, issue
from app.visitor import Visitor
from tables import ApprovalStatus, Customer, Membership, User
from tables.engine import DB
from tables.keys import new_key


@dataclass(frozen=True, slots=True)
class BulkDecision:
    """What a decision on many customers did: how many it decided, and the numbers of those it left alone."""

    decided: int
    left: tuple[str, ...]
    # Types of customers that were left alone as their type is not installed.
    missing_types: tuple[str, ...] = ()


def can_be_decided(customer: Customer) -> bool:
    """Whether customers of this type are approved or rejected at all; the others are approved at once, and nobody
    decides on those whose type is not installed."""
    return type_applies(customer.customer_type, Extension.APPROVAL)


async def approve(customer_id: uuid.UUID, *, version: int, visitor: Visitor) -> None:
    """Approves a pending or rejected customer and tells its users by mail.

    `version` is the customer's as the staff member saw it. Raises Conflict when it has changed since, so that
    of two decisions at once one counts and the other is told, and CustomerTypeMissing.
    """
    await _decide(customer_id, ApprovalStatus.APPROVED, version, "", visitor)


async def reject(customer_id: uuid.UUID, *, version: int, comment: str, visitor: Visitor) -> None:
    """Rejects a pending or approved customer and tells its users by mail, with the comment and a link by
    which they correct the application. Raises Conflict as `approve` does."""
    await _decide(customer_id, ApprovalStatus.REJECTED, version, comment, visitor)


async def approve_pending(numbers: Sequence[str], *, visitor: Visitor) -> BulkDecision:
    """Approves those of the customers that are pending, all or none of them; the others stay as they are."""
    return await _decide_pending(numbers, ApprovalStatus.APPROVED, "", visitor)


async def reject_pending(numbers: Sequence[str], *, comment: str, visitor: Visitor) -> BulkDecision:
    """Rejects those of the customers that are pending, all or none of them; the others stay as they are."""
    return await _decide_pending(numbers, ApprovalStatus.REJECTED, comment, visitor)


async def open_request(customer_id: uuid.UUID) -> None:
    """Opens an approval request for a customer that has just registered as pending, or whose rejected
    application was corrected; the customer is pending afterwards. Joins the current transaction.

    Raises Conflict when the customer is approved or waits for a decision already.
    """
    async with DB.transaction():
        reopened = await DB.execute(
            "UPDATE customers SET approval_status = 'pending', version = version + 1"
            " WHERE id = $1 AND approval_status = 'rejected'",
            customer_id,
        )
        opened = await DB.execute(_OPEN, new_key(), customer_id)
        if not opened:
            raise Conflict
        if reopened:
            await record(
                "customer application corrected",
                customer_id=customer_id,
                before={"approval_status": ApprovalStatus.REJECTED},
                after={"approval_status": ApprovalStatus.PENDING},
            )


_OPEN = """
    INSERT INTO approval_requests (id, customer, opened_at, comment)
    SELECT $1, c.id, now(), '' FROM customers c WHERE c.id = $2 AND c.approval_status = 'pending'
    ON CONFLICT (customer) WHERE decided_at IS NULL DO NOTHING
"""


async def _decide(
    customer_id: uuid.UUID, decision: ApprovalStatus, version: int, comment: str, visitor: Visitor
) -> None:
    async with DB.transaction():
        customer = (
            await Customer.objects().where(Customer.id == customer_id).lock_rows("NO KEY UPDATE").first()
        )
        # Only a status that differs can be decided; this is the whole table of transitions but "pending".
        if customer is None or customer.version != version or customer.approval_status == decision:
            raise Conflict
        # The mails lead to a shop that admits the type: without it nobody could be told.
        customer_type_of(customer.customer_type)
        await _decide_locked(customer, decision, comment, visitor)


async def _decide_pending(
    numbers: Sequence[str], decision: ApprovalStatus, comment: str, visitor: Visitor
) -> BulkDecision:
    async with DB.transaction():
        # Locked in one order everywhere: two bulk decisions at once wait for each other and never deadlock.
        locked = (
            await Customer.objects()
            .where(Customer.number.is_in(list(numbers)), Customer.approval_status == ApprovalStatus.PENDING)
            .order_by(Customer.id)
            .lock_rows("NO KEY UPDATE")
        )
        pending = [one for one in locked if installed_type(one.customer_type) is not None]
        for customer in pending:
            await _decide_locked(customer, decision, comment, visitor)
    waiting = {customer.number for customer in locked}
    return BulkDecision(
        len(pending),
        tuple(number for number in numbers if number not in waiting),
        tuple(sorted({one.customer_type for one in locked} - {one.customer_type for one in pending})),
    )


async def _decide_locked(
    customer: Customer, decision: ApprovalStatus, comment: str, visitor: Visitor
) -> None:
    """The decision itself, its request, its audit entry and its mails, in the current transaction."""
    await DB.execute(
        "UPDATE customers SET approval_status = $2, version = version + 1 WHERE id = $1",
        customer.id,
        decision.value,
    )
    by = visitor.account.user_id if visitor.account is not None else None
    answered = await DB.execute(_ANSWER_REQUEST, customer.id, decision.value, by, comment)
    if not answered:
        # Staff changed an earlier decision without being asked: a request opened and decided in one.
        await DB.execute(_NOTE_DECISION, new_key(), customer.id, decision.value, by, comment)
    await record(
        f"customer {decision.value}",
        visitor=visitor,
        customer_id=customer.id,
        before={"approval_status": customer.approval_status},
        after={"approval_status": decision.value},
        reason=comment,
    )
    await _mail_decision(customer, decision, comment)


_ANSWER_REQUEST = """
    UPDATE approval_requests SET decided_at = now(), decision = $2, decided_by = $3, comment = $4
    WHERE customer = $1 AND decided_at IS NULL
"""
_NOTE_DECISION = """
    INSERT INTO approval_requests (id, customer, opened_at, decided_at, decision, decided_by, comment)
    VALUES ($1, $2, now(), now(), $3, $4, $5)
"""


async def _mail_decision(customer: Customer, decision: ApprovalStatus, comment: str) -> None:
    application = shop_of(customer)
    if application is None:
        # No shop lets customers of this type log in any more: there is nothing to invite anybody to.
        return
    customer_name = await display_name_of(customer)
    for user in await _users_to_tell(customer.id):
        about: dict[str, object] = {"customer_name": customer_name}
        if decision is ApprovalStatus.APPROVED:
            about["sign_in_link"] = links_of(application).url("sign_in")
        else:
            about["comment"] = comment
            about["link"] = await _link_to_correct(customer.id, user.id, application)
        await queue_mail_to(user, application=application, kind=decision.value, **about)


def shop_of(customer: Customer) -> Application | None:
    """The application that mails to a customer link to: where it registered while that still admits its type,
    else the first that does; None when none does."""
    registered_at = application_by_id(customer.application)
    if registered_at is not None and registered_at.admits(customer.customer_type):
        return registered_at
    return application_for_type(customer.customer_type)


async def _users_to_tell(customer_id: uuid.UUID) -> list[User]:
    members = Membership.select(Membership.user).where(
        Membership.customer == customer_id, Membership.is_active.eq(True)
    )
    return await User.objects().where(User.id.is_in(members), User.is_active.eq(True)).order_by(User.id)


async def _link_to_correct(customer_id: uuid.UUID, user_id: uuid.UUID, application: Application) -> str:
    token = await issue(
        Purpose.CORRECT_APPLICATION,
        user_id,
        application,
        application.invitation_minutes,
        customer_id=customer_id,
    )
    return links_of(application).url("correct_application", token=token)
