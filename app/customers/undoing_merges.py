"""Taking a merge of customers back, for some days and as long as nothing speaks against it (domain.md 9).

What the merge has moved goes back where it still is; what came since stays with the customer that stayed.
"""

import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from app.audit import record
from app.customers.administrators import has_administrator
from app.customers.departures import has_given_up_login
from app.customers.joining_rows import lock_customers, lock_orders
from app.customers.merging import Before
from app.errors import Conflict
from app.segments.segmentation_services import update_segments_of
from app.sign_in.sessions import end_sessions_of
from app.visitor import Visitor
from tables.engine import DB

# Days for which a merge can be undone; then the record of it is deleted.
UNDO_WITHIN = 30


class Objection(StrEnum):
    """What speaks against undoing a merge."""

    TOO_LATE = "too_late"
    MERGED_ON = "merged_on"
    LATER_MERGE = "later_merge"
    NUMBER_TAKEN = "number_taken"
    NO_PREFERRED_ADDRESS = "no_preferred_address"
    NO_ADMINISTRATOR = "no_administrator"
    ROLES_IN_USE = "roles_in_use"


class UndoRefused(Exception):
    """Something speaks against undoing the merge; nothing has changed."""

    def __init__(self, objections: tuple[Objection, ...]) -> None:
        super().__init__(objections)
        self.objections = objections


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """A merge that is still on record, and what speaks against undoing it. The time is UTC."""

    id: uuid.UUID
    merged_number: str
    merged_at: datetime
    merged_by_name: str
    undone_at: datetime | None
    # Where the merged customer was in the tree; None also for one in no organisation.
    organisation: uuid.UUID | None = None
    objections: tuple[Objection, ...] = ()


_MERGES = """
    SELECT id, merged_number, merged_at, merged_by_name, undone_at,
           (before -> 'customer' ->> 'organisation')::uuid AS organisation FROM customer_merges
    WHERE kept = $1 AND merged_at > now() - make_interval(days => $2) ORDER BY merged_at DESC, id DESC LIMIT 50
"""
_RECORD = """
    SELECT kept, merged_number, merged_at, before::text AS before,
           merged_at < now() - make_interval(days => $2) AS is_too_late
    FROM customer_merges WHERE id = $1 AND undone_at IS NULL
"""
_LATER = """
    SELECT EXISTS (SELECT FROM customer_merges
                   WHERE kept = $1 AND undone_at IS NULL AND (merged_at, id) > ($2, $3))
"""
# Whether the customer would be left with shared addresses of which none is preferred (domain.md 6).
_NO_PREFERRED = """
    SELECT count(*) > 0 AND NOT (coalesce(bool_or(is_preferred_billing), false)
                                 AND coalesce(bool_or(is_preferred_shipping), false))
    FROM addresses WHERE customer = $1 AND membership IS NULL AND NOT id = ANY($2::uuid[])
"""
# The users who came by the merge, and whether others are there.
_WHO_CAME = """
    SELECT coalesce(array_agg("user") FILTER (WHERE id = ANY($2::uuid[])), '{}') AS came,
           count(*) FILTER (WHERE NOT id = ANY($2::uuid[])) > 0 AS some_stay
    FROM memberships WHERE customer = $1
"""
# Roles that a company has made are of use there only.
_ROLES_IN_USE = """
    SELECT EXISTS (SELECT FROM memberships m JOIN company_roles r ON r.customer = $1 AND r.id::text = ANY(m.roles)
                   WHERE m.customer = $1 AND (m.id = ANY($2::uuid[])) <> (r.id = ANY($3::uuid[])))
"""
# Whether what a restored row belongs to is still there.
_OWNER = {
    # Who was removed meanwhile comes back by staff only (app/customers/departures.py).
    "memberships": f"""EXISTS (SELECT FROM users u WHERE u.id = r."user") AND NOT {has_given_up_login('r."user"')}""",
    "join_requests": 'EXISTS (SELECT FROM users u WHERE u.id = r."user")',
    "baskets": 'EXISTS (SELECT FROM users u WHERE u.id = r."user")',
    "basket_lines": "EXISTS (SELECT FROM baskets b WHERE b.id = r.basket)"
    " AND EXISTS (SELECT FROM products p WHERE p.id = r.product)",
    "account_managers": "EXISTS (SELECT FROM staff_members s WHERE s.id = r.staff_member)",
}
# Columns that point to a membership, which may have gone since.
_TO_MEMBERSHIP = frozenset({"membership", "invited_by", "started_by", "stand_in"})


