"""Making, changing and deleting order templates (domain.md 10)."""

import uuid
from collections.abc import Sequence

from app.audit import record
from app.basket.owner import BasketOwner, basket_id_of
from app.catalog.products import products_by_sku
from app.errors import Conflict
from app.languages import gettext as _
from app.order_templates.order_template import OrderTemplate, TemplateMissing
from app.orders.history import order_seen_by
from app.orders.order import lines_of
from app.visitor import Visitor
from tables.engine import DB
from tables.keys import new_key

# As many products as a basket holds, and more templates than a person keeps apart.
MOST_LINES = 500
MOST_TEMPLATES = 100
# The database takes no larger quantity.
MOST_PIECES = 1_000_000

Lines = Sequence[tuple[uuid.UUID, int]]

_ADD = """
    INSERT INTO order_template_lines AS l (id, template, product, quantity, position)
    SELECT gen_random_uuid(), $1, n.product, least(n.quantity, $4),
           n.position + (SELECT coalesce(max(position), 0) FROM order_template_lines WHERE template = $1)
    FROM unnest($2::uuid[], $3::integer[]) WITH ORDINALITY AS n (product, quantity, position)
    ON CONFLICT (template, product) DO UPDATE SET quantity = least(l.quantity + excluded.quantity, $4)
"""


class TemplateRefused(ValueError):
    """A template cannot be like that; the message says why, in the person's language."""


async def lines_of_basket(owner: BasketOwner) -> Lines:
    """What is in a basket, in its order."""
    rows = await DB.fetch(
        "SELECT product, quantity FROM basket_lines WHERE basket = $1 ORDER BY created_at, id",
        await basket_id_of(owner),
    )
    return [(row["product"], row["quantity"]) for row in rows]


async def lines_of_order(visitor: Visitor, number: str) -> Lines:
    """What was ordered, but for products that exist no more. Raises OrderMissing."""
    lines = await lines_of(await order_seen_by(visitor, number))
    return [(one.product, one.quantity) for one in lines if one.product is not None]


async def create_template(visitor: Visitor, name: str, *, is_shared: bool, lines: Lines) -> uuid.UUID:
    """Makes a template of the visitor for the customer whom they act for; its id. Raises TemplateRefused."""
    account = visitor.account
    if account is None or account.customer_id is None:
        raise TemplateMissing
    key = new_key()
    async with DB.transaction():
        # Whoever makes templates at the same moment in two windows waits here, so that the limit holds.
        await DB.execute("SELECT FROM memberships WHERE id = $1 FOR NO KEY UPDATE", account.membership_id)
        count = await DB.fetch_value(
            'SELECT count(*) FROM order_templates WHERE customer = $1 AND "user" = $2',
            account.customer_id,
            account.user_id,
        )
        if count >= MOST_TEMPLATES:
            raise TemplateRefused(_("You have %(n)s order templates. Please delete one first.", n=count))
        await DB.execute(
            'INSERT INTO order_templates (id, customer, "user", name, is_shared, version, created_at)'
            " VALUES ($1, $2, $3, $4, $5, 1, now())",
            key,
            account.customer_id,
            account.user_id,
            name,
            is_shared,
        )
        await _add(key, lines)
        after = {"name": name, "is_shared": is_shared, "products": len(lines)}
        await record("order template created", visitor=visitor, customer_id=account.customer_id, after=after)
    return key


async def change_template(
    visitor: Visitor, template: OrderTemplate, name: str, *, is_shared: bool, version: int | None
) -> None:
    """Gives a template another name, shares it or keeps it for its owner. Raises TemplateMissing and Conflict."""
    async with DB.transaction():
        await _lock(template)
        changed = await DB.execute(
            "UPDATE order_templates SET name = $2, is_shared = $3, version = version + 1"
            " WHERE id = $1 AND ($4::integer IS NULL OR version = $4)",
            template.id,
            name,
            is_shared,
            version,
        )
        if not changed:
            raise Conflict
        await _record(
            visitor,
            "order template changed",
            {"name": template.name, "is_shared": template.is_shared},
            {"name": name, "is_shared": is_shared},
        )


async def delete_template(visitor: Visitor, template: OrderTemplate) -> None:
    """Deletes a template with its lines. Raises TemplateMissing when it is gone already."""
    async with DB.transaction():
        await _lock(template)
        await DB.execute("DELETE FROM order_templates WHERE id = $1", template.id)
        before = {"name": template.name, "is_shared": template.is_shared, "products": template.products}
        await _record(visitor, "order template deleted", before, {})


async def add_to_template(visitor: Visitor, template: OrderTemplate, sku: str, quantity: int) -> str:
    """Adds so many of a product to a template; its name. Raises TemplateRefused, TemplateMissing."""
    product = (await products_by_sku([sku], visitor)).get(sku)
    if product is None:
        raise TemplateRefused(_("We have no such product."))
    async with DB.transaction():
        await _lock(template)
        await _add(template.id, [(product.id, quantity)])
        await _record(visitor, "order template changed", {}, _line(template, product.sku, quantity))
    return product.name


async def change_template_line(
    visitor: Visitor, template: OrderTemplate, line_id: uuid.UUID, quantity: int
) -> None:
    """Makes it so many; 0 takes the line out. Raises TemplateMissing also for a line that is not there."""
    async with DB.transaction():
        await _lock(template)
        before = await DB.fetch_row(
            "SELECT l.quantity, p.sku FROM order_template_lines l JOIN products p ON p.id = l.product"
            " WHERE l.id = $1 AND l.template = $2",
            line_id,
            template.id,
        )
        if before is None:
            raise TemplateMissing(line_id)
        if quantity:
            await DB.execute(
                "UPDATE order_template_lines SET quantity = $2 WHERE id = $1",
                line_id,
                min(quantity, MOST_PIECES),
            )
        else:
            await DB.execute("DELETE FROM order_template_lines WHERE id = $1", line_id)
        await _record(
            visitor,
            "order template changed",
            _line(template, before["sku"], before["quantity"]),
            _line(template, before["sku"], quantity),
        )


async def _add(template_id: uuid.UUID, lines: Lines) -> None:
    products: dict[uuid.UUID, int] = {}
    for product, quantity in lines:
        products[product] = products.get(product, 0) + quantity
    await DB.execute(_ADD, template_id, list(products), list(products.values()), MOST_PIECES)
    count = await DB.fetch_value("SELECT count(*) FROM order_template_lines WHERE template = $1", template_id)
    if count > MOST_LINES:
        raise TemplateRefused(_("An order template holds at most %(n)s products.", n=MOST_LINES))


async def _lock(template: OrderTemplate) -> None:
    """Whoever changes a template locks it first, so that its limit holds and nothing is added to a deleted one."""
    found = await DB.fetch_value("SELECT true FROM order_templates WHERE id = $1 FOR UPDATE", template.id)
    if not found:
        raise TemplateMissing(template.id)


async def _record(visitor: Visitor, action: str, before: dict[str, object], after: dict[str, object]) -> None:
    account = visitor.account
    customer_id = account.customer_id if account is not None else None
    await record(action, visitor=visitor, customer_id=customer_id, before=before, after=after)


def _line(template: OrderTemplate, sku: str, quantity: int) -> dict[str, object]:
    return {"name": template.name, "sku": sku, "quantity": quantity}
