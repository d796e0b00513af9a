"""Making, changing and deleting contracts (domain.md 12). Who may: app.back_office."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import asyncpg

from app.aimed_at import aimed_at
from app.amounts import plain_amount
from app.audit import record
from app.contracts.contract import Contract, ContractUnknown, contract_of_id
from app.customers.types import Extension, all_customer_types
from app.errors import Conflict
from app.languages import gettext as _
from app.versions import Subject, raise_version
from app.visitor import Visitor
from tables.engine import DB
from tables.keys import new_key
from tables.segments import TargetKind

SERIES = "contracts"
FIRST = 1001
_NEXT = """
    INSERT INTO number_series AS s (name, last_number) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET last_number = s.last_number + 1 RETURNING last_number
"""


class ContractRefused(ValueError):
    """The contract cannot be like that; the message says why, in the person's language. `field` is where."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractDetails:
    """A contract as staff type it. `number` "" gets the next free one; the target is net, in minor units."""

    name: str
    starts_on: date
    number: str = ""
    ends_on: date | None = None
    comment: str = ""
    target_revenue: int | None = None
    currency: str = "EUR"
    price_lists: Collection[str] = ()
    catalog_views: Collection[str] = ()


async def create_contract(
    customer_id: uuid.UUID, details: ContractDetails, *, visitor: Visitor | None = None
) -> uuid.UUID:
    """Makes a contract with a business customer; its id. Raises ContractRefused."""
    _refuse(details)
    key = new_key()
    async with DB.transaction():
        customer_type = await DB.fetch_value(
            "SELECT customer_type FROM customers WHERE id = $1 FOR KEY SHARE", customer_id
        )
        known = all_customer_types().get(customer_type)
        if known is None or not known.applies(Extension.COMPANY):
            raise ContractRefused(_("Contracts are made with business customers only."), "customer")
        number = details.number.strip() or await _next_number()
        try:
            async with DB.transaction():
                await DB.execute(
                    "INSERT INTO contracts (id, number, customer, name, kind, starts_on, ends_on, comment,"
                    " target_revenue, currency, version, created_at)"
                    " VALUES ($1, $2, $3, $4, 'revenue', $5, $6, $7, $8, $9, 1, now())",
                    key,
                    number,
                    customer_id,
                    details.name.strip(),
                    details.starts_on,
                    details.ends_on,
                    details.comment.strip(),
                    details.target_revenue,
                    details.currency,
                )
        except asyncpg.UniqueViolationError as error:
            raise _number_taken() from error
        await _bring(key, details)
        after = _shown(await contract_of_id(key))
        await record("contract created", visitor=visitor, customer_id=customer_id, after=after)
    return key


async def change_contract(
    contract_id: uuid.UUID, version: int, details: ContractDetails, *, visitor: Visitor | None = None
) -> None:
    """Overwrites a contract that was read at a version; an empty number stays as it is. Another end is
    announced anew when it comes near.

    Raises ContractUnknown, ContractRefused, and Conflict when somebody was faster.
    """
    _refuse(details)
    async with DB.transaction():
        await DB.execute("SELECT FROM contracts WHERE id = $1 FOR NO KEY UPDATE", contract_id)
        before = await contract_of_id(contract_id)
        if before.version != version:
            raise Conflict
        try:
            async with DB.transaction():
                await DB.execute(
                    "UPDATE contracts SET number = $2, name = $3, starts_on = $4, ends_on = $5, comment = $6,"
                    " target_revenue = $7, currency = $8, version = version + 1,"
                    " reminded_at = CASE WHEN ends_on IS DISTINCT FROM $5 THEN NULL ELSE reminded_at END"
                    " WHERE id = $1",
                    contract_id,
                    details.number.strip() or before.number,
                    details.name.strip(),
                    details.starts_on,
                    details.ends_on,
                    details.comment.strip(),
                    details.target_revenue,
                    details.currency,
                )
        except asyncpg.UniqueViolationError as error:
            raise _number_taken() from error
        await _bring(contract_id, details)
        after = _shown(await contract_of_id(contract_id))
        await record(
            "contract changed",
            visitor=visitor,
            customer_id=before.customer_id,
            before=_shown(before),
            after=after,
        )


