"""The work list: what waits for staff (domain.md 15)."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from app.back_office.outbox_list import TO_BRANCH
from app.customers.branches import person_in_branch
from app.orders.payment import WAITS
from tables.engine import DB


@dataclass(frozen=True, slots=True)
class WorkList:
    """How much waits, and since when; times are UTC and None where nothing waits."""

    pending_approvals: int
    oldest_approval: datetime | None
    failed_mails: int
    oldest_failed_mail: datetime | None
    # Confirmed by the person and to be carried out (domain.md 13).
    data_requests: int
    next_data_request: datetime | None
    # Within 30 days, of the customers whose contracts the staff member sees (domain.md 12).
    ending_contracts: int
    next_contract_end: date | None
    # To be confirmed; withdrawn from and neither cancelled nor taken back (domain.md 9).
    new_orders: int
    withdrawn_orders: int
    oldest_withdrawal: datetime | None
    # What a payment provider has refused to give back several times, for more than an hour.
    stuck_payments: int


# As the list of orders says it: who is limited to a branch sees no orders of guests.
_ORDER_IN_BRANCH = """
    ($1::uuid IS NULL OR EXISTS (SELECT FROM customers c JOIN organisations g ON g.id = c.organisation
                                 WHERE c.id = o.customer AND $1 = ANY(g.path)))
"""


_REQUEST_IN_BRANCH = f"""($1::uuid IS NULL OR {person_in_branch('r."user"', "$1")})"""


async def work_list(branch: uuid.UUID | None = None, manager: uuid.UUID | None = None) -> WorkList:
    """What waits now, by one query: of customers in a branch of the tree where one is named, and of contracts of
    the customers that a user looks after as account manager, where one is named."""
    row = await DB.fetch_row(
        f"""
        SELECT a.*, m.*, d.*, k.*, n.*, w.*, p.* FROM
            (SELECT count(*) AS pending_approvals, min(r.opened_at) AS oldest_approval
             FROM customers c LEFT JOIN approval_requests r ON r.customer = c.id AND r.decided_at IS NULL
             WHERE c.approval_status = 'pending' AND ($1::uuid IS NULL OR EXISTS (
                 SELECT FROM organisations o WHERE o.id = c.organisation AND $1 = ANY(o.path)))) a,
            (SELECT count(*) AS failed_mails, min(gave_up_at) AS oldest_failed_mail
             FROM outbox_mails o WHERE gave_up_at IS NOT NULL AND sent_at IS NULL AND {TO_BRANCH}) m,
            (SELECT count(*) AS data_requests, min(due_at) AS next_data_request
             FROM personal_data_requests r WHERE state = 'confirmed' AND {_REQUEST_IN_BRANCH}) d,
            (SELECT count(*) AS ending_contracts, min(k.ends_on) AS next_contract_end
             FROM contracts k JOIN customers c ON c.id = k.customer
             WHERE k.ends_on BETWEEN current_date AND current_date + 30
               AND ($1::uuid IS NULL OR EXISTS (
                   SELECT FROM organisations o WHERE o.id = c.organisation AND $1 = ANY(o.path)))
               AND ($2::uuid IS NULL OR EXISTS (
                   SELECT FROM account_managers m JOIN staff_members s ON s.id = m.staff_member
                   WHERE m.customer = k.customer AND s."user" = $2))) k,
            (SELECT count(*) AS new_orders FROM orders o
             WHERE o.state = 'new' AND o.withdrawn_at IS NULL AND {_ORDER_IN_BRANCH}) n,
            (SELECT count(*) AS withdrawn_orders, min(o.withdrawn_at) AS oldest_withdrawal FROM orders o
             WHERE o.withdrawn_at IS NOT NULL AND o.state NOT IN ('cancelled', 'returned') AND {_ORDER_IN_BRANCH}) w,
            (SELECT count(*) AS stuck_payments FROM payments y LEFT JOIN orders o ON o.id = y."order"
             WHERE y.state = 'releasing' AND y.attempts > {len(WAITS)} AND {_ORDER_IN_BRANCH}) p
        """,  # only constants are put in
        branch,
        manager,
    )
    return WorkList(**(row or {}))
