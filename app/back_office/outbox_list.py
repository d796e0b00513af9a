"""The mail outbox as staff see it: what waits, what went out, what was given up (domain.md 15)."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.audit import record
from app.customers.branches import customer_in_branch
from app.mail.sender import retry_mail
from app.visitor import Visitor
from tables.engine import DB

PER_PAGE = 50
State = Literal["waiting", "sent", "failed"]
STATES: tuple[State, ...] = ("waiting", "sent", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMail:
    """A mail without its text, which is for its recipient only. Times are UTC."""

    id: uuid.UUID
    application: str
    kind: str
    to_email: str
    to_name: str
    subject: str
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    gave_up_at: datetime | None
    attempts: int
    last_error: str


# Whether a mail o goes to somebody who acts for a customer of the branch $1, or there is no branch.
TO_BRANCH = f"""($1::uuid IS NULL OR o.to_email IN (
    SELECT bu.email FROM users bu JOIN memberships m ON m."user" = bu.id
    WHERE {customer_in_branch("m.customer", "$1")}))"""


async def mails(
    state: State, before: uuid.UUID | None = None, branch: uuid.UUID | None = None
) -> tuple[ListedMail, ...]:
    """A page of mails in that state, the newest first, older than the mail `before`; one more than PER_PAGE
    when there are yet older ones. Where a branch of the tree is named, only those to people of its customers."""
    sql = f"{_MAILS} WHERE {_IN_STATE[state]} AND {TO_BRANCH} AND ($2::uuid IS NULL OR id < $2)"
    rows = await DB.fetch(f"{sql} ORDER BY id DESC LIMIT {PER_PAGE + 1}", branch, before)
    return tuple(ListedMail(**row) for row in rows)


async def send_again(mail_id: uuid.UUID, visitor: Visitor) -> bool:
    """Lets the sender try a given-up mail again, with all its attempts; False when it is not given up."""
    async with DB.transaction():
        if not await retry_mail(mail_id):
            return False
        await record("mail sent again", visitor=visitor, after={"mail": str(mail_id)})
    return True


_MAILS = """
    SELECT id, application, kind, to_email, to_name, subject, created_at, due_at, sent_at, gave_up_at,
           attempts, last_error
    FROM outbox_mails o
"""
_IN_STATE: dict[State, str] = {
    "waiting": "sent_at IS NULL AND gave_up_at IS NULL",
    "sent": "sent_at IS NOT NULL",
    "failed": "sent_at IS NULL AND gave_up_at IS NOT NULL",
}
