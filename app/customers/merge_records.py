"""What is kept of a merge of customers, so that it can be undone for some days (domain.md 9).

Only what the merge itself has changed is kept, with what it has set: what somebody has changed since is theirs, and
undoing a merge lets nobody in whom an administrator has kept out since.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from app.customers.joining_rows import fetch_named
from tables.engine import DB


class ChangedRow(msgspec.Struct):
    """A row that the merge has changed: what stood in the column, and what stands there since, as JSON has it."""

    id: str
    was: Any
    became: Any


class Changed(msgspec.Struct):
    """The rows of which the merge has changed a column."""

    table: str
    column: str
    rows: list[ChangedRow]


class RowsAsTheyWere(msgspec.Struct):
    """What was kept before `Changed` was: columns of all rows of the customer that goes, changed or not."""

    table: str
    columns: list[str]
    rows: list[dict[str, Any]]


class Before(msgspec.Struct):
    """What a merge has changed, as it stood before; ids of moved rows by table."""

    kept: uuid.UUID
    gone: uuid.UUID
    customer: dict[str, Any]
    company: dict[str, Any] | None
    first_order_at: str | None
    recurring_since: str | None
    had_administrator: bool = True
    moved: dict[str, list[str]] = {}
    deleted: dict[str, list[dict[str, Any]]] = {}
    changed: list[Changed] = []
    # The address that the customer that goes preferred, by kind ("billing", "shipping").
    preferred: dict[str, str | None] = {}
    # Users of both who were disabled at the one that stays.
    disabled: list[str] = []
    # Orders that were placed for the customer that goes, wherever they are; None where it was not kept.
    placed_for: list[str] | None = None
    promotion_uses: list[str] = []
    was: list[RowsAsTheyWere] = []


async def remember(before: Before, table: str, column: str, becomes: str, where: str, **values: Any) -> None:
    """Keeps what stands in a column of those rows of a table (t) in which something else will.

    `becomes` and `where` are constant expressions with names for `values`.
    """
    rows = await fetch_named(
        f"SELECT jsonb_build_object('id', t.id, 'was', t.{column}, 'became', {becomes})::text AS kept"
        f" FROM {table} t WHERE {where} AND t.{column} IS DISTINCT FROM ({becomes})",
        **values,
    )
    if rows:
        changed = [msgspec.json.decode(row["kept"], type=ChangedRow) for row in rows]
        before.changed.append(Changed(table, column, changed))


async def changes_of(before: Before, merged_at: datetime) -> list[Changed]:
    """What the merge has changed, the first change first. Of a merge that was recorded as rows were before, it is
    found out from how merges change them."""
    if not before.was:
        return before.changed
    now_at_kept = {
        str(row["user"]): str(row["id"])
        for row in await DB.fetch('SELECT id, "user" FROM memberships WHERE customer = $1', before.kept)
    }
    joined = {
        str(one["id"]): now_at_kept.get(str(one["user"])) for one in before.deleted.get("memberships", [])
    }
    return [
        Changed(old.table, column, _found_out(before, old, column, joined, merged_at))
        for old in before.was
        for column in old.columns
        if old.table != "addresses" or column == "membership"
    ]


def preferred_before(before: Before, kind: str) -> str | None:
    """The id of the address that the customer that went preferred for "billing" or "shipping"; None for none."""
    column = f"is_preferred_{kind}"
    then = [row["id"] for old in before.was if column in old.columns for row in old.rows if row[column]]
    return before.preferred.get(kind) or next(iter(then), None)


def _found_out(
    before: Before,
    old: RowsAsTheyWere,
    column: str,
    joined: Mapping[str, str | None],
    merged_at: datetime,
) -> list[ChangedRow]:
    was_kept_out = not (before.customer["is_active"] and before.customer["approval_status"] == "approved")
    found = []
    for row in old.rows:
        was = became = row[column]
        if column == "is_active":
            became = was and not was_kept_out
        elif column == "revoked_at":
            # All of a merge happens at one time.
            became = was or merged_at.isoformat()
        elif column == "name":
            became = f"{was[:55]} ({before.customer['number']})"
        elif was in joined:
            became = joined[was]
        if became != was and became is not None:
            found.append(ChangedRow(row["id"], was, became))
    return found
