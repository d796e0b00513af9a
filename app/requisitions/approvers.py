"""Who may decide on a company's requisitions: users with the permission, and who stands in for one of them."""

import uuid
from dataclasses import dataclass

from app.customers.permissions import BUILT_IN_ROLES, Permission
from tables.engine import DB


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """Somebody who may decide; the language is the one they prefer."""

    user_id: uuid.UUID
    email: str
    name: str
    language: str


_APPROVING = [role for role, may in BUILT_IN_ROLES.items() if Permission.APPROVE in may]
_MAY_APPROVE = """
    (m.roles && $2::varchar[] OR EXISTS (
        SELECT FROM company_roles r
        WHERE r.customer = m.customer AND 'approve' = ANY(r.permissions) AND r.id::text = ANY(m.roles)))
"""
_APPROVERS = f"""
    WITH approvers AS (
        SELECT m."user", m.stand_in, m.stand_in_from, m.stand_in_until
        FROM memberships m JOIN users p ON p.id = m."user" AND p.is_active
        WHERE m.customer = $1 AND m.is_active AND {_MAY_APPROVE}
    )
    SELECT u.id AS user_id, u.email, u.preferred_language AS language,
           coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login) AS name
    FROM users u
    WHERE u.is_active AND u.id IN (
        SELECT "user" FROM approvers
        UNION
        SELECT s."user" FROM approvers a JOIN memberships s ON s.id = a.stand_in AND s.customer = $1 AND s.is_active
        WHERE a.stand_in_from <= now() AND a.stand_in_until > now())
    ORDER BY u.last_name, u.first_name, u.id
"""
_APPROVES_OWN = "SELECT approves_own_requisitions FROM companies WHERE customer = $1"


async def approvers_for(customer_id: uuid.UUID | None, buyer: uuid.UUID | None) -> list[Approver]:
    """Those who may decide now on what this buyer asks, by name.

    The buyer is one of them only where the company lets approvers decide on their own (domain.md 10).
    """
    rows = await DB.fetch(_APPROVERS, customer_id, _APPROVING)
    own_too = await approves_own(customer_id)
    return [Approver(**row) for row in rows if own_too or row["user_id"] != buyer]


async def approves_own(customer_id: uuid.UUID | None) -> bool:
    """Whether the company lets approvers decide on their own requisitions."""
    return bool(await DB.fetch_value(_APPROVES_OWN, customer_id))
