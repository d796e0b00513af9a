"""The invitations of a company, as its administrators see them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.company_users.invitations_judging import inviter_still_grants
from app.company_users.roles import Role
from app.counting import counted_rows
from app.customers.emails import canonical_email
from tables.engine import DB

PAGE = 25


class Shown(StrEnum):
    """Which invitations are shown."""

    OPEN = "open"
    EXPIRED = "expired"
    ACCEPTED = "accepted"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentInvitation:
    """One of the list. Times are UTC."""

    id: uuid.UUID
    email: str
    name: str
    roles: tuple[str, ...]
    state: Shown
    inviter: str
    # The inviter may not invite any more: the link does not work until somebody else sends it again.
    inviter_is_gone: bool
    sent_at: datetime
    expires_at: datetime

    @property
    def can_be_sent(self) -> bool:
        """Whether it still waits for an answer, or did until it expired."""
        return self.state in (Shown.OPEN, Shown.EXPIRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitations:
    """One page of the list."""

    invitations: tuple[SentInvitation, ...]
    count: int
    page: int
    pages: int
    # Whether there are more than `count`: what is searched for is not counted to the end.
    has_more: bool = False


_STATE = """
    CASE WHEN i.accepted_at IS NOT NULL THEN 'accepted' WHEN i.revoked_at IS NOT NULL THEN 'revoked'
         WHEN i.expires_at <= now() THEN 'expired' ELSE 'open' END
"""
# Only constants of this module and whole numbers are put into the statements. What they ask of the list stands in
# one index, which both go through in the order of the list until they have enough.
_COUNT = "SELECT count(*) FROM (SELECT FROM invitations i WHERE {where} LIMIT {at_most}) AS found"
_ROWS = f"""
    SELECT i.id, i.email, trim(i.first_name || ' ' || i.last_name) AS name, i.roles, {_STATE} AS state,
           i.sent_at, i.expires_at, i.order_limit, i.budget_amount, i.budget_period,
           coalesce(m.is_active AND u.is_active, false) AS inviter_is_active, m.roles AS inviter_roles,
           m.order_limit AS inviter_order_limit, m.budget_amount AS inviter_budget_amount,
           m.budget_period AS inviter_budget_period,
           coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login, '') AS inviter
    FROM (SELECT i.id FROM invitations i
          WHERE {{where}} ORDER BY i.sent_at DESC, i.id LIMIT {PAGE} OFFSET {{offset}}) f
    JOIN invitations i ON i.id = f.id
    LEFT JOIN memberships m ON m.id = i.invited_by LEFT JOIN users u ON u.id = m."user"
    ORDER BY i.sent_at DESC, i.id
"""
_LAST_PAGE = 100_000


async def invitations_of(
    customer_id: uuid.UUID | None, roles: Sequence[Role], *, state: str = "", search: str = "", page: int = 1
) -> Invitations:
    """A page of the company's invitations, the newest first: of one state, or of an e-mail or last name that
    begins so; `roles` are the company's. Two queries, however many there are."""
    where, values = ["i.customer = $1"], list[object]([customer_id])
    if state:
        values.append(state)
        where.append(f"{_STATE} = ${len(values)}")
    if search:
        values.append(canonical_email(search))
        found = f"${len(values)}"
        where.append(
            f"(starts_with(i.email_canonical, {found}) OR starts_with(lower(i.last_name), lower({found})))"
        )
    page = min(max(page, 1), _LAST_PAGE)
    # All of them are counted from the index; of those that are searched for no more than the pager needs.
    at_most = counted_rows(page, PAGE) if len(where) > 1 else None
    condition = " AND ".join(where)
    count = await DB.fetch_value(_COUNT.format(where=condition, at_most=at_most or "ALL"), *values)
    pages = max(1, -(-count // PAGE))
    page = min(page, pages)
    rows = await DB.fetch(_ROWS.format(where=condition, offset=(page - 1) * PAGE), *values)
    return Invitations(
        invitations=tuple(
            SentInvitation(
                **{name: row[name] for name in ("id", "email", "name", "inviter", "sent_at", "expires_at")},
                roles=tuple(row["roles"]),
                state=Shown(row["state"]),
                inviter_is_gone=not inviter_still_grants(row, roles),
            )
            for row in rows
        ),
        count=count,
        page=page,
        pages=pages,
        has_more=count == at_most,
    )
