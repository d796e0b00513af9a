"""Who can do everything for a company: there is always somebody (domain.md 10)."""

import uuid

from app.customers.permissions import ACCOUNT_ADMINISTRATOR, BUILT_IN_ROLES, Permission
from tables.engine import DB

_WITH_THE_ROLE = """
    SELECT EXISTS (SELECT FROM memberships m JOIN users u ON u.id = m."user"
                   WHERE m.customer = $1 AND m.is_active AND u.is_active AND $2 = ANY(m.roles)
                     AND m."user" IS DISTINCT FROM $3)
"""
_BY_SEVERAL_ROLES = """
    SELECT DISTINCT m.roles FROM memberships m JOIN users u ON u.id = m."user"
    WHERE m.customer = $1 AND m.is_active AND u.is_active AND m."user" IS DISTINCT FROM $2
"""
_OWN_ROLES = "SELECT id::text AS id, permissions FROM company_roles WHERE customer = $1"


async def has_administrator(customer_id: uuid.UUID, *, besides: uuid.UUID | None = None) -> bool:
    """Whether somebody who may sign in can do everything for the company, other than the user `besides`.

    By the role of the account administrator, or by roles of the company that together give as much. Whoever
    asks before a change holds a lock on the customer's row, so that of two changes at once the second one sees
    the first.
    """
    if await DB.fetch_value(_WITH_THE_ROLE, customer_id, ACCOUNT_ADMINISTRATOR, besides):
        return True
    own = {row["id"]: row["permissions"] for row in await DB.fetch(_OWN_ROLES, customer_id)}
    everything = frozenset(one.value for one in Permission)
    for row in await DB.fetch(_BY_SEVERAL_ROLES, customer_id, besides):
        given = [BUILT_IN_ROLES.get(role) or own.get(role, ()) for role in row["roles"]]
        if everything <= frozenset().union(*given):
            return True
    return False
