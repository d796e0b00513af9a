"""Merging two customers that are one: all that belongs to the one that goes follows to the one that stays
(domain.md 9). One transaction; what stood before is kept, so that it can be undone (undoing_merges.py).

What follows, and how, stands in merged_rows.py.
"""

import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from app.audit import record
from app.customers.addresses import KINDS
from app.customers.administrators import has_administrator
from app.customers.joining_rows import execute_named, fetch_named, lock_customers, lock_orders
from app.customers.merge_records import Before, remember
from app.customers.merged_rows import FOLLOWS, MEMBERSHIP_LINKS, Follow
from app.customers.types import Extension, customer_type_of
from app.errors import Conflict
from app.segments.segmentation_services import update_segments_of
from app.sign_in.sessions import end_sessions_of
from app.visitor import Visitor
from tables.engine import DB
from tables.keys import new_key


class MergeObstacle(StrEnum):
    """Why two customers are not merged."""

    UNKNOWN = "unknown"
    SAME = "same"
    ONE_USER = "one_user"
    DIFFERENT_TYPES = "different_types"
    WAITS_FOR_APPROVAL = "waits_for_approval"


class MergeRefused(Exception):
    """The two cannot be merged; nothing has changed."""

    def __init__(self, obstacle: MergeObstacle) -> None:
        super().__init__(obstacle)
        self.obstacle = obstacle


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of two customers that may be merged."""

    id: uuid.UUID
    number: str
    name: str
    customer_type: str
    approval_status: str
    is_active: bool
    taxation_id: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePreview:
    """What a merge would do: (title, how many follow, how many are there already)."""

    kept: Side
    gone: Side
    lines: tuple[tuple[str, int, int], ...]

    @property
    def keeps_people_out(self) -> bool:
        """Whether those who come along cannot sign in before, and so not after."""
        return not (self.gone.is_active and self.gone.approval_status == "approved")


_SIDE = """
    SELECT c.id, c.number, coalesce(nullif(c.search_name, ''), c.number) AS name, c.customer_type,
           c.approval_status, c.is_active, coalesce(co.taxation_id, '') AS taxation_id, c.version
    FROM customers c LEFT JOIN companies co ON co.customer = c.id WHERE c.number = $1
