"""What the page of a product shows, and that page again when so many of it could not be put into the basket."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision

from app.catalog.categories import category_tree
from app.catalog.kept_parts import Parts
from app.catalog.products import ShownProduct, product_by_sku
from app.forms import FilledForm
from app.links import links_of
from app.pages import Page, parts_of
from app.prices.price import explain, offers_for
from app.prices.words import scale_rows
from app.visitor import Visitor


async def parts_of_product(
    product: ShownProduct, visitor: Visitor, refused: FilledForm[Any] | None = None
) -> tuple[Parts, datetime | None]:
    """What the visitor's audience sees of a product, and until when; None is for good.

    With the form that was `refused` its field shows what was typed, and the parts are for this answer alone.
    """
    offers = await offers_for([product.id], visitor.audience, visitor.versions)
    now = datetime.now(UTC)
    explanation = explain(product, product.smallest_quantity, offers, visitor.audience, now)
    price = explanation.price
    tree = await category_tree(visitor.versions)
    parts = parts_of(
        "catalog/product_parts.html",
        visitor,
        product=product,
        price=price,
        explanation=explanation,
        scale=scale_rows(price.scale, product.smallest_quantity) if price is not None else [],
        machine_price=_machine_amount(price.shown, price.currency) if price is not None else "",
        way=[one.in_language(visitor.language) for one in tree.way_to(product.category_id)],
        canonical=links_of(visitor.application).url("product", sku=product.sku),
        refused=refused,
    )
    return parts, offers.next_change(now)


async def refused_product_page(visitor: Visitor, form: FilledForm[Any], sku: str) -> Page | None:
    """The page of the product with what was wrong about the quantity, said at its field, where what was typed stays
    (pages.md); None where the visitor can see or buy none of that number."""
    product = await product_by_sku(sku, visitor)
    if product is None or not product.is_available:
        return None
    parts, _until = await parts_of_product(product, visitor, form)
    if not parts["form"].strip():
        return None
    return Page(
        "catalog/product.html",
        status_code=422,
        parts=parts,
        top_category=parts["top_category"],
        refused=form,
    )


def _machine_amount(amount: int, currency: str) -> str:
    """Minor units as schema.org wants them: 18.00, in whatever language."""
    return str(Decimal(amount).scaleb(-get_currency_precision(currency)))
