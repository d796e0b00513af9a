"""Lists of requisitions: one's own, those to decide on, and all of the company (pages.md)."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.counting import counted_rows
from app.customers.permissions import Permission, visitor_may
from app.languages import text
from app.orders.placing import may_have_limits
from app.requisitions.approvers import approves_own
from app.requisitions.budgets import Budget, budget_of
from app.requisitions.requisition import STATE_NOW, account_in_group
from app.visitor import Visitor
from tables.companies import RequisitionState
from tables.engine import DB

ON_A_PAGE = 20
# The overview counts no further: more than that is simply very many.
MOST_TOLD = 100


class Shown(StrEnum):
    """Whose requisitions are listed."""

    TO_DECIDE = "to-decide"
    MINE = "mine"
    ALL = "all"


SHOWN_NAMES = {
    Shown.TO_DECIDE: text("To decide"),
    Shown.MINE: text("My own"),
    Shown.ALL: text("All of the company"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRequisition:
    """A requisition in a list; the total is gross, in minor units."""

    id: uuid.UUID
    number: str
    created_at: datetime
    expires_at: datetime
    buyer_name: str
    state: RequisitionState
    gross_total: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequisitionsFound:
    """A page of a list."""

    requisitions: tuple[ListedRequisition, ...]
    page: int
    pages: int
    # Whether there are pages beyond: a long list is not counted to the end.
    has_more: bool


def offered_to(visitor: Visitor) -> list[Shown]:
    """The lists that the person has: who may not approve sees their own only."""
    return list(Shown) if visitor_may(visitor, Permission.APPROVE) else [Shown.MINE]


_PAGE = """
    SELECT (SELECT count(*) FROM (SELECT FROM requisitions r WHERE {where} LIMIT {at_most}) AS c) AS found, l.*
    FROM (SELECT 1) AS one LEFT JOIN (
        SELECT r.id, r.number, r.created_at, r.expires_at, r.buyer_name, {state_now} AS state, r.gross_total,
               r.currency
        FROM requisitions r WHERE {where} ORDER BY r.created_at DESC, r.id LIMIT {on_a_page} OFFSET $4
    ) AS l ON true
    ORDER BY l.created_at DESC, l.id
"""
_OF_USER = {Shown.MINE: ' AND r."user" = $3', Shown.TO_DECIDE: ' AND r."user" IS DISTINCT FROM $3'}
_IN_STATE = {
    RequisitionState.PENDING: " AND r.state = 'pending' AND r.expires_at > now()",
    RequisitionState.EXPIRED: " AND (r.state = 'expired' OR r.state = 'pending' AND r.expires_at <= now())",
    **{
        one: f" AND r.state = '{one}'"
        for one in (RequisitionState.APPROVED, RequisitionState.REJECTED, RequisitionState.WITHDRAWN)
    },
}


async def requisitions_for(
    visitor: Visitor, shown: Shown, state: RequisitionState | None = None, page: int = 1
) -> RequisitionsFound:
    """A page of a list that the person has, newest first: two queries, however many requisitions there are.

    What is to be decided on is pending, and not the person's own unless the company allows that.
    """
    page = max(page, 1)
    where, values = await _asked(visitor, shown, state)
    at_most = counted_rows(page, ON_A_PAGE)
    statement = _PAGE.format(where=where, state_now=STATE_NOW, on_a_page=ON_A_PAGE, at_most=at_most)
    rows = await DB.fetch(statement, *values, (page - 1) * ON_A_PAGE)
    return RequisitionsFound(
        requisitions=tuple(_listed(row) for row in rows if row["id"] is not None),
        page=page,
        pages=-(-rows[0]["found"] // ON_A_PAGE),
        has_more=rows[0]["found"] == at_most,
    )


async def requisitions_to_decide(visitor: Visitor) -> int | None:
    """On how many requisitions the person could decide now, MOST_TOLD standing for so many or more; None for those
    who may not approve, and where there are no requisitions since the customer has no more than one user."""
    if not may_have_limits(visitor) or not visitor_may(visitor, Permission.APPROVE):
        return None
    where, values = await _asked(visitor, Shown.TO_DECIDE, None)
    statement = f"SELECT count(*) FROM (SELECT FROM requisitions r WHERE {where} LIMIT {MOST_TOLD}) AS found"
    found: int = await DB.fetch_value(statement, *values)
    return found


async def own_budget(visitor: Visitor) -> Budget | None:
    """What the person may spend themself, and has spent; None for who is not limited."""
    account = visitor.account
    if account is None or account.membership_id is None or not may_have_limits(visitor):
        return None
    budget = await budget_of(account.membership_id)
    return budget if budget is not None and not budget.is_unlimited else None


async def _asked(visitor: Visitor, shown: Shown, state: RequisitionState | None) -> tuple[str, list[Any]]:
    """The condition, made of constants of this module, and what its three parameters are."""
    account = account_in_group(visitor)
    shown = shown if shown in offered_to(visitor) else Shown.MINE
    user: uuid.UUID | None = account.user_id
    if shown is Shown.TO_DECIDE:
        state = RequisitionState.PENDING
        # Nobody's id leaves nobody out.
        user = None if await approves_own(account.customer_id) else user
    where = "r.customer = $1 AND r.application = $2" + _OF_USER.get(shown, " AND $3::uuid IS NOT NULL")
    where += _IN_STATE[state] if state is not None else ""
    return where, [account.customer_id, visitor.application.id, user]


def _listed(row: dict[str, Any]) -> ListedRequisition:
    return ListedRequisition(
        **{name: value for name, value in row.items() if name != "found"}
        | {"state": RequisitionState(row["state"])}
    )