"""


async def merge_preview(kept_number: str, gone_number: str) -> MergePreview:
    """What would happen if one customer stayed and the other went. Raises MergeRefused."""
    kept, gone = await _sides(kept_number, gone_number)
    titled = [(table, one) for table, one in FOLLOWS.items() if one.title]
    columns = ", ".join(
        f"(SELECT count(*) FROM {table} t WHERE t.customer = :gone) AS {table},"
        f" (SELECT count(*) FROM {table} t WHERE t.customer = :gone AND ({one.doubled or 'false'}))"
        f" AS doubled_{table}"
        for table, one in titled
    )
    (row,) = await fetch_named(f"SELECT {columns}, :kept AS kept", kept=kept.id, gone=gone.id)
    lines = tuple(
        (one.title, row[table] - row[f"doubled_{table}"], row[f"doubled_{table}"]) for table, one in titled
    )
    return MergePreview(kept=kept, gone=gone, lines=lines)


async def merge_customers(
    kept_number: str, gone_number: str, *, versions: tuple[int, int] | None, visitor: Visitor
) -> uuid.UUID:
    """Makes one customer of two; the id of the record by which it can be undone.

    `versions` are those of both as the preview showed them (None: whatever they have). Raises MergeRefused, and
    Conflict when one has changed since.
    """
    async with DB.transaction():
        kept, gone = await _sides(kept_number, gone_number)
        await lock_customers([kept.id, gone.id])
        # Nothing new may name the one that goes; those who were about to are waited for above.
        await DB.fetch(
            "SELECT FROM customers WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE", [kept.id, gone.id]
        )
        if versions not in (None, (kept.version, gone.version)) or await _sides(kept_number, gone_number) != (
            kept,
            gone,
        ):
            raise Conflict
        before = await _before(kept.id, gone.id)
        places = await _places_of_who_is_in_both(before)
        await _join_budgets(before)
        await _join_places(before, places)
        for table, follow in FOLLOWS.items():
            await _let_follow(table, follow, before)
        await _join_what_is_counted(before)
        await DB.execute("DELETE FROM customers WHERE id = $1", gone.id)
        merge_id = await _keep_record(before, gone, visitor)
        await record(
            "customers merged",
            visitor=visitor,
            customer_id=kept.id,
            before={"number": gone.number, "name": gone.name},
            after={"number": kept.number},
        )
        await update_segments_of(kept.id)
    return merge_id


async def _sides(kept_number: str, gone_number: str) -> tuple[Side, Side]:
    found = [await DB.fetch_row(_SIDE, number) for number in (kept_number, gone_number)]
    if found[0] is None or found[1] is None:
        raise MergeRefused(MergeObstacle.UNKNOWN)
    kept, gone = Side(**found[0]), Side(**found[1])
    if kept.id == gone.id:
        raise MergeRefused(MergeObstacle.SAME)
    if not all(customer_type_of(one.customer_type).applies(Extension.GROUP) for one in (kept, gone)):
        # The user of an individual cannot be moved (domain.md 2).
        raise MergeRefused(MergeObstacle.ONE_USER)
    if kept.customer_type != gone.customer_type:
        raise MergeRefused(MergeObstacle.DIFFERENT_TYPES)
    if "pending" in (kept.approval_status, gone.approval_status):
        # A merge is no way around the decision; nor would the applicant hear of one.
        raise MergeRefused(MergeObstacle.WAITS_FOR_APPROVAL)
    return kept, gone


async def _before(kept: uuid.UUID, gone: uuid.UUID) -> Before:
    row = await DB.fetch_row(
        """SELECT to_jsonb(g)::text AS customer, to_jsonb(co)::text AS company, k.first_order_at::text,
                  k.recurring_since::text,
                  (SELECT a.id::text FROM addresses a WHERE a.customer = g.id AND a.is_preferred_billing) AS billing,
                  (SELECT a.id::text FROM addresses a WHERE a.customer = g.id AND a.is_preferred_shipping) AS shipping
           FROM customers g LEFT JOIN companies co ON co.customer = g.id, customers k
           WHERE g.id = $2 AND k.id = $1""",
        kept,
        gone,
    )
    if row is None:
        raise Conflict
    return Before(
        kept=kept,
        gone=gone,
        customer=msgspec.json.decode(row["customer"], type=dict[str, Any]),
        company=msgspec.json.decode(row["company"], type=dict[str, Any]) if row["company"] else None,
        first_order_at=row["first_order_at"],
        recurring_since=row["recurring_since"],
        had_administrator=await has_administrator(kept),
        preferred={kind: row[kind] for kind in KINDS},
    )


async def _places_of_who_is_in_both(before: Before) -> list[uuid.UUID]:
    """The places that go of people who have one that stays. What they may do changes: they sign in anew."""
    places = await fetch_named(
        'SELECT t.id, t."user", k.is_active FROM memberships t JOIN memberships k ON k."user" = t."user"'
        " WHERE t.customer = :gone AND k.customer = :kept ORDER BY t.id",
        kept=before.kept,
        gone=before.gone,
    )
    before.disabled = [str(one["user"]) for one in places if not one["is_active"]]
    for user_id in sorted(one["user"] for one in places):
        await end_sessions_of(user_id)
    return [one["id"] for one in places]


async def _join_budgets(before: Before) -> None:
    """Two records of one company are one budget: what was spent for either goes on counting
    (app/requisitions/budgets.py)."""
    await lock_orders([before.kept, before.gone])
    placed = await fetch_named(
        "SELECT o.id FROM orders o WHERE o.placed_for = :gone OR (o.customer = :gone AND o.placed_for IS NULL)",
        gone=before.gone,
    )
    before.placed_for = [str(row["id"]) for row in placed]
    await execute_named(
        "UPDATE orders SET placed_for = :kept WHERE placed_for = :gone", kept=before.kept, gone=before.gone
    )


async def _join_places(before: Before, places: list[uuid.UUID]) -> None:
    """Of people who are in both, what points to the place that goes points to the one that stays."""
    if not places:
        return
    values: dict[str, Any] = {"places": places, "kept": before.kept}
    for table, column in MEMBERSHIP_LINKS:
        becomes = (
            '(SELECT k.id FROM memberships g JOIN memberships k ON k."user" = g."user" AND k.customer = :kept'
            f" WHERE g.id = t.{column})"
        )
        where = f"t.{column} = ANY(:places)"
        await remember(before, table, column, becomes, where, **values)
        await execute_named(f"UPDATE {table} t SET {column} = {becomes} WHERE {where}", **values)


async def _let_follow(table: str, follow: Follow, before: Before) -> None:
    values = {"kept": before.kept, "gone": before.gone}
    if follow.doubled:
        await _leave_out(table, follow, before)
    for column, becomes in follow.changes.items():
        # Which address is preferred stands in the record by itself.
        if table != "addresses":
            await remember(before, table, column, becomes, f"t.{follow.column} = :gone", **values)
    changes = "".join(f", {column} = {sql}" for column, sql in follow.changes.items())
    rows = await fetch_named(
        f"UPDATE {table} t SET {follow.column} = :kept{changes} WHERE t.{follow.column} = :gone RETURNING t.id",
        **values,
    )
    if rows:
        before.moved[table] = [str(row["id"]) for row in rows]


async def _leave_out(table: str, follow: Follow, before: Before) -> None:
    rows = await fetch_named(
        f"SELECT t.id, to_jsonb(t)::text AS stored FROM {table} t"
        f" WHERE t.{follow.column} = :gone AND ({follow.doubled})",
        kept=before.kept,
        gone=before.gone,
    )
    keys = [row["id"] for row in rows]
    if not keys:
        return
    before.deleted[table] = [msgspec.json.decode(row["stored"]) for row in rows]
    if table == "baskets":
        lines = await DB.fetch(
            "SELECT to_jsonb(l)::text AS stored FROM basket_lines l WHERE l.basket = ANY($1::uuid[])", keys
        )
        before.deleted["basket_lines"] = [msgspec.json.decode(row["stored"]) for row in lines]
    await DB.execute(f"DELETE FROM {table} WHERE id = ANY($1::uuid[])", keys)


async def _join_what_is_counted(before: Before) -> None:
    """How often each has used promotions counts together, and the first order of both is the first."""
    rows = await DB.fetch(
        "UPDATE promotion_uses SET used_by = $1 WHERE used_by = $2 RETURNING id",
        str(before.kept),
        str(before.gone),
    )
    before.promotion_uses = [str(row["id"]) for row in rows]
    await execute_named(
        """UPDATE customers k SET version = k.version + 1,
               first_order_at = least(k.first_order_at, g.first_order_at),
               recurring_since = least(k.recurring_since, g.recurring_since)
           FROM customers g WHERE k.id = :kept AND g.id = :gone""",
        kept=before.kept,
        gone=before.gone,
    )


async def _keep_record(before: Before, gone: Side, visitor: Visitor) -> uuid.UUID:
    key = new_key()
    account = visitor.account
    await DB.execute(
        "INSERT INTO customer_merges (id, kept, merged_number, before, merged_at, merged_by, merged_by_name)"
        " VALUES ($1, $2, $3, $4::jsonb, now(), $5, $6)",
        key,
        before.kept,
        gone.number,
        msgspec.json.encode(before).decode(),
        account.user_id if account is not None else None,
        account.name if account is not None else "",
    )
    return key
