"""Who decides on a requisition, as of the moment in which the decision is written (domain.md 10)."""

from app.access import AccessRefused, NotPermitted
from app.customers.permissions import Permission, visitor_may
from app.requisitions.requisition import StoredRequisition, account_in_group
from app.visitor import Visitor, with_access_as_of_now
from tables.engine import DB

# Changes of roles and of a company's people hold the customer, as `managing` of app/company_users does; standing in
# is changed at the membership, and staff disable the user.
_LOCK_CUSTOMER = "SELECT FROM customers WHERE id = $1 FOR NO KEY UPDATE"
_LOCK_MEMBERSHIPS = """
    SELECT FROM memberships WHERE id = $1 OR id = $2 OR stand_in = $2 ORDER BY id FOR NO KEY UPDATE
"""
_LOCK_USERS = """
    SELECT FROM users WHERE id IN (SELECT "user" FROM memberships WHERE id = $1 OR stand_in = $1)
    ORDER BY id FOR NO KEY UPDATE
"""


async def locked_decider(visitor: Visitor, requisition: StoredRequisition) -> Visitor:
    """The visitor with what they may do now, which stays so until the current transaction ends: who was demoted or
    disabled since the request came in, or no longer stands in for somebody, decides nothing.

    The buyer's membership is locked as well, as `lock_budget` does. The requisition comes afterwards: whoever moves
    the buyer holds the customer and the memberships, and then wants the requisition (tables/lock_order.py).

    Raises NotPermitted and AccessRefused.
    """
    own = account_in_group(visitor).membership_id
    await DB.execute(_LOCK_CUSTOMER, requisition.customer)
    await DB.execute(_LOCK_MEMBERSHIPS, requisition.membership, own)
    await DB.execute(_LOCK_USERS, own)
    now = await with_access_as_of_now(visitor)
    if now.refusal is not None:
        raise AccessRefused(now.refusal)
    if not visitor_may(now, Permission.APPROVE):
        raise NotPermitted
    return now
