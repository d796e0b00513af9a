"""An order template and its lines: read by those who may use it (domain.md 10).

One's own templates and those that colleagues share in the company; who may change one that is shared: the person
who made it, and those who manage the company.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from app.access import Account
from app.catalog.products import ShownProduct, products_by_id
from app.customers.permissions import Permission, visitor_may
from app.visitor import Visitor
from tables.engine import DB


class TemplateMissing(LookupError):
    """There is no such template; somebody else's is missing just the same (security.md, Authorisation)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTemplate:
    """A template without its lines. `owner` is the name of the person who made it, "" when they have left."""

    id: uuid.UUID
    name: str
    is_shared: bool
    is_own: bool
    may_change: bool
    owner: str
    products: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateLine:
    """A product of a template. `product` is None while it cannot be bought; `name` is what it is called."""

    id: uuid.UUID
    product: ShownProduct | None
    name: str
    quantity: int


# $1 the customer, $2 the user. What a colleague shares is seen; what they keep for themself is not there.
_SEEN = 't.customer = $1 AND (t."user" = $2 OR t.is_shared)'
_COLUMNS = """
    SELECT t.id, t.name, t.is_shared, t.version, t."user" IS NOT DISTINCT FROM $2 AS is_own,
           coalesce(trim(u.first_name || ' ' || u.last_name), '') AS owner,
           (SELECT count(*) FROM order_template_lines l WHERE l.template = t.id) AS products
    FROM order_templates t LEFT JOIN users u ON u.id = t."user"
"""
_LINES = """
    SELECT l.id, l.product, l.quantity, coalesce(p.names ->> $2, p.names ->> 'en', p.sku) AS name
    FROM order_template_lines l JOIN products p ON p.id = l.product
    WHERE l.template = $1 ORDER BY l.position, l.id
"""


async def templates_of(visitor: Visitor) -> list[OrderTemplate]:
    """The templates that the person may use, by name: their own first, then those of the company. One query."""
    account = _account(visitor)
    rows = await DB.fetch(
        f"{_COLUMNS} WHERE {_SEEN} ORDER BY is_own DESC, lower(t.name), t.id",
        account.customer_id,
        account.user_id,
    )
    return [_template(visitor, row) for row in rows]


async def template_seen_by(visitor: Visitor, template_id: uuid.UUID) -> OrderTemplate:
    """The template if the person may use it. Raises TemplateMissing, for a foreign one just as for none."""
    account = _account(visitor)
    row = await DB.fetch_row(
        f"{_COLUMNS} WHERE t.id = $3 AND {_SEEN}", account.customer_id, account.user_id, template_id
    )
    if row is None:
        raise TemplateMissing(template_id)
    return _template(visitor, row)


async def template_lines(visitor: Visitor, template: OrderTemplate) -> list[TemplateLine]:
    """The lines in their order, with the products as the visitor sees them now. Two queries."""
    rows = await DB.fetch(_LINES, template.id, visitor.language)
    products = await products_by_id([row["product"] for row in rows], visitor)
    return [
        TemplateLine(
            id=row["id"],
            product=products.get(row["product"]),
            name=row["name"],
            quantity=row["quantity"],
        )
        for row in rows
    ]


def _account(visitor: Visitor) -> Account:
    if visitor.account is None or not visitor.is_signed_in or visitor.account.customer_id is None:
        raise TemplateMissing
    return visitor.account


def _template(visitor: Visitor, row: dict[str, Any]) -> OrderTemplate:
    may_change = row["is_own"] or visitor_may(visitor, Permission.MANAGE_COMPANY)
    return OrderTemplate(may_change=may_change, **row)
