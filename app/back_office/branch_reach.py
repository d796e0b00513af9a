"""What staff who are limited to a branch may change of what the shop aims at people (domain.md 11).

They make, change and delete price lists, catalog views, promotions, content and shipping methods that are aimed
wholly at customers, contracts and organisations of their branch. A segment takes in customers of all branches, and
what is aimed at nobody yet may be meant for everybody: both are for staff who see all customers, and so are the
segments themselves. Otherwise the limit would keep somebody from seeing a customer and still let them set its prices.
The rest is seen, as it explains what own customers get, and has no buttons.
"""

import uuid
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from app.access import BeyondBranch
from app.back_office.branch import branch_of, branch_of_request
from app.contracts.edit_contract import ContractRefused
from app.customers.branches import customer_in_branch
from app.languages import gettext as _
from tables.engine import DB
from tables.segments import TargetKind

_TABLES: Mapping[TargetKind, str] = {
    TargetKind.PRICE_LIST: "price_lists",
    TargetKind.CATALOG_VIEW: "catalog_views",
    TargetKind.PROMOTION: "promotions",
    TargetKind.CONTENT: "content_items",
    TargetKind.SHIPPING_METHOD: "shipping_methods",
}
# A segment is in no branch. Without any target nothing is looked at, and that is beyond it too.
_IS_WITHIN = f"""
    SELECT coalesce(bool_and(
        CASE WHEN t.customer IS NOT NULL THEN {customer_in_branch("t.customer", "$3")}
             WHEN t.contract IS NOT NULL THEN EXISTS (
                 SELECT FROM contracts k WHERE k.id = t.contract AND {customer_in_branch("k.customer", "$3")})
             WHEN t.organisation IS NOT NULL THEN EXISTS (
                 SELECT FROM organisations o WHERE o.id = t.organisation AND $3 = ANY(o.path))
             ELSE false END), false)
    FROM targets t WHERE t.kind = $1 AND t.owner = $2
"""  # only constants of this package are put in

# Locked in the order of their ids, so that nobody aims them anew meanwhile.
_FOR_NOBODY = """
    SELECT o.id, NOT EXISTS (SELECT FROM targets t WHERE t.kind = $2 AND t.owner = o.id) AS is_for_nobody
    FROM {table} o WHERE o.id = ANY($1::text[]) ORDER BY o.id FOR UPDATE
"""


async def may_change(kind: TargetKind, owner: str | uuid.UUID) -> bool:
    """Whether the staff member whose request this is may change what is aimed at somebody."""
    branch = branch_of_request()
    return branch is None or bool(await DB.fetch_value(_IS_WITHIN, kind.value, str(owner), branch))


async def refuse_beyond_branch(kind: TargetKind, owner: str | uuid.UUID) -> None:
    """Raises BeyondBranch where the staff member may not change it."""
    if not await may_change(kind, owner):
        raise BeyondBranch


@asynccontextmanager
async def changing(kind: TargetKind, owner: str | uuid.UUID) -> AsyncIterator[None]:
    """A block that changes or deletes what is aimed at somebody; nobody aims it anew meanwhile. Raises
    BeyondBranch."""
    if branch_of_request() is None:
        yield
        return
    async with DB.transaction():
        await DB.execute(
            f"SELECT FROM {_TABLES[kind]} WHERE id = $1 FOR UPDATE", owner
        )  # one of the constants above
        await refuse_beyond_branch(kind, owner)
        yield


@asynccontextmanager
async def bringing(by_field: Mapping[str, Collection[str]]) -> AsyncIterator[None]:
    """A block that lets a contract bring price lists and catalog views, whose ids are given by field of the form.

    What holds for others may hold for an own customer too. What is for nobody yet would be in the branch by that, and
    could be changed there before it is aimed at others. Raises ContractRefused.
    """
    if branch_of_request() is None:
        yield
        return
    async with DB.transaction():
        for field, kind in (
            ("price_lists", TargetKind.PRICE_LIST),
            ("catalog_views", TargetKind.CATALOG_VIEW),
        ):
            rows = await DB.fetch(_FOR_NOBODY.format(table=_TABLES[kind]), list(by_field[field]), kind.value)
            if names := ", ".join(row["id"] for row in rows if row["is_for_nobody"]):
                told = _(
                    "%(names)s is for nobody yet. Only staff who see all customers can be the first to use it.",
                    names=names,
                )
                raise ContractRefused(told, field)
        yield


async def of_whole_shop(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """The route, which says besides who may call it, changes something for customers of all branches. Raises
    BeyondBranch."""
    if branch_of(connection.scope.get("visitor")) is not None:  # type: ignore[arg-type]  # put there by app.main
        raise BeyondBranch
