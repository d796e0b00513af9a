"""The entries of price lists: adding, changing and deleting prices (domain.md 8)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import asyncpg

from app.errors import Conflict
from app.prices.price_lists import PriceListInvalid, PriceListMissing, check_times, prices_changed, told
from app.visitor import Visitor
from tables.engine import DB
from tables.keys import new_key

LARGEST_AMOUNT = 10**12
LARGEST_QUANTITY = 1_000_000
# The audit log tells so many entries one by one; of more it tells the number.
TOLD_ONE_BY_ONE = 20
_ADD = """
    INSERT INTO price_entries (id, price_list, product, quantity_from, amount, percent_off, valid_from, valid_to)
    SELECT id, $2, product, quantity_from, amount, percent_off, valid_from, valid_to
    FROM unnest($1::uuid[], $3::uuid[], $4::int[], $5::bigint[], $6::numeric[], $7::timestamptz[],
                $8::timestamptz[])
         AS t (id, product, quantity_from, amount, percent_off, valid_from, valid_to)
"""


class PriceEntryMissing(LookupError):
    """The price list has no such entry."""


class ProductMissing(LookupError):
    """There is no such product."""


class EntriesOverlap(Exception):
    """Entries of a product with equal quantity may not overlap in time (domain.md 8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDetails:
    """A price from a quantity on: `amount` in minor units, or `percent_off` the price for everyone."""

    product_id: uuid.UUID
    quantity_from: int = 1
    amount: int | None = None
    percent_off: Decimal | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


async def add_entries(
    list_id: str, entries: Sequence[EntryDetails], *, visitor: Visitor | None = None
) -> list[uuid.UUID]:
    """Adds entries to a list, all or none; their ids in the same order.

    Raises PriceListInvalid, PriceListMissing, ProductMissing, EntriesOverlap.
    """
    for entry in entries:
        _check_entry(entry)
    if not entries:
        return []
    ids = [new_key() for _entry in entries]
    columns = [list(column) for column in zip(*map(_columns, entries), strict=True)]
    async with DB.transaction():
        try:
            async with DB.transaction():
                await DB.execute(_ADD, ids, list_id, *columns)
        except asyncpg.ExclusionViolationError:
            raise EntriesOverlap from None
        except asyncpg.ForeignKeyViolationError as error:
            is_of_list = "price_list" in (error.constraint_name or "")
            raise (PriceListMissing if is_of_list else ProductMissing) from None
        added: object = len(entries) if len(entries) > TOLD_ONE_BY_ONE else [told(one) for one in entries]
        await prices_changed("price entries added", visitor, after={"price_list": list_id, "entries": added})
    return ids


async def change_entry(
    list_id: str,
    entry_id: uuid.UUID,
    entry: EntryDetails,
    *,
    version: int | None = None,
    visitor: Visitor | None = None,
) -> None:
    """Replaces an entry of a list, if it has the version that was read (None: whatever it has).

    Raises PriceListInvalid, PriceEntryMissing, ProductMissing, EntriesOverlap, and Conflict when somebody was
    faster.
    """
    _check_entry(entry)
    async with DB.transaction():
        before = await DB.fetch_row(
            "SELECT product AS product_id, quantity_from, amount, percent_off, valid_from, valid_to, version"
            " FROM price_entries WHERE id = $1 AND price_list = $2 FOR UPDATE",
            entry_id,
            list_id,
        )
        if before is None:
            raise PriceEntryMissing
        stored_version = before.pop("version")
        if version is not None and version != stored_version:
            raise Conflict
        try:
            async with DB.transaction():
                await DB.execute(
                    "UPDATE price_entries SET product = $2, quantity_from = $3, amount = $4, percent_off = $5,"
                    " valid_from = $6, valid_to = $7, version = version + 1 WHERE id = $1",
                    entry_id,
                    *_columns(entry),
                )
        except asyncpg.ExclusionViolationError:
            raise EntriesOverlap from None
        except asyncpg.ForeignKeyViolationError:
            raise ProductMissing from None
        await prices_changed(
            "price entry changed",
            visitor,
            before={"price_list": list_id} | told(EntryDetails(**before)),
            after={"price_list": list_id} | told(entry),
        )


async def delete_entry(list_id: str, entry_id: uuid.UUID, *, visitor: Visitor | None = None) -> None:
    """Deletes an entry of a list. Raises PriceEntryMissing."""
    async with DB.transaction():
        before = await DB.fetch_row(
            "DELETE FROM price_entries WHERE id = $1 AND price_list = $2"
            " RETURNING product AS product_id, quantity_from, amount, percent_off, valid_from, valid_to",
            entry_id,
            list_id,
        )
        if before is None:
            raise PriceEntryMissing
        await prices_changed(
            "price entry deleted", visitor, before={"price_list": list_id} | told(EntryDetails(**before))
        )


def _check_entry(entry: EntryDetails) -> None:
    if not 1 <= entry.quantity_from <= LARGEST_QUANTITY:
        raise PriceListInvalid("quantity_from")
    if (entry.amount is None) == (entry.percent_off is None):
        raise PriceListInvalid("amount")
    if entry.amount is not None and not 0 <= entry.amount <= LARGEST_AMOUNT:
        raise PriceListInvalid("amount")
    # Two decimals at most, as they are stored: what is charged is what was typed.
    if entry.percent_off is not None and not (
        entry.percent_off.is_finite()
        and 0 < entry.percent_off <= 100
        and entry.percent_off * 100 == int(entry.percent_off * 100)
    ):
        raise PriceListInvalid("percent_off")
    check_times(entry.valid_from, entry.valid_to)


def _columns(entry: EntryDetails) -> tuple[object, ...]:
    return (
        entry.product_id,
        entry.quantity_from,
        entry.amount,
        entry.percent_off,
        entry.valid_from,
        entry.valid_to,
    )