async def delete_contract(contract_id: uuid.UUID, *, visitor: Visitor | None = None) -> None:
    """Deletes a contract; what it brought is aimed at it no more. Orders stay. Raises ContractUnknown."""
    async with DB.transaction():
        await DB.execute("SELECT FROM contracts WHERE id = $1 FOR UPDATE", contract_id)
        before = await contract_of_id(contract_id)
        told = _shown(before) | await aimed_at("contract", contract_id)
        if await DB.execute("DELETE FROM targets WHERE contract = $1", contract_id):
            await raise_version(Subject.TARGETS)
        await DB.execute("DELETE FROM contracts WHERE id = $1", contract_id)
        await record("contract deleted", visitor=visitor, customer_id=before.customer_id, before=told)


def _refuse(details: ContractDetails) -> None:
    if not details.name.strip() or len(details.name) > 200:
        raise ContractRefused(_("Please enter a name."), "name")
    for field, day in (("starts_on", details.starts_on), ("ends_on", details.ends_on)):
        if day is not None and not 2000 <= day.year <= 2200:
            raise ContractRefused(_("Please enter a day between 2000 and 2200."), field)
    if details.ends_on is not None and details.ends_on < details.starts_on:
        raise ContractRefused(_("The last day cannot be before the first one."), "ends_on")


def _number_taken() -> ContractRefused:
    return ContractRefused(_("Another contract has this number."), "number")


async def _next_number() -> str:
    # Numbers that were given by hand are passed over.
    while True:
        number = f"C{await DB.fetch_value(_NEXT, SERIES, FIRST)}"
        if not await DB.fetch_value("SELECT EXISTS (SELECT FROM contracts WHERE number = $1)", number):
            return number


async def _bring(contract_id: uuid.UUID, details: ContractDetails) -> None:
    """Aims exactly these price lists and catalog views at the contract."""
    is_changed = False
    for kind, table, wanted, field in (
        (TargetKind.PRICE_LIST, "price_lists", details.price_lists, "price_lists"),
        (TargetKind.CATALOG_VIEW, "catalog_views", details.catalog_views, "catalog_views"),
    ):
        rows = await DB.fetch(
            "SELECT owner FROM targets WHERE contract = $1 AND kind = $2", contract_id, kind.value
        )
        before = {row["owner"] for row in rows}
        changed = sorted(before ^ set(wanted))
        if not changed:
            continue
        # Whoever edits one of them at this moment, with its target group as it was, is told so.
        change = (
            f"UPDATE {table} SET version = version + 1 WHERE id = ANY($1::text[]) RETURNING id"  # see above
        )
        known = await DB.fetch(change, changed)
        added = set(wanted) - before
        if missing := added - {row["id"] for row in known}:
            raise ContractRefused(
                _("There is no %(names)s any more.", names=", ".join(sorted(missing))), field
            )
        await DB.execute(
            "DELETE FROM targets WHERE contract = $1 AND kind = $2 AND owner = ANY($3::text[])",
            contract_id,
            kind.value,
            sorted(before - set(wanted)),
        )
        await DB.execute(
            "INSERT INTO targets (id, kind, owner, contract)"
            " SELECT key, $3, owner, $4 FROM unnest($1::uuid[], $2::text[]) AS n(key, owner)",
            [new_key() for _one in added],
            sorted(added),
            kind.value,
            contract_id,
        )
        is_changed = True
    if is_changed:
        await raise_version(Subject.TARGETS)


def _shown(one: Contract) -> dict[str, object]:
    return {
        "number": one.number,
        "name": one.name,
        "starts_on": one.starts_on.isoformat(),
        "ends_on": one.ends_on.isoformat() if one.ends_on else "",
        "comment": one.comment,
        "target_revenue": plain_amount(one.target_revenue),
        "currency": one.currency,
        "price_lists": ", ".join(each.id for each in one.price_lists),
        "catalog_views": ", ".join(each.id for each in one.catalog_views),
    }


__all__ = [
    "ContractDetails",
    "ContractRefused",
    "ContractUnknown",
    "change_contract",
    "create_contract",
    "delete_contract",
]
