"""The audit log: who did what to whom, written in the transaction of the change (security.md)."""

import uuid
from collections.abc import Mapping

import msgspec

from app.request_id import current_request_id
from app.visitor import Visitor
from tables.engine import DB
from tables.keys import new_key

_RECORD = """
    INSERT INTO audit_entries (id, happened_at, action, actor_id, actor_name, application, user_id, customer_id,
                               before, after, reason, request_id)
    VALUES ($1, now(), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""


async def record(
    action: str,
    *,
    visitor: Visitor | None = None,
    user_id: uuid.UUID | None = None,
    customer_id: uuid.UUID | None = None,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "",
) -> None:
    """Appends an entry, in the current transaction. `action` is a word pair such as "customer approved".

    Without a visitor the program itself acted. Never hand in a password, token or code.
    """
    account = visitor.account if visitor is not None else None
    await DB.execute(
        _RECORD,
        new_key(),
        action,
        account.user_id if account is not None else None,
        account.name if account is not None else "",
        visitor.application.id if visitor is not None else "",
        user_id,
        customer_id,
        msgspec.json.encode(before or {}).decode(),
        msgspec.json.encode(after or {}).decode(),
        reason,
        current_request_id.get(),
    )


def recordable(values: Mapping[str, object]) -> dict[str, object]:
    """What is set of the values, in forms that JSON has: texts, numbers, lists and texts by language stay as they
    are, all else is written as text."""
    return {
        name: value if isinstance(value, bool | int | str | list | dict) else str(value)
        for name, value in values.items()
        if value not in (None, "", [], {})
    }
