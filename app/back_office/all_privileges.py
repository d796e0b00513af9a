"""There is always an active staff member with all privileges, whatever runs at the same time (domain.md 15).

Without one nobody could let anybody in again. Whatever takes a privilege, disables or deletes a user goes through
here: the changes wait for each other, so that of the last two only one can go.
"""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.back_office.privileges import ALL_PRIVILEGES
from app.languages import text
from tables.engine import DB

# Any number that nothing else locks: changes of who may do what wait for each other.
_LOCK = 7_046_217_310_015

_HAS_ALL = """
    SELECT EXISTS (SELECT FROM staff_members s JOIN users u ON u.id = s."user"
                   WHERE s.is_active AND u.is_active AND s.organisation IS NULL AND s.privileges @> $1::varchar[]
                     AND ($2::uuid IS NULL OR u.id = $2))
"""
LAST_OF_ALL = text("There must always be an active staff member with all privileges.")


class LastWithAllPrivileges(Exception):
    """There must always be an active staff member with all privileges."""


async def lock_staff_access() -> None:
    """Lets nobody else change who may do what until the current transaction ends. Before any lock of a user."""
    await DB.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)


@asynccontextmanager
async def keeping_one_with_all_privileges(user_id: uuid.UUID) -> AsyncIterator[None]:
    """Around whatever a transaction does to a user, of staff or not. Raises LastWithAllPrivileges at the end."""
    if not await DB.fetch_value('SELECT EXISTS (SELECT FROM staff_members WHERE "user" = $1)', user_id):
        yield
        return
    await lock_staff_access()
    had_all = await _has_all(user_id)
    yield
    # Only who had all privileges can have been the last one with them.
    if had_all and not await _has_all():
        raise LastWithAllPrivileges


async def _has_all(user_id: uuid.UUID | None = None) -> bool:
    return bool(await DB.fetch_value(_HAS_ALL, [one.value for one in ALL_PRIVILEGES], user_id))
