"""Customer groups: segments such as Gold and Silver, of which an organisation gives its customers one; it wins
over their own (domain.md 11)."""

from tables.engine import DB


async def customer_groups() -> list[tuple[str, str]]:
    """(id, name) of the segments that are customer groups, by name."""
    rows = await DB.fetch("SELECT id, name FROM segments WHERE is_customer_group ORDER BY name, id")
    return [(row["id"], row["name"]) for row in rows]
