"""What the segments of a visitor are called (domain.md 7)."""

from collections.abc import Collection

from app.languages import gettext as _
from app.segments.implicit import EVERYONE, REGISTERED_USERS, implicit_segments
from tables.engine import DB

# Whoever reads their own segments is signed in, so that these two say nothing about them.
SAY_NOTHING = {EVERYONE.id, REGISTERED_USERS.id}


async def names_of_segments(segments: Collection[str]) -> list[str]:
    """The names that tell something: implicit ones in the language of the request, then custom ones by name."""
    implicit = {one.id: one.name for one in implicit_segments()}
    custom = sorted(one for one in segments if one not in implicit)
    rows = (
        await DB.fetch("SELECT name FROM segments WHERE id = ANY($1::text[]) ORDER BY name", custom)
        if custom
        else []
    )
    return [_(name) for key, name in implicit.items() if key in segments and key not in SAY_NOTHING] + [
        row["name"] for row in rows
    ]
