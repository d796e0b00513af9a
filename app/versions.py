"""Versions of what every process keeps in memory, so that each notices changes at the next request.

Whoever changes something that is kept raises the version of its subject in the transaction of the change. Every
request reads all versions with its first query (app/visitor.py), and `Held` reads anew what has changed
(architecture.md, What a request costs).
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from tables.engine import DB

Kept = TypeVar("Kept")


class Subject(StrEnum):
    """What has a version."""

    CATALOG = "catalog"
    # Raised with every change of prices, and besides where the price lists themselves have changed, which are many
    # to read: a price that changes leaves them as they are.
    PRICES = "prices"
    PRICE_LISTS = "price_lists"
    TARGETS = "targets"
    SEGMENTS = "segments"
    VIEWS = "views"
    PROMOTIONS = "promotions"
    CONTENT = "content"
    TAXES = "taxes"
    # Raised by the database itself, and only where pages may tell of the change (tables/migrations).
    STOCK = "stock"
    SHIPPING = "shipping"


# The number follows the clock, so that none ever comes back: not after a change that was rolled back, and not
# after a backup was restored under processes that go on running.
_RAISE = """
    INSERT INTO data_versions (subject, number) VALUES ($1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
    ON CONFLICT (subject) DO UPDATE SET number = greatest(data_versions.number + 1, excluded.number)
"""


async def raise_version(subject: str) -> None:
    """Tells all processes that what they keep of a subject is out of date, in the current transaction.

    Changes of one subject wait for each other from here to the end of their transactions: raise it late.
    """
    await DB.execute(_RAISE, Subject(subject).value)


async def version_of(subject: str) -> dict[str, int]:
    """The version of one subject now, for work that no request started: what `Held.at` asks for."""
    number = await DB.fetch_value(
        "SELECT number FROM data_versions WHERE subject = $1", Subject(subject).value
    )
    return {str(subject): number or 0}


class Held(Generic[Kept]):
    """What this process keeps of some subjects until one of them has another version.

    `read` makes it, by as few queries as possible. What it gives must not be changed by those who use it.
    """

    def __init__(self, read: Callable[[], Awaitable[Kept]], *subjects: Subject) -> None:
        self._read = read
        self._subjects = subjects
        self._held: tuple[tuple[int, ...], Kept] | None = None

    async def at(self, versions: Mapping[str, int], *, keep_from_transaction: bool = False) -> Kept:
        """What is true at these versions (`visitor.versions`), or newer: read again if another one is held.

        What is read inside a transaction is used and not kept, since it may hold changes that are rolled back.
        `keep_from_transaction`: the versions were read in that same transaction after all of its changes.
        """
        wanted = tuple(versions.get(subject, 0) for subject in self._subjects)
        held = self._held
        if held is not None and held[0] == wanted:
            return held[1]
        found = await self._read()
        if keep_from_transaction or DB.current_transaction.get() is None:
            self._held = (wanted, found)
        return found
