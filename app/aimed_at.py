"""What is aimed at an organisation or contract, as the audit log tells it when that is deleted (domain.md 15)."""

import uuid
from typing import Literal

from tables.engine import DB


async def aimed_at(column: Literal["organisation", "contract"], key: uuid.UUID) -> dict[str, object]:
    """What names an organisation or contract as its target, which ends when that is deleted: {"used by": kinds and
    ids}, for the entry of the deletion; nothing where nothing does."""
    rows = await DB.fetch(
        f"SELECT kind || ' ' || owner AS told FROM targets WHERE {column} = $1 ORDER BY 1",  # one of the two
        key,
    )
    return {"used by": [row["told"] for row in rows]} if rows else {}
