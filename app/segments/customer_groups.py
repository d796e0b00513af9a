"""Customer groups: segments such as Gold and Silver, of which an organisation gives its customers one; it wins
over their own (domain.md 11)."""

import uuid

from tables.engine import DB


async def customer_groups() -> list[tuple[str, str]]:
    """(id, name) of the segments that are customer groups, by name."""
    rows = await DB.fetch("SELECT id, name FROM segments WHERE is_customer_group ORDER BY name, id")
    return [(row["id"], row["name"]) for row in rows]


async def group_given_to(customer_id: uuid.UUID) -> str:
    """The customer group that a customer has by its organisation or the nearest one above; "" without any."""
    found: str | None = await DB.fetch_value(
        "SELECT above.customer_group FROM customers c JOIN organisations o ON o.id = c.organisation"
        " JOIN organisations above ON above.id = ANY(o.path)"
        " WHERE c.id = $1 AND above.customer_group <> '' ORDER BY cardinality(above.path) DESC LIMIT 1",
        customer_id,
    )
    return found or ""
