"""Making, changing and deleting price lists (domain.md 8); their entries are in `app.prices.price_entries`.

Each change raises the version of the prices in its transaction, so that the next request of every worker sees it.
Whom a list is meant for is said by `app.segments.targets.aim`; a list that is aimed at nobody is for nobody.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from app.audit import record, recordable
from app.errors import Conflict
from app.segments.targets import aim_at_nobody
from app.versions import Subject, raise_version
from app.visitor import Visitor
from tables.engine import DB
from tables.segments import TargetKind

# The list of the prices for everyone (domain.md 8).
ALL_CONSUMERS = "AllConsumersPriceList"
LARGEST_PRIORITY = 1_000_000
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
_CURRENCY = re.compile(r"[A-Z]{3}")


class PriceListExists(Exception):
    """There is a price list of that id already, and ids are unique."""


class PriceListMissing(LookupError):
    """There is no such price list."""


class PriceListInvalid(ValueError):
    """What was given cannot be; `field` names the part."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceListDetails:
    """What can be said of a price list. It is valid from (including) to (excluding), in UTC."""

    name: str
    currency: str = "EUR"
    is_net: bool = True
    priority: int = 0
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    is_active: bool = True


async def create_price_list(
    list_id: str, details: PriceListDetails, *, visitor: Visitor | None = None
) -> None:
    """Makes a price list without entries, for nobody yet. Raises PriceListInvalid, PriceListExists."""
    if not _ID.fullmatch(list_id):
        raise PriceListInvalid("id")
    _check(details)
    async with DB.transaction():
        made = await DB.execute(
            "INSERT INTO price_lists (id, name, currency, is_net, priority, valid_from, valid_to, is_active, version)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1) ON CONFLICT (id) DO NOTHING",
            list_id,
            *_values(details),
        )
        if not made:
            raise PriceListExists
        await _lists_changed("price list created", visitor, after=told(details) | {"id": list_id})


async def change_price_list(
    list_id: str, details: PriceListDetails, *, version: int, visitor: Visitor | None = None
) -> None:
    """Changes all that is said of a list. `version` is the one that was on the page: Conflict if it is not the
    newest. Raises PriceListInvalid, PriceListMissing."""
    _check(details)
    async with DB.transaction():
        before = await DB.fetch_row("SELECT * FROM price_lists WHERE id = $1 FOR NO KEY UPDATE", list_id)
        if before is None:
            raise PriceListMissing
        if before["version"] != version:
            raise Conflict
        await DB.execute(
            "UPDATE price_lists SET name = $2, currency = $3, is_net = $4, priority = $5, valid_from = $6,"
            " valid_to = $7, is_active = $8, version = version + 1 WHERE id = $1",
            list_id,
            *_values(details),
        )
        await _lists_changed(
            "price list changed",
            visitor,
            before=told(_details(before)) | {"id": list_id},
            after=told(details) | {"id": list_id},
        )


async def delete_price_list(list_id: str, *, visitor: Visitor | None = None) -> None:
    """Deletes a list with its entries and target group; orders keep their prices. Raises PriceListMissing."""
    async with DB.transaction():
        before = await DB.fetch_row("DELETE FROM price_lists WHERE id = $1 RETURNING *", list_id)
        if before is None:
            raise PriceListMissing
        known = told(_details(before))
        await _lists_changed("price list deleted", visitor, before=known | {"id": list_id})
        # The version of the targets comes after that of the prices, as where a list is changed.
        await aim_at_nobody(TargetKind.PRICE_LIST, list_id, visitor=visitor)


def _details(row: Mapping[str, Any]) -> PriceListDetails:
    return PriceListDetails(**{field.name: row[field.name] for field in fields(PriceListDetails)})


def _check(details: PriceListDetails) -> None:
    if not 0 < len(details.name.strip()) <= 200:
        raise PriceListInvalid("name")
    if not _CURRENCY.fullmatch(details.currency):
        raise PriceListInvalid("currency")
    if abs(details.priority) > LARGEST_PRIORITY:
        raise PriceListInvalid("priority")
    check_times(details.valid_from, details.valid_to)


def check_times(valid_from: datetime | None, valid_to: datetime | None) -> None:
    """Raises PriceListInvalid where a time ends before it begins."""
    if valid_from is not None and valid_to is not None and valid_from >= valid_to:
        raise PriceListInvalid("valid_to")


def _values(details: PriceListDetails) -> tuple[object, ...]:
    return (
        details.name.strip(),
        details.currency,
        details.is_net,
        details.priority,
        details.valid_from,
        details.valid_to,
        details.is_active,
    )


def told(details: object) -> dict[str, object]:
    """For the audit log: what is set of a dataclass, in forms that JSON has."""
    return recordable(asdict(details))  # type: ignore[call-overload]  # any dataclass


async def _lists_changed(
    action: str,
    visitor: Visitor | None,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """As `prices_changed`, where more than the entries of a list has changed."""
    await prices_changed(action, visitor, before=before, after=after)
    await raise_version(Subject.PRICE_LISTS)


async def prices_changed(
    action: str,
    visitor: Visitor | None,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """Records a change of entries and tells every worker, in the current transaction."""
    await record(action, visitor=visitor, before=before, after=after)
    await raise_version(Subject.PRICES)
