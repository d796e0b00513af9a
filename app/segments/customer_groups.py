"""Customer groups: segments such as Gold and Silver, of which an organisation gives its customers one; it wins
over their own (domain.md 11)."""

from tables.engine import DB


async def customer_groups() -> list[tuple[str, str]]:
    """(id, name) of the segments that are customer groups, by name."""
    rows = await DB.fetch("SELECT id, name FROM segments WHERE is_customer_group ORDER BY name, id")
    return [(row["id"], row["name"]) for row in rows]


async def organisations_of_group(segment: str) -> list[str]:
    """The names of the organisations whose customer group a segment is."""
    rows = await DB.fetch("SELECT name FROM organisations WHERE customer_group = $1 ORDER BY name", segment)
    return [row["name"] for row in rows]
