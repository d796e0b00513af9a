"""How rows come back when a merge of customers is undone (domain.md 9).

What the merge has moved goes back where it still is; what came since stays with the customer that stayed. What the
merge has changed becomes what it was where it still is what the merge has made of it, and what it has left out is
there again. What somebody has changed since is a decision of theirs, and stays: above all, undoing a merge lets
nobody in again who was disabled or removed, and makes no invitation work that was taken back.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from app.customers.addresses import KINDS
from app.customers.departures import has_given_up_login
from app.customers.joining_rows import execute_named, lock_orders
from app.customers.merge_records import Before, Changed, changes_of, preferred_before
from app.sign_in.sessions import end_sessions_of
from tables.engine import DB

# Who was removed meanwhile comes back by staff only (app/customers/departures.py).
_PERSON = f"""EXISTS (SELECT FROM users u WHERE u.id = r."user") AND NOT {has_given_up_login('r."user"')}"""
# Whether what a restored row belongs to is still there.
_OWNER: Mapping[str, str] = {
    "memberships": _PERSON,
    "join_requests": _PERSON,
    "baskets": 'EXISTS (SELECT FROM users u WHERE u.id = r."user")',
    "basket_lines": "EXISTS (SELECT FROM baskets b WHERE b.id = r.basket)"
    " AND EXISTS (SELECT FROM products p WHERE p.id = r.product)",
    "account_managers": "EXISTS (SELECT FROM staff_members s WHERE s.id = r.staff_member)",
}
_MEMBERSHIP_IS_THERE = "EXISTS (SELECT FROM memberships m WHERE m.id = was.{column})"
# What has to hold besides for a column to become what it was (t: the row, was: as it was).
_ONLY_IF: Mapping[str, str] = {
    "membership": _MEMBERSHIP_IS_THERE,
    "invited_by": _MEMBERSHIP_IS_THERE,
    "started_by": _MEMBERSHIP_IS_THERE,
    "stand_in": _MEMBERSHIP_IS_THERE,
    # The merge has left the other company's invitation of the same person: what became of that holds for both.
    "revoked_at": "NOT EXISTS (SELECT FROM invitations k WHERE k.customer = :kept"
    " AND k.email_canonical = t.email_canonical AND coalesce(k.revoked_at, k.accepted_at) > :merged::timestamptz)",
    # Another role may have got the name since.
    "name": "NOT EXISTS (SELECT FROM company_roles o WHERE o.customer = :gone AND o.name = was.name)",
}
# The places that people of both have at the one that stayed. One that they got since is another one: somebody who
# was removed and invited anew comes to that company only.
_STILL_THERE = """
    SELECT k."user", k.is_active FROM memberships k
    WHERE k.customer = $1 AND k."user" = ANY($2::uuid[]) AND k.created_at <= $3
      AND NOT EXISTS (SELECT FROM departures d WHERE d.customer = $1 AND d."user" = k."user" AND d.removed_at > $3)
