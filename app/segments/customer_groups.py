"""Customer groups: segments such as Gold and Silver, of which an organisation gives its customers one; it wins
over their own (domain.md 11)."""

import uuid

from app.segments.membership import GROUP_OF_CUSTOMER
from tables.engine import DB


async def customer_groups() -> list[tuple[str, str]]:
    """(id, name) of the segments that are customer groups, by name."""
    rows = await DB.fetch("SELECT id, name FROM segments WHERE is_customer_group ORDER BY name, id")
    return [(row["id"], row["name"]) for row in rows]


async def is_customer_group(segment: str) -> bool:
    """Whether a segment is a customer group."""
    return bool(
        await DB.fetch_value(
            "SELECT EXISTS (SELECT FROM segments WHERE id = $1 AND is_customer_group)", segment
        )
    )


async def group_given_to(customer_id: uuid.UUID) -> str:
    """The customer group that a customer has by its organisation or the nearest one above; "" without any."""
    found: str | None = await DB.fetch_value(
        f"SELECT {GROUP_OF_CUSTOMER} FROM customers c WHERE c.id = $1", customer_id
    )
    return found or ""