async def merges_of(customer_id: uuid.UUID) -> list[Merge]:
    """The merges into a customer that are on record, the newest first, with what speaks against undoing each."""
    found = []
    for row in await DB.fetch(_MERGES, customer_id, UNDO_WITHIN):
        objections = () if row["undone_at"] else await _objections(row["id"])
        found.append(Merge(**row, objections=objections))
    return found


async def undo_merge(kept_id: uuid.UUID, merge_id: uuid.UUID, *, visitor: Visitor) -> str:
    """Makes two customers of one again, in one transaction; the number of the one that is back.

    Raises Conflict when there is no such merge (any more) into the customer, and UndoRefused.
    """
    async with DB.transaction():
        await lock_customers([kept_id])
        await DB.fetch("SELECT FROM customer_merges WHERE id = $1 FOR UPDATE", merge_id)
        row = await DB.fetch_row(_RECORD, merge_id, UNDO_WITHIN)
        if row is None or row["kept"] != kept_id:
            raise Conflict
        objections = await _objections(merge_id)
        if objections:
            raise UndoRefused(objections)
        before = msgspec.json.decode(row["before"], type=Before)
        await _bring_back_customer(before)
        await _bring_back_rows(before)
        await _count_apart(before)
        await DB.execute(
            "UPDATE customer_merges SET undone_at = now(), before = '{}' WHERE id = $1", merge_id
        )
        for customer_id in sorted((before.kept, before.gone)):
            await record(
                "customer merge undone",
                visitor=visitor,
                customer_id=customer_id,
                after={"number": row["merged_number"]},
            )
            await update_segments_of(customer_id)
    return str(row["merged_number"])


async def purge_old_merges() -> int:
    """Deletes the records of merges that cannot be undone any more; how many there were. A job of the worker."""
    return await DB.execute(
        "DELETE FROM customer_merges WHERE merged_at < now() - make_interval(days => $1)", UNDO_WITHIN
    )


async def _objections(merge_id: uuid.UUID) -> tuple[Objection, ...]:
    row = await DB.fetch_row(_RECORD, merge_id, UNDO_WITHIN)
    if row is None:
        return ()
    return tuple([one async for one in _found_objections(merge_id, row)])


async def _found_objections(merge_id: uuid.UUID, row: Mapping[str, Any]) -> AsyncIterator[Objection]:
    before = msgspec.json.decode(row["before"], type=Before)
    if row["is_too_late"]:
        yield Objection.TOO_LATE
    if before.kept != row["kept"]:
        # The rest speaks of a customer that is not there.
        yield Objection.MERGED_ON
        return
    if await DB.fetch_value(_LATER, before.kept, row["merged_at"], merge_id):
        yield Objection.LATER_MERGE
    taken = "SELECT EXISTS (SELECT FROM customers WHERE number = $1)"
    if await DB.fetch_value(taken, row["merged_number"]):
        yield Objection.NUMBER_TAKEN
    if await DB.fetch_value(_NO_PREFERRED, before.kept, before.moved.get("addresses", [])):
        yield Objection.NO_PREFERRED_ADDRESS
    members = before.moved.get("memberships", [])
    if before.had_administrator and await _is_left_without_administrator(before.kept, members):
        yield Objection.NO_ADMINISTRATOR
    if await DB.fetch_value(_ROLES_IN_USE, before.kept, members, before.moved.get("company_roles", [])):
        yield Objection.ROLES_IN_USE