"""


async def bring_back(before: Before, merged_at: datetime) -> None:
    """Makes two customers of one again, in the current transaction, which has locked the one that stayed."""
    await _bring_back_customer(before)
    for user in sorted(str(row["user"]) for row in before.deleted.get("memberships", [])):
        # What the person may do changes: they sign in anew.
        await end_sessions_of(uuid.UUID(user))
    await lock_orders([before.kept])
    await _move_back(before)
    await _bring_back_left_out(before, merged_at)
    for changed in reversed(await changes_of(before, merged_at)):
        await _change_back(changed, before, merged_at)
    for kind in KINDS:
        await _prefer_an_address(before.gone, kind, preferred_before(before, kind))
    await _count_apart(before)


async def _bring_back_customer(before: Before) -> None:
    columns = await _columns("customers", before.customer)
    await DB.execute(
        f"""INSERT INTO customers ({columns}) SELECT {columns} FROM jsonb_populate_record(NULL::customers, $1::jsonb
               || CASE WHEN EXISTS (SELECT FROM organisations o WHERE o.id = ($1::jsonb->>'organisation')::uuid)
                       THEN '{{}}'::jsonb ELSE '{{"organisation": null}}'::jsonb END) r""",
        msgspec.json.encode(before.customer).decode(),
    )
    if before.company is not None:
        await _insert("companies", [before.company])


async def _move_back(before: Before) -> None:
    for table, keys in before.moved.items():
        column = "kept" if table == "customer_merges" else "customer"
        await DB.execute(
            f"UPDATE {table} SET {column} = $1 WHERE id = ANY($2::uuid[]) AND {column} = $3",
            before.gone,
            keys,
            before.kept,
        )
    # Who came by the merge and was removed since has left the one that is back: there the removal can be put right.
    await DB.execute(
        "UPDATE departures SET customer = $1 WHERE customer = $3 AND membership ->> 'id' = ANY($2::text[])",
        before.gone,
        before.moved.get("memberships", []),
        before.kept,
    )
    # Wherever an order has come since, it was placed for the one that is back (app/requisitions/budgets.py).
    placed_for = before.moved.get("orders", []) if before.placed_for is None else before.placed_for
    await DB.execute(
        "UPDATE orders SET placed_for = $1 WHERE id = ANY($2::uuid[]) AND placed_for = $3",
        before.gone,
        placed_for,
        before.kept,
    )


async def _bring_back_left_out(before: Before, merged_at: datetime) -> None:
    for table, rows in before.deleted.items():
        if table == "memberships":
            await _insert(table, await _places(rows, before, merged_at))
        else:
            await _insert(table, rows)


async def _places(rows: list[dict[str, Any]], before: Before, merged_at: datetime) -> list[dict[str, Any]]:
    """The places of people who were in both, without stand-ins who are gone. Who has left the one that stayed since
    has left both, and who was disabled there since is disabled in both."""
    there = {
        str(one["user"]): one["is_active"]
        for one in await DB.fetch(_STILL_THERE, before.kept, [row["user"] for row in rows], merged_at)
    }
    left = [row for row in rows if row["user"] in there]
    named = [row["stand_in"] for row in left if row["stand_in"]]
    found = await DB.fetch("SELECT id FROM memberships WHERE id = ANY($1::uuid[])", named)
    stand_ins = {str(one["id"]) for one in found}
    return [
        row
        | {
            "is_active": row["is_active"] and (there[row["user"]] or row["user"] in before.disabled),
            "stand_in": row["stand_in"] if row["stand_in"] in stand_ins else None,
        }
        for row in left
    ]


async def _columns(table: str, stored: Mapping[str, Any]) -> str:
    """The columns that a row had when it was kept and has still: what has come to the table since begins as it does
    for all rows that were there then."""
    rows = await DB.fetch(
        "SELECT quote_ident(attname) AS name FROM pg_attribute WHERE attrelid = $1::text::regclass"
        " AND attnum > 0 AND NOT attisdropped AND attname = ANY($2::text[]) ORDER BY attnum",
        table,
        list(stored),
    )
    return ", ".join(row["name"] for row in rows)


async def _insert(table: str, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    columns = await _columns(table, rows[0])
    # Tables, columns and conditions are constants of this package and names of the database.
    await DB.execute(
        f"INSERT INTO {table} ({columns}) SELECT {columns}"
        f" FROM jsonb_populate_recordset(NULL::{table}, $1::jsonb) r"
        f" WHERE {_OWNER.get(table, 'true')} ON CONFLICT DO NOTHING",
        msgspec.json.encode(rows).decode(),
    )


async def _change_back(changed: Changed, before: Before, merged_at: datetime) -> None:
    table, column = changed.table, changed.column
    only_if = _ONLY_IF.get(column, "true").format(column=column)
    # Tables, columns and conditions are constants of this package.
    await execute_named(
        f"""UPDATE {table} t SET {column} = was.{column}
            FROM jsonb_array_elements(:rows::jsonb) one,
                 jsonb_populate_record(NULL::{table}, jsonb_build_object('{column}', one -> 'was')) was,
                 jsonb_populate_record(NULL::{table}, jsonb_build_object('{column}', one -> 'became')) became
            WHERE t.id = (one ->> 'id')::uuid AND t.customer = :gone
              AND t.{column} IS NOT DISTINCT FROM became.{column} AND ({only_if})""",
        rows=msgspec.json.encode(changed.rows).decode(),
        gone=before.gone,
        kept=before.kept,
        merged=merged_at.isoformat(),
    )


async def _prefer_an_address(customer_id: uuid.UUID, kind: str, before: str | None) -> None:
    """Of shared addresses one is preferred (domain.md 6): another one that became it since, else the one that was it
    before, else the oldest."""
    await DB.execute(
        f"""UPDATE addresses SET is_preferred_{kind} = true
            WHERE id = (SELECT id FROM addresses WHERE customer = $1 AND membership IS NULL
                        ORDER BY id IS NOT DISTINCT FROM $2::uuid DESC, created_at, id LIMIT 1)
              AND NOT EXISTS (SELECT FROM addresses WHERE customer = $1 AND is_preferred_{kind})""",
        customer_id,
        before,
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
