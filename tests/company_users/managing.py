"""What the tests of a company's people share: who is there, and what the database holds of them."""

import asyncio
import uuid
from collections.abc import Awaitable
from typing import Any

from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage
from tests.people import Known


async def company_with_buyer(*, buyer_roles: tuple[str, ...] = ("buyer",)) -> tuple[Known, Known]:
    """A company with its administrator, and a colleague of theirs."""
    boss = await people.company()
    return boss, await people.colleague(boss, "paul@alfki.example", roles=buyer_roles)


async def membership(of: Known) -> dict[str, Any]:
    """The membership as it is stored."""
    row = await DB.fetch_row("SELECT * FROM memberships WHERE id = $1", of.membership_id)
    assert row is not None
    return row


async def own_role(of: Known, name: str, *permissions: str) -> str:
    """A role that the company has made; its id."""
    key = uuid.uuid4()
    await DB.execute(
        "INSERT INTO company_roles (id, customer, name, permissions, version, created_at)"
        " VALUES ($1, $2, $3, $4, 1, now())",
        key,
        of.customer_id,
        name,
        list(permissions),
    )
    return str(key)


async def press(person: Person, of: Known, action: str, **fields: object) -> SeenPage:
    """Sends a form of the page of a user."""
    return await person.post(f"/account/users/{of.user_id}{action}", fields)


async def at_once(*changes: Awaitable[SeenPage]) -> list[SeenPage]:
    """What several people are answered who press at the same time."""
    return list(await asyncio.gather(*changes))


async def actions(of: Known) -> list[str]:
    """What is recorded of the company, oldest first."""
    rows = await DB.fetch(
        "SELECT action FROM audit_entries WHERE customer_id = $1 ORDER BY happened_at, id", of.customer_id
    )
    return [row["action"] for row in rows]


async def administrators(of: Known) -> int:
    """How many active account administrators the company has."""
    found: int = await DB.fetch_value(
        'SELECT count(*) FROM memberships m JOIN users u ON u.id = m."user" WHERE m.customer = $1'
        " AND m.is_active AND u.is_active AND 'account_administrator' = ANY(m.roles)",
        of.customer_id,
    )
    return found
