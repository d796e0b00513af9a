"""The work list: what waits for staff (domain.md 15)."""

from dataclasses import dataclass
from datetime import datetime

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


async def work_list() -> WorkList:
    """What waits now, by one query."""
    row = await DB.fetch_row(
        """
        SELECT a.*, m.*, d.* FROM
            (SELECT count(*) AS pending_approvals, min(r.opened_at) AS oldest_approval
             FROM customers c LEFT JOIN approval_requests r ON r.customer = c.id AND r.decided_at IS NULL
             WHERE c.approval_status = 'pending') a,
            (SELECT count(*) AS failed_mails, min(gave_up_at) AS oldest_failed_mail
             FROM outbox_mails WHERE gave_up_at IS NOT NULL AND sent_at IS NULL) m,
            (SELECT count(*) AS data_requests, min(due_at) AS next_data_request
             FROM personal_data_requests WHERE state = 'confirmed') d
        """
    )
    return WorkList(**(row or {}))
