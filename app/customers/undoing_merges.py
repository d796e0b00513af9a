"""Taking a merge of customers back, for some days and as long as nothing speaks against it (domain.md 9).

What comes back, and how, stands in rows_brought_back.py.
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
from app.customers.joining_rows import lock_customers
from app.customers.merge_records import Before
from app.customers.rows_brought_back import bring_back
from app.errors import Conflict
from app.segments.segmentation_services import update_segments_of
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
        await bring_back(before, row["merged_at"])
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
