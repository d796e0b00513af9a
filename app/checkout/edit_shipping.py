"""Shipping methods as staff make, change and delete them (domain.md 9, 15)."""

import uuid
from collections.abc import Collection

import msgspec

from app.audit import record, recordable
from app.audit_words import recorded_amount
from app.checkout.shipping import ShippingMethod, columns_of
from app.errors import Conflict
from app.segments.targets import aim, aim_at_nobody
from app.versions import Subject, raise_version
from app.visitor import Visitor
from tables.engine import DB
from tables.segments import TargetKind


class ShippingMethodExists(Exception):
    """There is a shipping method with this id already."""


class ShippingMethodMissing(LookupError):
    """There is no such shipping method."""


_CREATE = """
    INSERT INTO shipping_methods (id, names, descriptions, price, currency, free_from, position, is_active)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING
"""
_CHANGE = """
    UPDATE shipping_methods SET names = $2, descriptions = $3, price = $4, currency = $5, free_from = $6,
        position = $7, is_active = $8, version = version + 1
    WHERE id = $1 AND version = $9
"""


async def create_shipping_method(
    method: ShippingMethod,
    *,
    segments: Collection[str] = (),
    customers: Collection[uuid.UUID] = (),
    organisations: Collection[uuid.UUID] = (),
    contracts: Collection[uuid.UUID] = (),
    visitor: Visitor | None = None,
) -> None:
    """Makes a method for a target group; without one it is for nobody.

    Raises ShippingMethodExists, app.segments.targets.TargetUnknown and NoServiceActive.
    """
    async with DB.transaction():
        if not await DB.execute(_CREATE, *columns_of(method)):
            raise ShippingMethodExists(method.id)
        await aim(
            TargetKind.SHIPPING_METHOD,
            method.id,
            segments=segments,
            customers=customers,
            organisations=organisations,
            contracts=contracts,
            visitor=visitor,
        )
        await record("shipping method created", visitor=visitor, after=await _locked(method.id))
        await raise_version(Subject.SHIPPING)


async def change_shipping_method(
    method: ShippingMethod,
    *,
    version: int,
    segments: Collection[str] = (),
    customers: Collection[uuid.UUID] = (),
    organisations: Collection[uuid.UUID] = (),
    contracts: Collection[uuid.UUID] = (),
    visitor: Visitor | None = None,
) -> None:
    """Changes all of a method but its id, and whom it is for; orders keep what they say of it.

    Raises Conflict when it is gone or not as it was at `version`; else as `create_shipping_method`.
    """
    async with DB.transaction():
        before = await _locked(method.id)
        if not await DB.execute(_CHANGE, *columns_of(method), version):
            raise Conflict
        await aim(
            TargetKind.SHIPPING_METHOD,
            method.id,
            segments=segments,
            customers=customers,
            organisations=organisations,
            contracts=contracts,
            visitor=visitor,
        )
        await record(
            "shipping method changed", visitor=visitor, before=before, after=await _locked(method.id)
        )
        await raise_version(Subject.SHIPPING)


async def delete_shipping_method(method_id: str, *, visitor: Visitor | None = None) -> None:
    """Deletes a method with its target group; orders keep what they say of it. Raises ShippingMethodMissing."""
    async with DB.transaction():
        before = await _locked(method_id)
        if not await DB.execute("DELETE FROM shipping_methods WHERE id = $1", method_id):
            raise ShippingMethodMissing(method_id)
        await aim_at_nobody(TargetKind.SHIPPING_METHOD, method_id, visitor=visitor)
        await record("shipping method deleted", visitor=visitor, before=before)
        await raise_version(Subject.SHIPPING)


async def _locked(method_id: str) -> dict[str, object]:
    """A method as it is stored now, for the audit log; nothing of one that there is not."""
    row = await DB.fetch_row(
        "SELECT id, names::text AS names, descriptions::text AS descriptions, price, currency, free_from, position,"
        " is_active FROM shipping_methods WHERE id = $1 FOR UPDATE",
        method_id,
    )
    if row is None:
        return {}
    currency = row.pop("currency")
    amounts = {name: recorded_amount(row[name], currency) for name in ("price", "free_from")}
    texts = {one: msgspec.json.decode(row[one], type=dict[str, str]) for one in ("names", "descriptions")}
    return recordable({**row, **amounts, **texts})
