"""Deciding on a requisition: of two decisions at once one counts, and the other one is told (domain.md 10).

Approving places the order as it was asked, after everything was looked at anew. It overrides the buyer's limits,
and nothing else: what cannot be ordered is not, and what costs something else, or is further beyond the limits than
the approver was shown, has to be agreed to.
"""

import uuid

from app.access import AccessRefused, NotPermitted
from app.audit import record
from app.checkout.payments import PaymentRefused
from app.languages import current_language
from app.languages import gettext as _
from app.marketing.promotion_uses import PromotionUsedUp
from app.orders.payment import Authorisation, authorise, let_go
from app.orders.placing import as_of_now, used_up
from app.orders.wish import OrderRefused
from app.orders.writing import OrderedBy, write_order
from app.requisitions.agreement import agreement_sent, agreement_to
from app.requisitions.checking import Checked, check
from app.requisitions.decider import locked_decider
from app.requisitions.mails import mail_decided
from app.requisitions.requisition import (
    StoredRequisition,
    account_in_group,
    may_decide,
    requisition_of,
    requisition_seen_by,
)
from app.visitor import Visitor
from tables.companies import RequisitionState
from tables.engine import DB


class AlreadyDecided(Exception):
    """Somebody else has decided meanwhile, or nobody has in time; `stored` says what became of it."""

    def __init__(self, stored: StoredRequisition) -> None:
        super().__init__(stored.number)
        self.stored = stored


class MayNotDecide(Exception):
    """The requisition is the person's own, and their company does not let them decide on those."""


async def approve(visitor: Visitor, key: uuid.UUID, *, review: str = "", comment: str = "") -> str:
    """Approves a requisition and places its order; the order's number.

    `review` is what the approver was shown (Checked.review); without it they agree to what was asked. Raises
    RequisitionMissing, MayNotDecide, AlreadyDecided, what `locked_decider` raises, and OrderRefused where it cannot
    be ordered like that.
    """
    requisition = await requisition_seen_by(visitor, key)
    _must_be_decidable(visitor, requisition)
    order_key = requisition.idempotency_key
    checked = await _agreed(visitor, requisition, review)
    if checked.wish is None or checked.reckoning is None:
        raise OrderRefused(*checked.problems)
    authorisation = None
    try:
        of = checked.reckoning
        authorisation = await authorise(checked.wish.payment, order_key, of.totals.total.gross, of.currency)
        async with DB.transaction():
            return await _approve(visitor, key, review, comment, authorisation)
    except PaymentRefused:
        raise OrderRefused(_("The payment was refused.")) from None
    except (
        AccessRefused,
        AlreadyDecided,
        MayNotDecide,
        NotPermitted,
        OrderRefused,
        PromotionUsedUp,
    ) as refused:
        # Unless who approved it at the same time has ordered with it.
        await let_go(authorisation)
        if isinstance(refused, PromotionUsedUp):
            raise used_up(refused, visitor.language) from None
        raise


async def reject(visitor: Visitor, key: uuid.UUID, *, comment: str) -> None:
    """Rejects a requisition; the comment says why. Raises RequisitionMissing, MayNotDecide, AlreadyDecided, and what
    `locked_decider` raises."""
    if not comment:
        raise ValueError("a rejection says why")
    async with DB.transaction():
        visitor = await locked_decider(visitor, await requisition_seen_by(visitor, key))
        requisition = await requisition_of(key, lock=True)
        _must_be_decidable(visitor, requisition)
        await _close(visitor, requisition, RequisitionState.REJECTED, comment)
        await mail_decided(await requisition_of(key))


async def withdraw(visitor: Visitor, key: uuid.UUID) -> None:
    """Takes back what the person has asked. Raises RequisitionMissing, also for a colleague's, and AlreadyDecided."""
    async with DB.transaction():
        await requisition_seen_by(visitor, key)
        requisition = await requisition_of(key, lock=True)
        if requisition.user != account_in_group(visitor).user_id:
            raise MayNotDecide
        if not requisition.is_pending:
            raise AlreadyDecided(requisition)
        await _close(visitor, requisition, RequisitionState.WITHDRAWN, "")


async def _approve(
    visitor: Visitor, key: uuid.UUID, review: str, comment: str, authorisation: Authorisation
) -> str:
    visitor = await locked_decider(visitor, await requisition_of(key))
    requisition = await requisition_of(key, lock=True)
    _must_be_decidable(visitor, requisition)
    visitor = await as_of_now(visitor)
    checked = await _agreed(visitor, requisition, review, lock=True)
    if checked.wish is None or checked.reckoning is None:
        raise OrderRefused(*checked.problems)
    buyer = OrderedBy(
        application=visitor.application,
        customer_id=requisition.customer,
        user_id=requisition.user,
        language=requisition.language,
    )
    # What the order keeps in words is the buyer's, not the approver's.
    before = current_language.set(requisition.language)
    try:
        number = await write_order(
            buyer, checked.wish, checked.reckoning, requisition.idempotency_key, authorisation
        )
    finally:
        current_language.reset(before)
    await _close(visitor, requisition, RequisitionState.APPROVED, comment, number, checked)
    await mail_decided(await requisition_of(key))
    return number


def _must_be_decidable(visitor: Visitor, requisition: StoredRequisition) -> None:
    if not may_decide(visitor, requisition):
        raise MayNotDecide
    if not requisition.is_pending:
        raise AlreadyDecided(requisition)


async def _agreed(
    visitor: Visitor, requisition: StoredRequisition, review: str, *, lock: bool = False
) -> Checked:
    checked = await check(visitor, requisition, lock=lock)
    if checked.problems:
        raise OrderRefused(*checked.problems)
    shown = (
        agreement_sent(review) if review else agreement_to(requisition.asked.fingerprint, requisition.reasons)
    )
    further = checked.words_of(shown.exceeded_further(checked.excess), requisition)
    if checked.fingerprint != shown.fingerprint:
        raise OrderRefused(
            _("Something has changed since it was asked for. Please look at it and approve it again."),
            *checked.changes,
            *further,
        )
    if further:
        raise OrderRefused(
            _("It is further beyond the limits than you were shown. Please look at it and approve it again."),
            *further,
        )
    return checked


async def _close(
    visitor: Visitor,
    requisition: StoredRequisition,
    state: RequisitionState,
    comment: str,
    order_number: str = "",
    checked: Checked | None = None,
) -> None:
    account = account_in_group(visitor)
    await DB.execute(
        """
        UPDATE requisitions SET state = $2, decided_at = now(), decided_by = $3, decided_by_name = $4,
               decision_comment = $5, "order" = (SELECT id FROM orders WHERE number = $6), version = version + 1
        WHERE id = $1
        """,
        requisition.id,
        state.value,
        account.user_id,
        account.name,
        comment,
        order_number,
    )
    after: dict[str, object] = {"number": requisition.number, "state": state.value}
    if checked is not None:
        after |= {"order": order_number, "exceeds": [one.limit.value for one in checked.excess]}
    await record(
        f"requisition {state.value}",
        visitor=visitor,
        user_id=requisition.user,
        customer_id=requisition.customer,
        before={"state": requisition.state.value},
        after=after,
        reason=comment,
    )
