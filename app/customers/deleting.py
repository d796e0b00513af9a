"""Deleting a customer: first its users' memberships, then users who are left without any (domain.md 2)."""

import uuid

from app.audit import record
from app.customers.joining_rows import lock_customers
from app.errors import Conflict
from app.visitor import Visitor
from tables.engine import DB


class CustomerHasOrders(Exception):
    """The shop keeps orders, and who ordered: such a customer can be disabled, but not deleted."""


_HAS_ORDERS = "SELECT EXISTS (SELECT FROM orders WHERE customer = $1)"
_USERS_LEFT_ALONE = """
    SELECT m."user" AS id FROM memberships m
    WHERE m.customer = $1
      AND NOT EXISTS (SELECT FROM memberships o WHERE o."user" = m."user" AND o.customer <> $1)
      AND NOT EXISTS (SELECT FROM staff_members s WHERE s."user" = m."user")
"""


# Who has left this customer, as the last one that they had, cannot be brought back to it any more.
_DELETE_FORMER_USERS = """
    DELETE FROM users WHERE id IN (SELECT "user" FROM departures WHERE customer = $1 AND login <> '')
"""


async def delete_customer(
    customer_id: uuid.UUID, *, visitor: Visitor, version: int | None = None
) -> tuple[str, ...]:
    """Deletes a customer in one transaction; the names of users who went with it.

    Users of other customers, and staff, stay; former users go as well. Raises CustomerHasOrders, and Conflict when
    the customer is gone or has changed since the staff member saw `version`.
    """
    async with DB.transaction():
        await lock_customers([customer_id])
        row = await DB.fetch_row(
            "SELECT number, customer_type, version FROM customers WHERE id = $1 FOR UPDATE", customer_id
        )
        if row is None or version not in (None, row["version"]):
            raise Conflict
        if await DB.fetch_value(_HAS_ORDERS, customer_id):
            raise CustomerHasOrders
        users = [one["id"] for one in await DB.fetch(_USERS_LEFT_ALONE, customer_id)]
        if users:
            await DB.execute("SELECT FROM users WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE", users)
        await DB.execute("DELETE FROM memberships WHERE customer = $1", customer_id)
        gone = await DB.fetch(
            "DELETE FROM users WHERE id = ANY($1::uuid[])"
            " RETURNING coalesce(nullif(trim(first_name || ' ' || last_name), ''), login) AS name",
            users,
        )
        await DB.execute(_DELETE_FORMER_USERS, customer_id)
        await DB.execute("DELETE FROM customers WHERE id = $1", customer_id)
        await record(
            "customer deleted",
            visitor=visitor,
            customer_id=customer_id,
            before={"number": row["number"], "customer_type": row["customer_type"]},
        )
    return tuple(sorted(str(one["name"]) for one in gone))
