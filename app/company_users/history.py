"""What was done in a company, and by whom: the audit log as the company's administrators see it (domain.md 10)."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from app.applications import all_applications
from app.audit_words import recorded_changes
from tables.engine import DB

PER_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """An entry. `actor_name` is "" where the shop acted, be it the program or its staff. The time is UTC."""

    id: uuid.UUID
    happened_at: datetime
    action: str
    actor_name: str
    user_name: str
    changes: tuple[tuple[str, str, str], ...]


# Only what names the company: what its people do for others, or with their own account, is not its affair. Of
# staff the company sees what they did, and neither their names nor their notes.
_LINES = """
    SELECT a.id, a.happened_at, a.action, a.before::text AS before, a.after::text AS after,
           a.application = ANY($2::text[]) AS is_of_shop,
           CASE WHEN a.application = ANY($2::text[]) THEN a.actor_name ELSE '' END AS actor_name,
           coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login, a.before->>'name', '')
               AS user_name
    FROM audit_entries a LEFT JOIN users u ON u.id = a.user_id
    WHERE a.customer_id = $1
      AND ($3::uuid IS NULL OR (a.happened_at, a.id) < (SELECT b.happened_at, b.id FROM audit_entries b
                                                        WHERE b.id = $3 AND b.customer_id = $1))
    ORDER BY a.happened_at DESC, a.id DESC LIMIT $4
"""


async def history_of_company(
    customer_id: uuid.UUID | None, before: uuid.UUID | None = None
) -> tuple[tuple[HistoryLine, ...], uuid.UUID | None]:
    """A page of entries, the newest first, older than the entry `before`; and where older ones begin, if any."""
    shops = [one.id for one in all_applications() if not one.is_back_office]
    rows = await DB.fetch(_LINES, customer_id, shops, before, PER_PAGE + 1)
    lines = tuple(_line(row) for row in rows[:PER_PAGE])
    return lines, lines[-1].id if len(rows) > PER_PAGE else None


def _line(row: dict[str, Any]) -> HistoryLine:
    before = msgspec.json.decode(row.pop("before"), type=dict[str, Any])
    after = msgspec.json.decode(row.pop("after"), type=dict[str, Any])
    changes = recorded_changes(before, after) if row.pop("is_of_shop") else ()
    return HistoryLine(**row, changes=tuple(changes))
