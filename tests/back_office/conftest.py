"""Staff at work."""

from typing import Any

import asyncpg
import pytest

from tests import people
from tests.browser_like import Person


@pytest.fixture
async def staff(database: str) -> Person:
    """A browser in which a staff member with all privileges is signed in."""
    return await (await people.staff_member()).signed_in()


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All statements that the program sends to the database from here on."""
    seen: list[str] = []
    for name in ("fetch", "fetchrow", "fetchval", "execute"):
        original = getattr(asyncpg.Connection, name)
        monkeypatch.setattr(asyncpg.Connection, name, _noting(original, seen))
    return seen


def _noting(original: Any, seen: list[str]) -> Any:
    async def noting(self: Any, query: str, *arguments: Any, **options: Any) -> Any:
        seen.append(query)
        return await original(self, query, *arguments, **options)

    return noting
