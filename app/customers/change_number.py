"""Changing a customer's number; orders and links follow (domain.md 2)."""

import uuid

import asyncpg

from app.audit import record
from app.customers.creation import NumberTaken
from app.errors import Conflict
from app.visitor import Visitor
from tables.engine import DB

_ACTION = "customer number changed"


async def change_customer_number(
    customer_id: uuid.UUID, number: str, *, version: int, visitor: Visitor
) -> None:
    """Gives a customer another number. All that belongs to the customer knows it by its key, so nothing else
    changes.

    `version` is the customer's as the staff member saw it. Raises Conflict when it has changed since, and
    NumberTaken.
    """
    async with DB.transaction():
        row = await DB.fetch_row(
            "SELECT number, version FROM customers WHERE id = $1 FOR NO KEY UPDATE", customer_id
        )
        if row is None or row["version"] != version:
            raise Conflict
        if row["number"] == number:
            return
        try:
            async with DB.transaction():
                await DB.execute(
                    "UPDATE customers SET number = $2, version = version + 1 WHERE id = $1",
                    customer_id,
                    number,
                )
        except asyncpg.UniqueViolationError:
            raise NumberTaken from None
        await record(
            _ACTION,
            visitor=visitor,
            customer_id=customer_id,
            before={"number": row["number"]},
            after={"number": number},
        )


async def number_now(old_number: str) -> str | None:
    """The number of the customer who had this one last, or who took the place of who had it, so that old links
    lead on; None where nobody had it."""
    found: str | None = await DB.fetch_value(
        "SELECT c.number FROM audit_entries a JOIN customers c ON c.id = a.customer_id"
        " WHERE a.action = ANY($1::text[]) AND a.before ->> 'number' = $2"
        " ORDER BY a.happened_at DESC, a.id DESC LIMIT 1",
        [_ACTION, "customers merged"],
        old_number,
    )
    return found