async def _is_left_without_administrator(kept: uuid.UUID, members: Sequence[str]) -> bool:
    # Of the users who stay, if any, one has to be able to do everything (domain.md 10).
    row = await DB.fetch_row(_WHO_CAME, kept, members)
    return row is not None and row["some_stay"] and not await has_administrator(kept, besides=row["came"])


async def _bring_back_customer(before: Before) -> None:
    await DB.execute(
        """INSERT INTO customers SELECT r.* FROM jsonb_populate_record(NULL::customers, $1::jsonb
               || CASE WHEN EXISTS (SELECT FROM organisations o WHERE o.id = ($1::jsonb->>'organisation')::uuid)
                       THEN '{}'::jsonb ELSE '{"organisation": null}'::jsonb END) r""",
        msgspec.json.encode(before.customer).decode(),
    )
    if before.company is not None:
        await _insert("companies", [before.company])


async def _bring_back_rows(before: Before) -> None:
    """What was moved goes back if it is still there, then what was left out, then how each was."""
    for user in sorted(str(row["user"]) for row in before.deleted.get("memberships", [])):
        # What the person may do changes: they sign in anew.
        await end_sessions_of(uuid.UUID(user))
    await lock_orders([before.kept])
    for table, keys in before.moved.items():
        column = "kept" if table == "customer_merges" else "customer"
        await DB.execute(
            f"UPDATE {table} SET {column} = $1 WHERE id = ANY($2::uuid[]) AND {column} = $3",
            before.gone,
            keys,
            before.kept,
        )
    for table, rows in before.deleted.items():
        if table == "memberships":
            await _bring_back_places(rows)
        else:
            await _insert(table, rows)
    for changed in reversed(before.was):
        sets = ", ".join(f"{one} = r.{one}" for one in changed.columns)
        still = " AND ".join(
            f"(r.{one} IS NULL OR EXISTS (SELECT FROM memberships m WHERE m.id = r.{one}))"
            for one in changed.columns
            if one in _TO_MEMBERSHIP
        )
        await DB.execute(
            f"UPDATE {changed.table} t SET {sets} FROM jsonb_populate_recordset(NULL::{changed.table}, $1::jsonb) r"
            f" WHERE t.id = r.id AND t.customer = $2{' AND ' + still if still else ''}",
            msgspec.json.encode(changed.rows).decode(),
            before.gone,
        )


async def _bring_back_places(rows: list[dict[str, Any]]) -> None:
    """The places of people who were in both, without stand-ins who are gone."""
    named = [row["stand_in"] for row in rows if row["stand_in"]]
    there = {
        str(one["id"])
        for one in await DB.fetch("SELECT id FROM memberships WHERE id = ANY($1::uuid[])", named)
    }
    alone = [row if row["stand_in"] in there else row | {"stand_in": None} for row in rows]
    await _insert("memberships", alone)


async def _insert(table: str, rows: list[dict[str, Any]]) -> None:
    # Tables and conditions are constants of this package.
    await DB.execute(
        f"INSERT INTO {table} SELECT r.* FROM jsonb_populate_recordset(NULL::{table}, $1::jsonb) r"
        f" WHERE {_OWNER.get(table, 'true')} ON CONFLICT DO NOTHING",
        msgspec.json.encode(rows).decode(),
    )


async def _count_apart(before: Before) -> None:
    await DB.execute(
        "UPDATE promotion_uses SET used_by = $1 WHERE id = ANY($2::uuid[]) AND used_by = $3",
        str(before.gone),
        before.promotion_uses,
        str(before.kept),
    )
    await DB.execute(
        """UPDATE customers SET version = version + 1, recurring_since = $3::text::timestamptz,
               first_order_at = coalesce($2::text::timestamptz,
                                         (SELECT min(placed_at) FROM orders WHERE customer = $1))
           WHERE id = $1""",
        before.kept,
        before.first_order_at,
        before.recurring_since,
    )
